"""A folder of the student's own pictures, prepared once into ``train/<class>/`` and ``validation/<class>/``."""

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .paths import cache_folder
from .photographs import Unreadable, read_picture

LONGEST_SIDE = 256
VALIDATION_SHARE = 0.2
FEWEST = 4
LISTED = 20  # of the files left out, so many are printed
SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
          "test": "test"}
CLUTTER = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Prepared:
    """A prepared folder.

    Attributes
    ----------
    path : Path
        Holds ``train/<class>/*.jpg``, ``validation/<class>/*.jpg`` and, where the student split off one, ``test``.
    counts : dict of str to dict of str to int
        Pictures by split and class.
    left_out : list of (str, str)
        Files that were not taken, relative to the student's folder, each with the reason.
    """

    path: Path
    counts: dict
    left_out: list = field(repr=False)

    def __str__(self):
        lines = [f"{split:10} " + ", ".join(f"{name} {count}" for name, count in classes.items())
                 for split, classes in self.counts.items()]
        return "\n".join(lines + table(self.left_out))


def table(left_out):
    """The lines that tell a reader which files were left out and why; none when there are none.

    Parameters
    ----------
    left_out : sequence of (str, str)
        Files and reasons; the first `LISTED` are shown.

    Returns
    -------
    list of str
    """
    shown, more = left_out[:LISTED], len(left_out) - LISTED
    width = max((len(name) for name, _ in shown), default=0)
    return [*([f"left out   {len(left_out):6,}:"] if left_out else []), *(f"  {name:{width}}  {reason}" for name, reason in shown),
            *([f"  … and {more:,} more"] if more > 0 else [])]


def prepare(folder):
    """Prepare a folder of pictures, or find it prepared already; the pictures themselves are only read.

    Every picture is turned upright, made RGB and reduced to at most 256 pixels a side. Within each class, a fifth
    goes to validation: those whose content has the smallest hashes, so the split stays the same wherever the
    folder lies and whatever the files are called. Of equal pictures only the first is taken. A folder that is
    split already (``train``, ``validation`` or ``val``, perhaps ``test``) keeps its split.

    Parameters
    ----------
    folder : str or Path
        With one sub-folder a class, each with at least four readable pictures of any kind that Pillow reads.

    Returns
    -------
    Prepared

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    ValueError
        When it has fewer than two classes, or a class has fewer than four readable pictures (fewer than one, in
        a split that the student made). The message names what was left out and why.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"DATASET: no folder {str(folder)!r}: name a folder with one sub-folder of pictures a class")
    files, left_out, classes = _find_files(folder)
    target = cache_folder() / "own" / _key(folder, files)
    if not (target / "prepared.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="part-", dir=target.parent))
        try:
            _write(folder, files, left_out, classes, partial)
            _move(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    record = json.loads((target / "prepared.json").read_text(encoding="utf-8"))
    return Prepared(target, record["counts"], [tuple(row) for row in record["left_out"]])


def _move(partial, target):
    """Put the finished folder in its place; if another process was faster, its folder, which is equal, stays."""
    try:
        os.replace(partial, target)
    except OSError:
        if not (target / "prepared.json").is_file():
            raise


def _find_files(folder):
    """[(split or None, class, path)] of all files that may be pictures, what is left out at sight, and all (split, class)."""
    found, left_out = [], []
    splits = {path: SPLITS[path.name.lower()] for path in _folders(folder) if path.name.lower() in SPLITS}
    is_split = set(splits.values()) >= {"train", "validation"}
    parents = splits if is_split else {folder: None}
    classes = [(split, path) for parent, split in parents.items() for path in _folders(parent)]
    for split, path in classes:
        for entry in sorted(path.iterdir()):
            if entry.is_dir():
                left_out.append((_relative(entry, folder), "a folder inside a class: its pictures are not looked for"))
            elif not entry.name.startswith(".") and entry.name.lower() not in CLUTTER:
                found.append((split, path.name, entry))
    _check_classes(folder, classes, found, left_out, is_split)
    return found, left_out, [(split, path.name) for split, path in classes]


def _folders(folder):
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith((".", "__"))]


def _relative(path, folder):
    return path.relative_to(folder).as_posix()


def _check_classes(folder, classes, found, left_out, is_split):
    names = sorted({path.name for _, path in classes})
    if not is_split and "train" in map(str.lower, names):
        raise ValueError(f"DATASET: {folder.name!r} has a folder 'train' but no 'validation': make one, or name the "
                         "folder whose sub-folders are the classes")
    if len(names) < 2:
        raise ValueError(f"DATASET: {folder.name!r} needs at least two classes, a sub-folder of pictures each; "
                         f"got {', '.join(names) or 'no sub-folder'}")
    if not found and any("inside a class" in reason for _, reason in left_out):
        raise ValueError(f"DATASET: the folders in {folder.name!r} ({', '.join(names)}) hold only folders: name the "
                         "folder whose sub-folders hold the pictures themselves")
    for split in {split for split, _ in classes}:
        missing = sorted(set(names) - {path.name for other, path in classes if other == split})
        if is_split and missing:
            raise ValueError(f"DATASET: {folder.name!r} has no folder {split}/{missing[0]}, though other parts have this class")


def _key(folder, files):
    """Changes when a file is added, removed or edited, or when the preparation itself changes."""
    stats = [(_relative(path, folder), path.stat().st_size, path.stat().st_mtime_ns) for _, _, path in files]
    text = json.dumps([str(folder), LONGEST_SIDE, VALIDATION_SHARE, stats])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _write(folder, files, left_out, classes, partial):
    """Read every file, drop what cannot be used, split, and write pictures and a record into `partial`."""
    from PIL import Image
    from tqdm import tqdm

    taken, left_out = {}, list(left_out)
    pictures = partial / "unsplit"
    pictures.mkdir()
    for split, name, path in tqdm(_train_last(files), desc="preparing pictures", unit="file", disable=None, leave=False):
        try:
            pixels, _ = read_picture(path, LONGEST_SIDE)
        except Unreadable as error:
            left_out.append((_relative(path, folder), error.reason))
            continue
        digest = hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()
        if digest in taken:
            left_out.append((_relative(path, folder), f"the same picture as {_relative(taken[digest][2], folder)}"))
            continue
        taken[digest] = (split, name, path)
        Image.fromarray(pixels).save(pictures / f"{digest}.jpg", quality=92)
    counts = _split(taken, classes, pictures, partial, left_out)
    pictures.rmdir()
    record = {"counts": counts, "left_out": sorted(left_out)}
    (partial / "prepared.json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def _train_last(files):
    """In a folder that is split already, of equal pictures the one outside of training is kept: it judges."""
    return sorted(files, key=lambda file: (file[0] == "train", file[2]))


def _split(taken, classes, pictures, partial, left_out):
    """Move the pictures to their split and class; returns the counts."""
    counts = {}
    for split, name in classes:
        ranked = sorted(digest for digest, (other, kind, _) in taken.items() if (other, kind) == (split, name))
        fewest = FEWEST if split is None else 1
        if len(ranked) < fewest:
            reasons = "; ".join(f"{file}: {reason}" for file, reason in left_out[:3])
            raise ValueError(f"DATASET: class {name!r} needs at least {fewest} readable pictures"
                             f"{f' in {split}' if split else ''}; got {len(ranked)}" + (f" (left out: {reasons})" if reasons else ""))
        held_out = math.ceil(VALIDATION_SHARE * len(ranked)) if split is None else 0
        for rank, digest in enumerate(ranked):
            part = split or ("validation" if rank < held_out else "train")
            place = partial / part / name
            place.mkdir(parents=True, exist_ok=True)
            os.replace(pictures / f"{digest}.jpg", place / f"{digest[:16]}.jpg")
        for part in [split] if split else ["train", "validation"]:
            counts.setdefault(part, Counter())[name] = len(list((partial / part / name).iterdir()))
    return counts
