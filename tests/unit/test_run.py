"""Runs and batches: every ending of a notebook is reported, and none of them hurts another."""

import concurrent.futures
import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from course_utils.batch import UsageError, folder, run
from course_utils.batch.plan import Plan
from course_utils.batch.record import of_spec

RECORDING = "from course_utils.results import record\nrecord(epochs_seen=EPOCHS)"


def test_a_run_that_cannot_be_read_does_not_lose_the_others(spec_of, batch, monkeypatch):
    real = run.FreshProcesses.submit

    def submit(self, function, spec):
        return real(self, int if spec.name == "01_a" else function, spec)

    monkeypatch.setattr(run.FreshProcesses, "submit", submit)
    records, _, rows = batch(spec_of("01_a", "1"), spec_of("02_b", RECORDING))
    assert [row["status"] for row in rows] == ["failed", "ok"] and "could not be read: TypeError" in records[
        0
    ].error.message


def test_what_a_killed_run_had_written_is_kept(spec_of, batch, tmp_path):
    killer = (
        "print('last words')\nimport os, signal; os.kill(os.getppid(), signal.SIGKILL)\nimport time; time.sleep(20)"
    )
    records, _, _ = batch(spec_of("01_a", "print('first')", killer))
    assert records[0].status == "died" and records[0].error.cell >= 2 and (tmp_path / "out" / "01_a.ipynb").exists()


@pytest.fixture
def batch(tmp_path):
    """Run specs as a batch; gives the records, what was said, and the rows of results.csv."""

    def go(*specs, **options):
        said = []
        records = run.run_batch(Plan("Test", ()), list(specs), tmp_path / "out", say=said.append, **options)
        with open(tmp_path / "out" / "results.csv", newline="", encoding="utf-8") as file:
            return records, said, list(csv.DictReader(file))

    return go


@pytest.fixture
def here(monkeypatch):
    """Run the batch's notebooks from this process: for what does not depend on each having a process of its own."""

    class Here(concurrent.futures.Executor):
        def __init__(self, jobs):
            assert jobs == 1

        def submit(self, function, /, *arguments):
            future = concurrent.futures.Future()
            future.set_result(function(*arguments))
            return future

    monkeypatch.setattr(run, "FreshProcesses", Here)


def test_one_failure_does_not_stop_the_others(spec_of, batch, tmp_path):
    killer = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    records, said, rows = batch(spec_of("01_a", "1 / 0"), spec_of("02_b", killer), spec_of("03_c", RECORDING), jobs=2)
    assert [record.status for record in records] == ["failed", "died", "ok"]
    assert [row["lesson"] for row in rows] == ["01_a", "02_b", "03_c"] and rows[2]["epochs_seen"] == "3"
    assert list(rows[0])[:6] == ["lesson", "status", "seconds", "peak_memory_mb", "notebook", "EPOCHS"]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in report and "3 of 3 runs finished" in report
    assert sum(line.startswith(("failed", "died", "ok")) for line in said) == 3
    assert not list((tmp_path / "out").glob(".*")), "no half-written file is left"


def test_resume_keeps_what_is_finished_and_runs_what_is_not(spec_of, batch, here, tmp_path):
    count = f"open({str(tmp_path / 'count')!r}, 'a').write(str(EPOCHS))"
    good, bad = spec_of("01_a", count), spec_of("02_b", "1 / 0")
    batch(good, bad)
    records, said, rows = batch(good, bad, resume=True)
    assert (tmp_path / "count").read_text() == "3"
    assert said[:2] == ["again    02_b: it was failed", "kept     01_a"]
    assert [row["status"] for row in rows] == ["ok", "failed"]
    batch(spec_of("01_a", count, EPOCHS=4), resume=True)
    assert (tmp_path / "count").read_text() == "34", "a changed parameter runs again"
    batch(spec_of("01_a", count + " "), resume=True)
    assert (tmp_path / "count").read_text() == "343", "a changed notebook runs again"


def test_resume_does_not_mix_up_runs_that_changed_places(spec_of, batch, here, tmp_path):
    lesson = spec_of("01_a", RECORDING)

    def grid(*values):
        return [
            dataclasses.replace(
                lesson, name=f"01_a-{number:03d}", parameters={"EPOCHS": value}, changed={"EPOCHS": value}
            )
            for number, value in enumerate(values, 1)
        ]

    batch(*grid(1, 2))
    records, said, rows = batch(*grid(9, 2), resume=True)
    assert [row["epochs_seen"] for row in rows] == ["9", "2"] and sum(line.startswith("kept") for line in said) == 1
    for record in records:
        executed = nbformat.read(tmp_path / "out" / record.notebook, 4)
        assert f"EPOCHS = {record.parameters['EPOCHS']}" in executed.cells[1].source


def test_two_batches_do_not_share_a_folder(spec_of, batch, here, tmp_path):
    other = folder.Folder(tmp_path / "out", "Test")
    with pytest.raises(UsageError, match="another batch is writing to --out .* now: wait for it"):
        batch(spec_of("01_a", "1"))
    other.close()
    assert batch(spec_of("01_a", "1"))[0][0].status == "ok"


def test_running_again_replaces_what_the_batch_wrote_and_nothing_else(spec_of, batch, here, tmp_path):
    batch(spec_of("01_a", "1"), spec_of("02_b", "1"))
    (tmp_path / "out" / "my notes.txt").write_text("keep me")
    own = {"01_a.ipynb", "journal.jsonl", "results.csv", "report.html", "junit.xml", "my notes.txt"}
    _, _, rows = batch(spec_of("01_a", "1 / 0"))
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == own | {"02_b.ipynb"}
    _, _, rows = batch(spec_of("01_a", "1"), clean=True)
    assert [row["lesson"] for row in rows] == ["01_a"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == own


def test_progress_in_a_log_is_a_line_when_one_begins_and_every_half_minute(spec_of, tmp_path, monkeypatch):
    clock, said = [100.0], []
    monkeypatch.setattr(run.time, "monotonic", lambda: clock[0])
    specs = [spec_of(name) for name in ("01_a", "02_b", "03_c")]
    progress = run.Progress(specs, said.append)
    progress.begin({"01_a": of_spec(specs[0], "ok"), "02_b": None, "03_c": None})
    assert said == ["kept     01_a", "running  2 of 3 notebooks, 02_b first"]
    for seconds in (0, 1, 28, 3, 25, 10):
        clock[0] += seconds
        specs[1].progress.write_text(f"{clock[0] - 100:.0f} 99")
        progress.show([specs[1]])
    progress.show(specs[1:])
    progress.end()
    assert said[2:] == [
        "running  02_b (cell 0 of 99); 1 of 3 done",
        "running  02_b (cell 32 of 99), 32 s; 1 of 3 done",
        "running  02_b (cell 67 of 99), 67 s; 1 of 3 done",
        "running  02_b (cell 67 of 99), 03_c, 67 s; 1 of 3 done",
    ]


def test_a_line_appears_before_the_first_notebook_is_through(spec_of, tmp_path, monkeypatch):
    said = []

    class Patient(concurrent.futures.Executor):
        def __init__(self, jobs):
            pass

        def submit(self, function, spec):
            future = concurrent.futures.Future()
            future.set_running_or_notify_cancel()
            monkeypatch.setattr(run.Progress, "show", lambda _, __: future.done() or future.set_result(ended(spec)))
            return future

    def ended(spec):
        assert said == ["running  1 of 1 notebooks, 01_a first"]
        return of_spec(spec, "ok")

    monkeypatch.setattr(run, "FreshProcesses", Patient)
    spec = spec_of("01_a")
    run.run_batch(Plan("T", ()), [spec], tmp_path / "out", say=said.append)
    assert len(said) == 2 and said[1].startswith("ok       01_a")


def wait_until_gone(pid):
    for _ in range(50):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.2)
    pytest.fail("the kernel is still running")


# Where the tests themselves run in the background of a script, SIGINT is ignored, and would be in what they start.
ON_ITS_OWN = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
STOPS = {
    "to the process": lambda pid: os.kill(pid, signal.SIGINT),
    "as a terminal does": lambda pid: os.killpg(pid, signal.SIGINT),
    "as a cluster does": lambda pid: os.kill(pid, signal.SIGTERM),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a console, not to a process")
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_running(make_lesson, tmp_path, stop):
    make_lesson("01_quick", RECORDING)
    slow = make_lesson(
        "02_slow", f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)"
    )
    make_lesson("03_never", "1")
    command = [sys.executable, "-m", "course_utils", "run", "--notebooks", str(slow.parent), "--out", "out"]
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment, **ON_ITS_OWN)
    deadline = time.monotonic() + 90
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    stop(process.pid)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "go on with --resume" in stderr and "Traceback" not in stderr
    with open(tmp_path / "out" / "results.csv", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok", "interrupted", "interrupted"]
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {
        "01_quick.ipynb",
        "journal.jsonl",
        "results.csv",
        "report.html",
        "junit.xml",
    }
    assert not list((tmp_path / "temporary").iterdir())
    wait_until_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_when_the_batch_is_killed_its_notebooks_end_too(make_lesson, tmp_path):
    slow = make_lesson(
        "01_slow", f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)"
    )
    command = [sys.executable, "-m", "course_utils", "run", "--notebooks", str(slow.parent), "--out", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.kill()
    process.wait()
    wait_until_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a console, not to a process")
@pytest.mark.parametrize("after", [0.2, 0.4, 0.6, 1.0])
def test_an_early_ctrl_c_stops_as_well(make_lesson, tmp_path, after):
    slow = make_lesson("01_slow", "import time; time.sleep(120)")
    command = [sys.executable, "-m", "course_utils", "run", "--notebooks", str(slow.parent), "--out", "out"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **ON_ITS_OWN
    )
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    assert process.returncode != 0
    assert not {path.name for path in tmp_path.glob("out/*")} - {"journal.jsonl", "results.csv", "report.html"}
