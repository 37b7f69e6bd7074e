"""Which error stops a lesson with a value that makes no sense; many cases in one process, so that TensorFlow is imported once.

    python refusing.py < cases.json > answers.json

A case is ``[notebook's path, {parameter: value}]``, an answer ``[error, code cells that ran before it]``.
"""

import contextlib
import io
import json
import sys

import nbformat
from IPython.core.interactiveshell import InteractiveShell


def refusal(path, parameters):
    """The error that stops a lesson with these parameters, as ``Type: message`` (empty: none), and how many code cells ran before it."""
    shell = InteractiveShell()
    code = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        result = shell.run_cell(cell.source, silent=True)
        if error := result.error_before_exec or result.error_in_exec:
            return f"{type(error).__name__}: {error}", number
        if "parameters" in cell.metadata.get("tags", []):
            shell.push(parameters)
    return "", len(code)


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        answers = [refusal(*case) for case in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
