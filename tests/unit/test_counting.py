"""Counts compared with Keras, with TensorFlow's arithmetic, with papers and with the lectures."""

import doctest
import itertools
import re
import subprocess
import sys
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from course_utils import counting, reference
from course_utils.checks import pair, whole
from course_utils.counting import (
    ReceptiveField,
    conv_multiplications,
    conv_parameters,
    dense_multiplications,
    dense_parameters,
    output_size,
    receptive_field,
    same_padding,
    zeros_around,
)


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture(scope="module")
def layers(keras):
    return keras.layers


def raises(error, text):
    return pytest.raises(error, match=re.escape(text))


# ---------------------------------------------------------------------------------- sizes


def test_output_size_counts_the_windows_that_fit():
    for size, kernel, stride, dilation, border in itertools.product(
        range(1, 12), range(1, 5), (1, 2, 3), (1, 2), (0, 1)
    ):
        span = (kernel - 1) * dilation + 1
        windows = len(range(0, size + 2 * border - span + 1, stride))
        if windows:
            assert output_size(size, kernel, stride, border, dilation) == windows
        else:
            with raises(ValueError, "is larger than the image"):
                output_size(size, kernel, stride, border, dilation)


def test_same_padding_gives_one_output_a_stride():
    for size, kernel, stride, dilation in itertools.product(range(1, 15), range(1, 6), (1, 2, 3, 4), (1, 2, 3)):
        before, after = same_padding(size, kernel, stride, dilation)
        assert 0 <= before <= after <= before + 1
        assert output_size(size, kernel, stride, "same", dilation) == ceil(size / stride)
        assert output_size(size, kernel, stride, (before, after), dilation) == ceil(size / stride)
        if before + after:  # not one zero more than needed
            fewer = size + before + after - 1 - ((kernel - 1) * dilation + 1)
            assert fewer < 0 or fewer // stride + 1 < ceil(size / stride)


def test_output_size_agrees_with_keras(layers):
    for padding, kernel, stride in itertools.product(("valid", "same"), ((1, 1), (2, 3), (5, 4)), (1, 2, 3)):
        conv = layers.Conv2D(7, kernel, strides=stride, padding=padding)
        pool = layers.MaxPooling2D(kernel, strides=stride, padding=padding)
        for size in ((5, 6), (9, 5), (12, 7)):
            ours = output_size(size, kernel, stride, padding)
            assert ours == conv.compute_output_shape((None, *size, 3))[1:3]
            assert ours == pool.compute_output_shape((None, *size, 3))[1:3]
    dilated = layers.Conv2D(7, (3, 2), dilation_rate=(2, 3), padding="valid")
    assert output_size((9, 8), (3, 2), dilation=(2, 3)) == dilated.compute_output_shape((None, 9, 8, 1))[1:3] == (5, 5)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (dict(size=6, kernel=3), 4),
        (dict(size=6, kernel=3, padding=2), 8),
        (dict(size=6, kernel=3, padding=(2, 0)), 6),
        (dict(size=227, kernel=11, stride=4), 55),  # AlexNet, first layer
        (dict(size=224, kernel=7, stride=2, padding=3), 112),  # ResNet and GoogLeNet, first layer
        (dict(size=(300, 451), kernel=3), (298, 449)),
        (dict(size=[300, 451], kernel=3), (298, 449)),
        (dict(size=(300, 451), kernel=(3, 5), stride=(1, 2), padding=1), (300, 225)),
        (dict(size=(10, 10), kernel=3, padding=((1, 1), (0, 0))), (10, 8)),
        (dict(size=(10, 10), kernel=3, padding=((2, 0), (0, 1))), (10, 9)),
        (dict(size=(9, 9), kernel=3, dilation=(1, 4)), (7, 1)),
    ],
)
def test_output_size_by_hand(arguments, expected):
    assert output_size(**arguments) == expected


def test_numbers_of_numpy_count_and_come_back_as_plain_ints():
    result = output_size(np.uint8(200), np.int64(3), padding=np.uint8(100))
    assert result == 398 and type(result) is int
    assert all(type(side) is int for side in output_size(tuple(np.array([8, 9])), 3))


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        (dict(size=0, kernel=1), ValueError, "size must be at least 1; got 0"),
        (dict(size=(5, 0), kernel=1), ValueError, "size must be at least 1; got 0"),
        (dict(size=5, kernel=0), ValueError, "kernel must be at least 1; got 0"),
        (dict(size=5, kernel=3, stride=0), ValueError, "stride must be at least 1; got 0"),
        (dict(size=5, kernel=3, stride=-1), ValueError, "stride must be at least 1; got -1"),
        (dict(size=5, kernel=3, dilation=0), ValueError, "dilation must be at least 1; got 0"),
        (dict(size=5, kernel=3, padding=-1), ValueError, "padding must be at least 0; got -1"),
        (dict(size=5, kernel=3, padding=(0, -1)), ValueError, "padding must be at least 0; got -1"),
        (dict(size=13 / 2, kernel=3), TypeError, "size must be a whole number; got 6.5; // divides without"),
        (dict(size=5, kernel=3.0), TypeError, "kernel must be a whole number; got 3.0; // divides without"),
        (dict(size=5, kernel=True), TypeError, "kernel must be a whole number; got True"),
        (dict(size=5, kernel=np.True_), TypeError, "kernel must be a whole number; got"),
        (dict(size=5, kernel=None), TypeError, "kernel must be a whole number; got None"),
        (dict(size="5", kernel=3), TypeError, "size must be a whole number; got '5'"),
        (
            dict(size=5, kernel=(3, 3)),
            TypeError,
            "kernel must be a whole number; got (3, 3); one axis takes one number",
        ),
        (dict(size=5, kernel=3, padding=0.5), TypeError, "padding must be a whole number; got 0.5"),
        (
            dict(size=5, kernel=3, padding="full"),
            ValueError,
            "padding must be 'valid', 'same', a number of zeros or a pair (before, after); got 'full'",
        ),
        (dict(size=5, kernel=3, padding="SAME"), ValueError, "got 'SAME'"),
        (
            dict(size=5, kernel=3, padding=(1, 1, 1)),
            ValueError,
            "padding must be a number or a pair (before, after); got (1, 1, 1)",
        ),
        (
            dict(size=(5, 5), kernel=3, padding=(1, 1)),
            ValueError,
            "two pairs ((top, bottom), (left, right)); got (1, 1)",
        ),
        (
            dict(size=(5, 5), kernel=3, padding=((1, 1),)),
            ValueError,
            "two pairs ((top, bottom), (left, right)); got ((1, 1),)",
        ),
        (
            dict(size=(300, 451, 3), kernel=3),
            ValueError,
            "size must be a number or a pair (height, width); got (300, 451, 3); leave the channels out",
        ),
        (
            dict(size=(5, 5), kernel=(3, 3, 3, 3)),
            ValueError,
            "kernel must be a number or a pair (height, width); got (3, 3,",
        ),
        (
            dict(size=5, kernel=7),
            ValueError,
            "the kernel (7) is larger than the image (5 + 0 padding): use padding='same', "
            "a smaller kernel or dilation, or a larger image",
        ),
        (
            dict(size=5, kernel=7, padding=(1, 0), dilation=2),
            ValueError,
            "the kernel (7, dilated to 13) is larger than the image (5 + 1 padding)",
        ),
    ],
)
def test_output_size_explains_mistakes(arguments, error, text):
    with raises(error, text):
        output_size(**arguments)


def test_same_padding_puts_the_extra_zero_after():
    assert same_padding(6, 2) == (0, 1)
    assert same_padding(6, 3, stride=2) == (0, 1)
    assert same_padding(7, 3, stride=2) == (1, 1)
    assert same_padding(8, 1, stride=3) == (0, 0)
    assert same_padding(10, 3, dilation=4) == (4, 4)
    with raises(ValueError, "stride must be at least 1; got 0"):
        same_padding(6, 3, stride=0)
    with raises(TypeError, "size must be a whole number; got (6, 6); one axis takes one number"):
        same_padding((6, 6), 3)


def test_zeros_around_puts_every_padding_into_numbers():
    assert zeros_around(6, 3) == (0, 0)
    assert zeros_around(6, 3, padding=4) == (4, 4)
    assert zeros_around(6, 3, padding=(2, 0)) == (2, 0)
    assert zeros_around((6, 7), 3, 2, "same") == ((0, 1), (1, 1))
    assert zeros_around((6, 7), 3, padding=((1, 2), (3, 4))) == ((1, 2), (3, 4))


def test_whole_and_pair():
    assert whole("n", 0, least=0) == 0 and pair("n", [1, 2]) == (1, 2)
    with raises(ValueError, "n must be at least 3; got 2"):
        whole("n", 2, least=3)


# ---------------------------------------------------------------------------------- one layer


def test_parameters_and_multiplications_of_the_lectures():
    assert conv_multiplications((28, 28), 3, 256, 192) == 346_816_512 == 28 * 28 * 192 * 3 * 3 * 256
    narrow = conv_multiplications((28, 28), 1, 256, 128), conv_multiplications((28, 28), (3, 3), 128, 192)
    assert narrow == (25_690_112, 173_408_256) and sum(narrow) == 199_098_368
    assert [
        conv_parameters(3, 1, 32),
        conv_parameters(3, 32, 64),
        dense_parameters(11 * 11 * 64, 64),
        dense_parameters(64, 10),
    ] == [320, 18_496, 495_680, 650]


def test_counts_of_one_layer_by_hand():
    assert conv_parameters(3, 2, 5, bias=False) == 90
    assert conv_parameters((3, 4), 2, 5) == 125
    assert conv_parameters((7,), 2, 5) == 75
    assert conv_multiplications(10, 7, 2, 5) == conv_multiplications(10, (7,), 2, 5) == 700
    assert conv_multiplications((4, 5), (2, 3), 7, 11) == 4 * 5 * 2 * 3 * 7 * 11
    assert dense_parameters(3, 4) == 16 and dense_parameters(3, 4, bias=False) == dense_multiplications(3, 4) == 12


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: conv_parameters(0, 3, 8), ValueError, "kernel must be at least 1; got 0"),
        (lambda: conv_parameters(3, 0, 8), ValueError, "channels_in must be at least 1; got 0"),
        (lambda: conv_parameters(3, 3, 8.5), TypeError, "filters must be a whole number; got 8.5"),
        (
            lambda: conv_multiplications((28, 28, 64), 3, 3, 64),
            ValueError,
            "output must be a number or a pair (height, width); got (28, 28, 64); leave the channels out",
        ),
        (
            lambda: conv_multiplications(28, (3, 3), 3, 64),
            ValueError,
            "kernel must have as many axes as output (28,); got (3, 3)",
        ),
        (lambda: conv_multiplications((28, 28), 3, 3, 0), ValueError, "filters must be at least 1; got 0"),
        (lambda: dense_parameters(0, 4), ValueError, "inputs must be at least 1; got 0"),
        (lambda: dense_multiplications(4, "4"), TypeError, "units must be a whole number; got '4'"),
    ],
)
def test_counts_of_one_layer_explain_mistakes(call, error, text):
    with raises(error, text):
        call()


# ---------------------------------------------------------------------------------- receptive fields


def test_receptive_fields_as_published():
    assert receptive_field([]) == ReceptiveField(1, 1)
    assert receptive_field([(3, 1)] * 2) == (5, 1)
    assert receptive_field([(3, 1)] * 3) == (7, 1)
    assert receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]) == (15, 1)
    blocks = [[(3, 1)] * convolutions + [(2, 2)] for convolutions in (2, 2, 3, 3, 3)]
    assert receptive_field(sum(blocks, [])) == ReceptiveField(size=212, stride=32)  # VGG16, Araujo et al. 2019, table
    assert receptive_field(sum(blocks, [])[:-1]) == (196, 16)


def test_receptive_field_agrees_with_nudging_every_pixel():
    """Row r of the identity nudges pixel r alone, so column c of the result shows which pixels value c sees."""
    random = np.random.default_rng(7)
    strides = set()
    for _ in range(40):
        stack = [tuple(int(n) for n in random.integers(1, (5, 4, 4))) for _ in range(random.integers(1, 5))]
        field = receptive_field(stack)
        response = np.eye(field.size + field.stride, dtype=int)
        for kernel, stride, dilation in stack:
            response = reference.correlate2d(response, np.ones((1, kernel), int), (1, stride), dilation=(1, dilation))
        seen = [np.flatnonzero(column) for column in response.T]
        assert len(seen) == 2, stack
        assert [pixels[-1] - pixels[0] + 1 for pixels in seen] == [field.size, field.size], stack
        assert seen[1][0] - seen[0][0] == field.stride, stack
        strides.add(field.stride)
    assert len(strides) > 4


@pytest.mark.parametrize(
    "stack, error, text",
    [
        ([(3, 1), 3], ValueError, "layer 2 must be (kernel, stride) or (kernel, stride, dilation); got 3"),
        ([(3,)], ValueError, "layer 1 must be (kernel, stride) or (kernel, stride, dilation); got (3,)"),
        ([(3, 0)], ValueError, "stride of layer 1 must be at least 1; got 0"),
        ([(0, 1)], ValueError, "kernel of layer 1 must be at least 1; got 0"),
        ([(3, 1, 0)], ValueError, "dilation of layer 1 must be at least 1; got 0"),
        ([(3, 1), (2.0, 2)], TypeError, "kernel of layer 2 must be a whole number; got 2.0"),
    ],
)
def test_receptive_field_explains_mistakes(stack, error, text):
    with raises(error, text):
        receptive_field(stack)


# ---------------------------------------------------------------------------------- the module


def test_examples_in_the_docstrings():
    failed, attempted = doctest.testmod(counting)
    assert failed == 0 and attempted >= 9


def test_importing_loads_neither_numpy_nor_keras(tmp_path):
    folder = str(Path(counting.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); import course_utils.counting; "
        "print(sorted({'numpy', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
