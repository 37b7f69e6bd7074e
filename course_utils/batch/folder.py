"""A batch's folder: the journal that grows by a line as each run ends, and what is made from it."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import shutil
import time
from pathlib import Path

from .. import results, store
from . import UsageError, record
from .report import write_report

JOURNAL, LOCK = "journal.jsonl", ".lock"
OLD = "batch.json"  # what the first edition kept in the place of a journal
FIXED = ("lesson", "status", "seconds", "peak_memory_mb")
EVERY = 10  # seconds between two reports while runs are under way: what a run costs must not grow with their number


class Folder:
    """A batch's folder, locked by the process that made this object until `close`.

    Parameters
    ----------
    out : str or Path
    title : str
    resume : bool
        Keep the runs of an earlier batch that ended well, in ``kept``. Otherwise what it wrote is removed: its notebooks,
        its three files and its folder ``work``, and nothing else.

    Raises
    ------
    UsageError
        When `out` is a file, holds something that no batch wrote, cannot be written to, or another batch is
        writing there now.
    """

    def __init__(self, out, title, resume=False):
        self.path, self.title, self._written = Path(out), title, 0.0
        self._require_a_batchs(resume)
        try:
            self._take()
            self.kept = self._earlier(resume)
            self._journal = self._begin()
        except OSError as error:
            self._give_back()
            raise UsageError(f"--out {out} cannot be written: {error.strerror} ({error.filename})") from None
        except (ValueError, KeyError, TypeError):
            self._give_back()
            raise UsageError(
                f"{self.path / JOURNAL} is damaged: name another folder with --out, or move this one away"
            ) from None

    def _require_a_batchs(self, resume):
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"--out {self.path} is a file: name a folder")
        names = {path.name for path in self.path.iterdir()} - {LOCK} if self.path.is_dir() else set()
        if names and not names & {JOURNAL, OLD}:
            raise UsageError(
                f"--out {self.path} is not empty and was not written by a batch: name a new or an empty folder"
            )
        if OLD in names and resume:
            raise UsageError(
                f"--out {self.path} was written by the first edition, which --resume cannot go on with: "
                "name another folder, or leave out --resume to have this one replaced"
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

    def _earlier(self, resume):
        """The records of an earlier batch that are kept; without `resume` none, and what it wrote is removed."""
        journal, old = self.path / JOURNAL, self.path / OLD
        earlier = read_journal(journal) if journal.is_file() else []
        if resume:
            return [one for one in earlier if one.status == "ok" and (self.path / one.notebook).is_file()]
        self._remove([one.notebook for one in earlier] + (_notebooks_of_old(old) if old.is_file() else []))
        return []

    def _remove(self, notebooks):
        for name in ["results.csv", "report.html", OLD, *notebooks]:
            (self.path / name).unlink(missing_ok=True)
        shutil.rmtree(self.path / "work", ignore_errors=True)

    def _begin(self):
        """The journal, begun anew with the runs that are kept, open to be appended to."""
        lines = [json.dumps({"title": self.title}), *(one.as_json() for one in self.kept)]
        store.write_text(self.path / JOURNAL, "".join(line + "\n" for line in lines))
        return open(self.path / JOURNAL, "a", encoding="utf-8")  # close() closes it

    def add(self, one):
        """Note a run that has ended: its executed notebook as a file, its record as a line of the journal, on the disk at once."""
        if one.executed:
            store.write_text(self.path / one.notebook, one.executed)
        self._journal.write(one.as_json() + "\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def report(self, records, total, now=True):
        """Write ``results.csv`` and ``report.html``, each whole or not at all; without `now`, only if the last ones are old."""
        if now or time.monotonic() - self._written > EVERY:
            store.write_text(self.path / "results.csv", results_csv(records))
            store.write_text(self.path / "report.html", write_report(self.title, records, total))
            self._written = time.monotonic()

    def close(self):
        """Close the journal, and let other batches in."""
        self._journal.close()
        with contextlib.suppress(OSError):  # not empty, or never made
            (self.path / "work").rmdir()
        self._give_back()


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
            if line:
                one = record.from_json(line)
                records[one.name] = one
        except ValueError:
            if number < len(lines):
                raise
    return list(records.values())


def results_csv(records):
    """One row a run: lesson, status, seconds, peak memory, every parameter, every recorded number, then the outcomes of
    those exercises that somebody tried in one of the runs."""
    parameters = list(dict.fromkeys(name for one in records for name in one.parameters))
    numbers = list(dict.fromkeys(name for one in records for name in one.numbers))
    tried = list(
        dict.fromkeys(
            name for one in records for name, outcome in one.exercises.items() if outcome != results.NOT_ATTEMPTED
        )
    )
    names = [*FIXED, *parameters, *numbers, *(results.EXERCISE_COLUMN + name for name in tried)]
    columns = list(dict.fromkeys(names))  # a student's parameter may be called like one of the others
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for one in records:
        outcomes = {results.EXERCISE_COLUMN + name: outcome for name, outcome in one.exercises.items()}
        about = {name: value for name, value in dataclasses.asdict(one).items() if name in FIXED}
        row = {**one.numbers, **one.parameters, **outcomes, **about}
        writer.writerow({name: plain(value) for name, value in row.items()})
    return text.getvalue()


def plain(value):
    """A value as a spreadsheet takes it for text or a number, never for a formula that it would run."""
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value
