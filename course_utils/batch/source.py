"""What a source ``notebooks/source/NN_name.py`` means: a notebook with its number, its neighbours, its links and the generated cells.

A source names no lesson by its number. The number stands in the file's name; a link is written ``[text](lesson:name)``.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..checks import nearest
from . import KERNEL, UsageError, address

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": KERNEL}
LINK = re.compile(r"\]\(lesson:([^)]*)\)")
NEEDS = "**You need:** "  # begins the paragraph of the first cell that gets the links to the neighbours
BADGE = """\
[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})

In Colab, the next cell installs the course's helper package. Where the package is already installed, the cell does nothing."""
NO_BADGE = (
    "Where the course's helper package is installed, the next cell does nothing. Elsewhere it says how to install it."
)
SETUP = """\
import importlib.util

if importlib.util.find_spec("course_utils") is None:
    {missing}

from course_utils import runtime

runtime.built_for("{version}")"""
INSTALL = '%pip install --quiet "convnet-course @ git+{repository}"'
ADVISE = """\
raise ImportError(
        "The course's helper package is not installed. Run  %pip install FOLDER  in a cell of its own "
        "(FOLDER: your copy of the course, in which pyproject.toml lies), then this notebook from the top."
    )"""


class BuildError(Exception):
    """A lesson could not be built, or does not agree with its source."""


@dataclass(frozen=True)
class Source:
    """A lesson's source: its file, its text, and from that its title and the sentence under it."""

    path: Path
    text: str
    title: str
    teaches: str

    @property
    def stem(self):
        """Number and name, as the notebook's file has them: ``02_pooling``."""
        return self.path.stem

    @property
    def name(self):
        """``pooling``."""
        return self.stem[3:]

    @property
    def heading(self):
        """``02 · Pooling``."""
        return f"{self.stem[:2]} · {self.title}"


def read_sources(folder):
    """All lessons' sources of a folder, in order.

    Parameters
    ----------
    folder : Path
        ``notebooks/source``.

    Returns
    -------
    list of Source

    Raises
    ------
    BuildError
        Two sources have one number or one name; a source does not begin with a title and a sentence, or numbers its title.
    UsageError
        There is no source.
    """
    sources = [_read_source(path) for path in sorted(Path(folder).glob("[0-9][0-9]_*.py"))]
    if not sources:
        raise UsageError(f"there are no sources in {folder}: build works in a clone of the course")
    for kind, of in [("number", lambda source: source.stem[:2]), ("name", lambda source: source.name)]:
        seen = {}
        for source in sources:
            other = seen.setdefault(of(source), source)
            if other is not source:
                raise BuildError(
                    f"source/{other.path.name} and source/{source.path.name} have the same {kind}: rename one"
                )
    return sources


def _read_source(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r"# # (.+)\n#\n# (.+)\n", text)
    if not found:
        raise _without_title(path)
    title, teaches = found.groups()
    if re.match(r"\d+ ·", title):
        raise BuildError(
            f"source/{path.name}: its title must be without a number, which the file's name gives; got {title!r}"
        )
    return Source(path, text, title, teaches)


def _without_title(path):
    return BuildError(
        f"source/{path.name} must begin with a title (# # Title) and one sentence in a paragraph of its own"
    )


def linked(text, sources, place, folder=""):
    """`text` with each link ``(lesson:name)`` pointing to that lesson's notebook.

    Parameters
    ----------
    text : str
    sources : list of Source
    place : str
        The file that the text is from, for the message.
    folder : str
        Where the notebooks lie, seen from the page that shows the text: "" or "notebooks/".

    Raises
    ------
    BuildError
        There is no such lesson; the message gives the line.
    """
    files = {source.name: f"{folder}{source.stem}.ipynb" for source in sources}

    def file_of(match):
        if match[1] not in files:
            line = text.count("\n", 0, match.start()) + 1
            raise BuildError(
                f"{place}, line {line}: there is no lesson {match[1]!r}{nearest(match[1], files)}; "
                f"there are {', '.join(files)}"
            )
        return f"]({files[match[1]]})"

    return LINK.sub(file_of, text)


def from_source(source, repository=None):
    """The notebook that a source means: not executed, with the generated cells, assigned ids and a kernelspec.

    A cell's id comes from its text, so that an edit changes the id of that cell alone.

    Parameters
    ----------
    source : Path
        A jupytext file in the py:percent format. Its neighbours are those in its folder.
    repository : str, optional
        Its address, for Colab; without one the notebook has no badge, and nothing to install the package from.

    Returns
    -------
    nbformat.NotebookNode

    Raises
    ------
    BuildError
        The source, or one beside it, is not as a source must be.
    """
    import jupytext
    import nbformat

    sources = read_sources(source.parent)
    place = [other.path.name for other in sources].index(source.name)
    before, lesson, after = [None, *sources, None][place : place + 3]
    notebook = jupytext.reads(linked(lesson.text, sources, f"source/{source.name}"), fmt="py:percent")
    _complete_header(notebook.cells[0], lesson, before, after)
    notebook.cells[1:1] = _setup_cells(lesson, repository)
    if after:
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"**Next:** {_link(after)}"))
    _assign_ids(notebook.cells)
    notebook.metadata = {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["course"] = {
        "inputs_sha256": inputs_digest(notebook),
        "lesson": lesson.name,
        "version": __version__,
    }
    return nbformat.from_dict(notebook)


def _complete_header(cell, lesson, before, after):
    """Put the number before the title, and the neighbours behind what the lesson needs."""
    lines = cell.source.split("\n")
    needs = [number for number, line in enumerate(lines) if line.startswith(NEEDS)]
    if lines[0] != f"# {lesson.title}":
        raise _without_title(lesson.path)
    if len(needs) != 1:
        raise BuildError(
            f"source/{lesson.path.name}: one line of its first cell must begin with {NEEDS.strip()!r}, "
            f"behind which the links to its neighbours come; got {len(needs)}"
        )
    lines[0] = f"# {lesson.heading}"
    neighbours = [f"**{word}:** {_link(other)}" for word, other in [("Before", before), ("Next", after)] if other]
    lines[needs[0]] = " · ".join([lines[needs[0]], *neighbours])
    cell.source = "\n".join(lines)


def _link(lesson):
    return f"[{lesson.heading}]({lesson.stem}.ipynb)"


def _setup_cells(lesson, repository):
    """The text and the code that every notebook begins with: see to the package, and that it is of the notebook's version."""
    import nbformat

    version = ".".join(__version__.split(".")[:2])
    if repository:
        text = BADGE.format(colab=address.colab(repository, lesson.stem))
        code = SETUP.format(missing=INSTALL.format(repository=repository), version=version)
    else:
        text, code = NO_BADGE, SETUP.format(missing=ADVISE, version=version)
    return [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(code)]


def _assign_ids(cells):
    seen = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def inputs_digest(notebook):
    """A hash of all that comes from the source: cells, their tags, the kernel; outputs and counts left out."""
    inputs = [cell_input(cell) for cell in notebook.cells]
    return hashlib.sha256(
        json.dumps([inputs, notebook.metadata.get("kernelspec")], sort_keys=True).encode()
    ).hexdigest()


def cell_input(cell):
    """What of a cell comes from the source.

    An editor adds metadata of its own when a notebook is opened and saved; that is no change to the lesson.
    """
    return [cell.get("id"), cell.cell_type, cell.source, cell.metadata.get("tags"), cell.metadata.get("reason")]


def lesson_table(sources, repository=None):
    """The README's table: each lesson with what it teaches (the sentence under its title) and, with an address, a link to Colab."""
    rows = [["lesson", "what it teaches"], ["---", "---"]]
    for source in sources:
        teaches = linked(source.teaches, sources, f"source/{source.path.name}, under its title", "notebooks/")
        rows.append([f"[{source.heading}](notebooks/{source.stem}.ipynb)", teaches])
    if repository:
        links = [f"[open in Colab]({address.colab(repository, source.stem)})" for source in sources]
        rows = [[*row, last] for row, last in zip(rows, ["", "---", *links])]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
