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
    LayerCount,
    ReceptiveField,
    conv_multiplications,
    conv_parameters,
    dense_multiplications,
    dense_parameters,
    model_counts,
    model_multiplications,
    model_parameters,
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
            "kernel (3, 3) and output (28,) must have the same",
        ),
        (lambda: conv_multiplications((28, 28), 3, 3, 0), ValueError, "filters must be at least 1; got 0"),
        (lambda: dense_parameters(0, 4), ValueError, "inputs must be at least 1; got 0"),
        (lambda: dense_multiplications(4, "4"), TypeError, "units must be a whole number; got '4'"),
    ],
)
def test_counts_of_one_layer_explain_mistakes(call, error, text):
    with raises(error, text):
        call()


# ---------------------------------------------------------------------------------- whole models


def test_model_of_the_second_lecture(keras, layers):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    rows = model_counts(model)
    assert [row.parameters for row in rows] == [320, 0, 18_496, 0, 495_680, 650]
    assert [row.output_shape for row in rows] == [(26, 26, 32), (13, 13, 32), (11, 11, 64), (7744,), (64,), (10,)]
    assert [row.kind for row in rows] == ["Conv2D", "MaxPooling2D", "Conv2D", "Flatten", "Dense", "Dense"]
    assert [row.name for row in rows] == [layer.name for layer in model.layers]
    assert [row.multiplications for row in rows] == [
        conv_multiplications((26, 26), 3, 1, 32),
        0,
        conv_multiplications((11, 11), 3, 32, 64),
        0,
        dense_multiplications(7744, 64),
        dense_multiplications(64, 10),
    ]
    assert model_parameters(model) == sum(row.parameters for row in rows) == 515_146
    assert model_multiplications(model) == sum(row.multiplications for row in rows)
    assert isinstance(rows[0], LayerCount)


def test_vgg16_with_its_base_nested(keras, layers):
    """The head is built here with zeros: drawing its 124 million random weights takes three seconds."""
    base = keras.applications.VGG16(weights=None, include_top=False)
    head = [layers.Dense(n, kernel_initializer="zeros") for n in (4096, 4096, 1000)]
    model = keras.Sequential([keras.Input((224, 224, 3)), base, layers.Flatten(), *head])
    rows = model_counts(model)
    assert model_parameters(model) == sum(row.parameters for row in rows) == 138_357_544
    conv = sum(row.multiplications for row in rows if row.kind == "Conv2D")
    dense = sum(row.multiplications for row in rows if row.kind == "Dense")
    assert (conv, dense) == (15_346_630_656, 123_633_664)
    assert conv + dense == model_multiplications(model) == 15_470_264_320
    assert rows[0].name == "vgg16/block1_conv1" and rows[0].output_shape == (224, 224, 64)
    assert model_multiplications(base, (224, 224, 3)) == conv
    assert model_multiplications(base, (112, 112, 3)) * 4 == conv
    with raises(ValueError, "takes inputs of any size, [(None, None, 3)]: say which one to count, for instance input"):
        model_counts(base)


def test_mobilenet_as_published(keras):
    """Howard et al. 2017, table 4: 569 million multiply-adds, 4.2 million parameters."""
    model = keras.applications.MobileNet(weights=None)
    assert model_parameters(model) == 4_253_864
    assert model_multiplications(model) == 568_740_352


ONES = dict(use_bias=False, kernel_initializer="ones")
DEPTHS = dict(use_bias=False, depthwise_initializer="ones")


@pytest.mark.parametrize(
    "shape, kind, arguments",
    [
        ((17, 3), "Conv1D", dict(filters=4, kernel_size=5, strides=2, **ONES)),
        ((17, 3), "Conv1D", dict(filters=4, kernel_size=5, dilation_rate=3, **ONES)),
        ((9, 11, 4), "Conv2D", dict(filters=6, kernel_size=(2, 3), strides=(2, 1), **ONES)),
        ((9, 11, 4), "Conv2D", dict(filters=6, kernel_size=3, groups=2, **ONES)),
        ((9, 11, 4), "Conv2D", dict(filters=6, kernel_size=3, dilation_rate=2, **ONES)),
        ((5, 6, 7, 2), "Conv3D", dict(filters=3, kernel_size=(2, 3, 2), **ONES)),
        ((17, 3), "DepthwiseConv1D", dict(kernel_size=4, depth_multiplier=2, **DEPTHS)),
        ((9, 11, 4), "DepthwiseConv2D", dict(kernel_size=3, strides=2, depth_multiplier=3, **DEPTHS)),
        ((9, 3), "Conv1DTranspose", dict(filters=4, kernel_size=3, strides=2, **ONES)),
        ((5, 6, 3), "Conv2DTranspose", dict(filters=4, kernel_size=(3, 2), strides=2, **ONES)),
        ((3, 4, 2, 3), "Conv3DTranspose", dict(filters=2, kernel_size=2, strides=2, **ONES)),
        ((5,), "Dense", dict(units=7, **ONES)),
        ((4, 6, 5), "Dense", dict(units=7, **ONES)),
    ],
)
def test_an_image_of_ones_counts_the_multiplications(keras, layers, shape, kind, arguments):
    """Where every pixel and every weight is 1, each product adds 1: the sum over the result is their number."""
    layer = getattr(layers, kind)(**arguments)
    model = keras.Sequential([keras.Input(shape), layer])
    counted = float(keras.ops.sum(layer(np.ones((1, *shape), "float32"))))
    assert counted > 0 and model_multiplications(model) == counted


@pytest.mark.parametrize("dimensions, side", [(1, 16), (2, 9)])
def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one(keras, layers, dimensions, side):
    settings = dict(strides=2, depth_multiplier=2, padding="same", use_bias=False)
    inputs = keras.Input((side,) * dimensions + (3,))
    separable = getattr(layers, f"SeparableConv{dimensions}D")(8, 3, **settings)(inputs)
    depthwise = getattr(layers, f"DepthwiseConv{dimensions}D")(3, **settings)(inputs)
    pointwise = getattr(layers, f"Conv{dimensions}D")(8, 1, use_bias=False)(depthwise)
    assert model_multiplications(keras.Model(inputs, separable)) == model_multiplications(
        keras.Model(inputs, pointwise)
    )
    assert model_parameters(keras.Model(inputs, separable)) == model_parameters(keras.Model(inputs, pointwise))


def test_padding_zeros_count_like_pixels_and_layouts_agree(keras, layers):
    last = keras.Sequential([keras.Input((9, 11, 4)), layers.Conv2D(7, 3, strides=2, padding="same")])
    first = keras.Sequential(
        [keras.Input((4, 9, 11)), layers.Conv2D(7, 3, strides=2, padding="same", data_format="channels_first")]
    )
    assert model_multiplications(last) == model_multiplications(first) == conv_multiplications((5, 6), 3, 4, 7)
    causal = keras.Sequential([keras.Input((20, 2)), layers.Conv1D(3, 5, padding="causal")])
    assert model_multiplications(causal) == conv_multiplications(20, 5, 2, 3)


def test_pooling_activation_normalisation_and_augmentation_are_free(keras, layers):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.RandomFlip(),
            layers.Rescaling(1 / 255),
            layers.Normalization(),
            layers.AveragePooling2D(2),
            layers.BatchNormalization(),
            layers.LayerNormalization(axis=(1, 2, 3)),
            layers.GroupNormalization(3),
            layers.PReLU(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Softmax(),
        ]
    )
    assert model_multiplications(model) == 0
    by_kind = {row.kind: row.parameters for row in model_counts(model)}
    assert by_kind["BatchNormalization"] == 12 and by_kind["PReLU"] == 4 * 4 * 3
    assert sum(by_kind.values()) == model_parameters(model) == model.count_params()


def test_a_shared_layer_costs_twice_and_weighs_once(keras, layers):
    left, right = keras.Input((8, 8, 3)), keras.Input((6, 6, 3))
    conv, pool = layers.Conv2D(4, 3, name="shared"), layers.GlobalAveragePooling2D()
    model = keras.Model([left, right], layers.Dense(2)(pool(conv(left)) + pool(conv(right))))
    shared = [row for row in model_counts(model) if row.name == "shared"]
    assert sorted(row.output_shape for row in shared) == [(4, 4, 4), (6, 6, 4)]
    assert [row.parameters for row in shared] == [conv_parameters(3, 3, 4), 0]
    assert {row.output_shape: row.multiplications for row in shared} == {
        (6, 6, 4): conv_multiplications((6, 6), 3, 3, 4),
        (4, 4, 4): conv_multiplications((4, 4), 3, 3, 4),
    }
    assert sum(row.parameters for row in model_counts(model)) == model_parameters(model) == model.count_params()
    with raises(ValueError, "input_shape is for models of one input"):
        model_counts(model, (8, 8, 3))


def test_a_nested_model_called_twice_at_two_sizes(keras, layers):
    inner = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D()], name="inner"
    )
    middle_inputs = keras.Input((None, None, 3))
    middle = keras.Model(middle_inputs, inner(middle_inputs), name="middle")
    image = keras.Input((12, 12, 3))
    model = keras.Model(image, layers.Concatenate()([middle(image), middle(layers.AveragePooling2D(2)(image))]))
    model.compile(loss=lambda truth, predicted: 0.0)
    rows = [row for row in model_counts(model) if row.kind == "Conv2D"]
    assert {row.name for row in rows} == {"middle/inner/conv"}
    assert sorted(row.output_shape for row in rows) == [(4, 4, 4), (10, 10, 4)]
    assert model_multiplications(model) == sum(conv_multiplications((n, n), 3, 3, 4) for n in (10, 4))
    assert sum(row.parameters for row in model_counts(model)) == 112


def test_part_of_a_graph_counts_only_that_part(keras, layers):
    image = keras.Input((8, 8, 3))
    features = layers.Conv2D(4, 3)(image)
    whole_model = keras.Model(image, layers.Dense(2)(layers.Flatten()(features)))
    assert model_multiplications(keras.Model(image, features)) == conv_multiplications((6, 6), 3, 3, 4)
    assert model_multiplications(whole_model) == conv_multiplications((6, 6), 3, 3, 4) + 6 * 6 * 4 * 2


def test_a_model_of_several_named_inputs(keras, layers):
    inputs = {"a": keras.Input((4,), name="a"), "b": keras.Input((3,), name="b")}
    model = keras.Model(inputs, layers.Dense(2)(inputs["a"]) + layers.Dense(2, use_bias=False)(inputs["b"]))
    assert model_multiplications(model) == 4 * 2 + 3 * 2
    outer = {"a": keras.Input((4,), name="a"), "b": keras.Input((3,), name="b")}
    assert model_multiplications(keras.Model(outer, model(outer))) == 14


def test_counting_leaves_the_model_and_the_automatic_names_alone(keras, layers, recwarn):
    def fresh_numbers():
        image = keras.Input((2,))
        model = keras.Model(image, layers.Dense(1)(image))
        return [int(part.name.rpartition("_")[2]) for part in (model, *model.layers)]

    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten()])
    model.compile(loss="mse")
    config, output, weights = model.get_config(), model.layers[0].output, model.get_weights()
    fresh_numbers()
    numbers = fresh_numbers()
    model_counts(model)
    assert fresh_numbers() == [number + 1 for number in numbers]
    assert model.get_config() == config and model.layers[0].output is output and model.compiled
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights()))
    assert not recwarn.list


def test_input_shape_must_fit_the_model(keras, layers):
    fixed = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    assert model_counts(fixed, (28, 28, 1)) == model_counts(fixed)
    for wrong in ((32, 32, 1), (28, 28, 3), (28, 28), (1, 28, 28, 1)):
        with raises(ValueError, f"input_shape {wrong} does not fit the model, which takes (28, 28, 1)"):
            model_counts(fixed, wrong)
    with raises(TypeError, "input_shape must be a whole number; got None"):
        model_counts(fixed, (None, 28, 1))


def test_an_unknown_size_inside_the_model_is_an_error(keras, layers):
    image = keras.Input((8, 8, 3))
    vague = layers.Lambda(lambda x: x, output_shape=(None, None, 3))(image)
    with raises(ValueError, "layer 'after_lambda' (Conv2D) has an output of unknown size (None, None)"):
        model_counts(keras.Model(image, layers.Conv2D(2, 3, name="after_lambda")(vague)))


def test_models_that_cannot_be_counted_say_why(keras, layers):
    class Own(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return self.dense(self.dense(inputs))

    own = Own(name="own")
    with raises(ValueError, "model 'own' is not built"):
        model_parameters(own)
    own(np.ones((1, 2), "float32"))
    assert model_parameters(own) == 6
    with raises(ValueError, "model 'own' (Own) computes in a call method of its own"):
        model_counts(own)
    nested = keras.Sequential([keras.Input((2,)), own])
    with raises(ValueError, "model 'own' (Own) computes in a call method of its own"):
        model_counts(nested)
    with raises(ValueError, "is not built, so its weights do not exist yet: begin it with keras.Input("):
        model_counts(keras.Sequential([layers.Dense(2)]))
    with raises(TypeError, "model must be a keras.Model; got Dense"):
        model_counts(layers.Dense(2))
    with raises(TypeError, "model must be a keras.Model; got str"):
        model_parameters("vgg16")


def test_a_functional_model_with_a_call_or_weights_of_its_own(keras, layers):
    class Twice(keras.Model):
        def call(self, inputs):
            return super().call(super().call(inputs))

    class Weighted(keras.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = self.add_weight(shape=(5,))

    inputs = keras.Input((2,))
    outputs = layers.Dense(2)(inputs)
    with raises(ValueError, "(Twice) computes in a call method of its own"):
        model_counts(Twice(inputs, outputs))
    with raises(ValueError, "5 parameters of model 'heavy' belong to none of its layers' calls"):
        model_counts(Weighted(inputs, outputs, name="heavy"))


def test_a_layer_of_unknown_cost_is_refused_not_counted_as_nothing(keras, layers):
    class Mix(keras.layers.Layer):
        def build(self, shape):
            self.matrix = self.add_weight(shape=(shape[-1], 3))

        def call(self, inputs):
            return inputs @ self.matrix

    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(shape[-1],))

        def call(self, inputs):
            return inputs * self.scale

    with raises(
        ValueError, "layer 'mixer' (Mix) holds weights of shape (4, 3), and how it multiplies them is not known"
    ):
        model_counts(keras.Sequential([keras.Input((4,)), Mix(name="mixer")]))
    with raises(ValueError, "(TimeDistributed) holds weights of shape (4, 3)"):
        model_counts(keras.Sequential([keras.Input((7, 4)), layers.TimeDistributed(layers.Dense(3))]))
    assert model_counts(keras.Sequential([keras.Input((4,)), Scale(name="s")])) == [
        LayerCount("s", "Scale", (4,), 4, 0)
    ]


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
    assert failed == 0 and attempted >= 15


def test_importing_loads_neither_numpy_nor_keras(tmp_path):
    folder = str(Path(counting.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); import course_utils.counting; "
        "print(sorted({'numpy', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_private_keras():
    source = Path(counting.__file__).read_text(encoding="utf-8")
    assert "keras.src" not in source
    assert not re.search(r"\b(?:keras|k|model|layer|graph|tensor)\._[a-z]", source)
