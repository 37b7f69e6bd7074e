"""Execute runs: one notebook in a process of its own, and a whole batch with its progress and results."""

import base64
import concurrent.futures
import contextlib
import csv
import hashlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from .. import store
from ..runtime import STATIC
from . import KERNEL, UsageError
from .lessons import tagged
from .report import write_report

MANIFEST, LOCK = "batch.json", ".lock"
LAST_LINES, LONGEST_TEXT = 12, 5000
THUMBNAIL_WIDTH = 320
QUIET_KERNEL = ["--log-level=ERROR"]  # a kernel on this machine need not warn that it speaks TCP


def run_one(spec):
    """Execute one notebook with papermill and report on it. Needs nothing but its `Spec`.

    The executed notebook is written also when a cell fails, and appears under its name only when it is whole.

    Returns
    -------
    dict
        Plain values: ``name, lesson, notebook, status, seconds, peak_memory_mb, parameters, numbers, exercises, thumbnail``
        (base64 PNG or None), ``error`` (None, or ``cell, source, message, output``). ``status`` is ``ok``,
        ``failed`` (a cell raised), ``timeout`` (a cell took too long) or ``died`` (the kernel was killed).
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # ipykernel 6 warns about a debugger nobody started
    os.environ[STATIC] = "1"  # started from a notebook, the kernel would take itself for one that somebody looks at
    shutil.rmtree(spec.folder, ignore_errors=True)
    spec.folder.mkdir(parents=True)
    status, message, started = "ok", "", time.perf_counter()
    with peak_memory() as peak:
        try:
            papermill.execute_notebook(
                _no_template(spec.notebook),
                _no_template(spec.partial),
                spec.changed,
                cwd=spec.folder,
                kernel_name=KERNEL,
                progress_bar=False,
                execution_timeout=spec.timeout,
                extra_arguments=QUIET_KERNEL,
            )
        except CellTimeoutError:
            status, message = "timeout", f"the cell took longer than {spec.timeout} s"
        except DeadKernelError:
            status, message = "died", "the kernel was killed, which mostly means that memory ran out"
        except Exception as error:  # whatever a notebook does must not stop the batch; the report shows it
            status, message = "failed", _short_message(error)
    seconds = round(time.perf_counter() - started, 2)
    return collect(
        spec, {**_record(spec, status, message), "seconds": seconds, "peak_memory_mb": round(peak[0] / 2**20)}
    )


def _record(spec, status, message):
    """The record of a run of which nothing is known but its end."""
    return {
        "name": spec.name,
        "lesson": spec.lesson,
        "notebook": spec.executed.name,
        "status": status,
        "seconds": 0.0,
        "peak_memory_mb": 0,
        "parameters": spec.parameters,
        "numbers": {},
        "exercises": {},
        "thumbnail": None,
        "error": None if status == "ok" else _error(message),
    }


def _error(message):
    return {"cell": None, "source": "", "message": message[:LONGEST_TEXT], "output": ""}


def collect(spec, record):
    """`record`, completed from the notebook that papermill wrote, which is put in its place.

    papermill takes ``sys.exit()`` for success, although the cells after it never ran: here it is a failure.
    """
    import nbformat

    from ..results import read_exercises, read_records

    if spec.partial.exists():
        notebook = nbformat.read(spec.partial, as_version=4)
        record.update(numbers=read_records(notebook), exercises=read_exercises(notebook), thumbnail=thumbnail(notebook))
        os.replace(spec.partial, spec.executed)
        if record["status"] == "ok" and any(_progress(cell) == "failed" for cell in notebook.cells):
            record.update(status="failed", error=_error("SystemExit: the notebook ended itself before its last cell"))
        if record["error"]:
            record["error"].update(describe_failure(notebook))
    with contextlib.suppress(OSError):  # not empty: the lesson wrote something there
        spec.folder.rmdir()
    return record


def _no_template(path):
    """papermill fills in ``{…}`` in a path."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _short_message(error):
    if hasattr(error, "ename"):  # papermill's own message holds the whole traceback
        return f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    return f"{type(error).__name__}: {error}"


def _progress(cell):
    return cell.metadata.get("papermill", {}).get("status")


def describe_failure(notebook):
    """The code cell that was running when a notebook stopped: its number, source, and the last lines of its output."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    reached = [cell for cell in code if _progress(cell) in ("failed", "completed", "running")]
    cell = next((cell for cell in reached if _progress(cell) == "failed"), reached[-1] if reached else code[0])
    text = "".join(
        output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "") + "\n"
        for output in cell.outputs
        if output.output_type != "error"
    )
    return {
        "cell": code.index(cell) + 1,
        "source": cell.source[:LONGEST_TEXT],
        "output": "\n".join(text.rstrip().splitlines()[-LAST_LINES:])[-LONGEST_TEXT:],
    }


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


class FreshProcesses(concurrent.futures.Executor):
    """An executor that runs each call in a new process, at most `jobs` at a time.

    ``ProcessPoolExecutor`` alone gives up all that is running when one of its processes is killed. Threads
    would not do either: papermill changes the directory of the whole process. While a call runs, the process
    for the next one is started and imports papermill, which takes longer than starting a kernel.
    """

    def __init__(self, jobs=1):
        self._threads = concurrent.futures.ThreadPoolExecutor(jobs)
        self._lock, self._spare, self._waiting, self._stopped = threading.Lock(), None, 0, False

    def submit(self, function, /, *arguments):
        with self._lock:
            self._waiting += 1
        return self._threads.submit(self._call, function, *arguments)

    def _call(self, function, *arguments):
        with self._lock:
            if self._stopped:
                raise concurrent.futures.CancelledError
            self._waiting -= 1
            pool = self._spare or _new_process()
            self._spare = _new_process() if self._waiting else None
        with pool:
            return pool.submit(function, *arguments).result()

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if self._spare:
            self._spare.shutdown(wait)

    def stop(self):
        """End all running calls now; nbclient shuts a kernel down when its process is told to terminate."""
        with self._lock:  # from here on no process is started
            self._stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        self.shutdown()


def _new_process():
    """A pool of one process, which starts at once and does not wait for its first call."""
    pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _get_ready)
    pool.submit(int)
    return pool


def _get_ready():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, but only the first one decides
    threading.Thread(target=_end_with_parent, daemon=True).start()  # if that one is killed, nothing runs on
    import papermill  # noqa: F401


def _end_with_parent():
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)


def prepare(out, resume=False):
    """Make the batch's folder ready.

    Without `resume`, what an earlier batch wrote is removed: its notebooks, its three files and its folder
    ``work``, and nothing else.

    Returns
    -------
    records : list of dict
        Of an earlier batch in the folder, those that `resume` keeps.
    lock : filelock.FileLock
        Held until it is released or this process ends.

    Raises
    ------
    UsageError
        When `out` is a file, holds something that no batch wrote, cannot be written to, or another batch is
        writing there now.
    """
    import filelock

    out = Path(out)
    manifest = out / MANIFEST
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: name a folder")
    if out.is_dir() and {path.name for path in out.iterdir()} - {LOCK} and not manifest.is_file():
        raise UsageError(f"--out {out} is not empty and was not written by a batch: name a new or an empty folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".writable").touch()
        (out / ".writable").unlink()
        lock = filelock.FileLock(out / LOCK)
        lock.acquire(timeout=0)
        earlier = json.loads(manifest.read_text(encoding="utf-8"))["records"] if manifest.is_file() else []
        if resume:
            return [
                record for record in earlier if record["status"] == "ok" and (out / record["notebook"]).is_file()
            ], lock
        for path in [out / "results.csv", out / "report.html", *(out / record["notebook"] for record in earlier)]:
            path.unlink(missing_ok=True)
    except filelock.Timeout:
        raise UsageError(f"another batch is writing to --out {out} now: wait for it, or name another folder") from None
    except OSError as error:
        raise UsageError(f"--out {out} cannot be written: {error.strerror} ({error.filename})") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{manifest} is damaged: name another folder with --out, or remove this one") from None
    shutil.rmtree(out / "work", ignore_errors=True)
    return [], lock


def fingerprint(spec):
    """Changes when the notebook or a parameter does: what `--resume` goes by."""
    content = Path(spec.notebook).read_bytes() + json.dumps(spec.parameters, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def run_batch(title, specs, out, jobs=1, resume=False, say=print):
    """Run all `specs`; results and report are written anew whenever one has finished.

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
        Called with one line of text for each finished run.

    Returns
    -------
    list of dict
        The records, in the order of `specs`.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the running notebooks were stopped; what had finished stays in the results.
    """
    earlier, lock = prepare(out, resume)
    kept = {(record["name"], record["fingerprint"]): record for record in earlier}
    fingerprints = {spec.name: fingerprint(spec) for spec in specs}
    records = {name: kept.get((name, digest)) for name, digest in fingerprints.items()}
    executor, bar = FreshProcesses(jobs), None
    try:
        futures = {executor.submit(run_one, spec): spec for spec in specs if records[spec.name] is None}

        from tqdm import tqdm  # here, and the first report now, while the first process starts

        for spec in specs:
            if records[spec.name]:
                say(f"kept     {spec.name}")
        save(title, specs, records, out)
        bar = tqdm(total=len(specs), initial=len(specs) - len(futures), unit="notebook", disable=None, leave=False)
        pending = set(futures)
        while pending:
            bar.set_description(
                "running " + ", ".join(spec.name for future, spec in futures.items() if future.running())
            )
            done, pending = concurrent.futures.wait(pending, 0.5, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                spec = futures[future]
                record = records[spec.name] = {**_record_of(future, spec), "fingerprint": fingerprints[spec.name]}
                with tqdm.external_write_mode(file=sys.stdout):
                    say(
                        f"{record['status']:<8} {spec.name:<28} {record['seconds']:7.1f} s {record['peak_memory_mb']:6,} MB"
                    )
                bar.update()
                save(title, specs, records, out)
    except BaseException:
        executor.stop()
        for spec in specs:
            if records[spec.name] is None:
                records[spec.name] = {**_record(spec, "interrupted", "the batch was stopped"), "fingerprint": ""}
                spec.partial.unlink(missing_ok=True)
                shutil.rmtree(spec.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            save(title, specs, records, out)
        raise
    finally:
        if bar:
            bar.close()
        executor.shutdown()
        with contextlib.suppress(OSError):  # not empty, or never made
            Path(out, "work").rmdir()
        lock.release()
        Path(out, LOCK).unlink(missing_ok=True)
    return [records[spec.name] for spec in specs]


def _record_of(future, spec):
    """What a run returned, or what can be said of one that returned nothing."""
    try:
        return future.result()
    except concurrent.futures.process.BrokenProcessPool:
        record = _record(spec, "died", "the process that ran the notebook was killed")
        try:
            return collect(spec, record)
        except Exception:  # killed while it was writing: there is no whole notebook
            return record
    except Exception as error:  # such as a full disk: the other runs must not be lost with this one
        return _record(spec, "failed", f"its outcome could not be read: {_short_message(error)}")


def save(title, specs, records, out):
    """Write the manifest, ``results.csv`` and ``report.html``, each of them whole or not at all."""
    from ..runtime import versions

    finished = [records[spec.name] for spec in specs if records[spec.name]]
    store.write_text(Path(out, MANIFEST), json.dumps({"title": title, "records": finished}, indent=1))
    store.write_text(Path(out, "results.csv"), results_csv(finished))
    store.write_text(Path(out, "report.html"), write_report(title, finished, len(specs), versions()))


def results_csv(records):
    """One row a run: lesson, status, seconds, peak memory, every parameter, every recorded number, then the outcomes of
    those exercises that somebody tried in one of the runs."""
    from ..results import NOT_ATTEMPTED

    fixed = ["lesson", "status", "seconds", "peak_memory_mb"]
    parameters = list(dict.fromkeys(name for record in records for name in record["parameters"]))
    numbers = list(dict.fromkeys(name for record in records for name in record["numbers"]))
    exercises = list(
        dict.fromkeys(
            name for record in records for name, outcome in record["exercises"].items() if outcome != NOT_ATTEMPTED
        )
    )
    text = io.StringIO()
    writer = csv.DictWriter(
        text,
        [*fixed, *parameters, *numbers, *(f"exercise_{name}" for name in exercises)],
        extrasaction="ignore",
        lineterminator="\n",
    )
    writer.writeheader()
    for record in records:
        outcomes = {f"exercise_{name}": outcome for name, outcome in record["exercises"].items()}
        writer.writerow({**record, **record["parameters"], **record["numbers"], **outcomes})
    return text.getvalue()
