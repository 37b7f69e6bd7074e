"""The report: self-contained, escaped, complete."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from course_utils.batch.record import Failure, Record
from course_utils.batch.report import format_number, write_report

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
    return write_report("Title & more", [GOOD, BAD, DEAD], 4)


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
    assert not re.search(r"(src|href)=\"(https?:)?//|<script|@import|<link", page)


def test_the_page_is_well_formed(page):
    class Balance(HTMLParser):
        open, void = [], {"meta", "img", "link", "br"}

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
