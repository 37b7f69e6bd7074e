"""Benchmarks see what other processes compute, refuse to time beside them, and do not take a command's own work for others'."""

import os
import subprocess
import sys
import time
from pathlib import Path

import measuring
import pytest

BUSY = "import time; end = time.time() + {seconds}\nwhile time.time() < end: pass"
#: Starts a busy process that outlives its parent, so that it is nobody's child: somebody else's, as a benchmark sees it.
ORPHAN = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BUSY.format(seconds=6)!r}])"


@pytest.fixture(autouse=True)
def nothing_else(tmp_path, monkeypatch):
    """Let nothing be seen but this process and those that work in its folder, whatever else this machine is doing."""
    everything = measuring.psutil.process_iter
    monkeypatch.setattr(
        measuring.psutil, "process_iter", lambda: [one for one in everything() if _belongs(one, tmp_path)]
    )


def _belongs(process, folder):
    try:
        return process.pid == os.getpid() or Path(process.cwd()) == folder
    except measuring.psutil.Error:
        return False


def test_what_others_compute_is_seen_and_refused(tmp_path):
    others = measuring.Others()
    subprocess.run([sys.executable, "-c", ORPHAN], check=True, cwd=tmp_path)
    time.sleep(3)
    cores = others.cores()
    assert cores > measuring.LOUDEST
    assert "busy while something was timed: end them, and measure again" in measuring.trouble(
        cores, "while something was timed"
    )


def test_ones_own_children_are_no_others(tmp_path):
    others = measuring.Others()
    took = measuring.measure(["-c", BUSY.format(seconds=2)], tmp_path, tmp_path / "output.txt")
    assert measuring.trouble(others.cores(), "now") == ""
    assert 2 <= took.seconds < 10
    assert 1 < took.memory_mb < 500


def test_a_command_that_fails_is_not_timed(tmp_path):
    with pytest.raises(AssertionError, match="no module named nix"):
        measuring.measure(["-c", "raise SystemExit('no module named nix')"], tmp_path, tmp_path / "output.txt")
