"""Execute one notebook: `run_one` takes a `Spec`, and gives a `Record`."""

import contextlib
import dataclasses
import logging
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

from ..runtime import versions
from . import KERNEL, client
from .collect import collect
from .exercise_names import checked_in
from .kernel import LANGUAGE, LOG, QUIET, this_python
from .record import of_spec


class _EndedItself(Exception):
    """A cell has asked its kernel to end, which does so a moment later: the cells after it must not run in that moment."""


def run_one(spec):
    """Execute one notebook with papermill and report on it.

    Needs nothing but its `Spec`, and leaves nothing behind. The notebook works in a temporary folder of its own, inside a
    private one; what it writes there goes with it. Where exercises are checked, the cells after one that raises are run
    as well, so that no outcome is lost; the run has failed all the same.

    Returns
    -------
    Record
    """
    if spec.problem:
        return of_spec(spec, "failed", spec.problem)
    try:
        notebook = _notebook_of(spec.notebook)
    except Exception as error:  # nbformat raises kinds of its own for files of its older formats
        return of_spec(spec, "failed", f"the file is no notebook: {_short_message(error)}")
    with _temporary() as home, _temporary() as private, _temporary() as elsewhere:
        if not Path(spec.scratch or "nowhere").is_dir():  # it is another machine's
            spec = dataclasses.replace(spec, scratch=elsewhere)
        folder = Path(private, "work")
        folder.mkdir()
        watched, started, before = _Watched(spec, notebook), time.perf_counter(), _children()
        with watch_memory(spec.memory) as memory:
            status, message = _execute(spec, notebook, watched, home, folder, memory)
            seconds = round(time.perf_counter() - started, 2)
        left = client.end_what_is_left(before)
        spec.progress.unlink(missing_ok=True)
        record = dataclasses.replace(
            of_spec(spec, status, message),
            seconds=seconds,
            peak_memory_mb=round(memory.peak / 2**20),
            versions=versions(),
            cells=tuple(watched.seconds),
            left=f"left running and ended: {', '.join(left)}" if left else "",
        )
        return collect(spec, record, watched.failed or watched.number)


def _temporary():
    return tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)


def _children():
    import psutil

    return psutil.Process().children(recursive=True)


def _notebook_of(text):
    """A notebook's text as a notebook of the present format; what older editors have left out is added."""
    import nbformat
    from nbformat.validator import normalize

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells without ids, or with the same, which normalize mends
        _, notebook = normalize(nbformat.from_dict(nbformat.reads(text, as_version=4)))
    return notebook


def _execute(spec, notebook, watched, home, folder, memory):
    """Run the cells; gives the run's status, and why it is not ``ok``."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    manager = this_python(home)
    client.adopt()
    try:
        with _no_lines_that_the_record_has():
            papermill.execute_notebook(
                notebook,
                _no_template(spec.partial),
                spec.changed,
                cwd=folder,
                engine_name=client.ENGINE,
                kernel_name=KERNEL,
                language=LANGUAGE,
                progress_bar=False,
                execution_timeout=spec.timeout,
                extra_arguments=QUIET,
                kernel_manager_class=manager,
                allow_errors=bool(checked_in(notebook)),
                on_cell_start=watched.begun,
                on_cell_executed=watched.executed,
                on_cell_error=watched.raised,
            )
    except client.TooMuchOutput:
        return "failed", f"the notebook printed more than {client.LARGEST // 2**20} MB"
    except CellTimeoutError:
        return "timeout", f"the cell took longer than {spec.timeout} s"
    except DeadKernelError:
        if memory.exceeded:
            return "died", f"the kernel took more than {spec.memory:,} MB, and was ended"
        return "died", _cause_of_death(manager.exit_code) + _last_words(home)
    except _EndedItself:
        return "failed", "the notebook ended itself: quit() or exit()"
    except Exception as error:  # whatever a notebook does must not stop the batch; the report shows it
        return "failed", watched.message or _short_message(error) + (_last_words(home) if not watched.number else "")
    return ("failed", watched.message) if watched.message else ("ok", "")


class _Watched:
    """Notes which code cell is running, in a file too, and which was the first one that raised, and what."""

    def __init__(self, spec, notebook):
        self.file, self.number, self.failed, self.message = spec.progress, 0, 0, ""
        self.seconds, self.started = [], 0.0
        self.total = sum(cell.cell_type == "code" for cell in notebook.cells) + bool(spec.changed)

    def begun(self, cell, cell_index):
        """Called by nbclient before each cell."""
        if cell.cell_type == "code":
            self.number += 1
            self.started = time.perf_counter()
            self.file.write_text(f"{self.number} {self.total}")

    def executed(self, cell, cell_index, execute_reply):
        """Called by nbclient when a cell is done."""
        if cell.cell_type == "code":
            self.seconds.append(round(time.perf_counter() - self.started, 2))
        payload = execute_reply["content"].get("payload", []) if execute_reply else []
        if any(part.get("source") == "ask_exit" for part in payload):
            raise _EndedItself

    def raised(self, cell, cell_index, execute_reply):
        """Called by nbclient when a cell has raised."""
        if not self.failed:
            name, value = (execute_reply["content"].get(key, "") for key in ("ename", "evalue"))
            if name == "SystemExit" and value in ("", "0", "None"):
                value = "the notebook ended itself before its last cell"
            self.failed, self.message = self.number, f"{name}: {value}" if value else name


@contextlib.contextmanager
def _no_lines_that_the_record_has():
    """Keep from the terminal what nbclient and papermill log of endings that the record tells, and of parameters that the plan has checked.

    (papermill does not know the type ``int | None``, and takes such a parameter for none.)
    """
    known = ("Passed unknown parameter", "Kernel died", "Timeout waiting for execute reply")

    def wanted(record):
        return not record.getMessage().startswith(known)

    logger = logging.getLogger("papermill")
    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


def _cause_of_death(code):
    """Why a kernel ended in the middle of a cell, by its exit code: None, a number, or minus the number of a signal."""
    if code == -9:
        return "the kernel was killed, mostly because memory ran out"
    if code is not None and code < 0:
        return f"the kernel crashed: {signal.Signals(-code).name}"
    return "the kernel ended in the middle of the cell" + (f", with exit code {code}" if code is not None else "")


def _last_words(home):
    """What the kernel wrote past its notebook before it ended, for a message; or nothing."""
    with contextlib.suppress(OSError):
        lines = Path(home, LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f". Its last words: {lines[-1][:200]}" if lines else ""
    return ""


def _no_template(path):
    """papermill fills in ``{…}`` in a path."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _short_message(error):
    if hasattr(error, "ename"):  # papermill's own message holds the whole traceback
        return f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    return f"{type(error).__name__}: {error}"


@dataclasses.dataclass
class Memory:
    """What the children of this process take: the largest resident set so far, in bytes, and whether it was more than allowed."""

    peak: int = 0
    exceeded: bool = False


@contextlib.contextmanager
def watch_memory(allowed=0, every=0.2):
    """Watch the children that this process gets; yields a `Memory`, and ends those that take more than `allowed` megabytes (0: any).

    Linux and Windows keep each process's high-water mark, so a peak between two looks is not missed;
    on macOS it is the largest of the samples.
    """
    import psutil

    memory, done = Memory(), threading.Event()
    before = psutil.Process().children()

    def watch():
        children = []
        while not done.wait(every):
            if not children:  # a costly look at all processes: once is enough
                children = [child for child in psutil.Process().children() if child not in before]
            for child in children:
                with contextlib.suppress(psutil.Error, OSError):
                    memory.peak = max(memory.peak, _high_water_mark(child))
                    if allowed and child.memory_info().rss > allowed * 2**20:
                        memory.exceeded = True
                        child.kill()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()


def _high_water_mark(process):
    if sys.platform == "linux":
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 if "VmHWM:" in status else 0
    memory = process.memory_info()
    return getattr(memory, "peak_wset", memory.rss)
