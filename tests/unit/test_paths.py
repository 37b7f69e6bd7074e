"""The lessons' folder is found from anywhere inside a clone."""

import pytest

from course_utils.paths import find_notebooks


def test_lessons_are_found_from_a_folder_below(make_lesson, monkeypatch):
    notebooks = make_lesson("01_a").parent
    (notebooks / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(notebooks / "deep" / "er")
    assert find_notebooks() == notebooks


def test_a_named_folder_is_taken(make_lesson, monkeypatch, tmp_path):
    notebooks = make_lesson("01_a").parent
    monkeypatch.chdir(tmp_path)
    assert find_notebooks("notebooks") == notebooks


def test_outside_a_clone_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="no lessons found in .* or above: run the command inside a clone"):
        find_notebooks()
    with pytest.raises(FileNotFoundError, match="no lessons found in .*: --notebooks names the folder"):
        find_notebooks(tmp_path)
