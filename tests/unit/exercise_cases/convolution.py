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


def counting_other(parameters=None, multiplications=None):
    """A `count_layer` with another formula for one of its two numbers, of area, channels, filters, places, kernel, height, width."""

    def count(kernel, channels_in, filters, height, width):
        parts = (kernel**2, channels_in, filters, height * width, kernel, height, width)
        right = count_with_the_package(kernel, channels_in, filters, height, width)
        return (parameters(*parts) if parameters else right[0]), (
            multiplications(*parts) if multiplications else right[1]
        )

    return count


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


def top_left_part(image, kernel, stride):
    height, width = counting.output_size(image.shape, kernel.shape, stride)
    return reference.correlate2d(image, kernel)[:height, :width]


def square(image, kernel, stride):
    right = strided_by_slicing(image, kernel, stride)
    return right[:, : len(right)]


def first_row(image, kernel, stride):
    right = strided_by_slicing(image, kernel, stride)
    right[1:] = 0
    return right


def spread_out(image, kernel, stride):
    every = reference.correlate2d(image, kernel)
    result = np.zeros(every.shape)
    result[::stride, ::stride] = every[::stride, ::stride]
    return result


def divided_too_late(image, kernel, stride):
    height, width = counting.output_size(image.shape, kernel.shape)
    return strided_by_slicing(image, kernel, stride)[: height // stride, : width // stride]


def as_if_same(image, kernel, stride):
    right = strided_by_slicing(image, kernel, stride)
    result = np.zeros((-(-image.shape[0] // stride), -(-image.shape[1] // stride)))
    result[: right.shape[0], : right.shape[1]] = right
    return result


def in_place(image, kernel, stride):
    image -= image.mean()
    return strided_by_slicing(image, kernel, stride)


CASES = {
    "map_sizes": {
        "value": True,
        "right": [{"valid": 30, "same": 32}, np.array([30, 32], "float32"), [30, 32]],
        "wrong": {
            "steps": ((29, 32), "one place more"),
            "no stride": ((60, 32), "stride of 1"),
            "rounded up": ((31, 32), "rounded up"),
            "not rounded": ((30.5, 32), "whole number"),
            "padded": ((32, 32), "adds none"),
            "same without stride": ((30, 64), "divided by the stride"),
            "twice valid": ((30, 30), "without padding."),
            "ring of four": ((30, 34), "4 zeros on each side"),
            "no padding, no stride": ((30, 60), "with a stride of 1"),
            "words": (("30", 32), "leave out the quotes"),
            "way of the window": ((59, 32), "how far the window"),
            "whole map": ((900, 1024), "30 × 30"),
            "whole map, same": ((30, 1024), "32 × 32"),
            "same not rounded": ((30, 32.5), "rounded down before"),
        },
    },
    "centre_map": {
        "value": True,
        "right": [
            PICTURE[1:5, 1:5],
            reference.correlate2d(PICTURE.astype("float32"), CENTRE),
            tuple(map(tuple, PICTURE[1:5, 1:5])),
        ],
        "wrong": {
            "padded": (PICTURE, "6 × 6"),
            "top left": (PICTURE[:4, :4], "top left weight"),
            "bottom right": (PICTURE[2:, 2:], "bottom right weight"),
            "lesson's kernel": (reference.correlate2d(PICTURE, LECTURE_KERNEL), "lesson's kernel"),
            "sums": (reference.correlate2d(PICTURE, np.ones((3, 3), int)), "sums of whole windows"),
            "means": (reference.correlate2d(PICTURE, np.ones((3, 3)) / 9).round(2), "means"),
            "zeros": (np.zeros((4, 4)), "not everything is lost"),
            "transposed": (PICTURE[1:5, 1:5].T, "exchanged"),
            "flat": (list(PICTURE[1:5, 1:5].ravel()), "four rows"),
            "stride 2": (PICTURE[::2, ::2], "moved by 2"),
            "too small": ([[4, 4], [1, 8]], "At how many places"),
            "a single number": (4, "list of rows"),
            "one slip": ([[4, 4, 0, 7], [1, 8, 6, 3], [3, 5, 8, 4], [7, 5, 3, 2]], "row 3, column 3"),
        },
    },
    "what_kernels_find": {
        "value": True,
        "right": [["a", "d", "e", "b"], ("A", "D", "E", "B"), {"flat": "b", "C": "e", "B": "d", "A": "a"}],
        "wrong": {
            "A upside down": ({"A": "b", "B": "d", "C": "e", "flat": "B"}, "They must meet the bright pixels"),
            "A turned": (["c", "d", "e", "b"], "every column"),
            "B an edge": (["a", "c", "e", "b"], "B only adds up"),
            "B horizontal": (["a", "a", "e", "b"], "compares nothing"),
            "C other diagonal": (["a", "d", "f", "b"], "Rows count downwards"),
            "C vertical": (["a", "d", "d", "b"], "Where do the three 2s"),
            "A flat": (["a", "d", "e", "A"], "weights of A"),
            "C flat": (["a", "d", "e", "c"], "weights of C"),
            "a choice for a kernel": (["a", "d", "e", "d"], "'A', 'B' or 'C'"),
            "two letters": (["a", "d", "ef", "b"], "one of the letters"),
        },
    },
    "count_layer": {
        "right": [count_with_the_package, count_in_floats],
        "wrong": {
            "exchanged": (lambda *sizes: count_with_the_package(*sizes)[::-1], "Return the parameters first"),
            "no bias": (counting_other(lambda a, c, f, p, k, h, w: a * c * f), "biases are missing"),
            "one bias": (counting_other(lambda a, c, f, p, k, h, w: a * c * f + 1), "one bias is too few"),
            "bias a channel": (counting_other(lambda a, c, f, p, k, h, w: a * c * f + c), "for each input channel"),
            "bias a slice": (counting_other(lambda a, c, f, p, k, h, w: (a + 1) * c * f), "for each slice"),
            "no channels": (
                counting_other(lambda a, c, f, p, k, h, w: (a + 1) * f),
                "missing in the parameters: a filter",
            ),
            "one filter": (counting_other(lambda a, c, f, p, k, h, w: a * c + 1), "this is one filter"),
            "kernel not squared": (
                counting_other(lambda a, c, f, p, k, h, w: (k * c + 1) * f),
                "in each slice, you count kernel",
            ),
            "size of the map": (counting_other(lambda a, c, f, p, k, h, w: (a * c + 1) * f * p), "does not occur"),
            "one place": (counting_other(None, lambda a, c, f, p, k, h, w: a * c * f), "one place"),
            "biases multiplied": (
                counting_other(None, lambda a, c, f, p, k, h, w: p * (a * c + 1) * f),
                "added, not multiplied",
            ),
            "no channels in the work": (
                counting_other(None, lambda a, c, f, p, k, h, w: p * a * f),
                "missing in the multiplications",
            ),
            "work of a filter": (counting_other(None, lambda a, c, f, p, k, h, w: p * a * c), "of one filter"),
            "work of a slice": (counting_other(None, lambda a, c, f, p, k, h, w: p * a), "one channel and one filter"),
            "window not squared": (
                counting_other(None, lambda a, c, f, p, k, h, w: p * k * c * f),
                "in each channel, you count kernel",
            ),
            "height twice": (counting_other(None, lambda a, c, f, p, k, h, w: h * h * a * c * f), "height twice"),
            "rows only": (counting_other(None, lambda a, c, f, p, k, h, w: h * a * c * f), "height × width places"),
            "no kernel": (counting_other(None, lambda a, c, f, p, k, h, w: p * c * f), "size of the kernel is missing"),
            "map taken for picture": (
                counting_other(None, lambda a, c, f, p, k, h, w: (h - k + 1) * (w - k + 1) * a * c * f),
                "belong to the map",
            ),
            "not a function": (73792, "hand over the function itself"),
        },
    },
    "strided_correlate": {
        "right": [strided_by_slicing, strided_in_lists, strided_by_tensorflow],
        "wrong": {
            "no stride": (lambda image, kernel, stride: reference.correlate2d(image, kernel), "`stride` is not used"),
            "window not moved": (top_left_part, "still moves by one"),
            "rows only": (lambda image, kernel, stride: reference.correlate2d(image, kernel, (stride, 1)), "rows only"),
            "columns only": (
                lambda image, kernel, stride: reference.correlate2d(image, kernel, (1, stride)),
                "columns only",
            ),
            "spread out": (spread_out, "map of zeros"),
            "divided too late": (divided_too_late, "divide before you add"),
            "too large": (as_if_same, "filled up with zeros"),
            "padded": (
                lambda image, kernel, stride: reference.correlate2d(image, kernel, stride, "same"),
                "padded with zeros",
            ),
            "kernel turned": (lambda image, kernel, stride: reference.convolve2d(image, kernel, stride), "180°"),
            "no last place": (
                lambda image, kernel, stride: strided_by_slicing(image, kernel, stride)[:-1, :-1],
                "last row and the last column",
            ),
            "square": (square, "each axis on its own"),
            "rows move": (
                lambda image, kernel, stride: reference.correlate2d(image, kernel, (stride, 1))[
                    :, : top_left_part(image, kernel, stride).shape[1]
                ],
                "one pixel through the columns",
            ),
            "columns move": (
                lambda image, kernel, stride: reference.correlate2d(image, kernel, (1, stride))[
                    : top_left_part(image, kernel, stride).shape[0]
                ],
                "one pixel through the rows",
            ),
            "return in the loop": (first_row, "inside of a loop"),
            "single row": (
                lambda image, kernel, stride: strided_by_slicing(image, kernel, stride).ravel(),
                "in a single row",
            ),
            "fewer pixels": (
                lambda image, kernel, stride: reference.correlate2d(image[::stride, ::stride], kernel),
                "leave pixels",
            ),
            "whole numbers": (
                lambda image, kernel, stride: strided_by_slicing(image, kernel, stride).astype(int),
                "fractions are lost",
            ),
            "ReLU": (
                lambda image, kernel, stride: reference.relu(strided_by_slicing(image, kernel, stride)),
                "negative answers are gone",
            ),
            "transposed": (
                lambda image, kernel, stride: strided_by_slicing(image, kernel, stride).T,
                "rows and columns",
            ),
            "in place": (in_place, "changes the array"),
        },
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
