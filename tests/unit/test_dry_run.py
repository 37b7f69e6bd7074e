"""A dry run lists what would run, and estimates the time by earlier runs."""

import json

import pytest

from course_utils.batch import dry_run
from course_utils.batch.folder import JOURNAL
from course_utils.batch.record import Record, Spec


def spec(name="a", lesson="experiments/a", changed=None, **parameters):
    return Spec(name, lesson, "", {"N": 100, "SEED": 0, **parameters, **(changed or {})}, changed or {})


def earlier(seconds, status="ok", lesson="experiments/a", **parameters):
    return Record(f"a{seconds}", lesson, "a.ipynb", status, {"N": 100, "SEED": 0, **parameters}, "1", seconds=seconds)


@pytest.fixture
def show(tmp_path):
    """The lines for these runs after those earlier ones: `show(specs, records, jobs)`."""

    def lines(specs, records=(), jobs=1):
        folder = tmp_path / "runs"
        folder.mkdir(exist_ok=True)
        text = [json.dumps({"title": "T"}), *(one.as_json() for one in records)]
        (folder / JOURNAL).write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        said = []
        dry_run.show(specs, jobs, [folder, folder, tmp_path / "nowhere"], said.append)
        return said

    return lines


def test_runs_are_listed_with_what_they_change(show):
    first, second, *_ = show([spec("a-N=5", changed={"N": 5, "FLIP": True}), spec("b")])
    assert first.split() == ["a-N=5", "?", "N=5,", "FLIP=True"]
    assert second.split() == ["b", "?", "its", "own", "parameters"]


def test_without_earlier_runs_there_is_no_estimate(show):
    others = [earlier(5, lesson="experiments/b"), earlier(5, status="failed")]
    assert show([spec()], others)[1:] == [
        "1 run; nothing was started",
        "no earlier run of these notebooks is known on this machine, so there is no estimate of the time",
    ]


def test_the_estimate_is_the_median_of_the_runs_that_differ_least_whatever_their_seed(show):
    records = [
        earlier(10, SEED=3),
        earlier(30, SEED=4),
        earlier(20, SEED=5),
        earlier(500, N=9000),
        earlier(7, status="died"),
    ]
    line, _, total = show([spec()], records)
    assert line.split()[:3] == ["a", "20", "s"]
    assert total == "about 20 s with 1 at a time, by 4 earlier runs on this machine"


def test_runs_at_a_time_share_the_time_and_one_takes_as_long_as_it_takes(show):
    specs = [spec(f"a{number}") for number in range(4)]
    assert show(specs, [earlier(60)], jobs=2)[-1] == "about 2 min with 2 at a time, by 1 earlier run on this machine"
    assert show(specs, [earlier(3000)], jobs=100)[-1].startswith("about 50 min with 100 at a time")


def test_a_run_that_nobody_knows_takes_as_long_as_the_others(show):
    lines = show([spec(), spec("b", "experiments/b")], [earlier(40)])
    assert lines[1].split()[1] == "?" and lines[-1].startswith("about 80 s with 1 at a time")


def test_a_damaged_journal_is_no_earlier_batch(show, tmp_path):
    show([])
    (tmp_path / "runs" / JOURNAL).write_text('{"title": "T"}\n{}\n{}\n', encoding="utf-8")
    said = []
    dry_run.show([spec()], 1, [tmp_path / "runs"], said.append)
    assert "no earlier run" in said[-1]
