"""A whole batch: its runs, handed to processes; what they come to, kept; how far it is, said."""

import concurrent.futures
import contextlib
import shutil
import sys
import time

from .collect import collect
from .execute import run_one
from .folder import Folder
from .processes import FreshProcesses
from .record import of_spec

EVERY = 30  # seconds between two lines in a log while nothing ends


def run_batch(title, specs, out, jobs=1, resume=False, say=print):
    """Run all `specs`, and keep what comes of them in the folder `out`.

    Parameters
    ----------
    title : str
    specs : list of Spec
    out : Path
    jobs : int
        Notebooks at a time.
    resume : bool
        Keep the finished runs of an earlier batch in `out` whose notebook and parameters are the same.
    say : callable
        Called with one line of text for each finished run, and in a log while runs are under way.

    Returns
    -------
    list of Record
        In the order of `specs`.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the running notebooks were stopped; what had finished stays in the results.
    """
    folder = Folder(out, title, resume)
    kept = {(one.name, one.fingerprint): one for one in folder.kept}
    records = {spec.name: kept.get((spec.name, spec.fingerprint)) for spec in specs}
    executor, progress = FreshProcesses(jobs), Progress(specs, say)
    try:
        futures = {executor.submit(run_one, spec): spec for spec in specs if records[spec.name] is None}
        progress.begin(records)
        pending = set(futures)
        while pending:
            progress.show([spec for future, spec in futures.items() if future.running()])
            done, pending = concurrent.futures.wait(pending, 0.5, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                spec = futures[future]
                records[spec.name] = one = _record_of(future, spec)
                folder.add(one)
                progress.ended(one)
            folder.report(_finished(specs, records), len(specs), now=False)
    except BaseException:
        executor.stop()
        for spec in specs:
            if records[spec.name] is None:
                records[spec.name] = of_spec(spec, "interrupted", "the batch was stopped")
                for left in (spec.partial, spec.progress):
                    left.unlink(missing_ok=True)
                shutil.rmtree(spec.folder, ignore_errors=True)
        raise
    finally:
        progress.end()
        executor.shutdown()
        with contextlib.suppress(OSError):
            folder.report(_finished(specs, records), len(specs))
        folder.close()
    return [records[spec.name] for spec in specs]


def _finished(specs, records):
    return [records[spec.name] for spec in specs if records[spec.name]]


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
