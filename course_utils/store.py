"""Files and folders that are written whole or not at all, by one process at a time."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

LIMIT = 3600  # seconds that one process waits for another


class DataError(Exception):
    """Data cannot be had or kept, or are not what they should be; what was there before is as it was."""


@contextlib.contextmanager
def whole_file(target):
    """A file to write to, beside `target`, which it becomes when the block ends well; otherwise it is removed.

    Parameters
    ----------
    target : str or Path
        In a folder that exists. A file that is there already stays as it is until the new one is complete.

    Yields
    ------
    Path
        In the same folder, with the same ending.

    Examples
    --------
    >>> with whole_file("results.csv") as partial:
    ...     partial.write_text("lesson,seconds", encoding="utf-8")
    """
    target = Path(target)
    partial = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def write_text(target, text):
    """Write `text` as UTF-8 to the file `target`, whole or not at all; line ends stay as they are."""
    with whole_file(target) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


@contextlib.contextmanager
def whole_folder(target):
    """An empty folder to fill, beside `target`, which it becomes when the block ends well; otherwise it is removed.

    Parameters
    ----------
    target : str or Path
        Not there yet, or an empty folder. Folders above it are made.

    Yields
    ------
    Path

    Raises
    ------
    FileExistsError
        Before anything is written, when `target` is a file, or a folder that holds something.

    Examples
    --------
    >>> with whole_folder("pets") as partial:
    ...     (partial / "heads.csv").write_text("file,left,top,width,height", encoding="utf-8")
    """
    target = Path(target).absolute()
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"folder must be new or empty; got {str(target)!r}, which is there: name another")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(target.parent, target.name) as part:
        (part / target.name).mkdir()
        yield part / target.name
        if target.is_dir():
            target.rmdir()  # Windows moves nothing onto a folder
        os.replace(part / target.name, target)


def make_once(target, make, name, megabytes, what=None, variable="COURSE_DATA", advice=""):
    """`target`, which is made unless it is there: whole or not at all, by one process at a time.

    Parameters
    ----------
    target : Path
        A file or a folder.
    make : callable
        Gets a folder for its work, and returns the path in there that is moved to `target`.
    name : str
        Of the lock, and of the folder for work, beside `target`. Processes that give the same name wait for one another.
    megabytes : float
        About what is needed on the disk, for the reader.
    what : str, optional
        What is made, for the reader; `name` by default.
    variable : str
        The environment variable that names another folder.
    advice : str
        What else helps where there is no permission to write.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    DataError
        When it cannot be written.
    """
    import filelock

    folder = target.parent
    if os.path.exists(target):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f".{name}.lock", timeout=LIMIT):
            for left_by_a_killed_process in folder.glob(f".{name}-*"):
                shutil.rmtree(left_by_a_killed_process, ignore_errors=True)
            if not os.path.exists(target):  # else another process has made it in the meantime
                with _workshop(folder, name) as part:
                    os.replace(make(part), target)
    except OSError as error:
        reason = _why_not_written(error, megabytes, variable, advice)
        raise DataError(f"{what or name} cannot be put into {folder}: {reason}") from error
    return target


@contextlib.contextmanager
def _workshop(folder, name):
    """A folder for work on the same disk; only this user may look into it, so what is moved away is made inside of it."""
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as part:
        yield Path(part)


def _why_not_written(error, megabytes, variable, advice):
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"there is no permission to write there. Set the environment variable {variable} to a folder of your own{advice}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full. About {megabytes:.0f} MB are needed: make room, or set the environment "
            f"variable {variable} to a folder on another disk"
        )
    return f"{error}. The environment variable {variable} names another folder"
