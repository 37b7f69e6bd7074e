"""What sources mean: numbers, neighbours, links and the table follow from the folder, and a lesson can be put in between."""

import re
import shutil
from pathlib import Path

import pytest

from course_utils.batch import UsageError, source

REAL = Path(__file__).parents[2] / "notebooks" / "source"
LESSON = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {title}
#
# What {title} teaches, see [there](lesson:{link}).
#
# **You need:** [{link}](lesson:{link}) · **Time:** a second

# %%
x = 1
"""


@pytest.fixture
def folder(tmp_path):
    """Three small lessons, 00_zero, 01_one and 02_two, each with a link to one of them."""
    for stem, link in [("00_zero", "two"), ("01_one", "zero"), ("02_two", "two")]:
        (tmp_path / f"{stem}.py").write_text(LESSON.format(title=stem[3:].title(), link=link), encoding="utf-8")
    return tmp_path


def text_of(path):
    return "\n\n".join(cell.source for cell in source.from_source(path).cells if cell.cell_type == "markdown")


def test_number_neighbours_and_links_come_from_the_folder(folder):
    text = text_of(folder / "01_one.py")
    assert text.startswith("# 01 · One\n\nWhat One teaches, see [there](00_zero.ipynb).")
    assert (
        "**You need:** [zero](00_zero.ipynb) · **Time:** a second · **Before:** [00 · Zero](00_zero.ipynb) "
        "· **Next:** [02 · Two](02_two.ipynb)\n" in text
    )
    assert text.endswith("\n\n**Next:** [02 · Two](02_two.ipynb)")
    assert text_of(folder / "00_zero.py").count("**Next:** [01 · One](01_one.ipynb)") == 2
    assert "**Before:**" not in text_of(folder / "00_zero.py") and "**Next:**" not in text_of(folder / "02_two.py")


def test_the_table_links_from_the_repositorys_root(folder):
    assert source.lesson_table(source.read_sources(folder)).splitlines()[2:] == [
        "| [00 · Zero](notebooks/00_zero.ipynb) | What Zero teaches, see [there](notebooks/02_two.ipynb). |",
        "| [01 · One](notebooks/01_one.ipynb) | What One teaches, see [there](notebooks/00_zero.ipynb). |",
        "| [02 · Two](notebooks/02_two.ipynb) | What Two teaches, see [there](notebooks/02_two.ipynb). |",
    ]


def test_a_lesson_put_in_between_moves_the_others_and_changes_no_other_source(folder):
    (folder / "02_two.py").rename(folder / "03_two.py")
    (folder / "02_new.py").write_text(LESSON.format(title="New", link="two"), encoding="utf-8")
    assert "[there](03_two.ipynb)" in text_of(folder / "00_zero.py")
    assert "**Next:** [02 · New](02_new.ipynb)" in text_of(folder / "01_one.py")
    new = text_of(folder / "02_new.py")
    assert "**Before:** [01 · One](01_one.ipynb) · **Next:** [03 · Two](03_two.ipynb)" in new
    two = text_of(folder / "03_two.py")
    assert two.startswith("# 03 · Two\n") and "**Before:** [02 · New](02_new.ipynb)" in two
    rows = source.lesson_table(source.read_sources(folder))
    assert re.findall(r"\| \[(\d\d · \w+)\]", rows) == ["00 · Zero", "01 · One", "02 · New", "03 · Two"]


@pytest.fixture
def lessons(tmp_path):
    """A copy of the real sources."""
    if not REAL.is_dir():
        pytest.skip("the wheel alone has no sources")
    shutil.copytree(REAL, tmp_path / "source")
    return tmp_path / "source"


def test_a_lesson_put_between_the_real_ones_moves_them_and_changes_no_source(lessons):
    before = source.read_sources(lessons)
    for path in sorted(lessons.glob("[0-9][0-9]_*.py"), reverse=True):
        number = int(path.name[:2])
        if number >= 4:
            path.rename(path.with_name(f"{number + 1:02}{path.name[2:]}"))
    (lessons / "04_new.py").write_text(LESSON.format(title="New", link="pooling"), encoding="utf-8")
    after = source.read_sources(lessons)
    names = [lesson.name for lesson in before]
    assert [lesson.name for lesson in after] == [*names[:4], "new", *names[4:]]
    stems = {lesson.name: lesson.stem for lesson in after}
    table = source.lesson_table(after)
    for place, lesson in enumerate(after):
        text = text_of(lesson.path)
        assert text.startswith(f"# {place:02} · {lesson.title}\n")
        linked = re.findall(r"\]\((\d\d_\w+)\.ipynb\)", text)
        assert set(linked) <= set(stems.values())
        neighbours = re.findall(r"\*\*(Before|Next):\*\* \[\d\d · [^]]+\]\((\w+)\.ipynb\)", text)
        assert neighbours == [
            *([("Before", after[place - 1].stem)] if place else []),
            *([("Next", after[place + 1].stem)] * 2 if place + 1 < len(after) else []),
        ]
        assert f"| [{lesson.heading}](notebooks/{lesson.stem}.ipynb) |" in table
    assert "(06_generators.ipynb)" in text_of(after[0].path), "a link in prose follows, too"
    old = {lesson.name: lesson.text for lesson in before}
    assert {lesson.name: lesson.text for lesson in after if lesson.name != "new"} == old


NUMBERED = re.compile(r"[Ll]essons? \d|\b\d\d_[a-z]\w+|\(\d\d_\w+\.ipynb|(?:lesson|compare|published)\(\s*[\"']\d\d")


def test_no_source_names_a_lesson_by_its_number(lessons):
    found = [
        f"{lesson.path.name}:{number}: {line.strip()}"
        for lesson in source.read_sources(lessons)
        for number, line in enumerate(lesson.text.splitlines(), 1)
        if NUMBERED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "# as in lesson 06, and",
        "# lessons 3 to 5",
        "# Lesson 07 shows",
        "# [Pooling](02_pooling.ipynb)",
        'folder = Path("output/04_checkpointing")',
        'ex = exercises.lesson("02")',
        'results.compare("04", **found)',
    ],
)
def test_a_number_is_noticed(line):
    assert NUMBERED.search(line)


def test_a_link_to_an_unknown_lesson_names_the_line_and_the_nearest_name(folder):
    path = folder / "01_one.py"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[zero](lesson:zero)", "[x](lesson:zeros)"), encoding="utf-8"
    )
    with pytest.raises(
        source.BuildError,
        match=r"source/01_one.py, line 14: there is no lesson 'zeros' \(did you mean zero\?\); there are zero, one, two",
    ):
        source.from_source(path)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("02_three.py", LESSON, "source/02_three.py and source/02_two.py have the same number: rename one"),
        ("05_two.py", LESSON, "source/02_two.py and source/05_two.py have the same name: rename one"),
        ("01_one.py", LESSON.replace("{title}\n", "01 · {title}\n", 1), "must be without a number, .*; got '01 · X'"),
        ("01_one.py", LESSON.replace("# # {title}", "# {title}", 1), "source/01_one.py must begin with a title"),
        ("01_one.py", LESSON.replace("**You need:** ", "Needs "), "one line .* must begin with .*You need.*; got 0"),
        (
            "01_one.py",
            LESSON.replace("# # {title}", "# Hello\n\n# %% [markdown]\n# # {title}"),
            "must begin with a title",
        ),
    ],
)
def test_a_source_that_is_not_as_it_must_be_is_refused(folder, name, text, message):
    (folder / name).write_text(text.format(title="X", link="zero"), encoding="utf-8")
    with pytest.raises(source.BuildError, match=message):
        source.from_source(folder / name)


def test_a_folder_without_sources_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there are no sources in .*: build works in a clone of the course"):
        source.read_sources(tmp_path)
