"""The running Python: a quiet TensorFlow import, and the versions in use.

Where the course must behave differently on different versions of TensorFlow or Keras, it does so here, by name.
So far nothing does: the same code runs on both stacks of ``.ci/run``.
"""

import contextlib
import importlib.metadata
import os
import platform
import sys


@contextlib.contextmanager
def quiet():
    """Keep TensorFlow's start-up messages off the page while it is imported.

    TensorFlow writes notes about processors and drivers to the process's standard error, past Python, before
    any setting of its own can stop it. They alarm beginners and mean nothing on a laptop. Python's own errors
    are raised as always.

    Examples
    --------
    >>> with quiet():
    ...     import tensorflow as tf
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def versions():
    """Names and versions of what a result depends on, as a dict; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for package in ("tensorflow", "keras", "numpy", "matplotlib", "convnet-course"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
