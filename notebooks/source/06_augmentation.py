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
# # Augmentation
#
# How to teach a network what does not matter: each training picture is turned, shifted, zoomed and mirrored anew, and what that can and cannot do.
#
# After this lesson you can
#
# - say what invariance is, and tell a feature that has it by construction from a network that learns it from examples;
# - augment pictures with `ImageDataGenerator`, with Keras layers and with one combined **warp** (all moves in one step), and say where each runs and what it costs;
# - read the arguments right: degrees, shares, factors, and which of them does next to nothing;
# - choose augmentations that keep the label and look believable;
# - measure whether augmentation helps, fairly: same start, same epochs, validation pictures untouched, test data last.
#
# **You need:** [Architectures](lesson:architectures), [Checkpointing](lesson:checkpointing), [Generators](lesson:generators) · **Time:** about 60 minutes to read, under a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class; `IMAGE` may be the path of a picture of your own.
# `ROTATION` to `FLIP` say how the training pictures are augmented.

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
IMAGE_SIZE: int = 48  # pixels a side of photographs and drawings, 32 to 150; digits and cifar10 keep theirs
N_TRAIN: int | None = None  # training images, from one a class; None: all
EPOCHS: int = 10  # passes over the training images without augmentation, 1 to 100
EPOCHS_AUGMENTED: int = 16  # the same with augmentation, 1 to 100
BATCH_SIZE: int = 16  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.001  # of RMSprop, 0.0001 to 0.01
CENTRED: bool = True  # pixels go in from -1 to 1; False: from 0 to 1, as in the lecture
ROTATION: float = 30.0  # largest turn, degrees, 0 to 180
SHIFT: float = 0.1  # largest shift, share of the side, 0 to 0.5
ZOOM: float = 0.2  # pictures are 1 - ZOOM to 1 + ZOOM times as large, 0 to 0.9
SHEAR: float = 10.0  # largest lean of upright lines (section 4), degrees, 0 to 60
FLIP: bool = True  # mirror every second picture or not
SEED: int = 0  # weights, order of the images, augmentation; 0 or more

# %%
import math
import shutil
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage.transform import rotate

from course_utils import augment, datasets, exercises, models, plots, results, runtime, training, widgets

with runtime.quiet():
    import keras
    import tensorflow as tf
    from keras import layers
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

plots.set_style()
training.check_settings(SEED=SEED)
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## 1. The question: what has the network not seen?
#
# The toy pets are drawn for this lesson.
# All training pets sit upright, in the middle, and look the same way.
# The validation pets, and those for the test, are turned, mirrored, shifted, nearer, farther or leaning: a shift of pose, which `posed()` asks for, and not overfitting.
# **Predict:** how well will a network do on the lower row that has only seen the upper one?

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
images, labels = data.splits["train"]
unseen, unseen_labels = data.splits["validation"]
training.check_settings(
    images=len(labels),
    EPOCHS=EPOCHS,
    EPOCHS_AUGMENTED=EPOCHS_AUGMENTED,
    BATCH_SIZE=BATCH_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    IMAGE_SIZE=IMAGE_SIZE,
)
warp = augment.RandomWarp(ROTATION, SHIFT, ZOOM, SHEAR, FLIP, seed=SEED)
print(data)
chosen = np.linspace(0, len(unseen) - 1, 7).astype(int)
kinds = [data.classes[label] for label in [*labels[:7], *unseen_labels[chosen]]]
figure = plots.pictures([*images[:7], *unseen[chosen]], kinds, columns=7, side=1.2)
plots.show(figure, alt=f"Fourteen pictures of {data.name}: upper row training, lower row validation.")

# %% [markdown]
# We train the first lecture's network for cats and dogs, after Chollet: three blocks of a convolution of 3 × 3 (32, 32 and 64 filters) and max pooling, a dense layer of 64, dropout, and one sigmoid unit; the optimiser is RMSprop.
# The lecture rescales the pixels to 0…1 in the generator.
# Here a layer does it, so that nobody can forget it when the network is used, and it rescales to −1…1, centred at zero, with which learning starts sooner in most runs (compare with `CENTRED = False`).


# %%
def network(*before):
    keras.utils.set_random_seed(SEED)  # so every network starts from the same weights
    body = models.three_block_convnet(images.shape[1:], len(data.classes))
    rescale = layers.Rescaling(1 / 127.5, offset=-1) if CENTRED else layers.Rescaling(1 / 255)
    model = keras.Sequential([layers.Input(images.shape[1:]), *before, rescale, body])
    model.compile(
        optimizer=keras.optimizers.RMSprop(LEARNING_RATE),
        metrics=["accuracy"],
        loss=models.head_for(len(data.classes)).loss,
    )
    return model


plain = network()
print(f"{plain.count_params():,} parameters")

# %% [markdown]
# `train` keeps the weights of the best epoch in a file (see *[Checkpointing](lesson:checkpointing)*).
# `score` gives the accuracy as in use, that is without dropout.


# %%
def train(model, epochs, name):
    best = keras.callbacks.ModelCheckpoint(
        f"output/06_{name}.weights.h5", monitor="val_accuracy", save_best_only=True, save_weights_only=True
    )
    return model.fit(
        images,
        labels,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        verbose=0,
        validation_data=(unseen, unseen_labels),
        validation_batch_size=200,
        callbacks=[best, training.progress(epochs, name)],
    ).history


def score(model, pictures, their_labels):
    return model.evaluate(pictures, their_labels, batch_size=200, verbose=0)[1]


history = {"plain": train(plain, EPOCHS, "plain")}

# %% [markdown]
# **Predict** the last two numbers: the accuracy on the very pictures that it has learnt from, once mirrored, once moved down by a tenth of their height.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
train_plain = score(plain, images, labels)
best_plain = max(history["plain"]["val_accuracy"])
lower = np.roll(images, images.shape[1] // 10, axis=1)
print(f"training pictures             {train_plain:.3f}")
print(f"validation, best epoch        {best_plain:.3f}")
print(f"training pictures, mirrored   {score(plain, images[:, :, ::-1], labels):.3f}")
print(f"training pictures, moved down {score(plain, lower, labels):.3f}")

# %% [markdown]
# The network knows its training pictures by heart (this accuracy is measured without dropout, as in use), and is much worse on others.
# In most runs mirroring hurts it little, because the pets are nearly symmetric.
# But moved down by a tenth, it hardly knows its own pictures again: for us the same pets, for the network other numbers in other places.
# Nothing that it saw told it that the place does not matter.
#
# ## 2. Invariance
#
# Let $x$ be a picture and $R_\theta$ a rotation by the angle $\theta$.
# A function $f$ is **invariant** to rotation if
#
# $$ f(x) = f(R_\theta x) \quad \text{for every } \theta . $$
#
# There are two ways to get there.
# The first is to *build* it in.
# The second lecture's example: multiply the picture, pixel by pixel, by a shape that is itself symmetric, and add up (an inner product, as one step of a convolution with a huge kernel; the lecture calls such sums **moments**).
# **Predict:** the cat turns once around.
# Which of the two sums changes, the one with the full ring or the one with its upper half?

# %%
photo = datasets.load_image(IMAGE)
grey = keras.preprocessing.image.smart_resize(photo.grey[..., None], (201, 201))[..., 0]
down, right = np.mgrid[-100:101, -100:101]
ring = np.exp(-(((np.hypot(down, right) - 60) / 15) ** 2))
shapes = {"full ring": ring, "half ring": ring * (down < 0)}
angles = np.arange(0, 361, 15)
sums = {
    name: [(rotate(grey, angle) * shape).sum() / shape.sum() for angle in angles]
    for name, shape in shapes.items()
}
for name, values in sums.items():
    change = np.ptp(values) / values[0]
    print(f"{name}: from {min(values):.3f} to {max(values):.3f}, a change of {change:.2%}")

# %% [markdown]
# (The sums are divided by the sum of the shape, so they are the mean brightness under it. What little the full ring changes comes from the interpolation between pixels.)

# %%
figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.5), width_ratios=[1, 1, 1, 1.8])
plots.picture(rotate(grey, 60), axes[0], title=f"{photo.name}, 60°", limits=(0, 1))
for ax, (name, shape) in zip(axes[1:], shapes.items()):
    plots.picture(shape, ax, title=name)
    axes[3].plot(angles, sums[name], marker="s" if name == "half ring" else "o", markersize=4, label=name)
axes[3].set(
    title="The sum as it turns", xlabel="angle (degrees)", ylabel="mean brightness", xticks=range(0, 361, 90)
)
axes[3].legend()
plots.show(
    figure,
    alt=(
        f"The photograph {photo.name} turned by 60 degrees; a bright ring; its upper half; and the two "
        "sums against the angle: level for the full ring, going up and down for the half ring."
    ),
)

# %% [markdown]
# The full ring cannot see rotation, whatever the picture.
# It pays for this: it cannot tell a cat from a cat on its head, and nothing in it was learnt.
# ([Pooling](lesson:pooling) is a little invariance by construction, to small shifts.)
# The second way is to *learn* it: give the network $R_{\theta_1} x$, $R_{\theta_2} x$, … with the same label $y$.
# This is **data augmentation**.
#
# ## 3. How many pictures would that be?
#
# *[Python warm-up](lesson:python_warmup)* began with the second lecture's sum: 500 pictures of cats, in every combination of 100 shifts, 10 scales, 20 kinds of light, 10 changes of colour, 36 rotations and 4 orientations.
# **Compute it by hand** before you run the cell.
# At 150 × 150 pixels of 3 bytes, how many terabytes are they?
# And how long does one epoch take, at 1,000 pictures a second?

# %%
count = math.prod([500, 100, 10, 20, 10, 36, 4])
size = count * 150 * 150 * 3 / 1e12
days = count / 1_000 / (24 * 60 * 60)
print(f"{count:,} pictures, {size:,.0f} TB, {days:.0f} days an epoch")

# %% [markdown]
# Nobody stores them, and nobody trains on them all.
# We make a few of them **on the fly**: each time the network asks for a picture, it gets one random variation, which is then forgotten.
# An epoch stays as long as it was, and no two epochs are alike.
#
# ## 4. One picture through `ImageDataGenerator`
#
# The lectures augment with Keras' `ImageDataGenerator`.
# Its documentation calls it **deprecated**: not to be used in new programs.
# It still works (in TensorFlow 2.21, which calls a SciPy function by an old name that SciPy 2.0 will drop), and is in most books, so you should be able to read it.
# The class takes the ranges; `flow` gives an endless iterator of batches.
# As input it wants a batch, so one picture becomes an array of four dimensions.
#
# The next cell has the lecture's arguments and the lecture's loop, which is to make 20 pictures.
# **Predict:** how many does it make, and how many files are in the folder?

# %%
cat = keras.preprocessing.image.smart_resize(photo.pixels.astype("float32"), (150, 150))
folder = Path("output/one_picture")
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
generator = ImageDataGenerator(
    rotation_range=20, width_shift_range=0.1, shear_range=0.2, zoom_range=0.4, horizontal_flip=True
)
made = []
for batch in generator.flow(
    cat[np.newaxis], batch_size=1, seed=SEED, save_to_dir=folder, save_prefix="cat", save_format="jpeg"
):
    made.append(batch[0])
    if len(made) > 20:
        break
files = sorted(folder.iterdir())
print(f"batch {batch.shape}, pictures made: {len(made)}, files: {len(files)}")

# %% [markdown]
# Here are the files.
# **Predict:** do they hold the same values as the batches that the loop got?

# %%
saved = [plt.imread(file) for file in files]
print(f"brightest value in the batches: {np.max(made):.0f}, in the files: {np.max(saved)}")
plots.show(
    plots.pictures(saved, columns=7, side=0.9),
    alt=(f"The files: {photo.name}, turned, shifted, zoomed, stretched and mirrored at random."),
)

# %% [markdown]
# Three things to know about these files.
#
# - **21, not 20.**
#   The iterator makes a picture *before* the loop counts it, and the loop stops when the count is above 20.
#   `islice(flow, 20)`, known from *[Python warm-up](lesson:python_warmup)*, makes 20.
# - **Perhaps fewer files.**
#   A file's name ends with a random number below 10,000, and nobody checks whether it is taken.
#   In about 2 % of all runs, two of 21 names are equal, and one file replaces the other.
#   And if the folder is not emptied first, the files of the last run are still there.
# - **Other values.**
#   For the file, the values of each picture are stretched to 0…255.
#   The network gets them as they are.
#   So the files show where things are, not how bright they are.
#   A **shear** shifts each row sideways, the more the farther it is from the middle, so that upright lines lean.
#   (Keras' generator also stretches the height a little.)
#   **Predict:** by how many pixels does `shear_range=0.2` move the top edge of the cat?

# %%
for degrees in [0.2, math.degrees(0.2), 20]:
    sheared = generator.apply_transform(cat, {"shear": degrees})
    edge, change = math.sin(math.radians(degrees)) * 75, np.abs(sheared - cat).mean()
    print(f"shear {degrees:5.2f}: the top edge moves by {edge:5.2f} pixels, mean change {change:5.1f}")

# %% [markdown]
# By a quarter of a pixel: nobody can see it.
# Here `shear_range` is in **degrees**.
# Until the end of 2017 Keras took it in radians, where 0.2 means 11.5°.
# The unit changed (Keras pull request 8868); the examples that everybody copies did not, the lectures' among them.
# No error tells you.
#
# A picture with a single bright dot is the best test of an augmentation.
# In a list, shifts are pixels to either side.
# **Predict:** where does `width_shift_range=[20]` move the dot?

# %%
dot = np.zeros((101, 101, 1), "float32")
dot[50, 50] = 1
for argument in ["width_shift_range", "height_shift_range"]:
    shifted = ImageDataGenerator(**{argument: [20]}).random_transform(dot)
    row, column, _ = np.unravel_index(shifted.argmax(), shifted.shape)
    print(f"{argument}=[20]: the dot moves by {abs(row - 50)} rows and {abs(column - 50)} columns")

# %% [markdown]
# The two are **exchanged**: the width shift moves pictures up and down.
# This is a known fault (Keras issue 17398), and since the class is deprecated, nobody mends it.
# For the same reason, pictures that are not square, such as the lecture's panda of 375 × 500, are turned around a point beside their centre.
# So whenever you choose an augmentation, **look at its pictures, at both ends of its range**.
#
# ### Every argument at both ends of its range
# `apply_transform` applies the changes that you name: `theta` is the angle, `tx` and `ty` the shifts, `zx` and `zy` the zooms.
# Because of the exchange, `ty` belongs to `width_shift_range` and moves up or down.
# The first row is the lower end, the second the upper end.
# **Predict:** does `zoom_range=0.4` allow 0.6 or 1.4 for the *larger* cat?

# %%
ends = {
    "rotation\n±20°": [{"theta": -20}, {"theta": 20}],
    "width shift\n±0.2": [{"ty": -30}, {"ty": 30}],
    "height shift\n±0.2": [{"tx": -30}, {"tx": 30}],
    "shear\n±20°": [{"shear": -20}, {"shear": 20}],
    "zoom\n0.6, 1.4": [{"zx": 0.6, "zy": 0.6}, {"zx": 1.4, "zy": 1.4}],
    "horizontal,\nvertical flip": [{"flip_horizontal": True}, {"flip_vertical": True}],
    "brightness\n0.5, 1.5": [{"brightness": 0.5}, {"brightness": 1.5}],
    "channel shift\n±60": [{"channel_shift_intensity": -60}, {"channel_shift_intensity": 60}],
}
shown = [
    generator.apply_transform(cat, change[end]).astype("uint8") for end in (0, 1) for change in ends.values()
]
figure = plots.pictures(shown, [*ends, *[""] * 8], columns=8, side=1.1)
plots.show(
    figure,
    alt=(
        f"{photo.name} at both ends of eight ranges, in columns: rotation, width shift, height shift, "
        "shear, zoom, flip (above horizontal, below vertical), brightness, channel shift."
    ),
)

# %% [markdown]
# A zoom of 0.6 gives the *larger* cat: the number says how large a part of the old picture fills the new one.
# So `zoom_range=0.4` means 1.7 times larger to 1.4 times smaller.
# The generator also draws two numbers, one for each direction: that is why some of the files above look stretched.
# A shift below 1 is a share of the side, from 1 on it is pixels.
# The channel shift adds one number to all three channels: it changes brightness, not colour.
#
# ### What stands where the picture ends
#
# Turned or shifted pictures leave empty corners.
# `fill_mode` says what goes there.
# **Predict** which of the four a network could use to cheat, for instance to recognise *that* a picture was turned.

# %%
filled = []
for mode in augment.FILL_MODES:
    with_mode = ImageDataGenerator(fill_mode=mode, cval=0)
    filled.append(with_mode.apply_transform(cat, {"theta": 30, "ty": 30}).astype("uint8"))
plots.show(
    plots.pictures(filled, augment.FILL_MODES, columns=4, side=1.4),
    alt=(
        f"{photo.name} turned and shifted, four times; the corners hold streaks, a mirror image, a "
        "repetition, black."
    ),
)

# %% [markdown]
# None is free of traces; black corners are the most obvious.
# `nearest` (the default here) repeats the last pixel; `reflect` (the default of the Keras layers) often looks best in photographs, but may show two cats.
#
# ## 5. From a folder
#
# `flow_from_directory` reads files instead of arrays: one folder a class.
# Class numbers follow the alphabet.
# Every picture is squeezed to `target_size`.
# The first lecture's program passes `(width, height)`; its slide says otherwise.
# **Predict:** we want pictures 128 wide and 96 high, and write (128, 96).
# Which shape comes?

# %%
in_files = datasets.has_files(DATASET)
picture_folder = datasets.prepare_folder(DATASET if in_files else "toy_pets") / "train"
print(f"pictures: {data.name if in_files else f'toy_pets, because {DATASET} has no picture files'}")
for path in sorted(picture_folder.iterdir()):
    print(f"train/{path.name}/ holds {len(list(path.iterdir()))} files")
rescale = ImageDataGenerator(rescale=1 / 255)
flow = rescale.flow_from_directory(picture_folder, target_size=(128, 96), batch_size=4, seed=SEED)
print("class numbers:", flow.class_indices)
print("inputs:", next(flow)[0].shape)

# %% [markdown]
# 128 high and 96 wide: the **height comes first**, as in every array.
# So the slide is right.
# The program does no harm, because its pictures are square.
# `class_mode` decides what the labels look like.
# **Predict** the shape of each for 4 pictures.

# %%
for mode in ["categorical", "sparse", "binary", "input", None]:
    flow.class_mode = mode  # the same as flow_from_directory(…, class_mode=mode)
    batch = next(flow)
    target = batch[1] if isinstance(batch, tuple) else None
    print(f"{str(mode):12} {'no labels' if target is None else f'{target.dtype} {target.shape}'}")

# %% [markdown]
# `categorical` has one column a class and belongs to a softmax and `categorical_crossentropy`; `sparse` holds the class number; `binary` does too, for two classes and a sigmoid unit.
# `input` repeats the pictures, for networks that reproduce their input; `None` is for `predict`.
# Each batch is read from disk again, picture by picture, which can be slower than the training itself (see *[Generators](lesson:generators)*).
# Today one writes `keras.utils.image_dataset_from_directory`, and augments with layers.
#
# ## 6. Augmentation as layers
#
# The fourth lecture puts augmentation into the model.
# These layers exist in Keras today.
# Their arguments have other units: a rotation is a share of a full turn.
# **Predict:** the lecture's list of layers has `RandomRotation(0.20)`.
# How many degrees are that?

# %%
random_layers = {
    "flip": layers.RandomFlip("horizontal", seed=SEED),
    "contrast": layers.RandomContrast(0.5, seed=SEED),
    "rotation": layers.RandomRotation(0.20, seed=SEED),
    "translation": layers.RandomTranslation(0.1, 0.1, seed=SEED),
    "zoom": layers.RandomZoom(0.4, seed=SEED),
    "width": layers.RandomZoom(0, 0.15, seed=SEED),
}
cats = np.repeat(cat[np.newaxis], 16, axis=0)
examples = [cat]
for layer in random_layers.values():
    sixteen = keras.ops.convert_to_numpy(layer(cats, training=True))
    assert sixteen.shape == cats.shape and sixteen.min() >= 0 and sixteen.max() <= 255
    examples.append(sixteen[np.abs(sixteen - cats).mean(axis=(1, 2, 3)).argmax()])
print(f"RandomRotation(0.20) turns by up to ±{0.20 * 360:.0f}°")
print("Keras has a layer RandomWidth:", hasattr(layers, "RandomWidth"))
figure = plots.pictures(
    [picture.astype("uint8") for picture in examples], ["original", *random_layers], columns=7, side=1.2
)
plots.show(
    figure,
    alt=(
        f"{photo.name}, and of each layer the strongest of sixteen changes: flip, contrast, rotation, "
        "translation, zoom, width."
    ),
)

# %% [markdown]
# ±72°: half of all pictures are turned by more than 36°, more than any car on a road.
# (The lecture only lists this layer; its network for cars uses flip and contrast.)
# A zoom is a share again, and a *positive* one is a *smaller* picture.
# `RandomWidth`, which is on the lecture's list, stretched the picture to another width, so that batches changed their shape; it left with Keras 3.
# `RandomZoom(0, 0.15)`, no zoom in height and up to ±15 % in width, stretches the content in the same way, but keeps the shape: what no longer fits is cut off.
#
# In a model, these layers act in `fit`, and rest in `evaluate` and `predict`.
# **Predict:** a model with all six gets the same cat twice.
# Are its two answers equal, with `predict`?
# As in training?
# And what does a layer do that you call on its own?

# %%
model = keras.Sequential([layers.Input(cat.shape), *random_layers.values()])
in_use = [model.predict(cats, verbose=0) for _ in range(2)]
in_training = [keras.ops.convert_to_numpy(model(cats, training=True)) for _ in range(2)]
alone = keras.ops.convert_to_numpy(random_layers["rotation"](cats))
called = keras.ops.convert_to_numpy(model(cats))
print("predict: twice the same:", np.array_equal(*in_use), "/ untouched:", np.array_equal(in_use[0], cats))
print("in training: twice the same:", np.array_equal(*in_training))
print("one layer, called alone: untouched:", np.array_equal(alone, cats))
print("model(cats), no predict: untouched:", np.array_equal(called, cats))

# %% [markdown]
# Called on its own, such a layer *acts*, unlike `Dropout`.
# That is meant for `dataset.map(layer)`.
# And it acts in `model(pictures)` too: only `evaluate` and `predict` tell the layers to rest.
# So by hand write `model(pictures, training=False)`.
#
# So there are two places for augmentation:
#
# | | in the data pipeline | in the model |
# | --- | --- | --- |
# | tools | `ImageDataGenerator`; layers in `dataset.map(…)` | layers before the first convolution |
# | runs | on the processor, before the batch reaches the model; with `tf.data` and `prefetch`, while the model trains on the batch before | where the model runs, so on the graphics card if there is one |
# | in use (inference) | absent, because only the training data go through it | absent in `evaluate` and `predict`; in `model(x)` only with `training=False` |
# | saved with the model | no | yes |
#
# ## 7. One warp instead of four
#
# A rotation, a zoom and a shear are 2 × 2 matrices, and a mirror image too.
# So all of them together are *one* matrix, their product $A$ (rotation × shear × zoom × mirror: the rightmost acts first, and another order gives another picture).
# With the centre $c$ and the shift $s$, the point $p$ moves to
#
# $$ q = c + A\,(p - c) + s, \qquad\text{so the new pixel } q \text{ reads the old picture at}\qquad p = c + A^{-1} (q - c - s) . $$
#
# Image libraries compute the second form, backwards: then every new pixel gets exactly one value.
# `augment.warp_matrices` returns $A^{-1}$ and what is left over.
# We compare with a product by hand, for a zoom of 1.2 and a rotation by 30°.
# **Predict** the size of the numbers: larger or smaller than 1?

# %%
sine, cosine = math.sin(math.radians(30)), math.cos(math.radians(30))
A = np.array([[cosine, sine], [-sine, cosine]]) @ np.array([[1.2, 0], [0, 1.2]])
a0, a1, a2, b0, b1, b2, _, _ = augment.warp_matrices(150, 150, rotation=30, zoom=1.2).numpy().astype(float)
print("the inverse of A:", np.linalg.inv(A).round(3).tolist())
print("warp_matrices:   ", np.round([[a0, a1], [b0, b1]], 3).tolist(), "and", np.round([a2, b2], 1).tolist())

# %% [markdown]
# They agree; the rest is the centre, and the shift if there is one.
# (The image's rows count downwards, hence the signs of the sines.)
# Now two ways to the same picture: one turn by 45°, and three turns by 15°.
# **Predict** which keeps more of the fine hair.


# %%
def turn(pictures, degrees):
    matrix = augment.warp_matrices(*pictures.shape[1:3], rotation=degrees)
    turned = keras.ops.image.affine_transform(pictures, matrix, fill_mode="nearest")
    return keras.ops.convert_to_numpy(turned)


once, often = turn(cats[:1], 45), cats[:1]
for _ in range(3):
    often = turn(often, 15)
middles = {
    name: picture[50:100, 50:100]
    for name, picture in [("original", cat), ("once by 45°", once[0]), ("3 times by 15°", often[0])]
}
for name, middle in middles.items():
    print(f"{name:16} mean difference between neighbours {np.abs(np.diff(middle, axis=1)).mean():.1f}")
shown = [middle.clip(0, 255).astype("uint8") for middle in middles.values()]
plots.show(
    plots.pictures(shown, list(middles), columns=3, side=1.7),
    alt=(
        f"The middle of {photo.name}: as it was, a little softer after one "
        "turn by 45 degrees, and blurred after three turns by 15 degrees."
    ),
)

# %% [markdown]
# Each time a picture is read between its pixels, neighbours are averaged (**interpolation**), and fine detail goes: a little with one reading, more with three.
# Four layers in a row read it up to three times (a flip does not interpolate).
# The course's layer `augment.RandomWarp` draws the numbers and reads the picture once.
# **Predict:** how many times as many pictures a second does it make?

# %% tags=["nbval-ignore-output"] reason="seconds depend on the machine"
pictures = np.repeat(cat[np.newaxis], 64, axis=0)
four = keras.Sequential(
    [
        layers.Input(cat.shape),
        random_layers["flip"],
        random_layers["rotation"],
        random_layers["translation"],
        random_layers["zoom"],
    ]
)
flow = generator.flow(pictures, batch_size=64)
ways = {
    "ImageDataGenerator": lambda: next(flow),
    "four layers": lambda: four(pictures, training=True),
    "one warp": lambda: warp(pictures, training=True),
}
for name, way in ways.items():
    seconds = []
    for _ in range(4):  # the first time also prepares; the fastest counts
        start = time.perf_counter()
        way()
        seconds.append(time.perf_counter() - start)
    print(f"{name:18} {64 / min(seconds):7,.0f} pictures of 150 × 150 a second")

# %% [markdown]
# In most runs the one warp is the fastest; by how much depends on the machine and on what else it does.
# `ImageDataGenerator` multiplies its matrices too, but works in Python, picture by picture and channel by channel.
# The layers compute a whole batch at once, on a graphics card if there is one, but once for each layer.
#
# What does it cost in training?
# **Predict** which is slower: the warp in the pipeline, or in the model.

# %% tags=["nbval-ignore-output"] reason="seconds depend on the machine"
mover = augment.RandomWarp(ROTATION, SHIFT, ZOOM, SHEAR, FLIP, seed=SEED)
feed = tf.data.Dataset.from_tensor_slices((images[:400], labels[:400])).batch(BATCH_SIZE)
moving = feed.map(lambda pixels, targets: (mover(pixels, training=True), targets)).prefetch(2)
places = {
    "no augmentation": (network(), feed),
    "in the pipeline": (network(), moving),
    "in the model": (network(mover), feed),
}
for name, (model, source) in places.items():
    training.prepare(model).fit(source, shuffle=False, verbose=0)  # the first epoch also prepares
    start = time.perf_counter()
    model.fit(source, shuffle=False, verbose=0)
    print(f"{name:16} {time.perf_counter() - start:.2f} seconds an epoch")

# %% [markdown]
# Without a graphics card both share the same processor.
# With one, the pipeline leaves the card to the network, if the processor keeps up.
#
# ## 8. Training with augmentation
#
# Look before you train.
# The first lecture's set is `shear_range=0.2, zoom_range=0.2, rotation_range=30, horizontal_flip=True`.
# We add shifts and a shear that one can see, because the validation pets are shifted and leaning.
# (`SHIFT = 0` and `SHEAR = 0.2` are the lecture's ranges; but its generator zooms height and width separately, ours together.)
# **Predict:** can you still tell in each of the nine what it is?
# In a running notebook each argument has a slider: where does the label stop being true?

# %%
same = np.repeat(images[:1], 11, axis=0)
print("in training, the same eleven times:", np.array_equal(warp(same, training=True), same))
print("at rest, the same eleven times:    ", np.array_equal(warp(same), same))
widgets.augmentation(images[0], ROTATION, SHIFT, ZOOM, SHEAR, FLIP, seed=SEED)

# %% [markdown]
# The same network, from the same first weights, with the same number of steps; only `warp` stands before it.
# **Predict** three things: the accuracy on the training pictures after the last epoch, the best validation accuracy, and, on the right, between which pair of curves, dashed and solid, the gap is larger.

# %%
augmented = network(warp)
history["augmented"] = train(augmented, EPOCHS_AUGMENTED, "augmented")

# %% [markdown]
# The curves answer the last two questions; circles mark the best epochs.

# %% tags=["thumbnail"]
runs = {"without": history["plain"], "augmented": history["augmented"]}
figure = plots.curves(runs, best="val_accuracy")
plots.show(
    figure,
    alt=(
        f"Loss and accuracy on {data.name} after each epoch, without and with augmentation, dashed on "
        "training and solid on validation pictures; circles mark the best validation accuracies."
    ),
)

# %% [markdown]
# And the first: for a fair comparison, both networks are judged after the last epoch on the training pictures as they are, without dropout.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
train_augmented = score(augmented, images, labels)
best_augmented = max(history["augmented"]["val_accuracy"])
print("           training   validation, best epoch")
print(f"without    {train_plain:8.3f}   {best_plain:10.3f}")
print(f"augmented  {train_augmented:8.3f}   {best_augmented:10.3f}")

# %% [markdown]
# Without augmentation, the training loss goes to nearly nothing and the validation loss grows: the network has nothing left to learn from its pictures.
# With augmentation no picture comes twice, learning goes on, and takes longer.
# Its dashed accuracy may even lie below the solid one, as in some epochs here in most runs: it is measured during training, on moved pictures and with dropout; the solid one is not.
#
# For toy pets, the course states in advance what must come out:

# %%
claims = {
    "without augmentation, training pictures at 0.97 or more": train_plain >= 0.97,
    "without augmentation, validation at 0.80 or less": best_plain <= 0.80,
    "augmentation adds 0.08 or more to validation": best_augmented - best_plain >= 0.08,
}
for claim, holds in claims.items():
    verdict = "yes" if holds else "no"
    print(f"{claim}: {verdict if DATASET == 'toy_pets' else 'stated for toy_pets only'}")

# %% [markdown]
# **Be careful with this result.**
# It is large because our validation pictures are posed otherwise than the training pictures, and augmentation makes just these poses: a **shift of pose**, made for teaching.
# In photographs of cats and dogs, cats of all poses are in both parts, and augmentation helps against the *other* trouble, too few pictures: in the lecture from 0.71 to 0.80.
# (The full run repeats that experiment; see section 12.)
#
# ## 9. Has it learnt invariance?
#
# We return to $f(x) = f(R_\theta x)$, and turn the training pictures (400 at most), all by the same angle.
# **Predict** both curves, also beyond the `ROTATION` with which the network was trained.

# %%
angles = np.arange(-75, 76, 25)
known, known_labels = images[:400], labels[:400]
figure, ax = plt.subplots(figsize=(7, 3.9))
for name, model, marker in [("without", plain, "o"), ("augmented", augmented, "s")]:
    right_answers = [score(model, turn(known, angle), known_labels) for angle in angles]
    ax.plot(angles, right_answers, marker=marker, label=name)
ax.axvspan(-ROTATION, ROTATION, color="0.9", label="angles in augmentation")
ax.set(title="Training pictures, turned", xlabel="angle (degrees)", ylabel="accuracy", ylim=(0, 1.05))
figure.legend(loc="outside lower center", ncols=3)
plots.show(
    figure,
    alt=(
        f"Accuracy on the training pictures of {data.name} against the angle by which they are turned, "
        "for both networks; the angles that occurred in augmentation are shaded."
    ),
)

# %% [markdown]
# In most runs, the plain network has lost much of its accuracy at 25° already, and farther out it does about as well as guessing (0.5 for two classes).
# The augmented one holds on about as far as it was trained, and then falls too.
# This invariance is learnt from examples: it holds *nearly*, and *only where examples were*.
# The ring of section 2 holds everywhere.
#
# ### Validation pictures are not augmented
#
# Validation asks: how good is the network on pictures as they will come?
# **Predict** what happens to the answer if we augment these pictures too, and evaluate three times.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
untouched = [score(augmented, unseen, unseen_labels) for _ in range(3)]
touched = [score(augmented, warp(unseen, training=True), unseen_labels) for _ in range(3)]
print("validation as it is:", " ".join(f"{value:.3f}" for value in untouched))
print("augmented:          ", " ".join(f"{value:.3f}" for value in touched))

# %% [markdown]
# The same network gets another score each time: differences between epochs would partly be luck, and choosing the best epoch would choose the luckiest.
# And the mean answers another question, here a harder one, because pets that are posed already are moved once more.
# So: `ImageDataGenerator(rescale=1/255)` and nothing else for validation data, as the lecture does, or layers that rest.
#
# ## 10. Believable, and true to the label
#
# The classic rule: an augmentation should (1) keep the label, and (2) make believable pictures (third lecture).
# **Predict** for each of these pictures: does the label still hold?
# Could it come?

# %%
digits = datasets.load_arrays("digits", seed=SEED)
digit_images, digit_labels = digits.splits["train"]
six = 255 - digit_images[digit_labels == 6][0, :, :, 0]
letter = np.full((28, 28), 255, np.uint8)
letter[3:25, 8:11], letter[13:25, 8:20] = 0, 0
letter[16:22, 11:17] = 255
strange = {
    "6": six,
    "turned\nby 180°": six[::-1, ::-1],
    "b": letter,
    "mirrored": letter[:, ::-1],
    "upside\ndown": letter[::-1],
    "turned\nby 180° ": letter[::-1, ::-1],
    "upside\ndown ": cat[::-1].astype("uint8"),
    "colours\nswapped": cat[..., ::-1].astype("uint8"),
}
plots.show(
    plots.pictures(list(strange.values()), list(strange), columns=8, side=1.2),
    alt=(
        "A 6 that becomes a 9 when it is turned by 180 degrees; a letter b that becomes d, p and q; "
        f"{photo.name} upside down; {photo.name} with red and blue exchanged."
    ),
)

# %% [markdown]
# A 6 becomes a 9, and a b becomes d, p or q: the label is *wrong*, and the network is punished for being right.
# So no large turns for digits, no mirroring for text, nor for road signs or hearts on X-ray pictures.
# A cat upside down is still a cat, but hardly comes in photographs: the network spends its weights on it.
# In pictures from a microscope or a satellite, which have no up and down, it is welcome.
# Blue fur keeps the label too; whether it may come depends on what the network is for.
# Newer methods break rule (2) on purpose: `layers.MixUp` and `layers.CutMix` blend two pictures *and* their labels.
# They can help too; rule (1) stays: the label must fit the picture.
#
# ## 11. It does not always help
# Digits have long been varied for training (Simard and others, 2003); Shorten and Khoshgoftaar (2019) survey the methods.
# But augmented pictures are **correlated** with their originals: as the third lecture says, they remix known information and produce none.
# If so, 4,000 variations of 100 digits should be worth less than 4,000 real digits, and those should gain little from variations.
# We train a small network five times, on 4,000 digits each: the same ones over and over, or varied anew each time.
# **Predict** the order of the five.

# %%
held_out = [
    np.concatenate([digits.splits[split][part] for split in ("validation", "test")]) for part in (0, 1)
]


def digit_score(count, *before):
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *before,
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.006), metrics=["accuracy"], loss="sparse_categorical_crossentropy"
    )
    training.prepare(model)
    rows = np.resize(np.arange(count), 4_000)  # 0, 1, …, count - 1, and from the start again
    model.fit(digit_images[rows], digit_labels[rows], batch_size=32, verbose=0)
    return score(model, *held_out)


print(f"judged on {len(held_out[1]):,} digits that no training and no choice has used")

# %% [markdown]
# "Gently" means up to 15°, a shift of 8 %, a zoom of 15 % and a shear of 10°.
# For comparison, one network gets 4,000 digits that are turned any way, 6 and 9 included.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
gently = dict(rotation=15, shift=0.08, zoom=0.15, shear=10, seed=SEED)
scores = {}
for count in (100, 4_000):
    scores[count, "as they are"] = digit_score(count)
    scores[count, "varied gently"] = digit_score(count, augment.RandomWarp(**gently))
scores[4_000, "turned any way"] = digit_score(4_000, augment.RandomWarp(rotation=180, seed=SEED))
for (count, kind), value in scores.items():
    print(f"{count:5,} digits, {kind:14} {value:.3f}")

# %% [markdown]
# What matters is the gain by variation with few and with many real digits, and what unlimited turns do:

# %%
gain_few, gain_many = (
    scores[count, "varied gently"] - scores[count, "as they are"] for count in (100, 4_000)
)
print("the gain is larger with 100 digits than with 4,000:", gain_few > gain_many)
print(
    "4,000 digits are better than 100 varied ones:",
    scores[4_000, "as they are"] > scores[100, "varied gently"],
)
print("turning any way hurts:", scores[4_000, "turned any way"] < scores[4_000, "as they are"] - 0.05)

# %% [markdown]
# With 100 digits the gain is large; with 4,000 it is about as small as the luck of one run (1,000 digits judge here, so one digit is 0.001), and may be negative.
# Real pictures are worth more than variations.
# Turning any way hurts twice: some labels become wrong (a 6 that shows a 9), and all ten digits must be learnt in positions that never come.
# So augment when pictures are few or posed alike, collect more if you can, and measure.
#
# ## 12. The final score
#
# The best epoch was chosen by its validation accuracy, so that number is a little too good.
# The test pictures had no part in any choice.
# We load the weights of the best epochs and use them **once**.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
numbers = dict(
    train_accuracy_plain=train_plain,
    best_val_accuracy_plain=best_plain,
    train_accuracy_augmented=train_augmented,
    best_val_accuracy_augmented=best_augmented,
    gain_100_digits=gain_few,
    gain_4000_digits=gain_many,
)
if "test" in data.splits:
    for name, model in [("plain", plain), ("augmented", augmented)]:
        model.load_weights(f"output/06_{name}.weights.h5")
        numbers[f"test_accuracy_{name}"] = score(model, *data.splits["test"])
else:
    print(f"{data.name} has no test pictures: the validation accuracies are all there is, a little too good")
results.compare("augmentation", **numbers)

# %% [markdown]
# The lecture's numbers belong to 2,000 photographs of cats and dogs.
# It says that it validates "on 800 images of each class"; its program counts with 800 in all, and with `800 // 64` steps of 64 it evaluates 768 of them.
# In the same way it trains on 1,984 of the 2,000 pictures an epoch.
# The column "our full run" (empty if it has not been made yet) is our measurement close to the lecture's set-up: 150 × 150 pixels, batches of 64, 50 epochs, the lecture's ranges.
# Four things differ: we cut squares where the lecture squeezes, zoom both directions alike, use all training and validation pictures, and have other pictures of the same Kaggle set.
# To repeat it, run `python -m course_utils run full --lesson augmentation`.
#
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("augmentation")

# %% [markdown]
# ### 1 · In which ways do cats vary?
#
# **Recall.**
# The lecture's exercise: list all the ways in which pictures of cats may vary, and mark those that software can imitate.
# Make your own list first.
# Then take this one.
# Which of these variations can a simple program make from *one* photograph, by moving its pixels (all by one rule) or changing their values?
#
# - a: the cat is farther to the left
# - b: the cat is nearer
# - c: it is darker
# - d: the cat walks to the left instead of to the right
# - e: the cat is seen from behind
# - f: it is a cat of another breed
# - g: the camera was tilted, so the floor slopes
# - h: the light is yellower
# - i: the cat has curled up to sleep
#
# Answer with letters in quotes, such as `"abc"`.

# %%
letters = ...
ex.image_variations.check(letters)

# %% [markdown]
# ### 2 · Does the order matter?
#
# **By hand.**
# A point lies 20 pixels to the right of the centre; we write it (20, 0): first how far to the right, then how far **up**.
# Where is it after these moves, all around the centre?
# *Zoom*: everything is shown 1.5 times as large.
# *Turn*: by 90°, counter-clockwise.
# *Shear*: upright lines lean to the right by 45°, rows stay rows.
# Each answer is a pair such as `(20, 0)`.

# %%
zoom_then_turn = ...
turn_then_zoom = ...
shear_then_turn = ...
turn_then_shear = ...
ex.order_of_moves.check([zoom_then_turn, turn_then_zoom, shear_then_turn, turn_then_shear])

# %% [markdown]
# ### 3 · Several moves in one matrix
#
# **Code.**
# Write `move_matrix(rotation, shear, zoom)`.
# It returns the matrix $A$ of section 7, of shape 2 × 2, for "zoom, then shear, then rotate".
# Both angles are in degrees: `rotation` counter-clockwise as one sees it, `shear` is the angle by which upright lines lean to the right (rows stay rows).
# `zoom` shows everything so many times as large, in both directions.
# A point is a column (right, **down**) seen from the centre, as in an image, whose rows count downwards.
# For example, `move_matrix(90, 0, 2)` is `[[0, 2], [-2, 0]]`, because (1, 0), right of the centre, goes to (0, −2), above it.
# Use NumPy only, not `augment.warp_matrices`.


# %%
def move_matrix(rotation, shear, zoom):
    return ...


ex.move_matrix.check(move_matrix)

# %% [markdown]
# ### 4 · The generator's ranges as layers
#
# **Code.**
# Write `augmentation_model(rotation_range, shift_range, zoom_range)`.
# It returns a Keras model that consists of `RandomRotation`, `RandomTranslation` and `RandomZoom`, in any order, with the same ranges as
#
# `ImageDataGenerator(rotation_range=rotation_range, width_shift_range=shift_range, height_shift_range=shift_range, zoom_range=zoom_range)`.
#
# The arguments are numbers in the generator's units: degrees, a share of the side below 1, and 0.2 for a zoom from 0.8 to 1.2.
# Section 4 says what the generator's zoom does to the proportions.
# The order of the moves and the filling of the corners need not be the same.


# %%
def augmentation_model(rotation_range, shift_range, zoom_range):
    return ...


ex.augmentation_model.check(augmentation_model)

# %% [markdown]
# ### 5 · Which would you use?
#
# **Design.**
# For each task and augmentation, choose one letter.
# `"u"`: use it.
# `"w"`: do not, the label would become **wrong** for some pictures.
# `"n"`: do not; the label holds, but such pictures **never** (or hardly ever) come.
#
# The tasks: *digits*, ten classes, handwritten; *pets*, cat or dog, in photographs by their owners; *blood cells*, kinds of cells, under a microscope; *road signs*, "turn left", "turn right" and others; *chest X-rays*, whether the heart is on its usual side.

# %%
choices = {
    "digits, turned by up to 15 degrees": ...,
    "digits, turned by any angle": ...,
    "pets, mirrored": ...,
    "pets, upside down": ...,
    "blood cells, turned by any angle": ...,
    "road signs, mirrored": ...,
    "chest X-rays, mirrored": ...,
}
ex.choose_moves.check(choices)

# %% [markdown]
# ### 6 · Augmentation when the network is used
#
# **Code.**
# *Test-time augmentation*: let a network judge several variations of each picture, and take the mean of its answers.
# Write `mean_answers(answer, vary, pictures, count)`:
#
# - `answer(batch)` gives a network's answers to a batch of pictures: an array of shape (number of pictures, classes), as `model.predict` does;
# - `vary(batch)` gives for each picture of a batch one new random variation of it, as `warp(batch, training=True)` does;
# - `pictures` has the shape (number of pictures, height, width, channels), and `count` says how many variations of each are judged.
#   The picture as it is does not count.
#
# It returns the mean answers, of shape (number of pictures, classes).


# %%
def mean_answers(answer, vary, pictures, count):
    return ...


ex.mean_answers.check(mean_answers)

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. **Explain.**
#    The sum of section 3 counts some pictures more than once.
#    Which, if the 36 rotations are 0°, 10°, …, 350° and the 4 orientations are quarter turns?
#    How many are left?
#    And if the orientations are the picture, its two mirror images and both?
# 2. **Measure.**
#    Set `DATASET = "digits"` and train with `FLIP = True` and with `FLIP = False`.
#    Then choose ranges that suit digits.
#    What does `N_TRAIN = 100` change?
# 3. **Measure.**
#    Let both networks judge ten variations of each validation picture, with your `mean_answers`.
#    For which of the two does test-time augmentation help, and what does it cost?
# 4. **Design.**
#    Choose augmentations for a task of your own, and give the reason for each that you use and for each that you leave out.
#
# ## Summary
#
# - A function is invariant if the change of the picture does not change its value.
#   It can be built in, or learnt from augmented pictures; learnt, it holds nearly, and only where examples were.
# - Augmentation is made on the fly: one random variation each time a picture is used.
#   It acts in training only, never on validation or test pictures.
# - `ImageDataGenerator` is deprecated, but often seen.
#   Its shear is in degrees, its zoom below 1 enlarges, `target_size` is (height, width).
# - Layers run with the model and rest in `evaluate` and `predict`.
#   Rotation is a share of a full turn; a positive zoom factor makes smaller.
# - Several moves are one matrix: reading the picture once is faster and sharper.
# - Labels must stay true and pictures believable.
#   Variations are no new information: the gain shrinks as real pictures become many.
#
# ## References
#
# - F. Chollet, *Building powerful image classification models using very little data*, The Keras Blog, 2016: the origin of this experiment; and *Deep learning with Python*, Manning, chapter on computer vision.
# - [Keras pull request 8868](https://github.com/keras-team/keras/pull/8868), *Change shear intensity from radians to degrees*, December 2017.
# - Keras, [image augmentation layers](https://keras.io/api/layers/preprocessing_layers/image_augmentation/); TensorFlow, [ImageDataGenerator](https://www.tensorflow.org/api_docs/python/tf/keras/preprocessing/image/ImageDataGenerator).
# - H. Zhang and others, *mixup: beyond empirical risk minimization*, ICLR 2018; S. Yun and others, *CutMix*, ICCV 2019.
# - [Keras issue 17398](https://github.com/keras-team/keras/issues/17398), the exchanged shifts, January 2023.
# - P. Simard, D. Steinkraus and J. Platt, *Best practices for convolutional neural networks applied to visual document analysis*, ICDAR 2003: distorted digits.
# - C. Shorten and T. Khoshgoftaar, *A survey on image data augmentation for deep learning*, Journal of Big Data 6, 2019.
#
# In *[Feature extraction](lesson:feature_extraction)*, a network that was trained on more than a million pictures lends us its features.
