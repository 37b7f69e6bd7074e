"""Where runs are executed on this machine: each in a process of its own, as many at a time as it bears."""

import concurrent.futures
import multiprocessing
import os
import signal
import tempfile
import threading
from pathlib import Path

from ..runtime import free_memory

GIGABYTES = 3  # that a lesson may take: the largest takes 2.4
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

    ``ProcessPoolExecutor`` alone gives up all that is running when one of its processes is killed. Threads
    would not do either: papermill changes the directory of the whole process. While a call runs, the process
    for the next one is started and imports papermill, which takes longer than starting a kernel.
    """

    def __init__(self, jobs=1):
        self._threads = concurrent.futures.ThreadPoolExecutor(jobs)
        self._lock, self._spare, self._waiting, self._stopped = threading.Lock(), None, 0, False
        # A process that is told to terminate removes nothing: its temporary files are here, and go with this object.
        self._scratch = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)

    def submit(self, function, /, *arguments):
        """Call ``function(*arguments)`` in a process of its own, as soon as there is room; gives a Future."""
        with self._lock:
            self._waiting += 1
        return self._threads.submit(self._call, function, *arguments)

    def _call(self, function, *arguments):
        with self._lock:
            if self._stopped:
                raise concurrent.futures.CancelledError
            self._waiting -= 1
            pool = self._spare or _new_process(self._scratch.name)
            self._spare = _new_process(self._scratch.name) if self._waiting else None
        with pool:
            return pool.submit(function, *arguments).result()

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Wait for what runs; see `concurrent.futures.Executor.shutdown`."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if self._spare:
            self._spare.shutdown(wait)
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


def _new_process(scratch):
    """A pool of one process, which starts at once and does not wait for its first call."""
    pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _get_ready, (scratch,))
    pool.submit(int)
    return pool


def _get_ready(scratch):
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, but only the first one decides
    threading.Thread(target=_end_with_parent, daemon=True).start()  # if that one is killed, nothing runs on
    import papermill  # noqa: F401 (ahead of time: the first run need not wait for it)


def _end_with_parent():
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)
