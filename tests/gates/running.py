"""How gates run a lesson: whole, through papermill's own command, or in this process up to the cell that refuses a setting."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
#: Each lesson's notebook by its name without the number.
LESSONS = {path.stem[3:]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}


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


def refusal(lesson, parameters):
    """The error that stops a lesson with these parameters, as ``Type: message``, and how many code cells ran before it.

    The cells run here, in a shell of their own, and no further than to the error: one import of TensorFlow serves all.
    """
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    try:
        code = [cell for cell in nbformat.read(LESSONS[lesson], 4).cells if cell.cell_type == "code"]
        for number, cell in enumerate(code):
            with contextlib.redirect_stdout(io.StringIO()):
                result = shell.run_cell(cell.source, silent=True)
            if error := result.error_before_exec or result.error_in_exec:
                return f"{type(error).__name__}: {error}", number
            if "parameters" in cell.metadata.get("tags", []):
                shell.push(parameters)
        return "", len(code)
    finally:
        shell.history_manager.end_session()
