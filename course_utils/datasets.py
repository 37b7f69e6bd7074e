"""Images and series by name or by path: what lessons look at."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .messages import nearest

SMALLEST_SIDE = 32
GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look: ITU-R BT.601

#: Photographs that scikit-image ships: name, what it shows, licence.
IMAGES = {
    "chelsea": ("a cat, photographed by Stefan van der Walt", "CC0"),
    "coffee": ("a cup of coffee, photographed by Rachel Michetti", "CC0"),
    "astronaut": ("the astronaut Eileen Collins, photographed by NASA", "public domain"),
    "rocket": ("a rocket on its launch pad, photographed by SpaceX", "public domain"),
    "camera": ("a photographer at work (grey), photographed by Lav Varshney", "CC0"),
}


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
        lines = [f"{self.name}: {self.origin} ({self.licence})",
                 f"height {height}, width {width}, channels {channels} (red, green, blue)",
                 f"{self.pixels.dtype} from {self.pixels.min()} to {self.pixels.max()}"]
        return "\n".join([*lines, *(f"changed: {change}" for change in self.changes)])


def load_image(image="chelsea", longest=512):
    """A photograph by name, or the student's own by path.

    Every kind of image file that Pillow reads is converted to upright RGB with 8 bits a channel: greyscale,
    palette, transparent (on white), CMYK, 16-bit, and pictures that a phone has turned by an EXIF note.

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
        When the file is no readable image, or the picture is smaller than 32 pixels in height or width.

    Examples
    --------
    >>> load_image("chelsea").pixels.shape
    (300, 451, 3)
    """
    from PIL import Image

    if str(image) in IMAGES:
        import skimage.data

        origin, licence = IMAGES[str(image)]
        picture = Image.fromarray(getattr(skimage.data, str(image))())
        return _finish(picture, str(image), f"{origin}, from scikit-image", licence, longest)
    path = Path(image).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"IMAGE: no file {str(Path.cwd() / path)!r}{nearest(str(image), IMAGES)}: "
                                f"give the path of an image file, or one of {', '.join(IMAGES)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return _finish(picture, path.name, "your own picture", "yours to know", longest)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"IMAGE: {path.name} has more than {Image.MAX_IMAGE_PIXELS:,} pixels: "
                         "save a smaller copy of it and use that") from None
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for some damaged PNG files
        raise ValueError(f"IMAGE: {path.name} cannot be read as an image ({error}): is it complete, "
                         "and really a picture? Opening and saving it anew in a viewer often helps") from None


def _finish(picture, name, origin, licence, longest):
    from PIL import ExifTags, Image, ImageOps

    changes, size = [], picture.size
    picture.draft("RGB", (2 * longest, 2 * longest))  # a large JPEG decodes at a fraction of its size, many times faster
    if getattr(picture, "n_frames", 1) > 1:
        changes.append(f"the first of {picture.n_frames} frames")
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation > 1:
        changes.append("turned upright, as its EXIF note says")
        size = size[::-1] if orientation >= 5 else size
    picture, change = _to_rgb(ImageOps.exif_transpose(picture))
    changes += change
    if max(picture.size) > longest:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        changes.append(f"reduced from {size[0]} × {size[1]} to {picture.width} × {picture.height} pixels")
    if min(picture.size) < SMALLEST_SIDE:
        raise ValueError(f"IMAGE: {name} is {picture.width} × {picture.height} pixels; at least "
                         f"{SMALLEST_SIDE} × {SMALLEST_SIDE} are needed to slide a window over it: choose a larger picture")
    return Photograph(np.array(picture), name, origin, licence, tuple(changes))


def _to_rgb(picture):
    """`picture` in mode RGB, and what was changed."""
    from PIL import Image

    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture, []
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, np.float64)
        top = 65535 if picture.mode.startswith("I") else max(values.max(), 1e-9)
        return Image.fromarray((255 * np.clip(values / top, 0, 1)).round().astype(np.uint8)).convert("RGB"), [
            "16-bit or floating-point values scaled to 0–255, grey repeated in three channels"]
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB"), ["transparent parts made white"]
    names = {"L": "grey repeated in three channels", "1": "black and white repeated in three channels",
             "P": "palette colours written out", "CMYK": "printing colours (CMYK) converted to RGB"}
    return picture.convert("RGB"), [names.get(picture.mode, f"{picture.mode} converted to RGB")]


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
