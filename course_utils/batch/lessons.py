"""Lessons, found by the names of their files and read without running them."""

import json
import re
import tokenize
from dataclasses import dataclass, replace
from pathlib import Path

from ..checks import nearest
from ..runtime import FIRST_EDITION
from . import UsageError
from .parameters import as_far_as_declared

EXPERIMENTS = "experiments"  # the folder beside the lessons that holds them
RENAMED = {"visualizing_features": "visualizing"}  # lessons of the first edition that have another name since


@dataclass(frozen=True)
class Lesson:
    """A lesson's notebook.

    Attributes
    ----------
    name : str
        The file's name without its ending: ``02_pooling``, or of a student's copy ``02_pooling-smith``.
    lesson : str
        The lesson's own name: ``pooling``.
    path : Path
    parameters : dict of str to Parameter
    text : str
        The notebook's file, as it is.
    problem : str
        Why it cannot be run, or empty.
    fixed : str
        Why none of its parameters can be set, or empty.
    folder : str
        ``experiments`` of an experiment, empty of a lesson.
    """

    name: str
    lesson: str
    path: Path
    parameters: dict
    text: str = ""
    problem: str = ""
    fixed: str = ""
    folder: str = ""

    @property
    def title(self):
        """The name that a plan and a table use: ``06_augmentation``, ``experiments/augmentation``."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def label(self):
        """The lesson's name, behind the number that the file has: ``02_pooling``, also of ``Copy of 02_pooling``."""
        found = re.search(rf"\d\d_{re.escape(self.lesson)}", self.name)
        return found[0] if found else self.lesson


def tagged(notebook, tag):
    """The cells of a notebook that carry `tag`."""
    return [cell for cell in notebook["cells"] if tag in _list(cell["metadata"].get("tags"))]


def _list(value):
    return value if isinstance(value, list) else []


def read_lesson(path, lesson=None):
    """Read one notebook's name and parameters; what is wrong with it is said in ``problem`` or ``fixed``, and stops no other.

    Parameters
    ----------
    path : Path
    lesson : str, optional
        The lesson's own name; by default it is taken from the file's.

    Returns
    -------
    Lesson
    """
    name = lesson or re.sub(r"^\d\d_", "", path.stem)
    # As JSON, because importing nbformat takes longer than everything else before the first notebook starts.
    try:
        text = path.read_bytes().decode("utf-8-sig")  # an editor may have put a mark in front
        cells = tagged({"cells": _cells(json.loads(text))}, "parameters")
        sources = ["".join(cell["source"]) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Lesson(path.stem, name, path, {}, problem=_why_no_notebook(path, error))
    if len(sources) != 1:
        fixed = f"a notebook must have one cell tagged 'parameters'; got {len(sources)}"
        return Lesson(path.stem, name, path, {}, text, fixed=fixed)
    try:
        found = as_far_as_declared(sources[0])
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        return Lesson(path.stem, name, path, {}, text, fixed=f"its parameters cell is not Python: {error}")
    return Lesson(path.stem, name, path, {parameter.name: parameter for parameter in found}, text)


def _cells(notebook):
    """The cells of a notebook in the present format, or in the third, in which worksheets held them."""
    if "cells" in notebook:
        return notebook["cells"]
    return [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]


def _why_no_notebook(path, error):
    from .found import find

    trouble = find(path).trouble if path.is_file() else ""
    return f"{path.name} {trouble or f'cannot be read ({type(error).__name__}: {error})'}; its file is as it was"


def find_lessons(notebooks, say=print):
    """All lessons of a folder in order, students' copies of them under their own names among them.

    Parameters
    ----------
    notebooks : Path
    say : callable
        Gets a line for each notebook that is left out, and for each lesson that has another number or name here.

    Returns
    -------
    list of Lesson
        Also those that cannot be read.
    """
    files = sorted(path for path in Path(notebooks).glob("*.ipynb") if not path.name.startswith("."))
    stems, numbers = {path.stem for path in files}, _numbers_here()
    own = {stem[3:] for stem in stems if re.fullmatch(r"\d\d_\w+", stem)}  # lessons that this edition does not have
    found = []
    for path in files:
        lesson = _lesson_of(path, numbers, own)
        original = re.fullmatch(r"(.+)-Copy\d+", path.stem)
        if lesson is None:
            say(f"left out {path.name}: neither its name nor its metadata names a lesson")
        elif original and original[1] in stems:
            say(f"left out {path.name}: an editor's copy of {original[1]}.ipynb, which is here")
        else:
            lesson = next((name for name in aliases(lesson) if name in numbers), lesson)
            found.append(read_lesson(path, lesson))
            if lesson in numbers and re.match(r"\d\d_", path.stem) and path.stem[:2] != numbers[lesson]:
                say(f"{path.name} is {lesson}, which is {numbers[lesson]}_{lesson} in this edition")
    return found


def find_experiments(notebooks):
    """All experiments beside a folder's lessons, in alphabetical order."""
    files = sorted(Path(notebooks, EXPERIMENTS).glob("*.ipynb"))
    return [replace(read_lesson(path, path.stem), folder=EXPERIMENTS) for path in files if path.name[0] != "."]


def _lesson_of(path, numbers, own):
    """The lesson that a notebook is, or is a renamed copy of, by its file's name or its metadata; or None.

    `numbers` are those of this edition's lessons; `own` are the names behind the numbers in this folder: an instructor's
    lessons, or students' copies such as ``02_pooling_smith``.
    """
    first = {name: f"{number:02}" for number, name in enumerate(FIRST_EDITION)}
    known = sorted({*first, *numbers}, key=len, reverse=True)
    numbered = re.fullmatch(r"\d\d_(\w+)", path.stem)
    if numbered and numbered[1] in known:
        return numbered[1]
    for name in known:
        either = f"{first.get(name, numbers.get(name))}|{numbers.get(name, first.get(name))}"
        if re.search(rf"(?<!\d)({either})_{name}(?![A-Za-z])", path.stem):
            return name
    if numbered:
        return numbered[1]
    for name in sorted({*known, *own}, key=len, reverse=True):
        if re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", path.stem):
            return name
    try:
        lesson = json.loads(path.read_bytes().decode("utf-8-sig"))["metadata"]["course"]["lesson"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return lesson if isinstance(lesson, str) and lesson.isidentifier() else None


def _numbers_here():
    """The number of each lesson of this edition, where the clone's notebooks are at hand: a dict of name to "06"."""
    clone = Path(__file__).parents[2] / "notebooks"
    found = [path.stem for path in clone.glob("[0-9][0-9]_*.ipynb") if re.fullmatch(r"\d\d_\w+", path.stem)]
    return {stem[3:]: stem[:2] for stem in found}


def aliases(name):
    """The names that a lesson has and had, `name` first."""
    return [
        name,
        *(new for old, new in RENAMED.items() if old == name),
        *(old for old in RENAMED if RENAMED[old] == name),
    ]


def select(names, wanted, say=lambda line: None):
    """Those of the `names` that `wanted` means: a lesson's name, its number, or the whole name of a file.

    Parameters
    ----------
    names : sequence of str
        Such as ``06_augmentation``.
    wanted : str
        ``"augmentation"``, ``"06_augmentation"``, or the number here: ``"06"``, ``"6"``.
    say : callable
        Gets a line that says what a number meant, and what it meant in the first edition if that was another lesson.

    Raises
    ------
    UsageError
        When nothing is called so; the nearest names are suggested.
    """
    number = wanted.zfill(2) if wanted.isdigit() else None
    chosen = [
        name for name in names if wanted and (wanted == name or name[3:] in aliases(wanted) or name[:2] == number)
    ]
    if not chosen:
        raise UsageError(
            f"no lesson {wanted!r}{nearest(wanted, [*names, *(name[3:] for name in names)])}; "
            f"there are {', '.join(names) or 'none'}"
        )
    if number:
        meant = ", ".join(f"{name[3:]} ({name})" for name in chosen)
        say(f"lesson {wanted} is {meant}{_in_the_first_edition(number, names)}")
    return chosen


def _in_the_first_edition(number, names):
    """What a number meant in the first edition, if it means another lesson here."""
    then = FIRST_EDITION[int(number)] if int(number) < len(FIRST_EDITION) else None
    now = next((name for name in names if then and name[3:] in aliases(then)), None)
    return f"; in the first edition {number} was {then}, now {now}" if now and now[:2] != number else ""
