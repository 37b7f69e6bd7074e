"""The lessons that train, on other data than their own: the lectures' real data sets, and a student's folder of thirty pictures."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils import toy_pets
from course_utils.batch.lessons import find_lessons
from course_utils.batch.plan import expand, read_plan
from course_utils.results import read_records

ROOT = Path(__file__).parents[2]
LAY_OUT = ROOT.parent / "shared" / "tools" / "lay_out_data.py"
REAL = {"mnist": "mnist.npz", "cifar10": "cifar10.npz", "cats_vs_dogs": "cats_vs_dogs"}
SHORT = {
    "03": {"DATASET": "cats_vs_dogs", "EPOCHS": 1, "IMAGE_SIZE": 32},
    "04": {"DATASET": "cifar10", "EPOCHS": 2, "N_TRAIN": 500},
    "05": {"DATASET": "mnist", "EPOCHS": 1, "N_TRAIN": 1000},
    "06": {"DATASET": "cats_vs_dogs", "EPOCHS": 1, "EPOCHS_AUGMENTED": 1, "IMAGE_SIZE": 32},
    "07": {
        "DATASET": "cats_vs_dogs",
        "N_TRAIN": 200,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_INSIDE": 1,
        "EPOCHS_SCRATCH": 1,
    },
    "08": {
        "DATASET": "cats_vs_dogs",
        "N_TRAIN": 200,
        "VARIATIONS": 1,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 2,
        "EPOCHS_SCRATCH": 1,
    },
    "09": {"DATASET": "cats_vs_dogs", "N_TRAIN": 200, "IMAGE_SIZE": 64, "EPOCHS": 1, "EPOCHS_HEAD": 2, "STEPS": 2},
}


def run(folder, **parameters):
    """`python -m course_utils run` of one lesson; gives the executed notebook."""
    lesson = parameters.pop("lesson")
    options = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    command = [
        sys.executable,
        "-m",
        "course_utils",
        "run",
        "--lesson",
        lesson,
        "--notebooks",
        str(ROOT / "notebooks"),
        "--out",
        "out",
    ]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return nbformat.read(next((folder / "out").glob(f"{lesson}_*.ipynb")), 4)


def text_of(notebook):
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.fixture(scope="module")
def real_data(tmp_path_factory):
    """The folder that holds the real data sets: COURSE_DATA, or laid out from the shared data beside the clone."""
    named = os.environ.get("COURSE_DATA")
    if named and all(Path(named, file).exists() for file in REAL.values()):
        return Path(named)
    if not LAY_OUT.exists():
        pytest.skip(f"real data is needed: COURSE_DATA with {', '.join(REAL.values())}")
    folder = tmp_path_factory.mktemp("real")
    runpy.run_path(str(LAY_OUT))["main"](str(folder))
    return folder


@pytest.mark.parametrize("lesson", SHORT)
def test_a_lesson_trains_on_the_lectures_data(lesson, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(real_data))
    notebook = run(tmp_path, lesson=lesson, **SHORT[lesson])
    assert f"{SHORT[lesson]['DATASET']}: " in text_of(notebook) and read_records(notebook)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory):
    """Twenty-five pictures of two classes as students bring them, and five files that cannot be read."""
    folder, rng = tmp_path_factory.mktemp("own") / "meine Bilder", np.random.default_rng(7)
    turned = Image.Exif()
    turned[0x0112] = 6
    forms = [
        ("jpg", "RGB", {}),
        ("png", "RGBA", {}),
        ("webp", "RGB", {}),
        ("bmp", "RGB", {}),
        ("gif", "P", {}),
        ("tif", "L", {}),
        ("png", "L", {}),
        ("jpg", "CMYK", {}),
        ("jpeg", "RGB", {"exif": turned}),
    ]
    for number in range(25):
        kind, label = (("cats", "große Katzen"), ("dogs", "chiens égarés"))[number % 2]
        ending, mode, options = forms[number % len(forms)]
        (folder / label).mkdir(parents=True, exist_ok=True)
        toy_pets.draw(kind, rng)[0].convert(mode).save(folder / label / f"Bild {number}.{ending}", **options)
    whole = (folder / "große Katzen" / "Bild 0.jpg").read_bytes()
    broken = {
        "empty.jpg": b"",
        "cut.jpg": whole[: len(whole) // 3],
        "text.jpg": b"this is no picture",
        "noise.png": bytes(range(256)),
        "half.gif": (folder / "große Katzen" / "Bild 4.gif").read_bytes()[:60],
    }
    for name, content in broken.items():
        (folder / "chiens égarés" / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("lesson", SHORT)
def test_a_lesson_trains_on_a_folder_of_ones_own_and_lists_what_it_left_out(lesson, own_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    before = sorted((path.name, path.stat().st_mtime_ns) for path in own_folder.rglob("*"))
    epochs = {name: value for name, value in SHORT[lesson].items() if name.startswith("EPOCHS")}
    notebook = run(tmp_path, lesson=lesson, DATASET=str(own_folder), BATCH_SIZE=8, **epochs)
    text = text_of(notebook)
    assert "große Katzen" in text and "chiens égarés" in text and re.search(r"left out +5:", text)
    assert all(name in text for name in ("empty.jpg", "cut.jpg", "text.jpg", "noise.png", "half.gif"))
    assert not any(output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", []))
    assert sorted((path.name, path.stat().st_mtime_ns) for path in own_folder.rglob("*")) == before


@pytest.mark.parametrize("plan", sorted((ROOT / "notebooks" / "plans").glob("*.toml")), ids=lambda path: path.stem)
def test_every_plan_of_the_course_fits_its_lessons(plan, tmp_path):
    assert expand(read_plan(plan), find_lessons(ROOT / "notebooks"), tmp_path)
