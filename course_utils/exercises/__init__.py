"""Exercises that check themselves: `lesson("01")` gives those of a lesson, `progress()` says which are done.

>>> from course_utils import exercises
>>> ex = exercises.lesson("02")
>>> ex.pooled_side.check(...)
Not attempted: put your answer in the place of the dots (...), and run the cell again.
"""

import importlib

from ..checks import nearest
from . import checking

NUMBERS = tuple(f"{number:02}" for number in range(10))
_current = []


class Lesson:
    """The exercises of a lesson, each under its name: ``ex.NAME.check(answer)``, ``ex.NAME.hint()``, ``ex.NAME.solution()``."""

    def __init__(self, number, exercises):
        self.number, self.exercises = number, {exercise.name: exercise for exercise in exercises}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self.exercises:
            return self.exercises[name]
        raise AttributeError(
            f"lesson {self.number} has no exercise {name!r}{nearest(name, self.exercises)}; it has {', '.join(self.exercises)}"
        )

    def __dir__(self):
        return list(self.exercises)

    def __repr__(self):
        return f"the exercises of lesson {self.number}: {', '.join(self.exercises)}"


def lesson(number):
    """The exercises of a lesson; `progress` speaks of the lesson that was asked for last.

    Parameters
    ----------
    number : str
        From "00" to "09".

    Returns
    -------
    Lesson

    Raises
    ------
    ValueError
        There is no such lesson.
    """
    if number not in NUMBERS:
        raise ValueError(f"lesson must be one of {', '.join(map(repr, NUMBERS))}; got {number!r}")
    found = Lesson(number, importlib.import_module(f"{__name__}.lesson_{number}").EXERCISES)
    _current[:] = [found]
    return found


def progress():
    """Show which exercises of this lesson are done, and what came of the last check of the others.

    Raises
    ------
    ValueError
        No lesson was asked for yet.
    """
    if not _current:
        raise ValueError('progress() does not know which lesson is meant: begin with  ex = exercises.lesson("01")')
    checking.show_progress(_current[0].exercises.values())
