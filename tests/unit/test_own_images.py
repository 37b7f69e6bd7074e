"""A student's own folder of pictures: every kind of file, a stable split, nothing lost, clear refusals."""

import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from PIL import Image

from course_utils import own_images
from course_utils.photographs import read_picture
from course_utils.store import DataError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(own_images, "cache_folder", lambda: tmp_path / "cache")


def noise(seed, size=(60, 40)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8))


def fill(folder, count=10, seed=0, suffix="png"):
    folder.mkdir(parents=True)
    for number in range(count):
        noise(seed + number).save(folder / f"{number}.{suffix}")
    return folder


@pytest.fixture
def pets(tmp_path):
    """Two classes of ten pictures; names with a space and an accent."""
    fill(tmp_path / "my pets" / "chats noirs é", seed=0)
    fill(tmp_path / "my pets" / "dogs", seed=100)
    return tmp_path / "my pets"


def left(folder):
    """Every file and folder, but for the empty lock files."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock")


def names(prepared, split):
    return {path.name for path in (prepared.path / split).rglob("*.jpg")}


def test_a_fifth_of_each_class_goes_to_validation_and_nothing_is_in_both(pets):
    prepared = own_images.prepare(pets)
    assert prepared.counts == {"train": {"chats noirs é": 8, "dogs": 8}, "validation": {"chats noirs é": 2, "dogs": 2}}
    assert not names(prepared, "train") & names(prepared, "validation")
    assert prepared.left_out == [] and "validation chats noirs é 2, dogs 2" in str(prepared)


def test_the_first_preparation_says_that_it_happens(pets, capsys):
    for expected in ("preparing the 20 files of 'my pets', once\n", ""):
        own_images.prepare(pets)
        assert capsys.readouterr() == (expected, "")


def test_the_smallest_hashes_go_to_validation(pets):
    prepared = own_images.prepare(pets)
    for name in ("chats noirs é", "dogs"):
        train, validation = (
            {path.stem for path in (prepared.path / split / name).iterdir()} for split in ("train", "validation")
        )
        assert max(validation) < min(train)


@pytest.mark.parametrize("count, train", [(4, 3), (5, 4), (6, 4), (11, 8)])
def test_a_small_class_has_both_parts(tmp_path, count, train):
    for number, name in enumerate("ab"):
        fill(tmp_path / "few" / name, count, seed=50 * number)
    counts = own_images.prepare(tmp_path / "few").counts
    assert counts == {"train": {"a": train, "b": train}, "validation": {"a": count - train, "b": count - train}}


def test_the_split_goes_by_content_and_not_by_name_or_place(pets, tmp_path):
    before = own_images.prepare(pets)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(pets, elsewhere)
    for number, path in enumerate(sorted((elsewhere / "dogs").iterdir(), reverse=True)):
        path.rename(path.with_name(f"renamed {number}.png"))
    after = own_images.prepare(elsewhere)
    assert after.path != before.path
    assert all(names(after, split) == names(before, split) for split in ("train", "validation"))


def test_one_more_picture_moves_at_most_one_of_the_others(pets):
    before = own_images.prepare(pets)
    noise(999).save(pets / "dogs" / "new.png")
    after = own_images.prepare(pets)
    assert len(names(before, "validation") - names(after, "validation")) <= 1
    assert sum(after.counts[split]["dogs"] for split in after.counts) == 11


def test_a_folder_that_may_only_be_read_is_prepared(pets, read_only):
    read_only(*(path for path in [*pets.rglob("*"), pets] if path.is_dir()))
    assert sum(own_images.prepare(pets).counts["train"].values()) == 16


def test_every_kind_of_file_becomes_upright_rgb_of_at_most_256(tmp_path):
    folder = tmp_path / "kinds"
    for name, seed in [("a", 0), ("b", 50)]:
        (folder / name).mkdir(parents=True)
        kinds = {
            "x.jpg": noise(seed),
            "x.png": noise(seed + 1).convert("P"),
            "x.webp": noise(seed + 2),
            "x.bmp": noise(seed + 3),
            "x.gif": noise(seed + 4),
            "x.tiff": noise(seed + 5).convert("L"),
            "alpha.png": noise(seed + 6).convert("RGBA"),
            "cmyk.jpg": noise(seed + 7).convert("CMYK"),
            "large.png": noise(seed + 8).resize((800, 300)),
            "PHONE.JPG": noise(seed + 9),
        }
        exif = Image.Exif()
        exif[0x0112] = 6
        for file, picture in kinds.items():
            picture.save(folder / name / file, **({"exif": exif} if file == "PHONE.JPG" else {}))
    prepared = own_images.prepare(folder)
    assert prepared.left_out == [] and sum(prepared.counts["train"].values()) == 16
    sizes = []
    for path in prepared.path.rglob("*.jpg"):
        with Image.open(path) as picture:
            assert picture.mode == "RGB" and picture.format == "JPEG"
            sizes.append(picture.size)
    assert sorted(set(sizes)) == [(40, 60), (60, 40), (256, 96)], "turned, as they were, reduced"


def test_the_originals_are_never_touched(pets):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in pets.rglob("*.png")}
    own_images.prepare(pets)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in pets.rglob("*.png")} == before
    assert len(list(pets.rglob("*"))) == 22


def test_what_cannot_be_read_is_listed_with_the_reason(pets):
    good = (pets / "dogs" / "0.png").read_bytes()
    (pets / "dogs" / "text.jpg").write_text("I am no picture")
    (pets / "dogs" / "empty.png").touch()
    (pets / "dogs" / "cut.png").write_bytes(good[:1000])
    (pets / "dogs" / ".DS_Store").touch()
    (pets / "dogs" / "deep").mkdir()
    noise(7, (20, 20)).save(pets / "dogs" / "tiny.png")
    (pets / "dogs" / "again.png").write_bytes(good)
    (pets / "dogs" / "nowhere.png").symlink_to("nothing here")
    (pets / "dogs" / "other kind.jpg").write_bytes(
        (pets / "dogs" / "1.png").read_bytes() + b"x"
    )  # a PNG; "1.png" comes first
    (pets / "loose.png").write_bytes(good)
    (pets / "Thumbs.db").touch()
    prepared = own_images.prepare(pets)
    reasons = dict(prepared.left_out)
    assert set(reasons) == {
        "loose.png",
        "Thumbs.db",
        *(
            f"dogs/{name}"
            for name in (
                "text.jpg",
                "empty.png",
                "cut.png",
                "tiny.png",
                "deep",
                "again.png",
                "nowhere.png",
                "other kind.jpg",
                ".DS_Store",
            )
        ),
    }
    assert reasons["dogs/other kind.jpg"] == "the same picture as dogs/1.png", "a PNG by the name of .jpg is read"
    assert "not a file" in reasons["dogs/nowhere.png"] and "in no class's folder" in reasons["loose.png"]
    assert "the file is empty" in reasons["dogs/empty.png"] and "truncated" in reasons["dogs/cut.png"]
    assert "cannot be read as an image" in reasons["dogs/text.jpg"] and "20 × 20 pixels" in reasons["dogs/tiny.png"]
    assert "a folder inside a class" in reasons["dogs/deep"] and "dogs/text.jpg" in str(prepared)
    assert str(pets) not in str(prepared), "no path of the student's machine in the lesson"


def test_names_that_begin_with_underscores_are_taken(pets):
    fill(pets / "__background__", seed=500)
    (pets / "dogs" / "9.png").rename(pets / "dogs" / "__9.png")
    prepared = own_images.prepare(pets)
    assert prepared.counts["train"] == {"__background__": 8, "chats noirs é": 8, "dogs": 8}
    assert prepared.left_out == []


def test_what_systems_leave_is_named_last_and_prepares_nothing_anew(pets, monkeypatch):
    (pets / "dogs" / "empty.png").touch()
    first = own_images.prepare(pets)
    monkeypatch.setattr(own_images, "_write", lambda *_: pytest.fail("prepared again"))
    (pets / "__MACOSX").mkdir()
    (pets / "desktop.ini").touch()
    (pets / ".ipynb_checkpoints").mkdir()
    (pets / "chats noirs é" / "._0.png").touch()
    second = own_images.prepare(pets)
    assert second.path == first.path and second.left_out[: len(first.left_out)] == first.left_out
    assert second.left_out[len(first.left_out) :] == [
        (".ipynb_checkpoints", "hidden: its name begins with a dot"),
        ("__MACOSX", "left there by the system, no picture of yours"),
        ("desktop.ini", "left there by the system, no picture of yours"),
        ("chats noirs é/._0.png", "hidden: its name begins with a dot"),
    ]
    assert "left out        5:" in str(second)


def test_a_folder_says_which_ranges_of_values_were_taken(pets):
    for number in range(3):
        Image.fromarray(np.random.default_rng(number).integers(0, 4096, (40, 40)).astype(np.uint16)).save(
            pets / "dogs" / f"deep {number}.png"
        )
    Image.fromarray(np.linspace(-5, 5, 1600, dtype=np.float32).reshape(40, 40)).save(pets / "chats noirs é" / "f.tif")
    Image.fromarray(np.full((40, 40), np.nan, np.float32)).save(pets / "dogs" / "empty.tif")
    for prepared in (own_images.prepare(pets), own_images.prepare(pets)):
        assert prepared.changed == [
            ("chats noirs é/f.tif", "floating-point values, -5 to 5, scaled to 0–255, grey repeated in three channels"),
            (
                "dogs/deep 0.png and 2 more",
                "12-bit values, 0 to 4095, scaled to 0–255, grey repeated in three channels",
            ),
        ]
        assert prepared.left_out == [("dogs/empty.tif", "holds no finite number")]
        assert "\nchanged         2:\n  chats noirs é/f.tif         floating-point" in str(prepared)


def test_an_enormous_file_is_left_out_and_not_decoded(pets, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    noise(5, (100, 100)).save(pets / "dogs" / "enormous.png")
    assert own_images.prepare(pets).left_out[0] == ("dogs/enormous.png", "has more than 3,000 pixels")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such thing on this system")
def test_what_is_no_file_is_left_out_and_not_waited_for(pets):
    os.mkfifo(pets / "dogs" / "pipe.jpg")
    assert own_images.prepare(pets).left_out == [("dogs/pipe.jpg", "it is not a file, or a link that leads nowhere")]


def test_equal_pictures_are_taken_once_whatever_the_file_says_besides(pets):
    with Image.open(pets / "dogs" / "3.png") as picture:
        picture.save(pets / "chats noirs é" / "stray.bmp")
    prepared = own_images.prepare(pets)
    assert prepared.left_out == [("dogs/3.png", "the same picture as chats noirs é/stray.bmp")]


def test_a_folder_that_is_split_keeps_its_split(tmp_path):
    folder = tmp_path / "split"
    for split, seed in [("Train", 0), ("val", 100), ("test", 200)]:
        for name in ("cats", "dogs"):
            fill(folder / split / name, count=3, seed=seed + (50 if name == "dogs" else 0))
    shutil.copy(folder / "val" / "cats" / "0.png", folder / "Train" / "cats" / "leak.png")
    prepared = own_images.prepare(folder)
    assert prepared.counts == {split: {"cats": 3, "dogs": 3} for split in ("train", "validation", "test")}
    assert prepared.left_out == [("Train/cats/leak.png", "the same picture as val/cats/0.png")]


def test_accents_are_the_same_however_a_system_spells_them(tmp_path):
    for split, form in [("train", "NFC"), ("validation", "NFD")]:
        for number, name in enumerate(("été", "hiver")):
            fill(
                tmp_path / "s" / split / unicodedata.normalize(form, name), 3, seed=100 * number + 50 * (form == "NFD")
            )
    assert own_images.prepare(tmp_path / "s").counts["validation"] == {"été": 3, "hiver": 3}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems have no such names")
def test_a_name_in_another_encoding_is_taken_and_can_be_printed(pets):
    (pets / "dogs").rename(pets / os.fsdecode(b"K\xf6ter"))
    (pets / os.fsdecode(b"K\xf6ter") / os.fsdecode(b"\xfc.png")).touch()
    prepared = own_images.prepare(pets)
    assert prepared.counts["train"] == {"K\\xf6ter": 8, "chats noirs é": 8}
    assert "K\\xf6ter/\\xfc.png" in str(prepared).encode("utf-8").decode()


def test_a_second_call_reads_no_picture_and_an_edited_one_is_noticed(pets, monkeypatch):
    first = own_images.prepare(pets)
    monkeypatch.setattr(own_images, "read_picture", lambda *_: pytest.fail("read again"))
    assert own_images.prepare(pets) == first
    monkeypatch.undo()
    monkeypatch.setattr(own_images, "cache_folder", lambda: first.path.parents[1])
    noise(12345).save(pets / "dogs" / "0.png")
    second = own_images.prepare(pets)
    assert second.path != first.path and first.path.is_dir()
    (pets / "dogs" / "deep").mkdir()
    assert own_images.prepare(pets).left_out[0][0] == "dogs/deep"
    (pets / "birds").mkdir()
    with pytest.raises(ValueError, match="class 'birds' needs at least 4 readable pictures; got 0"):
        own_images.prepare(pets)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda pets: shutil.rmtree(pets / "dogs"), "'my pets' needs at least two classes, .*; got chats noirs é"),
        (
            lambda pets: [shutil.rmtree(path) for path in list(pets.iterdir())],
            "needs at least two classes, .*; got no sub-folder",
        ),
        (
            lambda pets: [path.unlink() for path in list((pets / "dogs").iterdir())],
            "class 'dogs' needs at least 4 readable pictures; got 0",
        ),
        (
            lambda pets: [path.unlink() for path in sorted((pets / "dogs").iterdir())[3:]],
            "class 'dogs' needs at least 4 .*; got 3",
        ),
        (
            lambda pets: [path.write_text("x") for path in sorted((pets / "dogs").iterdir())[:8]],
            r"class 'dogs' needs at least 4 .*; got 2 \(left out: dogs/0.png: cannot be read.*, and 5 more\)",
        ),
        (
            lambda pets: [
                (pets / "chats noirs é" / "0.png").write_text("x"),
                *(path.unlink() for path in list((pets / "dogs").iterdir())),
            ],
            "class 'dogs' needs at least 4 readable pictures; got 0$",
        ),
        (
            lambda pets: (pets / "dogs").rename(pets / "train"),
            "has a folder 'train' but no 'validation': name the folder 'train' itself .*, or make a folder 'validation'; if it is a class, rename it",
        ),
        (lambda pets: (pets / "dogs").rename(pets / "Training"), "has a folder 'Training' but no 'validation'"),
        (
            lambda pets: [(pets / name).mkdir() for name in ("train", "val", "valid")],
            "has both 'val' and 'valid': keep one of them",
        ),
        (
            lambda pets: [
                (path / "in").mkdir() or [file.rename(path / "in" / file.name) for file in list(path.glob("*.png"))]
                for path in list(pets.iterdir())
            ],
            "hold only folders: name the folder whose sub-folders hold the pictures",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_and_nothing_is_left_behind(pets, tmp_path, spoil, message):
    spoil(pets)
    with pytest.raises(ValueError, match=f"DATASET: .*{message}"):
        own_images.prepare(pets)
    assert left(tmp_path / "cache") in ([], ["own"])


def test_a_split_without_one_of_the_classes_is_refused(tmp_path):
    for part in ("train/a", "train/b", "val/a"):
        fill(tmp_path / "s" / part, count=2, seed=10 * len(part) + 100 * ord(part[-1]))
    with pytest.raises(ValueError, match="'s' has no folder validation/b, though other parts have this class"):
        own_images.prepare(tmp_path / "s")
    (tmp_path / "s" / "val" / "b").mkdir()
    (tmp_path / "s" / "val" / "b" / "x.png").touch()
    with pytest.raises(
        ValueError, match="class 'b' needs at least 4 readable pictures; got 2 .left out: val/b/x.png: .*empty"
    ):
        own_images.prepare(tmp_path / "s")
    fill(tmp_path / "s" / "test" / "b", count=3, seed=70)
    fill(tmp_path / "s" / "test" / "a", count=3, seed=80)
    with pytest.raises(ValueError, match="class 'b' needs at least 1 readable picture in validation; got 0"):
        own_images.prepare(tmp_path / "s")


def test_a_folder_that_may_not_be_looked_into_is_refused(pets, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(ValueError, match=r"DATASET: 'my pets' cannot be looked through \(my pets: Permission denied\)"):
        own_images.prepare(pets)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="DATASET: no folder .*nowhere.*one sub-folder of pictures per class"):
        own_images.prepare(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "where", ["pathlib.Path.write_bytes", "pathlib.Path.mkdir", "pathlib.Path.write_text", "os.replace"]
)
@pytest.mark.parametrize(
    "code, message",
    [
        (
            errno.ENOSPC,
            "the disk is full. About 2 MB are needed: make room, or set the environment variable COURSE_CACHE",
        ),
        (
            errno.EROFS,
            "there is no permission to write there. Set the environment variable COURSE_CACHE to a folder of your own$",
        ),
    ],
)
def test_a_cache_that_cannot_be_written_to_is_refused_and_what_was_there_stays(
    pets, tmp_path, monkeypatch, where, code, message
):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    first = own_images.prepare(pets)
    before = left(tmp_path / "cache")
    noise(77).save(pets / "dogs" / "new.png")
    with monkeypatch.context() as full:
        full.setattr(where, fail)
        with pytest.raises(DataError, match=f"the pictures of 'my pets' cannot be put into .*own: {message}"):
            own_images.prepare(pets)
    assert left(tmp_path / "cache") == before
    (pets / "dogs" / "new.png").unlink()
    assert own_images.prepare(pets) == first


def test_a_read_only_cache_is_used_when_it_holds_the_pictures_and_refused_otherwise(pets, tmp_path, read_only):
    first = own_images.prepare(pets)
    read_only(tmp_path / "cache", tmp_path / "cache" / "own")
    assert own_images.prepare(pets) == first
    noise(77).save(pets / "dogs" / "new.png")
    with pytest.raises(DataError, match="the pictures of 'my pets' cannot be put into .*own: there is no permission"):
        own_images.prepare(pets)


def test_what_a_killed_process_left_is_cleared_away_and_others_may_read_what_is_prepared(pets, tmp_path):
    (tmp_path / "cache" / "own" / ".own-half" / "prepared").mkdir(parents=True)
    mask = os.umask(0o022)
    try:
        prepared = own_images.prepare(pets)
    finally:
        os.umask(mask)
    assert [path for path in left(tmp_path / "cache") if "half" in path] == []
    assert sys.platform == "win32" or all(
        path.stat().st_mode & 0o044 == 0o044 for path in [prepared.path, *prepared.path.rglob("*")]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_disk_that_is_full_within_a_picture_is_noticed(pets, tmp_path):
    code = (
        "import resource, sys; from course_utils import own_images\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))  # the rest of a file is not written, as where a disk is full\n"
        f"own_images.prepare({str(pets)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env=os.environ | {"COURSE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert "DataError: the pictures of 'my pets' cannot be put into" in done.stderr
    assert left(tmp_path / "cache") == ["own"]


def _prepare_in(cache, folder):
    own_images.cache_folder = lambda: cache
    return str(own_images.prepare(folder).path)


def test_two_processes_at_once_end_with_the_same_folder(pets, tmp_path):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.starmap(_prepare_in, [(tmp_path / "cache", pets)] * 2)
    assert (
        first == second
        and len([path for path in (tmp_path / "cache" / "own").iterdir() if path.suffix != ".lock"]) == 1
    )


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "tiff", "webp", "ppm"])
def test_damaged_files_of_every_kind_are_refused_and_never_crash(tmp_path, suffix):
    rng = np.random.default_rng(0)
    path = tmp_path / f"x.{suffix}"
    noise(0).save(path)
    whole = path.read_bytes()
    for _ in range(40):
        damaged = bytearray(whole[: rng.integers(0, len(whole))] if rng.random() < 0.5 else whole)
        for place in rng.integers(0, max(len(damaged), 1), rng.integers(0, 20)):
            if damaged:
                damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            pixels, _ = read_picture(path, 256)
            assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
        except ValueError as error:
            assert "cannot be read" in str(error) or "pixels" in str(error)
