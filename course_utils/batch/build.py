"""From ``notebooks/source/NN_name.py`` to executed notebooks, and back only as a comparison, never as a change."""

import copy
import tempfile
from pathlib import Path

from .. import store
from . import KERNEL, address
from .found import Task, drift, find, first_line, keep_copy, precious
from .kernel import QUIET, this_python
from .lessons import select
from .source import BuildError, from_source, lesson_table, read_sources

TABLE_START, TABLE_END = "<!-- lessons: written by 'python -m course_utils build' -->", "<!-- end of lessons -->"


def build(notebooks, wanted=(), force=False, say=print):
    """Execute lessons' sources, and write the notebooks and the README's table.

    Parameters
    ----------
    notebooks : Path
        The folder that holds the lessons and ``source/``.
    wanted : sequence of str
        Lessons; none means all.
    force : bool
        Overwrite notebooks that were edited by hand, or cannot be read; a copy of each is kept beside it.
    say : callable
        Called with a line of text for each lesson.

    Raises
    ------
    BuildError
        When a notebook was edited by hand or cannot be read, a source is not as it must be, or a cell raises.
        Notebooks that could not be built stay as they were.
    UsageError
        For an unknown lesson, or a folder without sources.
    """
    tasks, table = _tasks(notebooks, wanted)
    _readme(notebooks, table)  # what is wrong with it is said before the long work
    if not force:
        _refuse_losses(
            tasks, "move what you want to keep to source/; 'build --force' overwrites, and keeps a copy beside it"
        )
    for task in tasks:
        _put(task, execute(task.expected, task.name), force, say)
        say(f"built    {task.name}")
    _update_readme(notebooks, table)


def check(notebooks, wanted=(), say=print):
    """Compare notebooks and the README's table with the sources; changes nothing.

    Parameters
    ----------
    notebooks, wanted, say
        As `build` takes them.

    Raises
    ------
    BuildError
        When anything differs; all of it is named.
    UsageError
        As `build`.
    """
    tasks, table = _tasks(notebooks, wanted)
    troubles = [sentence for task in tasks for sentence in drift(task)]
    known = {source.stem for source in read_sources(Path(notebooks, "source"))}
    troubles += [
        f"{path.name} has no source in source/"
        for path in sorted(Path(notebooks).glob("[0-9][0-9]_*.ipynb"))
        if path.stem not in known
    ]
    try:
        text, wanted_text = _readme(notebooks, table)
        troubles += [] if text == wanted_text else ["README.md: the table of lessons differs from the sources"]
    except BuildError as error:
        troubles.append(str(error))
    if troubles:
        raise BuildError("\n".join([*troubles, "edit the sources, then: python -m course_utils build"]))
    say(f"{len(tasks)} notebooks agree with their sources")


def build_text(notebooks, wanted=(), say=print):
    """Bring notebooks' text, tags and generated cells to what the sources mean, without executing anything; outputs stay.

    Parameters
    ----------
    notebooks, wanted, say
        As `build` takes them.

    Raises
    ------
    BuildError
        When code of a source has changed, so that the outputs would be those of other code, or as `build`. Then
        nothing was changed.
    UsageError
        As `build`.
    """
    tasks, table = _tasks(notebooks, wanted)
    _put_all(_exchanged(tasks), say)
    _update_readme(notebooks, table)


def set_address(notebooks, wanted_address, say=print):
    """Set the repository's address everywhere: in pyproject.toml, badges, setup cells and the README's table. Executes nothing.

    Parameters
    ----------
    notebooks : Path
        As `build` takes it.
    wanted_address : str
        ``https://github.com/OWNER/NAME``
    say : callable
        Called with a line of text for each file.

    Raises
    ------
    BuildError
        As `build_text`.
    UsageError
        When the address is not of this form, or pyproject.toml has none to replace.
    """
    new, root = address.checked(wanted_address), Path(notebooks).parent
    tasks, table = _tasks(notebooks, (), new)
    exchanged = _exchanged([task for task in tasks if task.found.content is not None])
    for name in address.replace(root, new):
        say(f"address  {name}")
    _put_all(exchanged, say)
    _update_readme(notebooks, table)


def _tasks(notebooks, wanted, repository=None):
    """The lessons that are meant, and the README's table of all; the repository's address is pyproject.toml's unless one is given."""
    folder = Path(notebooks, "source")
    sources = {source.stem: source for source in read_sources(folder)}
    names = list(dict.fromkeys(name for word in wanted for name in select(list(sources), word))) or list(sources)
    repository = repository or address.read(Path(notebooks).parent)
    tasks = [
        Task(name, from_source(sources[name].path, repository), find(Path(notebooks, f"{name}.ipynb")))
        for name in names
    ]
    return tasks, lesson_table(list(sources.values()), repository)


def _refuse_losses(tasks, advice):
    if losses := [sentence for task in tasks for sentence in precious(task)]:
        raise BuildError("\n".join([*losses, f"{advice}. Nothing was overwritten."]))


def execute(notebook, name):
    """`notebook` with its outputs, run in an empty directory as in Colab.

    Raises
    ------
    BuildError
        When a cell raises: its number, its source and the error.
    """
    import nbclient

    notebook = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        client = nbclient.NotebookClient(
            notebook,
            timeout=1800,
            kernel_name=KERNEL,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=QUIET,
            kernel_manager_class=this_python(home),
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            raise BuildError(f"{name}: a cell raised {error.ename}: {error.evalue}\n{error}") from None
        except (nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError) as error:
            raise BuildError(f"{name}: {type(error).__name__}: {error}") from None
    notebook.metadata.pop("widgets", None)  # GitHub shows no notebook that has widget metadata without its state
    notebook.metadata["language_info"] = {"name": "python"}  # nbclient adds the version, which is the builder's own
    return notebook


def _exchanged(tasks):
    """Each task with its notebook's outputs under what its source means; all or nothing."""
    _refuse_losses(tasks, "move what you want to keep to source/, then build the lesson")
    changed = [sentence for task in tasks for sentence in _changed_code(task)]
    if changed:
        raise BuildError("\n".join([*changed, "their outputs are missing: build these lessons. Nothing was changed."]))
    return [(task, _with_outputs(task)) for task in tasks]


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _changed_code(task):
    """Why the outputs of the notebook that is there are not those of the source, as a list of sentences."""
    if task.found.notebook is None:
        return [f"{task.name}.ipynb has not been built"]
    (_, *mine), (_, *expected) = _code(task.found.notebook), _code(task.expected)  # without the generated setup cell
    if [cell.source for cell in mine] == [cell.source for cell in expected]:
        return []
    places = [
        f"code cell {number} ({first_line(cell)!r})"
        for number, (old, cell) in enumerate(zip(mine, expected), 2)
        if old.source != cell.source
    ]
    if len(mine) != len(expected):
        places.append(f"{len(expected) + 1} code cells instead of {len(mine) + 1}")
    return [f"code of source/{task.name}.py has changed: {', '.join(places[:5])}{' and more' if places[5:] else ''}"]


def _with_outputs(task):
    notebook = copy.deepcopy(task.expected)
    for old, cell in zip(_code(task.found.notebook), _code(notebook)):
        cell.execution_count = old.execution_count
        cell.outputs = copy.deepcopy(old.outputs)
    return notebook


def _put_all(exchanged, say):
    for task, notebook in exchanged:
        _put(task, notebook, False, say)
        say(f"text     {task.name}")


def _put(task, notebook, force, say):
    """Write a built notebook in the place of the one that was found, unless somebody has saved it since."""
    path, content = task.found.path, task.found.content
    now = path.read_bytes() if path.exists() else None
    if now != content and not force:
        raise BuildError(f"{path.name} was saved while it was being built: it was not overwritten; build it again")
    if now is not None and (now != content or precious(task)):
        say(f"kept     {keep_copy(path).name}, which is what {path.name} was")
    write_notebook(notebook, path)


def write_notebook(notebook, target):
    """Write a valid notebook, whole or not at all."""
    import nbformat

    nbformat.validate(notebook)
    store.write_text(target, nbformat.writes(notebook) + "\n")


def _readme(notebooks, table):
    """The README's text as it is, and with `table`."""
    readme = Path(notebooks).with_name("README.md")
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    before, _, rest = text.partition(TABLE_START)
    _, found, after = rest.partition(TABLE_END)
    if not found:
        raise BuildError(f"README.md lacks the lines {TABLE_START!r} and {TABLE_END!r}")
    return text, before + TABLE_START + "\n" + table + TABLE_END + after


def _update_readme(notebooks, table):
    text, wanted = _readme(notebooks, table)
    if text != wanted:
        store.write_text(Path(notebooks).with_name("README.md"), wanted)
