"""The store of features: what is reused, what is noticed, what is refused."""

import dataclasses
import threading

import numpy as np
import psutil
import pytest

from course_utils import features, pretrained, runtime

with runtime.quiet():
    import keras


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@pytest.fixture(scope="module")
def base():
    return pretrained.load_base("mobilenet", 32, weights=None)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3)).astype(np.uint8)


@pytest.fixture
def computed(monkeypatch):
    """How often features were really computed."""
    calls, compute = [], features._compute
    monkeypatch.setattr(features, "_compute", lambda *given: calls.append(1) or compute(*given))
    return calls


def test_they_are_what_keras_predicts_whatever_the_batch(base, images):
    expected = base.model.predict(images, verbose=0)
    for batch_size in (1, 4, 10, 32):
        assert np.allclose(features.extract(base, images, batch_size=batch_size), expected, atol=1e-5)
        [file.unlink() for file in (features.paths.cache_folder() / "features").glob("*.npz")]
    assert features.extract(base, images).dtype == np.float32 and expected.std() > 0


def test_pooling_and_an_earlier_layer(base, images):
    assert np.allclose(
        features.extract(base, images, pool=True), features.extract(base, images).mean(axis=(1, 2)), atol=1e-5
    )
    layer = keras.Model(base.model.inputs, base.model.get_layer("conv_pw_3_relu").output)
    assert np.allclose(
        features.extract(base, images, layer="conv_pw_3_relu"), layer.predict(images, verbose=0), atol=1e-5
    )


def test_the_same_is_computed_once(base, images, computed, capsys):
    first = features.extract(base, images)
    said = capsys.readouterr().out.split("\r")[-1]
    again = features.extract(base, images.copy())
    assert len(computed) == 1 and np.array_equal(first, again)
    assert said == capsys.readouterr().out.split("\r")[-1] == "features: 10 pictures\n"


def test_a_change_of_anything_is_noticed(base, images, computed):
    features.extract(base, images)
    changed = images.copy()
    changed[3, 7, 7, 1] ^= 1  # one bit of one picture
    features.extract(base, changed)
    features.extract(base, images[::-1])
    features.extract(base, images, pool=True)
    features.extract(base, images, layer="conv_pw_3_relu")
    features.extract(pretrained.load_base("mobilenet", 32, weights=None), images)  # other random weights
    apart = pretrained.load_base("mobilenet", 32, weights=None, preprocessing=False)
    apart.model.set_weights(base.model.get_weights())
    features.extract(apart, images)
    larger = pretrained.load_base("mobilenet", 64, weights=None)
    larger.model.set_weights(base.model.get_weights())
    features.extract(larger, images.repeat(2, axis=1).repeat(2, axis=2))
    assert len(computed) == 8
    features.extract(base, images)
    assert len(computed) == 8


def test_another_preprocessing_under_the_same_name_is_noticed(base, images, computed):
    features.extract(base, images)
    features.extract(dataclasses.replace(base, preprocess=lambda pixels: pixels / 255), images)
    assert len(computed) == 2


def test_a_base_loaded_again_finds_them(images, computed):
    for _ in range(2):
        features.extract(pretrained.load_base(image_size=32), images)
    assert len(computed) == 1


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-300], lambda content: b"", lambda content: content[:500] + b"\0\1\2" + content[503:]],
)
def test_a_damaged_store_is_rebuilt_with_a_message(base, images, cache, computed, capsys, damage):
    expected = features.extract(base, images)
    (file,) = cache.glob("*.npz")
    file.write_bytes(damage(file.read_bytes()))
    assert np.array_equal(features.extract(base, images), expected)
    assert "the stored file is damaged (" in capsys.readouterr().out and len(computed) == 2
    features.extract(base, images)
    assert len(computed) == 2


@pytest.mark.parametrize("error", [NotImplementedError("compression type 9"), RuntimeError("file is encrypted")])
def test_whatever_zipfile_says_of_a_damaged_file_it_is_rebuilt(base, images, computed, monkeypatch, capsys, error):
    features.extract(base, images)
    read, failures = features._read, [error]
    monkeypatch.setattr(
        features, "_read", lambda *given: (_ for _ in ()).throw(failures.pop()) if failures else read(*given)
    )
    features.extract(base, images)
    assert f"the stored file is damaged ({error})" in capsys.readouterr().out and len(computed) == 2


def test_a_store_that_may_not_be_read_is_kept_and_named(base, images, cache, monkeypatch):
    features.extract(base, images)
    monkeypatch.setattr(
        features, "_read", lambda *given: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(
        features.DataError,
        match=r"the stored features .*\.npz may not be read: give yourself the right to, or set COURSE_CACHE",
    ):
        features.extract(base, images)
    assert len(list(cache.glob("*.npz"))) == 1


def test_a_failure_leaves_no_half_written_file(base, images, cache, monkeypatch):
    monkeypatch.setattr(
        np,
        "savez",
        lambda path, **arrays: (
            path.write_bytes(b"half") and (_ for _ in ()).throw(OSError(28, "No space left on device"))
        ),
    )
    with pytest.raises(
        features.DataError, match="the store of features cannot be put into .*: the disk is full.*COURSE_CACHE"
    ):
        features.extract(base, images)
    assert not list(cache.glob("*.npz")) and not [path for path in cache.glob(".features-*") if path.is_dir()]


def test_a_cache_that_cannot_be_written(base, images, cache, read_only):
    cache.parent.mkdir()
    read_only(cache.parent)
    with pytest.raises(
        features.DataError, match="there is no permission to write there. Set the environment variable COURSE_CACHE"
    ):
        features.extract(base, images)


def test_two_at_once_compute_once(base, images, computed):
    threads = [threading.Thread(target=features.extract, args=(base, images)) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(computed) == 1


def test_more_than_the_free_memory_is_refused_before_the_work(base, images, computed, monkeypatch):
    free = psutil.virtual_memory()._replace(available=40_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(
        MemoryError,
        match=r"features of 10 pictures, 1 × 1 × 1024 each, need 0.0 GB, and 0.0 GB are free: take pool=True, fewer",
    ):
        features.extract(base, images)
    with pytest.raises(MemoryError, match=r"are free: take fewer pictures \(N_TRAIN\)"):
        features.extract(base, images, pool=True)
    assert not computed


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "CGROUP", tmp_path)
    machine = psutil.virtual_memory()._replace(available=10_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine)
    assert runtime.free_memory() == 10_000_000  # no such files
    for name, text in {
        "memory.max": "7000000\n",
        "memory.current": "5000000\n",
        "memory.stat": "anon 1\ninactive_file 1000000\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert runtime.free_memory() == 3_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert runtime.free_memory() == 10_000_000


def test_pictures_that_do_not_fit(base, images):
    with pytest.raises(
        ValueError,
        match=r"images must have shape \(count, 32, 32, 3\) for mobilenet; got \(10, 32, 32, 1\); repeat a grey",
    ):
        features.extract(base, images[..., :1])
    with pytest.raises(ValueError, match=r"got \(10, 32, 32\); repeat a grey"):
        features.extract(base, images[..., 0])
    with pytest.raises(ValueError, match=r"got \(10, 16, 32, 3\)$"):
        features.extract(base, images[:, :16])
    with pytest.raises(ValueError, match="images must hold at least one picture; got none"):
        features.extract(base, images[:0])
    with pytest.raises(
        ValueError, match=r"layer: mobilenet has no layer 'conv_pw_3_rlu' \(did you mean conv_pw_3_relu\?\)"
    ):
        features.extract(base, images, layer="conv_pw_3_rlu")
