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
# # Visualizing what networks learn
#
# How to look into a trained network: what its layers answer, what excites its filters, which pixels speak for a class, and how far such pictures can be trusted.
#
# After this lesson you can
#
# - show the activations of any layer, and say what changes with depth;
# - find the picture that excites a filter most, by gradient ascent;
# - compute a class activation map by hand, and with Grad-CAM for any layer;
# - check a heatmap with a second method, occlusion, that uses no gradients;
# - measure whether heatmaps point at the right thing, against baselines that are hard to beat.
#
# **You need:** [Augmentation](lesson:augmentation), [Feature extraction](lesson:feature_extraction), [Fine-tuning](lesson:fine_tuning) · **Time:** about 50 minutes to read, about a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class; `IMAGE` may be the path of a picture of your own.
# For another `BASE`, name one of its layers as `FIRST_UNFROZEN` (for `vgg16`: `block5_conv1`).

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE: str = "chelsea"  # chelsea, coffee, astronaut, rocket, camera, or the path of an image file
BASE: str = "efficientnet_lite0"  # also vgg16, resnet50, … (Feature extraction): these are downloaded
FIRST_UNFROZEN: str = "block6a_expand_conv"  # a layer of the base: the layers before it stay frozen
IMAGE_SIZE: int = 128  # pixels a side as the base gets them, 64 to 224
N_TRAIN: int | None = None  # training images, from one a class; None: all (of mnist or cifar10, take 2000)
EPOCHS_HEAD: int = 20  # of training the head on the frozen base, 1 to 100
EPOCHS: int = 3  # of fine-tuning, 1 to 50
BATCH_SIZE: int = 20  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.0002  # of Adam, for fine-tuning, 0.00001 to 0.01
FLIP: bool = True  # mirror every second training picture or not (for digits: not)
STEPS: int = 20  # of gradient ascent in section 4, 1 to 200
PATCH: int = 32  # side of the patch in section 7, pixels, 8 to IMAGE_SIZE
SEED: int = 0  # weights, order of the images, augmentation, noise; 0 or more

# %%
import csv

import matplotlib.pyplot as plt
import numpy as np

from course_utils import (
    augment,
    checks,
    datasets,
    exercises,
    features,
    inspection,
    models,
    plots,
    pretrained,
    results,
    runtime,
    training,
    widgets,
)

with runtime.quiet():
    import keras
    import tensorflow as tf
    from keras import layers

plots.set_style()
training.check_settings(SEED=SEED)
keras.utils.set_random_seed(SEED)

# %% [markdown]
# ## 1. The question: right for the right reason?
#
# A network can be right for a wrong reason.
# In a well-known experiment, a classifier told wolves from huskies by the snow around the wolves (Ribeiro and others, 2016, who had trained it on such pictures on purpose).
# Accuracy does not show this, if the validation pictures have the same snow.
# So we want to see *what in the picture* decides.
# The third lecture names three ways to look inside: activations, filters, and heatmaps of a class.
# This lesson takes them in this order, and then tests whether the heatmaps tell the truth.

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
training.check_settings(
    images=len(data.splits["train"][1]),
    EPOCHS=EPOCHS,
    EPOCHS_HEAD=EPOCHS_HEAD,
    BATCH_SIZE=BATCH_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    IMAGE_SIZE=IMAGE_SIZE,
)
checks.whole("STEPS", STEPS, 1)
checks.whole("IMAGE_SIZE", IMAGE_SIZE, 64)
if not 8 <= PATCH <= IMAGE_SIZE:
    raise ValueError(f"PATCH must be from 8 to IMAGE_SIZE, {IMAGE_SIZE}; got {PATCH}")
print(data)

# %% [markdown]
# As in *[Fine-tuning](lesson:fine_tuning)*, grey pictures get their channel three times and small ones are enlarged.
# The validation and test pets show other poses than the training pets, which is a shift, not overfitting.
# To keep the lesson short we look at 200 validation pictures at most, evenly chosen.

# %%
images, labels = pretrained.as_photographs(data.splits["train"][0], IMAGE_SIZE), data.splits["train"][1]
chosen = np.linspace(0, len(data.splits["validation"][1]) - 1, min(200, len(data.splits["validation"][1])))
unseen, unseen_labels = (part[chosen.astype(int)] for part in data.splits["validation"])
unseen = pretrained.as_photographs(unseen, IMAGE_SIZE)
print(f"{len(images):,} training pictures, {len(unseen):,} validation pictures, {unseen.shape[1:]}")

# %% [markdown]
# Toy pets have one great advantage over photographs: the program that drew them wrote down where each head is.
# Only the head tells cats from dogs (ears, muzzle, nose, and hints around them); fur, collar, toys and walls are shared.
# So we know where a network *should* look.
# **Look:** could you decide without the part in the box?


# %%
def head_boxes():
    """Left, top, right, bottom of the heads in the validation pictures; None without toy pets."""
    if DATASET != "toy_pets":
        return None
    with open(datasets.prepare_folder(DATASET) / "heads.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["file"].startswith("posed_validation/")]
    left, top, width, height = (
        np.array([[float(row[name]) for row in rows] for name in ("left", "top", "width", "height")])
        * IMAGE_SIZE
        / 150
    )
    return np.stack([left, top, left + width, top + height], axis=1)[chosen.astype(int)]


def draw_box(ax, box):
    left, top, right, bottom = box
    plots.outline(ax, (top + 0.5, left + 0.5, bottom - top - 1, right - left - 1), colour="sky")


boxes, some = head_boxes(), np.linspace(0, len(unseen) - 1, min(6, len(unseen))).astype(int)
figure = plots.pictures(unseen[some], [data.classes[label] for label in unseen_labels[some]], columns=6)
for ax, index in zip(figure.axes, some):
    if boxes is not None:
        draw_box(ax, boxes[index])
plots.show(figure, alt=f"Validation pictures of {data.name}; where heads are known, each in a box.")

# %% [markdown]
# ## 2. The network: fine-tuning in short
#
# The base without its head, and our own: the mean of each feature map, dropout, one dense layer.
# First the head learns on stored features, of the training pictures and of one augmented version of each; then the last blocks of the base learn with it, at a low rate, on new augmented versions.
# BatchNormalization stays in inference mode.
# (We do not load the file from *[Fine-tuning](lesson:fine_tuning)*, so that this lesson runs alone; and with 128 pixels a side the heatmaps are a little finer.)


# %%
def classifier(base_model):
    last = models.head_for(len(data.classes))
    return keras.Sequential(
        [
            layers.Input(base_model.input_shape[1:]),
            base_model,
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dropout(0.5),
            layers.Dense(last.units, last.activation, name="scores"),
        ],
        name="network",
    )


def compiled(model, rate):
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        metrics=["accuracy"],
        loss=models.head_for(len(data.classes)).loss,
    )
    return model


base = pretrained.load_base(BASE, image_size=IMAGE_SIZE)
names = [layer.name for layer in base.model.layers]
if FIRST_UNFROZEN not in names[1:]:
    raise ValueError(
        f"FIRST_UNFROZEN must be a layer of {BASE}, such as {names[-3]!r}; got {FIRST_UNFROZEN!r}"
    )
network = classifier(base.model)
warp = augment.RandomWarp(rotation=30, shift=0.1, zoom=0.2, shear=10, flip=FLIP, seed=SEED)
variations = keras.ops.convert_to_numpy(warp(images, training=True)).astype("uint8")
means = features.extract(base, np.concatenate([images, variations]), pool=True)
head = compiled(keras.Sequential([layers.Input(means.shape[1:]), *network.layers[2:]]), 0.001)
head.fit(
    means,
    np.tile(labels, 2),
    batch_size=BATCH_SIZE,
    epochs=EPOCHS_HEAD,
    verbose=0,
    callbacks=[training.progress(EPOCHS_HEAD, "head on the frozen base")],
)
weights = {"frozen base": network.get_weights()}

# %% [markdown]
# `head` consists of the network's own last layers, so `network` has learnt too.
# We keep its weights, because it will be interesting to compare it with the fine-tuned one.

# %%
first = names.index(FIRST_UNFROZEN)
for place, layer in enumerate(base.model.layers):
    layer.trainable = place >= first and not isinstance(layer, layers.BatchNormalization)
augmented = compiled(keras.Sequential([layers.Input(images.shape[1:]), warp, network]), LEARNING_RATE)
augmented.fit(
    images,
    labels,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    verbose=0,
    callbacks=[training.progress(EPOCHS, "fine-tuning")],
)
weights["fine-tuned"] = network.get_weights()

# %% [markdown]
# **Predict:** how much better is the fine-tuned network on the validation pictures?


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def answers(model, pictures):
    """The class that the model chooses for each picture, and the probability that it gives to it."""
    found = model.predict(pictures, batch_size=40, verbose=0)
    found = np.hstack([1 - found, found]) if found.shape[1] == 1 else found
    return found.argmax(axis=1), found.max(axis=1)


accuracy = {}
for name, values in weights.items():
    network.set_weights(values)
    choice, sure = answers(network, unseen)
    accuracy[name] = float(np.mean(choice == unseen_labels))
    print(f"{name:12} {accuracy[name]:.3f}")

# %% [markdown]
# ## 3. Activations: a photograph on its way through
#
# A layer's answer to a picture can be had with a model that ends at that layer.
# It shares the layers of the base; nothing is copied or trained.
# We take the last layer of each map size.
# **Predict** how the maps change from stage to stage: their size, their number, and the share of zeros.

# %%
photo = datasets.load_image(IMAGE)
square = keras.preprocessing.image.smart_resize(photo.pixels.astype("float32"), (IMAGE_SIZE, IMAGE_SIZE))
stages = {
    layer.output.shape[1]: layer.name for layer in base.model.layers[1:] if len(layer.output.shape) == 4
}
found = {}
for name in stages.values():
    until = keras.Model(base.model.input, base.model.get_layer(name).output)
    found[name] = keras.ops.convert_to_numpy(until(square[None], training=False))
helper = inspection.activations(network, square[None], list(stages.values()))
assert all(np.allclose(helper[name], maps, atol=1e-3) for name, maps in found.items())
for name, (_, height, width, count) in ((name, maps.shape) for name, maps in found.items()):
    print(f"{name:20} {count:5,} maps of {height} × {width}")

# %% [markdown]
# `inspection.activations` does the same for any layer, also for those inside `network`, where the base is one layer of four.
# Here are four maps of each stage, those with the largest standard deviation.
# Black is a map's smallest value, white its largest; the ReLU of the embedded base cuts at 6, so many of them have only a few levels.
# **Look:** up to which stage do you recognise the subject?

# %%
figure, axes = plt.subplots(4, len(found) + 1, figsize=(1.4 * (len(found) + 1), 5.9))
for ax in axes[:, 0]:
    ax.axis("off")
plots.picture(square.astype("uint8"), axes[0, 0], title=photo.name)
for column, (name, maps) in zip(axes.T[1:], found.items()):
    most_varied = np.argsort(-maps[0].std(axis=(0, 1)))[:4]
    for ax, which in zip(column, most_varied):
        plots.picture(maps[0, :, :, which], ax)
    column[0].set_title(f"{maps.shape[1]} × {maps.shape[2]}")
plots.show(
    figure,
    alt=(
        f"{photo.name}, and in columns four feature maps of each stage, from fine maps "
        "that resemble the photograph to coarse ones with a few bright squares."
    ),
)

# %% [markdown]
# Early maps are the photograph itself, filtered: edges, light and dark parts.
# Later ones say less and less how the subject looks, and more and more *what* is *roughly where*.
# In the last stage a map has few squares, and most of them are dark.
# How dark, on average?

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
for name, maps in found.items():
    print(f"{name:20} {np.mean(maps == 0):6.1%} of all activations are zero")

# %% [markdown]
# Where a stage ends in ReLU, many activations are exactly zero, and in the last stage most are: each of its filters answers to something special, which is not there.
# To what?
# The photograph cannot tell.
#
# ## 4. Filters: the picture that excites one most
#
# So we turn the question around (**activation maximization**), and look for the picture $x$ that makes the mean of the map $A_k$ as large as possible.
# Training goes down the gradient of the loss, and changes the weights.
# Here we go *up* the gradient of the activation, and change the **pixels**:
#
# $$ x \leftarrow x + \eta \, \frac{g}{\sqrt{\operatorname{mean}(g^2)}} , \qquad g = \frac{\partial}{\partial x} \operatorname{mean}(A_k) . $$
#
# Dividing by the size of the gradient makes all steps equally long, also for filters with tiny gradients.
# We start with weak grey noise.
# (`tape.watch` tells TensorFlow that it is the pixels for which a derivative will be asked; weights are watched by themselves.)
# **Predict:** will the activation grow in each step?

# %%
early, late = list(stages.values())[0], list(stages.values())[-1]
until_early = keras.Model(base.model.input, base.model.get_layer(early).output)
noise = np.random.default_rng(SEED).uniform(0.49, 0.51, (1, IMAGE_SIZE, IMAGE_SIZE, 3))
pixels = tf.constant(255 * noise, tf.float32)
for step in range(STEPS):
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        mean = tf.reduce_mean(until_early(pixels, training=False)[..., 0])
    uphill = tape.gradient(mean, pixels)
    size = tf.sqrt(tf.reduce_mean(uphill**2))
    pixels = tf.clip_by_value(pixels + 0.01 * 255 * tf.math.divide_no_nan(uphill, size), 0, 255)
by_helper = inspection.maximise_filter(network, early, [0], steps=STEPS, seed=SEED)
print(
    "by hand and by inspection.maximise_filter:",
    "agree" if np.abs(by_helper.images[0] - pixels[0]).mean() < 1 else "differ",
)

# %% [markdown]
# Not in every step, perhaps: a step of fixed length can jump over the top.
# And in this base it cannot grow for ever, because its ReLU stops at 6.
# The helper does several filters at once.
# We take four filters each of an early, a middle and the last stage.
# A filter whose map is zero for the noise has gradient zero, so the climb cannot begin; we choose the four that the noise excites most.
# Of each picture we show the middle, with its contrast raised.
# **Predict** which row will have the most regular patterns.

# %%
rows = [early, list(stages.values())[len(stages) // 2], late]
answer_to_noise = inspection.activations(network, 255 * noise, rows)
excited, shown = {}, []
for name in rows:
    best = np.argsort(-answer_to_noise[name].mean(axis=(0, 1, 2)))[:4]
    excited[name] = inspection.maximise_filter(network, name, best, steps=STEPS, seed=SEED)
    quarter = IMAGE_SIZE // 4
    for image in excited[name].images[:, quarter:-quarter, quarter:-quarter]:
        shown.append(np.clip(0.5 + (image - image.mean()) / (5 * image.std() + 1e-9), 0, 1))
titles = [row if place == 0 else "" for row in ("early", "middle", "last") for place in range(4)]
plots.show(
    plots.pictures(shown, titles, columns=4, side=1.2),
    alt=(
        "Three rows of four pictures made by gradient ascent: plain colours and fine regular textures for "
        "the early stage, stripes and nets for the middle one, irregular curls for the last."
    ),
)

# %% [markdown]
# Did it work?
# For each filter we compare the activation before the first step and after the last.

# %%
for name in rows:
    before, after = excited[name].activations[[0, -1]]
    print(f"{name:20} more excited than by noise: {np.sum(after > before)} of {len(after)} filters")

# %% [markdown]
# Where a filter of the last stage ends lower than it began, the last step jumped over the top: steps of a fixed length never settle.
# Early filters want plain stripes, dots and colours; we met such filters in *[Convolution](lesson:convolution)*, made by hand.
# Later ones see more of the picture (their receptive field, see *[Pooling](lesson:pooling)*); what they want is less regular, and harder to name.
# Be careful with stories about the last row: each picture is *one* of many that excite the filter, it was found from noise, and it lies far from all photographs.
# Better looking ones need further rules, such as smoothness (Olah and others, 2017).
#
# ## 5. Which places speak for a class
#
# Now the question that we began with.
# Our network ends with means and a dense layer, so its score can be taken apart *exactly*.
# The score $y$ of a class (its **logit**, before the sigmoid or softmax) is a weighted sum of means, and a mean is a sum over places $(i, j)$:
#
# $$ y = b + \sum_k w_k \, \frac{1}{Z} \sum_{i,j} A_{kij} = b + \sum_{i,j} M_{ij} , \qquad M_{ij} = \frac{1}{Z} \sum_k w_k A_{kij} . $$
#
# $Z$ is the number of places.
# $M$ is the **class activation map** (Zhou and others, 2016): what each place adds to the score.
# One sigmoid unit speaks for class 1, so for class 0 all signs change.
# **Predict:** is $M$ positive everywhere, if the network is sure?
# (The next figure shows it.)

# %%
network.set_weights(weights["fine-tuned"])
example = unseen[-1:]
class_index = int(unseen_labels[-1])
kernel, bias = network.layers[-1].get_weights()
kernel = np.hstack([-kernel, kernel]) if kernel.shape[1] == 1 else kernel
bias = np.hstack([-bias, bias]) if len(bias) == 1 else bias
maps = inspection.activations(network, example, [base.model.name])[base.model.name][0]
M = maps @ kernel[:, class_index] / maps[:, :, 0].size
means = inspection.activations(network, example, ["means"])["means"][0]
score = means @ kernel[:, class_index] + bias[class_index]  # what the dense layer computes
assert np.isclose(M.sum() + bias[class_index], score, rtol=1e-3, atol=1e-3)
print(f"sum of the map plus bias equals the score: yes; map {M.shape}, class {data.classes[class_index]!r}")

# %% [markdown]
# Places may be negative too: they speak for another class, or against this one.
# A heatmap shows the positive ones only: ReLU, then divided by the largest.
#
# Not every network ends with means and one dense layer.
# **Grad-CAM** (Selvaraju and others, 2017) works for any layer: the weight of a map is the mean of the *gradient* of the score for it.
#
# $$ \alpha_k = \frac{1}{Z} \sum_{i,j} \frac{\partial y}{\partial A_{kij}} , \qquad L = \operatorname{ReLU} \Big( \sum_k \alpha_k A_k \Big) . $$
#
# **Predict** what $\alpha_k$ is for our network: what is $\partial y / \partial A_{kij}$, by the formula for $y$?

# %%
explained = inspection.grad_cam(network, example, class_index=class_index)
by_hand, by_gradient = np.maximum(M, 0), explained.maps[0] * explained.largest[0]
assert np.allclose(by_gradient, by_hand, rtol=1e-2, atol=1e-3 * max(1, by_hand.max()))
print("Grad-CAM and the class activation map agree: yes")
figure, axes = plt.subplots(1, 3, figsize=(9, 3.6))
plots.picture(example[0], axes[0], title=data.classes[class_index])
plots.matrix(M, axes[1], title=f"M for {data.classes[class_index]}", signed=True, decimals=2)
plots.matrix(explained.maps[0], axes[2], title="its heatmap", decimals=2)
plots.show(
    figure,
    alt=(
        f"A validation picture of {data.name}, its class activation map as a matrix of signed numbers, "
        "and the heatmap, a matrix of numbers between 0 and 1 with the same pattern."
    ),
)

# %% [markdown]
# $\partial y / \partial A_{kij} = w_k / Z$ at all places, so $\alpha_k = w_k / Z$: here both are the same.
# (With sigmoid or softmax in place, the gradient would vanish where the network is sure. So `grad_cam` computes the score from the inputs, the kernel and the bias of the last dense layer.)
#
# The map has as few squares as the last feature maps.
# Drawn over the picture, it is enlarged, with values in between; that makes it smooth, but no finer.
# In the next figures the picture is grey, and the colours are the heat: from black, none, to yellow, the largest.
# **Predict** where it will be yellow.


# %%
def draw_heat(ax, pixels, heat, title=None, box=None):
    smooth = keras.ops.image.resize(heat[..., None], pixels.shape[:2])
    plots.picture(pixels.mean(axis=-1), ax, title=title, limits=(0, 255))  # grey: only heat has colours
    ax.imshow(keras.ops.convert_to_numpy(smooth)[..., 0], cmap="inferno", alpha=0.5, vmin=0, vmax=1)
    if box is not None:
        draw_box(ax, box)


explain = inspection.GradCam(network)  # as `grad_cam`, and prepared once for all heatmaps that follow
explained = explain(unseen)
last_first = list(stages.values())[:-4:-1]  # the last stage, and the two before it
widgets.class_activation(
    network, unseen[some], data.classes, last_first, boxes=None if boxes is None else boxes[some]
)

# %% [markdown]
# In a running notebook (where this figure takes some seconds, because all its maps are computed at once) you can choose an image, the class that is asked for, and an earlier stage.
# **Look:** do the heatmaps of an earlier stage, with more squares, point at the same place?

# %% [markdown]
# ## 6. Two subjects, two classes
#
# What if both are in the picture?
# We put two validation pictures of different classes side by side.
# The network was built for squares, but nothing in it depends on the size: convolutions slide, means average whatever there is.
# So the same weights fit a network for a picture twice as wide.
# **Predict:** where is the heatmap for the first class, where for the second?

# %%
wide = classifier(pretrained.load_base(BASE, (IMAGE_SIZE, 2 * IMAGE_SIZE), weights=None).model)
wide.set_weights(network.get_weights())
right = explained.classes == unseen_labels
group = [np.flatnonzero(unseen_labels == label) for label in (0, 1)]
group = [members[np.argsort(~right[members], kind="stable")][:10] for members in group]  # correct ones first
pairs = list(zip(*group))
sides = np.arange(len(pairs)) % 2  # of class 0: in every second pair it stands on the right
doubles = np.stack(
    [
        np.concatenate([unseen[a], unseen[b]] if side == 0 else [unseen[b], unseen[a]], axis=1)
        for (a, b), side in zip(pairs, sides)
    ]
)
explain_wide = inspection.GradCam(wide)
both = [explain_wide(doubles, class_index=label) for label in (0, 1)]
print(f"double pictures of shape {doubles.shape[1:]}, heatmaps of {both[0].maps.shape[1:]}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(9.6, 2.1))
plots.picture(doubles[0], axes[0], title="two subjects")
for label in (0, 1):
    draw_heat(axes[1 + label], doubles[0], both[label].maps[0], title=f"evidence for {data.classes[label]}")
plots.show(
    figure,
    alt=(
        f"Two validation pictures of {data.name} side by side, {data.classes[0]} on the left and "
        f"{data.classes[1]} on the right; then in grey with the heatmap for each of the two classes."
    ),
)

# %% [markdown]
# One picture proves little.
# How often does the maximum lie in the half with the right subject?
# By guessing it would be every second time.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
middle = both[0].maps.shape[2] / 2
halves = [evidence.maps.max(axis=1).argmax(axis=1) // middle for evidence in both]
in_right_half = float(np.mean([halves[0] == sides, halves[1] == 1 - sides]))
print(
    f"maximum in the half with the class that was asked for: {in_right_half:.2f} of "
    f"{2 * len(pairs)} questions"
)

# %% [markdown]
# The heatmap answers the question that was asked: it separates classes, not only the subject from the wall.
# (With two classes and one sigmoid, the two maps are one: $M$ for class 0 is $-M$ for class 1. So what we see is its negative and its positive part.)
#
# ## 7. A second opinion: cover it up
#
# Grad-CAM looks into the network.
# **Occlusion** (Zeiler and Fergus, 2014) only asks it: cover a part of the picture with a patch of one colour, the picture's mean, and see by how much the score falls; the map shows at each pixel the mean fall over all patches that cover it.
# Then move the patch.
# It needs no gradients and no feature maps, so it works for any classifier; but it needs one forward pass for each place.
# **Compute it by hand:** how many places are there for `PATCH` and a stride of half of it?

# %%
stride = PATCH // 2
along = -(-(IMAGE_SIZE - PATCH) // stride) + 1  # rounded up: the last patch touches the edge
print(f"patch {PATCH}, stride {stride}: {along} × {along} = {along * along} passes a picture")
shown = some[[0, -1]]
covered = inspection.occlusion(network, unseen[shown], PATCH, stride)
figure, axes = plt.subplots(2, 3, figsize=(6.3, 4.5))
for row, index, *heats in zip(axes, shown, explained.maps[shown], covered.maps):
    plots.picture(unseen[index], row[0], title=data.classes[unseen_labels[index]])
    for ax, heat, method in zip(row[1:], heats, ("Grad-CAM", "occlusion")):
        draw_heat(ax, unseen[index], heat, title=method, box=None if boxes is None else boxes[index])
plots.show(
    figure,
    alt=(f"Two validation pictures of {data.name}, each with its heatmap by Grad-CAM and by occlusion."),
)

# %% [markdown]
# How often do both have their maximum in the box of the head?
# We ask for ten pictures.


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def points_into(maps, boxes):
    """Whether the centre of each map's brightest square lies in its box; a map of zeros does not."""
    rows, columns = np.unravel_index(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[1:])
    y, x = (rows + 0.5) * IMAGE_SIZE / maps.shape[1], (columns + 0.5) * IMAGE_SIZE / maps.shape[2]
    left, top, right, bottom = boxes.T
    return (left <= x) & (x < right) & (top <= y) & (y < bottom) & (maps.max(axis=(1, 2)) > 0)


if boxes is not None:
    ten = np.linspace(0, len(unseen) - 1, min(10, len(unseen))).astype(int)
    second = points_into(inspection.occlusion(network, unseen[ten], PATCH, stride).maps, boxes[ten])
    first = points_into(explained.maps[ten], boxes[ten])
    print(
        f"of {len(ten)} pictures: Grad-CAM in the head {first.sum()}, occlusion {second.sum()},",
        f"both {np.sum(first & second)}",
    )

# %% [markdown]
# The two need not agree, and often they do not.
# Grad-CAM says which places *had a part* in the score; occlusion what the score *loses* when a place is gone.
# If both ears say "cat", covering one may cost little.
# And a patch of one colour is itself something that the network has never seen.
# Where both agree, we may believe them more.
#
# ## 8. Does the heatmap tell the truth?
#
# A heatmap always looks convincing.
# So we count, as in the **pointing game** (Zhang and others, 2016): how often does the maximum of the map, the middle of its brightest square, lie in the box of the head?
# Only correctly classified pictures count.
# Beside the fine-tuned network stand four baselines: the network before fine-tuning; an untrained network, with random weights; the centre of the picture; and chance, which is the mean share of the picture that the box takes.
# **Predict** all five.
# Which baseline will be hardest to beat?


# %%
def pointing_game(pictures, boxes):
    shares, centre = {}, np.zeros((len(boxes), 3, 3))
    centre[:, 1, 1] = 1
    for name, values in weights.items():
        network.set_weights(values)
        explained = explain(pictures)
        counts = explained.classes == unseen_labels
        shares[name] = float(points_into(explained.maps, boxes)[counts].mean())
        print(f"{name:12} {shares[name]:.3f} of the {counts.sum()} pictures that it classifies correctly")
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / IMAGE_SIZE**2
    always = {"centre": float(points_into(centre, boxes).mean()), "chance": float(area.mean())}
    for name, share in always.items():
        print(f"{name:12} {share:.3f}")
    return shares | always


keras.utils.set_random_seed(SEED)
untrained = pretrained.load_base(BASE, image_size=IMAGE_SIZE, weights=None)
weights = {"untrained": classifier(untrained.model).get_weights(), **weights}  # fine-tuned stays the last
print("boxes known:", "yes" if boxes is not None else f"no, {data.name} has none, so nothing is counted")

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
as_drawn = pointing_game(unseen, boxes) if boxes is not None else {}

# %% [markdown]
# For toy pets the fine-tuned network points into the head nearly always.
# But so does the centre of the picture: *always*, because the pets sit in the middle and their heads are large.
# A map that is brightest in the middle for any reason at all would win this game.
# Even an untrained network points into the head far more often than chance, in some runs more often than the frozen one that has seen a million photographs.
# So in this game a high number proves nothing.
# (Photographs have the same trouble: who takes a picture puts the subject in the middle.)
#
# ### A harder game
#
# We move each picture by a sixth to a third of its side, up or down and left or right at random, and the boxes with it; edge pixels are repeated.
# Now the centre is often beside the head.
# The network was not trained with such large shifts.
# **Predict** the five numbers again.

# %%
rng = np.random.default_rng(SEED)
shifts = rng.uniform(IMAGE_SIZE / 6, IMAGE_SIZE / 3, (2, len(unseen))) * rng.choice([-1, 1], (2, len(unseen)))
down, across = shifts.astype("float32")
matrices = augment.warp_matrices(IMAGE_SIZE, IMAGE_SIZE, down=down, right=across)
moved = keras.ops.image.affine_transform(unseen.astype("float32"), matrices, fill_mode="nearest")
moved = keras.ops.convert_to_numpy(moved)
moved_boxes = None
if boxes is not None:
    moved_boxes = np.clip(boxes + np.stack([across, down, across, down], axis=1), 0, IMAGE_SIZE)
explained = explain(moved[some])
print(f"moved by {IMAGE_SIZE // 6} to {IMAGE_SIZE // 3} pixels down or up, and to the right or left")

# %% [markdown]
# **Look:** does the bright part follow the head?

# %% tags=["thumbnail"]
figure, axes = plt.subplots(1, len(some), figsize=(1.6 * len(some), 2.1), squeeze=False)
for ax, index, heat, label in zip(axes[0], some, explained.maps, explained.classes):
    draw_heat(
        ax,
        moved[index].astype("uint8"),
        heat,
        title=data.classes[label],
        box=None if boxes is None else moved_boxes[index],
    )
plots.show(figure, alt=f"Moved validation pictures of {data.name} with their heatmaps.")

# %% [markdown]
# And the count:

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
after_move = pointing_game(moved, moved_boxes) if boxes is not None else {}

# %% [markdown]
# For toy pets the course states in advance what must come out:


# %%
def claim(text, holds):
    verdict = "stated for toy_pets only" if boxes is None else "yes" if holds() else "no"
    print(f"{text}: {verdict}")


claim("as drawn, 0.80 or more point into the head", lambda: as_drawn["fine-tuned"] >= 0.80)
claim("moved, still 0.80 or more", lambda: after_move["fine-tuned"] >= 0.80)
for name in ("untrained", "centre", "chance"):
    claim(
        f"moved, at least 0.10 more often than {name}",
        lambda: after_move["fine-tuned"] >= after_move[name] + 0.10,
    )

# %% [markdown]
# Now it means something: where the heatmap is bright depends on what is in the picture, not on the middle.
# Look at the *frozen* network, too: beside the fine-tuned one it loses more in this game than in accuracy (section 2), in most runs.
# A good accuracy alone would not have told where it looks.
#
# An untrained network gives a smooth, plausible heatmap too; only the harder game shows that it knows nothing about heads.
# This is the **parameter randomization test**: some popular methods hardly change when the weights are made random; Grad-CAM passes it (Adebayo and others, 2018).
# Make it whenever you use a new method.
#
# ## 9. A mistake, explained
#
# The most useful heatmaps are those of mistakes.
# We take the validation picture that the fine-tuned network got wrong with the highest probability (if none is wrong, the one that it was least sure of), and ask for both classes: the one that it chose, and the right one.

# %%
wrong = choice != unseen_labels
worst = int(np.argmax(np.where(wrong, sure, -1)) if wrong.any() else np.argmin(sure))
other = int(unseen_labels[worst]) if wrong[worst] else int(next(k for k in range(2) if k != choice[worst]))
asked = [int(choice[worst]), other]
evidence = explain(unseen[[worst, worst]], class_index=asked)
figure, axes = plt.subplots(1, 3, figsize=(7.5, 3))
plots.picture(unseen[worst], axes[0], title=f"it is: {data.classes[unseen_labels[worst]]}")
scale = evidence.largest / max(evidence.largest.max(), 1e-9)  # one scale for both maps
for ax, label, heat, share in zip(axes[1:], asked, evidence.maps, scale):
    draw_heat(
        ax,
        unseen[worst],
        heat * share,
        title=f"for {data.classes[label]}",
        box=None if boxes is None else boxes[worst],
    )
plots.show(
    figure,
    alt=(
        f"A validation picture of {data.name} that is hard for the network, with the heatmap for the "
        "class that it chose and for another one."
    ),
)

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
print(f"{wrong.sum()} of {len(unseen)} validation pictures are wrong")
print(f"this one: chosen {data.classes[choice[worst]]!r} with probability {sure[worst]:.2f}")
for label, strength in zip(asked, evidence.largest):
    words = f"strongest place {strength:.3f}" if strength > 0 else "no positive evidence anywhere"
    print(f"evidence for {data.classes[label]!r}: {words}")

# %% [markdown]
# Both maps have one scale here, that of the larger one, so their colours can be compared.
# (With one sigmoid they are the two signs of one map, so they never overlap.)
# Does another part of the picture speak for the right class, only more weakly, or does nothing?
# What does the wrong class stand on: the pet, a toy that hides an ear, the wall?
# If no place speaks for a class, the map is zero everywhere, and dividing by its largest value would fail: `grad_cam` then returns zeros and says so in `largest`.
# A dark map is an answer, not an error.
#
# A heatmap shows **where** the evidence is, not **what** it is.
# That the network looks at the ears does not tell whether it is their shape or their colour.
# For this, change the picture and measure: that is what occlusion does, and what every experiment does.
#
# ## 10. The numbers

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
numbers = dict(
    val_accuracy_frozen=accuracy["frozen base"],
    val_accuracy_fine_tuned=accuracy["fine-tuned"],
    maximum_in_right_half=in_right_half,
)
for game, shares in [("drawn", as_drawn), ("moved", after_move)]:
    for name, share in shares.items():
        numbers[f"{game}_{name.replace('-', '_').replace(' ', '_')}"] = share
results.record(**numbers)

# %% [markdown]
# The lecture gives no numbers for this topic, so there is nothing to compare with.
#
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("visualizing_features")

# %% [markdown]
# ### 1 · What does each method need?
#
# **Recall.**
# Which of the four methods of this lesson needs a picture from you (`p`), a class (`c`), a gradient (`g`)?
# *Best picture* is the search of section 4 for the picture that excites a filter most.
# One letter or more for each, such as `"pc"`.

# %%
needs = {"activations": ..., "best picture": ..., "Grad-CAM": ..., "occlusion": ...}
ex.what_each_needs.check(needs)

# %% [markdown]
# ### 2 · Two maps
#
# **By hand.**
# A layer has two feature maps of 2 × 2, written row by row:
#
# $$ A_1 = \begin{pmatrix} 1 & 0 \\ 0 & 3 \end{pmatrix} , \qquad A_2 = \begin{pmatrix} 0 & 2 \\ 0 & 2 \end{pmatrix} , \qquad y = 2 \operatorname{mean}(A_1) - \operatorname{mean}(A_2) . $$
#
# Compute the Grad-CAM map $L$ of section 5 for the score $y$, and the one for $-y$ (neither is divided by its largest value).
# Write each as two rows, such as `[[1, 0], [0, 3]]`.

# %%
for_y = ...
for_minus_y = ...
ex.two_maps.check([for_y, for_minus_y])

# %% [markdown]
# ### 3 · From gradients to a heatmap
#
# **Code.**
# Write `heatmap(maps, gradients)`, the last step of Grad-CAM for one picture.
# Both arguments are NumPy arrays of shape (height, width, filters), `float32`: the feature maps, and the derivative of the class's score with respect to each of their numbers.
# It returns the map $L$ of section 5, of shape (height, width), divided by its largest value.
# If nothing speaks for the class, it returns zeros.


# %%
def heatmap(maps, gradients):
    return ...


ex.heatmap.check(heatmap)

# %% [markdown]
# ### 4 · Does it point into the box?
#
# **Code.**
# Write `points_into_box(heat, box, size)` for one picture, with the rules of section 8.
# `heat` is a heatmap, an array of shape (rows, columns) with values of 0 or more; `box` is (left, top, right, bottom) in pixels of the picture; `size` is the picture's (height, width) in pixels.
# The heatmap lies over the whole picture, so each of its squares is height / rows pixels high and width / columns wide.
# The function returns `True` if the middle of the brightest square lies in the box, otherwise `False`; and `False` if the heatmap is all zero.
# For example, with `heat = np.array([[0, 1]])` and a size of (40, 60) the brightest square has its middle at x = 45, y = 20.


# %%
def points_into_box(heat, box, size):
    return ...


ex.points_into_box.check(points_into_box)

# %% [markdown]
# ### 5 · Cover it up
#
# **Code.**
# Write `occlusion_falls(score, picture, patch, stride)`.
# `score(picture)` gives a network's score for one picture, a number; `picture` is an array of shape (height, width, channels).
# A square of `patch` × `patch` pixels is covered with the picture's mean colour (the mean of each channel over the whole picture).
# The square begins at the upper left, and moves by `stride` pixels to the right and down, as long as it fits into the picture.
# For each place, compute by how much the score falls: the score of the whole picture minus that of the covered one, also where this is negative.
# Return an array with a row for each vertical place and a column for each horizontal one: for a picture of 6 × 8, a patch of 2 and a stride of 2 its shape is 3 × 4.
# The picture itself must stay as it was.


# %%
def occlusion_falls(score, picture, patch, stride):
    return ...


ex.occlusion_falls.check(occlusion_falls)

# %% [markdown]
# ### 6 · The ruler
#
# **Design.**
# Your network tells sick from healthy leaves with high accuracy.
# But beside the sick ones there often lies a ruler.
# Plan a test that shows whether it looks at the ruler.
# One letter each.
#
# - `pictures`: a: more sick leaves with a ruler, more healthy ones without · b: healthy leaves beside which somebody happened to lay a ruler · c: each leaf twice, sick and healthy ones: as it is, and with a ruler laid beside it
# - `measure`: a: the accuracy · b: the change of the score for "sick" from one picture of a leaf to the other · c: the heatmap of the clearest picture
# - `baseline`: what is compared with it? a: the same change for a pencil of the ruler's size and place · b: the accuracy of guessing · c: the heatmaps of an untrained network
# - `verdict`: it looks at the ruler, if … a: the score rises with the ruler · b: the accuracy is lower on leaves without a ruler · c: the score rises with the ruler, and clearly more than with the pencil · d: nothing to state in advance; the results will show it

# %%
plan = {"pictures": ..., "measure": ..., "baseline": ..., "verdict": ...}
ex.ruler_test.check(plan)

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. **Explain.**
#    Why is the gradient of the *probability* a bad start for Grad-CAM when the network is sure?
#    What is it exactly when the sigmoid returns 1.0 in 32-bit numbers?
# 2. **Measure.**
#    Take an earlier layer, for example `inspection.grad_cam(network, unseen, layer="block5c_add")`, whose maps are finer.
#    Does it point into the head more often, or less?
#    Why might that be?
# 3. **Measure.**
#    Set `PATCH` to 16 and to 64.
#    How do the occlusion maps change, and how does the time?
#    Count how often the maximum lies in the head for ten pictures.
#
# ## Summary
#
# - Early activations resemble the picture; late ones are coarse, mostly zero, and say what is roughly where.
# - Gradient ascent on the pixels shows what excites a filter: one of many such pictures, and no photograph.
# - With means and one dense layer, the score is exactly a sum over spatial positions: the class activation map.
#   Grad-CAM gives the same there, and works for other layers and networks.
#   It starts from the score, not the probability.
# - A heatmap is as coarse as its layer; enlarging makes it smooth, not finer.
#   Only positive evidence is shown, and there may be none.
# - Occlusion is an independent check: slower, but it needs nothing from inside the network.
# - Heatmaps must be tested too: against chance, against the centre, against an untrained network.
#   A game that the centre wins proves nothing.
#
# ## References
#
# - B. Zhou, A. Khosla, A. Lapedriza, A. Oliva and A. Torralba, *Learning deep features for discriminative localization* (CAM), CVPR 2016.
# - R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, *Grad-CAM: visual explanations from deep networks via gradient-based localization*, ICCV 2017.
# - M. Zeiler and R. Fergus, *Visualizing and understanding convolutional networks*, ECCV 2014: occlusion.
# - D. Erhan, Y. Bengio, A. Courville and P. Vincent, *Visualizing higher-layer features of a deep network*, technical report 1341, University of Montreal, 2009.
# - C. Olah, A. Mordvintsev and L. Schubert, *Feature visualization*, Distill, 2017.
# - J. Zhang, Z. Lin, J. Brandt, X. Shen and S. Sclaroff, *Top-down neural attention by excitation backprop*, ECCV 2016: the pointing game.
# - J. Adebayo and others, *Sanity checks for saliency maps*, NeurIPS 2018.
# - M. Ribeiro, S. Singh and C. Guestrin, *"Why should I trust you?": explaining the predictions of any classifier*, KDD 2016: wolves and snow.
# - F. Chollet, *Deep learning with Python*, Manning, 2017, section 5.4.
#
# Go back to the question that began the course, and answer it for pictures of your own: load them as `DATASET` in *[Fine-tuning](lesson:fine_tuning)*, and look here at what your network sees.
