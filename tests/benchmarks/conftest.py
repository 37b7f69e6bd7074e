"""What every benchmark shares: a quiet machine, its speed, and the table of what was measured."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

REFERENCE = 145  # GFLOP/s in convolutions of the two cores that the budgets speak of
LOUDEST = 0.15  # of one core: what other processes may use while something is timed
TABLE = "COURSE_BENCHMARK_TABLE"
#: Run in a process of its own, so that TensorFlow's threads do not stay in this one. 3 × 3 convolutions, 64 to 64 channels.
CONVOLUTIONS = """
import time
from course_utils.runtime import quiet
with quiet():
    import tensorflow as tf
images, kernels = tf.random.normal((16, 64, 64, 64)), tf.random.normal((3, 3, 64, 64))
convolve = tf.function(lambda: tf.nn.conv2d(images, kernels, 1, "SAME"))
convolve()
operations, fastest = 2 * 16 * 64 * 64 * 9 * 64 * 64, 9.0
for _ in range(30):
    start = time.perf_counter()
    convolve().numpy()
    fastest = min(fastest, time.perf_counter() - start)
print(operations / fastest / 1e9)
"""


class Measured(NamedTuple):
    """What a command took: seconds, and the largest sum of its processes' resident memory in MB."""

    seconds: float
    memory_mb: float


def load():
    """How many cores other processes keep busy, measured over two seconds."""
    others = [process for process in psutil.process_iter() if process.pid != os.getpid()]

    def used():
        total = 0.0
        for process in others:
            try:
                total += sum(process.cpu_times()[:2])
            except psutil.Error:  # it has ended
                continue
        return total

    before = used()
    time.sleep(2)
    return (used() - before) / 2


@pytest.fixture(autouse=True)
def quiet_machine():
    """Refuse to time anything beside other work."""
    for _ in range(5):  # what has just ended may still be cleaning up
        if (busy := load()) <= LOUDEST:
            return
    pytest.fail(
        f"other processes keep {busy:.1f} cores busy: end them, and measure again on a quiet machine", pytrace=False
    )


@pytest.fixture(scope="session")
def throughput():
    """GFLOP/s of this machine in convolutions."""
    done = subprocess.run([sys.executable, "-c", CONVOLUTIONS], check=True, capture_output=True, text=True)
    return float(done.stdout)


@pytest.fixture(scope="session")
def measure(tmp_path_factory):
    """A function that runs ``python`` with arguments and gives what it took; the command must end well."""

    def run(*arguments, cwd=None, environment=None):
        home = cwd or tmp_path_factory.mktemp("measured")
        start, largest = time.perf_counter(), 0
        done = threading.Event()

        def watch(process):
            nonlocal largest
            while not done.wait(0.3):
                try:
                    tree = [process, *process.children(recursive=True)]
                    largest = max(largest, sum(one.memory_info().rss for one in tree))
                except psutil.Error:  # one of them ended between two looks
                    continue

        with open(home / "output.txt", "w") as output:
            process = psutil.Popen(
                [sys.executable, *arguments],
                cwd=home,
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            watcher = threading.Thread(target=watch, args=(process,))
            watcher.start()
            code = process.wait()
            seconds = time.perf_counter() - start
            done.set()
            watcher.join()
        assert code == 0, "\n".join((home / "output.txt").read_text().splitlines()[-20:])
        return Measured(seconds, largest / 2**20)

    return run


@pytest.fixture(scope="session")
def table(throughput):
    """A list to which each budget's row is added; printed at the end, and written to the file that COURSE_BENCHMARK_TABLE names."""
    rows = []
    yield rows
    lines = [
        "| what | seconds | normalised | memory, MB | budget, normalised |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {what} | {took.seconds:.1f} | {took.seconds * throughput / REFERENCE:.1f} | {took.memory_mb:,.0f} | {budget} |"
            for what, took, budget in rows
        ),
    ]
    text = "\n".join(lines)
    print(f"\n{throughput:.0f} GFLOP/s in convolutions\n{text}")
    if place := os.environ.get(TABLE):
        file = Path(place)
        head, mark, _ = file.read_text(encoding="utf-8").partition("<!-- measured -->")
        machine = f"{psutil.cpu_count()} cores, {throughput:.0f} GFLOP/s in convolutions, {time.strftime('%Y-%m-%d')}"
        file.write_text(f"{head}{mark}\n\nMeasured on {machine}.\n\n{text}\n", encoding="utf-8")
