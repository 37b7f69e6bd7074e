"""The report: self-contained, escaped, complete."""

import csv
import io
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from course_utils.batch.plan import Figure, Plan
from course_utils.batch.record import Failure, Record
from course_utils.batch.report import (
    DETAILED,
    duration,
    format_number,
    junit_xml,
    longest,
    tidy_csv,
    tone,
    write_report,
)

VERSIONS = {"python": "3.11.7", "convnet-course": "0.2.0"}
GOOD = Record(
    name="01_a",
    lesson="01_a",
    notebook="01_a.ipynb",
    status="ok",
    parameters={"IMAGE": "chelsea", "N": 3},
    fingerprint="1",
    seconds=12.34,
    peak_memory_mb=1234,
    numbers={"accuracy": 0.91234, "count": 138357544},
    exercises={"pool_once": "incorrect"},
    thumbnail="iVBORw0",
    versions=VERSIONS,
)
BAD = replace(
    GOOD,
    name="02_b",
    notebook="02_b.ipynb",
    status="failed",
    numbers={},
    exercises={},
    thumbnail=None,
    error=Failure("ZeroDivisionError: <b>division</b>", 4, "if a < b:\n    1 / 0", "last line"),
)
DEAD = replace(
    BAD, name="03_c", notebook="03_c.ipynb", status="died", error=Failure("the process was killed"), versions={}
)


@pytest.fixture
def page():
    return write_report("Title & more", [GOOD, BAD, DEAD], 4, waiting=["04_d"])


def test_every_run_is_there_with_status_time_memory_numbers_picture_and_link(page):
    for part in [
        "Title &amp; more",
        "3 of 4 runs finished",
        "1 ok",
        "1 failed",
        "1 died",
        "12.3",
        "1,234 MB",
        "0.9123",
        "138,357,544",
        "chelsea",
        "pool_once",
        "incorrect",
        "data:image/png;base64,iVBORw0",
        'href="01_a.ipynb"',
        'href="02_b.ipynb"',
        "python 3.11.7",
    ]:
        assert part in page, part


def test_a_failure_shows_cell_error_source_and_last_output(page):
    for part in ["Code cell 4 stopped", "ZeroDivisionError: &lt;b&gt;division", "if a &lt; b:", "last line"]:
        assert part in page, part
    assert "<b>division" not in page


def test_versions_are_those_of_the_kernels_each_stack_once(page):
    assert page.count("python 3.11.7") == 1
    other = replace(GOOD, versions={"python": "3.12.1"})
    page = write_report("T", [GOOD, other, BAD], 3)
    assert page.count("Kernels had python 3.11.7, convnet-course 0.2.0.") == 1 and page.count("had python 3.12.1.") == 1


@pytest.mark.parametrize(
    "built, sentence",
    [
        ("0.2.9", ""),
        ("0.1.0", "built for version 0.1.0 of the course, run with 0.2.0"),
        ("1.2.0", "built for version 1.2.0 of the course, run with 0.2.0"),
        ("", ""),
    ],
)
def test_a_notebook_built_for_another_version_says_so(built, sentence):
    record = replace(GOOD, built_for=built)
    page = write_report("T", [record], 1)
    assert record.other_version == sentence and ("built for version" in page) == bool(sentence) and sentence in page


def test_a_students_file_name_is_a_link_that_leads_to_it():
    name = 'Copy of "02" #1 100% é'
    page = write_report("T", [replace(GOOD, name=name, notebook=f"{name}.ipynb")], 1)
    target = re.search(r'href="([^"]*\.ipynb)"', page)[1]
    assert unquote(target) == f"{name}.ipynb" and "#" not in target and " " not in target


def test_a_run_without_executed_notebook_has_no_link(page):
    assert "the process was killed" in page and 'href="03_c.ipynb"' not in page


def test_the_page_needs_no_other_file(page):
    assert not re.search(r"(src|href)=\"(https?:)?//|<script[^>]|@import|<link", page)


def test_the_page_is_well_formed(page):
    class Balance(HTMLParser):
        open, void = [], {"meta", "img", "link", "br", "input"}

        def handle_starttag(self, tag, _):
            if tag not in self.void:
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Balance()
    parser.feed(page)
    assert parser.open == []


@pytest.mark.parametrize(
    "value, text",
    [
        (0.123456, "0.1235"),
        (1e6, "1e+06"),
        (12345, "12,345"),
        (True, "True"),
        ([1, 2], "[1, 2]"),
        ("cat", "cat"),
        (float("nan"), "nan"),
        (0.0, "0"),
    ],
)
def test_numbers_are_shown_as_a_reader_wants_them(value, text):
    assert format_number(value) == text


# ---------------------------------------------------------------------------------------------------------- many runs


def test_a_page_of_500_runs_with_long_errors_and_pictures_stays_small():
    long = Failure("word" * 1250, 3, "x" * 5000, "y" * 5000)
    records = [replace(GOOD, name=f"{'a' * 100}-{n}", thumbnail="A" * 25_000) for n in range(300)]
    records += [replace(BAD, name=f"{'b' * 100}-{n}", error=long) for n in range(200)]
    page = write_report("T", records, 500)
    assert len(page.encode()) < 1_000_000
    assert all(record.name in page for record in records)
    shown = page.count('<section class="run"')
    assert 20 < shown <= DETAILED and f"Of 500 runs the {shown} that say most are described below" in page


def test_what_failed_is_described_first():
    page = write_report("T", [replace(GOOD, name=f"a{n}") for n in range(DETAILED)] + [BAD], DETAILED + 1)
    assert page.index("Code cell 4 stopped") < page.index('aria-labelledby="run-2-title"')
    assert page.count('<section class="run"') == DETAILED


def test_each_line_leads_to_its_section_or_to_its_notebook():
    records = [replace(GOOD, name=f"a b#{n}", notebook=f"a b#{n}.ipynb") for n in range(DETAILED + 1)]
    page = write_report("T", records, len(records))
    ids = re.findall(r'id="(run-[0-9]+)"', page)
    lines = re.findall(r'class="name"><a href="([^"]+)"', page)
    assert lines == [f"#{one}" for one in ids] + [f"a%20b%23{DETAILED}.ipynb"]


@pytest.mark.parametrize(
    "status, exercises, colour",
    [
        ("ok", {}, "good"),
        ("ok", {"a": "correct"}, "good"),
        ("ok", {"a": "correct", "b": "not attempted"}, "plain"),
        ("ok", dict.fromkeys("abcdefg", "not attempted"), "plain"),
        ("ok", {"a": "incorrect"}, "plain"),
        ("failed", {"a": "correct"}, "bad"),
        ("timeout", {}, "bad"),
    ],
)
def test_only_a_run_with_nothing_left_to_do_is_green(status, exercises, colour):
    record = replace(GOOD, status=status, exercises=exercises)
    assert tone(record) == colour
    page = write_report("T", [record], 1)
    assert set(re.findall('class="status ([a-z]+)"', page)) == {colour}
    assert (
        not exercises or f"{sum(one == 'correct' for one in exercises.values())} of {len(exercises)} exercises" in page
    )


def test_runs_of_earlier_batches_and_those_that_wait_are_counted():
    page = write_report("T", [GOOD, BAD], 4, waiting=("03_c", "04_d", "05_e"))
    assert "1 of 4 runs finished" in page and "Beside them there are 1 of earlier batches." in page


def test_the_longest_cells_are_named_by_their_number():
    cells = (0.01, 2.5, 0.2, 9.0, 0.3, 0.4, 0.5)
    assert list(longest(replace(GOOD, cells=cells)).items())[:2] == [("cell 4", "9.0 s"), ("cell 2", "2.5 s")]
    assert len(longest(replace(GOOD, cells=cells))) == 5 and longest(replace(GOOD, cells=(0.01, 0.02))) == {}


@pytest.mark.parametrize(
    "seconds, text",
    [(0.25, "0.25 s"), (12.34, "12.3 s"), (119, "119 s"), (120, "2 min"), (3599, "60 min"), (9000, "2.5 h")],
)
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


# ------------------------------------------------------------------------------------------------------------- studies

FIGURE = Figure("N", "accuracy", "FLIP")
PLAN = Plan("T", (), question="Does flipping <help>?", figure=FIGURE)


def study_records(value=lambda n, flip, seed: n / 1000 + flip / 10 + seed / 100):
    return [
        replace(
            GOOD,
            name=f"a-N={n}-FLIP={flip}-SEED={seed}",
            parameters={"N": n, "FLIP": flip, "SEED": seed, "DATASET": "digits"},
            numbers={"accuracy": value(n, flip, seed)},
            exercises={},
        )
        for n in (200, 500)
        for flip in (False, True)
        for seed in range(3)
    ]


@pytest.fixture(autouse=True)
def _no_stored_studies(tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.studies.folder", lambda: tmp_path / "studies")


def text_of(page):
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_a_study_answers_its_question_with_sentence_figure_and_tables():
    page = write_report("T", study_records(), 12, PLAN)
    for part in [
        "Does flipping &lt;help&gt;?",
        "accuracy is 0.100 higher with FLIP yes than with FLIP no at N",
        '<img class="drawn" alt="accuracy against N, a line for each FLIP: the numbers are in the table below."',
        '<td class="right">0.310</td>',
        "FLIP no and yes at N 200",
        "Data: digits.",
        'href="tidy.csv"',
    ]:
        assert part in page, part
    assert "diverged" not in page


def test_without_lines_the_places_are_compared():
    plan = replace(PLAN, figure=Figure("N", "accuracy"))
    page = write_report("T", [one for one in study_records() if one.parameters["FLIP"]], 6, plan)
    assert "N 200 and 500 3 0.300 0.300 to 0.300 yes" in text_of(page)


def test_runs_that_diverged_are_counted_and_break_nothing():
    page = write_report("T", study_records(lambda n, flip, seed: math.nan if flip and n == 200 else 0.5), 12, PLAN)
    assert "3 of 12 runs diverged and are left out" in page
    assert "Runs that diverged (NaN or infinity) are crosses" in page
    assert "yes 200 0 3 – –" in text_of(page)


def test_when_all_runs_diverged_the_page_says_so():
    page = write_report("T", study_records(lambda *_: math.inf), 12, PLAN)
    assert "There is no accuracy to compare; 12 of 12 runs diverged and are left out." in page


@pytest.mark.parametrize(
    "records, problem",
    [
        ([BAD], "No run has ended well yet, so there is no answer."),
        ([GOOD], "The figure cannot be drawn: the runs have no &#39;FLIP&#39;"),
        (study_records() + [replace(one, name="b" + one.name, parameters={**one.parameters, "EPOCHS": 9}) for one in study_records()],
         "two runs with seed 0 differ in EPOCHS (none and 9), which the figure does not show"),
    ],
)  # fmt: skip
def test_a_study_without_an_answer_says_why(records, problem):
    page = write_report("T", records, len(records), PLAN)
    assert problem in page and "<h2>Runs</h2>" in page


def test_a_rerun_outside_of_its_band_is_a_finding(tmp_path):
    (tmp_path / "studies").mkdir()
    rows = ["N,FLIP,SEED,DATASET,metric,value,seconds,notebook,data,stack,machine,planned"]
    rows += [
        f'{one.parameters["N"]},{str(one.parameters["FLIP"]).lower()},{seed},"""digits""",accuracy,{one.numbers["accuracy"]},1,01_a,embedded,,,12'
        for one in study_records()
        for seed in (one.parameters["SEED"], one.parameters["SEED"] + 10)
    ]
    (tmp_path / "studies" / "flips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    records = study_records()
    assert "Against the stored study flips: 12 of 12 runs are inside its bands." in write_report("T", records, 12, PLAN)
    records[0] = replace(records[0], numbers={"accuracy": 0.9})
    page = write_report("T", records, 12, PLAN)
    assert "11 of 12 runs are inside its bands; a-N=200-FLIP=False-SEED=0 gave 0.900, the band is 0.1" in page


def test_the_tidy_table_has_a_row_for_each_number():
    table = tidy_csv([replace(GOOD, parameters={"N": 3}), replace(BAD, numbers={"loss": 0.25}, parameters={"M": 4})])
    assert list(csv.DictReader(io.StringIO(table))) == [
        {"run": "01_a", "N": "3", "M": "", "metric": "accuracy", "value": "0.91234"},
        {"run": "01_a", "N": "3", "M": "", "metric": "count", "value": "138357544"},
        {"run": "02_b", "N": "", "M": "4", "metric": "loss", "value": "0.25"},
    ]


def test_the_junit_file_counts_failures_and_is_xml_whatever_a_cell_prints():
    odd = replace(BAD, error=Failure("a\x1b[31m & <b>\x00", 2, "1 < 2", "out\x08"))
    suite = ElementTree.fromstring(junit_xml("T & t", [GOOD, odd, DEAD]))
    assert (suite.tag, suite.get("name"), suite.get("tests"), suite.get("failures")) == ("testsuite", "T & t", "3", "2")
    assert [(case.get("name"), case.get("time")) for case in suite] == [
        ("01_a", "12.34"),
        ("02_b", "12.34"),
        ("03_c", "12.34"),
    ]
    assert (
        suite[1][0].get("type") == "failed"
        and suite[1][0].get("message") == "a[31m & <b>"
        and "1 < 2" in suite[1][0].text
    )
