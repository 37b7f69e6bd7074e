"""A folder of the student's own pictures, prepared once into ``train/<class>/`` and ``validation/<class>/``."""

import hashlib
import json
import math
import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from . import photographs
from .paths import cache_folder
from .photographs import RangeTaken, Unreadable, read_picture, write_jpeg
from .store import make_once

LONGEST_SIDE = 256
VALIDATION_SHARE = 0.2
FEWEST = 4
MEGABYTES = 0.05  # that a prepared picture takes on the disk, at most
LISTED = 20  # of the files left out or changed, so many are printed
SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
LITTER = {"__macosx", "thumbs.db", "desktop.ini"}


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
        Files that were not taken, relative to the student's folder, each with the reason; what the system left there
        comes last.
    changed : list of (str, str)
        Files whose values go beyond 8 bits, with the range of them that was taken; files of the same range are one row.
    """

    path: Path
    counts: dict
    left_out: list = field(repr=False)
    changed: list = field(default_factory=list, repr=False)

    def __str__(self):
        lines = [
            f"{split:10} " + ", ".join(f"{name} {count}" for name, count in classes.items())
            for split, classes in self.counts.items()
        ]
        return "\n".join([*lines, *table("left out", self.left_out), *table("changed", self.changed)])


def table(title, rows):
    """The lines that tell a reader which files were left out, or changed, and why; none when there are none.

    Parameters
    ----------
    title : str
    rows : sequence of (str, str)
        Files and reasons; the first `LISTED` are shown.

    Returns
    -------
    list of str
    """
    shown, more = rows[:LISTED], len(rows) - LISTED
    width = max((len(name) for name, _ in shown), default=0)
    return [
        *([f"{title:10} {len(rows):6,}:"] if rows else []),
        *(f"  {name:{width}}  {reason}" for name, reason in shown),
        *([f"  … and {more:,} more"] if more > 0 else []),
    ]


def prepare(folder):
    """Prepare a folder of pictures, or find it prepared already; the pictures themselves are only read.

    Every picture is turned upright, made RGB with 8 bits a channel and reduced to at most 256 pixels a side. Within each class, a fifth
    goes to validation: those whose content has the smallest hashes, so the split stays the same wherever the
    folder lies and whatever the files are called. Of equal pictures only the first is taken. A folder that is
    split already (``train``, ``validation`` or ``val``, perhaps ``test``) keeps its split.

    Parameters
    ----------
    folder : str or Path
        With one sub-folder per class, each with at least four readable pictures of any kind that Pillow reads.

    Returns
    -------
    Prepared

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    ValueError
        When it has fewer than two classes, or a class has fewer than four readable pictures, or none in a part of
        a split that the student made. The message names what was left out and why.
    store.DataError
        When the prepared pictures cannot be written; earlier ones stay.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"DATASET: no folder {str(folder)!r}: name a folder with one sub-folder of pictures per class"
        )
    try:
        litter = []
        files, left_out, classes = _find_files(folder, litter)
        target = cache_folder() / "own" / _key(folder, files, left_out, classes)
    except OSError as error:
        raise ValueError(
            f"DATASET: {printable(folder.name)!r} cannot be looked through "
            f"({Path(error.filename or folder).name}: {error.strerror})"
        ) from None
    make_once(
        target,
        lambda part: _write(folder, files, left_out, classes, part / "prepared"),
        "own",
        math.ceil(MEGABYTES * len(files)),
        f"the pictures of {printable(folder.name)!r}",
        "COURSE_CACHE",
    )
    record = json.loads((target / "prepared.json").read_text(encoding="utf-8"))
    left_out, changed = ([tuple(row) for row in record[name]] for name in ("left_out", "changed"))
    return Prepared(target, record["counts"], left_out + litter, changed)


def printable(name):
    """A file's name with its accents spelt in one way, and what is not UTF-8 written out, such as ``\\xf6``."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))


def _find_files(folder, litter):
    """[(split or None, class, path)] of all files that may be pictures, what is left out at sight, and all (split, class).

    What no reader misses goes into the list `litter`: it may come and go without the pictures being prepared anew.
    """
    found, left_out = [], []
    top = _entries(folder, folder, litter)
    parts = [path for path in top if path.is_dir() and path.name.lower() in SPLITS]
    is_split = {SPLITS[path.name.lower()] for path in parts} >= {"train", "validation"}
    _check_parts(folder, parts, is_split)
    parents = {path: SPLITS[path.name.lower()] for path in parts} if is_split else {folder: None}
    inside = {folder: top} | {parent: _entries(parent, folder, litter) for parent in parents if parent != folder}
    classes = [(split, path) for parent, split in parents.items() for path in inside[parent] if path.is_dir()]
    known = {*parents, *(path for _, path in classes)}
    for entries in inside.values():
        left_out += [(_relative(path, folder), "it is in no class's folder") for path in entries if path not in known]
    for split, path in classes:
        for entry in _entries(path, folder, litter):
            if entry.is_dir():
                left_out.append((_relative(entry, folder), "a folder inside a class: its pictures are not looked for"))
            elif not entry.is_file():
                left_out.append((_relative(entry, folder), "it is not a file, or a link that leads nowhere"))
            else:
                found.append((split, printable(path.name), entry))
    classes = list(dict.fromkeys((split, printable(path.name)) for split, path in classes))
    _check_classes(folder, classes, found, left_out)
    return found, left_out, classes


def _entries(place, folder, litter):
    """What is in `place`, in order; what systems and programs leave everywhere goes to `litter`, with the reason."""
    entries = []
    for path in sorted(place.iterdir()):
        if path.name.lower() in LITTER:
            litter.append((_relative(path, folder), "left there by the system, no picture of yours"))
        elif path.name.startswith("."):
            litter.append((_relative(path, folder), "hidden: its name begins with a dot"))
        else:
            entries.append(path)
    return entries


def _relative(path, folder):
    return printable(path.relative_to(folder).as_posix())


def _check_parts(folder, parts, is_split):
    for number, path in enumerate(parts):
        if twin := next(
            (other for other in parts[:number] if SPLITS[other.name.lower()] == SPLITS[path.name.lower()]), None
        ):
            raise ValueError(
                f"DATASET: {printable(folder.name)!r} has both {twin.name!r} and {path.name!r}: keep one of them"
            )
        if not is_split and SPLITS[path.name.lower()] == "train":
            raise ValueError(
                f"DATASET: {printable(folder.name)!r} has a folder {path.name!r} but no 'validation': name the folder "
                f"{path.name!r} itself (a fifth of it becomes validation), or make a folder 'validation'; "
                "if it is a class, rename it"
            )


def _check_classes(folder, classes, found, left_out):
    names = sorted({name for _, name in classes})
    if len(names) < 2:
        raise ValueError(
            f"DATASET: {printable(folder.name)!r} needs at least two classes, a sub-folder of pictures each; "
            f"got {', '.join(names) or 'no sub-folder'}"
        )
    if not found and any("inside a class" in reason for _, reason in left_out):
        raise ValueError(
            f"DATASET: the folders in {printable(folder.name)!r} ({', '.join(names)}) hold only folders: name the "
            "folder whose sub-folders hold the pictures themselves"
        )
    for split in {split for split, _ in classes}:
        if missing := [name for name in names if (split, name) not in classes]:
            raise ValueError(
                f"DATASET: {printable(folder.name)!r} has no folder {split}/{missing[0]}, though other parts have this class"
            )


def _key(folder, files, left_out, classes):
    """Changes when a file or folder is added, removed or edited, or when the preparation itself changes."""
    stats = [(_relative(path, folder), path.stat().st_size, path.stat().st_mtime_ns) for _, _, path in files]
    code = [Path(module).read_text(encoding="utf-8") for module in (__file__, photographs.__file__)]
    return hashlib.sha256(json.dumps([str(folder), stats, left_out, classes, code]).encode()).hexdigest()[:20]


def _write(folder, files, left_out, classes, partial):
    """Read every file, drop what cannot be used, split, and write pictures and a record into `partial`."""
    from PIL import Image
    from tqdm import tqdm

    print(f"preparing the {len(files):,} files of {printable(folder.name)!r}, once")
    taken, left_out, changed = {}, list(left_out), {}
    pictures = partial / "unsplit"
    pictures.mkdir(parents=True)
    for split, name, path in tqdm(
        _train_last(files), desc="preparing pictures", unit="file", disable=None, leave=False
    ):
        try:
            pixels, changes = read_picture(path, LONGEST_SIDE)
        except Unreadable as error:
            left_out.append((_relative(path, folder), error.reason))
            continue
        digest = hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()
        if digest in taken:
            left_out.append((_relative(path, folder), f"the same picture as {_relative(taken[digest][2], folder)}"))
            continue
        taken[digest] = (split, name, path)
        for change in changes:
            if isinstance(change, RangeTaken):
                changed.setdefault(change, []).append(_relative(path, folder))
        write_jpeg(Image.fromarray(pixels), pictures / f"{digest}.jpg", quality=92)
    _check_counts(taken, classes, left_out)
    counts = _split(taken, classes, pictures, partial)
    pictures.rmdir()
    rows = sorted((_first_of(files), change) for change, files in changed.items())
    record = {"counts": counts, "left_out": sorted(left_out), "changed": rows}
    (partial / "prepared.json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    return partial


def _first_of(files):
    return min(files) + (f" and {len(files) - 1:,} more" if len(files) > 1 else "")


def _check_counts(taken, classes, left_out):
    for split, name in classes:
        of_class = [part for part, kind, _ in taken.values() if kind == name]
        for fewest, got, where in [(FEWEST, len(of_class), ""), (1, of_class.count(split), f" in {split}")]:
            if got < fewest:
                reasons = [f"{file}: {reason}" for file, reason in left_out if PurePosixPath(file).parent.name == name]
                more = f", and {len(reasons) - 3} more" if len(reasons) > 3 else ""
                raise ValueError(
                    f"DATASET: class {name!r} needs at least {fewest} readable picture{'s' if fewest > 1 else ''}{where}; "
                    f"got {got}" + (f" (left out: {'; '.join(reasons[:3])}{more})" if reasons else "")
                )


def _train_last(files):
    """In a folder that is split already, of equal pictures the one outside of training is kept: it judges."""
    return sorted(files, key=lambda file: (file[0] == "train", file[2]))


def _split(taken, classes, pictures, partial):
    """Move the pictures to their split and class; returns the counts."""
    counts = {}
    for split, name in classes:
        ranked = sorted(digest for digest, (other, kind, _) in taken.items() if (other, kind) == (split, name))
        held_out = math.ceil(VALIDATION_SHARE * len(ranked)) if split is None else 0
        for rank, digest in enumerate(ranked):
            part = split or ("validation" if rank < held_out else "train")
            place = partial / part / name
            place.mkdir(parents=True, exist_ok=True)
            os.replace(pictures / f"{digest}.jpg", place / f"{digest[:16]}.jpg")
        for part in [split] if split else ["train", "validation"]:
            counts.setdefault(part, Counter())[name] = len(list((partial / part / name).iterdir()))
    return counts
