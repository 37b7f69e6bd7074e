"""How the test command divides its work: how many processes, what comes first, what one version stack leaves to the other."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
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
        "tests/browser/test_report.py",
        *reversed(lessons),
        "tests/gates/test_settings.py",
        "tests/unit/test_paths.py",
    ]


def test_two_processes_keep_the_cells_of_a_notebook_together(tmp_path):
    """Each in a kernel of its own would not find what the cells before it have made."""
    pytest.importorskip("xdist")
    for number in range(2):
        cells = [nbformat.v4.new_code_cell(source) for source in ("a = 1", "a += 1", "assert a == 2")]
        made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "3"}})
        nbformat.write(made, tmp_path / f"0{number}_made.ipynb")
    shutil.copy(TESTS.parent / "conftest.py", tmp_path)
    shutil.copy(TESTS.parent / "pyproject.toml", tmp_path)
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider", "--no-header", "."]
    roots = {
        **os.environ,
        "PYTEST_ADDOPTS": "",
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS / "gates")]),
    }
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=roots)
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
