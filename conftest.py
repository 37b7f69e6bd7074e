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
from running import name_of

from course_utils import runtime
from course_utils.batch import processes
from course_utils.results import read_records

WHOLE_LESSON = "::test_a_lesson_runs_with_other_parameters"
RECORDED, LAST = pytest.StashKey(), pytest.StashKey()


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


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers(config):
    """What ``-n auto`` means: no more processes than memory bears, by the same rule as ``course run --jobs auto``."""
    named = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "")
    return int(named) if named.isdecimal() else processes.as_many_as_fit()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After nbval has run and compared a cell: do the numbers that the notebook has recorded so far keep their bands?

    At its last cell all numbers that the bands speak of must be there.
    """
    result = yield
    if isinstance(item, IPyNbCell):
        numbers = item.parent.stash.setdefault(RECORDED, {})
        cell = nbformat.v4.new_code_cell(item.cell.source, execution_count=1, outputs=item.test_outputs)
        numbers.update(new := read_records(nbformat.v4.new_notebook(cells=[cell])))
        last = LAST in item.stash
        if (new or last) and (problems := broken(name_of(item.parent.path), numbers, complete=last)):
            pytest.fail("outside of its band: " + "; ".join(problems), pytrace=False)
    return result


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config, log):
    """With ``-n``, a notebook's cells stay together, in one kernel and in order; so do a module's tests, which share fixtures.

    Only a gate that runs a whole lesson may go to any process. (Marks would say so more plainly, but with pytest 9.2
    pytest-xdist 3.8 does not see its ``xdist_group``.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):  # the method that pytest-xdist's documentation says to override
            return nodeid if WHOLE_LESSON in nodeid else nodeid.partition("::")[0]

    return Together(config, log)


def pytest_collection_modifyitems(items):
    """What comes first, so that no process waits long for the last one."""
    for item in {item.parent: item for item in items if isinstance(item, IPyNbCell)}.values():
        item.stash[LAST] = True
    items.sort(key=_turn)


def _turn(item):
    """Long groups before short ones: the browser's, the notebooks from the last (later lessons train more), whole lessons, the rest."""
    kind, place = item.path.parent.name, item.path.name
    if isinstance(item, IPyNbCell):
        return 1, -int(place[:2]) if place[:2].isdigit() else 0
    return {"browser": 0, "gates": 2}.get(kind, 3), 0
