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
# # Fine-tuning
#
# How to let the top of a pretrained network adapt to your pictures, carefully: head first, a few blocks, small steps, and proof of what has moved.
#
# After this lesson you can
#
# - fine-tune in five steps, and say why the head must be trained first;
# - unfreeze a network from a named layer on, recompile, and check which weights moved and which did not;
# - keep BatchNormalization at rest, and say why `training=False` is not enough for it;
# - choose a learning rate and the number of blocks by measuring;
# - compare training from scratch, a frozen base and a fine-tuned one, say how sure the differences are, and use the best on a picture of your own.
#
# **You need:** [Checkpointing](lesson:checkpointing), [Augmentation](lesson:augmentation), [Feature extraction](lesson:feature_extraction) · **Time:** about 50 minutes to read, about a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class; `IMAGE` may be the path of a picture of your own.
# `BASE` may also be `"vgg16"` with `FIRST_UNFROZEN = "block5_conv1"`, as in the lecture; its weights are then downloaded.

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
BASE: str = "efficientnet_lite0"  # also vgg16, vgg19, efficientnet_b0 (these are downloaded)
FIRST_UNFROZEN: str = "block6a_expand_conv"  # first layer of a block: the layers before it stay frozen
IMAGE_SIZE: int = 96  # pixels a side as the base gets them, 64 to 224
N_TRAIN: int | None = None  # training images, from one a class; None: all
VARIATIONS: int = 2  # augmented versions of each training image, 1 to 10
FLIP: bool = True  # mirror every second of them or not (for digits: not)
EPOCHS: int = 2  # of fine-tuning, 1 to 50; each passes over all variations
EPOCHS_HEAD: int = 15  # of training the head on the frozen base, 1 to 100
EPOCHS_SCRATCH: int = 10  # of training a network from scratch, for comparison, 1 to 100
BATCH_SIZE: int = 20  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.0002  # of Adam, for fine-tuning, 0.00001 to 0.01
LEARNING_RATE_HEAD: float = 0.001  # of Adam, for the head and from scratch, 0.0001 to 0.01
SEED: int = 0  # weights, order of the images, augmentation; 0 or more

# %%
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import (
    augment,
    checks,
    counting,
    datasets,
    exercises,
    features,
    models,
    plots,
    pretrained,
    results,
    runtime,
    training,
)

with runtime.quiet():
    import keras
    import tensorflow as tf
    from keras import layers

plots.set_style()
tf.get_logger().setLevel("ERROR")  # no advice against building many networks, as this lesson does
Path("output").mkdir(exist_ok=True)

# %% [markdown]
# ## 1. The question: what if the features do not quite fit?
#
# *[Feature extraction](lesson:feature_extraction)* used a network as it came from ImageNet, **frozen**: only a new head was trained.
# But ImageNet holds photographs, and our pictures may be something else.
# **Predict:** for which of the layers does that matter more, the early ones, which find edges and spots, or the late ones, which know parts of animals and things?

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
training.check_settings(
    images=len(data.splits["train"][1]),
    EPOCHS=EPOCHS,
    EPOCHS_HEAD=EPOCHS_HEAD,
    EPOCHS_SCRATCH=EPOCHS_SCRATCH,
    BATCH_SIZE=BATCH_SIZE,
    IMAGE_SIZE=IMAGE_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    LEARNING_RATE_HEAD=LEARNING_RATE_HEAD,
    SEED=SEED,
)
checks.whole("VARIATIONS", VARIATIONS, 1)
print(data)

# %% [markdown]
# The base wants colour pictures of `IMAGE_SIZE` × `IMAGE_SIZE`, so grey ones get their channel three times, and small ones are enlarged.
# Each training picture is augmented a few times in advance, by the warp known from *[Augmentation](lesson:augmentation)*.
# (The validation and test toy pets are turned, shifted or mirrored, the training ones are not, which is a shift, not overfitting.)

# %%
pictures = {
    split: pretrained.as_photographs(images, IMAGE_SIZE) for split, (images, _) in data.splits.items()
}
originals = pictures["train"]
labels = {split: numbers for split, (_, numbers) in data.splits.items()}
warp = augment.RandomWarp(rotation=30, shift=0.1, zoom=0.2, shear=10, flip=FLIP, seed=SEED)
varied = [keras.ops.convert_to_numpy(warp(originals, training=True)) for _ in range(VARIATIONS)]
pictures["train"] = np.concatenate(varied).astype("uint8")
labels["train"] = np.tile(labels["train"], VARIATIONS)

# %% [markdown]
# **Look** before you train: training pictures, below each of them its first variation, and in the last row validation pictures.


# %%
def spread(count):  # of validation pictures, which may be sorted by class: some from all parts
    return np.linspace(0, len(labels["validation"]) - 1, min(count, len(labels["validation"]))).astype(int)


numbers = [*labels["train"][:7], *labels["train"][:7], *labels["validation"][spread(7)]]
shown = [*originals[:7], *pictures["train"][:7], *pictures["validation"][spread(7)]]
plots.show(
    plots.pictures(shown, [data.classes[number] for number in numbers], columns=7, side=1.1),
    alt=(
        f"Pictures of {data.name}: upper row training, middle row the same augmented, lower row validation."
    ),
)
print(f"{len(labels['train']):,} training pictures, {VARIATIONS} from each")

# %% [markdown]
# ## 2. Five steps
#
# **Fine-tuning** means: train the head *and* the last layers of the base together, so that the most specialised features adapt a little to the new pictures.
# The third lecture's five steps, and how we do them:
#
# | step | in the third lecture | here |
# | --- | --- | --- |
# | 1 | add your own network on top of a pretrained base | `head` on `base` |
# | 2 | freeze the base | its features are computed once and stored, as in *[Feature extraction](lesson:feature_extraction)* |
# | 3 | train the part that you added | `head.fit` |
# | 4 | unfreeze some layers of the base | from `FIRST_UNFROZEN` on, **and compile again** |
# | 5 | train both together | with a **low learning rate** |
#
# The pieces, and the names that they have in this lesson:
#
# | pixels → | lower part of the base | → `cut_maps` → | `upper` part of the base | → `end_maps` → | `head` | → answer |
# | --- | --- | --- | --- | --- | --- | --- |
# | | never changes | stored | will be fine-tuned | | trained first | |
#
# `whole` is all of it, from pixels to the answer; `model` is `upper` and `head`, and gets stored maps.
#
# Step 1: the base, and the layer before the first one that will be unfrozen.
# Everything up to that layer will *never* change.
# **Predict** which share of the parameters lies above it.

# %%
base = pretrained.load_base(BASE, image_size=IMAGE_SIZE)
names = [layer.name for layer in base.model.layers]
if FIRST_UNFROZEN not in names[1:]:
    raise ValueError(
        f"FIRST_UNFROZEN must be a layer of {BASE}, such as {names[-3]!r}; got {FIRST_UNFROZEN!r}"
    )
last_frozen = names[names.index(FIRST_UNFROZEN) - 1]
upper = keras.Model(base.model.get_layer(last_frozen).output, base.model.output)
share = upper.count_params() / base.model.count_params()
print(f"the base: {base.model.count_params():,} parameters, {len(base.model.layers)} layers")
print(f"above {last_frozen}: {upper.count_params():,} parameters, {share:.0%}")
print(f"upper part: {upper.input_shape[1:]} -> {upper.output_shape[1:]}")

# %% [markdown]
# `upper` is a model of its own, cut out of the base: it begins with the output of `last_frozen`, and its layers **are** the base's layers, not copies.
# That saves much time.
# Below the cut nothing changes, so the maps there are computed once for each picture; only the upper part has to run again and again.
# (The price: each training picture has its `VARIATIONS`, and not a new one in every epoch.)

# %%
start = time.perf_counter()
cut_maps = {split: features.extract(base, pixels, layer=last_frozen) for split, pixels in pictures.items()}
end_maps = {split: upper.predict(maps, batch_size=40, verbose=0) for split, maps in cut_maps.items()}
seconds = {"frozen": time.perf_counter() - start}
assert upper.get_layer(FIRST_UNFROZEN) is base.model.get_layer(FIRST_UNFROZEN)
two_ways = base.model(pictures["validation"][:20].astype("float32")), end_maps["validation"][:20]
print("whole base and upper part agree:", np.allclose(*two_ways, atol=1e-3))

# %% [markdown]
# Steps 2 and 3: the head learns on the end maps, so the base is frozen in the strictest sense: it is not there.
# The head is small: the mean of each map, dropout, and one dense layer.
# (The lecture's head has a dense layer of 256 as well.)
# **Predict** its number of parameters, and its validation accuracy.


# %%
def new_head(seed=SEED):
    keras.utils.set_random_seed(seed)
    last = models.head_for(len(data.classes))
    return keras.Sequential(
        [
            layers.Input(base.feature_shape),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(last.units, last.activation),
        ]
    )


def compiled(model, rate):
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        metrics=["accuracy"],
        loss=models.head_for(len(data.classes)).loss,
    )
    return model


head = compiled(new_head(), LEARNING_RATE_HEAD)
print(f"the head: {head.count_params():,} parameters")

# %% [markdown]
# The accuracies of this lesson are all measured as in use, without dropout.

# %%
start = time.perf_counter()
head.fit(
    end_maps["train"],
    labels["train"],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS_HEAD,
    verbose=0,
    callbacks=[training.progress(EPOCHS_HEAD, "head on the frozen base")],
)
seconds["frozen"] += time.perf_counter() - start


def score(model, maps, split):
    return model.evaluate(maps[split], labels[split], batch_size=200, verbose=0)[1]


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
frozen = {split: score(head, end_maps, split) for split in ("train", "validation")}
print("frozen base:", ", ".join(f"{split} {value:.3f}" for split, value in frozen.items()))

# %% [markdown]
# This is the result to beat.
# (The test pictures wait until section 10.)
# We remember the weights of the base and of the head, because the next sections try several things, and each must start from the same place.
#
# ## 3. Why the head first
#
# A new head is random.
# Training pushes the error through it into the base: the base is asked to change so that a *random* head does better.
# How strongly, and in which direction?
# We measure the **gradient**, the derivative of the loss for each weight of the base, on validation pictures: behind three random heads, and behind the trained one.
# (Inside `with tf.GradientTape()` TensorFlow writes down each computation, so that `tape.gradient` can give derivatives afterwards.)
# **Predict** which gradients are larger, and whether two random heads ask for the same changes.


# %%
def attach(part, head):
    inputs = layers.Input(part.input_shape[1:])
    return keras.Model(inputs, head(part(inputs)))


def gradients(head):
    whole, kernels = attach(base.model, head), [w for w in base.model.weights if w.path.endswith("kernel")]
    loss = keras.losses.get(models.head_for(len(data.classes)).loss)
    with tf.GradientTape() as tape:
        answers = whole(pictures["validation"][spread(20)].astype("float32"))
        error = tf.reduce_mean(loss(labels["validation"][spread(20), None], answers))
    return [np.ravel(gradient) for gradient in tape.gradient(error, [w.value for w in kernels])]


start_base, start_head = base.model.get_weights(), head.get_weights()
by_random = [gradients(new_head((SEED + extra) % 2**32)) for extra in range(3)]
by_trained = gradients(head)

# %% [markdown]
# One number for each layer of the base: the length (norm) of its gradient.


# %%
def lengths(gradient):
    return np.array([np.linalg.norm(part) for part in gradient])


random_heads, trained_head = np.mean([lengths(one) for one in by_random], axis=0), lengths(by_trained)
figure, ax = plt.subplots(figsize=(8, 3.6))
ax.plot(random_heads, "o-", markersize=4, label="three random heads, mean")
ax.plot(trained_head, "s-", markersize=4, label="trained head")
ax.set(
    title="What reaches the base",
    xlabel="layer with a kernel, from the first to the last",
    ylabel="norm of the gradient",
    ylim=0,
)
ax.legend()
plots.show(
    figure,
    alt=(
        "The norm of the gradient for each layer of the base, behind random heads and behind the "
        "trained head."
    ),
)

# %% [markdown]
# The directions are compared by the cosine of the angle between two gradients, each taken as one long vector: 1 is the same direction, 0 a right angle.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
ratio = float(np.median(random_heads / trained_head))
first, second = (np.concatenate(one) for one in by_random[:2])
cosine = float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
print(f"random heads: gradients {ratio:.1f} times as large, in the median of the layers")
print(f"cosine between the gradients behind two random heads: {cosine:.2f}")

# %%
print("in more than half of the layers, random heads give larger gradients:", "yes" if ratio > 1 else "no")
print("two random heads ask for different changes (cosine below 0.9):", "yes" if cosine < 0.9 else "no")

# %% [markdown]
# With plain gradient descent a step is as long as its gradient is large.
# Adam divides by the gradient's recent size, so its first steps have about the same length behind either head; what a trained head improves there is their *direction*.
#
# ### Everything at once
#
# What happens if you unfreeze the whole base (except BatchNormalization, see section 6)?
# We train ten steps: behind a random head and behind the trained one, with the rate that the head was trained with, and behind the trained one with a very low rate.
# `start_again` puts base and head back, and empties the optimizer's memory (see *[Checkpointing](lesson:checkpointing)*).


# %%
def start_again(model, rate, head_weights=start_head):
    keras.utils.set_random_seed(SEED)  # the same order of pictures and the same dropout each time
    base.model.set_weights(start_base)
    head.set_weights(head_weights)
    for variable in model.optimizer.variables:  # what Adam remembers
        variable.assign(keras.ops.zeros_like(variable))
    model.optimizer.learning_rate = rate


def moved_share():
    """How far the base has moved: the change of all kernels as one vector, as a share of their length."""
    pairs = [(new - old, old) for new, old in zip(base.model.get_weights(), start_base) if old.ndim == 4]
    return np.sqrt(sum((change**2).sum() for change, _ in pairs) / sum((old**2).sum() for _, old in pairs))


for layer in base.model.layers:
    layer.trainable = not isinstance(layer, layers.BatchNormalization)
whole = compiled(attach(base.model, head), LEARNING_RATE_HEAD)

# %% [markdown]
# Every third validation picture judges, which saves time.
# **Predict** the order of the three accuracies, and in which of the three the base moves least.

# %%
ten_steps, some_of_them = slice(0, 10 * BATCH_SIZE), slice(None, None, 3)
low_rate, random_head = LEARNING_RATE / 20, new_head().get_weights()
at_once = {}
for rate, name, weights in [
    (LEARNING_RATE_HEAD, "random head", random_head),
    (LEARNING_RATE_HEAD, "trained head", start_head),
    (low_rate, "trained head", start_head),
]:
    start_again(whole, rate, weights)
    whole.fit(
        pictures["train"][ten_steps],
        labels["train"][ten_steps],
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=[training.progress(1, f"ten steps, rate {rate:g}, {name}")],
    )
    judged = whole.evaluate(
        pictures["validation"][some_of_them], labels["validation"][some_of_them], batch_size=200, verbose=0
    )[1]
    at_once[rate, name] = judged, moved_share()

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
answers = end_maps["validation"][some_of_them], labels["validation"][some_of_them]
head.set_weights(start_head)
frozen_there = head.evaluate(*answers, verbose=0)[1]
print(f"frozen base, trained head     {frozen_there:.3f}")
for (rate, name), (judged, moved) in at_once.items():
    print(f"rate {rate:<8g}{name:13}    {judged:.3f}   the base moved by {moved:.2%}")

# %%
high = max(judged for (rate, _), (judged, _) in at_once.items() if rate == LEARNING_RATE_HEAD)
print(
    "everything at once, at the head's rate, is worse than the frozen base:",
    "yes" if high < frozen_there else "no",
)

# %% [markdown]
# At the higher rate both networks are destroyed, in most runs down to guessing: a trained head does not protect the base from steps that are too long.
# At the low rate the base hardly moves, and the network stays about as good as it was.
# Ten steps show only this.
# That fine-tuning behind a random head distorts the features, so that the network is worse on other pictures, takes longer to show; Kumar and others (2022) did, and call the remedy LP-FT: first the head ("linear probing"), then fine-tuning.
# So: the head first, *and* a low rate.
#
# ## 4. Unfreezing from a named layer on
#
# The fifth block of VGG16 is the lecture's example, from `block5_conv1` on.
# (We need only the structure here, so `weights=None`.)
# The loop on its slide runs through the layers and switches on, when it meets the name.
# **Predict** the number of trainable parameters: three convolutions of 3 × 3, from 512 maps to 512.


# %%
def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


vgg = pretrained.load_base("vgg16", image_size=150, weights=None).model
vgg.trainable = True
set_trainable = False
for layer in vgg.layers:
    if layer.name == "block5_conv1":
        set_trainable = True
    layer.trainable = set_trainable
by_hand = 3 * counting.conv_parameters(3, 512, 512)
print(f"{count(vgg):,} of {vgg.count_params():,} parameters; by hand {by_hand:,}")

# %% [markdown]
# The short way says the same with one comparison: everything before the layer is frozen.


# %%
def unfreeze(model, first):
    start = [layer.name for layer in model.layers].index(first)
    model.trainable = True  # first the whole, then each layer
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= start


slide = [layer.trainable for layer in vgg.layers]
unfreeze(vgg, "block5_conv1")
assert [layer.trainable for layer in vgg.layers] == slide and count(vgg) == by_hand
print("both ways unfreeze the same layers: yes")

# %% [markdown]
# The line `model.trainable = True` matters.
# In the copy of the slide that we have, the second line reads `conv_base.trainable = False`, where `set_trainable = False` must stand; then the loop stops with a `NameError` at the first layer.
# And if somebody mends only that?
# **Predict** two counts: when the base itself is frozen, and its last layers are then switched on one by one; and when a base of which only the top is unfrozen is told once more `trainable = True`.

# %%
vgg.trainable = False
for layer in vgg.layers[-4:]:
    layer.trainable = True
says_so = sum(layer.trainable for layer in vgg.layers)
print(f"base frozen, then {says_so} layers switched on: {count(vgg):,} trainable parameters")
unfreeze(vgg, "block5_conv1")
vgg.trainable = True
print(f"top unfrozen, then the base once more:  {count(vgg):,} of {vgg.count_params():,}")
del vgg  # gives its memory back

# %% [markdown]
# A frozen model counts none of its layers' weights, whatever the layers say.
# And a model that is trainable already does not pass `True` on to its layers again (so it is with TensorFlow below Keras).
# So `unfreeze` sets the model *and* each layer.
# Count after unfreezing, always.
#
# Now the embedded base, from `FIRST_UNFROZEN` on.
# Two things must be equal: what is trainable in the whole base, and in its upper part (the same layers).
# **Predict** whether `count` gives all the parameters of the upper part.

# %%
unfreeze(base.model, FIRST_UNFROZEN)
assert count(base.model) == count(upper)
print(f"{count(upper):,} of {upper.count_params():,} parameters of the upper part are trainable")
norms = [layer for layer in upper.layers if isinstance(layer, layers.BatchNormalization)]
averages = sum(2 * layer.moving_mean.shape[0] for layer in norms)
print(f"{averages:,} are averages, of {len(norms)} BatchNormalization layers")
assert count(upper) + averages == upper.count_params()

# %% [markdown]
# The difference is the averages of BatchNormalization: the moving mean and the moving variance of each map.
# No gradient changes them; more about them in section 6.
#
# ## 5. Compile again, or nothing moves
#
# *Which* weights are trained is fixed when TensorFlow traces the first training step, that is, in the first `fit` after `compile`.
# A change of `trainable` afterwards is not noticed; `compile` throws the trace away.
# We show it with the last layer of the base that has a kernel: its part of the network is small, so this is fast.
# `from_layer` gives the part of the base from a layer on, and the maps that it gets.


# %%
def from_layer(first):
    base.model.set_weights(start_base)
    if first == FIRST_UNFROZEN:
        return upper, cut_maps
    before = base.model.get_layer(names[names.index(first) - 1]).output
    between = keras.Model(base.model.get_layer(last_frozen).output, before)
    maps = {split: between.predict(maps, batch_size=40, verbose=0) for split, maps in cut_maps.items()}
    return keras.Model(before, base.model.output), maps


def what_moved():
    now = zip(base.model.weights, base.model.get_weights(), start_base)
    return [weight.path for weight, new, old in now if not np.array_equal(new, old)]


last_kernel = [layer.name for layer in base.model.layers if hasattr(layer, "kernel")][-1]
tail, tail_maps = from_layer(last_kernel)
some = tail_maps["train"][:40], labels["train"][:40]
print(f"the tail begins with {last_kernel}: {tail.count_params():,} parameters")

# %% [markdown]
# Three times `fit`, a few steps each: frozen; unfrozen without compiling; unfrozen and compiled.
# **Predict** after each: how many parameters does the network *call* trainable, and how many arrays of the base have moved?


# %%
def report(model, what):
    training.prepare(model).fit(*some, batch_size=min(20, BATCH_SIZE), verbose=0)
    print(f"{what:28} trainable {count(model):9,}  moved: {len(what_moved())} arrays of the base")


base.model.trainable = False
tail_model = compiled(attach(tail, head), LEARNING_RATE)
report(tail_model, "frozen")
unfreeze(base.model, last_kernel)
report(tail_model, "unfrozen, not compiled again")
assert not what_moved()
report(compiled(tail_model, LEARNING_RATE), "unfrozen, compiled again")
print("moved:", ", ".join(what_moved()))

# %% [markdown]
# In the middle the count looks right, no error is raised, and the base moves by exactly 0.
# Whoever only looks at the accuracy believes that fine-tuning does not help.
# (With luck there is an error: a batch of a new size, such as a smaller last one, is traced anew, and then the optimizer says "Unknown variable".)
# So after a fine-tuning, look at what has moved: `what_moved` is short.
# It also shows something that we did not order: the two averages of BatchNormalization moved, although no gradient reaches them.
#
# ## 6. BatchNormalization stays at rest
#
# In training mode, BatchNormalization uses mean and variance *of the batch*, and moves its averages towards them.
# Then the answer for a picture depends on the pictures beside it, and the averages, measured on a million photographs, are pulled towards those of a few small batches.
# We call the upper part ourselves, for the same picture in two batches, in three ways: unfrozen with `training=False`, unfrozen with `training=True`, frozen with `training=True`.
# **Predict** the three answers.
# (A base without BatchNormalization, such as VGG16, gives the first answer each time.)

# %%
base.model.set_weights(start_base)
company = cut_maps["validation"][:8], cut_maps["validation"][-8:]


def independent(training):
    first = cut_maps["validation"][:1]
    answers = [
        keras.ops.convert_to_numpy(upper(np.concatenate([first, others]), training=training))[0]
        for others in company
    ]
    return np.allclose(*answers, atol=1e-3)


for kind, trainable, mode in [("unfrozen", True, False), ("unfrozen", True, True), ("frozen", False, True)]:
    upper.trainable = trainable
    print(
        f"{kind:9} training={mode!s:6} same answer in other company: {independent(mode)!s:6}",
        f"averages moved: {any('moving' in path for path in what_moved())}",
    )
    base.model.set_weights(start_base)
upper.trainable = True

# %% [markdown]
# So there seem to be two ways to keep it at rest: call the base with `training=False`, as the Keras guide to fine-tuning recommends, or freeze these layers: a *frozen* BatchNormalization layer rests even in training mode, which is special to this layer.
# Do both work in `fit`?
# We build the small network of section 5 with `training=False`, train two steps, and look.
# **Predict.**


# %%
def averages_moved(network):
    base.model.set_weights(start_base)
    training.prepare(compiled(network, LEARNING_RATE)).fit(*some, batch_size=min(20, BATCH_SIZE), verbose=0)
    return any("moving" in path for path in what_moved())


inputs = layers.Input(tail.input_shape[1:])
as_the_guide_says = keras.Model(inputs, head(tail(inputs, training=False)))
print("training=False, averages moved:", averages_moved(as_the_guide_says))
for layer in tail.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
print("layers frozen,  averages moved:", averages_moved(attach(tail, head)))

# %% [markdown]
# The first way **fails without a word**.
# `fit` tells every layer that it is training, and in the versions of Keras 3 that this course is tested with, this overrides the `training=False` with which a functional or Sequential model was built.
# (In Keras 2 the argument won, and much that is written comes from then. Called directly, as in the cell before, it is obeyed; and in a class of your own that passes it on in `call`, too.)
# So we freeze the layers.
# Their scale and shift then stay as well, which costs little.
# `unfreeze`, final version:


# %%
def unfreeze(model, first):
    start = [layer.name for layer in model.layers].index(first)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= start and not isinstance(layer, layers.BatchNormalization)


unfreeze(base.model, FIRST_UNFROZEN)
assert all("bn" not in weight.path for weight in upper.trainable_weights)
print(f"{count(upper):,} parameters will be trained, and the head's {head.count_params():,}")

# %% [markdown]
# Now everything is ready.
# The network that we fine-tune is the upper part with the head; it gets stored maps.
# Is it the same as the whole network of section 3, from pixels to answer?
# **Predict:** do their answers agree, from the same start, for a few batches?
# And after the last layer was changed by hand?

# %%
model = compiled(attach(upper, head), LEARNING_RATE)
start_again(model, LEARNING_RATE)
few = slice(0, 3 * BATCH_SIZE)
for change in (0.0, 0.1):
    head.set_weights([weights + change for weights in start_head])
    from_maps, from_pixels = (
        network(source["validation"][few].astype("float32"))
        for network, source in [(model, cut_maps), (whole, pictures)]
    )
    print("head changed by", change, " same answers:", np.allclose(from_maps, from_pixels, atol=1e-3))

# %% [markdown]
# They agree also after the change, because they share their layers.
# So whatever the fast network learns, the whole one knows too.
# (To train with new variations in every epoch, train the whole one, with the warp before it. It needs several times the time.)
#
# ## 7. A low learning rate
#
# The features are good already, and should only be adjusted.
# One pass over one variation of each training picture, from the same start and in the same order, with four rates, among them our `LEARNING_RATE`.
# **Predict** the best, and what the largest does.


# %%
def tune(model, maps, rate, name, images=None):
    start_again(model, rate)
    model.fit(
        maps["train"][:images],
        labels["train"][:images],
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=[training.progress(1, name)],
    )
    return score(model, maps, "validation")


del whole  # and all that was built to train it
one_variation = len(labels["train"]) // VARIATIONS
rates = {
    rate: tune(model, cut_maps, rate, f"rate {rate:g}", one_variation)
    for rate in sorted({1e-5, LEARNING_RATE, 1e-3, 1e-2})
}

# %% [markdown]
# `tune` changes the rate of a compiled network, which is allowed: the rate is a variable of the optimizer, unlike `trainable`.
# Here are the accuracies:

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
print(f"frozen       {frozen['validation']:.3f}")
for rate, value in rates.items():
    print(f"rate {rate:<7g} {value:.3f}")

# %%
best_rate = max(rates, key=rates.get)
print("a rate below the largest is the best:", "yes" if best_rate < max(rates) else "no")

# %% [markdown]
# The rate 0.01 destroys the features within one pass, in most runs down to guessing, trained head or not; 0.001, a usual rate for new networks, does so in some runs.
# Between the two lower rates, one pass over a few hundred pictures cannot decide: from seed to seed the order changes.
# A network may even be worse than the frozen one after the first pass, and better after the next (section 9), so judge a rate by its best epoch.
# The rule of thumb: at least ten times less than for training from scratch.
# The lecture trains even its head with 0.00002, with RMSprop.
#
# ## 8. How many blocks?
#
# The lecture's advice: unfreeze two or three layers at the top, because every further layer brings more parameters, and the danger of overfitting.
# The embedded base has many small layers, so we count in blocks, from the top (the first is its last convolution alone).
# Each number of blocks gets one pass over one variation, as in section 7, which has measured all blocks of the upper part already; with 0 blocks, only the head gets it.
# **Predict** the curve: does it go up, go down, or have a peak?

# %%
kernels = [layer.name for layer in upper.layers if hasattr(layer, "kernel")]
firsts = list({name.split("_")[0]: name for name in reversed(kernels)}.values())  # of each block
only_head = compiled(head, LEARNING_RATE)
only_head_accuracy = tune(only_head, end_maps, LEARNING_RATE, "blocks unfrozen: 0", one_variation)
tail, tail_maps = from_layer(firsts[0])
unfreeze(base.model, firsts[0])
candidate = compiled(attach(tail, head), LEARNING_RATE)
one_block = tune(candidate, tail_maps, LEARNING_RATE, "blocks unfrozen: 1", one_variation)
blocks = {0: (only_head_accuracy, head.count_params()), 1: (one_block, count(candidate))}
unfreeze(base.model, FIRST_UNFROZEN)
blocks[len(firsts)] = rates[LEARNING_RATE], count(model)

# %% [markdown]
# The bars are one standard error to each side.
# Below the points stand the trainable parameters.

# %% tags=["thumbnail"]
shares = np.array([accuracy for accuracy, _ in blocks.values()])
errors = np.sqrt(shares * (1 - shares) / len(labels["validation"]))
figure, ax = plt.subplots(figsize=(7, 3.8))
ax.errorbar(list(blocks), shares, yerr=errors, fmt="o", capsize=5)
ax.set(
    title="How many blocks to unfreeze",
    xlabel="blocks unfrozen, from the top, and trainable parameters",
    ylabel="validation accuracy",
    xticks=list(blocks),
    xticklabels=[f"{number}\n{parameters:,}" for number, (_, parameters) in blocks.items()],
)
ax.margins(x=0.1)
plots.show(
    figure,
    alt=(
        f"Validation accuracy on {data.name} against the number of unfrozen blocks, each with a bar of one "
        "standard error; below each number the trainable parameters."
    ),
)

# %% [markdown]
# On toy pets, after one pass, this measurement cannot say which number of blocks is best: with another `SEED` the order changes.
# And the bars hold only the luck in the choice of the pictures that judge; the luck in training (the order of the pictures, dropout) comes on top.
# So repeat such a comparison with several seeds before you believe it, and train to the best epoch (section 9).
# What to expect: the more your pictures differ from ImageNet, the more there is to win by unfreezing; the more pictures you have, the more blocks you can afford.
# A rule of thumb says where to begin; the measurement decides, and its error says how far.
# (It is made on validation pictures, so the choice belongs to the training; the test pictures are still untouched.)
#
# ## 9. The fine-tuned network
#
# All five steps together, in few lines.
# *[Visualizing what networks learn](lesson:visualizing_features)* will repeat them, so here is the recipe once more from the start: the head is trained (step 3, section 2), now come steps 4 and 5.
# `ModelCheckpoint` keeps the weights of the epoch with the lowest validation loss (see *[Checkpointing](lesson:checkpointing)*).

# %%
start = time.perf_counter()
unfreeze(base.model, FIRST_UNFROZEN)  # step 4, and compile after it
model = compiled(attach(upper, head), LEARNING_RATE)
start_again(model, LEARNING_RATE)
best = keras.callbacks.ModelCheckpoint(
    "output/fine_tuned.weights.h5",
    monitor="val_loss",
    mode="min",
    save_best_only=True,
    save_weights_only=True,
)
history = model.fit(
    cut_maps["train"],
    labels["train"],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,  # step 5
    validation_data=(cut_maps["validation"], labels["validation"]),
    verbose=0,
    callbacks=[best, training.progress(EPOCHS, "fine-tuning")],
).history
seconds["fine-tuned"] = seconds["frozen"] + time.perf_counter() - start

# %% [markdown]
# Which weights moved?
# **Predict:** is there an array of the lower part among them?
# Are all arrays of the upper part?
# (Section 6.)

# %%
allowed = {weight.path for layer in upper.layers for weight in layer.trainable_weights}
moved = set(what_moved())
print(f"moved: {len(moved)} arrays, of {len(allowed)} that may; others: {len(moved - allowed)}")
assert moved <= allowed
model.load_weights("output/fine_tuned.weights.h5")
loaded = model.evaluate(cut_maps["validation"], labels["validation"], batch_size=200, verbose=0)[0]
assert np.isclose(loaded, min(history["val_loss"]), rtol=1e-2)
print("loss of the loaded network equals the best epoch's: yes")

# %% [markdown]
# For use, we save the whole network, from pixels to the answer, in one `.keras` file: preprocessing included, so nobody can forget it.

# %%
whole = attach(base.model, head)
whole.save("output/fine_tuned.keras")
copy = keras.models.load_model("output/fine_tuned.keras")
few = pictures["validation"][:20].astype("float32")
print(
    "the saved network gives the same answers:",
    np.allclose(copy(few), whole(few), atol=1e-4),
)

# %% [markdown]
# ## 10. From scratch, frozen, fine-tuned
#
# For comparison, the small network of *[Augmentation](lesson:augmentation)* learns from nothing, with augmentation inside the model as there: a new variation in every epoch, at 48 × 48.
# **Predict** the order of the three on test pictures, and of their seconds.

# %%
small = {
    split: keras.ops.convert_to_numpy(keras.ops.image.resize(pixels.astype("float32"), (48, 48)))
    for split, pixels in {**pictures, "train": originals}.items()
}
keras.utils.set_random_seed(SEED)
body = models.three_block_convnet((48, 48, 3), len(data.classes))
rescale = layers.Rescaling(1 / 127.5, offset=-1)
scratch = compiled(keras.Sequential([layers.Input((48, 48, 3)), warp, rescale, body]), LEARNING_RATE_HEAD)
start = time.perf_counter()
scratch.fit(
    small["train"],
    labels["train"][: len(originals)],
    batch_size=BATCH_SIZE,
    epochs=EPOCHS_SCRATCH,
    verbose=0,
    callbacks=[training.progress(EPOCHS_SCRATCH, "from scratch")],
)
seconds["from scratch"] = time.perf_counter() - start

# %% [markdown]
# The test pictures are used here, once, after every choice has been made.
# The seconds of the frozen and the fine-tuned network include the features (which may have been stored by an earlier run, and then take no time), those of the fine-tuned one also steps 1 to 3.

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds differ from machine to machine"
judge = "test" if "test" in labels else "validation"
if judge == "validation":
    print(f"{data.name} has no test pictures: the validation accuracies are all there is, a little too good")


def scores_of(network, maps):
    return {split: score(network, maps, split) for split in ("validation", judge)}


frozen_head = compiled(new_head(), LEARNING_RATE_HEAD)
frozen_head.set_weights(start_head)
final = {
    "from scratch": (scores_of(scratch, small), count(scratch)),
    "frozen": (scores_of(frozen_head, end_maps), count(frozen_head)),
    "fine-tuned": (scores_of(model, cut_maps), count(model)),
}
print(f"{'':14}validation  {judge:>10}   trainable  seconds")
for name, (scores, parameters) in final.items():
    print(
        f"{name:14}{scores['validation']:10.3f}  {scores[judge]:10.3f}  {parameters:10,}",
        f"{seconds[name]:8.1f}",
    )

# %% [markdown]
# The comparison with "from scratch" is not a fair one: the others began with a million photographs, on larger pictures, and with another architecture.
# It is the choice that you have.
#
# How sure is the difference between the last two?
# Both were judged on the same $n$ pictures, so only those count on which they differ: $b$ that only the fine-tuned network gets right, and $c$ that only the frozen one does.
# The difference is $(b - c) / n$, and its **standard error** $\sqrt{b + c - (b - c)^2 / n} \; / \; n$.


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def right(network, maps):
    found = network.predict(maps[judge], batch_size=200, verbose=0)
    return (np.ravel(found > 0.5) if found.shape[1] == 1 else found.argmax(axis=1)) == labels[judge]


by_tuned, by_frozen = right(model, cut_maps), right(frozen_head, end_maps)
b, c, n = np.sum(by_tuned & ~by_frozen), np.sum(by_frozen & ~by_tuned), len(labels[judge])
difference, error = (b - c) / n, np.sqrt(b + c - (b - c) ** 2 / n) / n
print(f"only the fine-tuned network is right: {b}, only the frozen one: {c}, of {n}")
print(f"difference {difference:.3f}, standard error {error:.3f}")

# %% [markdown]
# Less than two errors would be no proof.
# The better proof is to repeat everything with other seeds: `python -m course_utils run seeds` does.
# For toy pets, the course states in advance:

# %%
scratch_accuracy, frozen_accuracy, tuned_accuracy = (scores[judge] for scores, _ in final.values())
claims = {
    "the frozen base beats training from scratch": frozen_accuracy > scratch_accuracy,
    "fine-tuned is no worse than frozen, within one error": difference >= -error,
    "fine-tuned is right for 0.90 or more": tuned_accuracy >= 0.90,
}
for claim, holds in claims.items():
    print(f"{claim}: {('yes' if holds else 'no') if DATASET == 'toy_pets' else 'stated for toy_pets only'}")

# %% [markdown]
# ## 11. Your own picture
#
# The saved file is all that you need to use the network.
# The picture is cut to a square and resized, as the training pictures were.
# **Predict** the answer for `IMAGE`, and how sure the network is of it.

# %%
photo = datasets.load_image(IMAGE)
square = keras.preprocessing.image.smart_resize(photo.pixels.astype("float32"), (IMAGE_SIZE, IMAGE_SIZE))
answer = copy(square[np.newaxis])[0].numpy()
shares = np.array([1 - answer[0], answer[0]]) if len(data.classes) == 2 else answer
order = np.argsort(-shares)[:3]
print(photo)

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), width_ratios=[1, 2])
plots.picture(square.round().astype("uint8"), left, title=photo.name)
right.barh([data.classes[number] for number in order][::-1], shares[order][::-1])
right.set(xlim=(0, 1), xlabel="probability", title="What the fine-tuned network says")
plots.show(
    figure,
    alt=(f"{photo.name} as the network gets it, and the probabilities of the most likely classes as bars."),
)
print(", ".join(f"{data.classes[number]} {shares[number]:.3f}" for number in order))

# %% [markdown]
# A network that was fine-tuned on drawings is asked about a photograph here: it may be right, because its lower layers know photographs, or wrong and very sure of it.
# And it has to choose one of *its* classes: with `IMAGE = "rocket"`, too, since "none of these" was never among the answers.
# *[Visualizing what networks learn](lesson:visualizing_features)* shows where in the picture such an answer comes from.
#
# ## 12. The numbers
#
# What this run measured.
# (The column "our full run" is empty if it has not been made yet. The lecture gives no accuracy for fine-tuning.)

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
found = {}
for name, (scores, _) in final.items():
    for split in {"validation": 0, judge: 0}:
        short = "val" if split == "validation" else split
        found[f"{short}_accuracy_{name.replace(' ', '_').replace('-', '_')}"] = scores[split]
results.compare(
    "fine_tuning",
    **found,
    gradient_ratio=ratio,
    best_rate=best_rate,
    seconds_fine_tuned=seconds["fine-tuned"],
)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("fine_tuning")

# %% [markdown]
# ### 1 · The five steps, from memory
#
# **Recall.**
# Without looking back: in which order are these steps of fine-tuning made?
#
# - a: unfreeze the last layers of the base, and compile again
# - b: put a new head on a pretrained base
# - c: train head and base together, with a low learning rate
# - d: train the head alone
# - e: freeze the base
#
# Answer with the five letters in their order, in quotes, such as `"abcde"`.

# %%
order = ...
ex.five_steps.check(order)

# %% [markdown]
# ### 2 · Two blocks of VGG16
#
# **By hand.**
# VGG16's base (section 4) has 14,714,688 parameters.
# How many are trainable if it is unfrozen from `block4_conv1` on, and how many stay frozen?
# Blocks 4 and 5 have three convolutions of 3 × 3 each, with biases.
# The first of block 4 goes from 256 to 512 maps, the other five from 512 to 512.

# %%
trainable = ...
still_frozen = ...
ex.from_block4.check([trainable, still_frozen])

# %% [markdown]
# ### 3 · Unfreezing, complete
#
# **Code.**
# Write `unfreeze_from(model, name, rate)`.
# `model` is a Sequential Keras model, base and head in one list of layers, and may be frozen in part or as a whole.
# Afterwards
#
# - all layers from the layer called `name` on are trainable, this one and the head included, and those before it are not;
# - every `BatchNormalization` layer is frozen, wherever it stands;
# - the model is compiled again, with `keras.optimizers.Adam(rate)` and the loss `"mean_squared_error"`.
#
# No weight changes.
# The function returns the same model.
# The check tries it on models that you have not seen, and then makes one training step to see what moves.


# %%
def unfreeze_from(model, name, rate):
    return ...


ex.unfreeze_from.check(unfreeze_from)

# %% [markdown]
# ### 4 · Three students
#
# **Explain.**
# The *first* compiles with a frozen base and trains the head with `fit`; then he unfreezes the last layers of the base, calls `fit` again without compiling, and reports: "the base does not change at all".
# The *second* compiles, but leaves BatchNormalization unfrozen and trains with batches of 2: her accuracy on validation pictures falls.
# The *third* sets `base.trainable = False`, then `layer.trainable = True` for the last four layers, and counts: only the head's parameters are trainable.
#
# What is the reason in each case (`first`, `second`, `third`)?
# And how could the first have noticed it (`proof`)?
# One letter each.
#
# - a: a frozen model hides what its layers say
# - b: the learning rate was too low
# - c: which weights are trained was fixed before
# - d: the head was still random
# - e: statistics of a few pictures replace those of a million photographs
# - f: by comparing the base's weights before and after
# - g: by counting the trainable parameters

# %%
reasons = {"first": ..., "proof": ..., "second": ..., "third": ...}
ex.three_students.check(reasons)

# %% [markdown]
# ### 5 · Choosing a learning rate, with care
#
# **Code.**
# A network was fine-tuned with several rates, each from the same start.
# Write `choose_rate(accuracies, frozen, count)`:
#
# - `accuracies` is a dict from each rate to the validation accuracy that it gave, such as `{0.001: 0.88, 0.0001: 0.91}`;
# - `frozen` is the accuracy of the frozen network, and `count` the number of validation pictures.
#
# Let $p$ be the best of the accuracies, and $\sqrt{p(1-p)/n}$ its standard error for $n$ = `count` pictures.
# If $p$ is not higher than `frozen` by more than this error, return `0`: stay frozen.
# Otherwise some rates are as good as the best, that is, at most one error below it (the best itself is one of them).
# Return the **smallest** of these, because it changes the base least.


# %%
def choose_rate(accuracies, frozen, count):
    return ...


ex.choose_rate.check(choose_rate)

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. **Measure.**
#    Set `VARIATIONS = 1`, and `SEED` to 0, 1 and 2.
#    How much of the gain by fine-tuning is left?
#    Is it larger than the standard error?
# 2. **Code.**
#    Give the upper half of the unfrozen blocks one learning rate and the lower half a tenth of it, in two trainings one after the other: first unfreeze the top only, then more ("gradual unfreezing").
#    Is it better than all at once, for the same number of epochs?
# 3. **Design.**
#    You have 200 X-ray pictures in two classes, and 20,000 without labels.
#    Which base do you take, how many blocks do you unfreeze, which augmentation is allowed, and how do you show that fine-tuning was worth its cost?
#
# ## Summary
#
# - Fine-tuning trains the head and the last layers of the base together.
#   Head first: behind a random head the base gets large and arbitrary gradients.
# - Unfreeze from a named layer on, count, **compile**, and check afterwards what has moved.
#   Without compiling, counts look right and nothing moves.
# - A frozen model hides the weights of its layers: set the model first, then its layers.
# - Freeze the BatchNormalization layers of the base: then they keep their averages, and rest.
#   `training=False` alone does not do this in `fit`.
# - Take a rate at least ten times smaller than for training from scratch; choose it, and the number of blocks, on validation pictures.
# - Everything below the first unfrozen layer can be computed once and stored.
#
# ## References
#
# - F. Chollet, *Deep learning with Python*, Manning, 2017, section 5.3: the lecture's example; and the Keras guide [Transfer learning and fine-tuning](https://keras.io/guides/transfer_learning/), which explains `trainable` and compiling (about `training=False` see section 6).
# - J. Yosinski, J. Clune, Y. Bengio and H. Lipson, *How transferable are features in deep neural networks?*, NIPS 2014, arXiv:1411.1792.
# - A. Kumar, A. Raghunathan, R. Jones, T. Ma and P. Liang, *Fine-tuning can distort pretrained features and underperform out-of-distribution*, ICLR 2022, arXiv:2202.10054: why the head first.
# - J. Howard and S. Ruder, *Universal language model fine-tuning for text classification*, ACL 2018, arXiv:1801.06146: gradual unfreezing.
# - S. Ioffe and C. Szegedy, *Batch normalization*, ICML 2015, arXiv:1502.03167.
# - M. Tan and Q. Le, *EfficientNet*, ICML 2019, arXiv:1905.11946; R. Liu, *Higher accuracy on vision models with EfficientNet-Lite*, TensorFlow Blog, 2020.
#
# In *[Visualizing what networks learn](lesson:visualizing_features)* we look at what the network looks at.
