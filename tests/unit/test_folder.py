"""A batch's folder: refused where it would destroy something, a journal that grows by a line a run, a table without traps."""

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils import store
from course_utils.batch import UsageError, folder
from course_utils.batch.record import Failure, Record, of_spec


def test_a_folder_that_no_batch_wrote_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and was not written by a batch"):
        folder.Folder(tmp_path, "Test")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_as_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file: name a folder"):
        folder.Folder(tmp_path / "file", "Test")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        folder.Folder(tmp_path / "file" / "out", "Test")


def test_a_folder_without_write_permission_is_refused(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)  # root, as in many containers, may write everywhere
    with pytest.raises(UsageError, match="cannot be written: Permission denied"):
        folder.Folder(tmp_path / "out", "Test")


def test_a_damaged_manifest_is_refused(tmp_path):
    (tmp_path / "journal.jsonl").write_text("{")
    with pytest.raises(UsageError, match="is damaged: name another folder"):
        folder.Folder(tmp_path, "Test")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "results.csv"
    store.write_text(target, "old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        store.write_text(target, "new")
    assert target.read_text() == "old"


def test_a_manifest_that_is_no_manifest_is_refused(tmp_path):
    (tmp_path / "journal.jsonl").write_text("[]")
    with pytest.raises(UsageError, match="is damaged: name another folder"):
        folder.Folder(tmp_path, "Test")


def a_record(name="01_a", **values):
    about = {"notebook": f"{name}.ipynb", "status": "ok", "parameters": {"N": 1}, "fingerprint": "f", **values}
    return Record(name, about.pop("lesson", name), **about)


def rows(*records):
    return list(csv.DictReader(io.StringIO(folder.results_csv(list(records)))))


def test_a_record_comes_back_from_the_journal_as_it_was(tmp_path):
    good = a_record(numbers={"loss": 0.1, "huge": 10**40}, exercises={"stack": "correct"}, versions={"python": "3"})
    bad = a_record("02_b", status="failed", error=Failure("boom", 3, "1 / 0", "é"), parameters={"SIZES": [1, 2]})
    with_notebook = a_record("03_c", executed="{}")
    place = folder.Folder(tmp_path / "out", "T")
    for one in (good, bad, with_notebook):
        place.add(one)
    place.close()
    assert folder.read_journal(tmp_path / "out" / "journal.jsonl")[:2] == [good, bad]
    assert (tmp_path / "out" / "03_c.ipynb").read_text() == "{}"


def test_the_journal_grows_by_one_line_a_run_and_keeps_the_others(tmp_path):
    place, journal = folder.Folder(tmp_path / "out", "T"), tmp_path / "out" / "journal.jsonl"
    sizes = []
    for number in range(4):
        before = journal.read_bytes()
        place.add(a_record(f"{number:02}_a"))
        assert journal.read_bytes().startswith(before)
        sizes.append(len(journal.read_bytes()) - len(before))
    assert len(set(sizes)) == 1, "what a run costs does not grow with their number"
    place.close()


def test_between_two_reports_some_time_passes(tmp_path):
    place, table = folder.Folder(tmp_path / "out", "T"), tmp_path / "out" / "results.csv"
    place.add(a_record())
    place.report(3)
    place.add(a_record("02_b"))
    place.report(3, now=False)
    assert len(table.read_text().splitlines()) == 2
    place.report(3)
    assert len(table.read_text().splitlines()) == 3
    place.close()


def test_of_a_run_that_was_made_twice_the_later_record_counts(tmp_path):
    place = folder.Folder(tmp_path / "out", "T")
    place.add(a_record(status="failed"))
    place.add(a_record())
    place.close()
    assert [one.status for one in folder.read_journal(tmp_path / "out" / "journal.jsonl")] == ["ok"]


def test_a_last_line_that_is_cut_off_loses_no_other_run(tmp_path):
    place = folder.Folder(tmp_path / "out", "T")
    for name in ("01_a", "02_b"):
        place.add(a_record(name, executed="{}"))
    place.close()
    journal = tmp_path / "out" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])  # as when the power fails
    again = folder.Folder(tmp_path / "out", "T")
    assert list(again.records) == ["01_a"]
    again.add(a_record("02_b", executed="{}"))
    again.close()
    assert [one.name for one in folder.read_journal(journal)] == ["01_a", "02_b"]


def test_a_line_that_is_damaged_in_the_middle_is_not_passed_over(tmp_path):
    place = folder.Folder(tmp_path / "out", "T")
    place.add(a_record())
    place.close()
    journal = tmp_path / "out" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"name"', "name") + "{}\n")
    with pytest.raises(UsageError, match="journal.jsonl is damaged: name another folder with --out, or move this one"):
        folder.Folder(tmp_path / "out", "T")


def test_a_line_that_is_no_record_is_damage(tmp_path):
    (tmp_path / "journal.jsonl").write_text('{"title": "T"}\n[1]\n{}\n')
    with pytest.raises(UsageError, match="journal.jsonl is damaged"):
        folder.Folder(tmp_path, "T")


def test_what_a_killed_process_left_half_written_is_removed_and_nothing_refused(tmp_path):
    for name in (".results.part.csv", ".01_n.part.ipynb", ".journal.part.jsonl", ".writable"):
        (tmp_path / name).write_text("half")
    folder.Folder(tmp_path, "T").close()
    assert {path.name for path in tmp_path.iterdir()} - {".writable"} == {"journal.jsonl"}


def stored(tmp_path, *specs):
    """A folder in which each of these has ended well; its notebook's text is its name and EPOCHS."""
    place = folder.Folder(tmp_path / "out", "T")
    for spec in specs:
        place.add(replace(of_spec(spec, "ok"), executed=f"{spec.name} {spec.parameters['EPOCHS']}"))
    place.close()
    return folder.Folder(tmp_path / "out", "T")


def test_runs_that_exchange_their_names_are_both_kept(spec_of, tmp_path):
    one, two = spec_of("01_n", "1", EPOCHS=1), spec_of("01_n", "1", EPOCHS=2)
    place = stored(tmp_path, replace(one, name="01_n-a"), replace(two, name="01_n-b"))
    exchanged = [replace(two, name="01_n-a"), replace(one, name="01_n-b")]
    assert [place.finished(spec).parameters["EPOCHS"] for spec in exchanged] == [2, 1]
    place.close()
    texts = {path.name: path.read_text() for path in (tmp_path / "out").glob("*.ipynb")}
    assert texts == {"01_n-a.ipynb": "01_n-b 2", "01_n-b.ipynb": "01_n-a 1"}
    assert {one.name for one in folder.read_journal(tmp_path / "out" / "journal.jsonl")} == {"01_n-a", "01_n-b"}


def test_the_same_notebook_of_two_students_stays_two_runs(spec_of, tmp_path):
    smith = spec_of("01_n-smith", "1")
    jones = replace(smith, name="01_n-jones", lesson="01_n-jones")
    place = stored(tmp_path, smith)
    assert place.finished(jones) is None and place.finished(smith).name == "01_n-smith"
    place.close()


def test_a_fingerprint_is_computed_once_a_spec_however_many_runs_there_are(spec_of, tmp_path, monkeypatch):
    spec = spec_of("01_n", "1")
    place, computed = stored(tmp_path, *(replace(spec, name=f"01_n-{n}", data=str(n)) for n in range(30))), []
    real = type(spec).source.fget
    monkeypatch.setattr(type(spec), "source", property(lambda self: computed.append(1) or real(self)))
    assert place.finished(replace(spec, data="other")) is None and len(computed) == 1
    place.close()


def test_merged_runs_come_beside_those_that_are_there_and_replace_none(spec_of, tmp_path):
    one, two = spec_of("01_n", "1", EPOCHS=1), replace(spec_of("02_n", "1"), parameters={"EPOCHS": 2})
    for name, spec in (("first", one), ("second", two), ("third", replace(two, name="01_n"))):
        (tmp_path / name).mkdir()
        stored(tmp_path / name, spec).close()
    places = {name: tmp_path / name / "out" for name in ("first", "second", "third")}
    assert folder.merge([places["second"]], places["first"]) == 2
    with pytest.raises(UsageError, match="01_n is in .*first.* and in .*third.*: merge folders with different runs"):
        folder.merge([places["third"]], places["first"])
    assert (places["first"] / "01_n.ipynb").read_text() == "01_n 1"
    assert (places["first"] / "02_n.ipynb").read_text() == "02_n 2"


def test_a_refused_folder_is_not_locked(tmp_path):
    (tmp_path / "journal.jsonl").write_text("{")
    for _ in range(2):
        with pytest.raises(UsageError, match="is damaged"):
            folder.Folder(tmp_path, "T")
    assert {path.name for path in tmp_path.iterdir()} == {"journal.jsonl"}


@pytest.fixture
def first_edition(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("01_a.ipynb", "results.csv", "report.html", "notes.txt"):
        (out / name).write_text("old")
    (out / "batch.json").write_text(json.dumps({"title": "T", "records": [{"notebook": "01_a.ipynb"}]}))
    return out


def test_what_a_batch_of_the_first_edition_wrote_is_replaced_and_nothing_else(first_edition):
    folder.Folder(first_edition, "T", clean=True).close()
    assert {path.name for path in first_edition.iterdir()} == {"notes.txt", "journal.jsonl"}


def test_a_batch_of_the_first_edition_is_not_resumed_and_stays(first_edition):
    with pytest.raises(UsageError, match="written by the first edition, which no batch can go on with"):
        folder.Folder(first_edition, "T")
    assert (first_edition / "01_a.ipynb").read_text() == "old"


def test_no_text_reaches_the_table_as_a_formula():
    name = '=HYPERLINK("http://x")02_pooling'
    (row,) = rows(a_record(name, parameters={"WORD": "@SUM(1)", "OTHER": "-cat", "NUMBER": -3}, numbers={"loss": -0.5}))
    assert row["lesson"] == f"'{name}" and row["WORD"] == "'@SUM(1)" and row["OTHER"] == "'-cat"
    assert (row["NUMBER"], row["loss"]) == ("-3", "-0.5")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text):
    assert folder.plain(text) == f"'{text}"


def test_a_students_parameter_takes_no_other_columns_place():
    forged = a_record("smith", parameters={"lesson": "jones", "status": "ok", "loss": 7, "N": 2}, status="failed")
    text = folder.results_csv([forged, a_record(numbers={"loss": 0.5})])
    columns = text.splitlines()[0].split(",")
    assert len(columns) == len(set(columns)) and columns[:5] == [
        "lesson",
        "status",
        "seconds",
        "peak_memory_mb",
        "notebook",
    ]
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["lesson"], first["status"]) == ("smith", "failed") and second["loss"] == "0.5"
