"""Answers to the exercises of *Feature extraction*: right ones, written differently, and slips, each with words of the message that it must get."""

import itertools

import numpy as np

from course_utils.exercises.feature_extraction import keras

layers = keras.layers
XRAYS = {"start": "b", "channels": "a", "layer": "c", "augmentation": "b", "validation": "c"}
MEANS = np.array([103.939, 116.779, 123.68])


# ---- features in batches


def into_an_array(compute, pictures, batch_size):
    result = np.zeros((len(pictures), *compute(pictures[:1]).shape[1:]), "float32")
    start = 0
    while start < len(pictures):
        stop = min(start + batch_size, len(pictures))
        result[start:stop] = compute(pictures[start:stop])
        start = stop
    return result


def with_a_counter(compute, pictures, batch_size):
    rows = []
    for number in itertools.count():
        if number * batch_size >= len(pictures):
            break
        rows.extend(compute(pictures[number * batch_size : (number + 1) * batch_size]))
    return keras.ops.convert_to_tensor(np.stack(rows))


def whole_batches(compute, pictures, batch_size):
    steps = len(pictures) // batch_size
    parts = [compute(pictures[step * batch_size : (step + 1) * batch_size]) for step in range(steps)]
    return np.concatenate(parts) if parts else np.zeros((0, 2, 2, 3))


def rest_of_zeros(compute, pictures, batch_size, extra=0, kind=float):
    result = np.zeros((len(pictures) + extra, 2, 2, 3), kind)
    for step in range(len(pictures) // batch_size):
        result[step * batch_size : (step + 1) * batch_size] = compute(
            pictures[step * batch_size : (step + 1) * batch_size]
        )
    return result


def as_whole_numbers(compute, pictures, batch_size):
    result = np.zeros((len(pictures), 2, 2, 3), int)
    for start in range(0, len(pictures), batch_size):
        result[start : start + batch_size] = compute(pictures[start : start + batch_size])
    return result


def one_step_too_many(compute, pictures, batch_size):
    return np.concatenate(
        [
            compute(pictures[step * batch_size : (step + 1) * batch_size])
            for step in range(len(pictures) // batch_size + 1)
        ]
    )


def without_a_break(compute, pictures, batch_size):
    for start in itertools.cycle(range(0, len(pictures), batch_size)):
        compute(pictures[start : start + batch_size])


def filled_up(compute, pictures, batch_size):
    more = np.concatenate([pictures, pictures[: -len(pictures) % batch_size]])
    return np.concatenate([compute(more[start : start + batch_size]) for start in range(0, len(more), batch_size)])


def shuffled(compute, pictures, batch_size):
    return into_an_array(compute, np.random.default_rng(0).permutation(pictures), batch_size)


# ---- heads


def functional(feature_shape, classes):
    inputs = keras.Input(feature_shape)
    return keras.Model(inputs, layers.Softmax()(layers.Dense(classes)(keras.ops.mean(inputs, axis=(1, 2)))))


def with_pooling(feature_shape, classes):
    return keras.Sequential(
        [
            layers.Input(feature_shape),
            layers.AveragePooling2D(feature_shape[:2]),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(classes, "softmax"),
        ]
    )


def convolution_first(feature_shape, classes):
    return keras.Sequential(
        [
            layers.Input(feature_shape),
            layers.Conv2D(classes, 1),
            layers.GlobalAveragePooling2D(),
            layers.Activation("softmax"),
        ]
    )


def head(*parts):
    return lambda feature_shape, classes: keras.Sequential(
        [layers.Input(feature_shape), *(part(classes) for part in parts)]
    )


def mean(classes):
    return layers.GlobalAveragePooling2D()


def dense(classes):
    return layers.Dense(classes, "softmax")


# ---- pixels


def channel_by_channel(pictures):
    red, green, blue = (np.float64(pictures[..., place]) for place in range(3))
    return np.stack([blue - 103.939, green - 116.779, red - 123.68], axis=-1)


def by_keras(pictures):
    return keras.applications.vgg16.preprocess_input(pictures.astype("float32"))


def in_place(pictures):
    pictures -= np.asarray(100, pictures.dtype)
    return pictures


def exchanged_in_place(pictures):
    copy = pictures.astype("float32")
    copy[..., 0], copy[..., 2] = copy[..., 2], copy[..., 0]
    return copy - MEANS


CASES = {
    "what_changes": {
        "value": True,
        "right": ["g, e, d", list("DEG")],
        "wrong": {
            "kernels of the base": ("adeg", "How could a gradient"),
            "batch normalisation": ("bdeg", "belong to the base"),
            "averages": ("cdeg", "does not run at all"),
            "features": ("defg", "never its inputs"),
            "no bias": ("dg", "and what else"),
            "no optimiser": ("de", "RMSprop"),
            "only g": ("eg", "if not the base"),
        },
    },
    "vgg_head": {
        "value": True,
        "right": [{"side": 7, "flat": 6_423_041, "pooled": 131_585}, np.array([7.0, 6_423_041, 131_585])],
        "wrong": {
            "before the last pooling": ((14, 6423041, 131585), "fifth pooling"),
            "150 pixels": ((4, 6423041, 131585), "150 × 150, as in"),
            "kernel only": ((7, 6422528, 131585), "kernel only"),
            "no last layer": ((7, 6422784, 131585), "257 are missing"),
            "two units": ((7, 6423298, 131585), "two units. Cats"),
            "7 positions": ((7, 918017, 131585), "7 positions"),
            "pooled kernel": ((7, 6423041, 131072), "still to come"),
            "no layer of 256": ((7, 6423041, 513), "stays"),
            "exchanged": ((7, 131585, 6423041), "Flatten keeps"),
            "with the base": ((7, 21137729, 131585), "base and head"),
            "49 numbers": ((7, 6423041, 13057), "49 numbers"),
        },
    },
    "extract": {
        "right": [into_an_array, with_a_counter],
        "wrong": {
            "no last batch": (whole_batches, "the last batch is missing"),
            "zeros": (rest_of_zeros, "still zero"),
            "list": (lambda c, p, b: [c(p[i : i + b]) for i in range(0, len(p), b)], "a list of batches"),
            "all at once": (lambda c, p, b: c(p), "more than batch_size"),
            "one by one": (lambda c, p, b: np.concatenate([c(x[None]) for x in p]), "7 times"),
            "no batch axis": (lambda c, p, b: [c(x) for x in p], "without a batch axis"),
            "shuffled": (shuffled, "in another order"),
            "empty batch": (one_step_too_many, "an empty batch"),
            "no break": (without_a_break, "ever end"),
            "filled up": (filled_up, "filled up"),
            "no step": (lambda c, p, b: np.concatenate([c(p[i : i + b]) for i in range(len(p))]), "batches overlap"),
            "first only": (lambda c, p, b: c(p[:b]), "first batch only"),
            "last only": (lambda c, p, b: c(p[len(p) - len(p) % b :]), "last batch only"),
            "whole numbers": (as_whole_numbers, "fractions are lost"),
            "flattened": (lambda c, p, b: into_an_array(c, p, b).reshape(len(p), -1), "flattened"),
            "means": (lambda c, p, b: into_an_array(c, p, b).mean(axis=(1, 2)), "mean of each map"),
        },
    },
    "pooled_head": {
        "right": [functional, with_pooling, convolution_first],
        "wrong": {
            "flatten": (head(lambda n: layers.Flatten(), dense), "flattened map"),
            "maximum": (head(lambda n: layers.GlobalMaxPooling2D(), dense), "maximum of each map"),
            "no softmax": (head(mean, lambda n: layers.Dense(n)), "softmax is missing"),
            "sigmoid": (head(mean, lambda n: layers.Dense(n, "sigmoid")), "this is sigmoid"),
            "relu": (head(mean, lambda n: layers.Dense(n, "relu")), "has ReLU"),
            "layer of 256": (head(mean, lambda n: layers.Dense(256, "relu"), dense), "dense layer of 256"),
            "no bias": (head(mean, lambda n: layers.Dense(n, "softmax", use_bias=False)), "no bias"),
            "dense only": (head(dense), "output has another shape"),
            "dense first": (head(dense, mean), "judges each position"),
            "no input": (lambda shape, n: keras.Sequential([mean(n), dense(n)]), "knows its input"),
            "batch in the shape": (
                lambda shape, n: keras.Sequential([layers.Input((None, *shape[1:])), mean(n), dense(n)]),
                "input has another shape",
            ),
        },
    },
    "vgg_pixels": {
        "right": [
            channel_by_channel,
            by_keras,
            lambda pictures: keras.ops.convert_to_tensor(channel_by_channel(pictures)),
        ],
        "wrong": {
            "red first": (lambda p: p - MEANS[::-1], "have not been exchanged"),
            "no means": (lambda p: p[..., ::-1], "have not been subtracted"),
            "means of red first": (lambda p: p[..., ::-1] - MEANS[::-1], "are in the order red"),
            "channels of red first": (lambda p: p - MEANS, "are in the order blue"),
            "a 255th": (lambda p: p / 255, "division by 255"),
            "from -1 to 1": (lambda p: p / 127.5 - 1, "other networks"),
            "divided after": (lambda p: channel_by_channel(p) / 255, "last step"),
            "divided before": (lambda p: p[..., ::-1] / 255 - MEANS, "from 0 to 255"),
            "mirrored": (lambda p: p[:, :, ::-1] - MEANS, "you mirrored"),
            "upside down": (lambda p: p[:, ::-1] - MEANS, "upside down"),
            "own mean": (lambda p: p[..., ::-1] - p[..., ::-1].mean(axis=(0, 1, 2)), "of these pictures"),
            "uint8": (
                lambda p: (
                    p[..., ::-1] - MEANS if p.dtype == "float32" else p[..., ::-1] - MEANS.round().astype("uint8")
                ),
                "uint8 knows none",
            ),
            "whole numbers": (lambda p: channel_by_channel(p).astype(int), "fractions are lost"),
            "in place": (in_place, "changes the array"),
            "back to uint8": (lambda p: channel_by_channel(p).astype(int).astype("uint8"), "type uint8"),
            "added": (lambda p: p[..., ::-1] + MEANS, "you added"),
            "first axis": (lambda p: p[::-1] - MEANS, "order of the pictures"),
            "exchanged in place": (exchanged_in_place, "red is lost"),
        },
    },
    "xrays": {
        "value": True,
        "right": [list("bacbc"), {name: letter.upper() for name, letter in XRAYS.items()}],
        "wrong": {
            "from scratch": (XRAYS | {"start": "a"}, "random weights"),
            "fine-tuning": (XRAYS | {"start": "c"}, "Fine-tuning"),
            "zeros": (XRAYS | {"channels": "b"}, "bright red"),
            "new first layer": (XRAYS | {"channels": "c"}, "worthless"),
            "last layer": (XRAYS | {"layer": "a"}, "far from ImageNet"),
            "first layers": (XRAYS | {"layer": "b"}, "digits of section 8"),
            "mirror": (XRAYS | {"augmentation": "a"}, "the heart"),
            "any angle": (XRAYS | {"augmentation": "c"}, "Upside down"),
            "same patient": (XRAYS | {"validation": "a"}, "recognise the patient"),
            "too few": (["b", "a"], "choices are asked for"),
        },
    },
}
