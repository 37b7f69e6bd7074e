"""A Keras model as a graph of calls: its layers by their paths, also inside nested models, and the graph run anew.

`model_counts` runs it on shapes, `inspection` on the layers themselves, to reach tensors in the middle. A path is the tuple
of nested models on the way to a layer, then the layer.
"""

import itertools

from .runtime import quiet

with quiet():
    import keras


def paths(model):
    """The path to every layer, outer ones and nested ones, in the order of computation."""
    for layer in model.layers:
        yield (layer,)
        if isinstance(layer, keras.Model):
            yield from ((layer, *path) for path in paths(layer))


def shapes(tensors):
    """Shapes, without the batch axis, of all symbolic tensors in a nested structure."""
    return [tuple(t.shape[1:]) for t in keras.tree.flatten(tensors) if isinstance(t, keras.KerasTensor)]


def plain(model):
    """A plain, uncompiled functional model over the layers of `model`.

    Raises
    ------
    ValueError
        `model` computes in a `call` method of its own.
    """
    if getattr(model, "inputs", None):
        ends = (
            (model.inputs[0], model.outputs[0]) if isinstance(model, keras.Sequential) else (model.input, model.output)
        )
        graph = keras.Model(*ends, name=model.name)
        if type(model).call in (type(graph).call, keras.Sequential.call):
            return graph
    raise ValueError(
        f"model {model.name!r} ({type(model).__name__}) computes in a call method of its own, so its "
        "layers' calls cannot be seen: build it as keras.Model(inputs, outputs) or keras.Sequential"
    )


def replay(model, wanted=(), call=None, shapes=None, path=()):
    """Run the graph of `model` anew with `keras.models.clone_model`, and nested models' in their places.

    The tensors of the model as it stands would not do: ``layer.output`` belongs to the model in which a layer was used
    first, and a nested model has tensors of its own.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional.
    wanted : sequence of (path, {"input", "output"})
        Tensors to give back: what a layer takes (first) or gives at its first call.
    call : callable, optional
        ``call(path, *args, **kwargs)`` makes each call of a layer that is not a model, in the order of computation, and
        returns its outputs. By default the layer itself is called, and only nested models that hold a wanted tensor are opened.
    shapes : sequence of tuple, optional
        Of new inputs, without the batch axis; by default the model's.
    path : tuple of keras.Layer
        Of `model` itself, where it is nested.

    Returns
    -------
    inputs, tensors, outputs
        The new graph's ends, structured as the model's, and between them the list of the wanted tensors.

    Raises
    ------
    ValueError
        As by `plain`.
    """
    graph, found, number = plain(model), {}, itertools.count()

    def visit(layer, *args, **kwargs):
        here = (*path, layer)
        inside = [place for place, (target, _) in enumerate(wanted) if target[: len(here)] == here != target]
        if isinstance(layer, keras.Model) and (inside or call):
            opened = _opened(layer, [wanted[place] for place in inside], call, args, kwargs, here, next(number))
            tensors, outputs = opened(*args, **kwargs)
            found.update(zip(inside, tensors))
        else:
            outputs = call(here, *args, **kwargs) if call else layer(*args, **kwargs)
        for place, (target, side) in enumerate(wanted):
            if target == here:
                found.setdefault(place, outputs if side == "output" else args[0])
        return outputs

    inputs = None if shapes is None else _inputs(graph, shapes)
    rerun = keras.models.clone_model(graph, inputs, clone_function=lambda layer: layer, call_function=visit)
    return rerun.input, [found[place] for place in range(len(wanted))], rerun.output


def _opened(model, wanted, call, args, kwargs, path, number):
    """A model in a nested one's place that gives the wanted tensors, too. (Its name: `model` may be called more than once.)"""
    inputs, tensors, outputs = replay(model, wanted, call, shapes((args, kwargs)), path)
    return keras.Model(inputs, (tensors, outputs), name=f"{model.name}_call_{number}")


def _inputs(graph, shapes):
    """New inputs of `graph` with the given shapes, in its structure."""
    tensors = [keras.Input(shape, dtype=old.dtype, name=old.name) for shape, old in zip(shapes, graph.inputs)]
    return keras.tree.pack_sequence_as(graph.input, tensors)
