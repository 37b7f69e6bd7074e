"""The report: self-contained, escaped, complete."""

import re
from html.parser import HTMLParser

import pytest

from course_utils.batch.report import format_number, write_report

GOOD = {
    "name": "01_a",
    "lesson": "01_a",
    "notebook": "01_a.ipynb",
    "status": "ok",
    "seconds": 12.34,
    "peak_memory_mb": 1234,
    "parameters": {"IMAGE": "chelsea", "N": 3},
    "numbers": {"accuracy": 0.91234, "count": 138357544},
    "exercises": {"pool_once": "incorrect"},
    "thumbnail": "iVBORw0",
    "error": None,
}
BAD = {
    **GOOD,
    "name": "02_b",
    "notebook": "02_b.ipynb",
    "status": "failed",
    "numbers": {},
    "exercises": {},
    "thumbnail": None,
    "error": {
        "cell": 4,
        "source": "if a < b:\n    1 / 0",
        "message": "ZeroDivisionError: <b>division</b>",
        "output": "last line",
    },
}
DEAD = {
    **BAD,
    "name": "03_c",
    "notebook": "03_c.ipynb",
    "status": "died",
    "error": {"cell": None, "source": "", "message": "the process was killed", "output": ""},
}


@pytest.fixture
def page():
    return write_report("Title & more", [GOOD, BAD, DEAD], 4, {"python": "3.11.7"})


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
