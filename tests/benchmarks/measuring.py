"""What a command takes, and what other processes take meanwhile."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import NamedTuple

import psutil

LOUDEST = 0.15  # of one core: what other processes may use while something is timed


class Measured(NamedTuple):
    """What a command took: seconds, and the largest sum of its processes' resident memory in MB."""

    seconds: float
    memory_mb: float


def measure(arguments, folder, output):
    """Run ``python`` with `arguments` in `folder`; what it prints goes to the file `output`. Gives `Measured`; the command must end well."""
    largest = 0
    with open(output, "w", encoding="utf-8") as printed, watching(0.3) as looks:
        start = time.perf_counter()
        process = psutil.Popen([sys.executable, *arguments], cwd=folder, stdout=printed, stderr=subprocess.STDOUT)

        @looks.append
        def memory():
            nonlocal largest
            with contextlib.suppress(psutil.Error):  # one of them ended between two looks
                tree = [process, *process.children(recursive=True)]
                largest = max(largest, sum(one.memory_info().rss for one in tree))

        code = process.wait()
        seconds = time.perf_counter() - start
    assert code == 0, "\n".join(output.read_text(encoding="utf-8").splitlines()[-20:])
    return Measured(seconds, largest / 2**20)


@contextlib.contextmanager
def watching(seconds, *looks):
    """Call functions again and again in a thread while something else goes on; gives the list of them."""
    looks, done = list(looks), threading.Event()

    def watch():
        while not done.wait(seconds):
            for look in looks:
                look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield looks
    finally:
        done.set()
        watcher.join()


class Others:
    """What all processes compute, from now on, but this one and its children.

    `look` must be called now and then: what has ended since the last look is not seen.
    """

    def __init__(self):
        self.start, self.before, self.now = time.time(), {}, {}
        self.look()
        self.before = dict(self.now)

    def look(self):
        """Note the seconds of processor time of each process; one that began after this object counts from its beginning."""
        own = {os.getpid()}
        for process in sorted(psutil.process_iter(), key=lambda one: one.create_time()):
            with contextlib.suppress(psutil.Error):  # it has ended, or is not ours to look at
                if process.pid in own or process.ppid() in own:
                    own.add(process.pid)
                else:
                    self.now[process.pid, process.create_time()] = sum(process.cpu_times()[:2])

    def cores(self):
        """How many cores they have kept busy since this object was made, on average."""
        self.look()
        used = sum(seconds - self.before.get(process, 0) for process, seconds in self.now.items())
        return used / (time.time() - self.start)


def trouble(cores, when):
    """What is wrong with timing something beside other processes that keep so many cores busy; empty: nothing."""
    if cores <= LOUDEST:
        return ""
    return f"other processes kept {cores:.1f} cores busy {when}: end them, and measure again on a quiet machine"


def trouble_before():
    """The same of the next two seconds, with patience: what has just ended may still be cleaning up."""
    for _ in range(5):
        others = Others()
        time.sleep(2)
        if not (refused := trouble(others.cores(), "before anything was timed")):
            break
    return refused
