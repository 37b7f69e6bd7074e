"""Answers to the exercises of *Augmentation*: right ones, written differently, and slips, each with words of the message that it must get."""

import math

import numpy as np

from course_utils import augment
from course_utils.exercises import augmentation
from course_utils.exercises.augmentation import keras

layers = keras.layers
POINTS = [(0, 30), (0, 30), (0, 20), (20, 20)]
MOVES = augmentation.choose_moves()


def points(place, point):
    return [point if number == place else right for number, right in enumerate(POINTS)]


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


def matrix(rotation, shear, zoom, turn=1, lean=1, order=False, radians=np.radians, size=None):
    angle, slope = turn * radians(rotation), lean * math.tan(math.radians(shear))
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    sheared = np.array([[1, -slope], [0, 1]])
    return (sheared @ turned if order else turned @ sheared) * (zoom if size is None else size)


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


def each(answer, vary, pictures, count):
    return np.array([answer(vary(pictures)) for _ in range(count)])


def further_and_further(answer, vary, pictures, count):
    answers = []
    for _ in range(count):
        pictures = vary(pictures)
        answers.append(answer(pictures))
    return np.mean(answers, axis=0)


def end_of_the_chain(answer, vary, pictures, count):
    for _ in range(count):
        pictures = vary(pictures)
    return answer(pictures)


def tiled(answer, vary, pictures, count):
    answers = answer(vary(np.tile(pictures, (count, 1, 1, 1))))
    return answers.reshape(len(pictures), count, -1).mean(axis=1)


def only_once(answer, vary, pictures, count):
    varied = vary(pictures)
    return np.mean([answer(varied) for _ in range(count)], axis=0)


CASES = {
    "image_variations": {
        "value": True,
        "right": ["hgdcba", "A, B, C, D, G, H", list("abcdgh")],
        "wrong": {
            "the back": ("abcdegh", "no pixel of the cat's back"),
            "another breed": ("abcdfgh", "another breed"),
            "another pose": ("abcdghi", "lie down"),
            "no light": ("abdgh", "numbers of a photograph smaller"),
            "no mirror": ("abcgh", "Think of a mirror"),
            "no colour": ("abcdg", "Yellow is"),
            "a word": ("shift", "answer with"),
        },
    },
    "order_of_moves": {
        "value": True,
        "right": [
            POINTS,
            np.array(POINTS, "float32"),
            {name: list(point) for name, point in augmentation.order_of_moves().items()},
        ],
        "wrong": {
            "clockwise": (points(0, (0, -30)), "zoom, then turn: this point lies below"),
            "not turned": (points(0, (30, 0)), "not been turned yet"),
            "zoom makes smaller": (points(0, (0, 13.33)), "you divided by 1.5. Here"),
            "zoom in width only": (points(1, (0, 20)), "all distances"),
            "half a turn": (points(0, (-30, 0)), "180°"),
            "order of shear and turn": (points(2, (20, 20)), "the other order: turned first"),
            "column sheared": (points(2, (-20, 20)), "Rows stay rows"),
            "shear forgotten": (points(3, (0, 20)), "the shear is missing"),
            "leans left": (points(3, (-20, 20)), "leans to the left"),
            "a number": (points(3, 20), "a pair of numbers"),
            "a list too short": (POINTS[:2], "four points"),
        },
    },
    "move_matrix": {
        "right": [from_the_inverse, number_by_number, lambda r, s, z: keras.ops.convert_to_tensor(matrix(r, s, z))],
        "wrong": {
            "divided by the zoom": (lambda r, s, z: matrix(r, s, z, size=1 / z), "you divide by the zoom"),
            "no zoom": (lambda r, s, z: matrix(r, s, z, size=1), "the zoom is missing"),
            "radians": (lambda r, s, z: matrix(r, s, z, radians=float), "take radians"),
            "clockwise": (lambda r, s, z: matrix(r, s, z, turn=-1), "turns clockwise"),
            "leans left": (lambda r, s, z: matrix(r, s, z, lean=-1), "leans to the left"),
            "order": (lambda r, s, z: matrix(r, s, z, order=True), "the order is exchanged"),
            "no shear": (lambda r, s, z: matrix(r, 0, z), "the shear is missing"),
            "sine": (lambda r, s, z: matrix(r, math.degrees(math.atan(math.sin(math.radians(s)))), z), "uses the sine"),
            "height only": (lambda r, s, z: matrix(r, s, 1) @ np.diag([z, 1]), "width only"),
            "number by number": (lambda r, s, z: matrix(r, 0, 1) * matrix(0, s, 1) * z, "number by number"),
            "nothing returned": (lambda r, s, z: None, "returns nothing"),
        },
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
            "no turn at all": (moves("digits, turned by up to 15 degrees", "n"), "write upright"),
            "turn digits": (moves("digits, turned by any angle", "u"), "the 6 of section 10"),
            "rare only": (moves("digits, turned by any angle", "n"), "stronger reason"),
            "cat on its head": (moves("pets, upside down", "u"), "rule (2)"),
            "no cat": (moves("pets, upside down", "w"), "still a cat"),
            "cells": (moves("blood cells, turned by any angle", "n"), "under a microscope"),
            "signs": (moves("road signs, mirrored", "u"), "'turn left'"),
            "heart": (moves("chest X-rays, mirrored", "u"), "on which side"),
            "one letter": ("u", "choices are asked for"),
            "a word": (moves("pets, mirrored", "yes"), "answer with one"),
        },
    },
    "mean_answers": {
        "right": [in_one_batch, with_a_sum, picture_by_picture],
        "wrong": {
            "mean of pictures": (
                lambda a, v, p, n: a(np.mean([v(p) for _ in range(n)], axis=0)),
                "mean of the pictures",
            ),
            "one variation": (only_once, "one variation only"),
            "the last": (lambda a, v, p, n: each(a, v, p, n)[-1], "the last variation only"),
            "no variation": (lambda a, v, p, n: a(p), "vary was not used"),
            "sum": (lambda a, v, p, n: each(a, v, p, n).sum(axis=0), "divided by count"),
            "with the original": (lambda a, v, p, n: np.mean([a(p), *each(a, v, p, n)], axis=0), "nothing else"),
            "original as one": (
                lambda a, v, p, n: np.mean([a(p), *each(a, v, p, n - 1)], axis=0),
                "one of your `count` answers",
            ),
            "chain": (further_and_further, "from the one before"),
            "end of the chain": (end_of_the_chain, "in a row"),
            "tiled": (tiled, "np.tile"),
            "votes": (lambda a, v, p, n: np.eye(3)[each(a, v, p, n).argmax(axis=2)].mean(axis=0), "shares of votes"),
            "classes": (lambda a, v, p, n: each(a, v, p, n).mean(axis=0).argmax(axis=1), "chosen classes"),
            "one row": (lambda a, v, p, n: each(a, v, p, n).mean(axis=(0, 1)), "one row for each picture"),
            "wrong axis": (lambda a, v, p, n: each(a, v, p, n).mean(axis=1), "should run over the variations"),
            "no mean": (each, "still missing"),
            "picture without batch": (lambda a, v, p, n: [a(v(one)) for one in p], "vary must get a batch"),
        },
    },
}
