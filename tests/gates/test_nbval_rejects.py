"""nbval, called as the test command calls it, accepts good notebooks and rejects each kind of bad one; so do the bands."""

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    "print('same')",
    "import time\nprint(time.perf_counter())",
    "from course_utils.results import record\nrecord(a=1)",
]
#: Numbers of one lesson that has bands; in a cell of their own, and exempt from comparison, as in that lesson.
NUMBERS = "record(train_accuracy_plain=1.0, best_val_accuracy_plain=0.7, best_val_accuracy_augmented=0.9)"
BANDS_NAME = "42_augmentation"

#: By name: the cell that is replaced, its source, and the cell that must fail.
SPOILT = {
    "another output": (0, "print('other')"),
    "a raising cell": (0, "print('same')\nraise ValueError('x')"),
    "an unknown magic": (0, "%no_such_magic"),
    "an unknown magic after the right output": (0, "print('same')\n%no_such_magic"),
    "a missing output": (0, "pass"),
    "another recorded number": (2, SOURCES[2].replace("1", "2")),
}


def notebook(sources, exempt=1):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    made.cells[exempt].metadata["tags"] = ["nbval-ignore-output"]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return nbclient.NotebookClient(made).execute()


def spoilt(executed, cell, source):
    bad = nbformat.from_dict(executed.copy())
    bad.cells = [nbformat.from_dict(one.copy()) for one in executed.cells]
    bad.cells[cell].source = source
    return bad


def run_nbval(folder, notebooks):
    """One run of pytest over these notebooks, each in a folder of its own; gives (cell, what went wrong) by its folder's name.

    The conftest at the root is there, as it is for the lessons.
    """
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {(ROOT / 'tests' / 'gates').as_posix()}\n")
    for name, (file, one) in notebooks.items():
        (folder / name).mkdir()
        nbformat.write(one, folder / name / f"{file}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "--junitxml=report.xml"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    found = {name: [] for name in notebooks}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        trouble = case.find("failure") if case.find("error") is None else case.find("error")
        name = case.get("classname").split(".")[0]
        found[name].append("" if trouble is None else f"{trouble.get('message')} {trouble.text}")
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What came of each notebook, cell by cell; an empty text where nothing went wrong."""
    good, numbers = notebook(SOURCES), notebook([SOURCES[2], NUMBERS])
    notebooks = {name: ("sample", spoilt(good, *change)) for name, change in SPOILT.items()}
    notebooks |= {
        "good": ("sample", good),
        "good numbers": (BANDS_NAME, numbers),
        "a number outside of its band": (BANDS_NAME, spoilt(numbers, 1, NUMBERS.replace("0.9", "0.71"))),
        "a number is not recorded": (BANDS_NAME, spoilt(numbers, 1, "record(train_accuracy_plain=1.0)")),
        "numbers of a lesson without bands": ("42_pooling", spoilt(numbers, 1, NUMBERS.replace("0.9", "0.71"))),
    }
    return run_nbval(tmp_path_factory.mktemp("nbval"), notebooks)


def test_a_good_notebook_passes_although_a_time_differs(outcomes):
    assert outcomes["good"] == ["", "", ""]


@pytest.mark.parametrize("name", SPOILT)
def test_a_bad_notebook_is_rejected(name, outcomes):
    wrong = SPOILT[name][0]
    assert [bool(trouble) for trouble in outcomes[name]] == [cell == wrong for cell in range(3)], outcomes[name]


def test_numbers_inside_of_their_bands_pass(outcomes):
    assert outcomes["good numbers"] == outcomes["numbers of a lesson without bands"] == ["", ""]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a number outside of its band", "outside of its band: augmentation adds at least eight points: no"),
        ("a number is not recorded", "best_val_accuracy_plain was not recorded"),
    ],
)
def test_numbers_of_an_execution_are_held_against_their_bands(name, message, outcomes):
    fine, trouble = outcomes[name]
    assert fine == ""
    assert message in trouble
