"""What every exercise shares: its four outcomes, how an answer is tried, and how the outcome is shown and recorded.

An exercise's own part is a function `checker(answer)` that raises `Wrong` with words for a learner, and may return
a sentence that explains the right answer. The helpers below try answers only through what they do: they call
functions with inputs that their writer has not seen, and compare numbers and shapes.
"""

import html
import inspect
import itertools
import linecache
import numbers
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import numpy as np

from ..results import EXERCISES_KEY, NOT_ATTEMPTED

CORRECT, INCORRECT, CANNOT_CHECK = "correct", "incorrect", "cannot be checked"
TITLES = {
    CORRECT: "Correct.",
    INCORRECT: "Not yet:",
    NOT_ATTEMPTED: "Not attempted:",
    CANNOT_CHECK: "Cannot be checked:",
}
COLOURS = {CORRECT: "#009E73", INCORRECT: "#D55E00", NOT_ATTEMPTED: "#767676", CANNOT_CHECK: "#CC79A7"}
DOTS = "put your answer in the place of the dots (...), and run the cell again."

#: What an error in a learner's code mostly means, by its type.
MEANINGS = {
    NameError: "a name is used that does not exist (yet): look for a misspelling, or run the cells above again.",
    IndexError: "an index lies outside of its array or list: check where your loops end. Counting begins at 0.",
    KeyError: "a dictionary has no entry under this key: print its keys.",
    AttributeError: "the object has no attribute or method of this name: check the spelling, and print type(...) of the object.",
    ZeroDivisionError: "something is divided by zero: print the divisor.",
    RecursionError: "a function calls itself without an end.",
    ImportError: "a module or a name in it is not there: check the spelling.",
    StopIteration: "next() was called, but there was nothing left.",
    TypeError: "something has the wrong type, or a function got the wrong number of arguments: compare the call with the definition.",
    ValueError: "a value does not fit, often a shape: print the shapes of the arrays involved.",
    AssertionError: "an assert in your own code does not hold.",
}
_outcomes = {}


class Wrong(Exception):
    """An answer is wrong. `message` names the likely slip; the other parts say what was tried, what was expected and what came."""

    def __init__(self, message, tried=None, expected=None, came=None):
        super().__init__(message)
        self.parts = {"tried": tried, "expected": expected, "came": came}


class Unanswered(Exception):
    """There are still dots in the answer."""


class Raised(Exception):
    """The learner's code raised `error` when it was tried."""

    def __init__(self, error, tried=None):
        super().__init__(str(error))
        self.error, self.tried = error, tried


@dataclass(frozen=True)
class Verdict:
    """What came of a check: one of four outcomes, a message, and by name what was tried, was expected and came."""

    outcome: str
    message: str
    parts: dict

    def __str__(self):
        lines = [f"{TITLES[self.outcome]} {self.message}".strip()]
        for name, text in self.parts.items():
            lines += [f"  {name + ':':9} {text}"] if "\n" not in text else [f"  {name}:", indent(text, "    ")]
        return "\n".join(lines)

    def as_html(self):
        """The same for a page; the outcome stands there in words, too."""
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{name}</th>"
            f"<td style='text-align:left'><pre style='margin:0'>{html.escape(text)}</pre></td></tr>"
            for name, text in self.parts.items()
        )
        table = f"<table>{rows}</table>" if rows else ""
        return (
            f"<div style='border-left:4px solid {COLOURS[self.outcome]};padding-left:0.8em'>"
            f"<strong>{TITLES[self.outcome]}</strong> {html.escape(self.message)}{table}</div>"
        )


class Exercise:
    """A task with a check, hints and a solution.

    Parameters
    ----------
    name : str
        As in the notebook, ``ex.NAME``.
    reference : function or class
        The reference solution, whose source `solution` shows.
    checker : function
        Takes the answer; raises `Wrong`, and returns None or a sentence that explains the right answer.
    hints : sequence of str
        At least two, from a nudge to nearly the answer.
    """

    def __init__(self, name, reference, checker, hints):
        if len(hints) < 2:
            raise ValueError(f"exercise {name} needs at least two hints, got {len(hints)}")
        self.name, self.reference, self.checker, self.hints = name, reference, checker, tuple(hints)
        self._hints_given = 0

    def __repr__(self):
        return f"exercise {self.name}: .check(answer), .hint(), .solution()"

    def judge(self, answer):
        """What a check of `answer` comes to, as a `Verdict`; nothing is shown or recorded."""
        try:
            refuse_dots(answer)
            return Verdict(CORRECT, self.checker(answer) or "", {})
        except Unanswered as stub:
            return Verdict(NOT_ATTEMPTED, str(stub) or DOTS, {})
        except Wrong as wrong:
            return Verdict(
                INCORRECT, str(wrong), {name: in_short(part) for name, part in wrong.parts.items() if part is not None}
            )
        except Raised as raised:
            meaning = next((meaning for kind, meaning in MEANINGS.items() if isinstance(raised.error, kind)), "")
            parts = {} if raised.tried is None else {"tried": in_short(raised.tried)}
            return Verdict(
                CANNOT_CHECK,
                f"your code raised an error. It mostly means that {meaning}"
                if meaning
                else "your code raised an error.",
                parts | {"error": short_traceback(raised.error)},
            )

    def check(self, answer):
        """Say at once whether `answer` is right, and if not, what went wrong; `progress` and batches remember the outcome."""
        verdict = self.judge(answer)
        if _outcomes.get(self.name) != CORRECT:  # what was done once stays done, whatever is tried afterwards
            _outcomes[self.name] = verdict.outcome
        _show(str(verdict), verdict.as_html(), {EXERCISES_KEY: [[self.name, verdict.outcome]]})

    def hint(self):
        """Show the next hint; after the last one, the last one again."""
        place = min(self._hints_given, len(self.hints) - 1)
        self._hints_given += 1
        more = (
            "" if place + 1 < len(self.hints) else f" (This was the last hint; the solution: ex.{self.name}.solution())"
        )
        text = f"Hint {place + 1} of {len(self.hints)}: {self.hints[place]}{more}"
        _show(text, f"<div>{html.escape(text)}</div>")

    def solution(self):
        """Show the source of a solution. There may be others that are as good."""
        source = inspect.getsource(self.reference).rstrip()
        _show(source, f"<pre>{html.escape(source)}</pre>")


def show_progress(exercises):
    """One line an exercise, and how many are done."""
    states = {exercise.name: _outcomes.get(exercise.name, NOT_ATTEMPTED) for exercise in exercises}
    done = sum(state == CORRECT for state in states.values())
    text = "\n".join(
        [f"{done} of {len(states)} exercises done", *(f"  {name:24} {state}" for name, state in states.items())]
    )
    _show(text, f"<pre>{html.escape(text)}</pre>")


def _show(text, as_html, metadata=None):
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": as_html}, metadata=metadata or {}, raw=True)


# ---- trying answers


def refuse_dots(answer):
    """Raise `Unanswered` if `answer` is `...`, or holds one in a list, tuple or dict, also in one inside of it."""

    def parts_of(answer):
        return (
            list(answer.values())
            if isinstance(answer, dict)
            else answer
            if isinstance(answer, (list, tuple))
            else [answer]
        )

    if answer is ...:
        raise Unanswered
    parts = parts_of(answer)
    open_parts = sum(any(inner is ... for inner in parts_of(part)) for part in parts)
    if open_parts:
        raise Unanswered(
            f"dots (...) are left in {open_parts} of {len(parts)} parts: replace them, and run the cell again."
        )


def call(function, *arguments, tried=None, **named):
    """Call the learner's function with copies of the arguments.

    Parameters
    ----------
    function : callable
    *arguments, **named
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
    if (
        not callable(function) or hasattr(function, "trainable_weights") and not inspect.isclass(function)
    ):  # a Keras model or layer
        raise Wrong("hand over the function itself: its name, without brackets behind it.", came=function)
    tried = tried or written_call(function, *arguments, **named)
    given = [argument.copy() if isinstance(argument, np.ndarray) else argument for argument in arguments]
    with learners_code(tried):
        result = function(*given, **named)
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


def expect_array(came, expected, tried=None, slips=(), atol=1e-4):
    """Compare an array, or what becomes one, with the expected one.

    Parameters
    ----------
    came : array-like or tensor
        Of any number type.
    expected : array-like
    tried : str, optional
    slips : sequence of (array-like, str)
        Wrong results that learners often get, each with its message.
    atol : float

    Raises
    ------
    Wrong
    """
    array, expected = as_array(came, tried), np.asarray(expected)
    if _same(array, expected, atol):
        return
    for value, message in slips:
        if _same(array, np.asarray(value), atol):
            raise Wrong(message, tried, expected, array)
    if array.shape != expected.shape:
        raise Wrong(
            f"the shape is {shape_text(array.shape)}; it should be {shape_text(expected.shape)}.",
            tried,
            expected,
            array,
        )
    differs = np.argwhere(~np.isclose(array.astype(float), expected.astype(float), atol=atol))
    where = f"; the first that differs stands at {tuple(map(int, differs[0]))}" if array.ndim else ""
    raise Wrong(
        f"the shape is right, but {len(differs)} of {array.size} numbers are not{where}."
        if array.ndim
        else "the number is not right.",
        tried,
        expected,
        array,
    )


def _same(array, expected, atol):
    return array.shape == expected.shape and np.allclose(
        array.astype(float), expected.astype(float), atol=atol, equal_nan=True
    )


def as_array(value, tried=None):
    """A learner's result as a NumPy array of numbers or booleans; `Wrong` if it cannot become one."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        why = (
            ", but text: leave out the quotes."
            if array.dtype.kind in "SU"
            else ": None stands in the place of a number."
            if array.size and any(part is None for part in array.flat)
            else ", or its rows are not equally long."
        )
        raise Wrong(f"this is no array of numbers{why}", tried, came=value)
    return array


def expect_number(answer, expected, slips=(), name="the number", atol=1e-6, hide=True):
    """Compare one number.

    Parameters
    ----------
    answer : int, float, or a NumPy or TensorFlow scalar
    expected : number
    slips : sequence of (number, str)
    name : str
        What the number is, for the general message.
    atol : float
        Allowed difference.
    hide : bool
        Do not tell the expected number: it would be the answer itself.

    Raises
    ------
    Wrong
    """
    if isinstance(answer, str):
        raise Wrong(f"{name} must be a number, not a text: leave out the quotes.", came=answer)
    value = as_array(answer)
    if value.shape not in ((), (1,)) or value.dtype.kind == "b":
        raise Wrong(f"{name} must be one number.", came=answer)
    value = value.reshape(()).item()
    if abs(value - expected) <= atol:
        return
    for slip, message in slips:
        if abs(value - slip) <= atol:
            raise Wrong(message, came=value)
    direction = "too large" if value > expected else "too small"
    raise Wrong(f"{name} is {direction}.", expected=None if hide else expected, came=value)


def expect_numbers(answers, expected, slips=None, atol=1e-6):
    """Compare several numbers with names.

    Parameters
    ----------
    answers : dict of str to number, or a sequence in the order of `expected`
    expected : dict of str to number
    slips : dict of str to sequence of (number, str), optional
        By the names of `expected`.
    atol : float

    Raises
    ------
    Wrong
        For the first that is not right.
    """
    if isinstance(answers, (list, tuple, np.ndarray)) and len(answers) == len(expected):
        answers = dict(zip(expected, answers))
    if not isinstance(answers, dict) or answers.keys() != expected.keys():
        raise Wrong(f"{len(expected)} numbers are asked for, in this order: {', '.join(expected)}.", came=answers)
    for name, right in expected.items():
        expect_number(answers[name], right, (slips or {}).get(name, ()), name, atol)


def expect_choice(answer, right, reasons):
    """Compare one letter.

    Parameters
    ----------
    answer : str
        Small or capital.
    right : str
    reasons : dict of str to str
        For every wrong letter, why it is wrong.

    Raises
    ------
    Wrong
    """
    expect_choices(answer, right, reasons)


def expect_choices(answer, right, reasons, several=None):
    """Compare a set of letters, such as "ace", in any order.

    Parameters
    ----------
    answer : str, or a sequence of letters
    right : str
    reasons : dict of str to str
        For every letter that may be wrongly chosen or wrongly left out, what to think of.
    several : bool, optional
        Whether more than one letter may be given; by default, whether more than one is right (which tells as much).

    Raises
    ------
    Wrong
    """
    letters = sorted(set(right) | set(reasons))
    spelt = {letter.lower(): letter for letter in letters}  # capitals or not, as the task has them
    text = (
        "".join(answer)
        if isinstance(answer, (list, tuple, set)) and all(isinstance(part, str) for part in answer)
        else answer
    )
    chosen = (
        {spelt.get(letter, letter) for letter in text.lower() if letter not in " ,;"} if isinstance(text, str) else None
    )
    several = len(right) > 1 if several is None else several
    if not chosen or chosen - set(letters) or (not several and len(chosen) > 1):
        what = "one or more of the letters" if several else "one of the letters"
        raise Wrong(f"answer with {what} {', '.join(letters)} in quotes, such as {letters[0]!r}.", came=answer)
    for letter in sorted(chosen - set(right)):
        raise Wrong(f"{letter}: {reasons[letter]}")
    for letter in sorted(set(right) - chosen):
        raise Wrong(f"one is missing. {reasons.get(letter, 'Go through the letters that you left out once more.')}")


def expect_letters(answers, expected, several=None):
    """Compare several choices with names.

    Parameters
    ----------
    answers : dict of str to letters, or a sequence in the order of `expected`
    expected : dict of str to (str, dict of str to str)
        For each name the right letters and the reasons, as in `expect_choices`.
    several : bool, optional
        As in `expect_choices`, for all names.

    Raises
    ------
    Wrong
        For the first that is not right.
    """
    if isinstance(answers, (list, tuple)) and len(answers) == len(expected):
        answers = dict(zip(expected, answers))
    if not isinstance(answers, dict) or answers.keys() != expected.keys():
        raise Wrong(f"{len(expected)} choices are asked for, in this order: {'; '.join(expected)}.", came=answers)
    for name, (right, reasons) in expected.items():
        try:
            expect_choices(answers[name], right, reasons, several)
        except Wrong as wrong:
            raise Wrong(f"{name}: {wrong}") from None


# ---- words


def in_short(part):
    """A value for a message: arrays with few numbers, no memory addresses, no paths."""
    if isinstance(part, str):
        return part
    if isinstance(part, (np.ndarray, list, tuple)) or hasattr(part, "numpy"):
        try:
            array = np.asarray(part)
        except (TypeError, ValueError):
            array = None
        if array is not None and array.dtype.kind in "biuf" and not array.ndim:
            return in_short(array.item())
        if (
            array is not None and array.dtype.kind in "biuf" and array.ndim > 2 and array.size > 30
        ):  # too much to compare by eye
            first = ", ".join(f"{number:.4g}" for number in array.ravel()[:3])
            return (
                f"shape {shape_text(array.shape)}, from {array.min():.4g} to {array.max():.4g}; it begins with {first}"
            )
        if array is not None and array.dtype.kind in "biuf":
            text = np.array2string(array, precision=4, suppress_small=True, threshold=60, edgeitems=3)
            return text if array.ndim < 2 else f"shape {shape_text(array.shape)}\n{text}"
    if isinstance(part, (numbers.Number, np.generic)):
        return f"{part:,}" if isinstance(part, int) and not isinstance(part, bool) else f"{part}"
    if callable(part):
        return (
            f"{part.__name__} (a function or class)"
            if hasattr(part, "__name__")
            else f"an object of type {type(part).__name__}"
        )
    text = repr(part)
    return (
        f"an object of type {type(part).__name__}"
        if " at 0x" in text
        else text
        if len(text) <= 300
        else f"{text[:300]} …"
    )


def shape_text(shape):
    """(5, 5) as "5 × 5"; of no axes, "a single number"."""
    return " × ".join(map(str, shape)) if len(shape) > 0 else "a single number"


def written_call(function, *arguments, **named):
    """A call as a learner would write it; of large arrays, the shape."""

    def one(value):
        if isinstance(value, np.ndarray) and value.size > 12:
            return f"array of shape {shape_text(value.shape)}"
        if isinstance(value, np.ndarray):
            return str(value.tolist())
        return in_short(value)

    parts = [*map(one, arguments), *(f"{name}={one(value)}" for name, value in named.items())]
    return f"{getattr(function, '__name__', 'your function')}({', '.join(parts)})"


def short_traceback(error):
    """The last line of the learner's own code that was running, and the error, without paths."""
    libraries = [sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")] + [
        str(Path(__file__).parents[1])
    ]
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(tuple(libraries)) and not frame.filename.startswith("<frozen")
    ]
    lines = []
    if own:
        text = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno).strip()
        lines = (
            [f"line {own[-1].lineno} of your cell, in {own[-1].name}:", f"    {text}"]
            if text
            else [f"in {own[-1].name}"]
        )
    said = " ".join(str(error).split())
    return "\n".join([*lines, f"{type(error).__name__}: {said[:300]}"])
