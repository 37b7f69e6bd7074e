"""The notebooks in the repository agree with their sources."""

from pathlib import Path

from course_utils.batch.build import build

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_every_notebook_agrees_with_its_source():
    build(NOTEBOOKS, check=True)
