"""One run: every ending of a notebook is reported, with its cell and its cause, and what it recorded is kept."""

import dataclasses
import json
import logging
import os
import platform
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

import course_utils
from course_utils.batch import collect, execute

RECORDING = "from course_utils.results import record\nrecord(epochs_seen=EPOCHS)"
PICTURE = (
    "import matplotlib.pyplot as plt\nfrom course_utils import plots\n"
    "figure, ax = plt.subplots()\nax.plot([1, 2])\nplots.show(figure, alt='A line.')"
)


def test_a_run_reports_its_numbers_and_its_picture(spec_of):
    record = execute.run_one(spec_of("01_a", RECORDING, PICTURE, EPOCHS=7))
    assert (record.status, record.numbers, record.error) == ("ok", {"epochs_seen": 7}, None)
    assert record.seconds > 0 and 30 < record.peak_memory_mb < 1000
    assert record.thumbnail.startswith("iVBOR")
    record.as_json()  # plain values only: a record travels between processes and into a file


def test_the_peak_is_that_of_the_kernel_and_not_only_of_its_end(spec_of):
    record = execute.run_one(spec_of("01_a", "block = bytearray(400 * 2**20)\ndel block\nimport time; time.sleep(1)"))
    assert 400 < record.peak_memory_mb < 700


def test_a_run_works_in_a_folder_of_its_own_and_can_destroy_no_other(spec_of):
    before = Path.cwd()
    spec = spec_of("01_a", "import os, shutil\nprint(os.getcwd())", RECORDING, "shutil.rmtree('..')")
    (Path(spec.scratch) / "other.ipynb").write_text("another run's")
    record = execute.run_one(spec)
    assert record.numbers == {"epochs_seen": 3} and Path.cwd() == before
    place = nbformat.reads(record.executed, 4).cells[1].outputs[0].text.strip()
    assert Path(place).parents[1] != Path(spec.scratch) and not Path(place).exists()
    assert [path.name for path in Path(spec.scratch).iterdir()] == ["other.ipynb"]


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
    spec, folder = spec_of("01_a", RECORDING), tmp_path / "out {semester} é"
    folder.mkdir()
    record = execute.run_one(dataclasses.replace(spec, scratch=str(folder)))
    assert record.status == "ok"
    assert "epochs_seen" in record.executed


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
        pictures.append(collect.thumbnail(nbformat.v4.new_notebook(cells=[cell])))
    assert collect.thumbnail(notebook) == pictures[0]
    notebook.cells[2].metadata["tags"] = ["thumbnail"]
    assert collect.thumbnail(notebook) == pictures[1]


def test_what_stops_a_notebook_in_the_middle_is_named_and_not_what_follows(spec_of, tmp_path):
    """papermill marks the cells after a dead kernel as completed."""
    never = tmp_path / "never"
    dying = {
        "quit()": ("failed", "the notebook ended itself: quit() or exit()"),
        "exit()": ("failed", "the notebook ended itself: quit() or exit()"),
        "import os; os._exit(3)": ("died", "the kernel ended in the middle of the cell, with exit code 3"),
        "import os; os.kill(os.getpid(), 11)": ("died", "the kernel crashed: SIGSEGV"),
        "import os; os.kill(os.getpid(), 9)": ("died", "the kernel was killed, mostly because memory ran out"),
    }
    for cell, (status, message) in dying.items():
        spec = spec_of("01_a", "1", "# here\n" + cell, f"open({str(never)!r}, 'w')", "3", EPOCHS=7)
        record = execute.run_one(spec)
        assert (record.status, record.error.message.partition(". Its last words")[0]) == (status, message), cell
        assert record.error.cell == 4 and record.error.source.startswith("# here"), cell  # with the injected cell
        assert not never.exists(), cell


def test_a_notebook_that_quits_in_its_last_cell_has_not_ended_well(spec_of):
    record = execute.run_one(spec_of("01_a", "quit()"))
    assert (record.status, record.error.cell) == ("failed", 2)


def test_a_cell_that_takes_too_long_is_named_and_not_what_follows(spec_of):
    record = execute.run_one(spec_of("01_a", "1", "import time; time.sleep(60)", "2", "3", timeout=2))
    assert (record.status, record.error.cell) == ("timeout", 3)


def test_what_a_kernel_writes_before_it_dies_is_in_the_message(spec_of):
    cell = "import os; os.write(2, b'Fatal: no room\\n'); os._exit(1)"
    message = execute.run_one(spec_of("01_a", cell)).error.message
    assert "exit code 1" in message and "Its last words: Fatal: no room" in message


@pytest.mark.parametrize(
    "cell", ["quit()", "import sys; sys.exit()", "import os; os._exit(3)", "1 / 0", "import time; time.sleep(60)"]
)
def test_no_ending_and_no_parameter_puts_a_line_on_the_terminal(spec_of, capfd, cell):
    parameters = "EPOCHS: int = 3  # passes\nN_TRAIN: int | None = None  # pictures; None means all"
    execute.run_one(spec_of("01_a", cell, "2", parameters=parameters, timeout=2, N_TRAIN=5))
    assert capfd.readouterr() == ("", "")


def test_other_lines_of_papermill_still_reach_the_terminal(caplog):
    with execute._no_lines_that_the_record_has():
        logging.getLogger("papermill").warning("Passed unknown parameter: N_TRAIN")
        logging.getLogger("papermill").warning("The disk is nearly full")
    assert caplog.messages == ["The disk is nearly full"]


EXERCISES = (
    "from course_utils import exercises\nex = exercises.lesson('pooling')",
    "1 / 0",
    "ex.pooled_side.check(-1)",
    "raise ValueError('later')",
    "ex.share_unnoticed.check(...)",
)


def test_outcomes_after_a_cell_that_raises_are_not_lost(spec_of):
    record = execute.run_one(spec_of("02_pooling", *EXERCISES, exercises=("pooled_side", "share_unnoticed")))
    assert (record.status, record.error.message) == ("failed", "ZeroDivisionError: division by zero")
    assert record.error.cell == 3 and record.error.source == "1 / 0"
    assert record.exercises == {"pooled_side": "incorrect", "share_unnoticed": "not attempted"}


@pytest.mark.parametrize("stop", ["import sys; sys.exit()", "%no_such_magic", "raise SystemExit(0)"])
def test_a_cell_that_raises_in_front_of_exercises_fails_the_run_whatever_it_raises(spec_of, stop):
    cells = [EXERCISES[0], stop, "ex.pooled_side.check(-1)"]
    record = execute.run_one(spec_of("02_pooling", *cells, exercises=("pooled_side",)))
    assert (record.status, record.error.cell, record.exercises) == ("failed", 3, {"pooled_side": "incorrect"})


def test_exercises_that_a_notebook_did_not_come_to_are_not_reached(spec_of):
    cells = [EXERCISES[0], "ex.pooled_side.check(-1)", "quit()", "ex.share_unnoticed.check(3)", "ex.no_such.check(3)"]
    record = execute.run_one(spec_of("02_pooling", *cells, exercises=("pooled_side", "share_unnoticed", "stack")))
    assert record.exercises == {"pooled_side": "incorrect", "share_unnoticed": "not reached"}


def test_outcomes_that_a_students_file_brings_along_are_none_of_this_run(spec_of):
    spec = spec_of("02_pooling", "1 / 0", "2", exercises=("pooled_side",))
    notebook = nbformat.reads(spec.notebook, 4)
    metadata = {"course_exercises": [["pooled_side", "correct"]], "course_record": [["accuracy", 1]]}
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [nbformat.v4.new_output("display_data", {}, metadata=metadata)], 1
    raw = nbformat.v4.new_raw_cell("x") | {"outputs": notebook.cells[0].outputs, "execution_count": 1}
    notebook.cells.append(nbformat.from_dict(raw))
    record = execute.run_one(dataclasses.replace(spec, notebook=json.dumps(notebook)))
    assert (record.status, record.exercises, record.numbers) == ("failed", {}, {})


def test_what_a_cell_forges_replaces_nothing_and_loses_nothing(spec_of):
    forging = (
        "from IPython.display import display\n"
        "display({'text/plain': '5', 'image/png': 'A'}, raw=True, metadata={'course_exercises': [['evil', 'correct'], 3],"
        " 'course_record': [['status', 'ok'], ['lesson', 'Smith'], ['=1+1', 1], ['a', 2]]})\n"
        "display({'text/plain': 'x'}, raw=True, metadata={'course_exercises': 3, 'course_record': {'status': 'ok'}})"
    )
    record = execute.run_one(spec_of("02_pooling", forging, "1 / 0", exercises=("pooled_side",)))
    assert (record.status, record.exercises, record.numbers) == ("failed", {}, {"a": 2})


def test_a_kernel_of_the_same_name_elsewhere_is_not_used(spec_of, tmp_path, monkeypatch):
    foreign = tmp_path / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": [str(tmp_path / "no_such_python"), "{connection_file}"], "display_name": "x", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    record = execute.run_one(spec_of("01_a", "import sys; print(sys.executable)"))
    assert record.status == "ok" and sys.executable in record.executed


def test_nobodys_profile_is_read(spec_of, tmp_path, monkeypatch):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("EPOCHS = 1 / 0\nprint('from the profile')", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    record = execute.run_one(spec_of("01_a", "print('in the profile' if 'startup' in globals() else 'alone')"))
    assert record.status == "ok" and "alone" in record.executed and "from the profile" not in record.executed


def test_a_run_leaves_no_environment_variable_and_no_logging_behind(spec_of):
    before, filters = dict(os.environ), list(logging.getLogger("papermill").filters)
    execute.run_one(spec_of("01_a", "1"))
    assert dict(os.environ) == before and logging.getLogger("papermill").filters == filters


def test_a_run_needs_no_file_and_writes_none_but_those_of_its_folder(spec_of, tmp_path):
    spec = spec_of("01_a", RECORDING)
    (tmp_path / "notebooks" / "01_a.ipynb").unlink()
    record = execute.run_one(spec)
    assert record.status == "ok" and "epochs_seen" in record.executed
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_the_executed_notebook_holds_no_copy_of_itself_and_no_path(spec_of, tmp_path):
    record = execute.run_one(spec_of("01_a", "'once' + ' only'"))
    assert record.executed.count("'once' + ' only'") == 1 and str(tmp_path) not in record.executed


def test_versions_are_recorded_with_the_run(spec_of):
    record = execute.run_one(spec_of("01_a", "1"))
    assert record.versions["python"] == platform.python_version()
    assert record.versions["convnet-course"] == course_utils.__version__


@pytest.mark.parametrize(
    "course, built_for", [({"version": "0.1.0"}, "0.1.0"), ({}, ""), ("text", ""), ({"version": 3}, ""), (None, "")]
)
def test_the_version_that_a_notebook_was_built_for_is_read(spec_of, course, built_for):
    notebook = nbformat.reads(spec_of("01_a").notebook, 4)
    notebook.metadata["course"] = course
    assert collect.built_for(nbformat.from_dict(notebook)) == built_for


def without_ids(notebook):
    for cell in notebook["cells"]:
        del cell["id"]


def same_ids(notebook):
    for cell in notebook["cells"]:
        cell["id"] = "same"


ODD = {
    "no kernelspec": lambda notebook: notebook["metadata"].pop("kernelspec"),
    "another kernel": lambda notebook: notebook["metadata"]["kernelspec"].update(name="my env", language="R"),
    "no ids": without_ids,
    "the same ids": same_ids,
    "tags of another form": lambda notebook: notebook["cells"][1]["metadata"].update(tags="parameters"),
    "a key of its own": lambda notebook: notebook["cells"][1].update(colab={"base": 1}),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_an_odd_notebook_runs_and_nothing_is_said_of_it_on_the_terminal(spec_of, capfd, change):
    spec = spec_of("01_a", RECORDING, EPOCHS=7)
    notebook = json.loads(spec.notebook)
    change(notebook)
    record = execute.run_one(dataclasses.replace(spec, notebook=json.dumps(notebook)))
    assert (record.status, record.numbers) == ("ok", {"epochs_seen": 7})
    assert capfd.readouterr() == ("", "")


def test_a_notebook_of_the_third_format_runs(spec_of):
    cell = {"cell_type": "code", "input": ["print(1 + 2)"], "language": "python", "metadata": {}, "outputs": []}
    third = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    third["worksheets"] = [{"cells": [cell], "metadata": {}}]
    spec = dataclasses.replace(spec_of("01_a"), notebook=json.dumps(third), parameters={})
    record = execute.run_one(spec)
    assert record.status == "ok" and '"3\\n"' in record.executed


@pytest.mark.parametrize("text", ["", "hello", "[]", '{"cells": 3}', "<<<<<<< HEAD"])
def test_what_is_no_notebook_fails_with_a_reason(spec_of, text):
    record = execute.run_one(dataclasses.replace(spec_of("01_a"), notebook=text))
    assert record.status == "failed" and record.error.message and record.error.cell is None


def test_a_notebook_that_cannot_be_run_is_not_run(spec_of, tmp_path):
    record = execute.run_one(dataclasses.replace(spec_of("01_a", "1"), problem="it is empty"))
    assert (record.status, record.error.message, record.executed) == ("failed", "it is empty", "")
    assert not (tmp_path / "out").exists()


def test_while_it_runs_a_file_says_which_cell_of_how_many(spec_of):
    place = Path(spec_of("01_a").scratch, "01_a.progress")
    record = execute.run_one(spec_of("01_a", "1", f"print(open({str(place)!r}).read())", "2", EPOCHS=7))
    assert '"4 5\\n"' in record.executed


def test_output_without_end_ends_the_run_and_keeps_what_came_before(spec_of):
    flood = "print('before', flush=True)\nwhile True: print('x' * 10**6, flush=True)"
    record = execute.run_one(spec_of("01_a", "'first'", flood))
    assert (record.status, record.error.message) == ("failed", "the notebook printed more than 20 MB")
    assert "'first'" in record.executed and len(record.executed) < 40 * 2**20


def test_a_run_that_takes_more_memory_than_it_may_is_ended(spec_of):
    greedy = "block = bytearray(600 * 2**20)\nblock[::4096] = b'x' * len(block[::4096])\nimport time; time.sleep(20)"
    record = execute.run_one(dataclasses.replace(spec_of("01_a", "1", greedy), memory=400))
    assert record.status == "died" and record.error.message == "the kernel took more than 400 MB, and was ended"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process that leaves its session is not found")
def test_what_a_notebook_leaves_running_is_ended_and_named(spec_of, tmp_path):
    place = tmp_path / "pid"
    code = f"import os, time; open({str(place)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    start = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {code!r}], start_new_session=True)\ntime.sleep(1)"
    record = execute.run_one(spec_of("01_a", start))
    assert record.status == "ok" and record.left.startswith("left running and ended: python")
    assert not psutil.pid_exists(int(place.read_text()))
