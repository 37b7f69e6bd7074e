"""The tool that turns a finished run of `full` into data/reference_results.csv."""

import csv
import importlib.util
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
pytestmark = pytest.mark.skipif(not TOOLS.is_dir(), reason="tools/ is not part of an installed course")


@pytest.fixture
def tool(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("reference_results", TOOLS / "reference_results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TABLES", tmp_path)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "cats_vs_dogs").mkdir(parents=True)
    (tmp_path / "data" / "mnist.npz").write_bytes(b"digits")
    (tmp_path / "data" / "cats_vs_dogs" / "a.jpg").write_bytes(b"cat")
    (tmp_path / "reference_results.csv").write_text(
        "lesson,name,value,seed,data,data_sha256,stack\ngenerators,old,1,0,mnist,x,y\ncheckpointing,kept,2,0,cifar10,x,y\n"
    )
    return module


def batch(folder, status="ok"):
    (folder / "results.csv").write_text(
        "lesson,status,seconds,peak_memory_mb,SEED,DATASET,EPOCHS,test_accuracy,margin\n"
        f"05_generators,ok,61.5,900,0,mnist,10,0.9,\n06_augmentation,{status},5,900,3,cats_vs_dogs,50,,0.25\n"
    )
    return folder


def test_each_number_becomes_a_row_and_other_lessons_stay(tool, tmp_path, capsys):
    tool.main(batch(tmp_path), "reference_results")
    with open(tool.TABLES / "reference_results.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["lesson"], row["name"], row["value"], row["seed"], row["data"]) for row in rows] == [
        ("augmentation", "margin", "0.25", "3", "cats_vs_dogs"),
        ("checkpointing", "kept", "2", "0", "cifar10"),
        ("generators", "test_accuracy", "0.9", "0", "mnist"),
    ]
    assert "python 3" in rows[0]["stack"] and "2 numbers written" in capsys.readouterr().out


def test_a_batch_with_a_failed_run_changes_nothing(tool, tmp_path):
    before = (tool.TABLES / "reference_results.csv").read_text()
    with pytest.raises(SystemExit, match="did not end well"):
        tool.main(batch(tmp_path, status="failed"), "reference_results")
    assert (tool.TABLES / "reference_results.csv").read_text() == before


def test_the_hash_follows_names_and_contents(tool, tmp_path):
    pictures, seen = tmp_path / "data" / "cats_vs_dogs", {tool.data_digest("mnist"), tool.data_digest("cats_vs_dogs")}
    (pictures / "a.jpg").rename(pictures / "b.jpg")
    seen.add(tool.data_digest("cats_vs_dogs"))
    (pictures / "b.jpg").write_bytes(b"dog")
    seen.add(tool.data_digest("cats_vs_dogs"))
    assert len(seen) == 4


def test_a_table_is_begun_where_there_is_none(tool, tmp_path):
    batch(tmp_path)
    tool.main(tmp_path, "seed_results")
    assert (tmp_path / "seed_results.csv").read_text().count("\n") == 3


def test_what_comes_with_the_course_has_no_hash(tool):
    assert tool.data_digest("toy_pets") == ""


def test_a_batch_that_has_not_ended_is_refused(tool, tmp_path):
    (batch(tmp_path) / ".lock").touch()
    with pytest.raises(SystemExit, match="is still being written, or its batch was killed"):
        tool.rows_of(tmp_path)
