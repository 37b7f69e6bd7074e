"""The page that an instructor reads: one self-contained HTML file a batch; beside it a tidy table and a JUnit file."""

import base64
import csv
import datetime
import io
from pathlib import Path
from xml.etree import ElementTree

from .. import results, studies

TEMPLATE = Path(__file__).with_name("report.html.jinja")
DETAILED = 60  # runs that are described one by one: a page with more would be slow to open
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
    environment.filters |= {
        "number": format_number,
        "words": studies.words,
        "duration": duration,
        "place": place,
        "solved": solved,
        "longest": longest,
    }
    stacks = [", ".join(f"{name} {version}" for name, version in record.versions.items()) for record in records]
    counts = {}
    for record in records:
        counts[record.status] = counts.get(record.status, 0) + 1
    ended = total - len(waiting)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        records=records,
        detailed=sorted(records, key=lambda record: record.status == "ok")[:DETAILED],
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
        "machine": studies.machine(),
    }
    if not runs:
        return {**about, "problem": "No run has ended well yet, so there is no answer."}
    try:
        points = studies.points(runs, figure.x, figure.y, figure.lines)
    except ValueError as error:
        return {**about, "problem": f"The figure cannot be drawn: {error}."}
    if not points:
        return {**about, "problem": f"No run has recorded {figure.y} yet."}
    return {
        **about,
        "answer": studies.sentence(points, figure),
        "points": points,
        "differences": studies.differences(points),
        "figure": _drawn(runs, figure),
        "alt": f"{figure.y} against {figure.x}"
        + (f", a line for each {figure.lines}" if figure.lines else "")
        + ": the numbers are in the table below.",
    }


def _drawn(runs, figure):
    """The figure as base64 PNG."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from .. import plots

    with plt.rc_context():
        plots.set_style()
        plt.rcParams["figure.dpi"] = 160
        ax = plots.study(runs, figure.x, figure.y, figure.lines)
        picture = plots.png(ax.figure)
        plt.close(ax.figure)
    return base64.b64encode(picture).decode()


def place(point, study):
    """Where a point is, in words: "AUGMENT yes, N_TRAIN 200"."""
    words = f"{study['x']} {studies.words(point.x)}"
    return f"{study['lines']} {studies.words(point.line)}, {words}" if study["lines"] else words


def solved(record):
    """How many exercises a run has solved, of how many: "3 of 7 exercises"."""
    correct = sum(outcome == results.CORRECT for outcome in record.exercises.values())
    return f"{correct} of {len(record.exercises)} exercises"


def longest(record):
    """The code cells that took longest, and their seconds; none where all were quick."""
    cells = sorted(enumerate(record.cells, 1), key=lambda cell: -cell[1])[:LONGEST]
    return {f"cell {number}": f"{seconds:.1f} s" for number, seconds in cells if seconds >= 0.1}


def duration(seconds):
    """Seconds as people say them."""
    if seconds < 120:
        return f"{seconds:.1f} s"
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
