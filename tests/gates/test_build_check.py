"""The notebooks in the repository agree with their sources, and take an address without being executed."""

import re
import shutil
from pathlib import Path

import nbformat

from course_utils.batch import address, build

ROOT = Path(__file__).parents[2]


def test_every_notebook_agrees_with_its_source():
    build.check(ROOT / "notebooks")


def test_an_address_is_found_in_every_badge_and_nothing_else_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "execute", None)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "notebooks" / "source", tmp_path / "notebooks" / "source")
    stored = {path.name: nbformat.read(path, 4) for path in sorted(ROOT.glob("notebooks/[0-9][0-9]_*.ipynb"))}
    for path in ROOT.glob("notebooks/*.ipynb"):
        shutil.copy(path, tmp_path / "notebooks")
    build.set_address(tmp_path / "notebooks", "https://github.com/ann/nets", say=lambda _: None)
    assert address.read(tmp_path) == "https://github.com/ann/nets"
    table = (tmp_path / "README.md").read_text(encoding="utf-8")
    for name, before in stored.items():
        after = nbformat.read(tmp_path / "notebooks" / name, 4)
        badge = f"https://colab.research.google.com/github/ann/nets/blob/main/notebooks/{name}"
        assert f"({badge})" in after.cells[1].source and f"({badge})" in table
        assert '"convnet-course @ git+https://github.com/ann/nets"' in after.cells[2].source
        assert [cell.source for cell in after.cells[3:]] == [cell.source for cell in before.cells[3:]]
        assert [cell.get("outputs") for cell in after.cells] == [cell.get("outputs") for cell in before.cells]
    assert len(re.findall(r"\[open in Colab\]", table)) == len(stored) >= 10
