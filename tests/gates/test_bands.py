"""Trained numbers against their bands: those of three stored seeds, and those of the stored notebooks.

nbval runs each notebook again; what it records then is held against the same bands (conftest.py at the root).
"""

import csv
import statistics
import subprocess
import sys

import nbformat
import pytest
from bands import BANDS, broken
from running import LESSONS, NOTEBOOKS, text_of

from course_utils.batch.lessons import read_lesson
from course_utils.paths import shipped
from course_utils.results import published, read_records

SEEDS = ["0", "1", "2"]


def stored_seeds():
    """By lesson and seed the recorded numbers of `course run seeds`, as data/seed_results.csv keeps them."""
    found = {}
    with open(shipped("seed_results.csv"), newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            found.setdefault(row["lesson"], {}).setdefault(row["seed"], {})[row["name"]] = row["value"]
    return found


def seeds_of_today(folder):
    """The same of a run of `course run seeds` in `folder`."""
    command = [sys.executable, "-m", "course_utils", "run", "seeds", "--notebooks", str(NOTEBOOKS), "--out", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = {}
    with open(folder / "out" / "results.csv", newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            numbers = {name: value for name, value in row.items() if value}
            found.setdefault(row["lesson"].lstrip("0123456789_"), {})[row["SEED"]] = numbers
    return found


def seeds_keep_the_bands(seeds):
    """Every band for every seed; and over three seeds of 400 test pictures, fine-tuning within one standard error of the frozen base."""
    assert seeds.keys() == BANDS.keys()
    for lesson, several in seeds.items():
        assert sorted(several) == SEEDS
        for seed, numbers in several.items():
            assert broken(lesson, numbers) == [], f"{lesson}, SEED={seed}"
    frozen, tuned = (
        statistics.mean(float(numbers[f"test_accuracy_{name}"]) for numbers in seeds["fine_tuning"].values())
        for name in ("frozen", "fine_tuned")
    )
    assert tuned >= frozen - (frozen * (1 - frozen) / (len(SEEDS) * 400)) ** 0.5


def test_every_stored_seed_keeps_the_bands():
    seeds_keep_the_bands(stored_seeds())


@pytest.mark.long
def test_every_seed_of_today_keeps_the_bands(tmp_path):
    seeds_keep_the_bands(seeds_of_today(tmp_path))


@pytest.mark.parametrize("lesson", BANDS)
def test_the_stored_notebook_keeps_the_bands(lesson):
    assert broken(lesson, read_records(nbformat.read(LESSONS[lesson], 4))) == []


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
        (
            "fine_tuning",
            {"test_accuracy_frozen": 0.9, "test_accuracy_fine_tuned": 0.86},
            "no worse than the frozen base, within two standard errors of 400 test pictures: no",
        ),
        ("fine_tuning", {"test_accuracy_from_scratch": 0.95, "test_accuracy_frozen": 0.94}, "better than a network"),
    ],
)
def test_a_number_outside_of_its_band_is_named(lesson, numbers, claim):
    assert any(claim in problem for problem in broken(lesson, numbers, complete=False))


def test_a_number_that_was_not_recorded_is_named_once_all_are_there():
    numbers = {"best_val_loss": 0.6, "last_val_loss": 1.4}
    assert broken("checkpointing", numbers, complete=False) == []
    (problem,) = broken("checkpointing", numbers)
    assert problem == "resuming changes nothing but rounding: resumed_difference was not recorded"


@pytest.mark.parametrize("lesson", [name for name, path in LESSONS.items() if "EPOCHS" in read_lesson(path).parameters])
def test_the_verdicts_that_a_reader_sees_hold(lesson):
    """The stored notebooks are what students see first; nbval then checks that every machine comes to the same verdicts."""
    notebook = nbformat.read(LESSONS[lesson], 4)
    text = text_of(notebook)
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
