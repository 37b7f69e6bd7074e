"""Files and folders that are written whole or not at all."""

import contextlib
import os
from pathlib import Path


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
