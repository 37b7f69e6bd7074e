"""The reader of PyTorch's first format, against files written here by hand, number by number."""

import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from course_utils import torch_file
from course_utils.torch_file import WeightsError, read


class Named:
    """Pickles as a reference to a name in a module that need not be installed."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Storage:
    def __init__(self, dtype, key, length):
        self.identity = ("storage", Named("torch", dtype), key, "cpu", length, None)


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())


class TorchPickler(pickle._Pickler):
    """Writes what torch.save wrote: torch's own classes by name only, storages as persistent ids."""

    dispatch = dict(pickle._Pickler.dispatch)

    def persistent_id(self, thing):
        return thing.identity if isinstance(thing, Storage) else None

    def save_named(self, thing):
        self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())

    def save_tensor(self, thing):
        self.save_named(Named("torch._utils", "_rebuild_tensor_v2"))
        self.save(thing.arguments)
        self.write(pickle.REDUCE)

    dispatch[Named], dispatch[Tensor] = save_named, save_tensor


def write(path, tensors, storages, magic=torch_file.MAGIC, keys=None):
    """`storages`: key to (array, length that is claimed)."""
    with open(path, "wb") as file:
        for thing in (
            magic,
            torch_file.PROTOCOL,
            {"little_endian": True},
            tensors,
            sorted(storages) if keys is None else keys,
        ):
            TorchPickler(file, 2).dump(thing)
        for key in sorted(storages):
            numbers, length = storages[key]
            file.write(struct.pack("<q", length) + numbers.tobytes())
    return path


@pytest.fixture
def numbers():
    return np.arange(24, dtype="<f4")


@pytest.fixture
def good(tmp_path, numbers):
    storage, counts = Storage("FloatStorage", "a", 24), Storage("LongStorage", "b", 1)
    tensors = OrderedDict(
        [
            ("whole", Tensor(storage, 0, (2, 3, 4), (12, 4, 1))),
            ("turned", Tensor(storage, 0, (4, 6), (1, 4))),
            ("part", Tensor(storage, 20, (4,), (1,))),
            ("count", Tensor(counts, 0, (), ())),
        ]
    )
    return write(tmp_path / "good.pth", tensors, {"a": (numbers, 24), "b": (np.array([7]), 1)})


def test_shapes_strides_offsets_and_dtypes(good, numbers):
    tensors = read(good)
    assert list(tensors) == ["whole", "turned", "part", "count"]
    assert np.array_equal(tensors["whole"], numbers.reshape(2, 3, 4)) and tensors["whole"].dtype == np.float32
    assert np.array_equal(tensors["turned"], numbers.reshape(6, 4).T)
    assert tensors["part"].tolist() == [20, 21, 22, 23]
    assert tensors["count"] == 7 and tensors["count"].dtype == np.int64


def test_the_arrays_are_the_readers_own(good):
    tensors = read(good)
    tensors["part"][:] = 0
    assert tensors["whole"][-1, -1, -1] == 23


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize(
    "thing", [Evil(), OrderedDict(weight=Evil()), Named("builtins", "eval"), Named("torch", "DoubleStorage")]
)
def test_a_malicious_pickle_is_refused_and_nothing_is_executed(tmp_path, monkeypatch, thing):
    monkeypatch.chdir(tmp_path)
    for position in range(3):
        with open("evil.pth", "wb") as file:
            for part in [torch_file.MAGIC, torch_file.PROTOCOL, {}][:position]:
                pickle.dump(part, file, 2)
            TorchPickler(file, 2).dump(thing)
        with pytest.raises(WeightsError, match=r"it asks for \w+\.\w+, which is not a tensor"):
            read("evil.pth")
    assert not os.path.exists("executed")


def test_the_same_pickle_would_have_been_executed_by_pickle_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Evil(), 2))
    assert os.path.exists("executed")


def test_a_truncated_file(good, tmp_path):
    content = good.read_bytes()
    for length in (0, 1, 20, len(content) // 2, len(content) - 90, len(content) - 12, len(content) - 1):
        (tmp_path / "short.pth").write_bytes(content[:length])
        with pytest.raises(
            WeightsError, match="short.pth is not a weights file of PyTorch's first format, or is damaged"
        ):
            read(tmp_path / "short.pth")


@pytest.mark.parametrize(
    "shape, strides, offset",
    [((25,), (1,), 0), ((24,), (1,), 1), ((2, 2), (23, 1), 0), ((2,), (-1,), 5), ((2,), (1, 1), 0)],
)
def test_a_tensor_outside_its_storage(tmp_path, numbers, shape, strides, offset):
    tensors = OrderedDict(weight=Tensor(Storage("FloatStorage", "a", 24), offset, shape, strides))
    with pytest.raises(WeightsError, match="weight lies outside its storage"):
        read(write(tmp_path / "outside.pth", tensors, {"a": (numbers, 24)}))


def test_a_storage_of_another_length_than_announced(tmp_path, numbers):
    tensors = OrderedDict(weight=Tensor(Storage("FloatStorage", "a", 24), 0, (24,), (1,)))
    with pytest.raises(WeightsError, match="storage a should have 24 numbers"):
        read(write(tmp_path / "long.pth", tensors, {"a": (numbers, 1000)}))


def test_a_storage_list_that_does_not_fit(tmp_path, numbers):
    tensors = OrderedDict(weight=Tensor(Storage("FloatStorage", "a", 24), 0, (24,), (1,)))
    with pytest.raises(WeightsError, match="its list of storages does not fit its tensors"):
        read(write(tmp_path / "list.pth", tensors, {"a": (numbers, 24)}, keys=["b"]))


def test_something_else_than_tensors(tmp_path):
    with pytest.raises(WeightsError, match="weight is not a tensor"):
        read(write(tmp_path / "number.pth", OrderedDict(weight=1), {}))
    with pytest.raises(WeightsError, match="its first numbers are not PyTorch's"):
        read(write(tmp_path / "magic.pth", OrderedDict(), {}, magic=1))


def test_todays_format(tmp_path):
    (tmp_path / "zip.pth").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(WeightsError, match="it is a zip file, as PyTorch writes since 1.6"):
        read(tmp_path / "zip.pth")


def test_another_file_than_the_published_one(good):
    with pytest.raises(
        WeightsError, match="good.pth has the SHA-256 [0-9a-f]{64}; 00ff is expected: install its package again"
    ):
        read(good, sha256="00ff")
    with pytest.raises(WeightsError, match="there is no weights file .*nowhere.pth"):
        read(good.with_name("nowhere.pth"))
