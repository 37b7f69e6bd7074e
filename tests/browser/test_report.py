"""The report of a study and of a large batch in Chromium: nothing is cut off, search and sort work, no barrier (axe, WCAG 2.1 AA)."""

import base64
import io
import random
import re

import pytest
from PIL import Image

from course_utils.batch.plan import Figure, Plan
from course_utils.batch.record import Failure, Record
from course_utils.batch.report import write_report

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
WIDTHS = {"wide": (1280, 900), "phone": (390, 844)}
LONG = "A" * 3000
PLAN = Plan(
    "Augmentation for few pictures",
    (),
    question="How much does augmentation help, and for how little data?",
    figure=Figure("N_TRAIN", "test_accuracy", "AUGMENT"),
)


def picture(seed, size=(160, 120)):
    file = io.BytesIO()
    Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1])).quantize(8).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def run(number, n, augment, seed, status="ok"):
    error = Failure(f"ValueError: {LONG}", 4, f"fit('{LONG}')", f"{LONG}\nlast line") if status != "ok" else None
    numbers = {"test_accuracy": 0.5 + n / 10_000 + augment / 20 + seed / 100, "epochs": 5} if status == "ok" else {}
    name = f"augmentation-N_TRAIN={n}-AUGMENT={'yes' if augment else 'no'}-SEED={seed}-{number}"
    return Record(
        name,
        "experiments/augmentation",
        f"{name}.ipynb",
        status,
        {"N_TRAIN": n, "AUGMENT": augment, "SEED": seed, "NOTE": LONG},
        str(number),
        seconds=number * 1.5 % 7 + 0.5,
        peak_memory_mb=500 + number,
        numbers=numbers,
        exercises=dict.fromkeys(["blur", "edges"], "not attempted") if number % 7 == 3 else {},
        thumbnail=picture(number) if status == "ok" else None,
        error=error,
        versions={"python": "3.12.1", "keras": "3.15.1"},
        cells=(0.5, 2.25, 0.1),
    )


def study_of_40():
    grid = [(n, augment, seed) for n in (200, 1000, 2000, 4000) for augment in (False, True) for seed in range(5)]
    statuses = {6: "failed", 17: "timeout", 33: "died"}
    return [run(number, *point, statuses.get(number, "ok")) for number, point in enumerate(grid)]


def batch_of_500():
    return [run(number, 200, False, number, "failed" if number % 50 == 0 else "ok") for number in range(500)]


PAGES = {
    "study": lambda: write_report(PLAN.title, study_of_40(), 40, PLAN),
    "batch": lambda: write_report("Every lesson", batch_of_500(), 500),
}
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
EVERY_WIDTH = pytest.mark.parametrize("width", WIDTHS)


@pytest.fixture(scope="module")
def report(browser, tmp_path_factory):
    """Open a report at one of `WIDTHS`: `report("study", "phone")` gives its page."""
    files, opened = {}, []

    def show(name, width):
        if name not in files:
            files[name] = tmp_path_factory.mktemp(name) / "report.html"
            files[name].write_text(PAGES[name](), encoding="utf-8")
        page = browser.new_page(viewport=dict(zip(("width", "height"), WIDTHS[width])))
        opened.append(page)
        page.goto(files[name].as_uri())
        return page

    yield show
    for page in opened:
        page.close()


def rows(page):
    return page.locator("#runs tbody tr:visible").all_inner_texts()


@EVERY_PAGE
@EVERY_WIDTH
def test_nothing_is_wider_than_the_screen(report, name, width):
    page = report(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0]
    wider = page.evaluate(
        "() => [...document.querySelectorAll('body *')].filter(one => !one.closest('.wide table') && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"
    )
    assert wider == []


@EVERY_WIDTH
def test_status_and_reason_are_on_the_screen(report, width):
    page = report("study", width)
    row = page.locator("#runs tbody tr").nth(6)
    for part in (row.locator(".status"), row.locator(".why")):
        box = part.bounding_box()
        assert part.is_visible() and box["x"] >= 0 and box["x"] + box["width"] <= WIDTHS[width][0]
    assert row.locator(".why").inner_text().startswith("cell 4: ValueError: AAA")


@EVERY_PAGE
def test_on_paper_nothing_is_cut_off_and_heads_of_columns_are_there(report, name):
    page = report(name, "wide")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 with its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert page.locator("#search").is_hidden() and page.get_by_text("what went wrong").is_visible()


@EVERY_WIDTH
def test_the_search_leaves_the_lines_that_contain_a_word(report, width):
    page = report("study", width)
    assert len(rows(page)) == 40
    page.get_by_label("Show only runs whose line contains").fill("TIMEOUT")
    (row,) = rows(page)
    assert "timeout" in row and page.locator("#shown").inner_text() == "1 of 40"
    page.get_by_label("Show only runs whose line contains").fill("")
    assert len(rows(page)) == 40 and page.locator("#shown").inner_text() == ""


def test_a_column_sorts_its_lines_by_size_up_and_down(report):
    page = report("study", "wide")
    seconds = page.get_by_role("columnheader", name="seconds")
    numbers = [one.seconds for one in study_of_40()]
    for direction, expected in (("ascending", sorted(numbers)), ("descending", sorted(numbers, reverse=True))):
        seconds.get_by_role("button").click()
        assert seconds.get_attribute("aria-sort") == direction
        assert [float(re.search(r"([\d.]+) s", row)[1]) for row in rows(page)] == [
            float(f"{one:.1f}") for one in expected
        ]
    page.get_by_role("columnheader", name="status").get_by_role("button").press("Enter")
    assert seconds.get_attribute("aria-sort") is None and "died" in rows(page)[0]


def test_a_line_leads_to_its_section(report):
    page = report("study", "wide")
    page.get_by_role("link", name=study_of_40()[6].name).first.click()
    assert "Code cell 4 stopped" in page.locator(":target").inner_text()


@EVERY_PAGE
@EVERY_WIDTH
def test_axe_finds_no_barrier(report, axe, name, width):
    page = report(name, width)
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    assert len(found["passes"]) > 10
