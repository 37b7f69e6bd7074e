"""Stored studies: each has a plan that still runs, and its cheapest point, run again, lies inside of its band.

Studies on data that do not come with the course are run again where ``COURSE_DATA`` names the same data.
"""

import random

import pytest
from running import NOTEBOOKS

from course_utils import studies
from course_utils.batch import lessons
from course_utils.batch.plan import Plan, Run, expand, read_plan
from course_utils.batch.run import run_batch

STORED = sorted(path.stem for path in studies.folder().glob("*.csv"))
OF_EACH = pytest.mark.parametrize("name", STORED)
SHARE = 10  # one run in so many is repeated by the long test


def plan_of(name):
    return read_plan(NOTEBOOKS / "plans" / "studies" / f"{name}.toml")


def known():
    return lessons.find_lessons(NOTEBOOKS, lambda line: None) + lessons.find_experiments(NOTEBOOKS)


def spec_of(run):
    """How a stored run is run again."""
    parameters = {name: value for name, value in run.items() if name.isupper()}
    (spec,) = expand(Plan("again", (Run(run["notebook"], parameters),)), known())
    return spec


def cheapest(runs, y):
    """The embedded run that took least of those that a band can be had for."""
    embedded = [run for run in runs if run["data"] == studies.EMBEDDED and y in run]
    return min(embedded, key=lambda run: run["seconds"], default=None)


def repeat(name, runs, folder):
    """Run these again, and hold them against the bands; what is outside, in words."""
    y, specs = plan_of(name).figure.y, {spec.name: spec for spec in map(spec_of, runs)}
    records = run_batch(Plan("again", ()), list(specs.values()), folder / "out", say=lambda line: None)
    assert [(one.name, one.error) for one in records if one.status != "ok"] == []
    again = [{**one.parameters, **one.numbers, "notebook": one.lesson, "data": one.known_data} for one in records]
    compared = studies.reruns(again, studies.read(name), y)
    assert len(compared) == len(again), (
        "a run's recipe is not that of the stored one: the notebook has other parameters"
    )
    return [
        f"{y} is {run[y]:.4g}, its band {low:.4g} to {high:.4g}: {run}"
        for run, (low, high), good in compared
        if not good
    ]


@OF_EACH
def test_a_stored_study_is_what_its_plan_runs(name):
    plan, runs = plan_of(name), studies.read(name)
    planned = [(spec.lesson, sorted(spec.parameters.items())) for spec in expand(plan, known())]
    for run in runs:
        spec = spec_of(run)
        assert (spec.lesson, sorted(spec.parameters.items())) in planned, f"the plan does not have {run}"
    assert runs[0]["planned"] == len(planned)
    assert studies.sentence(studies.points(runs, plan.figure.x, plan.figure.y, plan.figure.lines), plan.figure)


@OF_EACH
def test_the_cheapest_point_of_a_stored_study_keeps_its_band(name, tmp_path):
    runs = studies.read(name)
    run = cheapest(runs, plan_of(name).figure.y)
    if run is None:
        pytest.skip("no run of this study is on embedded data")
    try:
        studies.reruns([run], runs, plan_of(name).figure.y)
    except ValueError as error:
        pytest.skip(f"{name} has {len(runs)} of {run['planned']} runs: {error}")
    assert repeat(name, [run], tmp_path) == []


@pytest.mark.long
@OF_EACH
def test_a_random_tenth_of_a_stored_study_keeps_its_bands(name, tmp_path):
    runs = studies.read(name)
    chosen = random.sample(runs, max(len(runs) // SHARE, 1))
    there = [run for run in chosen if (spec_of(run).data or studies.EMBEDDED) == run["data"]]
    if not there:
        pytest.skip(f"COURSE_DATA does not name the data that {name} was run on")
    try:
        studies.reruns(there, runs, plan_of(name).figure.y)
    except ValueError as error:
        pytest.skip(f"{name} has {len(runs)} of {runs[0]['planned']} runs: {error}")
    assert repeat(name, there, tmp_path) == []


def test_the_cheapest_run_is_the_quickest_on_embedded_data():
    runs = [
        {"seconds": 1.0, "data": "abc", "y": 1},
        {"seconds": 2.0, "data": "embedded"},
        {"seconds": 5.0, "data": "embedded", "y": 1},
        {"seconds": 4.0, "data": "embedded", "y": 2},
    ]
    assert cheapest(runs, "y") == runs[3] and cheapest(runs[:2], "y") is None


# ------------------------------------------------------------------------------------------- the gate itself, on a tiny study


@pytest.fixture
def tiny(make_lesson, tmp_path, monkeypatch):
    """A study of a notebook that records N + SEED / 100, stored with what it would have recorded plus `offset`: `tiny(offset)`."""
    parameters = "N: int = 1  # a number\nSEED: int = 0  # of nothing"
    make_lesson("01_quick", "from course_utils.results import record\nrecord(y=N + SEED / 100)", parameters=parameters)
    plans = tmp_path / "notebooks" / "plans" / "studies"
    plans.mkdir()
    plan = (
        'question = "?"\nfigure = { x = "N", y = "y" }\n[[run]]\nlesson = "quick"\ngrid = { N = [1, 2] }\nseeds = 6\n'
    )
    (plans / "tiny.toml").write_text(plan, encoding="utf-8")
    monkeypatch.setitem(globals(), "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(studies, "folder", lambda: tmp_path / "studies")
    (tmp_path / "studies").mkdir()
    (tmp_path / "tenth").mkdir()

    def write(offset=0.0):
        lines = ["N,SEED,metric,value,seconds,notebook,data,stack,machine,planned"]
        lines += [f"{n},{s},y,{n + s / 100 + offset},{n},01_quick,embedded,,,12" for n in (1, 2) for s in range(6)]
        (tmp_path / "studies" / "tiny.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    return write


def test_a_study_that_repeats_passes(tiny, tmp_path):
    tiny()
    test_a_stored_study_is_what_its_plan_runs("tiny")
    test_the_cheapest_point_of_a_stored_study_keeps_its_band("tiny", tmp_path)
    test_a_random_tenth_of_a_stored_study_keeps_its_bands("tiny", tmp_path / "tenth")


def test_a_study_that_does_not_repeat_is_found(tiny, tmp_path):
    tiny(0.2)
    with pytest.raises(AssertionError, match=r"y is 1, its band 1\.144 to 1\.306"):
        test_the_cheapest_point_of_a_stored_study_keeps_its_band("tiny", tmp_path)


def test_a_plan_that_has_changed_is_found(tiny, tmp_path):
    tiny()
    plan = tmp_path / "notebooks" / "plans" / "studies" / "tiny.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("[1, 2]", "[1, 3]"), encoding="utf-8")
    with pytest.raises(AssertionError, match="the plan does not have .*'N': 2"):
        test_a_stored_study_is_what_its_plan_runs("tiny")
