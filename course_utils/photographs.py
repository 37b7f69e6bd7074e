"""Single photographs, by name or by path: every kind of image file becomes upright RGB."""

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .checks import nearest

SMALLEST_SIDE = 32
BITS_PER_SAMPLE = 258  # a TIFF file's tag
DEPTHS = (8, 10, 12, 14, 16)  # bits of grey values that cameras and scanners give
GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look: ITU-R BT.601

#: Photographs that scikit-image ships: name, what it shows, licence.
IMAGES = {
    "chelsea": ("a cat, photographed by Stefan van der Walt", "CC0"),
    "coffee": ("a cup of coffee, photographed by Rachel Michetti", "CC0"),
    "astronaut": ("the astronaut Eileen Collins, photographed by NASA", "public domain"),
    "rocket": ("a rocket on its launch pad, photographed by SpaceX", "public domain"),
    "camera": ("a photographer at work (grey), photographed by Lav Varshney", "CC0"),
}


class Unreadable(ValueError):
    """A file that cannot be used: `reason` is the rest of a sentence that begins with its name; the message adds advice."""

    def __init__(self, reason, advice):
        super().__init__(f"{reason}: {advice}")
        self.reason = reason


class RangeTaken(str):
    """A change that depends on the picture's own values, so that a reader of many pictures must know of it."""


@dataclass(frozen=True)
class Photograph:
    """A photograph ready for a lesson.

    Attributes
    ----------
    pixels : ndarray of shape (height, width, 3), uint8, 0 to 255
        Red, green and blue.
    name, origin, licence : str
    changes : tuple of str
        What was done to the file's own pixels, for the reader.
    """

    pixels: np.ndarray = field(repr=False)
    name: str
    origin: str
    licence: str
    changes: tuple = ()

    @property
    def grey(self):
        """Brightness: ndarray of shape (height, width), float32, 0 (black) to 1 (white)."""
        return self.pixels.astype(np.float32) @ GREY_WEIGHTS / 255

    def __str__(self):
        height, width, channels = self.pixels.shape
        lines = [
            f"{self.name}: {self.origin} ({self.licence})",
            f"height {height}, width {width}, channels {channels} (red, green, blue)",
            f"{self.pixels.dtype} from {self.pixels.min()} to {self.pixels.max()}",
        ]
        return "\n".join([*lines, *(f"changed: {change}" for change in self.changes)])


def load_image(image="chelsea", longest=512):
    """A photograph by name, or the student's own by path.

    Every kind of image file that Pillow reads is converted to upright RGB with 8 bits a channel: greyscale,
    palette, transparent (on white), CMYK, and pictures that a phone has turned by an EXIF note. Grey values of more than
    8 bits are scaled to 0 to 255: from 0 to the largest that the bits in use can hold (8, 10, 12, 14 or 16), for
    floating-point numbers to the largest, with negative ones from the smallest. `Photograph.changes` says which.

    Parameters
    ----------
    image : str or Path
        A name in `IMAGES`, or the path of an image file.
    longest : int
        A picture with a longer side than this is reduced, its aspect ratio kept. Pixels.

    Returns
    -------
    Photograph

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When the file is not a readable image, its values are no finite numbers or colours that Pillow cannot read, or the
        picture is smaller than 32 pixels in height or width.

    Examples
    --------
    >>> load_image("chelsea").pixels.shape
    (300, 451, 3)
    """
    from PIL import Image

    if str(image) in IMAGES:
        import skimage.data

        origin, licence = IMAGES[str(image)]
        pixels, changes = _finish(Image.fromarray(getattr(skimage.data, str(image))()), longest)
        return Photograph(pixels, str(image), f"{origin}, from scikit-image", licence, changes)
    path = Path(image).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"IMAGE: no file {str(Path.cwd() / path)!r}{nearest(str(image), IMAGES)}: "
            f"give the path of an image file, or one of {', '.join(IMAGES)}"
        )
    try:
        pixels, changes = read_picture(path, longest)
    except Unreadable as error:
        raise ValueError(f"IMAGE: {path.name} {error}") from None
    return Photograph(pixels, path.name, "your own picture", "yours to know", changes)


def read_picture(path, longest):
    """The pixels of any image file, converted as `load_image` says.

    Parameters
    ----------
    path : Path
    longest : int
        Pixels that the longer side has at most.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), uint8
    changes : tuple of str

    Raises
    ------
    Unreadable
        What is wrong with the file, and what to do.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about odd tags; what it cannot read, it raises
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                pixels, changes = _finish(picture, longest)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Unreadable(
            f"has more than {Image.MAX_IMAGE_PIXELS:,} pixels", "save a smaller copy of it and use that"
        ) from None
    except Unreadable:
        raise
    except Exception as error:  # a damaged file: each of Pillow's decoders raises kinds of its own
        raise Unreadable(
            f"cannot be read as an image ({_why_not_read(path, error)})",
            "is it complete, and really a picture? Opening it in a viewer and saving it anew as JPEG often helps",
        ) from None
    height, width, _ = pixels.shape
    if min(height, width) < SMALLEST_SIDE:
        size = changes[-1] if changes and changes[-1].startswith("reduced") else f"{width} × {height} pixels"
        raise Unreadable(
            f"is {size}; at least {SMALLEST_SIDE} × {SMALLEST_SIDE} are needed to slide a window over it",
            "choose a larger picture",
        )
    return pixels, changes


def write_jpeg(picture, path, quality):
    """Save a PIL.Image.Image, whole or with an OSError: what Pillow writes itself may be cut off where the disk is full."""
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=quality)
    path.write_bytes(file.getvalue())


def _why_not_read(path, error):
    from PIL import UnidentifiedImageError

    if not isinstance(error, UnidentifiedImageError):
        return getattr(error, "strerror", None) or error  # an error of the system's names the whole path
    return (
        "it is not a picture of a kind that Pillow reads: JPEG, PNG, WebP, …"
        if path.stat().st_size
        else "the file is empty"
    )


def _finish(picture, longest):
    from PIL import Image, ImageOps

    changes, size = [], picture.size
    deep = _has_deep_colours(picture)
    picture.draft(
        "RGB", (2 * longest, 2 * longest)
    )  # a large JPEG decodes at a fraction of its size, many times faster
    if getattr(picture, "n_frames", 1) > 1:
        changes.append(f"the first of {picture.n_frames} frames")
    orientation = _orientation(picture)
    if orientation > 1:
        changes.append("turned upright, as its EXIF note says")
        size = size[::-1] if orientation >= 5 else size
        picture = ImageOps.exif_transpose(picture)
    if deep:
        _check_deep_colours(picture)
        changes.append("16-bit colours reduced to 8 bits")
    picture, change = _to_rgb(picture)
    changes += change
    if max(picture.size) > longest:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        changes.append(f"reduced from {size[0]} × {size[1]} to {picture.width} × {picture.height} pixels")
    return np.array(picture), tuple(changes)


def _orientation(picture):
    """EXIF's number for how the camera was held, 2 to 8; 1, upright, where there is none, or what is there is none."""
    from PIL import ExifTags

    try:
        found = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a damaged note: Pillow raises many kinds, and the pixels do not depend on it
        return 1
    return found if isinstance(found, int) and 2 <= found <= 8 else 1


def _has_deep_colours(picture):
    """Whether the file has 16 bits a channel and several channels: Pillow reads the upper 8 of them. Asked before it reads."""
    if len(picture.getbands()) == 1 or not hasattr(picture, "tile"):
        return False
    announced = max(getattr(picture, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,))) > 8
    read = any(";16" in str(tile[3]) for tile in picture.tile)
    if announced and not read:
        raise Unreadable(
            "has 16-bit colours one channel after the other, which Pillow mistakes", "save it with 8 bits a channel"
        )
    return read


def _check_deep_colours(picture):
    brightest = max(high for _, high in picture.convert("RGB").getextrema())
    if brightest < 64:
        raise Unreadable(
            f"has colours of 16 bits a channel and uses at most {256 * (brightest + 1) - 1:,} of 65,535, which would come out nearly black",
            "save it with 8 bits a channel",
        )


def _to_rgb(picture):
    """`picture` in mode RGB, and what was changed."""
    from PIL import Image

    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture, []
    if picture.mode.startswith("I") or picture.mode == "F":
        values, change = _to_bytes(np.array(picture))
        return Image.fromarray(values).convert("RGB"), [change]
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB"), ["transparent parts made white"]
    names = {
        "L": "grey repeated in three channels",
        "1": "black and white repeated in three channels",
        "P": "palette colours written out",
        "CMYK": "printing colours (CMYK) converted to RGB",
    }
    return picture.convert("RGB"), [names.get(picture.mode, f"{picture.mode} converted to RGB")]


def _to_bytes(values):
    """Grey values of more than 8 bits as uint8, and which range of them was taken."""
    scaled = values.astype(np.float32)  # changed in place from here on: the picture may be large
    finite = np.isfinite(scaled)
    strange = scaled.size - np.count_nonzero(finite)
    if strange == scaled.size:
        raise Unreadable("holds no finite number", "save it anew from the program that made it")
    low = float(scaled.min(where=finite, initial=np.inf))
    high = float(scaled.max(where=finite, initial=-np.inf))
    kind, low, high = _range(values.dtype, low, high)
    scaled[~finite] = low
    width = max(high - low, 1e-30)
    scaled *= 255 / width
    scaled -= 255 * (low / width)
    np.rint(scaled.clip(0, 255, out=scaled), out=scaled)
    lost = f", {strange:,} that are no finite numbers made black" if strange else ""
    change = f"{kind} values, {low:.6g} to {high:.6g}, scaled to 0–255{lost}, grey repeated in three channels"
    return scaled.astype(np.uint8), RangeTaken(change)


def _range(dtype, low, high):
    """What the values are called, and the two that become 0 and 255."""
    whole = np.issubdtype(dtype, np.integer)
    if low < 0:
        return "signed" if whole else "floating-point", low, high
    if not whole:
        return "floating-point", 0, high
    bits = next((bits for bits in DEPTHS if high < 2**bits), None)
    return (f"{bits}-bit", 0, 2**bits - 1) if bits else ("32-bit", 0, high)
