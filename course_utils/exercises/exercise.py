"""What every exercise shares: four outcomes, hints, a solution, and how a lesson shows, records and remembers what came of a check.

An `Exercise` is what its author wrote, and holds no state: `kinds` has those that are declared; one with a checker of its
own is made here. What a learner did lives in the `Lesson` that the notebook holds.
"""

import html
import inspect
from dataclasses import dataclass
from textwrap import indent

from ..checks import nearest
from ..results import CANNOT_CHECK, CORRECT, EXERCISES_KEY, INCORRECT, NOT_ATTEMPTED, best_outcome
from .trying import Raised, Unanswered, Wrong, refuse_dots
from .words import in_short, plain, short_traceback

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


@dataclass(frozen=True)
class Verdict:
    """What came of a check: one of four outcomes, a message, and by name what was tried, was expected and came.

    `slip` is the declared slip that the answer shows, or None.
    """

    outcome: str
    message: str
    parts: dict
    slip: object = None

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
    reference : function or class
        The reference solution, whose source is shown; its name is the exercise's name in the notebook, ``ex.NAME``.
    checker : function
        Takes the answer; raises `Wrong`, and returns None or a sentence that explains the right answer.
    hints : sequence of str
        At least two, from a nudge to nearly the answer.

    Raises
    ------
    ValueError
        Fewer than two hints.
    """

    varies = False  # whether data and right answer are functions of a number

    def __init__(self, reference, checker, hints):
        self.name, self.reference, self.checker, self.hints = reference.__name__, reference, checker, tuple(hints)
        if len(self.hints) < 2:
            raise ValueError(f"exercise {self.name} must have at least two hints; got {len(self.hints)}")

    def __repr__(self):
        return f"exercise {self.name}"

    def examine(self, answer, number):
        """Raise `Wrong`, or return a sentence that explains the right answer, or None; `number` says with which data."""
        return self.checker(answer)

    def judge(self, answer, number=0):
        """What a check of `answer` comes to, as a `Verdict`; nothing is shown or recorded."""
        try:
            refuse_dots(answer)
            return Verdict(CORRECT, self.examine(answer, number) or "", {})
        except Unanswered as stub:
            return Verdict(NOT_ATTEMPTED, str(stub) or DOTS, {})
        except Wrong as wrong:
            parts = {name: in_short(part) for name, part in wrong.parts.items() if part is not None}
            return Verdict(INCORRECT, plain(str(wrong)), parts, wrong.slip)
        except Raised as raised:
            meaning = next((meaning for kind, meaning in MEANINGS.items() if isinstance(raised.error, kind)), "")
            parts = {} if raised.tried is None else {"tried": in_short(raised.tried)}
            message = "your code raised an error." + f" It mostly means that {meaning}" * bool(meaning)
            return Verdict(CANNOT_CHECK, message, parts | {"error": short_traceback(raised.error)})


class Task:
    """An exercise in a learner's notebook: what came of the checks, and how many hints were given."""

    def __init__(self, exercise, number):
        self.exercise, self.number = exercise, number
        self.outcome, self._hints_given = NOT_ATTEMPTED, 0

    def __repr__(self):
        return f"exercise {self.exercise.name}: .check(answer), .hint(), .solution()"

    def check(self, answer):
        """Say at once whether `answer` is right, and if not, what went wrong; `progress` and batches remember the best outcome."""
        verdict = self.exercise.judge(answer, self.number)
        self.outcome = best_outcome(self.outcome, verdict.outcome)
        _show(str(verdict), verdict.as_html(), {EXERCISES_KEY: [[self.exercise.name, verdict.outcome]]})

    def hint(self):
        """Show the next hint; after the last one, the last one again."""
        hints, name = self.exercise.hints, self.exercise.name
        place = min(self._hints_given, len(hints) - 1)
        self._hints_given += 1
        more = "" if place + 1 < len(hints) else f" (This was the last hint; the solution: ex.{name}.solution())"
        text = f"Hint {place + 1} of {len(hints)}: {hints[place]}{more}"
        _show(text, f"<div>{html.escape(text)}</div>")

    def solution(self):
        """Show the source of a solution. There may be others that are as good."""
        source = inspect.getsource(self.exercise.reference).rstrip()
        _show(source, f"<pre>{html.escape(source)}</pre>")


class Lesson:
    """The exercises of a lesson, each under its name: ``ex.NAME.check(answer)``, ``ex.NAME.hint()``, ``ex.NAME.solution()``.

    What came of them lives in this object, and `progress` shows it.

    Parameters
    ----------
    name : str
    exercises : sequence of Exercise
    number : int
        With which data: exercises whose data are a function of a number follow it.
    """

    def __init__(self, name, exercises, number=0):
        self._name = name
        self._tasks = {exercise.name: Task(exercise, number) for exercise in exercises}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._tasks:
            return self._tasks[name]
        raise AttributeError(
            f"the lesson {self._name} has no exercise {name!r}{nearest(name, self._tasks)}; it has {', '.join(self._tasks)}"
        )

    def __dir__(self):
        return [*self._tasks, "progress"]

    def __repr__(self):
        return f"the exercises of the lesson {self._name}: {', '.join(self._tasks)}"

    def progress(self):
        """Show how many exercises are done, and of each the best outcome of the notebook's current run: of all checks since this object was made."""
        done = sum(task.outcome == CORRECT for task in self._tasks.values())
        lines = [f"  {name:24} {task.outcome}" for name, task in self._tasks.items()]
        text = "\n".join([f"{done} of {len(lines)} exercises done", *lines])
        _show(text, f"<pre>{html.escape(text)}</pre>")


def _show(text, as_html, metadata=None):
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": as_html}, metadata=metadata or {}, raw=True)
