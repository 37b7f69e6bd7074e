"""The command line: exit codes, and messages that say what to do."""

import csv
import importlib.util
import subprocess
import sys

import nbformat
import pytest

import course_utils
from course_utils import __main__ as cli


@pytest.fixture
def call(make_lesson, tmp_path, monkeypatch, capsys):
    """Call the command line beside a small lesson 01_quick; gives exit code, stdout and stderr."""
    make_lesson("01_quick", "print(EPOCHS)")
    monkeypatch.chdir(tmp_path)

    def go(*arguments):
        try:
            code = cli.main(list(arguments))
        except SystemExit as stop:  # argparse's own refusals
            code = stop.code
        return code, *capsys.readouterr()

    return go


def test_run_ends_with_0_and_names_the_report(call, tmp_path):
    code, out, err = call("run", "-p", "EPOCHS=5")
    assert code == 0 and "1 of 1 ok; the report is runs/quick/report.html" in out
    executed = nbformat.read(tmp_path / "runs/quick/01_quick.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == "5\n"


def test_a_relative_data_folder_is_the_callers(call, make_lesson, tmp_path, monkeypatch):
    make_lesson("02_data", "import os; print(os.environ['COURSE_DATA'])")
    monkeypatch.setenv("COURSE_DATA", "my data")
    assert call("run", "--lesson", "02")[0] == 0
    executed = nbformat.read(tmp_path / "runs/quick/02_data.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == f"{tmp_path / 'my data'}\n"


@pytest.mark.parametrize("variable", ["COURSE_DATA", "COURSE_CACHE"])
def test_a_data_folder_in_an_unknown_home_is_refused(call, monkeypatch, variable):
    monkeypatch.setenv(variable, "~nobody_of_this_name/data")
    code, _, err = call("run")
    assert code == 2 and f"course_utils run: {variable}: '~nobody_of_this_name/data' has no home folder" in err


def test_run_ends_with_1_when_a_notebook_failed(call, make_lesson):
    make_lesson("02_bad", "1 / 0")
    code, out, err = call("run", "--jobs", "2")
    assert code == 1 and "02_bad, code cell 2: ZeroDivisionError: division by zero" in err and "1 of 2 ok" in out


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a pseudo-terminal")
def test_a_terminal_shows_what_is_running(call, make_lesson, tmp_path):
    import pexpect

    make_lesson("01_quick", "import time; time.sleep(2)")  # a bar is drawn twice a second
    child = pexpect.spawn(
        sys.executable, ["-m", "course_utils", "run"], cwd=tmp_path, dimensions=(30, 100), timeout=60, encoding="utf-8"
    )
    child.expect(r"running 01_quick: +0%\|.*0/1")
    child.expect(r"running 01_quick \(cell [12] of 2\): +0%\|.*0/1")
    child.expect("ok +01_quick")
    child.expect("1 of 1 ok")
    child.wait()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["-p", "EPOCH=3"], "no selected lesson has a parameter 'EPOCH' (did you mean EPOCHS?)"),
        (["-p", "EPOCHS=many"], "01_quick: parameter EPOCHS: int is expected, such as 3; got 'many'"),
        (["-p", "EPOCHS"], "-p takes NAME=VALUE, such as -p EPOCHS=3; got 'EPOCHS'"),
        (["--lesson", "quik"], "no lesson 'quik' (did you mean quick?)"),
        (["slow"], "no plan"),
        (["--jobs", "0"], "a whole number, at least 1, is needed; got '0'"),
        (["--timeout", "soon"], "a whole number, at least 1, is needed; got 'soon'"),
        (["--notebooks", "nowhere"], "no lessons found in"),
        (["--out", "~nobody_of_this_name/x"], "--out ~nobody_of_this_name/x: "),
        (["--out", "notebooks"], "is not empty and was not written by a batch"),
        (["--out", "notebooks/01_quick.ipynb"], "is a file: name a folder"),
        (["--nosuch"], "unrecognized arguments: --nosuch"),
        (["--grid", "EPOCHS"], "--grid takes NAME=A,B with a value before and after each comma; got 'EPOCHS'"),
        (["--grid", "EPOCHS="], "--grid takes NAME=A,B with a value before and after each comma; got 'EPOCHS='"),
        (["--grid", "EPOCHS=1,,2"], "got 'EPOCHS=1,,2'"),
        (["--grid", "EPOCHS=1,"], "got 'EPOCHS=1,'"),
        (["--grid", "EPOCHS=1,2,1"], "grid: EPOCHS has 1 twice"),
        (["--grid", "EPOCHS=1, 01"], "grid: EPOCHS has 1 twice"),
        (["--grid", "EPOCHS=1,many"], "parameter EPOCHS: int is expected, such as 3; got 'many'"),
        (["--grid", "EPOCH=1,2"], "no selected lesson has a parameter 'EPOCH' (did you mean EPOCHS?)"),
        (
            ["--grid", "EPOCHS=1", "--grid", "EPOCHS=2"],
            "--grid EPOCHS is given twice; several values are --grid EPOCHS=A,B",
        ),
        (["--grid", "EPOCHS=1", "-p", "EPOCHS=2"], "-p and --grid both say what EPOCHS is: give one of them"),
        (["-p", "EPOCHS=1", "-p", "EPOCHS=2"], "-p EPOCHS is given twice; several values are --grid EPOCHS=A,B"),
        (["--seeds", "0"], "a whole number, at least 1, is needed; got '0'"),
        (["--seeds", "3"], "no selected lesson has a parameter 'SEED'"),
    ],
)
def test_what_is_asked_for_wrongly_ends_with_2_and_starts_nothing(call, tmp_path, arguments, message):
    before = sorted(tmp_path.rglob("*"))
    code, out, err = call("run", *arguments)
    assert code == 2 and message in err and "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "text, values",
    [
        ("N=200,1000", ["200", "1000"]),
        ("FLIP=no, yes", ["no", "yes"]),
        ("SIZES=[8, 16],[32]", ["[8, 16]", "[32]"]),
        ("NAMES=['a','b'],['c']", ["['a','b']", "['c']"]),
        ("BASE=none", ["none"]),
        ("RULE=a=b,c", ["a=b", "c"]),
    ],
)
def test_a_comma_parts_the_values_of_a_grid_but_not_those_of_a_list(text, values):
    assert cli._axis(text) == (text.partition("=")[0], values)


def test_a_dry_run_of_a_grid_lists_its_runs_and_starts_nothing(call, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    code, out, err = call("run", "--grid", "EPOCHS=1,2", "--grid", "NAME=cat,dog", "--dry-run")
    names = [line.split()[0] for line in out.splitlines()]
    assert names[:4] == [f"01_quick-EPOCHS={epochs}-NAME={name}" for epochs in (1, 2) for name in ("cat", "dog")]
    assert code == 0 and "4 runs; nothing was started" in out
    assert sorted(tmp_path.rglob("*")) == before


STUDY = """title = "E"
question = "Do epochs help?"
figure = { x = "EPOCHS", y = "accuracy" }
[[run]]
lesson = "quick"
grid = { EPOCHS = [1, 2, 4] }
"""


def test_a_study_is_run_kept_and_listed(call, make_lesson, tmp_path, monkeypatch):
    make_lesson("01_quick", "from course_utils.results import record", "record(accuracy=EPOCHS / 10)")
    monkeypatch.setattr("course_utils.paths.shipped", lambda name: tmp_path / "data" / name)
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks" / "plans" / "studies").mkdir()
    (tmp_path / "notebooks" / "plans" / "studies" / "epochs.toml").write_text(STUDY, encoding="utf-8")
    assert call("study")[:2] == (0, "no study is stored in data/studies\n")
    code, out, err = call("run", "studies/epochs", "--grid", "EPOCHS=1,2")
    assert (code, err) == (0, "") and "2 of 2 ok; the report is runs/studies/epochs/report.html" in out
    assert "Do epochs help?" in (tmp_path / "runs/studies/epochs/report.html").read_text(encoding="utf-8")
    assert call("study", "keep", "runs/studies/epochs")[:2] == (
        0,
        "epochs: 2 of 3 runs are stored in data/studies/epochs.csv\n",
    )
    code, out, _ = call("study")
    assert code == 0 and out.split() == ["epochs", "2", "of", "3", "runs"]


def test_a_lesson_goes_by_its_name_in_the_place_of_a_plan(call, make_lesson):
    make_lesson("02_slow", "print(1)")
    for word in ("slow", "02_slow"):
        code, out, _ = call("run", word, "--dry-run")
        assert code == 0 and out.startswith("02_slow ") and "1 run; nothing was started" in out


def test_what_no_batch_wrote_is_not_kept(call):
    code, _, err = call("study", "keep", "notebooks")
    assert code == 2 and "study keep: notebooks was not written by a batch: there is no journal.jsonl" in err


def test_a_refused_run_leaves_the_earlier_batch_alone(call, tmp_path):
    call("run")
    before = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    assert call("run", "-p", "EPOCH=3")[0] == 2
    assert {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("package", ["papermill", "ipykernel"])
def test_without_a_package_the_message_says_how_to_install_it(call, monkeypatch, package):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else find(name))
    code, _, err = call("run")
    assert code == 2 and f"'run' needs {package}: install it with  pip install 'convnet-course[batch]'" in err


def test_jupyter_needs_to_know_no_kernel(call, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    def nothing(self, name):
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", nothing)
    assert call("run")[0] == 0


def test_a_folder_of_students_notebooks_needs_no_plan(call, tmp_path, make_lesson):
    """And a file that is no notebook, or renamed, or no lesson, stops none of the others."""
    folder = tmp_path / "notebooks"
    make_lesson("01_quick-smith", parameters="EPOCHS = 3")
    make_lesson("notes")
    (folder / "plans" / "quick.toml").unlink()
    (folder / "Copy of 01_quick.ipynb").write_text("hello", encoding="utf-8")
    code, out, err = call("run", "--notebooks", str(folder))
    assert code == 1 and "2 of 3 ok" in out and "Traceback" not in err
    assert "left out notes.ipynb: neither its name nor its metadata names a lesson" in out
    assert "Copy of 01_quick: Copy of 01_quick.ipynb is no notebook" in err
    with open(tmp_path / "runs/quick/results.csv", newline="", encoding="utf-8") as table:
        rows = {row["lesson"]: row["status"] for row in csv.DictReader(table)}
    assert rows == {"01_quick": "ok", "01_quick-smith": "ok", "Copy of 01_quick": "failed"}
    assert "Every lesson at its defaults" in (tmp_path / "runs/quick/report.html").read_text(encoding="utf-8")


def test_a_parameter_goes_to_those_that_can_take_it_and_fails_one_that_cannot(call, tmp_path, make_lesson):
    make_lesson("01_quick-smith", parameters="EPOCHS = 3")
    code, out, err = call("run", "-p", "EPOCHS=5")
    assert code == 1 and "1 of 2 ok" in out
    assert "01_quick-smith: parameter EPOCHS cannot be set: a parameters cell holds only lines like" in err


def test_another_plan_is_missed_in_a_folder_without_plans(call, tmp_path):
    (tmp_path / "notebooks" / "plans" / "quick.toml").unlink()
    code, _, err = call("run", "full")
    assert code == 2 and "no plan or notebook 'full'; there are 01_quick" in err


def test_a_folder_with_no_lesson_in_it_says_what_was_left_out(call, tmp_path):
    (tmp_path / "homework").mkdir()
    (tmp_path / "homework" / "notes.ipynb").touch()
    code, out, err = call("run", "--notebooks", "homework")
    assert code == 2 and "left out notes.ipynb" in out and "there are no lessons to run" in err


def test_a_number_says_which_lesson_it_means(call):
    code, out, _ = call("run", "--lesson", "1")
    assert code == 0 and "lesson 1 is quick (01_quick)\n" in out


def test_as_many_jobs_as_fit_is_a_number_of_jobs(call, monkeypatch):
    asked = []
    monkeypatch.setattr("course_utils.batch.processes.as_many_as_fit", lambda: 5)
    monkeypatch.setattr("course_utils.batch.run.run_batch", lambda plan, specs, out, jobs, *_: asked.append(jobs) or [])
    for jobs in ("auto", "3"):
        call("run", "--jobs", jobs)
    assert asked == [5, 3]


def test_a_notebook_built_for_another_version_is_named_in_one_line(call, tmp_path):
    path = tmp_path / "notebooks" / "01_quick.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.metadata["course"] = {"version": "0.0.1"}
    nbformat.write(notebook, path)
    _, out, _ = call("run")
    line = f"01_quick was built for version 0.0.1 of the course, run with {course_utils.__version__}"
    assert out.count(line) == 1
    assert line.removeprefix("01_quick was ") in (tmp_path / "runs/quick/report.html").read_text(encoding="utf-8")


def test_in_a_log_a_line_is_there_when_it_is_written(call, make_lesson, tmp_path):
    make_lesson("01_quick", "import time; time.sleep(60)")
    command = [sys.executable, "-m", "course_utils", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [process.stdout.readline() for _ in range(2)]  # waits for ever where lines are held back
    process.terminate()
    process.wait(timeout=30)
    assert lines == ["running  1 of 1 notebooks, 01_quick first\n", "running  01_quick; 0 of 1 done\n"]


def test_without_the_extra_packages_the_message_says_how_to_install_them(call, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "'run' needs papermill: install it with" in call("run")[2]
    assert "'build' needs jupytext" in call("build")[2]


def test_build_without_sources_ends_with_2(call):
    code, _, err = call("build")
    assert code == 2 and "there are no sources in" in err


def test_the_help_names_the_commands():
    done = subprocess.run([sys.executable, "-m", "course_utils", "--help"], capture_output=True, text=True, check=True)
    assert "run lessons" in done.stdout and "build the notebooks" in done.stdout
