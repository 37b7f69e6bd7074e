"""Answers to the exercises of *Feature extraction*: right ones, written differently, and slips, each with words of the message that it must get."""

import itertools

import numpy as np

from course_utils.exercises.feature_extraction import keras

layers = keras.layers
XRAYS = {"start": "b", "channels": "a", "layer": "c", "augmentation": "b", "validation": "c"}


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


CASES = {
    "what_changes": {
        "value": True,
        "right": ["g, e, d", list("DEG")],
    },
    "vgg_head": {
        "value": True,
        "right": [{"side": 7, "flat": 6_423_041, "pooled": 131_585}, np.array([7.0, 6_423_041, 131_585])],
    },
    "extract": {
        "right": [into_an_array, with_a_counter],
        "wrong": {
            "all at once": (lambda c, p, b: c(p), "more than batch_size"),
            "one by one": (lambda c, p, b: np.concatenate([c(x[None]) for x in p]), "7 times"),
            "no batch axis": (lambda c, p, b: [c(x) for x in p], "without a batch axis"),
            "empty batch": (one_step_too_many, "an empty batch"),
            "no break": (without_a_break, "ever end"),
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
    },
    "xrays": {
        "value": True,
        "right": [list("bacbc"), {name: letter.upper() for name, letter in XRAYS.items()}],
    },
}
