"""Exercises in use: the four outcomes, what is shown and recorded, hints, solutions, progress, and what a batch reads."""

import csv
import io

import numpy as np
import pytest
from IPython.testing.globalipapp import start_ipython

from course_utils import exercises, runtime
from course_utils.batch.folder import results_csv
from course_utils.batch.record import Record
from course_utils.exercises.comparing import expect_array
from course_utils.exercises.exercise import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED, Exercise, Lesson
from course_utils.exercises.trying import Raised, Unanswered, Wrong, call, learners_code
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
    return Exercise(double, check_double, hints=("What is the double of 3?", "Multiply by 2."))


@pytest.fixture
def task(exercise):
    return Lesson("doubling", [exercise]).double


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
    faulty = Exercise(double, lambda answer: 1 / 0, hints=("a", "b"))
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
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs, execution_count=1)])


def test_every_check_is_recorded(task, shown):
    task.check(broken)
    task.check(double)
    assert [metadata[EXERCISES_KEY] for _, metadata in shown] == [[["double", CANNOT_CHECK]], [["double", CORRECT]]]
    assert read_exercises(as_notebook(shown), ["double"]) == {"double": CORRECT}


def test_of_all_checks_of_a_run_the_best_counts_in_a_batch_as_in_progress(task, shown):
    task.check(double)
    task.check(broken)
    task.check(...)
    assert task.outcome == CORRECT and read_exercises(as_notebook(shown), ["double"]) == {"double": CORRECT}


def test_what_is_shown_is_words_for_all_and_escaped(task, shown):
    task.check(lambda numbers: "<b>six</b>")
    ((data, _),) = shown
    assert (
        data["text/plain"].startswith("Not yet: this is no array") and "<strong>Not yet:</strong>" in data["text/html"]
    )
    assert "&lt;b&gt;six" in data["text/html"] and "<b>six" not in data["text/html"]


def test_hints_come_one_by_one_and_the_last_names_the_solution(task, capsys):
    for _ in range(3):
        task.hint()
    first, second, third = capsys.readouterr().out.splitlines()
    assert (
        first == "Hint 1 of 2: What is the double of 3?"
        and "Multiply by 2." in second
        and second == third
        and "ex.double.solution()" in third
    )


def test_the_solution_is_source_that_runs(task, exercise, capsys):
    task.solution()
    found = {"np": np}
    exec(capsys.readouterr().out, found)
    assert exercise.judge(found["double"]).outcome == CORRECT


def test_an_exercise_needs_two_hints():
    with pytest.raises(ValueError, match="exercise double must have at least two hints; got 1"):
        Exercise(double, check_double, hints=("only",))


def progress_of(ex, capsys):
    capsys.readouterr()
    ex.progress()
    return capsys.readouterr().out


def test_progress_shows_the_best_outcome_of_each_exercise(exercise, capsys):
    ex = Lesson("doubling", [exercise])
    assert progress_of(ex, capsys) == "0 of 1 exercises done\n  double                   not attempted\n"
    for answer, best in [
        (..., NOT_ATTEMPTED),
        (broken, CANNOT_CHECK),
        (..., CANNOT_CHECK),
        (np.square, INCORRECT),
        (broken, INCORRECT),
        (double, CORRECT),
        (np.square, CORRECT),
    ]:
        ex.double.check(answer)
        assert (
            progress_of(ex, capsys)
            == f"{int(best == CORRECT)} of 1 exercises done\n  double                   {best}\n"
        )


def test_outcomes_and_hints_live_in_the_lesson_object(capsys):
    one, other = exercises.lesson("pooling"), exercises.lesson("pooling")
    one.pooled_side.check((13, 0))
    one.pooled_side.hint()
    assert "1 of 7 exercises done" in progress_of(one, capsys) and "0 of 7 exercises done" in progress_of(other, capsys)
    other.pooled_side.hint()
    assert capsys.readouterr().out.startswith("Hint 1 of ")


def test_names_are_unique_among_lessons_and_hide_no_method():
    names = [name for lesson in exercises.names() for name in dir(exercises.lesson(lesson)) if name != "progress"]
    assert len(names) == len(set(names)) > 50 and "progress" not in names


def test_a_misspelt_exercise():
    ex = exercises.lesson("pooling")
    with pytest.raises(
        AttributeError,
        match=r"the lesson pooling has no exercise 'avrage_pool' \(did you mean average_pool\?\); it has pooled_side, ",
    ):
        _ = ex.avrage_pool
    assert "swapped" in repr(ex) and {"swapped", "progress"} <= set(dir(ex))


@pytest.mark.parametrize(
    "name, suggestion", [("poling", r" \(did you mean pooling\?\)"), (2, ""), ("2", ""), ("10", "")]
)
def test_an_unknown_lesson(name, suggestion):
    with pytest.raises(
        ValueError,
        match=rf"lesson must be the name of one, 'architectures', .*'visualizing_features'; got {name!r}{suggestion}$",
    ):
        exercises.lesson(name)


def test_lessons_are_the_modules_that_have_exercises(tmp_path, monkeypatch):
    (tmp_path / "inserted.py").write_text("EXERCISES = []\n", encoding="utf-8")
    (tmp_path / "shared.py").write_text("def expect_half():\n    pass\n", encoding="utf-8")
    before = exercises.names()
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    assert sorted([*before, "inserted"]) == sorted(exercises.names()) and len(before) == 10


@pytest.mark.parametrize("number, name", list(enumerate(runtime.FIRST_EDITION)))
def test_a_notebook_of_the_first_edition_still_runs_and_is_told_the_name(number, name, capsys):
    ex = exercises.lesson(f"0{number}")
    said = capsys.readouterr().out
    assert repr(ex) == repr(exercises.lesson(name)) and said.count("\n") == 1
    assert f'is called {name} now: write  ex = exercises.lesson("{name}")' in said
    exercises.progress()
    assert "write  ex.progress()" in capsys.readouterr().out


def record(**outcomes):
    return Record("02_pooling", "02_pooling", "02_pooling.ipynb", "ok", {"N": 1}, "", 1, 2, {"a": 3}, outcomes)


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


def test_what_a_block_of_learners_code_raises_is_theirs_except_verdicts():
    with pytest.raises(Raised), learners_code("next(batches)"):
        next(iter([]))
    for verdict in (Wrong("no"), Unanswered()):
        with pytest.raises(type(verdict)), learners_code():
            raise verdict
