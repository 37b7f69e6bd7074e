# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Convolution
#
# How a small grid of numbers, slid over a picture, finds edges, blurs and sharpens, and how a convolutional layer is made of many such grids.
#
# After this lesson you can
#
# - compute a feature map by hand, and write the few lines of code that do it;
# - tell from a kernel's numbers what it will find;
# - predict the size of a feature map from kernel, stride and padding;
# - say what a layer with several input channels and several filters computes, and count its parameters;
# - explain why a nonlinearity follows each convolution.
#
# **You need:** NumPy arrays and loops · **Time:** about 45 minutes to read, 10 seconds to run

# %% [markdown]
# Change a value here and run the notebook again.
# `IMAGE` may be the path of a picture of your own.
# `course_utils` is the course's own helper package.
# TensorFlow computes with arrays and their gradients; in Keras, a library on top of it, networks are written down and trained.

# %% tags=["parameters"]
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
FILTERS: int = 8  # filters in the layer of section 7, 1 to 64
MY_KERNEL: list[float] = [-1, 0, 1, -2, 0, 2, -1, 0, 1]  # your own kernel: 9 numbers, row by row
SEED: int = 0  # seed of the random filters, 0 or more

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import counting, datasets, exercises, plots, reference, runtime, training, widgets
from course_utils.results import record

with runtime.quiet():
    import keras
    import tensorflow as tf

plots.set_style()
training.check_settings(SEED=SEED)
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## 1. The question
#
# To a computer a picture is a grid of numbers.
# Here is one, with its size and its range of values.

# %%
photo = datasets.load_image(IMAGE)
print(photo)
ax = plots.picture(photo.pixels, title=photo.name)
plots.show(ax.figure, alt=f"The photograph {photo.name} in colour.")

# %% [markdown]
# You see at once where one thing ends and another begins: you see *edges*.
# A convolution has only additions and multiplications.
# **Before you read on:** with these alone, how would you find the places where a picture quickly turns from dark to bright?

# %% [markdown]
# ## 2. By hand
#
# The first lecture uses a picture of 6 × 6 pixels and a grid of 3 × 3 weights.
# The grid of weights is called **kernel** (or filter).
# Lay the kernel on the top left corner of the picture: it covers a **window** of nine pixels.
# Multiply each pixel by the weight that lies on it, and add up the nine products.

# %%
image = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 7, 5, 3, 1, 2],
        [7, 2, 2, 6, 4, 6],
    ]
)
kernel = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])


def write_out(row, column):
    window = image[row : row + 3, column : column + 3]
    for pixels, weights in zip(window, kernel):
        print(" + ".join(f"({pixel} · {weight:2})" for pixel, weight in zip(pixels, weights)))
    print("=", np.sum(window * kernel))


write_out(0, 0)

# %% [markdown]
# The zeros in the middle column drop out.
# What remains is *right column minus left column*: (3 + 4 + 8) − (5 + 3 + 6) = 1.
#
# Now move the kernel one pixel to the right.
# **Predict** the sum before you run the next cell.

# %%
write_out(0, 1)

# %% [markdown]
# Each position of the window gives one number.
# Written down in the order of the positions, they form the **feature map**.
# The figure shows the step that you have just computed.
# In a running notebook it has sliders: move the window, change the kernel (its rows are lines of numbers; press Enter), and compare the sum with your own.
# (Stride and padding are explained in section 6.)

# %%
feature_map = np.zeros((4, 4), int)
for i in range(4):
    for j in range(4):
        feature_map[i, j] = np.sum(image[i : i + 3, j : j + 3] * kernel)
widgets.sliding_window(image, kernel, row=0, column=1)

# %% [markdown]
# ## 3. As a formula, as a function, in TensorFlow
#
# With a kernel $K$ of height $k_h$ and width $k_w$, the number at row $i$, column $j$ of the feature map is
#
# $$ S_{ij} = \sum_{a=0}^{k_h - 1} \sum_{b=0}^{k_w - 1} I_{i+a,\;j+b} \, K_{ab} $$
#
# The function below is this formula and nothing else.
# **Predict:** why is the result 4 × 4, and not 6 × 6?


# %%
def correlate(image, kernel):
    kh, kw = kernel.shape
    height, width = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            result[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return result


print(correlate(image, kernel))

# %% [markdown]
# A window of three columns fits into six columns at 6 − 3 + 1 = 4 places, and likewise for the rows.
# The first five numbers are those that the lecture prints; we completed the rest.
#
# TensorFlow's function wants two more axes.
# A picture is (batch, height, width, channels), here one picture with one channel.
# A kernel is (height, width, channels in, filters out).

# %%
one_picture = image.reshape(1, 6, 6, 1).astype("float32")
one_filter = kernel.reshape(3, 3, 1, 1).astype("float32")
by_tensorflow = tf.nn.conv2d(one_picture, one_filter, strides=1, padding="VALID")
print("shape", by_tensorflow.shape)
assert (correlate(image, kernel) == feature_map).all()
assert (reference.correlate2d(image, kernel) == feature_map).all()
assert (by_tensorflow[0, :, :, 0] == feature_map).numpy().all()
print("by hand, function, course_utils.reference and TensorFlow agree")

# %% [markdown]
# `reference.correlate2d` is the same formula, written so that it is fast enough for photographs.
# We use it from here on.

# %% [markdown]
# ## 4. What a kernel finds
#
# Our kernel computes *right minus left*, added over three rows.
# **Predict** what it answers to three pictures: one that turns from dark to bright from left to right, one that does so from top to bottom, and one of a single brightness.

# %%
step = np.repeat([0, 0, 0, 9, 9, 9], 6).reshape(6, 6)
tests = {"vertical edge": step.T, "horizontal edge": step, "flat": np.full((6, 6), 9)}
figure, axes = plt.subplots(2, 3, figsize=(9, 5.6), height_ratios=[6, 4])
for (title, pixels), (top, bottom) in zip(tests.items(), axes.T):
    plots.matrix(pixels, top, title=title)
    answer = reference.correlate2d(pixels, kernel)
    plots.matrix(answer, bottom, title="answer", signed=True, limit=27)
plots.show(
    figure,
    alt=(
        "Three 6 by 6 pictures above their 4 by 4 answers. Vertical edge: 27 in the two middle "
        "columns, 0 outside. Horizontal edge and flat picture: 0 everywhere."
    ),
)

# %% [markdown]
# Of the three, it answers only to the vertical edge.
# In **each row** of the kernel the weights add up to zero and differ from left to right.
# A row of pixels without a change therefore gives zero, however bright it is, and neither the flat picture nor the horizontal edge counts.
# (An oblique edge gives a weaker answer.)
# The sign tells the direction: an edge from bright to dark gives negative numbers.
#
# A kernel is thus a small picture of what it looks for: where its positive weights meet bright pixels and its negative weights dark ones, the sum is large.

# %% [markdown]
# ### Correlation or convolution?
#
# Mathematicians call the formula above **cross-correlation**.
# Their **convolution** first turns the kernel by 180°:
#
# $$ S_{ij} = \sum_{a} \sum_{b} I_{i-a,\;j-b} \, K_{ab} $$
#
# (To stay inside the picture, $i$ and $j$ then begin at $k_h - 1$ and $k_w - 1$ instead of 0.)
#
# TensorFlow, Keras, PyTorch and JAX compute the cross-correlation in their convolution layers, and the field calls it convolution.
# So do we.
# **Predict:** what happens to our kernel when it is turned by 180°, and to the feature map?

# %%
print(np.rot90(kernel, 2))
print(reference.convolve2d(image, kernel))

# %% [markdown]
# This kernel changes its sign, and so does the map.
# A kernel that looks the same after half a turn gives the same map either way.
# For a network the choice does not matter: it *learns* its weights, and would learn the turned ones.

# %% [markdown]
# ## 5. Bias and ReLU
#
# A convolutional layer does two more things.
# It adds one number to the whole map, the **bias**.
# Then it applies an activation function, that is, a function of each number on its own; mostly **ReLU**: $\mathrm{ReLU}(x) = \max(0, x)$.
# Numbers below zero become zero.
# (In Keras you ask for it: `Conv2D(…, activation="relu")`.)
# **Predict** how many of the sixteen numbers are left above zero with the bias −2.

# %%
detected = reference.relu(feature_map - 2)
print(detected)
print((detected > 0).sum(), "of", detected.size, "are above zero")

# %% [markdown]
# Convolution *filters*: every position gets an answer, strong or weak, positive or negative.
# ReLU *detects*: what is left is where the feature is present.
# The bias is the threshold: with −2, answers up to 2 count as nothing.
#
# ### Why a nonlinearity at all?
#
# Suppose that we left ReLU out and put one convolution after another.
# Take two kernels of 3 × 3.
# A pixel of the second map sees 3 × 3 numbers of the first map, and so 5 × 5 pixels of the picture.
# Could *one* kernel of 5 × 5 do the same?
#
# The two kernels merge like this: surround the first with zeros and *convolve* it with the second.
# We test it on `grey`, the brightness of the photograph, a picture with one channel.
# (The second kernel is an arbitrary one, without any symmetry.)

# %%
grey = photo.grey
second = np.array([[1, 2, 3], [0, 1, 2], [0, 0, 1]]) / 10
combined = reference.convolve2d(np.pad(kernel, 2), second)
twice = reference.correlate2d(reference.correlate2d(grey, kernel), second)
once = reference.correlate2d(grey, combined)
print(combined.round(1), "\nmaps", twice.shape, "and", once.shape)
print("largest difference below one millionth:", bool(np.abs(twice - once).max() < 1e-6))

# %% [markdown]
# Yes: the two convolutions are one, with the 5 × 5 kernel that results when one kernel is convolved with the other.
# Ten such layers can compute nothing that one layer with a 21 × 21 kernel could not.
# (This holds for windows that stay inside the picture. With zeros around every map, the borders differ.)
#
# If a ReLU in between cuts anything off, one kernel can no longer do it.
# A simple test shows why: multiplying pixels by *fixed* weights and adding (without a bias) must change the sign of the result when all pixels change theirs.


# %%
def two_layers(picture):
    return reference.correlate2d(reference.relu(reference.correlate2d(picture, kernel)), second)


print("without ReLU, sign follows:", np.allclose(reference.correlate2d(-grey, combined), -once))
print("with ReLU, sign follows:   ", np.allclose(two_layers(-grey), -two_layers(grey)))

# %% [markdown]
# ## 6. Stride and padding
#
# The **stride** $s$ is the step of the window in pixels.
# **Padding** surrounds the picture with zeros, so that the window can also stand on the border.
# The lecture walks over a 5 × 5 picture with one ring of zeros and stride 2.
# **Predict** the size of the map.

# %%
padded = np.pad(image[:5, :5], 1)
walk = reference.correlate2d(padded, kernel, stride=2)
figure, axes = plt.subplots(3, 3, figsize=(9, 9.4))
for (i, j), ax in zip(np.ndindex(3, 3), axes.flat):
    plots.matrix(padded, ax, title=f"row {i}, column {j}: {walk[i, j]}", window=(2 * i, 2 * j, 3, 3))
plots.show(
    figure,
    alt=(
        "Nine copies of the zero-padded 5 by 5 picture, each with the window two pixels further: "
        "three positions in three rows. The map is 5, 0, −5; 8, 6, −14; 10, 1, −11."
    ),
)

# %% [markdown]
# Three positions fit in each direction.
# In general, along an axis with $n$ pixels, $p$ zeros added *in all*, a kernel of $k$ and a stride of $s$:
#
# $$ n_\text{out} = \left\lfloor \frac{n + p - k}{s} \right\rfloor + 1 $$
#
# (In the figure of section 2 a running notebook has sliders for both: its padding counts the rings of zeros, so one ring means $p = 2$.)
# The brackets mean "round down": a last step that would leave the picture is not taken.
# `Conv2D` knows two settings.
# `'valid'` adds nothing.
# `'same'` adds as many zeros as are needed for $n_\text{out} = \lceil n / s \rceil$ (rounded up); with stride 1 the map is then as large as the picture.
# Our `counting` also takes a number of zeros for *each* side: one ring of zeros makes $p = 2$.
# **Predict** the sizes.

# %%
print(" n  k  s  padding  p   size")
for n, k, s, padding in [
    (6, 3, 1, "valid"),
    (5, 3, 2, 1),
    (6, 3, 1, "same"),
    (7, 3, 2, "same"),
    (224, 7, 2, 3),
    (150, 3, 1, "valid"),
]:
    p = sum(counting.zeros_around(n, kernel=k, stride=s, padding=padding))
    size = counting.output_size(n, kernel=k, stride=s, padding=padding)
    print(f"{n:3} {k:2} {s:2}  {padding!s:7} {p:2} {size:6}")

# %% [markdown]
# And a kernel that is larger than the picture?
# It fits nowhere:

# %%
try:
    counting.output_size(5, kernel=7)
except ValueError as error:
    print(error)

# %% [markdown]
# ### What padding is for, and what it costs
#
# Without padding, each layer of 3 × 3 takes two pixels off the height and the width.
# **Predict:** how large is a picture of 32 × 32 after ten such layers?
# And how often is a pixel in the corner used, compared with one in the middle?

# %%
size = 32
for layer in range(10):
    size = counting.output_size(size, kernel=3)
print(f"after ten layers: {size} × {size}")


def visits(n, k, s):
    counts = np.zeros((n, n), int)
    for i in range(0, n - k + 1, s):
        for j in range(0, n - k + 1, s):
            counts[i : i + k, j : j + k] += 1
    return counts


figure, axes = plt.subplots(1, 3, figsize=(12, 4.5))
for ax, s in zip(axes, [1, 3, 4]):
    plots.matrix(visits(9, 3, s), ax, title=f"stride {s}: times each pixel is used", limit=9)
plots.show(
    figure,
    alt=(
        "How often each pixel of a 9 by 9 picture lies under a 3 by 3 window. Stride 1: 9 times "
        "in the middle, once in the corners. Stride 3: once. Stride 4: some rows and columns "
        "never."
    ),
)

# %% [markdown]
# With stride 1 the corners count once, the middle nine times.
# With a stride larger than the window, whole rows and columns are never seen; this is why **strides are mostly no larger than the window**.
# (ResNet's 1 × 1 convolutions with stride 2 skip pixels on purpose. The third picture also loses its last two rows and columns: a further step would have left the picture.)
#
# Padding mends the shrinking, but zeros are not pixels.
# **Predict** the average that a 3 × 3 window with equal weights computes on a picture in which every pixel is 1.

# %%
average = reference.correlate2d(np.ones((6, 6)), np.full((3, 3), 1 / 9), padding="same")
ax = plots.matrix(average, title="average of ones, 'same'", decimals=2)
plots.show(ax.figure, alt=("A 6 by 6 map: 1.00 inside, 0.67 along the sides, 0.44 in the corners."))

# %% [markdown]
# At the border the average falls to 6/9 and in the corner to 4/9, because the window counts zeros that nobody photographed.
# The border looks darker than it is.
# Networks live with that.
# Many use `'same'` all the same, because sizes then stay simple.
#
# ### Why kernels are odd
#
# `'same'` with stride 1 needs $k - 1$ zeros.
# For an odd kernel that is an even number, half on each side, and the window has a middle pixel.

# %%
for k in [2, 3, 4, 5]:
    before, after = counting.same_padding(6, kernel=k)
    print(f"kernel {k}: {before} zeros before, {after} after")

# %% [markdown]
# With an even kernel, TensorFlow puts the extra zero after the picture, at the bottom and on the right.
# The map is then shifted by half a pixel against the picture.
# (With a stride, even an odd kernel can get uneven padding: `same_padding(6, kernel=3, stride=2)` is (0, 1).)

# %% [markdown]
# ## 7. Channels and filters
#
# A colour picture has three numbers for each pixel: it is three grids, one behind the other, called **channels**.

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 2.4))
for ax, name, channel in zip(axes, ["red", "green", "blue"], np.moveaxis(photo.pixels, 2, 0)):
    plots.picture(channel, ax, title=f"{name} channel", limits=(0, 255))
plots.show(
    figure,
    alt=(
        f"The red, green and blue channel of {photo.name} as three grey pictures, white where "
        "there is much of the colour."
    ),
)

# %% [markdown]
# A filter then has a slice for each channel: 3 × 3 × 3 = 27 weights.
# Each slice is multiplied with its channel, and **everything is added into one number**.
# Three channels go in, *one* map comes out.
# To get more maps, use more filters: the depth of the output is the number of filters.
#
# $$ S_{ijf} = \beta_f + \sum_{a} \sum_{b} \sum_{c} I_{i+a,\;j+b,\;c} \, K_{abcf} $$
#
# Here $c$ counts the channels of the picture, $f$ the filters, and $\beta_f$ is the bias of filter $f$.
# First one filter.
# **Predict** the shape of its map.

# %%
rng = np.random.default_rng(SEED)
pixels = photo.pixels.astype("float32") / 255
kernels = rng.normal(size=(3, 3, 3, FILTERS)).astype("float32")
biases = rng.normal(size=FILTERS).astype("float32")
one_map = reference.conv2d(pixels, kernels[..., :1], biases[:1])
by_hand = np.sum(pixels[:3, :3] * kernels[..., 0]) + biases[0]
print("picture", pixels.shape, "one filter", kernels[..., :1].shape, "one map", one_map.shape)
print("27 products and a bias give the first number:", np.isclose(by_hand, one_map[0, 0, 0]))

# %% [markdown]
# The three channels are gone; the last axis has one map.
# Now all filters of the layer at once.
# They are random here; training would choose them.

# %%
maps = reference.conv2d(pixels, kernels, biases)
print("kernels", kernels.shape, "maps", maps.shape)
print("the first map is the one from before:", np.allclose(maps[..., 0], one_map[..., 0], atol=1e-5))

# %% [markdown]
# In Keras this is the layer `Conv2D`.
# We give it the same weights, so that all four ways can be compared: by hand, as a NumPy function, with `tf.nn.conv2d`, and as a layer.
# (The `None` in `build` stands for "any number of pictures"; `np.newaxis` makes one picture a batch of one.)

# %%
layer = keras.layers.Conv2D(FILTERS, kernel_size=3, padding="valid")
layer.build((None, *pixels.shape))
layer.set_weights([kernels, biases])
by_layer = layer(pixels[np.newaxis])[0].numpy()
by_tensorflow = tf.nn.conv2d(pixels[np.newaxis], kernels, strides=1, padding="VALID")[0].numpy()
assert by_layer.shape == by_tensorflow.shape == maps.shape
print("tf.nn.conv2d agrees:", np.allclose(by_tensorflow + biases, maps, atol=1e-4))
print("Conv2D agrees:      ", np.allclose(by_layer, maps, atol=1e-4))

# %% [markdown]
# ### Parameters
#
# What does the network have to learn here?
# A weight for each row, column and input channel of each filter, and a bias for each filter: $(k_h \cdot k_w \cdot c_\text{in} + 1) \cdot f$.
# The size of the picture does not occur in it.
# The number of multiplications is (positions of the window) $\cdot\; k_h \cdot k_w \cdot c_\text{in} \cdot f$.
# **Predict** the parameters of your layer.
# We compare with a **dense** layer, in which every output has a weight for every pixel of every channel.

# %%
parameters = counting.conv_parameters(kernel=3, channels_in=3, filters=FILTERS)
assert parameters == layer.count_params() == (3 * 3 * 3 + 1) * FILTERS
dense = counting.dense_parameters(inputs=pixels.size, units=maps.size)
multiplications = counting.conv_multiplications(maps.shape[:2], 3, channels_in=3, filters=FILTERS)
print(f"convolution: {parameters:,} parameters, {multiplications:,} multiplications")
print(f"a dense layer between the same shapes: {dense:,} parameters")

# %% [markdown]
# A convolution is **local**: only the window counts, 27 products for each output number.
# That saves parameters *and* work.
# And it **shares** its weights, the same kernel everywhere.
# That saves only parameters: each of the few weights is used at every position, so few parameters do not mean little work.

# %% [markdown]
# ## 8. On a photograph: filter, then detect
#
# Image processing has known useful kernels since long before networks learned their own.
# The fourth lecture uses these four; the fifth is yours.

# %%
standard = {
    "edge detect": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "bottom Sobel": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
}
if len(MY_KERNEL) != 9:
    raise ValueError(f"MY_KERNEL needs 9 numbers, three rows of three; got {len(MY_KERNEL)}")
all_kernels = {**standard, "yours": np.reshape(MY_KERNEL, (3, 3))}
for name, weights in all_kernels.items():
    print(f"{name:13} sum of the weights {np.sum(weights):g}")

# %% [markdown]
# The sum tells much.
# Sum 0: a flat region becomes 0, only changes are left.
# Sum 1: a flat region keeps its brightness, so with these kernels the result still looks like the photograph.
# **Predict** which kernels will leave the picture recognisable, and where "bottom Sobel" is positive.

# %% tags=["thumbnail"]
filtered = reference.correlate2d(grey, np.array(standard["edge detect"], "float32"), padding="same")
detected = reference.relu(filtered)
print(f"edge detect: {np.mean(filtered < 0):.0%} of the answers are below zero; after ReLU, none")
widgets.kernel_laboratory(photo, all_kernels)

# %% [markdown]
# - **Edge detect** subtracts the eight neighbours from eight times the pixel.
#   It answers to fine detail in any direction.
#   The line along the border is no edge in the scene: it is the step from the picture to the zeros of `'same'`.
# - **Bottom Sobel** subtracts the row above from the row below.
#   It is positive where the picture gets brighter downwards; ReLU removes the places where it gets darker.
# - **Emboss** compares bottom right with top left and adds the pixel itself, so the picture stays and seems lit from one side.
# - **Sharpen** adds to each pixel its four differences from its neighbours.
#
# (White is zero in every map, orange above, purple below; the strongest answers are nearly black. The scales differ from row to row.)
# In a running notebook, choose a single kernel above the figure, or write your own numbers.
# A last picture then shows what *[Pooling](lesson:pooling)* does: it condenses, and keeps the largest of each 2 × 2 pixels.
#
# People chose these kernels.
# A network finds its own in training; in a first layer, many of them turn out to be edge and colour detectors (Krizhevsky and others, 2012).

# %% [markdown]
# ## 9. One dimension, and three
#
# The window also slides along a series.
# The fourth lecture's kernels are the difference of neighbours, the average of five, and John Spencer's 15 weights from the early 1900s, made for smoothing sickness and death rates.
# We add an average of 15.
# Our series is real: Google's share price on 1,047 trading days (adjusted closing price), which matplotlib ships.

# %%
dates, price = datasets.load_share_price()
difference = np.array([-1, 1], "float32")
average5, average15 = np.full(5, 1 / 5, "float32"), np.full(15, 1 / 15, "float32")
spencer = np.array([-3, -6, -5, 3, 21, 46, 67, 74, 67, 46, 21, 3, -5, -6, -3], "float32") / 320
smoothers = {"average of 5": average5, "average of 15": average15, "Spencer": spencer}
smooth = {name: reference.correlate1d(price, weights) for name, weights in smoothers.items()}
change = reference.correlate1d(price, difference)
for name, values in {"price": price, "difference": change, **smooth}.items():
    print(f"{name:13} {len(values)} values")
by_tensorflow = tf.nn.conv1d(price.reshape(1, -1, 1), spencer.reshape(-1, 1, 1), 1, "VALID")[0, :, 0]
assert np.allclose(by_tensorflow, smooth["Spencer"], atol=1e-3)

# %% [markdown]
# **Predict** the sums of the four kernels, and from them what each does to a price that never changes.
# Then we try a smooth curve, a cubic: does the kernel leave it as it is?

# %%
t = np.arange(40.0)
cubic = 2 + t - 0.3 * t**2 + 0.01 * t**3
for name, weights in {"difference": difference, **smoothers}.items():
    result, middle = reference.correlate1d(cubic, weights), len(weights) // 2
    same = np.allclose(result, cubic[middle : middle + len(result)], atol=1e-3)
    print(f"{name:13} sum {weights.sum():.2f}, keeps a cubic: {same}")

# %% [markdown]
# This is the art in Spencer's negative weights: they smooth over 15 days and still leave a smooth trend alone.
# The average of 15 flattens every bend; the average of 5 stays close, but smooths over a third of the days.
# The figure shows three months, each value drawn at the middle of its window.

# %%
days = slice(790, 850)
figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 6.5), sharex=True, height_ratios=[2, 1])
top.plot(dates[days], price[days], color="0.6", linewidth=1.5, label="price")
for (name, values), line in zip(smooth.items(), ["-", ":", "--"]):
    middle = len(smoothers[name]) // 2
    top.plot(dates[days], values[days.start - middle : days.stop - middle], line, label=name)
top.set(title="Three smoothing kernels on a share price", ylabel="US dollars")
top.legend()
bottom.bar(dates[days], change[days.start - 1 : days.stop - 1], color=plots.PALETTE["purple"])
bottom.set(title="The difference kernel: change from day to day", ylabel="US dollars", xlabel="date")
plots.show(
    figure,
    alt=(
        "Above, a share price over sixty trading days at the end of 2007 with three smoother "
        "curves. The average of 15 cuts the peak off; Spencer's, as long, follows it. Below, bars "
        "for the change from day to day, up and down around zero."
    ),
)

# %% [markdown]
# (The lecture's listing prints 32 where Spencer's kernel has its second 21. The weights must be symmetric and add up to 320.)
#
# In Keras the layer is `Conv1D`.
# For video there is `Conv3D`: the window also slides through time, over (time, height, width).

# %%
video = keras.layers.Conv3D(filters=4, kernel_size=3)
print("one clip (1, 16, 64, 64, 3) becomes", video.compute_output_shape((1, 16, 64, 64, 3)))

# %% [markdown]
# ## 10. The numbers
#
# What the lectures state, beside what this run computed:

# %%
print("lecture: 1 5 2 10 / 7, this run:", *feature_map[0], "/", feature_map[1, 0])
edges = detected[1:-1, 1:-1]  # without the false edge at the border
record(
    layer_parameters=parameters,
    layer_multiplications=multiplications,
    edge_share=round(float((edges > 0.2).mean()), 3),
    strongest_edge=round(float(edges.max()), 3),
)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("convolution")

# %% [markdown]
# ### 1 · Sizes of maps
#
# **Recall.**
# A picture of 64 × 64 goes through a kernel of 5 × 5 with stride 2.
# How long is a side of the map with `'valid'`, and how long with `'same'`?

# %%
valid, same = ..., ...

ex.map_sizes.check((valid, same))

# %% [markdown]
# ### 2 · A kernel with a single 1
#
# **By hand.**
# Compute the feature map of the 6 × 6 picture of section 2 (`print(image)` shows it) with the kernel [[0, 0, 0], [0, 1, 0], [0, 0, 0]], stride 1, without padding.
# Write it as a list of rows.
# What does this kernel do?

# %%
rows = [...]

ex.centre_map.check(rows)

# %% [markdown]
# ### 3 · What a kernel looks for
#
# **Recall.**
# To what does each of these kernels answer with its largest numbers?
# Choose one letter for each.
#
# - **A** is [[1, 1, 1], [0, 0, 0], [−1, −1, −1]], **B** is [[0, 1, 0], [0, 1, 0], [0, 1, 0]], **C** is [[2, −1, −1], [−1, 2, −1], [−1, −1, 2]].
# - **a** a horizontal edge, bright above and dark below; **b** a horizontal edge, dark above and bright below; **c** a vertical edge; **d** bright pixels in a column, whatever lies to the left and to the right of them; **e** a bright line on dark ground from top left to bottom right; **f** one from bottom left to top right.
#
# And which of the three, A, B or C, answers to a flat picture (every pixel 1) with a number other than 0?

# %%
found = {
    "A": ...,
    "B": ...,
    "C": ...,  # each a letter from "a" to "f"
    "flat": ...,
}  # "A", "B" or "C"

ex.what_kernels_find.check(found)

# %% [markdown]
# To see whether they do, enter each as `MY_KERNEL`, nine numbers in one list.
#
# ### 4 · Count a layer
#
# **Code.**
# Write `count_layer(kernel, channels_in, filters, height, width)` for a layer with square kernels (`kernel` is their side), a bias for each filter, and a map of `height` × `width` numbers for each filter.
# Return its parameters and its multiplications.
# For instance, `count_layer(2, 1, 1, 3, 4)` is `(5, 48)`.
# Then call it: a layer has 64 filters of 3 × 3 on an input of 128 channels, and its maps have 56 × 56 numbers.
# **Predict** first: are there more parameters or more multiplications, and how many times more?


# %%
def count_layer(kernel, channels_in, filters, height, width):
    return ...


ex.count_layer.check(count_layer)

# %% [markdown]
# ### 5 · A stride for `correlate`
#
# **Code.**
# Extend `correlate` of section 3: `strided_correlate(image, kernel, stride)` moves the window by `stride` pixels, downwards and to the right.
# `image` and `kernel` are arrays with two axes, not always square; the window stays inside the picture.
# Return the map as an array.
# With `stride=1` it is the map of `correlate`; `strided_correlate(image, kernel, 2)` with the lecture's picture and kernel is `[[1, 2], [10, -10]]`.


# %%
def strided_correlate(image, kernel, stride):
    return ...


ex.strided_correlate.check(strided_correlate)

# %% [markdown]
# ### 6 · An edge along the diagonal
#
# **Design.**
# Find a kernel of 3 × 3 for the edge in this picture (0 is dark, 9 is bright), which runs from bottom left to top right:
# $$\begin{matrix} 0 & 0 & 0 & 9 \\ 0 & 0 & 9 & 9 \\ 0 & 9 & 9 & 9 \\ 9 & 9 & 9 & 9 \end{matrix}$$
# It must give 0 wherever the picture is flat.
# And its strongest answer to this edge must be at least twice as strong as its strongest answer to an edge from top left to bottom right.
# Signs and scale are up to you: a strong negative answer counts as much as a strong positive one.

# %%
diagonal_kernel = [[..., ..., ...], [..., ..., ...], [..., ..., ...]]

ex.diagonal.check(diagonal_kernel)

# %% [markdown]
# Which ones are done?

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. **Explain.**
#    Two layers of 3 × 3 with a ReLU between them see 5 × 5 pixels.
#    Give two reasons to prefer them to one layer of 5 × 5.
#    (Count parameters for 64 channels in and out.)
# 2. Enter your kernel of exercise 6 as `MY_KERNEL`.
#    Where does the photograph have such edges?
#
# ## Summary
#
# - A kernel slides over the picture; at each position, products of pixels and weights are added into one number of the feature map.
# - Where a kernel's weights add up to zero, it answers only to change.
#   Its pattern of signs is what it looks for.
# - Size: $\lfloor (n + p - k) / s \rfloor + 1$.
#   `'valid'` shrinks; `'same'` gives $\lceil n / s \rceil$ and mixes zeros into the border.
# - All input channels go into one map; the number of filters is the depth of the output; parameters: $(k_h k_w c_\text{in} + 1) f$.
# - Without a nonlinearity, convolutions in a row are one convolution.
#   A bias and ReLU turn *filter* into *detect*.
#
# ## References
#
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, 2016, arXiv:1603.07285.
# - I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, chapter 9, MIT Press, 2016.
# - J. Spencer, *On the graduation of the rates of sickness and mortality*, Journal of the Institute of Actuaries 38, 1904.
# - A. Krizhevsky, I. Sutskever and G. Hinton, *ImageNet classification with deep convolutional neural networks* (AlexNet), NIPS 2012.
# - K. He, X. Zhang, S. Ren and J. Sun, *Deep residual learning for image recognition* (ResNet), CVPR 2016.
#
# The maps are large, and after ReLU half of an edge map is zero: *[Pooling](lesson:pooling)* condenses them.
