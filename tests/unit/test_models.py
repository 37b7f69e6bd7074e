"""The shared networks against counts by `counting`, by the paper and by Keras, and what they refuse."""

import numpy as np
import pytest

from course_utils import counting, models, runtime

with runtime.quiet():
    import keras


def test_shallow_vgg_has_the_parameters_of_its_layers():
    convolutions = sum(counting.conv_parameters(3, *pair) for pair in [(3, 32), (32, 32), (32, 64), (64, 64)])
    dense = counting.dense_parameters(8 * 8 * 64, 512) + counting.dense_parameters(512, 10)
    assert models.shallow_vgg().count_params() == convolutions + dense == 2_168_362


def test_the_three_block_convnet_has_the_parameters_of_its_layers():
    convolutions = sum(counting.conv_parameters(3, *pair) for pair in [(3, 32), (32, 32), (32, 64)])
    dense = counting.dense_parameters(17 * 17 * 64, 64) + counting.dense_parameters(64, 1)
    assert models.three_block_convnet().count_params() == convolutions + dense == 1_212_513


@pytest.mark.parametrize(
    "builder, smallest", [(models.shallow_vgg, 4), (models.three_block_convnet, 22), (models.googlenet, 32)]
)
@pytest.mark.parametrize("classes, units, activation", [(2, 1, "sigmoid"), (3, 3, "softmax")])
def test_heads_follow_the_number_of_classes(builder, smallest, classes, units, activation):
    model = builder((smallest, smallest, 1), classes)
    assert model.output_shape == (None, units) and model.layers[-1].activation is keras.activations.get(activation)
    assert not model.compiled
    probabilities = model.predict(np.zeros((2, smallest, smallest, 1), "float32"), verbose=0)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_two_classes_have_one_unit_and_more_have_one_each():
    assert models.head_for(2) == (1, "sigmoid", "binary_crossentropy")
    assert models.head_for(10) == (10, "softmax", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="classes must be at least 2; got 1"):
        models.head_for(1)


def test_googlenet_has_the_papers_shapes_and_parameters():
    """Output sizes of table 1 of the paper; the parameters are those of its published weights (Caffe's bvlc_googlenet)."""
    network = models.googlenet()
    assert network.count_params() == 6_998_552
    paper = {
        "conv1": (112, 112, 64),
        "pool1": (56, 56, 64),
        "conv2": (56, 56, 192),
        "pool2": (28, 28, 192),
        "3a": (28, 28, 256),
        "3b": (28, 28, 480),
        "4a": (14, 14, 512),
        "4b": (14, 14, 512),
        "4c": (14, 14, 512),
        "4d": (14, 14, 528),
        "4e": (14, 14, 832),
        "5a": (7, 7, 832),
        "5b": (7, 7, 1024),
    }
    assert {name: network.get_layer(name).output.shape[1:] for name in paper} == paper
    assert network.get_layer("features").output.shape == (None, 1024)


def test_an_inception_module_stacks_its_four_branches_in_order():
    inputs = keras.Input((6, 6, 5))
    model = keras.Model(inputs, models.inception_module(inputs, (2, 3, 4, 1, 3, 6), "m"))
    image = np.random.default_rng(0).random((1, 6, 6, 5), "float32")
    whole = model(image).numpy()
    assert whole.shape == (1, 6, 6, 2 + 4 + 3 + 6)
    branches = ("m_1x1", "m_3x3", "m_5x5", "m_pool_1x1")
    parts = keras.Model(inputs, [model.get_layer(name).output for name in branches])(image)
    assert np.array_equal(whole, np.concatenate(parts, axis=-1))
    assert model.count_params() == 5 * 2 + 2 + 5 * 3 + 3 + 9 * 3 * 4 + 4 + 5 * 1 + 1 + 25 * 1 * 3 + 3 + 5 * 6 + 6


def test_googlenet_takes_an_array_without_a_warning(recwarn):
    """A model made from a list of one input makes Keras warn when it is called with an array."""
    assert models.googlenet((32, 32, 3))(np.zeros((1, 32, 32, 3), "float32")).shape == (1, 1000)
    assert not [str(warning.message) for warning in recwarn if "structure" in str(warning.message)]
