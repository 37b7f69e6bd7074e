"""Means, intervals, differences and bands against SciPy and by hand; sentences that do not mislead; studies kept and read."""

import json
import math
import statistics
from dataclasses import replace

import pytest
import scipy.stats

from course_utils import results, studies
from course_utils.batch import study
from course_utils.batch.folder import JOURNAL
from course_utils.batch.plan import Figure
from course_utils.batch.record import Failure, Record
from course_utils.studies import Point, band, differences, interval, points, reruns, rounded, sentence, words

NAN, INF = math.nan, math.inf
FIGURE = Figure("N", "accuracy", "FLIP")
PLAIN = Figure("N", "accuracy")


def runs_of(table, y="accuracy"):
    """Runs from ``{(line, x): [value of seed 0, of seed 1, …]}``; a value that is None is a run that there is not."""
    return [
        {"FLIP": line, "N": x, "SEED": seed, y: value}
        for (line, x), values in table.items()
        for seed, value in enumerate(values)
        if value is not None
    ]


def said(table, figure=FIGURE):
    return sentence(points(runs_of(table, figure.y), figure.x, figure.y, figure.lines), figure)


# -------------------------------------------------------------------------------------------------- points, intervals


def test_runs_that_differ_in_their_seed_are_one_point_and_points_are_in_order():
    found = points(
        runs_of({(True, 200): [0.8, 0.9], (False, 1000): [0.7], (False, 200): [0.5, 0.6]}), *["N", "accuracy", "FLIP"]
    )
    assert [(one.line, one.x, one.values) for one in found] == [
        (False, 200, {0: 0.5, 1: 0.6}),
        (False, 1000, {0: 0.7}),
        (True, 200, {0: 0.8, 1: 0.9}),
    ]
    assert [one.mean for one in found] == pytest.approx([0.55, 0.7, 0.85])
    assert found[1].interval is None and found[0].interval == interval([0.5, 0.6])


def test_values_of_every_kind_have_an_order():
    kinds = [[8, 16], "b 10", "b 9", "a", 0.5, True, 10, False, None, [8], 2]
    found = points([{"X": value, "y": 1} for value in kinds], "X", "y")
    assert [one.x for one in found] == [None, False, 0.5, True, 2, 10, "a", "b 9", "b 10", (8,), (8, 16)]


def test_a_run_without_the_number_or_the_parameter_is_left_out():
    runs = [{"N": 1, "y": 2.0}, {"N": 1, "SEED": 1}, {"y": 3.0, "SEED": 2}, {"N": 1, "y": None, "SEED": 3}]
    assert points(runs, "N", "y") == [Point(None, 1, {0: 2.0})]


@pytest.mark.parametrize("values", [[0.8, 0.9], [0.81, 0.79, 0.86, 0.84, 0.8], [1250.0, 1390.0, 1100.5], [3.0] * 4])
def test_the_interval_is_students(values):
    mean, error = statistics.mean(values), statistics.stdev(values) / len(values) ** 0.5
    expected = scipy.stats.t.interval(0.95, len(values) - 1, mean, error) if error else (mean, mean)
    assert interval(values) == pytest.approx(expected)


def test_one_value_has_no_interval():
    assert interval([0.8]) is None and interval([]) is None


@pytest.mark.parametrize(
    "runs, names, message",
    [
        (
            [{"N": 1, "accuracy": 1}],
            ("N", "accurac"),
            r"the runs have no 'accurac' \(did you mean accuracy\?\); they have N, accuracy",
        ),
        ([{"N": 1, "y": 1}], ("N", "y", "FLIP"), "the runs have no 'FLIP'; they have N, y"),
        ([], ("N", "y"), "the runs have no 'N'; they have nothing"),
        ([{"N": 1}, {"y": 1}], ("N", "y"), "no run has all of N, y"),
        (
            [{"N": 1, "IMAGE": "cat"}],
            ("N", "IMAGE"),
            "y must name a recorded number; got IMAGE, which is 'cat' in a run",
        ),
        (
            [{"N": 1, "EPOCHS": epochs, "SEED": 3, "y": 1} for epochs in (2, 5)],
            ("N", "y"),
            r"two runs with seed 3 differ in EPOCHS \(2 and 5\), which the figure does not show",
        ),
        ([{"N": 1, "RATE": rate, "y": 1} for rate in (0.1, None)], ("N", "y"), r"differ in RATE \(0\.1 and none\)"),
        ([{"N": 1, "y": 1}] * 2, ("N", "y"), "two runs have the same parameters and seed 0: leave one of them out"),
    ],
)
def test_what_cannot_be_drawn_says_why(runs, names, message):
    with pytest.raises(ValueError, match=message):
        points(runs, *names)


# -------------------------------------------------------------------------------------------------------- differences


def test_differences_are_taken_seed_by_seed():
    """Seeds vary a lot, the difference does not: only pairs show it (SciPy's paired test is the oracle)."""
    plain, flipped = [0.50, 0.70, 0.60, 0.80, 0.65], [0.53, 0.72, 0.64, 0.83, 0.67]
    (one,) = differences(points(runs_of({(False, 200): plain, (True, 200): flipped}), "N", "accuracy", "FLIP"))
    expected = scipy.stats.ttest_rel(flipped, plain).confidence_interval(0.95)
    assert one.interval == pytest.approx(tuple(expected)) and one.clear and one.count == 5
    assert one.mean == pytest.approx(0.028)
    low, high = interval(plain)
    assert low < statistics.mean(flipped) < high  # without pairs nothing would be seen


def test_only_seeds_that_both_have_are_compared():
    (one,) = differences(
        points(runs_of({(False, 1): [0.5, 0.6, None], (True, 1): [None, 0.8, 0.1]}), "N", "accuracy", "FLIP")
    )
    assert (one.mean, one.count, one.interval, one.clear) == (pytest.approx(0.2), 1, None, False)


def test_the_first_line_is_compared_with_each_other_wherever_they_meet():
    table = {("a", 1): [0], ("a", 2): [0], ("b", 2): [1], ("c", 1): [2], ("c", 2): [3], ("c", 3): [9]}
    found = differences(points(runs_of(table), "N", "accuracy", "FLIP"))
    assert [(one.first.line, one.second.line, one.first.x, one.mean) for one in found] == [
        ("a", "b", 2, 1),
        ("a", "c", 1, 2),
        ("a", "c", 2, 3),
    ]


def test_without_lines_the_first_place_is_compared_with_each_other():
    found = differences(points(runs_of({(0, 1): [1], (0, 2): [3], (0, 3): [0]}), "N", "accuracy"))
    assert [(one.second.x, one.mean) for one in found] == [(2, 2), (3, -1)]


# --------------------------------------------------------------------------------------------------------------- bands


def test_a_band_is_four_standard_deviations_of_a_rerun():
    first, second = [0.80, 0.82, 0.84, 0.86, 0.88, 0.90], [0.5, 0.6, 0.7, 0.6, 0.6, 0.6]
    found = points(runs_of({(0, 1): first, (0, 2): second}), "N", "accuracy")
    # By hand: squares of the first 0.0070, of the second 0.02, 5 + 5 degrees of freedom: s² = 0.0027; 4 · 0.05196 · √(7/6) = 0.2245
    assert band(found[0], found) == pytest.approx((0.85 - 0.2245, 0.85 + 0.2245), abs=1e-4)
    variance = (5 * statistics.variance(first) + 5 * statistics.variance(second)) / 10
    assert band(found[1], found)[1] == pytest.approx(0.6 + 4 * math.sqrt(variance * (1 + 1 / 6)))


def test_a_band_is_at_least_a_hundredth_to_either_side():
    found = points(runs_of({(0, 1): [0.9] * 11}), "N", "accuracy")
    assert band(found[0], found) == pytest.approx((0.89, 0.91))


def test_a_band_of_few_runs_is_refused():
    found = points(runs_of({(0, x): [0.5, 0.6, 0.7, 0.8] for x in range(3)} | {(0, 9): [1.0]}), "N", "accuracy")
    with pytest.raises(ValueError, match="needs 10 degrees of freedom, seeds less one a point in all; got 9"):
        band(found[0], found)


def test_a_point_that_diverged_has_no_band_and_takes_no_other_points():
    found = points(runs_of({(0, 1): [NAN, INF], (0, 2): [0.5] * 11}), "N", "accuracy")
    assert band(found[1], found) == pytest.approx((0.49, 0.51))
    with pytest.raises(ValueError, match="needs a run that has not diverged"):
        band(found[0], found)


def stored_runs(**others):
    runs = [
        {
            "N": n,
            "SEED": seed,
            "accuracy": n / 10 + seed / 100,
            "notebook": "experiments/a",
            "data": "embedded",
            **others,
        }
        for n in (1, 2)
        for seed in range(6)
    ]
    return runs


def test_reruns_are_held_against_the_point_with_the_same_recipe():
    inside = {**stored_runs()[0], "SEED": 77}
    outside = {**inside, "accuracy": 0.3}
    others = [{**inside, "N": 3}, {**inside, "data": "abc"}, {**inside, "notebook": "experiments/b"}]
    compared = reruns([inside, outside, *others, {**inside, "accuracy": NAN}], stored_runs(), "accuracy")
    assert [verdict for _, _, verdict in compared] == [True, False, False]
    low, high = compared[0][1]  # s = √0.00035 in both points
    half = 4 * math.sqrt(0.00035 * 7 / 6)
    assert (low, high) == pytest.approx((0.125 - half, 0.125 + half))


# ------------------------------------------------------------------------------------------------------------- in words


@pytest.mark.parametrize(
    "value, text",
    [
        (True, "yes"),
        (False, "no"),
        (None, "none"),
        (2000, "2,000"),
        (0.1, "0.1"),
        (1e-5, "1e-05"),
        ("a b", "a b"),
        ([8, 16], "8, 16"),
        ([], "none"),
    ],
)
def test_parameters_in_words(value, text):
    assert words(value) == text


@pytest.mark.parametrize(
    "number, text",
    [
        (0.0, "0.000"),
        (0.9996, "1.000"),
        (-0.0501, "−0.050"),
        (12.345678, "12.35"),
        (2345.6, "2,346"),
        (123456.0, "123,456"),
        (1.5e9, "1.5e+09"),
        (0.00012, "0.00012"),
        (NAN, "–"),
        (-INF, "–"),
    ],
)
def test_numbers_in_words(number, text):
    assert rounded(number) == text


CLEAR = {(False, 200): [0.50, 0.70, 0.60, 0.80, 0.65], (True, 200): [0.53, 0.72, 0.64, 0.83, 0.67]}


@pytest.mark.parametrize(
    "table, figure, text",
    [
        pytest.param(
            CLEAR,
            FIGURE,
            "accuracy is 0.028 higher with FLIP yes than with FLIP no at N 200 (95 % interval 0.018 to 0.038, 5 seeds in pairs).",
            id="one clear difference",
        ),
        pytest.param(
            {(not line, x): values for (line, x), values in CLEAR.items()},
            FIGURE,
            "accuracy is 0.028 lower with FLIP yes than with FLIP no at N 200 (95 % interval 0.018 to 0.038, 5 seeds in pairs).",
            id="lower",
        ),
        pytest.param(
            {(0, 200): [0.5, 0.6], (0, 1000): [0.70, 0.81]},
            PLAIN,
            "accuracy is 0.205 higher with N 1,000 than with N 200 (95 % interval 0.141 to 0.269, 2 seeds in pairs).",
            id="without lines",
        ),
        pytest.param(
            {(False, 1): [0.5, 0.6], (True, 1): [0.6, 0.5]},
            FIGURE,
            "There is no clear difference: accuracy is the same on average with FLIP no and yes at N 1 (95 % interval −1.271 to 1.271, 2 seeds in pairs).",
            id="equal means",
        ),
        pytest.param(
            {(False, 1): [0.5, 0.6, 0.7], (True, 1): [0.5, 0.7, 0.7]},
            FIGURE,
            "There is no clear difference: accuracy is 0.033 higher with FLIP yes than with FLIP no at N 1, and that may be luck "
            "(95 % interval −0.110 to 0.177, 3 seeds in pairs).",
            id="luck",
        ),
        pytest.param(
            {(False, 1): [0.5], (True, 1): [0.6]},
            FIGURE,
            "One seed carries no claim; in this one, accuracy is 0.100 higher with FLIP yes than with FLIP no at N 1.",
            id="one seed",
        ),
        pytest.param(
            {(False, 1): [0.5], (True, 1): [0.5]},
            FIGURE,
            "One seed carries no claim; in this one, accuracy is the same with FLIP no and yes at N 1.",
            id="one seed, the same",
        ),
        pytest.param(
            {(False, 1): [0.5, 0.6]},
            FIGURE,
            "accuracy is 0.550 over 2 seeds, and there is nothing to compare it with.",
            id="one point",
        ),
        pytest.param(
            {(False, 1): [0.5, None], (True, 1): [None, 0.6]},
            FIGURE,
            "No two places share a seed, so nothing is compared; the means of accuracy are in the table.",
            id="no seed in common",
        ),
        pytest.param(
            {("a", 1): [1, 1.1, 0.9], ("b", 1): [2, 2.1, 1.9], ("c", 1): [0.5, 0.6, 0.4]},
            FIGURE,
            "accuracy is 1.000 higher with FLIP b than with FLIP a at N 1 (95 % interval 1.000 to 1.000, 3 seeds in pairs); "
            "2 of 2 differences from FLIP a are clear, 1 higher and 1 lower.",
            id="three lines, both ways",
        ),
        pytest.param(
            {("a", 1): [0, 0, 0], ("b", 1): [9, -9, 8], ("c", 1): [0.5, 0.6, 0.4]},
            FIGURE,
            "accuracy is 0.500 higher with FLIP c than with FLIP a at N 1 (95 % interval 0.252 to 0.748, 3 seeds in pairs); "
            "1 of 2 differences from FLIP a is clear, 1 higher.",
            id="the largest difference is luck, a smaller one is clear",
        ),
        pytest.param(
            {("a", 1): [0, 0, 0], ("b", 1): [9, -9, 8], ("c", 1): [0.5, -0.6, 0.4]},
            FIGURE,
            "None of the 2 differences is clear: the largest is that accuracy is 2.667 higher with FLIP b than with FLIP a at N 1 "
            "(95 % interval −22.46 to 27.80, 3 seeds in pairs).",
            id="none of several",
        ),
        pytest.param(
            {("a", 1): [0, 1], ("b", 1): [1, 0], ("c", 1): [1, 0]},
            FIGURE,
            "None of the 2 differences is clear: the means are the same (95 % interval −12.71 to 12.71, 2 seeds in pairs).",
            id="several, the same",
        ),
        pytest.param(
            {(0, 1): [0, 0.0, 0]} | {(0, x): [1, -1, 0.5 + x / 100] for x in range(2, 12)} | {(0, 12): [1, 1.1, 1]},
            PLAIN,
            "accuracy is 1.033 higher with N 12 than with N 1 (95 % interval 0.890 to 1.177, 3 seeds in pairs); "
            "1 of 11 differences from N 1 is clear, 1 higher, which luck alone may do.",
            id="one of many",
        ),
        pytest.param(
            {(False, 1): [2345.6, 2400.1], (True, 1): [1345.6, 1399.1]},
            Figure("N", "loss", "FLIP"),
            "loss is 1,000 lower with FLIP yes than with FLIP no at N 1 (95 % interval 994.1 to 1,007, 2 seeds in pairs).",
            id="thousands",
        ),
        pytest.param(
            {(None, 1): [0.5, 0.6, NAN], ((8, 16), 1): [0.7, 0.8, 0.9]},
            FIGURE,
            "accuracy is 0.200 higher with FLIP 8, 16 than with FLIP none at N 1 (95 % interval 0.200 to 0.200, 2 seeds in pairs); "
            "1 of 6 runs diverged and is left out.",
            id="NaN, none and a list",
        ),
        pytest.param(
            {(False, 1): [NAN, INF], (True, 1): [-INF, NAN]},
            FIGURE,
            "There is no accuracy to compare; 4 of 4 runs diverged and are left out.",
            id="all diverged",
        ),
        pytest.param(
            {(False, 1): [NAN, INF], (True, 1): [0.5, 0.6]},
            FIGURE,
            "accuracy is 0.550 over 2 seeds, and there is nothing to compare it with; 2 of 4 runs diverged and are left out.",
            id="one line diverged",
        ),
    ],
)
def test_the_sentence_says_what_the_numbers_carry(table, figure, text):
    assert said(table, figure) == text


# ------------------------------------------------------------------------------------------------------ stored studies


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The data folder of a course that has no studies yet."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr("course_utils.paths.shipped", lambda name: folder / name)
    return folder


@pytest.fixture
def batch(tmp_path):
    """Write a batch's folder with these records: `batch(record, …)`."""

    def write(*records):
        folder = tmp_path / "runs"
        folder.mkdir(exist_ok=True)
        lines = [json.dumps({"title": "T"}), *(one.as_json() for one in records)]
        (folder / JOURNAL).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return folder

    return write


def run(seed=0, status="ok", numbers=None, lesson="experiments/a", **parameters):
    name = f"a-SEED={seed}-{len(parameters)}-{sorted(map(str, parameters.values()))}-{status}"
    return Record(
        name,
        lesson,
        f"{name}.ipynb",
        status,
        {"SEED": seed, **parameters},
        name,
        seconds=2.5,
        numbers={"accuracy": 0.5 + seed / 10} if numbers is None else numbers,
        error=Failure("x") if status != "ok" else None,
        versions={"python": "3.12.1", "tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.0"},
    )


def test_what_is_kept_is_read_again(data, batch):
    parameters = {"MONITOR": None, "FLIP": True, "SIZES": [8, 16], "NAME": 'a "b", c', "RATE": 0.001, "N": 200}
    numbers = {"accuracy": 0.1 + 0.2, "loss": NAN, "best": INF, "epochs": 7, "stopped": True}
    assert study.keep(batch(run(**parameters, numbers=numbers)), "depth") == (1, 1)
    (found,) = studies.read("depth")
    assert math.isnan(found.pop("loss")) and math.isnan(numbers.pop("loss"))
    about = {"notebook": "experiments/a", "data": "embedded", "seconds": 2.5, "planned": 1}
    assert found == {"SEED": 0, **parameters, **numbers, **about}
    text = (data / "studies" / "depth.csv").read_text(encoding="utf-8")
    assert text.startswith("SEED,MONITOR,") and "python 3.12.1, tensorflow 2.21.0, keras 3.15.1" in text


def test_a_part_of_a_study_says_of_how_many_and_grows(data, batch):
    assert study.keep(batch(run(0), run(1)), "depth", 4) == (2, 4)
    assert {one["planned"] for one in studies.read("depth")} == {4}
    assert study.keep(batch(run(2)), "depth") == (3, 4)
    assert [one["SEED"] for one in studies.read("depth")] == [0, 1, 2]
    assert study.keep(batch(run(3), run(4)), "depth") == (5, 5)


def test_keeping_the_same_run_again_replaces_it(data, batch):
    study.keep(batch(run(0), run(1)), "depth")
    study.keep(batch(run(1, numbers={"loss": 3.0})), "depth")
    first, second = studies.read("depth")
    assert first["accuracy"] == 0.5 and second["loss"] == 3.0 and "accuracy" not in second


def test_the_same_runs_give_the_same_file(data, batch):
    study.keep(batch(run(0), run(1), run(10)), "depth")
    before = (data / "studies" / "depth.csv").read_bytes()
    study.keep(batch(run(10), run(1)), "depth")
    assert (data / "studies" / "depth.csv").read_bytes() == before


def test_runs_that_failed_or_recorded_nothing_are_not_kept(data, batch):
    assert study.keep(batch(run(0), run(1, "failed"), run(2, numbers={})), "depth") == (1, 1)


@pytest.mark.parametrize(
    "records, name, message",
    [
        ([run(0, "failed")], "depth", "holds no run that ended well and recorded a number"),
        ([run(0)], "../depth", r"the study's name must be letters, digits and _; got '\.\./depth'"),
        ([run(0)], "depth-1-of-3", "give another with --name"),
        ([run(0, DATASET="/home/me/cats")], "depth", "DATASET is '/home/me/cats', which nobody else has"),
    ],
)
def test_what_cannot_be_kept_says_why(data, batch, records, name, message):
    with pytest.raises(ValueError, match=message):
        study.keep(batch(*records), name)
    assert not (data / "studies").exists()


def test_a_folder_that_is_no_batchs_is_refused(data, tmp_path):
    with pytest.raises(ValueError, match=r"was not written by a batch: there is no journal\.jsonl"):
        study.keep(tmp_path, "depth")
    (tmp_path / JOURNAL).write_text('{"title": "T"}\n{}\n{}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"journal\.jsonl is damaged"):
        study.keep(tmp_path, "depth")


@pytest.mark.parametrize(
    "dataset, mark, data_of_it",
    [("toy_pets", "", "embedded"), ("cats_vs_dogs", "ab12", "ab12"), ("cats_vs_dogs", "", "unknown")],
)
def test_a_stored_run_says_which_data_it_had(data, batch, dataset, mark, data_of_it):
    study.keep(batch(replace(run(DATASET=dataset), data=mark)), "depth")
    assert studies.read("depth")[0]["data"] == data_of_it


def test_an_unknown_study_names_those_that_are_stored(data, batch):
    with pytest.raises(ValueError, match="no study 'depth' is stored; there are none"):
        studies.read("depth")
    study.keep(batch(run(0)), "depth")
    with pytest.raises(ValueError, match=r"no study 'dept' is stored \(did you mean depth\?\); there are depth"):
        studies.read("dept")


def test_a_lesson_gets_a_table_in_which_none_is_none_and_ints_are_ints(data, batch):
    study.keep(batch(run(0, BLOCKS=None), run(1, BLOCKS=3), run(2, BLOCKS=3, numbers={"loss": NAN})), "depth")
    table = results.study("depth")
    table = table.sort_values("SEED")
    assert table["BLOCKS"].tolist() == [None, 3, 3] and table["accuracy"].tolist() == [0.5, 0.6, None]
    assert table["SEED"].dtype == int and table["seconds"].dtype == float
    records = table.to_dict("records")
    assert points(records, "BLOCKS", "accuracy") == points(studies.read("depth"), "BLOCKS", "accuracy")
