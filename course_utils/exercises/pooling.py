"""Exercises of *Pooling*: the reference solutions as a learner would write them, and the slips that learners make."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import counting
from .comparing import as_array
from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip, anything
from .trying import Wrong
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


def pooled_side(picture=27, window=3, stride=2):
    side = (picture - window) // stride + 1  # as for a convolution without padding
    parameters = 0  # the maximum has nothing to learn
    return side, parameters


POOLED_SIDE = Numbers(
    pooled_side,
    names=("side", "parameters"),
    data=lambda number: (27 + 8 * (number % 20), 3, 2),
    slips={
        "side": [
            Slip(
                lambda picture, window, stride: (picture - window) // stride,
                lambda came, picture, window, stride: (
                    f"{came} is ({picture} − {window}) / {stride}, the number of steps. "
                    "The window stands at one place more than it makes steps."
                ),
            ),
            Slip(
                lambda picture, window, stride: -(-picture // stride),
                lambda came, *data: (
                    f"{came} is what padding='same' gives. Nothing is padded here: the window must stay inside."
                ),
            ),
            Slip(
                lambda picture, window, stride: (picture - window) // window + 1,
                lambda came, picture, window, stride: (
                    f"{came} is {picture} / {window}: this would be a stride of {window}, but the stride is {stride}."
                ),
            ),
            Slip(
                lambda picture, window, stride: picture - window + 1,
                lambda came, *data: f"{came} is the size for a stride of 1.",
            ),
            Slip(
                lambda picture, window, stride: picture / stride,
                "a size is a whole number: the window stands at whole places only.",
            ),
            Slip(
                lambda picture, window, stride: ((picture - window) // stride + 1) ** 2,
                lambda came, picture, window, stride: (
                    f"this is the whole map, {came**0.5:.0f} × {came**0.5:.0f}. Asked for is one side."
                ),
            ),
            Slip(0, "the side comes first, then the parameters."),
        ],
        "parameters": [
            Slip(2, "window and stride are settings: you choose them. Parameters are the numbers that are learned."),
            Slip(9, "a kernel of 3 × 3 would have 9 weights. What does the maximum multiply by?"),
            Slip(10, "9 weights and a bias belong to a convolution. What is there to learn in a maximum?"),
        ],
    },
    done="Sizes follow the rule of convolution, and a maximum has nothing to learn.",
    hints=(
        "The rule of *Convolution* for sizes holds for pooling, too.",
        "How often can a window of 3 be moved by 2, from 0 on, and still end inside of the picture? The place it starts at counts.",
        "Without padding: (n − k) // s + 1.",
    ),
)

# ---- by hand: the lecture's matrix with another window


def pooled_by_hand(matrix):
    top = [
        matrix[:3, :3].max(),
        matrix[:3, 3:].max(),
    ]  # rows 0 to 2: columns 0 to 2, columns 3 to 5 (in the lecture's matrix 8 and 9)
    bottom = [matrix[3:, :3].max(), matrix[3:, 3:].max()]  # rows 3 to 5 (5 and 8)
    return [top, bottom]


def pooled(summary, size, stride):
    """A function of a matrix: the map of another pooling."""
    return lambda matrix: summary(sliding_window_view(matrix, (size, size))[::stride, ::stride], axis=(2, 3))


def matrices(number):
    rng, matrix = np.random.default_rng(number), LECTURE
    while number and (
        matrix is LECTURE or len(np.unique(pooled_by_hand(matrix))) < 4
    ):  # four numbers tell the slips apart
        matrix = rng.integers(0, 10, (6, 6))
    return (matrix,)


def one_too_small(matrix):
    return np.subtract(pooled_by_hand(matrix), [[0, 0], [0, 2]])


def where_it_differs(came, matrix):
    row, column = map(int, np.argwhere(came != np.array(pooled_by_hand(matrix)))[0])
    return (
        f"the number in row {row}, column {column} of your map is not the largest of its window (counting from 0): "
        f"rows {3 * row} to {3 * row + 2}, columns {3 * column} to {3 * column + 2}."
    )


POOLED_BY_HAND = Numbers(
    pooled_by_hand,
    data=matrices,
    atol=0.05,
    slips=[
        Slip(
            lambda matrix: np.ravel(pooled_by_hand(matrix)),
            "the four numbers are right. Now write them as a map: a list of two rows, two numbers in each.",
        ),
        Slip(
            pooled(np.max, 2, 2),
            "this is the pooling of section 2, with windows of 2 × 2. Here they are 3 × 3.",
        ),
        Slip(pooled(np.max, 3, 2), "your windows overlap: they moved by 2. Here they move by 3."),
        Slip(
            pooled(np.max, 3, 1),
            "your windows moved by 1. Here they move by 3, so each number lies in one window only.",
        ),
        Slip(pooled(np.min, 3, 3), "these are the smallest numbers of the windows."),
        Slip(pooled(np.mean, 3, 3), "these are the means of the windows. Max pooling keeps the largest number."),
        Slip(
            pooled(np.sum, 3, 3),
            "these are the sums of the windows. Max pooling adds nothing: it keeps the largest number.",
        ),
        Slip(
            lambda matrix: matrix[::3, ::3],
            "these are the numbers at the top left of each window, not the largest ones.",
        ),
        Slip(
            lambda matrix: [[8, 9], [7, 8]] if matrix is LECTURE else None,
            "7 would be right for the picture of *Convolution*, whose last two rows are others. "
            "Take the matrix of this lesson.",
        ),
        Slip(
            lambda matrix: np.transpose(pooled_by_hand(matrix)),
            "rows and columns are exchanged: the second number of the first row belongs to the window at the top right.",
        ),
        Slip(
            9,
            "write the map as a list of rows, and each row as a list of numbers.",
            when=lambda came, matrix: np.ndim(came) != 2,
        ),
        Slip(
            [[8, 9], [5, 8], [2, 6]],
            lambda came, matrix: (
                f"your map has the shape {shape_text(came.shape)}. "
                "How many windows of 3 fit side by side into 6 columns, without overlap?"
            ),
            when=lambda came, matrix: came.shape != (2, 2),
        ),
        Slip(one_too_small, where_it_differs, when=anything),
    ],
    done="Windows that touch and do not overlap: each number of the matrix counts once.",
    hints=(
        "Draw the windows first: with window 3 and stride 3 they touch, and do not overlap.",
        "There are four windows: rows 0 to 2 or 3 to 5, with columns 0 to 2 or 3 to 5.",
        "The window at the top left holds the first three numbers of the first three rows. The largest of them is the first number of your map.",
    ),
)

# ---- code: the lecture's question about the direction of a shift


def share_unnoticed(rounds, down, right):
    window = 2**rounds  # a number of the last map stands for window × window pixels
    rows = max(0, 1 - abs(down) / window)
    columns = max(0, 1 - abs(right) / window)
    return rows * columns  # the dot must stay in the window in both directions


def unclipped(rounds, down, right):
    return (1 - abs(down) / 2**rounds) * (1 - abs(right) / 2**rounds)


def with_window(window):
    """`share_unnoticed`, if so many pixels of a side belonged to a number after `rounds` rounds."""
    return lambda rounds, down, right: max(0, 1 - abs(down) / window(rounds)) * max(0, 1 - abs(right) / window(rounds))


SHARE_UNNOTICED = Function(
    share_unnoticed,
    probes=[
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
    ],
    slips=[
        Slip(
            lambda *shift: 1 - share_unnoticed(*shift),
            "this is the share of the shifts that is noticed. Asked for is the other one: unnoticed.",
        ),
        Slip(
            lambda *shift: 100 * share_unnoticed(*shift),
            "this is in per cent. A share is a number from 0 to 1.",
        ),
        Slip(
            unclipped,
            "a share is never below 0. From a shift by a whole window on, no start is left from which it goes unnoticed.",
        ),
        Slip(
            lambda *shift: max(0, unclipped(*shift)),
            "the dot leaves its window for certain, in both directions. Two shares below 0 give a product above 0: "
            "cut off each at 0.",
        ),
        Slip(
            lambda rounds, down, right: share_unnoticed(rounds, max(down, 0), max(right, 0)),
            "a shift up or to the left (a negative number) is noticed, too, and as often as one down or to the right.",
        ),
        Slip(
            lambda rounds, down, right: max(0, 1 - down / 2**rounds) * max(0, 1 - right / 2**rounds),
            "a shift up or to the left (a negative number) makes your share larger. It is noticed as often as one down "
            "or to the right.",
        ),
        Slip(
            lambda rounds, down, right: max(0, 1 - (abs(down) + abs(right)) / 2**rounds),
            "the two directions are added. The starts at which the dot leaves its window in both directions are then "
            "taken off twice.",
        ),
        Slip(
            lambda rounds, down, right: max(0, 1 - max(abs(down), abs(right)) / 2**rounds),
            "only the larger of the two moves counts, as if the dot started on the diagonal of its window. It may start "
            "in every row and in every column, and must stay in the window in both directions at once.",
        ),
        Slip(
            lambda rounds, down, right: share_unnoticed(rounds, 0, right),
            "`down` changes nothing in your answer. A dot can leave its window through the bottom as well as through "
            "the side.",
        ),
        Slip(
            lambda rounds, down, right: share_unnoticed(rounds, down, 0),
            "`right` changes nothing in your answer. A dot can leave its window through the side as well as through "
            "the bottom.",
        ),
        Slip(
            with_window(lambda rounds: 2 * rounds or 1),
            "your window has 2 · rounds pixels. Each round doubles it: after three rounds it is 8.",
        ),
        Slip(
            with_window(lambda rounds: 2),
            "your window has always 2 pixels. Each round doubles it: `rounds` must count.",
        ),
        Slip(
            lambda *shift: f"{share_unnoticed(*shift):.0%}",
            "your function returns a text. Return the share itself, a number from 0 to 1.",
            when=lambda came, *shift: isinstance(came, str),
        ),
    ],
    done="After two rounds, 75 % of the shifts by one pixel down go unnoticed, as many as to the right. Along the diagonal "
    "it is 9/16: the dot must stay in its window in both directions.",
    hints=(
        "After `rounds` rounds, how many rows and columns of the picture belong to one number of the last map?",
        "A dot stands in one of 2**rounds rows of its window. From how many of them is it still inside, after a shift "
        "down by d? The columns go likewise.",
        "The share for the rows is max(0, 1 − abs(down) / 2**rounds). Row and column do not depend on each other: "
        "multiply the two shares.",
    ),
)

# ---- code: the other pooling


def average_pool(image, size, stride):
    rows = range(0, image.shape[0] - size + 1, stride)
    columns = range(0, image.shape[1] - size + 1, stride)
    return np.array([[image[row : row + size, column : column + size].mean() for column in columns] for row in rows])


def images(number):
    rng = np.random.default_rng(2 + number)
    return [
        (rng.integers(0, 10, shape), size, stride)
        for shape, size, stride in [((6, 6), 2, 2), ((7, 5), 3, 1), ((8, 7), 2, 3)]
    ]


def every_mean(image, size):
    return sliding_window_view(image, (size, size)).mean(axis=(2, 3))


def not_moved(image, size, stride):
    rows, columns = average_pool(image, size, stride).shape
    return every_mean(image, size)[:rows, :columns]


def divided_too_late(image, size, stride):
    rows, columns = every_mean(image, size).shape
    return average_pool(image, size, stride)[: rows // stride, : columns // stride]


AVERAGE_POOL = Function(
    average_pool,
    probes=images,
    slips=[
        Slip(
            lambda image, size, stride: pooled(np.max, size, stride)(image),
            "these are the largest numbers of the windows: max pooling. Asked for is the mean.",
        ),
        Slip(
            lambda image, size, stride: pooled(np.sum, size, stride)(image),
            "these are the sums of the windows: they are still to be divided by the number of pixels in a window.",
        ),
        Slip(
            lambda image, size, stride: average_pool(image, size, stride) * size,
            "you divided by the side of the window. A window of size × size holds more pixels than that.",
        ),
        Slip(
            lambda *given: average_pool(*given).astype(int),
            "the fractions are lost. Did you put the means into an array of whole numbers, or divide with // ?",
        ),
        Slip(
            not_moved,
            "your map has the right size, but the window still moves by one pixel. Place i begins at row i · stride.",
        ),
        Slip(
            lambda image, size, stride: average_pool(image, size, size),
            "the window moves by its own size: `stride` is not used.",
        ),
        Slip(
            divided_too_late,
            "the last place is missing. The number of places is (n − size) // stride + 1: divide before you add the 1.",
        ),
        Slip(
            lambda image, size, stride: image.mean(),
            "this is the mean of the whole picture: global pooling. Asked for is one mean for each window.",
        ),
        Slip(
            lambda image, size, stride: every_mean(image, size),
            "the window moves by one pixel at a time: `stride` is not used.",
        ),
        Slip(lambda *given: average_pool(*given).T, "rows and columns are exchanged: the first index is the row."),
    ],
    done="The same loop as for max pooling, with another summary of the window.",
    hints=(
        "Begin with `max_pool` from the lesson. What must be another function?",
        "The windows begin at rows 0, stride, 2 · stride, … as long as row + size fits into the picture.",
        "image[row:row + size, column:column + size].mean() is one number of the result.",
    ),
)

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


def stacks_of_maps(number):
    made = []
    for shape, size, stride in [((6, 5, 3), 2, 2), ((7, 9, 2), 3, 2), ((5, 8, 4), 2, 3)]:
        maps = np.random.default_rng([shape[1], number]).integers(-9, 10, shape)
        maps[:size, :size] = -np.abs(maps[:size, :size]) - 1  # a window without anything positive
        made.append((maps, size, stride))
    return made


def sticking_out(maps, size, stride):
    below = [(0, -(-(side - size) // stride) * stride + size - side) for side in maps.shape[:2]]
    return max_pool2d(np.pad(maps, [*below, (0, 0)], constant_values=-99), size, stride)


MAX_POOL2D = Function(
    max_pool2d,
    probes=stacks_of_maps,
    slips=[
        Slip(
            lambda *given: max_pool2d(*given).max(axis=2),
            "all channels were mixed into one map. Each channel is pooled by itself: a pooling layer keeps their number.",
        ),
        Slip(
            lambda *given: max_pool2d(*given)[..., 0],
            "this is the first channel only. Each of the channels becomes a map.",
        ),
        Slip(
            lambda *given: max_pool2d(*given)[..., :1],
            "this is the first channel only, with an axis of its own. Each of the channels becomes a map.",
        ),
        Slip(
            lambda *given: np.maximum(max_pool2d(*given), 0),
            "where a window holds negative numbers only, you return 0. Does your search begin with 0? "
            "Begin with the window's first number.",
        ),
        Slip(
            lambda maps, size, stride: sliding_window_view(maps, (size, size), axis=(0, 1))[::stride, ::stride].mean(
                axis=(3, 4)
            ),
            "these are the means of the windows: average pooling. Asked for are the largest numbers.",
        ),
        Slip(
            lambda maps, size, stride: max_pool2d(maps, size, 1),
            "the window moves by one pixel at a time: `stride` is not used.",
        ),
        Slip(
            lambda maps, size, stride: max_pool2d(maps, size, size),
            "the window moves by its own size: `stride` is not used.",
        ),
        Slip(
            lambda *given: max_pool2d(*given).transpose(2, 0, 1),
            "the numbers are right, but the channels stand in front. In TensorFlow they are the last axis.",
        ),
        Slip(
            lambda *given: max_pool2d(*given).transpose(1, 0, 2),
            "rows and columns are exchanged: the first axis is the row.",
        ),
        Slip(
            sticking_out,
            "there is a row or a column too many: its windows stick out of the map. "
            "Without padding, such windows are left out.",
        ),
        Slip(
            lambda maps, size, stride: maps.max(axis=(0, 1)),
            "this is the largest number of each whole map: global pooling. Asked for is one for each window.",
        ),
    ],
    done="Size and stride act on height and width only; channels never meet in a pooling layer.",
    hints=(
        "Begin with `max_pool` from the lesson. What becomes of the third axis?",
        "A window is maps[top:top + size, left:left + size]: it still has all channels.",
        "window.max(axis=(0, 1)) is one number for each channel: it fills result[i, j].",
    ),
)

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


STACK = Exercise(
    stack,
    check_stack,
    hints=(
        "Follow R and J from layer to layer, as in section 10: `counting.receptive_field(stack)` does it for you.",
        "A convolution adds 2 · J to R, and J doubles with each pooling layer. So put convolutions where J is large.",
        "Four blocks of convolution and pooling give R = 46 and J = 16. How many convolutions are then missing?",
    ),
)

# ---- explain: the order of ReLU and pooling


def swapped():
    # a: the largest number of a window stays the largest if all below 0 become 0
    # b: a quarter of the numbers is left for ReLU
    # d: in ReLU(mean) the negative numbers count, and pull the mean down
    return "abd"


SWAPPED = Letters(
    swapped,
    reasons={
        "a": "Think of max pooling: take the window 3, −1, 0, −5, then one of negative numbers only. Compute both orders.",
        "b": "Think of the work of ReLU: how many numbers does it get if pooling comes first?",
        "c": "take a window of 4 and −4. Average pooling, then ReLU gives 0; what does ReLU, then average pooling give?",
        "d": "Think of average pooling: if it comes first, the negative numbers still count in the mean. "
        "In which direction do they pull it?",
        "e": "the convolution comes before both, and computes the same map in either order.",
    },
    done="ReLU keeps the order of numbers, so the largest stays the largest; a mean it does not keep.",
    hints=(
        "Try windows with small numbers, some of them negative, in both orders.",
        "ReLU never changes which of two numbers is the larger one (they may become equal). "
        "What follows for the maximum, and what not for the mean?",
        "Of the five statements, three are true. One is about the result of max pooling, one about work, one about the mean.",
    ),
)

EXERCISES = [POOLED_SIDE, POOLED_BY_HAND, SHARE_UNNOTICED, AVERAGE_POOL, MAX_POOL2D, STACK, SWAPPED]
