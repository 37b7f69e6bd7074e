"""Answers to the exercises of *Fine-tuning*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np

from course_utils.exercises.fine_tuning import keras, layers

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
    },
    "choose_rate": {
        "right": [with_a_loop, with_arrays],
    },
}
