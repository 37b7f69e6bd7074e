"""Parameters are read from a notebook's text, and values converted to their types."""

import json
import re

import pytest

from course_utils.batch import UsageError
from course_utils.batch.lessons import FIRST_EDITION, find_lessons, read_lesson, select
from course_utils.batch.parameters import UNTYPED, Parameter, read_parameters

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
        ("EPOCHS: int = 3", "EPOCHS must have a comment with its meaning, unit and range; got no comment"),
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


def test_what_a_number_means_is_said_and_what_it_meant_before():
    said = []
    later = ["00_python_warmup", "06_new", "07_augmentation", "10_visualizing"]
    assert select(later, "6", said.append) == ["06_new"]
    assert select(later, "07", said.append) == ["07_augmentation"]
    assert select(later, "0", said.append) == ["00_python_warmup"]
    assert said == [
        "lesson 6 is new (06_new); in the first edition 06 was augmentation, now 07_augmentation",
        "lesson 07 is augmentation (07_augmentation)",
        "lesson 0 is python_warmup (00_python_warmup)",
    ]
    assert select(later, "augmentation", said.append) and len(said) == 3, "a name needs no explanation"


def test_a_lesson_that_has_another_name_since_is_known_by_both():
    assert select(["10_visualizing"], "visualizing_features") == ["10_visualizing"]
    assert select(["09_visualizing_features"], "visualizing") == ["09_visualizing_features"]


def test_no_number_means_a_lesson_of_the_first_edition_that_has_gone():
    with pytest.raises(UsageError, match="no lesson '09'; there are 10_visualizing"):
        select(["10_visualizing"], "09")


def found_in(folder):
    said = []
    lessons = find_lessons(folder, said.append)
    return {lesson.name: lesson.lesson for lesson in lessons}, said


def test_an_editors_copy_beside_the_lesson_is_left_out_and_named(make_lesson):
    make_lesson("01_first-Copy1")
    found, said = found_in(make_lesson("01_first").parent)
    assert found == {"01_first": "first"}
    assert said == ["left out 01_first-Copy1.ipynb: an editor's copy of 01_first.ipynb, which is here"]


def test_an_editors_copy_that_is_all_there_is_is_the_lesson(make_lesson):
    assert found_in(make_lesson("02_pooling-Copy1").parent) == ({"02_pooling-Copy1": "pooling"}, [])


@pytest.mark.parametrize(
    "name",
    [
        "Copy of 02_pooling",
        "02_pooling (1)",
        "02_pooling-smith",
        "02_pooling_smith",
        "smith_02_pooling",
        "02_pooling2",
        "Pooling exercise, pooling",
        "pooling",
    ],
)
def test_a_students_copy_is_known_by_the_lessons_name_in_the_files(make_lesson, name):
    assert found_in(make_lesson(name).parent) == ({name: "pooling"}, [])


def test_a_students_copy_is_known_by_its_metadata(make_lesson):
    path = make_lesson("homework of smith")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["course"] = {"lesson": "pooling"}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert found_in(path.parent) == ({"homework of smith": "pooling"}, [])


@pytest.mark.parametrize("name", ["02_pooling", "03_pooling_layers", "11_my_own"])
def test_a_number_and_a_name_of_ones_own_are_a_lesson_of_ones_own(make_lesson, name):
    assert found_in(make_lesson(name).parent)[0] == {name: name[3:]}


def test_a_copy_of_ones_own_lesson_is_known_too(make_lesson):
    make_lesson("11_my_own")
    assert found_in(make_lesson("Copy of 11_my_own").parent)[0] == {
        "11_my_own": "my_own",
        "Copy of 11_my_own": "my_own",
    }


def test_a_notebook_that_is_no_lesson_is_left_out_and_named(make_lesson):
    make_lesson("01_first")
    path = make_lesson("notes")
    (path.parent / ".ipynb_checkpoints").mkdir()
    (path.parent / ".ipynb_checkpoints" / "01_first-checkpoint.ipynb").touch()
    (path.parent / "scratch.ipynb").write_text("no notebook", encoding="utf-8")
    assert found_in(path.parent) == (
        {"01_first": "first"},
        [f"left out {name}.ipynb: neither its name nor its metadata names a lesson" for name in ("notes", "scratch")],
    )


def test_a_notebook_of_the_first_edition_is_told_its_new_number_and_name(make_lesson, monkeypatch):
    numbers = {"pooling": "02", "augmentation": "07", "visualizing": "10"}
    monkeypatch.setattr("course_utils.batch.lessons._numbers_here", lambda: numbers)
    make_lesson("02_pooling")
    make_lesson("06_augmentation")
    assert found_in(make_lesson("09_visualizing_features").parent) == (
        {"02_pooling": "pooling", "06_augmentation": "augmentation", "09_visualizing_features": "visualizing"},
        [
            "06_augmentation.ipynb is augmentation, which is 07_augmentation in this edition",
            "09_visualizing_features.ipynb is visualizing, which is 10_visualizing in this edition",
        ],
    )


def test_the_first_edition_had_ten_lessons():
    assert FIRST_EDITION[6] == "augmentation" and len(FIRST_EDITION) == 10


def test_lessons_are_found_in_order(make_lesson):
    make_lesson("02_second")
    first = make_lesson("01_first")
    assert [lesson.name for lesson in find_lessons(first.parent)] == ["01_first", "02_second"]
    assert list(read_lesson(first).parameters) == ["EPOCHS", "NAME", "RATE"]


def test_a_notebook_without_parameters_tag_runs_but_nothing_can_be_set(make_lesson):
    lesson = read_lesson(make_lesson("01_a", tags=()))
    assert (lesson.problem, lesson.parameters) == ("", {})
    assert lesson.fixed == "a notebook must have one cell tagged 'parameters'; got 0"


def test_of_two_parameters_cells_none_is_guessed(make_lesson):
    path = make_lesson("01_a")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({**notebook["cells"][0], "id": "copy"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    lesson = read_lesson(path)
    assert (lesson.problem, lesson.parameters) == ("", {})
    assert lesson.fixed == "a notebook must have one cell tagged 'parameters'; got 2"


@pytest.mark.parametrize("cell", ["EPOCHS: int = (", "%pip list", "EPOCHS = 'three", "\0"])
def test_a_parameters_cell_that_is_no_python_can_only_be_run(make_lesson, cell):
    lesson = read_lesson(make_lesson("01_a", parameters=cell))
    assert (lesson.problem, lesson.parameters) == ("", {}) and lesson.fixed.startswith(
        "its parameters cell is not Python: "
    )


def test_of_a_cell_without_all_types_the_parameters_that_have_one_can_be_set(make_lesson):
    cell = "EPOCHS = 3  # passes\nRATE: float = 0.1\nimport os\nSIZE: complex = 1  # a number\nA = B = 1"
    parameters = read_lesson(make_lesson("01_a", parameters=cell)).parameters
    assert {name: parameter.kind for name, parameter in parameters.items()} == {
        "EPOCHS": UNTYPED,
        "RATE": "float",
        "SIZE": UNTYPED,
        "A": UNTYPED,
        "B": UNTYPED,
    }
    with pytest.raises(
        ValueError, match="parameter EPOCHS cannot be set: .* holds only lines like .*; got 'EPOCHS = 3'"
    ):
        parameters["EPOCHS"].convert("5")
    with pytest.raises(ValueError, match="parameter SIZE cannot be set: .* its type must be .*; got complex"):
        parameters["SIZE"].convert("5")


def test_a_notebook_without_kernelspec_is_as_good_as_any(make_lesson):
    lesson = read_lesson(make_lesson("01_a", kernel=None))
    assert (lesson.problem, lesson.fixed, list(lesson.parameters)) == ("", "", ["EPOCHS", "NAME", "RATE"])


def test_a_mark_that_an_editor_puts_in_front_is_no_part_of_the_notebook(make_lesson):
    path = make_lesson("01_a")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    lesson = read_lesson(path)
    assert not lesson.problem and list(lesson.parameters) == ["EPOCHS", "NAME", "RATE"] and lesson.text.startswith("{")


def test_a_notebook_of_the_third_format_is_read(tmp_path):
    path = tmp_path / "01_a.ipynb"
    cell = {"cell_type": "code", "input": ["1"], "language": "python", "metadata": {}, "outputs": []}
    third = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    path.write_text(json.dumps(third), encoding="utf-8")
    assert not read_lesson(path).problem


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"", "is empty"),
        (b"not json", "is no notebook"),
        (b"[]", "is no notebook"),
        (b'{"metadata": {}}', "is no notebook"),
        (b'{"cells": [{"metadata": {"tags": ["parameters"]}}]}', "is no notebook"),
        ("{}".encode("utf-16"), "is in UTF-16: save it as UTF-8"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "has Git's marks of a conflict .*line 2.*: resolve it"),
        (b"\xff\x80", "is no notebook .UnicodeDecodeError"),
    ],
)
def test_a_damaged_notebook_says_what_is_wrong_and_stays_as_it_was(tmp_path, content, problem):
    path = tmp_path / "01_a.ipynb"
    path.write_bytes(content)
    lesson = read_lesson(path)
    assert re.match(rf"01_a\.ipynb {problem}.*; its file is as it was$", lesson.problem)
    assert path.read_bytes() == content


def test_a_notebook_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "01_a.ipynb").mkdir()
    assert "01_a.ipynb cannot be read (IsADirectoryError" in read_lesson(tmp_path / "01_a.ipynb").problem
