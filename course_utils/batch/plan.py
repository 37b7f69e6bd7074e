"""A plan says which notebooks run with which parameters; `expand` turns it into one `Spec` a run.

A plan is a TOML file; with a question and a figure it is a study::

    title = "Augmentation for few pictures"
    question = "How much does augmentation help, and for how little data?"
    figure = { x = "N_TRAIN", y = "test_accuracy", lines = "AUGMENT" }
    timeout = 7200                      # seconds that one cell may take; 1800 if it is left out
    [[run]]
    notebook = "experiments/augmentation"   # or lesson = "augmentation", a lesson's name, or "*" for every lesson
    parameters = { EPOCHS = 30 }
    grid = { N_TRAIN = [100, 200], AUGMENT = [false, true] }
    seeds = 5                           # SEED = 0 … 4
"""

import hashlib
import itertools
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..checks import nearest
from . import UsageError
from .exercise_names import names_of
from .lessons import aliases, select
from .parameters import UNTYPED
from .record import TIMEOUT, Spec

PLAN_KEYS = ("title", "question", "figure", "timeout", "run")
RUN_KEYS = ("lesson", "notebook", "parameters", "grid", "seeds")
FIGURE_KEYS = ("x", "y", "lines")
PATH_PARAMETERS = {"IMAGE", "DATASET"}
LONGEST_NAME = 120  # letters of a run's name: file systems take 255 bytes, and a name gets endings


@dataclass(frozen=True)
class Figure:
    """What a study draws: the number ``y`` against the parameter ``x``, a line for each value of the parameter ``lines`` ("": one line)."""

    x: str
    y: str
    lines: str = ""


@dataclass(frozen=True)
class Run:
    """A ``[[run]]`` table: the lesson ("*": all of them) or notebook, fixed parameters, lists to go through, how many seeds (None: no seeds)."""

    lesson: str
    parameters: dict = field(default_factory=dict)
    grid: dict = field(default_factory=dict)
    seeds: int | None = None


@dataclass(frozen=True)
class Plan:
    """A plan: its title, its runs, the seconds that one cell may take; of a study the question, and what is drawn."""

    title: str
    runs: tuple
    timeout: int = TIMEOUT
    question: str = ""
    figure: Figure | None = None


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
    for key in plan.keys() - set(PLAN_KEYS):
        raise UsageError(f"{path}: a plan has {', '.join(PLAN_KEYS[:-1])} and [[run]] tables; got {key!r}")
    for key in ("title", "question"):
        if not isinstance(plan.get(key, ""), str):
            raise UsageError(f"{path}: {key} must be a text; got {plan[key]!r}")
    timeout = plan.get("timeout", TIMEOUT)
    if type(timeout) is not int or timeout < 1:
        raise UsageError(f"{path}: timeout must be a whole number of seconds, at least 1; got {timeout!r}")
    runs = plan.get("run")
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise UsageError(f"{path}: a plan needs at least one [[run]] table")
    if ("question" in plan) != ("figure" in plan):
        raise UsageError(
            f"{path}: a study has both a question and a figure; got only {'question' if 'question' in plan else 'figure'}"
        )
    return Plan(
        plan.get("title", Path(path).stem),
        tuple(_read_run(run, path) for run in runs),
        timeout,
        plan.get("question", ""),
        _read_figure(plan["figure"], path) if "figure" in plan else None,
    )


def _read_figure(figure, path):
    if not isinstance(figure, dict) or not all(isinstance(value, str) and value for value in figure.values()):
        raise UsageError(
            f'{path}: figure must be a table of names {{ x = "N_TRAIN", y = "test_accuracy" }}; got {figure!r}'
        )
    for key in figure.keys() - set(FIGURE_KEYS):
        raise UsageError(f"{path}: figure has {', '.join(FIGURE_KEYS)}; got {key!r}{nearest(key, FIGURE_KEYS)}")
    for key in ("x", "y"):
        if key not in figure:
            raise UsageError(
                f"{path}: figure needs {key} = the name of a {'parameter' if key == 'x' else 'recorded number'}"
            )
    return Figure(**figure)


def _read_run(run, path):
    for key in run.keys() - set(RUN_KEYS):
        raise UsageError(f"{path}: a [[run]] has {', '.join(RUN_KEYS)}; got {key!r}{nearest(key, RUN_KEYS)}")
    named = [run[key] for key in ("lesson", "notebook") if key in run]
    if len(named) != 1 or not isinstance(named[0], str):
        raise UsageError(
            f'{path}: each [[run]] needs lesson = a name or "*", or notebook = such as "experiments/depth"; got {named}'
        )
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
    return Run(named[0], parameters, grid, seeds)


def with_sweep(plan, grid, seeds=None):
    """The same plan with the command line's ``--grid`` and ``--seeds`` in the place of what its runs say of these parameters.

    Parameters
    ----------
    plan : Plan
    grid : dict of str to list of str
    seeds : int, optional

    Returns
    -------
    Plan
    """
    if seeds is not None and "SEED" in grid:
        raise UsageError("--seeds and --grid SEED=… say the same: give one of them")

    def swept(run):
        others = {name: value for name, value in run.parameters.items() if name not in grid}
        axes = {name: values for name, values in run.grid.items() if name not in grid} | grid
        count = run.seeds if seeds is None else seeds
        if "SEED" in grid:
            count = None
        elif seeds is not None:
            others.pop("SEED", None)
            axes.pop("SEED", None)
        return replace(run, parameters=others, grid=axes, seeds=count)

    return replace(plan, runs=tuple(swept(run) for run in plan.runs)) if grid or seeds is not None else plan


def expand(plan, lessons, only=(), overrides=None, caller=".", timeout=None, say=lambda line: None):
    """One `Spec` a run: every notebook, every point of the grid, every seed. What is asked for twice runs once.

    Parameters
    ----------
    plan : Plan
    lessons : list of Lesson
        Experiments among them.
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

    Returns
    -------
    list of Spec

    Raises
    ------
    UsageError
        For an unknown lesson, a parameter that no selected lesson has, a value of the wrong type, or one that a grid has twice.
    """
    overrides = overrides or {}
    wanted = {lesson.name for word in only for lesson in _choose(lessons, word, say)}
    jobs = []
    for run in plan.runs:
        chosen = [one for one in lessons if not one.folder] if run.lesson == "*" else _choose(lessons, run.lesson, say)
        chosen = [lesson for lesson in chosen if not wanted or lesson.name in wanted]
        seeds = {} if run.seeds is None else {"SEED": list(range(run.seeds))}
        swept = {key: values for key, values in {**run.grid, **seeds}.items() if key not in overrides}
        _require_known({**run.parameters, **swept}, chosen)
        for lesson in chosen:
            axes = {key: _converted(lesson, key, values) for key, values in swept.items() if key in lesson.parameters}
            asked = {**run.parameters, **swept} if lesson.fixed else run.parameters
            for point in itertools.product(*axes.values()):
                jobs.append((lesson, {**asked, **dict(zip(axes, point))}, tuple(axes)))
    if not jobs:
        raise UsageError(
            f"the plan runs none of the lessons {', '.join(sorted(wanted))}; leave out --lesson to see all"
            if wanted
            else "there are no lessons to run"
        )
    _require_known(overrides, [lesson for lesson, _, _ in jobs])
    specs = [
        _spec(lesson, {**values, **overrides}, Path(caller), timeout or plan.timeout) for lesson, values, _ in jobs
    ]
    return _named(specs, [axes for _, _, axes in jobs])


def _converted(lesson, name, values):
    """An axis of a grid as values of the parameter's type, each of them once."""
    parameter = lesson.parameters[name]
    if parameter.kind == UNTYPED:
        return values
    try:
        found = [parameter.convert(value) for value in values]
    except ValueError as error:
        raise UsageError(f"{lesson.name}: {error}") from None
    for place, value in enumerate(found):
        if value in found[:place]:
            raise UsageError(f"grid: {name} has {value!r} twice")
    return found


def _choose(lessons, wanted, say):
    """The lessons that a word means; students' copies of a lesson are meant by its name and number as well."""
    if "/" in wanted:
        if same := [lesson for lesson in lessons if lesson.title == wanted]:
            return same
        known = [lesson.title for lesson in lessons if lesson.folder]
        raise UsageError(f"no notebook {wanted!r}{nearest(wanted, known)}; there are {', '.join(known) or 'none'}")
    lessons = [lesson for lesson in lessons if not lesson.folder]
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


def _spec(lesson, values, caller, timeout):
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
    parameters = {**defaults, **changed}
    return Spec(
        lesson.name,
        lesson.title,
        lesson.text,
        parameters,
        changed,
        timeout,
        problem,
        exercises=names_of(lesson.lesson),
        data=_data_mark(parameters.get("DATASET")),
    )


def _named(specs, axes):
    """The specs under names that say what differs between runs of one notebook, whatever else the plan runs; each run once.

    So a sweep that grows keeps the names of the runs that it had.
    """
    found, several = {}, {}
    for spec in specs:
        several.setdefault(spec.lesson, []).append(spec)
    for spec, swept in zip(specs, axes):
        differing = [
            key
            for key in spec.changed
            if key not in swept and any(one.parameters.get(key) != spec.changed[key] for one in several[spec.lesson])
        ]
        parts = [f"{key}={_short(spec.changed[key])}" for key in (*differing, *swept) if key in spec.changed]
        name = "-".join([spec.name, *parts])
        clash = found.get(name)
        if len(name) > LONGEST_NAME or clash and clash.parameters != spec.parameters:
            mark = hashlib.sha256(repr(sorted(spec.parameters.items())).encode()).hexdigest()[:8]
            name = f"{name[:LONGEST_NAME]}-{mark}"
        found.setdefault(name, replace(spec, name=name))
    return list(found.values())


def _short(value):
    """A parameter's value as a part of a file's name."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "+".join(_short(part) for part in value)
    if isinstance(value, str):
        value = Path(value).name
    return re.sub(r"[^\w.+]+", "_", str(value))


def _data_mark(dataset):
    """What changes when a data set does that is not embedded: its sizes and times; empty for one that is embedded or not there."""
    from ..datasets import NAMES
    from ..paths import data_folder
    from ..registry import known

    if not isinstance(dataset, str):
        return ""
    if dataset in NAMES:
        entry = known()[dataset]
        place = None if entry["embedded"] else data_folder() / entry["target"]
    else:
        place = Path(dataset)
    if place is None or not place.exists():
        return ""
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    facts = [(path.name, (about := path.stat()).st_size, about.st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


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
