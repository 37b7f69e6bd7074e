"""Which exercises a lesson has is read from sources; lessons and their modules agree."""

from pathlib import Path

import nbformat
import pytest

from course_utils.batch.exercise_names import checked_in, names_of

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_checks_the_exercises_of_its_module_and_no_others(path):
    checked = checked_in(nbformat.read(path, 4))
    assert checked and set(checked) == set(names_of(path.stem)) == set(names_of(path.stem[3:]))


@pytest.mark.parametrize(
    "name", ["no_such_lesson", "kinds", "../exercises/pooling", "", "02_pooling-smith", "__init__"]
)
def test_what_is_no_lesson_has_no_exercises(name):
    assert names_of(name) == ()


def test_only_code_cells_are_searched_for_checks():
    cells = [
        nbformat.v4.new_markdown_cell("`ex.one.check(3)`"),
        nbformat.v4.new_code_cell("ex.two.check(3)\nex.three.hint()"),
    ]
    assert checked_in(nbformat.v4.new_notebook(cells=cells)) == ["two"]
