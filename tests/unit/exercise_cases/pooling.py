"""Answers to the exercises of *Pooling*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np

from course_utils import reference
from course_utils.exercises.pooling import LECTURE


def pool_with_loops(image, size, stride):
    height, width = len(image), len(image[0])
    result = []
    for top in range(0, height - size + 1, stride):
        line = []
        for left in range(0, width - size + 1, stride):
            line.append(sum(float(image[top + i][left + j]) for i in range(size) for j in range(size)) / size**2)
        result.append(line)
    return result


def pool_with_views(image, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::stride, ::stride].mean(axis=(2, 3), dtype="float32")


def not_moved(image, size, stride):
    height, width = pool_with_views(image, size, stride).shape
    return pool_with_views(image, size, 1)[:height, :width]


def divided_too_late(image, size, stride):
    height, width = image.shape
    return pool_with_views(image, size, stride)[: (height - size + 1) // stride, : (width - size + 1) // stride]


def in_place(image, size, stride):
    image[0, 0] = 99
    return pool_with_views(image, size, stride)


def measured_with_dots(rounds, down, right):
    def pooled(row, column):
        image = np.zeros((64, 64))
        image[row, column] = 1
        for _ in range(rounds):
            image = reference.max_pool2d(image, 2)
        return image

    size, unnoticed = 2**rounds, 0
    for row in range(16, 16 + size):
        for column in range(16, 16 + size):
            unnoticed += np.array_equal(pooled(row, column), pooled(row + down, column + right))
    return unnoticed / size**2


def counted_in_the_window(rounds, down, right):
    places = np.arange(2**rounds)

    def stays(move):
        return ((places + move >= 0) & (places + move < len(places))).mean(dtype="float32")

    return np.float32(stays(down) * stays(right))


def unclipped(rounds, down, right):
    return (1 - abs(down) / 2**rounds) * (1 - abs(right) / 2**rounds)


def twice_the_rounds(rounds, down, right):
    window = max(1, 2 * rounds)
    return max(0, 1 - abs(down) / window) * max(0, 1 - abs(right) / window)


def max_pool_by_channel(maps, size, stride):
    import tensorflow as tf

    return tf.nn.max_pool2d(tf.constant(maps[None], tf.float32), size, stride, "VALID")[0]


def max_pool_with_lists(maps, size, stride):
    rows, columns = range(0, len(maps) - size + 1, stride), range(0, len(maps[0]) - size + 1, stride)
    return [
        [
            [max(int(maps[r + i][c + j][k]) for i in range(size) for j in range(size)) for k in range(len(maps[0][0]))]
            for c in columns
        ]
        for r in rows
    ]


def max_pool_from_zero(maps, size, stride):
    result = np.zeros(max_pool_by_channel(maps, size, stride).shape)
    for i, j, k in np.ndindex(*result.shape):
        for value in maps[i * stride : i * stride + size, j * stride : j * stride + size, k].ravel():
            result[i, j, k] = max(result[i, j, k], value)
    return result


def max_pool_sticking_out(maps, size, stride):
    return np.array(
        [
            [maps[r : r + size, c : c + size].max(axis=(0, 1)) for c in range(0, maps.shape[1] - size + stride, stride)]
            for r in range(0, maps.shape[0] - size + stride, stride)
        ]
    )


def pooled(maps, size, stride):
    return np.asarray(max_pool_by_channel(maps, size, stride))


CASES = {
    "pooled_side": {
        "value": True,
        "right": [{"side": 13, "parameters": 0}, np.array([13.0, 0.0])],
        "wrong": {
            "steps, not places": ((12, 0), "one place more"),
            "same": ((14, 0), "padding='same'"),
            "stride of the window": ((9, 0), "stride of 3"),
            "no stride": ((25, 0), "stride of 1"),
            "whole map": ((169, 0), "13 × 13"),
            "half": ((13.5, 0), "whole number"),
            "exchanged": ((0, 13), "side comes first"),
            "settings": ((13, 2), "settings"),
            "weights": ((13, 9), "9 weights"),
            "weights and bias": ((13, 10), "a bias"),
        },
    },
    "pooled_by_hand": {
        "value": True,
        "right": [
            ((8, 9), (5, 8)),
            np.array([[8.0, 9.0], [5.0, 8.0]], "float32"),
            reference.max_pool2d([[8, 9], [5, 8]], 1),
        ],
        "wrong": {
            "window 2": ([[5, 5, 9], [6, 8, 6], [2, 6, 6]], "section 2"),
            "stride 2": ([[8, 8], [8, 8]], "moved by 2"),
            "stride 1": (reference.max_pool2d(LECTURE, 3, 1), "moved by 1"),
            "smallest": (-reference.max_pool2d(-LECTURE, 3), "smallest"),
            "means": (reference.average_pool2d(LECTURE, 3).round(1), "means"),
            "sums": (reference.average_pool2d(LECTURE, 3) * 9, "sums"),
            "corners": ([[5, 5], [1, 8]], "top left of each"),
            "convolution": ([[8, 9], [7, 8]], "Convolution"),
            "transposed": ([[8, 5], [9, 8]], "rows and columns"),
            "flat": ([8, 9, 5, 8], "two rows"),
            "overlooked": ([[8, 9], [5, 6]], "rows 3 to 5, columns 3 to 5"),
            "a single number": (9, "list of rows"),
            "three rows": ([[8, 9], [5, 8], [2, 6]], "How many windows"),
        },
    },
    "share_unnoticed": {
        "right": [measured_with_dots, counted_in_the_window],
        "wrong": {
            "noticed": (lambda rounds, down, right: 1 - counted_in_the_window(rounds, down, right), "that is noticed"),
            "per cent": (lambda rounds, down, right: 100 * counted_in_the_window(rounds, down, right), "per cent"),
            "below 0": (unclipped, "never below 0"),
            "product cut off": (
                lambda rounds, down, right: max(0, unclipped(rounds, down, right)),
                "Two shares below 0 give",
            ),
            "signs ignored": (
                lambda rounds, down, right: counted_in_the_window(rounds, max(down, 0), max(right, 0)),
                "(a negative number) is noticed",
            ),
            "signs kept": (
                lambda rounds, down, right: max(0, 1 - down / 2**rounds) * max(0, 1 - right / 2**rounds),
                "makes your share larger",
            ),
            "added": (lambda rounds, down, right: max(0, 1 - (abs(down) + abs(right)) / 2**rounds), "taken off twice"),
            "the larger move": (
                lambda rounds, down, right: max(0, 1 - max(abs(down), abs(right)) / 2**rounds),
                "larger of the two moves",
            ),
            "text": (lambda rounds, down, right: f"{counted_in_the_window(rounds, down, right):.0%}", "returns a text"),
            "only right": (
                lambda rounds, down, right: counted_in_the_window(rounds, 0, right),
                "`down` changes nothing",
            ),
            "only down": (
                lambda rounds, down, right: counted_in_the_window(rounds, down, 0),
                "`right` changes nothing",
            ),
            "twice the rounds": (twice_the_rounds, "2 · rounds"),
            "one round": (lambda rounds, down, right: counted_in_the_window(1, down, right), "always 2 pixels"),
        },
    },
    "average_pool": {
        "right": [pool_with_loops, pool_with_views],
        "wrong": {
            "maximum": (reference.max_pool2d, "largest numbers"),
            "sum": (lambda image, size, stride: pool_with_views(image, size, stride) * size**2, "still to be divided"),
            "divided by the side": (
                lambda image, size, stride: pool_with_views(image, size, stride) * size,
                "side of the window",
            ),
            "whole numbers": (
                lambda image, size, stride: pool_with_views(image, size, stride).astype(int),
                "fractions are lost",
            ),
            "no stride": (lambda image, size, stride: pool_with_views(image, size, 1), "`stride` is not used"),
            "window not moved": (not_moved, "still moves by one pixel"),
            "own size": (lambda image, size, stride: pool_with_views(image, size, size), "by its own size"),
            "divided too late": (divided_too_late, "divide before you add"),
            "global": (lambda image, size, stride: image.mean(), "global pooling"),
            "transposed": (lambda image, size, stride: pool_with_views(image, size, stride).T, "rows and columns"),
            "in place": (in_place, "changes the array"),
        },
    },
    "max_pool2d": {
        "right": [max_pool_by_channel, max_pool_with_lists],
        "wrong": {
            "channels mixed": (lambda maps, size, stride: pooled(maps, size, stride).max(axis=2), "mixed into one map"),
            "first channel": (lambda maps, size, stride: pooled(maps, size, stride)[..., 0], "first channel only"),
            "from zero": (max_pool_from_zero, "begin with 0"),
            "mean": (
                lambda maps, size, stride: np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))[
                    ::stride, ::stride
                ].mean(axis=(3, 4)),
                "average pooling",
            ),
            "stride one": (lambda maps, size, stride: pooled(maps, size, 1), "one pixel at a time"),
            "stride is size": (lambda maps, size, stride: pooled(maps, size, size), "by its own size"),
            "channels first": (
                lambda maps, size, stride: pooled(maps, size, stride).transpose(2, 0, 1),
                "channels stand in front",
            ),
            "transposed": (
                lambda maps, size, stride: pooled(maps, size, stride).transpose(1, 0, 2),
                "rows and columns",
            ),
            "sticks out": (max_pool_sticking_out, "a column too many"),
            "global": (lambda maps, size, stride: maps.max(axis=(0, 1)), "global pooling"),
        },
    },
    "stack": {
        "value": True,
        "right": [
            np.array([(3, 1), (2, 2)] * 4 + [(3, 1)] * 2),
            [[3, 1], [2, 2]] * 5 + [[3, 1]],
            ([(3.0, 1.0), (2.0, 2.0)] * 4 + [(3, 1), (3, 1), (2, 2)]),
        ],
        "wrong": {
            "no pooling": ([(3, 1)] * 48, "Without pooling each adds only 2"),
            "no pooling, too small": ([(3, 1)] * 10, "what makes the step J grow"),
            "five blocks": ([(3, 1), (2, 2)] * 5, "sees 94 pixels"),
            "nine layers": ([(3, 1), (2, 2)] * 4 + [(3, 1)], "would add 32"),
            "six blocks": ([(3, 1), (2, 2)] * 6, "12 layers"),
            "convolutions first": ([(3, 1)] * 5 + [(2, 2), (3, 1), (2, 2)], "would add 8"),
            "pooling twice": ([(3, 1), (2, 2), (2, 2)] * 3, "layer 3 pools"),
            "pooling first": ([(2, 2), (3, 1)] * 5, "bare picture"),
            "strided": ([(3, 2)] * 6, "do the halving"),
            "pooling without stride": ([(3, 1), (2, 1)] * 4, "stride 1. The pooling"),
            "larger kernel": ([(7, 1), (2, 2)] * 4, "allowed are only"),
            "exchanged": ([(1, 3), (2, 2)] * 4, "exchanged"),
            "endless": ([(np.inf, 1), (2, 2)], "layer 1 is (inf, 1.0)"),
            "one number": (3, "list of pairs"),
        },
    },
    "swapped": {
        "value": True,
        "right": ["dba", ["a", "b", "d"], "A, B, D"],
        "wrong": {
            "mean as well": ("abcd", "window of 4 and −4"),
            "convolution saved": ("abde", "comes before both"),
            "maximum changes": ("bd", "Think of max pooling"),
            "no work saved": ("ad", "work of ReLU"),
            "mean the same": ("ab", "pull it"),
            "no letters": (3, "in quotes"),
        },
    },
}
