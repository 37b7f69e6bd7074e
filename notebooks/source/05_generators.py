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
# # Generators
#
# How to train on more images than fit into memory: generators that hand Keras one batch at a time, what goes wrong when their steps do not add up, and what they cost.
#
# After this lesson you can
#
# - feed `fit`, `evaluate` and `predict` from a generator of your own, with the right number of steps;
# - recognise a generator that runs dry, a validation score on the wrong images and labels in the wrong order, and mend them;
# - write the same feed as a generator, as a `keras.utils.PyDataset` and as a `tf.data` pipeline, and show that they train the same network;
# - compute how much memory a data set takes, read it from disk batch by batch, and measure both;
# - find out whether the feed or the network is the slower part, and when more workers help.
#
# **You need:** [Python warm-up](lesson:python_warmup), [Architectures](lesson:architectures) · **Time:** about 60 minutes to read, under a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class.

# %% tags=["parameters"]
DATASET: str = "digits"  # digits, mnist, cifar10, toy_pets, cats_vs_dogs, or the path of a folder
IMAGE_SIZE: int = 64  # pixels a side of photographs and drawings, 32 to 150; digits and cifar10 keep theirs
N_TRAIN: int | None = None  # training images, from one a class; None: all
EPOCHS: int = 3  # passes over the training images, 1 to 50
BATCH_SIZE: int = 64  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.001  # of Adam, 0.0001 to 0.01
WORKERS: int = 4  # threads that load batches for Keras in sections 8 and 10, 1 to 16
SEED: int = 0  # weights, order of the images, flips; 0 or more

# %%
import inspect
import math
import time
import tracemalloc
import warnings
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageOps

from course_utils import checks, datasets, exercises, models, plots, results, runtime, training

with runtime.quiet():
    import keras
    import tensorflow as tf
    from keras import layers

plots.set_style()
tf.get_logger().setLevel("ERROR")  # no advice against building many networks, as this lesson does

# %% [markdown]
# ## 1. The question: does it fit?
#
# A network computes with numbers of 4 bytes (`float32`).
# A data set in memory therefore takes
#
# $$ \text{bytes} = \text{images} \times \text{height} \times \text{width} \times \text{channels} \times 4 $$
#
# **Predict:** which of these four fit into the memory of your computer?
# (1 GB is 1,000,000,000 bytes.)

# %%
sets = {
    "MNIST, training images": (60_000, 28, 28, 1),
    "cats and dogs of the first lecture": (2_000, 150, 150, 3),
    "the whole Kaggle set of cats and dogs": (25_000, 150, 150, 3),
    "ImageNet 2012, training images": (1_281_167, 224, 224, 3),
}
for name, shape in sets.items():
    print(f"{name:38} {4 * math.prod(shape) / 1e9:8.2f} GB")

# %% [markdown]
# The last fits into no ordinary computer, and the third leaves a laptop little room for anything else.
# But training needs only one batch at a time.
# So we keep the images where they are, and load each batch when the network asks for it.
# The second lecture calls this on-the-fly data generation; its tool is the generator, known from *[Python warm-up](lesson:python_warmup)*.
#
# We practise on images that do fit, so that we can check every step.

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
x_train, y_train = data.splits["train"]
x_valid, y_valid = data.splits["validation"]
training.check_settings(
    images=len(y_train),
    EPOCHS=EPOCHS,
    BATCH_SIZE=BATCH_SIZE,
    SEED=SEED,
    IMAGE_SIZE=IMAGE_SIZE,
    LEARNING_RATE=LEARNING_RATE,
)
checks.whole("WORKERS", WORKERS)
judge = "test" if "test" in data.splits else "validation"
x_test, y_test = data.splits[judge]
print(data)
if judge == "validation":
    print("no test images: the validation images stand in for them")

# %% [markdown]
# (With toy pets, the validation and test pictures show other poses than the training pictures, which is a shift, not overfitting: `posed()` asks for them.)
#
# (A folder of your own may have no test images. Then the validation images stand in for them, which is fair as long as nothing is chosen by the validation score.)
#
# ## 2. From plain generators to training
#
# *[Python warm-up](lesson:python_warmup)* ended with `training_batches(items, size, seed)`: loop for ever; in each epoch, shuffle the items and yield them batch by batch, as pairs of names and labels.
# Now the names become pixels.
# We shuffle the row numbers, and fetch the pixels when a batch is made.
# `seed=None` keeps the given order.


# %%
def batches(order, size):
    for start in range(0, len(order), size):
        yield order[start : start + size]


def scaled(pixels):
    return np.divide(pixels, 255, dtype="float32")


def training_batches(images, labels, size, seed=None):
    rng = np.random.default_rng(seed)
    while True:
        order = np.arange(len(labels)) if seed is None else rng.permutation(len(labels))
        for rows in batches(order, size):
            yield scaled(images[rows]), labels[rows]


# %% [markdown]
# This obeys the **Keras contract** for generators: yield tuples `(inputs, targets)` or `(inputs, targets, sample_weights)` of arrays, one tuple for a batch, and never end.
# In memory, the images stay bytes from 0 to 255; only the batch becomes `float32` from 0 to 1.
#
# Because the generator never ends, Keras must be told how many batches make an epoch: `steps_per_epoch`.
# **Predict:** how many is that here, and how large is the last one?

# %%
steps = math.ceil(len(y_train) / BATCH_SIZE)
epoch = list(islice(training_batches(x_train, y_train, BATCH_SIZE, SEED), steps))
sizes = [len(targets) for _, targets in epoch]
inputs, targets = epoch[0]
print(f"{len(y_train):,} / {BATCH_SIZE} = {len(y_train) / BATCH_SIZE:g}, so {steps} steps")
print(f"first batch: inputs {inputs.shape} {inputs.dtype}, targets {targets.shape} {targets.dtype}")
print(f"last batch: {sizes[-1]} images; all batches: {sum(sizes):,} images")
assert sum(sizes) == len(y_train)
figure = plots.pictures(inputs[:8], [data.classes[k] for k in targets[:8]], 8, 1.2)
plots.show(figure, alt=f"The first images of a batch of {data.name}, each with its class above.")

# %% [markdown]
# We round **up**, or the last images of each epoch would be missing.
# Batches need not be equal: over an epoch, Keras weighs the loss and the accuracy of each batch by its number of images.
#
# ## 3. The second lecture's network
#
# A convolution with 32 filters of 3 × 3, pooling, a convolution with 64, and dense layers of 64 and 10 units.
# On 28 × 28 pixels the maps shrink to 26, 13 and 11.
# **Predict:** which layer holds most of the 515,146 parameters?


# %%
def parameters_by_hand(height, width, channels, units):
    rows, columns = (height - 2) // 2 - 2, (width - 2) // 2 - 2
    return {
        "convolution, 32": 3 * 3 * channels * 32 + 32,
        "convolution, 64": 3 * 3 * 32 * 64 + 64,
        "dense, 64": rows * columns * 64 * 64 + 64,
        "last layer": 64 * units + units,
    }


lecture = parameters_by_hand(28, 28, 1, 10)
for name, count in {**lecture, "together": sum(lecture.values())}.items():
    print(f"{name:15} {count:9,}")
assert sum(lecture.values()) == 515_146

# %% [markdown]
# Into the first dense layer come 11 · 11 · 64 = 7,744 numbers, each with a weight to each of the 64 units.
# Now in Keras, for our images.
# The lecture writes `tf.train.AdamOptimizer()` and one-hot targets (for each image a row of zeros with a 1 at its class) with `categorical_crossentropy`.
# Today it is `keras.optimizers.Adam`, and with `sparse_categorical_crossentropy` the targets stay whole numbers.
# `models.head_for` gives the last layer and its loss (see *[Architectures](lesson:architectures)*).


# %%
def build(learning_rate=LEARNING_RATE):
    keras.utils.set_random_seed(SEED)  # the same first weights at every call
    head = models.head_for(len(data.classes))
    network = keras.Sequential(
        [
            layers.Input(x_train.shape[1:]),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(head.units, activation=head.activation),
        ]
    )
    optimizer = keras.optimizers.Adam(learning_rate=learning_rate)
    network.compile(optimizer=optimizer, loss=head.loss, metrics=["accuracy"])
    return training.prepare(network)


model = build()
by_hand = parameters_by_hand(*x_train.shape[1:], models.head_for(len(data.classes)).units)
assert model.count_params() == sum(by_hand.values())
print(f"{model.count_params():,} parameters on images of {x_train.shape[1:]}")

# %% [markdown]
# ### Training
#
# `fit` takes the generator in the place of images and labels.
# The validation images go in as arrays (section 5 says why not as a generator).
#
# `shuffle=False` looks wrong but is right.
# `fit` can shuffle arrays; it cannot shuffle what it has not seen yet.
# For a generator it ignores `shuffle=True`, and newer versions of Keras warn about that.
# The order is the generator's business, and ours shuffles.
#
# `Clock`, a callback (*[Checkpointing](lesson:checkpointing)*), notes when each batch ends: section 8 asks how fast this feed was.


# %%
class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.ticks = [time.perf_counter()]  # of this epoch only

    def on_train_batch_end(self, batch, logs=None):
        self.ticks.append(time.perf_counter())


validation, clock = (scaled(x_valid), y_valid), Clock()
history = model.fit(
    training_batches(x_train, y_train, BATCH_SIZE, SEED),
    steps_per_epoch=steps,
    epochs=EPOCHS,
    validation_data=validation,
    shuffle=False,
    verbose=0,
    callbacks=[clock, training.progress(EPOCHS, "generator")],
).history
plots.show(
    plots.curves({"": history}),
    alt=(
        "Loss and accuracy after each epoch of training on the generator, for training and validation images."
    ),
)

# %% [markdown]
# An ordinary training, although `fit` never saw the data set, only one batch after the other.
#
# ## 4. What `fit` refuses, and what it does not
#
# The lecture computes `steps_per_epoch = len(X_train)/blocksize`.
# 60,000 images in batches of 64 give 937.5.
# Keras of that time went on until the count was reached, and its log says "938/937".
# The lecture also speaks of passing "a function pointer" (its code rightly passes what the call returns), to `fit_generator`, which had arguments `workers` and `max_queue_size`.
# **Predict:** what of this still works?

# %%
feed = training_batches(x_train, y_train, BATCH_SIZE, SEED)
calls = {
    "a fraction of steps": {"x": feed, "steps_per_epoch": 937.5},
    "the function": {"x": training_batches, "steps_per_epoch": 1},
    "workers": {"x": feed, "steps_per_epoch": 1, "workers": 2},
}
for name, arguments in calls.items():
    try:
        model.fit(**arguments, shuffle=False, verbose=0)
    except (TypeError, ValueError) as error:
        print(f"{name}: {type(error).__name__}\n    {str(error).split(' at 0x')[0]}")
print("has fit_generator:", hasattr(model, "fit_generator"))

# %% [markdown]
# Nothing.
# The remedies: `math.ceil` for the steps.
# (`//` instead of `/`, as in the first lecture's code, gives a whole number too, but loses images: section 5.)
# `training_batches(…)` with parentheses, because the function is not the generator.
# `fit`, `evaluate` and `predict` instead of `fit_generator` and its sisters.
# Where `workers` went, section 8 shows.
#
# ### The generator that runs dry
#
# What if a generator is not endless?
# This one ends after ten batches.
# `LambdaCallback` makes a callback (see *[Checkpointing](lesson:checkpointing)*) from single functions; ours counts the batches of each epoch.
# **Predict:** what will `fit` do in the second of four epochs: stop, raise an error, or go on?

# %%
dry_size = max(1, min(BATCH_SIZE, len(y_train) // 10))  # ten batches must exist
ten = (batch for batch in islice(training_batches(x_train, y_train, dry_size), 10))
counts = []
count_batches = keras.callbacks.LambdaCallback(
    on_epoch_begin=lambda epoch, logs: counts.append(0),
    on_train_batch_end=lambda batch, logs: counts.append(counts.pop() + 1),
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    dry = (
        build()
        .fit(ten, steps_per_epoch=10, epochs=4, shuffle=False, verbose=0, callbacks=[count_batches])
        .history["loss"]
    )
for epoch, (count, loss) in enumerate(zip(counts, dry), 1):
    print(f"epoch {epoch}: {count:2} batches, loss {'0.0' if loss == 0 else 'above 0'}")
said = [str(warning.message) for warning in caught if "ran out" in str(warning.message)]
print("Keras warns:", said[0].split(".")[0])

# %% [markdown]
# The message says "interrupting training", but training went on.
# The second epoch had no batch at all, and its loss of **0.0** is an average over nothing.
# It looks like a perfect network; a checkpoint that keeps the lowest loss, as in *[Checkpointing](lesson:checkpointing)*, would keep it.
#
# From the third epoch on there were two batches.
# Why two?
# Before training, Keras takes two batches to learn their shapes, and keeps them.
# The second epoch went on where the first had stopped, at the end, and found nothing.
# After that, Keras starts the feed anew in each epoch: first the two batches that it kept, then the generator, which is exhausted.
# (Seen in the versions of Keras that this course is tested with, 3.13 and 3.15.)
#
# Here we caught the warning in order to print it.
# In your own work it stands once, somewhere between the progress bars.
# The remedy is `while True` in the generator, or fewer steps in the call.

# %% [markdown]
# ## 5. Steps that do not fit
#
# An endless generator does not know where Keras ends an epoch.
# Take ten images in batches of 4, with the row numbers as targets, so that we see who is in which batch.
# **Predict** the second epoch with 10 // 4 = 2 steps.

# %%
rows = np.arange(10)
for name, count in {"10 // 4 = 2 steps": 2, "ceil(10 / 4) = 3 steps": 3}.items():
    print(name)
    endless = training_batches(rows, rows, 4)
    for epoch in (1, 2, 3):
        print(f"  epoch {epoch}:", *(targets.tolist() for _, targets in islice(endless, count)))

# %% [markdown]
# With too few steps, the epochs drift through the data.
# In training on shuffled images, nothing is lost by that; only the word "epoch" is wrong.
# (On a huge data set one may want short epochs.)
# In validation it does harm: each epoch is scored on other images, so the scores cannot be compared.
#
# ### A validation generator, even with the right steps
#
# `validation_data` takes a generator as well, with its own `validation_steps`.
# We test it with a learning rate of 0.
# The weights cannot change, so the validation loss must be the same after each epoch.
# **Predict:** is it?

# %% tags=["nbval-ignore-output"] reason="trained numbers, and how far Keras reads ahead differs from run to run"
frozen = build(learning_rate=0.0)
frozen.set_weights(model.get_weights())


def three_losses(**validation):
    return frozen.fit(feed, steps_per_epoch=1, epochs=3, shuffle=False, verbose=0, **validation).history[
        "val_loss"
    ]


valid_steps = math.ceil(len(y_valid) / BATCH_SIZE)
from_arrays = three_losses(validation_data=validation)
from_generator = three_losses(
    validation_data=training_batches(x_valid, y_valid, BATCH_SIZE), validation_steps=valid_steps
)
print("arrays   ", *(f"{loss:.4f}" for loss in from_arrays))
print("generator", *(f"{loss:.4f}" for loss in from_generator))

# %% [markdown]
# With arrays it is.
# With the generator, in most runs only the first loss is right.
# From the second epoch on, Keras begins each validation with the two batches that it kept, and then goes on where the generator stands.
# And that is further than you think: Keras also reads ahead, usually by a batch or two.
# So some images are scored twice and others not at all.
# (With fewer than three batches you may see no difference.)
# Two rules follow.
#
# - For validation, give arrays, or one of the two feeds of section 8.
#   They can be started anew; a generator cannot.
# - Make a fresh generator for each call of `fit`, `evaluate` or `predict`.
#   A used one stands somewhere in the middle.
#
# ## 6. Sample weights
#
# The optional third part of a batch holds a weight for each image.
# Keras multiplies each image's loss by its weight, and divides the sum by the number of images (not by the sum of the weights).
# With losses $\ell_i$ and weights $w_i$ of $n$ images:
#
# $$ L = \frac{1}{n} \sum_{i=1}^{n} w_i\, \ell_i, \qquad \ell_i = -\ln p_i(\text{true class}) $$
#
# We test the formula on four images with the weights 1, 1, 0, 4.
# **Predict:** which of them does not count at all, and is the weighted loss larger or smaller than the plain mean?


# %%
def class_probabilities(predictions):  # a sigmoid gives only the probability of class 1
    return predictions if predictions.shape[1] > 1 else np.hstack([1 - predictions, predictions])


untrained = build()
inputs, targets = next(training_batches(x_train, y_train, 4))
weights = np.array([1, 1, 0, 4], "float32")
chances = class_probabilities(untrained.predict(inputs, verbose=0))
losses = -np.log(chances[np.arange(4), targets])
one_batch = (batch for batch in [(inputs, targets, weights)])
by_keras, _ = untrained.evaluate(one_batch, steps=1, verbose=0)
print("losses", losses.round(2), "weights", weights)
print(f"mean {losses.mean():.2f}; divided by the weights' sum {np.average(losses, weights=weights):.2f}")
print(f"divided by the number of images {np.mean(weights * losses):.2f}, by Keras {by_keras:.2f}")
assert np.isclose(np.mean(weights * losses), by_keras, rtol=1e-4)

# %% [markdown]
# The third image does not count.
# The weights add up to 6, not to 4, so the weighted loss is on another scale than the plain mean.
# Compare losses only if they are weighted alike.
#
# What do weights do to training?
# We give the images of one class the weight 0, with a generator around the generator.
# Those images are still in the batches.
# **Predict:** how many of that class will the network find?


# %%
def weighted(feed, class_weights):
    for inputs, targets in feed:
        yield inputs, targets, class_weights[targets]


class_weights = np.ones(len(data.classes), "float32")
class_weights[0] = 0
blind = build()
blind.fit(
    weighted(training_batches(x_train, y_train, dry_size, SEED), class_weights),
    steps_per_epoch=min(steps, 20),
    epochs=1,
    shuffle=False,
    verbose=0,
)
answers = class_probabilities(blind.predict(validation[0], verbose=0)).argmax(axis=1)
found = np.sum(answers[y_valid == 0] == 0)
print(f"class {data.classes[0]}, weight 0: found {found} of {np.sum(y_valid == 0)} validation images")

# %% [markdown]
# Each time the network answers "class 0" to another image, it is corrected; when it misses one of class 0, it is not.
# Useful weights are less extreme: larger ones for rare classes, or for images whose labels are certain.
# (`fit` also has an argument `class_weight`. With a generator it refuses it, so there the weights must come from the generator.)
#
# ## 7. `evaluate` and `predict`
#
# Both take generators, with `steps`; without it, an endless generator would never let them return.
# `evaluate` gets each image together with its target.
# `predict` needs no targets; if the generator yields them, it drops them.
# **Predict:** for which of the two does it matter that the generator shuffles?

# %% tags=["nbval-ignore-output"] reason="trained numbers"
test_steps = math.ceil(len(y_test) / BATCH_SIZE)


def test_feed(seed=None):
    return training_batches(x_test, y_test, BATCH_SIZE, seed)


def answers_of(network, feed):
    return class_probabilities(network.predict(feed, steps=test_steps, verbose=0)).argmax(axis=1)


evaluated, predicted = {}, {}
for name, seed in {"in order": None, "shuffled": SEED}.items():
    evaluated[name] = model.evaluate(test_feed(seed), steps=test_steps, verbose=0)[1]
    predicted[name] = np.mean(answers_of(model, test_feed(seed)) == y_test)
    print(f"{name}: evaluate {evaluated[name]:.3f}, predict {predicted[name]:.3f}")

# %% [markdown]
# The classic trap.
# The predictions of a shuffling generator come in *its* order, and we compared them with labels in *ours*.
# No error is raised, and the accuracy is about that of guessing.
# Two remedies: a generator that keeps the order (`seed=None`), or labels out of an equal generator with the same seed.

# %%
labels = np.concatenate([targets for _, targets in islice(test_feed(SEED), test_steps)])
mended = np.mean(answers_of(model, test_feed(SEED)) == labels)
print("evaluate: the same in both orders:", np.isclose(*evaluated.values()))
print("predict in order agrees with it:", np.isclose(predicted["in order"], evaluated["in order"]))
print("predict shuffled, labels shuffled alike:", np.isclose(mended, evaluated["in order"]))

# %% [markdown]
# ## 8. Two more ways to feed
#
# ### `keras.utils.PyDataset`
#
# A generator can only say what comes next.
# A `PyDataset` (formerly `keras.utils.Sequence`, a name that still works) can say what batch number i is.
# To `__init__`, known from *[Python warm-up](lesson:python_warmup)*, come two special methods: Python calls `__len__` for `len(feed)` and `__getitem__` for `feed[i]`.
# **Predict:** which troubles of sections 4 and 5 disappear?


# %%
class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels, size, seed=None, **options):
        super().__init__(**options)  # workers, use_multiprocessing, max_queue_size
        self.images, self.labels, self.size, self.seed = images, labels, size, seed
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):  # batches in an epoch
        return math.ceil(len(self.labels) / self.size)

    def __getitem__(self, index):
        rows = self.order[index * self.size : (index + 1) * self.size]
        return scaled(self.images[rows]), self.labels[rows]

    def on_epoch_end(self):  # called by Keras
        count = len(self.labels)
        self.order = np.arange(count) if self.seed is None else self.rng.permutation(count)


# %% [markdown]
# We repeat the test of section 5, with a learning rate of 0.

# %%
from_dataset = three_losses(validation_data=Batches(x_valid, y_valid, BATCH_SIZE))
print("batches in an epoch:", len(Batches(x_train, y_train, BATCH_SIZE)))
for name, losses in {"arrays": from_arrays, "PyDataset": from_dataset}.items():
    print(f"{name:9}  three equal validation losses: {np.allclose(losses, from_arrays[0], rtol=1e-4)}")

# %% [markdown]
# It knows its length, so it needs no steps and cannot run dry.
# It can be started anew, so validation is right.
# And because its batches have numbers, several **workers** can load them at the same time, and each is used once.
# That is where the arguments of `fit_generator` went:

# %%
functions = {"fit": model.fit, "PyDataset": keras.utils.PyDataset.__init__}
for name in ["steps_per_epoch", "validation_steps", "workers", "use_multiprocessing", "max_queue_size"]:
    found = [place for place, made in functions.items() if name in inspect.signature(made).parameters]
    print(f"{name:20} is an argument of {', '.join(found)}")

# %% [markdown]
# A *thread* is a second line of work inside the same program; a *process* is a program of its own, with its own memory.
# `workers` is the number of threads (1 by default: Keras starts none, and TensorFlow reads ahead with one of its own), `max_queue_size` how many batches may wait ready-made (10 by default; each takes memory).
# `use_multiprocessing=True` makes the workers processes, each with a Python of its own.
# Those must be able to import the class, and from a notebook not every system can; put it into a file first.
# We stay with threads.
#
# `on_epoch_end` shuffles the *images* anew.
# The `shuffle=True` of `fit` shuffles only the order of the batches; their contents stay the same.
#
# ### `tf.data`
#
# TensorFlow's own pipeline is a chain of steps that TensorFlow runs outside Python, usually `shuffle`, `batch`, `map`, `prefetch`.
# To compare the three feeds exactly, we prescribe the order instead of `shuffle`: `orders` has a row for each epoch.


# %%
def pipeline(images, labels, size, orders):
    def read(rows):
        return tf.cast(tf.gather(images, rows), "float32") / 255, tf.gather(labels, rows)

    rows = tf.data.Dataset.from_tensor_slices(orders).flat_map(
        lambda order: tf.data.Dataset.from_tensor_slices(order).batch(size)
    )
    return rows.map(read, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


COMPARED = min(2, EPOCHS)  # epochs
rng = np.random.default_rng(SEED)
orders = np.stack([rng.permutation(len(y_train)) for _ in range(COMPARED)])
inputs, targets = next(iter(pipeline(x_train, y_train, BATCH_SIZE, orders)))
print("inputs", inputs.shape, "targets", targets.shape)

# %% [markdown]
# `flat_map` cuts each row of `orders` into batches of row numbers.
# `map` turns them into pixels, in several threads (`AUTOTUNE` lets TensorFlow choose how many).
# `prefetch` prepares the next batches while the network works on this one.
#
# ### The same network?
#
# Section 3 trained with the generator; we train with the other two, and compare the first epochs.
# We time the last epoch of each, from the end of its first batch: in the first epoch TensorFlow also translates the network into a program of its own (a *graph*), and at the start of every epoch Keras prepares the feed.


# %%
def pace(clock, images):  # images per second
    ticks = clock.ticks[1:] if len(clock.ticks) > 2 else clock.ticks
    share = (len(ticks) - 1) / (len(clock.ticks) - 1)
    return share * images / (ticks[-1] - ticks[0])


def fit_timed(network, feed, images, epochs, steps=None):
    clock = Clock()
    losses = network.fit(
        feed, steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=0, callbacks=[clock]
    ).history["loss"]
    return losses, pace(clock, images)


# %% [markdown]
# Same first weights, same batches, same order.
# (Keras calls `on_epoch_end` once more, *before* the first epoch, so we set the `PyDataset`'s random generator back.)
# **Predict:** will the three losses be equal, or only similar?
# Which feed is the fastest?

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds"
dataset = Batches(x_train, y_train, BATCH_SIZE, SEED, workers=WORKERS)
dataset.rng = np.random.default_rng(SEED)
feeds = {
    "PyDataset": (dataset, None),
    "tf.data": (pipeline(x_train, y_train, BATCH_SIZE, orders), steps),
}
losses, speed = {"generator": history["loss"][:COMPARED]}, {"generator": pace(clock, len(y_train))}
accuracy = {"generator": history["val_accuracy"][COMPARED - 1]}
for name, (feed, needed) in feeds.items():
    network = build()
    losses[name], speed[name] = fit_timed(network, feed, len(y_train), COMPARED, needed)
    accuracy[name] = network.evaluate(*validation, verbose=0)[1]
for name, value in accuracy.items():
    print(
        f"{name:9}  losses {np.round(losses[name], 4)}  validation accuracy {value:.3f}"
        f"  {speed[name]:5,.0f} images/s"
    )

# %% [markdown]
# Equal, up to rounding in the last digits.
# On a computer with nothing else to do, the speeds are similar, too (other programs can change each by a factor of two): fetching small images from memory is quick, the network is slow, and Keras on TensorFlow reads ahead for all three.
# The feed does not matter as long as it is faster than the network.
# Section 10 changes that.
#
# | | generator | `PyDataset` | `tf.data` |
# | --- | --- | --- | --- |
# | you write | a function with `yield` | a class with `__len__`, `__getitem__` | a chain of operations |
# | number of steps | you must say it | it knows | it knows in simple cases |
# | as validation data in `fit` | wrong after the first epoch | right | right |
# | several workers | no | `workers` | `num_parallel_calls` |
# | Python code in it | any | any | only through `tf.numpy_function` and the like |

# %%
for name in feeds:
    equal = np.allclose(losses[name], history["loss"][:COMPARED], rtol=0.01)
    print(f"{name:9}  same losses as in section 3: {equal}")

# %% [markdown]
# ## 9. Images on the disk
#
# Now images that are not in memory: picture files.
# If your `DATASET` consists of files, we take those, otherwise the drawn pets of this course.
# Our feeds only ask for `images[rows]`.
# So any object will do that answers to square brackets, such as one that holds file *names* and reads the pixels when asked.


# %%
class Files:
    def __init__(self, paths):
        self.paths = paths

    def __getitem__(self, rows):
        batch = np.empty((len(rows), IMAGE_SIZE, IMAGE_SIZE, 3), "uint8")
        for place, row in enumerate(rows):
            with Image.open(self.paths[row]) as picture:
                batch[place] = ImageOps.fit(picture.convert("RGB"), (IMAGE_SIZE, IMAGE_SIZE))
        return batch


# %% [markdown]
# The files come sorted by class, so it matters that the feeds shuffle.
# They shuffle row numbers, and no pixel is read for that.
# **Predict** the shape of a batch.

# %%
pictures = DATASET if datasets.has_files(DATASET) else "toy_pets"
paths = sorted(datasets.prepare_folder(pictures).glob("train/*/*.jpg"))
names = sorted({path.parent.name for path in paths})
file_labels = np.array([names.index(path.parent.name) for path in paths])
files, size = Files(paths), min(16, max(1, len(paths) // 8))
inputs, targets = next(training_batches(files, file_labels, size, SEED))
print(f"{pictures if pictures in datasets.NAMES else 'your folder'}: {len(paths):,} files for training")
print("inputs", inputs.shape, inputs.dtype, "targets", targets.shape)

# %% [markdown]
# ### Memory
#
# By hand first.
# All at once: each number is 1 byte as read from the file and 4 bytes as `float32`, and for a moment both exist.
# Batch by batch: one batch is in use (4 bytes a number) while the next is being made (1 + 4).
# **Predict:** how does each grow with the number of files?

# %%
pixels = IMAGE_SIZE * IMAGE_SIZE * 3
all_at_once, by_batches = len(paths) * pixels * (1 + 4), size * pixels * (4 + 1 + 4)
print(f"all at once:    {len(paths):,} × {pixels:,} × 5 bytes = {all_at_once / 1e6:,.1f} MB")
print(f"batch by batch: {size} × {pixels:,} × 9 bytes = {by_batches / 1e6:,.1f} MB")

# %% [markdown]
# Now measured.
# `tracemalloc`, known from *[Python warm-up](lesson:python_warmup)*, also sees NumPy's arrays, though not what Pillow and TensorFlow allocate for themselves.
# We read an eighth, a quarter, half and all of the files.


# %%
def peak_of(feed):
    tracemalloc.start()
    for inputs, targets in feed:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def one_epoch(count, size):
    return islice(training_batches(files, file_labels[:count], size), math.ceil(count / size))


file_counts = [max(1, len(paths) // part) for part in (8, 4, 2, 1)]
whole = [peak_of(one_epoch(count, count)) for count in file_counts]  # all files in one batch
batched = [peak_of(one_epoch(count, size)) for count in file_counts]
print("all at once within 10 % of the sum:", 0.9 < whole[-1] / all_at_once < 1.1)
print("batch by batch within 25 % of it:", 0.75 < batched[-1] / by_batches < 1.25)

# %% [markdown]
# The sums hold.
# In the figure they are the dashed lines.

# %%
figure, ax = plt.subplots(figsize=(7, 3.6))
ax.plot(file_counts, np.array(whole) / 1e6, "o", markersize=9, label="all at once, measured")
ax.plot(file_counts, np.array(batched) / 1e6, "s", markersize=9, label="batch by batch, measured")
ax.plot([0, len(paths)], [0, all_at_once / 1e6], "k--", label="by hand")
ax.plot([0, len(paths)], [by_batches / 1e6] * 2, "k--")
ax.set(xlabel="image files", ylabel="peak memory (MB)", xlim=(0, None), ylim=(0, None))
ax.legend()
plots.show(
    figure,
    alt=(
        "Peak memory against the number of image files. Reading all at once rises in a straight "
        "line; reading batch by batch stays level near zero. The dashed sums run through the points."
    ),
)

# %% [markdown]
# Batch by batch, the memory depends on the size of a batch, and not on the number of files.
# The workers of section 8 may hold up to `max_queue_size` more batches: 10 batches of 64 pictures with 150 × 150 × 3 numbers of 4 bytes are 173 MB.
#
# The price is time: in each epoch, every file is read and decoded again.
#
# ## 10. Which part is the slower one?
#
# A batch takes $t_\text{feed}$ seconds to make and $t_\text{net}$ seconds to train on.
# One after the other, that is the sum.
# If $w$ workers make batches ahead, and do not hinder each other, the slower side alone decides:
#
# $$ t = \max\!\left(\frac{t_\text{feed}}{w},\; t_\text{net}\right) $$
#
# To see the feed alone, we use a network that has next to nothing to do, on at most 400 of the images.

# %%
some = file_labels[:400]


def images_per_second(feed):
    idle = keras.Sequential(
        [layers.Input((IMAGE_SIZE, IMAGE_SIZE, 3)), layers.GlobalAveragePooling2D(), layers.Dense(1)]
    )
    idle.compile(optimizer="sgd", loss="mse")
    return fit_timed(idle, feed, len(some), epochs=2, steps=math.ceil(len(some) / size))[1]


def compare_feeds(images):
    feeds = {
        "generator": training_batches(images, some, size, SEED),
        "PyDataset, 1 worker": Batches(images, some, size, SEED),
        f"PyDataset, {WORKERS} workers": Batches(images, some, size, SEED, workers=WORKERS),
    }
    return {name: images_per_second(feed) for name, feed in feeds.items()}


# %% [markdown]
# First a feed that *waits*: 20 ms for every batch, as for a disk across a busy network.
# **Predict** the images per second, with one worker and with several.


# %% tags=["nbval-ignore-output"] reason="seconds"
class Slow:
    def __init__(self, images):
        self.images = images

    def __getitem__(self, rows):
        time.sleep(0.02)
        return self.images[rows]


waiting = compare_feeds(Slow(files[np.arange(len(some))]))
print(f"{size} images in 20 ms are {size / 0.02:,.0f} images/s")
for name, value in waiting.items():
    print(f"{name:21} {value:7,.0f} images/s")

# %% [markdown]
# The generator and one worker do the same: one batch after the other.
# With several workers, one thread runs while another waits, so waiting is shared well among threads, on any computer.
#
# Now a feed that *computes*: it decodes JPEG files.
# Here threads need processors.
# Python runs its own code in one thread at a time (a lock sees to that).
# Pillow releases the lock while it decodes and resizes; the rest of our loop holds it.
# The `tf.data` pipeline below reads, decodes and resizes with TensorFlow's own operations, which need no Python at all.
# (It resizes more simply: it does not crop to a square and does not smooth.)
# **Predict:** which is the fastest?


# %% tags=["nbval-ignore-output"] reason="seconds"
def decode(path, label):
    decoded = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(decoded, (IMAGE_SIZE, IMAGE_SIZE)) / 255, label


decoding = compare_feeds(files)
chain = tf.data.Dataset.from_tensor_slices(([str(path) for path in paths[: len(some)]], some))
chain = chain.map(decode, num_parallel_calls=WORKERS).batch(size).repeat().prefetch(2)
decoding["tf.data"] = images_per_second(chain)
for name, value in decoding.items():
    print(f"{name:21} {value:7,.0f} images/s")
print(f"to compare: the network of section 3 trained on {speed['generator']:,.0f} images/s of {data.name}")

# %% [markdown]
# In most runs, `tf.data` is.
# With two processors, more threads can at best double the speed of decoding by one thread.
# (If your numbers say more, other programs disturbed the measurement: run it again.)
# In practice they bring less, sometimes nothing, and while a network trains, it wants the same processors.
# So before you tune a feed, measure both sides: the feed alone, as here, and the network alone.
# If the network is slower, leave the feed as it is.
# If the feed waits, take more workers.
# If it computes, move the work into `tf.data`, or do it once and store the result.
#
# ## 11. The lecture's lab: a random horizontal flip
#
# The second lecture asks to flip the images at random in the generator, first in testing, then in training too.
# Again a generator around a generator.
# It may change `inputs`, because each batch is a fresh copy.


# %%
def flipped(feed, share, seed=SEED):
    rng = np.random.default_rng(seed)
    for inputs, targets in feed:
        chosen = rng.random(len(inputs)) < share
        inputs[chosen] = inputs[chosen, :, ::-1]  # columns backwards
        yield inputs, targets


# %% [markdown]
# One picture of each class, and its mirror image.
# **Predict:** which of them are no longer what they were?

# %%
classes = [k for k in range(len(data.classes)) if k in y_test]
examples = np.array([np.flatnonzero(y_test == k)[0] for k in classes[:10]])
plain, _ = next(training_batches(x_test[examples], examples, 10))
mirror, _ = next(flipped(training_batches(x_test[examples], examples, 10), share=1.0))
assert np.array_equal(mirror, plain[:, :, ::-1])
titles = [data.classes[k] for k in classes[:10]] + ["mirrored"] * len(examples)
plots.show(
    plots.pictures([*plain, *mirror], titles, len(examples), 0.95),
    alt=(f"A picture of each class of {data.name}, and below it the same picture mirrored left to right."),
)

# %% [markdown]
# A mirrored 0, 1 or 8 is nearly a 0, 1 or 8.
# A mirrored 5 is no digit.
# A mirrored cat is a cat.
#
# Now the lab's first task: the network of section 3, trained without flips, on the test images as they are, with each one flipped with a probability of one half, and all flipped.
# **Predict** where the second score lies between the others.

# %% tags=["nbval-ignore-output"] reason="trained numbers"
shares = {"as they are": 0.0, "half flipped": 0.5, "all flipped": 1.0}


def flip_scores(network):
    return {
        name: network.evaluate(flipped(test_feed(), share), steps=test_steps, verbose=0)[1]
        for name, share in shares.items()
    }


without = flip_scores(model)
print("trained without flips:", {name: round(score, 3) for name, score in without.items()})

# %% [markdown]
# About half-way, since about half of the images are flipped.
# The network never saw a mirror image in training, and nothing in it treats both alike: convolution and pooling forgive a small shift (see *[Pooling](lesson:pooling)*), but not a reflection.
#
# The second task: flip in training too.
# **Predict:** will the score on the unflipped images rise, fall, or stay?

# %%
model_flips = build()
_ = model_flips.fit(
    flipped(training_batches(x_train, y_train, BATCH_SIZE, SEED), share=0.5),
    steps_per_epoch=steps,
    epochs=EPOCHS,
    shuffle=False,
    verbose=0,
    callbacks=[training.progress(EPOCHS, "generator with flips")],
)

# %% [markdown]
# We score this network in the same three ways.
# Then we ask which classes paid, before and after: for each class, the share of its test images that are recognised, and for the mirrored ones, the answer that the first network gives most often.

# %% tags=["nbval-ignore-output"] reason="trained numbers"
with_flips = flip_scores(model_flips)
print("trained with flips:   ", {name: round(score, 3) for name, score in with_flips.items()})
answers = {
    (name, share): answers_of(network, flipped(test_feed(), share))
    for share in (0.0, 1.0)
    for name, network in {"without flips": model, "with flips": model_flips}.items()
}
recognised = {key: [np.mean(given[y_test == k] == k) for k in classes] for key, given in answers.items()}
commonest = [np.bincount(answers["without flips", 1.0][y_test == k]).argmax() for k in classes]
for k, answer in zip(classes, commonest):
    print(f"{data.classes[k]}, mirrored: most often taken for {data.classes[answer]}")

# %% [markdown]
# For digits, compare 3, 5, 6 and 7 with 4 and 8 in the upper half.

# %% tags=["thumbnail"]
figure, axes = plt.subplots(2, 1, figsize=(9, 5.6), sharex=True)
for trained, ax in zip(("without flips", "with flips"), axes):
    for share, label, offset in [(0.0, "as they are", -0.2), (1.0, "all flipped", 0.2)]:
        ax.bar(np.arange(len(classes)) + offset, recognised[trained, share], 0.38, label=label)
    ax.set(title=f"Trained {trained}", ylabel="share recognised", ylim=(0, 1))
shown = [data.classes[k] for k in classes]
ax.set_xticks(np.arange(len(classes)), shown, rotation=0 if max(map(len, shown)) < 6 else 30)
ax.set_xlabel("class")
figure.legend(*ax.get_legend_handles_labels(), loc="outside right upper", title="test images")
plots.show(
    figure,
    alt=(
        "For each class, bars for the share of test images recognised, as they are and flipped. "
        "Above for the network trained without flips, below for the one trained with them."
    ),
)

# %% [markdown]
# With digits, a few classes keep most of their score without any flips in training, and others lose nearly all of it; a mirrored 5 is hardly ever taken for a 5.
# The 0 and the 1 are a surprise.
# Their shapes are nearly symmetric, but most people's handwriting leans to the right, and the network has hardly seen a 0 or a 1 that clearly leans to the left.
#
# Training with flips mends the flipped images.
# The price: the network must hold two shapes for each class, and mirrored shapes come near other digits.
# Also, in the same number of epochs it sees each image unflipped only half as often.
# So in most runs the *unflipped* images lose a few points.
# Nobody writes a mirrored 5; for digits, a flip is not a variation that occurs.
# For cats and dogs it does occur, and there flips are free training data.
# Which variations to use is a decision about the data, and the subject of *[Augmentation](lesson:augmentation)*.

# %% [markdown]
# ## 12. The numbers
#
# First the verdicts for the default settings.
# Their bands come from several seeds, on both versions of Keras that the course supports.

# %%
_, one, several = waiting.values()
bands = {
    "test accuracy": (without["as they are"], 0.93, 0.99),
    "half of the test images flipped": (without["half flipped"], 0.55, 0.80),
    "trained with flips, images as they are": (with_flips["as they are"], 0.88, 0.98),
    "trained with flips, all flipped": (with_flips["all flipped"], 0.88, 0.98),
}
settings = DATASET, N_TRAIN, EPOCHS, BATCH_SIZE, LEARNING_RATE, WORKERS
default = settings == ("digits", None, 3, 64, 0.001, 4)
for name, (value, low, high) in bands.items():
    verdict = f"inside its band: {'yes' if low <= value <= high else 'no'}"
    print(f"{name}: {verdict if default else 'no band for these settings'}")

# %% [markdown]
# Then the lecture's result on MNIST beside ours: 515,146 parameters, Adam, ten epochs.
# The notes show neither its generators nor its batch size.
# "938/937" fits 60,000 images in batches of 64; that would be all that MNIST has for training, so the validation images would have to come from elsewhere.
# Its score, 0.98597, is no whole number of ten-thousandths, so it cannot be the share of 10,000 test images, each scored once: section 5 shows how that happens.
# We train on 55,000 of the 60,000 and validate on the other 5,000.
# "Our full run" (empty if it has not been made yet) is this notebook with `DATASET = "mnist"` and `EPOCHS = 10`.

# %% tags=["nbval-ignore-output"] reason="trained numbers and seconds"
print(f"lecture and our full run: MNIST; this run: {data.name}")
final = {"test_accuracy": without["as they are"]} if judge == "test" else {}
results.compare("generators", **final, best_val_accuracy=max(history["val_accuracy"]))
results.record(
    half_flipped=without["half flipped"],
    all_flipped=without["all flipped"],
    with_flips_plain=with_flips["as they are"],
    with_flips_flipped=with_flips["all flipped"],
    memory_ratio=whole[-1] / batched[-1],
    images_per_s_generator=speed["generator"],
    images_per_s_pydataset=speed["PyDataset"],
    images_per_s_tf_data=speed["tf.data"],
    gain_of_workers_waiting=several / one,
    gain_of_workers_decoding=decoding[f"PyDataset, {WORKERS} workers"] / decoding["PyDataset, 1 worker"],
    gain_of_tf_data_decoding=decoding["tf.data"] / decoding["generator"],
)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("generators")

# %% [markdown]
# ### 1 · Steps
#
# **Recall.**
# 10,000 test images in batches of 64: how many steps, and how many images has the last batch?
# How many images does the network never see with `10_000 // 64` steps?

# %%
steps_needed = ...
last_batch = ...
left_out = ...
ex.epoch_steps.check([steps_needed, last_batch, left_out])

# %% [markdown]
# ### 2 · The lecture's big-data sum
#
# **By hand.**
# You have 500 pictures of cats.
# The lecture makes every combination of 100 shifts, 10 scales, 20 lightings, 10 changes of colour, 36 rotations and 4 orientations, where each list contains "unchanged".
# How many pictures are that?
# How many TB do they take at 150 × 150 × 3 numbers of one byte (1 TB is 10¹² bytes)?
# And if your computer has 8 GB free (8 · 10⁹ bytes), and Keras holds eleven batches of such pictures as `float32`: how many pictures may a batch have at most?

# %%
pictures = ...
terabytes = ...
largest_batch = ...
ex.big_data_memory.check([pictures, terabytes, largest_batch])

# %% [markdown]
# ### 3 · The lecture's lab, as one generator
#
# **Code.**
# Write a generator that yields batches, tuples `(inputs, labels)`, for ever.
#
# - Each pass over the data has a new random order; in each pass, every image comes once.
#   The last batch of a pass is smaller if `size` does not divide the number of images.
# - `images` has the shape number × height × width × channels, `uint8` from 0 to 255.
#   `inputs` are `float32` from 0 to 1.
# - Each image is mirrored left to right with a probability of one half, each on its own, anew in each pass.
#   The given arrays stay as they are.
# - All random numbers come from `seed`: two generators with the same seed yield the same.
#
# With 10 images and `size=4`, the batches have 4, 4, 2, 4, 4, 2, … images.


# %%
def flipping_batches(images, labels, size, seed):
    yield ...


ex.flipping_batches.check(flipping_batches)

# %% [markdown]
# ### 4 · Adapt your CNN to a generator
#
# **Code.**
# The first task of the lecture's lab.
# `model` may be any compiled network; `feed` is a generator such as that of exercise 3, endless, with `count` images a pass in batches of `size`.
# Train for `epochs` epochs, so that each epoch is exactly one pass, and return what `fit` returns.


# %%
def fit_on_feed(model, feed, count, size, epochs):
    return ...


ex.fit_on_feed.check(fit_on_feed)

# %% [markdown]
# ### 5 · Flips that can be repeated
#
# **Code.**
# If several workers fetch the batches of a `PyDataset`, nobody knows which one comes first.
# With a single random generator for all batches, the flips would then differ from run to run.
# Write a `PyDataset` without this fault.
# `images` hold `float32` from 0 to 1, and stay as they are; the given order is kept.
#
# - `len(dataset)` is the number of batches; `dataset[index]` is the batch `(inputs, labels)` with number `index`, the last one smaller if need be.
# - Each image is mirrored left to right with a probability of one half, each on its own.
#   Which ones depends only on `seed`, the epoch and `index`: asked for twice, a batch is the same.
# - `on_epoch_end()`, which Keras calls, begins the next epoch, with other flips.
#
# `np.random.default_rng` also takes a list of numbers, such as `[seed, epoch, index]`.


# %%
class FlippedBatches(keras.utils.PyDataset):
    def __init__(self, images, labels, size, seed):
        super().__init__()

    def __len__(self):
        return ...


ex.FlippedBatches.check(FlippedBatches)

# %% [markdown]
# ### 6 · A rare class
#
# **Design.**
# One class has 40 images, the other 1,000.
# A generator makes batches of 50 that hold 25 of each class; within a class, all images come equally often.
# An epoch ends when each *common* image was seen once.
# How many steps is that, and how many times is each rare image seen in it?
# Now the other way: an ordinary feed of all images in batches of 50, each image once an epoch.
# How many steps has its epoch?
# Which sample weight must a rare image have, if a common one has 1, so that the classes get the same shares in the loss as with the first feed?

# %%
balanced_steps = ...
times_seen = ...
ordinary_steps = ...
weight = ...
ex.balanced.check([balanced_steps, times_seen, ordinary_steps, weight])

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 7. **The lecture's lab.**
#    Take the network that you trained in *[Architectures](lesson:architectures)* or *[Checkpointing](lesson:checkpointing)* and feed it with `training_batches`.
#    Then flip at random, first in testing, then in training too.
#    Compare with section 11.
# 8. **Mend.**
#    A colleague writes `model.fit(batches_of(x, y), steps_per_epoch=100, epochs=20)` and reports a loss of 0.0 in epoch 2.
#    Write two different remedies, one in the generator and one in the call.
# 9. **Design.**
#    Write the balanced generator of exercise 6, and compare it with the sample weights: what does each cost, and what does each do to a single batch?
#
# ## Summary
#
# - A generator for Keras yields `(inputs, targets)` or `(inputs, targets, sample_weights)`, for ever; `steps_per_epoch = math.ceil(images / batch size)`.
# - `fit`, `evaluate` and `predict` take generators themselves; `fit_generator` and its sisters are gone, and a fraction of steps is an error.
# - A loss of exactly 0.0 means: no batch came.
#   A generator that shuffles gives its predictions in shuffled order.
#   A generator as validation data is scored on the wrong images after the first epoch.
# - `PyDataset` and `tf.data` train the same network.
#   They can be started anew, and load several batches at once.
# - Batch by batch, memory depends on the batch and not on the data set.
#   The slower of feed and network sets the pace: more workers help against waiting, and against computing only as far as there are processors.
# - A flip is harmless for cats, and harmful for fives.
#
# ## References
#
# - Keras, [`PyDataset`](https://keras.io/api/utils/python_utils/#pydataset-class) and [model training](https://keras.io/api/models/model_training_apis/) (`fit`, `evaluate`, `predict`).
# - TensorFlow, [tf.data: build input pipelines](https://www.tensorflow.org/guide/data) and [better performance with tf.data](https://www.tensorflow.org/guide/data_performance).
# - Deep Learning with Python, notebooks, [issue 152](https://github.com/fchollet/deep-learning-with-python-notebooks/issues/152): "ran out of data" in a well-known book's code.
# - TensorFlow, [issue 35982](https://github.com/tensorflow/tensorflow/issues/35982): a validation generator from which more is taken than was asked for.
# - O. Russakovsky and others, *ImageNet large scale visual recognition challenge*, International Journal of Computer Vision 115, 2015 (1,281,167 training images).
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition* (MNIST), Proceedings of the IEEE 86, 1998.
#
# In *[Augmentation](lesson:augmentation)*, the generator changes the images on purpose.
