"""The page that an instructor reads: one self-contained HTML file a batch; beside it a tidy table and a JUnit file."""

import base64
import csv
import datetime
import io
from pathlib import Path
from xml.etree import ElementTree

from .. import results, runtime, studies

TEMPLATE = Path(__file__).with_name("report.html.jinja")
DETAILED = 60  # runs that are described one by one: a page with more would be slow to open
ROOM = 400_000  # letters that their pictures, messages, sources and outputs may take
LONGEST = 5  # code cells of a run whose seconds are shown


def write_report(title, records, total, plan=None, waiting=()):
    """The report as HTML text: of a study its answer, then one line a run, then one section a run.

    Parameters
    ----------
    title : str
    records : list of Record
        In the order in which they are shown.
    total : int
        Runs that the batch has.
    plan : Plan, optional
        Of a study.
    waiting : collection of str
        Names of runs that have not ended.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    filters = {"number": format_number, "words": studies.words, "rounded": studies.rounded}
    environment.filters |= filters | {one.__name__: one for one in (duration, between, solved, longest, tone)}
    stacks = [", ".join(f"{name} {version}" for name, version in record.versions.items()) for record in records]
    counts = {}
    for record in records:
        badge = tone(record), record.status
        counts[badge] = counts.get(badge, 0) + 1
    ended = total - len(waiting)
    described = detailed(records)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        records=records,
        detailed=described,
        anchors={record.name: f"run-{number}" for number, record in enumerate(described, 1)},
        total=total,
        ended=ended,
        beside=len(records) - ended,
        stacks=[stack for stack in dict.fromkeys(stacks) if stack],
        counts=counts,
        seconds=sum(record.seconds for record in records),
        written=datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        study=study(plan, records) if plan and plan.figure else None,
    )


def study(plan, records):
    """What the report of a study says first: a dict for the template."""
    figure = plan.figure
    runs = [{**one.parameters, **one.numbers} for one in records if one.status == "ok"]
    about = {
        "question": plan.question,
        "answer": "",
        "x": figure.x,
        "y": figure.y,
        "lines": figure.lines,
        "data": sorted({str(run["DATASET"]) for run in runs if "DATASET" in run}),
        "machine": runtime.machine(),
    }
    if not runs:
        return {**about, "problem": "No run has ended well yet, so there is no answer."}
    try:
        points = studies.points(runs, figure.x, figure.y, figure.lines)
    except ValueError as error:
        return {**about, "problem": f"The figure cannot be drawn: {error}."}
    return {
        **about,
        "answer": studies.sentence(points, figure),
        "points": points,
        "findings": findings(records, figure.y),
        "diverged": any(point.diverged for point in points),
        "differences": studies.differences(points),
        "figure": _drawn(runs, figure),
        "alt": f"{figure.y} against {figure.x}"
        + (f", a line for each {figure.lines}" if figure.lines else "")
        + ": the numbers are in the table below.",
    }


def findings(records, y):
    """What the runs say of the stored studies that they repeat, a sentence each: all inside their bands, or which are not."""
    stored = sorted(studies.folder().glob("*.csv"))
    if not stored:
        return []
    ended = [one for one in records if one.status == "ok"]
    about = [{"name": one.name, "notebook": one.lesson, "data": one.known_data} for one in ended]
    runs = [{**one.parameters, **one.numbers, **facts} for one, facts in zip(ended, about)]
    said = []
    for path in stored:
        try:
            compared = studies.reruns(runs, studies.read(path.stem), y)
        except ValueError:
            continue  # a study with too few seeds for bands
        outside = [
            f"{run['name']} gave {studies.rounded(run[y])}, the band is {' to '.join(map(studies.rounded, band))}"
            for run, band, inside in compared
            if not inside
        ]
        if compared:
            verdict = f"{len(compared) - len(outside)} of {len(compared)} runs are inside its bands"
            said.append(f"Against the stored study {path.stem}: {'; '.join([verdict, *outside])}.")
    return said


def _drawn(runs, figure):
    """The figure as base64 PNG."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from .. import plots

    with plt.rc_context():
        plots.set_style()
        ax = plt.subplots(figsize=(6, 4), dpi=180)[1]  # small and fine: its letters are legible on a phone, too
        plots.study(runs, figure.x, figure.y, figure.lines, ax)
        picture = plots.png(ax.figure)
        plt.close(ax.figure)
    return base64.b64encode(picture).decode()


def detailed(records):
    """The records that are described one by one, those that did not end well first: as many as the page has room for."""
    shown, room = [], ROOM
    for record in sorted(records, key=lambda record: record.status == "ok")[:DETAILED]:
        error = record.error
        room -= len(record.thumbnail or "") + (len(error.message + error.source + error.output) if error else 0)
        if room < 0:
            break
        shown.append(record)
    return shown


def tone(record):
    """How a run's status is coloured: "good", "bad", or "plain" where it ended well and not all of its exercises are solved."""
    if record.status != "ok":
        return "bad"
    return "good" if all(outcome == results.CORRECT for outcome in record.exercises.values()) else "plain"


def between(difference, study):
    """What a difference is between, in words: "AUGMENT no and yes at N_TRAIN 200"."""
    first, second = difference.first, difference.second
    if not study["lines"]:
        return f"{study['x']} {studies.words(first.x)} and {studies.words(second.x)}"
    lines = f"{study['lines']} {studies.words(first.line)} and {studies.words(second.line)}"
    return f"{lines} at {study['x']} {studies.words(first.x)}"


def solved(record):
    """How many exercises a run has solved, of how many: "3 of 7 exercises"."""
    correct = sum(outcome == results.CORRECT for outcome in record.exercises.values())
    return f"{correct} of {len(record.exercises)} exercises"


def longest(record):
    """The code cells that took longest, and their seconds; none where all were quick."""
    cells = sorted(enumerate(record.cells, 1), key=lambda cell: -cell[1])[:LONGEST]
    return {f"cell {number}": f"{seconds:.1f} s" for number, seconds in cells if seconds >= 0.1}


def duration(seconds):
    """Seconds as people say them.

    Examples
    --------
    >>> duration(12.34), duration(600), duration(9000)
    ('12.3 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def format_number(value):
    """A number or a parameter's value as a reader wants it: four significant digits, thousands separated."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def tidy_csv(records):
    """A row for each recorded number: run, parameters, metric, value."""
    parameters = list(dict.fromkeys(name for one in records for name in one.parameters))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["run", *parameters, "metric", "value"], lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for one in records:
        for metric, value in one.numbers.items():
            writer.writerow({**one.parameters, "run": one.name, "metric": metric, "value": value})
    return text.getvalue()


def junit_xml(title, records):
    """The batch as a test suite, for services that show such files: a case a run."""
    failed = sum(one.status != "ok" for one in records)
    suite = ElementTree.Element("testsuite", name=title, tests=str(len(records)), failures=str(failed))
    for one in records:
        case = ElementTree.SubElement(suite, "testcase", classname=one.lesson, name=one.name, time=f"{one.seconds:.2f}")
        if one.error:
            failure = ElementTree.SubElement(case, "failure", type=one.status, message=one.error.message)
            failure.text = "\n".join(filter(None, (one.error.source, one.error.output)))
    text = ElementTree.tostring(suite, encoding="unicode")
    return "".join(
        letter for letter in text if letter in "\t\n\r" or ord(letter) >= 32
    )  # XML has no other control letters
