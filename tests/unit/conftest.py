"""Fixtures of the tests of batches."""

import pytest

from course_utils.batch.record import Spec

PARAMETERS = "EPOCHS: int = 3  # passes over the data, at least 1"


@pytest.fixture
def spec_of(make_lesson, tmp_path):
    """The run of a small notebook: `spec_of("01_name", "print(1)", …, EPOCHS=7)`."""

    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)

    def make(name, *sources, timeout=60, exercises=(), parameters=PARAMETERS, **changed):
        text = make_lesson(name, *sources, parameters=parameters).read_text(encoding="utf-8")
        everything = {"EPOCHS": 3, **changed}
        return Spec(name, name, text, everything, changed, timeout, exercises=exercises, scratch=str(scratch))

    return make
