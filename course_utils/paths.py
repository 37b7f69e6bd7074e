"""Where things are: the notebooks of a clone."""

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
        if any(candidate.glob("[0-9][0-9]_*.ipynb")) or any(candidate.glob("source/[0-9][0-9]_*.py")):
            return candidate.resolve()
    raise FileNotFoundError(f"no lessons found in {candidates[0]}{' or above' if folder is None else ''}: {advice}")
