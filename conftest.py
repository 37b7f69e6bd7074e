"""What the whole test run shares, the notebooks included, which nbval runs.

One execution of each notebook serves every gate, and every kernel that a test starts, nbval's too, is one without the
contributor's own settings of IPython and Jupyter.
"""

import os
import tempfile

import nbformat
import pytest
from bands import broken
from nbval.plugin import IPyNbCell

from course_utils import runtime
from course_utils.results import read_records

RECORDED = pytest.StashKey()


def pytest_configure(config):
    """Settings of nobody: a temporary profile, and no kernels that somebody has added."""
    folder = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ.update(
        runtime.impersonal(os.path.join(folder.name, "ipython")),
        JUPYTER_CONFIG_DIR=os.path.join(folder.name, "config"),
        JUPYTER_DATA_DIR=os.path.join(folder.name, "data"),
    )
    os.environ.pop("JUPYTER_PATH", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After nbval has run and compared a cell: do the numbers that the notebook has recorded so far keep their bands?"""
    result = yield
    if isinstance(item, IPyNbCell):
        cell = nbformat.from_dict(
            {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": item.test_outputs}
        )
        if new := read_records(nbformat.v4.new_notebook(cells=[cell])):
            numbers = item.parent.stash.setdefault(RECORDED, {})
            numbers.update(new)
            if problems := broken(item.parent.path.stem[3:], numbers):
                pytest.fail("outside of its band: " + "; ".join(problems), pytrace=False)
    return result


def pytest_collection_modifyitems(items):
    """A notebook's cells stay together, in one kernel and in order; so do the tests of a module, which share fixtures.

    Gates that run a lesson carry a group of their own for each lesson (``pytest.mark.xdist_group``).
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
