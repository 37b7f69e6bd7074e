"""How messages are worded: values in short, calls as a learner would write them, errors without paths."""

import inspect
import linecache
import numbers
import re
import sysconfig
import traceback
from decimal import Decimal
from pathlib import Path

import numpy as np

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")


def plain(text):
    """`text` without the codes that colour it on a terminal (Keras puts them into its errors)."""
    return _ESCAPES.sub("", text)


def numbers_of(value):
    """`value` as an array of numbers or booleans; None if it cannot become one.

    Fractions and decimals are numbers, too; a text, a set or a dict is none, whatever it holds.
    """
    if isinstance(value, (str, bytes, set, frozenset, dict)):
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" and array.size and all(isinstance(n, (numbers.Real, Decimal)) for n in array.flat):
            array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16" else None


def in_short(part):
    """A value for a message: arrays with few numbers, no memory addresses, no paths."""
    if isinstance(part, str):
        return plain(part)
    array = numbers_of(part) if isinstance(part, (np.ndarray, list, tuple)) or hasattr(part, "numpy") else None
    if array is not None:
        return _array_in_short(array.astype("float32") if array.dtype.name == "bfloat16" else array)
    if isinstance(part, (numbers.Number, np.generic)):
        return f"{part:,}" if isinstance(part, int) and not isinstance(part, bool) else f"{part}"
    if callable(part):
        return f"{part.__name__} (a function or class)" if hasattr(part, "__name__") else _kind(part)
    if isinstance(part, (list, tuple)) and part and all(hasattr(array, "shape") for array in part):
        return (
            f"{len(part)} arrays: {', '.join(shape_text(array.shape) for array in part[:5])}{', …' * (len(part) > 5)}"
        )
    text = plain(repr(part))
    if " at 0x" in text:
        return _kind(part)
    return text if len(text) <= 300 else f"{text[:300]} …"


def _kind(part):
    return f"an object of type {type(part).__name__}"


def _array_in_short(array):
    if not array.ndim:
        return in_short(array.item())
    if array.ndim > 2 and array.size > 30:  # too much to compare by eye
        first = ", ".join(f"{number:.4g}" for number in array.ravel()[:3])
        return f"shape {shape_text(array.shape)}, from {array.min():.4g} to {array.max():.4g}; it begins with {first}"
    text = np.array2string(array, precision=4, suppress_small=True, threshold=60, edgeitems=3)
    return text if array.ndim < 2 else f"shape {shape_text(array.shape)}\n{text}"


def shape_text(shape):
    """(5, 5) as "5 × 5"; of no axes, "a single number"."""
    return " × ".join(map(str, shape)) if len(shape) > 0 else "a single number"


def _argument(value):
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.size <= 12 else f"array of shape {shape_text(value.shape)}"
    return repr(value) if isinstance(value, str) else in_short(value)


def written_call(function, *arguments):
    """A call as a learner would write it; of large arrays, the shape."""
    return f"{getattr(function, '__name__', 'your function')}({', '.join(map(_argument, arguments))})"


def named_call(function, *arguments):
    """The same with the names of the arguments if there are several, of functions nothing else: ``pool(image of 6 × 6, size=2)``."""
    if len(arguments) < 2:
        return written_call(function, *arguments)
    parts = [
        name
        if callable(value)
        else f"{name} of {shape_text(value.shape)}"
        if isinstance(value, np.ndarray) and value.size > 12
        else f"{name}={_argument(value)}"
        for name, value in zip(inspect.signature(function).parameters, arguments)
    ]
    return f"{function.__name__}({', '.join(parts)})"


def short_traceback(error):
    """The last line of the learner's own code that was running, and the error, without paths."""
    libraries = [sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")]
    libraries.append(str(Path(__file__).parents[1]))
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(tuple(libraries)) and not frame.filename.startswith("<frozen")
    ]
    lines = []
    if own:
        text = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno).strip()
        place = f"line {own[-1].lineno} of your cell, in {own[-1].name}:"
        lines = [place, f"    {text}"] if text else [f"in {own[-1].name}"]
    said = " ".join(plain(str(error)).split())
    return "\n".join([*lines, f"{type(error).__name__}: {said[:300]}"])
