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
# # Checkpointing
#
# How to keep the best network of a training run instead of the last one, to judge it fairly, and to continue when something goes wrong.
#
# After this lesson you can
#
# - read from the learning curves in which epoch a network was best, and what the rest of the training cost;
# - say what a callback is and when Keras calls it, and write one;
# - use `EarlyStopping`, `LearningRateScheduler` and `ModelCheckpoint`, and say what their arguments do;
# - save a network in today's formats, load it, and prove that the right one came back;
# - resume a training run that was interrupted, and avoid the traps of doing so.
#
# **You need:** [Architectures](lesson:architectures) · **Time:** about 50 minutes to read, under a minute to run

# %% [markdown]
# Change a value here and run the notebook again.
# `DATASET` is a name, or the path of a folder of your own pictures with one sub-folder a class.
# The lecture's own set-up is `"cifar10"`, `"sgd"`, 25 epochs, batches of 16 and a learning rate of 0.01.

# %% tags=["parameters"]
DATASET: str = "toy_pets"  # toy_pets, digits, mnist, cifar10, cats_vs_dogs, or the path of a folder
IMAGE_SIZE: int = 32  # pixels a side of photographs and drawings, 32 to 96; digits and cifar10 keep theirs
N_TRAIN: int | None = None  # training images, from one a class; None: all
OPTIMIZER: str = "adam"  # adam or sgd
EPOCHS: int = 10  # passes over the training images, 1 to 100
BATCH_SIZE: int = 32  # images in a batch, 1 to the number of training images
LEARNING_RATE: float = 0.0005  # 0.0001 to 0.05
PATIENCE: int = 4  # epochs without improvement until training is stopped, 1 to 20
SEED: int = 0  # weights and order of the images, 0 or more

# %%
import inspect
import json
import shutil
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from course_utils import checks, datasets, exercises, models, plots, results, runtime, training, widgets

with runtime.quiet():
    import h5py
    import keras

plots.set_style()
folder = Path("output/checkpointing")
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)

# %% [markdown]
# ## 1. The question: which of the networks do you want?
#
# During training the weights change with every batch.
# After each epoch there is, in effect, another network.
# `fit` leaves you the one of the last epoch.
# **Predict:** is it the best of them?
#
# We train ShallowVGG, known from *[Architectures](lesson:architectures)*, for longer than is good for it.

# %%
data = datasets.load_arrays(DATASET, size=IMAGE_SIZE, seed=SEED, train=N_TRAIN).posed()
training.check_settings(
    images=len(data.splits["train"][1]),
    EPOCHS=EPOCHS,
    BATCH_SIZE=BATCH_SIZE,
    LEARNING_RATE=LEARNING_RATE,
    SEED=SEED,
    IMAGE_SIZE=IMAGE_SIZE,
)
checks.whole("PATIENCE", PATIENCE, 1)
if OPTIMIZER not in ("adam", "sgd"):
    raise ValueError(f"OPTIMIZER must be 'adam' or 'sgd'; got {OPTIMIZER!r}")
print(data)

# %% [markdown]
# (The toy pets are drawn. Those for training sit upright, those for validation and test are turned, shifted or mirrored, so no network gets high scores here: that is the subject of *[Augmentation](lesson:augmentation)*.)
#
# (`posed()` asks for validation and test pictures with other poses than the training pictures have: that is a shift, not overfitting.)
#
# The pixels become numbers from 0 to 1, of type `float32`.
# (The lecture's `astype("float")` makes `float64`: twice the memory, and Keras turns it into `float32` anyway.)
# Everything that a training run needs stands in two short functions, because this lesson trains several times.
# **What does the seed inside of `new_model` do?**

# %%
arrays = {split: (images.astype("float32") / 255, labels) for split, (images, labels) in data.splits.items()}
shape, classes = arrays["train"][0].shape[1:], len(data.classes)


def new_model():
    keras.utils.set_random_seed(SEED)
    optimizers = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
    model = models.shallow_vgg(shape, classes)
    model.compile(
        loss=models.head_for(classes).loss,
        metrics=["accuracy"],
        optimizer=optimizers[OPTIMIZER](learning_rate=LEARNING_RATE),
    )
    return model


def fit(model, epochs, callbacks):
    return model.fit(
        *arrays["train"],
        validation_data=arrays["validation"],
        epochs=epochs,
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=callbacks,
    )


print(f"{new_model().count_params():,} parameters, {len(arrays['train'][1]):,} training images")

# %% [markdown]
# It makes all runs of this lesson start from the same weights, so that they can be compared.
# There are many times as many parameters as pictures: the network can learn the training pictures by heart.
#
# ## 2. Trained too long
#
# **Predict** the two losses: which of them falls to the end?

# %%
last_model = new_model()
history = fit(last_model, EPOCHS, [training.progress(EPOCHS, "first training")])
if not np.isfinite(history.history["val_loss"]).all():
    raise ValueError(f"the loss grew beyond all bounds: LEARNING_RATE {LEARNING_RATE} is too large here")

# %% [markdown]
# What `fit` returns is called a **history**.
# It holds a list for each quantity, and pandas makes a table of it.
# Follow the column `val_loss` downwards: **where would you have stopped?**


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def table(history):
    return pd.DataFrame(history.history, index=pd.Index(history.epoch, name="epoch") + 1)


log = table(history)
log.round(3)

# %% [markdown]
# The same as curves; dashed is what the network learned from, solid is what it had never seen.

# %% tags=["thumbnail"]
plots.show(
    plots.curves({"": log}, best="val_loss"),
    alt=(
        "Loss and accuracy against the epoch, dashed for training, solid for validation. A circle "
        "marks the lowest validation loss. Where the network overfits, the validation loss rises "
        "after it, while the training loss goes on falling."
    ),
)

# %% [markdown]
# In most runs the validation loss turns upwards while the training loss goes on falling: from there on the network **overfits**.
# It gets ever surer of its answers, also of the wrong ones, and the loss punishes a wrong answer the harder, the surer it was: given with probability 0.6 it costs −ln 0.4 ≈ 0.92, with 0.99 it costs −ln 0.01 ≈ 4.61.
# The accuracy only counts wrong answers, and hardly notices.
# So the two may choose different epochs:

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
best_epoch, best_loss = log.val_loss.idxmin(), log.val_loss.min()
last_loss = log.val_loss[EPOCHS]
print(f"lowest validation loss: {best_loss:.3f}, epoch {best_epoch}; after the last epoch: {last_loss:.3f}")
print(f"highest validation accuracy: {log.val_accuracy.max():.3f}, epoch {log.val_accuracy.idxmax()}")

# %% [markdown]
# `last_model` holds the weights of the last epoch.
# Those of the best epoch were overwritten, and are gone.
# To keep them, we must do something *while* `fit` runs.
#
# ## 3. What a callback is
#
# A **callback** is an object whose methods `fit` calls at fixed moments.
# You write a class, overwrite the methods for the moments that you want, and give `fit` a list of such objects.
# This one only says when it is called, in two epochs of two batches.
# **Predict:** how many lines will begin with "batch"?
# Does an epoch end before or after its validation?


# %%
class Diary(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("train begins")

    def on_epoch_begin(self, epoch, logs=None):
        print(f"  epoch {epoch} begins")

    def on_train_batch_end(self, batch, logs=None):
        print(f"    batch {batch} ends; told:", *sorted(logs))

    def on_test_begin(self, logs=None):
        print("    validation begins")

    def on_epoch_end(self, epoch, logs=None):
        print(f"  epoch {epoch} ends; told:", *sorted(logs))

    def on_train_end(self, logs=None):
        print("train ends")


# %% [markdown]
# The network for this test has a single layer and sees four pictures, in batches of two: `fit` calls the callbacks of a small network in the same way as those of a large one.

# %%
few = arrays["train"][0][:4], arrays["train"][1][:4]
small = keras.Sequential(
    [keras.layers.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")]
)
small.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
small_history = small.fit(*few, batch_size=2, epochs=2, validation_data=few, verbose=0, callbacks=[Diary()])

# %% [markdown]
# Four batches, and validation comes first: when an epoch ends, the callback is told the validation loss, in the dictionary `logs`.
# Note that Keras counts epochs **from 0** here; our tables and the file names of `ModelCheckpoint` count from 1 (`CSVLogger`, in section 10, counts from 0 too).
# Inside a method, `self.model` is the network that trains: a callback may save it, stop it, or change it.
#
# Besides `Diary`, you have used two callbacks already.
# One is the line that shows the progress.
# The other one, every `fit` adds by itself.
# **Predict** its name.

# %%
print(type(history).__name__, "is a callback:", isinstance(history, keras.callbacks.Callback))
print("its lists:", ", ".join(sorted(history.history)))
print("its epochs:", history.epoch[0], "to", history.epoch[-1])

# %% [markdown]
# `History` copies `logs` into its lists at the end of each epoch, and `fit` returns it.
#
# ## 4. Stop in time: EarlyStopping
#
# The simplest remedy is to stop when the validation loss no longer improves.
# One bad epoch proves nothing, so `EarlyStopping` waits: after `patience` epochs in a row that were no better than the best so far, it stops.
# By hand first.
# **Predict** for these eight losses, and patience 1, 2 and 3: after which epoch does training stop?


# %%
def stops_after(losses, patience):
    best, waited = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == patience:
            return epoch, best
    return len(losses), best


losses = [1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.8, 0.9]
for patience in [1, 2, 3]:
    epoch, best = stops_after(losses, patience)
    print(f"patience {patience}: stops after epoch {epoch}, best loss so far {best}")

# %% [markdown]
# Patience 1 and 2 give up before the best epoch, patience 3 finds it and pays with three more epochs.
# Does Keras count like this?
# A callback is a plain object, so *we* can call its methods, with losses that we already have.
# `replay` does what `fit` does, without any training.
# **Predict** from your table: where would patience 1, 2, 4 and 8 have stopped the first training?


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
def replay(callback, log):
    callback.set_model(last_model)
    last_model.stop_training = False
    callback.on_train_begin()
    for epoch, logs in enumerate(log.to_dict("records")):
        callback.on_epoch_end(epoch, logs)
        if last_model.stop_training:
            break
    return epoch + 1


for patience in [1, 2, 4, 8]:
    epoch = replay(keras.callbacks.EarlyStopping("val_loss", mode="min", patience=patience), log)
    best = log.val_loss.head(epoch).min()
    assert (epoch, best) == stops_after(log.val_loss, patience)
    print(f"patience {patience}: stops after epoch {epoch:2} of {EPOCHS}, best loss so far {best:.3f}")

# %% [markdown]
# Both ways agree.
# The figure shows it for the first training; in a running notebook, move the slider from 0 to 10.
# **Look:** from which patience on does the best epoch stay the same?

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
widgets.patience(log.val_loss, patience=2)

# %% [markdown]
# With data of your own, begin with a patience that is longer than the bumps in the curve.
#
# One argument is easily forgotten.
# After stopping, the network has the weights of its *last* epoch, `patience` epochs after the best one.
# `restore_best_weights=True` brings the best ones back.
# **Predict** its default.

# %%
settings = inspect.signature(keras.callbacks.EarlyStopping).parameters
for name in ["monitor", "patience", "min_delta", "mode", "restore_best_weights"]:
    print(f"{name:21}{settings[name].default!r}")

# %% [markdown]
# It is off, and patience is 0: training ends with the first epoch that is not better.
# Always set both.
# (`min_delta` is the smallest change that counts as an improvement; with 0, any does. If the patience is never used up, Keras 3 restores the best weights after the last epoch as well.)
#
# ## 5. Change the learning rate, and a callback of your own
#
# `LearningRateScheduler` takes a function.
# Before each epoch, it gives the function the number of the epoch (from 0) and the present learning rate, and uses what comes back.
# **Predict** the six rates, as shares of the first one.


# %%
def schedule(epoch, rate):
    return rate / 2 if epoch in (2, 4) else rate


scheduler = keras.callbacks.LearningRateScheduler(schedule)
rates = small.fit(*few, epochs=6, verbose=0, callbacks=[scheduler]).history["learning_rate"]
print("learning rates:", [rate / rates[0] for rate in rates])

# %% [markdown]
# Small steps towards the end let the weights settle.
# (`ReduceLROnPlateau` does the same when the validation loss stalls, without a timetable.)
#
# What Keras does not have, you write.
# This callback stops as soon as the validation loss is more than `ratio` times the training loss: a sign of overfitting that needs no patience.
# **Predict** from the table where it would have stopped.


# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
class StopAtGap(keras.callbacks.Callback):
    def __init__(self, ratio):
        super().__init__()
        self.ratio = ratio

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] > self.ratio * logs["loss"]:
            self.model.stop_training = True


for ratio in [1.2, 2, 5]:
    print(f"ratio {ratio}: stops after epoch {replay(StopAtGap(ratio), log)} of {EPOCHS}")

# %% [markdown]
# ## 6. Keep the best: ModelCheckpoint
#
# Stopping saves time.
# But only a file survives a crash, a restart, or the end of a Colab session.
# `ModelCheckpoint` writes the network to disk, if wanted only when it has improved.
# Its arguments:
#
# | argument | what it does |
# | --- | --- |
# | `filepath` | name of the file; `{epoch:02d}` becomes the epoch with two digits, counted from 1, `{val_loss:.2f}` the validation loss with two decimals |
# | `monitor` | the quantity that decides: `"val_loss"`, `"val_accuracy"`, or another name in `logs` |
# | `mode` | `"min"` if smaller is better, `"max"` if larger is; `"auto"` guesses, so say it |
# | `save_best_only` | `True`: only when the quantity is better than ever before in this run; `False`: after every epoch |
# | `save_weights_only` | `True`: a file of numbers; `False`: the architecture as well (section 9) |
# | `verbose` | 1 prints a line whenever it saves, as on the lecture's slide |
# | `save_freq` | `"epoch"`, or a number of batches |
# | `initial_value_threshold` | the value to beat from the start (section 10) |
#
# The lecture's file name is `weights.{epoch:02d}-{val_loss:.2f}.hdf5`.
# **Predict:** does that still work?

# %%
pattern = "weights.{epoch:02d}-{val_loss:.2f}"
for ending, weights_only in [(".hdf5", False), (".hdf5", True), (".keras", False), (".weights.h5", True)]:
    try:
        keras.callbacks.ModelCheckpoint(pattern + ending, save_weights_only=weights_only)
        answer = "fine"
    except ValueError as error:
        answer = str(error).split(" Received")[0]
    print(f"{ending:11} weights only: {weights_only!s:5}  {answer}")

# %% [markdown]
# In Keras 3, `ModelCheckpoint` accepts the ending `.keras` for a whole network and `.weights.h5` for weights (and, for old programs, `.h5` for a whole network).
#
# Now the second training, with two callbacks that keep the best, one on disk and one in memory.
# **Predict** from the first table: after which epochs is a file written?
# After which epoch does training stop?

# %% tags=["nbval-ignore-output"] reason="the number of epochs until it stops depends on trained numbers"
on_disk = keras.callbacks.ModelCheckpoint(
    folder / (pattern + ".weights.h5"),
    monitor="val_loss",
    mode="min",
    save_best_only=True,
    save_weights_only=True,
)
in_memory = keras.callbacks.EarlyStopping(
    "val_loss", mode="min", patience=PATIENCE, restore_best_weights=True
)
stopped_model = new_model()
line = training.progress(EPOCHS, "second training")
second = table(fit(stopped_model, EPOCHS, [on_disk, in_memory, line]))
files = sorted(folder.glob("*.weights.h5"))
for file in files:
    print(f"{file.name}  {file.stat().st_size / 1e6:.0f} MB")

# %% [markdown]
# The names say which epoch is in them, and how good it was.
# With `save_best_only=False` there would be a file for every epoch; think of a network of a gigabyte.
# (A name without `{epoch}` is overwritten each time: one file, the best.)
# Are these the epochs that were better than all before them?
# (`cummin` gives the lowest loss so far; `shift` moves it down by one epoch.)
# If so, only the last file is of use.

# %%
improved = second.val_loss[second.val_loss < second.val_loss.cummin().shift(fill_value=np.inf)]
expected = [pattern.format(epoch=epoch, val_loss=loss) + ".weights.h5" for epoch, loss in improved.items()]
assert [file.name for file in files] == expected
for file in files[:-1]:
    file.unlink()
print("a file for each improvement, and for no other epoch: yes")

# %% [markdown]
# ## 7. Load it, and check
#
# The lecture's way: build the network again, load the weights, compile, evaluate.
# (The lecture's last file is `weights.06-0.91.hdf5`, yet its text says "epoch 5". The file name counts from 1, so it is the sixth epoch; only a callback's own count, from 0, calls it 5.)
#
# **Predict:** which number must come out for the validation data?


# %%
def score(model, split):
    return model.evaluate(*arrays[split], batch_size=BATCH_SIZE, verbose=0, return_dict=True)


best_model = models.shallow_vgg(shape, classes)
best_model.load_weights(files[-1])
best_model.compile(loss=models.head_for(classes).loss, metrics=["accuracy"])
loaded, promised = score(best_model, "validation"), second.val_loss.min()
assert np.isclose(loaded["loss"], promised, rtol=1e-3)
print("loss of the loaded network equals the best epoch's in the history: yes")

# %% [markdown]
# Always check this: a file of another run, or images scaled differently, would show here.
# Nothing was trained, so `compile` may leave the optimizer out; it only says what `evaluate` computes.
#
# And `EarlyStopping`?
# The network that it stopped is still in memory.
# **Predict:** its validation loss, restored, and without restoring?

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
restored = score(stopped_model, "validation")
assert np.isclose(restored["loss"], promised, rtol=1e-3)
print(f"from the file:           {loaded['loss']:.3f}")
print(f"restored in memory:      {restored['loss']:.3f}")
print(f"without restoring:       {second.val_loss.iloc[-1]:.3f}, the last of {len(second)} epochs")

# %% [markdown]
# The same network, twice.
#
# ## 8. Which score may you report?
#
# We picked the epoch *because* it had the lowest validation loss.
# Part of that was skill, part of it luck with these validation images.
# How much can luck alone do?
# Imagine networks that only guess.
# We "train" one for as many epochs as above, and pick its best epoch by validation accuracy, 1,000 times.
# **Predict:** the mean accuracy of the picked epochs, on the validation images, and on other images?

# %%
rng = np.random.default_rng(SEED)
count = len(arrays["validation"][1])
guessed = rng.binomial(count, 1 / classes, size=(1000, EPOCHS)) / count
print(f"{count} validation images, {EPOCHS} epochs of guessing")
print(
    f"mean of the best epochs: {guessed.max(axis=1).mean():.3f} in validation,",
    f"{1 / classes:.3f} on other images",
)

# %% [markdown]
# The best of many scores flatters, the more so the fewer validation images there are and the more epochs you choose from.
# (Real epochs resemble each other, which makes the effect smaller.)
# The remedy is a third set that had no say: choose on **validation** data, report on **test** data.
# The lecture does that too: it watches a tenth of CIFAR-10's training images, and evaluates on the 10,000 test images.
# So its final score is *not* the 0.91 of the file name.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
judges = [split for split in ("validation", "test") if split in arrays]
scores = pd.DataFrame(
    {
        (split, name): score(model, split)
        for split in judges
        for name, model in {"last epoch": last_model, "best epoch": best_model}.items()
    }
).T
if "test" not in arrays:
    print("This data set has no test split: the scores below chose the epoch, and flatter. Before")
    print("you report a number, hold pictures back in a folder 'test' beside 'train' and 'validation'.")
scores.round(3)

# %% [markdown]
# **Read the table:** by the loss, is the best epoch also better than the last on data that did not choose it?
# By the accuracy?
#
# One more trap.
# The lecture writes `validation_split=0.1`, and Keras then takes the **last** tenth of the arrays, *before* it shuffles.
# CIFAR-10 is in random order, so that is harmless.
# (Our loader holds out 5,000 of its 50,000 training images too, at random. That leaves 45,000, or 2,813 batches of 16: the number in the lecture's log.) In other data the classes come one after the other, as in folders of files. Here are 5,000 digits in that order.
# **Predict** the validation accuracy of a small network on them.

# %%
parts = datasets.load_arrays("digits", seed=SEED).splits.values()
pixels, digits = (np.concatenate(arrays) for arrays in zip(*parts))
order = np.argsort(digits)
pixels, digits = pixels[order].reshape(-1, 784), digits[order]
network = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10, "softmax")])
network.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
trap = network.fit(pixels / 255, digits, validation_split=0.1, epochs=2, verbose=0).history
print("training:   digits", np.unique(digits[:4500]), "accuracy over 0.8:", trap["accuracy"][-1] > 0.8)
print("validation: digits", np.unique(digits[4500:]), "accuracy:", trap["val_accuracy"][-1])

# %% [markdown]
# All validation images are nines, and not one nine was in training.
# Shuffle before you split.
#
# ## 9. What is in the files
#
# `model.save` writes a whole network, `model.save_weights` its weights.
# A weight takes four bytes.
# **Predict** the size of each of the three files.

# %%
last_model.save(folder / "whole.keras")
last_model.save_weights(folder / "compiled.weights.h5")
models.shallow_vgg(shape, classes).save_weights(folder / "bare.weights.h5")
print(f"weights: {last_model.count_params() * 4 / 1e6:.0f} MB")
for name in ["whole.keras", "compiled.weights.h5", "bare.weights.h5"]:
    print(f"{name:20} {(folder / name).stat().st_size / 1e6:3.0f} MB")

# %% [markdown]
# A file of "weights only" can be three times as large as the weights.
# The reason is the **optimizer**: Adam remembers two numbers for each weight, averages of the past gradients and of their squares, and a network that has been compiled saves them too.
# (SGD without momentum remembers none.)
# The first file is a zip archive.
# **Predict** its parts.

# %%
with zipfile.ZipFile(folder / "whole.keras") as archive:
    print("whole.keras:", *sorted(archive.namelist()))
    config = json.loads(archive.read("config.json"))
layers = [layer["class_name"] for layer in config["config"]["layers"]]
print("  config.json:", *layers)
for name in ["compiled.weights.h5", "bare.weights.h5"]:
    with h5py.File(folder / name) as file:
        print(f"{name}: optimizer inside: {'optimizer' in file}")

# %% [markdown]
# So `.keras` is the weights file *and* the architecture and the compile settings as text.
# That decides how each is loaded.
# With `.keras`, one call is enough.
# With weights, you build the network yourself, and it must be the same one.
# **Predict** what happens with one class too many.

# %%
whole = keras.models.load_model(folder / "whole.keras")
assert np.isclose(score(whole, "validation")["loss"], score(last_model, "validation")["loss"], rtol=1e-3)
print("load_model: same loss, optimizer after", int(whole.optimizer.iterations), "steps")
try:
    models.shallow_vgg(shape, classes + 1).load_weights(folder / "compiled.weights.h5")
except ValueError as error:
    print("load_weights, other architecture:", str(error).split(".")[0])

# %% [markdown]
# An error is better than wrong weights.
# What became of the lecture's `.hdf5`: in Keras 2 it held the whole network, optimizer included, as `.keras` does now.
# `load_model` still reads such files, so old networks are not lost; `ModelCheckpoint` no longer writes them.
# `SGD(lr=0.01)` is `SGD(learning_rate=0.01)` today.
# Load `.keras` files only from people you trust; `load_model` refuses Python code inside of them unless you say `safe_mode=False`.
#
# ## 10. Something goes wrong
#
# A long training run stops in the middle: the battery is empty, Colab ends the session, somebody presses the stop button.
# What is needed to continue as if nothing had happened?
# **Think first:** the weights, and what else?
#
# The optimizer's memory, the number of the epoch, and the history.
# `BackupAndRestore` writes the weights, the optimizer's memory and the number of the epoch, after each epoch, but not the history.
# `CSVLogger` with `append=True` adds a line an epoch to a text file: a history that survives.
# Our own callback breaks off in the middle of an epoch, with the very error that the stop button of Jupyter raises.

# %%
short = min(4, EPOCHS)
cut = short // 2


class BreakOff(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == cut and batch == self.params["steps"] // 2:
            raise KeyboardInterrupt


# %% [markdown]
# **Predict:** how many lines does the log have afterwards, its heading included?


# %%
def survivors():
    return [
        keras.callbacks.BackupAndRestore(folder / "backup"),
        keras.callbacks.CSVLogger(folder / "log.csv", append=True),
    ]


try:
    fit(new_model(), short, [*survivors(), BreakOff()])
except KeyboardInterrupt:
    print(f"interrupted in the middle of epoch {cut + 1} of {short}")
print("lines in the log:", len((folder / "log.csv").read_text().split()))
print("in the backup:", *sorted(file.name for file in (folder / "backup").glob("*")))

# %% [markdown]
# A heading and a line for each epoch that was finished.
# The network itself is gone: nothing but the files is left, as after a restart of the computer.
# (If the current fails while a backup is being written, that file is damaged; `double_checkpoint=True` keeps the one before it.)
#
# To resume, do **the same again**: build the network, call `fit` with the same arguments.
# It finds the backup.
# **Predict:** which epochs will the history hold that `fit` returns?

# %%
resumed_model = new_model()
resumed = fit(resumed_model, short, [*survivors(), training.progress(short, "resumed")])
print("epochs in the history:", (np.array(resumed.epoch) + 1).tolist())
whole_log = pd.read_csv(folder / "log.csv", index_col="epoch")
print("epochs in the log:    ", (whole_log.index + 1).tolist())
print("optimizer steps:", int(resumed_model.optimizer.iterations))
print("backup still there:", (folder / "backup").exists())

# %% [markdown]
# `fit` did only the rest, and its history holds only the rest; the log has all, each epoch once.
# The steps of the epoch that was cut off are not counted: it began again from its start.
# After a training run that reached its end, the backup is deleted.
# (If you give up a run, delete the folder yourself, or the next one resumes from it.)
#
# Is the resumed training as good as one that was never interrupted?
# The first training is that one.
# **Predict:** similar, or equal?

# %% tags=["nbval-ignore-output"] reason="on some machines, and on a GPU, two equal runs differ in the last digits"
whole_log.index += 1
uninterrupted = log.head(short)
figure, ax = plt.subplots(figsize=(7.5, 3.8))
ax.plot(uninterrupted.loss, color="0.75", linewidth=7, label="never interrupted: training")
ax.plot(uninterrupted.val_loss, color="0.55", linewidth=7, label="never interrupted: validation")
for name, part, marker in [("before", whole_log.head(cut), "o"), ("after", whole_log.tail(short - cut), "^")]:
    ax.plot(part.loss, marker, markersize=8, color="C0", label=f"{name} the interruption")
    ax.plot(part.val_loss, marker, markersize=8, color="C0")
ax.axvline(cut + 0.5, color="C3", linestyle=":", label="interrupted")
ax.set(xlabel="epoch", ylabel="loss", xticks=range(1, short + 1))
figure.legend(loc="outside right upper")
plots.show(
    figure,
    alt=(
        "Training and validation loss of the first epochs, as two grey lines for the run that was "
        "never interrupted. Dots for the epochs before the interruption and triangles for those "
        "after it lie on the lines."
    ),
)
columns = ["loss", "val_loss"]
difference = float((whole_log[columns] - uninterrupted[columns]).abs().to_numpy().max())
print(f"largest difference between the two: {difference:.1e}")

# %% [markdown]
# On one processor type and with one version, the two are usually equal to the last digit.
# For that, the resumed run had to meet the same batches, too: `new_model` sets the seed, and Keras on TensorFlow, once seeded, shuffles arrays in the same order in *every* epoch.
# With a data pipeline that draws a new order each time (see *[Generators](lesson:generators)*), a resumed run is as good, but not equal.
#
# Loading the weights alone would not be enough for it: `load_weights` into a network that was only just compiled skips Adam's memory, with a warning.
# `load_model` brings it back, and `fit(…, initial_epoch=3)` then continues the counting; `BackupAndRestore` does all of that.
# Note that you need two files for two purposes: the backup is the *last* state, to train on; the checkpoint of section 6 is the *best*, to use.
#
# The last trap.
# `ModelCheckpoint` is not restored: after a restart it knows no best loss.
# **Predict:** a new one is told, after a resumed epoch, a loss of 99.
# Does it overwrite the best network?

# %%
for threshold in [None, promised]:
    file = folder / "after_restart.weights.h5"
    callback = keras.callbacks.ModelCheckpoint(
        file,
        monitor="val_loss",
        mode="min",
        save_best_only=True,
        save_weights_only=True,
        initial_value_threshold=threshold,
    )
    callback.set_model(best_model)
    callback.on_epoch_end(short, {"val_loss": 99.0})
    print("value to beat given:", threshold is not None, " file written:", file.exists())
    file.unlink(missing_ok=True)

# %% [markdown]
# The first thing it sees is its best.
# After a restart, give it the value to beat, `initial_value_threshold`: the lowest `val_loss` in the log.
# (A file name with `{epoch}` in it does not overwrite, but the last file is then no longer always the best. And `EarlyStopping` starts to wait anew.)
#
# ## 11. The numbers
#
# What the lecture reports, for CIFAR-10, beside our full run of its set-up (empty if it has not been made yet) and what this run measured.
# The numbers can only be compared if you set the lecture's values in the parameters cell.

# %% tags=["nbval-ignore-output"] reason="trained numbers differ a little from machine to machine"
found = {
    "best_epoch": int(best_epoch),
    "best_val_loss": best_loss,
    "last_val_loss": last_loss,
    "best_val_accuracy": log.val_accuracy[best_epoch],
    "last_val_accuracy": log.val_accuracy[EPOCHS],
    "last_train_accuracy": log.accuracy[EPOCHS],
    "epochs_until_stopped": len(second),
    "resumed_difference": difference,
}
if "test" in arrays:
    best, last = scores.loc["test", "best epoch"], scores.loc["test", "last epoch"]
    found |= {
        "test_loss": best.loss,
        "test_accuracy": best.accuracy,
        "last_test_loss": last.loss,
        "last_test_accuracy": last.accuracy,
    }
results.compare("checkpointing", **found)

# %% [markdown]
# The claim of this lesson, checked:

# %%
answer = "yes" if best_loss < last_loss else "no: train for longer"
print("best validation loss is lower than the last:", answer)

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("checkpointing")

# %% [markdown]
# ### 1 · When does it stop?
#
# **Recall.**
# A training run of 30 epochs has its lowest validation loss in epoch 11 (counted from 1), and no later epoch comes close.
# After which epoch does `EarlyStopping` with `patience=5` end it?
# Of which epoch are the weights that the network has then, without and with `restore_best_weights=True`?

# %%
ended = ...
without_restoring = ...
with_restoring = ...
ex.early_stopping.check([ended, without_restoring, with_restoring])

# %% [markdown]
# ### 2 · Which files?
#
# **By hand.**
# The validation losses of seven epochs are 1.306, 1.018, 1.104, 1.052, 0.967, 0.991 and 0.964.
# Which files does this callback write?
# Answer with a list of names.
#
# ```python
# ModelCheckpoint("weights.{epoch:02d}-{val_loss:.2f}.keras", monitor="val_loss", mode="min", save_best_only=True)
# ```

# %%
names = ...
ex.checkpoint_files.check(names)

# %% [markdown]
# ### 3 · A time budget
#
# **Code.**
# Write a callback that stops training in time.
# At the end of each epoch it adds up two durations: the time since training began, and the time that the epoch which has just ended took.
# If the sum is more than `seconds`, another such epoch would not fit, and it stops training.
# `clock` is a function without arguments that returns the present time in seconds, such as `time.perf_counter`.
# (The check hands over a clock of its own, so that it need not wait.)
#
# Example: with 20 seconds and epochs of 7 seconds it stops after the second epoch, because 14 + 7 is more than 20.
# Overwrite further methods as you need them.


# %%
class TimeBudget(keras.callbacks.Callback):
    def __init__(self, seconds, clock):
        super().__init__()
        self.seconds, self.clock = seconds, clock

    def on_epoch_end(self, epoch, logs=None):
        return ...


ex.TimeBudget.check(TimeBudget)

# %% [markdown]
# ### 4 · Keep the best, without a file
#
# **Code.**
# Write a callback that keeps the weights of the epoch with the lowest `val_loss`, and gives them back to the network when training ends.
# Until then, it must not change the network.
# (A network has the methods `get_weights()` and `set_weights(weights)`.)


# %%
class BestKeeper(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        return ...

    def on_train_end(self, logs=None):
        return ...


ex.BestKeeper.check(BestKeeper)

# %% [markdown]
# ### 5 · After the interruption
#
# **Predict.**
# `fit` was called for 40 epochs with `BackupAndRestore("backup")`, `CSVLogger("log.csv", append=True)` and `ModelCheckpoint("best.keras", monitor="val_loss", mode="min", save_best_only=True)`.
# In the middle of epoch 13 (counted from 1) the computer was switched off.
# The next day, the same cells run again, unchanged, and training comes to its end.
# Which of these are true?
# Answer with their letters, such as `"bd"`.
#
# - **a** Training continues at the beginning of epoch 13.
# - **b** The history that `fit` returns on the second day holds the losses of all 40 epochs.
# - **c** Adam continues with the averages that it had at the end of epoch 12.
# - **d** In the end, `log.csv` holds each of the 40 epochs once.
# - **e** On the second day, `best.keras` is overwritten only by a network with a lower validation loss than the one that it holds.
# - **f** In the end, the folder `backup` holds the state after epoch 40.

# %%
true_ones = ...
ex.resuming.check(true_ones)

# %% [markdown]
# ### 6 · Three days, a restart every night, 1 GB
#
# **Design.**
# Your network trains for three days on a computer that restarts every night, at any moment.
# You may use 1 GB (1,000 MB) of disk.
# A `.keras` file of your compiled network has 300 MB, and so has the file of weights in a backup.
# After each restart, training must continue from its last finished epoch or, if the restart came while a backup was being written, from the one before it.
# The network with the lowest validation loss must be kept as a file.
# (In the cell that resumes, the lowest loss so far is also told to each `ModelCheckpoint` that saves the best only, see question 9 below. Leave aside a restart while this file itself is being written.)
# Which plan do you take, and how large are its files together at most, in MB?
#
# | plan | callbacks; each `ModelCheckpoint` also with `monitor="val_loss"`, `mode="min"` |
# | --- | --- |
# | a | `ModelCheckpoint("best.keras", save_best_only=True)` |
# | b | `BackupAndRestore("backup")`, `ModelCheckpoint("best.keras", save_best_only=True)` |
# | c | `BackupAndRestore("backup", double_checkpoint=True)`, `ModelCheckpoint("best.keras", save_best_only=True)` |
# | d | `BackupAndRestore("backup", double_checkpoint=True)`, `ModelCheckpoint("{epoch:02d}.keras", save_best_only=True)` |
# | e | `ModelCheckpoint("{epoch:02d}.keras", save_best_only=False)` |

# %%
plan = ...  # a letter in quotes
megabytes = ...
ex.disk_plan.check([plan, megabytes])

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 7. **The lecture's own.**
#    Set the lecture's values in the parameters cell (with a GPU, or overnight).
#    After which epoch is your validation loss lowest, and how far is the test loss from the best validation loss?
# 8. **Measure.**
#    Run with `SEED` 0, 1, 2, 3 and 4.
#    How much do the best epoch and the test accuracy differ?
#    Is a difference of 0.02 between two networks of this lesson worth mentioning?
# 9. **Design.**
#    In exercise 6, which argument do you add to the `ModelCheckpoint` in the cell that resumes, and where does its value come from?
#
# ## Summary
#
# - The last network of a run is seldom the best.
#   The validation loss says which one was; the accuracy may say another.
# - A callback is an object that `fit` calls at fixed moments.
#   `logs` holds the numbers, `self.model` the network.
# - `EarlyStopping` saves time (set `patience` and `restore_best_weights`), `ModelCheckpoint` saves files (set `monitor`, `mode` and `save_best_only`).
# - After loading, evaluate and compare with the history.
#   Choose on validation data, report on test data, and shuffle before you split.
# - `.keras` holds architecture, weights and optimizer, `.weights.h5` weights, and the optimizer if the network was compiled; `ModelCheckpoint` refuses `.hdf5`, `load_model` still reads it.
# - `BackupAndRestore` resumes weights, optimizer and epoch; `CSVLogger(append=True)` keeps the history.
#   `ModelCheckpoint` must be told the value to beat.
#
# ## References
#
# - F. Chollet and others, *Keras 3 API: callbacks* and *model saving and loading*, keras.io.
# - L. Prechelt, *Early stopping, but when?*, in: Neural networks: tricks of the trade, Springer, 1998.
# - D. Kingma and J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, arXiv:1412.6980.
# - C. Guo, G. Pleiss, Y. Sun and K. Weinberger, *On calibration of modern neural networks*, ICML 2017: the loss overfits while the accuracy does not.
# - A. Krizhevsky, *Learning multiple layers of features from tiny images*, technical report, 2009 (CIFAR-10).
# - Keras, [issue 17012](https://github.com/keras-team/keras/issues/17012): `ModelCheckpoint` forgets the best value when training is resumed.
#
# *[Generators](lesson:generators)* is for data that does not fit into memory.
