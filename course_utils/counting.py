"""Count before you compute: output sizes, parameters, multiplications, receptive fields.

Everything here is whole-number arithmetic on shapes; no pixel and no weight is touched. Shapes leave out
the batch axis, and sizes come in the order (height, width), as in ``array.shape``.

One multiplication stands for one multiply-accumulate (multiply two numbers, add the product to a sum), the
unit in which many papers count (others count two operations); adding a bias is not counted.
"""

from math import prod
from typing import NamedTuple

from .checks import pair, whole

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
    """Learnable numbers of a convolution: ``kernel area * channels_in * filters``, and a bias a filter.

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
        raise ValueError(f"kernel {area} and output {axes} must have the same number of axes")
    return prod(axes) * prod(area) * whole("channels_in", channels_in) * whole("filters", filters)


def dense_parameters(inputs, units, bias=True):
    """Learnable numbers of a fully connected layer: a weight for each pair, and a bias a unit.

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


# ---------------------------------------------------------------------------------- whole models


class LayerCount(NamedTuple):
    """One call of one layer, as counted by `model_counts`.

    Attributes
    ----------
    name : str
        The layer's name; inside a nested model ``"model/layer"``.
    kind : str
        Its class, such as ``"Conv2D"``.
    output_shape : tuple of int
        Without the batch axis; of the first output, where there are several.
    parameters : int
        Weights that no earlier row holds: a layer called twice has its parameters in the first row only.
    multiplications : int
        Multiply-accumulates for one example.
    """

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    multiplications: int


def model_counts(model, input_shape=None):
    """Parameters and multiplications of a Keras model, call by call, in the order of computation.

    Counted are convolutions (grouped, dilated, depthwise, separable, transposed, in one to three
    dimensions) and dense layers, as in papers. Pooling, activations, normalisation, augmentation and
    additions take 0. A transposed convolution multiplies each pixel that comes in by its whole kernel,
    including the products that ``"same"`` padding then crops.

    The model's graph is replayed on shapes alone with `keras.models.clone_model`: nothing is computed,
    and the model is left as it was.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, built. Nested models are opened, at any depth.
    input_shape : tuple of int, optional
        (height, width, channels) of one example. Needed where the model takes images of any size.

    Returns
    -------
    list of LayerCount

    Raises
    ------
    TypeError
        Not a Keras model.
    ValueError
        A model that is not built, that computes in a `call` method of its own (its layers' calls cannot be
        seen), of unknown input size; a layer with a matrix of weights whose cost is not known.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(32, 3, name="first")])
    >>> model_counts(model)
    [LayerCount(name='first', kind='Conv2D', output_shape=(26, 26, 32), parameters=320, multiplications=194688)]
    """
    _check_built(model)
    shapes = _input_shapes(model, input_shape)
    rows, seen = [], set()
    for name, layer, taken, given in _calls(model, shapes):
        weights = [w for w in getattr(layer, "weights", []) if id(w) not in seen]
        seen.update(map(id, weights))
        parameters = sum(prod(w.shape) for w in weights)
        rows.append(LayerCount(name, type(layer).__name__, given, parameters, _multiplications(layer, taken, given)))
    missed = model.count_params() - sum(row.parameters for row in rows)
    if missed:
        raise ValueError(
            f"{missed} parameters of model {model.name!r} belong to none of its layers' calls: "
            "a model's own add_weight cannot be counted, put the weight into a layer"
        )
    return rows


def model_parameters(model):
    """All weights of a built Keras model, trained or not (a batch normalisation's averages included).

    Parameters
    ----------
    model : keras.Model
        Any kind, also subclassed.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        Not a Keras model.
    ValueError
        Not built.

    Examples
    --------
    >>> import keras
    >>> model_parameters(keras.Sequential([keras.Input((7744,)), keras.layers.Dense(64)]))
    495680
    """
    _check_built(model)
    return model.count_params()


def model_multiplications(model, input_shape=None):
    """Multiply-accumulates of a Keras model for one example: the sum over `model_counts`.

    Parameters and errors are those of `model_counts`.

    Returns
    -------
    int

    Examples
    --------
    >>> import keras
    >>> model_multiplications(keras.Sequential([keras.Input((7744,)), keras.layers.Dense(64)]))
    495616
    """
    return sum(row.multiplications for row in model_counts(model, input_shape))


def _check_built(model):
    """Raise unless `model` is a Keras model whose weights exist."""
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; got {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"model {model.name!r} is not built, so its weights do not exist yet: begin it with "
            "keras.Input((height, width, channels)), or call model.build((None, height, width, channels))"
        )


def _input_shapes(model, input_shape):
    """Shapes, without the batch axis, of the inputs that `model` is to be counted for."""
    shapes = [tuple(tensor.shape[1:]) for tensor in _graph(model).inputs]
    if input_shape is not None:
        if len(shapes) != 1:
            raise ValueError(f"input_shape is for models of one input, {model.name!r} has {len(shapes)}: {shapes}")
        given = tuple(whole("input_shape", side) for side in input_shape)
        if len(given) != len(shapes[0]) or any(a not in (None, b) for a, b in zip(shapes[0], given)):
            raise ValueError(
                f"input_shape {given} does not fit the model, which takes {shapes[0]} (no batch axis; "
                "None means any size). For another size, build the model for that size"
            )
        shapes = [given]
    if any(None in shape for shape in shapes):
        raise ValueError(
            f"model {model.name!r} takes inputs of any size, {shapes}: say which one to count, "
            "for instance input_shape=(224, 224, 3)"
        )
    return shapes


def _calls(model, shapes, prefix=""):
    """List (name, layer, input shape, output shape) for each call in the graph of `model`.

    `clone_model` replays the graph: `clone_function` puts a weightless stand-in in each layer's place, and
    `call_function` sees every call of it.
    """
    import keras

    class StandIn(keras.Operation):
        """Has a layer's name and shapes, but none of its weights."""

        def __init__(self, layer):
            super().__init__(name=layer.name)
            self.layer = layer

        def compute_output_spec(self, *args, **kwargs):
            """The shapes and dtypes that the layer itself would return."""
            return self.layer.compute_output_spec(*args, **kwargs)

    calls = []

    def note(stand_in, *args, **kwargs):
        """Make one call of the graph, and write it down."""
        outputs = stand_in(*args, **kwargs)
        layer, name = stand_in.layer, prefix + stand_in.layer.name
        taken = [tuple(t.shape[1:]) for t in keras.tree.flatten((args, kwargs)) if isinstance(t, keras.KerasTensor)]
        if isinstance(layer, keras.Model):
            calls.extend(_calls(layer, taken, name + "/"))
        else:
            given = [tuple(t.shape[1:]) for t in keras.tree.flatten(outputs)]
            calls.append((name, layer, taken[0], given[0]))
        return outputs

    graph = _graph(model)
    inputs = [
        keras.Input(shape, dtype=tensor.dtype, name=f"counted_input_{i}")
        for i, (shape, tensor) in enumerate(zip(shapes, graph.inputs))
    ]
    keras.models.clone_model(graph, keras.tree.pack_sequence_as(graph.input, inputs), StandIn, note)
    return calls


def _graph(model):
    """A plain, uncompiled functional model over the layers of `model`, if `model` is one in truth."""
    import keras

    if getattr(model, "inputs", None):
        graph = keras.Model(model.inputs, model.outputs, name=model.name)
        if type(model).call in (type(graph).call, keras.Sequential.call):
            return graph
    raise ValueError(
        f"model {model.name!r} ({type(model).__name__}) computes in a call method of its own, so its "
        "layers' calls cannot be seen. Build it as keras.Model(inputs, outputs) or keras.Sequential"
    )


def _multiplications(layer, taken, given):
    """Multiply-accumulates of one call of `layer`, from its input and output shapes."""
    from keras import layers as k

    if isinstance(layer, k.Dense):
        return _known(layer, given[:-1]) * prod(layer.kernel.shape)
    if isinstance(layer, (k.Conv1D, k.Conv2D, k.Conv3D, k.DepthwiseConv1D, k.DepthwiseConv2D)):
        return _known(layer, _pixels(layer, given)) * prod(layer.kernel.shape)
    if isinstance(layer, (k.Conv1DTranspose, k.Conv2DTranspose, k.Conv3DTranspose)):
        return _known(layer, _pixels(layer, taken)) * prod(layer.kernel.shape)
    if isinstance(layer, (k.SeparableConv1D, k.SeparableConv2D)):
        weights = prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)
        return _known(layer, _pixels(layer, given)) * weights
    matrices = [tuple(w.shape) for w in getattr(layer, "weights", []) if len(w.shape) > 1]
    free = k.BatchNormalization, k.GroupNormalization, k.LayerNormalization, k.Normalization, k.PReLU
    if matrices and not isinstance(layer, free):
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) holds weights of shape {matrices[0]}, and how "
            "it multiplies them is not known here: build it from Conv and Dense layers in a functional "
            "model, or count it by hand with conv_multiplications or dense_multiplications"
        )
    return 0


def _pixels(layer, shape):
    """Height and width (or however many axes) of a feature map, without its channels."""
    return shape[1:] if layer.data_format == "channels_first" else shape[:-1]


def _known(layer, sides):
    """How many positions `sides` spans, each of them known."""
    if None in sides:
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) has an output of unknown size {sides}: "
            "give keras.Input a shape without None, or name the input_shape"
        )
    return prod(sides)


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
