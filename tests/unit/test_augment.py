"""The warp against SciPy and Pillow; every augmentation of lesson 06: it changes the picture, keeps shape and range, rests in use."""

import warnings

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from course_utils import augment, runtime

with runtime.quiet():
    import keras
    import tensorflow as tf
    from keras import layers
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

# The generator calls SciPy by an old name; lesson 06 says so.
pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
HEIGHT, WIDTH = 40, 60


@pytest.fixture(scope="module")
def picture():
    """A smooth colour picture that is not square, float32 from 0 to 255."""
    noise = scipy.ndimage.gaussian_filter(np.random.default_rng(0).random((HEIGHT, WIDTH, 3)), (2, 2, 0))
    return ((noise - noise.min()) / np.ptp(noise) * 255).astype("float32")


@pytest.fixture
def batch(picture):
    return np.repeat(picture[np.newaxis], 12, axis=0)


def warp(image, fill_mode="nearest", **moves):
    matrix = augment.warp_matrices(*image.shape[:2], **moves)
    return keras.ops.convert_to_numpy(keras.ops.image.affine_transform(image, matrix, fill_mode=fill_mode))


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# ------------------------------------------------------------------------------ the matrices


def test_a_mirrored_picture_is_the_array_from_right_to_left(picture):
    assert np.allclose(warp(picture, mirror=-1.0), picture[:, ::-1], atol=1e-3)


@pytest.mark.parametrize("down, right", [(0, 5), (-3, 0), (7, -11)])
def test_a_shift_by_whole_pixels_is_a_roll_inside(picture, down, right):
    inside = slice(12, -12)
    rolled = np.roll(picture, (down, right), axis=(0, 1))
    assert np.allclose(warp(picture, down=down, right=right)[inside, inside], rolled[inside, inside], atol=1e-3)


@pytest.mark.parametrize("angle", [90, -90, 180])
def test_a_quarter_turn_of_a_square_is_rot90(picture, angle):
    square = picture[:, :HEIGHT]
    assert np.allclose(warp(square, rotation=angle), np.rot90(square, angle // 90), atol=0.05)


@pytest.mark.parametrize("angle", [30, -12.5])
def test_a_rotation_turns_as_pillow_does_counter_clockwise(picture, angle):
    pillow = Image.fromarray(picture.round().astype("uint8")).rotate(angle, Image.Resampling.BILINEAR)
    difference = warp(picture, rotation=angle) - np.asarray(pillow, "float32")
    assert np.abs(difference[10:30, 15:45]).max() < 2  # Pillow computes in whole numbers


def test_zoom_moves_points_away_from_the_centre():
    """A dot 8 right of and 6 above the centre: 1.5 times as far."""
    image = np.zeros((41, 61, 1), "float32")
    image[20 - 6, 30 + 8] = 1
    bright = warp(image, zoom=1.5)[..., 0]
    assert np.unravel_index(bright.argmax(), bright.shape) == (20 - 9, 30 + 12)


def test_shear_leans_upright_lines_to_the_right_and_keeps_rows():
    image = np.zeros((41, 61, 1), "float32")
    image[:, 30] = 1
    leaning = warp(image, shear=45.0)[..., 0]
    assert all(leaning[row].argmax() == 30 + (20 - row) for row in range(41))


@pytest.mark.parametrize(
    "fill_mode, scipys", [("nearest", "nearest"), ("reflect", "reflect"), ("constant", "grid-constant")]
)
@pytest.mark.parametrize("seed", range(4))
def test_all_moves_together_are_scipys_affine_transform_of_the_inverse_product(picture, fill_mode, scipys, seed):
    rng = np.random.default_rng(seed)
    angle, lean, zoom, mirror = (
        rng.uniform(-180, 180),
        rng.uniform(-40, 40),
        rng.uniform(0.5, 1.6),
        rng.choice([-1.0, 1.0]),
    )
    down, right = rng.uniform(-9, 9, 2)
    # SciPy counts (row, column), and rows downwards: counter-clockwise turns rows towards smaller ones as columns grow
    turn, slope = np.radians(angle), np.tan(np.radians(lean))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    forward = rotation @ np.array([[1, 0], [-slope, 1]]) @ np.diag([zoom, zoom * mirror])
    back, centre = np.linalg.inv(forward), (np.array([HEIGHT, WIDTH]) - 1) / 2
    offset = centre - back @ (centre + (down, right))
    expected = np.stack(
        [
            scipy.ndimage.affine_transform(channel, back, offset, order=1, mode=scipys)
            for channel in np.moveaxis(picture, -1, 0)
        ],
        axis=-1,
    )
    ours = warp(picture, fill_mode, mirror=mirror, zoom=zoom, shear=lean, rotation=angle, down=down, right=right)
    assert np.allclose(ours, expected, atol=0.05)


def test_one_row_for_each_picture_and_one_alone_for_single_numbers():
    assert augment.warp_matrices(8, 9).shape == (8,)
    rows = array(augment.warp_matrices(8, 9, rotation=np.array([0.0, 10, 20], "float32"), right=2.0))
    assert rows.shape == (3, 8) and rows.dtype == np.float32
    for row, angle in zip(rows, [0.0, 10.0, 20.0]):
        assert np.allclose(row, array(augment.warp_matrices(8, 9, rotation=angle, right=2.0)), atol=1e-5)


# ------------------------------------------------------------------------------ the layer

MOVES = {"rotation": 30, "shift": 0.2, "zoom": 0.3, "shear": 20, "flip": True}


@pytest.mark.parametrize("fill_mode", augment.FILL_MODES)
@pytest.mark.parametrize("name", MOVES)
def test_each_move_changes_the_picture_keeps_shape_and_range_and_rests_in_use(name, fill_mode, batch):
    layer = augment.RandomWarp(**{name: MOVES[name]}, fill_mode=fill_mode, seed=1)
    moved = array(layer(batch, training=True))
    changed = [not np.array_equal(one, original) for one, original in zip(moved, batch)]
    assert any(changed) if name == "flip" else all(changed)
    assert moved.shape == batch.shape and moved.dtype == np.float32
    assert moved.min() >= -1e-3 and moved.max() <= 255 + 1e-3
    assert np.array_equal(layer(batch), batch) and np.array_equal(layer(batch, training=False), batch)
    model = keras.Sequential([layers.Input(batch.shape[1:]), layer])
    assert np.array_equal(model.predict(batch, verbose=0), batch)


def test_pictures_of_one_batch_move_differently_and_so_does_the_next_batch(batch):
    layer = augment.RandomWarp(rotation=30, seed=0)
    both = np.concatenate([array(layer(batch, training=True)) for _ in range(2)])
    assert len(np.unique(both.reshape(len(both), -1), axis=0)) == len(both)


def test_a_seed_repeats_the_sequence_and_another_does_not(batch):
    first, again, other = (augment.RandomWarp(rotation=30, zoom=0.1, flip=True, seed=seed) for seed in (3, 3, 4))
    for _ in range(2):
        moved = array(first(batch, training=True))
        assert np.array_equal(moved, array(again(batch, training=True)))
        assert not np.array_equal(moved, array(other(batch, training=True)))


def test_moves_fill_their_ranges_and_stay_inside():
    """A dot at the centre is shifted, evenly, by up to a fifth; nothing else moves it."""
    image = np.zeros((600, 41, 81, 1), "float32")
    image[:, 18:23, 38:43] = 1
    moved = array(augment.RandomWarp(shift=0.2, fill_mode="constant", seed=0)(image, training=True))[..., 0]
    mass = moved.sum(axis=(1, 2))
    rows = (moved.sum(axis=2) * np.arange(41)).sum(axis=1) / mass - 20
    columns = (moved.sum(axis=1) * np.arange(81)).sum(axis=1) / mass - 40
    for moves, largest in [(rows, 0.2 * 41), (columns, 0.2 * 81)]:
        assert 0.95 * largest < np.abs(moves).max() < largest + 0.01
        assert abs(moves.mean()) < 0.15 * largest and abs(moves.std() - largest / 3**0.5) < 0.1 * largest
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.15


def spots(images):
    """Where the bright spot of each picture is: rows below and columns right of the centre of 81 × 81 pixels."""
    images = array(images)[..., 0]
    mass, place = images.sum(axis=(1, 2)), np.arange(81) - 40
    return (images.sum(axis=2) * place).sum(axis=1) / mass, (images.sum(axis=1) * place).sum(axis=1) / mass


@pytest.mark.parametrize(
    "name, largest, amount",
    [
        ("rotation", 30, lambda rows, columns: np.degrees(np.arctan2(-columns, -rows))),
        ("shear", 25, lambda rows, columns: np.degrees(np.arctan2(columns, -rows))),
        ("zoom", 0.3, lambda rows, columns: -rows / 25 - 1),
    ],
)
def test_amounts_are_drawn_evenly_from_the_whole_range(name, largest, amount):
    """A spot 25 pixels above the centre tells by which amount each of 500 pictures was moved."""
    image = np.zeros((500, 81, 81, 1), "float32")
    image[:, 14:17, 39:42] = 1
    drawn = amount(*spots(augment.RandomWarp(**{name: largest}, seed=0)(image, training=True)))
    assert 0.97 * largest < drawn.max() < 1.02 * largest and -1.02 * largest < drawn.min() < -0.97 * largest
    assert abs(drawn.mean()) < 0.1 * largest and abs(drawn.std() - largest / 3**0.5) < 0.05 * largest


def test_each_fill_mode_fills_in_its_own_way(batch):
    moved = [
        array(augment.RandomWarp(shift=0.3, fill_mode=mode, seed=2)(batch, training=True))
        for mode in augment.FILL_MODES
    ]
    assert not any(np.allclose(one, other) for place, one in enumerate(moved) for other in moved[:place])


def test_about_half_of_the_pictures_are_mirrored_and_none_without_flip(picture):
    many = np.repeat(picture[np.newaxis], 400, axis=0)
    moved = array(augment.RandomWarp(flip=True, seed=0)(many, training=True))
    mirrored = np.isclose(moved, picture[:, ::-1], atol=1e-2).all(axis=(1, 2, 3))
    same = np.isclose(moved, picture, atol=1e-2).all(axis=(1, 2, 3))
    assert (mirrored | same).all() and 160 < mirrored.sum() < 240
    assert np.allclose(augment.RandomWarp(seed=0)(many, training=True), many, atol=1e-3)


def test_bytes_come_back_as_float32_in_use_and_in_training(batch):
    layer = augment.RandomWarp(rotation=10, seed=0)
    for training in (False, True):
        moved = layer(batch.astype("uint8"), training=training)
        assert array(moved).dtype == np.float32 and tuple(moved.shape) == batch.shape


def test_it_acts_in_fit_and_rests_in_evaluate(batch):
    """A model whose loss is the mean change: above zero in training, zero in evaluation."""
    model = keras.Sequential([layers.Input(batch.shape[1:]), augment.RandomWarp(rotation=30, seed=0)])
    model.compile(loss="mae")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no weights to train
        history = model.fit(batch, batch, epochs=1, verbose=0).history
    assert history["loss"][0] > 5 and model.evaluate(batch, batch, verbose=0) == 0


def test_it_works_in_a_tf_data_pipeline(batch):
    layer = augment.RandomWarp(rotation=30, seed=0)
    pipeline = tf.data.Dataset.from_tensor_slices(batch).batch(5).map(lambda images: layer(images, training=True))
    moved = np.concatenate([images.numpy() for images in pipeline])
    assert moved.shape == batch.shape and len(np.unique(moved.reshape(12, -1), axis=0)) == 12


def test_pictures_of_any_size_go_through_one_model(picture):
    model = keras.Sequential([layers.Input((None, None, 3)), augment.RandomWarp(shift=0.1, seed=0)])
    for image in (picture, picture[:20, :30]):
        assert tuple(model(image[np.newaxis], training=True).shape) == (1, *image.shape)


def test_a_saved_model_keeps_it(tmp_path, batch):
    model = keras.Sequential(
        [layers.Input(batch.shape[1:]), augment.RandomWarp(30, 0.1, 0.2, 10, True, "reflect", seed=5)]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    assert np.array_equal(loaded.predict(batch, verbose=0), batch)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"rotation": 181}, "rotation must be a number from 0 to 180; got 181"),
        ({"rotation": -5}, "rotation must be a number from 0 to 180; got -5"),
        ({"rotation": float("nan")}, "rotation must be a number from 0 to 180; got nan"),
        ({"shift": 10}, "shift must be a number from 0 to below 1; got 10"),
        ({"zoom": (0.8, 1.2)}, r"zoom must be a number from 0 to below 1; got \(0.8, 1.2\)"),
        ({"zoom": 1}, "zoom must be a number from 0 to below 1; got 1"),
        ({"shear": 90}, "shear must be a number from 0 to below 90; got 90"),
        ({"shift": True}, "shift must be a number from 0 to below 1; got True"),
        ({"fill_mode": "mirror"}, "fill_mode must be one of nearest, reflect, wrap, constant; got 'mirror'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        augment.RandomWarp(**arguments)


def test_a_single_picture_without_a_batch_is_refused(picture):
    with pytest.raises(ValueError, match=r"must have the shape \(count, height, width, channels\); got \(40, 60, 3\)"):
        augment.RandomWarp(rotation=10)(picture, training=True)


# ------------------------------------------------------------------------------ what lesson 06 shows of Keras

KERAS_LAYERS = {
    "flip": lambda: layers.RandomFlip("horizontal", seed=0),
    "contrast": lambda: layers.RandomContrast(0.5, seed=0),
    "rotation": lambda: layers.RandomRotation(0.20, seed=0),
    "translation": lambda: layers.RandomTranslation(0.1, 0.1, seed=0),
    "zoom": lambda: layers.RandomZoom(0.4, seed=0),
    "width": lambda: layers.RandomZoom(0, 0.15, seed=0),
}


@pytest.mark.parametrize("name", KERAS_LAYERS)
def test_each_keras_layer_changes_the_picture_keeps_shape_and_range_and_rests_in_use(name, batch):
    layer = KERAS_LAYERS[name]()
    moved = array(layer(batch, training=True))
    changed = [not np.array_equal(one, original) for one, original in zip(moved, batch)]
    assert any(changed) if name == "flip" else all(changed)
    assert moved.shape == batch.shape and moved.min() >= -1e-3 and moved.max() <= 255 + 1e-3
    model = keras.Sequential([layers.Input(batch.shape[1:]), layer])
    assert np.array_equal(model.predict(batch, verbose=0), batch)
    assert np.array_equal(layer(batch, training=False), batch)


def test_a_keras_rotation_is_a_share_of_a_full_turn_and_a_positive_zoom_shrinks(batch):
    """Factors fixed at one value: 0.25 is a quarter turn; +1 shows everything half as large."""
    square = batch[:2, :, :HEIGHT]
    turned = array(layers.RandomRotation((0.25, 0.25), seed=0)(square, training=True))
    assert any(np.allclose(turned[0], np.rot90(square[0], k), atol=0.5) for k in (1, 3))
    box = np.zeros((1, 40, 40, 1), "float32")
    box[:, 10:30, 10:30] = 1
    smaller = array(layers.RandomZoom((1.0, 1.0), fill_mode="constant", seed=0)(box, training=True))
    assert abs(smaller.sum() - box.sum() / 4) < 0.15 * box.sum() / 4


def test_a_keras_layer_called_alone_acts_and_the_courses_rests(batch):
    assert not np.array_equal(layers.RandomRotation(0.2, seed=0)(batch), batch)
    assert np.array_equal(augment.RandomWarp(rotation=72, seed=0)(batch), batch)


GENERATOR = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 20,
    "zoom_range": 0.4,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_range": (0.5, 1.5),
    "channel_shift_range": 60,
}


@pytest.mark.parametrize("argument", GENERATOR)
def test_each_argument_of_the_generator_changes_the_picture_and_keeps_shape_and_range(argument, batch):
    moved = next(ImageDataGenerator(**{argument: GENERATOR[argument]}).flow(batch, batch_size=12, seed=1))
    changed = [not np.array_equal(one, original) for one, original in zip(moved, batch)]
    assert any(changed) if "flip" in argument else all(changed)
    assert moved.shape == batch.shape and moved.min() >= -1e-3 and moved.max() <= 255 + 1e-3


def test_the_validation_generator_only_rescales(batch):
    images = next(ImageDataGenerator(rescale=1 / 255).flow(batch, batch_size=12, shuffle=False))
    assert np.allclose(images, batch / 255, atol=1e-6)


@pytest.mark.parametrize("mode", augment.FILL_MODES)
def test_each_fill_mode_of_the_generator_fills_differently_and_the_middle_alike(mode, picture):
    change = {"theta": 30, "ty": 8}
    ours = ImageDataGenerator(fill_mode=mode).apply_transform(picture, change)
    others = [
        ImageDataGenerator(fill_mode=other).apply_transform(picture, change)
        for other in augment.FILL_MODES
        if other != mode
    ]
    assert ours.shape == picture.shape and ours.min() >= -1e-3 and ours.max() <= 255 + 1e-3
    assert not any(np.allclose(ours, other) for other in others)
    assert all(np.allclose(ours[18:22, 28:32], other[18:22, 28:32]) for other in others)


def test_shear_range_is_in_degrees():
    image = np.zeros((101, 101, 1), "float32")
    image[:, 50] = 1
    top = {
        degrees: ImageDataGenerator(fill_mode="constant").apply_transform(image, {"shear": degrees})[5, :, 0].argmax()
        for degrees in (0.2, 20)
    }
    assert top[0.2] == 50 and abs(top[20] - 50) in (15, 16)  # 45 rows above the centre: 45 sin 20° = 15.4


@pytest.mark.parametrize("argument, moved_axis", [("width_shift_range", 0), ("height_shift_range", 1)])
def test_the_generators_shifts_are_exchanged(argument, moved_axis):
    image = np.zeros((101, 101, 1), "float32")
    image[50, 50] = 1
    shifted = ImageDataGenerator(**{argument: [20]}).random_transform(image)
    where = np.array(np.unravel_index(shifted.argmax(), shifted.shape)[:2])
    assert abs(where[moved_axis] - 50) == 20 and where[1 - moved_axis] == 50


def test_the_lectures_loop_makes_21_pictures_and_stretches_their_files(tmp_path, picture):
    dull = picture / 2
    made = []
    for images in ImageDataGenerator(rotation_range=20).flow(
        dull[np.newaxis], batch_size=1, seed=0, save_to_dir=tmp_path
    ):
        made.append(images)
        if len(made) > 20:
            break
    files = list(tmp_path.iterdir())
    assert len(made) == 21 and 19 <= len(files) <= 21
    assert np.max(made) <= 127.6 and all(np.asarray(Image.open(file)).max() == 255 for file in files)


@pytest.mark.parametrize(
    "mode, shape",
    [("categorical", (4, 2)), ("sparse", (4,)), ("binary", (4,)), ("input", (4, 30, 20, 3)), (None, None)],
)
def test_flow_from_directory_takes_the_height_first_and_counts_classes_by_the_alphabet(tmp_path, mode, shape, capsys):
    for name in ("dogs", "cats"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (50, 40), (number * 90, 80, 10)).save(tmp_path / name / f"{number}.png")
    flow = ImageDataGenerator().flow_from_directory(tmp_path, target_size=(30, 20), batch_size=4, class_mode=mode)
    images = next(flow)
    if mode is not None:
        images, labels = images
        assert labels.shape == shape
    assert images.shape == (4, 30, 20, 3) and flow.class_indices == {"cats": 0, "dogs": 1}
    assert capsys.readouterr().out == "Found 4 images belonging to 2 classes.\n"
