"""A whole batch: its runs, handed to processes; what they come to, kept; how far it is, said."""

import concurrent.futures
import dataclasses
import sys
import tempfile
import time

from ..runtime import versions
from . import BatchStopped
from .collect import collect
from .execute import run_one
from .folder import Folder
from .processes import FreshProcesses
from .record import changed_since, of_spec

EVERY = 30  # seconds between two lines in a log while nothing ends


def run_batch(plan, specs, out, jobs=1, resume=False, clean=False, say=print, make=None):
    """Run all `specs`, and keep what comes of them in the folder `out`, beside what earlier batches have left there.

    Parameters
    ----------
    plan : Plan
        Its title heads the report, of a study its question and figure, too.
    specs : list of Spec
    out : Path
    jobs : int
        Notebooks at a time.
    resume : bool
        Keep runs of earlier batches in `out` that ended well, and whose notebook, parameters, data and versions are the same.
    clean : bool
        Remove first what earlier batches have left in `out`.
    say : callable
        Called with one line of text for each finished run, and in a log while runs are under way.
    make : callable, optional
        ``make(jobs)`` gives the executor that runs them; by default `FreshProcesses`, on this machine.

    Returns
    -------
    list of Record
        In the order of `specs`.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the running notebooks were stopped; what had finished stays in the results.
    BatchStopped
        When the results cannot be written any more, as on a full disk; likewise.
    """
    folder = Folder(out, plan.title, clean, plan)
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        specs = [dataclasses.replace(spec, scratch=scratch) for spec in specs]
        try:
            return _run(folder, specs, jobs, resume, say, make)
        finally:
            folder.close()


def _run(folder, specs, jobs, resume, say, make):
    kept = {spec.name: _kept(folder, spec, say) if resume else None for spec in specs}
    waiting = {name for name, record in kept.items() if record is None}
    ended = {name: record for name, record in kept.items() if record}
    executor, progress = (make or FreshProcesses)(jobs), Progress(specs, say)
    try:
        futures = {executor.submit(run_one, spec): spec for spec in specs if spec.name in waiting}
        progress.begin(kept)
        pending = set(futures)
        while pending:
            progress.show([futures[future] for future in pending if future.running()])
            done, pending = concurrent.futures.wait(pending, 0.5, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                spec = futures.pop(future)
                one = _record_of(future, spec)
                folder.add(one)
                ended[spec.name] = dataclasses.replace(one, executed="", thumbnail=None)
                waiting.discard(spec.name)
                progress.ended(one)
            folder.report(len(specs), waiting, now=False)
        folder.report(len(specs))
    except OSError as error:  # while results were written: what notebooks do is in their records
        executor.stop()
        raise BatchStopped(f"{folder.path} cannot be written: {error.strerror or error}") from None
    except BaseException:
        executor.stop()
        for spec in specs:
            if spec.name in waiting:  # not in the journal, where what an earlier batch knows of it stays
                folder.records.setdefault(spec.name, of_spec(spec, "interrupted", "the batch was stopped"))
        folder.report(len(specs))
        raise
    finally:
        progress.end()
        executor.shutdown()
    return [ended[spec.name] for spec in specs]


def _kept(folder, spec, say):
    """The record of an earlier run that need not be repeated; or None, and if there was one, a line says why."""
    record = folder.finished(spec) or folder.records.get(spec.name)
    if record is None:
        return None
    changes = changed_since(record, spec, versions())
    if record.status == "ok" and not changes:
        return record
    say(f"again    {spec.name}: {changes or f'it was {record.status}'}")
    return None


def _record_of(future, spec):
    """What a run returned, or what can be said of one that returned nothing."""
    try:
        return future.result()
    except concurrent.futures.process.BrokenProcessPool:
        record = of_spec(spec, "died", "the process that ran the notebook was killed")
        try:
            return collect(spec, record)
        except Exception:  # killed while it was writing: there is no whole notebook
            return record
    except Exception as error:  # such as a full disk: the other runs must not be lost with this one
        return of_spec(spec, "failed", f"its outcome could not be read: {type(error).__name__}: {error}")


class Progress:
    """Says which lessons run, how far they are, and how long the others took: a bar on a terminal, lines in a log."""

    def __init__(self, specs, say):
        self._specs, self._say, self._bar = specs, say, None
        self._started, self._said, self._done = {}, 0.0, 0

    def begin(self, records):
        """Name the runs that are kept, and what there is to do."""
        from tqdm import tqdm  # here, while the first process starts

        for name, record in records.items():
            if record:
                self._say(f"kept     {name}")
                self._done += 1
        count = len(self._specs) - self._done
        if count:
            self._say(
                f"running  {count} of {len(self._specs)} notebooks, {next(n for n, r in records.items() if not r)} first"
            )
        self._bar = tqdm(total=len(self._specs), initial=self._done, unit="notebook", disable=None, leave=False)

    def ended(self, record):
        """One line for a run that has ended."""
        from tqdm import tqdm

        self._done += 1
        with tqdm.external_write_mode(file=sys.stdout):
            self._say(f"{record.status:<8} {record.name:<28} {record.seconds:7.1f} s {record.peak_memory_mb:6,} MB")
            if record.other_version:
                self._say(f"         {record.name} was {record.other_version}")
            if record.left:
                self._say(f"         {record.name}: {record.left}")
        self._bar.update()
        self._said = time.monotonic()

    def show(self, running):
        """Where the running notebooks are, on the bar; in a log when one begins and every half a minute."""
        now, words = time.monotonic(), []
        begun = [spec.name for spec in running if spec.name not in self._started]
        for spec in running:
            self._started.setdefault(spec.name, now)
            words.append(f"{spec.name}{_cells(spec)}")
        self._bar.set_description(f"running {', '.join(words)}" if words else "starting")
        if self._bar.disable and running and (begun or now - self._said > EVERY):
            seconds = max(now - self._started[spec.name] for spec in running)
            behind = f", {seconds:.0f} s" if seconds >= 1 else ""
            self._say(f"running  {', '.join(words)}{behind}; {self._done} of {len(self._specs)} done")
            self._said = now

    def end(self):
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _cells(spec):
    """How many code cells of a running notebook are done, in words."""
    try:
        done, total = spec.progress.read_text().split()
    except (OSError, ValueError):  # not begun, or just being written
        return ""
    return f" (cell {done} of {total})"
