"""Answers to the exercises of *Fine-tuning*: right ones, written differently, and slips, each with words of the message that it must get."""

import math

import numpy as np

from course_utils.exercises.fine_tuning import keras, layers

STUDENTS = {"first": "c", "proof": "f", "second": "e", "third": "a"}


# ---- unfreezing


def as_on_the_slide(model, name, rate):
    model.trainable = True
    on = False
    for layer in model.layers:
        on = on or layer.name == name
        layer.trainable = on
        if layer.__class__.__name__ == "BatchNormalization":
            layer.trainable = False
    model.compile(keras.optimizers.Adam(learning_rate=rate), keras.losses.MeanSquaredError())
    return model


def compile_before(model, name, rate):
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=rate), loss="mse", metrics=["mae"])
    names = [layer.name for layer in model.layers]
    model.trainable = True
    for layer in model.layers[: names.index(name)]:
        layer.trainable = False
    for layer in model.layers[names.index(name) :]:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return model


def unfreeze(
    keep=lambda place, start: place >= start,
    norms=False,
    whole=True,
    compiled=True,
    again=False,
    factor=1,
    result=True,
    optimiser=keras.optimizers.Adam,
    loss="mse",
):
    """The reference with one slip each."""

    def unfreeze_from(model, name, rate):
        start = [layer.name for layer in model.layers].index(name)
        if whole:
            model.trainable = True
        for place, layer in enumerate(model.layers):
            layer.trainable = keep(place, start) and (norms or not isinstance(layer, layers.BatchNormalization))
        if again:
            model.trainable = False
        if compiled:
            model.compile(optimizer=optimiser(rate * factor), loss=loss)
        return model if result else None

    return unfreeze_from


def trained_at_once(model, name, rate):
    model = as_on_the_slide(model, name, rate)
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    return model


def a_copy(model, name, rate):
    return as_on_the_slide(keras.models.clone_model(model), name, rate)


# ---- rates


def with_a_loop(accuracies, frozen, count):
    best = 0
    for accuracy in accuracies.values():
        best = max(best, accuracy)
    error = (best * (1 - best) / count) ** 0.5
    if best <= frozen + error:
        return 0.0
    for rate in sorted(accuracies):
        if accuracies[rate] >= best - error:
            return np.float64(rate)


def with_arrays(accuracies, frozen, count):
    rates, values = np.array(list(accuracies)), np.array(list(accuracies.values()))
    limit = values.max() - np.sqrt(values.max() * (1 - values.max()) / count)
    return rates[values >= limit].min() * (limit > frozen)


def error(accuracies, count):
    best = max(accuracies.values())
    return math.sqrt(best * (1 - best) / count)


def good(accuracies, count):
    return [rate for rate, value in accuracies.items() if value >= max(accuracies.values()) - error(accuracies, count)]


def sure(accuracies, frozen, count):
    return max(accuracies.values()) - frozen > error(accuracies, count)


def no_root(accuracies, frozen, count):
    best, error = max(accuracies.values()), max(accuracies.values()) * (1 - max(accuracies.values())) / count
    return 0 if best - frozen <= error else min(rate for rate in accuracies if accuracies[rate] >= best - error)


def own_errors(accuracies, frozen, count):
    best = max(accuracies.values())
    near = [rate for rate, p in accuracies.items() if p + math.sqrt(p * (1 - p) / count) >= best]
    return min(near) if sure(accuracies, frozen, count) else 0


CASES = {
    "five_steps": {
        "value": True,
        "right": ["BEDAC", list("bedac"), "b, e, d, a, c", "ebdac"],
        "wrong": {
            "unfreeze first": ("beadc", "before the head has been trained"),
            "freeze late": ("bdeac", "not frozen yet"),
            "train together first": ("bedca", "the base cannot move"),
            "no head": ("edbac", "before it has been put on"),
            "freeze after unfreezing": ("abedc", "frozen afterwards"),
            "four letters": ("beda", "each once"),
        },
    },
    "from_block4": {
        "value": True,
        "right": [{"trainable": 12_979_200, "still_frozen": 1_735_488}, np.array([12_979_200, 1_735_488])],
        "wrong": {
            "block 4": ((5899776, 1), "block 4 alone"),
            "block 5": ((7079424, 1), "block 5 alone"),
            "no biases": ((12976128, 1), "kernels only"),
            "512 maps in": ((14158848, 1), "the 256 maps"),
            "everything": ((14714688, 0), "this is the whole base."),
            "exchanged": ((1735488, 12979200), "stays frozen"),
            "one convolution too few": ((11799040, 1), "includes it"),
            "kernel of one": ((1444864, 1), "9, not 1"),
            "nothing frozen": ((12979200, 0), "blocks 1 to 3"),
            "frozen for block 5": ((12979200, 7635264), "only block 5"),
            "frozen, no biases": ((12979200, 1738560), "six biases"),
        },
    },
    "unfreeze_from": {
        "right": [as_on_the_slide, compile_before],
        "wrong": {
            "norms": (unfreeze(norms=True), "their averages move"),
            "not compiled": (unfreeze(compiled=False), "not compiled again"),
            "frozen model": (unfreeze(whole=False), "a frozen model hides"),
            "frozen afterwards": (unfreeze(again=True), "no weight is trainable."),
            "everything": (unfreeze(keep=lambda place, start: True), "everything is unfrozen"),
            "after the name": (unfreeze(keep=lambda place, start: place > start), "named layer itself"),
            "before": (unfreeze(keep=lambda place, start: place < start), "*before* the named one"),
            "up to": (unfreeze(keep=lambda place, start: place <= start), "up to the named one"),
            "only the layer": (unfreeze(keep=lambda place, start: place == start), "only the named layer"),
            "head frozen": (unfreeze(keep=lambda place, start: start <= place < 6), "head is frozen"),
            "only the head": (unfreeze(keep=lambda place, start: place == 6), "only the last layer"),
            "optimiser": (unfreeze(optimiser=keras.optimizers.RMSprop), "another optimiser"),
            "loss": (unfreeze(loss="binary_crossentropy"), "another loss"),
            "other rate": (unfreeze(factor=10), "another learning rate"),
            "no return": (unfreeze(result=False), "returns nothing"),
            "weights changed": (trained_at_once, "must not change any weight"),
            "a copy": (a_copy, "return the model that was given"),
        },
    },
    "three_students": {
        "value": True,
        "right": [list("cfea"), tuple("CFEA")],
        "wrong": {
            "rate": (STUDENTS | {"first": "b"}, "not by exactly 0"),
            "head": (STUDENTS | {"first": "d"}, "trained before"),
            "count": (STUDENTS | {"proof": "g"}, "looks right"),
            "reason": (STUDENTS | {"proof": "c"}, "How can he see it"),
            "compile": (STUDENTS | {"second": "c"}, "she compiled"),
            "test": (STUDENTS | {"second": "f"}, "second: f: this is a test"),
            "third compile": (STUDENTS | {"third": "c"}, "before he compiles"),
            "averages": (STUDENTS | {"third": "e"}, "the kernels of four layers"),
            "three": (["c", "e", "a"], "choices are asked for"),
        },
    },
    "choose_rate": {
        "right": [with_a_loop, with_arrays],
        "wrong": {
            "best": (lambda a, f, n: max(a, key=a.get), "always the rate with the highest"),
            "no frozen": (lambda a, f, n: min(good(a, n)), "not compared"),
            "no error": (lambda a, f, n: max(a, key=a.get) if max(a.values()) > f else 0, "is not used"),
            "best if sure": (lambda a, f, n: max(a, key=a.get) if sure(a, f, n) else 0, "the smallest is asked for"),
            "largest": (lambda a, f, n: max(good(a, n)) if sure(a, f, n) else 0, "you return the largest"),
            "smallest": (lambda a, f, n: min([r for r in a if a[r] > f + error(a, n)], default=0), "may be far worse"),
            "no root": (no_root, "the square root is missing"),
            "accuracy": (lambda a, f, n: max(a.values()), "this is an accuracy"),
            "always the smallest": (lambda a, f, n: min(a), "whatever the accuracies"),
            "frozen without error": (
                lambda a, f, n: min(good(a, n)) if max(a.values()) > f else 0,
                "without the standard error",
            ),
            "first in the table": (lambda a, f, n: good(a, n)[0] if sure(a, f, n) else 0, "is not sorted"),
            "smallest of all": (lambda a, f, n: min(a) if sure(a, f, n) else 0, "smallest of all rates"),
            "frozen": (lambda a, f, n: min(good(a, n)) if sure(a, f, n) else f, "Return 0 there"),
            "error of frozen": (
                lambda a, f, n: min(good(a, n)) if max(a.values()) - f > math.sqrt(f * (1 - f) / n) else 0,
                "of `frozen`",
            ),
            "error of each": (own_errors, "of its own here"),
            "a list": (lambda a, f, n: good(a, n), "return one number"),
            "nothing": (lambda a, f, n: min(good(a, n)) if sure(a, f, n) else None, "returns nothing"),
            "other": (lambda a, f, n: 0.5, "step by step"),
        },
    },
}
