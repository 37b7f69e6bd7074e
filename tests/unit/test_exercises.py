"""Every exercise against its reference solution, other right answers, and the slips that learners make: each slip has a message of its own.

A declared exercise hands in its slips itself; for one with a checker of its own they stand among the cases.
"""

import importlib.util
import re
from pathlib import Path

import pytest

from course_utils import exercises
from course_utils.exercises import kinds
from course_utils.exercises.exercise import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED

#: Messages that say no more than "wrong": a named slip must get a better one.
GENERIC = re.compile(
    r"^the shape is |^the number is not right|is too (large|small)\.$|^Go through|^one is missing\. Go|^this is no array|numbers are asked for"
)


def cases_of(lesson):
    path = Path(__file__).parent / "exercise_cases" / f"{lesson}.py"
    spec = importlib.util.spec_from_file_location(f"cases_{lesson}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


CASES = {(lesson, name): case for lesson in exercises.names() for name, case in cases_of(lesson).items()}
EXERCISES = {
    (lesson, exercise.name): exercise
    for lesson in exercises.names()
    for exercise in importlib.import_module(f"course_utils.exercises.{lesson}").EXERCISES
}


def over(keys):
    return pytest.mark.parametrize("lesson, name", list(keys), ids=lambda part: part)


def is_declared(exercise):
    return hasattr(exercise, "mistakes")


DECLARED = [key for key, exercise in EXERCISES.items() if is_declared(exercise)]


def numbers_of(exercise):
    """With which data an exercise is tried."""
    return (0, 1, 2) if exercise.varies else (0,)


def solution_of(exercise, case, number=0):
    """The reference's answer: itself, or the value that it returns for the data of `number`."""
    if not case.get("value"):
        return exercise.reference
    return exercise.reference(*(exercise.data(number) if is_declared(exercise) else ()))


ALL = over(EXERCISES)
FUNCTIONS = over(key for key, case in CASES.items() if not case.get("value"))


def expect_own_messages(exercise, mistakes, number=0):
    """Expect each wrong answer to be incorrect, and its message to be said of no other; `mistakes` gives (answer, verdict is right)."""
    messages = []
    for answer, is_own in mistakes:
        verdict = exercise.judge(answer, number)
        assert verdict.outcome == INCORRECT and is_own(verdict), f"with the data of {number}: {verdict}"
        assert not GENERIC.search(verdict.message), verdict
        assert " at 0x" not in str(verdict) and str(Path(__file__).parents[2]) not in str(verdict)
        messages.append(verdict.message)
    twice = {message for message in messages if messages.count(message) > 1}
    assert not twice, "two slips share a message"
    return messages


@pytest.mark.parametrize("lesson", exercises.names())
def test_each_lesson_has_at_least_four_exercises_and_cases_for_each(lesson):
    names = [name for of, name in EXERCISES if of == lesson]
    assert len(names) >= 4 and names == [name for of, name in CASES if of == lesson]


@ALL
def test_right_answers_are_accepted_however_they_are_written(lesson, name):
    exercise, case = EXERCISES[lesson, name], CASES[lesson, name]
    assert len(case["right"]) >= 2
    for answer in [solution_of(exercise, case), *case["right"]]:
        verdict = exercise.judge(answer)
        assert verdict.outcome == CORRECT, f"{answer}: {verdict}"


@pytest.fixture
def half_precision():
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@over(
    key
    for key, case in CASES.items()
    if not case.get("value") and hasattr(importlib.import_module(f"course_utils.exercises.{key[0]}"), "keras")
)
def test_right_functions_are_accepted_under_a_policy_of_mixed_precision(half_precision, lesson, name):
    verdict = EXERCISES[lesson, name].judge(EXERCISES[lesson, name].reference)
    assert verdict.outcome == CORRECT, verdict


@over(key for key, exercise in EXERCISES.items() if exercise.varies)
def test_the_right_answer_follows_the_data(lesson, name):
    exercise = EXERCISES[lesson, name]
    for number in numbers_of(exercise):
        answer = solution_of(exercise, CASES[lesson, name], number)
        verdict = exercise.judge(answer, number)
        assert verdict.outcome == CORRECT, f"with the data of {number}: {verdict}"


def expect_slips_to_show(exercise, number):
    """Expect each declared slip to get its own message; of the task's own data, expect them to show all."""
    mistakes = [(answer, lambda verdict, slip=slip: verdict.slip == slip) for answer, slip in exercise.mistakes(number)]
    messages = expect_own_messages(exercise, mistakes, number)
    if number == 0:
        assert len(messages) >= 4
        if hasattr(exercise, "slips"):
            assert len(messages) == sum(map(len, exercise.slips.values())), "the task's own data cannot show a slip"


@over(DECLARED)
def test_each_declared_slip_gets_its_own_message(lesson, name):
    for number in numbers_of(EXERCISES[lesson, name]):
        expect_slips_to_show(EXERCISES[lesson, name], number)


@pytest.mark.parametrize(
    "slips, number, message",
    [
        ({4: "four", 5: "five", 7: "seven", 9: "nine"}, 3, "with the data of 3: Correct"),
        ({4: "four", 5: "five", 7: "seven"}, 0, ">= 4"),
        ({4: "four", 5: "five", 7: "seven", 8: "four"}, 0, "two slips share a message"),
        ({4: "four", 5: "five", 7: "seven", 8: "the number is too large."}, 0, "too large"),
        ({4: "four", 5: "five", 7: "seven", 4 + 1e-9: "shadowed"}, 0, "Not yet: four"),
    ],
)
def test_a_faulty_declaration_is_found(slips, number, message):
    def three(offset):
        return 6 - 2 * bool(offset)

    exercise = kinds.Numbers(
        three,
        data=lambda number: (number,),
        slips=[kinds.Slip(wrong, text) for wrong, text in slips.items()],
        hints=("a", "b"),
    )
    with pytest.raises(AssertionError, match=message):
        expect_slips_to_show(exercise, number)


@over(key for key in EXERCISES if key not in DECLARED)
def test_each_slip_gets_a_message_of_its_own(lesson, name):
    wrong = CASES[lesson, name]["wrong"].values()
    messages = expect_own_messages(
        EXERCISES[lesson, name],
        [(answer, lambda verdict, words=words: words in verdict.message) for answer, words in wrong],
    )
    assert len(messages) >= 4


@over(DECLARED)
def test_what_is_declared_needs_no_second_list_of_slips(lesson, name):
    """Among the cases of a declared exercise are only answers whose message its framework gives."""
    exercise, wrong = EXERCISES[lesson, name], CASES[lesson, name].get("wrong", {})
    for slip, (answer, words) in wrong.items():
        verdict = exercise.judge(answer)
        assert verdict.outcome == INCORRECT and words in verdict.message and verdict.slip is None, f"{slip}: {verdict}"


@ALL
def test_dots_are_not_an_attempt(lesson, name):
    assert EXERCISES[lesson, name].judge(...).outcome == NOT_ATTEMPTED


@FUNCTIONS
def test_a_stub_that_returns_dots_is_not_an_attempt(lesson, name):
    stub = CASES[lesson, name].get("stub", lambda *arguments: ...)
    verdict = EXERCISES[lesson, name].judge(stub)
    assert verdict.outcome == NOT_ATTEMPTED, verdict


@FUNCTIONS
def test_code_that_raises_cannot_be_checked_and_its_error_is_shown(lesson, name):
    def broken(*arguments):
        raise KeyError("no such picture")

    verdict = EXERCISES[lesson, name].judge(CASES[lesson, name].get("broken", broken))
    assert verdict.outcome == CANNOT_CHECK and "KeyError: 'no such picture'" in verdict.parts["error"], verdict


@ALL
def test_hints_and_solution_are_there(lesson, name, capsys):
    task = getattr(exercises.lesson(lesson), name)
    for hint in task.exercise.hints:
        task.hint()
        assert hint in capsys.readouterr().out
    task.solution()
    assert capsys.readouterr().out.startswith((f"def {name}(", f"class {name}"))
