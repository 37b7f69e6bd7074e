"""What a base makes of pictures, computed once, stored in the cache, and reused across lessons and runs (lesson 07)."""

import hashlib
import zipfile
import zlib

from . import paths
from .checks import nearest
from .runtime import free_memory
from .store import DataError, make_once
from .training import say

#: What reading a damaged file raises; zipfile has five ways to say so.
DAMAGED = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)
FORMAT = 2  # raise it when what this module computes changes, so that nothing older is found


def extract(base, images, pool=False, layer=None, batch_size=32):
    """The base's features of pictures, in order.

    They are looked up first: the store knows them by a hash of the pictures, of the base's weights, of what its preprocessing
    makes of some pixels, of the layer and of `pool`, so that a change of any of these computes anew. One line of progress ends the same on every run.

    Parameters
    ----------
    base : pretrained.Base
    images : array of shape (count, height, width, 3)
        As `base.model` takes them: pixels from 0 to 255 if preprocessing is a part of it. Height and width are the base's.
    pool : bool
        Whether to take the mean over all positions (global average pooling).
    layer : str, optional
        The name of a layer of `base.model`, whose output is taken in place of the last.
    batch_size : int
        Pictures at a time: for speed and memory, not for the result.

    Returns
    -------
    ndarray of float32, shape (count, *base.feature_shape)
        With `pool`, (count, channels). With `layer`, that layer's shape in place of the base's.

    Raises
    ------
    ValueError
        For pictures that do not fit the base (greyscale ones too), or a layer that it does not have.
    MemoryError
        When the features would not fit into the memory that is free; raised before any work.
    store.DataError
        When the cache cannot be written, or a stored file may not be read.
    """
    import numpy as np

    images = np.asarray(images)
    _check_images(base, images)
    network = _network(base, pool, layer)
    shape = (len(images), *network.output_shape[1:])
    _check_memory(shape, pool)
    key = _key(base, images, pool, layer)
    store = paths.cache_folder() / "features" / f"{key}.npz"
    label = f"features: {len(images):,} pictures"

    def make(folder):
        np.savez(folder / store.name, features=_compute(network, images, shape, batch_size))
        return folder / store.name

    def stored():
        make_once(
            store,
            make,
            f"features-{key[:16]}",
            4e-6 * np.prod(shape),
            what="the store of features",
            variable="COURSE_CACHE",
        )
        return _read(store, shape)

    try:
        features = stored()
    except PermissionError as error:
        raise DataError(
            f"the stored features {store} may not be read: give yourself the right to, or set COURSE_CACHE to another folder"
        ) from error
    except DAMAGED as error:
        print(f"{label}: the stored file is damaged ({error}); computing them again")
        store.unlink(missing_ok=True)  # another process may have been quicker
        features = stored()
    say(label + "\n")
    return features


def _check_images(base, images):
    wanted = tuple(base.model.input_shape[1:])
    if images.ndim != 4 or images.shape[1:] != wanted:
        grey = images.ndim == 3 or images.ndim == 4 and images.shape[-1] == 1
        slip = "; repeat a grey picture's one channel three times (np.repeat) and resize it" if grey else ""
        raise ValueError(
            f"images must have shape (count, {', '.join(map(str, wanted))}) for {base.name}; got {images.shape}{slip}"
        )
    if not len(images):
        raise ValueError("images must hold at least one picture; got none")


def _network(base, pool, layer):
    import keras

    names = [part.name for part in base.model.layers]
    if layer is not None and layer not in names:
        raise ValueError(
            f"layer: {base.name} has no layer {layer!r}{nearest(str(layer), names)}; base.model.summary() lists them"
        )
    maps = base.model.output if layer is None else base.model.get_layer(layer).output
    return keras.Model(base.model.inputs, keras.layers.GlobalAveragePooling2D()(maps) if pool else maps)


def _check_memory(shape, pool):
    import math

    needed, free = 4 * math.prod(shape), free_memory()
    if needed > 0.8 * free:  # some must be left for the batches and for whatever else runs
        less = "" if pool else "pool=True, "
        raise MemoryError(
            f"features of {shape[0]:,} pictures, {' × '.join(map(str, shape[1:]))} each, need {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: take {less}fewer pictures (N_TRAIN) or smaller ones (IMAGE_SIZE)"
        )


def _key(base, images, pool, layer):
    import numpy as np

    probe = np.arange(0, 256, 17, dtype=np.float32)[:15].reshape(1, 1, 5, 3)
    seen = np.asarray(base.preprocess(probe), np.float32).round(3).tolist() if base.preprocessing else None
    digest = hashlib.sha256(repr((FORMAT, base.name, seen, images.shape, str(images.dtype), pool, layer)).encode())
    for weight in base.model.get_weights():
        digest.update(np.ascontiguousarray(weight))
    digest.update(np.ascontiguousarray(images))
    return digest.hexdigest()


def _compute(network, images, shape, batch_size):
    import numpy as np
    import tensorflow as tf

    # Traced once, for batches of any size: Keras's predict traces anew for the last, smaller batch, and TensorFlow warns of it.
    forward = tf.function(lambda batch: network(batch, training=False)).get_concrete_function(
        tf.TensorSpec((None, *images.shape[1:]))
    )
    features = np.empty(shape, np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        features[part] = forward(tf.constant(images[part], tf.float32))
        say(f"features: {min(start + batch_size, len(images)):,} of {len(images):,} pictures")
    return features


def _read(store, shape):
    import numpy as np

    with np.load(store, allow_pickle=False) as file:
        features = file["features"]
    if features.shape != shape or features.dtype != np.float32:
        raise ValueError(f"it holds {features.dtype} of shape {features.shape}")
    return features
