"""Checks of arguments, and the wording that their messages share: what must be, then what came."""

import difflib
from operator import index


def nearest(word, known):
    """A suggestion to put behind an unknown `word`, or nothing.

    Examples
    --------
    >>> nearest("EPOCH", ["EPOCHS", "SEED"])
    ' (did you mean EPOCHS?)'
    """
    spelt = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), spelt, n=1)
    return f" (did you mean {spelt[found[0]]}?)" if found else ""


def whole(name, value, least=1, most=None):
    """Return `value` as an int, or say what is wrong with the argument called `name`.

    Raises
    ------
    TypeError
        A float, a bool, a text, a tuple.
    ValueError
        Below `least`, or above `most`.

    Examples
    --------
    >>> whole("stride", 2)
    2
    """
    try:
        boolean = (
            isinstance(value, bool) or str(getattr(value, "dtype", "")) == "bool"
        )  # NumPy 2.1 takes its own for ints
        number = index(None if boolean else value)
    except TypeError:
        slips = {float: "; // divides without leaving whole numbers", tuple: "; one axis takes one number"}
        raise TypeError(f"{name} must be a whole number; got {value!r}{slips.get(type(value), '')}") from None
    if most is not None and not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most}; got {number}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}; got {number}")
    return number


def pair(name, value, least=1, names="(height, width)"):
    """Return two ints from one int (twice the same) or from a pair, checked as by `whole`.

    Examples
    --------
    >>> pair("kernel", 3), pair("kernel", (3, 5))
    ((3, 3), (3, 5))
    """
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        slip = "; leave the channels out" if len(value) == 3 and "height" in names else ""
        raise ValueError(f"{name} must be a number or a pair {names}; got {tuple(value)}{slip}")
    return tuple(whole(name, number, least) for number in value)


def amount(name, value, most, below=False):
    """Return `value` as a float from 0 to `most`, or say what is wrong with the argument called `name`.

    Parameters
    ----------
    name : str
    value : int or float
    most : int or float
        The largest value that is allowed; with `below`, the smallest that is not.
    below : bool

    Raises
    ------
    ValueError
        Anything else.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= most or (below and value == most):
        raise ValueError(f"{name} must be a number from 0 to {'below ' if below else ''}{most}; got {value!r}")
    return float(value)
