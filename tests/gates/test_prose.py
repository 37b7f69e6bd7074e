"""Sentences that stop in the middle and marks left over are found, in every lesson's source; sound texts pass."""

import re
from pathlib import Path

import nbformat
import pytest
from form import problems
from prose import problems_of_text

from course_utils.batch.source import from_source

SOURCES = sorted((Path(__file__).parents[2] / "notebooks" / "source").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_sentence_of_a_lesson_stops_in_the_middle(path):
    found = {
        number: problems
        for number, cell in enumerate(from_source(path).cells, 1)
        if cell.cell_type == "markdown" and (problems := problems_of_text(cell.source))
    }
    assert found == {}


SOUND = [
    "# A title\n\nA sentence.\nAnother one?\n\n(In brackets.)\n**Strong!**\n\n## 2. More",
    "It follows that\n\n$$x = 1$$\n\nand so on.",
    "Write\n\n```python\nx = 1  # one\n```",
    "After this you can\n\n- write a class\n- read it;\n  a second line of it",
    "The table shows\n\n| a | b |\n| --- | --- |\n| 1 | `x` |",
    "1. First\n2. Second",
    "It is `x  # a comment`, and C# is a language…",
    "It takes the same arguments as\n\n`f(x, y)`.",
    "[Open it](https://example.org)",
    "[![Open](badge.svg)](https://example.org)",
    "**Next:** [02 · Pooling](02_pooling.ipynb)",
    "**You need:** nothing · **Time:** a minute",
    "<b>HTML</b>",
]


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_text_passes(text):
    assert problems_of_text(text) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("So we train a small head on them. # First the base.", "has a stray #: .*on them. # First"),
        ("So we train a small head on them. #\nFirst the base.", "has a stray #: .*on them. #"),
        ("A sentence.\n#\nAnother.", "has a stray #: "),
        (
            "So we compute them once and\n\n## 5. Features",
            "stops in the middle of a sentence: 'So we compute them once and'",
        ),
        ("So we compute them once and\n## 5. Features", "stops in the middle"),
        ("So we compute them\nonce and", "stops in the middle of a sentence: 'once and'"),
        ("It is **strong**", "stops in the middle"),
        ("The formula is $x = 1$", "stops in the middle"),
        ("We take the first,\n\nThe second.", "stops in the middle of a sentence: 'We take the first,'"),
        ("$$x = 1$$\n\nand then we", "stops in the middle of a sentence: 'and then we'"),
    ],
)
def test_what_is_lost_or_left_over_is_found(text, found):
    (problem,) = problems_of_text(text)
    assert re.search(found, problem)


def test_the_form_of_a_lesson_includes_its_sentences():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("Fine."), nbformat.v4.new_markdown_cell("So")]
    )
    assert "text cell 2 stops in the middle of a sentence: 'So'" in problems(notebook)
