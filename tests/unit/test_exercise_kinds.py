"""The kinds of exercises: what a declaration says is what an answer gets."""

import doctest

import numpy as np
import pytest

from course_utils.exercises import kinds
from course_utils.exercises.exercise import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED
from course_utils.exercises.kinds import Function, Letters, Numbers, Slip, anything

HINTS = ("a nudge", "nearly the answer")


def test_the_example_of_the_docstring():
    assert doctest.testmod(kinds) == (0, 4)


def sides(width=3, height=4):
    return width * height, 2 * (width + height)


TWO = Numbers(
    sides,
    names=("area", "way around"),
    data=lambda number: (3 + number, 4),
    slips={
        "area": [
            Slip(lambda width, height: width + height, lambda came, width, height: f"{came} is {width} + {height}."),
            Slip(0, "no area", when=lambda came, *data: came == 0),
            Slip(lambda width, height: 5 if width == 3 else None, "five"),
        ],
        "way around": [Slip(["N"], "that is a list", when=lambda came, *data: isinstance(came, list))],
    },
    hints=HINTS,
    done=lambda width, height: f"{width} by {height}",
)


@pytest.mark.parametrize(
    "answer, number, outcome, message",
    [
        ((12, 14), 0, CORRECT, "3 by 4"),
        ({"way around": 16.0, "area": np.float32(16)}, 1, CORRECT, "4 by 4"),
        ((7, 14), 0, INCORRECT, "7 is 3 + 4."),
        ((9, 14), 2, INCORRECT, "9 is 5 + 4."),
        ((0, 14), 0, INCORRECT, "no area"),
        ((5, 14), 0, INCORRECT, "five"),
        ((5, 14), 1, INCORRECT, "area is too small."),
        ((12, ["N", "N"]), 0, INCORRECT, "that is a list"),
        (
            (12, float("nan")),
            0,
            INCORRECT,
            "way around is NaN, which means “not a number”: 0 / 0 gives it, for example.",
        ),
        ((12, True), 0, INCORRECT, "way around must be one number, not True or False."),
        (12, 0, INCORRECT, "2 numbers are asked for, in this order: area, way around."),
        ((12, ...), 0, NOT_ATTEMPTED, "dots (...) are left in 1 of 2 parts: replace them, and run the cell again."),
    ],
)
def test_numbers(answer, number, outcome, message):
    verdict = TWO.judge(answer, number)
    assert (verdict.outcome, verdict.message) == (outcome, message)


def test_the_right_number_is_not_told():
    assert TWO.judge((11, 14)).parts == {"came": "11"}


def test_slips_hand_in_themselves():
    assert [(answer, slip.message) for answer, slip in TWO.mistakes(1) if not callable(slip.message)] == [
        ({"area": 0, "way around": 16}, "no area"),
        ({"area": 16, "way around": ["N"]}, "that is a list"),
    ]
    assert len(list(TWO.mistakes(0))) == 4


def test_slips_need_names_that_are_asked_for():
    with pytest.raises(ValueError, match=r"exercise sides: slips must have names of \('area', 'way'\); got are"):
        Numbers(sides, names=("area", "way"), slips={"area": [], "are": []}, hints=HINTS)


def rows(shape=(2, 3)):
    return np.arange(6.0).reshape(shape)


ROWS = Numbers(
    rows,
    slips=[
        Slip(6, "one number", when=lambda came: np.ndim(came) == 0),
        Slip(lambda: rows().T, "exchanged"),
        Slip(lambda: rows() + 1, lambda came: f"the first is {came[0][0]:.0f}", when=anything),
    ],
    hints=HINTS,
)


@pytest.mark.parametrize(
    "answer, message",
    [
        (rows().tolist(), ""),
        (3, "one number"),
        (rows().T, "exchanged"),
        (rows() + 2, "the first is 2"),
        ([["0", "1"]], "this is no array of numbers, but text: leave out the quotes."),
    ],
)
def test_an_array(answer, message):
    assert ROWS.judge(answer).message == message


def many():
    return 138_357_544


MANY = Numbers(many, slips=[Slip(-1, "below 0", when=lambda came: came < 0)], hints=HINTS)


@pytest.mark.parametrize(
    "answer, message",
    [
        (138_357_544.0, ""),
        (138_357_545, "the number is too large."),
        (np.float32(-2), "below 0"),
        ("-1", "the number must be a number, not a text: leave out the quotes."),
        ([-1, -2], "the number must be one number. Yours has the shape 2."),
        (None, "this is no array of numbers: None stands in the place of a number."),
    ],
)
def test_a_large_number_is_exact_and_a_slip_is_asked_only_what_the_answer_can_tell(answer, message):
    assert MANY.judge(answer).message == message


def two_points():
    return (0, 1), (2, 3)


POINTS = Numbers(
    two_points,
    names=("first", "second"),
    kind="points",
    slips={"first": [Slip((1, 0), "exchanged")], "second": [Slip((3, 2), "exchanged, too")]},
    hints=HINTS,
)


@pytest.mark.parametrize(
    "answer, message",
    [
        ([(0, 1), (2, 3)], ""),
        (np.array([[1, 0], [2, 3]]), "exchanged"),
        ({"second": [3, 2], "first": (0, 1)}, "exchanged, too"),
        ([(0, 1)], "2 points are asked for, in this order: first; second."),
    ],
)
def test_several_arrays_with_names(answer, message):
    assert POINTS.judge(answer).message == message


def double(numbers, times):
    return 2 * times * np.asarray(numbers)


def in_place(numbers, times):
    numbers *= 2 * times
    return numbers


DOUBLE = Function(
    double,
    probes=lambda number: [(np.array([1.0, 2.0]) + number, 1), (np.array([3.0, 5.0]), 2)],
    slips=[
        Slip(lambda numbers, times: np.asarray(numbers) * 2, "times is not used"),
        Slip(lambda numbers, times: numbers + 2 * times, "added"),
        Slip(lambda numbers, times: np.asarray(numbers) ** 2 * times, "squared"),
        Slip(lambda numbers, times: np.square(numbers), "squared, and times is not used"),
        Slip(lambda numbers, times: "2", "text", when=lambda came, *given: isinstance(came, str)),
    ],
    hints=HINTS,
    done="Twice.",
)


@pytest.mark.parametrize(
    "answer, outcome, message",
    [
        (lambda numbers, times: [2 * times * number for number in numbers], CORRECT, "Twice."),
        (lambda numbers, times: 2 * numbers, INCORRECT, "times is not used"),
        (lambda numbers, times: times * numbers * numbers, INCORRECT, "squared"),
        (lambda numbers, times: numbers * numbers, INCORRECT, "squared, and times is not used"),
        (lambda numbers, times: f"{numbers}", INCORRECT, "text"),
        (lambda numbers, times: numbers[:1], INCORRECT, "the shape is 1; it should be 2."),
        (
            in_place,
            INCORRECT,
            "your function changes the array that it was given. Whoever calls it still needs that array",
        ),
        (lambda numbers, times: ..., NOT_ATTEMPTED, "put your answer"),
        (lambda numbers: numbers, CANNOT_CHECK, "your code raised an error."),
        (3, INCORRECT, "hand over the function itself"),
    ],
)
def test_a_function(answer, outcome, message):
    verdict = DOUBLE.judge(answer)
    assert verdict.outcome == outcome and verdict.message.startswith(message)


def test_of_slips_that_agree_on_a_probe_the_one_that_agrees_on_all_is_told():
    """On the first probe, 'squared' and 'squared, and times is not used' are the same."""

    def breaks_off(numbers, times):
        return numbers * numbers if times == 1 else 1 / 0

    assert DOUBLE.judge(lambda numbers, times: numbers**2).message == "squared, and times is not used"
    assert DOUBLE.judge(lambda numbers, times: numbers**2 if times == 1 else numbers).message == "squared"
    assert DOUBLE.judge(breaks_off).message == "squared"


def is_even(number):
    return number % 2 == 0


EVEN = Function(
    is_even,
    probes=[(1,), (2,), (5,)],
    everywhere=True,
    slips=[
        Slip(lambda number: number % 2 == 1, "odd"),
        Slip(lambda number: True, "always"),
        Slip(lambda number: number < 3, "by hand", when=anything),
    ],
    hints=HINTS,
)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda number: number % 2, "odd"),
        (lambda number: np.True_, "always"),
        (lambda number: number < 4, "by hand"),  # on the first probe, it is as wrong as the others
        (lambda number: number != 5, "by hand"),
        (lambda number: number % 2 == 0, ""),
    ],
)
def test_a_function_with_few_results_shows_a_slip_on_all_probes_or_none(answer, message):
    assert EVEN.judge(answer).message == message


def test_a_function_says_what_was_tried_expected_and_came():
    assert DOUBLE.judge(lambda numbers, times: 2 * numbers, 1).parts == {
        "tried": "double(numbers=[3.0, 5.0], times=2)",
        "expected": "[12. 20.]",
        "came": "[ 6. 10.]",
    }


COUNTED = Function(
    sides,
    probes=[(3, 4), (1000, 2)],
    names=("area", "way"),
    slips={"way": [Slip(lambda width, height: width + height, "two sides only")], "area": []},
    hints=HINTS,
)


def test_a_function_of_several_numbers():
    ((half, slip),) = COUNTED.mistakes()
    verdict = COUNTED.judge(half)
    assert verdict.message == "two sides only" and verdict.slip is slip
    assert verdict.parts == {
        "tried": "sides(width=3, height=4)",
        "expected": "area = 12, way = 14",
        "came": "area = 12, way = 7",
    }
    assert COUNTED.judge(lambda width, height: 3).message == "2 numbers are asked for, in this order: area, way."
    assert COUNTED.judge(lambda width, height: (width * height, 2 * width)).message == "way is too small."


def twice_and_thrice():
    return {"twice": "b", "thrice": "ac"}


LETTERS = Letters(
    twice_and_thrice,
    reasons={"twice": {"a": "a is once."}, "thrice": {"a": "a is there.", "b": "b is not.", "c": "c is there."}},
    asks={"twice": "a or b"},
    hints=HINTS,
    done="Yes.",
)


@pytest.mark.parametrize(
    "answer, outcome, message",
    [
        (["B", ["a", "c"]], CORRECT, "Yes."),
        ({"thrice": "c, a", "twice": "b"}, CORRECT, "Yes."),
        (["a", "ac"], INCORRECT, "twice: a: a is once."),
        (["b", "abc"], INCORRECT, "thrice: b: b is not."),
        (["b", "a"], INCORRECT, "thrice: one is missing. c is there."),
        (["b", "d"], INCORRECT, "thrice: answer with one or more of the letters a, b, c in quotes, such as 'a'."),
        (["ab", "ac"], INCORRECT, "twice: answer with a or b."),
        ("b", INCORRECT, "2 choices are asked for, in this order: twice; thrice."),
        (..., NOT_ATTEMPTED, "put your answer in the place of the dots (...), and run the cell again."),
    ],
)
def test_letters(answer, outcome, message):
    verdict = LETTERS.judge(answer)
    assert (verdict.outcome, verdict.message) == (outcome, message)


def test_each_reason_is_a_slip():
    assert [(answer, slip.message) for answer, slip in LETTERS.mistakes()] == [
        ({"twice": "a", "thrice": "ac"}, "twice: a: a is once."),
        ({"twice": "b", "thrice": "c"}, "thrice: one is missing. a is there."),
        ({"twice": "b", "thrice": "acb"}, "thrice: b: b is not."),
        ({"twice": "b", "thrice": "a"}, "thrice: one is missing. c is there."),
    ]


def test_letters_that_follow_a_number():
    exercise = Letters(
        lambda right="a": right,
        reasons=lambda right: dict.fromkeys({"a", "b"} - {right}, "the other one."),
        data=lambda number: ("ab"[number % 2],),
        hints=HINTS,
    )
    assert exercise.judge("a").outcome == exercise.judge("B", 1).outcome == CORRECT
    assert exercise.judge("a", 1).message == "a: the other one."


def test_a_letter_that_may_be_left_out_needs_a_reason():
    with pytest.raises(
        ValueError,
        match=r"exercise twice_and_thrice must have a reason for each letter; got none for \['c'\] of thrice",
    ):
        Letters(twice_and_thrice, reasons={"twice": {}, "thrice": {"a": "a."}}, hints=HINTS)
