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
# # Architectures
#
# How layers become networks: blocks, VGG16, 1 × 1 convolutions, inception modules and GoogLeNet, with what each of them costs in parameters, multiplications and time.
#
# After this lesson you can
#
# - split a classifier into base and head, and say where its parameters sit and where its multiplications;
# - build a network from blocks, see it overfit, and judge a remedy honestly;
# - build VGG16 from a table, and check published numbers against your own count;
# - explain what a 1 × 1 convolution does, and compute what it saves in an inception module;
# - choose an architecture by accuracy, parameters, multiplications and measured time.
#
# **You need:** [Pooling](lesson:pooling) · **Time:** about 60 minutes to read, under a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class.
# The fourth lecture trains its network with pictures of 128 × 128 pixels, 40 epochs and a learning rate of 0.001.

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE_SIZE: int = 48  # pixels a side of photographs and drawings, 32 to 128; digits and cifar10 keep theirs
N_TRAIN: int | None = None  # training images, from one a class; None: all
EPOCHS: int = 5  # passes over the training images, 1 to 100
BATCH_SIZE: int = 16  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.006  # of Adam, 0.0001 to 0.01
SEED: int = 0  # weights and order of the images, 0 or more

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from course_utils import (
    counting,
    datasets,
    exercises,
    model_counts,
    models,
    paths,
    plots,
    results,
    runtime,
    training,
    widgets,
)

with runtime.quiet():
    import keras
    from keras import layers

plots.set_style()

# %% [markdown]
# ## 1. Base and head
#
# A convolutional classifier has two parts.
# The **base**, convolutions and pooling, turns the picture into features.
# The **head**, mostly dense layers, decides from them which class it is.
# The first lecture's head takes maps of 10 × 10 × 50, flattens them to 5,000 numbers, and goes on with 128 units, 64 units, and one unit for each class; we give it ten classes.
# **Softmax** turns the last scores $z$ into probabilities, $e^{z_i} / \sum_j e^{z_j}$: positive numbers whose sum is 1.
#
# A dense layer has a weight for each pair of input and unit, and one bias for each unit: $(n_\text{in} + 1)\, n_\text{units}$.
# **Predict:** which of the three layers has the most parameters, and what share of all of them?

# %%
by_hand = [5000 * 128 + 128, 128 * 64 + 64, 64 * 10 + 10]
sizes = [10 * 10 * 50, 128, 64, 10]
by_function = [counting.dense_parameters(inputs, units) for inputs, units in zip(sizes, sizes[1:])]
lecture_head = keras.Sequential(
    [
        layers.Input((10, 10, 50)),
        layers.Flatten(),
        layers.Dense(128, "relu"),
        layers.Dense(64, "relu"),
        layers.Dense(10, "softmax"),
    ]
)
by_keras = [layer.count_params() for layer in lecture_head.layers[1:]]
assert by_hand == by_function == by_keras
for units, count in zip(sizes[1:], by_hand):
    print(f"dense layer of {units:3}: {count:8,} parameters, {count / sum(by_hand):.1%} of the head")

# %% [markdown]
# Nearly all sit in the first dense layer, because it meets the flattened map.
# Remember it; in VGG16 it will happen again, 160 times larger.
#
# ## 2. A network of blocks
#
# Now a whole network, and data for it.
# In the next figure, the upper row shows pictures for training, the lower row pictures for validation.
# **Look closely:** what is different in the lower row?

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
train_images, train_labels = data.splits["train"]
validation_images, validation_labels = data.splits["validation"]
training.check_settings(
    images=len(train_labels),
    EPOCHS=EPOCHS,
    BATCH_SIZE=BATCH_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    SEED=SEED,
    IMAGE_SIZE=IMAGE_SIZE,
)
print(data)
shown = [np.linspace(0, len(labels) - 1, 6).astype(int) for labels in (train_labels, validation_labels)]
figure = plots.pictures(
    [*train_images[shown[0]], *validation_images[shown[1]]],
    titles=[data.classes[label] for label in [*train_labels[shown[0]], *validation_labels[shown[1]]]],
)
plots.show(
    figure,
    alt=(f"Six pictures of {data.name} for training, and below them six for validation, with their classes."),
)

# %% [markdown]
# In `toy_pets`, the training pets sit upright, in the middle, and look one way.
# The validation and test pets, which `posed()` asks for, are turned, mirrored, nearer, farther or shifted: a **shift of pose**, made on purpose, and not overfitting.
# A network that learns the training pets exactly as they are will do worse on the others.
# (With other data both rows look alike; with few photographs, the trouble is that there are too few.)
#
# Next, the last layer.
# More than two classes need one unit for each class, with softmax.
# Two classes need only a single unit and the **sigmoid**, $1 / (1 + e^{-z})$: the probability of class 1.
# **Predict:** does that give other probabilities than a softmax over the two scores $(0, z)$?

# %%
scores = np.array([-2.0, 0.0, 1.5])
sigmoid = 1 / (1 + np.exp(-scores))
powers = np.exp(np.stack([np.zeros(3), scores], axis=1))
softmax = powers / powers.sum(axis=1, keepdims=True)
assert np.allclose(softmax[:, 1], sigmoid) and np.allclose(keras.ops.sigmoid(scores), sigmoid)
print("probability of class 1:", sigmoid.round(3).tolist())
for classes in [2, 10]:
    print(f"{classes:2} classes:", models.head_for(classes))

# %% [markdown]
# They are the same.
# `models.head_for`, which later lessons use as well, holds this decision, and the loss that belongs to it.
#
# The fourth lecture builds its network from **convolutional blocks**: one or more convolutions with ReLU (*filter*, *detect*), then max pooling (*condense*).
# With `"same"` padding only the pooling changes the size.
# We need blocks again and again, so a block becomes a function.


# %%
def block(filters, kernel, convolutions):
    stack = [layers.Conv2D(filters, kernel, padding="same", activation="relu") for _ in range(convolutions)]
    return [*stack, layers.MaxPooling2D(2)]


def table(model):
    for row in model_counts.by_layer(model):
        print(
            f"{row.kind:13} {row.output_shape!s:16} {row.parameters:10,} parameters",
            f"{row.multiplications:12,} mult.",
        )


# %% [markdown]
# `table` prints a line a layer.
# The lecture's network has three blocks, with 32 filters of 5 × 5, then 64 and 128 of 3 × 3, and a head with only six hidden units.
# We centre the pixels: `Rescaling` maps 0…255 to −1…1.
# (The dropout with rate 0 does nothing yet.)
# **Predict** the shape after each block for your `IMAGE_SIZE`.
# Which layer has the most parameters, which the most multiplications?

# %%
last = models.head_for(len(data.classes))


def convnet(convolutions=(1, 1, 1), dropout=0.0):
    keras.utils.set_random_seed(SEED)
    base = [layers.Input(train_images.shape[1:]), layers.Rescaling(1 / 127.5, offset=-1)]
    for filters, kernel, count in zip((32, 64, 128), (5, 3, 3), convolutions):
        base += block(filters, kernel, count)
    hidden = [layers.Flatten(), layers.Dense(6, "relu", name="six"), layers.Dropout(dropout)]
    return keras.Sequential([*base, *hidden, layers.Dense(last.units, last.activation)])


custom = convnet()
table(custom)

# %% [markdown]
# Each block halves the height and the width (rounded down), while the number of maps grows.
# Training needs a few words.
# The **loss** says how wrong the probabilities are: for one picture $-\ln p$, where $p$ is the probability given to the right class (**cross-entropy**), then the mean over the pictures.
# The **gradient** says for each weight how the loss changes if the weight grows a little.
# After each batch, the **optimizer** moves every weight a step against its gradient; the **learning rate** scales the steps.
# **Accuracy** is the share of pictures whose most probable class is right.
# The network never learns from the **validation** pictures: they show whether what it learned holds for others.
#
# The lecture trains with `Adam(epsilon=0.01)`, a hundred thousand times Keras's default.
# What does ε do?
# Adam divides the average gradient by its typical size, so that all weights move at about the same pace. ε is added to the divisor.
# For a constant gradient $g > 0$, the length of Keras's step number $t$ is
#
# $$ \text{learning rate} \cdot \frac{g}{g + \varepsilon / \sqrt{1 - 0.999^t}} $$
#
# **Predict:** which gradients does a large ε slow down, the large or the small ones?


# %%
def share_of_rate(gradient, epsilon, step):
    return gradient / (gradient + epsilon / np.sqrt(1 - 0.999**step))


weight = keras.Variable([0.0])
adam = keras.optimizers.Adam(learning_rate=1.0, epsilon=0.01)
adam.apply([keras.ops.convert_to_tensor([0.1])], [weight])
assert np.isclose(-float(weight[0]), share_of_rate(0.1, 0.01, 1), rtol=1e-4)
print("gradient  default, step 1  epsilon 0.01: step 1  step 100  step 10,000")
for gradient in [1, 0.1, 0.01, 0.001]:
    damped = [share_of_rate(gradient, 0.01, step) for step in (1, 100, 10_000)]
    print(
        f"{gradient:8} {share_of_rate(gradient, 1e-7, 1):16.1%}",
        f"{damped[0]:21.1%} {damped[1]:9.1%} {damped[2]:12.1%}",
    )

# %% [markdown]
# The small ones, and the first steps most of all.
# (The first steps because Keras corrects for the start *after* adding ε. The paper's main algorithm adds ε to the corrected divisor; there the square root is missing from the formula, and all steps are damped alike.)
#
# Small steps help to protect the six hidden units.
# Such a unit adds up thousands of features, none of them negative, so equal steps of all its weights add up as well.
# One large push can make its sum negative for *every* picture (random starting weights sometimes do so at once).
# Then ReLU returns 0 and passes no gradient back: the unit is **dead**.
# It can wake only if the others still change the features before it.
# If all six die, no weight before them changes any more, the network answers the same for each picture, and the loss for two balanced classes stays at $\ln 2 \approx 0.693$.
# The price of small steps: at first, the loss hardly moves.
#
# **Predict** the two curves of accuracy, for training and for validation.


# %%
def train(model, label):
    adam = keras.optimizers.Adam(learning_rate=LEARNING_RATE, epsilon=0.01)
    model.compile(optimizer=adam, loss=last.loss, metrics=["accuracy"])
    return model.fit(
        train_images,
        train_labels,
        validation_data=(validation_images, validation_labels),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=[training.progress(EPOCHS, label)],
    ).history


history = train(custom, "three convolutions")
plots.show(
    plots.curves({"three convolutions": history}),
    alt=(
        "Learning curves of the custom convnet: loss and accuracy on training and validation pictures "
        "against the epoch."
    ),
)

# %% [markdown]
# The dashed curves are training, the solid ones validation.
# If the training accuracy goes on rising and the validation accuracy does not, or the validation loss rises, the network **overfits**: it learns the training pictures, and little that holds for others.
# We also count the hidden units that are alive.
# If it says 0, training is stuck, and no further epoch can help: choose another `SEED`.
# (With the default settings and `SEED = 1`, one unit is left, and the loss hardly falls. Try it.)


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def judge(name, model, history):
    accuracy = model.evaluate(train_images, train_labels, verbose=0)[1]
    hidden = keras.Model(model.inputs, model.get_layer("six").output)
    alive = int((hidden.predict_on_batch(train_images[:128]) > 0).any(axis=0).sum())
    best = max(history["val_accuracy"])
    print(f"{name}: training {accuracy:.3f}, best validation {best:.3f}, hidden units alive: {alive} of 6")
    return accuracy, best, alive


custom_train, custom_best, custom_alive = judge("three convolutions", custom, history)

# %% [markdown]
# ## 3. A remedy, measured
#
# The lecture's remedy has two sides.
# *More capacity*: two convolutions in the second block and three in the third, for more complex features.
# That alone, says the lecture, would overfit even more, so there is *regularization*: **dropout** puts each hidden unit to 0 with a given probability, at random in each training step, so that no unit can rely on another one.
# The units that stay are divided by the probability of staying, here 0.8, so that the mean is kept.
# In prediction nothing is dropped.
# So the dashed curve of this network is measured with dropout, the solid one without; `judge` measures both without.
# **Predict:** by which factor do parameters and multiplications grow?

# %%
deeper = convnet(convolutions=(1, 2, 3), dropout=0.2)
for count in [model_counts.parameters, model_counts.multiplications]:
    few, many = count(custom), count(deeper)
    print(f"{count.__name__}: {few:,} to {many:,}, factor {many / few:.1f}")
deeper_history = train(deeper, "six convolutions, dropout")
plots.show(
    plots.curves({"three": history, "six, dropout": deeper_history}),
    alt=(
        "Loss and accuracy of both networks against the epoch: three convolutions, and six with dropout, "
        "each on training and validation pictures."
    ),
)

# %% [markdown]
# The lecture reports that on its pictures the remedy improved the validation accuracy by several points.
# How large must a difference be to mean something?
# An accuracy $p$ on $n$ pictures has a standard error of $\sqrt{p (1 - p) / n}$.
# For the difference of two such accuracies, up to about three of them may be luck.
# (Both networks see the same pictures, so a paired test, which looks only at the pictures on which they disagree, is sharper.)
# Another seed changes the result as well.
# And we pick the best of several epochs, which flatters both; *[Checkpointing](lesson:checkpointing)* returns to that.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
deeper_train, deeper_best, deeper_alive = judge("six convolutions, dropout", deeper, deeper_history)
error = np.sqrt(custom_best * (1 - custom_best) / len(validation_labels))
print(
    f"change in validation accuracy: {100 * (deeper_best - custom_best):+.1f} points; "
    f"standard error {100 * error:.1f} points"
)

# %% [markdown]
# On toy pets, do not expect what the lecture saw.
# In most runs the deeper network starts more slowly, and so few epochs leave it less time to learn by heart: a narrower gap between its curves is then no proof that the remedy works.
# We also changed two things at once, depth and dropout; exercise 7 separates them.
# And neither more layers nor dropout shows it a turned pet; only such pictures do.
# *[Augmentation](lesson:augmentation)* makes them.
#
# ## 4. ShallowVGG
#
# The first lecture's **ShallowVGG** takes two ideas from a famous network: only 3 × 3 convolutions, and twice as many filters in the next block.
# With our function it is three lines.
# **Predict:** where do its parameters sit, and where its multiplications?

# %%
shallow = keras.Sequential(
    [
        layers.Input((32, 32, 3)),
        *block(32, 3, 2),
        *block(64, 3, 2),
        layers.Flatten(),
        layers.Dense(512, "relu"),
        layers.Dense(10, "softmax"),
    ]
)
table(shallow)
assert shallow.count_params() == models.shallow_vgg().count_params() == 2_168_362
print(f"{shallow.count_params():,} parameters, as many as models.shallow_vgg()")

# %% [markdown]
# Parameters in the first dense layer, multiplications in the convolutions: a weight of a dense layer is used once a picture, a weight of a kernel at each of its positions.
# *[Checkpointing](lesson:checkpointing)* trains this network.
#
# ## 5. VGG16
#
# VGG16 (Simonyan and Zisserman, 2015) is the same, larger: 13 convolutions of 3 × 3 in five blocks, and three dense layers: 16 layers with weights.
# The whole base fits into a table.
# (The slide says that the filters double after each block; from the fourth to the fifth they stay at 512.)
# We only count and time this network, so its dense weights may all be 0; random ones take longer to draw.

# %%
VGG16 = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]  # filters, convolutions


def vgg16():
    stack = [layers.Input((224, 224, 3))]
    for filters, convolutions in VGG16:
        stack += block(filters, 3, convolutions)
    stack.append(layers.Flatten())
    for units, activation in [(4096, "relu"), (4096, "relu"), (1000, "softmax")]:
        stack.append(layers.Dense(units, activation, kernel_initializer="zeros"))
    return keras.Sequential(stack)


big = vgg16()
print(f"{big.count_params():,} parameters, {4 * big.count_params() / 1e6:,.0f} MB as float32")

# %% [markdown]
# The lecture's 138 million.
# **Predict:** the shape after each block; the part with the most parameters; the part with the most multiplications.

# %%
parts = [f"block {number}" for number, (_, count) in enumerate(VGG16, 1) for _ in range(count + 1)]
rows = pd.DataFrame(model_counts.by_layer(big)).assign(part=[*parts, "flatten", "fc1", "fc2", "fc3"])
vgg = rows.groupby("part", sort=False).agg(
    shape=("output_shape", "last"),
    parameters=("parameters", "sum"),
    multiplications=("multiplications", "sum"),
)
print(vgg.to_string(formatters=dict.fromkeys(vgg.columns[1:], "{:,}".format)))
print(
    f"fc1 holds {vgg.parameters['fc1'] / vgg.parameters.sum():.0%} of the parameters; "
    f"the blocks do {vgg.multiplications[:5].sum() / vgg.multiplications.sum():.1%} of the work"
)

# %% [markdown]
# The same as a figure.
# Memory and work sit at opposite ends of the network.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True)
for name, unit, ax in zip(["parameters", "multiplications"], [1e6, 1e9], axes):
    bars = ax.barh(vgg.index.drop("flatten"), vgg[name].drop("flatten") / unit)
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.set_xlabel(f"{name} ({'millions' if unit == 1e6 else 'billions'})")
    ax.margins(x=0.15)
axes[0].invert_yaxis()
plots.show(
    figure,
    alt=(
        "Bars for the five blocks and three dense layers of VGG16. Left, parameters in millions: fc1 has "
        "102.76, fc2 16.78, all five blocks together 14.71. Right, multiplications in billions: the blocks "
        "have 1.94, 2.77, 4.62, 4.62 and 1.39, the dense layers nearly none."
    ),
)

# %% [markdown]
# The slide gives VGG16's pooling a window of $w = 3$ with $s = 2$.
# The paper says 2 × 2 with stride 2.
# **Predict:** what would $w = 3$ change, without padding?

# %%
for window, padding in [(2, "valid"), (3, "valid"), (3, "same")]:
    sides = [224]
    for _ in VGG16:
        sides.append(counting.output_size(sides[-1], window, 2, padding))
    fc1 = counting.dense_parameters(sides[-1] ** 2 * 512, 4096)
    total = vgg.parameters.sum() - vgg.parameters["fc1"] + fc1
    print(f"window {window}, {padding:5}: sides {sides}, {total:,} parameters")

# %% [markdown]
# Without padding the count would not be 138 million.
# With `"same"` padding it would, so there the number alone decides nothing: read the paper.
#
# ## 6. Accuracy against work
#
# The lecture shows a figure of Canziani, Paszke and Culurciello (2016): accuracy on ImageNet against the operations of one forward pass, with the parameters as the circle's area.
# We draw it anew, with networks up to 2022, from `data/architectures.csv`: counted from Keras's own networks where it has them (AlexNet and GoogLeNet are built after their papers), with published accuracies; the file names the source of each.
# **ImageNet** here means about 1.3 million photographs for training, in 1,000 classes.
# Top-1 accuracy, the slide's "rank 1", is the share of pictures whose most probable class is right.
# **Predict:** where does VGG16 stand?

# %% tags=["thumbnail"]
networks = pd.read_csv(paths.shipped("architectures.csv"), index_col="name")
assert networks.parameters["VGG16"] == big.count_params() == 138_357_544
assert networks.multiplications["VGG16"] == vgg.multiplications.sum()
ax = plots.architectures(networks.reset_index())
plots.show(
    ax.figure,
    alt=(
        "Top-1 accuracy on ImageNet against multiplications, on a logarithmic scale, for networks from "
        "AlexNet to ConvNeXt. VGG16 and VGG19 have the largest circles, far to the right at 71 per cent; "
        "MobileNetV2 reaches the same near the left edge, EfficientNetB7 has the most work and 84 per cent."
    ),
)

# %% [markdown]
# The table's numbers for VGG16 come from Keras's own network; the two `assert` lines show that ours has equally many.
# (Papers count a multiplication with its addition as one operation, or as two: check before you compare.)
# **Predict:** how many of the other networks are at least as accurate as VGG16 with fewer multiplications *and* fewer parameters?
# Which still need more work than VGG16?

# %%
vgg_row, others = networks.loc["VGG16"], networks.drop("VGG16")
better = others[
    (others.top1 >= vgg_row.top1)
    & (others.multiplications < vgg_row.multiplications)
    & (others.parameters < vgg_row.parameters)
].sort_values("multiplications")
print(f"as accurate, less work, fewer parameters: {len(better)} of {len(others)}")
for name in ["MobileNetV2", "ResNet50"]:
    saving = vgg_row[["multiplications", "parameters"]] / better.loc[name, ["multiplications", "parameters"]]
    print(f"  {name}: multiplications ÷ {saving.iloc[0]:.1f}, parameters ÷ {saving.iloc[1]:.1f}")
print("more work:", ", ".join(others.index[others.multiplications > vgg_row.multiplications]))
print("more parameters:", ", ".join(others.index[others.parameters > vgg_row.parameters]))

# %% [markdown]
# The lecture calls VGG by far the most expensive, in computation and in parameters.
# For parameters this still holds here.
# In multiplications, two newer networks have overtaken VGG, and they buy accuracy with them.
# Among networks of about its own accuracy, VGG is still by far the most expensive.
# (Newer networks were also trained longer and with better recipes, and some see larger pictures: the column `input_size`. Architecture is not the only difference.)
#
# ## 7. The 1 × 1 convolution
#
# A convolution of 1 × 1 sees one pixel, but all its channels.
# At each pixel it multiplies the vector of channels by one matrix.
# It is a dense layer, applied to each pixel on its own.
# **Predict** the first pixel, $(0, 1, 2)$, by hand.
# Which depth comes out?

# %%
maps = np.arange(12).reshape(2, 2, 3)
weights = np.array([[1, 0, -1, 2], [0, 1, 1, 2], [1, 1, 0, 2]])  # 3 channels in, 4 filters
by_hand = np.stack([[pixel @ weights for pixel in row] for row in maps])
as_matrix = (maps.reshape(4, 3) @ weights).reshape(2, 2, 4)
for layer, kernel in [
    (layers.Conv2D(4, 1, use_bias=False), weights.reshape(1, 1, 3, 4)),
    (layers.Dense(4, use_bias=False), weights),
]:
    layer.build((None, 2, 2, 3))
    layer.set_weights([kernel])
    assert np.array_equal(layer(maps[None].astype("float32"))[0], by_hand)
assert np.array_equal(as_matrix, by_hand)
print("first pixel:", by_hand[0, 0].tolist(), " shape:", maps.shape, "to", by_hand.shape)

# %% [markdown]
# The slide says that a 1 × 1 convolution reduces the depth.
# It *can*: the depth that comes out is the number of filters, and this one raised it from 3 to 4.
# With as many filters as channels the depth is kept, and the layer, with its ReLU, mixes the channels (Lin and others, 2014, put such layers after each convolution).
# Reducing is its most famous use, because it saves work, as we now see.
#
# ## 8. The inception module
#
# Pooling or convolution?
# 1 × 1, 3 × 3 or 5 × 5?
# The **inception module** (Szegedy and others, 2015) takes all four side by side and stacks their maps.
# First the lecture's question.
# A map of 28 × 28 × 256 comes in, and a 3 × 3 convolution makes 192 maps of the same size.
# **Take a pencil:** how many values come out?
# How many multiplications does each need?
# How many in all?
# Then the same with a 1 × 1 convolution to 128 maps in between.

# %%
direct = counting.conv_multiplications((28, 28), kernel=3, channels_in=256, filters=192)
reduction = counting.conv_multiplications((28, 28), kernel=1, channels_in=256, filters=128)
after = counting.conv_multiplications((28, 28), kernel=3, channels_in=128, filters=192)
assert direct == (28 * 28 * 192) * (3 * 3 * 256) == 346_816_512
assert (reduction, after) == (25_690_112, 173_408_256)
print(f"directly:   {direct:,}")
print(f"by 1 × 1:   {reduction:,} + {after:,} = {reduction + after:,}")
print(f"saved:      {direct - reduction - after:,}, {1 - (reduction + after) / direct:.0%}")

# %% [markdown]
# As in the lecture: 347 million against 199 million.
# The detour is cheaper because the expensive 3 × 3 kernels meet half as many channels.
# In a running notebook the next figure has a slider for every number.
# **Predict** first: with how many 1 × 1 filters does the detour cost as much as it saves?
# And what changes with a kernel of 5 × 5?

# %%
widgets.cost_calculator(size=28, channels=256, kernel=3, filters=192, reduction=128)

# %% [markdown]
# Now the module.
# The four branches are joined along the channels.
# **Predict:** what happens if we forget the padding?

# %%
maps = layers.Input((28, 28, 192))
branches = [
    layers.Conv2D(64, 1)(maps),
    layers.Conv2D(128, 3)(maps),
    layers.Conv2D(32, 5)(maps),
    layers.MaxPooling2D(2)(maps),
]
try:
    layers.Concatenate()(branches)
except ValueError as error:
    message, shapes = str(error).split(" Received: ")
    print("ValueError:", message, shapes, sep="\n")

# %% [markdown]
# The branches must agree in height and width.
# `padding="same"` mends the convolutions.
# The pooling layer needs it too, *and* a stride of 1, or it would halve the map.
# This is the **naive** module.
# We put three of them one after another.
# **Predict:** how does the depth change, with 64 + 128 + 32 filters in each?

# %%
same = dict(padding="same", activation="relu")


def naive_module(maps, ones, threes, fives):
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(maps)
    branches = [
        layers.Conv2D(ones, 1, **same)(maps),
        layers.Conv2D(threes, 3, **same)(maps),
        layers.Conv2D(fives, 5, **same)(maps),
        pooled,
    ]
    return layers.Concatenate()(branches)


naive = maps
for _ in range(3):
    before, naive = naive, naive_module(naive, 64, 128, 32)
    work = model_counts.multiplications(keras.Model(maps, naive)) / 1e6
    print(f"depth {before.shape[-1]} to {naive.shape[-1]}: {work:,.0f} million multiplications so far")

# %% [markdown]
# The depth can only grow: the pooling branch hands on all channels that come in, and the others add theirs.
# Each module costs more than the one before.
#
# The **full module** puts 1 × 1 convolutions before the 3 × 3 and the 5 × 5, and *after* the pooling.
# Six numbers describe it, in the order of the paper's table.
# These are those of its first module, 3a.
# **Predict** the depth.


# %%
def inception_module(maps, filters):
    ones, reduce_threes, threes, reduce_fives, fives, after_pool = filters
    few, fewer = layers.Conv2D(reduce_threes, 1, **same)(maps), layers.Conv2D(reduce_fives, 1, **same)(maps)
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(maps)
    branches = [
        layers.Conv2D(ones, 1, **same)(maps),
        layers.Conv2D(threes, 3, **same)(few),
        layers.Conv2D(fives, 5, **same)(fewer),
        layers.Conv2D(after_pool, 1, **same)(pooled),
    ]
    return layers.Concatenate()(branches)


full = keras.Model(maps, inception_module(maps, (64, 96, 128, 16, 32, 32)))
naive = keras.Model(maps, naive_module(maps, 64, 128, 32))
for name, module in {"naive": naive, "full": full}.items():
    print(
        f"{name:5}: depth {module.output_shape[-1]}, {module.count_params():,} parameters, "
        f"{model_counts.multiplications(module):,} multiplications"
    )

# %% [markdown]
# Less than half of the work, and the depth is now ours to choose.
#
# ## 9. GoogLeNet
#
# **GoogLeNet**, or InceptionV1, is a stem of three convolutions, nine such modules with pooling in between, and a head.
# `models.googlenet` builds it from a table of six numbers a module, `models.GOOGLENET`.
# Its head averages each map to one number (see *[Pooling](lesson:pooling)*) and has a single dense layer.
# (The paper's local response normalisation, which has no parameters, is left out.)
# Beside our counts stand those of the paper's table 1.
# Our weights are given in units of 1,024, without biases; only so the paper's rows `conv2` and `linear` (here `predictions`) come out exactly.
# The code adds up the layers whose names begin alike: `3a_1x1`, `3a_3x3` and so on become row `3a`.
# **Look for** the rows that do not agree.

# %%
google = models.googlenet()
assert google.count_params() == 6_998_552
paper = pd.DataFrame(
    {
        "K": [2.7, 112, 159, 380, 364, 437, 463, 580, 840, 1072, 1388, 1000],
        "M": [34, 360, 128, 304, 73, 88, 100, 119, 170, 54, 71, 1],
    },
    index=["conv1", "conv2", "3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "predictions"],
)
rows = pd.DataFrame(model_counts.by_layer(google)).query("parameters > 0")
# without the biases, one a filter
rows["weights"] = [row.parameters - row.output_shape[-1] for row in rows.itertuples()]
stages = rows.groupby(rows.name.str.split("_").str[0], sort=False)[["weights", "multiplications"]].sum()
beside = pd.DataFrame(
    {
        "weights (K)": stages.weights / 1024,
        "paper (K)": paper.K,
        "mult. (M)": stages.multiplications / 1e6,
        "paper (M)": paper.M,
    }
).loc[paper.index]
print(beside.to_string(float_format="{:,.1f}".format))
print(
    f"all: {google.count_params():,} parameters, {stages.multiplications.sum() / 1e9:.2f} billion "
    f"multiplications; paper: {paper.M.sum() / 1000:.2f} billion"
)

# %% [markdown]
# Most rows agree within two per cent.
# `4c` and `5a` differ by more, and `conv1` does not fit its own description: 7 × 7 kernels on 3 channels, 64 of them, have 9,408 weights, 9.2 K and not 2.7, and 118 million multiplications, not 34.
# Chollet (2017) reports that Inception V1 began with a *separable* convolution: first 7 × 7 on each channel alone, then 1 × 1.
# With 8 maps for each channel it would have 7·7·3·8 + 24·64 = 2,712 weights and 34.0 million multiplications, which fits both numbers.
# For `4c` and `5a` we know no explanation.
# (During training, the paper's network has two more heads on the way, the *auxiliary* heads; they are removed afterwards, and are not counted here.)
#
# ## 10. Choosing a base
#
# The fourth lecture reuses bases that others have trained, and freezes them.
# VGG16 was prone to overfitting its pictures, so it takes InceptionV1.
# Is that because InceptionV1 has fewer parameters?
# **Predict:** with a frozen base and the lecture's head (6 units, then 1), how many parameters are trained in each case, for pictures of 128 × 128?
# Both bases halve the sides five times; VGG16 ends with 512 maps, GoogLeNet with 1,024.

# %%
shape = (128, 128, 3)
google_small = models.googlenet(shape)
bases = {
    "VGG16": keras.applications.VGG16(weights=None, include_top=False, input_shape=shape),
    "GoogLeNet": keras.Model(google_small.inputs, google_small.get_layer("5b").output),
}
for name, base in bases.items():
    height, width, depth = base.output_shape[1:]
    trained = [
        counting.dense_parameters(features, 6) + counting.dense_parameters(6, 1)
        for features in (height * width * depth, depth)
    ]
    print(
        f"{name}: base {base.count_params():,}; maps {height} × {width} × {depth}; "
        f"trained after Flatten {trained[0]:,}, after averaging {trained[1]:,}"
    )

# %% [markdown]
# GoogLeNet's base has well under half of VGG16's parameters.
# But a frozen base is not trained at all, so its size cannot overfit these pictures.
# What is trained is the head, and its size depends on the maps and on whether they are flattened or averaged.
# A smaller base that *is* trained has less to overfit with; with a frozen one, the features decide.
# The lecture's comparison shows that the other base did better on its pictures, not why.
# (Its InceptionV1 comes from TensorFlow Hub: a later version of the network, with batch normalization.)
# *[Feature extraction](lesson:feature_extraction)* measures this.
#
# ## 11. Time
#
# Multiplications are countable anywhere; time depends on the machine.
# Canziani and others found that operations predict it well.
# We add MobileNetV2, a network made for mobile phones, and take the median time for one picture, after a first call that compiles.
# **Predict:** is MobileNetV2 as many times faster than VGG16 as it has fewer multiplications?


# %% tags=["nbval-ignore-output"] reason="milliseconds differ from machine to machine"
def milliseconds(network, repeats=3):
    picture = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    network.predict_on_batch(picture)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        network.predict_on_batch(picture)
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))


mobile = keras.applications.MobileNetV2(weights=None)
timed = {"VGG16": big, "GoogLeNet": google, "MobileNetV2": mobile}
measured = {name: milliseconds(network) for name, network in timed.items()}
for name, value in measured.items():
    work = networks.multiplications[name] / 1e9
    print(
        f"{name:11} {work:5.2f} billion multiplications, {value:7.1f} ms a picture,",
        f"{value / work:5.0f} ms a billion",
    )

# %% [markdown]
# On a processor, VGG16 takes by far the longest.
# But if time followed the multiplications exactly, the last column would hold three equal numbers.
# A layer also needs time to start and to move its maps and weights through memory, and MobileNetV2 has many layers with little work in each.
# A graphics card does the work of a large layer in parallel, so there the differences can shrink or even vanish.
# If time matters, measure it on the machine that will do the work.
#
# ## 12. The numbers
#
# First the verdicts.
# Bands for trained numbers belong to the default settings and are wide: they say whether the network learned, not which seed was lucky.

# %%
bands = {
    "three convolutions, training accuracy": (custom_train, 0.70, 1.0),
    "three convolutions, best validation accuracy": (custom_best, 0.54, 0.80),
    "six convolutions, training accuracy": (deeper_train, 0.65, 1.0),
    "six convolutions, best validation accuracy": (deeper_best, 0.52, 0.80),
}
settings = (DATASET, IMAGE_SIZE, N_TRAIN, EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED)
default = settings == ("toy_pets", 48, None, 5, 16, 0.006, 0)
for name, (value, low, high) in bands.items():
    inside = "yes" if low <= value <= high else "no"
    print(f"{name}: inside its band: {inside if default else 'no band for these settings'}")
slowest = max(measured, key=measured.get) == "VGG16"
print("VGG16 takes the most time of the three:", "yes" if slowest else "not on this machine")

# %% [markdown]
# And the numbers themselves, recorded for the course's reports.
# The lecture gives none for its own network but "several points".

# %% tags=["nbval-ignore-output"] reason="trained numbers and milliseconds"
results.compare(
    "architectures",
    custom_train_accuracy=custom_train,
    custom_best_val_accuracy=custom_best,
    custom_units_alive=custom_alive,
    deeper_train_accuracy=deeper_train,
    deeper_best_val_accuracy=deeper_best,
    deeper_units_alive=deeper_alive,
    vgg16_parameters=int(vgg.parameters.sum()),
    googlenet_parameters=google.count_params(),
    vgg16_ms=measured["VGG16"],
    googlenet_ms=measured["GoogLeNet"],
    mobilenetv2_ms=measured["MobileNetV2"],
)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("architectures")

# %% [markdown]
# ### 1 · The largest layer
#
# **Recall.**
# How many parameters, weights and biases, has VGG16's fc1, the dense layer of 4,096 units after the base?
# How many would it have after global average pooling instead of flattening?

# %%
flattened = ...
averaged = ...
ex.fc1_parameters.check([flattened, averaged])

# %% [markdown]
# ### 2 · The lecture's sums
#
# **By hand.**
# A map of 28 × 28 × 256 comes in, and a *5 × 5* convolution makes 96 maps of the same size.
# Count the multiplications directly, then with a 1 × 1 convolution to 32 maps in between (both steps together).
# Last: for the lecture's 3 × 3 example of section 8, from 256 to 192 maps, what is the smallest number of maps in between with which the detour needs *more* multiplications than the direct way?

# %%
directly = ...
with_detour = ...
dearer_from = ...
ex.inception_sums.check([directly, with_detour, dearer_from])

# %% [markdown]
# ### 3 · Small kernels only
#
# **Code.**
# Two 3 × 3 convolutions in a row see 5 × 5 pixels of the map before them.
# So a later version of GoogLeNet puts them in the place of the 5 × 5 (Szegedy and others, 2016).
# Write this module: four branches, all from `maps`, joined along the channels.
#
# - 1 × 1 to `ones` maps;
# - 1 × 1 to `reduce_threes` maps, then 3 × 3 to `threes`;
# - 1 × 1 to `reduce_twice` maps, then 3 × 3 to `twice`, then again 3 × 3 to `twice`;
# - max pooling over 3 × 3 with stride 1, then 1 × 1 to `after_pool` maps.
#
# Each convolution has biases and a ReLU, and the size is kept.
# `maps` is a Keras tensor such as `layers.Input((28, 28, 192))`; the function returns the tensor that comes out.
# With `filters = (64, 96, 128, 16, 32, 32)` its shape is `(None, 28, 28, 256)`.


# %%
def small_kernel_module(maps, filters):
    ones, reduce_threes, threes, reduce_twice, twice, after_pool = filters
    return ...


ex.small_kernel_module.check(small_kernel_module)

# %% [markdown]
# ### 4 · The lecture's deeper convnet
#
# **Code.**
# Build the network of section 3 for two classes, as a function of the shape of a picture, such as `(128, 128, 3)`.
# It returns the network, Sequential or functional, not compiled.
# The pixels come already centred, so there is no `Rescaling`.
#
# | part | layers |
# | --- | --- |
# | block 1 | one convolution, 32 filters of 5 × 5; max pooling |
# | block 2 | two convolutions, 64 filters of 3 × 3; max pooling |
# | block 3 | three convolutions, 128 filters of 3 × 3; max pooling |
# | head | flatten; 6 units with ReLU; dropout with rate 0.2; one unit with sigmoid |
#
# All convolutions keep the size and have a ReLU; the pooling windows are 2 × 2 with stride 2.


# %%
def deeper_convnet(shape):
    return ...


ex.deeper_convnet.check(deeper_convnet)

# %% [markdown]
# ### 5 · Any VGG
#
# **Code.**
# Write a function that counts the parameters of a VGG, without building it.
# It takes a table of pairs (filters, convolutions), one a block, like `VGG16` of section 5.
# The pictures have 224 × 224 × 3 numbers; each block ends with pooling 2 × 2; the head flattens and has 4,096, 4,096 and 1,000 units.
# `vgg_parameters(VGG16)` must return 138357544.
# **Predict** VGG19's number: it has four convolutions in each of its last three blocks.


# %%
def vgg_parameters(table):
    return ...


ex.vgg_parameters.check(vgg_parameters)

# %% [markdown]
# ### 6 · What fits into an app
#
# **Design.**
# An app may hold at most 10 million parameters and spend at most 1 billion multiplications a picture.
# Which networks of the table `networks` (section 6) qualify?
# Answer with a list of their names.

# %%
qualified = ...
ex.app_networks.check(qualified)

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 7. **Build the deeper convnet.**
#    Move the dropout in front of the six units, and try rates of 0, 0.2 and 0.5, with three seeds each.
#    Report the mean and the spread, not the best run.
# 8. **Measure.**
#    Train with Keras's default `epsilon`, and with pixels from 0 to 1 instead of −1 to 1.
#    How many of the six units are alive after training, for five seeds?
# 9. **Design.**
#    Which of the networks of exercise 6 do you take for the app, and what do you measure before you decide?
#
# ## Summary
#
# - The base finds features, the head decides.
#   In VGG16 the first dense layer holds 74 % of the parameters, and the convolutions do 99 % of the work.
# - A network of blocks can learn few pictures by heart.
#   Judge a remedy by a difference that is larger than luck.
# - A narrow ReLU layer can die; Adam's large ε takes smaller steps, above all at the start.
# - A 1 × 1 convolution is a dense layer at each pixel.
#   It can lower, keep or raise the depth; lowering it before large kernels saves work.
# - An inception module stacks branches of equal height and width.
#   GoogLeNet has 6,998,552 parameters, VGG16 138,357,544.
# - Time follows multiplications only roughly: measure it.
#
# ## References
#
# - K. Simonyan and A. Zisserman, *Very deep convolutional networks for large-scale image recognition* (VGG), ICLR 2015, arXiv:1409.1556.
# - C. Szegedy and others, *Going deeper with convolutions* (GoogLeNet), CVPR 2015, arXiv:1409.4842.
# - C. Szegedy and others, *Rethinking the inception architecture for computer vision*, CVPR 2016, arXiv:1512.00567.
# - M. Lin, Q. Chen and S. Yan, *Network in network*, ICLR 2014, arXiv:1312.4400.
# - A. Canziani, A. Paszke and E. Culurciello, *An analysis of deep neural network models for practical applications*, 2016, arXiv:1605.07678.
# - F. Chollet, *Xception: deep learning with depthwise separable convolutions*, CVPR 2017, arXiv:1610.02357.
# - M. Sandler and others, *MobileNetV2: inverted residuals and linear bottlenecks*, CVPR 2018, arXiv:1801.04381.
# - D. Kingma and J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, arXiv:1412.6980.
# - N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, Journal of Machine Learning Research 15, 2014.
#
# In *[Checkpointing](lesson:checkpointing)*, ShallowVGG is trained too long, and its best epoch is kept.
