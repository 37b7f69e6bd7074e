"""Notebooks as they are found before a build: what can be read, what somebody has changed, what differs from the source."""

import codecs
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from .source import cell_input, inputs_digest

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Found:
    """A notebook's file as it was found: its bytes (None: there is no file), and the notebook or why it cannot be read."""

    path: Path
    content: bytes | None
    notebook: object = None
    trouble: str = ""


@dataclass(frozen=True)
class Task:
    """A lesson to build: ``02_pooling``, the notebook that its source means, and what is there."""

    name: str
    expected: object
    found: Found


def find(path):
    """Read a notebook's file without believing that it is one.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Found
    """
    import nbformat

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Found(path, None)
    try:
        notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)  # an editor may have put a mark in front
        inputs_digest(notebook)
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        return Found(path, content, trouble=_trouble(content, error))
    return Found(path, content, notebook)


def _trouble(content, error):
    """Why a file cannot be read as a notebook, behind "it"."""
    if not content.strip():
        return "is empty"
    if content.startswith(UTF16):
        return "is in UTF-16: save it as UTF-8"
    if mark := re.search(rb"^<{7}", content, re.MULTILINE):
        line = content.count(b"\n", 0, mark.start()) + 1
        return f"has Git's marks of a conflict (<<<<<<<, line {line}): resolve it"
    reason = str(error).partition("\n")[0][:100]
    return f"is no notebook ({type(error).__name__}: {reason})"


def edited_by_hand(notebook):
    """Whether a notebook's inputs are no longer those that it was built with."""
    return notebook.metadata.get("course", {}).get("inputs_sha256") != inputs_digest(notebook)


def precious(task):
    """What would be lost, or could be, if the notebook were overwritten, as a list of sentences."""
    if task.found.trouble:
        return [f"{task.name}.ipynb cannot be read: it {task.found.trouble}"]
    if task.found.notebook and edited_by_hand(task.found.notebook):
        return [f"{task.name}.ipynb was edited by hand: {_places(task)}"]
    return []


def drift(task):
    """What differs between a notebook's inputs and those that its source means, as a list of sentences."""
    if task.found.content is None:
        return [f"{task.name}.ipynb has not been built"]
    if found := precious(task):
        return found
    if inputs_digest(task.found.notebook) != inputs_digest(task.expected):
        return [f"source/{task.name}.py has changed since {task.name}.ipynb was built: {_places(task)}"]
    return []


def _places(task):
    """The cells in which a notebook and what its source means differ."""
    mine, expected = task.found.notebook.cells, task.expected.cells
    places = [
        f"cell {number} ({first_line(cell) or first_line(other)!r})"
        for number, (cell, other) in enumerate(zip(mine, expected), 1)
        if cell_input(cell) != cell_input(other)
    ]
    if len(mine) != len(expected):
        places.append(f"{len(mine)} cells instead of {len(expected)}")
    return f"{', '.join(places[:5]) or 'its metadata'}{' and more' if len(places) > 5 else ''}"


def first_line(cell):
    return cell.source.strip().partition("\n")[0][:60]


def keep_copy(path):
    """Copy a file to ``NAME.bak-1`` beside it, or to the first number that is free; gives the copy's path."""
    for number in itertools.count(1):
        copied = path.with_name(f"{path.name}.bak-{number}")
        try:
            with open(copied, "xb") as file:
                file.write(path.read_bytes())
        except FileExistsError:
            continue
        return copied
