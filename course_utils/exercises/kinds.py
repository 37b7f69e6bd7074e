"""Exercises that are declared, not programmed: `Numbers`, `Letters` and `Function`, each with the slips that learners make.

A declaration says what is right (a reference solution), and for each slip the wrong answer that it leads to and the message
that this answer gets. So a slip tests itself: the tests hand in every wrong answer and expect its own message.

>>> def area(width=3, height=4):
...     return width * height
>>> exercise = Numbers(
...     area,
...     data=lambda number: (3 + number, 4),
...     slips=[
...         Slip(lambda width, height: width + height, "you added the two sides."),
...         Slip(lambda width, height: 2 * (width + height), lambda came, width, height: f"{came} is the way around it."),
...         Slip(-12, "an area is never negative.", when=lambda came, *data: came < 0),
...     ],
...     hints=("How many squares of 1 × 1 fit in?", "width · height"),
... )
>>> print(exercise.judge(14))
Not yet: 14 is the way around it.
  came:     14
>>> print(exercise.judge(20, number=2))
Correct.

**The reference** is the solution as a learner would write it; the exercise has its name. Its arguments are the data (of a
`Function`: a probe). Numbers of the task are the defaults of the arguments, so that the source of a solution shows them.

**Data** are a tuple of arguments made from a number; 0 gives those of the task. Leave `data` out where they are fixed.

**A slip** has `wrong`, what a learner then hands in; a `Function`'s is a function, too, the others' a value or a function of the
data. None says that these data cannot show it (those of number 0 always do). `message` is a text, or a function of what
came and the data. An answer that equals `wrong` gets it: of a `Function`, if several slips agree on the probe that failed, the
first that agrees on all probes. What no value can tell ("a map of another shape") is told by `when`, a function of what came
and the data; these slips are looked at after all others, in their order, and a last one with ``when=anything`` takes what is left.

**With names**, an answer has several numbers: the reference returns them in their order, or as a dict, and `slips` are a dict
from names to lists of slips, each of one number.

A slip whose wrong answer is right, or has another slip's message, is a fault of the declaration: the tests find it.
"""

from dataclasses import dataclass

import numpy as np

from .comparing import as_array, by_name, chosen_letters, close, one_number, unlike
from .exercise import Exercise
from .trying import Raised, Unanswered, Wrong, call
from .words import in_short, named_call, numbers_of


@dataclass(frozen=True)
class Slip:
    """A wrong answer that learners give, and what to tell them; the module's docstring says more.

    Parameters
    ----------
    wrong : object or function
        The answer: of a `Function` a function like the learner's, otherwise a value, or a function of the data.
    message : str or function
        A function gets what came, then the data.
    when : function, optional
        Gets what came (as an array, where it is one of numbers) and the data, and says whether this is the slip. By default
        an answer shows the slip if it equals `wrong`.
    """

    wrong: object
    message: object
    when: object = None


def anything(came, *data):
    """For ``when=``: every answer of numbers that no other slip has claimed."""
    return numbers_of(came) is not None


def _claims(slip, came, arguments):
    """Whether the slip's `when` holds; not if it asks of a number, say, what a text cannot answer."""
    try:
        return bool(slip.when(came, *arguments))
    except (TypeError, ValueError, AttributeError):
        return False


def _made(what, *arguments):
    return what(*arguments) if callable(what) else what


class _Compared(Exercise):
    """What `Numbers` and `Function` share: something that came is compared with what is right, then with the slips."""

    everywhere = False  # whether a slip must agree on all probes

    def __init__(self, reference, slips, hints, names, done, atol, kind="numbers"):
        super().__init__(reference, None, hints)
        self.names, self.done, self.atol, self.kind = tuple(names), done, atol, kind
        self.slips = {name: tuple(some) for name, some in (slips if names else {None: slips}).items()}
        if unknown := [name for name in self.slips if name not in (self.names or (None,))]:
            raise ValueError(f"exercise {self.name}: slips must have names of {self.names}; got {', '.join(unknown)}")

    def right(self, arguments):
        """What is right for these data, or what the reference returns for this probe."""
        return self.reference(*arguments)

    def wrong(self, slip, name, arguments):
        """What a slip makes of them; None if it cannot be seen there."""
        return _made(slip.wrong, *arguments)

    def compare(self, came, arguments, elsewhere=tuple):
        """Raise `Wrong`, with the message of a slip if it is one, unless `came` is right.

        `elsewhere` gives pairs (arguments, came) of other probes: they decide between slips that agree on this one.
        """
        right = self._parts(self.right(arguments))
        for name, value in self._parts(came).items():
            if not self._equal(value, right[name]):
                raise self._slip_or_difference(name, value, right[name], arguments, elsewhere)

    def _parts(self, answer):
        return by_name(answer, self.names, self.kind) if self.names else {None: answer}

    def _equal(self, came, right):
        array, right = numbers_of(came), np.asarray(right)
        if array is None or (not right.ndim and array.dtype.kind == "b" != right.dtype.kind):
            return False
        if right.ndim:
            return close(array, right, self.atol)
        # a count of millions is right or wrong by one
        return close(array.reshape(()) if array.shape == (1,) else array, right, self.atol, rtol=0)

    def _slip_or_difference(self, name, came, right, arguments, elsewhere):
        array = numbers_of(came)
        shown = came if array is None else array if array.ndim else array.item()
        slip = self._slip(name, shown, arguments, elsewhere)
        if slip:
            return Wrong(_made(slip.message, shown, *arguments), came=shown, slip=slip)
        if np.ndim(right):
            return Wrong(unlike(as_array(came), np.asarray(right), self.atol), came=shown)
        name = name or "the number"
        direction = "too large" if one_number(came, name) > right else "too small"
        return Wrong(f"{name} is {direction}.", came=shown)

    def _slip(self, name, came, arguments, elsewhere):
        some = self.slips.get(name, ())
        equal = [slip for slip in some if not slip.when and self._shows(slip, name, came, arguments)]
        if len(equal) > 1 or (equal and self.everywhere):
            others = [(probe, self._parts(result)[name]) for probe, result in elsewhere()]
            agreeing = [
                slip for slip in equal if all(self._shows(slip, name, result, probe) for probe, result in others)
            ]
            equal = agreeing if agreeing or self.everywhere else equal
        return next(iter(equal), None) or next((s for s in some if s.when and _claims(s, came, arguments)), None)

    def _shows(self, slip, name, came, arguments):
        wrong = self.wrong(slip, name, arguments)
        return wrong is not None and self._equal(came, wrong)


class Numbers(_Compared):
    """A number, an array of numbers, or several numbers with names.

    Parameters
    ----------
    reference : function
        Of the data; returns what is right.
    slips : sequence of Slip, or dict of str to sequence of Slip
        With `names`, a dict by name.
    hints : sequence of str
    names : sequence of str
        Of several numbers, in the order of the answer.
    data : function, optional
        Makes a tuple of data from a number.
    done : str or function
        What a right answer is told; a function gets the data.
    atol : float
        The allowed difference.
    kind : str
        What is asked for with names, if it is not a number each.
    """

    def __init__(self, reference, slips, hints, names=(), data=None, done="", atol=1e-6, kind="numbers"):
        super().__init__(reference, slips, hints, names, done, atol, kind)
        self.varies, self.data = data is not None, data or _no_data

    def examine(self, answer, number):
        arguments = self.data(number)
        self.compare(answer, arguments)
        return _made(self.done, *arguments)

    def mistakes(self, number=0):
        """The wrong answer of each slip, as (answer, Slip); without those that the data of `number` cannot show."""
        arguments = self.data(number)
        for name, some in self.slips.items():
            for slip in some:
                wrong = self.wrong(slip, name, arguments)
                if wrong is not None:
                    yield wrong if name is None else {**self._parts(self.right(arguments)), name: wrong}, slip


class Function(_Compared):
    """A function that the learner writes; it is called with probes and compared with the reference.

    Parameters
    ----------
    reference : function
    probes : sequence of tuple, or function
        The arguments of each call; a function makes them from a number.
    slips : sequence of Slip, or dict of str to sequence of Slip
        Each `wrong` is a function like the learner's; with `names`, `slips` are a dict, and each gives the one number only.
    hints : sequence of str
    names : sequence of str
        Of the numbers that the function returns, if they are several.
    done : str
        What a right answer is told.
    atol : float
        The allowed difference.
    run : function
        Takes a function, its arguments and ``tried=``, and returns what is compared: `call`, or one that does more with what
        the learner's function returns, such as taking the items of a generator.
    everywhere : bool
        Whether an answer shows a slip only if it agrees with it on all probes. For functions with few different results,
        such as True and False: on a single probe, a slip is easily met by chance.
    """

    def __init__(self, reference, probes, slips, hints, names=(), done="", atol=1e-4, run=call, everywhere=False):
        super().__init__(reference, slips, hints, names, done, atol)
        self.varies, self.run, self.everywhere = callable(probes), run, everywhere
        self.probes = probes if callable(probes) else lambda number: probes

    def right(self, arguments):
        return self.run(self.reference, *arguments)

    def wrong(self, slip, name, arguments):
        return self.run(slip.wrong, *arguments) if name is None else slip.wrong(*arguments)

    def examine(self, answer, number):
        probes = list(self.probes(number))
        for place, arguments in enumerate(probes):
            tried = named_call(self.reference, *arguments)
            came = self.run(answer, *arguments, tried=tried)
            try:
                self.compare(came, arguments, lambda: self._elsewhere(answer, probes[:place] + probes[place + 1 :]))
            except Wrong as wrong:
                wrong.parts.update(tried=tried, expected=self._shown(self.right(arguments)), came=self._shown(came))
                raise
        return self.done

    def _elsewhere(self, answer, probes):
        """What the learner's function makes of the other probes, as far as it goes well."""
        for arguments in probes:
            try:
                came = self.run(answer, *arguments)
                self._parts(came)
            except (Wrong, Raised, Unanswered):
                return
            yield arguments, came

    def _shown(self, result):
        if not self.names:
            return result
        return ", ".join(f"{name} = {in_short(part)}" for name, part in self._parts(result).items())

    def mistakes(self, number=0):
        """A function for each slip, as (answer, Slip)."""
        for name, some in self.slips.items():
            for slip in some:
                yield slip.wrong if name is None else self._with(name, slip.wrong), slip

    def _with(self, name, wrong):
        """The reference, but for one of its numbers."""
        return lambda *arguments: {**self._parts(self.right(arguments)), name: wrong(*arguments)}


class Letters(Exercise):
    """A letter, several letters, or several such choices with names.

    Each reason is a slip: of a wrong letter for choosing it, of a right one for leaving it out.

    Parameters
    ----------
    reference : function
        Of the data; returns the right letters as a str, or a dict of them by name.
    reasons : dict of str to str, or dict of str to dict
        For each letter that is wrong, and for each right one that may be left out, what to think of; with names, by name first.
    hints : sequence of str
    several : bool, optional
        Whether more than one letter may be given; by default, whether more than one is right (which tells as much).
    asks : dict of str to str
        By name, what is to be answered, where "one of the letters a, b in quotes" is not the word for it.
    data : function, optional
        Makes a tuple of data from a number; `reasons` may be a function of them, too.
    done : str
        What a right answer is told.

    Raises
    ------
    ValueError
        A letter that may be left out has no reason.
    """

    def __init__(self, reference, reasons, hints, several=None, asks=None, data=None, done=""):
        super().__init__(reference, None, hints)
        self.varies, self.data = data is not None, data or _no_data
        self.reasons, self.several, self.asks, self.done = reasons, several, asks or {}, done
        for name, (right, why) in self._choices(0).items():
            without = [letter for letter in right if len(right) > 1 and letter not in why]
            if without:
                raise ValueError(
                    f"exercise {self.name} must have a reason for each letter; got none for {without} of {name}"
                )

    def _choices(self, number):
        """By name (None if there are no names), the right letters and the reasons."""
        arguments = self.data(number)
        right, reasons = self.reference(*arguments), _made(self.reasons, *arguments)
        return (
            {name: (right[name], reasons[name]) for name in right}
            if isinstance(right, dict)
            else {None: (right, reasons)}
        )

    def examine(self, answer, number):
        choices = self._choices(number)
        answers = {None: answer} if None in choices else by_name(answer, tuple(choices), "choices")
        for name, (right, reasons) in choices.items():
            letters = sorted({*right, *reasons})
            try:
                chosen = chosen_letters(answers[name], letters, self._open(right), self.asks.get(name))
            except Wrong as wrong:
                raise Wrong(f"{_before(name)}{wrong}", came=wrong.parts["came"]) from None
            for letter in sorted(chosen - set(right)) + sorted(set(right) - chosen):
                slip = self._slip(name, letter, right, reasons)
                raise Wrong(slip.message, slip=slip)
        return self.done

    def _open(self, right):
        return len(right) > 1 if self.several is None else self.several

    def _slip(self, name, letter, right, reasons):
        if letter in right:
            return Slip(right.replace(letter, ""), f"{_before(name)}one is missing. {reasons[letter]}")
        return Slip(right * self._open(right) + letter, f"{_before(name)}{letter}: {reasons[letter]}")

    def mistakes(self, number=0):
        """The wrong answer of each reason, as (answer, Slip)."""
        choices = self._choices(number)
        for name, (right, reasons) in choices.items():
            for letter in reasons:
                if letter not in right or len(right) > 1:
                    slip = self._slip(name, letter, right, reasons)
                    others = {other: letters for other, (letters, _) in choices.items()}
                    yield slip.wrong if name is None else {**others, name: slip.wrong}, slip


def _no_data(number):
    return ()


def _before(name):
    return "" if name is None else f"{name}: "
