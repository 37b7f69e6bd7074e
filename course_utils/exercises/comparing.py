"""How an answer is compared with the right one: numbers, arrays and letters, each with the slips that learners make."""

import numpy as np

from .trying import Wrong
from .words import numbers_of, shape_text

#: The relative distance of two neighbouring numbers, for types so coarse that it shows (under a policy of mixed precision).
_COARSE = {"float16": 2.0**-10, "bfloat16": 2.0**-7}


def close(array, expected, atol, rtol=1e-5):
    """Whether two arrays have one shape and nearly the same numbers; numbers of half precision are allowed its rounding.

    Parameters
    ----------
    array, expected : numpy.ndarray
    atol : float
        The difference that is always allowed. Of `array` in half precision, eight of its steps are, at the size of the largest
        expected number: what a network of a few layers rounds away.
    rtol : float
        Of each expected number, so much is allowed, too: sums in single precision are not exact.

    Returns
    -------
    bool
    """
    if array.shape != expected.shape:
        return False
    expected, steps = expected.astype(float), 8 * _COARSE.get(array.dtype.name, 0)
    if steps and expected.size:
        atol = max(atol, steps * np.nanmax(np.abs(expected), initial=0))
    return bool(np.allclose(array.astype(float), expected, rtol=max(rtol, steps), atol=atol, equal_nan=True))


def as_array(value, tried=None):
    """A learner's result as a NumPy array of numbers or booleans; `Wrong` if it cannot become one."""
    array = numbers_of(value)
    if array is not None:
        return array
    if isinstance(value, (set, frozenset)):
        raise Wrong(f"{_a_set(value)}.", tried, came=value)
    try:
        parts = np.asarray(value)
    except (TypeError, ValueError):
        parts = np.empty(0, object)
    why = ", or its rows are not equally long."
    if parts.dtype.kind in "SU":
        why = ", but text: leave out the quotes."
    elif parts.size and any(part is None for part in parts.flat):
        why = ": None stands in the place of a number."
    raise Wrong(f"this is no array of numbers{why}", tried, came=value)


def _a_set(value):
    what = "a set with one number in it" if len(value) == 1 else "a set"
    return f"this is {what}, because of the braces {{ }}: {'leave them out' if len(value) == 1 else 'write a list, with [ ]'}"


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
    if close(array, expected, atol):
        return
    for value, message in slips:
        if close(array, np.asarray(value), atol):
            raise Wrong(message, tried, expected, array)
    raise Wrong(unlike(array, expected, atol), tried, expected, array)


def unlike(array, expected, atol):
    """In words, in what two arrays differ."""
    if array.shape != expected.shape:
        return f"the shape is {shape_text(array.shape)}; it should be {shape_text(expected.shape)}."
    nowhere = np.isnan(array.astype(float)) & ~np.isnan(expected.astype(float))
    if not array.ndim:
        return "the number is NaN (not a number), as 0 / 0 gives." if nowhere else "the number is not right."
    differs = np.argwhere(~np.isclose(array.astype(float), expected.astype(float), atol=atol, equal_nan=True))
    nan = f" ({nowhere.sum()} of them NaN, not a number, as 0 / 0 gives)" if nowhere.any() else ""
    return (
        f"the shape is right, but {len(differs)} of {array.size} numbers are not{nan}; "
        f"the first that differs stands at {tuple(map(int, differs[0]))}."
    )


def one_number(answer, name="the number"):
    """A learner's answer as a Python number; `Wrong` if it is none, with what it is instead.

    Parameters
    ----------
    answer : int, float, Fraction, Decimal, or a NumPy or TensorFlow scalar; also a list or an array of one
    name : str

    Returns
    -------
    int or float
        Never NaN.
    """
    if isinstance(answer, str):
        raise Wrong(f"{name} must be a number, not a text: leave out the quotes.", came=answer)
    if isinstance(answer, (set, frozenset)):
        raise Wrong(f"{name} must be one number; {_a_set(answer)}.", came=answer)
    array = as_array(answer)
    if array.dtype.kind == "b":
        raise Wrong(f"{name} must be one number, not True or False.", came=answer)
    if array.shape not in ((), (1,)):
        raise Wrong(f"{name} must be one number. Yours has the shape {shape_text(array.shape)}.", came=answer)
    number = array.reshape(()).item()
    if number != number:
        raise Wrong(f"{name} is NaN, which means “not a number”: 0 / 0 gives it, for example.", came=answer)
    return number


def expect_number(answer, expected, slips=(), name="the number", atol=1e-6, hide=True):
    """Compare one number.

    Parameters
    ----------
    answer : int, float, Fraction, Decimal, or a NumPy or TensorFlow scalar
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
    value = one_number(answer, name)
    if abs(value - expected) <= atol:
        return
    for slip, message in slips:
        if abs(value - slip) <= atol:
            raise Wrong(message, came=value)
    raise Wrong(f"{name} is {_direction(value, expected)}.", expected=None if hide else expected, came=value)


def _direction(value, expected):
    return "too large" if value > expected else "too small"


def by_name(answers, names, kind="numbers"):
    """Several answers as a dict by `names`, from a dict or a sequence in their order; `Wrong` if they are others."""
    if isinstance(answers, (list, tuple, np.ndarray)) and len(answers) == len(names):
        answers = dict(zip(names, answers))
    if not isinstance(answers, dict) or answers.keys() != set(names):
        separator = ", " if kind == "numbers" else "; "
        raise Wrong(f"{len(names)} {kind} are asked for, in this order: {separator.join(names)}.", came=answers)
    return answers


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
    answers = by_name(answers, tuple(expected))
    for name, right in expected.items():
        expect_number(answers[name], right, (slips or {}).get(name, ()), name, atol)


def chosen_letters(answer, letters, several, what=None):
    """The letters of an answer, spelt as in the task; `Wrong` if they are no choice from them.

    Parameters
    ----------
    answer : str, or a sequence of letters
        Small or capital, with or without commas.
    letters : sequence of str
    several : bool
        Whether more than one may be given.
    what : str, optional
        What to answer with, if "one of the letters a, b in quotes" is not the word for it.

    Returns
    -------
    set of str
    """
    spelt = {letter.lower(): letter for letter in letters}
    if isinstance(answer, (list, tuple, set)) and all(isinstance(part, str) for part in answer):
        answer = "".join(answer)
    text = answer.lower() if isinstance(answer, str) else ""
    chosen = {spelt.get(letter, letter) for letter in text if letter not in " ,;"}
    if not chosen or chosen - set(letters) or (not several and len(chosen) > 1):
        some = "one or more of the letters" if several else "one of the letters"
        what = what or f"{some} {', '.join(letters)} in quotes, such as {letters[0]!r}"
        raise Wrong(f"answer with {what}.", came=answer)
    return chosen


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
    chosen = chosen_letters(answer, letters, len(right) > 1 if several is None else several)
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
    answers = by_name(answers, tuple(expected), "choices")
    for name, (right, reasons) in expected.items():
        try:
            expect_choices(answers[name], right, reasons, several)
        except Wrong as wrong:
            raise Wrong(f"{name}: {wrong}") from None
