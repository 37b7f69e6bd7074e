"""Trained numbers against bands: a new version of Keras that learns worse, without an error, must not go unnoticed."""

import csv
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.results import published, read_records

ROOT = Path(__file__).parents[2]
SEEDS = 3
PLAN = "title = 'Bands'\n" + "".join(
    f"[[run]]\nlesson = '{lesson}'\ngrid = {{ SEED = [1, 2] }}\n" for lesson in ("04", "06", "08")
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Lessons 04, 06 and 08 at their defaults with three seeds: a dict of lesson to three records.

    Seed 0 is the default: its record is the one that the stored notebook holds, which nbval runs again. The plan `seeds` runs all three.
    """
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "bands.toml").write_text(PLAN)
    command = [
        sys.executable,
        "-m",
        "course_utils",
        "run",
        "bands.toml",
        "--notebooks",
        str(ROOT / "notebooks"),
        "--out",
        "out",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with open(folder / "out" / "results.csv", newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    found = {}
    for lesson in ("04", "06", "08"):
        (stored,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
        several = [row for row in rows if row["lesson"].startswith(lesson)]
        assert [row["SEED"] for row in several] == ["1", "2"]
        found[lesson] = [read_records(nbformat.read(stored, 4)), *several]
    return found


def numbers(rows, name):
    return [float(row[name]) for row in rows]


def test_the_best_epoch_of_lesson_04_is_not_its_last(runs):
    for best, last in zip(numbers(runs["04"], "best_val_loss"), numbers(runs["04"], "last_val_loss")):
        assert 0.2 < best < last


def test_resuming_in_lesson_04_changes_nothing_but_rounding(runs):
    assert max(numbers(runs["04"], "resumed_difference")) < 1e-3


def test_lesson_06_learns_its_training_pictures_and_not_the_others_without_augmentation(runs):
    assert min(numbers(runs["06"], "train_accuracy_plain")) >= 0.97
    assert (
        0.5
        < min(numbers(runs["06"], "best_val_accuracy_plain"))
        <= max(numbers(runs["06"], "best_val_accuracy_plain"))
        <= 0.80
    )


def test_augmentation_in_lesson_06_adds_at_least_eight_points(runs):
    for plain, augmented in zip(
        numbers(runs["06"], "best_val_accuracy_plain"), numbers(runs["06"], "best_val_accuracy_augmented")
    ):
        assert plain + 0.08 <= augmented < 1


def test_fine_tuning_in_lesson_08_is_no_worse_than_the_frozen_base(runs):
    """On test pictures, within one standard error of the frozen base's accuracy over three seeds of 400 pictures each."""
    scratch, frozen, tuned = (
        numbers(runs["08"], f"test_accuracy_{name}") for name in ("from_scratch", "frozen", "fine_tuned")
    )
    mean = statistics.mean(frozen)
    assert statistics.mean(tuned) >= mean - (mean * (1 - mean) / (SEEDS * 400)) ** 0.5
    assert min(frozen) > 0.85 and max(tuned) < 1 and statistics.mean(scratch) < mean


@pytest.mark.parametrize(
    "lesson",
    [
        "03_architectures",
        "04_checkpointing",
        "05_generators",
        "06_augmentation",
        "07_feature_extraction",
        "08_fine_tuning",
        "09_visualizing_features",
    ],
)
def test_the_verdicts_that_a_reader_sees_hold(lesson):
    """The stored notebooks are what students see first; nbval then checks that every machine comes to the same verdicts."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    text = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert ": yes" in text and ": no\n" not in text and ": no," not in text and read_records(notebook)


@pytest.mark.parametrize(
    "lesson, name, low, high",
    [
        ("07", "last_val_accuracy_features", 0.98, 1.0),
        ("04", "best_val_loss", 0.7, 1.2),
        ("05", "test_accuracy", 0.98, 0.995),
        ("06", "best_val_accuracy_plain", 0.66, 0.80),
        ("06", "best_val_accuracy_augmented", 0.74, 0.90),
    ],
)
def test_our_full_runs_agree_with_the_lectures(lesson, name, low, high):
    """Bands around the lectures' own numbers, for what data/reference_results.csv holds."""
    ours, lecture = published("reference", lesson), published("lecture", lesson)
    if name not in ours:
        pytest.skip(f"plan full was not run for lesson {lesson} yet")
    assert low <= ours[name] <= high
    assert name not in lecture or low <= lecture[name] <= high
