"""The page that an instructor reads: one self-contained HTML file a batch."""

import datetime
from pathlib import Path

TEMPLATE = Path(__file__).with_name("report.html.jinja")


def write_report(title, records, total):
    """The report as HTML text: what failed first in the summary, then one section a run.

    Parameters
    ----------
    title : str
    records : list of Record
    total : int
        Runs that the batch has; more than ``len(records)`` while it is under way.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["number"] = format_number
    stacks = [", ".join(f"{name} {version}" for name, version in record.versions.items()) for record in records]
    counts = {}
    for record in records:
        counts[record.status] = counts.get(record.status, 0) + 1
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        records=records,
        total=total,
        stacks=[stack for stack in dict.fromkeys(stacks) if stack],
        counts=counts,
        seconds=sum(record.seconds for record in records),
        written=datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def format_number(value):
    """A number or a parameter's value as a reader wants it: four significant digits, thousands separated."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
