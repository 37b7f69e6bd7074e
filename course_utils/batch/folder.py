"""A batch's folder: the journal that grows by a line as each run ends, and what is made from it."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import re
import time
from pathlib import Path

from .. import results, store
from . import UsageError, record
from .report import junit_xml, tidy_csv, write_report

JOURNAL, LOCK = "journal.jsonl", ".lock"
OLD = "batch.json"  # what the first edition kept in the place of a journal
MADE = ("results.csv", "report.html", "junit.xml", "tidy.csv")  # from the journal
FIXED = ("lesson", "status", "seconds", "peak_memory_mb", "notebook")
ERROR = "error"  # the last column
EVERY = 10  # seconds between two reports while runs are under way
SHARE = (
    20  # a report that took a second is not written again for so many: what a run costs must not grow with their number
)
PICTURES = 60  # runs whose picture is kept for the report


class Folder:
    """A batch's folder, locked by the process that made this object until `close`.

    Runs of earlier batches stay, in ``records``, until a run of the same name has ended.

    Parameters
    ----------
    out : str or Path
    title : str
    clean : bool
        Begin anew: what earlier batches wrote is removed, their notebooks and the files made from the journal, and nothing else.
    plan : Plan, optional
        Of a study: its question and its figure head the report.

    Raises
    ------
    UsageError
        When `out` is a file, holds something that no batch wrote, cannot be written to, or another batch is
        writing there now.
    """

    def __init__(self, out, title, clean=False, plan=None):
        self.path, self.title, self.plan, self._next = Path(out), title, plan, 0.0
        self._require_a_batchs(clean)
        try:
            self._take()
            self.records = self._earlier(clean)
            self._journal = self._begin()
        except OSError as error:
            self._give_back()
            raise UsageError(f"--out {out} cannot be written: {error.strerror} ({error.filename})") from None
        except (ValueError, KeyError, TypeError):
            self._give_back()
            raise UsageError(
                f"{self.path / JOURNAL} is damaged: name another folder with --out, or move this one away"
            ) from None

    def _require_a_batchs(self, clean):
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"--out {self.path} is a file: name a folder")
        names = {path.name for path in self.path.iterdir()} if self.path.is_dir() else set()
        if {name for name in names if name[0] != "."} and not names & {JOURNAL, OLD}:
            raise UsageError(
                f"--out {self.path} is not empty and was not written by a batch: name a new or an empty folder"
            )
        if OLD in names and not clean:
            raise UsageError(
                f"--out {self.path} was written by the first edition, which no batch can go on with: "
                "name another folder, or add --clean to have what it wrote removed"
            )

    def _take(self):
        import filelock

        self._lock = filelock.FileLock(self.path / LOCK)
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / ".writable").touch()
        (self.path / ".writable").unlink()
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise UsageError(
                f"another batch is writing to --out {self.path} now: wait for it, or name another folder"
            ) from None

    def _give_back(self):
        if self._lock.is_locked:
            self._lock.release()
            (self.path / LOCK).unlink(missing_ok=True)

    def _earlier(self, clean):
        """The records of earlier batches by name; with `clean` none, and what they wrote is removed."""
        journal, old = self.path / JOURNAL, self.path / OLD
        earlier = read_journal(journal) if journal.is_file() else []
        if not clean:
            return {one.name: one for one in earlier}
        notebooks = [one.notebook for one in earlier] + (_notebooks_of_old(old) if old.is_file() else [])
        for name in [*MADE, OLD, *notebooks]:
            (self.path / name).unlink(missing_ok=True)
        return {}

    def _begin(self):
        """The journal, one line for each run that there is, open to be appended to."""
        for left_by_a_killed_process in self.path.glob(".*.part.*"):
            left_by_a_killed_process.unlink()
        lines = [json.dumps({"title": self.title}), *(one.as_json() for one in self.records.values())]
        store.write_text(self.path / JOURNAL, "".join(line + "\n" for line in lines))
        return open(self.path / JOURNAL, "a", encoding="utf-8")  # close() closes it

    def finished(self, spec):
        """The record of an earlier run with the notebook, the parameters and the data of `spec` that ended well, or None.

        It is known by its fingerprint; where that run of the same notebook had another name, it gets the one of `spec`. What
        had that name gets another one: the plan may ask for it, too.
        """
        fingerprint, other = spec.fingerprint, self.records.get(spec.name)  # a fingerprint takes time
        if other and (other.fingerprint, other.status) == (fingerprint, "ok") and self._has_notebook(other):
            return other
        same = [one for one in self.records.values() if (one.fingerprint, one.lesson) == (fingerprint, spec.lesson)]
        found = next((one for one in same if one.status == "ok" and self._has_notebook(one)), None)
        if found is None:
            return None
        if other and other.status == "ok" and self._has_notebook(other):
            self._rename(other, f"{other.name}-{other.fingerprint[:8]}")
        self._rename(found, spec.name)
        return self.records[spec.name]

    def _has_notebook(self, one):
        return (self.path / one.notebook).is_file()

    def _rename(self, one, name):
        """At each moment the run is there under one of its names, so that a process that is killed loses nothing."""
        renamed = dataclasses.replace(one, name=name, notebook=f"{name}.ipynb")
        store.write_text(self.path / renamed.notebook, (self.path / one.notebook).read_text(encoding="utf-8"))
        self._keep(renamed)
        self._note({"gone": one.name})
        del self.records[one.name]
        (self.path / one.notebook).unlink()

    def add(self, one):
        """Note a run that has ended: its executed notebook as a file, its record as a line of the journal, on the disk at once.

        Raises
        ------
        OSError
            When there is no room; what was there before is as it was.
        """
        if one.executed:
            store.write_text(self.path / one.notebook, one.executed)
        self._keep(one)

    def _keep(self, one):
        self._note(one.as_json())
        pictures = sum(other.thumbnail is not None for other in self.records.values()) if one.thumbnail else 0
        self.records[one.name] = dataclasses.replace(
            one, executed="", thumbnail=one.thumbnail if pictures < PICTURES else None
        )

    def _note(self, line):
        self._journal.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def report(self, total, waiting=(), now=True):
        """Write the files made from the journal, each whole or not at all; without `now`, only if the last ones are old.

        Parameters
        ----------
        total : int
            Runs that this batch has.
        waiting : collection of str
            The names of those that have not ended; what earlier batches know of them is not shown.
        now : bool
        """
        begun = time.monotonic()
        if not now and begun < self._next:
            return
        shown = sorted((one for name, one in self.records.items() if name not in waiting), key=_order)
        store.write_text(self.path / "results.csv", results_csv(shown))
        store.write_text(self.path / "report.html", write_report(self.title, shown, total, self.plan, waiting))
        store.write_text(self.path / "junit.xml", junit_xml(self.title, shown))
        if self.plan and self.plan.figure:
            store.write_text(self.path / "tidy.csv", tidy_csv(shown))
        ended = time.monotonic()
        self._next = ended + max(EVERY, SHARE * (ended - begun))

    def close(self):
        """Close the journal, and let other batches in."""
        with contextlib.suppress(OSError):  # a line for which there was no room, which add() has said
            self._journal.close()
        self._give_back()


def _order(one):
    """Names as people sort them: the 9th before the 10th."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", one.name)]


def _notebooks_of_old(path):
    """The names of the executed notebooks that a batch of the first edition has noted in the file `path`."""
    return [Path(one["notebook"]).name for one in json.loads(path.read_text(encoding="utf-8"))["records"]]


def read_journal(path):
    """The records of a journal, of a run that was made twice the later one.

    A last line that is cut off, as by a full disk or a power failure, is left out: that run has not ended.

    Raises
    ------
    ValueError, KeyError, TypeError
        When it is no journal.
    """
    first, *lines = path.read_text(encoding="utf-8").split("\n")
    json.loads(first)["title"]
    records = {}
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith('{"gone"'):
                records.pop(json.loads(line)["gone"], None)
            elif line:
                one = record.from_json(line)
                records[one.name] = one
        except ValueError:
            if number < len(lines):
                raise
    return list(records.values())


def merge(folders, out):
    """Put the runs of several batches, such as the shards of one, into the folder `out`.

    Parameters
    ----------
    folders : list of Path
    out : Path
        As `Folder` takes it.

    Returns
    -------
    int
        Runs that are there now.

    Raises
    ------
    UsageError
        Before anything is written: when a folder holds no batch, or two hold the same run; `out` is one of them if it holds a batch.
    """
    found, titles = {}, []
    there = [out] if (out / JOURNAL).is_file() else []  # its runs stay: so they must be others, too
    for place in [*there, *folders]:
        try:
            journal = (place / JOURNAL).read_text(encoding="utf-8")
            records = read_journal(place / JOURNAL)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{place} holds no batch that can be read: {type(error).__name__}: {error}") from None
        titles.append(json.loads(journal.partition("\n")[0])["title"])
        for one in records:
            if one.name in found:
                raise UsageError(
                    f"{one.name} is in {found[one.name][0]} and in {place}: merge folders with different runs"
                )
            found[one.name] = place, one
    whole = Folder(out, titles[0])
    try:
        for place, one in found.values():
            if place in there:
                continue
            file = place / one.notebook
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            whole.add(dataclasses.replace(one, executed=text))
        whole.report(len(whole.records))
    finally:
        whole.close()
    return len(whole.records)


def results_csv(records):
    """One row a run: lesson, status, seconds, peak memory, notebook, every parameter, every recorded number, the outcomes of
    those exercises that somebody tried in one of the runs, and the error."""
    parameters = list(dict.fromkeys(name for one in records for name in one.parameters))
    numbers = list(dict.fromkeys(name for one in records for name in one.numbers))
    tried = list(
        dict.fromkeys(
            name for one in records for name, outcome in one.exercises.items() if outcome != results.NOT_ATTEMPTED
        )
    )
    names = [*FIXED, *parameters, *numbers, *(results.EXERCISE_COLUMN + name for name in tried), ERROR]
    columns = list(dict.fromkeys(names))  # a student's parameter may be called like one of the others
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for one in records:
        outcomes = {results.EXERCISE_COLUMN + name: outcome for name, outcome in one.exercises.items()}
        about = {name: getattr(one, name) for name in FIXED} | {ERROR: one.error.message if one.error else ""}
        row = {**one.numbers, **one.parameters, **outcomes, **about}
        writer.writerow({name: plain(value) for name, value in row.items()})
    return text.getvalue()


def plain(value):
    """A value as a spreadsheet takes it for text or a number, never for a formula that it would run."""
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value
