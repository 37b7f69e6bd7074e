"""What importing and running costs; printed, with ratios where a comparison in one run is possible."""

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


def test_run_beside_papermills_own_command(tmp_path):
    """The wish: `run` no slower than papermill, over the lessons that train nothing; pairs, one after the other."""
    notebooks = find_notebooks()
    names = ("python_warmup", "convolution", "pooling")
    lessons = [path for path in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")) if path.stem[3:] in names]
    papermill = [["-m", "papermill", "--no-progress-bar", str(path), str(tmp_path / path.name)] for path in lessons]
    run = ["-m", "course_utils", "run", "--notebooks", str(notebooks), "--out", "batch"]
    run += [part for name in names for part in ("--lesson", name)]
    ratios = []
    for _ in range(3):
        ours, theirs = seconds(run, cwd=tmp_path), seconds(*papermill, cwd=tmp_path)
        ratios.append(ours / theirs)
        print(f"\nrun {ours:.1f} s, papermill {theirs:.1f} s, ratio {ratios[-1]:.2f}", end="")
    assert min(ratios) < 1.05
