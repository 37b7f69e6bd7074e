"""Runs and batches: every ending of a notebook is reported, and none of them hurts another."""

import concurrent.futures
import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils import store
from course_utils.batch import UsageError, execute, folder, run
from course_utils.batch.record import Spec

RECORDING = "from course_utils.results import record\nrecord(epochs_seen=EPOCHS)"
PICTURE = (
    "import matplotlib.pyplot as plt\nfrom course_utils import plots\n"
    "figure, ax = plt.subplots()\nax.plot([1, 2])\nplots.show(figure, alt='A line.')"
)


@pytest.fixture
def spec_of(make_lesson, tmp_path):
    def make(name, *sources, timeout=60, **changed):
        path = make_lesson(name, *sources)
        return Spec(
            name,
            name,
            path.read_text(encoding="utf-8"),
            str(tmp_path / "out"),
            {"EPOCHS": 3, **changed},
            changed,
            timeout,
        )

    return make


def test_a_run_reports_its_numbers_and_its_picture(spec_of):
    record = execute.run_one(spec_of("01_a", RECORDING, PICTURE, EPOCHS=7))
    assert (record.status, record.numbers, record.error) == ("ok", {"epochs_seen": 7}, None)
    assert record.seconds > 0 and 30 < record.peak_memory_mb < 1000
    assert record.thumbnail.startswith("iVBOR")
    record.as_json()  # plain values only: a record travels between processes and into a file


def test_the_peak_is_that_of_the_kernel_and_not_only_of_its_end(spec_of):
    record = execute.run_one(spec_of("01_a", "block = bytearray(400 * 2**20)\ndel block\nimport time; time.sleep(1)"))
    assert 400 < record.peak_memory_mb < 700


def test_a_run_works_in_a_folder_of_its_own(spec_of, tmp_path):
    before = Path.cwd()
    record = execute.run_one(
        spec_of("01_a", "from pathlib import Path\nPath('output').mkdir()\nPath('output/x').touch()")
    )
    assert record.status == "ok" and (tmp_path / "out/work/01_a/output/x").exists() and Path.cwd() == before


def test_a_raising_cell_is_reported_with_its_place_and_its_last_output(spec_of):
    spec = spec_of("01_a", "x = 1", "for i in range(30):\n    print('line', i)\n1 / 0", "never = 2")
    record = execute.run_one(spec)
    assert record.status == "failed" and record.error.message == "ZeroDivisionError: division by zero"
    assert record.error.cell == 3 and "1 / 0" in record.error.source
    assert record.error.output.splitlines() == [f"line {i}" for i in range(18, 30)]
    outputs = [cell.outputs for cell in nbformat.reads(record.executed, 4).cells if cell.cell_type == "code"]
    assert outputs[2] and not outputs[3]


def test_a_notebook_that_ends_itself_has_failed(spec_of):
    record = execute.run_one(spec_of("01_a", "print('bye')\nimport sys; sys.exit()", "never = 2"))
    assert record.status == "failed" and record.error.message.startswith("SystemExit: the notebook ended itself")
    assert record.error.cell == 2 and record.error.output.startswith("bye") and record.seconds > 0


def test_a_long_error_is_cut_in_the_record(spec_of):
    record = execute.run_one(spec_of("01_a", "print('x' * 10**6)\nraise ValueError('y' * 10**6)"))
    assert len(record.as_json()) < 20_000 and record.status == "failed"


def test_bytes_that_are_no_picture_are_no_thumbnail_and_no_failure(spec_of):
    fake = "from IPython.display import display\ndisplay({'image/png': 'aGVsbG8='}, raw=True)"
    assert execute.run_one(spec_of("01_a", fake)).thumbnail is None
    assert execute.run_one(spec_of("02_b", fake, PICTURE)).thumbnail.startswith("iVBOR")


def test_braces_in_a_path_are_no_template(spec_of, tmp_path):
    spec = spec_of("01_a", RECORDING)
    record = execute.run_one(dataclasses.replace(spec, out=str(tmp_path / "out {semester} é")))
    assert record.status == "ok"
    assert "epochs_seen" in record.executed


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


def test_an_unknown_magic_is_a_failure(spec_of):
    record = execute.run_one(spec_of("01_a", "%no_such_magic"))
    assert record.status == "failed" and record.error.cell == 2


def test_numbers_recorded_before_a_failure_are_kept(spec_of):
    record = execute.run_one(spec_of("01_a", RECORDING, "raise ValueError('later')"))
    assert record.status == "failed" and record.numbers == {"epochs_seen": 3}


def test_a_cell_that_takes_too_long_is_stopped(spec_of):
    record = execute.run_one(spec_of("01_a", "print('before')\nimport time; time.sleep(60)", timeout=2))
    assert record.status == "timeout" and record.error.message == "the cell took longer than 2 s"
    assert record.error.cell == 2 and record.error.output == "before" and record.seconds < 30


def test_a_killed_kernel_is_reported(spec_of):
    record = execute.run_one(spec_of("01_a", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert record.status == "died" and "memory ran out" in record.error.message and record.error.cell == 2


def test_the_tagged_picture_is_the_thumbnail(make_lesson):
    small = "import matplotlib.pyplot as plt\nfrom course_utils import plots\nplots.show(plt.figure(figsize=(1, 1)), alt='x')"
    notebook = nbformat.read(make_lesson("01_a", PICTURE, small), 4)
    pictures = []
    for cell, size in zip(notebook.cells[1:], [40, 80]):
        import base64
        import io

        from PIL import Image

        png = io.BytesIO()
        Image.new("RGB", (size, size)).save(png, "PNG")
        cell.outputs = [
            nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(png.getvalue()).decode()})
        ]
        pictures.append(execute.thumbnail(nbformat.v4.new_notebook(cells=[cell])))
    assert execute.thumbnail(notebook) == pictures[0]
    notebook.cells[2].metadata["tags"] = ["thumbnail"]
    assert execute.thumbnail(notebook) == pictures[1]


@pytest.fixture
def batch(tmp_path):
    """Run specs as a batch; gives the records, what was said, and the rows of results.csv."""

    def go(*specs, **options):
        said = []
        records = run.run_batch("Test", list(specs), tmp_path / "out", say=said.append, **options)
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
    assert list(rows[0])[:5] == ["lesson", "status", "seconds", "peak_memory_mb", "EPOCHS"]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in report and "3 of 3 runs finished" in report
    assert sum(line.startswith(("failed", "died", "ok")) for line in said) == 3
    assert not list((tmp_path / "out").glob(".*")), "no half-written file is left"


def test_resume_keeps_what_is_finished_and_runs_what_is_not(spec_of, batch, here, tmp_path):
    count = f"open({str(tmp_path / 'count')!r}, 'a').write(str(EPOCHS))"
    good, bad = spec_of("01_a", count), spec_of("02_b", "1 / 0")
    batch(good, bad)
    records, said, rows = batch(good, bad, resume=True)
    assert (tmp_path / "count").read_text() == "3" and said[0].startswith("kept")
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
    batch(spec_of("01_a", "1"))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"01_a.ipynb", "journal.jsonl", "results.csv", "report.html", "my notes.txt"}


def test_a_folder_that_no_batch_wrote_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and was not written by a batch"):
        folder.Folder(tmp_path, "Test")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_as_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file: name a folder"):
        folder.Folder(tmp_path / "file", "Test")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        folder.Folder(tmp_path / "file" / "out", "Test")


def test_a_folder_without_write_permission_is_refused(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)  # root, as in many containers, may write everywhere
    with pytest.raises(UsageError, match="cannot be written: Permission denied"):
        folder.Folder(tmp_path / "out", "Test")


def test_a_damaged_manifest_is_refused(tmp_path):
    (tmp_path / "journal.jsonl").write_text("{")
    with pytest.raises(UsageError, match="is damaged: name another folder"):
        folder.Folder(tmp_path, "Test")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "results.csv"
    store.write_text(target, "old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        store.write_text(target, "new")
    assert target.read_text() == "old"


def test_a_manifest_that_is_no_manifest_is_refused(tmp_path):
    (tmp_path / "journal.jsonl").write_text("[]")
    with pytest.raises(UsageError, match="is damaged: name another folder"):
        folder.Folder(tmp_path, "Test")


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
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, **ON_ITS_OWN)
    deadline = time.monotonic() + 90
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    stop(process.pid)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130 and "go on with --resume" in stderr and "Traceback" not in stderr
    with open(tmp_path / "out" / "results.csv", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok", "interrupted", "interrupted"]
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {
        "01_quick.ipynb",
        "journal.jsonl",
        "results.csv",
        "report.html",
    }
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
