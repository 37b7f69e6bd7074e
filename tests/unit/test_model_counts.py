"""Counts of whole models, compared with layers that are run, with papers and with the second lecture."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils import counting, model_counts, runtime
from course_utils.counting import conv_multiplications, conv_parameters, dense_multiplications
from course_utils.model_counts import LayerCount, by_layer, multiplications, parameters

with runtime.quiet():
    import keras
    from keras import layers


def raises(error, text):
    return pytest.raises(error, match=re.escape(text))


def test_model_of_the_second_lecture():
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
    rows = by_layer(model)
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
    assert parameters(model) == sum(row.parameters for row in rows) == 515_146
    assert multiplications(model) == sum(row.multiplications for row in rows)
    assert isinstance(rows[0], LayerCount)


def test_vgg16_with_its_base_nested():
    """The head is built here with zeros: drawing its 124 million random weights takes three seconds."""
    base = keras.applications.VGG16(weights=None, include_top=False)
    head = [layers.Dense(n, kernel_initializer="zeros") for n in (4096, 4096, 1000)]
    model = keras.Sequential([keras.Input((224, 224, 3)), base, layers.Flatten(), *head])
    rows = by_layer(model)
    assert parameters(model) == sum(row.parameters for row in rows) == 138_357_544
    conv = sum(row.multiplications for row in rows if row.kind == "Conv2D")
    dense = sum(row.multiplications for row in rows if row.kind == "Dense")
    assert (conv, dense) == (15_346_630_656, 123_633_664)
    assert conv + dense == multiplications(model) == 15_470_264_320
    assert rows[0].name == "vgg16/block1_conv1" and rows[0].output_shape == (224, 224, 64)
    assert multiplications(base, (224, 224, 3)) == conv
    assert multiplications(base, (112, 112, 3)) * 4 == conv
    with raises(ValueError, "takes inputs of any size, [(None, None, 3)]: say which one to count, for instance input"):
        by_layer(base)


def test_mobilenet_as_published():
    """Howard et al. 2017, table 4: 569 million multiply-adds, 4.2 million parameters."""
    model = keras.applications.MobileNet(weights=None)
    assert parameters(model) == 4_253_864
    assert multiplications(model) == 568_740_352


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
def test_an_image_of_ones_counts_the_multiplications(shape, kind, arguments):
    """Where every pixel and every weight is 1, each product adds 1: the sum over the result is their number."""
    layer = getattr(layers, kind)(**arguments)
    model = keras.Sequential([keras.Input(shape), layer])
    counted = float(keras.ops.sum(layer(np.ones((1, *shape), "float32"))))
    assert counted > 0 and multiplications(model) == counted


@pytest.mark.parametrize("dimensions, side", [(1, 16), (2, 9)])
def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one(dimensions, side):
    settings = dict(strides=2, depth_multiplier=2, padding="same", use_bias=False)
    inputs = keras.Input((side,) * dimensions + (3,))
    separable = getattr(layers, f"SeparableConv{dimensions}D")(8, 3, **settings)(inputs)
    depthwise = getattr(layers, f"DepthwiseConv{dimensions}D")(3, **settings)(inputs)
    pointwise = getattr(layers, f"Conv{dimensions}D")(8, 1, use_bias=False)(depthwise)
    assert multiplications(keras.Model(inputs, separable)) == multiplications(keras.Model(inputs, pointwise))
    assert parameters(keras.Model(inputs, separable)) == parameters(keras.Model(inputs, pointwise))


def test_padding_zeros_count_like_pixels_and_layouts_agree():
    last = keras.Sequential([keras.Input((9, 11, 4)), layers.Conv2D(7, 3, strides=2, padding="same")])
    first = keras.Sequential(
        [keras.Input((4, 9, 11)), layers.Conv2D(7, 3, strides=2, padding="same", data_format="channels_first")]
    )
    assert multiplications(last) == multiplications(first) == conv_multiplications((5, 6), 3, 4, 7)
    causal = keras.Sequential([keras.Input((20, 2)), layers.Conv1D(3, 5, padding="causal")])
    assert multiplications(causal) == conv_multiplications(20, 5, 2, 3)


def test_pooling_activation_normalisation_and_augmentation_are_free():
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
    assert multiplications(model) == 0
    by_kind = {row.kind: row.parameters for row in by_layer(model)}
    assert by_kind["BatchNormalization"] == 12 and by_kind["PReLU"] == 4 * 4 * 3
    assert sum(by_kind.values()) == parameters(model) == model.count_params()


def test_a_shared_layer_costs_twice_and_weighs_once():
    left, right = keras.Input((8, 8, 3)), keras.Input((6, 6, 3))
    conv, pool = layers.Conv2D(4, 3, name="shared"), layers.GlobalAveragePooling2D()
    model = keras.Model([left, right], layers.Dense(2)(pool(conv(left)) + pool(conv(right))))
    shared = [row for row in by_layer(model) if row.name == "shared"]
    assert sorted(row.output_shape for row in shared) == [(4, 4, 4), (6, 6, 4)]
    assert [row.parameters for row in shared] == [conv_parameters(3, 3, 4), 0]
    assert {row.output_shape: row.multiplications for row in shared} == {
        (6, 6, 4): conv_multiplications((6, 6), 3, 3, 4),
        (4, 4, 4): conv_multiplications((4, 4), 3, 3, 4),
    }
    assert sum(row.parameters for row in by_layer(model)) == parameters(model) == model.count_params()
    with raises(ValueError, "input_shape is for models of one input"):
        by_layer(model, (8, 8, 3))


def test_a_nested_model_called_twice_at_two_sizes():
    inner = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D()], name="inner"
    )
    middle_inputs = keras.Input((None, None, 3))
    middle = keras.Model(middle_inputs, inner(middle_inputs), name="middle")
    image = keras.Input((12, 12, 3))
    model = keras.Model(image, layers.Concatenate()([middle(image), middle(layers.AveragePooling2D(2)(image))]))
    model.compile(loss=lambda truth, predicted: 0.0)
    rows = [row for row in by_layer(model) if row.kind == "Conv2D"]
    assert {row.name for row in rows} == {"middle/inner/conv"}
    assert sorted(row.output_shape for row in rows) == [(4, 4, 4), (10, 10, 4)]
    assert multiplications(model) == sum(conv_multiplications((n, n), 3, 3, 4) for n in (10, 4))
    assert sum(row.parameters for row in by_layer(model)) == 112


def test_part_of_a_graph_counts_only_that_part():
    image = keras.Input((8, 8, 3))
    features = layers.Conv2D(4, 3)(image)
    whole_model = keras.Model(image, layers.Dense(2)(layers.Flatten()(features)))
    assert multiplications(keras.Model(image, features)) == conv_multiplications((6, 6), 3, 3, 4)
    assert multiplications(whole_model) == conv_multiplications((6, 6), 3, 3, 4) + 6 * 6 * 4 * 2


def test_a_model_of_several_named_inputs(recwarn):
    inputs = {"a": keras.Input((4,), name="a"), "b": keras.Input((3,), name="b")}
    model = keras.Model(inputs, layers.Dense(2)(inputs["a"]) + layers.Dense(2, use_bias=False)(inputs["b"]))
    assert multiplications(model) == 4 * 2 + 3 * 2
    outer = {"a": keras.Input((4,), name="a"), "b": keras.Input((3,), name="b")}
    assert multiplications(keras.Model(outer, model(outer))) == 14
    assert not recwarn.list


def test_counting_leaves_the_model_and_the_automatic_names_alone(recwarn):
    def fresh_numbers():
        image = keras.Input((2,))
        model = keras.Model(image, layers.Dense(1)(image))
        return [int(part.name.rpartition("_")[2]) for part in (model, *model.layers)]

    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten()])
    model.compile(loss="mse")
    config, output, weights = model.get_config(), model.layers[0].output, model.get_weights()
    fresh_numbers()
    numbers = fresh_numbers()
    by_layer(model)
    assert fresh_numbers() == [number + 1 for number in numbers]
    assert model.get_config() == config and model.layers[0].output is output and model.compiled
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights()))
    assert not recwarn.list


def test_input_shape_must_fit_the_model():
    fixed = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    assert by_layer(fixed, (28, 28, 1)) == by_layer(fixed)
    for wrong in ((32, 32, 1), (28, 28, 3), (28, 28), (1, 28, 28, 1)):
        with raises(ValueError, f"input_shape {wrong} does not fit the model, which takes (28, 28, 1)"):
            by_layer(fixed, wrong)
    with raises(TypeError, "input_shape must be a whole number; got None"):
        by_layer(fixed, (None, 28, 1))


def test_an_unknown_size_inside_the_model_is_an_error():
    image = keras.Input((8, 8, 3))
    vague = layers.Lambda(lambda x: x, output_shape=(None, None, 3))(image)
    with raises(ValueError, "layer 'after_lambda' (Conv2D) has an output of unknown size (None, None)"):
        by_layer(keras.Model(image, layers.Conv2D(2, 3, name="after_lambda")(vague)))


def test_models_that_cannot_be_counted_say_why():
    class Own(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return self.dense(self.dense(inputs))

    own = Own(name="own")
    with raises(ValueError, "model 'own' is not built"):
        parameters(own)
    own(np.ones((1, 2), "float32"))
    assert parameters(own) == 6
    with raises(ValueError, "model 'own' (Own) computes in a call method of its own"):
        by_layer(own)
    nested = keras.Sequential([keras.Input((2,)), own])
    with raises(ValueError, "model 'own' (Own) computes in a call method of its own"):
        by_layer(nested)
    with raises(ValueError, "is not built, so its weights do not exist yet: begin it with keras.Input("):
        by_layer(keras.Sequential([layers.Dense(2)]))
    with raises(TypeError, "model must be a keras.Model; got Dense"):
        by_layer(layers.Dense(2))
    with raises(TypeError, "model must be a keras.Model; got str"):
        parameters("vgg16")


def test_a_functional_model_with_a_call_or_weights_of_its_own():
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
        by_layer(Twice(inputs, outputs))
    with raises(ValueError, "5 parameters of model 'heavy' belong to none of its layers' calls"):
        by_layer(Weighted(inputs, outputs, name="heavy"))


def test_a_layer_of_unknown_cost_is_refused_not_counted_as_nothing():
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
        by_layer(keras.Sequential([keras.Input((4,)), Mix(name="mixer")]))
    with raises(ValueError, "(TimeDistributed) holds weights of shape (4, 3)"):
        by_layer(keras.Sequential([keras.Input((7, 4)), layers.TimeDistributed(layers.Dense(3))]))
    assert by_layer(keras.Sequential([keras.Input((4,)), Scale(name="s")])) == [LayerCount("s", "Scale", (4,), 4, 0)]


def test_a_nested_model_that_is_called_twice_has_rows_for_both_calls_and_leaves_names_alone():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="dense")], name="inner")
    image = keras.Input((4,))
    model = keras.Model(image, inner(inner(image)), name="outer")
    number = int(keras.Model(image, image).name.rpartition("_")[2])
    assert [(row.name, row.parameters) for row in by_layer(model)] == [("inner/dense", 20), ("inner/dense", 0)]
    assert int(keras.Model(image, image).name.rpartition("_")[2]) == number + 1


def test_the_names_of_the_first_edition_still_work():
    assert counting.model_counts is by_layer
    assert counting.model_parameters is parameters and counting.model_multiplications is multiplications
    with pytest.raises(AttributeError, match="course_utils.counting has no 'model_count'"):
        _ = counting.model_count


def test_examples_in_the_docstrings():
    failed, attempted = doctest.testmod(model_counts)
    assert failed == 0 and attempted >= 7


def test_no_private_keras():
    for module in ("model_counts", "graphs"):
        source = Path(model_counts.__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
        assert "keras.src" not in source
        assert not re.search(r"\b(?:keras|k|model|layer|graph|tensor)\._[a-z]", source)
