"""How many notebooks a machine bears at a time, and how many this process may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.batch import processes


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with so many cores that this process may use, so many gigabytes free, and a container's quota."""

    def make(cores, gigabytes, quota=None):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        monkeypatch.setattr(processes, "free_memory", lambda: gigabytes * 1e9)
        monkeypatch.setattr(processes, "QUOTA", tmp_path / "cpu.max")
        if quota:
            (tmp_path / "cpu.max").write_text(quota)

    return make


@pytest.mark.parametrize(
    "cores, gigabytes, quota, jobs",
    [
        (8, 100, None, 8),
        (8, 10, None, 3),
        (2, 2.9, None, 1),
        (1, 0.1, None, 1),
        (8, 100, "max 100000", 8),
        (8, 100, "250000 100000", 2),
        (8, 100, "50000 100000", 1),
        (2, 100, "800000 100000", 2),
    ],
)
def test_as_many_notebooks_as_cores_and_memory_bear(machine, cores, gigabytes, quota, jobs):
    machine(cores, gigabytes, quota)
    assert processes.as_many_as_fit() == jobs


def test_a_machine_that_has_no_affinity_counts_its_cores(machine, monkeypatch):
    machine(8, 100)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert processes.as_many_as_fit() == 5


def test_each_call_has_a_new_process_with_the_environment_of_now(monkeypatch):
    with processes.FreshProcesses() as executor:
        pids = {executor.submit(os.getpid).result() for _ in range(2)}
    assert len(pids) == 2 and os.getpid() not in pids
    monkeypatch.setenv("COURSE_DATA", "elsewhere")  # the server that processes are forked from was started before
    with processes.FreshProcesses() as executor:
        assert executor.submit(os.getenv, "COURSE_DATA").result() == "elsewhere"


def test_a_temporary_folder_whose_path_is_too_long_for_a_socket(tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    code = "from course_utils.batch.processes import FreshProcesses as F\nif __name__ == '__main__':\n    with F() as e: print(e.submit(abs, -7).result())"
    (tmp_path / "seven.py").write_text(code)
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, tmp_path / "seven.py"], env=environment, capture_output=True, text=True)
    assert done.stdout == "7\n", done.stderr
