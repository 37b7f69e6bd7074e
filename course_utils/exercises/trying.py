"""How answers are tried: a learner's function is called, a generator asked, and what goes wrong there is named.

Answers are tried only through what they do: they meet inputs that their writer has not seen.
"""

import inspect
import itertools

import numpy as np

from .words import written_call


class Wrong(Exception):
    """An answer is wrong. `message` names the likely slip; the other parts say what was tried, what was expected and what came.

    `slip` is the declared slip (see `kinds`) that the answer shows, if it is one.
    """

    def __init__(self, message, tried=None, expected=None, came=None, slip=None):
        super().__init__(message)
        self.parts, self.slip = {"tried": tried, "expected": expected, "came": came}, slip


class Unanswered(Exception):
    """There are still dots in the answer."""


class Raised(Exception):
    """The learner's code raised `error` when it was tried."""

    def __init__(self, error, tried=None):
        super().__init__(str(error))
        self.error, self.tried = error, tried


def refuse_dots(answer):
    """Raise `Unanswered` if `answer` is `...`, or holds one in a list, tuple or dict, also in one inside of it."""

    def parts_of(answer):
        if isinstance(answer, dict):
            return list(answer.values())
        return answer if isinstance(answer, (list, tuple)) else [answer]

    if answer is ...:
        raise Unanswered
    parts = parts_of(answer)
    open_parts = sum(any(inner is ... for inner in parts_of(part)) for part in parts)
    if open_parts:
        raise Unanswered(
            f"dots (...) are left in {open_parts} of {len(parts)} parts: replace them, and run the cell again."
        )


def call(function, *arguments, tried=None):
    """Call the learner's function with copies of the arguments.

    Parameters
    ----------
    function : callable
    *arguments
    tried : str, optional
        The call in words, for messages; by default written from the arguments.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    Unanswered
        It returns dots: the stub as it was.
    Wrong
        It is no function, returns None, or changes an array that it was given.
    Raised
        It raises.
    """
    network = hasattr(function, "trainable_weights") and not inspect.isclass(function)  # a Keras model or layer
    if network or not callable(function):
        raise Wrong("hand over the function itself: its name, without brackets behind it.", came=function)
    tried = tried or written_call(function, *arguments)
    given = [argument.copy() if isinstance(argument, (np.ndarray, dict)) else argument for argument in arguments]
    with learners_code(tried):
        result = function(*given)
    if result is ...:
        raise Unanswered
    if result is None:
        raise Wrong(
            "your function returns nothing (None). Is the line with `return` missing, or inside of an `if`?", tried
        )
    for before, after in zip(arguments, given):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
            raise Wrong(
                "your function changes the array that it was given. Whoever calls it still needs that array: work on a copy, "
                "or write into a new one.",
                tried,
            )
    return result


def take(items, count, tried=None):
    """The first items that a learner's generator, or another iterator, hands out.

    Parameters
    ----------
    items : iterator
    count : int
        At most so many: a generator may go on for ever.
    tried : str, optional

    Returns
    -------
    list

    Raises
    ------
    Unanswered
        Dots are among them: a stub that yields them.
    Wrong
        No iterator: a list, or a function that was not called.
    Raised
        It raises.
    """
    if inspect.isgeneratorfunction(items):
        raise Wrong("this is the generator function itself, not called. A generator is what the call returns.", tried)
    if isinstance(items, (list, tuple, range)):
        raise Wrong(
            f"your function returns a {type(items).__name__}: everything at once. A generator hands out one item after the other, "
            "with `yield`.",
            tried,
            came=items,
        )
    if not hasattr(items, "__next__"):
        raise Wrong(
            "this is no generator: it has no `__next__`. `return` ends a function at once; `yield` hands out an item and goes on later.",
            tried,
            came=items,
        )
    with learners_code(tried):
        taken = list(itertools.islice(items, count))
    if any(item is ... for item in taken):
        raise Unanswered
    return taken


class learners_code:
    """A `with` block around anything that runs a learner's code: what it raises becomes `Raised`."""

    def __init__(self, tried=None):
        self.tried = tried

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception) and not isinstance(error, (Wrong, Unanswered, Raised)):
            raise Raised(error, self.tried) from error
