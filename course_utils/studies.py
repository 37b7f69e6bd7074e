"""What the runs of a study say together: means over seeds with their intervals, paired differences, bands for reruns."""

import csv
import json
import math
import numbers
import re
from dataclasses import dataclass

from . import paths
from .checks import nearest

SEED = "SEED"
LEVEL = 0.95
#: Of a band: how many standard deviations to either side, the least half width, the degrees of freedom that it needs.
SIGMAS, LEAST, FREEDOM = 4, 0.01, 10
#: Columns of a stored study behind its parameters, and those that `read` gives back beside parameters and numbers.
ABOUT = ("metric", "value", "seconds", "notebook", "data", "stack", "machine", "planned")
GIVEN = {"seconds": float, "notebook": str, "data": str, "planned": int}
EMBEDDED = "embedded"  # stands for the data where they come with the course


@dataclass(frozen=True)
class Point:
    """The runs that differ only in their seed: where they are drawn, and what they gave.

    Attributes
    ----------
    line, x : object
        Values of the parameters that the figure names; ``line`` is None where it names none. A list is a tuple here.
    values : dict of int to float
        By seed, the finite ones.
    diverged : int
        How many runs gave NaN or infinity. Means, intervals, differences and bands leave them out.
    """

    line: object
    x: object
    values: dict
    diverged: int = 0

    @property
    def mean(self):
        """The mean over the seeds; NaN where every run has diverged."""
        return sum(self.values.values()) / len(self.values) if self.values else math.nan

    @property
    def interval(self):
        """The 95 % interval of the mean by Student's t, or None for fewer than two seeds."""
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
        At least one.

    Raises
    ------
    ValueError
        When no run has what the figure names, when `y` is no number, or when two runs of one seed differ in something that
        the figure does not show.
    """
    names = {name for run in runs for name in run}
    wanted = [name for name in (x, y, lines) if name]
    for name in wanted:
        if name not in names:
            there = ", ".join(sorted(names)) or "nothing"
            raise ValueError(f"the runs have no {name!r}{nearest(name, names)}; they have {there}")
    found, seen = {}, {}
    for run in runs:
        if any(name not in run for name in wanted) or run[y] is None:
            continue
        if not isinstance(run[y], numbers.Real):
            raise ValueError(f"y must name a recorded number; got {y}, which is {run[y]!r} in a run")
        place = _fixed(run[lines]) if lines else None, _fixed(run[x])
        seed = int(run.get(SEED) or 0)
        if (place, seed) in seen:
            raise ValueError(_ambiguous(seen[place, seed], run, seed))
        seen[place, seed] = run
        found.setdefault(place, {})[seed] = float(run[y])
    if not found:
        raise ValueError(f"no run has all of {', '.join(wanted)}: change the figure, or run what it needs")
    return [_point(place, found[place]) for place in sorted(found, key=lambda place: [order(part) for part in place])]


def _point(place, values):
    finite = {seed: value for seed, value in sorted(values.items()) if math.isfinite(value)}
    return Point(*place, finite, len(values) - len(finite))


def _fixed(value):
    """A parameter's value as one that a dict can have as a key."""
    return tuple(value) if isinstance(value, list) else value


def _ambiguous(one, other, seed):
    """Why two runs of one place and seed cannot both be drawn."""
    names = [name for name in dict.fromkeys([*one, *other]) if name.isupper() and one.get(name) != other.get(name)]
    if not names:
        return f"two runs have the same parameters and seed {seed}: leave one of them out"
    different = ", ".join(f"{name} ({words(one.get(name))} and {words(other.get(name))})" for name in names)
    return f"two runs with seed {seed} differ in {different}, which the figure does not show: draw lines by it, or one value"


def order(value):
    """A key that sorts a parameter's values: none, then no before yes and numbers by size, then words ("block 9" before "block 10"), then lists."""
    if value is None:
        return (0,)
    if isinstance(value, (tuple, list)):
        return 3, [order(part) for part in value]
    if isinstance(value, str):
        return 2, [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", value)]
    return 1, value


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
        When the points together have fewer than ten degrees of freedom, or every run of `point` has diverged.
    """
    if not point.values:
        raise ValueError("a band needs a run that has not diverged; got none")
    freedom = sum(max(len(one.values) - 1, 0) for one in found)
    if freedom < FREEDOM:
        raise ValueError(f"a band needs {FREEDOM} degrees of freedom, seeds less one a point in all; got {freedom}")
    squares = sum((value - one.mean) ** 2 for one in found for value in one.values.values())
    half = max(SIGMAS * math.sqrt(squares / freedom * (1 + 1 / len(point.values))), LEAST)
    return point.mean - half, point.mean + half


def reruns(runs, stored, y):
    """Runs held against the stored points with the same notebook, data and parameters, whatever their seed.

    Parameters
    ----------
    runs, stored : sequence of dict
        As `read` gives them.
    y : str
        The recorded number that is compared.

    Returns
    -------
    list of (dict, (float, float), bool)
        Each run that a stored point is the same as, the point's `band`, and whether the run is inside.

    Raises
    ------
    ValueError
        As `band`.
    """
    values = {}
    for run in stored:
        if y in run:
            values.setdefault(_recipe(run), {})[int(run.get(SEED) or 0)] = run[y]
    found = {recipe: _point((None, None), several) for recipe, several in values.items()}
    compared = []
    for run in runs:
        if y in run and _recipe(run) in found:
            low, high = band(found[_recipe(run)], list(found.values()))
            compared.append((run, (low, high), low <= run[y] <= high))
    return compared


def _recipe(run):
    """What two runs that differ only in their seed have in common."""
    parameters = {name: value for name, value in run.items() if name.isupper() and name != SEED}
    return run["notebook"], run["data"], json.dumps(parameters, sort_keys=True)


# ------------------------------------------------------------------------------------------------------------ in words


def words(value):
    """A parameter's value as a reader wants it.

    Examples
    --------
    >>> [words(value) for value in (True, None, 2000, 0.1, (8, 16))]
    ['yes', 'none', '2,000', '0.1', '8, 16']
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(words, value)) or "none"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def rounded(number):
    """A mean or the end of an interval as a reader wants it: three decimals, of large and of tiny numbers fewer or more.

    Examples
    --------
    >>> [rounded(number) for number in (0.91234, -0.05, 45.678, 2345.6, 0.000123)]
    ['0.912', '−0.050', '45.68', '2,346', '0.00012']
    """
    size = abs(number)
    if not math.isfinite(number):
        return "–"
    if 0 < size < 0.0005 or size >= 1e7:
        text = f"{number:.2g}"
    else:
        text = f"{number:,.{3 if size < 1 else max(3 - int(math.log10(size)), 0)}f}"
    return text.replace("-", "−")


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
    return f"{_compared(found, figure)}{_diverged(found)}."


def _compared(found, figure):
    compared = differences(found)
    if not compared:
        alone = [f"{rounded(one.mean)} over {_several(len(one.values), 'seed')}" for one in found if one.values]
        if not alone:
            return f"There is no {figure.y} to compare"
        if len(alone) == 1:
            return f"{figure.y} is {alone[0]}, and there is nothing to compare it with"
        return f"No two places share a seed, so nothing is compared; the means of {figure.y} are in the table"
    clear = [one for one in compared if one.clear]
    largest = max(clear or [one for one in compared if one.interval] or compared, key=lambda one: abs(one.mean))
    name, first, second = figure.x, largest.first.x, largest.second.x
    where = ""
    if figure.lines:
        name, first, second = figure.lines, largest.first.line, largest.second.line
        where = f" at {figure.x} {words(largest.first.x)}"
    versus = f"with {name} {words(second)} than with {name} {words(first)}{where}"
    size = f"{rounded(abs(largest.mean))} {'higher' if largest.mean > 0 else 'lower'}"
    pairs = f"{_several(largest.count, 'seed')} in pairs"
    if largest.interval is None:
        return f"One seed carries no claim; in this one, {figure.y} is " + (
            f"{size} {versus}" if largest.mean else f"the same with {name} {words(first)} and {words(second)}{where}"
        )
    if not clear:
        low, high = map(rounded, largest.interval)
        range_ = f"95 % interval {low} to {high}, {pairs}"
        if len(compared) > 1:
            least = f"the largest is that {figure.y} is {size} {versus}" if largest.mean else "the means are the same"
            return f"None of the {len(compared)} differences is clear: {least} ({range_})"
        if not largest.mean:
            return f"There is no clear difference: {figure.y} is the same on average with {name} {words(first)} and {words(second)}{where} ({range_})"
        return f"There is no clear difference: {figure.y} is {size} {versus}, and that may be luck ({range_})"
    low, high = map(rounded, sorted(abs(end) for end in largest.interval))
    return (
        f"{figure.y} is {size} {versus} (95 % interval {low} to {high}, {pairs}){_others(compared, clear, name, first)}"
    )


def _others(compared, clear, name, first):
    """How many other differences there are, which way they point, and whether luck alone may make so few of them clear."""
    if len(compared) == 1:
        return ""
    higher = sum(one.mean > 0 for one in clear)
    ways = " and ".join(
        f"{count} {way}" for count, way in ((higher, "higher"), (len(clear) - higher, "lower")) if count
    )
    luck = ", which luck alone may do" if len(clear) * 10 <= len(compared) else ""
    return f"; {len(clear)} of {len(compared)} differences from {name} {words(first)} {'is' if len(clear) == 1 else 'are'} clear, {ways}{luck}"


def _diverged(found):
    """How many runs diverged, where any did."""
    count = sum(one.diverged for one in found)
    total = count + sum(len(one.values) for one in found)
    return (
        f"; {count} of {_several(total, 'run')} diverged and {'is' if count == 1 else 'are'} left out" if count else ""
    )


def _several(count, noun):
    return f"{count:,} {noun}{'s' * (count != 1)}"


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
        Of each run its parameters, its recorded numbers, ``seconds``, ``notebook``, ``data`` ("embedded" or what changes when
        the data do), and under ``planned`` how many runs the study has in all.

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
    for key, rows in read_rows(path).items():
        parameters = {column: json.loads(value) for column, value in json.loads(key[1]).items()}
        about = {column: convert(rows[0][column]) for column, convert in GIVEN.items()}
        runs[key] = parameters | {row["metric"]: float(row["value"]) for row in rows} | about
    return list(runs.values())


def read_rows(path):
    """The rows of a stored study, those of one run together.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of (str, str) to list of dict
        By the run's notebook and its parameters as JSON.
    """
    found = {}
    with open(path, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            parameters = {column: value for column, value in row.items() if column not in ABOUT and value}
            found.setdefault((row["notebook"], json.dumps(parameters, sort_keys=True)), []).append(row)
    return found
