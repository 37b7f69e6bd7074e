"""Exercises that check themselves: `lesson("pooling")` gives those of a lesson.

>>> from course_utils import exercises
>>> ex = exercises.lesson("pooling")
>>> ex.pooled_side.check(...)
Not attempted: put your answer in the place of the dots (...), and run the cell again.
"""

import importlib
import pkgutil
import re

from ..checks import nearest, whole
from ..runtime import FIRST_EDITION
from .exercise import Lesson


def names():
    """The lessons that have exercises, in alphabetical order: the modules of this folder that define EXERCISES.

    Returns
    -------
    list of str
    """
    return [
        module.name
        for module in pkgutil.iter_modules(__path__)
        if re.search(
            r"^EXERCISES\b", module.module_finder.find_spec(module.name).loader.get_source(module.name) or "", re.M
        )
    ]


def lesson(name, number=0):
    """The exercises of a lesson.

    Parameters
    ----------
    name : str
        Such as "pooling". Numbers of the first edition ("02") work, too, and say the name.
    number : int
        With which data: exercises whose data are a function of a number follow it.

    Returns
    -------
    Lesson

    Raises
    ------
    ValueError
        There is no such lesson.
    """
    if isinstance(name, str) and re.fullmatch("0[0-9]", name):
        old, name = name, FIRST_EDITION[int(name)]
        print(f'Lesson {old} of the first edition is called {name} now: write  ex = exercises.lesson("{name}")')
    known = names()
    if name not in known:
        suggestion = nearest(name, known) if isinstance(name, str) else ""
        raise ValueError(f"lesson must be the name of one, {', '.join(map(repr, known))}; got {name!r}{suggestion}")
    found = importlib.import_module(f"{__name__}.{name}").EXERCISES
    return Lesson(name, found, whole("number", number, least=0))


def progress():
    """Say where progress stands now: notebooks of the first edition asked here."""
    print("What is done stands in the object that lesson() gave you: write  ex.progress()")
