"""What the checks of several lessons share, beyond what the exercises themselves test."""

import pytest

from course_utils.exercises.checking import Unanswered, Wrong, expect_letters, refuse_dots

TWO = {"first": ("a", {"b": "b is the other one."}), "second": ("ac", {"b": "b is no.", "c": "think of c."})}


@pytest.mark.parametrize("answers", [["a", "ca"], ("A", ["a", "c"]), {"second": "a, c", "first": "a"}])
def test_letters_are_compared_name_by_name(answers):
    expect_letters(answers, TWO)


@pytest.mark.parametrize("answers, message", [
    (["b", "ac"], "first: b: b is the other one."), ({"first": "a", "second": "a"}, "second: one is missing. think of c."),
    (["a", 3], "second: answer with one or more of the letters"), (["a"], "2 choices are asked for, in this order: first; second."),
    ("ac", "2 choices"), ({"first": "a", "third": "b"}, "2 choices"),
])
def test_wrong_letters_are_named(answers, message):
    with pytest.raises(Wrong, match=message):
        expect_letters(answers, TWO)


@pytest.mark.parametrize("answer", [..., [1, ...], {"side": ...}, [[1, ...], [2, 3]], {"sizes": (1, ...)}])
def test_dots_are_found_one_level_down_too(answer):
    with pytest.raises(Unanswered):
        refuse_dots(answer)


def test_an_answer_without_dots_passes():
    refuse_dots([[1, 2], {"a": "b"}, None])
