"""Where things are: the notebooks of a clone, the data folder, the cache, the shipped tables."""

import os
from pathlib import Path


def find_notebooks(folder=None):
    """The folder that holds the lessons.

    Parameters
    ----------
    folder : str or Path, optional
        The folder itself. By default ``notebooks`` is looked for in the current folder and then in each
        folder above it, so that a command works anywhere inside a clone.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    FileNotFoundError
        When there is no such folder, or it holds neither lessons nor sources.
    """
    here = Path.cwd()
    if folder is not None:
        candidates = [here / Path(folder).expanduser()]
        advice = "--notebooks names the folder that holds the lessons (NN_name.ipynb)"
    else:
        candidates = [parent / "notebooks" for parent in (here, *here.parents)]
        advice = "run the command inside a clone of the course, or name the folder with --notebooks"
    for candidate in candidates:
        if folder is not None and any(candidate.glob("*.ipynb")):  # students rename their notebooks
            return candidate.resolve()
        if any(candidate.glob("[0-9][0-9]_*.ipynb")) or any(candidate.glob("source/[0-9][0-9]_*.py")):
            return candidate.resolve()
    raise FileNotFoundError(f"no lessons found in {candidates[0]}{' or above' if folder is None else ''}: {advice}")


def data_folder():
    """Where real data sets lie, and are downloaded to; nothing is created.

    Returns
    -------
    Path
        Absolute: what the environment variable COURSE_DATA names, else ``data`` in `cache_folder`'s default.

    Raises
    ------
    FileNotFoundError
        When the variable begins with ``~`` and a user who is not known.
    """
    return _named_by("COURSE_DATA") or _user_cache() / "data"


def cache_folder():
    """The folder for what is derived from data and can be derived again; nothing is created.

    Returns
    -------
    Path
        Absolute: what the environment variable COURSE_CACHE names, else the user's cache for the course.

    Raises
    ------
    FileNotFoundError
        As `data_folder`.
    """
    return _named_by("COURSE_CACHE") or _user_cache()


def _named_by(variable):
    folder = os.environ.get(variable)
    try:
        return Path(folder).expanduser().absolute() if folder else None
    except RuntimeError:
        raise FileNotFoundError(
            f"{variable}: {folder!r} has no home folder in it that is known here: name an absolute path"
        ) from None


def _user_cache():
    import platformdirs

    return platformdirs.user_cache_path("convnet-course", appauthor=False)


def shipped(name):
    """A file of the course's ``data`` folder, which the wheel carries.

    Parameters
    ----------
    name : str
        Such as "registry.toml".

    Returns
    -------
    Path
        In the installed package, or in the clone that the package is part of.
    """
    package = Path(__file__).parent
    installed = package / "_data"
    return (installed if installed.is_dir() else package.parent / "data") / name
