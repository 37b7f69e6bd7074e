"""Trained numbers against their bands: those of three stored seeds, and those of the stored notebooks.

nbval runs each notebook again; what it records then is held against the same bands (conftest.py at the root).
"""

import csv
import statistics
from pathlib import Path

import nbformat
import pytest
from bands import BANDS, broken

from course_utils.paths import shipped
from course_utils.results import published, read_records

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.stem[3:]: path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
SEEDS = ["0", "1", "2"]


@pytest.fixture(scope="module")
def seeds():
    """By lesson and seed the recorded numbers of `course run seeds`."""
    found = {}
    with open(shipped("seed_results.csv"), newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            found.setdefault(row["lesson"], {}).setdefault(row["seed"], {})[row["name"]] = float(row["value"])
    return found


@pytest.mark.parametrize("lesson", BANDS)
def test_every_stored_seed_keeps_the_bands(lesson, seeds):
    assert sorted(seeds[lesson]) == SEEDS
    for seed, numbers in seeds[lesson].items():
        assert {name for _, names, _ in BANDS[lesson] for name in names} <= numbers.keys()
        assert broken(lesson, numbers) == [], f"SEED={seed}"


def test_fine_tuning_is_no_worse_than_the_frozen_base(seeds):
    """On test pictures, within one standard error of the frozen base's accuracy over three seeds of 400 pictures each."""
    scratch, frozen, tuned = (
        [numbers[f"test_accuracy_{name}"] for numbers in seeds["fine_tuning"].values()]
        for name in ("from_scratch", "frozen", "fine_tuned")
    )
    mean = statistics.mean(frozen)
    assert statistics.mean(tuned) >= mean - (mean * (1 - mean) / (len(SEEDS) * 400)) ** 0.5
    assert statistics.mean(scratch) < mean


@pytest.mark.parametrize("lesson", BANDS)
def test_the_stored_notebook_records_what_the_bands_speak_of_and_keeps_them(lesson):
    numbers = read_records(nbformat.read(NOTEBOOKS[lesson], 4))
    assert {name for _, names, _ in BANDS[lesson] for name in names} <= numbers.keys()
    assert broken(lesson, numbers) == []


@pytest.mark.parametrize(
    ("lesson", "numbers", "claim"),
    [
        (
            "checkpointing",
            {"best_val_loss": 0.7, "last_val_loss": 0.7},
            "the best epoch is not the last one: no; best_val_loss 0.7",
        ),
        ("checkpointing", {"resumed_difference": 0.2}, "resuming changes nothing but rounding: no"),
        ("augmentation", {"train_accuracy_plain": 0.6}, "learns its training pictures: no"),
        (
            "augmentation",
            {"best_val_accuracy_plain": 0.7, "best_val_accuracy_augmented": 0.71},
            "adds at least eight points: no",
        ),
        (
            "fine_tuning",
            {"test_accuracy_frozen": float("nan")},
            "the frozen base is good: no; test_accuracy_frozen nan",
        ),
    ],
)
def test_a_number_outside_of_its_band_is_named(lesson, numbers, claim):
    assert any(claim in problem for problem in broken(lesson, numbers))


@pytest.mark.parametrize(
    "lesson", [lesson for lesson in NOTEBOOKS if "EPOCHS" in NOTEBOOKS[lesson].read_text(encoding="utf-8")]
)
def test_the_verdicts_that_a_reader_sees_hold(lesson):
    """The stored notebooks are what students see first; nbval then checks that every machine comes to the same verdicts."""
    notebook = nbformat.read(NOTEBOOKS[lesson], 4)
    text = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert ": yes" in text
    assert ": no\n" not in text
    assert ": no," not in text
    assert read_records(notebook)


@pytest.mark.parametrize(
    ("lesson", "name", "low", "high"),
    [
        ("feature_extraction", "last_val_accuracy_features", 0.98, 1.0),
        ("checkpointing", "best_val_loss", 0.7, 1.2),
        ("generators", "test_accuracy", 0.98, 0.995),
        ("augmentation", "best_val_accuracy_plain", 0.66, 0.80),
        ("augmentation", "best_val_accuracy_augmented", 0.74, 0.90),
    ],
)
def test_our_full_runs_agree_with_the_published_ones(lesson, name, low, high):
    """Bands around the published numbers, for what data/reference_results.csv holds."""
    ours, published_ones = published("reference", lesson), published("lecture", lesson)
    if name not in ours:
        pytest.skip(f"plan full was not run for {lesson} yet")
    assert low <= ours[name] <= high
    assert name not in published_ones or low <= published_ones[name] <= high
