"""A plan says which lessons run with which parameters; `expand` turns it into one `Spec` a run.

A plan is a TOML file::

    title = "Does augmentation help, and for how little data?"
    timeout = 7200                      # seconds that one cell may take; 1800 if it is left out
    [[run]]
    lesson = "augmentation"             # a lesson's name, or "*" for every lesson
    parameters = { EPOCHS = 30 }
    grid = { N_TRAIN = [100, 200], AUGMENT = [false, true] }
    seeds = 5                           # SEED = 0 … 4
"""

import itertools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from ..checks import nearest
from . import UsageError
from .exercise_names import names_of
from .lessons import aliases, select
from .parameters import UNTYPED
from .record import TIMEOUT, Spec

RUN_KEYS = {"lesson", "parameters", "grid", "seeds"}
PATH_PARAMETERS = {"IMAGE", "DATASET"}


@dataclass(frozen=True)
class Run:
    """A ``[[run]]`` table: the lesson ("*": all of them), fixed parameters, lists to go through, how many seeds (None: no seeds)."""

    lesson: str
    parameters: dict = field(default_factory=dict)
    grid: dict = field(default_factory=dict)
    seeds: int | None = None


@dataclass(frozen=True)
class Plan:
    """A plan: its title, the seconds that one cell may take, and its runs."""

    title: str
    runs: tuple
    timeout: int = TIMEOUT


#: What runs where no plan is named and the folder has none.
EVERYTHING = Plan("Every lesson at its defaults", (Run("*"),))


def read_plan(path):
    """The plan in a TOML file, its form checked.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        When the file is missing, is no TOML, or has keys that a plan does not have.
    """
    try:
        plan = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = sorted(other.stem for other in Path(path).parent.glob("*.toml"))
        raise UsageError(
            f"no plan {str(path)!r}{nearest(Path(path).stem, known)}; beside it there are {', '.join(known) or 'none'}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the plan {path} cannot be read: {error}") from None
    for key in plan.keys() - {"title", "timeout", "run"}:
        raise UsageError(f"{path}: a plan has 'title', 'timeout' and [[run]] tables; got {key!r}")
    if not isinstance(plan.get("title", ""), str):
        raise UsageError(f"{path}: title must be a text; got {plan['title']!r}")
    timeout = plan.get("timeout", TIMEOUT)
    if type(timeout) is not int or timeout < 1:
        raise UsageError(f"{path}: timeout must be a whole number of seconds, at least 1; got {timeout!r}")
    runs = plan.get("run")
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise UsageError(f"{path}: a plan needs at least one [[run]] table")
    return Plan(plan.get("title", Path(path).stem), tuple(_read_run(run, path) for run in runs), timeout)


def _read_run(run, path):
    for key in run.keys() - RUN_KEYS:
        raise UsageError(f"{path}: a [[run]] has {', '.join(sorted(RUN_KEYS))}; got {key!r}{nearest(key, RUN_KEYS)}")
    if not isinstance(run.get("lesson"), str):
        raise UsageError(f'{path}: each [[run]] needs lesson = a name, or "*"; got {run.get("lesson")!r}')
    parameters, grid, seeds = run.get("parameters", {}), run.get("grid", {}), run.get("seeds")
    if not isinstance(parameters, dict):
        raise UsageError(f"{path}: parameters must be a table {{ NAME = value }}; got {parameters!r}")
    if not isinstance(grid, dict) or not all(isinstance(values, list) and values for values in grid.values()):
        raise UsageError(
            f"{path}: grid must be a table {{ NAME = [value, …] }} of lists that are not empty; got {grid!r}"
        )
    if seeds is not None and (type(seeds) is not int or seeds < 1):
        raise UsageError(f"{path}: seeds must be a whole number, at least 1; got {seeds!r}")
    for name in [*(parameters.keys() & grid.keys()), *({"SEED"} & {*parameters, *grid} if seeds else ())]:
        raise UsageError(f"{path}: {name} is given twice in one [[run]], by parameters, grid or seeds")
    return Run(run["lesson"], parameters, grid, seeds)


def expand(plan, lessons, out, only=(), overrides=None, caller=".", timeout=None, say=lambda line: None):
    """One `Spec` a run: every lesson, every point of the grid, every seed.

    Parameters
    ----------
    plan : Plan
    lessons : list of Lesson
    out : Path
        The batch's folder; each run works in a folder of its own below it.
    only : sequence of str
        Keep the runs of these lessons.
    overrides : dict of str to str
        ``NAME: value`` as typed on the command line; goes to every lesson that has NAME, instead of a grid over it.
    caller : Path
        Where relative paths in parameters start from.
    timeout : int, optional
        Seconds that one cell may take, instead of the plan's.
    say : callable
        Gets a line that says what a lesson's number meant.

    Raises
    ------
    UsageError
        For an unknown lesson, a parameter that no selected lesson has, or a value of the wrong type.
    """
    overrides = overrides or {}
    wanted = {lesson.name for word in only for lesson in _choose(lessons, word, say)}
    jobs = []
    for run in plan.runs:
        chosen = lessons if run.lesson == "*" else _choose(lessons, run.lesson, say)
        chosen = [lesson for lesson in chosen if not wanted or lesson.name in wanted]
        seeds = {} if run.seeds is None else {"SEED": list(range(run.seeds))}
        _require_known({**run.parameters, **run.grid, **seeds}, chosen)
        for lesson in chosen:
            axes = {
                key: values
                for key, values in {**run.grid, **seeds}.items()
                if key in lesson.parameters and key not in overrides
            }
            for point in itertools.product(*axes.values()):
                asked = {**run.parameters, **run.grid, **seeds} if lesson.fixed else run.parameters
                jobs.append((lesson, {**asked, **dict(zip(axes, point))}))
    if not jobs:
        raise UsageError(
            f"the plan runs none of the lessons {', '.join(sorted(wanted))}; leave out --lesson to see all"
            if wanted
            else "there are no lessons to run"
        )
    _require_known(overrides, [lesson for lesson, _ in jobs])
    jobs = [(lesson, {**values, **overrides}) for lesson, values in jobs]
    timeout = timeout or plan.timeout
    return [_spec(job, jobs, number, Path(out), Path(caller), timeout) for number, job in enumerate(jobs, 1)]


def _choose(lessons, wanted, say):
    """The lessons that a word means; students' copies of a lesson are meant by its name and number as well."""
    if same := [lesson for lesson in lessons if lesson.name == wanted or lesson.lesson in aliases(wanted)]:
        return same
    labels = select(list(dict.fromkeys(lesson.label for lesson in lessons)), wanted, say)
    return [lesson for lesson in lessons if lesson.label in labels]


def _require_known(names, lessons):
    known = {name for lesson in lessons for name in lesson.parameters}
    for name in names:
        if lessons and name not in known:
            raise UsageError(
                f"no selected lesson has a parameter {name!r}{nearest(name, known)}; "
                f"there are {', '.join(sorted(known)) or 'none'}"
            )


def _spec(job, jobs, number, out, caller, timeout):
    lesson, values = job
    alone = sum(other is lesson for other, _ in jobs) == 1
    name = lesson.name if alone else f"{lesson.name}-{number:03d}"
    changed, problem = {}, lesson.problem
    if values and lesson.fixed and not problem:
        problem = f"{', '.join(values)} cannot be set: {lesson.fixed}"
    for key, value in values.items():
        if key not in lesson.parameters:
            continue
        parameter = lesson.parameters[key]
        try:
            changed[key] = _absolute(key, parameter.convert(value), caller)
        except ValueError as error:
            if parameter.kind != UNTYPED:
                raise UsageError(f"{lesson.name}: {error}") from None
            problem = problem or str(error)  # one student's odd notebook does not stop the others
    defaults = {key: parameter.default for key, parameter in lesson.parameters.items() if parameter.kind != UNTYPED}
    return Spec(
        name,
        lesson.name,
        lesson.text,
        str(out),
        {**defaults, **changed},
        changed,
        timeout,
        problem,
        exercises=names_of(lesson.lesson),
    )


def _absolute(name, value, caller):
    """A relative path means the caller's folder, but the run works in its own; a plain name is left alone."""
    if name not in PATH_PARAMETERS or not isinstance(value, str):
        return value
    try:
        path = (caller / Path(value).expanduser()).resolve()
        exists = path.exists()
    except (OSError, RuntimeError) as error:  # a name of 300 letters, a home of nobody
        raise ValueError(f"parameter {name}: {value!r} is not a path: {error}") from None
    if "/" in value or "\\" in value or Path(value).suffix:
        if not exists:
            raise ValueError(f"parameter {name}: there is no file or folder {path}")
        return str(path)
    return str(path) if exists and not _is_name(value) else value


def _is_name(value):
    from ..datasets import IMAGES, NAMES

    return value in IMAGES or value in NAMES
