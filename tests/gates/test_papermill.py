"""Each lesson runs with other parameters, through papermill's own command, from another directory."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils import training
from course_utils.batch.lessons import read_lesson
from course_utils.results import read_records

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHANGED = {
    "00_python_warmup": {"N": 200_000, "BATCH_SIZE": 2, "SEED": 5},
    "01_convolution": {"IMAGE": "coffee", "FILTERS": 1, "SEED": 3},
    "02_pooling": {"IMAGE": "camera", "MAX_SHIFT": 3},
    "03_architectures": {"DATASET": "digits", "N_TRAIN": 60, "EPOCHS": 1, "BATCH_SIZE": 20, "SEED": 3},
    "04_checkpointing": {
        "DATASET": "digits",
        "N_TRAIN": 60,
        "OPTIMIZER": "sgd",
        "EPOCHS": 3,
        "BATCH_SIZE": 16,
        "PATIENCE": 1,
        "SEED": 3,
    },
    "05_generators": {
        "DATASET": "toy_pets",
        "IMAGE_SIZE": 32,
        "N_TRAIN": 120,
        "EPOCHS": 1,
        "BATCH_SIZE": 50,
        "WORKERS": 1,
        "SEED": 3,
    },
    "06_augmentation": {"DATASET": "digits", "N_TRAIN": 300, "EPOCHS": 1, "EPOCHS_AUGMENTED": 1, "FLIP": False},
    "07_feature_extraction": {
        "DATASET": "digits",
        "N_TRAIN": 60,
        "IMAGE_SIZE": 48,
        "IMAGE": "coffee",
        "EPOCHS": 1,
        "EPOCHS_INSIDE": 1,
        "EPOCHS_SCRATCH": 1,
        "SEED": 3,
    },
    "08_fine_tuning": {
        "DATASET": "digits",
        "N_TRAIN": 40,
        "VARIATIONS": 1,
        "FLIP": False,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 1,
        "EPOCHS_SCRATCH": 1,
        "FIRST_UNFROZEN": "block7a_expand_conv",
        "IMAGE": "coffee",
        "SEED": 3,
    },
    "09_visualizing_features": {
        "DATASET": "digits",
        "N_TRAIN": 60,
        "IMAGE_SIZE": 64,
        "IMAGE": "coffee",
        "EPOCHS": 1,
        "EPOCHS_HEAD": 2,
        "STEPS": 2,
        "FLIP": False,
    },
}
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def papermill(path, folder, parameters):
    """Run a lesson; gives papermill's exit code, what it wrote to stderr, and the executed notebook."""
    options = [part for name, value in parameters.items() for part in ("-p", name, str(value))]
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--no-progress-bar",
        "--log-level",
        "ERROR",
        str(path),
        "out.ipynb",
        *options,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stderr, nbformat.read(folder / "out.ipynb", 4)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_that_trains_has_all_its_settings_checked(path):
    """`training.check_settings` is tested elsewhere; here, that each parameter that it knows is handed to it."""
    lesson = read_lesson(path)
    calls = [
        node
        for cell in nbformat.read(path, 4).cells
        if cell.cell_type == "code" and "check_settings" in cell.source
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "check_settings"
    ]
    handed = {
        keyword.arg for call in calls for keyword in call.keywords if getattr(keyword.value, "id", "") == keyword.arg
    }
    known = {name for name in lesson.parameters if name.startswith((*training.LEAST, "LEARNING_RATE"))}
    if "EPOCHS" in lesson.parameters:
        assert len(calls) == 1 and known == handed and "images" in {keyword.arg for keyword in calls[0].keywords}
    else:
        assert not calls and known <= {"SEED", "BATCH_SIZE"}


def text_of(notebook):
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_with_other_parameters(path, tmp_path):
    assert CHANGED[path.stem].keys() <= read_lesson(path).parameters.keys()
    code, stderr, notebook = papermill(path, tmp_path, CHANGED[path.stem])
    assert code == 0, stderr
    assert read_records(notebook)
    assert not any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.parametrize("name", ["01_convolution", "02_pooling"])
def test_a_lesson_runs_on_the_students_own_picture_and_says_what_it_changed(name, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = np.random.default_rng(0).integers(0, 256, (70, 90), np.uint8)
    Image.fromarray(noise).save(tmp_path / "mein Bild.png", exif=exif)
    code, stderr, notebook = papermill(NOTEBOOKS / f"{name}.ipynb", tmp_path, {"IMAGE": "mein Bild.png"})
    assert code == 0, stderr
    assert "mein Bild.png: your own picture" in text_of(notebook) and "height 90, width 70" in text_of(notebook)
    assert "changed: turned upright" in text_of(notebook) and "changed: grey repeated" in text_of(notebook)


@pytest.mark.parametrize(
    "name, parameters, message",
    [
        ("01_convolution", {"IMAGE": "nix.jpg"}, "FileNotFoundError: IMAGE: no file"),
        ("01_convolution", {"MY_KERNEL": "[1, 2]"}, "ValueError: MY_KERNEL needs 9 numbers"),
        ("02_pooling", {"MAX_SHIFT": 0}, "ValueError: MAX_SHIFT must be from 1 to"),
        (
            "03_architectures",
            {"BATCH_SIZE": 401},
            "ValueError: BATCH_SIZE must be at most 400, the number of training images; got 401",
        ),
        ("04_checkpointing", {"OPTIMIZER": "rmsprop"}, "ValueError: OPTIMIZER must be 'adam' or 'sgd'; got 'rmsprop'"),
        ("04_checkpointing", {"PATIENCE": 0}, "ValueError: PATIENCE must be at least 1"),
        ("05_generators", {"WORKERS": 0}, "ValueError: WORKERS must be at least 1"),
        ("06_augmentation", {"ROTATION": 200}, "ValueError: rotation must be a number from 0 to 180; got 200"),
        ("07_feature_extraction", {"BASE": "efficientnet_lite"}, "ValueError: there is no base 'efficientnet_lite'"),
        ("08_fine_tuning", {"VARIATIONS": 0}, "ValueError: VARIATIONS must be at least 1"),
        (
            "08_fine_tuning",
            {"FIRST_UNFROZEN": "block5_conv1"},
            "ValueError: FIRST_UNFROZEN must be a layer of efficientnet_lite0",
        ),
        ("09_visualizing_features", {"IMAGE_SIZE": 48}, "ValueError: IMAGE_SIZE must be at least 64"),
        ("09_visualizing_features", {"PATCH": 200}, "ValueError: PATCH must be from 8 to IMAGE_SIZE, 128; got 200"),
        (
            "09_visualizing_features",
            {"FIRST_UNFROZEN": "block5_conv1"},
            "ValueError: FIRST_UNFROZEN must be a layer of efficientnet_lite0",
        ),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name, parameters, message, tmp_path):
    code, stderr, _ = papermill(NOTEBOOKS / f"{name}.ipynb", tmp_path, parameters)
    assert code != 0 and message in stderr
