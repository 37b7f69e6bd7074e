"""The plain versions compared with TensorFlow, NumPy, SciPy, the lecture's slides and hand-made cases."""

import doctest
import itertools
import re
import time

import numpy as np
import pytest
from scipy import signal

from course_utils import reference
from course_utils.counting import output_size
from course_utils.reference import average_pool2d, conv2d, convolve2d, correlate1d, correlate2d, max_pool2d, pad, relu

LECTURE = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 7, 5, 3, 1, 2],
        [7, 2, 2, 6, 4, 6],
    ]
)
EDGES = np.array([[-1, 0, 1]] * 3)
PADDINGS = ("valid", "same")
SHAPES = ((5, 6), (8, 5), (7, 11))
KERNELS = ((1, 1), (2, 2), (3, 3), (2, 3), (4, 1), (1, 5))


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


@pytest.fixture
def random():
    return np.random.default_rng(20)


def raises(error, text):
    return pytest.raises(error, match=re.escape(text))


def close(ours, theirs):
    """The same shape, and the same numbers but for the order of a float64 sum."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


# ---------------------------------------------------------------------------------- the lecture and by hand


def test_the_feature_map_of_the_lecture():
    expected = [[1, 5, 2, 10], [7, 6, -3, 4], [10, 6, -10, -5], [3, 5, -3, -3]]
    assert correlate2d(LECTURE, EDGES).tolist() == expected
    assert conv2d(LECTURE[:, :, None], EDGES[:, :, None, None])[:, :, 0].tolist() == expected
    assert convolve2d(LECTURE, EDGES).tolist() == (-np.array(expected)).tolist()
    assert relu(correlate2d(LECTURE, EDGES) - 1).tolist() == [[0, 4, 1, 9], [6, 5, 0, 3], [9, 5, 0, 0], [2, 4, 0, 0]]


def test_the_max_pooling_of_the_lecture():
    image = LECTURE.copy()
    image[4:] = [[1, 1, 5, 3, 1, 2], [1, 2, 2, 6, 4, 6]]
    assert max_pool2d(image, size=2, stride=2).tolist() == [[5, 5, 9], [6, 8, 6], [2, 6, 6]]
    assert max_pool2d(image).tolist() == [[5, 5, 9], [6, 8, 6], [2, 6, 6]]
    assert average_pool2d(image).tolist() == [[3.25, 3, 7.75], [2.75, 6.75, 4.25], [1.25, 4, 3.25]]


def test_the_striding_of_the_lecture():
    """Its 5 x 5 corner with a border of one zero and steps of two pixels."""
    corner = LECTURE[:5, :5]
    every = correlate2d(corner, EDGES, padding=1)
    assert every.shape == (5, 5)
    assert (
        correlate2d(corner, EDGES, stride=2, padding=1).tolist()
        == every[::2, ::2].tolist()
        == [[5, 0, -5], [8, 6, -14], [10, 1, -11]]
    )


def test_correlation_keeps_the_kernel_and_convolution_turns_it():
    spot = np.zeros((3, 3), int)
    spot[1, 1] = 1
    kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert convolve2d(spot, kernel, padding="same").tolist() == kernel
    assert correlate2d(spot, kernel, padding="same").tolist() == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]


def test_same_padding_puts_the_extra_zero_below_and_right():
    assert pad(np.ones((2, 2), int), kernel=2, padding="same").tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert correlate2d([[1, 2], [3, 4]], [[1, 1], [1, 1]], padding="same").tolist() == [[10, 6], [7, 4]]


def test_pad_takes_every_padding_and_any_value():
    image = np.arange(6, dtype="uint8").reshape(2, 3)
    assert pad(image, 3).tolist() == image.tolist()
    assert pad(image, 3, padding=((1, 0), (0, 2)), value=9).tolist() == [[9] * 5, [0, 1, 2, 9, 9], [3, 4, 5, 9, 9]]
    colour = pad(np.ones((4, 5, 3), "float32"), (3, 5), padding=2, value=-np.inf)
    assert colour.shape == (8, 9, 3) and colour.dtype == "float32" and np.isinf(colour).sum() == (8 * 9 - 4 * 5) * 3
    assert pad(image, 3, 2, "same").shape == (3, 5)
    assert pad(image, 2, padding="same", dilation=2).shape == (4, 5)
    for value in (-1, 256, 0.5, -np.inf):
        with raises(ValueError, f"value {value} does not fit into an image of uint8"):
            pad(image, 3, padding=1, value=value)


def test_arguments_are_left_unchanged(random):
    image, kernels = random.random((6, 7, 3)), random.random((3, 3, 3, 2))
    copies = image.copy(), kernels.copy()
    conv2d(image, kernels, bias=[1.0, 2.0], padding="same")
    max_pool2d(image), average_pool2d(image), relu(image - 0.5)
    assert np.array_equal(image, copies[0]) and np.array_equal(kernels, copies[1])


# ---------------------------------------------------------------------------------- TensorFlow


def test_conv2d_agrees_with_tensorflow(tf, random):
    settings = [(stride, 1) for stride in (1, 2, 3)] + [(1, dilation) for dilation in (2, 3)]
    compared = 0
    for shape, area, (channels, filters) in itertools.product(SHAPES, KERNELS, ((1, 1), (3, 4))):
        image, kernels = random.normal(size=(*shape, channels)), random.normal(size=(*area, channels, filters))
        bias = random.normal(size=filters)
        for (stride, dilation), padding in itertools.product(settings, PADDINGS):
            span = [(k - 1) * dilation + 1 for k in area]
            if padding == "valid" and (span[0] > shape[0] or span[1] > shape[1]):
                with raises(ValueError, "is larger than the image"):
                    conv2d(image, kernels, bias, stride, padding, dilation)
                continue
            theirs = tf.nn.conv2d(image[None], kernels, stride, padding.upper(), dilations=dilation)[0] + bias
            close(conv2d(image, kernels, bias, stride, padding, dilation), theirs)
            compared += 1
    assert compared > 300


def test_conv2d_with_unequal_strides_borders_and_dilations_agrees_with_tensorflow(tf, random):
    image, kernels = random.normal(size=(9, 12, 2)), random.normal(size=(3, 2, 2, 5))
    borders = ((2, 0), (1, 3))
    theirs = tf.nn.conv2d(image[None], kernels, (2, 3), [(0, 0), *borders, (0, 0)])[0]
    close(conv2d(image, kernels, stride=(2, 3), padding=borders), theirs)
    close(conv2d(image, kernels, padding=2), tf.nn.conv2d(image[None], kernels, 1, [(0, 0), (2, 2), (2, 2), (0, 0)])[0])
    close(
        conv2d(image, kernels, padding="same", dilation=(1, 3)),
        tf.nn.conv2d(image[None], kernels, 1, "SAME", dilations=(1, 3))[0],
    )


def test_correlate2d_and_convolve2d_agree_with_tensorflow(tf, random):
    for shape, area, stride, padding in itertools.product(SHAPES, KERNELS, (1, 2, 3), PADDINGS):
        image, kernel = random.normal(size=shape), random.normal(size=area)
        theirs = tf.nn.conv2d(image[None, :, :, None], kernel[:, :, None, None], stride, padding.upper())[0, :, :, 0]
        close(correlate2d(image, kernel, stride, padding), theirs)
        close(convolve2d(image, kernel[::-1, ::-1], stride, padding), theirs)


def test_a_keras_layer_computes_the_same(tf, random):
    import keras

    image = random.normal(size=(9, 8, 3)).astype("float32")
    layer = keras.layers.Conv2D(4, (3, 2), strides=2, padding="same", activation="relu", bias_initializer="ones")
    theirs = np.asarray(layer(image[None]))[0]
    kernels, bias = layer.get_weights()
    ours = relu(conv2d(image, kernels, bias, stride=2, padding="same"))
    assert ours.dtype == "float32" and (ours > 0).any() and (ours == 0).any()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_pooling_agrees_with_tensorflow(tf, random):
    compared = 0
    for shape, size, stride, padding in itertools.product(SHAPES, KERNELS, (1, 2, 3, (1, 2), None), PADDINGS):
        image = random.normal(size=(*shape, 3)) - 5  # all below zero: a border of zeros would win
        for ours, theirs in ((max_pool2d, tf.nn.max_pool2d), (average_pool2d, tf.nn.avg_pool2d)):
            expected = theirs(tf.constant(image[None]), size, stride or size, padding.upper())[0].numpy()
            close(ours(image, size, stride, padding), expected)
            close(ours(image[:, :, 1], size, stride, padding), expected[:, :, 1])
            compared += 1
    assert compared == 2 * 3 * 6 * 5 * 2


def test_correlate1d_agrees_with_tensorflow(tf, random):
    for length, width, stride, padding in itertools.product((5, 8, 11), (1, 2, 3, 4, 5), (1, 2, 3), PADDINGS):
        series, kernel = random.normal(size=length), random.normal(size=width)
        theirs = tf.nn.conv1d(series[None, :, None], kernel[:, None, None], stride, padding.upper())[0, :, 0]
        close(correlate1d(series, kernel, stride, padding), theirs)


# ---------------------------------------------------------------------------------- NumPy and SciPy


def test_whole_numbers_agree_exactly_with_scipy(random):
    for shape, area in itertools.product(SHAPES, KERNELS):
        image, kernel = random.integers(-9, 10, shape), random.integers(-9, 10, area)
        full = tuple((k - 1, k - 1) for k in area)
        assert np.array_equal(correlate2d(image, kernel), signal.correlate2d(image, kernel, "valid"))
        assert np.array_equal(convolve2d(image, kernel), signal.convolve2d(image, kernel, "valid"))
        assert np.array_equal(correlate2d(image, kernel, padding=full), signal.correlate2d(image, kernel, "full"))
        assert np.array_equal(convolve2d(image, kernel, padding=full), signal.convolve2d(image, kernel, "full"))


def test_correlate1d_agrees_exactly_with_numpy(random):
    for length, width in itertools.product((5, 8, 11), (1, 2, 3, 4, 5)):
        series, kernel = random.integers(-9, 10, length), random.integers(-9, 10, width)
        assert np.array_equal(correlate1d(series, kernel), np.correlate(series, kernel, "valid"))
        assert np.array_equal(correlate1d(series, kernel[::-1], padding=width - 1), np.convolve(series, kernel))
        causal = np.convolve(series, kernel)[:length]
        assert np.array_equal(correlate1d(series, kernel[::-1], padding=(width - 1, 0)), causal)


def test_relu():
    assert relu([[-3, 0], [5, -1]]).tolist() == [[0, 0], [5, 0]]
    for dtype in ("int8", "uint8", "float16", "float32", "float64"):
        assert relu(np.array([0, 1], dtype)).dtype == dtype
    assert np.isnan(relu(np.array([np.nan]))).all()


# ---------------------------------------------------------------------------------- dtypes and time


def test_a_photograph_of_bytes_does_not_wrap_around():
    white = np.full((3, 3), 255, "uint8")
    result = correlate2d(white, np.full((3, 3), -1, "int8"))
    assert result.dtype == np.int64 and result.tolist() == [[-9 * 255]]
    stacked = conv2d(np.dstack([white] * 3), np.full((3, 3, 3, 2), 100, "uint8"))
    assert stacked.dtype == np.int64 and stacked.tolist() == [[[27 * 25_500] * 2]]
    assert correlate1d(np.array([200, 100], "uint8"), np.array([1, -1], "int8")).tolist() == [100]
    assert correlate1d(np.array([True, True]), [1, 1]).tolist() == [2]


@pytest.mark.parametrize(
    "image, kernel, expected",
    [
        ("uint8", "int8", "int64"),
        ("bool", "bool", "int64"),
        ("float32", "int64", "float32"),
        ("uint8", "float32", "float32"),
        ("float32", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float16", "uint8", "float16"),
    ],
)
def test_dtypes_of_correlation(image, kernel, expected):
    image, kernel = np.ones((4, 4), image), np.ones((2, 2), kernel)
    assert correlate2d(image, kernel).dtype == convolve2d(image, kernel).dtype == expected
    assert conv2d(image[..., None], kernel[..., None, None]).dtype == correlate1d(image[0], kernel[0]).dtype == expected
    assert correlate2d(image, kernel, padding="same").tolist() == [[4, 4, 4, 2]] * 3 + [[2, 2, 2, 1]]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "float16", "float32", "float64"])
def test_dtypes_of_pooling(dtype):
    image = np.zeros((3, 3), dtype) if dtype in ("bool", "uint8") else np.full((3, 3), -100, dtype)
    largest, mean = max_pool2d(image, 2, padding="same"), average_pool2d(image, 2, padding="same")
    assert largest.dtype == dtype and np.array_equal(largest, image[:2, :2])
    assert mean.dtype == (dtype if "float" in dtype else "float64") and np.array_equal(mean, image[:2, :2])


def test_the_average_leaves_the_border_out_and_explicit_borders_too():
    image = np.arange(1.0, 10).reshape(3, 3)
    assert average_pool2d(image, 2, padding="same").tolist() == [[3, 4.5], [7.5, 9]]
    assert average_pool2d(image, 2, padding=((1, 0), (1, 0))).tolist() == [[1, 2.5], [5.5, 7]]
    assert max_pool2d(-image, 2, padding=((1, 0), (1, 0))).tolist() == [[-1, -2], [-4, -5]]


def test_a_photograph_takes_well_under_a_second(random):
    photograph = random.integers(0, 256, (300, 451, 3), dtype="uint8")
    start = time.perf_counter()
    edges = correlate2d(photograph[..., 0], EDGES, padding="same")
    maps = conv2d(photograph / 255, random.normal(size=(3, 3, 3, 8)))
    pooled = max_pool2d(photograph)
    assert time.perf_counter() - start < 1
    assert (edges.shape, maps.shape, pooled.shape) == ((300, 451), (298, 449, 8), (150, 225, 3))
    assert edges.shape == output_size((300, 451), 3, padding="same")


# ---------------------------------------------------------------------------------- mistakes

GREY, COLOUR = np.ones((6, 7)), np.ones((6, 7, 3))
SQUARE, FILTERS = np.ones((3, 3)), np.ones((3, 3, 3, 8))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: correlate2d(np.ones((300, 451, 3)), SQUARE),
            ValueError,
            "image must have the shape (H, W); got (300, 451, 3): a colour photograph? Use conv2d, or one "
            "channel: image[..., 0]",
        ),
        (
            lambda: correlate2d([1, 2, 3], SQUARE),
            ValueError,
            "image must have the shape (H, W); got (3,)",
        ),
        (
            lambda: correlate2d(GREY, [1, 0, 1]),
            ValueError,
            "kernel must have the shape (kh, kw); got (3,)",
        ),
        (
            lambda: convolve2d(GREY, FILTERS),
            ValueError,
            "kernel must have the shape (kh, kw); got (3, 3, 3,",
        ),
        (lambda: convolve2d(COLOUR, SQUARE), ValueError, "a colour photograph? Use conv2d"),
        (
            lambda: conv2d(GREY, FILTERS),
            ValueError,
            "got (6, 7): a grey photograph? Give it a channel axis: image[..., np.newaxis], or use correlate2d",
        ),
        (
            lambda: conv2d(COLOUR[None], FILTERS),
            ValueError,
            "got (1, 6, 7, 3): a batch? Take one of its",
        ),
        (
            lambda: conv2d(COLOUR, SQUARE),
            ValueError,
            "kernels must have the shape (kh, kw, C, F); got (3, 3): a plain kernel? Use correlate2d",
        ),
        (
            lambda: conv2d(COLOUR, FILTERS[..., 0]),
            ValueError,
            "a single filter? Give it a last axis: kernels[..., np.newaxis]",
        ),
        (
            lambda: conv2d(COLOUR, np.ones((8, 3, 3, 1))),
            ValueError,
            "the kernel (8) is larger than the image (6 + 0 padding)",
        ),
        (
            lambda: conv2d(COLOUR, np.ones((3, 3, 1, 8))),
            ValueError,
            "the image has 3 channels (6, 7, 3), the kernels take 1 (3, 3, 1, 8): their layout is (height, width, channels, filt",
        ),
        (
            lambda: conv2d(COLOUR, FILTERS, bias=[0.5]),
            ValueError,
            "bias must hold one number for each of the 8 filters; got 1",
        ),
        (
            lambda: conv2d(COLOUR, FILTERS, bias=0.5),
            ValueError,
            "bias must have the shape (F); got ()",
        ),
        (
            lambda: correlate1d(GREY, [1, 2]),
            ValueError,
            "series must have the shape (N); got (6, 7): an image? Use correlate2d",
        ),
        (
            lambda: correlate1d([1, 2], SQUARE),
            ValueError,
            "kernel must have the shape (k); got (3, 3)",
        ),
        (lambda: correlate1d([1, 2], [1, 2, 3]), ValueError, "the kernel (3) is larger than the image (2 + 0 padding)"),
        (lambda: correlate1d([1, 2], [1], stride=0), ValueError, "stride must be at least 1; got 0"),
        (lambda: correlate1d([1, 2], [1], padding=-1), ValueError, "padding must be at least 0; got -1"),
        (lambda: correlate1d([1, 2], [1], padding=(1, 2, 3)), ValueError, "a pair (before, after); got (1, 2, 3)"),
        (
            lambda: correlate2d(GREY[:, 9:], SQUARE),
            ValueError,
            "image is empty: its shape is (6, 0); was it cropped outside",
        ),
        (lambda: correlate2d(GREY, np.ones((0, 3))), ValueError, "kernel is empty: its shape is (0, 3)"),
        (lambda: correlate2d(GREY, SQUARE, stride=0), ValueError, "stride must be at least 1; got 0"),
        (
            lambda: correlate2d(GREY, SQUARE, dilation=4),
            ValueError,
            "the kernel (3, dilated to 9) is larger than the image (6",
        ),
        (lambda: correlate2d(GREY, SQUARE, padding="full"), ValueError, "padding must be 'valid', 'same', a number"),
        (
            lambda: correlate2d(GREY, SQUARE, padding=(1, 1)),
            ValueError,
            "two pairs ((top, bottom), (left, right)); got (1, 1)",
        ),
        (lambda: correlate2d(GREY, [["a"]]), TypeError, "kernel must hold real numbers; got dtype <U1"),
        (lambda: correlate2d(GREY * 1j, SQUARE), TypeError, "image must hold real numbers; got dtype complex128"),
        (
            lambda: pad(COLOUR[None], 3),
            ValueError,
            "image must have the shape (H, W, [C]); got (1, 6, 7, 3): a batch? Take one of its pictures: image[0]",
        ),
        (lambda: max_pool2d([1, 2]), ValueError, "image must have the shape (H, W, [C]); got (2,)"),
        (lambda: max_pool2d(COLOUR[None]), ValueError, "a batch? Take one of its pictures: image[0]"),
        (lambda: max_pool2d(GREY, 0), ValueError, "size must be at least 1; got 0"),
        (
            lambda: max_pool2d(GREY, (2, 2, 1)),
            ValueError,
            "size must be a number or a pair (height, width); got (2, 2, 1)",
        ),
        (lambda: max_pool2d(GREY, 7), ValueError, "the kernel (7) is larger than the image (6 + 0 padding)"),
        (lambda: max_pool2d(GREY, stride=0), ValueError, "stride must be at least 1; got 0"),
        (
            lambda: max_pool2d(GREY, 2, padding=2),
            ValueError,
            "padding 2 is as wide as the window (2, 2): some windows would hold no pixel; use padding='same' or less",
        ),
        (lambda: average_pool2d(GREY, (2, 3), padding=((0, 0), (0, 3))), ValueError, "is as wide as the window (2, 3)"),
        (lambda: average_pool2d(GREY[:0]), ValueError, "image is empty: its shape is (0, 7)"),
        (lambda: average_pool2d(GREY, 2.5), TypeError, "size must be a whole number; got 2.5"),
    ],
)
def test_mistakes_are_explained(call, error, text):
    with raises(error, text):
        call()


def test_examples_in_the_docstrings():
    failed, attempted = doctest.testmod(reference)
    assert failed == 0 and attempted >= 8
