"""What importing and running costs; printed, with ratios where a comparison in one run is possible."""

import json
import statistics
import subprocess
import sys
import time

import pytest

from course_utils.paths import find_notebooks

pytestmark = pytest.mark.benchmark


def seconds(*commands, cwd):
    start = time.perf_counter()
    for command in commands:
        subprocess.run([sys.executable, *command], cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - start


def test_importing_the_package(tmp_path):
    """The wish: under 50 ms, and nothing beside a bare Python."""
    bare, ours = (
        statistics.median(seconds(["-c", code], cwd=tmp_path) for _ in range(9))
        for code in ("pass", "import course_utils")
    )
    print(
        f"\nimport course_utils: {1000 * (ours - bare):.0f} ms on top of Python's own {1000 * bare:.0f} ms, ratio {ours / bare:.2f}"
    )
    assert ours / bare < 3


def test_lessons_and_run_beside_papermill_one_after_another(tmp_path):
    """The wish: lessons 01 and 02 under 30 s and 1.5 GB; `run` no slower than papermill's own command."""
    notebooks = find_notebooks()
    lessons = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    papermill = [["-m", "papermill", "--no-progress-bar", str(path), str(tmp_path / path.name)] for path in lessons]
    run = ["-m", "course_utils", "run", "--notebooks", str(notebooks), "--out", "batch"]
    ratios = []
    for _ in range(3):
        ours, theirs = seconds(run, cwd=tmp_path), seconds(*papermill, cwd=tmp_path)
        ratios.append(ours / theirs)
        print(f"\nrun {ours:.1f} s, papermill {theirs:.1f} s, ratio {ratios[-1]:.2f}", end="")
    print()
    for record in json.loads((tmp_path / "batch" / "batch.json").read_text(encoding="utf-8"))["records"]:
        print(f"{record['name']:20} {record['seconds']:6.1f} s {record['peak_memory_mb']:6,} MB")
        assert record["peak_memory_mb"] < 1500
    assert min(ratios) < 1.05
