"""Parameters are read from a notebook's text, and values converted to their types."""

import json

import pytest

from course_utils.batch import UsageError
from course_utils.batch.lessons import Parameter, find_lessons, read_lesson, read_parameters, select

NAMES = ["00_python_warmup", "01_convolution", "06_augmentation"]


def test_a_parameters_cell_is_read_with_types_values_and_comments():
    cell = (
        'IMAGE: str = "a#b.jpg"  # a picture, # included\nSIZES: list[int] = [1, 2]  # pixels\n'
        "LIMIT: float | None = None  # none means no limit\nFLIP: bool = True  # mirror"
    )
    assert read_parameters(cell) == [
        Parameter("IMAGE", "str", "a#b.jpg", "a picture, # included"),
        Parameter("SIZES", "list[int]", [1, 2], "pixels"),
        Parameter("LIMIT", "float | None", None, "none means no limit"),
        Parameter("FLIP", "bool", True, "mirror"),
    ]


@pytest.mark.parametrize(
    "cell, message",
    [
        ("EPOCHS = 3  # passes", "holds only lines like"),
        ("import os", "holds only lines like"),
        ("EPOCHS: int = 3", "EPOCHS: a comment must give"),
        ("EPOCHS: int = 2 * x  # passes", "EPOCHS: its value must be a literal"),
        ("EPOCHS: complex = 3  # passes", "its type must be str, int, float, bool"),
        ("EPOCHS: int = '3'  # passes", "int is declared, but the default is the text '3'"),
        ("EPOCHS: int = 3.5  # passes", "EPOCHS: int is expected, such as 3.5; got 3.5"),
        ("FLIP: bool = 1  # mirror", "FLIP: bool is expected"),
    ],
)
def test_a_malformed_parameters_cell_is_refused(cell, message):
    with pytest.raises(ValueError, match=message):
        read_parameters(cell)


@pytest.mark.parametrize(
    "kind, value, expected",
    [
        ("int", "12", 12),
        ("int", 12, 12),
        ("float", "1e-3", 0.001),
        ("float", 2, 2.0),
        ("str", "12", "12"),
        ("bool", "no", False),
        ("bool", "True", True),
        ("bool", True, True),
        ("list[int]", "1, 2", [1, 2]),
        ("list[int]", "[1,2]", [1, 2]),
        ("list[str]", "['a', \"b\"]", ["a", "b"]),
        ("list[float]", [1, 2.5], [1.0, 2.5]),
        ("int | None", "none", None),
        ("int | None", "3", 3),
        ("list[int]", "[]", []),
        ("list[str]", "['a, b', 'c']", ["a, b", "c"]),
        ("list[str]", "a, b", ["a", "b"]),
    ],
)
def test_values_take_the_parameters_type(kind, value, expected):
    converted = Parameter("P", kind, None, "").convert(value)
    assert converted == expected and type(converted) is type(expected)


@pytest.mark.parametrize(
    "kind, value",
    [
        ("int", "3.5"),
        ("int", "three"),
        ("int", 3.5),
        ("int", True),
        ("bool", "maybe"),
        ("bool", 1),
        ("float", "fast"),
        ("str", 3),
        ("list[int]", "1, x"),
        ("list[int]", 3),
        ("int", None),
        ("list[str]", {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(kind, value):
    with pytest.raises(ValueError, match=r"parameter EPOCHS: .* is expected, such as 5; got .* \(passes\)"):
        Parameter("EPOCHS", kind, 5, "passes").convert(value)


@pytest.mark.parametrize("wanted", ["06", "6", "augmentation", "06_augmentation"])
def test_a_lesson_is_known_by_number_or_name(wanted):
    assert select(NAMES, wanted) == ["06_augmentation"]


def test_a_misspelt_lesson_is_refused_with_the_nearest():
    with pytest.raises(
        UsageError, match=r"no lesson 'convolutoin' \(did you mean convolution\?\); there are 00_python"
    ):
        select(NAMES, "convolutoin")


def test_no_name_is_no_lesson():
    with pytest.raises(UsageError, match="no lesson ''"):
        select(NAMES, "")


def test_an_editors_copy_is_no_lesson(make_lesson):
    make_lesson("01_first-Copy1")
    assert [lesson.name for lesson in find_lessons(make_lesson("01_first").parent)] == ["01_first"]


def test_lessons_are_found_in_order(make_lesson):
    make_lesson("02_second")
    first = make_lesson("01_first")
    assert [lesson.name for lesson in find_lessons(first.parent)] == ["01_first", "02_second"]
    assert list(read_lesson(first).parameters) == ["EPOCHS", "NAME", "RATE"]


def test_a_notebook_without_parameters_tag_is_refused(make_lesson):
    with pytest.raises(UsageError, match="01_a.ipynb must have exactly one cell tagged 'parameters', it has 0"):
        read_lesson(make_lesson("01_a", tags=()))


def test_a_notebook_without_kernelspec_is_refused(make_lesson):
    with pytest.raises(UsageError, match="01_a.ipynb names no kernel"):
        read_lesson(make_lesson("01_a", kernel=None))


@pytest.mark.parametrize("text", ["", "not json", "[]", json.dumps({"metadata": {}})])
def test_a_damaged_notebook_is_refused(tmp_path, text):
    path = tmp_path / "01_a.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="01_a.ipynb cannot be read as a notebook"):
        read_lesson(path)
