"""How many notebooks a machine bears at a time, and how many this process may use."""

import os

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
