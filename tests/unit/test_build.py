"""Sources become executed notebooks, the same every time; drift is found and hand edits are not lost."""

import json
import re
import shutil

import nbformat
import pytest

from course_utils.batch import UsageError, build

SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 01 · First
#
# What it teaches.

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
    source = built / "source" / "01_first.py"
    source.write_text(SOURCE.replace('print("b")', 'print("c")'), encoding="utf-8")
    after = [cell.id for cell in build.from_source(source, "https://github.com/some/where").cells]
    assert [a == b for a, b in zip(before, after)] == [True] * 5 + [False, True]


def test_equal_cells_have_different_ids(clone):
    source = clone / "source" / "01_first.py"
    source.write_text(SOURCE + "\n# %%\nx = 1\n\n# %%\nx = 1\n", encoding="utf-8")
    ids = [cell.id for cell in build.from_source(source, "https://github.com/some/where").cells]
    assert len(set(ids)) == len(ids)


def test_check_agrees_after_a_build(built):
    said = []
    build.build(built, check=True, say=said.append)
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
        build.build(built, check=True)
    text = (built / "01_first.ipynb").read_text(encoding="utf-8")
    with pytest.raises(
        build.BuildError, match="edited by hand.*move the change to source/01_first.py.*Nothing was overwritten"
    ):
        build.build(built)
    assert (built / "01_first.ipynb").read_text(encoding="utf-8") == text
    build.build(built, force=True, say=lambda _: None)
    build.build(built, check=True, say=lambda _: None)


def test_running_and_saving_in_an_editor_is_no_edit(built):
    edit(built, lambda notebook: notebook.cells[3].metadata.update(editable=True, collapsed=False))
    edit(built, lambda notebook: notebook.cells[5].update(execution_count=99))
    build.build(built, check=True, say=lambda _: None)


def test_a_changed_source_is_named(built):
    (built / "source" / "01_first.py").write_text(SOURCE.replace("int = 3", "int = 4"), encoding="utf-8")
    with pytest.raises(build.BuildError, match="source/01_first.py has changed since .* cell 4 .'EPOCHS: int = 3"):
        build.build(built, check=True)


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
        build.build(built, check=True)


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
    with pytest.raises(build.BuildError, match="01_first.ipynb was edited by hand.*Nothing was overwritten"):
        build.build(built)
    assert not (built / "00_zero.ipynb").exists()


def test_a_notebook_saved_without_cell_ids_is_an_edit_and_no_crash(built):
    path = built / "01_first.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps({**notebook, "nbformat_minor": 0}), encoding="utf-8")
    with pytest.raises(build.BuildError, match="01_first.ipynb was edited by hand"):
        build.build(built, check=True)


def test_a_damaged_notebook_is_named_and_built_anew(built):
    (built / "01_first.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(build.BuildError, match="01_first.ipynb has not been built, or is damaged"):
        build.build(built, check=True)
    build.build(built, say=lambda _: None)
    build.build(built, check=True, say=lambda _: None)


def test_a_source_without_a_title_is_refused_before_anything_is_built(clone):
    (clone / "source" / "01_first.py").write_text(SOURCE.replace("# # 01 · First", "# First"), encoding="utf-8")
    with pytest.raises(build.BuildError, match="source/01_first.py must begin with a title"):
        build.build(clone)
    assert not (clone / "01_first.ipynb").exists()


def test_without_an_address_nothing_is_built(clone):
    clone.with_name("pyproject.toml").write_text("[project]\n")
    with pytest.raises(UsageError, match="build needs the repository's address"):
        build.build(clone)


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


def test_the_address_stands_in_one_place():
    from course_utils.paths import find_notebooks

    try:
        root = find_notebooks().parent
    except FileNotFoundError:
        pytest.skip("the wheel alone has no repository around it")
    address = build.repository_address(root / "notebooks")
    path = address.removeprefix("https://github.com/")
    found = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*")
        if file.suffix in {".py", ".toml", ".md", ".yml", ".txt"}
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
        and path in file.read_text(encoding="utf-8")
    }
    assert found <= {"pyproject.toml", "README.md"}
    outside = re.sub(
        f"{re.escape(build.TABLE_START)}.*{re.escape(build.TABLE_END)}",
        "",
        (root / "README.md").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    assert path not in outside
