"""What the checks of several lessons share: how answers are tried and compared, and how messages are worded."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from course_utils.exercises.comparing import (
    as_array,
    close,
    expect_array,
    expect_choices,
    expect_letters,
    expect_number,
    expect_numbers,
)
from course_utils.exercises.trying import Raised, Unanswered, Wrong, call, refuse_dots, take
from course_utils.exercises.words import in_short, named_call, short_traceback

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


def test_what_a_function_does_to_a_dict_stays_there():
    table = {1: 2, 3: 4}
    assert call(lambda table: table.pop(1), table) == 2 and table == {1: 2, 3: 4}


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


@pytest.mark.parametrize(
    "answer, words",
    [
        (3, "the side is too small."),
        (9, "a nine."),
        ("7", "leave out the quotes"),
        ([1, 2], "must be one number. Yours has the shape 2"),
        (True, "must be one number, not True or False"),
        (None, "no array of"),
        ({7}, r"must be one number; this is a set with one number in it, because of the braces { }: leave them out"),
        ({7, 8}, r"must be one number; this is a set, because of the braces { }"),
        (float("nan"), "the side is NaN, which means “not a number”"),
        (np.float32("nan"), "the side is NaN"),
        (Decimal("NaN"), "the side is NaN"),
        (float("inf"), "the side is too large"),
        (Fraction(13, 2), "the side is too small"),
    ],
)
def test_one_number(answer, words):
    expect_number(np.float32(7), 7)
    expect_number(np.array([7]), 7)
    expect_number(Fraction(14, 2), 7)
    expect_number(Decimal("7.0"), 7)
    with pytest.raises(Wrong, match=words):
        expect_number(answer, 7, [(9, "a nine.")], "the side")


def test_numbers_come_by_name_or_in_order():
    for answer in ({"b": 2, "a": 1}, (1, 2), [1.0, np.int64(2)], np.array([1, 2])):
        expect_numbers(answer, {"a": 1, "b": 2})
    for answer in ((1,), {"a": 1}, 5):
        with pytest.raises(Wrong, match="2 numbers are asked for, in this order: a, b"):
            expect_numbers(answer, {"a": 1, "b": 2})
    with pytest.raises(Wrong, match="b is too large"):
        expect_numbers((1, 3), {"a": 1, "b": 2})


@pytest.mark.parametrize(
    "answer, words",
    [
        ("", "answer with one or more"),
        ("x", "answer with one or more"),
        (3, "answer with one or more"),
        ("abc", "b: no."),
        ("a", "one is missing. think."),
    ],
)
def test_letters(answer, words):
    for right in ("ac", "CA", "a, c", ["a", "c"]):
        expect_choices(right, "ac", {"b": "no.", "c": "think."})
    with pytest.raises(Wrong, match=words):
        expect_choices(answer, "ac", {"b": "no.", "c": "think."})


def test_one_letter_only():
    with pytest.raises(Wrong, match="answer with one of the letters a, b in quotes"):
        expect_choices("ab", "a", {"b": "no."})


def test_tensors_and_lists_become_arrays_and_words_do_not():
    import tensorflow as tf

    assert as_array(tf.constant([1.0, 2.0])).tolist() == [1, 2] and as_array([[1, 2]]).shape == (1, 2)
    with pytest.raises(Wrong):
        as_array(object())


def test_values_in_messages_are_short_and_hold_no_address():
    assert in_short(np.zeros((9, 9))).startswith("shape 9 × 9\n[[0. 0. 0. ... 0. 0. 0.]")
    assert (
        in_short(1234567) == "1,234,567"
        and in_short(refuse_dots) == "refuse_dots (a function or class)"
        and in_short(object()) == "an object of type object"
    )
    assert len(in_short({"a": "b" * 1000})) < 320


def test_fractions_decimals_and_large_whole_numbers_are_numbers_in_arrays_too():
    assert as_array([Fraction(1, 2), Decimal("0.25"), 1]).tolist() == [0.5, 0.25, 1]
    assert as_array([2**70]).tolist() == [float(2**70)]
    with pytest.raises(Wrong, match=r"this is a set, because of the braces { }: write a list, with \[ \]"):
        as_array({1, 2})


def test_nan_in_an_array_is_said():
    with pytest.raises(
        Wrong,
        match=r"1 of 3 numbers are not \(1 of them NaN, not a number, as 0 / 0 gives\); the first that differs stands at \(1,\)",
    ):
        expect_array([1, np.nan, 3], [1, 2, 3])
    with pytest.raises(Wrong, match="the number is NaN"):
        expect_array(np.nan, 2)
    expect_array([np.nan], [np.nan])


def test_half_precision_is_allowed_its_rounding_and_no_more():
    import tensorflow as tf

    right = np.array([0.1, 0.7, 0.2])
    for kind, step in [("float16", 2**-10), ("bfloat16", 2**-7)]:
        for error, is_close in [(4, True), (12, False)]:
            came = as_array(tf.constant(right + error * step * 0.7, kind))
            assert close(came, right, 1e-4) == is_close, (kind, error)
    assert not close((right + 1e-3).astype("float32"), right, 1e-4)
    assert in_short(tf.constant([0.5, 1], "bfloat16")) == "[0.5 1. ]"


@pytest.mark.parametrize(
    "text", ["\x1b[1mDense\x1b[0m", "\x1b[38;5;34mDense\x1b[0m", "\x1b]8;;https://keras.io\x1b\\Dense"]
)
def test_codes_that_colour_a_terminal_do_not_reach_the_page(text):
    assert short_traceback(ValueError(text)) == "ValueError: Dense" and in_short(text) == "Dense"


def test_arrays_of_several_shapes_are_told_by_their_shapes():
    assert in_short([np.zeros((3, 2)), np.zeros((1, 2))]) == "2 arrays: 3 × 2, 1 × 2"
    assert in_short([np.zeros(size) for size in range(1, 9)]) == "8 arrays: 1, 2, 3, 4, 5, …"


def test_calls_are_written_as_a_learner_would_write_them():
    def pool(image, size, name):
        pass

    assert named_call(pool, np.zeros((6, 6)), 2, "a") == "pool(image of 6 × 6, size=2, name='a')"
    assert named_call(pool, abs, 2, "a") == "pool(image, size=2, name='a')"
    assert (
        named_call(len, [1, 2]) == "len([1 2])"
        and named_call(pool, np.array([1, 2]), 2, "") == "pool(image=[1, 2], size=2, name='')"
    )
