"""Every exercise against its reference solution, other right answers, and the slips that learners make: each slip has a message of its own."""

import importlib.util
import re
from pathlib import Path

import pytest

from course_utils import exercises
from course_utils.exercises import checking

#: Messages that say no more than "wrong": a named slip must get a better one.
GENERIC = re.compile(
    r"^the shape is |^the number is not right|is too (large|small)\.$|^Go through|^one is missing\. Go|^this is no array|numbers are asked for"
)


def cases_of(number):
    spec = importlib.util.spec_from_file_location(
        f"cases_{number}", Path(__file__).parent / "exercise_cases" / f"lesson_{number}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


LESSONS = [number for number in exercises.NUMBERS if (Path(exercises.__file__).parent / f"lesson_{number}.py").exists()]
CASES = {(number, name): case for number in LESSONS for name, case in cases_of(number).items()}
ALL = pytest.mark.parametrize("number, name", CASES, ids=lambda part: part)
FUNCTIONS = pytest.mark.parametrize(
    "number, name", [key for key, case in CASES.items() if not case.get("value")], ids=lambda part: part
)


def exercise_of(number, name):
    return exercises.lesson(number).exercises[name]


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_at_least_four_exercises_and_cases_for_each(number):
    names = list(exercises.lesson(number).exercises)
    assert len(names) >= 4 and names == [name for lesson, name in CASES if lesson == number]


@ALL
def test_right_answers_are_accepted_however_they_are_written(number, name):
    exercise, case = exercise_of(number, name), CASES[number, name]
    assert len(case["right"]) >= 2
    for answer in [exercise.reference() if case.get("value") else exercise.reference, *case["right"]]:
        verdict = exercise.judge(answer)
        assert verdict.outcome == checking.CORRECT, f"{answer}: {verdict}"


@ALL
def test_each_slip_gets_a_message_of_its_own(number, name):
    exercise, case = exercise_of(number, name), CASES[number, name]
    assert len(case["wrong"]) >= 4
    messages = {}
    for slip, (answer, words) in case["wrong"].items():
        verdict = exercise.judge(answer)
        assert verdict.outcome == checking.INCORRECT, f"{slip}: {verdict}"
        assert words in verdict.message, f"{slip}: {verdict}"
        assert not GENERIC.search(verdict.message), f"{slip}: {verdict}"
        assert " at 0x" not in str(verdict) and str(Path(__file__).parents[2]) not in str(verdict)
        messages[verdict.message] = slip
    assert len(messages) == len(case["wrong"]), (
        f"two slips share a message: {sorted(set(case['wrong']) - set(messages.values()))}"
    )


@ALL
def test_dots_are_not_an_attempt(number, name):
    assert exercise_of(number, name).judge(...).outcome == checking.NOT_ATTEMPTED


@FUNCTIONS
def test_a_stub_that_returns_dots_is_not_an_attempt(number, name):
    stub = CASES[number, name].get("stub", lambda *arguments, **named: ...)
    verdict = exercise_of(number, name).judge(stub)
    assert verdict.outcome == checking.NOT_ATTEMPTED, verdict


@FUNCTIONS
def test_code_that_raises_cannot_be_checked_and_its_error_is_shown(number, name):
    def broken(*arguments, **named):
        raise KeyError("no such picture")

    verdict = exercise_of(number, name).judge(CASES[number, name].get("broken", broken))
    assert verdict.outcome == checking.CANNOT_CHECK and "KeyError: 'no such picture'" in verdict.parts["error"], verdict


@ALL
def test_hints_and_solution_are_there(number, name, capsys):
    exercise = exercise_of(number, name)
    for _ in exercise.hints:
        exercise.hint()
    exercise.solution()
    shown = capsys.readouterr().out
    assert all(hint in shown for hint in exercise.hints) and f"def {name}" in shown or f"class {name}" in shown
