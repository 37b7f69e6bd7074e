"""Fixtures that more than one test file uses."""

import os

import nbformat
import pytest

PARAMETERS = "EPOCHS: int = 3  # passes over the data, at least 1\nNAME: str = 'cat'  # a word\nRATE: float = 0.1  # step, above 0"

#: Unit tests of what is the same on every version of TensorFlow, Keras, NumPy, matplotlib and Jupyter: .ci/run leaves them out
#: on its second stack.
PLAIN = {
    "test_build",
    "test_build_commands",
    "test_cli",
    "test_fetch",
    "test_folder",
    "test_lessons",
    "test_links",
    "test_messages",
    "test_paths",
    "test_plan",
    "test_processes",
    "test_reference_results",
    "test_report",
    "test_repository_files",
    "test_requirements",
    "test_run",
    "test_source",
    "test_store",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in PLAIN and item.path.parent.name == "unit":
            item.add_marker("plain")


@pytest.fixture
def make_lesson(tmp_path):
    """Write a small notebook that is a lesson: `make_lesson("01_name", "print(1)", …)` gives its path."""

    def make(name, *sources, parameters=PARAMETERS, tags=("parameters",), kernel="python3"):
        cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": list(tags)})]
        cells += [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        if kernel:
            notebook.metadata["kernelspec"] = {"name": kernel, "display_name": "Python 3", "language": "python"}
        folder = tmp_path / "notebooks"
        (folder / "plans").mkdir(parents=True, exist_ok=True)
        (folder / "plans" / "quick.toml").write_text('title = "All"\n[[run]]\nlesson = "*"\n', encoding="utf-8")
        nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder / f"{name}.ipynb"

    return make


@pytest.fixture
def read_only():
    """Make folders that can only be read until the test is over: `read_only(folder, …)`; skips where this user may write all the same."""
    locked = []

    def lock(*folders):
        locked.extend(folders)
        for folder in folders:
            folder.chmod(0o555)
        if os.access(folders[0], os.W_OK):
            pytest.skip("this user may write everywhere")

    yield lock
    for folder in reversed(locked):
        folder.chmod(0o755)
