"""Every kernel that a test starts, nbval's too, is one without the contributor's own settings of IPython and Jupyter."""

import os
import tempfile

from course_utils import runtime


def pytest_configure(config):
    folder = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ.update(
        runtime.impersonal(os.path.join(folder.name, "ipython")),
        JUPYTER_CONFIG_DIR=os.path.join(folder.name, "config"),
        JUPYTER_DATA_DIR=os.path.join(folder.name, "data"),
    )
    os.environ.pop("JUPYTER_PATH", None)  # kernels that somebody has added
