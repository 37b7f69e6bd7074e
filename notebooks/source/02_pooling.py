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
# # Pooling
#
# Why networks condense their feature maps: pooling keeps what was found, forgets exactly where, and lets the next layer see further.
#
# After this lesson you can
#
# - compute max and average pooling by hand and predict the size of the result;
# - say what pooling saves, in activations and in multiplications;
# - measure how far a pooled map ignores a shift of the picture, and say what is lost with it;
# - choose between pooling and a strided convolution;
# - compute the receptive field of a stack of layers.
#
# **You need:** [Convolution](lesson:convolution) · **Time:** about 40 minutes to read, 10 seconds to run

# %% [markdown]
# Change a value here and run the notebook again.
# `IMAGE` may be the path of a picture of your own.

# %% tags=["parameters"]
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
MAX_SHIFT: int = 10  # largest shift in section 7, pixels, 1 to 40

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import counting, datasets, exercises, plots, reference, runtime, widgets
from course_utils.results import record

with runtime.quiet():
    import keras
    import tensorflow as tf

plots.set_style()

# %% [markdown]
# ## 1. The question: how much of a feature map is empty?
#
# *[Convolution](lesson:convolution)* ended with *filter*, then *detect*: a convolution with the kernel "edge detect", and ReLU.
# **Predict:** in which share of its pixels is such a map exactly zero?

# %%
photo = datasets.load_image(IMAGE)
largest_shift = min(40, photo.pixels.shape[1] - 10)
if not 1 <= MAX_SHIFT <= largest_shift:
    raise ValueError(f"MAX_SHIFT must be from 1 to {largest_shift} here; got {MAX_SHIFT}")
edge_kernel = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "float32")
filtered = reference.correlate2d(photo.grey, edge_kernel)
detected = reference.relu(filtered)
dead = float((detected == 0).mean())
weak = float((detected < 0.1 * detected.max()).mean())
print(photo)
print(f"map {detected.shape}: {dead:.1%} exactly zero, {weak:.1%} below a tenth of the strongest")

# %% [markdown]
# ReLU leaves a **dead space**: pixels that say only "nothing here".
# Most of the others say hardly more.
# Yet the next layer would have to multiply them all, each by every weight that belongs to its channel.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.1))
plots.picture(photo.pixels, left, title=photo.name)
plots.picture(detected, right, title="edges after ReLU", limits=(0, np.percentile(detected, 99)))
plots.show(
    figure,
    alt=(
        f"The photograph {photo.name}, and its edge map after ReLU: mostly black, with bright "
        "lines at fine detail."
    ),
)

# %% [markdown]
# ## 2. By hand
#
# **Max pooling** slides a window over the map, as a convolution does, and keeps the largest number in it.
# There is nothing to multiply.
# The lecture uses windows of 2 × 2 and moves them by 2, so that they do not overlap.

# %%
lecture = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 1, 5, 3, 1, 2],
        [1, 2, 2, 6, 4, 6],
    ]
)
print("first window:", lecture[0:2, 0:2].ravel().tolist(), "largest:", lecture[0:2, 0:2].max())
print("second window:", lecture[0:2, 2:4].ravel().tolist(), "largest:", lecture[0:2, 2:4].max())

# %% [markdown]
# **Predict** the other seven.
# Then compare with the figure.

# %%
pooled = np.zeros((3, 3), int)
figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.9), width_ratios=[6, 3])
plots.matrix(lecture, left, title="feature map")
for i, j in np.ndindex(3, 3):
    pooled[i, j] = lecture[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max()
    plots.outline(left, (2 * i, 2 * j, 2, 2))
plots.matrix(pooled, right, title="max pooling", limit=9)
plots.show(
    figure,
    alt=(
        "The 6 by 6 matrix of the lecture with nine windows of 2 by 2 outlined, and their largest "
        "numbers: 5, 5, 9; 6, 8, 6; 2, 6, 6."
    ),
)

# %% [markdown]
# (If you compare the slides: the last two rows of this matrix are not those in *[Convolution](lesson:convolution)*, although the rest is. With the rows from there the bottom left number would be 7.)
#
# ## 3. As a formula, as a function, in Keras
#
# With window size $w$ and stride $s$, for each channel on its own:
#
# $$ P_{ij} = \max_{0 \le a < w,\; 0 \le b < w} S_{i s + a,\; j s + b} $$


# %%
def max_pool(image, size, stride):
    height = counting.output_size(image.shape[0], size, stride)
    width = counting.output_size(image.shape[1], size, stride)
    result = np.zeros((height, width), image.dtype)
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            result[i, j] = image[top : top + size, left : left + size].max()
    return result


print(max_pool(lecture, size=2, stride=2))

# %% [markdown]
# Keras has the layer `MaxPooling2D`, TensorFlow the function `tf.nn.pool`.
# Do all ways agree?
# And how many parameters has the layer?
# **Predict.**

# %%
batch = lecture.reshape(1, 6, 6, 1).astype("float32")
layer = keras.layers.MaxPooling2D(pool_size=2, strides=2)
by_layer = layer(batch)
by_tensorflow = tf.nn.pool(batch, window_shape=(2, 2), pooling_type="MAX", strides=(2, 2))
for result in [
    by_layer[0, :, :, 0].numpy(),
    by_tensorflow[0, :, :, 0].numpy(),
    max_pool(lecture, 2, 2),
    reference.max_pool2d(lecture, 2),
]:
    assert (result == pooled).all()
print("all ways agree; parameters of the layer:", layer.count_params())

# %% [markdown]
# No weights, so nothing to learn: a pooling layer has only its settings: window, stride and padding.
#
# ## 4. Window, stride and the border
#
# The size follows from the formula in *[Convolution](lesson:convolution)*.
# If no stride is given, Keras takes the size of the window.
# A window larger than the stride **overlaps** its neighbour; AlexNet, the network that won the ImageNet competition in 2012, pooled with 3 and 2.
# **Predict** the second line, and the matrix for it.

# %%
print("pixels  window  stride  padding   size")
for n, window, stride, padding in [
    (6, 2, 2, "valid"),
    (6, 3, 2, "valid"),
    (7, 2, 2, "valid"),
    (7, 2, 2, "same"),
    (55, 3, 2, "valid"),
]:
    size = counting.output_size(n, window, stride, padding)
    print(f"{n:6}  {window:6}  {stride:6}  {padding:8} {size:5}")
print(max_pool(lecture, size=3, stride=2))

# %% [markdown]
# The 8 in the middle lies in all four windows, and wins in all of them.
# With 7 pixels and `'valid'` the last row and the last column are dropped without a word.
# `'same'` keeps them.
# What does it put outside the picture?
# Not zeros.
# **Why would zeros be wrong** for a map of negative numbers?

# %%
negative = -np.arange(1, 10).reshape(3, 3)
same = reference.max_pool2d(negative, 2, padding="same")
by_layer = keras.layers.MaxPooling2D(2, padding="same")(negative.reshape(1, 3, 3, 1).astype("float32"))
assert (by_layer[0, :, :, 0].numpy() == same).all()
print(negative, same, sep="\n\n")

# %% [markdown]
# Zeros would win against every negative number.
# Padding for a maximum therefore counts as −∞: it never wins.
#
# ## 5. The average, and the whole map
#
# **Average pooling** takes the mean of the window.
# **Global** pooling takes one window as large as the map: one number a channel remains, whatever the size of the map.
# **Predict** for a map with a single strong answer of 8 in a window: what does the maximum say, what the mean?

# %%
sparse = np.array([[0, 0, 0, 0], [0, 8, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], "float32")
by_hand = [[(0 + 0 + 0 + 8) / 4, 0], [0, (1 + 1 + 1 + 1) / 4]]
by_layer = keras.layers.AveragePooling2D(2)(sparse.reshape(1, 4, 4, 1))[0, :, :, 0].numpy()
assert (by_layer == by_hand).all() and (reference.average_pool2d(sparse, 2) == by_hand).all()
print("max    ", reference.max_pool2d(sparse, 2).tolist())
print("average", by_layer.tolist())

# %% [markdown]
# The maximum answers "is it anywhere here?", the mean "how much of it is here?".
# After ReLU many numbers are zero and most others small, and the mean dilutes a single strong answer; this is why hidden layers mostly use the maximum.
# At the border, TensorFlow leaves the padding out of the mean: **predict** the means of a map of ones with `'same'`.

# %%
ones = np.ones((1, 3, 3, 1), "float32")
means = keras.layers.AveragePooling2D(2, padding="same")(ones)
print("'same' on ones:", means[0, :, :, 0].numpy().tolist())
for size in [(8, 8), (30, 50)]:
    maps = np.ones((1, *size, 16), "float32")
    one_each = keras.layers.GlobalAveragePooling2D()(maps)
    print("global average of", maps.shape, "has the shape", one_each.shape)

# %% [markdown]
# All ones: a mean over one or two pixels at the border is still 1.
# Compare the average by a convolution in *[Convolution](lesson:convolution)*, which fell to 4/9 in the corners.
# The last two lines show global pooling: the size of the map does not matter.
# It is common at the *end* of modern networks, where it replaces a huge dense layer.

# %% [markdown]
# ## 6. On the photograph: filter, detect, condense
#
# Three times we halve the height and the width.
# **Predict:** will the share of exact zeros grow or fall?

# %% tags=["thumbnail"]
names = ["no pooling", "1 round", "2 rounds", "3 rounds"]
rounds = [detected]
for _ in range(3):
    rounds.append(reference.max_pool2d(rounds[-1], 2))
figure, axes = plt.subplots(2, 2, figsize=(9, 6.4))
for name, values, ax in zip(names, rounds, axes.flat):
    title = f"{name}: {values.shape[0]} × {values.shape[1]}, {np.mean(values == 0):.1%} zero"
    plots.picture(values, ax, title=title, limits=(0, np.percentile(rounds[1], 99)))
plots.show(
    figure,
    alt=(
        f"The edge map of {photo.name} after no, one, two and three rounds of max pooling, all "
        "with the same scale from black to white: coarser and brighter each time."
    ),
)

# %% [markdown]
# Nearly all exact zeros vanish, and the picture gets brighter: each strong answer now stands for a larger region.
# What does that save?
# We count for 32 such maps: their numbers, called **activations**, and the multiplications of a next layer with 64 filters of 3 × 3 and `'same'`.
# **Predict** the factor from line to line.

# %%
print("            map         activations  multiplications of the next layer")
multiplications = []
for name, values in zip(names, rounds):
    work = counting.conv_multiplications(values.shape, kernel=3, channels_in=32, filters=64)
    multiplications.append(work)
    height, width = values.shape
    print(f"{name:10}  {height:3} × {width:3}   {32 * values.size:11,}  {work:14,}")

# %% [markdown]
# Each round divides both by about four (an odd last row or column is dropped).
# The parameters of the next layer stay the same (see *[Convolution](lesson:convolution)*: the size of the map does not occur in them); but a *dense* layer after the last map shrinks with it.

# %% [markdown]
# ## 7. A shifted picture
#
# The fourth lecture says that pooling makes a network ignore small shifts: **translation invariance**.
# We test it.
# Take a picture with one bright dot, and shift the dot to the right.
# **Predict:** is the pooled map the same after a shift of one pixel?


# %%
def pool_rounds(image, count):
    for _ in range(count):
        image = reference.max_pool2d(image, 2)
    return image


def dot(row, column, height=16, width=128):
    image = np.zeros((height, width))
    image[row, column] = 1
    return image


for start in [4, 5]:
    unchanged = np.array_equal(pool_rounds(dot(8, start), 1), pool_rounds(dot(8, start + 1), 1))
    print(f"dot from column {start} to {start + 1}: pooled map unchanged: {unchanged}")

# %% [markdown]
# It depends.
# Columns 4 and 5 lie in the same window, columns 5 and 6 do not.
# So we ask for the *share* of start positions from which a shift goes unnoticed.
# With windows of two pixels and $r$ rounds, a number of the last map stands for $2^r$ pixels in each direction.
# A shift of $d$ leaves them from $d$ of the $2^r$ places.
# So it should go unnoticed from a share of $1 - d / 2^r$ of the positions, or from none.

# %%
shifts = np.arange(MAX_SHIFT + 1)


def share_unchanged(count, shift):
    unnoticed = 0
    for start in range(32):
        still, moved = dot(8, start), dot(8, start + shift)
        unnoticed += np.array_equal(pool_rounds(still, count), pool_rounds(moved, count))
    return unnoticed / 32


dots = {count: np.array([share_unchanged(count, shift) for shift in shifts]) for count in range(4)}
for count, shares in dots.items():
    assert np.allclose(shares, np.clip(1 - shifts / 2**count, 0, 1))
    print(f"{names[count]:10}", " ".join(f"{share:4.0%}" for share in shares[:9]))

# %% [markdown]
# The formula holds, and it is less than "shifts disappear": after one round, half of the shifts by one pixel are seen; after three rounds, one in eight.
# The lecture's two dots became indistinguishable, so in the end they lay in the same window.
#
# A dot is either in the same window or not.
# With the edge map of the photograph we can measure *how different* the pooled maps are.
# We divide by the difference to a picture that is as good as unrelated, the same one turned by half a turn: 0 means "the same", 1 "as different as another picture".
# **Predict** the order of the four curves.

# %%
height, width = detected.shape[0] // 8 * 8, (detected.shape[1] - MAX_SHIFT) // 8 * 8


def difference(count, shift):
    still = pool_rounds(detected[:height, :width], count)
    moved = pool_rounds(detected[:height, shift : shift + width], count)
    return np.linalg.norm(moved - still) / np.linalg.norm(still[::-1, ::-1] - still)


photos = {count: [difference(count, shift) for shift in shifts] for count in range(4)}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
for count, marker in zip(range(4), "os^D"):
    left.plot(shifts, dots[count], marker=marker, markersize=5, label=names[count])
    right.plot(shifts, photos[count], marker=marker, markersize=5, label=names[count])
left.set(
    title="One dot",
    xlabel="shift (pixels)",
    ylim=(-0.05, 1.05),
    ylabel="share of positions where\nthe map stays the same",
)
right.set(
    title=f"The edges of {photo.name}",
    xlabel="shift (pixels)",
    ylim=(-0.05, 1.05),
    ylabel="difference from the unshifted map\n(1: as from the picture turned by 180°)",
)
left.legend()
right.legend()
plots.show(
    figure,
    alt=(
        "Against the shift, a curve each for no, one, two and three rounds of pooling. Left, the "
        "share of shifts of a dot that go unnoticed falls to zero at 1, 2, 4 and 8 pixels. Right, "
        "the difference of the photograph's maps rises at once without pooling, and less each "
        "round."
    ),
)

# %% [markdown]
# Without pooling, a shift by one or two pixels makes the edge map nearly as different as another picture: fine lines no longer meet.
# Each round of pooling makes it calmer, but no curve stays at zero.
# Pooling gives *some* invariance to *small* shifts.
# (Azulay and Weiss, 2019, found that even large networks can change their answer after a shift of one pixel.)
#
# One thing is exact: a shift by a whole window moves the pooled map by one pixel, and changes nothing else except at the border, where new pixels enter.

# %%
for count in [1, 2, 3]:
    window = 2**count
    still = pool_rounds(detected[:height], count)
    moved = pool_rounds(detected[:height, window:], count)
    columns = min(still.shape[1] - 1, moved.shape[1])
    moved_by_one = np.array_equal(still[:, 1 : 1 + columns], moved[:, :columns])
    print(f"{names[count]}, shift {window}: map moved by one: {moved_by_one}")

# %% [markdown]
# That property is called **equivariance**: the map moves with the picture.
# Away from the border, a convolution with stride 1 has it for every shift, a layer with stride $s$ for multiples of $s$, and $r$ rounds of pooling with stride 2 for multiples of $2^r$.
#
# ## 8. What is lost
#
# If a shift is not noticed, then two different pictures look the same.
# Here are two dots.
# **Predict** after which round they cannot be told apart.
# In a running notebook you can move both dots: by how many pixels may B differ from A until the maps after one round differ?

# %%
widgets.pooling_shift(first=(9, 1), second=(14, 6), side=16, rounds=3)
for count, name in enumerate(names):
    same = np.array_equal(pool_rounds(dot(9, 1), count), pool_rounds(dot(14, 6), count))
    print(f"{name:10} same map: {same}")

# %% [markdown]
# The zeros were not useless after all: they said where the dot is *not*.
# To decide "cat or dog", that is a price worth paying.
# To say where the cat sits, or to count cats, it is not, and networks for such tasks pool less or bring the positions back from earlier maps.

# %% [markdown]
# ## 9. Pooling or a larger stride?
#
# A convolution with stride 2 also halves the map.
# It does not compute the answers in between at all.
# **Predict** for a layer of 64 filters on 64 maps of 56 × 56: how many multiplications does stride 2 save, compared with stride 1 and pooling?
# And on our edge map: which share of the strongest answers does each of the two keep?

# %%
halved = counting.output_size((56, 56), kernel=3, stride=2, padding="same")
before = counting.conv_multiplications((56, 56), kernel=3, channels_in=64, filters=64)
after = counting.conv_multiplications(halved, kernel=3, channels_in=64, filters=64)
even = detected[:height, :width]
strongest = even >= np.quantile(even, 0.99)
is_maximum = np.kron(reference.max_pool2d(even, 2), np.ones((2, 2))) == even
by_pooling = is_maximum[strongest].mean()
by_stride = strongest[::2, ::2].sum() / strongest.sum()
print(f"stride 1, then pooling: {before:,} multiplications; stride 2: {after:,}")
print(f"of the strongest 1 % of the answers, pooling keeps {by_pooling:.0%}, stride 2 {by_stride:.0%}")

# %% [markdown]
# A quarter of the work, and a quarter of the answers.
# Pooling loses a strong answer only to a stronger neighbour.
# Yet a network that *learns* with stride 2 can adapt its kernels, and did about as well on CIFAR-10, best with an *extra* convolution of stride 2 in the place of the pooling layer (Springenberg and others, 2015).
# ResNet and its successors mostly use strides.
# Small networks, such as those of this course, mostly pool.

# %% [markdown]
# ## 10. The receptive field
#
# The **receptive field** of a number in a map is the part of the picture that it depends on.
# Go through the layers with two numbers: the size $R$ of the field, and the step $J$ in the picture between neighbours in the map.
# Both start at 1.
# A layer with window $k$ and stride $s$ gives
#
# $$ R \leftarrow R + (k - 1)\, J, \qquad J \leftarrow J \cdot s $$
#
# **Predict** $R$ and $J$ for a convolution of 3 × 3, a pooling layer of 2 × 2 with stride 2, and the same two again.

# %%
convolution, pooling = (3, 1), (2, 2)
layers = [convolution, pooling, convolution, pooling]
for depth, (k, s) in enumerate(layers, 1):
    field, step = counting.receptive_field(layers[:depth])
    print(f"after layer {depth} (window {k}, stride {s}): R = {field:2}, J = {step}")

# %% [markdown]
# Each pooling layer doubles the step, and from then on every window adds twice as many pixels.
# **Predict** how the field grows with the number of blocks, first without pooling, then with a pooling layer in each block.

# %%
blocks_of = {"without pooling": [convolution], "with pooling": [convolution, pooling]}
for name, block in blocks_of.items():
    fields = [counting.receptive_field(block * blocks).size for blocks in range(1, 6)]
    print(f"{name:16} after 1 to 5 blocks: {fields}")

# %% [markdown]
# Without pooling the field grows by two pixels a layer.
# With pooling it doubles and doubles.
# Five small blocks see a field that would otherwise take dozens of layers.
#
# The formula can be tested with our dots: put a dot on each pixel in turn, 4,096 pictures in all, and see which of them change one number of the last map.
# (All weights are 1, so that no answers cancel.)

# %%
stack = keras.Sequential([keras.layers.Input((64, 64, 1))])
for _ in range(3):
    stack.add(keras.layers.Conv2D(1, 3, kernel_initializer="ones"))
    stack.add(keras.layers.MaxPooling2D(2))
pictures = np.eye(64 * 64, dtype="float32").reshape(-1, 64, 64, 1)
answers = stack.predict(pictures, batch_size=512, verbose=0)[:, 2, 2, 0]
seen = answers.reshape(64, 64) > 0
rows, columns = seen.any(axis=1).sum(), seen.any(axis=0).sum()
field = counting.receptive_field([convolution, pooling] * 3)
print("measured:", rows, "×", columns, "pixels; formula:", field.size)
assert rows == columns == field.size

# %% [markdown]
# ## 11. The numbers
#
# What the lecture states, beside what this run computed:

# %%
print("lecture: 5 5 9 / 6 8 6 / 2 6 6, this run:", pooled.tolist())
record(
    dead_share=round(dead, 3),
    weak_share=round(weak, 3),
    zero_share_after_3_rounds=round(float(np.mean(rounds[3] == 0)), 3),
    saving_after_3_rounds=round(multiplications[0] / multiplications[3], 1),
    shift_1_without_pooling=round(float(photos[0][1]), 2),
    shift_1_after_3_rounds=round(float(photos[3][1]), 2),
)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("pooling")

# %% [markdown]
# ### 1 · Size and parameters
#
# **Recall.**
# A map of 27 × 27 goes through `MaxPooling2D(pool_size=3, strides=2)`, without padding.
# How long is a side of the result?
# How many parameters has the layer?

# %%
side, parameters = ..., ...

ex.pooled_side.check((side, parameters))

# %% [markdown]
# ### 2 · Another window
#
# **By hand.**
# Pool the lecture's matrix (`print(lecture)` shows it) once more, with the maximum, but with a window of 3 × 3 and a stride of 3.
# Write the map as a list of rows.

# %%
pooled_map = [[..., ...], [..., ...]]

ex.pooled_by_hand.check(pooled_map)

# %% [markdown]
# ### 3 · A shift in any direction
#
# **Code.**
# The lecture asks what happens if the shift goes in another direction.
# In section 7 the dot moved to the right.
# Now it moves *down*, or along the diagonal (one pixel down and one to the right).
# **Predict:** which share of these shifts goes unnoticed after two rounds?
#
# Then write the answer for every shift: `share_unnoticed(rounds, down, right)`.
# The numbers `down` and `right` say how many pixels the dot moves; negative numbers mean up and to the left.
# `rounds` is the number of rounds of max pooling (window 2, stride 2), from 0 on.
# The dot is far from the border, and may start in every row and in every column of a window, equally often.
# Return the share (from 0 to 1) of the starts from which the pooled map stays the same.
# From section 7 you know that `share_unnoticed(1, 0, 1)` is 0.5.
# You may compute it or count dots.


# %%
def share_unnoticed(rounds, down, right):
    return ...


ex.share_unnoticed.check(share_unnoticed)

# %% [markdown]
# ### 4 · Average pooling
#
# **Code.**
# Write `average_pool(image, size, stride)` after the pattern of `max_pool` in section 3.
# `image` is an array with two axes, not always square; `size` and `stride` are whole numbers; nothing is padded.
# Return the array of the means: `average_pool(np.array([[1, 2], [3, 5]]), 2, 2)` is `[[2.75]]`.


# %%
def average_pool(image, size, stride):
    return ...


ex.average_pool.check(average_pool)

# %% [markdown]
# ### 5 · Max pooling of all channels
#
# **Code.**
# Write `max_pool2d(maps, size, stride)`, which does what the layer does to one picture: `maps` is an array of the shape height × width × channels; each channel is pooled by itself; nothing is padded.
# Return an array of the shape rows × columns × channels.
# Maps may hold negative numbers.
# `max_pool2d(np.array([[[1, -7], [3, -2]], [[0, -5], [2, -9]]]), 2, 2)` is `[[[3, -2]]]`.


# %%
def max_pool2d(maps, size, stride):
    return ...


ex.max_pool2d.check(max_pool2d)

# %% [markdown]
# ### 6 · A stack that sees the whole picture
#
# **Design.**
# A picture has 96 × 96 pixels.
# Choose convolutions of 3 × 3 with stride 1, written `(3, 1)`, and pooling layers of 2 × 2 with stride 2, written `(2, 2)`, so that one number of the last map has a receptive field of 96 pixels or more in each direction.
# At least one convolution comes before each pooling layer (between two of them, too).
# You have at most 11 layers.
# (The convolutions pad with `'same'`, so that the maps do not run out; padding does not enter the receptive field.)

# %%
stack = [(3, 1), (2, 2), ...]

ex.stack.check(stack)

# %% [markdown]
# ### 7 · The order of ReLU and pooling
#
# **Explain.**
# After a convolution come ReLU and then pooling (window 2, stride 2).
# Somebody swaps the two: pooling first, then ReLU.
# Which of these statements are true?
#
# - **a** With max pooling, the result does not change.
# - **b** ReLU now has only about a quarter of the numbers to look at.
# - **c** With average pooling, the result does not change either.
# - **d** With average pooling, no number of the result becomes larger, and some may become smaller.
# - **e** The convolution now needs fewer multiplications.

# %%
true_statements = ...  # the letters in quotes, such as "ce"

ex.swapped.check(true_statements)

# %% [markdown]
# Which ones are done?

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. Measure what you predicted in exercise 3: change `share_unchanged` so that the dot starts in every row *and* column of a window and moves down, or along the diagonal.
#    (Give `dot` more rows.)
# 2. Exercise 6 counts layers.
#    Build your stack in Keras with 16 filters in each convolution.
#    What does it cost in multiplications, and which layer costs most?
#
# ## Summary
#
# - Max pooling keeps the largest number of each window, average pooling the mean; neither has parameters.
# - Each round with window 2 and stride 2 leaves a quarter of the activations, and of the next layer's multiplications.
# - A shift within a window goes unnoticed; $r$ rounds ignore a shift of $d$ pixels from a share of $1 - d / 2^r$ of the positions.
#   What is forgotten is the position.
# - In TensorFlow and Keras, padding counts as −∞ for the maximum and is left out of the average.
# - Pooling with stride 2 doubles the step between neighbours, so the receptive field grows much faster.
#
# ## References
#
# - A. Azulay and Y. Weiss, *Why do deep convolutional networks generalize so poorly to small image transformations?*, Journal of Machine Learning Research 20, 2019.
# - A. Krizhevsky, I. Sutskever and G. Hinton, *ImageNet classification with deep convolutional neural networks* (AlexNet), NIPS 2012.
# - K. He, X. Zhang, S. Ren and J. Sun, *Deep residual learning for image recognition* (ResNet), CVPR 2016.
# - J. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional net*, ICLR workshop 2015, arXiv:1412.6806.
# - A. Araujo, W. Norris and J. Sim, *Computing receptive fields of convolutional neural networks*, Distill, 2019.
#
# In *[Architectures](lesson:architectures)*, blocks of these layers become a network.
