"""A study's runs, kept: from a batch's folder into ``data/studies``."""

import csv
import io
import json
import re
from pathlib import Path

from .. import runtime, store, studies
from .folder import JOURNAL, read_journal


def keep(batch, name, planned=None):
    """Store the finished runs of a batch's folder as the study `name`.

    Runs that are stored already stay; where one has the same notebook and parameters, the new one counts.

    Parameters
    ----------
    batch : str or Path
    name : str
    planned : int, optional
        How many runs the study has in all; by default what is stored says so, or else those that are there.

    Returns
    -------
    (int, int)
        Runs that are stored now, and runs planned.

    Raises
    ------
    ValueError
        When the name cannot be a file's, the folder holds no finished run, or a run has data that only this machine has.
    """
    if not re.fullmatch(r"\w+", name):
        raise ValueError(f"the study's name must be letters, digits and _; got {name!r}: give another with --name")
    path = studies.folder() / f"{name}.csv"
    rows = studies.read_rows(path) if path.is_file() else {}
    known = [int(row["planned"]) for several in rows.values() for row in several]
    for one in _finished(Path(batch)):
        parameters = {key: json.dumps(value) for key, value in one.parameters.items()}
        about = {
            "seconds": one.seconds,
            "notebook": one.lesson,
            "data": one.known_data,
            "stack": _stack(one.versions),
            "machine": runtime.machine(),
        }
        # The plus makes an int of a bool.
        rows[one.lesson, json.dumps(parameters, sort_keys=True)] = [
            {**parameters, "metric": metric, "value": repr(+value), **about} for metric, value in one.numbers.items()
        ]
    planned = max(planned or max(known, default=0), len(rows))
    columns = dict.fromkeys(
        key for several in rows.values() for row in several for key in row if key not in studies.ABOUT
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, *studies.ABOUT], lineterminator="\n")
    writer.writeheader()
    for run in sorted(rows):
        writer.writerows({**row, "planned": planned} for row in rows[run])
    path.parent.mkdir(exist_ok=True)
    store.write_text(path, text.getvalue())
    return len(rows), planned


def _finished(batch):
    """The records of a batch's folder that a study can keep."""
    if not (batch / JOURNAL).is_file():
        raise ValueError(f"{batch} was not written by a batch: there is no {JOURNAL}")
    try:
        records = read_journal(batch / JOURNAL)
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{batch / JOURNAL} is damaged: run the study again, into another folder") from None
    finished = [one for one in records if one.status == "ok" and one.numbers]
    if not finished:
        raise ValueError(f"{batch} holds no run that ended well and recorded a number: run the study first")
    for one in finished:
        for key, value in one.parameters.items():
            if isinstance(value, str) and Path(value).is_absolute():
                raise ValueError(
                    f"{one.name}: {key} is {value!r}, which nobody else has: a stored study has data sets by name"
                )
    return finished


def _stack(versions):
    """The versions that numbers depend on: "python 3.12.1, tensorflow 2.21.0, keras 3.15.1"."""
    return ", ".join(f"{name} {versions[name]}" for name in ("python", "tensorflow", "keras") if name in versions)
