"""Relative links lead to files that exist, and no link leads to the address that nobody has."""

import re
from pathlib import Path

import pytest

from course_utils.batch import address
from course_utils.batch.source import from_source

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")})
SOURCES = sorted(ROOT.glob("notebooks/source/[0-9][0-9]_*.py"))
CODE = re.compile(r"```.*?```|(`+).+?\1", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^)>\s]+)>?[^)]*\)|^\[[^]]+\]:\s*(\S+)|(?:href|src)=[\"']([^\"']+)", re.MULTILINE)


def broken_links(text, folder):
    """The links of a page in `folder` that lead nowhere: to a file that does not exist, or to an address that nobody has."""
    links = ["".join(found.groups(default="")) for found in LINK.finditer(CODE.sub("", text))]
    return [link for link in links if not _leads_somewhere(link, folder)]


def _leads_somewhere(link, folder):
    if re.match(r"[a-z]+:", link):
        return address.UNSET not in link and not link.startswith("lesson:")
    file, _, part = link.partition("#")
    target = folder / file if file else folder
    return target.exists() and (not part or not file or part in _parts(target))


def _parts(page):
    """What GitHub lets a link name behind #: the headings in lower case, with - for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_and_lessons_to_look_at():
    assert {"README.md", "data/README.md"} <= {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert len(SOURCES) >= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page):
    assert broken_links(page.read_text(encoding="utf-8"), page.parent) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_links_of_a_lesson_lead_somewhere(path):
    notebook = from_source(path, address.read(ROOT))
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    stems = {f"{source.stem}.ipynb" for source in SOURCES}
    assert [link for link in broken_links(text, ROOT / "notebooks") if link not in stems] == []


@pytest.mark.parametrize(
    "text, broken",
    [
        ("[a](here.md), [b](sub), [c](https://example.org/x), [d](here.md#a-part), [e](#here), `[f](gone.md)`", []),
        ("```\n[a](gone.md)\n```\n![](picture.png)", ["picture.png"]),
        ("[a](gone.md) and [b](here.md#gone)", ["gone.md", "here.md#gone"]),
        ('<img src="gone.png">\n\n[a]: gone.md', ["gone.png", "gone.md"]),
        ("[a](lesson:pooling)", ["lesson:pooling"]),
        (
            "[a](https://github.com/set_this_address/convnet-course)",
            ["https://github.com/set_this_address/convnet-course"],
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, text, broken):
    (tmp_path / "here.md").write_text("# Here\n\n## A part\n")
    (tmp_path / "sub").mkdir()
    assert broken_links(text, tmp_path) == broken


def test_the_address_stands_in_pyproject_alone_and_what_is_generated():
    if not (stored := address.stored(ROOT)):
        pytest.skip("the wheel alone has no repository around it")
    path = stored.removeprefix("https://github.com/").removesuffix(".git")
    found = {
        file.relative_to(ROOT).as_posix()
        for folder in ("course_utils", "data", "docs", "notebooks/source", "tests", "tools", ".github")
        for file in ROOT.glob(f"{folder}/**/*")
        if file.suffix in {".py", ".toml", ".md", ".yml", ".txt", ".cff"} and path in file.read_text(encoding="utf-8")
    }
    assert found <= {"tests/unit/test_build.py", "tests/unit/test_links.py"}
