"""How gates run a lesson: whole, through papermill's own command, or up to the cell that refuses a setting."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def name_of(path):
    """A lesson's name from the name of its file, whose number says only where it stands."""
    return re.sub(r"^\d\d_", "", path.stem)


#: Each lesson's notebook by its name.
LESSONS = {name_of(path): path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}


def papermill(lesson, folder, parameters):
    """Run a lesson in `folder`; gives papermill's exit code, what it wrote to stderr, and the executed notebook."""
    options = [part for name, value in parameters.items() for part in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "ERROR"]
    done = subprocess.run(
        [*command, str(LESSONS[lesson]), "out.ipynb", *options], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stderr, nbformat.read(folder / "out.ipynb", 4)


def text_of(notebook):
    """All that a notebook prints."""
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def writes_to_stderr(notebook):
    """Whether one of its cells did."""
    return any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", []))


def refusals(cases, folder):
    """The errors that stop lessons in `folder`; the cells run no further than to them.

    Parameters
    ----------
    cases : list of (lesson, parameters)
    folder : Path

    Returns
    -------
    list of (str, int)
        ``Type: message`` (empty: nothing was refused), and how many code cells ran before it.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("refusing.py"))],
        input=json.dumps([(str(LESSONS[lesson]), parameters) for lesson, parameters in cases]),
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
