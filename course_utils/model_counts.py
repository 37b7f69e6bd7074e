"""Parameters and multiplications of whole Keras models, call by call: `counting`'s arithmetic on what a model really does.

Shapes leave out the batch axis. One multiplication stands for one multiply-accumulate, as in `counting`.
"""

from math import prod
from typing import NamedTuple

from . import graphs
from .checks import whole
from .runtime import quiet

with quiet():
    import keras
    from keras import layers as k


class LayerCount(NamedTuple):
    """One call of one layer, as counted by `by_layer`.

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


def by_layer(model, input_shape=None):
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
    >>> by_layer(model)
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


def parameters(model):
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
    >>> parameters(keras.Sequential([keras.Input((7744,)), keras.layers.Dense(64)]))
    495680
    """
    _check_built(model)
    return model.count_params()


def multiplications(model, input_shape=None):
    """Multiply-accumulates of a Keras model for one example: the sum over `by_layer`.

    Parameters and errors are those of `by_layer`.

    Returns
    -------
    int

    Examples
    --------
    >>> import keras
    >>> multiplications(keras.Sequential([keras.Input((7744,)), keras.layers.Dense(64)]))
    495616
    """
    return sum(row.multiplications for row in by_layer(model, input_shape))


def _check_built(model):
    """Raise unless `model` is a Keras model whose weights exist."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; got {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"model {model.name!r} is not built, so its weights do not exist yet: begin it with "
            "keras.Input((height, width, channels)), or call model.build((None, height, width, channels))"
        )


def _input_shapes(model, input_shape):
    """Shapes, without the batch axis, of the inputs that `model` is to be counted for."""
    shapes = [tuple(tensor.shape[1:]) for tensor in graphs.plain(model).inputs]
    if input_shape is not None:
        if len(shapes) != 1:
            raise ValueError(f"input_shape is for models of one input, {model.name!r} has {len(shapes)}: {shapes}")
        given = tuple(whole("input_shape", side) for side in input_shape)
        if len(given) != len(shapes[0]) or any(a not in (None, b) for a, b in zip(shapes[0], given)):
            raise ValueError(
                f"input_shape {given} does not fit the model, which takes {shapes[0]} (no batch axis; "
                "None means any size): for another size, build the model anew"
            )
        shapes = [given]
    if any(None in shape for shape in shapes):
        raise ValueError(
            f"model {model.name!r} takes inputs of any size, {shapes}: say which one to count, "
            "for instance input_shape=(224, 224, 3)"
        )
    return shapes


def _calls(model, shapes):
    """List (name, layer, input shape, output shape) for each call of a layer; nested models are opened."""
    calls, stand_ins = [], {}

    def note(path, *args, **kwargs):
        """Make one call on shapes alone, and write it down."""
        layer = path[-1]
        if layer not in stand_ins:
            stand_ins[layer] = _StandIn(layer)
        outputs = stand_ins[layer](*args, **kwargs)
        name = "/".join(part.name for part in path)
        calls.append((name, layer, graphs.shapes((args, kwargs))[0], graphs.shapes(outputs)[0]))
        return outputs

    graphs.replay(model, call=note, shapes=shapes)
    return calls


class _StandIn(keras.Operation):
    """Has a layer's name and shapes, but none of its weights: so any size can be counted, and the layer is left alone."""

    def __init__(self, layer):
        super().__init__(name=layer.name)
        self.layer = layer

    def compute_output_spec(self, *args, **kwargs):
        """The shapes and dtypes that the layer itself would return."""
        return self.layer.compute_output_spec(*args, **kwargs)


def _multiplications(layer, taken, given):
    """Multiply-accumulates of one call of `layer`, from its input and output shapes."""
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
