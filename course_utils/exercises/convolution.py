"""Exercises of *Convolution*: the reference solutions as a learner would write them, and the slips that learners make."""

import numpy as np

from .. import reference
from .comparing import as_array
from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip, anything
from .trying import Wrong
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


def map_sizes(picture=64, kernel=5, stride=2):
    valid = (picture - kernel) // stride + 1  # the full steps, and the place where the window starts
    same = -(-picture // stride)  # picture / stride, rounded up
    return valid, same


MAP_SIZES = Numbers(
    map_sizes,
    names=("valid", "same"),
    data=lambda number: (64 + 2 * (number % 30), 5, 2),
    slips={
        "valid": [
            Slip(
                lambda picture, kernel, stride: (picture - kernel) // stride,
                lambda came, *data: (
                    f"{came} is the number of steps. The window stands at one place more than it makes steps."
                ),
            ),
            Slip(
                lambda picture, kernel, stride: picture - kernel + 1,
                lambda came, picture, kernel, stride: (
                    f"{came} places are right for a stride of 1. The window moves by {stride}."
                ),
            ),
            Slip(
                lambda picture, kernel, stride: -(-(picture - kernel) // stride) + 1,
                lambda came, *data: (
                    f"{came} is rounded up. The last step would leave the picture, so it is not taken: round down, then add 1."
                ),
            ),
            Slip(
                lambda picture, kernel, stride: picture - kernel,
                lambda came, picture, kernel, stride: (
                    f"{came} is how far the window can move, pixel by pixel. It moves by {stride}, and the place where it starts counts, too."
                ),
            ),
            Slip(
                lambda *data: map_sizes(*data)[0] ** 2,
                lambda came, *data: "this is the number of all places, {0} × {0}. Asked for is one side.".format(
                    map_sizes(*data)[0]
                ),
            ),
            Slip(
                lambda picture, kernel, stride: (picture - kernel) / stride + 1,
                lambda came, picture, kernel, stride: (
                    f"a size is a whole number. Round ({picture} − {kernel}) / {stride} down before you add 1."
                ),
            ),
            Slip(
                lambda *data: map_sizes(*data)[1],
                lambda came, *data: f"{came} is the size with zeros around the picture. 'valid' adds none.",
            ),
        ],
        "same": [
            Slip(
                lambda picture, kernel, stride: picture,
                lambda came, *data: (
                    f"{came} would be right for a stride of 1. 'same' means the size of the picture divided by the stride, rounded up."
                ),
            ),
            Slip(
                lambda *data: map_sizes(*data)[0],
                lambda came, *data: (
                    f"{came} is the size without padding. 'same' adds the zeros that are needed for {data[0]} / stride, rounded up."
                ),
            ),
            Slip(
                lambda picture, kernel, stride: (picture + 2 * (kernel - 1) - kernel) // stride + 1,
                lambda came, picture, kernel, stride: (
                    f"{came} would need {kernel - 1} zeros on each side. Those are too many: 'same' adds only what is needed for {picture} / stride."
                ),
            ),
            Slip(
                lambda *data: map_sizes(*data)[1] ** 2,
                lambda came, *data: "this is the whole map, {0} × {0}. Asked for is one side.".format(
                    map_sizes(*data)[1]
                ),
            ),
            Slip(
                lambda picture, kernel, stride: (picture - 1) / stride + 1,
                "a size is a whole number, and is rounded down before you add 1.",
            ),
            Slip(
                lambda picture, kernel, stride: picture - kernel + 1,
                lambda came, *data: f"{came} is the size without padding and with a stride of 1.",
            ),
        ],
    },
    done="Without padding the window needs room for itself; with 'same' the size depends on the picture and the stride, not on the kernel.",
    hints=(
        "Section 6 has a formula for 'valid' (p = 0), and a shorter one for 'same'.",
        "For 'valid': how often can a window of 5 be moved by 2, from 0 on, and still end inside of the picture? The place it starts at counts, too.",
        "For a picture of n × n, valid: (n − 5) // 2 + 1; same: n / 2, rounded up.",
    ),
)

# ---- by hand: the kernel with a single weight


def centre_map(picture):
    # Eight of the nine products are 0; what is left is the pixel in the middle of the window.
    # The middle runs over rows 1 to 4 and columns 1 to 4 of the picture. In the lecture's they hold
    # 4 4 0 7, 1 8 6 3, 3 5 8 4 and 7 5 3 1.
    return picture[1:5, 1:5]


def one_wrong(picture):
    came = centre_map(picture).copy()
    came[3, 3] += 1
    return came


def where_it_differs(came, picture):
    row, column = map(int, np.argwhere(came != centre_map(picture))[0])
    return (
        f"look again at the number in row {row}, column {column} of your map (counting from 0): "
        f"its window covers rows {row} to {row + 2} and columns {column} to {column + 2} of the picture."
    )


CENTRE_MAP = Numbers(
    centre_map,
    data=lambda number: (np.random.default_rng(number).integers(0, 10, (6, 6)) if number else PICTURE,),
    atol=0.05,
    slips=[
        Slip(
            lambda picture: picture,
            "this is the whole picture, 6 × 6: it looks as if zeros were put around it. Here the window stays inside.",
        ),
        Slip(
            lambda picture: picture[:4, :4],
            "these are the pixels under the top left weight of the kernel. The 1 stands in its middle.",
        ),
        Slip(
            lambda picture: picture[2:, 2:],
            "these are the pixels under the bottom right weight of the kernel. The 1 stands in its middle.",
        ),
        Slip(
            lambda picture: reference.correlate2d(picture, LECTURE_KERNEL),
            "this is the map of the lesson's kernel. Here the kernel has a single 1, in the middle.",
        ),
        Slip(
            lambda picture: reference.correlate2d(picture, np.ones((3, 3))),
            "these are the sums of whole windows. Only one weight is not zero: multiply first, then add.",
        ),
        Slip(
            lambda picture: reference.correlate2d(picture, np.ones((3, 3)) / 9),
            "these are the means of the windows. A kernel with a single 1 does not average.",
        ),
        Slip(np.zeros((4, 4)), "not everything is lost: eight products are zero, but the one in the middle is not."),
        Slip(lambda picture: centre_map(picture).T, "rows and columns are exchanged."),
        Slip(
            lambda picture: picture[::2, ::2],
            "your window moved by 2. Here it moves by 1, so there are 4 × 4 places.",
        ),
        Slip(
            lambda picture: centre_map(picture).ravel(),
            "the sixteen numbers are right. Now write them as a map: a list of four rows, four numbers in each.",
        ),
        Slip(
            4,
            "write the map as a list of rows, and each row as a list of numbers.",
            when=lambda came, picture: np.ndim(came) != 2,
        ),
        Slip(
            [[4, 4], [1, 8]],
            lambda came, picture: (
                f"your map has the shape {shape_text(came.shape)}. "
                "At how many places does a window of 3 fit into 6 rows, and into 6 columns?"
            ),
            when=lambda came, picture: came.shape != (4, 4),
        ),
        Slip(one_wrong, where_it_differs, when=anything),
    ],
    done="This kernel copies the picture; without padding, the outermost pixels are lost.",
    hints=(
        "Write out the nine products of the first window. How many are not zero?",
        "Each number of the map is the pixel in the middle of its window. The first window covers rows and columns 0 to 2: "
        "its middle is in row 1, column 1.",
        "The map is image[1:5, 1:5], written as four rows.",
    ),
)

# ---- recall: what a kernel looks for


def what_kernels_find():
    # A: positive above, negative below. B: adds up three pixels in a column. C: the 2s stand on the diagonal.
    # Flat: the weights of A and C add up to 0, those of B to 3.
    return {"A": "a", "B": "d", "C": "e", "flat": "B"}


WHAT_KERNELS_FIND = Letters(
    what_kernels_find,
    reasons={
        "A": {
            "b": "where does A have its positive weights? They must meet the bright pixels.",
            "c": "A has the same weights in every column, so left and right are not compared.",
            "d": "A's weights differ from row to row, and are equal along each row. Over a column of equal pixels they add up to 0.",
            "e": "along the diagonal A has the weights 1, 0 and −1: a line through the middle gives 0.",
            "f": "along this diagonal A has the weights −1, 0 and 1: a line through the middle gives 0.",
        },
        "B": {
            "a": "B has no negative weights, so it compares nothing: bright below counts as much as bright above.",
            "b": "B has no negative weights, so it compares nothing: bright above counts as much as bright below.",
            "c": "an edge is a difference, and needs negative weights. B only adds up. What does it add up?",
            "e": "B meets only one pixel of this line, the one in the middle. Which three pixels have a weight of 1?",
            "f": "B meets only one pixel of this line. Which three pixels lie under a weight of 1?",
        },
        "C": {
            "a": "each row of C adds up to 0, so rows of equal pixels give 0.",
            "b": "each row of C adds up to 0: pixels that are equal along the rows give 0.",
            "c": "each column of C adds up to 0, so columns of equal pixels give 0.",
            "d": "each column of C adds up to 0. Where do the three 2s stand?",
            "f": "the 2s of C stand in row 0, column 0; row 1, column 1; row 2, column 2. Rows count downwards.",
        },
        "flat": {
            "A": "add up the nine weights of A: what does a flat picture give?",
            "C": "add up the nine weights of C: what does a flat picture give?",
        },
    },
    asks={"flat": "the name of one of the three kernels, 'A', 'B' or 'C'"},
    done="A kernel is a small picture of what it looks for, and the sum of its weights is its answer to a flat picture of ones.",
    hints=(
        "Where positive weights meet bright pixels and negative weights dark ones, the sum is large.",
        "For each kernel: draw a picture of 3 × 3, bright where the weight is positive, dark where it is negative. What do you see?",
        "Enter each kernel as MY_KERNEL at the top and look at its map. For a flat picture of ones, the answer is the sum of the weights.",
    ),
)

# ---- code: count a layer


def count_layer(kernel, channels_in, filters, height, width):
    weights = kernel * kernel * channels_in * filters
    parameters = weights + filters  # a bias for each filter
    multiplications = height * width * weights  # every weight once at every place of the window
    return parameters, multiplications


COUNT_LAYER = Function(
    count_layer,
    names=("parameters", "multiplications"),
    probes=[(3, 5, 7, 10, 12), (5, 3, 2, 9, 4), (1, 6, 4, 8, 3), (3, 128, 64, 56, 56)],
    slips={
        "parameters": [
            Slip(
                lambda *sizes: count_layer(*sizes)[1],
                "these are the multiplications. Return the parameters first, then the multiplications.",
            ),
            Slip(
                lambda k, channels, filters, h, w: k * k * channels * filters,
                "the biases are missing in the parameters: each filter has one.",
            ),
            Slip(
                lambda k, channels, filters, h, w: k * k * channels * filters + 1,
                "one bias is too few in the parameters: each filter has one of its own.",
            ),
            Slip(
                lambda k, channels, filters, h, w: k * k * channels * filters + channels,
                "you count a bias for each input channel. Everything under the window is added up first: one bias for each filter.",
            ),
            Slip(
                lambda k, channels, filters, h, w: (k * k + 1) * channels * filters,
                "you count a bias for each slice of a filter. All slices are added into one number: one bias for each filter.",
            ),
            Slip(
                lambda k, channels, filters, h, w: (k * k + 1) * filters,
                "the input channels are missing in the parameters: a filter has a slice of weights for each of them.",
            ),
            Slip(
                lambda k, channels, filters, h, w: k * k * channels + 1,
                "this is one filter. The layer has several, each with its own weights and bias.",
            ),
            Slip(
                lambda k, channels, filters, h, w: (k * channels + 1) * filters,
                "a kernel has kernel × kernel weights in each slice, you count kernel.",
            ),
            Slip(
                lambda k, channels, filters, h, w: (k * k * channels + 1) * filters * h * w,
                "the size of the map does not occur in the parameters: the same weights are used at every place.",
            ),
        ],
        "multiplications": [
            Slip(
                lambda k, channels, filters, h, w: k * k * channels * filters,
                "this is the work at one place of the window. How many places are there?",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * (k * k * channels + 1) * filters,
                "the biases are added, not multiplied: only the weights count here.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * k * k * filters,
                "the input channels are missing in the multiplications: each place has kernel × kernel × channels_in products for each filter.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * k * k * channels,
                "these are the multiplications of one filter. All filters work.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * k * k,
                "these are the multiplications for one channel and one filter.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * k * channels * filters,
                "a window has kernel × kernel pixels in each channel, you count kernel.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * h * k * k * channels * filters,
                "you multiply by height twice. The map has height × width places.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * k * k * channels * filters,
                "the window also moves through the columns: height × width places.",
            ),
            Slip(
                lambda k, channels, filters, h, w: (h - k + 1) * (w - k + 1) * k * k * channels * filters,
                "height and width belong to the map, not to the picture: nothing is to be taken off.",
            ),
            Slip(
                lambda k, channels, filters, h, w: h * w * channels * filters,
                "the size of the kernel is missing: each place has kernel × kernel products for each channel and filter.",
            ),
        ],
    },
    done="For 64 filters of 3 × 3 on 128 channels and a map of 56 × 56 that is 73,792 parameters, used for 231,211,008 multiplications.",
    hints=(
        "Section 7, under Parameters, has both formulas.",
        "A filter has kernel · kernel weights for each input channel, and one bias. At each place of the window every weight is used once.",
        "weights = kernel · kernel · channels_in · filters; the parameters are weights + filters, the multiplications height · width · weights.",
    ),
)

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


def images_and_kernels(number):
    rng = np.random.default_rng(1 + number)
    return [
        (rng.normal(size=shape).round(2) * 10, rng.normal(size=kernel_shape).round(2), stride)
        for shape, kernel_shape, stride in [
            ((6, 6), (3, 3), 1),
            ((7, 9), (3, 3), 2),
            ((8, 11), (3, 2), 3),
            ((5, 6), (1, 2), 2),
        ]
    ]


def like(image, kernel, stride):
    """The number of rows and columns of the right map."""
    return strided_correlate(image, kernel, stride).shape


def not_moved(image, kernel, stride):
    rows, columns = like(image, kernel, stride)
    return reference.correlate2d(image, kernel)[:rows, :columns]


def spread_out(image, kernel, stride):
    result = np.zeros_like(reference.correlate2d(image, kernel))
    result[::stride, ::stride] = strided_correlate(image, kernel, stride)
    return result


def divided_too_late(image, kernel, stride):
    rows, columns = reference.correlate2d(image, kernel).shape
    return strided_correlate(image, kernel, stride)[: rows // stride, : columns // stride]


def filled_up(image, kernel, stride):
    right = strided_correlate(image, kernel, stride)
    rows, columns = (-(-side // stride) for side in image.shape)
    return np.pad(right, [(0, rows - right.shape[0]), (0, columns - right.shape[1])])


def first_row_only(image, kernel, stride):
    result = strided_correlate(image, kernel, stride)
    result[1:] = 0
    return result


STRIDED_CORRELATE = Function(
    strided_correlate,
    probes=images_and_kernels,
    slips=[
        Slip(
            reference.convolve2d,
            "your kernel is turned by 180°. The first weight belongs to the top left pixel of the window.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel),
            "the window moves by one pixel at a time: `stride` is not used.",
        ),
        Slip(
            not_moved,
            "your map has the right size, but the window still moves by one pixel. Place i begins at row i · stride.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel, (stride, 1)),
            "the stride acts on the rows only. The window also moves by `stride` through the columns.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel, (1, stride)),
            "the stride acts on the columns only. The window also moves by `stride` through the rows.",
        ),
        Slip(
            spread_out,
            "the answers are right, but they stand `stride` apart in a map of zeros. Put answer i, j into row i, column j.",
        ),
        Slip(
            divided_too_late,
            "the last place is missing. The number of places is (n − k) // stride + 1: divide before you add the 1.",
        ),
        Slip(
            filled_up,
            "the map is too large, and filled up with zeros. The kernel needs room, too: (n − k) // stride + 1 places.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel, stride, "same"),
            "your picture was padded with zeros. Here the window stays inside.",
        ),
        Slip(
            lambda *given: strided_correlate(*given)[:-1, :-1],
            "the last row and the last column are missing. The window stands at one place more than it makes steps.",
        ),
        Slip(
            lambda *given: strided_correlate(*given)[:, : like(*given)[0]],
            "your map is square, but the picture is not. Count the places along each axis on its own.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel, (stride, 1))[
                :, : like(image, kernel, stride)[1]
            ],
            "the window moves by `stride` through the rows, but still by one pixel through the columns.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image, kernel, (1, stride))[
                : like(image, kernel, stride)[0]
            ],
            "the window moves by `stride` through the columns, but still by one pixel through the rows.",
        ),
        Slip(first_row_only, "only the first row is filled. Does the `return` stand inside of a loop?"),
        Slip(
            lambda *given: strided_correlate(*given).ravel(),
            "all numbers are there, but in a single row. The map has a row for each place downwards.",
        ),
        Slip(
            lambda image, kernel, stride: reference.correlate2d(image[::stride, ::stride], kernel),
            "you leave pixels of the picture out. Only the window makes larger steps: inside of it, the pixels are neighbours as before.",
        ),
        Slip(
            lambda *given: strided_correlate(*given).astype(int),
            "the fractions are lost: did you put the answers into an array of whole numbers?",
        ),
        Slip(
            lambda *given: np.maximum(strided_correlate(*given), 0),
            "the negative answers are gone. ReLU is a step of its own, and not asked for here.",
        ),
        Slip(lambda *given: strided_correlate(*given).T, "rows and columns are exchanged: the first index is the row."),
    ],
    done="It agrees with `reference.correlate2d`, whose argument `stride` means the same.",
    hints=(
        "Two things change in `correlate`: how many places there are, and where window i, j begins.",
        "There are (n − k) // stride + 1 places along each axis; the lesson's `+ 1` stands behind the division.",
        "The window of answer i, j is image[i * stride:i * stride + kh, j * stride:j * stride + kw].",
    ),
)

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


DIAGONAL = Exercise(
    diagonal,
    check_diagonal,
    hints=(
        "The lecture's kernel for vertical edges has −1 on the left, 1 on the right and 0 where the edge runs. Turn this idea by 45°.",
        "Put zeros on the diagonal from bottom left to top right, where the edge runs.",
        "All weights above the zeros are negative, all below are positive, and the nine add up to 0.",
    ),
)

EXERCISES = [MAP_SIZES, CENTRE_MAP, WHAT_KERNELS_FIND, COUNT_LAYER, STRIDED_CORRELATE, DIAGONAL]
