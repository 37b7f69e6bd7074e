"""What every benchmark shares: a quiet machine, its speed, and the table of what was measured."""

import os
import subprocess
import sys
import time
from pathlib import Path

import measuring
import psutil
import pytest
from throughput import REFERENCE

TABLE = "COURSE_BENCHMARK_TABLE"
HEAD = ["| what | seconds | normalised | memory, MB | budget, normalised |", "| --- | ---: | ---: | ---: | ---: |"]
THROUGHPUT = Path(__file__).with_name("throughput.py")


@pytest.fixture(autouse=True)
def quiet_machine(request):
    """Refuse to time anything beside other work: before the test, and what goes on during it, which is then not in the table."""
    if refused := measuring.trouble_before():
        pytest.fail(refused, pytrace=False)
    rows = request.getfixturevalue("table") if "table" in request.fixturenames else []
    before, others = len(rows), measuring.Others()
    with measuring.watching(5, others.look):
        yield
    if refused := measuring.trouble(others.cores(), "while something was timed"):
        del rows[before:]
        pytest.fail(refused, pytrace=False)


@pytest.fixture(scope="session")
def throughput():
    """GFLOP/s of this machine in convolutions, which must be quiet already: this comes before `quiet_machine`."""
    if refused := measuring.trouble_before():
        pytest.fail(refused, pytrace=False)
    done = subprocess.run([sys.executable, str(THROUGHPUT)], check=True, capture_output=True, text=True)
    return float(done.stdout)


@pytest.fixture(scope="session")
def measure(tmp_path_factory):
    """A function that runs ``python`` with arguments and gives what it took; the command must end well."""

    def run(*arguments, cwd=None):
        home = tmp_path_factory.mktemp("measured")
        return measuring.measure(arguments, cwd or home, home / "output.txt")

    return run


@pytest.fixture(scope="session")
def table(throughput):
    """A list to which each budget's row is added; printed at the end, and written to the file that COURSE_BENCHMARK_TABLE names.

    What the file has and this session has not measured stays there.
    """
    rows = []
    yield rows
    now = {
        what: f"| {what} | {took.seconds:.1f} | {took.seconds * throughput / REFERENCE:.1f} | {took.memory_mb:,.0f} | {budget} |"
        for what, took, budget in rows
    }
    print("\n".join([f"\n{throughput:.0f} GFLOP/s in convolutions", *HEAD, *now.values()]))
    if place := os.environ.get(TABLE):
        file = Path(place)
        head, mark, old = file.read_text(encoding="utf-8").partition("<!-- measured -->")
        before = [line for line in old.splitlines() if line.startswith("| ") and line not in HEAD]
        lines = {line.split(" | ")[0][2:]: line for line in before} | now
        machine = f"{psutil.cpu_count()} cores, {throughput:.0f} GFLOP/s in convolutions, {time.strftime('%Y-%m-%d')}"
        text = "\n".join([f"{head}{mark}\n\nLast measured on {machine}.\n", *HEAD, *lines.values()])
        file.write_text(f"{text}\n", encoding="utf-8")
