"""Answers to the exercises of *Generators*: right ones, written differently, and slips, each with words of the message that it must get."""

import math
from itertools import islice

import numpy as np

from course_utils import runtime

with runtime.quiet():
    import keras
    import tensorflow as tf


def batches(
    dtype="float32",
    divisor=255,
    endless=True,
    axis=2,
    share=0.5,
    drop=0,
    whole=False,
    order="new",
    flips="new",
    rows_of_labels=None,
    seeded=True,
    pair=True,
):
    """The generator of the lab, with one thing changed."""

    def generate(images, labels, size, seed):
        rng = np.random.default_rng(seed if seeded is True else seeded)
        fixed = rng.permutation(len(labels)) if order == "once" else np.arange(len(labels))
        fixed_flips = rng.random(len(labels)) < share
        while True:
            now = rng.permutation(len(labels)) if order == "new" else fixed
            for start in range(0, len(now) - drop, size):
                rows = now[start : start + size]
                inputs = (images[rows] / divisor).astype(dtype)
                chosen = rng.random(1 if whole else len(rows)).repeat(len(rows) if whole else 1) < share
                chosen = fixed_flips[rows] if flips == "once" else chosen
                inputs[chosen] = np.flip(inputs[chosen], axis)
                targets = labels[rows] if rows_of_labels is None else labels[start : start + size]
                yield (inputs, targets) if pair else inputs
            if not endless:
                return

    return generate


class LabBatches:
    """The same as an iterator of its own, with tensors."""

    def __init__(self, images, labels, size, seed):
        self.images, self.labels, self.size, self.rng, self.rows = images, labels, size, np.random.RandomState(seed), []

    def __iter__(self):
        return self

    def __next__(self):
        if not len(self.rows):
            self.rows = list(range(len(self.labels)))
            self.rng.shuffle(self.rows)
        now, self.rows = self.rows[: self.size], self.rows[self.size :]
        pictures = [np.fliplr(self.images[row]) if self.rng.randint(2) else self.images[row] for row in now]
        return tf.constant(np.stack(pictures), "float32") / 255, tf.constant([int(self.labels[row]) for row in now])


def filled_up(images, labels, size, seed):
    def singles():
        for inputs, targets in batches()(images, labels, 1, seed):
            yield inputs[0], targets[0]

    feed = singles()
    while True:
        inputs, targets = zip(*islice(feed, size))
        yield np.stack(inputs), np.array(targets)


def drawn(images, labels, size, seed):
    rng = np.random.default_rng(seed)
    while True:
        rows = rng.integers(0, len(labels), size)
        yield (images[rows] / 255).astype("float32"), labels[rows]


def in_place(images, labels, size, seed):
    for inputs, targets in batches()(images, labels, size, seed):
        images[0] = images[0][:, ::-1]
        yield inputs, targets


class Data(keras.utils.PyDataset):
    """Repeatable flips, decided for all images at once at the beginning of an epoch."""

    def __init__(self, images, labels, size, seed):
        super().__init__()
        self.images, self.labels, self.size, self.seed, self.epoch = images, labels, size, seed, 0

    def __len__(self):
        return -(-len(self.images) // self.size)

    def rng(self, index):
        return np.random.default_rng(hash((self.seed, self.epoch, index)) % 2**32)

    def rows(self, index):
        return np.arange(len(self.labels))[index * self.size : (index + 1) * self.size]

    def flip(self, picture):
        return picture[:, ::-1]

    def chosen(self, index, number):
        return self.rng(index).random(number) < 0.5

    def __getitem__(self, index):
        rows = self.rows(index)
        chosen = self.chosen(index, len(rows))
        pictures = [self.flip(self.images[row]) if choice else self.images[row] for row, choice in zip(rows, chosen)]
        return tf.stack(pictures), self.labels[rows].tolist()

    def on_epoch_end(self):
        self.epoch += 1


class AtOnce(Data):
    def __init__(self, images, labels, size, seed):
        super().__init__(images, labels, size, seed)
        self.draws = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self):
        self.flips = self.draws.integers(0, 2, len(self.labels)).astype(bool)

    def chosen(self, index, number):
        return self.flips[self.rows(index)]


class SharedGenerator(Data):
    def __init__(self, images, labels, size, seed):
        super().__init__(images, labels, size, seed)
        self.shared = np.random.default_rng(seed)

    def rng(self, index):
        return self.shared


class SecondUnseeded(Data):
    def __init__(self, images, labels, size, seed):
        super().__init__(images, labels, size, seed)
        self.offset = 0

    def on_epoch_end(self):
        self.offset = int(np.random.default_rng().integers(1, 2**31))

    def rng(self, index):
        return np.random.default_rng([self.seed, self.offset, index])


class StoredImages(Data):
    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        inputs, chosen = self.images[rows], self.chosen(index, len(self.labels[rows]))
        inputs[chosen] = inputs[chosen, :, ::-1]
        return inputs, self.labels[rows]


def always_full(self, index):
    return np.arange(index * self.size, (index + 1) * self.size) % len(self.labels)


class StubData(keras.utils.PyDataset):
    def __init__(self, images, labels, size, seed):
        super().__init__()

    def __len__(self):
        return ...

    def __getitem__(self, index):
        return ...


def data(**methods):
    return type("Data", (Data,), methods)


def broken_feed(images, labels, size, seed):
    raise KeyError("no such picture")
    yield


def stub_feed(images, labels, size, seed):
    yield ...


def broken_item(self, index):
    raise KeyError("no such picture")


def wrong_rows(self, index):
    return np.arange(len(self.labels))[index : index + self.size]


def shuffled_labels(self, index):
    inputs, labels = Data.__getitem__(self, index)
    return inputs[::-1], labels


def steps(**changed):
    """A call of `fit` with one thing changed; the values are functions of count, size, epochs."""

    def fit(model, feed, count, size, epochs):
        named = {"steps_per_epoch": math.ceil(count / size), "epochs": epochs, "verbose": 0}
        named |= {name: value(count, size, epochs) for name, value in changed.items()}
        return model.fit(feed, **{name: value for name, value in named.items() if value is not None})

    return fit


def fit_in_words(model, feed, count, size, epochs):
    full, rest = divmod(count, size)
    return model.fit(
        x=feed, epochs=epochs, steps_per_epoch=full + (1 if rest else 0), shuffle=False, verbose=0, callbacks=[]
    )


def fit_as_dataset(model, feed, count, size, epochs):
    shapes = (tf.TensorSpec((None, 2), tf.float32), tf.TensorSpec((None,), tf.int64))
    data = tf.data.Dataset.from_generator(lambda: feed, output_signature=shapes)
    return model.fit(data, steps_per_epoch=-(-count // size), epochs=epochs, verbose=0)


def without_return(model, feed, count, size, epochs):
    return steps()(model, feed, count, size, epochs).history["loss"]


def looked_first(model, feed, count, size, epochs):
    next(feed)
    return steps()(model, feed, count, size, epochs)


def compiled_anew(model, feed, count, size, epochs):
    model.compile(loss="mse")
    return steps()(model, feed, count, size, epochs)


def untrained(model, feed, count, size, epochs):
    return keras.callbacks.History()


CASES = {
    "epoch_steps": {
        "value": True,
        "right": [{"steps_needed": 157, "last_batch": 16, "left_out": 16}, np.array([157.0, 16.0, 16.0])],
    },
    "big_data_memory": {
        "value": True,
        "right": [{"pictures": 14.4e9, "terabytes": 972, "largest_batch": 2693}, np.array([14.4e9, 972.0, 2693.0])],
    },
    "flipping_batches": {
        "right": [batches(), LabBatches],
        "stub": stub_feed,
        "broken": broken_feed,
        "wrong": {
            "ends": (batches(endless=False), "the first pass"),
            "no last batch": (batches(drop=3), "smaller last batch is missing"),
            "filled up": (filled_up, "filled up"),
            "drawn": (drawn, "each batch is drawn"),
            "not scaled": (batches(divisor=1), "up to 255"),
            "scaled twice": (batches(divisor=255**2), "twice"),
            "float64": (batches(dtype="float64"), "not their type"),
            "upside down": (batches(axis=1), "upside down"),
            "channels": (batches(axis=3), "red for blue"),
            "turned": (batches(axis=(1, 2)), "180 degrees"),
            "never": (batches(share=0), "no image is flipped"),
            "always": (batches(share=1), "every image"),
            "rarely": (batches(share=0.1), "not about"),
            "whole batches": (batches(whole=True), "as a whole"),
            "in order": (batches(order="given"), "the given order"),
            "shuffled once": (batches(order="once"), "shuffled once"),
            "flips once": (batches(flips="once"), "same images are flipped"),
            "labels in order": (batches(rows_of_labels="given"), "do not belong together"),
            "without a seed": (batches(seeded=None), "same seed differ"),
            "one seed": (batches(seeded=1), "different seeds"),
            "in place": (in_place, "changes the images"),
            "no labels": (batches(pair=False), "must be a pair"),
            "labels as a list": (
                lambda *arguments: ((inputs, targets.tolist()) for inputs, targets in batches()(*arguments)),
                "only arrays",
            ),
            "lists": (lambda *arguments: map(list, batches()(*arguments)), "takes only tuples"),
            "a list": (
                lambda images, labels, size, seed: list(islice(batches()(images, labels, size, seed), 5)),
                "all at once",
            ),
            "an instance": (LabBatches([], [], 1, 1), "without brackets"),
        },
    },
    "fit_on_feed": {
        "right": [steps(), fit_in_words, fit_as_dataset],
        "wrong": {
            "rounded down": (steps(steps_per_epoch=lambda count, size, epochs: count // size), "rounded down"),
            "one too many": (steps(steps_per_epoch=lambda count, size, epochs: count // size + 1), "one step too many"),
            "images": (steps(steps_per_epoch=lambda count, size, epochs: count), "not an image"),
            "the size": (steps(steps_per_epoch=lambda count, size, epochs: size), "the size of a batch"),
            "all epochs": (
                steps(steps_per_epoch=lambda count, size, epochs: math.ceil(count / size) * epochs),
                "not for all",
            ),
            "one epoch": (steps(epochs=lambda count, size, epochs: None), "`epochs` is not used"),
            "one long epoch": (
                steps(
                    steps_per_epoch=lambda count, size, epochs: math.ceil(count / size) * epochs,
                    epochs=lambda count, size, epochs: 1,
                ),
                "knows of one epoch only",
            ),
            "one batch each": (
                lambda model, feed, count, size, epochs: model.fit(*next(feed), epochs=epochs, verbose=0),
                "next(feed)",
            ),
            "looked first": (looked_first, "where a pass begins"),
            "compiled anew": (compiled_anew, "compiled already"),
            "the model": (lambda model, *others: steps()(model, *others) and model, "returns a model"),
            "no steps": (steps(steps_per_epoch=lambda count, size, epochs: None), "Give it steps_per_epoch"),
            "losses": (without_return, "return the history"),
            "no fit": (untrained, "not trained on any"),
        },
    },
    "FlippedBatches": {
        "right": [Data, AtOnce],
        "stub": StubData,
        "broken": data(__getitem__=broken_item),
        "wrong": {
            "rounded down": (data(__len__=lambda self: len(self.labels) // self.size), "rounded down"),
            "one too many": (data(__len__=lambda self: len(self.labels) // self.size + 1), "one batch too many"),
            "images": (data(__len__=lambda self: len(self.labels)), "number of images"),
            "index as row": (data(rows=wrong_rows), "counts batches"),
            "labels reversed": (data(__getitem__=shuffled_labels), "do not belong together"),
            "upside down": (data(flip=lambda self, picture: picture[::-1]), "upside down"),
            "channels": (data(flip=lambda self, picture: picture[..., ::-1]), "red for blue"),
            "never": (data(chosen=lambda self, index, number: np.zeros(number)), "no image"),
            "whole batches": (data(chosen=lambda self, index, number: np.full(number, index == 1)), "as a whole"),
            "shared": (SharedGenerator, "asked for first"),
            "stored images": (StoredImages, "asked for twice"),
            "no index": (data(rng=lambda self, index: np.random.default_rng([self.seed, self.epoch])), "same places"),
            "no seed": (data(rng=lambda self, index: np.random.default_rng([self.epoch, index])), "`seed` used"),
            "no epoch": (data(on_epoch_end=lambda self: None), "after on_epoch_end"),
            "epoch without seed": (SecondUnseeded, "second epoch"),
            "added": (
                data(rng=lambda self, index: np.random.default_rng(self.seed + self.epoch + index)),
                "Hand over a list",
            ),
            "two epochs": (data(on_epoch_end=lambda self: setattr(self, "epoch", 1)), "Count the epochs on"),
            "scaled": (
                data(
                    flip=lambda self, picture: picture[:, ::-1] / 255,
                    chosen=lambda self, index, number: np.ones(number),
                ),
                "0 to 1 already",
            ),
            "always full": (data(rows=always_full), "does not hold the right"),
            "no PyDataset": (lambda images, labels, size, seed: [images], "no PyDataset"),
        },
    },
    "balanced": {
        "value": True,
        "right": [
            {"balanced_steps": 40, "times_seen": 25, "ordinary_steps": 21, "weight": 25},
            np.array([40.0, 25.0, 21.0, 25.0]),
        ],
    },
}
