"""What the checks of several lessons share, beyond what the exercises themselves test."""

import numpy as np
import pytest

from course_utils.exercises.checking import Raised, Unanswered, Wrong, call, expect_letters, in_short, refuse_dots, take

TWO = {"first": ("a", {"b": "b is the other one."}), "second": ("ac", {"b": "b is no.", "c": "think of c."})}


@pytest.mark.parametrize("answers", [["a", "ca"], ("A", ["a", "c"]), {"second": "a, c", "first": "a"}])
def test_letters_are_compared_name_by_name(answers):
    expect_letters(answers, TWO)


@pytest.mark.parametrize(
    "answers, message",
    [
        (["b", "ac"], "first: b: b is the other one."),
        ({"first": "a", "second": "a"}, "second: one is missing. think of c."),
        (["a", 3], "second: answer with one or more of the letters"),
        (["a"], "2 choices are asked for, in this order: first; second."),
        ("ac", "2 choices"),
        ({"first": "a", "third": "b"}, "2 choices"),
    ],
)
def test_wrong_letters_are_named(answers, message):
    with pytest.raises(Wrong, match=message):
        expect_letters(answers, TWO)


@pytest.mark.parametrize("answer", [..., [1, ...], {"side": ...}, [[1, ...], [2, 3]], {"sizes": (1, ...)}])
def test_dots_are_found_one_level_down_too(answer):
    with pytest.raises(Unanswered):
        refuse_dots(answer)


@pytest.mark.parametrize(
    "answer, words",
    [([1, ...], "1 of 2 parts"), ([(0, 30), ..., (0, 20)], "1 of 3 parts"), ([(..., ...), 1], "1 of 2 parts")],
)
def test_parts_with_dots_are_counted_as_the_learner_sees_them(answer, words):
    with pytest.raises(Unanswered, match=words):
        refuse_dots(answer)


def test_a_model_is_no_function():
    class Model:
        trainable_weights = []

        def __call__(self, inputs):
            return inputs

    with pytest.raises(Wrong, match="hand over the function itself"):
        call(Model(), 1)
    assert in_short(Model()) == "an object of type Model" and isinstance(call(Model), Model)


def test_an_answer_without_dots_passes():
    refuse_dots([[1, 2], {"a": "b"}, None])


def numbers_for_ever():
    number = 0
    while True:
        yield number
        number += 1


def test_items_are_taken_from_a_generator_that_never_ends_and_from_one_that_ends_early():
    assert take(numbers_for_ever(), 3) == [0, 1, 2] and take(iter("ab"), 9) == ["a", "b"]


@pytest.mark.parametrize(
    "items, message",
    [
        (numbers_for_ever, "not called"),
        ([1, 2], "returns a list: everything at once"),
        (5, "no `__next__`"),
        ("abc", "no `__next__`"),
    ],
)
def test_what_is_no_iterator_is_named(items, message):
    with pytest.raises(Wrong, match=message):
        take(items, 3)


def test_a_stub_that_yields_dots_is_unanswered_and_an_error_is_the_learners():
    with pytest.raises(Unanswered):
        take((part for part in [...]), 3)
    with pytest.raises(Raised):
        take((1 / part for part in [1, 0]), 3)


@pytest.mark.parametrize(
    "number, text",
    [
        (np.array(0.5), "0.5"),
        (np.float32(0.5), "0.5"),
        (np.array(14_000), "14,000"),
        (14_000, "14,000"),
        (True, "True"),
    ],
)
def test_a_single_number_is_written_as_one(number, text):
    assert in_short(number) == text
