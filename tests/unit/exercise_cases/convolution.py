"""Answers to the exercises of *Convolution*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np

from course_utils import counting, reference
from course_utils.exercises.convolution import LECTURE_KERNEL, PICTURE

CENTRE = np.zeros((3, 3), int)
CENTRE[1, 1] = 1


def count_with_the_package(kernel, channels_in, filters, height, width):
    return [
        counting.conv_parameters(kernel, channels_in, filters),
        counting.conv_multiplications((height, width), kernel, channels_in, filters),
    ]


def count_in_floats(kernel, channels_in, filters, height, width):
    return {
        "parameters": np.float64((kernel**2 * channels_in + 1) * filters),
        "multiplications": float(height * width * kernel**2 * channels_in * filters),
    }


def strided_by_slicing(image, kernel, stride):
    return reference.correlate2d(image, kernel)[::stride, ::stride]


def strided_in_lists(image, kernel, stride):
    (height, width), (kh, kw) = image.shape, kernel.shape
    return [
        [
            sum(float(image[y + i, x + j] * kernel[i, j]) for i in range(kh) for j in range(kw))
            for x in range(0, width - kw + 1, stride)
        ]
        for y in range(0, height - kh + 1, stride)
    ]


def strided_by_tensorflow(image, kernel, stride):
    import tensorflow as tf

    batch, filters = (
        image[np.newaxis, :, :, np.newaxis].astype("float32"),
        kernel[:, :, np.newaxis, np.newaxis].astype("float32"),
    )
    return tf.nn.conv2d(batch, filters, stride, "VALID")[0, :, :, 0]


CASES = {
    "map_sizes": {
        "value": True,
        "right": [{"valid": 30, "same": 32}, np.array([30, 32], "float32"), [30, 32]],
    },
    "centre_map": {
        "value": True,
        "right": [
            PICTURE[1:5, 1:5],
            reference.correlate2d(PICTURE.astype("float32"), CENTRE),
            tuple(map(tuple, PICTURE[1:5, 1:5])),
        ],
    },
    "what_kernels_find": {
        "value": True,
        "right": [["a", "d", "e", "b"], ("A", "D", "E", "B"), {"flat": "b", "C": "e", "B": "d", "A": "a"}],
    },
    "count_layer": {
        "right": [count_with_the_package, count_in_floats],
    },
    "strided_correlate": {
        "right": [strided_by_slicing, strided_in_lists, strided_by_tensorflow],
    },
    "diagonal": {
        "value": True,
        "right": [
            [[-1, -1, 0], [-1, 0, 1], [0, 1, 1]],
            np.array([[2.0, 1, 0], [1, 0, -1], [0, -1, -2]], "float32") / 7,
            [0, -1, 0, -1, 0, 1, 0, 1, 0],
            ((-1, 0, 0), (0, 0, 0), (0, 0, 1)),
        ],
        "wrong": {
            "not 3 × 3": ([[-1, 0], [0, 1]], "one kernel of 3 × 3"),
            "zeros": (np.zeros((3, 3)), "kernel of zeros"),
            "infinite": ([[-np.inf, 0, 0]] * 3, "no finite"),
            "flat": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], "answers to a flat region"),
            "other diagonal": ([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]], "it looks for the other edge"),
            "line": ([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]], "it looks for a line"),
            "vertical": (LECTURE_KERNEL, "vertical edges, and"),
            "horizontal": (LECTURE_KERNEL.T, "horizontal edges, and"),
            "every direction": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "any direction"),
            "corners": ([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], "corners and crossings"),
            "oblique": ([[-1, -2, -1], [0, 0, 1], [1, 1, 1]], "not told apart"),
        },
    },
}
