"""What the runs of a study say together: means over seeds with their intervals, paired differences, bands for reruns."""

import csv
import io
import json
import math
import platform
from dataclasses import dataclass
from pathlib import Path

from . import paths, store
from .checks import nearest

SEED = "SEED"
LEVEL = 0.95
SIGMAS, LEAST, FREEDOM = (
    4,
    0.01,
    10,
)  # of a band: DESIGN's mean ± 4 s sqrt(1 + 1/n), at least ± 0.01, s with ten degrees of freedom
#: Columns of a stored study behind its parameters.
ABOUT = ("metric", "value", "notebook", "data", "stack", "machine", "planned")


@dataclass(frozen=True)
class Point:
    """The runs that differ only in their seed: where they are drawn, and what they gave.

    Attributes
    ----------
    line, x : object
        Values of the parameters that the figure names; ``line`` is None where it names none.
    values : dict of int to float
        By seed.
    """

    line: object
    x: object
    values: dict

    @property
    def mean(self):
        """The mean over the seeds."""
        return sum(self.values.values()) / len(self.values)

    @property
    def interval(self):
        """The 95 % interval of the mean by Student's t, or None for a single seed."""
        return interval(list(self.values.values()))


def interval(values):
    """The 95 % interval of a mean by Student's t.

    Parameters
    ----------
    values : sequence of float

    Returns
    -------
    (float, float) or None
        None for fewer than two values.

    Examples
    --------
    >>> [round(end, 3) for end in interval([0.8, 0.9, 1.0])]
    [0.652, 1.148]
    """
    count = len(values)
    if count < 2:
        return None
    mean = sum(values) / count
    half = _quantile(count - 1) * math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1) / count)
    return mean - half, mean + half


def _quantile(freedom):
    """Student's t for the interval, with so many degrees of freedom."""
    from scipy.special import stdtrit  # scipy.stats would take half a second

    return float(stdtrit(freedom, (1 + LEVEL) / 2))


def points(runs, x, y, lines=""):
    """The points that a figure draws, in the order of their values.

    Parameters
    ----------
    runs : sequence of dict
        Parameters and recorded numbers of each run by name.
    x, y, lines : str
        As in a plan's figure.

    Returns
    -------
    list of Point

    Raises
    ------
    ValueError
        When no run has what the figure names, or two runs of one seed differ in something that the figure does not show.
    """
    names = {name for run in runs for name in run}
    for name in filter(None, (x, y, lines)):
        if name not in names:
            raise ValueError(f"the runs have no {name!r}{nearest(name, names)}; they have {', '.join(sorted(names))}")
    found = {}
    for run in runs:
        if y not in run or x not in run:
            continue
        place = run.get(lines) if lines else None, run[x]
        values = found.setdefault(place, {})
        seed = int(run.get(SEED, len(values)))
        if seed in values:
            raise ValueError(
                f"two runs with {x} {run[x]!r}{f', {lines} {run[lines]!r}' if lines else ''} and seed {seed}: "
                "the figure does not show in what else they differ"
            )
        values[seed] = float(run[y])
    return [Point(*place, dict(sorted(found[place].items()))) for place in sorted(found, key=_place)]


def _place(place):
    """A key to sort by: numbers by size, words by the alphabet, no before yes."""
    return [(isinstance(part, str), part if part is not None else 0) for part in place]


@dataclass(frozen=True)
class Difference:
    """How much more ``second`` gives than ``first``, over the seeds that both have.

    Attributes
    ----------
    first, second : Point
    mean : float
    interval : (float, float) or None
    count : int
        Pairs.
    """

    first: Point
    second: Point
    mean: float
    interval: tuple | None
    count: int

    @property
    def clear(self):
        """Whether the interval leaves out zero."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def differences(found):
    """Between the first line and each other one, wherever they have a place and seeds in common; without lines, between the first
    place and each other one.

    Parameters
    ----------
    found : list of Point

    Returns
    -------
    list of Difference
    """
    by_line = {}
    for point in found:
        by_line.setdefault(point.line, []).append(point)
    first, *others = by_line.values()
    if others:
        pairs = [(one, two) for other in others for one in first for two in other if one.x == two.x]
    else:
        pairs = [(first[0], other) for other in first[1:]]
    return [_difference(*pair) for pair in pairs if pair[0].values.keys() & pair[1].values.keys()]


def _difference(first, second):
    steps = [second.values[seed] - first.values[seed] for seed in first.values.keys() & second.values.keys()]
    return Difference(first, second, sum(steps) / len(steps), interval(steps), len(steps))


def band(point, found):
    """Where a rerun of a stored point must lie: mean ± 4 s sqrt(1 + 1/n), with s pooled over the study's points, and at least ± 0.01.

    The interval of the mean would refuse a third of honest reruns.

    Parameters
    ----------
    point : Point
    found : list of Point
        All of the study.

    Returns
    -------
    (float, float)

    Raises
    ------
    ValueError
        When the points together have fewer than ten degrees of freedom.
    """
    freedom = sum(len(one.values) - 1 for one in found)
    if freedom < FREEDOM:
        raise ValueError(f"a band needs {FREEDOM} degrees of freedom, seeds less one a point in all; got {freedom}")
    squares = sum((value - one.mean) ** 2 for one in found for value in one.values.values())
    half = max(SIGMAS * math.sqrt(squares / freedom * (1 + 1 / len(point.values))), LEAST)
    return point.mean - half, point.mean + half


def words(value):
    """A parameter's value or a number as a reader wants it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if 0.0005 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def sentence(found, figure):
    """What the numbers carry, in one plain sentence; of two means whose difference may be luck it says so.

    Parameters
    ----------
    found : list of Point
    figure : Figure
        Of the plan.

    Returns
    -------
    str
    """
    compared = differences(found)
    if not compared:
        only = found[0]
        return f"{figure.y} is {words(only.mean)} on average over {_seeds(len(only.values))}; there is nothing to compare it with."
    clear = [one for one in compared if one.clear]
    largest = max(clear or compared, key=lambda one: abs(one.mean))
    name = figure.lines or figure.x
    ends = (largest.first.line, largest.second.line) if figure.lines else (largest.first.x, largest.second.x)
    where = f" at {figure.x} {words(largest.first.x)}" if figure.lines else ""
    if largest.interval is None:
        return (
            f"With one seed nothing can be said in general; in this one, {figure.y} is {words(abs(largest.mean))} "
            f"{'higher' if largest.mean > 0 else 'lower'} with {name} {words(ends[1])} than with {words(ends[0])}{where}."
        )
    low, high = sorted(abs(end) for end in largest.interval) if largest.clear else largest.interval
    if not clear:
        return (
            f"None of {len(compared)} differences is clear: the largest, between {name} {words(ends[0])} and {words(ends[1])}{where}, "
            f"is {words(largest.mean)} on average, and may be anything from {words(low)} to {words(high)} (95 %, {_seeds(largest.count)})."
        )
    others = "" if len(compared) == 1 else f"; {len(clear)} of {len(compared)} differences are clear"
    return (
        f"{figure.y} is {words(abs(largest.mean))} {'higher' if largest.mean > 0 else 'lower'} with {name} {words(ends[1])} "
        f"than with {words(ends[0])}{where} (95 % interval {words(low)} to {words(high)}, {_seeds(largest.count)} in pairs){others}."
    )


def _seeds(count):
    return f"{count} seed{'s' * (count != 1)}"


# ------------------------------------------------------------------------------------------------------ stored studies


def folder():
    """The folder that holds the stored studies."""
    return paths.shipped("studies")


def read(name):
    """The runs of a stored study.

    Parameters
    ----------
    name : str
        Such as "augmentation".

    Returns
    -------
    list of dict
        Parameters, recorded numbers, and under ``planned`` how many runs the study has in all.

    Raises
    ------
    ValueError
        When no study of that name is stored; the message names those that are.
    """
    path = folder() / f"{name}.csv"
    if not path.is_file():
        stored = sorted(one.stem for one in folder().glob("*.csv"))
        raise ValueError(f"no study {name!r} is stored{nearest(name, stored)}; there are {', '.join(stored) or 'none'}")
    runs = {}
    with open(path, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            parameters = {key: json.loads(value) for key, value in row.items() if key not in ABOUT and value}
            run = runs.setdefault(
                json.dumps([row["notebook"], parameters]), {**parameters, "planned": int(row["planned"])}
            )
            run[row["metric"]] = float(row["value"])
    return list(runs.values())


def keep(batch, name, planned=None):
    """Store the finished runs of a batch's folder as the study `name`; runs that are stored already stay, of the same parameters the new one counts.

    Parameters
    ----------
    batch : str or Path
    name : str
    planned : int, optional
        How many runs the study has in all; by default those that the batch has finished and those that are stored.

    Returns
    -------
    (int, int)
        Runs that are stored now, and runs planned.

    Raises
    ------
    ValueError
        When the folder holds no finished run.
    """
    from .batch.folder import JOURNAL, read_journal

    journal = Path(batch, JOURNAL)
    if not journal.is_file():
        raise ValueError(f"{batch} was not written by a batch: there is no {JOURNAL}")
    finished = [one for one in read_journal(journal) if one.status == "ok" and one.numbers]
    if not finished:
        raise ValueError(f"{batch} holds no run that ended well and recorded a number: run the study first")
    rows = _stored_rows(name)
    for one in finished:
        parameters = {key: json.dumps(value) for key, value in one.parameters.items()}
        stack = ", ".join(
            f"{package} {one.versions[package]}"
            for package in ("python", "tensorflow", "keras")
            if package in one.versions
        )
        about = {"notebook": one.lesson, "data": one.data, "stack": stack, "machine": machine()}
        run = (one.lesson, json.dumps(parameters, sort_keys=True))
        rows[run] = [
            {**parameters, "metric": metric, "value": repr(value), **about} for metric, value in one.numbers.items()
        ]
    planned = max(planned or 0, len(rows))
    columns = dict.fromkeys(key for several in rows.values() for row in several for key in row if key not in ABOUT)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, *ABOUT], lineterminator="\n")
    writer.writeheader()
    for run in sorted(rows):
        writer.writerows({**row, "planned": planned} for row in rows[run])
    folder().mkdir(exist_ok=True)
    store.write_text(folder() / f"{name}.csv", text.getvalue())
    return len(rows), planned


def _stored_rows(name):
    """The rows of a stored study by run; none where it is new."""
    path, rows = folder() / f"{name}.csv", {}
    if path.is_file():
        with open(path, newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                parameters = {key: value for key, value in row.items() if key not in ABOUT and value}
                rows.setdefault((row["notebook"], json.dumps(parameters, sort_keys=True)), []).append(row)
    return rows


def machine():
    """The kind of machine, without its name: "Linux x86_64, 2 cores"."""
    import os

    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
