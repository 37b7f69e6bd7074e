"""Widgets over photographs: the kernel laboratory, augmentation, class activation."""

import html
from functools import cache

import numpy as np

from .. import checks, plots, reference, runtime
from .controls import Button, Choice, Slider, Switch, View, by, entries, matrix, number, present, read_entries

ALL, OWN = "all of them", "the numbers below"


def kernel_laboratory(photo, kernels):
    """Filter, detect, condense: a photograph through kernels, and through one's own (lesson 01).

    Parameters
    ----------
    photo : Photograph
        From `datasets.load_image`.
    kernels : dict of str to array-like of shape (3, 3)
        The figure compares all of them. In the widget one is chosen, and its numbers can be changed.

    Raises
    ------
    ValueError
        There is no kernel, or one is not a 3 × 3 matrix of numbers.

    Examples
    --------
    >>> kernel_laboratory(datasets.load_image("chelsea"), {"sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]})
    """
    kernels = {name: matrix(f"kernels[{name!r}]", kernel, 3) for name, kernel in kernels.items()}
    if not kernels or any(kernel.shape != (3, 3) for kernel in kernels.values()):
        raise ValueError(
            f"kernels must hold 3 × 3 matrices by name; got { ({name: kernel.shape for name, kernel in kernels.items()}) }"
        )
    grey = photo.grey
    first = next(iter(kernels.values()))

    def filtered(weights):
        return reference.correlate2d(grey, np.asarray(weights, np.float32), padding="same")

    def compare():
        maps = {name: filtered(kernel) for name, kernel in kernels.items()}
        return View(
            plots.responses(kernels, maps),
            (
                f"Kernels in rows: {', '.join(kernels)}. Beside each, its feature map of {photo.name} in orange (positive) and "
                "purple (negative), and what ReLU leaves of it, in grey."
            ),
            "<p>Choose one of the kernels, or write your own numbers.</p>",
        )

    def draw(choice, **lines):
        if choice == ALL:
            return compare()
        weights = kernels[choice] if choice in kernels else np.array(read_entries(lines.values(), 3))
        map_ = filtered(weights)
        detected = reference.relu(map_)
        condensed = reference.max_pool2d(detected, 2)
        figure = plots.responses({choice: weights}, {choice: map_}, {choice: condensed}, height=2)
        shares = f"ReLU leaves {np.mean(detected > 0):.0%} of the pixels above zero."
        total = number(round(weights.sum(), 4))
        alt = (
            f"The kernel {choice}, {'; '.join(' '.join(map(number, row)) for row in weights)}; its feature map of {photo.name} in orange (positive) and "
            f"purple (negative); what ReLU leaves of it, in grey; and the same after max pooling. {shares}"
        )
        words = (
            f"<p>Sum of the weights: <b>{total}</b>. {shares} Condense (lesson 02) keeps the largest of each 2 × 2: "
            f"{by(detected.shape)} becomes {by(condensed.shape)}.</p>"
        )
        return View(figure, alt, words)

    def follow(moved, values):
        if moved != "choice":
            return {"choice": OWN}
        if values["choice"] == OWN:
            return {}
        return {name: entry.start for name, entry in entries(kernels.get(values["choice"], first)).items()}

    present(draw, {"choice": Choice("kernel", ALL, [ALL, *kernels, OWN]), **entries(first)}, follow)


def augmentation(image, rotation=30, shift=0.1, zoom=0.2, shear=10, flip=True, seed=0):
    """An image and eight random variations of it, with a slider for every argument of `augment.RandomWarp` (lesson 06).

    While a slider moves, the random numbers stay the same, so that one sees what the argument does; a button draws new ones.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3) or (height, width, 1), uint8
    rotation : float
        Largest turn to either side, degrees, 0 to 180.
    shift : float
        Largest shift, as a share of the side, 0 to 0.5.
    zoom : float
        Variations are shown ``1 - zoom`` to ``1 + zoom`` times as large, 0 to 0.9.
    shear : float
        Largest lean to either side, degrees, 0 to 60.
    flip : bool
        Mirror every second variation, on average.
    seed : int
        0 or more; of the first sample.

    Raises
    ------
    TypeError
        For a seed that is not a whole number.
    ValueError
        For an argument out of range, or an array that is not an image.

    Examples
    --------
    >>> augmentation(images[0], rotation=90, flip=False)
    """
    from .. import augment

    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.dtype != np.uint8:
        raise ValueError(
            f"image must have the shape (height, width, 3) or (height, width, 1) and dtype uint8; got {image.shape}, {image.dtype}"
        )
    for name, value, high in [
        ("rotation", rotation, 180),
        ("shift", shift, 0.5),
        ("zoom", zoom, 0.9),
        ("shear", shear, 60),
    ]:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= high:
            raise ValueError(f"{name} must be a number from 0 to {high}; got {value!r}")
    checks.whole("seed", seed, 0)

    def draw(rotation, shift, zoom, shear, flip, sample):
        warp = augment.RandomWarp(rotation, shift, zoom, shear, flip, seed=seed + sample)
        moved = np.asarray(warp(np.repeat(image[np.newaxis], 8, axis=0), training=True)).astype(np.uint8)
        figure = plots.pictures([image, *moved], ["original", *[""] * 8], columns=3, side=1.4)
        text = (
            f"Rotation up to {rotation:g}°, shift up to {shift:.0%}, {1 - zoom:.2f} to {1 + zoom:.2f} times as large, "
            f"shear up to {shear:g}°, {'every second one mirrored on average' if flip else 'not mirrored'}."
        )
        return View(
            figure,
            f"The original image and eight random variations of it. {text}",
            f"<p>{text} Sample {sample + 1}.</p>",
        )

    present(
        draw,
        {
            "rotation": Slider("rotation, degrees", float(rotation), 0.0, 180.0, 5.0),
            "shift": Slider("shift, share of the side", float(shift), 0.0, 0.5, 0.05),
            "zoom": Slider("zoom", float(zoom), 0.0, 0.9, 0.05),
            "shear": Slider("shear, degrees", float(shear), 0.0, 60.0, 5.0),
            "flip": Switch("flip", bool(flip)),
            "sample": Button("new sample"),
        },
    )


def class_activation(model, images, classes, layers=(None,), boxes=None):
    """Grad-CAM heatmaps by image, by class and by layer (lesson 09).

    In a running notebook all maps are computed when the widget is made, so that every move is answered at once: the
    network sees ``len(images) * len(classes)`` images for each layer.

    Parameters
    ----------
    model : keras.Model
        As `inspection.grad_cam` takes it.
    images : ndarray of shape (count, height, width, 3), uint8
        1 to 12 of them.
    classes : sequence of str
        The names of all classes of the model, two or more.
    layers : sequence of str
        Layers with feature maps; None means the last one. The first of them is shown first.
    boxes : array-like of shape (count, 4), optional
        Left, top, right, bottom of a frame in each image, pixels.

    Raises
    ------
    ValueError
        For images, classes, layers or boxes that do not fit together or do not fit the model.

    Examples
    --------
    >>> class_activation(model, images[:6], ["cat", "dog"], ["block6d_add", "block4c_add"])
    """
    from .. import inspection

    images, classes, layers = np.asarray(images), list(classes), list(layers)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or not 1 <= len(images) <= 12:
        raise ValueError(
            f"images must have the shape (1 to 12, height, width, 3) and dtype uint8; got {images.shape}, {images.dtype}"
        )
    if len(classes) < 2 or not layers:
        raise ValueError(f"classes must name two classes or more, and layers at least one; got {classes} and {layers}")
    if boxes is not None and np.shape(boxes) != (len(images), 4):
        raise ValueError(f"boxes must have the shape ({len(images)}, 4); got {np.shape(boxes)}")
    explain = cache(lambda layer: inspection.GradCam(model, layer))
    chosen = explain(layers[0])(images)

    @cache
    def evidence(layer):
        """Maps of shape (count, classes, height, width)."""
        asked = np.tile(np.arange(len(classes)), len(images))
        found = explain(layer)(np.repeat(images, len(classes), axis=0), asked)
        return found.maps.reshape(len(images), len(classes), *found.maps.shape[1:])

    def heat(place, layer, asked):
        if asked is None and layer == layers[0]:
            return chosen.maps[place]
        return evidence(layer)[place, chosen.classes[place] if asked is None else asked]

    def draw(image, asked, layer):
        shown = range(len(images)) if image is None else [image]
        maps = [heat(place, layer, asked) for place in shown]
        names = [classes[chosen.classes[place] if asked is None else asked] for place in shown]
        figure = plots.heatmaps(
            images[list(shown)],
            maps,
            names,
            None if boxes is None else np.asarray(boxes)[list(shown)],
            side=1.1 if image is None else 3,
        )
        where = "; ".join(
            f"image {place + 1}, class {name}: {_brightest(map_)}" for place, name, map_ in zip(shown, names, maps)
        )
        alt = (
            f"{len(maps)} image{'s' * (len(maps) > 1)}, and below each the same with its heatmap of layer {layer or 'last'}, bright where the "
            f"evidence is. {where}."
        )
        return View(figure, alt, f"<p>Maps of {by(maps[0].shape)}. {html.escape(where)}.</p>")

    if runtime.has_front_end():
        for layer in layers:
            evidence(layer)
    pictures = [("all of them", None), *((f"image {place + 1}", place) for place in range(len(images)))]
    asked = [("as the network chooses", None), *((name, place) for place, name in enumerate(classes))]
    present(
        draw,
        {
            "image": Choice("image", None, pictures),
            "asked": Choice("class", None, asked),
            "layer": Choice("layer", layers[0], [(layer or "the last one", layer) for layer in layers]),
        },
    )


def _brightest(heat):
    """Where the maximum of a map lies, in words."""
    if not heat.max() > 0:
        return "no evidence"
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return f"strongest in row {row}, column {column}"
