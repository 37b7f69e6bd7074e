"""Weights from a file of PyTorch's first format (before 1.6), read without PyTorch and without trusting the file.

Such a file is a row of pickles: a magic number, a protocol version, facts about the machine, the tensors' names with shape,
strides and place in a storage, and the list of storages; then the storages' numbers. A pickle can run any program when it is read, so
this reader admits only the three names that tensors need, and nothing is executed.
"""

import collections
import hashlib
import pickle
from pathlib import Path

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class WeightsError(ValueError):
    """A weights file is missing, damaged, or not what it should be."""


class _Dtype(str):
    """What stands for torch's storage class while a file is read: the dtype of its numbers."""


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *rest: (storage, offset, shape, strides)
        if module == "torch" and name in DTYPES:
            return _Dtype(DTYPES[name])
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not a tensor")

    def persistent_load(self, identity):
        kind, dtype, key, device, length = identity[:5]
        if kind != "storage" or not isinstance(dtype, _Dtype) or not isinstance(length, int) or length < 0:
            raise pickle.UnpicklingError(f"it describes a storage as {identity!r}")
        self.storages[key] = (str(dtype), length)
        return key


def read(path, sha256=None):
    """The tensors of a file that `torch.save` wrote before PyTorch 1.6.

    Parameters
    ----------
    path : str or Path
    sha256 : str, optional
        What the file's SHA-256 must be; looked at before anything else.

    Returns
    -------
    dict of str to ndarray
        float32 or int64 by name, in the file's order; arrays of their own.

    Raises
    ------
    WeightsError
        When the file is missing, has another hash, is truncated, holds anything but such tensors, or places one outside its
        storage. Nothing that the file asks for is executed.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}")
    if sha256 is not None:
        with open(path, "rb") as file:
            came = hashlib.file_digest(file, "sha256").hexdigest()
        if came != sha256:
            raise WeightsError(f"{path.name} has the SHA-256 {came}; {sha256} is expected: install its package again")
    try:
        with open(path, "rb") as file:
            return _tensors(file)
    except (
        pickle.UnpicklingError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        EOFError,
        MemoryError,
        OverflowError,
    ) as error:
        raise WeightsError(
            f"{path.name} is not a weights file of PyTorch's first format, or is damaged: {error}"
        ) from error


def _tensors(file):
    import numpy as np

    # The first pickle of a zip file, PyTorch's format of today, would fail with a puzzling message.
    if file.read(2) == b"PK":
        raise ValueError("it is a zip file, as PyTorch writes since 1.6")
    file.seek(0)
    magic, protocol, _machine = (_TensorUnpickler(file).load() for _ in range(3))
    if (magic, protocol) != (MAGIC, PROTOCOL):
        raise ValueError("its first numbers are not PyTorch's")
    names = _TensorUnpickler(file)
    places, keys = names.load(), _TensorUnpickler(file).load()
    if not isinstance(places, dict) or sorted(keys) != sorted(names.storages):
        raise ValueError("its list of storages does not fit its tensors")
    numbers = {}
    for key in keys:
        dtype, length = names.storages[key]
        block = np.frombuffer(file.read(8), "<i8")
        if block.tolist() != [length]:
            raise ValueError(f"storage {key} should have {length:,} numbers")
        raw = file.read(length * np.dtype(dtype).itemsize)
        numbers[key] = np.frombuffer(raw, dtype)
        if len(numbers[key]) != length:
            raise ValueError(f"it ends within storage {key}")
    return {name: _tensor(name, place, numbers) for name, place in places.items()}


def _tensor(name, place, numbers):
    import numpy as np

    if not isinstance(place, tuple) or len(place) != 4:
        raise ValueError(f"{name} is not a tensor")
    storage, (offset, shape, strides) = numbers[place[0]], place[1:]
    whole = all(isinstance(number, int) and number >= 0 for number in (offset, *shape, *strides))
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides))
    if not whole or len(shape) != len(strides) or (0 not in shape and last >= len(storage)):
        raise ValueError(f"{name} lies outside its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False).copy()
