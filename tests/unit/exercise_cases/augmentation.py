"""Answers to the exercises of *Augmentation*: right ones, written differently, and slips, each with words of the message that it must get."""

import math

import numpy as np

from course_utils import augment
from course_utils.exercises import augmentation
from course_utils.exercises.augmentation import keras

layers = keras.layers
POINTS = [(0, 30), (0, 30), (0, 20), (20, 20)]
MOVES = augmentation.choose_moves()


def moves(name, letter):
    return MOVES | {name: letter}


# ---- the matrix


def from_the_inverse(rotation, shear, zoom):
    a0, a1, _, b0, b1, *_ = augment.warp_matrices(
        10, 12, rotation=float(rotation), shear=float(shear), zoom=float(zoom)
    ).numpy()
    return np.linalg.inv([[a0, a1], [b0, b1]])


def number_by_number(rotation, shear, zoom):
    c, s, t = math.cos(math.radians(rotation)), math.sin(math.radians(rotation)), math.tan(math.radians(shear))
    return [[zoom * c, zoom * (s - c * t)], [-zoom * s, zoom * (c + s * t)]]


def in_tensors(rotation, shear, zoom):
    return keras.ops.convert_to_tensor(np.array(number_by_number(rotation, shear, zoom)))


# ---- the layers


def functional(rotation_range, shift_range, zoom_range):
    inputs = keras.Input((None, None, 3))
    moved = layers.RandomTranslation((-shift_range, shift_range), shift_range, fill_mode="nearest")(inputs)
    moved = layers.RandomZoom((-zoom_range, zoom_range), (-zoom_range, zoom_range))(moved)
    share = rotation_range / 360
    return keras.Model(inputs, layers.RandomRotation((-share, share))(moved))


def nested(rotation_range, shift_range, zoom_range):
    share = np.radians(rotation_range) / (2 * np.pi)
    moving = keras.Sequential(
        [layers.RandomRotation(share, seed=1), layers.RandomTranslation(shift_range, shift_range)]
    )
    return keras.Sequential(
        [layers.Input((8, 8, 3)), moving, layers.RandomZoom(height_factor=zoom_range, width_factor=zoom_range)]
    )


def with_layers(
    turn=lambda degrees: degrees / 360, shift=lambda share: (share, share), zoom=lambda share: (share, share)
):
    def build(rotation_range, shift_range, zoom_range):
        return keras.Sequential(
            [
                layers.RandomRotation(turn(rotation_range)),
                layers.RandomTranslation(*shift(shift_range)),
                layers.RandomZoom(*zoom(zoom_range)),
            ]
        )

    return build


# ---- test-time augmentation


def in_one_batch(answer, vary, pictures, count):
    answers = answer(vary(np.repeat(pictures, count, axis=0)))
    return answers.reshape(len(pictures), count, -1).mean(axis=1)


def with_a_sum(answer, vary, pictures, count):
    total = 0
    for _ in range(count):
        total = total + keras.ops.convert_to_tensor(answer(vary(pictures)))
    return total / count


def picture_by_picture(answer, vary, pictures, count):
    return [sum(answer(vary(picture[np.newaxis]))[0] for _ in range(count)) / count for picture in pictures]


CASES = {
    "image_variations": {
        "value": True,
        "right": ["hgdcba", "A, B, C, D, G, H", list("abcdgh")],
    },
    "order_of_moves": {
        "value": True,
        "right": [
            POINTS,
            np.array(POINTS, "float32"),
            {name: list(point) for name, point in augmentation.order_of_moves().items()},
        ],
        "wrong": {
            "a list too short": (POINTS[:2], "4 points"),
        },
    },
    "move_matrix": {
        "right": [from_the_inverse, number_by_number, in_tensors],
    },
    "augmentation_model": {
        "right": [functional, nested],
        "wrong": {
            "degrees": (with_layers(turn=float), "these are degrees"),
            "half turns": (with_layers(turn=lambda d: d / 180), "divided by 180"),
            "radians": (with_layers(turn=math.radians), "these are radians"),
            "per cent": (with_layers(turn=lambda d: d / 100), "divided by 100"),
            "half the range": (with_layers(turn=lambda d: d / 720), "*either* side"),
            "one side": (with_layers(turn=lambda d: (0, d / 360)), "one side only"),
            "shift in height only": (with_layers(shift=lambda s: (s, 0)), "nothing moves"),
            "one zoom": (with_layers(zoom=lambda z: (z,)), "two numbers"),
            "zoom from 1": (with_layers(zoom=lambda z: ((z, z), 1 - z)), "does not fit"),
            "zoom in height only": (with_layers(zoom=lambda z: (z, 0)), "no zoom in this direction"),
            "only smaller": (
                with_layers(zoom=lambda z: ((0, z), (0, z))),
                "RandomZoom, height: this range has one side",
            ),
            "no rotation": (
                lambda r, s, z: keras.Sequential([layers.RandomTranslation(s, s), layers.RandomZoom(z, z)]),
                "one layer RandomRotation",
            ),
            "fixed numbers": (with_layers(turn=lambda d: 0.1), "RandomRotation: the range does not fit"),
            "a list of layers": (lambda r, s, z: [layers.RandomRotation(r / 360)], "return a model"),
        },
    },
    "choose_moves": {
        "value": True,
        "right": [list(MOVES.values()), tuple("UWUNUWW")],
        "wrong": {
            "one letter": ("u", "choices are asked for"),
            "a word": (moves("pets, mirrored", "yes"), "answer with one"),
        },
    },
    "mean_answers": {
        "right": [in_one_batch, with_a_sum, picture_by_picture],
        "wrong": {
            "picture without batch": (lambda a, v, p, n: [a(v(one)) for one in p], "vary must get a batch"),
        },
    },
}
