"""Exercises of lesson 02, Pooling: the reference solutions as a learner would write them, and their checks."""

import numpy as np

from .checking import Exercise, call, expect_array, expect_numbers

# ---- recall: what a pooling layer does to the size


def pooled_side():
    side = (27 - 3) // 2 + 1  # as for a convolution without padding
    parameters = 0            # the maximum has nothing to learn
    return side, parameters


def check_pooled_side(answer):
    expect_numbers(answer, {"side": 13, "parameters": 0}, {
        "side": [(12, "12 is (27 − 3) / 2, the number of steps. The window stands at one place more than it makes steps."),
                 (14, "14 is what padding='same' gives. Nothing is padded here: the window must stay inside."),
                 (9, "9 is 27 / 3: this would be a stride of 3, but the stride is 2."),
                 (25, "25 is the size for a stride of 1.")],
        "parameters": [(9, "a kernel of 3 × 3 would have 9 weights. What does the maximum multiply by?"),
                       (10, "9 weights and a bias belong to a convolution. What is there to learn in a maximum?")]})
    return "Sizes follow the rule of convolution, and a maximum has nothing to learn."


# ---- code: the other pooling


def average_pool(image, size, stride):
    rows = range(0, image.shape[0] - size + 1, stride)
    columns = range(0, image.shape[1] - size + 1, stride)
    return np.array([[image[row:row + size, column:column + size].mean() for column in columns] for row in rows])


def check_average_pool(answer):
    rng = np.random.default_rng(2)
    for shape, size, stride in [((6, 6), 2, 2), ((7, 5), 3, 1), ((8, 7), 2, 3)]:
        image = rng.integers(0, 10, shape)
        tried = f"average_pool(image of {shape[0]} × {shape[1]}, size={size}, stride={stride})"
        came = call(answer, image, size, stride, tried=tried)
        right = average_pool(image, size, stride)
        windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
        expect_array(came, right, tried, [
            (windows[::stride, ::stride].max(axis=(2, 3)), "these are the largest numbers of the windows: max pooling. Asked for is the mean."),
            (windows[::stride, ::stride].sum(axis=(2, 3)), "these are the sums of the windows: they are still to be divided by the number of pixels in a window."),
            (right * size, "you divided by the side of the window. A window of size × size holds more pixels than that."),
            (right.astype(int), "the fractions are lost. Did you put the means into an array of whole numbers, or divide with // ?"),
            (windows.mean(axis=(2, 3)), "the window moves by one pixel at a time: `stride` is not used."),
            (right.T, "rows and columns are exchanged: the first index is the row."),
        ])
    return "The same loop as for max pooling, with another summary of the window."


EXERCISES = [
    Exercise("pooled_side", pooled_side, check_pooled_side, hints=(
        "The rule of lesson 01 for sizes holds for pooling, too.",
        "How often can a window of 3 be moved by 2, from 0 on, and still end before 27? The place it starts at counts.",
        "Without padding: (n − k) // s + 1.")),
    Exercise("average_pool", average_pool, check_average_pool, hints=(
        "Begin with `max_pool` from the lesson. What must be another function?",
        "The windows begin at rows 0, stride, 2 · stride, … as long as row + size fits into the picture.",
        "image[row:row + size, column:column + size].mean() is one number of the result.")),
]
