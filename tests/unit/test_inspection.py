"""Inspection against what NumPy and loops say, on small models of every kind; and that it leaves the models alone."""

import json
import subprocess
import sys

import numpy as np
import pytest

from course_utils import graphs, inspection, models, runtime

with runtime.quiet():
    import keras
    from keras import layers

SIZE = 12


def head(maps, units, activation):
    return layers.Dense(units, activation=activation, name="scores")(layers.GlobalAveragePooling2D(name="means")(maps))


def body(inputs):
    maps = layers.Conv2D(5, 3, padding="same", activation="relu", name="early")(
        layers.Rescaling(1 / 255, name="rescale")(inputs)
    )
    maps = layers.BatchNormalization(name="norm")(layers.MaxPooling2D(name="pool")(maps))
    return layers.Conv2D(7, 3, padding="same", name="late")(maps)


def functional(units=3, activation="softmax"):
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, head(body(inputs), units, activation), name="tiny")


def sequential(units=3, activation="softmax"):
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), *functional(units, activation).layers[1:]], name="tiny")


def nested(units=3, activation="softmax"):
    """A frozen base as a layer of a functional model, as in transfer learning."""
    inputs = keras.Input((SIZE, SIZE, 3))
    base = keras.Model(inputs, body(inputs), name="base")
    base.trainable = False
    outer = keras.Input((SIZE, SIZE, 3))
    dropped = layers.Dropout(0.5, name="drop")(base(layers.Identity(name="as_it_is")(outer), training=False))
    return keras.Model(outer, head(dropped, units, activation), name="tiny")


def nested_in_sequential(units=3, activation="softmax"):
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), *nested(units, activation).layers[1:]], name="tiny")


def nested_twice(units=3, activation="softmax"):
    """The whole classifier, base and all, is one layer: its last dense layer too must be found inside."""
    inside = nested(units, activation)
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Identity(name="first"), inside], name="tiny")


BUILDERS = [functional, sequential, nested, nested_in_sequential, nested_twice]


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)


def layer_of(model, name):
    """The layer of that name, wherever it is."""
    for layer in model.layers:
        if layer.name == name:
            return layer
        if isinstance(layer, keras.Model) and (found := layer_of(layer, name)):
            return found
    return None


def late_maps(model, images):
    """Maps of the layer "late", layer by layer and without any of the model's graph."""
    values = images.astype("float32")
    for name in ("rescale", "early", "pool", "norm", "late"):
        values = layer_of(model, name)(values, training=False)
    return np.asarray(values)


# ---------------------------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize("build", BUILDERS)
def test_activations_are_what_the_layers_answer(build, images):
    model = build()
    found = inspection.activations(model, images, ["late", "scores", "early"])
    assert list(found) == ["late", "scores", "early"]
    assert found["early"].shape == (4, SIZE, SIZE, 5) and found["early"].dtype == np.float32
    assert np.allclose(found["late"], late_maps(model, images), atol=1e-5)
    assert np.allclose(found["scores"], model.predict(images, verbose=0), atol=1e-5)


def test_activations_take_a_single_name_the_base_itself_and_more_images_than_a_batch(images):
    model, many = nested(), np.repeat(images, 10, axis=0)
    whole_base = inspection.activations(model, many, "base")["base"]
    assert len(whole_base) == 40 and np.allclose(whole_base, late_maps(model, many), atol=1e-5)


def test_activations_are_as_in_use_without_dropout(images):
    model = nested()
    found = inspection.activations(model, images, ["drop", "late"])
    assert np.array_equal(found["drop"], found["late"])


# ------------------------------------------------------------------------------------------------------------- Grad-CAM


def class_map(model, images, classes):
    """Zhou's class activation map: after global average pooling, the score's gradient is the dense weight / places."""
    maps = late_maps(model, images)
    kernel = np.asarray(layer_of(model, "scores").kernel)
    columns = (
        kernel[:, classes]
        if kernel.shape[1] > 1
        else kernel[:, [0] * len(classes)] * np.where(np.array(classes) == 1, 1, -1)
    )
    raw = np.einsum("nhwk,kn->nhw", maps, columns) / maps[0, :, :, 0].size
    return np.maximum(raw, 0)


def test_the_default_layer_is_the_last_before_anything_pools(images):
    model = keras.Sequential(
        [
            layers.Input((SIZE, SIZE, 3)),
            layers.Conv2D(4, 3, name="first"),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, name="last"),
            layers.BatchNormalization(),
            layers.ReLU(name="after"),
            layers.MaxPooling2D(),
            layers.Dropout(0.1),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    assert np.array_equal(
        inspection.grad_cam(model, images).maps, inspection.grad_cam(model, images, layer="after").maps
    )


def test_images_with_nan_are_refused(images):
    broken = images.astype("float32")
    broken[1, 2, 3, 0] = np.nan
    with pytest.raises(ValueError, match="images hold NaN or infinite values"):
        inspection.grad_cam(nested(), broken)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("units, activation", [(3, "softmax"), (3, "linear"), (1, "sigmoid"), (1, "linear")])
def test_grad_cam_is_cam_where_a_dense_layer_follows_global_pooling(build, units, activation, images):
    model, classes = build(units, activation), [0, 1, 1, 0]
    expected = class_map(model, images, classes)
    found = inspection.grad_cam(model, images, class_index=classes)
    assert found.maps.dtype == np.float32 and found.maps.shape == (4, 6, 6)
    assert np.allclose(found.largest, expected.max(axis=(1, 2)), rtol=1e-3, atol=1e-6)
    assert np.allclose(found.maps * found.largest[:, None, None], expected, rtol=1e-3, atol=1e-5)
    assert found.classes.tolist() == classes
    assert set(found.maps.max(axis=(1, 2))) <= {0, 1} and found.maps.min() == 0


@pytest.mark.parametrize("units, activation", [(3, "softmax"), (1, "sigmoid")])
def test_grad_cam_asks_for_the_class_that_the_model_chooses(units, activation, images):
    model = nested(units, activation)
    probabilities = model.predict(images, verbose=0)
    chosen = probabilities.argmax(axis=1) if units > 1 else (probabilities[:, 0] > 0.5).astype(int)
    found = inspection.grad_cam(model, images)
    assert found.classes.tolist() == chosen.tolist()
    assert np.allclose(found.maps, inspection.grad_cam(model, images, class_index=chosen).maps)


def test_the_two_classes_of_a_single_unit_are_opposite(images):
    model = functional(1, "sigmoid")
    no, yes = (inspection.grad_cam(model, images, class_index=k) for k in (0, 1))
    both = np.minimum(no.maps, yes.maps)
    assert both.max() == 0 and (no.maps + yes.maps).max() == 1


@pytest.mark.parametrize("units, activation", [(1, "sigmoid"), (3, "softmax")])
def test_what_is_prepared_once_follows_the_weights_and_takes_any_number_of_images(units, activation, images):
    model = nested(units, activation)
    explain = inspection.GradCam(model)
    for count, asked in [(len(images), None), (1, 1), (len(images), 0)]:
        model.set_weights([weight + 0.05 * count for weight in model.get_weights()])
        found, expected = explain(images[:count], asked), inspection.grad_cam(model, images[:count], class_index=asked)
        assert all(np.allclose(*pair, atol=1e-6) for pair in zip(found, expected))
    with pytest.raises(ValueError, match="images must have the shape"):
        explain(images[:, :5])


def test_grad_cam_uses_scores_and_not_probabilities(images):
    """A network that is so sure that the softmax is exactly 1, where its gradient is exactly 0."""
    model = functional()
    dense = layer_of(model, "scores")
    dense.set_weights([dense.get_weights()[0], np.array([200, 0, 0], "float32")])
    assert (model.predict(images, verbose=0)[:, 0] == 1).all()
    found = inspection.grad_cam(model, images, class_index=0)
    assert np.allclose(
        found.maps * found.largest[:, None, None], class_map(model, images, [0] * 4), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("last", [layers.Activation("softmax"), layers.Softmax()], ids=["Activation", "Softmax"])
def test_a_softmax_that_is_a_layer_of_its_own_is_left_out_too(last, images):
    plain = functional(3, "linear")
    model = keras.Sequential([*plain.layers, last], name="tiny")
    found, expected = (
        inspection.grad_cam(model, images, class_index=1),
        inspection.grad_cam(plain, images, class_index=1),
    )
    assert np.allclose(found.maps, expected.maps) and np.allclose(found.largest, expected.largest)


def test_grad_cam_of_an_earlier_layer_follows_a_numerical_gradient(images):
    """Weights of the layer "early" by small changes to each of its maps."""
    model, image = functional(3, "linear"), images[:1]
    maps = inspection.activations(model, image, "early")["early"]

    def score_of(maps):
        for name in ("pool", "norm", "late", "means", "scores"):
            maps = layer_of(model, name)(maps, training=False)
        return float(maps[0, 2])

    weights = []
    for k in range(5):
        change = np.zeros_like(maps)
        change[..., k] = 0.01
        weights.append((score_of(maps + change) - score_of(maps - change)) / 0.02 / (SIZE * SIZE))
    expected = np.maximum((maps[0] * weights).sum(axis=-1), 0)
    found = inspection.grad_cam(model, image, layer="early", class_index=2)
    assert found.maps.shape == (1, SIZE, SIZE)
    assert np.allclose(found.maps[0] * found.largest[0], expected, rtol=0.02, atol=0.02 * expected.max())


def test_the_last_layer_with_places_is_taken_not_one_of_a_single_place(images):
    inputs = keras.Input((SIZE, SIZE, 3))
    maps = layers.Conv2D(4, 3, name="conv")(inputs)
    means = layers.GlobalAveragePooling2D(keepdims=True)(maps)
    model = keras.Model(inputs, layers.Flatten()(layers.Conv2D(3, 1)(means)))
    found = inspection.grad_cam(model, images)
    assert np.allclose(found.maps, inspection.grad_cam(model, images, layer="conv").maps) and found.maps.shape == (
        4,
        10,
        10,
    )


def test_no_positive_evidence_gives_a_map_of_zeros_that_says_so(images):
    model = functional(1, "sigmoid")
    dense, late = layer_of(model, "scores"), layer_of(model, "late")
    dense.set_weights([np.ones((7, 1), "float32"), np.zeros(1, "float32")])
    late.set_weights(
        [0 * weight + (1 if weight.ndim == 1 else 0) for weight in late.get_weights()]
    )  # all maps are 1 everywhere
    against, all_over = (inspection.grad_cam(model, images, class_index=k) for k in (0, 1))
    assert against.maps.max() == 0 and against.largest.tolist() == [0] * 4 and np.isfinite(against.maps).all()
    assert (all_over.maps == 1).all() and (all_over.largest > 0).all()


def test_a_picture_of_one_colour_gets_finite_maps():
    model, plain = functional(), np.full((2, SIZE, SIZE, 3), 90, np.uint8)
    found = inspection.grad_cam(model, plain)
    assert np.isfinite(found.maps).all() and 0 <= found.maps.min() <= found.maps.max() <= 1
    covered = inspection.occlusion(model, plain, patch=4, stride=2)
    assert covered.maps.max() == 0 and covered.largest.tolist() == [0, 0]


# ------------------------------------------------------------------------------------------------------------ occlusion


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("patch, stride", [(4, 2), (5, 5), (12, 1)])
def test_occlusion_as_a_plain_loop(build, patch, stride, images):
    model = build(1, "sigmoid")

    def score(image):
        probability = np.float64(model(image[np.newaxis], training=False)[0, 0])
        return np.log(probability / (1 - probability))

    picture = images[0].astype("float32")
    total, times = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    places = [*range(0, SIZE - patch, stride), SIZE - patch]
    for top in places:
        for left in places:
            covered = picture.copy()
            covered[top : top + patch, left : left + patch] = [picture[..., k].mean() for k in range(3)]
            total[top : top + patch, left : left + patch] += score(picture) - score(covered)
            times[top : top + patch, left : left + patch] += 1
    expected = np.maximum(total / times, 0)
    found = inspection.occlusion(model, images[:1], patch, stride, class_index=1)
    assert found.maps.shape == (1, SIZE, SIZE) and found.maps.dtype == np.float32
    assert np.allclose(found.maps[0] * found.largest[0], expected, atol=1e-4)
    opposite = inspection.occlusion(model, images[:1], patch, stride, class_index=0)
    assert np.allclose(opposite.maps[0] * opposite.largest[0], np.maximum(-total / times, 0), atol=1e-4)


def test_occlusion_finds_the_only_pixels_that_count():
    """A network without convolutions whose score is the sum of the pixels in one corner."""
    model = keras.Sequential([keras.Input((SIZE, SIZE, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    kernel = np.zeros((SIZE, SIZE, 2), "float32")
    kernel[2:5, 7:10, 1] = 1
    model.layers[-1].set_weights([kernel.reshape(-1, 2), np.zeros(2, "float32")])
    image = np.zeros((1, SIZE, SIZE, 1), "float32")
    image[0, 2:5, 7:10] = 1
    found = inspection.occlusion(model, image, patch=3, stride=1)
    assert np.unravel_index(found.maps[0].argmax(), (SIZE, SIZE)) == (3, 8)
    assert found.classes.tolist() == [1] and (found.maps[0] > 0).sum() <= 49  # 7 × 7: patches that touch the corner


# --------------------------------------------------------------------------------------------------- filter maximisation


@pytest.mark.parametrize("build", BUILDERS)
def test_filter_maximisation_raises_the_activation_and_keeps_the_range(build):
    model = build()
    found = inspection.maximise_filter(model, "late", [0, 3, 6], steps=15)
    assert found.images.shape == (3, SIZE, SIZE, 3) and found.images.dtype == np.float32
    assert found.activations.shape == (16, 3) and (found.activations[-1] > found.activations[0] + 0.01).all()
    assert found.images.min() >= 0 and found.images.max() <= 255
    means = late_maps(model, found.images).mean(axis=(1, 2))
    assert np.allclose(found.activations[-1], means[[0, 1, 2], [0, 3, 6]], atol=1e-4)


def test_each_filter_climbs_as_if_it_were_alone():
    model = functional()
    start = inspection.maximise_filter(model, "late", [4, 2], steps=5, seed=3).images
    alone = inspection.maximise_filter(model, "late", [4], steps=5, seed=3).images
    assert np.allclose(start[0], alone[0], atol=1e-2)


def test_a_filter_that_sees_a_colour_makes_its_image_that_colour():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 1, use_bias=False, name="mix")(inputs))
    model.layers[-1].set_weights([np.array([[1, -1], [0, 0], [-1, 1]], "float32").reshape(1, 1, 3, 2)])
    found = inspection.maximise_filter(model, "mix", [0, 1], steps=200, step=0.02, pixel_range=(-1, 1)).images
    assert (
        np.allclose(found[0, ..., 0], 1)
        and np.allclose(found[0, ..., 2], -1)
        and np.allclose(found[1], found[0][..., ::-1], atol=0.4)
    )
    assert abs(found[0, ..., 1]).max() <= 0.2001  # nothing pushes green: it stays the noise that it was


def test_the_seed_decides_the_noise_and_a_dead_filter_keeps_it():
    model = functional()
    layer_of(model, "early").set_weights([np.zeros((3, 3, 3, 5), "float32"), np.full(5, -1, "float32")])
    one, same, other = (inspection.maximise_filter(model, "early", [0], steps=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.images, same.images) and not np.array_equal(one.images, other.images)
    assert (one.activations == 0).all() and one.images.min() > 100 and one.images.max() < 155


# --------------------------------------------------------------------------------------------------- nothing is changed


@pytest.mark.parametrize("build", BUILDERS)
def test_inspecting_changes_nothing(build, images, tmp_path):
    model = build()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")

    def state():
        flags = [(path[-1].name, path[-1].trainable) for path in graphs.paths(model)]
        return (
            flags,
            json.dumps(json.loads(model.to_json()), sort_keys=True),
            [len(part) for part in (model.layers, model.trainable_weights)],
        )

    before, weights, answers = (
        state(),
        [weight.copy() for weight in model.get_weights()],
        model.predict(images, verbose=0),
    )
    draws = np.random.default_rng(5).random()
    keras.utils.set_random_seed(7)
    expected_draw = keras.random.uniform(())
    keras.utils.set_random_seed(7)
    for _ in range(2):
        inspection.activations(model, images, ["late"])
        inspection.maximise_filter(model, "late", [0], steps=2)
        inspection.grad_cam(model, images)
        inspection.occlusion(model, images[:1], patch=6, stride=6)
    assert float(keras.random.uniform(())) == float(expected_draw) and draws == np.random.default_rng(5).random()
    assert state() == before
    assert all(np.array_equal(old, new) for old, new in zip(weights, model.get_weights()))
    assert np.array_equal(answers, model.predict(images, verbose=0))
    model.save(tmp_path / "model.keras")
    assert np.allclose(keras.models.load_model(tmp_path / "model.keras").predict(images, verbose=0), answers, atol=1e-6)
    model.fit(images, np.array([0, 1, 2, 0]), verbose=0)  # it can still be trained


def test_the_images_are_left_alone_and_the_courses_networks_can_be_inspected():
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    kept = images.copy()
    for model in (
        models.shallow_vgg((32, 32, 3), 2),
        models.three_block_convnet((32, 32, 3), 3),
        models.googlenet((32, 32, 3), 4),
    ):
        for found in (inspection.grad_cam(model, images), inspection.occlusion(model, images, 16, 16)):
            assert np.isfinite(found.maps).all() and np.array_equal(images, kept)


def test_importing_the_package_loads_neither_numpy_nor_tensorflow():
    code = "import sys, course_utils; assert 'inspection' in course_utils.__all__; print('numpy' in sys.modules, 'tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )


# -------------------------------------------------------------------------------------------------------------- bad input


def dense_only():
    return keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Flatten(name="flat"), layers.Dense(3, activation="softmax")],
        name="flat_net",
    )


def two_inputs():
    one, two = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))
    return keras.Model([one, two], layers.Add()([one, two]), name="twin")


def maps_only():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, body(inputs), name="headless")


PICTURES = np.zeros((2, SIZE, SIZE, 3), np.uint8)
GREY = PICTURES[..., :1]


@pytest.mark.parametrize(
    "build, ask, message",
    [
        (
            functional,
            lambda m: inspection.activations(m, PICTURES, ["lat"]),
            r"layer: 'tiny' has no layer 'lat' \(did you mean late\?\)",
        ),
        (
            nested,
            lambda m: inspection.grad_cam(m, PICTURES, layer="latte"),
            r"layer: 'tiny' has no layer 'latte' \(did you mean late\?\)",
        ),
        (
            nested,
            lambda m: inspection.maximise_filter(m, "quite other", [0]),
            "layer: 'tiny' has no layer 'quite other'$",
        ),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES, layer="means"),
            r"layer: 'means' gives no feature maps: its output has the shape \(None, 7\)",
        ),
        (functional, lambda m: inspection.maximise_filter(m, "scores", [0]), "layer: 'scores' gives no feature maps"),
        (
            functional,
            lambda m: inspection.maximise_filter(m, "late", [7]),
            r"filters must be whole numbers from 0 to 6, the filters of 'late'; got \[7\]",
        ),
        (
            functional,
            lambda m: inspection.maximise_filter(m, "late", []),
            r"filters must be whole numbers from 0 to 6, the filters of 'late'; got \[\]",
        ),
        (functional, lambda m: inspection.maximise_filter(m, "late", [0], steps=0), "steps must be at least 1"),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES, class_index=3),
            "class_index must be a whole number from 0 to 2, .* got 3",
        ),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES, class_index=-1),
            "class_index must be a whole number from 0 to 2, .* got -1",
        ),
        (
            functional,
            lambda m: inspection.occlusion(m, PICTURES, 4, 4, class_index=[0, 1, 2]),
            "one for each of the 2 images; got",
        ),
        (
            lambda: functional(1, "sigmoid"),
            lambda m: inspection.grad_cam(m, PICTURES, class_index=2),
            "class_index must be a whole number from 0 to 1",
        ),
        (
            dense_only,
            lambda m: inspection.grad_cam(m, PICTURES),
            "model: 'flat_net' has no convolution, so it has no feature maps",
        ),
        (
            nested,
            lambda m: inspection.grad_cam(m, GREY),
            r"images are grey \(1 channel\), and 'tiny' takes 3 channels: np.repeat\(images, 3, axis=-1\)",
        ),
        (functional, lambda m: inspection.activations(m, GREY, ["late"]), "images are grey"),
        (functional, lambda m: inspection.occlusion(m, GREY, 4, 4), "images are grey"),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES[0]),
            r"images must be a batch of shape .* got \(12, 12, 3\): of a single image",
        ),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES[:, :10]),
            r"images must have the shape \(count, 12, 12, 3\) for 'tiny'; got \(2, 10, 12, 3\)",
        ),
        (
            functional,
            lambda m: inspection.grad_cam(m, PICTURES[:0]),
            r"images must have the shape .* got \(0, 12, 12, 3\)",
        ),
        (functional, lambda m: inspection.occlusion(m, PICTURES, 13, 4), "patch must be from 1 to 12; got 13"),
        (functional, lambda m: inspection.occlusion(m, PICTURES, 4, 5), "stride must be from 1 to 4; got 5"),
        (functional, lambda m: inspection.occlusion(m, PICTURES, 4, 0), "stride must be from 1 to 4; got 0"),
        (
            maps_only,
            lambda m: inspection.grad_cam(m, PICTURES),
            r"the output of 'headless' must have the shape \(count, classes\)",
        ),
        (
            two_inputs,
            lambda m: inspection.activations(m, PICTURES, ["late"]),
            "'twin' must have one input and one output; got 2 and 1",
        ),
        (
            lambda: keras.Sequential([layers.Dense(2)]),
            lambda m: inspection.grad_cam(m, PICTURES),
            "knows its input shape; got Sequential: let it begin with keras.Input",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(build, ask, message):
    model = build()
    with pytest.raises(ValueError, match=message):
        ask(model)
