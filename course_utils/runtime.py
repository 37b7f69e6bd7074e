"""The running Python: a quiet TensorFlow import, the versions in use, and whether somebody sits before the notebook.

Where the course must behave differently on different versions of TensorFlow or Keras, it does so here, by name.
So far nothing does: the same code runs on both stacks of ``.ci/run``.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

from . import __version__

CGROUP = Path("/sys/fs/cgroup")  # where a container's limits stand
#: The lessons of the first edition, 00 to 09: their numbers were used in commands, file names and exercises.
FIRST_EDITION = (
    "python_warmup",
    "convolution",
    "pooling",
    "architectures",
    "checkpointing",
    "generators",
    "augmentation",
    "feature_extraction",
    "fine_tuning",
    "visualizing_features",
)
#: Environment variable that keeps widgets away from a kernel; `run` and `build` set it for theirs.
STATIC = "COURSE_STATIC_FIGURES"

#: Settings of Keras that the course's arrays and numbers rest on. (The dtype policy is free: mixed_float16 is a student's choice.)
KERAS = {"backend": "tensorflow", "image_data_format": "channels_last", "floatx": "float32"}


@contextlib.contextmanager
def quiet():
    """Keep TensorFlow's start-up messages off the page while it is imported, and check Keras's settings.

    TensorFlow writes notes about processors and drivers to the process's standard error, past Python, before
    any setting of its own can stop it. They alarm beginners and mean nothing on a laptop. Python's own errors
    are raised as always.

    Raises
    ------
    ValueError
        As by `check_keras`: before the import, which would be long or fail otherwise, and after it.

    Examples
    --------
    >>> with quiet():
    ...     import tensorflow as tf
    """
    check_keras()
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
    check_keras()


def check_keras():
    """Refuse settings of Keras with which lessons fail later, with messages that blame something else.

    Keras takes its settings from the environment variable KERAS_BACKEND and from a file, ``keras.json``, when it is
    imported; a program may change them afterwards. Before the import, the variable and the file are read.

    Raises
    ------
    ValueError
        For a setting other than in `KERAS`: the message names the variable, the file or the function that it comes from.
    """
    file, keras = _keras_file(), sys.modules.get("keras")
    written = _read(file)
    variable = os.environ.get("KERAS_BACKEND")
    for setting, needed in KERAS.items():
        expected = variable if variable and setting == "backend" else written.get(setting, needed)
        current = getattr(keras, "config", None)  # None also while Keras is being imported
        found = getattr(current, setting)() if current else expected
        if found == needed:
            continue
        if found != expected:
            source, remedy = f"keras.config.{setting}()", f"do not call keras.config.set_{setting}"
        elif variable and setting == "backend":
            source, remedy = "KERAS_BACKEND", "unset this environment variable"
        else:
            source, remedy = f"{setting} in {file}", f"write {needed!r} there"
        raise ValueError(f"{source} must be {needed!r}; got {found!r}: {remedy}, then restart the kernel")


def _keras_file():
    """The file from which Keras takes its settings, by Keras's own rule."""
    home = os.path.expanduser("~")
    folder = os.environ.get("KERAS_HOME", os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras"))
    return Path(folder, "keras.json").expanduser()


def _read(file):
    """What stands in Keras's file, as a dict; empty where there is none, or none that Keras can read."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def impersonal(folder):
    """Environment variables for a kernel that ignores its user's own settings: IPython's profile and Python's start-up file.

    A student's profile is theirs, and holds where they open a lesson. What a batch, a build or a test finds must not
    depend on it: a start-up file may print, change how numbers are shown, or replace a function.

    Parameters
    ----------
    folder : str or Path
        An empty folder, in which IPython makes a profile; it must exist as long as the kernel runs.

    Returns
    -------
    dict of str to str
        To be added to the kernel's environment.
    """
    return {"IPYTHONDIR": str(folder), "PYTHONSTARTUP": ""}


def versions():
    """Names and versions of what a result depends on, as a dict; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for package in ("tensorflow", "keras", "numpy", "matplotlib"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found | {"convnet-course": __version__}


def machine():
    """The kind of machine, without its name: "Linux x86_64, 2 cores"."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def built_for(version):
    """Print one line where a lesson was built for another version of the course's package; otherwise nothing.

    Parameters
    ----------
    version : str
        The package's version when the lesson was built, such as ``"0.2"``; what follows the second number does not count.

    Examples
    --------
    >>> built_for("0.1")
    This lesson was built for version 0.1 of the course's package; 0.2 is installed: results and messages may differ. Take lesson and package from the same version.
    """
    built, installed = (".".join(text.split(".")[:2]) for text in (version, __version__))
    if built != installed:
        print(
            f"This lesson was built for version {built} of the course's package; {installed} is installed: "
            "results and messages may differ. Take lesson and package from the same version."
        )


def has_front_end():
    """Whether this notebook is open before somebody who can move a widget: in JupyterLab, Notebook 7, VS Code or Colab.

    A kernel that papermill, nbclient or nbval has started has nobody. Jupyter's server gives its kernels the variable
    JPY_SESSION_NAME. A program that is started from a notebook's cell inherits it and hands it on to its own kernels:
    so it counts only where the process that has started this kernel does not have it, too.
    """
    from IPython import get_ipython

    if STATIC in os.environ or not hasattr(get_ipython(), "kernel"):
        return False
    if "google.colab" in sys.modules or "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return True
    return "JPY_SESSION_NAME" in os.environ and not _starter_has("JPY_SESSION_NAME")


def _starter_has(variable):
    """Whether the process that has started this kernel has an environment variable (unknown on Windows: no)."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError, ValueError, KeyError):
        if os.name == "posix":
            return variable in psutil.Process(int(os.environ["JPY_PARENT_PID"])).environ()
    return False


def free_memory():
    """Bytes that this process may still take: what the machine has free, or less where a container sets a limit."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        cached = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines()).get(
            "inactive_file", 0
        )
    except OSError:  # no container, or no Linux
        return free
    return free if limit == "max" else min(free, int(limit) - int(used) + int(cached))
