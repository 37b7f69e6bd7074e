"""Where runs are executed on this machine: each in a process of its own, as many at a time as it bears."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
from pathlib import Path

from ..runtime import free_memory

GIGABYTES = 3  # that a lesson may take: the largest takes 2.4
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def as_many_as_fit():
    """How many notebooks (or test processes) this machine bears at a time: one a core, as far as memory goes.

    Returns
    -------
    int
        At least 1. Cores are those that this process may use, less where a container sets a quota; each notebook may take
        `GIGABYTES` of the free memory.
    """
    return max(1, min(_cores(), int(free_memory() / (GIGABYTES * 1e9))))


def _cores():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
    except OSError:  # no container, or no Linux
        return cores
    return cores if quota == "max" else min(cores, int(int(quota) / int(period)))


class FreshProcesses(concurrent.futures.Executor):
    """An executor that runs each call in a new process, at most `jobs` at a time.

    ``ProcessPoolExecutor`` alone gives up all that is running when one of its processes is killed. Threads would not do
    either: papermill changes the directory of the whole process. Where there are such (not on Windows), new processes are
    forked from a server that has papermill imported, which takes a hundredth of the time of importing it again.
    """

    def __init__(self, jobs=1):
        self._threads = concurrent.futures.ThreadPoolExecutor(jobs)
        # Several at a time share the cores, instead of each taking all of them; numbers repeat only with as many threads.
        share = str(max(1, _cores() // jobs))
        self._environment = dict.fromkeys(THREADS, share) if jobs > 1 else {}
        self._lock, self._stopped = threading.Lock(), False
        # A process that is told to terminate removes nothing: its temporary files are here, and go with this object.
        self._scratch = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
        self._context = _context()

    def submit(self, function, /, *arguments):
        """Call ``function(*arguments)`` in a process of its own, as soon as there is room; gives a Future."""
        return self._threads.submit(self._call, function, *arguments)

    def _call(self, function, *arguments):
        with self._lock:
            if self._stopped:
                raise concurrent.futures.CancelledError
            ready = _get_ready, (self._scratch.name, {**self._environment, **os.environ})
            pool = concurrent.futures.ProcessPoolExecutor(1, self._context, *ready)
            future = pool.submit(function, *arguments)  # this starts the process
        with pool:
            return future.result()

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Wait for what runs; see `concurrent.futures.Executor.shutdown`."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self._scratch.cleanup()

    def stop(self):
        """End all running calls now; nbclient shuts a kernel down when its process is told to terminate."""
        with self._lock:  # from here on no process is started
            self._stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        self.shutdown()


def _context():
    """How processes are started: where the system can fork, from a server, which begins now to import what a run needs."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["papermill", "course_utils.batch.execute"])
        with contextlib.suppress(OSError):  # the path of the temporary folder is too long for the server's socket
            forkserver.ensure_running()
            return context
    return multiprocessing.get_context("spawn")


def _get_ready(scratch, environment):
    os.environ.clear()  # the server's, which may be older than this batch
    os.environ.update(environment)
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, but only the first one decides
    threading.Thread(target=_end_with_parent, daemon=True).start()  # if that one is killed, nothing runs on


def _end_with_parent():
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)
