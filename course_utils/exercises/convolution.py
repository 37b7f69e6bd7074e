"""Exercises of *Convolution*: the reference solutions as a learner would write them, and their checks."""

import numpy as np

from .. import reference
from .comparing import as_array, expect_array, expect_letters, expect_numbers
from .exercise import Exercise
from .trying import Wrong, call
from .words import shape_text

PICTURE = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 7, 5, 3, 1, 2],
        [7, 2, 2, 6, 4, 6],
    ]
)
LECTURE_KERNEL = np.array([[-1, 0, 1]] * 3)

# ---- recall: sizes


def map_sizes():
    valid = (64 - 5) // 2 + 1  # 29 full steps, and the place where the window starts
    same = -(-64 // 2)  # 64 / 2, rounded up
    return valid, same


def check_map_sizes(answer):
    expect_numbers(
        answer,
        {"valid": 30, "same": 32},
        {
            "valid": [
                (29, "29 is the number of steps. The window stands at one place more than it makes steps."),
                (60, "60 places are right for a stride of 1. The window moves by 2."),
                (
                    31,
                    "31 is rounded up. The last step would leave the picture, so it is not taken: round down, then add 1.",
                ),
                (
                    59,
                    "59 is how far the window can move, pixel by pixel. It moves by 2, and the place where it starts counts, too.",
                ),
                (900, "this is the number of all places, 30 × 30. Asked for is one side."),
                (30.5, "a size is a whole number. Round (64 − 5) / 2 down before you add 1."),
                (32, "32 is the size with zeros around the picture. 'valid' adds none."),
            ],
            "same": [
                (
                    64,
                    "64 would be right for a stride of 1. 'same' means the size of the picture divided by the stride, rounded up.",
                ),
                (
                    30,
                    "30 is the size without padding. 'same' adds the zeros that are needed for 64 / stride, rounded up.",
                ),
                (
                    34,
                    "34 would need 4 zeros on each side. Those are too many: 'same' adds only what is needed for 64 / stride.",
                ),
                (1024, "this is the whole map, 32 × 32. Asked for is one side."),
                (32.5, "a size is a whole number, and is rounded down before you add 1."),
                (60, "60 is the size without padding and with a stride of 1."),
            ],
        },
    )
    return "Without padding the window needs room for itself; with 'same' the size depends on the picture and the stride, not on the kernel."


# ---- by hand: the kernel with a single weight


def centre_map():
    # Eight of the nine products are 0; what is left is the pixel in the middle of the window.
    # The middle runs over rows 1 to 4 and columns 1 to 4 of the picture.
    return [[4, 4, 0, 7], [1, 8, 6, 3], [3, 5, 8, 4], [7, 5, 3, 1]]


def check_centre_map(answer):
    came, right = as_array(answer), PICTURE[1:5, 1:5]
    slips = [
        (
            PICTURE,
            "this is the whole picture, 6 × 6: it looks as if zeros were put around it. Here the window stays inside.",
        ),
        (PICTURE[:4, :4], "these are the pixels under the top left weight of the kernel. The 1 stands in its middle."),
        (
            PICTURE[2:, 2:],
            "these are the pixels under the bottom right weight of the kernel. The 1 stands in its middle.",
        ),
        (
            reference.correlate2d(PICTURE, LECTURE_KERNEL),
            "this is the map of the lesson's kernel. Here the kernel has a single 1, in the middle.",
        ),
        (
            reference.correlate2d(PICTURE, np.ones((3, 3))),
            "these are the sums of whole windows. Only one weight is not zero: multiply first, then add.",
        ),
        (
            reference.correlate2d(PICTURE, np.ones((3, 3)) / 9),
            "these are the means of the windows. A kernel with a single 1 does not average.",
        ),
        (np.zeros((4, 4)), "not everything is lost: eight products are zero, but the one in the middle is not."),
        (right.T, "rows and columns are exchanged."),
        (
            reference.correlate2d(PICTURE, [[1]], stride=2),
            "your window moved by 2. Here it moves by 1, so there are 4 × 4 places.",
        ),
    ]
    for value, message in slips:
        if came.shape == value.shape and np.allclose(came, value, atol=0.05):
            raise Wrong(message, came=came)
    if came.shape == (16,) and np.array_equal(came, right.ravel()):
        raise Wrong(
            "the sixteen numbers are right. Now write them as a map: a list of four rows, four numbers in each.",
            came=came,
        )
    if came.ndim != 2:
        raise Wrong("write the map as a list of rows, and each row as a list of numbers.", came=came)
    if came.shape != (4, 4):
        raise Wrong(
            f"your map has the shape {shape_text(came.shape)}. At how many places does a window of 3 fit into 6 rows, and into 6 columns?",
            came=came,
        )
    differs = np.argwhere(came != right)
    if len(differs):
        row, column = map(int, differs[0])
        raise Wrong(
            f"look again at the number in row {row}, column {column} of your map (counting from 0): "
            f"its window covers rows {row} to {row + 2} and columns {column} to {column + 2} of the picture.",
            came=came,
        )
    return "This kernel copies the picture; without padding, the outermost pixels are lost."


# ---- recall: what a kernel looks for


def what_kernels_find():
    # A: positive above, negative below. B: adds up three pixels in a column. C: the 2s stand on the diagonal.
    # Flat: the weights of A and C add up to 0, those of B to 3.
    return {"A": "a", "B": "d", "C": "e", "flat": "B"}


def check_what_kernels_find(answer):
    try:
        expect_kernels(answer)
    except Wrong as wrong:
        if str(wrong).startswith("flat: answer"):  # here the letters are names of kernels
            raise Wrong(
                "flat: answer with the name of one of the three kernels, 'A', 'B' or 'C'.", came=wrong.parts["came"]
            ) from None
        raise
    return "A kernel is a small picture of what it looks for, and the sum of its weights is its answer to a flat picture of ones."


def expect_kernels(answer):
    expect_letters(
        answer,
        {
            "A": (
                "a",
                {
                    "b": "where does A have its positive weights? They must meet the bright pixels.",
                    "c": "A has the same weights in every column, so left and right are not compared.",
                    "d": "A's weights differ from row to row, and are equal along each row. Over a column of equal pixels they add up to 0.",
                    "e": "along the diagonal A has the weights 1, 0 and −1: a line through the middle gives 0.",
                    "f": "along this diagonal A has the weights −1, 0 and 1: a line through the middle gives 0.",
                },
            ),
            "B": (
                "d",
                {
                    "a": "B has no negative weights, so it compares nothing: bright below counts as much as bright above.",
                    "b": "B has no negative weights, so it compares nothing: bright above counts as much as bright below.",
                    "c": "an edge is a difference, and needs negative weights. B only adds up. What does it add up?",
                    "e": "B meets only one pixel of this line, the one in the middle. Which three pixels have a weight of 1?",
                    "f": "B meets only one pixel of this line. Which three pixels lie under a weight of 1?",
                },
            ),
            "C": (
                "e",
                {
                    "a": "each row of C adds up to 0, so rows of equal pixels give 0.",
                    "b": "each row of C adds up to 0: pixels that are equal along the rows give 0.",
                    "c": "each column of C adds up to 0, so columns of equal pixels give 0.",
                    "d": "each column of C adds up to 0. Where do the three 2s stand?",
                    "f": "the 2s of C stand in row 0, column 0; row 1, column 1; row 2, column 2. Rows count downwards.",
                },
            ),
            "flat": (
                "B",
                {
                    "A": "add up the nine weights of A: what does a flat picture give?",
                    "C": "add up the nine weights of C: what does a flat picture give?",
                },
            ),
        },
    )


# ---- code: count a layer


def count_layer(kernel, channels_in, filters, height, width):
    weights = kernel * kernel * channels_in * filters
    parameters = weights + filters  # a bias for each filter
    multiplications = height * width * weights  # every weight once at every place of the window
    return parameters, multiplications


def check_count_layer(answer):
    for kernel, channels, filters, height, width in [
        (3, 5, 7, 10, 12),
        (5, 3, 2, 9, 4),
        (1, 6, 4, 8, 3),
        (3, 128, 64, 56, 56),
    ]:
        tried = (
            f"count_layer(kernel={kernel}, channels_in={channels}, filters={filters}, height={height}, width={width})"
        )
        came = call(answer, kernel, channels, filters, height, width, tried=tried)
        parameters, multiplications = count_layer(kernel, channels, filters, height, width)
        area, places = kernel * kernel, height * width
        weights = area * channels * filters
        try:
            expect_numbers(
                came,
                {"parameters": parameters, "multiplications": multiplications},
                {
                    "parameters": [
                        (
                            multiplications,
                            "these are the multiplications. Return the parameters first, then the multiplications.",
                        ),
                        (weights, "the biases are missing in the parameters: each filter has one."),
                        (weights + 1, "one bias is too few in the parameters: each filter has one of its own."),
                        (
                            weights + channels,
                            "you count a bias for each input channel. Everything under the window is added up first: one bias for each filter.",
                        ),
                        (
                            weights + channels * filters,
                            "you count a bias for each slice of a filter. All slices are added into one number: one bias for each filter.",
                        ),
                        (
                            (area + 1) * filters,
                            "the input channels are missing in the parameters: a filter has a slice of weights for each of them.",
                        ),
                        (
                            area * channels + 1,
                            "this is one filter. The layer has several, each with its own weights and bias.",
                        ),
                        (
                            (kernel * channels + 1) * filters,
                            "a kernel has kernel × kernel weights in each slice, you count kernel.",
                        ),
                        (
                            parameters * places,
                            "the size of the map does not occur in the parameters: the same weights are used at every place.",
                        ),
                    ],
                    "multiplications": [
                        (weights, "this is the work at one place of the window. How many places are there?"),
                        (places * parameters, "the biases are added, not multiplied: only the weights count here."),
                        (
                            places * area * filters,
                            "the input channels are missing in the multiplications: each place has kernel × kernel × channels_in products a filter.",
                        ),
                        (places * area * channels, "these are the multiplications of one filter. All filters work."),
                        (places * area, "these are the multiplications for one channel and one filter."),
                        (
                            places * kernel * channels * filters,
                            "a window has kernel × kernel pixels in each channel, you count kernel.",
                        ),
                        (height * height * weights, "you multiply by height twice. The map has height × width places."),
                        (height * weights, "the window also moves through the columns: height × width places."),
                        (
                            (height - kernel + 1) * (width - kernel + 1) * weights,
                            "height and width belong to the map, not to the picture: nothing is to be taken off.",
                        ),
                        (
                            places * channels * filters,
                            "the size of the kernel is missing: each place has kernel × kernel products a channel and filter.",
                        ),
                    ],
                },
            )
        except Wrong as wrong:
            raise Wrong(str(wrong), tried, f"({parameters}, {multiplications})", came) from None
    return "For 64 filters of 3 × 3 on 128 channels and a map of 56 × 56 that is 73,792 parameters, used for 231,211,008 multiplications."


# ---- code: a stride


def strided_correlate(image, kernel, stride):
    kh, kw = kernel.shape
    height = (image.shape[0] - kh) // stride + 1
    width = (image.shape[1] - kw) // stride + 1
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            result[i, j] = np.sum(image[top : top + kh, left : left + kw] * kernel)
    return result


def check_strided_correlate(answer):
    rng = np.random.default_rng(1)
    for shape, kernel_shape, stride in [
        ((6, 6), (3, 3), 1),
        ((7, 9), (3, 3), 2),
        ((8, 11), (3, 2), 3),
        ((5, 6), (1, 2), 2),
    ]:
        image, kernel = rng.normal(size=shape).round(2) * 10, rng.normal(size=kernel_shape).round(2)
        tried = (
            f"strided_correlate(image of {shape_text(shape)}, kernel of {shape_text(kernel_shape)}, stride={stride})"
        )
        came = call(answer, image, kernel, stride, tried=tried)
        every, right = reference.correlate2d(image, kernel), reference.correlate2d(image, kernel, stride)
        spread = np.zeros(every.shape)
        spread[::stride, ::stride] = right
        short = tuple(side // stride for side in every.shape)
        whole = np.zeros(tuple(-(-side // stride) for side in shape))
        whole[: right.shape[0], : right.shape[1]] = right
        expect_array(
            came,
            right,
            tried,
            [
                (
                    reference.convolve2d(image, kernel, stride),
                    "your kernel is turned by 180°. The first weight belongs to the top left pixel of the window.",
                ),
                (every, "the window moves by one pixel at a time: `stride` is not used."),
                (
                    every[: right.shape[0], : right.shape[1]],
                    "your map has the right size, but the window still moves by one pixel. Place i begins at row i · stride.",
                ),
                (
                    every[::stride],
                    "the stride acts on the rows only. The window also moves by `stride` through the columns.",
                ),
                (
                    every[:, ::stride],
                    "the stride acts on the columns only. The window also moves by `stride` through the rows.",
                ),
                (
                    spread,
                    "the answers are right, but they stand `stride` apart in a map of zeros. Put answer i, j into row i, column j.",
                ),
                (
                    right[: short[0], : short[1]],
                    "the last place is missing. The number of places is (n − k) // stride + 1: divide before you add the 1.",
                ),
                (
                    whole,
                    "the map is too large, and filled up with zeros. The kernel needs room, too: (n − k) // stride + 1 places.",
                ),
                (
                    reference.correlate2d(image, kernel, stride, "same"),
                    "your picture was padded with zeros. Here the window stays inside.",
                ),
                (
                    right[:-1, :-1],
                    "the last row and the last column are missing. The window stands at one place more than it makes steps.",
                ),
                (
                    right[:, : right.shape[0]],
                    "your map is square, but the picture is not. Count the places along each axis on its own.",
                ),
                (
                    every[::stride, : right.shape[1]],
                    "the window moves by `stride` through the rows, but still by one pixel through the columns.",
                ),
                (
                    every[: right.shape[0], ::stride],
                    "the window moves by `stride` through the columns, but still by one pixel through the rows.",
                ),
                (
                    right * (np.arange(len(right)) == 0)[:, np.newaxis],
                    "only the first row is filled. Does the `return` stand inside of a loop?",
                ),
                (
                    right.ravel(),
                    "all numbers are there, but in a single row. The map has a row for each place downwards.",
                ),
                (
                    reference.correlate2d(image[::stride, ::stride], kernel),
                    "you leave pixels of the picture out. Only the window makes larger steps: inside of it, the pixels are neighbours as before.",
                ),
                (right.astype(int), "the fractions are lost: did you put the answers into an array of whole numbers?"),
                (
                    np.maximum(right, 0),
                    "the negative answers are gone. ReLU is a step of its own, and not asked for here.",
                ),
                (right.T, "rows and columns are exchanged: the first index is the row."),
            ],
        )
    return "It agrees with `reference.correlate2d`, whose argument `stride` means the same."


# ---- design: a kernel for an edge along the other diagonal


def diagonal():
    return [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]  # negative at the top left, positive at the bottom right, sum 0


def check_diagonal(answer):
    kernel = as_array(answer).astype(float)
    kernel = kernel.reshape(3, 3) if kernel.shape == (9,) else kernel
    if kernel.shape != (3, 3):
        raise Wrong(
            f"asked for is one kernel of 3 × 3, three rows of three numbers; yours has the shape {shape_text(kernel.shape)}.",
            came=answer,
        )
    if not np.isfinite(kernel).all() or not kernel.any():
        raise Wrong(
            "some of your weights are no finite numbers."
            if kernel.any()
            else "a kernel of zeros answers to nothing at all.",
            came=kernel,
        )
    kernel = kernel / np.abs(kernel).max()
    rows, columns = np.indices((9, 9))
    bright = {
        "the edge from bottom left to top right": rows + columns >= 9,
        "the edge from top left to bottom right": columns > rows,
        "a horizontal edge": rows >= 5,
        "a vertical edge": columns >= 5,
    }
    answers = {name: reference.correlate2d(pixels.astype(float), kernel) for name, pixels in bright.items()}
    rising, falling, horizontal, vertical = (float(np.abs(values).max()) for values in answers.values())
    tried = "pictures of 9 × 9 with 1 on the bright side and 0 on the dark one; your kernel scaled so that its largest weight is 1 or −1"
    came = f"strongest answer to the edge from bottom left to top right: {rising:.2f}; to the other diagonal: {falling:.2f}"
    if abs(kernel.sum()) > 1e-5:
        raise Wrong(
            "it answers to a flat region: there every pixel is the same, and the weights do not cancel. What must they add up to?",
            tried,
            came=f"sum of the weights: {kernel.sum():.3g}",
        )
    if rising >= 2 * falling and rising > 1e-5:
        return f"The answer to your edge is {rising:.2f}, to the other diagonal {falling:.2f}, and to a flat picture 0 (for a largest weight of 1)."
    if falling >= 2 * rising:
        message = (
            "it looks for the other edge, the one from top left to bottom right. Where your weights change from negative to positive, "
            "the edge must run: from bottom left to top right."
        )
    elif np.allclose(kernel, kernel[::-1, ::-1]) and rising > 1.2 * falling:
        message = (
            "it looks for a line. An edge is a step: dark on one side, bright on the other. "
            "So the weights must be negative on one side and positive on the other."
        )
    elif max(horizontal, vertical) < 1e-5:
        message = "it answers neither to horizontal nor to vertical edges, but to both diagonals alike: it finds corners and crossings."
    elif horizontal < 1e-5:
        message = "it looks for vertical edges, and so answers to both diagonals alike. Let plus and minus meet along the diagonal."
    elif vertical < 1e-5:
        message = "it looks for horizontal edges, and so answers to both diagonals alike. Let plus and minus meet along the diagonal."
    elif np.allclose(kernel, kernel.T) and np.allclose(kernel, np.rot90(kernel)):
        message = "it looks the same from all four sides, so it answers to edges in any direction. It must prefer one."
    else:
        message = "the answer to the edge along the other diagonal is more than half as strong: the two are not told apart clearly enough."
    raise Wrong(message, tried, "the first at least twice as strong as the second", came)


EXERCISES = [
    Exercise(
        map_sizes,
        check_map_sizes,
        hints=(
            "Section 6 has a formula for 'valid' (p = 0), and a shorter one for 'same'.",
            "For 'valid': how often can a window of 5 be moved by 2, from 0 on, and still end before 64? The place it starts at counts, too.",
            "valid: (64 − 5) // 2 + 1; same: 64 / 2, rounded up.",
        ),
    ),
    Exercise(
        centre_map,
        check_centre_map,
        hints=(
            "Write out the nine products of the first window. How many are not zero?",
            "Each number of the map is the pixel in the middle of its window. The first window covers rows and columns 0 to 2: "
            "its middle is in row 1, column 1.",
            "The map is image[1:5, 1:5], written as four rows.",
        ),
    ),
    Exercise(
        what_kernels_find,
        check_what_kernels_find,
        hints=(
            "Where positive weights meet bright pixels and negative weights dark ones, the sum is large.",
            "For each kernel: draw a picture of 3 × 3, bright where the weight is positive, dark where it is negative. What do you see?",
            "Enter each kernel as MY_KERNEL at the top and look at its map. For a flat picture of ones, the answer is the sum of the weights.",
        ),
    ),
    Exercise(
        count_layer,
        check_count_layer,
        hints=(
            "Section 7, under Parameters, has both formulas.",
            "A filter has kernel · kernel weights for each input channel, and one bias. At each place of the window every weight is used once.",
            "weights = kernel · kernel · channels_in · filters; the parameters are weights + filters, the multiplications height · width · weights.",
        ),
    ),
    Exercise(
        strided_correlate,
        check_strided_correlate,
        hints=(
            "Two things change in `correlate`: how many places there are, and where window i, j begins.",
            "There are (n − k) // stride + 1 places along each axis; the lesson's `+ 1` stands behind the division.",
            "The window of answer i, j is image[i * stride:i * stride + kh, j * stride:j * stride + kw].",
        ),
    ),
    Exercise(
        diagonal,
        check_diagonal,
        hints=(
            "The lecture's kernel for vertical edges has −1 on the left, 1 on the right and 0 where the edge runs. Turn this idea by 45°.",
            "Put zeros on the diagonal from bottom left to top right, where the edge runs.",
            "All weights above the zeros are negative, all below are positive, and the nine add up to 0.",
        ),
    ),
]
