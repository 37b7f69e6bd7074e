"""Each lesson with other settings than its own: other parameters, a student's folder and picture, the real data, refused values."""

import ast
import os
import re
import runpy
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from running import LESSONS, NOTEBOOKS, papermill, refusals, text_of, writes_to_stderr

from course_utils import toy_pets, training
from course_utils.batch.lessons import find_lessons, read_lesson
from course_utils.batch.plan import expand, read_plan
from course_utils.results import read_records

LAY_OUT = NOTEBOOKS.parents[1] / "shared" / "tools" / "lay_out_data.py"
REAL = {"mnist": "mnist.npz", "cifar10": "cifar10.npz", "cats_vs_dogs": "cats_vs_dogs"}

#: Small values, none of them the default, for one run of each lesson. OWN_FOLDER and OWN_PICTURE stand for a student's own.
OWN_FOLDER, OWN_PICTURE = "<folder>", "<picture>"
CHANGED = {
    "python_warmup": {"N": 200_000, "BATCH_SIZE": 2, "SEED": 5},
    "convolution": {"IMAGE": OWN_PICTURE, "FILTERS": 1, "SEED": 3},
    "pooling": {"IMAGE": OWN_PICTURE, "MAX_SHIFT": 3},
    "architectures": {"DATASET": OWN_FOLDER, "IMAGE_SIZE": 48, "EPOCHS": 1, "BATCH_SIZE": 8, "SEED": 3},
    "checkpointing": {
        "DATASET": OWN_FOLDER,
        "IMAGE_SIZE": 48,
        "OPTIMIZER": "sgd",
        "EPOCHS": 2,
        "BATCH_SIZE": 8,
        "PATIENCE": 1,
        "SEED": 3,
    },
    "generators": {"DATASET": OWN_FOLDER, "IMAGE_SIZE": 32, "EPOCHS": 1, "BATCH_SIZE": 8, "WORKERS": 1, "SEED": 3},
    "augmentation": {
        "DATASET": OWN_FOLDER,
        "IMAGE_SIZE": 48,
        "IMAGE": OWN_PICTURE,
        "EPOCHS": 1,
        "EPOCHS_AUGMENTED": 1,
        "BATCH_SIZE": 8,
        "FLIP": False,
    },
    "feature_extraction": {
        "DATASET": OWN_FOLDER,
        "IMAGE_SIZE": 48,
        "IMAGE": OWN_PICTURE,
        "EPOCHS": 1,
        "EPOCHS_INSIDE": 1,
        "EPOCHS_SCRATCH": 1,
        "BATCH_SIZE": 8,
        "SEED": 3,
    },
    "fine_tuning": {
        "DATASET": OWN_FOLDER,
        "VARIATIONS": 1,
        "FLIP": False,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 1,
        "EPOCHS_SCRATCH": 1,
        "BATCH_SIZE": 8,
        "FIRST_UNFROZEN": "block7a_expand_conv",
        "IMAGE": OWN_PICTURE,
        "SEED": 3,
    },
    "visualizing_features": {
        "DATASET": OWN_FOLDER,
        "IMAGE_SIZE": 64,
        "IMAGE": OWN_PICTURE,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 2,
        "STEPS": 2,
        "BATCH_SIZE": 8,
        "FLIP": False,
    },
}
#: The course's own data, other than a lesson's default: photographs, one of them grey, and digits, of one channel and ten classes.
OTHER = {"convolution": {"IMAGE": "coffee"}, "pooling": {"IMAGE": "camera"}} | {
    name: {"DATASET": "digits", "N_TRAIN": 60, "IMAGE": "coffee", "BATCH_SIZE": 16}
    for name in CHANGED
    if "EPOCHS" in CHANGED[name]
}
#: The real data sets. One lesson by default; the rest is long.
SHORT = {
    "generators": {"DATASET": "mnist", "EPOCHS": 1, "N_TRAIN": 1000},
    "augmentation": {"DATASET": "cats_vs_dogs", "EPOCHS": 1, "EPOCHS_AUGMENTED": 1, "IMAGE_SIZE": 32},
    "architectures": {"DATASET": "cats_vs_dogs", "EPOCHS": 1, "IMAGE_SIZE": 32},
    "checkpointing": {"DATASET": "cifar10", "EPOCHS": 2, "N_TRAIN": 500},
    "feature_extraction": {
        "DATASET": "cats_vs_dogs",
        "N_TRAIN": 200,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_INSIDE": 1,
        "EPOCHS_SCRATCH": 1,
    },
    "fine_tuning": {
        "DATASET": "cats_vs_dogs",
        "N_TRAIN": 200,
        "VARIATIONS": 1,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 2,
        "EPOCHS_SCRATCH": 1,
    },
    "visualizing_features": {
        "DATASET": "cats_vs_dogs",
        "N_TRAIN": 200,
        "IMAGE_SIZE": 64,
        "EPOCHS": 1,
        "EPOCHS_HEAD": 2,
        "STEPS": 2,
    },
}
BY_DEFAULT = "architectures"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """What a student brings: twenty-five pictures of two classes, five files that cannot be read, and a picture that lies on its side."""
    home, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(7)
    folder = home / "meine Bilder"
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
    noise = np.random.default_rng(0).integers(0, 256, (70, 90), np.uint8)
    Image.fromarray(noise).save(home / "mein Bild.png", exif=turned)
    return home


@pytest.mark.parametrize("name", CHANGED)
def test_a_lesson_runs_with_other_parameters_on_the_students_own_folder_and_picture(name, own, tmp_path, monkeypatch):
    """From another directory, through papermill's own command; nothing of the student's is changed, and what was left out is listed."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    place = {OWN_FOLDER: str(own / "meine Bilder"), OWN_PICTURE: str(own / "mein Bild.png")}
    parameters = {key: place.get(value, value) for key, value in CHANGED[name].items()}
    known = read_lesson(LESSONS[name]).parameters
    assert parameters.keys() <= known.keys()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in own.rglob("*"))
    code, stderr, notebook = papermill(name, tmp_path, parameters)
    assert code == 0, stderr
    assert read_records(notebook)
    assert not writes_to_stderr(notebook)
    text = text_of(notebook)
    if "DATASET" in known:
        assert "große Katzen" in text
        assert "chiens égarés" in text
        assert re.search(r"left out +5:", text)
        assert all(file in text for file in ("empty.jpg", "cut.jpg", "text.jpg", "noise.png", "half.gif"))
    if name in ("convolution", "pooling"):
        assert "mein Bild.png: your own picture" in text
        assert "height 90, width 70" in text
        assert "changed: turned upright" in text
        assert "changed: grey repeated" in text
    assert sorted((path.name, path.stat().st_mtime_ns) for path in own.rglob("*")) == before


@pytest.mark.long
@pytest.mark.parametrize("name", OTHER)
def test_a_lesson_runs_on_other_data_of_the_course(name, tmp_path):
    known = read_lesson(LESSONS[name]).parameters
    parameters = {key: value for key, value in (CHANGED[name] | OTHER[name]).items() if key in known}
    code, stderr, notebook = papermill(name, tmp_path, parameters)
    assert code == 0, stderr
    assert read_records(notebook)
    assert not writes_to_stderr(notebook)


@pytest.fixture(scope="session")
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


@pytest.mark.parametrize(
    "name", [name if name == BY_DEFAULT else pytest.param(name, marks=pytest.mark.long) for name in SHORT]
)
def test_a_lesson_trains_on_real_data(name, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(real_data))
    code, stderr, notebook = papermill(name, tmp_path, SHORT[name])
    assert code == 0, stderr
    assert f"{SHORT[name]['DATASET']}: " in text_of(notebook)
    assert read_records(notebook)


@pytest.mark.parametrize("plan", sorted((NOTEBOOKS / "plans").glob("*.toml")), ids=lambda path: path.stem)
def test_every_plan_of_the_course_fits_its_lessons(plan):
    assert expand(read_plan(plan), find_lessons(NOTEBOOKS))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_that_trains_has_all_its_settings_checked(name):
    """`training.check_settings` is tested elsewhere; here, that each parameter that it knows is handed to it."""
    lesson = read_lesson(LESSONS[name])
    calls = [
        node
        for cell in nbformat.read(LESSONS[name], 4).cells
        if cell.cell_type == "code" and "check_settings" in cell.source
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "check_settings"
    ]
    handed = {
        keyword.arg for call in calls for keyword in call.keywords if getattr(keyword.value, "id", "") == keyword.arg
    }
    known = {name for name in lesson.parameters if name.startswith((*training.RANGES, "LEARNING_RATE"))}
    if "EPOCHS" in lesson.parameters:
        assert known == handed
        assert sum("images" in {keyword.arg for keyword in call.keywords} for call in calls) == 1
    else:
        assert handed <= {"SEED"}
        assert known <= {"SEED", "BATCH_SIZE"}


REFUSED = [
    ("convolution", {"IMAGE": "nix.jpg"}, "FileNotFoundError: IMAGE: no file"),
    ("convolution", {"MY_KERNEL": [1, 2]}, "ValueError: MY_KERNEL needs 9 numbers"),
    ("pooling", {"MAX_SHIFT": 0}, "ValueError: MAX_SHIFT must be from 1 to"),
    (
        "architectures",
        {"BATCH_SIZE": 401},
        "ValueError: BATCH_SIZE must be at most 400, the number of training images; got 401",
    ),
    ("checkpointing", {"OPTIMIZER": "rmsprop"}, "ValueError: OPTIMIZER must be 'adam' or 'sgd'; got 'rmsprop'"),
    ("checkpointing", {"PATIENCE": 0}, "ValueError: PATIENCE must be at least 1"),
    ("generators", {"WORKERS": 0}, "ValueError: WORKERS must be at least 1"),
    ("augmentation", {"ROTATION": 200}, "ValueError: rotation must be a number from 0 to 180; got 200"),
    ("feature_extraction", {"BASE": "efficientnet_lite"}, "ValueError: there is no base 'efficientnet_lite'"),
    ("fine_tuning", {"VARIATIONS": 0}, "ValueError: VARIATIONS must be at least 1"),
    (
        "fine_tuning",
        {"FIRST_UNFROZEN": "block5_conv1"},
        "ValueError: FIRST_UNFROZEN must be a layer of efficientnet_lite0",
    ),
    ("visualizing_features", {"IMAGE_SIZE": 48}, "ValueError: IMAGE_SIZE must be at least 64"),
    ("visualizing_features", {"PATCH": 200}, "ValueError: PATCH must be from 8 to IMAGE_SIZE, 128; got 200"),
    (
        "visualizing_features",
        {"FIRST_UNFROZEN": "block5_conv1"},
        "ValueError: FIRST_UNFROZEN must be a layer of efficientnet_lite0",
    ),
]
CASES = {f"{case[0]}-{next(iter(case[1]))}": case for case in REFUSED}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """By case, the error that came and how many code cells ran before it."""
    cases = [(name, parameters) for name, parameters, _ in REFUSED]
    return dict(zip(CASES, refusals(cases, tmp_path_factory.mktemp("refused")), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_value_that_makes_no_sense_is_refused_by_name(case, refused):
    came, cells = refused[case]
    name, _, message = CASES[case]
    assert message in came
    if "EPOCHS" in read_lesson(LESSONS[name]).parameters:
        assert cells <= 8, f"{cells} code cells ran before the value was refused: check it before anything is trained"


def test_papermill_reports_a_refused_value(tmp_path):
    code, stderr, _ = papermill("convolution", tmp_path, {"IMAGE": "nix.jpg"})
    assert code != 0
    assert "FileNotFoundError: IMAGE: no file" in stderr
