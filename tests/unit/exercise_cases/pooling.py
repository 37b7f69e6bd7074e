"""Answers to the exercises of *Pooling*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np

from course_utils import reference


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


def pooled(maps, size, stride):
    return np.asarray(max_pool_by_channel(maps, size, stride))


CASES = {
    "pooled_side": {
        "value": True,
        "right": [{"side": 13, "parameters": 0}, np.array([13.0, 0.0])],
    },
    "pooled_by_hand": {
        "value": True,
        "right": [
            ((8, 9), (5, 8)),
            np.array([[8.0, 9.0], [5.0, 8.0]], "float32"),
            reference.max_pool2d([[8, 9], [5, 8]], 1),
        ],
    },
    "share_unnoticed": {
        "right": [measured_with_dots, counted_in_the_window],
    },
    "average_pool": {
        "right": [pool_with_loops, pool_with_views],
    },
    "max_pool2d": {
        "right": [max_pool_by_channel, max_pool_with_lists],
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
    },
}
