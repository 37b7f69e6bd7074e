"""Every kind of image file becomes upright RGB; what is no picture is refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets

RAMP = np.linspace(0, 255, 60 * 40).astype(np.uint8).reshape(40, 60)
COLOUR = np.stack([RAMP, RAMP[::-1], np.full_like(RAMP, 100)], axis=2)


def save(tmp_path, picture, name="picture.png", **options):
    picture.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("name", datasets.IMAGES)
def test_the_named_photographs_load_without_network(name):
    photo = datasets.load_image(name)
    height, width, channels = photo.pixels.shape
    assert channels == 3 and photo.pixels.dtype == np.uint8 and max(height, width) <= 512
    assert photo.grey.shape == (height, width) and photo.grey.dtype == np.float32
    assert 0 <= photo.grey.min() < 0.2 and 0.6 < photo.grey.max() <= 1.0001
    assert photo.licence in str(photo)


def test_chelsea_is_the_photograph_that_scikit_image_ships():
    import skimage.data

    assert np.array_equal(datasets.load_image("chelsea").pixels, skimage.data.chelsea())


def test_an_rgb_file_is_taken_as_it_is(tmp_path):
    photo = datasets.load_image(save(tmp_path, Image.fromarray(COLOUR)))
    assert np.array_equal(photo.pixels, COLOUR) and photo.changes == ()
    assert str(tmp_path) not in str(photo)


def test_grey_weighs_the_channels_as_pillow_does(tmp_path):
    path = save(tmp_path, Image.fromarray(COLOUR))
    assert np.allclose(datasets.load_image(path).grey * 255, np.asarray(Image.open(path).convert("L")), atol=1)


def test_greyscale_is_repeated_in_three_channels(tmp_path):
    photo = datasets.load_image(save(tmp_path, Image.fromarray(RAMP)))
    assert all(np.array_equal(photo.pixels[..., c], RAMP) for c in range(3))
    assert "grey repeated" in photo.changes[0]


def test_black_and_white_is_repeated_in_three_channels(tmp_path):
    photo = datasets.load_image(save(tmp_path, Image.fromarray(RAMP).convert("1")))
    assert set(np.unique(photo.pixels)) == {0, 255} and "black and white" in photo.changes[0]


def test_a_palette_is_written_out(tmp_path):
    palette = Image.fromarray(COLOUR).quantize(16)
    photo = datasets.load_image(save(tmp_path, palette))
    assert np.array_equal(photo.pixels, np.asarray(palette.convert("RGB"))) and "palette" in photo.changes[0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_parts_become_white(tmp_path, mode):
    alpha = np.where(np.arange(60) < 30, 0, 255).astype(np.uint8) * np.ones((40, 1), np.uint8)
    picture = Image.fromarray(COLOUR).convert("L" if mode == "LA" else "RGB").convert("RGBA")
    picture.putalpha(Image.fromarray(alpha))
    picture = picture.quantize(64) if mode == "PA" else picture.convert(mode)
    photo = datasets.load_image(save(tmp_path, picture))
    assert (photo.pixels[:, :30] >= 250).all() and (photo.pixels[:, 30:] < 250).any()
    assert photo.changes == ("transparent parts made white",)


def test_a_transparent_colour_of_an_rgb_file_becomes_white(tmp_path):
    photo = datasets.load_image(save(tmp_path, Image.new("RGB", (40, 40), (9, 9, 9)), transparency=(9, 9, 9)))
    assert (photo.pixels == 255).all()


def test_cmyk_is_converted(tmp_path):
    photo = datasets.load_image(save(tmp_path, Image.fromarray(COLOUR).convert("CMYK"), "p.jpg", quality=95))
    assert photo.pixels.shape == (40, 60, 3) and "CMYK" in photo.changes[0]
    assert np.abs(photo.pixels.astype(int) - COLOUR).mean() < 12


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_grey_values_are_scaled_by_the_bits_in_use(tmp_path, suffix, bits):
    most = 2**bits - 1
    deep = Image.fromarray((RAMP.astype(np.float64) / 255 * most).round().astype(np.uint16))
    photo = datasets.load_image(save(tmp_path, deep, f"deep.{suffix}"))
    assert np.array_equal(photo.pixels[..., 0], RAMP)
    assert photo.changes == (f"{bits}-bit values, 0 to {most}, scaled to 0–255, grey repeated in three channels",)
    assert f"changed: {bits}-bit values, 0 to {most}" in str(photo)


def test_the_largest_value_need_not_be_used(tmp_path):
    deep = Image.fromarray(np.full((40, 40), 2048, np.uint16))
    photo = datasets.load_image(save(tmp_path, deep))
    assert set(photo.pixels.ravel()) == {128} and "12-bit values, 0 to 4095" in photo.changes[0]


@pytest.mark.parametrize("low, high", [(-1000, 3000), (-3000, -1000), (0, 100_000)])
def test_whole_numbers_of_32_bits_are_scaled_by_their_range(tmp_path, low, high):
    values = np.linspace(low, high, 60 * 40).round().astype(np.int32).reshape(40, 60)
    photo = datasets.load_image(save(tmp_path, Image.fromarray(values), "i.tif"))
    assert np.abs(photo.pixels[..., 0].astype(int) - RAMP).max() <= 1
    assert f"{'signed' if low < 0 else '32-bit'} values, {low} to {high:.6g}, scaled" in photo.changes[0]


@pytest.mark.parametrize("low, high", [(0, 0.255), (-80, -10), (-0.5, 2), (-3e38, 3e38), (0, 1e-40)])
def test_floating_point_values_are_scaled_by_their_range(tmp_path, low, high):
    values = np.linspace(low, high, 60 * 40).astype(np.float32).reshape(40, 60)
    photo = datasets.load_image(save(tmp_path, Image.fromarray(values), "f.tif"))
    if high > 1e-30 or low < 0:
        assert np.abs(photo.pixels[..., 0].astype(int) - RAMP).max() <= 1
    assert photo.changes[0].startswith(f"floating-point values, {low:.6g} to ")


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_becomes_black_and_is_counted(tmp_path, strange):
    values = RAMP.astype(np.float32) / 255 - 0.5
    values[5, 10:20] = strange
    photo = datasets.load_image(save(tmp_path, Image.fromarray(values), "f.tif"))
    assert (photo.pixels[5, 10:20] == 0).all()
    rest = np.delete(photo.pixels[..., 0], 5, axis=0).astype(int)
    assert np.abs(rest - np.delete(RAMP, 5, axis=0)).max() <= 1
    assert photo.changes[0].startswith(
        "floating-point values, -0.5 to 0.5, scaled to 0–255, 10 that are no finite numbers"
    )


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_a_picture_without_a_finite_number_is_refused(tmp_path, strange):
    path = save(tmp_path, Image.fromarray(np.full((40, 40), strange, np.float32)), "f.tif")
    with pytest.raises(ValueError, match="IMAGE: f.tif holds no finite number: save it anew"):
        datasets.load_image(path)


def colours_of_16_bits(path, values):
    """A PNG of 16 bits a channel: Pillow writes none of several channels."""
    height, width, _ = values.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), values.astype(">u2").view(np.uint8).reshape(height, -1)], 1)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[values.shape[2]], 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    return path


def test_colours_of_16_bits_are_reduced_to_8_and_it_is_said(tmp_path):
    photo = datasets.load_image(colours_of_16_bits(tmp_path / "deep.png", COLOUR.astype(np.uint16) * 257))
    assert np.array_equal(photo.pixels, COLOUR) and photo.changes == ("16-bit colours reduced to 8 bits",)


@pytest.mark.parametrize("channels, bits", [(2, 12), (3, 10), (3, 12), (3, 14), (4, 12)])
def test_colours_of_fewer_bits_in_a_file_of_16_are_refused(tmp_path, channels, bits):
    values = np.repeat((RAMP / 255 * (2**bits - 1)).astype(np.uint16)[..., None], channels, axis=2)
    if channels in (2, 4):
        values[..., -1] = 65535  # nowhere transparent
    path = colours_of_16_bits(tmp_path / "deep.png", values)
    with pytest.raises(
        ValueError, match=f"uses at most {2**bits - 1:,} of 65,535, .*nearly black: save it with 8 bits"
    ):
        datasets.load_image(path)


@pytest.mark.parametrize(
    "orientation, expected", [(3, np.rot90(COLOUR, 2)), (6, np.rot90(COLOUR, -1)), (8, np.rot90(COLOUR))]
)
def test_a_phone_picture_is_turned_upright(tmp_path, orientation, expected):
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = datasets.load_image(save(tmp_path, Image.fromarray(COLOUR), exif=exif))
    assert np.array_equal(photo.pixels, expected) and "upright" in photo.changes[0]


def test_colours_of_16_bits_that_pillow_mistakes_are_refused(tmp_path):
    import tifffile

    planes = np.random.default_rng(0).integers(0, 2**16, (3, 50, 60)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "p.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(ValueError, match="p.tif has 16-bit colours one channel after the other, which Pillow mistakes"):
        datasets.load_image(tmp_path / "p.tif")
    tifffile.imwrite(tmp_path / "c.tif", planes.transpose(1, 2, 0).copy(), photometric="rgb")
    photo = datasets.load_image(tmp_path / "c.tif")
    assert np.array_equal(photo.pixels, planes.transpose(1, 2, 0) >> 8) and "16-bit colours" in photo.changes[0]


def exif_note(kind, value):
    """An EXIF note with an orientation of this TIFF type (2: text, 3: a whole number of 16 bits), written by hand."""
    content = value.encode() + b"\0" if kind == 2 else struct.pack(">H", value)
    entry = struct.pack(">HHI", 0x0112, kind, len(content) if kind == 2 else 1) + content.ljust(4, b"\0")
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + struct.pack(">H", 1) + entry + bytes(4)


@pytest.mark.parametrize("kind, value", [(2, "6"), (2, "abc"), (3, 0), (3, 1), (3, 9), (3, 200)])
@pytest.mark.parametrize("name", ["p.jpg", "p.png"])
def test_what_is_no_orientation_turns_nothing_and_nothing_is_said(tmp_path, name, kind, value):
    path = save(tmp_path, Image.fromarray(COLOUR), name, exif=exif_note(kind, value))
    with Image.open(path) as picture:
        assert picture.getexif()[0x0112] == value, "the note arrives"
    photo = datasets.load_image(path)
    assert photo.pixels.shape == COLOUR.shape and photo.changes == ()


def test_a_damaged_exif_note_does_not_spoil_the_picture(tmp_path):
    path = save(tmp_path, Image.fromarray(COLOUR), "p.jpg", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")
    photo = datasets.load_image(path)
    assert photo.pixels.shape == COLOUR.shape and photo.changes == ()
    path = save(tmp_path, Image.fromarray(COLOUR), "q.jpg", exif=b"Exif\0\0no note at all")
    assert datasets.load_image(path).changes == ()


@pytest.mark.parametrize("name", ["large.jpg", "large.png"])
def test_a_large_picture_is_reduced_and_keeps_its_aspect(tmp_path, name):
    large = Image.fromarray(COLOUR).resize((6000, 4000), Image.Resampling.BILINEAR)
    photo = datasets.load_image(save(tmp_path, large, name))
    assert photo.pixels.shape == (341, 512, 3)
    assert photo.changes[-1] == "reduced from 6000 × 4000 to 512 × 341 pixels"
    small = np.asarray(large.resize((512, 341), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(photo.pixels - small).mean() < 2


def test_a_large_turned_jpeg_reports_the_upright_size(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = datasets.load_image(save(tmp_path, Image.new("RGB", (3000, 2000)), "turned.jpg", exif=exif))
    assert photo.pixels.shape == (512, 341, 3) and photo.changes[-1] == "reduced from 2000 × 3000 to 341 × 512 pixels"


def test_the_first_of_several_frames_is_taken(tmp_path):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    photo = datasets.load_image(save(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:]))
    assert photo.changes[0] == "the first of 2 frames" and photo.pixels[0, 0, 0] > 200


def test_a_missing_file_names_path_and_nearest_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"IMAGE: no file .*chelsee' \(did you mean chelsea\?\)"):
        datasets.load_image("chelsee")
    with pytest.raises(FileNotFoundError, match="give the path of an image file, or one of chelsea"):
        datasets.load_image(tmp_path / "nix.jpg")


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "the file is empty"),
        (b"hello, I am text", "it is not a picture of a kind that Pillow reads: JPEG, PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "it is not a picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 99, "it is not a picture"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, content, reason):
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"IMAGE: bad.jpg cannot be read as an image \({reason}.*\): .* saving it anew as JPEG"
    ):
        datasets.load_image(tmp_path / "bad.jpg")


def test_a_file_whose_name_tells_the_wrong_kind_is_read_by_its_content(tmp_path):
    save(tmp_path, Image.fromarray(COLOUR), "really.png").rename(tmp_path / "mislabelled.jpg")
    assert np.array_equal(datasets.load_image(tmp_path / "mislabelled.jpg").pixels, COLOUR)


def test_a_file_that_may_not_be_read_is_refused_without_its_path(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    path = save(tmp_path, Image.fromarray(COLOUR))
    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(
        ValueError, match=r"IMAGE: picture.png cannot be read as an image \(Permission denied\)"
    ) as caught:
        datasets.load_image(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png"])
def test_a_truncated_image_is_refused(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    path = save(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=f"IMAGE: {name} cannot be read as an image"):
        datasets.load_image(path)


@pytest.mark.parametrize("size", [(1, 1), (31, 200), (5000, 40)])
def test_a_picture_too_small_for_a_window_is_refused(tmp_path, size):
    with pytest.raises(ValueError, match="at least 32 × 32 are needed .* choose a larger picture"):
        datasets.load_image(save(tmp_path, Image.new("RGB", size)))


def test_a_long_and_narrow_picture_is_refused_with_its_own_size(tmp_path):
    with pytest.raises(
        ValueError, match="IMAGE: picture.png is reduced from 5000 × 40 to 512 × 4 pixels; at least 32 × 32"
    ):
        datasets.load_image(save(tmp_path, Image.new("RGB", (5000, 40))))


def test_an_enormous_picture_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    for size in [(50, 50), (100, 100)]:  # Pillow warns at the first, raises at the second
        with pytest.raises(ValueError, match="has more than 2,000 pixels: save a smaller copy"):
            datasets.load_image(save(tmp_path, Image.new("RGB", size)))


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(FileNotFoundError, match="IMAGE: no file"):
        datasets.load_image(tmp_path)


def test_the_share_price_is_daily_and_in_order():
    dates, prices = datasets.load_share_price()
    assert dates.shape == prices.shape == (1047,) and prices.dtype == np.float32
    assert (np.diff(dates) > np.timedelta64(0)).all() and (prices > 0).all()
    assert str(dates[0]) == "2004-08-19"
