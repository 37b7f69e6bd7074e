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
# # Feature extraction
#
# How a network that was trained on more than a million photographs lends its features to a task with a few hundred pictures, and what can go wrong on the way.
#
# After this lesson you can
#
# - say what a pretrained base is, and choose one by accuracy, size and work;
# - compute a base's features once, store them, and train a head on them in seconds;
# - put a frozen base inside a model, and check what is trained and what is not;
# - decide from which layer to take features, for pictures close to ImageNet and far from it;
# - feed a base the pixels that it was trained with, and keep its batch normalisation in inference mode.
#
# **You need:** [Architectures](lesson:architectures), [Augmentation](lesson:augmentation) · **Time:** about 60 minutes to read, about a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class; `IMAGE` may be the path of a picture of your own.
# `BASE` is the pretrained network: `efficientnet_lite0` comes with the course; the others (`vgg16`, `resnet50`, `mobilenet_v2`, …) are downloaded on first use.

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
BASE: str = "efficientnet_lite0"  # a name in pretrained.BASES
IMAGE_SIZE: int = 96  # pixels a side for the base, 32 to 224; small pictures are enlarged
N_TRAIN: int | None = None  # training images, from one a class; None: all
EPOCHS: int = 8  # passes over the stored features, 1 to 100; the lecture: 30
EPOCHS_INSIDE: int = 2  # passes with the base inside the model, 1 to 100
EPOCHS_SCRATCH: int = 16  # passes of the augmented network of Augmentation, 1 to 100; half of them without
BATCH_SIZE: int = 20  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.00002  # of RMSprop for the head, as in the lecture
LEARNING_RATE_LARGER: float = 0.0002  # to compare with, 0.00001 to 0.01
SEED: int = 0  # weights, order of the images, augmentation; 0 or more

# %%
import math
import re
import time
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from course_utils import (
    augment,
    counting,
    datasets,
    exercises,
    features,
    model_counts,
    models,
    paths,
    plots,
    pretrained,
    results,
    runtime,
    training,
)

with runtime.quiet():
    import keras
    from keras import layers

plots.set_style()
training.check_settings(SEED=SEED)
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## 1. The question: must every network begin at zero?
#
# *[Augmentation](lesson:augmentation)* trained a network on 400 pictures of toy pets.
# It first had to find out what an edge is, then what an ear is, from these 400 pictures alone.
# We train it again, at its 48 × 48 pixels, as it is and with augmentation, and now also look at the clock.
# **Predict:** how many seconds does it take, and how far does it get?

# %%
small = datasets.load_arrays(DATASET, size=48, seed=SEED, train=N_TRAIN).posed()
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
labels, unseen_labels = data.splits["train"][1], data.splits["validation"][1]
training.check_settings(
    images=len(labels),
    EPOCHS=EPOCHS,
    EPOCHS_INSIDE=EPOCHS_INSIDE,
    EPOCHS_SCRATCH=EPOCHS_SCRATCH,
    BATCH_SIZE=BATCH_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    LEARNING_RATE_LARGER=LEARNING_RATE_LARGER,
    IMAGE_SIZE=IMAGE_SIZE,
)
pretrained.preprocessing_of(BASE)  # refuses a name that it does not know, before anything is trained
last = models.head_for(len(data.classes))
print(data)

# %% [markdown]
# As before, the validation and test pets show other poses than the training pets, which is a shift, not overfitting.
#
# `Clock` is a callback (see *[Checkpointing](lesson:checkpointing)*) that notes the seconds after each epoch.
# `train` is the same for every model of this lesson.


# %%
class Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.start, self.seconds = time.perf_counter(), []

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def train(model, inputs, unseen_inputs, epochs, rate, name):
    model.compile(optimizer=keras.optimizers.RMSprop(rate), loss=last.loss, metrics=["accuracy"])
    clock = Clock()
    history = model.fit(
        inputs,
        labels,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        verbose=0,
        validation_data=(unseen_inputs, unseen_labels),
        validation_batch_size=50,
        callbacks=[clock, training.progress(epochs, name)],
    ).history
    return history | {"seconds": clock.seconds}


def from_scratch(*before):
    keras.utils.set_random_seed(SEED)
    shape = small.splits["train"][0].shape[1:]
    return keras.Sequential(
        [
            layers.Input(shape),
            *before,
            layers.Rescaling(1 / 127.5, offset=-1),
            models.three_block_convnet(shape, len(small.classes)),
        ]
    )


# %% [markdown]
# Both networks are judged after each epoch on the validation pictures.
# Without augmentation half the epochs are enough: *Augmentation* showed that after them only the training accuracy goes on rising.

# %%
moves = dict(rotation=30, shift=0.1, zoom=0.2, shear=10, flip=True, seed=SEED)
small_images, small_unseen = (small.splits[split][0] for split in ("train", "validation"))
plain, augmented = from_scratch(), from_scratch(augment.RandomWarp(**moves))
half = max(1, EPOCHS_SCRATCH // 2)
histories = {
    "from scratch": train(plain, small_images, small_unseen, half, 0.001, "plain"),
    "from scratch, augmented": train(
        augmented, small_images, small_unseen, EPOCHS_SCRATCH, 0.001, "augmented"
    ),
}

# %% [markdown]
# The best epoch of each, and the seconds of all epochs:

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds differ from machine to machine"
for name, history in histories.items():
    print(
        f"{name:24} best validation accuracy {max(history['val_accuracy']):.3f}, "
        f"{history['seconds'][-1]:.1f} seconds"
    )

# %% [markdown]
# ## 2. Networks to borrow from
#
# A **pretrained network** is one that somebody has trained on a large data set, and saved.
# The data set is nearly always **ImageNet**, to be exact the part of it that was used in the competition of 2012: 1,281,167 photographs for training, 50,000 for validation and 100,000 for test (together the 1.4 million of the third lecture), in 1,000 classes.
# **Predict:** how many of the classes are animals, and how many of these are dogs?

# %%
names = pretrained.class_names()
print("first and last animal:", names[0], "and", names[397], "· the next class:", names[398])
print("first and last dog:", names[151], "and", names[268], "· dogs:", 268 - 151 + 1)
print("house cats:", ", ".join(names[281:286]))

# %% [markdown]
# 398 animals, 118 of them breeds of dogs; the other 602 classes are mostly things.
# There is no class "dog", and people come only as ballplayer, groom and scuba diver.
# (`names` is sorted by the numbers that WordNet gives to words, the usual order; animals come first in it.)
#
# The third lecture lists networks that Keras delivers with these weights.
# Today there are many more; here are those that this course loads by name.
# **Predict:** which is the most accurate for each megabyte?

# %%
known = pd.read_csv(paths.shipped("architectures.csv"), index_col="name").loc[
    [
        "VGG16",
        "VGG19",
        "ResNet50",
        "InceptionV3",
        "InceptionResNetV2",
        "Xception",
        "MobileNet",
        "MobileNetV2",
        "EfficientNetB0",
    ]
]
known["MB"] = (4 * known.parameters / 1e6).round().astype(int)  # float32: four bytes a parameter
known["top1/MB"] = (known.top1 / known.MB).round(2)
print(
    known[["year", "parameters", "MB", "input_size", "top1", "top5", "top1/MB"]].to_string(
        formatters={"parameters": "{:,}".format}
    )
)
print("most accurate for each megabyte:", known["top1/MB"].idxmax())

# %% [markdown]
# The accuracies are per cent of ImageNet's validation pictures, as published (`data/README.md` names the sources).
# `input_size` is the size of the pictures with which they were measured.
# MB are millions of bytes.
# VGG16, the lecture's choice, is among the least accurate, and only VGG19 is larger.
# It is still taught because it is so plain.
# The base that comes with this course is EfficientNet-Lite0, EfficientNetB0 made simpler for telephones: 4.7 million parameters, 75.1 % for pictures of 224 × 224 (its authors' README, see the references).
#
# ## 3. The base of VGG16, layer by layer
#
# To reuse a network we keep its **base**, the convolutions and pooling layers, and leave out its **head** (see *[Architectures](lesson:architectures)*).
# Keras calls that `include_top=False`.
# For the layer table we need no weights, so `weights=None` saves the download.
# The lecture's pictures have 150 × 150 pixels.
# **By hand:** what is the side of the map after each of the five pooling layers?
# How many parameters has the first convolution?

# %%
vgg = pretrained.load_base("vgg16", image_size=150, weights=None, preprocessing=False).model
rows = model_counts.by_layer(vgg)
for row in rows:
    print(f"{row.name:13} {row.output_shape!s:16} {row.parameters:10,}")
print(f"{'all':30} {vgg.count_params():10,}")

# %% [markdown]
# Does this agree with the lecture's table, and with the formulas?

# %%
lecture = [1792, 36928, 73856, 147584, 295168, 590080, 590080, 1180160, *[2359808] * 5]
assert [row.parameters for row in rows if row.parameters] == lecture
sides, shown = [150], [row.output_shape for row in rows if "pool" in row.name]
for _ in range(5):
    sides.append(counting.output_size(sides[-1], kernel=2, stride=2))
assert [shape[0] for shape in shown] == sides[1:] and shown[-1] == (4, 4, 512)
assert lecture[0] == counting.conv_parameters(3, channels_in=3, filters=64)
print("sides:", sides, "·", len(lecture), "convolutions,", f"{sum(lecture):,} parameters: as in the lecture")

# %% [markdown]
# The last map has the shape (4, 4, 512): 8,192 numbers for a picture.
# Of VGG16's 138 million parameters less than 15 million are in the base; the rest sat in the dense layers, as *Architectures* counted.
#
# The lecture says that without `input_shape` the network takes pictures of any size.
# This holds for the base only.
# A convolution slides over whatever comes; a dense layer on a flattened map has one weight for each position, so it takes one size only.
# With its top, VGG16 wants 224 × 224.
#
# ## 4. A photograph through a whole network
#
# From here on we use the network that `BASE` names.
# Before we cut its head off, let it say what it knows: five classes for one photograph.
# **Predict:** which name stands first, and does it say "cat" in all five?

# %%
network = pretrained.load_classifier(BASE, image_size=224)
photo = datasets.load_image(IMAGE)
square = keras.preprocessing.image.smart_resize(photo.pixels.astype("float32"), (224, 224))
top_five = pretrained.top_labels(network.model.predict(square[np.newaxis], verbose=0)[0])
print(f"{BASE}: {network.model.count_params():,} parameters, classes: {network.feature_shape[0]:,}")
print(f"{photo.name}, most probable first:", ", ".join(name for name, _ in top_five))

# %% [markdown]
# How sure is it?
# The bars show the probabilities.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=[1, 1.6])
plots.picture(square / 255, left, title=photo.name)
bars = right.barh([name for name, _ in top_five], [probability for _, probability in top_five])
right.bar_label(bars, fmt="%.2f", padding=3)
right.invert_yaxis()
right.set(title="The five most probable classes", xlabel="probability", xlim=(0, 1.1))
plots.show(
    figure,
    alt=(
        f"The photograph {photo.name}, cut to a square, and bars for the five classes that the network "
        f"finds most probable: {', '.join(name for name, _ in top_five)}."
    ),
)

# %% [markdown]
# It can only answer with its own 1,000 names, and it must always answer: the probabilities add up to 1 also for a picture of something else (try `IMAGE = "astronaut"`).
# That is the first reason to give away its head.
#
# ## 5. Features, once
#
# The base turns each picture into a stack of maps.
# The base does not learn, so these maps are the same in each epoch.
# So we compute them **once**, keep them, and train a small head on them.
#
# First the base itself.
# EfficientNet-Lite0 halves the side five times, as VGG16 does.
# It is made of blocks: a 1 × 1 convolution to more channels ("expand"), a 3 × 3 or 5 × 5 convolution of each channel alone ("depthwise"), and a 1 × 1 convolution back to few ("project"); where the shape stays, the block's input is added ("add").
# Behind each convolution stands **batch normalisation**: it subtracts each channel's mean, divides by its standard deviation, then multiplies by $\gamma$ and adds $\beta$.
# $\gamma$ and $\beta$ are trained; mean and variance are measured in training and stored (section 11).
# The last convolution is named `head_conv` by its authors, but belongs to the base.

# %%
start = time.perf_counter()
base = pretrained.load_base(BASE, IMAGE_SIZE)
load_seconds = time.perf_counter() - start
stages = {}
for row in model_counts.by_layer(base.model):
    stage = re.match(r"[a-z]*\d*", row.name)[0]  # block2a_expand_conv belongs to block2
    stages[stage] = row.output_shape, stages.get(stage, (None, 0))[1] + row.parameters
for stage, (shape, parameters) in stages.items():
    if parameters:  # the preprocessing has none
        print(f"{stage:10} ends with {shape!s:16} {parameters:10,} parameters")
print(f"the base: {base.model.count_params():,} parameters")

# %% [markdown]
# Now the features.
# The lecture computes them with a generator and a loop with a counter; a loop over slices is shorter and keeps the order.
# (`as_photographs` gives grey pictures their one channel three times, and enlarges small ones.)
# **Predict** how many numbers a picture becomes.

# %%
pictures = {
    split: pretrained.as_photographs(images, IMAGE_SIZE) for split, (images, _) in data.splits.items()
}
start = time.perf_counter()
by_hand = {
    split: np.concatenate(
        [
            base.model.predict_on_batch(pictures[split][place : place + 40].astype("float32"))
            for place in range(0, len(pictures[split]), 40)
        ]
    )
    for split in ("train", "validation")
}
feature_seconds = load_seconds + time.perf_counter() - start
print(
    "maps:",
    base.feature_shape,
    "=",
    f"{math.prod(base.feature_shape):,} numbers a picture,",
    f"from {math.prod(pictures['train'].shape[1:]):,} pixel values",
)

# %% [markdown]
# `features.extract` does the same, and stores the result in the course's cache, so that other lessons and later runs need not compute it again.
# It finds the maps by a hash of the pictures and of the base: if you change one of them, it computes anew.
# Do both ways agree?

# %%
maps = {split: by_hand.get(split) for split in pictures}
if "test" in pictures:
    maps["test"] = features.extract(base, pictures["test"])
some = pictures["validation"][:100]
assert np.allclose(features.extract(base, some), by_hand["validation"][:100], atol=1e-3)
megabytes = sum(values.nbytes for values in maps.values()) / 1e6
print(f"{sum(map(len, maps.values())):,} pictures, {megabytes:,.0f} MB of features: both ways agree")

# %% [markdown]
# Now the lecture's head: flatten, a dense layer of 256, dropout of 0.5, and the last layer; RMSprop with the small learning rate of 0.00002, batches of 20.
# (The lecture trains for 30 epochs; `EPOCHS` saves time.)
# **Predict:** how long does an epoch take?
# And what will a learning rate ten times as large change?


# %%
def head():
    keras.utils.set_random_seed(SEED)
    return keras.Sequential(
        [
            layers.Input(base.feature_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(last.units, activation=last.activation),
        ],
        name="head",
    )


slow, fast = head(), head()
assert slow.count_params() == (
    counting.dense_parameters(math.prod(base.feature_shape), 256) + counting.dense_parameters(256, last.units)
)
print(f"head: {slow.count_params():,} parameters")
histories["head on features"] = train(slow, maps["train"], maps["validation"], EPOCHS, LEARNING_RATE, "head")
larger = f"head, rate {LEARNING_RATE_LARGER:g}"
histories[larger] = train(fast, maps["train"], maps["validation"], EPOCHS, LEARNING_RATE_LARGER, larger)

# %% [markdown]
# In the legend, the number is the learning rate.
# Look at the accuracy first, then at the loss.

# %%
rates = {f"{LEARNING_RATE:g}": histories["head on features"], f"{LEARNING_RATE_LARGER:g}": histories[larger]}
plots.show(
    plots.curves(rates),
    alt=(
        f"Loss and accuracy of the head on stored features of {data.name} against the epoch, for two "
        "learning rates, dashed on training and solid on validation pictures."
    ),
)

# %% [markdown]
# The last epoch of each in numbers, and the time for an epoch:

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds differ from machine to machine"
for rate, history in rates.items():
    epochs, seconds = len(history["loss"]), history["seconds"][-1]
    print(
        f"rate {rate}: validation accuracy {history['val_accuracy'][-1]:.3f} after the last epoch, "
        f"loss {history['val_loss'][-1]:.3f}; {seconds / epochs:.2f} seconds an epoch"
    )

# %% [markdown]
# With toy pets, in most runs, both rates reach about the same accuracy, the larger one within its first epochs; but its validation curves jump from epoch to epoch, so the last epoch may be a bad one.
# The head has more parameters than any network that we have trained so far, and a few hundred pictures to learn from; small steps, stopped in time, are one way to keep it in check.
# Dropout and a smaller head are others.
# (An epoch takes no less time than one of the small network from scratch, because of these parameters; but the head needs fewer epochs.)
#
# There is an even smaller head.
# **Global average pooling** takes the mean of each map, so a picture becomes one number a channel, and a linear head on them has a closed solution, **ridge regression**: no learning rate, no epochs, no luck.
# It makes $\lVert X W - Y \rVert^2 + \lambda \lVert W \rVert^2$ smallest: small errors, with small weights.
# The rows of $X$ are the pooled features of the training pictures, less their mean; the rows of $Y$ have a 1 for the right class and 0 for the others, less the mean too:
#
# $$ W = X^\top \big( X X^\top + \lambda I \big)^{-1} Y . $$
#
# The class with the largest score wins.
# For $\lambda$ we take 0.3 times the mean of the diagonal of $X X^\top$.
# **Predict:** is this head better or worse than the dense one, which has about two thousand times as many weights?


# %%
def ridge_accuracy(inputs, targets, unseen_inputs, unseen_targets):
    mean, ones = inputs.mean(axis=0), np.eye(targets.max() + 1)[targets]
    X, Y = (inputs - mean).astype(float), ones - ones.mean(axis=0)
    products = X @ X.T
    penalty = 0.3 * np.trace(products) / len(X) * np.eye(len(X))
    W = X.T @ np.linalg.solve(products + penalty, Y)
    scores = (unseen_inputs - mean) @ W + ones.mean(axis=0)
    return float((scores.argmax(axis=1) == unseen_targets).mean())


start = time.perf_counter()
means = {split: values.mean(axis=(1, 2)) for split, values in maps.items()}
ridge = ridge_accuracy(means["train"], labels, means["validation"], unseen_labels)
ridge_seconds = time.perf_counter() - start
print(f"ridge regression: {means['train'].shape[1]:,} × {len(data.classes)} weights")

# %% [markdown]
# Its accuracy and its time, beside the best epoch of the dense head:

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds differ from machine to machine"
print(
    f"validation accuracy: ridge regression {ridge:.3f}, in {ridge_seconds:.2f} seconds; "
    f"dense head, best epoch {max(histories['head on features']['val_accuracy']):.3f}"
)

# %% [markdown]
# In most runs the two are about as good.
# What was hard has been done by the base; the head only reads it off.
#
# ## 6. Features with augmentation: the base inside the model
#
# Stored features cannot be augmented, because the base has seen each picture once, as it is.
# The other way puts the base *inside* the model: augmentation, base, head.
# Then each picture goes through the base in each epoch.
# The base must be **frozen**, or the large errors of a head that knows nothing yet would reach its weights (*[Fine-tuning](lesson:fine_tuning)* measures how strongly).
# **Predict** the two trainable counts, before and after freezing.


# %%
def trainable_count(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


inputs = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 3))
moved = augment.RandomWarp(**moves)(inputs)
inside = keras.Model(inputs, head()(base.model(moved)))
before = trainable_count(inside)
base.model.trainable = False  # freeze first, compile afterwards
after = trainable_count(inside)
resting = sum(math.prod(weight.shape) for weight in base.model.weights if "moving" in weight.path)
assert before == inside.count_params() - resting and after == slow.count_params()
print(f"all {inside.count_params():,}; trainable {before:,}, frozen base: {after:,}")
print(f"never trained by gradients, the means and variances of batch normalisation: {resting:,}")

# %% [markdown]
# What remains is the head, and nothing else.
# (What is trainable is fixed when training begins, after `compile`. Change `trainable` later, and you must compile again; *Fine-tuning* shows what happens otherwise.)
# Now the price.
# Each epoch is judged on the validation pictures, in both ways.
# **Predict:** by which factor is an epoch slower than one on stored features?

# %%
kept = [weight.copy() for weight in base.model.get_weights()]
histories["base inside, augmented"] = train(
    inside, pictures["train"], pictures["validation"], EPOCHS_INSIDE, LEARNING_RATE_LARGER, "base inside"
)
assert all(np.array_equal(old, new) for old, new in zip(kept, base.model.get_weights()))
print(f"the {len(kept)} arrays of the base are bit for bit what they were")

# %% [markdown]
# The base has not moved.
# Now the clock (the first epoch also prepares, so we look at the last ones):

# %% tags=["nbval-ignore-output"] reason="seconds depend on the machine"
stored_epoch = np.median(np.diff([0, *histories[larger]["seconds"]])[-5:])
inside_epoch = np.median(np.diff([0, *histories["base inside, augmented"]["seconds"]])[-1:])
print(f"features once {feature_seconds:.1f} seconds, then {stored_epoch:.2f} seconds an epoch")
print(
    f"base inside the model: {inside_epoch:.2f} seconds an epoch, "
    f"{inside_epoch / stored_epoch:.0f} times as long"
)
print(
    f"30 epochs, as in the lecture: {feature_seconds + 30 * stored_epoch:.0f} seconds "
    f"against {30 * inside_epoch:.0f}"
)

# %% [markdown]
# The lecture calls the second way very expensive, and offers it to those with a graphics card.
# It is worth trying when pictures are few and poses vary; first try the cheap way, and keep its result as the one to beat.
#
# ## 7. Accuracy against seconds
#
# All on one clock.
# For the heads on features, the seconds include loading the base and computing the features of the training and the validation pictures by hand; for the model with the base inside, loading it.
# **Predict** which curve is above the others, and from which second on.

# %% tags=["thumbnail"]
offsets = {
    "head on features": feature_seconds,
    larger: feature_seconds,
    "base inside, augmented": load_seconds,
}
figure, ax = plt.subplots(figsize=(8.5, 4.6))
for (name, history), marker in zip(histories.items(), "os^Dv"):
    ax.plot(
        offsets.get(name, 0) + np.array(history["seconds"]),
        history["val_accuracy"],
        marker=marker,
        markersize=5,
        linewidth=1.5,
        label=name,
    )
ax.plot(feature_seconds + ridge_seconds, ridge, "*", markersize=18, color="black", label="ridge regression")
ax.axvline(feature_seconds, color="0.6", linestyle=":", label="features are ready")
ax.set(
    title=f"{data.name}: accuracy against time",
    xlabel="seconds",
    ylabel="validation accuracy",
    xlim=(0, None),
    ylim=(None, 1.02),
)
figure.legend(loc="outside lower center", ncols=3)
plots.show(
    figure,
    alt=(
        f"Validation accuracy on {data.name} against seconds, a point an epoch: two networks from scratch, "
        "two heads on stored features, which begin when the features are ready, "
        "a star for ridge regression on them, and the frozen base inside a model."
    ),
)

# %% [markdown]
# The star stands far to the left for its height.
# Has it, as soon as it is computed, more than the augmented network ever reaches?

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds differ from machine to machine"
best = {name: max(history["val_accuracy"]) for name, history in histories.items()}
best["ridge regression"] = ridge
for name, accuracy in best.items():
    print(f"{name:24} {accuracy:.3f}")
to_beat = best["from scratch, augmented"]
scratch_seconds = histories["from scratch, augmented"]["seconds"][-1]
ready = feature_seconds + ridge_seconds
print(
    f"augmented from scratch: {to_beat:.3f}, in {scratch_seconds:.1f} seconds; "
    f"ridge regression on features: {ridge:.3f}, in {ready:.1f} seconds"
)

# %% [markdown]
# For toy pets, the course states in advance what must come out:

# %%
gain = best["head on features"] - best["from scratch"]
claims = {
    "the frozen base gains 0.10 or more": gain >= 0.10,
    "a head on features beats the augmented network": max(ridge, best["head on features"]) > to_beat,
    "and ridge regression was ready first": ready < scratch_seconds,
}
for claim, holds in claims.items():
    print(f"{claim}: {('no', 'yes')[holds] if DATASET == 'toy_pets' else 'stated for toy_pets only'}")

# %% [markdown]
# (These are the best of several epochs, on pictures that also chose the epoch. Section 12 judges on test pictures.)
# The training pets are all upright, and the base was trained on photographs; yet its features hold up when pets turn.
# Is the comparison fair?
# For *you*, yes.
# In work it is not: the base has cost days of computing on more than a million labelled photographs, only somebody else has paid.
# And it sees larger pictures than the small network.
#
# ## 8. How general are features?
#
# The third lecture claims: early layers find general things (edges, colours, textures), late layers special ones ("cat ear"); so for data that are very different from ImageNet, use only the first few layers.
# We test it.
# From the base we take the last layer of each map size, and the pixels themselves to compare with.
# Each map becomes its mean, one number a channel (**global average pooling**).
# One model gives them all.

# %%
taps = {layer.output.shape[1]: layer.name for layer in base.model.layers if len(layer.output.shape) == 4}
pooled = keras.Model(
    base.model.inputs,
    [layers.GlobalAveragePooling2D()(base.model.get_layer(name).output) for name in taps.values()],
)
for side, name in taps.items():
    channels = base.model.get_layer(name).output.shape[-1]
    print(f"{name:24} maps of {side:2} × {side:2}, channels: {channels:5,}")

# %% [markdown]
# The head must be the same for all layers, with no luck in it: the one of section 5.
# (A linear head that only reads off what a layer holds is called a **linear probe**.)
# **Closer** to ImageNet are your pictures (toy pets are cats and dogs, but drawn); **distant** are handwritten digits, enlarged.
# Of both we take at most 400 pictures for training and 200 for validation.
# **Predict** both curves from the first layer to the last.
# Where is the maximum of each?


# %%
def spread(images, count):  # validation pictures may be sorted by class: take them from all parts
    return np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)


def probed(some, split, count):
    """The pooled maps of all layers for some pictures of a data set, and their labels."""
    images, answers = some.splits[split]
    chosen = spread(images, count)
    inputs = pretrained.as_photographs(images[chosen], IMAGE_SIZE)
    return pooled.predict(inputs, batch_size=40, verbose=0), answers[chosen]


digits = datasets.load_arrays("digits", seed=SEED, train=400)
by_layer = {}
for name, some in {data.name: data, "digits": digits}.items():
    (known, targets), (new, new_targets) = probed(some, "train", 400), probed(some, "validation", 200)
    by_layer[name] = [
        ridge_accuracy(*maps, new_targets)
        for maps in ((layer, targets, new_layer) for layer, new_layer in zip(known, new))
    ]
print("measured:", ", ".join(f"{name} {len(scores)} layers" for name, scores in by_layer.items()))

# %% [markdown]
# Follow each curve to its right end.

# %%
figure, ax = plt.subplots(figsize=(8.5, 4.4))
for (name, scores), marker in zip(by_layer.items(), "os"):
    ax.plot(range(len(taps)), scores, marker=marker, label=name)
ax.set(
    title=f"A linear head on pooled features of {BASE}",
    ylabel="validation accuracy",
    ylim=(0, 1.05),
    xlabel="layer, from early to late",
    xticks=range(len(taps)),
    xticklabels=[
        *(name.replace("_relu", "").replace("_", "\n", 1) for name in list(taps.values())[:-1]),
        "last",
    ],
)
ax.legend(loc="lower right")
plots.show(
    figure,
    alt=(
        f"Validation accuracy of a linear head against the layer from which the features come, from the "
        f"pixels to the last layer of {BASE}: a curve each for {' and '.join(by_layer)}."
    ),
)

# %% [markdown]
# The same in numbers, with the best layer of each:

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
for name, scores in by_layer.items():
    print(
        f"{name:12}",
        " ".join(f"{score:6.3f}" for score in scores),
        f" best: {list(taps.values())[np.argmax(scores)]}",
    )
turn = by_layer["digits"]

# %% [markdown]
# Two questions decide about the lecture's claim:

# %%
print("digits: the best layer comes before the last:", np.argmax(turn) < len(turn) - 1)
print("digits: the best layer lies behind the first two sizes:", np.argmax(turn) > 2)

# %% [markdown]
# If both answers are true, the lecture's claim is half right for these digits: the *last* layer is not the best for them, but neither are the *first few*: edges alone, pooled over the whole picture, do not make a 7.
# The best place is in between.
# One explanation: the last layers add what is special to ImageNet, and drop fine strokes.
# For drawn pets the last layer is the best, in most runs.
# So treat the layer as a setting, and measure it; with stored features that takes seconds.
#
# Limits of this measurement: one distant data set, and 200 pictures to judge on; later layers have more channels, so their heads have more weights; and the mean forgets where things are, which costs early layers more, whose maps are large.
#
# ## 9. Why not keep the classifier too?
#
# The lecture gives two reasons.
# *First*, it is special to its classes.
# Here is what the whole network says to pictures of yours.
# **Predict:** which labels does it find?

# %% tags=["nbval-ignore-output"] reason="where two labels are nearly equal, rounding decides"
chosen = spread(unseen_labels, 40)
large = pretrained.as_photographs(data.splits["validation"][0][chosen], 224)
answers = network.model.predict(large, batch_size=20, verbose=0)
for label, name in enumerate(data.classes):
    found = Counter(
        pretrained.top_labels(answer, 1)[0][0] for answer in answers[unseen_labels[chosen] == label]
    )
    print(f"{name}: " + ", ".join(f"{kind} {count}" for kind, count in found.most_common(4)))

# %% [markdown]
# For toy pets, hardly ever a cat or a dog (the four most frequent labels are printed): its 1,000 answers do not fit drawings.
# But the 1,280 numbers before them differ enough between our cats and dogs for a new head.
# That is why we keep the base and drop the classifier.
#
# *Second*, the lecture says, it has lost where things are.
# Take the map of a picture and turn it upside down, with all its positions.
# **Predict:** by how much does the mean over all positions change, from which the network computes its answer?

# %%
one = maps["validation"][0]
turned = one[::-1, ::-1]
change = np.abs(one.mean(axis=(0, 1)) - turned.mean(axis=(0, 1))).max()
assert np.array_equal(one[0, 0], turned[-1, -1]) and change < 1e-5
print(
    f"{one.shape[0] * one.shape[1]} positions in reverse order; "
    "the mean over them changes by less than 0.00001"
)

# %% [markdown]
# Not at all, except for rounding: a mean does not know the order.
# What is left has no spatial *layout*; position survives only as far as some channels encode it, as they do near the zeros that pad the border.
# (VGG16 has dense layers on all positions in this place. So it can learn positions: in the competition of 2014, networks of this kind were trained to give boxes.)
# For "cat or dog" the mean is enough, and saves parameters.
# If you want to know *where* the cat is, take the maps.
#
# ## 10. The wrong preprocessing
#
# A network knows pixels only in the form with which it was trained, and each family has its own.
# Keras's functions for this are called `preprocess_input`, one a family.
# Look at the smallest and the largest value of our photograph after each.
# **Predict** which of them a division by 255 comes close to.

# %%
print(f"{photo.name}: pixels from {photo.pixels.min()} to {photo.pixels.max()}")
for name in dict.fromkeys(["vgg16", "inception_v3", BASE]):
    values = pretrained.preprocessing_of(name)(photo.pixels[np.newaxis])
    print(f"{name:20} from {values.min():7.2f} to {values.max():6.2f}, mean {values.mean():6.2f}")
grey = np.array([[[[123.68, 116.779, 103.939]]]])  # ImageNet's mean red, green and blue
assert np.allclose(pretrained.preprocessing_of("vgg16")(grey), 0, atol=1e-4)
red = pretrained.preprocessing_of("vgg16")(grey + [10, 0, 0])[0, 0, 0]
print("VGG16, 10 more red becomes", red.round(3).tolist())

# %% [markdown]
# InceptionV3's and our base's range, −1 to 1, is not far from 0 to 1; VGG16's is.
# VGG16 wants blue, green, red, in this order, each less ImageNet's mean, and not divided by anything: for any picture, at most from −123.7 to 151.1.
# The third lecture feeds it `rescale=1./255`, numbers from 0 to 1, in place of this.
# To VGG16 that is a picture of nearly one grey, with a 255th of the contrast that it knows.
# A head can still learn a little from it, and no error is raised, but it is wrong.
#
# We measure it with our base, whose own preprocessing for the embedded network is $(p - 127) / 128$.
# Two mistakes: 0…1 *in place of* it, which here only halves the contrast, because the network expects a range of 2; and a division by 255 *before* it, so that both happen, which leaves a 255th of the contrast, as in the lecture (but near black, where the lecture's is near grey).
# For each we train ridge regression on 200 pictures and judge on 200.
# **Predict:** what does each cost?

# %%
bare = pretrained.load_base(BASE, IMAGE_SIZE, preprocessing=False)
rows = {split: spread(pictures[split], 200) for split in ("train", "validation")}
fed = {split: np.float32(pictures[split][part] / 255) for split, part in rows.items()}
inputs = {
    "right": {split: means[split][part] for split, part in rows.items()},
    "0 to 1 in its place": {split: features.extract(bare, fed[split], pool=True) for split in fed},
    "divided before it": {split: features.extract(base, fed[split], pool=True) for split in fed},
}
cost = {
    name: ridge_accuracy(
        part["train"], labels[rows["train"]], part["validation"], unseen_labels[rows["validation"]]
    )
    for name, part in inputs.items()
}

# %% [markdown]
# The accuracies, and what the whole network calls the photograph of section 4 when its pixels are divided by 255 first:

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
for name, accuracy in cost.items():
    print(f"{name:20} validation accuracy {accuracy:.3f}")
divided = network.model.predict(square[np.newaxis] / 255, verbose=0)[0]
label, probability = pretrained.top_labels(divided, 1)[0]
print(
    f"the whole network on {photo.name}: {top_five[0][0]} ({top_five[0][1]:.2f}); "
    f"divided before: {label} ({probability:.2f})"
)

# %% [markdown]
# Is the drop more than luck?
# The standard error of an accuracy on 200 pictures is at most 0.035.

# %%
dropped = cost["right"] - cost["divided before it"]
verdict = ("no", "yes")[dropped >= 0.15] if DATASET == "toy_pets" else "stated for toy_pets only"
print(f"dividing twice costs 0.15 or more: {verdict}")

# %% [markdown]
# No error is raised in any of these cases, and training looks normal.
# The first mistake costs little or nothing here, so nobody would search for it; the second costs a lot, and still looks like a network that learns something.
# This is why the course makes preprocessing a part of the model: pixels from 0 to 255 go in, whatever the base.
# If you meet a base somewhere else, look up *its* function, use it for training, validation and use, and test it with one photograph whose label you know.
#
# ## 11. Batch normalisation must stay in inference mode
#
# `BatchNormalization` has two ways to work.
# In **training** it takes the mean and the spread of the batch at hand, and lets its stored averages follow.
# In **inference** it takes the stored averages and changes nothing.
# We ask the base for the features of one picture: alone and among others, in both modes.
# **Predict** in which cases they differ, and what happens to the averages.

# %%
base.model.trainable = True
sample = pictures["train"][: min(16, len(labels))].astype("float32")


def features_of_first(batch, mode):
    """Its features, and how many arrays of the base the call has changed (they are put back)."""
    kept = base.model.get_weights()
    given = keras.ops.convert_to_numpy(base.model(batch, training=mode))[0]
    shifted = sum(not np.array_equal(old, new) for old, new in zip(kept, base.model.get_weights()))
    base.model.set_weights(kept)
    return given, shifted


def differ(one, other):
    return bool(np.linalg.norm(one - other) > 0.01 * np.linalg.norm(other))


for mode in (False, True):
    (alone, shifted), (among, _) = features_of_first(sample[:1], mode), features_of_first(sample, mode)
    print(
        f"training={mode!s:5}: other than the stored ones: {differ(among, maps['train'][0])!s:5} · "
        f"alone other than among {len(sample)}: {differ(alone, among)!s:5} · arrays changed: {shifted}"
    )

# %% [markdown]
# In inference mode, a picture has the same features in any company, and the base stays as it is.
# In training mode the features of a picture depend on its neighbours in the batch, and each call moves the averages (two arrays for each such layer) towards our data, without any gradient.
# The weights behind them were made for the old ones; and in the late layers, whose maps are small, a batch of 20 estimates them poorly.
# VGG16 has no such layers.
#
# In Keras, `trainable = False` does two things for this layer: its weights are not trained, and it works in inference mode.
# **Predict** the last line.

# %%
base.model.trainable = False
among, shifted = features_of_first(sample, True)
changed = differ(among, maps["train"][0])
assert not changed and shifted == 0
print(f"frozen, training=True: other than the stored ones: {changed}, arrays changed: {shifted}")

# %% [markdown]
# Frozen, the base works in inference mode even in training, so the model of section 6 was safe.
# If it is unfrozen, these layers change too.
# Many texts advise to build the model with `base(x, training=False)` and to rely on that; in a functional or Sequential model of today's Keras 3 this is not enough, because `fit` overrides it.
# *[Fine-tuning](lesson:fine_tuning)* shows it, and what to do.
#
# ## 12. The numbers
#
# No choice was made with the test pictures, so we may use them once: for the lecture's head after its last epoch, and for the augmented network from scratch.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
numbers = dict(
    best_val_accuracy_scratch=best["from scratch"],
    best_val_accuracy_augmented=to_beat,
    best_val_accuracy_features=best["head on features"],
    val_accuracy_ridge=ridge,
    last_val_accuracy_features=histories["head on features"]["val_accuracy"][-1],
    best_val_accuracy_inside=best["base inside, augmented"],
    seconds_augmented=scratch_seconds,
    seconds_ridge=ready,
    feature_seconds=feature_seconds,
    epoch_factor_inside=inside_epoch / stored_epoch,
    digits_last_layer=turn[-1],
    digits_best_layer=max(turn),
    val_accuracy_wrong_preprocessing=cost["divided before it"],
)
if "test" in data.splits:
    for name, model, tested in [
        ("features", slow, maps["test"]),
        ("augmented", augmented, small.splits["test"][0]),
    ]:
        numbers[f"test_accuracy_{name}"] = model.evaluate(tested, data.splits["test"][1], verbose=0)[1]
else:
    print(f"{data.name} has no test pictures: the validation accuracies are all there is, a little too good")
results.compare("feature_extraction", **numbers)

# %% [markdown]
# "Our full run" was made with photographs, `cats_vs_dogs` at 224 × 224: harder than drawings for a small network, easier for the base.
# The third lecture gives no accuracies in words, so its column is empty.
# Its set-up has 2,000 photographs of cats and dogs for training and 1,000 each for validation and test, VGG16 at 150 × 150, and the wrong preprocessing.
# Where you can download VGG16's weights, `DATASET = "cats_vs_dogs"`, `BASE = "vgg16"` and `IMAGE_SIZE = 150` repeat it with the right one.
#
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("feature_extraction")

# %% [markdown]
# ### 1 · What changes?
#
# **Recall.**
# A head (dense layers) is trained with RMSprop on *stored* features of a base.
# Which of these change during the training?
#
# - a: the kernels of the base
# - b: scale and shift of the base's batch normalisation
# - c: the moving averages of the base's batch normalisation
# - d: the kernels of the head
# - e: the biases of the head
# - f: the stored features
# - g: what RMSprop remembers about earlier gradients
#
# Answer with letters in quotes, such as `"abc"`.

# %%
letters = ...
ex.what_changes.check(letters)

# %% [markdown]
# ### 2 · The lecture's head on larger pictures
#
# **By hand.**
# VGG16's base gets pictures of 224 × 224.
# What is the side of its last map (it has 512 channels)?
# How many parameters has the lecture's head for cats and dogs on it: `Flatten`, a dense layer of 256, dropout, one sigmoid unit?
# And how many, if `GlobalAveragePooling2D` stands in the place of `Flatten`?

# %%
side = ...
flat = ...  # parameters of the head with Flatten
pooled = ...  # parameters of the head with GlobalAveragePooling2D
ex.vgg_head.check([side, flat, pooled])

# %% [markdown]
# ### 3 · Features, batch by batch
#
# **Code.**
# The lecture fills an array in a loop that counts batches, and has to end it with `break`.
# Write `extract(compute, pictures, batch_size)` so that nothing can go wrong:
#
# - `compute(batch)` gives the features of a batch of pictures, an array with one row a picture, as `base.model.predict_on_batch` does;
# - `pictures` is an array of shape (count, height, width, 3); its length need not be a multiple of `batch_size`.
#
# It returns one array with the features of all pictures, in their order.
# No batch may hold more than `batch_size` pictures, and there should be no more batches than necessary: for 7 pictures and a `batch_size` of 3, `compute` gets 3, 3 and 1.


# %%
def extract(compute, pictures, batch_size):
    return ...


ex.extract.check(extract)

# %% [markdown]
# ### 4 · The smallest head
#
# **Code.**
# Write `pooled_head(feature_shape, classes)`.
# It returns a Keras model (Sequential or functional, not trained, not compiled) that takes features of the shape `feature_shape`, a tuple (height, width, channels) without the number of pictures, computes the mean of each map, and has one dense layer with softmax behind it, with bias.
# For example, `pooled_head((4, 4, 1280), 3)` has 3,843 parameters.


# %%
def pooled_head(feature_shape, classes):
    return ...


ex.pooled_head.check(pooled_head)

# %% [markdown]
# ### 5 · The pixels that VGG16 knows
#
# **Code.**
# Write `vgg_pixels(pictures)` with NumPy, without `preprocess_input`.
# `pictures` has the shape (count, height, width, 3), the channels red, green, blue, and values from 0 to 255, as `uint8` or as `float32`.
# It returns what section 10 says that VGG16 wants: blue, green, red, and ImageNet's mean subtracted from each (red 123.68, green 116.779, blue 103.939).
# For example, a pixel `[255, 0, 0]` becomes `[-103.939, -116.779, 131.32]`.
# The array that is given must stay as it is.


# %%
def vgg_pixels(pictures):
    return ...


ex.vgg_pixels.check(vgg_pixels)

# %% [markdown]
# ### 6 · Three hundred X-ray pictures
#
# **Design.**
# You have 300 grey X-ray pictures of chests, sick or healthy, some patients with several of them.
# Choose one letter each.
#
# - `start`: what do you try first? a: a large network from scratch · b: stored features of a pretrained base, and a small head · c: fine-tuning the whole base
# - `channels`: the base wants three. a: the grey three times · b: the grey as red, zeros for green and blue · c: a new random first convolution with one channel
# - `layer`: from which layer do the features come? a: from the last one · b: from the first few · c: from the one that is best on validation pictures
# - `augmentation`: a: mirroring left and right · b: small turns and shifts · c: turns by any angle · d: inverting the grey
# - `validation`: a: every fifth picture, taken at random · b: none, the training pictures are too few to spare any · c: all pictures of every fifth patient

# %%
plan = {"start": ..., "channels": ..., "layer": ..., "augmentation": ..., "validation": ...}
ex.xrays.check(plan)

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. **Explain.**
#    The lecture's loop fills `features[i * batch_size : (i + 1) * batch_size]` from a generator and stops at `sample_count`.
#    What would go wrong if the generator shuffled?
#    If the number of pictures were no multiple of 20?
#    What if the `break` were forgotten?
# 2. **Measure.**
#    Put `GlobalAveragePooling2D` in the place of `Flatten` in `head`.
#    How do parameters, seconds and accuracy change?
#    And without the layer of 256?
# 3. **Explain.**
#    Somebody exchanges red and blue for our base by mistake.
#    Which pictures suffer most?
#    Measure it with `pictures["train"][..., ::-1]` and `ridge_accuracy`, and explain why it costs so little here.
# 4. **Design.**
#    Go on with exercise 6: the pictures have 1,000 × 1,000 pixels.
#    Which base and which size would you try first, and in which order would you measure?
#
# ## Summary
#
# - A pretrained base turns pictures into features that were learnt from more than a million photographs.
#   Only a small head is left to train.
# - Without augmentation, compute features once and store them: an epoch of the head takes a fraction of a second.
#   With augmentation, the frozen base runs in each epoch.
# - Freeze, then compile, then count: trainable must be the head, and nothing else.
# - Early layers are general and late ones special.
#   For distant data the best layer is often neither the first nor the last; measure it.
# - The classifier knows other classes, and pooled features have no spatial layout.
# - Each base has its own preprocessing.
#   A wrong one raises no error.
# - Batch normalisation must stay in inference mode.
#   In a frozen base it does.
#
# ## References
#
# - F. Chollet, *Deep learning with Python*, Manning, 2017, section 5.3: the origin of the lecture's experiment.
# - O. Russakovsky and others, *ImageNet large scale visual recognition challenge*, International Journal of Computer Vision 115, 2015.
# - K. Simonyan and A. Zisserman, *Very deep convolutional networks for large-scale image recognition* (VGG), ICLR 2015.
# - M. Tan and Q. Le, *EfficientNet: rethinking model scaling for convolutional neural networks*, ICML 2019; TensorFlow, [EfficientNet-lite](https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite).
# - J. Yosinski, J. Clune, Y. Bengio and H. Lipson, *How transferable are features in deep neural networks?*, NIPS 2014: the question of section 8, asked thoroughly.
# - Keras, [Transfer learning and fine-tuning](https://keras.io/guides/transfer_learning/): freezing, and batch normalisation.
#
# In *[Fine-tuning](lesson:fine_tuning)*, the last layers of the base learn our pictures too.
