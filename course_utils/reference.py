"""Correlation, convolution, ReLU and pooling in plain NumPy: what the framework's layers compute.

Written to be read (lesson 01) and to be believed: the tests compare every function with TensorFlow. The
loops run over the few cells of the kernel, not over the many pixels of the image: under each cell lies a
shifted copy of the image, and the feature map is the weighted sum of these copies. One image, no batch
axis, channels last.

dtypes: whole numbers and booleans are multiplied and added as int64, so that a ``uint8`` photograph times a
negative weight does not wrap around; floats keep their dtype, the wider one where two meet.
"""

import numpy as np

from .checks import pair
from .counting import output_size, zeros_around

BATCH = "a batch? Take one of its pictures: image[0]"
COLOUR = "a colour photograph? Use conv2d, or one channel: image[..., 0]"
GREY = "a grey photograph? Give it a channel axis: image[..., np.newaxis], or use correlate2d"
PLAIN = "a plain kernel? Use correlate2d, or kernel[:, :, np.newaxis, np.newaxis]"
SINGLE = "a single filter? Give it a last axis: kernels[..., np.newaxis]"


def pad(image, kernel, stride=1, padding="valid", dilation=1, value=0):
    """Put a border around an image, as a convolution with these settings does.

    Parameters
    ----------
    image : array of shape (H, W) or (H, W, C)
    kernel, stride, padding, dilation
        See `counting.output_size`; `kernel` is an int or (height, width).
    value : number
        What the border holds. It must fit the image's dtype.

    Returns
    -------
    array of shape (top + H + bottom, left + W + right) or that with C behind, of the image's dtype

    Raises
    ------
    ValueError
        Not an image, or a value that the dtype cannot hold; else as `counting.output_size`.

    Examples
    --------
    >>> pad([[5, 1], [3, 4]], kernel=2, padding="same")
    array([[5, 1, 0],
           [3, 4, 0],
           [0, 0, 0]])
    """
    image = _image(image)
    with np.errstate(invalid="ignore"):
        fits = image.dtype.kind == "f" or np.asarray(value).astype(image.dtype) == value
    if not fits:
        raise ValueError(
            f"value {value} does not fit into an image of {image.dtype}: convert the image first, image.astype(float)"
        )
    borders = zeros_around(image.shape[:2], kernel, stride, padding, dilation)
    channels = [(0, 0)] * (image.ndim - 2)
    return np.pad(image, [*borders, *channels], constant_values=value)


def correlate2d(image, kernel, stride=1, padding="valid", dilation=1):
    """Slide a kernel over a grey image: what deep learning calls a convolution.

    ``result[y, x] = sum_ij image[y * stride + i * dilation, x * stride + j * dilation] * kernel[i, j]`` on
    the padded image; the kernel is not flipped (Goodfellow, Bengio and Courville 2016, "Deep Learning",
    equation 9.6).

    Parameters
    ----------
    image : array of shape (H, W)
    kernel : array of shape (kh, kw)
    stride, padding, dilation
        See `counting.output_size`.

    Returns
    -------
    array of shape (H', W') = ``counting.output_size((H, W), (kh, kw), ...)``
        int64 if both hold whole numbers, else float.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A wrong number of dimensions, an empty array; else as `counting.output_size`.

    Examples
    --------
    >>> correlate2d([[5, 1, 3, 5], [3, 4, 4, 0], [6, 1, 8, 6]], [[-1, 0, 1]] * 3)
    array([[1, 5]])
    """
    image = _array("image", image, ("H", "W"), {3: COLOUR})
    kernel = _array("kernel", kernel, ("kh", "kw"))
    image, kernel = _same_dtype(image, kernel)
    result = np.zeros(output_size(image.shape, kernel.shape, stride, padding, dilation), image.dtype)
    for i, j, pixels in _shifted(image, kernel.shape, stride, padding, dilation):
        result += kernel[i, j] * pixels
    return result


def convolve2d(image, kernel, stride=1, padding="valid", dilation=1):
    """Convolution as mathematics defines it: correlation with the kernel turned by 180 degrees.

    Parameters, result and errors are those of `correlate2d`.

    Examples
    --------
    A picture of one bright pixel comes out as the kernel itself:

    >>> convolve2d([[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]])
    """
    kernel = _array("kernel", kernel, ("kh", "kw"))
    return correlate2d(image, kernel[::-1, ::-1], stride, padding, dilation)


def conv2d(image, kernels, bias=None, stride=1, padding="valid", dilation=1):
    """A convolutional layer before its activation: a feature map for each filter, in TensorFlow's layout.

    Parameters
    ----------
    image : array of shape (H, W, C)
    kernels : array of shape (kh, kw, C, F)
    bias : array of shape (F,), optional
    stride, padding, dilation
        See `counting.output_size`.

    Returns
    -------
    array of shape (H', W', F)
        int64 if all hold whole numbers, else float.

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        A wrong number of dimensions, channels or biases, an empty array; else as `counting.output_size`.

    Examples
    --------
    >>> conv2d(np.ones((28, 28, 3)), np.ones((3, 3, 3, 8)), bias=np.zeros(8)).shape
    (26, 26, 8)
    """
    image = _array("image", image, ("H", "W", "C"), {2: GREY, 4: BATCH})
    kernels = _array("kernels", kernels, ("kh", "kw", "C", "F"), {2: PLAIN, 3: SINGLE})
    *area, channels, filters = kernels.shape
    if image.shape[2] != channels:
        raise ValueError(
            f"the image has {image.shape[2]} channels {image.shape}, the kernels take {channels} "
            f"{kernels.shape}: their layout is (height, width, channels, filters)"
        )
    bias = _array("bias", np.zeros(filters, int) if bias is None else bias, ("F",))
    if len(bias) != filters:
        raise ValueError(f"bias must hold one number for each of the {filters} filters; got {len(bias)}")
    image, kernels, bias = _same_dtype(image, kernels, bias)
    result = np.zeros((*output_size(image.shape[:2], area, stride, padding, dilation), filters), image.dtype)
    for i, j, pixels in _shifted(image, area, stride, padding, dilation):
        result += pixels @ kernels[i, j]
    return result + bias


def correlate1d(series, kernel, stride=1, padding="valid"):
    """Slide a kernel along a series of numbers, not flipped.

    Parameters
    ----------
    series : array of shape (N,)
    kernel : array of shape (k,)
    stride : int
    padding : {"valid", "same"}, int, or (before, after)

    Returns
    -------
    array of shape (N',)
        int64 if both hold whole numbers, else float.

    Raises
    ------
    TypeError, ValueError
        As `correlate2d`.

    Examples
    --------
    >>> correlate1d([5, 1, 3, 5, 7, 9], [-1, 0, 1])
    array([-2,  4,  4,  4])
    """
    series = _array("series", series, ("N",), {2: "an image? Use correlate2d"})
    kernel = _array("kernel", kernel, ("k",))
    if isinstance(padding, (tuple, list)):
        padding = ((0, 0), tuple(padding))
    elif not isinstance(padding, str):
        padding = ((0, 0), (padding, padding))
    return correlate2d(series[np.newaxis], kernel[np.newaxis], (1, stride), padding)[0]


def relu(values):
    """Rectified linear unit, ``max(value, 0)``: negative numbers become 0, the others stay.

    Parameters
    ----------
    values : array of any shape and of numbers

    Returns
    -------
    array of the same shape and dtype

    Examples
    --------
    >>> relu([-3, 0, 5])
    array([0, 0, 5])
    """
    return np.maximum(values, 0)


def max_pool2d(image, size=2, stride=None, padding="valid"):
    """Keep the largest value of each window, channel by channel.

    Parameters
    ----------
    image : array of shape (H, W) or (H, W, C)
    size : int or (int, int)
        Height and width of the window.
    stride : int or (int, int), optional
        Default: `size`, windows that touch and do not overlap.
    padding
        See `counting.output_size`. The border never wins: it counts as minus infinity.

    Returns
    -------
    array of shape (H', W') or (H', W', C), of the image's dtype

    Raises
    ------
    TypeError
        Not numbers.
    ValueError
        Not an image, a padding as wide as the window; else as `counting.output_size`.

    Examples
    --------
    >>> max_pool2d([[5, 1, 3, 5], [3, 4, 4, 0]])
    array([[5, 5]])
    """
    image, size, stride, shape = _pooling(image, size, stride, padding)
    lowest = {"f": -np.inf, "b": False}.get(image.dtype.kind)
    if lowest is None:
        lowest = np.iinfo(image.dtype).min
    result = np.full(shape, lowest, image.dtype)
    for _, _, pixels in _shifted(image, size, stride, padding, value=lowest):
        np.maximum(result, pixels, out=result)
    return result


def average_pool2d(image, size=2, stride=None, padding="valid"):
    """Take the mean of each window, channel by channel. The border is left out of the mean.

    Parameters and errors are those of `max_pool2d`.

    Returns
    -------
    array of shape (H', W') or (H', W', C)
        float64 for whole numbers, else the image's dtype.

    Examples
    --------
    >>> average_pool2d([[5, 1, 3, 5], [3, 4, 4, 0]])
    array([[3.25, 3.  ]])
    """
    image, size, stride, shape = _pooling(image, size, stride, padding)
    image = image if image.dtype.kind == "f" else image.astype(float)
    total = np.zeros(shape, image.dtype)
    for _, _, pixels in _shifted(image, size, stride, padding):
        total += pixels
    inside = np.ones(image.shape[:2], image.dtype)
    count = sum(pixels for _, _, pixels in _shifted(inside, size, stride, padding))
    return total / count.reshape(count.shape + (1,) * (image.ndim - 2))


def _shifted(image, kernel, stride, padding, dilation=1, value=0):
    """Yield (i, j, pixels): for each cell of the kernel the image values that it meets, (H', W', ...)."""
    (kh, kw), (sh, sw), (dh, dw) = pair("kernel", kernel), pair("stride", stride), pair("dilation", dilation)
    height, width = output_size(image.shape[:2], kernel, stride, padding, dilation)
    padded = pad(image, kernel, stride, padding, dilation, value)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            yield i, j, padded[top : top + (height - 1) * sh + 1 : sh, left : left + (width - 1) * sw + 1 : sw]


def _pooling(image, size, stride, padding):
    """Image, window, stride and shape of the result, once it is sure that each window holds a pixel."""
    image, size = _image(image), pair("size", size)
    stride = size if stride is None else pair("stride", stride)
    shape = output_size(image.shape[:2], size, stride, padding)
    for side, border in zip(size, zeros_around(image.shape[:2], size, stride, padding)):
        if max(border) >= side:
            raise ValueError(
                f"padding {padding!r} is as wide as the window {size}: some windows would hold no "
                "pixel; use padding='same' or less padding"
            )
    return image, size, stride, (*shape, *image.shape[2:])


def _image(image):
    """`image` as an array of shape (H, W) or (H, W, C)."""
    image = np.asarray(image)
    return _array("image", image, ("H", "W") if image.ndim == 2 else ("H", "W", "[C]"), {4: BATCH})


def _array(name, values, axes, slips=None):
    """`values` as a non-empty array of numbers with these axes, or an error that says what is wrong."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers; got dtype {array.dtype}")
    if array.ndim != len(axes):
        slip = (slips or {}).get(array.ndim)
        raise ValueError(
            f"{name} must have the shape ({', '.join(axes)}); got {array.shape}" + (f": {slip}" if slip else "")
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}; was it cropped outside the picture?")
    return array


def _same_dtype(*arrays):
    """All in the widest float among them, or in int64 where there is none."""
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.int64
    return [array.astype(dtype, copy=False) for array in arrays]
