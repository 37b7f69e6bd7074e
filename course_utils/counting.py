"""Count before you compute: output sizes, parameters, multiplications, receptive fields. (Of whole models: `model_counts`.)

Everything here is whole-number arithmetic on shapes; no pixel and no weight is touched. Shapes leave out
the batch axis, and sizes come in the order (height, width), as in ``array.shape``.

One multiplication stands for one multiply-accumulate (multiply two numbers, add the product to a sum), the
unit in which many papers count (others count two operations); adding a bias is not counted.
"""

import importlib
from math import prod
from typing import NamedTuple

from .checks import pair, whole

#: What notebooks of the first edition call here, and its name in `model_counts`, which needs Keras.
MOVED = {"model_counts": "by_layer", "model_parameters": "parameters", "model_multiplications": "multiplications"}


def __getattr__(name):
    if name in MOVED:
        return getattr(importlib.import_module("course_utils.model_counts"), MOVED[name])
    raise AttributeError(f"course_utils.counting has no {name!r}")


# ---------------------------------------------------------------------------------- sizes


def output_size(size, kernel, stride=1, padding="valid", dilation=1):
    """Size of the feature map that a convolution or a pooling layer returns.

    ``floor((size + padding - span) / stride) + 1``, where a dilated kernel spans
    ``span = (kernel - 1) * dilation + 1`` pixels (Dumoulin and Visin 2016, "A guide to convolution
    arithmetic for deep learning", relationship 15).

    Parameters
    ----------
    size : int or (int, int)
        Pixels along one axis, or (height, width); at least 1.
    kernel, stride, dilation : int or (int, int)
        At least 1. An int holds for both axes. For pooling, `kernel` is the window.
    padding : {"valid", "same"}, int, or pair
        "valid": none. "same": zeros so that the result has ``ceil(size / stride)`` pixels, see
        `same_padding`. An int: that many zeros on every side. Unequal sides: ``(before, after)`` where
        `size` is an int, ``((top, bottom), (left, right))`` where it is a pair.

    Returns
    -------
    int or (int, int)
        An int where `size` is one, else (height, width).

    Raises
    ------
    TypeError
        A number that is not whole.
    ValueError
        A number out of range, an unknown padding, a kernel larger than the padded image.

    Examples
    --------
    >>> output_size(6, kernel=3)
    4
    >>> output_size((300, 451), kernel=3, stride=2, padding="same")
    (150, 226)
    """
    if isinstance(size, (tuple, list)):
        return tuple(output_size(*axis) for axis in _axes(size, kernel, stride, padding, dilation))
    size, kernel, stride, dilation = _checked(size, kernel, stride, dilation)
    before, after = zeros_around(size, kernel, stride, padding, dilation)
    span = (kernel - 1) * dilation + 1
    if span > before + size + after:
        dilated = f"{kernel}, dilated to {span}" if span > kernel else kernel
        raise ValueError(
            f"the kernel ({dilated}) is larger than the image ({size} + {before + after} padding): use "
            "padding='same', a smaller kernel or dilation, or a larger image (was it pooled too often?)"
        )
    return (before + size + after - span) // stride + 1


def same_padding(size, kernel, stride=1, dilation=1):
    """Zeros before and after one axis under ``padding="same"``.

    TensorFlow's rule: as many as ``ceil(size / stride)`` outputs need; where their number is odd, the extra
    zero goes after, that is to the bottom or the right.

    Parameters
    ----------
    size, kernel, stride, dilation : int
        Pixels along one axis; at least 1.

    Returns
    -------
    (before, after) : (int, int)

    Raises
    ------
    TypeError, ValueError
        A number that is not whole, or below 1.

    Examples
    --------
    >>> same_padding(6, kernel=3), same_padding(6, kernel=3, stride=2), same_padding(6, kernel=2)
    ((1, 1), (0, 1), (0, 1))
    """
    size, kernel, stride, dilation = _checked(size, kernel, stride, dilation)
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def zeros_around(size, kernel, stride=1, padding="valid", dilation=1):
    """Zeros that any `padding` puts around an image, in numbers.

    Parameters and errors are those of `output_size`.

    Returns
    -------
    (before, after) where `size` is an int, ((top, bottom), (left, right)) where it is a pair.

    Examples
    --------
    >>> zeros_around((28, 28), kernel=(3, 5), padding="same")
    ((1, 1), (2, 2))
    """
    if isinstance(size, (tuple, list)):
        return tuple(zeros_around(*axis) for axis in _axes(size, kernel, stride, padding, dilation))
    same = same_padding(size, kernel, stride, dilation)  # also checks the four numbers
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise ValueError(
                f"padding must be 'valid', 'same', a number of zeros or a pair (before, after); got {padding!r}"
            )
        return same if padding == "same" else (0, 0)
    return pair("padding", padding, least=0, names="(before, after)")


def _checked(size, kernel, stride, dilation):
    """The four numbers of one axis as ints."""
    return whole("size", size), whole("kernel", kernel), whole("stride", stride), whole("dilation", dilation)


def _axes(size, kernel, stride, padding, dilation):
    """Split the arguments of `output_size` into those of the height and those of the width."""
    if isinstance(padding, (tuple, list)):
        if len(padding) != 2 or not all(isinstance(side, (tuple, list)) for side in padding):
            raise ValueError(
                f"padding of an image must be 'valid', 'same', one number of zeros or two pairs "
                f"((top, bottom), (left, right)); got {padding!r}"
            )
    else:
        padding = (padding, padding)
    return list(
        zip(pair("size", size), pair("kernel", kernel), pair("stride", stride), padding, pair("dilation", dilation))
    )


# ---------------------------------------------------------------------------------- one layer


def conv_parameters(kernel, channels_in, filters, bias=True):
    """Learnable numbers of a convolution: ``kernel area * channels_in * filters``, and one bias per filter.

    Parameters
    ----------
    kernel : int or tuple of int
        An int is a square kernel, as in Conv2D; a tuple gives each axis, so a Conv1D kernel is ``(k,)``.
    channels_in, filters : int
        Channels of the image that comes in, and of the feature map that goes out.
    bias : bool

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        A number that is not whole, or below 1.

    Examples
    --------
    >>> conv_parameters(3, channels_in=32, filters=64)
    18496
    """
    filters = whole("filters", filters)
    weights = prod(_kernel_axes(kernel, 2)) * whole("channels_in", channels_in) * filters
    return weights + filters if bias else weights


def conv_multiplications(output, kernel, channels_in, filters):
    """Multiply-accumulates of a convolution: each value of the feature map takes ``kernel area * channels_in``.

    Parameters
    ----------
    output : int or (int, int)
        Size of the feature map: its length, or (height, width), as `output_size` returns it. Padding zeros
        count like pixels, as in papers.
    kernel : int or tuple of int
        An int is the length where `output` is an int, a square kernel where it is a pair.
    channels_in, filters : int
        For a grouped convolution, `channels_in` are those of one group.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        A number that is not whole, or below 1; a kernel and an output of different numbers of axes.

    Examples
    --------
    The 3 x 3 convolution of the first lecture, "High computational cost":

    >>> conv_multiplications((28, 28), kernel=3, channels_in=256, filters=192)
    346816512
    """
    axes = pair("output", output) if isinstance(output, (tuple, list)) else (whole("output", output),)
    area = _kernel_axes(kernel, len(axes))
    if len(area) != len(axes):
        raise ValueError(f"kernel must have as many axes as output {axes}; got {area}")
    return prod(axes) * prod(area) * whole("channels_in", channels_in) * whole("filters", filters)


def dense_parameters(inputs, units, bias=True):
    """Learnable numbers of a fully connected layer: a weight for each pair, and one bias per unit.

    Parameters
    ----------
    inputs, units : int
        Values that come in and that go out, at least 1.
    bias : bool

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        A number that is not whole, or below 1.

    Examples
    --------
    >>> dense_parameters(7744, 64)
    495680
    """
    return dense_multiplications(inputs, units) + (units if bias else 0)


def dense_multiplications(inputs, units):
    """Multiply-accumulates of a fully connected layer: one for each weight.

    Parameters and errors are those of `dense_parameters`.

    Returns
    -------
    int

    Examples
    --------
    >>> dense_multiplications(7744, 64)
    495616
    """
    return whole("inputs", inputs) * whole("units", units)


def _kernel_axes(kernel, axes):
    """(3, 3) from 3, or the tuple itself, checked."""
    sides = tuple(kernel) if isinstance(kernel, (tuple, list)) else (kernel,) * axes
    return tuple(whole("kernel", side) for side in sides)


# ---------------------------------------------------------------------------------- receptive fields


class ReceptiveField(NamedTuple):
    """What one value of a feature map sees of the image, along one axis.

    Attributes
    ----------
    size : int
        Input pixels that can influence the value.
    stride : int
        Input pixels between the fields of two neighbouring values, also called the jump.
    """

    size: int
    stride: int


def receptive_field(layers):
    """Receptive field of a chain of convolutions and pooling layers.

    ``size = 1 + sum_l (kernel_l - 1) * dilation_l * stride_1 * ... * stride_(l-1)``, and ``stride`` is the
    product of all strides (Araujo, Norris and Sim 2019, "Computing Receptive Fields of Convolutional Neural
    Networks", Distill, single-path networks). Padding does not enter.

    Parameters
    ----------
    layers : sequence of (kernel, stride) or (kernel, stride, dilation)
        Ints of at least 1, in the order from the image.

    Returns
    -------
    ReceptiveField
        No layers at all: (1, 1), a pixel sees itself.

    Raises
    ------
    TypeError, ValueError
        A number that is not whole, or below 1; an entry that is neither a pair nor a triple.

    Examples
    --------
    Two 3 x 3 convolutions see what one of 5 x 5 sees:

    >>> receptive_field([(3, 1), (3, 1)])
    ReceptiveField(size=5, stride=1)
    """
    size = jump = 1
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, (tuple, list)) or len(layer) not in (2, 3):
            raise ValueError(f"layer {number} must be (kernel, stride) or (kernel, stride, dilation); got {layer!r}")
        kernel, stride, dilation = (
            whole(f"{name} of layer {number}", value)
            for name, value in zip(("kernel", "stride", "dilation"), (*layer, 1))
        )
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return ReceptiveField(size, jump)
