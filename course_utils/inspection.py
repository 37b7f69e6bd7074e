"""What a trained network looks at: its activations, what excites its filters, and which pixels speak for a class (lesson 09).

Every function takes a Sequential or a functional model, also one with other models in it as layers, changes nothing in it,
and returns arrays; lessons draw them. Images are of shape (count, height, width, channels), as the model takes them.
"""

import itertools
from typing import NamedTuple

import numpy as np

from . import graphs
from .checks import nearest, whole
from .runtime import quiet

with quiet():
    import keras
    import tensorflow as tf

BATCH = 32  # images that go through the network at once


class Evidence(NamedTuple):
    """Where in each image the evidence for a class is.

    Attributes
    ----------
    maps : ndarray of shape (count, height, width), float32, 0 to 1
        Each divided by its own largest value. All zero where nothing speaks for the class.
    largest : ndarray of shape (count,), float32, 0 or more
        The largest value before the division. 0 says that there is no positive evidence; then the map has no maximum.
    classes : ndarray of shape (count,), int64
        The class that was asked for, or the one that the model chose.
    """

    maps: np.ndarray
    largest: np.ndarray
    classes: np.ndarray


class Excited(NamedTuple):
    """Images that excite filters.

    Attributes
    ----------
    images : ndarray of shape (filters, height, width, channels), float32
        Within `pixel_range`.
    activations : ndarray of shape (steps + 1, filters), float32
        The mean of each filter's map before the first and after every step.
    """

    images: np.ndarray
    activations: np.ndarray


def activations(model, images, layers):
    """What layers answer to images.

    Parameters
    ----------
    model : keras.Model
    images : array-like of shape (count, height, width, channels)
    layers : sequence of str
        Names of layers, also of those inside a nested model.

    Returns
    -------
    dict of str to ndarray, float32
        The outputs as in use (without dropout); of feature maps the shape is (count, height, width, filters).

    Raises
    ------
    ValueError
        For a name that no layer has, or images that the model does not take; the message says what is allowed.

    Examples
    --------
    >>> activations(model, images, ["conv2d"])["conv2d"].shape
    (12, 62, 62, 32)
    """
    images, names = _as_batch(model, images), [layers] if isinstance(layers, str) else list(layers)
    probe = _probe(model, [(_path_to(model, name), "output") for name in names])
    parts = [[array.numpy() for array in probe(batch, training=False)[:-1]] for batch in _batches(images)]
    return {name: np.concatenate(arrays).astype(np.float32) for name, arrays in zip(names, zip(*parts))}


def maximise_filter(model, layer, filters, steps=40, *, step=0.01, pixel_range=(0, 255), seed=0):
    """Images that excite filters, by gradient ascent from grey noise.

    Each step adds to each image the gradient of the mean of its filter's map, divided by the gradient's root mean square:
    so a step is as large for a filter with weak gradients as for one with strong ones.

    Parameters
    ----------
    model : keras.Model
    layer : str
        Name of a layer with feature maps, also inside a nested model.
    filters : sequence of int
        One image each, all computed in one batch.
    steps : int
        At least 1.
    step : float
        Root mean square of the change per step, as a share of the pixels' range.
    pixel_range : (float, float)
        Smallest and largest value of a pixel as the model takes them: images are clipped to it.
    seed : int

    Returns
    -------
    Excited
        A filter whose map is zero for the noise and all around it (a dead one) has no gradient, and its image stays noise.

    Raises
    ------
    ValueError
        For an unknown layer, one without feature maps, or a filter that it does not have.

    Notes
    -----
    Erhan, Bengio, Courville and Vincent, "Visualizing higher-layer features of a deep network", 2009.
    """
    path, filters = _path_to(model, layer), np.atleast_1d(np.asarray(filters))
    _check_maps(path[-1])
    count, (low, high) = path[-1].output.shape[-1], pixel_range
    if filters.dtype.kind not in "iu" or not len(filters) or filters.min() < 0 or filters.max() >= count:
        raise ValueError(
            f"filters must be whole numbers from 0 to {count - 1}, the filters of {layer!r}; got {filters.tolist()}"
        )
    whole("steps", steps, 1)
    probe = _probe(model, [(path, "output")], own_output=False)
    shape = (len(filters), *(side or 128 for side in model.input_shape[1:3]), model.input_shape[3])
    noise = np.random.default_rng(seed).uniform(0.49, 0.51, shape)  # weak, or it would hide the pattern
    images = tf.constant(low + (high - low) * noise, tf.float32)

    def excitation(images):
        (maps,) = keras.tree.flatten(probe(images, training=False))
        maps = tf.gather(maps, filters, axis=-1)
        return tf.linalg.diag_part(tf.reduce_mean(maps, axis=(1, 2)))  # of each image its own filter

    @tf.function(autograph=False)
    def climb(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            found = excitation(images)
        uphill = tape.gradient(found, images)
        length = tf.sqrt(tf.reduce_mean(uphill**2, axis=(1, 2, 3), keepdims=True))
        moved = images + step * (high - low) * tf.math.divide_no_nan(uphill, length)
        return tf.clip_by_value(moved, low, high), found

    history, climb = [], climb.get_concrete_function(tf.TensorSpec(images.shape))
    for _ in range(steps):
        images, found = climb(images)
        history.append(found.numpy())
    return Excited(images.numpy(), np.stack([*history, excitation(images).numpy()]))


def grad_cam(model, images, layer=None, class_index=None):
    """Class activation maps after Selvaraju and others: which places of a layer's maps raise the score of a class.

    With the maps A of the layer and the score y of the class, ``weight[k] = mean of dy/dA[k] over all places`` and
    ``map = ReLU(sum over k of weight[k] A[k])``. The score is what the last layer computes before softmax or sigmoid: from
    the inputs of a last dense layer, its kernel and its bias. (Probabilities near 1 have hardly any gradient.)

    Parameters
    ----------
    model : keras.Model
        With an output of shape (count, classes), or (count, 1) for two classes.
    images : array-like of shape (count, height, width, channels)
        An image of one colour is treated as any other: what its map shows is then the border's doing.
    layer : str, optional
        A layer with feature maps, also inside a nested model; by default the last one that does not pool: the last convolution, or
        what is behind it (normalization, addition, activation).
    class_index : int or sequence of int, optional
        One for all images or one each; by default the class that the model chooses. With a single unit, 1 asks for its
        score and 0 for minus its score.

    Returns
    -------
    Evidence
        Maps of the layer's height and width.

    Raises
    ------
    ValueError
        For an unknown layer, one without feature maps, a model without convolutions, a class that does not exist, or images
        that the model does not take.

    Notes
    -----
    Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", ICCV 2017, equations 1 and 2.

    Examples
    --------
    >>> found = grad_cam(model, images)
    >>> found.maps.shape
    (12, 7, 7)
    """
    return GradCam(model, layer)(images, class_index)


class GradCam:
    """`grad_cam` for many calls: what takes longest, TensorFlow's translation of the model, is done once.

    The model's weights may change between calls; its layers may not.

    Parameters
    ----------
    model, layer
        As `grad_cam` takes them.

    Raises
    ------
    ValueError
        For an unknown layer, one without feature maps, or a model without convolutions.

    Examples
    --------
    >>> explain = GradCam(model)
    >>> explain(images).maps.shape, explain(others, class_index=2).maps.shape
    ((12, 7, 7), (5, 7, 7))
    """

    def __init__(self, model, layer=None):
        path = _path_to(model, layer) if layer is not None else _last_maps(model)
        _check_maps(path[-1])
        probe, score = _score_probe(model, [(path, "output")])

        @tf.function(autograph=False)
        def explain(batch, asked):
            maps, *rest = probe(batch, training=False)
            scores = score(rest)
            chosen = tf.where(asked < 0, tf.argmax(scores, axis=1), asked)
            of_class = tf.gather(scores, chosen, batch_dims=1)
            # In a graph, this goes back from the score to the maps and no farther; a tape would go on to the pixels.
            (slope,) = tf.gradients(of_class, [maps])
            if slope is None:
                raise ValueError(f"layer: the score of {model.name!r} does not depend on {path[-1].name!r}")
            weights = tf.reduce_mean(slope, axis=(1, 2), keepdims=True)
            return tf.reduce_sum(weights * maps, axis=-1), chosen

        # For batches of any size: or TensorFlow would translate it for each, and warn of that.
        signature = tf.TensorSpec([None, *model.input_shape[1:]]), tf.TensorSpec([None], tf.int64)
        self._model, self._explain = model, explain.get_concrete_function(*signature)

    def __call__(self, images, class_index=None):
        """Maps of these images, as `grad_cam` gives and refuses them."""
        images = _as_batch(self._model, images)
        wanted = _wanted_classes(self._model, class_index, len(images))
        parts = [self._explain(batch, tf.constant(asked)) for batch, asked in zip(_batches(images), _batches(wanted))]
        return _evidence(*(np.concatenate(part) for part in zip(*parts)))


def occlusion(model, images, patch, stride, class_index=None):
    """By how much the score of a class falls when a patch of the image is covered (Zeiler and Fergus, 2014).

    The patch has the image's mean colour. Its corners move by `stride`; the last place in each row and column touches the
    image's edge, so every pixel is covered. The map's value at a pixel is the mean fall over all patches that cover it,
    and 0 where covering raises the score.

    Parameters
    ----------
    model : keras.Model
        As in `grad_cam`; it needs no convolutions.
    images : array-like of shape (count, height, width, channels)
        In an image of one colour nothing changes when it is covered: its map is all zero.
    patch, stride : int
        Pixels, from 1 to the image's smaller side; `stride` at most `patch`, or pixels would be left out.
    class_index : int or sequence of int, optional
        As in `grad_cam`; and scores as there.

    Returns
    -------
    Evidence
        Maps of the images' height and width.

    Raises
    ------
    ValueError
        For a patch or a stride that does not fit, a class that does not exist, or images that the model does not take.

    Notes
    -----
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2.
    """
    images = _as_batch(model, images)
    height, width = images.shape[1:3]
    for name, value, largest in [("patch", patch, min(height, width)), ("stride", stride, patch)]:
        whole(name, value, 1, largest)
    wanted = _wanted_classes(model, class_index, len(images))
    probe, score = _score_probe(model, [])
    corners = [(top, left) for top in _places(height, patch, stride) for left in _places(width, patch, stride)]
    raw, classes = [], []

    @tf.function(autograph=False)
    def forward(pictures):
        return score(probe(pictures, training=False))

    forward = forward.get_concrete_function(tf.TensorSpec([None, *images.shape[1:]]))

    def scores_of(pictures):
        return forward(tf.constant(pictures)).numpy()

    for image, asked in zip(images, wanted):
        whole_scores = scores_of(image[np.newaxis])[0]
        chosen = whole_scores.argmax() if asked < 0 else asked
        total, times = np.zeros((2, height, width))
        for start in range(0, len(corners), BATCH):  # a small patch has thousands of places: never all copies at once
            places = corners[start : start + BATCH]
            covered = np.repeat(image[np.newaxis], len(places), axis=0)
            for picture, (top, left) in zip(covered, places):
                picture[top : top + patch, left : left + patch] = image.mean(axis=(0, 1))
            for score_left, (top, left) in zip(scores_of(covered)[:, chosen], places):
                total[top : top + patch, left : left + patch] += whole_scores[chosen] - score_left
                times[top : top + patch, left : left + patch] += 1
        raw.append(total / times)
        classes.append(chosen)
    return _evidence(np.stack(raw), np.array(classes))


def _places(side, patch, stride):
    return sorted({*range(0, side - patch + 1, stride), side - patch})


def _evidence(raw, classes):
    positive = np.maximum(raw, 0).astype(np.float32)
    largest = positive.max(axis=(1, 2))
    divisor = np.where(largest > 0, largest, 1)
    return Evidence(positive / divisor[:, None, None], largest, classes.astype(np.int64))


# -------------------------------------------------------------------------------------------------- models as graphs


def _probe(model, wanted, own_output=True):
    """A model with the same layers that gives the tensors `wanted` (see `graphs.replay`) and, last, the output of `model` itself."""
    inputs, tensors, output = graphs.replay(model, wanted)
    return keras.Model(inputs, [*tensors, output] if own_output else tensors)


def _path_to(model, name):
    """The path to the first layer of that name."""
    known = {}
    for path in graphs.paths(_checked(model)):
        known.setdefault(path[-1].name, path)
    if name not in known:
        raise ValueError(f"layer: {model.name!r} has no layer {name!r}{nearest(str(name), known)}")
    return known[name]


def _last_maps(model):
    """The path to the last convolution, or to the last layer behind it (normalization, activation, …) before anything pools."""
    convolutions = (
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.SeparableConv2D,
        keras.layers.Conv2DTranspose,
    )
    pooling = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
    maps = [
        path
        for path in graphs.paths(_checked(model))
        if not isinstance(path[-1], keras.Model) and len(_shape(path[-1])) == 4 and _shape(path[-1])[1:3] != (1, 1)
    ]
    last = max((place for place, path in enumerate(maps) if isinstance(path[-1], convolutions)), default=None)
    if last is None:
        raise ValueError(f"model: {model.name!r} has no convolution, so it has no feature maps to look at")
    return list(itertools.takewhile(lambda path: not isinstance(path[-1], pooling), maps[last:]))[-1]


def _shape(layer):
    return getattr(layer.output, "shape", ())  # a layer with several outputs has a list


def _check_maps(layer):
    if len(_shape(layer)) != 4:
        raise ValueError(
            f"layer: {layer.name!r} gives no feature maps: its output has the shape {_shape(layer)}, "
            "and (count, height, width, filters) is needed"
        )


def _checked(model):
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(
            "model must be a Sequential or functional keras.Model that knows its input shape; got "
            f"{type(model).__name__}: let it begin with keras.Input"
        )
    if len(model.inputs) > 1 or len(model.outputs) > 1:
        raise ValueError(
            f"model: {model.name!r} must have one input and one output; got {len(model.inputs)} and {len(model.outputs)}"
        )
    return model


def _score_probe(model, wanted):
    """A probe for `wanted`, and a function that turns what it gives after these into scores of shape (count, classes)."""
    path = (model.layers[-1],)
    while isinstance(path[-1], keras.Model):
        path = (*path, path[-1].layers[-1])
    last = path[-1]
    squashes = getattr(last, "activation", None) in (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(last, keras.layers.Dense) and squashes:

        def before(rest):
            scores = rest[0] @ tf.cast(last.kernel, rest[0].dtype)
            return scores if last.bias is None else scores + tf.cast(last.bias, scores.dtype)
    elif isinstance(last, keras.layers.Softmax) or isinstance(last, keras.layers.Activation) and squashes:

        def before(rest):
            return rest[0]
    else:

        def before(rest):
            return rest[-1]

    def score(rest):
        scores = before(rest)
        return scores if scores.shape[-1] > 1 else tf.concat([-scores, scores], axis=-1)

    return _probe(model, [*wanted, (path, "input")]), score


# ------------------------------------------------------------------------------------------------------------ checks


def _as_batch(model, images):
    """The images as float32, if the model takes them."""
    images, shape = np.array(images, np.float32), _checked(model).input_shape
    if images.ndim == len(shape) - 1:
        raise ValueError(
            f"images must be a batch of shape (count, height, width, channels); got {images.shape}: "
            "of a single image, images[np.newaxis] makes a batch"
        )
    if images.ndim == 4 == len(shape) and shape[3] == 3 and images.shape[3] == 1:
        raise ValueError(
            f"images are grey (1 channel), and {model.name!r} takes 3 channels: "
            "np.repeat(images, 3, axis=-1) writes the grey into all three"
        )
    if (
        images.ndim != len(shape)
        or not len(images)
        or any(want not in (None, got) for want, got in zip(shape[1:], images.shape[1:]))
    ):
        raise ValueError(
            f"images must have the shape {('count', *shape[1:])} for {model.name!r}; got {images.shape}".replace(
                "'count'", "count"
            )
        )
    if not np.isfinite(images).all():
        raise ValueError("images hold NaN or infinite values: look at where they come from, such as a division by zero")
    return images


def _wanted_classes(model, class_index, count):
    """A class for each image; -1: the one that the model chooses."""
    if len(model.output_shape) != 2:
        raise ValueError(
            f"model: the output of {model.name!r} must have the shape (count, classes); got {model.output_shape}"
        )
    if class_index is None:
        return np.full(count, -1, np.int64)
    classes, wanted = max(2, model.output_shape[1]), np.asarray(class_index)
    if (
        wanted.dtype.kind not in "iu"
        or wanted.shape not in ((), (count,))
        or wanted.min() < 0
        or wanted.max() >= classes
    ):
        raise ValueError(
            f"class_index must be a whole number from 0 to {classes - 1}, or one for each of the {count} images; got {class_index!r}"
        )
    return np.broadcast_to(wanted.astype(np.int64), count)


def _batches(values):
    """Images as tensors, anything else as it is, `BATCH` at a time."""
    for start in range(0, len(values), BATCH):
        part = values[start : start + BATCH]
        yield tf.constant(part) if part.ndim == 4 else part
