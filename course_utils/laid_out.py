"""What a data set on the disk must be, and how a published file becomes one."""

import os
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

from .registry import COMMAND, known
from .store import DataError

#: What reading a damaged file raises.
DAMAGED = (
    ValueError,
    KeyError,
    EOFError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    pickle.UnpicklingError,
    RuntimeError,
)


def check(path, name):
    """`check_arrays` or `check_folder`, as the data set `name` needs it."""
    entry = known()[name]
    return check_arrays(path, name) if "arrays" in entry else check_folder(path, entry["splits"])


def check_arrays(path, name):
    """The arrays of a data set that was there already, if they are what they should be.

    Parameters
    ----------
    path : str or Path
        An .npz file.
    name : str
        A data set whose entry in the registry has `arrays`.

    Returns
    -------
    dict of str to ndarray
        ``x_train, y_train, x_test, y_test``: dtypes and shapes as in ``data/registry.toml``.

    Raises
    ------
    DataError
        When the file cannot be read, or an array is missing, or has another dtype or shape, or labels out of range.
    """
    try:
        return read_arrays(Path(path), known()[name])
    except (OSError, *DAMAGED) as error:
        raise DataError(_unfit(path, name, error)) from error


def check_folder(path, splits=("train", "validation", "test")):
    """How many pictures a data set of folders has that was there already.

    Parameters
    ----------
    path : str or Path
        It holds ``<split>/<class>/*.jpg``.
    splits : sequence of str
        The first two must be there, the others may be.

    Returns
    -------
    dict of str to dict of str to int
        Pictures by split and class.

    Raises
    ------
    DataError
        When there are fewer than two classes, or one is missing or has no picture in a split.
    """
    path = Path(path)
    counts, problems = {}, []
    for split in [*splits[:2], *(split for split in splits[2:] if (path / split).is_dir())]:
        classes = sorted(folder for folder in (path / split).glob("[!.]*") if folder.is_dir())
        counts[split] = found = {folder.name: len(list(folder.glob("[!.]*.jpg"))) for folder in classes}
        problems += [f"{split}/{label} has no pictures (*.jpg)" for label in found if not found[label]]
        if found.keys() != counts["train"].keys() or len(found) < 2:
            wanted = ", ".join(counts["train"]) if len(counts["train"]) > 1 else "at least two folders"
            problems.append(f"{split} has the classes {', '.join(found) or '(none)'}; {wanted} are expected")
    if problems:
        raise DataError(_unfit(path, path.name, "; ".join(problems)))
    return counts


def _unfit(path, name, problem):
    return (
        f"{path} is not as it should be: {problem}. Move it away and get it anew ({COMMAND} fetch {name}), "
        "or lay it out as the course's data/README.md says"
    )


def read_arrays(path, entry):
    """The arrays of an .npz file, as the registry's `entry` describes them; raises one of `DAMAGED`, or an OSError."""
    import numpy as np

    if not zipfile.is_zipfile(path):
        raise ValueError("it is not a complete .npz file")
    with np.load(path, allow_pickle=False) as file:
        if missing := [key for key in entry["arrays"] if key not in file.files]:
            raise ValueError(f"it has no {', '.join(missing)}, but {', '.join(file.files) or 'nothing'}")
        arrays = {key: np.asarray(file[key]) for key in entry["arrays"]}
    for key, (dtype, *shape) in entry["arrays"].items():
        if (came := arrays[key]).dtype != dtype or came.shape != tuple(shape):
            raise ValueError(
                f"{key} is {came.dtype} of shape {came.shape}; {dtype} of shape {tuple(shape)} is expected"
            )
        if len(shape) == 1 and came.max() >= len(entry["classes"]):
            raise ValueError(f"{key} has a label {came.max()}; 0 to {len(entry['classes']) - 1} are expected")
    return arrays


def _unpack(archive, folder):
    zipped = zipfile.is_zipfile(archive)
    if not zipped and not tarfile.is_tarfile(archive):
        raise ValueError("it is not a complete zip or tar archive")
    with (zipfile.ZipFile if zipped else tarfile.open)(archive) as opened:
        for member in opened.infolist() if zipped else opened.getmembers():
            name = member.filename if zipped else member.name
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"its member {name!r} would be written outside the folder it is unpacked to")
            if not zipped and not (member.isfile() or member.isdir()):
                raise ValueError(f"its member {name!r} is a link or a device, not a file or a folder")
        opened.extraction_filter = getattr(
            tarfile, "data_filter", None
        )  # Python before 3.11.4 has none; a zip needs none
        opened.extractall(folder)


class _BatchUnpickler(pickle.Unpickler):
    """Admits arrays and nothing else. CIFAR-10's dtypes are so old that NumPy 2.4.0 to 2.4.4 warn of their flags: left out."""

    def find_class(self, module, name):
        import numpy as np

        if module.startswith("numpy") and name in ("dtype", "ndarray", "_reconstruct"):
            return (lambda code, *flags: np.dtype(code)) if name == "dtype" else super().find_class(module, name)
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is not an array")


def _lay_out_batches(archive, part, entry):
    """CIFAR-10's pickled batches, rows of 3072 bytes (all red, then green, then blue), as one .npz file."""
    import numpy as np

    _unpack(archive, part / "unpacked")
    arrays = {}
    for split, files in {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}.items():
        batches = []
        for file in files:
            with open(part / "unpacked" / entry["inside"] / file, "rb") as opened:
                batches.append(_BatchUnpickler(opened, encoding="bytes").load())
        planes = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
        arrays[f"x_{split}"] = planes.transpose(0, 2, 3, 1)
        arrays[f"y_{split}"] = np.concatenate([batch[b"labels"] for batch in batches]).astype(np.uint8)
    np.savez(part / entry["target"], **arrays)
    return part / entry["target"]


def _lay_out_pictures(archive, part, entry):
    """The archive's folders of pictures; every picture decodes."""
    from PIL import Image

    _unpack(archive, part / "unpacked")
    for place in entry["pictures"]:
        source = part / "unpacked" / entry["inside"] / place
        if not source.is_dir():
            raise ValueError(f"it has no folder {entry['inside']}/{place}")
        files = sorted(source.glob("*.jpg"))
        if len(files) != entry["pictures"][place]:
            raise ValueError(f"its folder {place} has {len(files)} pictures; {entry['pictures'][place]} are expected")
        for file in files:
            try:
                with Image.open(file) as picture:
                    picture.draft("RGB", (64, 64))  # reads the whole file, but computes few pixels
                    picture.load()
            except Exception as error:  # each of Pillow's decoders raises kinds of its own
                raise ValueError(f"its picture {place}/{file.name} does not decode ({error})") from error
        (part / "laid_out" / place).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, part / "laid_out" / place)
    return part / "laid_out"


RECIPES = {"arrays": lambda archive, part, entry: archive, "batches": _lay_out_batches, "pictures": _lay_out_pictures}
