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
        import filelock

        self.path, self.title = Path(out), title
        journal = self.path / JOURNAL
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"--out {out} is a file: name a folder")
        if self.path.is_dir() and {path.name for path in self.path.iterdir()} - {LOCK} and not journal.is_file():
            raise UsageError(f"--out {out} is not empty and was not written by a batch: name a new or an empty folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / ".writable").touch()
            (self.path / ".writable").unlink()
            self._lock = filelock.FileLock(self.path / LOCK)
            self._lock.acquire(timeout=0)
            earlier = read_journal(journal) if journal.is_file() else []
            self.kept = [
                one for one in earlier if resume and one.status == "ok" and (self.path / one.notebook).is_file()
            ]
            if not resume:
                self._remove(earlier)
            self._journal = self._begin()
        except filelock.Timeout:
            raise UsageError(
                f"another batch is writing to --out {out} now: wait for it, or name another folder"
            ) from None
        except OSError as error:
            raise UsageError(f"--out {out} cannot be written: {error.strerror} ({error.filename})") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{journal} is damaged: name another folder with --out, or move this one away") from None
        self._written = 0.0

    def _remove(self, earlier):
        for name in ["results.csv", "report.html", *(one.notebook for one in earlier)]:
            (self.path / name).unlink(missing_ok=True)
        shutil.rmtree(self.path / "work", ignore_errors=True)

    def _begin(self):
        """The journal, begun anew with the runs that are kept, open to be appended to."""
        lines = [json.dumps({"title": self.title}), *(one.as_json() for one in self.kept)]
        store.write_text(self.path / JOURNAL, "".join(line + "\n" for line in lines))
        return open(self.path / JOURNAL, "a", encoding="utf-8")  # noqa: SIM115: closed by close()

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
        self._lock.release()
        (self.path / LOCK).unlink(missing_ok=True)


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
