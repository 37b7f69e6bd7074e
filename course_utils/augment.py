"""Augmentation that the lessons do not spell out: flip, zoom, shear, rotation and shift of a picture in one step (lesson 06).

Each of these moves is a 2 × 2 matrix or a shift, and a product of matrices is a matrix. So all of them together read the
picture once: it is interpolated once and not four times, which is faster and blurs less.
"""

import math

from .checks import amount
from .runtime import quiet

with quiet():
    import keras
    from keras import ops

FILL_MODES = ("nearest", "reflect", "wrap", "constant")


def warp_matrices(height, width, *, mirror=1.0, zoom=1.0, shear=0.0, rotation=0.0, down=0.0, right=0.0):
    """Where a warped picture takes its pixels from.

    The point p of the old picture moves to ``q = c + A (p - c) + s``: c is the centre, s the shift, and
    ``A = rotation · shear · zoom · mirror``, so mirroring comes first. What is returned is the way back, from each pixel
    of the new picture to the old one, ``p = c + A⁻¹ (q - c - s)``: so each new pixel gets exactly one value, where the
    way there would leave some pixels without a value.

    Parameters
    ----------
    height, width : int
        Pixels. The centre is at ``((width - 1) / 2, (height - 1) / 2)``.
    mirror : array-like of shape (count,)
        -1: left and right change places; 1: they do not.
    zoom : array-like of shape (count,)
        Above 0; 1.2 shows everything 1.2 times as large.
    shear : array-like of shape (count,)
        Degrees, between -90 and 90, by which upright lines lean to the right. Rows stay rows.
    rotation : array-like of shape (count,)
        Degrees, counter-clockwise as one sees it.
    down, right : array-like of shape (count,)
        Pixels.

    Returns
    -------
    Keras tensor of shape (count, 8), float32
        Rows ``(a0, a1, a2, b0, b1, b2, 0, 0)``, for `keras.ops.image.affine_transform`: the new pixel in column x and row
        y is the old one in column ``a0 x + a1 y + a2`` and row ``b0 x + b1 y + b2``. Where all values are single numbers,
        the shape is (8,).

    Examples
    --------
    >>> warp_matrices(64, 64, right=5.0).numpy().tolist()
    [1.0, 0.0, -5.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """
    turn, lean = (ops.convert_to_tensor(angle, "float32") * (math.pi / 180) for angle in (rotation, shear))
    x, y = ((ops.convert_to_tensor(size, "float32") - 1) / 2 for size in (width, height))
    sine, cosine, slope = ops.sin(turn), ops.cos(turn), ops.tan(lean)
    a0, a1 = mirror * (cosine + slope * sine) / zoom, mirror * (slope * cosine - sine) / zoom
    b0, b1 = sine / zoom, cosine / zoom
    a2, b2 = x - a0 * (x + right) - a1 * (y + down), y - b0 * (x + right) - b1 * (y + down)
    zero = 0 * (a2 + b2)  # of the shape that all values together have
    return ops.stack([part + zero for part in (a0, a1, a2, b0, b1, b2, 0.0, 0.0)], axis=-1)


@keras.saving.register_keras_serializable("course_utils")
class RandomWarp(keras.layers.Layer):
    """A Keras layer that moves each picture of a batch in its own random way while a model trains, and never otherwise.

    Parameters
    ----------
    rotation : float
        Largest turn to either side, degrees, 0 to 180.
    shift : float
        Largest shift in each of the four directions, as a share of the height or the width, 0 to below 1.
    zoom : float
        Pictures are shown ``1 - zoom`` to ``1 + zoom`` times as large, 0 to below 1.
    shear : float
        Largest lean to either side, degrees, 0 to below 90.
    flip : bool
        Mirror every second picture, on average.
    fill_mode : {"nearest", "reflect", "wrap", "constant"}
        What stands where the old picture ends: its last pixel, its mirror image, the picture again, or black.
    seed : int, optional
        The same seed gives the same sequence of pictures.

    Notes
    -----
    Takes images of shape (count, height, width, channels) with any pixel values, and returns float32 of the same shape;
    no value is below the smallest or above the largest (with "constant", 0 can be added).

    Raises
    ------
    ValueError
        The message names the argument, what is allowed and what came.

    Examples
    --------
    >>> layer = RandomWarp(rotation=30, flip=True, seed=0)
    >>> layer(images, training=True)      # as in model.fit: moved
    >>> layer(images)                     # as in model.predict: as they came
    """

    def __init__(self, rotation=0, shift=0, zoom=0, shear=0, flip=False, fill_mode="nearest", seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rotation, self.shear = amount("rotation", rotation, 180), amount("shear", shear, 90, below=True)
        self.shift, self.zoom = amount("shift", shift, 1, below=True), amount("zoom", zoom, 1, below=True)
        if fill_mode not in FILL_MODES:
            raise ValueError(f"fill_mode must be one of {', '.join(FILL_MODES)}; got {fill_mode!r}")
        self.flip, self.fill_mode, self.seed = bool(flip), fill_mode, seed
        self.random = keras.random.SeedGenerator(seed)
        self.supports_jit = False  # XLA has no such warp: Keras then runs the model without it

    def call(self, images, training=False):
        if len(images.shape) != 4:
            raise ValueError(f"images must have the shape (count, height, width, channels); got {tuple(images.shape)}")
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        count, height, width = ops.shape(images)[:3]

        def draw(largest):
            return largest * keras.random.uniform((count,), -1, 1, seed=self.random)

        matrices = warp_matrices(
            height,
            width,
            mirror=ops.where(draw(self.flip) < 0, -1.0, 1.0),
            zoom=1 + draw(self.zoom),
            shear=draw(self.shear),
            rotation=draw(self.rotation),
            down=draw(self.shift) * height,
            right=draw(self.shift) * width,
        )
        return ops.image.affine_transform(images, matrices, fill_mode=self.fill_mode)

    def get_config(self):
        names = ("rotation", "shift", "zoom", "shear", "flip", "fill_mode", "seed")
        return super().get_config() | {name: getattr(self, name) for name in names}
