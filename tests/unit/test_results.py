"""Recorded numbers are shown, survive in the notebook, and are read back."""

import math

import numpy as np
import pytest

from course_utils.results import (
    EXERCISES_KEY,
    METADATA_KEY,
    best_outcome,
    compare,
    published,
    read_exercises,
    read_records,
    record,
)


@pytest.fixture
def shown(monkeypatch):
    """What `record` would show, as (data, metadata) pairs."""
    calls = []
    monkeypatch.setattr("course_utils.results._display", lambda data, metadata: calls.append((data, metadata)))
    return calls


def as_notebook(shown):
    import nbformat

    outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata) for data, metadata in shown]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("", outputs=outputs, execution_count=1), nbformat.v4.new_markdown_cell("x")]
    )
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


def test_numbers_come_back_exactly_and_in_order(shown):
    record(zebra=1 / 3, ape=7, is_right=True)
    record(later=np.float32(0.5), count=np.int64(3))
    found = read_records(as_notebook(shown))
    assert found == {"zebra": 1 / 3, "ape": 7, "is_right": True, "later": 0.5, "count": 3}
    assert list(found) == ["zebra", "ape", "is_right", "later", "count"]


def test_the_reader_sees_rounded_numbers(shown):
    record(accuracy=0.123456, parameters=138357544)
    data, _ = shown[0]
    assert data["text/plain"] == "accuracy    0.1235\nparameters  138,357,544"
    assert "<td>138,357,544</td>" in data["text/html"]


def test_nan_and_infinity_survive_a_format_that_has_neither(shown):
    record(loss=float("nan"), worst=float("inf"))
    assert "NaN" not in str(shown[0][1][METADATA_KEY])
    found = read_records(as_notebook(shown))
    assert math.isnan(found["loss"]) and found["worst"] == math.inf


def test_of_a_name_recorded_twice_the_later_counts(shown):
    record(a=1)
    record(a=2)
    assert read_records(as_notebook(shown)) == {"a": 2}


def test_without_a_notebook_the_table_is_printed(capsys):
    record(size=4)
    assert capsys.readouterr().out == "size  4\n"


@pytest.mark.parametrize("value", ["0.5", None, [1, 2], np.array([1, 2]), 1j])
def test_only_single_numbers_are_recorded(value):
    with pytest.raises(TypeError, match="record: accuracy must be a single number; got"):
        record(accuracy=value)


def test_names_are_lower_case():
    with pytest.raises(ValueError, match="names are lower case, capitals are parameters; got 'Epochs'"):
        record(Epochs=3)


@pytest.mark.parametrize("name", ["lesson", "status", "seconds", "peak_memory_mb"])
def test_a_batchs_own_columns_are_not_overwritten(name):
    with pytest.raises(ValueError, match=f"record: '{name}' is a column that every batch has already"):
        record(**{name: 1})


@pytest.mark.parametrize("name", ["exercise_pooled_side", "exercise_"])
def test_the_columns_of_exercises_are_not_overwritten(name):
    with pytest.raises(ValueError, match=f"record: '{name}' is a column that every batch has already"):
        record(**{name: 1})


def forged(pairs, key=METADATA_KEY, cell_type="code", executed=1):
    """A notebook with metadata that nothing of the course has written."""
    import nbformat

    output = {"output_type": "display_data", "data": {}, "metadata": {key: pairs}}
    cell = {"cell_type": cell_type, "source": "", "metadata": {}, "outputs": [output], "execution_count": executed}
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})


@pytest.mark.parametrize(
    "pair",
    [
        ["status", 1], ["lesson", 7], ["exercise_stack", 1], ["EPOCHS", 9], ['=HYPERLINK("x")', 1], ["a b", 1], ["", 1],
        ["a", "correct"], ["a", "=1+1"], ["a", None], ["a", [1]], ["a", {}], ["a"], ["a", 1, 2], [["a"], 1], [7, 1], "ab", 3, None,
    ],
)  # fmt: skip
def test_what_record_cannot_have_written_is_left_out_and_loses_nothing_else(pair):
    assert read_records(forged([["before", 1], pair, ["after", 0.5]])) == {"before": 1, "after": 0.5}


@pytest.mark.parametrize("pairs", [None, 3, "text", {"a": 1}, {"status": "ok"}])
def test_metadata_of_another_form_is_left_out(pairs):
    assert read_records(forged(pairs)) == {} and read_exercises(forged(pairs, EXERCISES_KEY), ["a"]) == {}


@pytest.mark.parametrize("about", [{"cell_type": "raw"}, {"cell_type": "markdown"}, {"executed": None}])
def test_only_executed_code_cells_are_read(about):
    assert read_records(forged([["a", 1]])) == {"a": 1}
    assert read_records(forged([["a", 1]], **about)) == {}
    assert read_exercises(forged([["a", "correct"]], EXERCISES_KEY, **about), ["a"]) == {}


def test_an_output_whose_metadata_is_no_table_is_left_out():
    notebook = forged([["a", 1]])
    notebook.cells[0].outputs.insert(0, {"output_type": "display_data", "data": {}, "metadata": "none"})
    assert read_records(notebook) == {"a": 1}


@pytest.mark.parametrize(
    "pair", [["evil", "correct"], ["stack", "perfect"], ["stack", 1], ["stack", ["correct"]], ["=1+1", "correct"]]
)
def test_only_the_lessons_exercises_and_the_four_outcomes_are_read(pair):
    notebook = forged([["swapped", "incorrect"], pair], EXERCISES_KEY)
    assert read_exercises(notebook, ["stack", "swapped"]) == {"swapped": "incorrect"}


def test_the_best_outcome_counts_in_any_order():
    ranks = ["correct", "incorrect", "cannot be checked", "not attempted"]
    for place, better in enumerate(ranks):
        for worse in ranks[place:]:
            assert best_outcome(better, worse) == best_outcome(worse, better) == better
    pairs = [["a", "not attempted"], ["a", "incorrect"], ["a", "correct"], ["a", "cannot be checked"]]
    assert read_exercises(forged(pairs, EXERCISES_KEY), ["a"]) == {"a": "correct"}


def test_every_kind_of_real_number_is_recorded(shown):
    from fractions import Fraction

    record(huge=10**400, third=Fraction(1, 3))
    assert read_records(as_notebook(shown)) == {"huge": 10**400, "third": 1 / 3}


def test_an_empty_record_is_refused():
    with pytest.raises(ValueError, match="needs at least one NAME=number"):
        record()


@pytest.fixture
def tables(tmp_path, monkeypatch):
    (tmp_path / "lecture_results.csv").write_text(
        "lesson,name,value\naugmentation,accuracy,0.71\naugmentation,epochs,50\ncheckpointing,accuracy,0.5\n"
    )
    (tmp_path / "reference_results.csv").write_text(
        "lesson,name,value\naugmentation,accuracy,0.7\naugmentation,accuracy,0.8\n"
    )
    monkeypatch.setattr("course_utils.paths.shipped", lambda name: tmp_path / name)


def test_published_numbers_are_a_lessons_own_and_means_over_seeds(tables):
    assert published("lecture", "augmentation") == {"accuracy": 0.71, "epochs": 50}
    assert published("reference", "augmentation") == {"accuracy": 0.75}
    assert published("reference", "checkpointing") == {}


def test_compare_shows_lecture_and_reference_beside_this_run_and_records_only_this_run(shown, tables):
    compare("augmentation", accuracy=0.6421, seconds_an_epoch=2)
    data, _ = shown[0]
    assert data["text/plain"].splitlines() == [
        "                  lecture  our full run  this run",
        "accuracy          0.71     0.75          0.6421",
        "seconds_an_epoch                         2",
        "epochs            50",
    ]
    assert read_records(as_notebook(shown)) == {"accuracy": 0.6421, "seconds_an_epoch": 2}


def test_compare_refuses_what_record_refuses():
    with pytest.raises(ValueError, match="compare.. needs at least one NAME=number"):
        compare("augmentation")


@pytest.mark.parametrize("kind", ["lecture", "reference"])
def test_the_shipped_tables_can_be_read(kind):
    for lesson in ("checkpointing", "generators", "augmentation"):
        assert all(math.isfinite(value) for value in published(kind, lesson).values())
    assert published("lecture", "augmentation")["best_val_accuracy_augmented"] == 0.8
