"""What the embedded base costs: loading it, and a head on its features of real photographs."""

import subprocess
import sys
import time

import pytest

from course_utils import datasets, features, paths, pretrained, runtime

pytestmark = pytest.mark.benchmark

LOAD = """
import time
from course_utils import pretrained, runtime
with runtime.quiet():
    import keras, tensorflow
start = time.perf_counter()
pretrained.load_base()
print(time.perf_counter() - start)
"""


def test_loading_the_embedded_base(tmp_path):
    """The wish: under 3 s, in a fresh process that has imported Keras."""
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", LOAD], cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(3)
    ]
    print(f"\nload_base(): {', '.join(f'{seconds:.1f}' for seconds in times)} s")
    assert min(times) < 3


def test_a_head_on_the_features_of_real_photographs(tmp_path, monkeypatch):
    """The wish: 0.98 validation accuracy within 120 s on two cores, everything counted from loading the files."""
    if not (paths.data_folder() / "cats_vs_dogs").is_dir():
        pytest.skip("cats_vs_dogs is not in the data folder: python -m course_utils data fetch cats_vs_dogs")
    with runtime.quiet():
        import keras
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))  # no features of an earlier run
    for size in (128, 160, 224):
        keras.utils.set_random_seed(0)
        start = time.perf_counter()
        data = datasets.load_arrays("cats_vs_dogs", size=size)
        base = pretrained.load_base(image_size=size)
        (x, y), (validation_x, validation_y) = [
            (features.extract(base, images, pool=True), labels)
            for images, labels in (data.splits["train"], data.splits["validation"])
        ]
        head = keras.Sequential(
            [keras.layers.Input(x.shape[1:]), keras.layers.Dropout(0.5), keras.layers.Dense(1, activation="sigmoid")]
        )
        head.compile(optimizer=keras.optimizers.Adam(0.001), loss="binary_crossentropy", metrics=["accuracy"])
        history = head.fit(
            x, y, validation_data=(validation_x, validation_y), epochs=15, batch_size=32, verbose=0
        ).history
        took = time.perf_counter() - start
        print(
            f"\n{size} × {size}: {took:.0f} s, validation accuracy last {history['val_accuracy'][-1]:.3f}, best {max(history['val_accuracy']):.3f}"
        )
    assert max(history["val_accuracy"]) >= 0.98 and took < 120
