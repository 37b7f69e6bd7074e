"""Execute one notebook: `run_one` takes a `Spec`, and gives a `Record`."""

import base64
import contextlib
import dataclasses
import io
import logging
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from .. import results
from ..runtime import versions
from . import KERNEL
from .exercise_names import checked_in, names_of
from .kernel import LANGUAGE, LOG, QUIET, this_python
from .lessons import tagged
from .record import Failure, of_spec

LAST_LINES, LONGEST_TEXT = 12, 5000
THUMBNAIL_WIDTH = 320
NOT_REACHED = "not reached"


def run_one(spec):
    """Execute one notebook with papermill and report on it.

    Needs nothing but its `Spec`, and leaves nothing behind but the run's working directory. Where exercises are
    checked, the cells after one that raises are run as well, so that no outcome is lost; the run has failed all the same.

    Returns
    -------
    Record
    """
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if spec.problem:
        return of_spec(spec, "failed", spec.problem)
    try:
        # What comes of the third format is a node of that format, which papermill takes for a path.
        notebook = nbformat.from_dict(nbformat.reads(spec.notebook, as_version=4))
    except Exception as error:  # nbformat raises kinds of its own for files of its older formats
        return of_spec(spec, "failed", f"the file is no notebook: {_short_message(error)}")
    shutil.rmtree(spec.folder, ignore_errors=True)
    spec.folder.mkdir(parents=True)
    status, message, watched, started = "ok", "", _Watched(spec, notebook), time.perf_counter()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        peak_memory() as peak,
        _silent(),
    ):
        try:
            papermill.execute_notebook(
                notebook,
                _no_template(spec.partial),
                spec.changed,
                cwd=spec.folder,
                kernel_name=KERNEL,
                language=LANGUAGE,
                progress_bar=False,
                execution_timeout=spec.timeout,
                extra_arguments=QUIET,
                kernel_manager_class=this_python(home),
                allow_errors=bool(checked_in(notebook)),
                on_cell_executed=watched.cell_done,
            )
        except CellTimeoutError:
            status, message = "timeout", f"the cell took longer than {spec.timeout} s"
        except DeadKernelError:
            status, message = (
                "died",
                (
                    "the kernel ended in the middle of a cell: killed, mostly because memory ran out, or crashed"
                    + _last_words(home)
                ),
            )
        except Exception as error:  # whatever a notebook does must not stop the batch; the report shows it
            status, message = "failed", _short_message(error)
        seconds = round(time.perf_counter() - started, 2)
    if watched.quit_in is not None and status in (
        "ok",
        "died",
    ):  # the kernel ended at once, or after the cells that were waiting already
        status, message = "failed", "the notebook ended itself: quit() or exit()"
    spec.progress.unlink(missing_ok=True)
    record = dataclasses.replace(
        of_spec(spec, status, message), seconds=seconds, peak_memory_mb=round(peak[0] / 2**20), versions=versions()
    )
    return collect(spec, record, watched.quit_in)


class _Watched:
    """Notes how many code cells are done, and the place of the one that asked its kernel to end, if any did."""

    def __init__(self, spec, notebook):
        self.file, self.quit_in, self.done = spec.progress, None, 0
        self.total = sum(cell.cell_type == "code" for cell in notebook.cells)

    def cell_done(self, cell, cell_index, execute_reply):
        self.done += 1
        self.file.write_text(f"{self.done} {self.total}")
        payload = execute_reply["content"].get("payload", []) if execute_reply else []
        if self.quit_in is None and any(part.get("source") == "ask_exit" for part in payload):
            self.quit_in = cell_index


@contextlib.contextmanager
def _silent():
    """papermill and nbclient log to the terminal what the record says anyway.

    And papermill, which does not know the type ``int | None``, warns of unknown parameters; the plan has checked all of them.
    """
    logger, nothing = logging.getLogger("papermill"), logging.NullHandler()
    logger.addHandler(nothing)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(nothing)
        logger.propagate = True


def _last_words(home):
    """What the kernel wrote past its notebook before it ended, for a message; or nothing."""
    with contextlib.suppress(OSError):
        lines = Path(home, LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f". Its last words: {lines[-1][:200]}" if lines else ""
    return ""


def collect(spec, record, stopped_in=None):
    """`record`, completed from the notebook that papermill wrote, whose text it carries from now on.

    `stopped_in` is the place of the cell that stopped it, where that is known.
    papermill takes ``sys.exit()`` for success, although the cells after it never ran: here it is a failure.
    """
    import nbformat

    if spec.partial.exists():
        text = spec.partial.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        error = record.error
        if record.status == "ok" and any(_progress(cell) == "failed" for cell in notebook.cells):
            error = Failure("SystemExit: the notebook ended itself before its last cell")
        if error:
            error = describe_failure(notebook, error, stopped_in)
        record = dataclasses.replace(
            record,
            status="failed" if error and record.status == "ok" else record.status,
            error=error,
            numbers=results.read_records(notebook),
            exercises=_outcomes(spec, notebook),
            thumbnail=thumbnail(notebook),
            built_for=str(notebook.metadata.get("course", {}).get("version", "")),
            executed=text,
        )
        spec.partial.unlink()
    with contextlib.suppress(OSError):  # not empty: the lesson wrote something there
        spec.folder.rmdir()
    return record


def _outcomes(spec, notebook):
    """The best outcome of each exercise in this run; those that the notebook checks and that it did not come to are not reached."""
    known = names_of(spec.lesson) or checked_in(notebook)
    found = results.read_exercises(notebook, known)
    return found | {name: NOT_REACHED for name in checked_in(notebook) if name in known and name not in found}


def _no_template(path):
    """papermill fills in ``{…}`` in a path."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _short_message(error):
    if hasattr(error, "ename"):  # papermill's own message holds the whole traceback
        text = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    else:
        text = f"{type(error).__name__}: {error}"
    return text[:LONGEST_TEXT]


def _progress(cell):
    return cell.metadata.get("papermill", {}).get("status")


def describe_failure(notebook, failure, stopped_in=None):
    """`failure` with the code cell that stopped the notebook: its number, source, and the last lines of its output.

    It is the first one that raised; or else the last one that was begun, since papermill marks all cells completed when a
    kernel has died.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stopped = [] if stopped_in is None else [notebook.cells[stopped_in]]
    raised = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    failed = [cell for cell in code if _progress(cell) == "failed"]
    begun = [cell for cell in code if cell.execution_count is not None]
    if not (chosen := stopped or raised or failed or begun[-1:]):
        return failure
    cell = chosen[0]
    errors = [output for output in cell.outputs if output.output_type == "error"]
    text = "".join(
        output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "") + "\n"
        for output in cell.outputs
        if output.output_type != "error"
    )
    message = f"{errors[0].ename}: {errors[0].evalue}" if errors and errors[0].evalue else failure.message
    return Failure(
        message[:LONGEST_TEXT],
        cell=next(number for number, other in enumerate(code, 1) if other is cell),
        source=cell.source[:LONGEST_TEXT],
        output="\n".join(text.rstrip().splitlines()[-LAST_LINES:])[-LONGEST_TEXT:],
    )


@contextlib.contextmanager
def peak_memory(every=0.2):
    """Watch this process's children; yields a list whose one item is the largest resident set so far, in bytes.

    Linux and Windows keep each process's high-water mark, so a peak between two looks is not missed;
    on macOS it is the largest of the samples.
    """
    import psutil

    peak, done = [0], threading.Event()

    def watch():
        children = []
        while not done.wait(every):
            children = children or psutil.Process().children()  # a costly look at all processes: once is enough
            for child in children:
                with contextlib.suppress(psutil.Error, OSError):
                    peak[0] = max(peak[0], _high_water_mark(child))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _high_water_mark(process):
    if sys.platform == "linux":
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 if "VmHWM:" in status else 0
    memory = process.memory_info()
    return getattr(memory, "peak_wset", memory.rss)


def thumbnail(notebook):
    """A small base64 PNG of the picture in the cell tagged ``thumbnail``, or else of the first picture, or None."""
    from PIL import Image

    for cell in [*tagged(notebook, "thumbnail"), *notebook.cells]:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                try:
                    picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
                except (OSError, ValueError):  # a student's cell may claim any bytes to be a picture
                    continue
                picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
                small = io.BytesIO()
                picture.quantize(128).save(small, "PNG", optimize=True)
                return base64.b64encode(small.getvalue()).decode()
    return None
