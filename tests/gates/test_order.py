"""How the test command divides its work: how many processes, what comes first, what one version stack leaves to the other."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.batch import processes

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(("named", "count"), [("", 3), ("7", 7)])
def test_auto_is_as_many_processes_as_cores_and_memory_bear(named, count, request, monkeypatch):
    pytest.importorskip("xdist")
    monkeypatch.setattr(processes, "as_many_as_fit", lambda: 3)
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", named)
    assert request.config.hook.pytest_xdist_auto_num_workers(config=request.config) == count


def test_what_takes_long_comes_first_and_later_lessons_before_earlier_ones():
    places = ["tests/unit/test_paths.py", "tests/gates/test_settings.py", "notebooks", "tests/browser"]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *places]
    plain = {**os.environ, "PYTEST_ADDOPTS": ""}  # a contributor's -v would undo -q
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, env=plain)
    files = [line.split("::")[0] for line in done.stdout.splitlines() if "::" in line]
    lessons = sorted(f"notebooks/{path.name}" for path in TESTS.parent.glob("notebooks/[0-9][0-9]_*.ipynb"))
    assert list(dict.fromkeys(files)) == [
        "tests/browser/test_lessons.py",
        *reversed(lessons),
        "tests/gates/test_settings.py",
        "tests/unit/test_paths.py",
    ]


def test_two_processes_keep_the_cells_of_a_notebook_together():
    """Each in a kernel of its own would not find what the cells before it have made."""
    pytest.importorskip("xdist")
    places = [f"notebooks/{path.name}" for path in sorted(TESTS.parent.glob("notebooks/0[01]_*.ipynb"))]
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider", *places, "--no-header"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    where = {}
    for line in done.stdout.splitlines():
        if line.startswith("[gw") and "PASSED" in line:
            where.setdefault(line.split("PASSED ")[1].split("::")[0], set()).add(line[:5])
    assert len(where) == 2
    assert all(len(processes) == 1 for processes in where.values()), where


def test_what_the_second_stack_leaves_out_exists():
    spec = importlib.util.spec_from_file_location("tests_conftest", TESTS / "conftest.py")
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    assert {path.stem for path in TESTS.glob("unit/test_*.py")} >= conftest.PLAIN
