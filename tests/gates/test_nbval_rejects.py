"""nbval, called as the test command calls it, accepts a good notebook and rejects each kind of bad one."""

import subprocess
import sys

import nbclient
import nbformat
import pytest

RECORD = "from course_utils.results import record\nrecord(a=1)"


@pytest.fixture(scope="module")
def executed():
    sources = ["print('same')", "import time\nprint(time.perf_counter())", RECORD]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return nbclient.NotebookClient(notebook).execute()


def nbval(folder, notebook):
    nbformat.write(notebook, folder / "sample.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
        "sample.ipynb",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_good_notebook_passes_although_a_time_differs(tmp_path, executed):
    done = nbval(tmp_path, executed)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout


SPOILT = {
    "another output": lambda notebook: notebook.cells[0].update(source="print('other')"),
    "a raising cell": lambda notebook: notebook.cells[0].update(source="print('same')\nraise ValueError('x')"),
    "an unknown magic": lambda notebook: notebook.cells[0].update(source="%no_such_magic"),
    "an unknown magic after the right output": lambda notebook: notebook.cells[0].update(
        source="print('same')\n%no_such_magic"
    ),
    "a missing output": lambda notebook: notebook.cells[0].update(source="pass"),
    "another recorded number": lambda notebook: notebook.cells[2].update(source=RECORD.replace("1", "2")),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_bad_notebook_is_rejected(tmp_path, executed, spoil):
    bad = nbformat.from_dict(executed.copy())
    bad.cells = [nbformat.from_dict(cell.copy()) for cell in executed.cells]
    spoil(bad)
    done = nbval(tmp_path, bad)
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout
