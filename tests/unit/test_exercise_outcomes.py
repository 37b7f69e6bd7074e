"""Exercises in use: the four outcomes, what is shown and recorded, hints, solutions, progress, and what a batch reads."""

import csv
import io

import numpy as np
import pytest
from IPython.testing.globalipapp import start_ipython

from course_utils import exercises
from course_utils.batch.run import results_csv
from course_utils.exercises import checking
from course_utils.exercises.checking import (
    CANNOT_CHECK,
    CORRECT,
    INCORRECT,
    NOT_ATTEMPTED,
    Exercise,
    Raised,
    Unanswered,
    Wrong,
    as_array,
    call,
    expect_array,
    expect_choices,
    expect_number,
    expect_numbers,
    in_short,
    learners_code,
)
from course_utils.results import EXERCISES_KEY, read_exercises


def double(numbers):
    return 2 * np.asarray(numbers)


def check_double(answer):
    numbers = np.array([1.0, 2.0, 4.5])
    came = call(answer, numbers)
    expect_array(came, 2 * numbers, f"double({numbers.tolist()})", [(numbers**2, "you squared the numbers.")])
    return "Twice the numbers."


@pytest.fixture
def exercise():
    checking._outcomes.clear()
    return Exercise("double", double, check_double, hints=("What is the double of 3?", "Multiply by 2."))


def broken(numbers):
    return numbers[10]


@pytest.mark.parametrize(
    "answer, outcome, words",
    [
        (lambda numbers: numbers + numbers, CORRECT, "Twice the numbers."),
        (lambda numbers: [2 * number for number in numbers], CORRECT, "Twice"),
        (lambda numbers: numbers * numbers, INCORRECT, "you squared the numbers."),
        (
            lambda numbers: numbers,
            INCORRECT,
            "the shape is right, but 3 of 3 numbers are not; the first that differs stands at (0,).",
        ),
        (lambda numbers: numbers[:2], INCORRECT, "the shape is 2; it should be 3."),
        (lambda numbers: None, INCORRECT, "your function returns nothing (None)"),
        (lambda numbers: "six", INCORRECT, "this is no array of numbers"),
        (lambda numbers: [[1, 2], [3]], INCORRECT, "its rows are not equally long"),
        (lambda numbers: numbers.__imul__(2), INCORRECT, "changes the array that it was given"),
        (np.array([2.0, 4.0, 9.0]), INCORRECT, "hand over the function itself"),
        (..., NOT_ATTEMPTED, "put your answer in the place of the dots"),
        (lambda numbers: ..., NOT_ATTEMPTED, "put your answer"),
        (broken, CANNOT_CHECK, "an index lies outside of its array or list"),
        (lambda: 2, CANNOT_CHECK, "wrong number of arguments"),
    ],
)
def test_four_outcomes(exercise, answer, outcome, words):
    verdict = exercise.judge(answer)
    assert verdict.outcome == outcome and words in verdict.message


def test_a_wrong_answer_says_what_was_tried_expected_and_came(exercise):
    text = str(exercise.judge(lambda numbers: numbers * numbers))
    assert text == "\n".join(
        [
            "Not yet: you squared the numbers.",
            "  tried:    double([1.0, 2.0, 4.5])",
            "  expected: [2. 4. 9.]",
            "  came:     [ 1.    4.   20.25]",
        ]
    )


def test_the_learners_line_is_shown_and_no_path(exercise):
    verdict = exercise.judge(broken)
    assert "in broken:\n    return numbers[10]\nIndexError: index 10 is out of bounds" in verdict.parts["error"]
    assert ".py" not in str(verdict) and verdict.parts["tried"] == "broken([1.0, 2.0, 4.5])"


def test_an_error_of_the_check_itself_is_not_taken_for_the_learners():
    faulty = Exercise("faulty", double, lambda answer: 1 / 0, hints=("a", "b"))
    with pytest.raises(ZeroDivisionError):
        faulty.judge(double)


def test_an_interruption_passes_through():
    with pytest.raises(KeyboardInterrupt), learners_code():
        raise KeyboardInterrupt


@pytest.fixture
def shown(monkeypatch):
    """Everything displayed, in a notebook: (data, metadata) pairs."""
    start_ipython()
    calls = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: calls.append((data, metadata)))
    return calls


def as_notebook(shown):
    import nbformat

    outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata) for data, metadata in shown]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])


def test_every_check_is_recorded_and_the_last_one_counts(exercise, shown):
    exercise.check(broken)
    exercise.check(double)
    assert [metadata[EXERCISES_KEY] for _, metadata in shown] == [[["double", CANNOT_CHECK]], [["double", CORRECT]]]
    assert read_exercises(as_notebook(shown)) == {"double": CORRECT}


def test_what_is_shown_is_words_for_all_and_escaped(exercise, shown):
    exercise.check(lambda numbers: "<b>six</b>")
    ((data, _),) = shown
    assert (
        data["text/plain"].startswith("Not yet: this is no array") and "<strong>Not yet:</strong>" in data["text/html"]
    )
    assert "&lt;b&gt;six" in data["text/html"] and "<b>six" not in data["text/html"]


def test_hints_come_one_by_one_and_the_last_names_the_solution(exercise, capsys):
    for _ in range(3):
        exercise.hint()
    first, second, third = capsys.readouterr().out.splitlines()
    assert (
        first == "Hint 1 of 2: What is the double of 3?"
        and "Multiply by 2." in second
        and second == third
        and "ex.double.solution()" in third
    )


def test_the_solution_is_source_that_runs(exercise, capsys):
    exercise.solution()
    found = {"np": np}
    exec(capsys.readouterr().out, found)
    assert exercise.judge(found["double"]).outcome == CORRECT


def test_an_exercise_needs_two_hints():
    with pytest.raises(ValueError, match="exercise one needs at least two hints, got 1"):
        Exercise("one", double, check_double, hints=("only",))


def test_progress_tells_what_is_done_in_this_lesson(exercise, capsys):
    ex = exercises.lesson("02")
    exercises.progress()
    assert capsys.readouterr().out.startswith(
        f"0 of {len(ex.exercises)} exercises done\n  pooled_side              not attempted\n"
    )
    ex.pooled_side.check((12, 0))
    ex.average_pool.check(ex.average_pool.reference)
    capsys.readouterr()
    exercises.progress()
    text = capsys.readouterr().out
    assert f"1 of {len(ex.exercises)} exercises done" in text and "  pooled_side              incorrect\n" in text
    assert "  average_pool             correct\n" in text
    ex.average_pool.check(lambda *arguments: 5)
    capsys.readouterr()
    exercises.progress()
    assert "  average_pool             correct\n" in capsys.readouterr().out  # once done, it stays done


def test_names_are_unique_among_lessons():
    names = [name for number in exercises.NUMBERS for name in exercises.lesson(number).exercises]
    assert len(names) == len(set(names))


def test_a_misspelt_name_and_an_unknown_lesson():
    with pytest.raises(
        AttributeError,
        match=r"lesson 02 has no exercise 'avrage_pool' \(did you mean average_pool\?\); it has pooled_side, ",
    ):
        _ = exercises.lesson("02").avrage_pool
    with pytest.raises(ValueError, match=r"lesson must be one of '00', .*'09'; got 2"):
        exercises.lesson(2)
    assert dir(exercises.lesson("02"))[-1] in repr(exercises.lesson("02"))


def test_progress_before_any_lesson(monkeypatch):
    monkeypatch.setattr(exercises, "_current", [])
    with pytest.raises(ValueError, match="does not know which lesson is meant"):
        exercises.progress()


def record(**outcomes):
    return {
        "lesson": "02",
        "status": "ok",
        "seconds": 1,
        "peak_memory_mb": 2,
        "parameters": {"N": 1},
        "numbers": {"a": 3},
        "exercises": outcomes,
    }


def test_a_batch_writes_what_somebody_tried_and_leaves_out_what_nobody_did():
    rows = list(
        csv.DictReader(
            io.StringIO(
                results_csv(
                    [record(one="not attempted", two="correct"), record(one="not attempted", two="incorrect"), record()]
                )
            )
        )
    )
    assert (
        [row["exercise_two"] for row in rows] == ["correct", "incorrect", ""]
        and "exercise_one" not in rows[0]
        and rows[0]["a"] == "3"
    )


# ---- the helpers that checks share


@pytest.mark.parametrize(
    "answer, words",
    [
        (3, "the side is too small."),
        (9, "a nine."),
        ("7", "leave out the quotes"),
        ([1, 2], "must be one number"),
        (True, "must be one number"),
        (None, "no array of"),
    ],
)
def test_one_number(answer, words):
    expect_number(np.float32(7), 7)
    expect_number(np.array([7]), 7)
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
        and in_short(double) == "double (a function or class)"
        and in_short(object()) == "an object of type object"
    )
    assert len(in_short({"a": "b" * 1000})) < 320


def test_what_a_block_of_learners_code_raises_is_theirs_except_verdicts():
    with pytest.raises(Raised), learners_code("next(batches)"):
        next(iter([]))
    for verdict in (Wrong("no"), Unanswered()):
        with pytest.raises(type(verdict)), learners_code():
            raise verdict
