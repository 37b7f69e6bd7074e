"""Every lesson has the form of a lesson, and the form test rejects notebooks that do not."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
from form import problems

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_has_the_form_of_a_lesson(path):
    assert problems(nbformat.read(path, 4), path.stat().st_size) == []


@pytest.fixture
def good():
    """A small lesson as it should be; tests spoil one thing each."""
    new = nbformat.v4

    def stream(text, name="stdout"):
        return new.new_output("stream", name=name, text=text)

    picture = new.new_output(
        "display_data", {"image/png": "iVBORw0=", "text/plain": "A line."}, metadata={"image/png": {"alt": "A line."}}
    )
    recorded = new.new_output("display_data", {"text/plain": "a  1"}, metadata={"course_record": [["a", 1]]})
    cells = [
        new.new_code_cell("N: int = 3  # how many, 1 to 9", metadata={"tags": ["parameters"]}),
        new.new_code_cell("def f():\n    print('never called')"),
        new.new_code_cell("%matplotlib inline\nprint(N)", outputs=[stream("3\n")]),
        new.new_code_cell("plots.show(figure, alt='A line.')", outputs=[picture]),
        new.new_code_cell("record(a=1)", outputs=[recorded]),
        new.new_code_cell(
            "for i in range(1):\n    print(time())",
            outputs=[stream("1.5\n")],
            metadata={"tags": ["nbval-ignore-output"], "reason": "seconds"},
        ),
    ]
    for number, cell in enumerate(cells, 1):
        cell.execution_count = number
    return new.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def test_a_good_notebook_passes(good):
    assert problems(good) == []


def set_output(number, **values):
    return lambda notebook: notebook.cells[number].outputs[0].update(values)


def clear(notebook):
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None


SPOILT = {
    "all outputs cleared": (clear, "was not executed from top to bottom"),
    "one output cleared": (lambda notebook: notebook.cells[2].update(outputs=[]), "code cell 3 has lost its output"),
    "a picture cleared": (lambda notebook: notebook.cells[3].update(outputs=[]), "code cell 4 has lost its output"),
    "run out of order": (
        lambda notebook: notebook.cells[2].update(execution_count=7),
        "was not executed from top to bottom",
    ),
    "no parameters tag": (lambda notebook: notebook.cells[0].metadata.pop("tags"), "has 0 cells tagged 'parameters'"),
    "two parameters cells": (
        lambda notebook: notebook.cells[1].metadata.update(tags=["parameters"]),
        "has 2 cells tagged",
    ),
    "a computed parameter": (
        lambda notebook: notebook.cells[0].update(source="N: int = 2 + k  # n"),
        "must be a literal",
    ),
    "a parameter without comment": (
        lambda notebook: notebook.cells[0].update(source="N: int = 2"),
        "must have a comment with its meaning",
    ),
    "no parameters": (lambda notebook: notebook.cells[0].update(source=""), "empty parameters cell"),
    "stderr": (set_output(2, name="stderr"), "code cell 3 writes to stderr"),
    "a raising cell": (
        lambda notebook: notebook.cells[2].update(
            outputs=[nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
        ),
        "code cell 3 raised an error",
    ),
    "an address": (set_output(2, text="<object at 0x7f12ab34cd>"), "code cell 3 shows a memory address"),
    "a path": (set_output(2, text="saved in /home/me/x.png"), "code cell 3 shows an absolute path"),
    "a Windows path": (set_output(2, text=r"saved in C:\Users\me"), "code cell 3 shows an absolute path"),
    "no alt text": (set_output(3, metadata={}), "code cell 4 has a picture without alt text"),
    "a bare figure": (
        set_output(3, data={"image/png": "x", "text/plain": "<Figure size 640x480>"}),
        "code cell 4 has a picture without alt",
    ),
    "exempt without reason": (
        lambda notebook: notebook.cells[5].metadata.pop("reason"),
        "code cell 6 is exempt .* without a reason",
    ),
    "hardly anything compared": (
        lambda notebook: [
            cell.metadata.update(tags=["nbval-ignore-output"], reason="x") for cell in notebook.cells[2:5]
        ],
        "of 4 cells with outputs only 0 are compared",
    ),
    "no recorded number": (set_output(4, metadata={}), "records no number"),
    "a long line": (
        lambda notebook: notebook.cells[1].update(source="x = 1  # " + "long " * 25),
        "code cell 2 has a line of more than 110",
    ),
    "no kernel": (lambda notebook: notebook.metadata.pop("kernelspec"), "names no kernel"),
    "a widget": (
        set_output(3, data={"application/vnd.jupyter.widget-view+json": {}, "text/plain": "x"}),
        "code cell 4 holds a widget",
    ),
    "widget metadata": (lambda notebook: notebook.metadata.update(widgets={}), "has widget metadata"),
}


@pytest.mark.parametrize("spoil, message", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_notebook_is_rejected(good, spoil, message):
    bad = copy.deepcopy(good)
    spoil(bad)
    assert any(re.search(message, problem) for problem in problems(bad)), problems(bad)


def test_a_notebook_of_more_than_a_megabyte_is_rejected(good):
    assert problems(good, size=1_000_001) == ["is 1,000,001 bytes, more than 1,000,000"]
