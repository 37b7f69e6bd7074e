"""What augmentation costs: the three ways of lesson 06 on the same pictures, side by side; printed with their ratios."""

import time

import numpy as np
import pytest

from course_utils import augment, runtime

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning"),
]
PICTURES = np.random.default_rng(0).uniform(0, 255, (64, 150, 150, 3)).astype("float32")


def pictures_a_second(way):
    way()
    fastest = np.inf
    for _ in range(5):
        start = time.perf_counter()
        way()
        fastest = min(fastest, time.perf_counter() - start)
    return len(PICTURES) / fastest


def test_one_warp_beside_four_layers_and_the_old_generator():
    with runtime.quiet():
        import tensorflow as tf
        from keras import Sequential, layers
        from tensorflow.keras.preprocessing.image import ImageDataGenerator

    old = ImageDataGenerator(
        rotation_range=30,
        width_shift_range=0.1,
        height_shift_range=0.1,
        shear_range=10,
        zoom_range=0.2,
        horizontal_flip=True,
    ).flow(PICTURES, batch_size=64)
    four = Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(30 / 360),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomZoom(0.2),
        ]
    )
    warp = augment.RandomWarp(rotation=30, shift=0.1, zoom=0.2, shear=10, flip=True)
    four_in_graph, warp_in_graph = (
        tf.function(lambda images, layer=layer: layer(images, training=True)) for layer in (four, warp)
    )
    speeds = {
        "ImageDataGenerator": pictures_a_second(lambda: next(old)),
        "four Keras layers": pictures_a_second(lambda: four_in_graph(PICTURES)),
        "RandomWarp": pictures_a_second(lambda: warp_in_graph(PICTURES)),
    }
    print()
    for name, speed in speeds.items():
        print(
            f"{name:18} {speed:7,.0f} pictures of 150 × 150 a second, RandomWarp is {speeds['RandomWarp'] / speed:.1f} times as fast"
        )
    assert speeds["RandomWarp"] > 1.3 * max(speeds["ImageDataGenerator"], speeds["four Keras layers"])
