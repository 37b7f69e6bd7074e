"""Sources become executed notebooks, the same every time; drift is found and hand edits are not lost."""

import json
import re
import shutil

import nbformat
import pytest

import course_utils
from course_utils.batch import UsageError, address, build, source

SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # First
#
# What it teaches.
#
# **You need:** nothing · **Time:** a second

# %% tags=["parameters"]
EPOCHS: int = 3  # passes

# %% tags=["nbval-ignore-output"] reason="seconds differ"
import time
print(time.perf_counter())

# %%
# %matplotlib inline
print("a")
print("b")
import sys; print(EPOCHS + 1)

# %%
import os; print(os.listdir())
"""
UNSET = '[project]\n[project.urls]\nRepository = "https://github.com/set_this_address/convnet-course"\n'
README = f"before\n{build.TABLE_START}\n{build.TABLE_END}\nafter\n"


def make_clone(root):
    (root / "notebooks" / "source").mkdir(parents=True)
    (root / "notebooks" / "source" / "01_first.py").write_text(SOURCE, encoding="utf-8")
    (root / "README.md").write_text(README, encoding="utf-8")
    (root / "pyproject.toml").write_text('[project]\n[project.urls]\nRepository = "https://github.com/some/where"\n')
    return root / "notebooks"


@pytest.fixture
def clone(tmp_path):
    """A small clone: one source, a README, an address. Gives its notebooks folder."""
    return make_clone(tmp_path)


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    folder = make_clone(tmp_path_factory.mktemp("built"))
    build.build(folder, say=lambda _: None)
    return folder


@pytest.fixture
def built(built_once, tmp_path):
    """A copy of a clone that has been built."""
    shutil.copytree(built_once.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "notebooks"


def read(folder):
    return nbformat.read(folder / "01_first.ipynb", 4)


def outputs(notebook):
    return [
        "".join(output.get("text", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_a_built_notebook_is_executed_in_order_in_an_empty_folder(built):
    notebook = read(built)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert outputs(notebook)[3:] == ["a\nb\n4\n", "[]\n"]
    assert len(code[3].outputs) == 1, "one stream, however the kernel cut it"


def test_magics_tags_and_reasons_survive(built):
    code = [cell for cell in read(built).cells if cell.cell_type == "code"]
    assert code[3].source.startswith("%matplotlib inline")
    assert code[1].metadata["tags"] == ["parameters"] and code[2].metadata["reason"] == "seconds differ"


def test_there_is_a_kernelspec_and_nothing_of_the_builders_machine(built):
    notebook = read(built)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["language_info"] == {"name": "python"}
    assert not {"widgets", "jupytext"} & notebook.metadata.keys()
    assert all("execution" not in cell.metadata for cell in notebook.cells)


def test_the_badge_and_the_setup_cell_come_from_the_one_address(built):
    notebook = read(built)
    assert (
        "https://colab.research.google.com/github/some/where/blob/main/notebooks/01_first.ipynb"
        in notebook.cells[1].source
    )
    assert '%pip install --quiet "convnet-course @ git+https://github.com/some/where"' in notebook.cells[2].source
    assert 'find_spec("course_utils") is None' in notebook.cells[2].source


def test_without_an_address_nothing_leads_nowhere_and_the_setup_cell_says_what_to_do(clone, monkeypatch):
    clone.with_name("pyproject.toml").write_text(UNSET, encoding="utf-8")
    monkeypatch.setattr(build, "execute", lambda notebook, _: notebook)
    build.build(clone, say=lambda _: None)
    assert not re.search(r"colab|https?://", (clone / "01_first.ipynb").read_text(encoding="utf-8"), re.IGNORECASE)
    assert "| [01 · First](notebooks/01_first.ipynb) | What it teaches. |\n" in clone.with_name("README.md").read_text(
        encoding="utf-8"
    )
    setup = read(clone).cells[2].source
    assert max(map(len, setup.splitlines())) <= 110, "wider than a laptop shows"
    exec(setup, {})  # where the package is there, it is silent
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="helper package is not installed. Run  %pip install FOLDER  in a cell"):
        exec(setup, {})


def test_a_notebook_states_its_lesson_and_the_version_that_it_was_built_for(built):
    notebook = read(built)
    assert notebook.metadata["course"]["lesson"] == "first"
    assert notebook.metadata["course"]["version"] == course_utils.__version__
    assert notebook.cells[2].source.endswith('\nruntime.built_for("0.2")') and notebook.cells[2].outputs == []


def test_the_readme_table_comes_from_the_sources(built):
    text = built.with_name("README.md").read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "| [01 · First](notebooks/01_first.ipynb) | What it teaches. | [open in Colab](https://colab" in text


def test_building_twice_changes_nothing_but_measured_times(built):
    def without_times(path):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if "nbval-ignore-output" in cell["metadata"].get("tags", []):
                cell["outputs"] = []
        return notebook

    target = built / "01_first.ipynb"
    first, text = without_times(target), target.read_text(encoding="utf-8")
    build.build(built, say=lambda _: None)
    assert without_times(target) == first and target.read_text(encoding="utf-8") != text


def test_an_edit_changes_the_id_of_that_cell_alone(built):
    before = [cell.id for cell in read(built).cells]
    path = built / "source" / "01_first.py"
    path.write_text(SOURCE.replace('print("b")', 'print("c")'), encoding="utf-8")
    after = [cell.id for cell in source.from_source(path, "https://github.com/some/where").cells]
    assert [a == b for a, b in zip(before, after)] == [True] * 5 + [False, True]


def test_equal_cells_have_different_ids(clone):
    path = clone / "source" / "01_first.py"
    path.write_text(SOURCE + "\n# %%\nx = 1\n\n# %%\nx = 1\n", encoding="utf-8")
    ids = [cell.id for cell in source.from_source(path, "https://github.com/some/where").cells]
    assert len(set(ids)) == len(ids)


def test_check_agrees_after_a_build(built):
    said = []
    build.check(built, say=said.append)
    assert said == ["1 notebooks agree with their sources"]


def edit(folder, change):
    notebook = read(folder)
    change(notebook)
    nbformat.write(notebook, folder / "01_first.ipynb")


@pytest.mark.parametrize(
    "change, place",
    [
        (lambda notebook: notebook.cells[5].update(source="print('mine')"), r"cell 6 \(\"print\('mine'\)\"\)"),
        (lambda notebook: notebook.cells[3].metadata.update(tags=[]), "cell 4 .'EPOCHS: int"),
        (lambda notebook: notebook.cells.pop(), "6 cells instead of 7"),
        (lambda notebook: notebook.metadata.kernelspec.update(name="mine"), "its metadata"),
        (lambda notebook: notebook.metadata.pop("course"), "its metadata"),
    ],
)
def test_a_notebook_edited_by_hand_is_named_and_not_overwritten(built, change, place):
    edit(built, change)
    with pytest.raises(build.BuildError, match=f"01_first.ipynb was edited by hand: {place}"):
        build.check(built)
    refused_and_kept(built, "01_first.ipynb was edited by hand")


def refused_and_kept(folder, why):
    """Neither `build` nor `build --text` overwrites 01_first.ipynb, which `--force` does, keeping a copy beside it."""
    path = folder / "01_first.ipynb"
    before = path.read_bytes()
    for function in (build.build, build.build_text):
        with pytest.raises(build.BuildError, match=f"(?s){why}.*to source/.*Nothing was overwritten"):
            function(folder)
    assert path.read_bytes() == before
    (folder / "01_first.ipynb.bak-1").write_text("older")
    said = []
    build.build(folder, force=True, say=said.append)
    assert said == ["kept     01_first.ipynb.bak-2, which is what 01_first.ipynb was", "built    01_first"]
    assert (folder / "01_first.ipynb.bak-1").read_text() == "older"
    assert (folder / "01_first.ipynb.bak-2").read_bytes() == before
    build.check(folder, say=lambda _: None)


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda text: text.encode("utf-16"), "cannot be read: it is in UTF-16: save it as UTF-8"),
        (
            lambda text: text.replace('print(\\"b\\")', "\n<<<<<<< HEAD\n").encode(),
            r"cannot be read: it has Git's marks of a conflict \(<<<<<<<, line \d+\): resolve it",
        ),
        (lambda text: text[:-100].encode(), "cannot be read: it is no notebook .NotJSONError"),
        (lambda text: b"", "cannot be read: it is empty"),
        (lambda text: b"[1, 2]", "cannot be read: it is no notebook"),
        (
            lambda text: b'{"cells": [{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            "cannot be read: it is no",
        ),
        (
            lambda text: text.encode("latin-1", "replace") + b"\xe9",
            "cannot be read: it is no notebook .UnicodeDecodeError",
        ),
        (lambda text: MARK + text.replace("EPOCHS + 1", "EPOCHS + 2").encode(), r"was edited by hand: cell 6"),
    ],
    ids=["UTF-16", "conflict", "cut off", "empty", "a list", "no cells", "Latin-1", "a mark and an answer"],
)
def test_a_notebook_that_cannot_be_read_is_never_overwritten_unasked(built, monkeypatch, change, why):
    monkeypatch.setattr(build, "execute", lambda notebook, _: notebook)
    path = built / "01_first.ipynb"
    path.write_bytes(change(path.read_text(encoding="utf-8")))
    with pytest.raises(build.BuildError, match=f"01_first.ipynb {why}"):
        build.check(built)
    refused_and_kept(built, f"01_first.ipynb {why}")


def test_a_byte_order_mark_is_no_change(built):
    path = built / "01_first.ipynb"
    path.write_bytes(MARK + path.read_bytes())
    build.check(built, say=lambda _: None)


def test_what_is_saved_during_a_build_is_not_overwritten(built, monkeypatch):
    path = built / "01_first.ipynb"

    def execute(notebook, _):
        path.write_bytes(path.read_bytes() + b"\n")
        return notebook

    monkeypatch.setattr(build, "execute", execute)
    with pytest.raises(
        build.BuildError, match="01_first.ipynb was saved while it was being built: it was not overwritten"
    ):
        build.build(built)
    saved = path.read_bytes()
    assert saved.endswith(b"}\n\n")
    build.build(built, force=True, say=lambda _: None)
    assert (built / "01_first.ipynb.bak-1").read_bytes() == saved + b"\n"


def test_running_and_saving_in_an_editor_is_no_edit(built):
    edit(built, lambda notebook: notebook.cells[3].metadata.update(editable=True, collapsed=False))
    edit(built, lambda notebook: notebook.cells[5].update(execution_count=99))
    build.check(built, say=lambda _: None)


def test_a_changed_source_is_named(built):
    (built / "source" / "01_first.py").write_text(SOURCE.replace("int = 3", "int = 4"), encoding="utf-8")
    with pytest.raises(build.BuildError, match="source/01_first.py has changed since .* cell 4 .'EPOCHS: int = 3"):
        build.check(built)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("README.md", "no table", "README.md lacks the lines"),
        ("README.md", README, "README.md: the table of lessons differs"),
        ("notebooks/02_orphan.ipynb", "{}", "02_orphan.ipynb has no source"),
        ("notebooks/source/02_new.py", SOURCE, "02_new.ipynb has not been built"),
        (
            "pyproject.toml",
            '[project]\n[project.urls]\nRepository = "https://github.com/else/where"\n',
            "has changed since .* cell 2",
        ),
    ],
)
def test_every_other_drift_is_named(built, name, text, message):
    (built.parent / name).write_text(text, encoding="utf-8")
    with pytest.raises(build.BuildError, match=message):
        build.check(built)


def test_a_raising_cell_is_named_and_the_old_notebook_stays(built):
    text = (built / "01_first.ipynb").read_text(encoding="utf-8")
    (built / "source" / "01_first.py").write_text(SOURCE + "\n# %%\n1 / 0\n", encoding="utf-8")
    with pytest.raises(build.BuildError, match="01_first: a cell raised ZeroDivisionError: division by zero"):
        build.build(built)
    assert (built / "01_first.ipynb").read_text(encoding="utf-8") == text
    assert not list(built.glob(".*"))


def test_a_kernel_that_dies_is_named(built):
    (built / "source" / "01_first.py").write_text(SOURCE + "\n# %%\nimport os; os._exit(1)\n", encoding="utf-8")
    with pytest.raises(build.BuildError, match="01_first: DeadKernelError"):
        build.build(built)


def test_one_hand_edit_stops_the_build_before_anything_is_overwritten(built):
    (built / "source" / "00_zero.py").write_text(SOURCE, encoding="utf-8")
    edit(built, lambda notebook: notebook.cells[5].update(source="mine"))
    with pytest.raises(build.BuildError, match="(?s)01_first.ipynb was edited by hand.*Nothing was overwritten"):
        build.build(built)
    assert not (built / "00_zero.ipynb").exists()


def test_a_notebook_saved_without_cell_ids_is_an_edit_and_no_crash(built):
    path = built / "01_first.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps({**notebook, "nbformat_minor": 0}), encoding="utf-8")
    with pytest.raises(build.BuildError, match="01_first.ipynb was edited by hand"):
        build.check(built)


def test_a_source_without_a_title_is_refused_before_anything_is_built(clone):
    (clone / "source" / "01_first.py").write_text(SOURCE.replace("# # First", "# First"), encoding="utf-8")
    with pytest.raises(build.BuildError, match="source/01_first.py must begin with a title"):
        build.build(clone)
    assert not (clone / "01_first.ipynb").exists()


def test_widget_metadata_is_removed(clone, monkeypatch):
    import nbclient

    execute = nbclient.NotebookClient.execute

    def with_widgets(self, **options):
        execute(self, **options)
        self.nb.metadata["widgets"] = {"state": {}}

    monkeypatch.setattr(nbclient.NotebookClient, "execute", with_widgets)
    build.build(clone, say=lambda _: None)
    assert "widgets" not in read(clone).metadata


def test_unknown_lessons_and_missing_sources_are_refused(built, tmp_path):
    with pytest.raises(UsageError, match="no lesson '9'"):
        build.build(built, ["9"])
    with pytest.raises(UsageError, match="there are no sources in"):
        build.build(tmp_path)


# ------------------------------------------------------------------------------ text and address, without executing


def never(*_):
    raise AssertionError("a notebook was executed")


def test_text_is_exchanged_and_outputs_stay(built, monkeypatch):
    before = read(built)
    path = built / "source" / "01_first.py"
    path.write_text(
        SOURCE.replace("What it teaches", "What it says").replace("seconds differ", "times differ")
        + "\n# %% [markdown]\n# A last word.\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(build, "execute", never)
    said = []
    build.build_text(built, say=said.append)
    after = read(built)
    assert said == ["text     01_first"] and "What it says." in after.cells[0].source
    assert after.cells[-1].source == "A last word." and after.cells[4].metadata["reason"] == "times differ"
    assert outputs(after) == outputs(before) and outputs(after)[3] == "a\nb\n4\n"
    assert [cell.get("execution_count") for cell in after.cells] == [None, None, 1, 2, 3, 4, 5, None]
    assert "What it says." in built.with_name("README.md").read_text(encoding="utf-8")
    build.check(built, say=lambda _: None)


@pytest.mark.parametrize(
    "old, new, place",
    [
        ("int = 3", "int = 4", r"code cell 2 \('EPOCHS: int = 4"),
        ('print("b")', 'print("c")', r"code cell 4 \('%matplotlib inline'\)$"),
        ("# %%\nimport os", "# %%\nx = 1\n\n# %%\nimport os", r"code cell 5 \('x = 1'\), 6 code cells instead of 5$"),
        ("# %%\nimport os", "# %% [markdown]\n# import os", "4 code cells instead of 5$"),
    ],
)
def test_text_is_refused_where_code_has_changed(built, monkeypatch, old, new, place):
    text = (built / "01_first.ipynb").read_text(encoding="utf-8")
    (built / "source" / "01_first.py").write_text(SOURCE.replace(old, new), encoding="utf-8")
    (built / "source" / "02_second.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(build, "execute", never)
    with pytest.raises(
        build.BuildError,
        match=f"(?sm)^code of source/01_first.py has changed: {place}.*^02_second.ipynb has not been built$"
        ".*build these lessons. Nothing was changed",
    ):
        build.build_text(built)
    assert (built / "01_first.ipynb").read_text(encoding="utf-8") == text


def test_a_lesson_put_in_front_needs_no_execution_of_the_others(built, monkeypatch):
    before = read(built)
    (built / "01_first.ipynb").rename(built / "02_first.ipynb")
    (built / "source" / "01_first.py").rename(built / "source" / "02_first.py")
    (built / "source" / "01_new.py").write_text(SOURCE.replace("# First", "# New"), encoding="utf-8")
    monkeypatch.setattr(build, "execute", never)
    build.build_text(built, ["first"], say=lambda _: None)
    after = nbformat.read(built / "02_first.ipynb", 4)
    assert after.cells[0].source.startswith("# 02 · First\n")
    assert after.cells[0].source.endswith("· **Before:** [01 · New](01_new.ipynb)")
    assert outputs(after) == outputs(before)
    table = built.with_name("README.md").read_text(encoding="utf-8")
    assert re.findall(r"\| \[(\d\d · \w+)\]", table) == ["01 · New", "02 · First"]


def test_an_address_is_set_everywhere_and_outputs_stay(built, monkeypatch):
    monkeypatch.setattr(build, "execute", lambda notebook, _: notebook)
    root = built.parent
    (root / "pyproject.toml").write_text(
        UNSET + 'Issues = "https://github.com/set_this_address/convnet-course/issues"\n'
    )
    (root / "CITATION.cff").write_bytes(b"url: https://github.com/set_this_address/convnet-course\r\n")
    (built / "source" / "02_second.py").write_text(SOURCE.replace("# First", "# Second"), encoding="utf-8")
    (built / "source" / "03_third.py").write_text(SOURCE.replace("# First", "# Third"), encoding="utf-8")
    build.build(built, ["first", "second"], say=lambda _: None)
    notebook = read(built)
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    build.write_notebook(notebook, built / "01_first.ipynb")
    monkeypatch.setattr(build, "execute", never)
    for new in ("https://github.com/Ann-1/nets.git", "https://github.com/bob/convnet-course/"):
        build.set_address(built, new, say=lambda _: None)
        new = new.removesuffix(".git").rstrip("/")
        assert address.read(root) == new
        assert f'Issues = "{new}/issues"' in (root / "pyproject.toml").read_text()
        assert (root / "CITATION.cff").read_bytes() == f"url: {new}\r\n".encode()
        table = (root / "README.md").read_text(encoding="utf-8")
        for name in ("01_first", "02_second"):
            link = f"https://colab.research.google.com/github/{new.removeprefix('https://github.com/')}/blob/main/notebooks/{name}.ipynb"
            assert f"({link})" in table
            cells = nbformat.read(built / f"{name}.ipynb", 4).cells
            assert f"({link})" in cells[1].source and f"convnet-course @ git+{new}" in cells[2].source
        assert "blob/main/notebooks/03_third.ipynb" in table and not (built / "03_third.ipynb").exists()
        assert not any("set_this_address" in path.read_text(encoding="utf-8") for path in root.rglob("*.*"))
    assert outputs(read(built))[1] == "kept\n"


def test_an_address_waits_for_code_that_was_not_executed(built):
    (built / "source" / "01_first.py").write_text(SOURCE.replace("int = 3", "int = 4"), encoding="utf-8")
    before = {path: path.read_bytes() for path in built.parent.rglob("*.*")}
    with pytest.raises(build.BuildError, match="code of source/01_first.py has changed"):
        build.set_address(built, "https://github.com/ann/nets")
    assert {path: path.read_bytes() for path in built.parent.rglob("*.*")} == before


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nets",
        "http://github.com/ann/nets",
        "https://gitlab.com/ann/nets",
        "git@github.com:ann/nets",
        "https://github.com/ann",
        "https://github.com/ann/nets/tree/main",
        "https://github.com/set_this_address/convnet-course",
        "https://github.com/ann/..",
        "https://github.com/ann/my nets",
    ],
)
def test_what_is_no_address_is_refused_and_changes_nothing(built, bad):
    before = {path: path.read_bytes() for path in built.parent.rglob("*.*")}
    with pytest.raises(
        UsageError, match=f"repository's address must be https://github.com/OWNER/NAME; got {re.escape(repr(bad))}"
    ):
        build.set_address(built, bad)
    assert {path: path.read_bytes() for path in built.parent.rglob("*.*")} == before


@pytest.mark.parametrize(
    "project, message",
    [
        ("[project]\n", r'has no address to replace: give it  Repository = "https://github.com/set_this_address/'),
        ("[project", "where the repository's address stands, cannot be read"),
        ('[project.urls]\nRepository = "nets"\n', "must be https://github.com/OWNER/NAME; got 'nets'"),
    ],
)
def test_a_project_that_cannot_take_an_address_is_refused(built, project, message):
    built.with_name("pyproject.toml").write_text(project)
    with pytest.raises(UsageError, match=message):
        if "nets" in project:
            build.check(built)
        else:
            build.set_address(built, "https://github.com/ann/nets")


def test_only_the_repositorys_own_address_is_replaced(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/ann/nets.git"\n')
    text = "See {0}, {0}.git, {0}/issues and {0}. Not {0}.js, {0}-2 or https://github.com/ann/net."
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(text.format("https://github.com/ann/nets"))
    assert address.replace(tmp_path, "https://github.com/bob/x") == ["docs/page.md", "pyproject.toml"]
    new, old = "https://github.com/bob/x", "https://github.com/ann/nets"
    assert (tmp_path / "docs" / "page.md").read_text() == (
        f"See {new}, {new}, {new}/issues and {new}. Not {old}.js, {old}-2 or https://github.com/ann/net."
    )
    assert address.replace(tmp_path, new) == []
