"""Toy pets: the same seed gives the same files, head boxes fit, and nothing but shape gives the class away."""

import csv

import numpy as np
import pytest
from PIL import Image

from course_utils import toy_pets

SMALL = {"train": 6, "validation": 4, "test": 2}
PICTURES = SMALL | {"posed_validation": 4, "posed_test": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return toy_pets.generate(tmp_path_factory.mktemp("small") / "pets", **SMALL, seed=3)


@pytest.fixture(scope="module")
def pets():
    """400 upright and 400 posed pets, half of each cats: {split: (pixels 0 to 1 of shape (400, 32, 32, 3), labels, heads)}."""

    def draw_split(posed):
        labels = np.arange(400) % 2
        drawn = [
            toy_pets.draw(toy_pets.KINDS[label], np.random.default_rng([8, posed, number]), posed)
            for number, label in enumerate(labels)
        ]
        pixels = [np.asarray(picture.resize((32, 32), Image.Resampling.BILINEAR)) / 255 for picture, _ in drawn]
        return np.stack(pixels), labels, np.array([head for _, head in drawn])

    return {"train": draw_split(False), "validation": draw_split(True)}


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_heads(folder):
    with open(folder / "heads.csv", newline="", encoding="utf-8") as table:
        return {row.pop("file"): {name: int(value) for name, value in row.items()} for row in csv.DictReader(table)}


def features_accuracy(pets, features):
    """Best validation accuracy of ridge classifiers (least squares on labels −1 and 1), three penalties tried."""
    (train, labels), (validation, truth) = (
        (features(pets[split]), pets[split][1]) for split in ("train", "validation")
    )
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-6
    train, validation = (train - mean) / spread, (validation - mean) / spread
    similar, target = train @ train.T / train.shape[1], 2 * labels - 1
    scores = []
    for penalty in (0.1, 1, 10):
        weights = train.T @ np.linalg.solve(similar + penalty * np.eye(len(train)), target - target.mean())
        scores.append(np.mean((validation @ weights > 0) == truth))
    return max(scores)


def raw_pixels(split):
    return split[0].reshape(len(split[0]), -1)


def mean_colour(split):
    return split[0].mean(axis=(1, 2))


def corners(split):
    ends = (slice(5), slice(-5, None))
    return np.concatenate([split[0][:, rows, columns].mean(axis=(1, 2)) for rows in ends for columns in ends], axis=1)


def contrast(split):
    return split[0].std(axis=(1, 2))


def head_area(split):
    return np.sqrt(split[2][:, 2:].prod(axis=1, keepdims=True).astype(float))


# Drawing


@pytest.mark.parametrize("posed", [False, True])
@pytest.mark.parametrize("kind", toy_pets.KINDS)
def test_a_pet_is_a_square_rgb_picture_with_detail(kind, posed):
    picture, head = toy_pets.draw(kind, np.random.default_rng(0), posed)
    assert picture.size == (150, 150) and picture.mode == "RGB"
    assert np.asarray(picture).std() > 15
    assert len(head) == 4 and all(type(value) is int for value in head)


@pytest.mark.parametrize("posed", [False, True])
def test_the_generator_alone_decides(posed):
    def pixels(seed):
        return np.asarray(toy_pets.draw("cats", np.random.default_rng(seed), posed)[0])

    assert np.array_equal(pixels(1), pixels(1))
    assert np.abs(pixels(1).astype(int) - pixels(2)).mean() > 10


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be 'cats' or 'dogs'; got 'birds'"):
        toy_pets.draw("birds", np.random.default_rng(0))


def test_head_boxes_are_inside_the_picture_and_of_plausible_size(pets):
    for split, smallest, largest in (("train", 60, 125), ("validation", 40, 150)):
        left, top, width, height = pets[split][2].T
        assert min(left.min(), top.min()) >= 0 and max((left + width).max(), (top + height).max()) <= 150
        assert smallest <= min(width.min(), height.min()) and max(width.max(), height.max()) <= largest


@pytest.mark.parametrize("posed", [False, True])
@pytest.mark.parametrize("kind", toy_pets.KINDS)
def test_the_head_box_is_where_pixels_change_when_the_head_is_left_out(kind, posed, monkeypatch):
    monkeypatch.setattr(toy_pets, "_photograph", lambda picture, rng: picture.reduce(toy_pets.OVERSAMPLING))
    for name in ("_whiskers", "_toy"):  # they come after the head, or may hide it
        monkeypatch.setattr(toy_pets, name, lambda *args, **options: None)
    for seed in range(12):
        picture, (left, top, width, height) = toy_pets.draw(kind, np.random.default_rng(seed), posed)
        with monkeypatch.context() as headless:
            headless.setattr(toy_pets, "_head", lambda canvas, *rest: canvas.corners.append(np.zeros((1, 2))))
            without, _ = toy_pets.draw(kind, np.random.default_rng(seed), posed)
        ys, xs = np.nonzero((np.asarray(picture) != np.asarray(without)).any(axis=2))
        found = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        assert np.abs(np.subtract(found, [left, top, left + width, top + height])).max() <= 1


def test_cats_heads_are_taller_and_dogs_wider(pets):
    _, labels, heads = pets["train"]
    ratio = heads[:, 2] / heads[:, 3]
    assert ratio[labels == 0].mean() < 1.1 < 1.2 < ratio[labels == 1].mean()


def test_upright_heads_are_centred_and_posed_ones_vary(pets):
    def centres(split):
        return pets[split][2][:, 0] + pets[split][2][:, 2] / 2

    upright, posed = centres("train"), centres("validation")
    assert abs(upright.mean() - 75) < 6 and np.abs(upright - upright.mean()).max() < 8
    assert abs(posed.mean() - 75) < 6 and 7 < posed.std() < 15
    assert head_area(pets["validation"]).std() > 2 * head_area(pets["train"]).std()


def test_poses_are_as_far_apart_as_the_docstring_says_and_half_of_them_mirrored():
    upright, _ = toy_pets._pose(np.random.default_rng(0), posed=False)
    assert np.array_equal(upright, np.eye(2) * toy_pets.UNIT)
    poses = [toy_pets._pose(np.random.default_rng(seed), posed=True) for seed in range(500)]
    matrices, shifts = np.stack([pose[0] for pose in poses]) / toy_pets.UNIT, np.stack([pose[1] for pose in poses])
    determinants, across = np.linalg.det(matrices), matrices[:, :, 0]
    assert 0.42 < np.mean(determinants < 0) < 0.58
    zoom = np.sqrt(np.abs(determinants))
    assert 0.8 <= zoom.min() < 0.82 and 1.18 < zoom.max() <= 1.2
    angle = np.degrees(np.arctan2(across[:, 1], across[:, 0] * np.sign(determinants)) * np.sign(determinants))
    assert 28 < np.abs(angle).max() <= 30.001 and abs(angle.mean()) < 3
    assert 27 < np.ptp(shifts / toy_pets.OVERSAMPLING, axis=0).min() <= 30.001


# What does not give the class away


@pytest.mark.parametrize(
    "features, highest", [(raw_pixels, 0.65), (mean_colour, 0.57), (contrast, 0.57), (corners, 0.58), (head_area, 0.58)]
)
def test_a_linear_classifier_learns_next_to_nothing_from(features, highest, pets):
    assert features_accuracy(pets, features) <= highest


def test_logistic_regression_on_raw_pixels_learns_next_to_nothing(pets):
    from sklearn.linear_model import LogisticRegression

    for strength in (0.01, 1):
        model = LogisticRegression(C=strength, tol=1e-2).fit(raw_pixels(pets["train"]), pets["train"][1])
        assert model.score(raw_pixels(pets["train"]), pets["train"][1]) > 0.85, "it has learnt"
        assert model.score(raw_pixels(pets["validation"]), pets["validation"][1]) <= 0.65


def test_that_classifier_finds_a_leak_when_there_is_one(pets):
    leaky = {
        split: (pixels + 0.3 * labels[:, None, None, None], labels, heads)
        for split, (pixels, labels, heads) in pets.items()
    }
    assert min(features_accuracy(leaky, features) for features in (raw_pixels, mean_colour, corners)) > 0.75


def test_upright_pets_differ_in_shape_so_that_there_is_something_to_learn(pets):
    pixels, labels, heads = pets["train"]
    halves = {
        "train": (pixels[:200], labels[:200], heads[:200]),
        "validation": (pixels[200:], labels[200:], heads[200:]),
    }
    assert features_accuracy(halves, raw_pixels) > 0.65


# Files


def test_the_layout_is_that_of_the_real_photographs(folder):
    expected = {
        f"{split}/{kind}/{number:04}.jpg"
        for split, count in PICTURES.items()
        for kind in ("cats", "dogs")
        for number in range(count // 2)
    }
    assert set(files(folder)) == expected | {"heads.csv"}
    for name in expected:
        with Image.open(folder / name) as picture:
            assert (picture.format, picture.size, picture.mode) == ("JPEG", (150, 150), "RGB")


def test_every_picture_has_its_head_in_the_table(folder):
    heads = read_heads(folder)
    assert set(heads) == set(files(folder)) - {"heads.csv"}
    assert all(list(head) == ["left", "top", "width", "height"] for head in heads.values())
    for split, how in [("validation", {"twin": True}), ("posed_validation", {"posed": True})]:
        picture, head = toy_pets.draw("dogs", np.random.default_rng([3, 1, 2 * 1 + 1]), **how)
        assert tuple(heads[f"{split}/dogs/0001.jpg"].values()) == head
        with Image.open(folder / f"{split}/dogs/0001.jpg") as stored:
            assert np.abs(np.asarray(stored, int) - np.asarray(picture)).mean() < 10  # JPEG is not exact


def test_train_validation_and_test_are_posed_alike_and_the_others_otherwise(tmp_path):
    heads = read_heads(toy_pets.generate(tmp_path / "pets", train=40, validation=40, test=40, seed=1))
    spread = {}
    for split in toy_pets.SPLITS:
        boxes = [box for file, box in heads.items() if file.startswith(split + "/")]
        centres = np.array([[box["left"] + box["width"] / 2, box["top"] + box["height"] / 2] for box in boxes])
        spread[split] = centres[:, 0].std()
    assert all(spread[split] < 4 for split in ("train", "validation", "test"))
    assert all(spread[split] > 7 for split in ("posed_validation", "posed_test"))


@pytest.mark.parametrize("kind", toy_pets.KINDS)
def test_a_twin_differs_from_the_posed_pet_by_its_pose_alone(kind, monkeypatch):
    poses, real = [], toy_pets._Canvas
    monkeypatch.setattr(toy_pets, "_Canvas", lambda picture, *pose: poses.append(pose) or real(picture, *pose))
    pictures = []
    for how in ({"twin": True}, {"posed": True}):
        rng = np.random.default_rng(5)
        pictures.append(toy_pets.draw(kind, rng, **how)[0])
        pictures.append(rng.random())
    twin, after_twin, posed, after_posed = pictures
    assert after_twin == after_posed, "as many random numbers, so the same wall, fur, face, light and noise"
    assert np.array_equal(poses[0][0], toy_pets._pose(None, False)[0]) and not np.array_equal(poses[0][0], poses[2][0])
    assert np.abs(np.asarray(twin, int) - np.asarray(posed)).mean() > 5
    with monkeypatch.context() as upright:
        upright.setattr(toy_pets, "_pose", lambda rng, posed, twin, real=toy_pets._pose: real(rng, False, True))
        again = toy_pets.draw(kind, np.random.default_rng(5), posed=True)[0]
    assert np.array_equal(np.asarray(again), np.asarray(twin))


@pytest.mark.parametrize(
    "split, number, how",
    [("train", 0, {}), ("posed_validation", 1, {"posed": True}), ("posed_test", 2, {"posed": True})],
)
def test_training_and_posed_pictures_are_those_that_the_first_edition_drew(folder, tmp_path, split, number, how):
    """There, the posed ones were called validation and test."""
    picture, _ = toy_pets.draw("cats", np.random.default_rng([3, number, 0]), **how)
    toy_pets.write_jpeg(picture, tmp_path / "expected.jpg", quality=88)
    assert (folder / split / "cats" / "0000.jpg").read_bytes() == (tmp_path / "expected.jpg").read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path):
    assert files(toy_pets.generate(tmp_path / "again", **SMALL, seed=3)) == files(folder)
    others = files(toy_pets.generate(tmp_path / "other", **SMALL, seed=4))
    assert all(others[name] != content for name, content in files(folder).items())


def test_no_two_pictures_are_the_same(folder):
    assert len(set(files(folder).values())) == len(files(folder))


def test_more_images_leave_the_first_ones_as_they_are(folder, tmp_path):
    more = toy_pets.generate(tmp_path / "more", train=10, validation=8, test=6, seed=3)
    few, many = files(folder), files(more)
    assert len(many) == 10 + 2 * 8 + 2 * 6 + 1
    assert all(many[name] == content for name, content in few.items() if name != "heads.csv")
    assert read_heads(folder).items() <= read_heads(more).items()


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"train": 5}, "train must be even, half cats and half dogs; got 5"),
        ({"validation": 0}, "validation must be at least 2; got 0"),
        ({"test": -2}, "test must be at least 2; got -2"),
        ({"train": 4.0}, "train must be a whole number; got 4.0"),
        ({"seed": -1}, "seed must be at least 0; got -1"),
        ({"seed": 0.5}, "seed must be a whole number; got 0.5"),
    ],
)
def test_a_wrong_number_is_refused_before_anything_is_written(wrong, message, tmp_path):
    with pytest.raises((TypeError, ValueError), match=message):
        toy_pets.generate(tmp_path / "pets", **SMALL | wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("existing", ["pets/notes.txt", "pets"])
def test_what_exists_is_not_overwritten(existing, tmp_path):
    (tmp_path / existing).parent.mkdir(exist_ok=True)
    (tmp_path / existing).write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="folder must be new or empty; got .*pets', which is there: name another"):
        toy_pets.generate(tmp_path / "pets", **SMALL)
    assert files(tmp_path) == {existing: b"mine"}


def test_an_empty_folder_is_filled_and_missing_ones_above_are_made(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/er/pets"):
        assert toy_pets.generate(str(tmp_path / name), train=2, validation=2, test=2) == tmp_path / name
        assert len(files(tmp_path / name)) == 11
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_nothing_half_written_is_left_when_drawing_stops_midway(error, tmp_path, monkeypatch):
    drawn, draw = [], toy_pets.draw

    def fail_on_the_fifth(*args, **options):
        drawn.append(args)
        if len(drawn) == 5:
            assert list(tmp_path.rglob("*.jpg")) and not (tmp_path / "pets").exists()
            raise error
        return draw(*args, **options)

    monkeypatch.setattr(toy_pets, "draw", fail_on_the_fifth)
    with pytest.raises(type(error)):
        toy_pets.generate(tmp_path / "pets", **SMALL)
    assert len(drawn) == 5 and list(tmp_path.iterdir()) == []


def test_the_folder_is_moved_into_place_and_nothing_is_left_when_that_fails(tmp_path, monkeypatch):
    def refuse(source, target):
        assert len(files(source)) == 19 and target == tmp_path / "pets"
        raise PermissionError("no")

    monkeypatch.setattr("course_utils.store.os.replace", refuse)
    with pytest.raises(PermissionError):
        toy_pets.generate(tmp_path / "pets", **SMALL)
    assert list(tmp_path.iterdir()) == []
