"""From ``notebooks/source/NN_name.py`` to executed notebooks, and back only as a comparison, never as a change."""

import copy
import hashlib
import json
import os
import re
import tempfile
import tomllib
from pathlib import Path

from .. import store
from ..runtime import STATIC
from . import KERNEL, UsageError
from .lessons import select
from .run import QUIET_KERNEL

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": KERNEL}
COLAB = """\
[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({address})

In Colab, the next cell installs the course's helper package. Where the package is already installed, the cell does nothing."""
SETUP = """\
import importlib.util

if importlib.util.find_spec("course_utils") is None:
    %pip install --quiet "convnet-course @ git+{repository}"\
"""
TABLE_START, TABLE_END = "<!-- lessons: written by 'python -m course_utils build' -->", "<!-- end of lessons -->"


class BuildError(Exception):
    """A lesson could not be built, or does not agree with its source."""


def repository_address(notebooks):
    """The repository's address, from the one place where it stands: ``[project.urls]`` in pyproject.toml."""
    try:
        project = tomllib.loads(Path(notebooks).with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
        return project["urls"]["Repository"].removesuffix(".git").rstrip("/")
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise UsageError(
            "build needs the repository's address, Repository in [project.urls] of the pyproject.toml beside "
            f"{notebooks}: {type(error).__name__} {error}"
        ) from None


def colab_address(repository, name):
    """Where Colab opens a lesson of a GitHub repository."""
    path = repository.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{path}/blob/main/notebooks/{name}.ipynb"


def from_source(source, repository):
    """The notebook that a source means: not executed, with the generated cells, assigned ids and a kernelspec.

    A cell's id comes from its text, so that an edit changes the id of that cell alone.

    Parameters
    ----------
    source : Path
        A jupytext file in the py:percent format.
    repository : str

    Returns
    -------
    nbformat.NotebookNode
    """
    import jupytext
    import nbformat

    notebook = jupytext.read(source)
    badge = nbformat.v4.new_markdown_cell(COLAB.format(address=colab_address(repository, source.stem)))
    setup = nbformat.v4.new_code_cell(SETUP.format(repository=repository))
    notebook.cells[1:1] = [badge, setup]
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    notebook.metadata = {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["course"] = {"inputs_sha256": inputs_digest(notebook)}
    return nbformat.from_dict(notebook)


def inputs_digest(notebook):
    """A hash of all that comes from the source: cells, their tags, the kernel; outputs and counts left out."""
    inputs = [_input(cell) for cell in notebook.cells]
    return hashlib.sha256(
        json.dumps([inputs, notebook.metadata.get("kernelspec")], sort_keys=True).encode()
    ).hexdigest()


def _input(cell):
    # An editor adds metadata of its own when a notebook is opened and saved; that is no change to the lesson.
    return [cell.get("id"), cell.cell_type, cell.source, cell.metadata.get("tags"), cell.metadata.get("reason")]


def execute(notebook, name):
    """`notebook` with its outputs, run in an empty directory as in Colab.

    Raises
    ------
    BuildError
        When a cell raises: its number, its source and the error.
    """
    import nbclient

    notebook = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as folder:
        client = nbclient.NotebookClient(
            notebook,
            timeout=1800,
            kernel_name=KERNEL,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=QUIET_KERNEL,
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env={**os.environ, STATIC: "1"})
        except nbclient.exceptions.CellExecutionError as error:
            raise BuildError(f"{name}: a cell raised {error.ename}: {error.evalue}\n{error}") from None
        except (nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError) as error:
            raise BuildError(f"{name}: {type(error).__name__}: {error}") from None
    notebook.metadata.pop("widgets", None)  # GitHub shows no notebook that has widget metadata without its state
    notebook.metadata["language_info"] = {"name": "python"}  # nbclient adds the version, which is the builder's own
    return notebook


def edited_by_hand(notebook):
    """Whether a notebook's inputs are no longer those that it was built with."""
    return notebook.metadata.get("course", {}).get("inputs_sha256") != inputs_digest(notebook)


def drift(notebook, expected, name):
    """What differs between a notebook's inputs (None: there is no notebook) and those that its source means."""
    if notebook is None:
        return [f"{name}.ipynb has not been built, or is damaged"]
    if edited_by_hand(notebook):
        cause = f"{name}.ipynb was edited by hand"
    elif notebook.metadata.course.inputs_sha256 != expected.metadata.course.inputs_sha256:
        cause = f"source/{name}.py has changed since {name}.ipynb was built"
    else:
        return []
    pairs = zip(notebook.cells, expected.cells)
    places = [
        f"cell {number} ({_first_line(cell) or _first_line(other)!r})"
        for number, (cell, other) in enumerate(pairs, 1)
        if _input(cell) != _input(other)
    ]
    if len(notebook.cells) != len(expected.cells):
        places.append(f"{len(notebook.cells)} cells instead of {len(expected.cells)}")
    return [f"{cause}: {', '.join(places[:5]) or 'its metadata'}{' and more' if len(places) > 5 else ''}"]


def _first_line(cell):
    return cell.source.strip().partition("\n")[0][:60]


def build(notebooks, wanted=(), check=False, force=False, say=print):
    """Build lessons, or with `check` only compare them with their sources.

    Parameters
    ----------
    notebooks : Path
        The folder that holds the lessons and ``source/``.
    wanted : sequence of str
        Lessons; none means all.
    check : bool
        Change nothing.
    force : bool
        Overwrite notebooks that were edited by hand.
    say : callable
        Called with a line of text for each lesson.

    Raises
    ------
    BuildError
        With `check`, when anything differs (all of it is named); otherwise when a cell raises, or a notebook was
        edited by hand. Notebooks that could not be built stay as they were.
    UsageError
        For an unknown lesson, or a folder without sources.
    """
    sources = {path.stem: path for path in sorted(Path(notebooks, "source").glob("[0-9][0-9]_*.py"))}
    if not sources:
        raise UsageError(f"there are no sources in {Path(notebooks, 'source')}: build works in a clone of the course")
    names = list(dict.fromkeys(name for word in wanted for name in select(list(sources), word))) or list(sources)
    repository = repository_address(notebooks)
    expected = {name: from_source(sources[name], repository) for name in names}
    table = lesson_table(sources, repository)
    stored = {name: _stored(Path(notebooks, f"{name}.ipynb")) for name in names}
    if check:
        troubles = [trouble for name in names for trouble in drift(stored[name], expected[name], name)]
        troubles += [
            f"{path.name} has no source in source/"
            for path in sorted(Path(notebooks).glob("[0-9][0-9]_*.ipynb"))
            if path.stem not in sources
        ]
        troubles += _update_readme(notebooks, table, check)
        if troubles:
            raise BuildError("\n".join([*troubles, "edit the sources, then: python -m course_utils build"]))
        say(f"{len(names)} notebooks agree with their sources")
        return
    edited = [name for name in names if stored[name] and edited_by_hand(stored[name])]
    if edited and not force:
        differences = "; ".join(trouble for name in edited for trouble in drift(stored[name], expected[name], name))
        raise BuildError(
            f"{differences}; move the change to source/{edited[0]}.py, or discard it with "
            "'build --force'. Nothing was overwritten"
        )
    for name in names:
        write_notebook(execute(expected[name], name), Path(notebooks, f"{name}.ipynb"))
        say(f"built    {name}")
    if troubles := _update_readme(notebooks, table, check):
        raise BuildError("\n".join(troubles))


def _stored(path):
    """The notebook as it is; None where there is none, or what is there is no notebook."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def write_notebook(notebook, target):
    """Write a valid notebook, whole or not at all."""
    import nbformat

    nbformat.validate(notebook)
    store.write_text(target, nbformat.writes(notebook) + "\n")


def _update_readme(notebooks, table, check):
    readme = Path(notebooks).with_name("README.md")
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    before, _, rest = text.partition(TABLE_START)
    _, found, after = rest.partition(TABLE_END)
    if not found:
        return [f"README.md lacks the lines {TABLE_START!r} and {TABLE_END!r}"]
    wanted = before + TABLE_START + "\n" + table + TABLE_END + after
    if wanted != text and not check:
        store.write_text(readme, wanted)
    return ["README.md: the table of lessons differs from the sources"] if check and wanted != text else []


def lesson_table(sources, repository):
    """The README's table: each lesson with what it teaches (the sentence under its title) and a Colab badge."""
    rows = ["| lesson | what it teaches | |", "| --- | --- | --- |"]
    for name, path in sources.items():
        found = re.search(r"# # (.+)\n#\n# (.+)\n", path.read_text(encoding="utf-8"))
        if not found:
            raise BuildError(
                f"source/{path.name} must begin with a title (# # NN · Title) and one sentence in a paragraph of its own"
            )
        title, teaches = found.groups()
        rows.append(
            f"| [{title}](notebooks/{name}.ipynb) | {teaches} | [open in Colab]({colab_address(repository, name)}) |"
        )
    return "\n".join(rows) + "\n"
