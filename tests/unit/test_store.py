"""Files and folders appear whole or not at all, made by one process at a time."""

import errno
import os
import subprocess
import sys

import pytest

from course_utils import fetch, store


def inside(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_appears_when_its_block_ends_well(tmp_path):
    with store.whole_file(tmp_path / "a.csv") as partial:
        partial.write_text("1", encoding="utf-8")
        assert partial.suffix == ".csv" and partial.parent == tmp_path and not (tmp_path / "a.csv").exists()
    assert inside(tmp_path) == ["a.csv"] and (tmp_path / "a.csv").read_text() == "1"


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt()])
def test_a_file_stays_as_it_was_when_its_block_fails(tmp_path, error):
    store.write_text(tmp_path / "a.csv", "old\n")
    with pytest.raises(type(error)), store.whole_file(tmp_path / "a.csv") as partial:
        partial.write_text("half", encoding="utf-8")
        raise error
    assert inside(tmp_path) == ["a.csv"] and (tmp_path / "a.csv").read_bytes() == b"old\n"


def test_text_keeps_its_line_ends_and_is_utf8(tmp_path):
    store.write_text(tmp_path / "a.txt", "é\r\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\r\nb\n".encode()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_appears_when_its_block_ends_well(tmp_path, there):
    target = tmp_path / "above" / "pets"
    if there:
        target.mkdir(parents=True)
    with store.whole_folder(target) as partial:
        (partial / "cats").mkdir()
        assert not there or inside(target) == []
    assert inside(tmp_path) == ["above", "above/pets", "above/pets/cats"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_folder_whose_block_fails(tmp_path, error):
    with pytest.raises(type(error)), store.whole_folder(tmp_path / "pets") as partial:
        (partial / "cats").mkdir()
        raise error
    assert inside(tmp_path) == []


@pytest.mark.parametrize("existing", ["pets", "pets/mine.txt"])
def test_a_folder_takes_no_place_that_is_taken(tmp_path, existing):
    (tmp_path / existing).parent.mkdir(exist_ok=True)
    (tmp_path / existing).write_text("mine", encoding="utf-8")
    with (
        pytest.raises(
            FileExistsError, match="folder must be new or empty; got '.*pets', which is there: name another$"
        ),
        store.whole_folder(tmp_path / "pets"),
    ):
        pytest.fail("the block is not entered")
    assert (tmp_path / existing).read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="others are kept out in other ways there")
def test_others_may_look_into_what_was_moved_into_place(tmp_path):
    mask = os.umask(0o022)
    try:
        with store.whole_folder(tmp_path / "pets"):
            pass
        store.make_once(tmp_path / "made", lambda part: (part / "made").mkdir() or part / "made", "made", 1)
    finally:
        os.umask(mask)
    assert (tmp_path / "pets").stat().st_mode & 0o055 == (tmp_path / "made").stat().st_mode & 0o055 == 0o055


def test_what_is_there_is_not_made_again(tmp_path):
    (tmp_path / "a").touch()
    assert store.make_once(tmp_path / "a", lambda part: pytest.fail("made again"), "a", 1) == tmp_path / "a"
    assert inside(tmp_path) == ["a"], "no lock beside it"


def test_a_failure_leaves_nothing_and_is_told_as_it_is(tmp_path):
    def make(part):
        (part / "half").touch()
        raise RuntimeError("not the disk's fault")

    with pytest.raises(RuntimeError, match="not the disk's fault"):
        store.make_once(tmp_path / "a", make, "a", 1)
    assert inside(tmp_path) == [".a.lock"]


@pytest.mark.parametrize(
    "code, message",
    [
        (errno.EACCES, r"no permission .* Set the environment variable COURSE_CACHE to a folder of your own, or ask$"),
        (errno.ENOSPC, r"the disk is full. About 7 MB are needed: .* COURSE_CACHE to a folder on another disk$"),
        (errno.EIO, r"The environment variable COURSE_CACHE names another folder$"),
    ],
)
def test_a_disk_that_does_not_take_it_is_named_with_a_way_out(tmp_path, code, message):
    def make(part):
        raise OSError(code, os.strerror(code))

    with pytest.raises(store.DataError, match=f"the pets cannot be put into .*: .*{message}"):
        store.make_once(tmp_path / "a", make, "a", 7, "the pets", "COURSE_CACHE", advice=", or ask")


def test_two_processes_make_it_once_and_the_second_waits(tmp_path):
    code = (
        "import pathlib, sys, time; from course_utils import store; import filelock\n"
        "def make(part):\n    print('made', flush=True); time.sleep(0.5); (part / 'a').touch(); return part / 'a'\n"
        f"print('ready', flush=True); input(); print(store.make_once(pathlib.Path({str(tmp_path / 'a')!r}), make, 'a', 1))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = "".join(process.communicate(timeout=60)[0] for process in both)
    assert said.count("made") == 1 and said.count(str(tmp_path / "a")) == 2


def test_users_catch_one_error_for_data():
    assert fetch.DataError is store.DataError
