"""Exercises of *Pooling*: the reference solutions as a learner would write them, and their checks."""

import numpy as np

from .. import counting
from .comparing import as_array, expect_array, expect_choices, expect_numbers
from .exercise import Exercise
from .trying import Wrong, call
from .words import shape_text

LECTURE = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 1, 5, 3, 1, 2],
        [1, 2, 2, 6, 4, 6],
    ]
)

# ---- recall: what a pooling layer does to the size


def pooled_side():
    side = (27 - 3) // 2 + 1  # as for a convolution without padding
    parameters = 0  # the maximum has nothing to learn
    return side, parameters


def check_pooled_side(answer):
    expect_numbers(
        answer,
        {"side": 13, "parameters": 0},
        {
            "side": [
                (
                    12,
                    "12 is (27 − 3) / 2, the number of steps. The window stands at one place more than it makes steps.",
                ),
                (14, "14 is what padding='same' gives. Nothing is padded here: the window must stay inside."),
                (9, "9 is 27 / 3: this would be a stride of 3, but the stride is 2."),
                (25, "25 is the size for a stride of 1."),
                (13.5, "a size is a whole number: the window stands at whole places only."),
                (169, "this is the whole map, 13 × 13. Asked for is one side."),
                (0, "the side comes first, then the parameters."),
            ],
            "parameters": [
                (2, "window and stride are settings: you choose them. Parameters are the numbers that are learned."),
                (9, "a kernel of 3 × 3 would have 9 weights. What does the maximum multiply by?"),
                (10, "9 weights and a bias belong to a convolution. What is there to learn in a maximum?"),
            ],
        },
    )
    return "Sizes follow the rule of convolution, and a maximum has nothing to learn."


# ---- by hand: the lecture's matrix with another window


def pooled_by_hand():
    top = [8, 9]  # rows 0 to 2: columns 0 to 2, columns 3 to 5
    bottom = [5, 8]  # rows 3 to 5
    return [top, bottom]


def check_pooled_by_hand(answer):
    def pooled(summary, size, stride):
        return summary(np.lib.stride_tricks.sliding_window_view(LECTURE, (size, size))[::stride, ::stride], axis=(2, 3))

    came, right = as_array(answer), pooled(np.max, 3, 3)
    if np.array_equal(came, right):
        return "Windows that touch and do not overlap: each number of the matrix counts once."
    if came.shape == (4,) and np.array_equal(came, right.ravel()):
        raise Wrong(
            "the four numbers are right. Now write them as a map: a list of two rows, two numbers in each.", came=came
        )
    slips = [
        (pooled(np.max, 2, 2), "this is the pooling of section 2, with windows of 2 × 2. Here they are 3 × 3."),
        (pooled(np.max, 3, 2), "your windows overlap: they moved by 2. Here they move by 3."),
        (pooled(np.max, 3, 1), "your windows moved by 1. Here they move by 3, so each number lies in one window only."),
        (pooled(np.min, 3, 3), "these are the smallest numbers of the windows."),
        (pooled(np.mean, 3, 3), "these are the means of the windows. Max pooling keeps the largest number."),
        (
            pooled(np.sum, 3, 3),
            "these are the sums of the windows. Max pooling adds nothing: it keeps the largest number.",
        ),
        (LECTURE[::3, ::3], "these are the numbers at the top left of each window, not the largest ones."),
        (
            [[8, 9], [7, 8]],
            "7 would be right for the picture of *Convolution*, whose last two rows are others. Take the matrix of this lesson.",
        ),
        (
            right.T,
            "rows and columns are exchanged: the second number of the first row belongs to the window at the top right.",
        ),
    ]
    for value, message in slips:
        if came.shape == np.shape(value) and np.allclose(came, value, atol=0.05):
            raise Wrong(message, came=came)
    if came.ndim != 2:
        raise Wrong("write the map as a list of rows, and each row as a list of numbers.", came=came)
    if came.shape != right.shape:
        raise Wrong(
            f"your map has the shape {shape_text(came.shape)}. How many windows of 3 fit side by side into 6 columns, without overlap?",
            came=came,
        )
    row, column = map(int, np.argwhere(came != right)[0])
    raise Wrong(
        f"the number in row {row}, column {column} of your map is not the largest of its window (counting from 0): "
        f"rows {3 * row} to {3 * row + 2}, columns {3 * column} to {3 * column + 2}.",
        came=came,
    )


# ---- code: the lecture's question about the direction of a shift


def share_unnoticed(rounds, down, right):
    window = 2**rounds  # a number of the last map stands for window × window pixels
    rows = max(0, 1 - abs(down) / window)
    columns = max(0, 1 - abs(right) / window)
    return rows * columns  # the dot must stay in the window in both directions


def check_share_unnoticed(answer):
    probes = [
        (2, 0, 1),
        (2, 1, 0),
        (2, 1, 1),
        (1, 1, 1),
        (3, 2, 5),
        (2, 2, 3),
        (3, 0, 0),
        (2, -1, 0),
        (3, 3, -2),
        (1, 3, 0),
        (2, 5, 6),
        (0, 0, 1),
        (0, 0, 0),
    ]
    for rounds, down, right in probes:
        tried = f"share_unnoticed(rounds={rounds}, down={down}, right={right})"
        came = call(answer, rounds, down, right, tried=tried)
        if isinstance(came, str):
            raise Wrong(
                "your function returns a text. Return the share itself, a number from 0 to 1.", tried, came=came
            )
        size, expected = 2**rounds, share_unnoticed(rounds, down, right)
        rows, columns = 1 - abs(down) / size, 1 - abs(right) / size
        too_far = (
            "the dot leaves its window for certain, in both directions. Two shares below 0 give a product above 0: cut off each at 0."
            if rows < 0 and columns < 0
            else "a share is never below 0. From a shift by a whole window on, no start is left from which it goes unnoticed."
        )
        expect_array(
            came,
            expected,
            tried,
            [
                (
                    1 - expected,
                    "this is the share of the shifts that is noticed. Asked for is the other one: unnoticed.",
                ),
                (100 * expected, "this is in per cent. A share is a number from 0 to 1."),
                (rows * columns, too_far),
                (
                    max(0, 1 - max(down, 0) / size) * max(0, 1 - max(right, 0) / size),
                    "a shift up or to the left (a negative number) is noticed, too, and as often as one down or to the right.",
                ),
                (
                    (1 - down / size) * (1 - right / size),
                    "a shift up or to the left (a negative number) makes your share larger. It is noticed as often as one down or to the right.",
                ),
                (
                    max(0, 1 - (abs(down) + abs(right)) / size),
                    "the two directions are added. The starts at which the dot leaves its window in both directions are then taken off twice.",
                ),
                (
                    max(0, min(rows, columns)),
                    "only the larger of the two moves counts, as if the dot started on the diagonal of its window. It may start in every row and "
                    "in every column, and must stay in the window in both directions at once.",
                ),
                (
                    max(0, columns),
                    "`down` changes nothing in your answer. A dot can leave its window through the bottom as well as through the side.",
                ),
                (
                    max(0, rows),
                    "`right` changes nothing in your answer. A dot can leave its window through the side as well as through the bottom.",
                ),
                (
                    max(0, 1 - abs(down) / (2 * rounds or 1)) * max(0, 1 - abs(right) / (2 * rounds or 1)),
                    "your window has 2 · rounds pixels. Each round doubles it: after three rounds it is 8.",
                ),
                (
                    max(0, 1 - abs(down) / 2) * max(0, 1 - abs(right) / 2),
                    "your window has always 2 pixels. Each round doubles it: `rounds` must count.",
                ),
            ],
        )
    return (
        "After two rounds, 75 % of the shifts by one pixel down go unnoticed, as many as to the right. Along the diagonal it is 9/16: "
        "the dot must stay in its window in both directions."
    )


# ---- code: the other pooling


def average_pool(image, size, stride):
    rows = range(0, image.shape[0] - size + 1, stride)
    columns = range(0, image.shape[1] - size + 1, stride)
    return np.array([[image[row : row + size, column : column + size].mean() for column in columns] for row in rows])


def check_average_pool(answer):
    rng = np.random.default_rng(2)
    for shape, size, stride in [((6, 6), 2, 2), ((7, 5), 3, 1), ((8, 7), 2, 3)]:
        image = rng.integers(0, 10, shape)
        tried = f"average_pool(image of {shape[0]} × {shape[1]}, size={size}, stride={stride})"
        came = call(answer, image, size, stride, tried=tried)
        right = average_pool(image, size, stride)
        windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
        expect_array(
            came,
            right,
            tried,
            [
                (
                    windows[::stride, ::stride].max(axis=(2, 3)),
                    "these are the largest numbers of the windows: max pooling. Asked for is the mean.",
                ),
                (
                    windows[::stride, ::stride].sum(axis=(2, 3)),
                    "these are the sums of the windows: they are still to be divided by the number of pixels in a window.",
                ),
                (
                    right * size,
                    "you divided by the side of the window. A window of size × size holds more pixels than that.",
                ),
                (
                    right.astype(int),
                    "the fractions are lost. Did you put the means into an array of whole numbers, or divide with // ?",
                ),
                (
                    windows.mean(axis=(2, 3))[: right.shape[0], : right.shape[1]],
                    "your map has the right size, but the window still moves by one pixel. Place i begins at row i · stride.",
                ),
                (windows[::size, ::size].mean(axis=(2, 3)), "the window moves by its own size: `stride` is not used."),
                (
                    right[: windows.shape[0] // stride, : windows.shape[1] // stride],
                    "the last place is missing. The number of places is (n − size) // stride + 1: divide before you add the 1.",
                ),
                (
                    image.mean(),
                    "this is the mean of the whole picture: global pooling. Asked for is one mean for each window.",
                ),
                (windows.mean(axis=(2, 3)), "the window moves by one pixel at a time: `stride` is not used."),
                (right.T, "rows and columns are exchanged: the first index is the row."),
            ],
        )
    return "The same loop as for max pooling, with another summary of the window."


# ---- code: a layer's pooling, all channels at once


def max_pool2d(maps, size, stride):
    height, width, channels = maps.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.empty((rows, columns, channels), maps.dtype)
    for i in range(rows):
        for j in range(columns):
            window = maps[i * stride : i * stride + size, j * stride : j * stride + size]
            result[i, j] = window.max(axis=(0, 1))  # one number for each channel
    return result


def check_max_pool2d(answer):
    for shape, size, stride in [((6, 5, 3), 2, 2), ((7, 9, 2), 3, 2), ((5, 8, 4), 2, 3)]:
        maps = np.random.default_rng(shape[1]).integers(-9, 10, shape)
        maps[:size, :size] = -np.abs(maps[:size, :size]) - 1  # a window without anything positive
        tried = f"max_pool2d(maps of {shape[0]} × {shape[1]} × {shape[2]}, size={size}, stride={stride})"
        came, right = call(answer, maps, size, stride, tried=tried), max_pool2d(maps, size, stride)
        windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))
        below = [
            (0, (-(-(side - size) // stride)) * stride + size - side) for side in shape[:2]
        ]  # so that the last window fits
        padded = np.pad(maps, [*below, (0, 0)], constant_values=-99)
        expect_array(
            came,
            right,
            tried,
            [
                (
                    right.max(axis=2),
                    "all channels were mixed into one map. Each channel is pooled by itself: a pooling layer keeps their number.",
                ),
                (right[..., 0], "this is the first channel only. Each of the channels becomes a map."),
                (right[..., :1], "this is the first channel only. Each of the channels becomes a map."),
                (
                    np.maximum(right, 0),
                    "where a window holds negative numbers only, you return 0. Does your search begin with 0? "
                    "Begin with the window's first number.",
                ),
                (
                    windows[::stride, ::stride].mean(axis=(3, 4)),
                    "these are the means of the windows: average pooling. Asked for are the largest numbers.",
                ),
                (windows.max(axis=(3, 4)), "the window moves by one pixel at a time: `stride` is not used."),
                (windows[::size, ::size].max(axis=(3, 4)), "the window moves by its own size: `stride` is not used."),
                (
                    right.transpose(2, 0, 1),
                    "the numbers are right, but the channels stand in front. In TensorFlow they are the last axis.",
                ),
                (right.transpose(1, 0, 2), "rows and columns are exchanged: the first axis is the row."),
                (
                    max_pool2d(padded, size, stride),
                    "there is a row or a column too many: its windows stick out of the map. "
                    "Without padding, such windows are left out.",
                ),
                (
                    maps.max(axis=(0, 1)),
                    "this is the largest number of each whole map: global pooling. Asked for is one for each window.",
                ),
            ],
        )
    return "Size and stride act on height and width only; channels never meet in a pooling layer."


# ---- design: a stack that sees the whole picture


def stack():
    convolution, pooling = (3, 1), (2, 2)
    four_blocks = [convolution, pooling] * 4  # R = 46, and a step of J = 16
    return four_blocks + [convolution, convolution]  # each of the last two adds 2 · 16: R = 110


def check_stack(answer):
    try:
        layers = as_array(answer)
    except Wrong:
        layers = np.empty(0)
    if layers.ndim != 2 or layers.shape[1] != 2 or not len(layers):
        raise Wrong(
            "give a list of pairs (window, stride), one for each layer, from the picture on: [(3, 1), (2, 2), …].",
            came=answer,
        )
    layers = [tuple(layer) for layer in layers.tolist()]
    slips = {
        (3, 2): "a convolution with stride 2. Here convolutions have stride 1; the pooling layers do the halving.",
        (2, 1): "a window of 2 with stride 1. The pooling layers here have stride 2.",
        (1, 3): "window and stride exchanged: a convolution of 3 × 3 with stride 1 is (3, 1).",
    }
    for place, layer in enumerate(layers, 1):
        if layer not in [(3, 1), (2, 2)]:
            only = "allowed are only convolutions (3, 1) and pooling layers (2, 2)."
            raise Wrong(f"layer {place} is {layer}: {slips.get(layer, only)}", came=layers)
    for place, (before, layer) in enumerate(zip([None, *layers], layers), 1):
        if layer == (2, 2) and before is None:
            raise Wrong(
                "the first layer pools the bare picture. At least one convolution comes before each pooling layer.",
                came=layers,
            )
        if layer == (2, 2) and before == (2, 2):
            raise Wrong(
                f"layer {place} pools what has just been pooled. At least one convolution comes before each pooling layer.",
                came=layers,
            )
    field, step = counting.receptive_field([(int(window), int(stride)) for window, stride in layers])
    seen = f"a number of your last map sees {field} pixels in each direction"
    if field < 96 and (2, 2) not in layers:
        raise Wrong(
            f"{seen}, 96 are asked for. Without pooling each layer adds only 2: what makes the step J grow?",
            came=layers,
        )
    if field < 96:
        raise Wrong(
            f"{seen}, 96 are asked for. Behind your last layer the step is J = {step}: one more convolution there would add "
            f"{2 * step} pixels.",
            came=layers,
        )
    if len(layers) > 11:
        why = (
            "Which of them add least? A layer adds more, the more pooling layers come before it."
            if (2, 2) in layers
            else "Without pooling each adds only 2 pixels."
        )
        raise Wrong(f"{seen}, but you use {len(layers)} layers; at most 11 are allowed. {why}", came=layers)
    fewer = "With fewer layers it is impossible." if len(layers) == 10 else "Ten layers are enough: do you see how?"
    return f"A number of the last map sees {field} pixels in each direction, with {len(layers)} layers. {fewer}"


# ---- explain: the order of ReLU and pooling


def swapped():
    # a: the largest number of a window stays the largest if all below 0 become 0
    # b: a quarter of the numbers is left for ReLU
    # d: in ReLU(mean) the negative numbers count, and pull the mean down
    return "abd"


def check_swapped(answer):
    expect_choices(
        answer,
        "abd",
        {
            "a": "Think of max pooling: take the window 3, −1, 0, −5, then one of negative numbers only. Compute both orders.",
            "b": "Think of the work of ReLU: how many numbers does it get if pooling comes first?",
            "c": "take a window of 4 and −4. Average pooling, then ReLU gives 0; what does ReLU, then average pooling give?",
            "d": "Think of average pooling: if it comes first, the negative numbers still count in the mean. In which direction do they pull it?",
            "e": "the convolution comes before both, and computes the same map in either order.",
        },
    )
    return "ReLU keeps the order of numbers, so the largest stays the largest; a mean it does not keep."


EXERCISES = [
    Exercise(
        pooled_side,
        check_pooled_side,
        hints=(
            "The rule of *Convolution* for sizes holds for pooling, too.",
            "How often can a window of 3 be moved by 2, from 0 on, and still end before 27? The place it starts at counts.",
            "Without padding: (n − k) // s + 1.",
        ),
    ),
    Exercise(
        pooled_by_hand,
        check_pooled_by_hand,
        hints=(
            "Draw the windows first: with window 3 and stride 3 they touch, and do not overlap.",
            "There are four windows: rows 0 to 2 or 3 to 5, with columns 0 to 2 or 3 to 5.",
            "The window at the top left holds 5, 1, 3; 3, 4, 4; 6, 1, 8. Its largest number stands in its corner.",
        ),
    ),
    Exercise(
        share_unnoticed,
        check_share_unnoticed,
        hints=(
            "After `rounds` rounds, how many rows and columns of the picture belong to one number of the last map?",
            "A dot stands in one of 2**rounds rows of its window. From how many of them is it still inside, after a shift down by d? "
            "The columns go likewise.",
            "The share for the rows is max(0, 1 − abs(down) / 2**rounds). Row and column do not depend on each other: multiply the two shares.",
        ),
    ),
    Exercise(
        average_pool,
        check_average_pool,
        hints=(
            "Begin with `max_pool` from the lesson. What must be another function?",
            "The windows begin at rows 0, stride, 2 · stride, … as long as row + size fits into the picture.",
            "image[row:row + size, column:column + size].mean() is one number of the result.",
        ),
    ),
    Exercise(
        max_pool2d,
        check_max_pool2d,
        hints=(
            "Begin with `max_pool` from the lesson. What becomes of the third axis?",
            "A window is maps[top:top + size, left:left + size]: it still has all channels.",
            "window.max(axis=(0, 1)) is one number for each channel: it fills result[i, j].",
        ),
    ),
    Exercise(
        stack,
        check_stack,
        hints=(
            "Follow R and J from layer to layer, as in section 10: `counting.receptive_field(stack)` does it for you.",
            "A convolution adds 2 · J to R, and J doubles with each pooling layer. So put convolutions where J is large.",
            "Four blocks of convolution and pooling give R = 46 and J = 16. How many convolutions are then missing?",
        ),
    ),
    Exercise(
        swapped,
        check_swapped,
        hints=(
            "Try windows with small numbers, some of them negative, in both orders.",
            "ReLU never changes which of two numbers is the larger one (they may become equal). What follows for the maximum, and what not for the mean?",
            "Of the five statements, three are true. One is about the result of max pooling, one about work, one about the mean.",
        ),
    ),
]
