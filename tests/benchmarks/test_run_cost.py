"""What `run` costs beside papermill's own command, both timed in one go on the same machine."""

import subprocess
import sys
import time

import pytest

from course_utils.paths import find_notebooks


def seconds(commands, folder):
    start = time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


@pytest.mark.benchmark
def test_run_costs_no_more_than_papermill_one_after_another(tmp_path):
    notebooks = find_notebooks()
    lessons = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    papermill = [[sys.executable, "-m", "papermill", "--no-progress-bar", lesson, tmp_path / lesson.name] for lesson in lessons]
    run = [[sys.executable, "-m", "course_utils", "run", "--notebooks", notebooks, "--out", tmp_path / "batch"]]
    rounds = [(seconds(run, tmp_path), seconds(papermill, tmp_path)) for _ in range(2)]
    for ours, theirs in rounds:
        print(f"\nrun {ours:.1f} s, papermill {theirs:.1f} s, ratio {ours / theirs:.2f}", end="")
    assert min(ours / theirs for ours, theirs in rounds) <= 1.05
