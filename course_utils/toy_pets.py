"""Toy pets: drawn cats and dogs in the folder layout of the real photographs, generated from a seed.

Both kinds share furs, markings, eyes, collars, walls, toys and light. Only shapes tell them apart: ears, muzzle and nose,
and, as hints that are sometimes wrong, pupils, whiskers and a tongue.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .checks import whole
from .photographs import write_jpeg
from .store import whole_folder

SIZE = 150  # height and width of a picture, pixels
KINDS = ("cats", "dogs")
#: The folders: which number goes into the seed, and whether the pets are posed. Posed pets and upright ones of the same
#: number are the same pets, so that only the pose differs between ``validation`` and ``posed_validation``.
SPLITS = {
    "train": (0, False),
    "validation": (1, False),
    "test": (2, False),
    "posed_validation": (1, True),
    "posed_test": (2, True),
}

OVERSAMPLING = 2  # drawn this many times larger, then reduced: smooth edges
LARGE = (SIZE * OVERSAMPLING, SIZE * OVERSAMPLING)
UNIT = 40 * OVERSAMPLING  # pixels that 1 means in the pet's coordinates at zoom 1: about half a head
FURS = np.array(
    [(205, 125, 60), (130, 130, 138), (62, 55, 55), (226, 200, 162), (115, 74, 48), (236, 230, 220), (176, 146, 108)]
)  # ginger, grey, black, cream, brown, white, sand
IRISES = np.array([(120, 185, 80), (225, 175, 60), (135, 85, 45), (105, 165, 215)])
PINK, INK, WHITE, GOLD = np.array([(222, 130, 135), (32, 27, 28), (255, 255, 250), (235, 200, 90)])
# 32 corners, from the right by way of below: the first half of them is the lower half
CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 32, endpoint=False)) for f in (np.cos, np.sin)], axis=1)
SHOULDERS = np.array([(0.46, 0.5), (0.56, 0.9), (0.77, 1.3), (0.88, 1.9), (1.04, 2.7), (1.2, 4.5)])
ACROSS, DOWN = np.meshgrid(*2 * [np.linspace(-1, 1, SIZE, dtype=np.float32)])


@dataclass(frozen=True)
class _Looks:
    """What both kinds have: colours (red, green, blue); half-width, half-height and turn to the right of the head."""

    fur: np.ndarray
    patch: np.ndarray
    ear: np.ndarray
    width: float
    height: float
    turn: float

    def rim(self, angle, radius):
        """The point `radius` times as far out as the head's edge; angle 0 is up, positive is to the right (radians)."""
        return np.array([self.width * np.sin(angle), -self.height * np.cos(angle)]) * radius + (self.turn * 0.25, 0)


class _Canvas:
    """Draws in the pet's coordinates (head's centre at 0, 0; y downwards) and remembers what it has filled."""

    def __init__(self, picture, matrix, centre):
        self.pen, self.matrix, self.centre, self.corners = ImageDraw.Draw(picture), matrix, centre, []
        self.unit = np.sqrt(abs(np.linalg.det(matrix)))  # pixels that a length of 1 has

    def fill(self, points, colour):
        pixels = points @ self.matrix.T + self.centre
        self.corners.append(pixels)
        self.pen.polygon(pixels.ravel().tolist(), fill=_rgb(colour))

    def line(self, points, colour, width):
        pixels = points @ self.matrix.T + self.centre
        self.pen.line(pixels.ravel().tolist(), fill=_rgb(colour), width=round(width * self.unit))

    def box(self):
        """(left, top, width, height) of all that was filled, in pixels of the finished picture and clipped to it."""
        corners = np.concatenate(self.corners) / OVERSAMPLING
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, SIZE).astype(int).tolist()
        right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, SIZE).astype(int).tolist()
        return left, top, right - left, bottom - top


def draw(kind, rng, posed=False, twin=False):
    """One pet.

    Parameters
    ----------
    kind : str
        "cats" or "dogs".
    rng : numpy.random.Generator
        Decides everything else: the same state gives the same picture.
    posed : bool
        False: upright, in the centre, looking to the right. True: turned by up to 30°, mirrored half of the time, 0.8
        to 1.2 times as large, shifted by up to a tenth of the picture across and down, and sheared by up to 0.15.
    twin : bool
        True: of upright pets the one that `posed` would turn, on the same wall and in the same light.

    Returns
    -------
    picture : PIL.Image.Image
        RGB, 150 × 150 pixels.
    head : tuple of int
        Left, top, width, height of a box around the head with its ears, as far as it is in the picture. Pixels.

    Raises
    ------
    ValueError
        When `kind` is neither "cats" nor "dogs".

    Examples
    --------
    >>> picture, head = draw("cats", np.random.default_rng(0))
    >>> picture.size
    (150, 150)
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be 'cats' or 'dogs'; got {kind!r}")
    picture, pose, looks = _wall(rng), _pose(rng, posed, twin), _choose_looks(rng)
    scene, head = _Canvas(picture, *pose), _Canvas(picture, *pose)
    if rng.random() < 0.5:
        _toy(scene, rng, rng.uniform(-1.9, 1.9, 2))
    _body(scene, rng, looks)
    _head(head, rng, looks, kind)
    _whiskers(scene, rng, looks, share=0.85 if kind == "cats" else 0.25)
    if rng.random() < 0.2:
        _toy(scene, rng, looks.rim(rng.uniform(-np.pi, np.pi), rng.uniform(0.75, 1.1)))  # hides a part of the head
    return _photograph(picture, rng), head.box()


def _rgb(colour):
    return tuple(max(0, min(255, int(value))) for value in colour)


def _turned(points, angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])  # y is downwards: a positive angle turns clockwise


def _ellipse(x, y, width, height, angle=0.0):
    """32 corners around (x, y); `width` and `height` from the centre to the edge."""
    return _turned(CIRCLE * (width, height), angle) + (x, y)


def _shrunk(points, factor):
    centre = points.mean(axis=0)
    return (points - centre) * factor + centre


def _fluffy(points, rng):
    return _shrunk(points, rng.uniform(0.96, 1.04, (len(points), 1)))


def _pose(rng, posed, twin=False):
    """Matrix (2 × 2) and shift that take the pet's coordinates to pixels of the large picture."""
    upright, centre = np.eye(2) * UNIT, LARGE * np.array([0.5, 0.54])
    if not posed and not twin:
        return upright, centre
    matrix = upright * rng.uniform(0.8, 1.2) @ [[rng.choice([-1, 1]), rng.uniform(-0.15, 0.15)], [0, 1]]
    turned = _turned(matrix.T, np.deg2rad(rng.uniform(-30, 30))).T
    shift = LARGE * rng.uniform(-0.1, 0.1, 2)
    return (turned, centre + shift) if posed else (upright, centre)


def _choose_looks(rng):
    fur, patch = FURS[rng.choice(len(FURS), 2, replace=False)] * rng.uniform(0.8, 1.15, (2, 1))
    ear = patch if rng.random() < 0.4 else fur * rng.uniform(0.7, 1.1)
    return _Looks(fur, patch, ear, rng.uniform(0.85, 1.05), rng.uniform(0.82, 0.98), rng.uniform(0.15, 0.4))


def _wall(rng):
    """The background, large: a colour, plain or with stripes or dots, under blotches of three sizes."""
    side, colour = SIZE // 2, rng.uniform(50, 215, 3)
    across, down = np.sin(_turned(np.indices((side, side)).T * rng.uniform(0.35, 0.7), rng.uniform(0, np.pi))).T
    pattern = (0 * across, across, across * down)[rng.integers(3)]
    pixels = (0.3 * colour.mean() + 0.7 * colour + 14 * pattern[..., None]).astype(np.float32)
    for cells, strength in ((4, 26), (14, 16), (40, 10)):
        blotches = 128 + rng.normal(0, strength, (cells, cells, 1)) + rng.normal(0, strength / 3, (cells, cells, 3))
        pixels += np.asarray(_picture(blotches).resize((side, side), Image.Resampling.BILINEAR), np.float32) - 128
    return _picture(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR).resize(LARGE, Image.Resampling.NEAREST)


def _picture(pixels):
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _toy(canvas, rng, place):
    """A ball or a leaf."""
    colour, size = rng.uniform(30, 230, 3), rng.uniform(0.2, 0.38)
    if rng.random() < 0.5:
        canvas.fill(_ellipse(*place, size, size), colour)
        canvas.fill(_ellipse(*(place - size * 0.35), size * 0.3, size * 0.2, -0.8), colour + 50)
    else:
        leaf = _turned(CIRCLE * abs(CIRCLE) ** (0, 1) * (1.5 * size, 0.75 * size), rng.uniform(0, np.pi)) + place
        canvas.fill(leaf, colour)
        canvas.line(leaf[[0, 16]], colour * 0.7, 0.04)


def _body(canvas, rng, looks):
    """Shoulders down to below the picture, sometimes a bib, sometimes a collar with its tag."""
    canvas.fill(np.concatenate([SHOULDERS * (-1, 1), SHOULDERS[::-1]]), looks.fur * rng.uniform(0.72, 0.88))
    if rng.random() < 0.4:
        canvas.fill(_fluffy(_ellipse(0.12, 1.3, 0.36, 0.55), rng), looks.patch)
    if rng.random() < 0.5:
        canvas.fill(_ellipse(0.02, 0.9, 0.58, 0.24), rng.uniform(40, 220, 3))
        canvas.fill(_ellipse(0.2, 1.18, 0.1, 0.1), GOLD)


def _head(canvas, rng, looks, kind):
    ears, muzzle, slits = (_cat_ears, _cat_muzzle, 0.8) if kind == "cats" else (_dog_ears, _dog_muzzle, 0.2)
    ears_in_front = kind == "dogs" and rng.random() < 0.6
    if not ears_in_front:
        ears(canvas, rng, looks)
    canvas.fill(_fluffy(_ellipse(0, 0, looks.width, looks.height), rng), looks.fur * 0.85)
    canvas.fill(_ellipse(-0.03, -0.04, looks.width * 0.92, looks.height * 0.9), looks.fur)
    _marking(canvas, rng, looks)
    if ears_in_front:
        ears(canvas, rng, looks)
    _eyes(canvas, rng, looks, pupil=(0.25, 0.88) if rng.random() < slits else (0.58, 0.62))
    nose = muzzle(canvas, rng, looks)
    canvas.fill(nose, INK if rng.random() < 0.6 else PINK * 0.9)


def _cat_ears(canvas, rng, looks):
    """Pointed."""
    length, lean = rng.uniform(1.5, 1.75), rng.uniform(0.5, 0.75)
    outline = ((0.12, 0.85), (lean - 0.22, length * 0.85), (lean, length), (lean + 0.2, length * 0.83), (1.2, 0.85))
    for side in (-1, 1):
        ear = np.stack([looks.rim(side * angle, radius) for angle, radius in outline])
        canvas.fill(ear, looks.ear)
        canvas.fill(_shrunk(ear, 0.55), PINK * 0.6 + looks.ear * 0.4)


def _dog_ears(canvas, rng, looks):
    """Hanging, or folded over."""
    length, width, spread = rng.uniform((0.5, 0.24, 0.05), (0.75, 0.33, 0.5))
    folded = rng.random() < 0.25
    for side in (-1, 1):
        x, y = looks.rim(side, 1.05)
        ear = _ellipse(x + side * spread * 0.25, y + length * 0.7, width, length, -side * spread)
        if folded:
            ear = np.stack(
                [
                    looks.rim(side * 0.25, 0.97),
                    looks.rim(side * 0.7, 1.25),
                    looks.rim(side * 1.1, 1.3),
                    looks.rim(side * 1.4, 1.2) + (0, length * 0.4),
                    looks.rim(side * 1.1, 0.85),
                ]
            )
        canvas.fill(ear, looks.ear)
        canvas.fill(_shrunk(ear, 0.6), looks.ear * 0.86)


def _marking(canvas, rng, looks):
    """Nothing, three stripes, a patch around an eye, or a blaze."""
    turn, marking = looks.turn, rng.integers(4)
    for x in (-0.22, 0, 0.22) if marking == 1 else ():
        canvas.fill(_ellipse(x + turn * 0.4, -0.62 * looks.height, 0.05, 0.2), looks.patch)
    if marking == 2:
        canvas.fill(_fluffy(_ellipse(rng.choice([-1, 1]) * 0.38 + turn * 0.5, -0.15, 0.33, 0.37), rng), looks.patch)
    if marking == 3:
        canvas.fill(_ellipse(turn * 0.7, -0.38, 0.13, 0.5), looks.patch)


def _eyes(canvas, rng, looks, pupil):
    """`pupil`: half its width and height, as parts of the eye's radius."""
    radius, level, gap = rng.uniform((0.14, -0.26, 0.34), (0.2, -0.12, 0.43))
    iris, sleepy = rng.choice(IRISES), rng.random() < 0.2
    for x in (looks.turn * 0.7 - gap, looks.turn * 0.7 + gap):
        canvas.fill(_ellipse(x, level, radius * 1.2, radius * 1.2), INK)
        canvas.fill(_ellipse(x, level, radius, radius), iris)
        canvas.fill(_ellipse(x + 0.02, level, radius * pupil[0], radius * pupil[1]), INK)
        canvas.fill(_ellipse(x - 0.3 * radius, level - 0.35 * radius, radius * 0.24, radius * 0.24), WHITE)
        if sleepy:
            canvas.fill(_ellipse(x, level, radius * 1.3, radius * 1.3)[16:], looks.fur * 0.9)  # the upper half: a lid


def _cat_muzzle(canvas, rng, looks):
    """Two small cheeks, a mouth like a w, rarely the tip of a tongue; returns the corners of a small nose."""
    x = looks.turn * 1.15
    if rng.random() < 0.1:
        canvas.fill(_ellipse(x, 0.56, 0.07, 0.11), PINK)
    for cheek in (x - 0.16, x + 0.16):
        canvas.fill(_ellipse(cheek, 0.38, 0.23, 0.18), looks.fur * 0.45 + 130)
    for corner in (x - 0.12, x + 0.12):
        canvas.line(_ellipse(corner, 0.38, 0.12, 0.1)[1:16], INK, 0.035)
    return np.array([[x - 0.12, 0.2], [x + 0.12, 0.2], [x, 0.36]])


def _dog_muzzle(canvas, rng, looks):
    """One large snout, a smile, often a tongue; returns the corners of a large round nose."""
    x, (width, height, nose) = looks.turn * 1.15, rng.uniform((0.32, 0.32, 0.12), (0.4, 0.4, 0.17))
    canvas.fill(_ellipse(x, 0.42, width, height), looks.fur * 0.45 + 130 if rng.random() < 0.7 else looks.fur * 0.8)
    if rng.random() < 0.4:
        canvas.fill(_ellipse(x, 0.68, 0.1, 0.17), PINK)
    canvas.line(np.array([[x, 0.3], [x, 0.56]]), INK, 0.035)
    canvas.line(_ellipse(x, 0.44, width * 0.6, 0.14)[2:15], INK, 0.035)
    return _ellipse(x + 0.02, 0.22, nose, nose * 0.75)


def _whiskers(canvas, rng, looks, share):
    if rng.random() < share:
        colour, x = WHITE if rng.random() < 0.6 else INK, looks.turn * 1.15
        for side, slope in ((side, slope) for side in (-1, 1) for slope in (-1, 0, 1)):
            tip = (x + side * rng.uniform(0.75, 1.0), 0.36 + slope * 0.17)
            canvas.line(np.array([(x + side * 0.26, 0.38 + slope * 0.05), tip]), colour, 0.025)


def _photograph(picture, rng):
    """Reduced to its size, sometimes out of focus; light from one side, contrast, a tint, noise."""
    picture = picture.reduce(OVERSAMPLING)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.BoxBlur(rng.uniform(0.3, 1.0)))
    angle, slope, contrast, brightness = rng.uniform((0, 0, 0.75, 113), (2 * np.pi, 0.25, 1.12, 143)).astype(np.float32)
    pixels = np.array(picture, np.float32)  # changed in place from here on, for speed
    pixels *= contrast
    pixels += brightness - 128 * contrast
    pixels *= (1 + slope * (np.cos(angle) * ACROSS + np.sin(angle) * DOWN))[..., None]
    pixels *= rng.uniform(0.92, 1.08, 3).astype(np.float32)
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(5, 15))
    return _picture(pixels)


def generate(folder, train=400, validation=400, test=400, seed=0):
    """Write toy pets as JPEG files, half of them cats: ``folder/train/cats/0000.jpg``, …

    Pets for training, validation and test are upright. ``posed_validation`` and ``posed_test`` hold the pets of validation
    and test once more, posed (see `draw`): a shift of pose, and of nothing else. An image depends on the seed, its split,
    its kind and its number alone: more images leave the first ones as they are.

    Parameters
    ----------
    folder : str or Path
        Where to; it must not exist yet, or be empty. It appears whole or not at all.
    train, validation, test : int
        Images in each split, cats and dogs together: even, at least 2. The posed ones are as many.
    seed : int
        At least 0. The same seed gives the same bytes.

    Returns
    -------
    Path
        `folder`, with ``<split>/{cats,dogs}/NNNN.jpg`` (150 × 150) for each of `SPLITS`, and ``heads.csv``: file (relative
        to the folder), left, top, width, height of the head in pixels.

    Raises
    ------
    TypeError, ValueError
        When a number of images is odd or less than 2, or no whole number; or the seed is negative.
    FileExistsError
        When `folder` exists and is not an empty folder.
    """
    counts = {"train": train, "validation": validation, "test": test}
    for name, count in counts.items():
        if whole(name, count, 2) % 2:
            raise ValueError(f"{name} must be even, half cats and half dogs; got {count}")
    whole("seed", seed, 0)
    folder = Path(folder).expanduser()
    with whole_folder(folder) as partial:
        _write(partial, counts, seed)
    return folder


def _write(folder, counts, seed):
    heads = [("file", "left", "top", "width", "height")]
    for name, (split, posed) in SPLITS.items():
        for which, kind in enumerate(KINDS):
            (folder / name / kind).mkdir(parents=True)
            for number in range(counts[name.removeprefix("posed_")] // 2):
                rng = np.random.default_rng([seed, split, 2 * number + which])
                picture, head = draw(kind, rng, posed, twin=name != "train")
                file = f"{name}/{kind}/{number:04}.jpg"
                write_jpeg(picture, folder / file, quality=88)
                heads.append((file, *head))
    with open(folder / "heads.csv", "w", newline="", encoding="utf-8") as table:
        csv.writer(table, lineterminator="\n").writerows(heads)
