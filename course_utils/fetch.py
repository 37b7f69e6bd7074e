"""Real data sets by name: used where they are laid out already, else downloaded once, verified, moved into place whole."""

import os
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from . import paths
from .laid_out import DAMAGED, RECIPES, check, read_arrays
from .registry import COMMAND, downloads, known, unknown
from .store import DataError, make_once

TIMEOUT, LIMIT = 20, 3600  # seconds that a server may stay silent, that one download may take
ATTEMPTS, PAUSE = 2, 1  # rounds over all addresses, seconds between them


class State(NamedTuple):
    """One line of `state`: `status` is "present", "missing", "not usable" or "always there"; `hint` says where, or what to do."""

    name: str
    status: str
    bytes: int
    hint: str


def state():
    """What is in the data folder, looked at as `laid_out.check` does, and what is missing.

    Returns
    -------
    list of State
        Sizes in bytes: on the disk for what is present, of the download for what is missing.
    """
    rows = [State(name, "always there", 0, entry["title"]) for name, entry in known().items() if entry["embedded"]]
    for name, entry in downloads().items():
        target = paths.data_folder() / entry["target"]
        if os.path.exists(target):
            files = target.rglob("*") if target.is_dir() else [target]
            size = sum(file.stat().st_size for file in files if file.is_file())
            try:
                check(target, name)
                rows.append(State(name, "present", size, str(target)))
            except DataError as error:
                rows.append(State(name, "not usable", size, str(error)))
        else:
            by_hand = f"or download {entry['addresses'][0]} into the data folder"
            rows.append(State(name, "missing", entry["bytes"], f"{COMMAND} fetch {name}   {by_hand}"))
    return rows


def fetch(name, say=print):
    """A real data set, downloaded unless it is in the data folder already.

    What is there is used as it is (`laid_out.check` looks at it); only what has just been downloaded is verified here. Two
    processes that want the same data set fetch it once.

    Parameters
    ----------
    name : str
        A name in `registry.downloads`.
    say : callable
        Gets a line of text when a download starts.

    Returns
    -------
    Path
        The file, or the folder, in `paths.data_folder`.

    Raises
    ------
    DataError
        When the name is unknown, the download fails or is not what was published, or the disk does not take it.
    """
    if name not in downloads():
        raise DataError(unknown(name))
    entry, folder = downloads()[name], paths.data_folder()
    return make_once(
        folder / entry["target"],
        lambda part: _make(name, entry, folder, part, say),
        name,
        megabytes=4 * entry["bytes"] / 1e6,
        advice=f", or have its owner run  {COMMAND} fetch",
    )


def _make(name, entry, folder, part, say):
    """The data set laid out and verified in the folder `part`, from the published file in `folder` or from the network."""
    archive = folder / entry["file"]
    if not archive.exists():
        say(f"{name}: downloading {entry['bytes'] / 1e6:.0f} MB from {urlsplit(entry['addresses'][0]).hostname}")
        archive = _download(name, entry, folder, part)
    try:
        _verify_published(archive, entry)
        made = RECIPES[entry["recipe"]](archive, part, entry)
        if "arrays" in entry:
            read_arrays(made, entry)
    except DAMAGED as error:
        raise DataError(
            f"{name}: {entry['file']} is not usable: {error}. Nothing was changed; get the file again"
        ) from error
    return made


def _download(name, entry, folder, part):
    """The published file, in the folder `part`, from the first address that gives it."""
    import pooch
    import requests

    failures, path = {}, part / entry["file"]
    for round_ in range(ATTEMPTS):
        time.sleep(PAUSE if round_ else 0)
        for address in entry["addresses"]:
            progress = _Progress(path, entry["bytes"])
            try:
                pooch.HTTPDownloader(progress, 2**16, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})(
                    address, path, None
                )
                _verify_published(path, entry)
                return path
            except (requests.RequestException, ValueError) as error:
                failures[address] = _why_not_downloaded(error, address)
            except OSError as error:
                if error.errno is not None:  # the disk; requests' own complaint of a missing certificate file has none
                    raise
                failures[address] = _why_no_certificates()
            finally:
                progress.close()
    by_reason = {reason: [] for reason in failures.values()}
    for address, reason in failures.items():
        by_reason[reason].append(address)
    reasons = "; ".join(f"{', '.join(addresses)}: {reason}" for reason, addresses in by_reason.items())
    raise DataError(
        f"{name} cannot be downloaded: {reasons}. Get {entry['file']} elsewhere and put it into {folder}, "
        f"or place the data set itself at {folder / entry['target']}; see  {COMMAND}"
    )


def _why_not_downloaded(error, address):
    from requests import exceptions

    root = _root(error)
    if "407" in str(root) and isinstance(error, (exceptions.HTTPError, exceptions.ProxyError)):
        return (
            f"the proxy {_proxy(address)} wants a name and a password (407): write them into the environment "
            "variable HTTPS_PROXY, as http://NAME:PASSWORD@HOST:PORT"
        )
    if isinstance(error, exceptions.HTTPError):
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, (exceptions.ProxyError, exceptions.InvalidProxyURL, exceptions.InvalidSchema)):
        return (
            f"the proxy {_proxy(address)} cannot be used ({getattr(root, 'strerror', None) or root}): correct the "
            "environment variable HTTPS_PROXY, or unset it where there is no proxy"
        )
    if isinstance(error, exceptions.SSLError):
        return _why_not_secure(root)
    if isinstance(error, exceptions.Timeout) or "timed out" in str(error):
        return f"the server was silent for {TIMEOUT} seconds"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection broke off half-way"
    return "no connection" if isinstance(error, exceptions.ConnectionError) else str(error)


def _why_not_secure(root):
    import ssl

    variable, file = _certificates()
    if variable and "X509" in str(root):
        return (
            f"the environment variable {variable} names a file that holds no certificates, {file}: correct or unset it"
        )
    if isinstance(root, ssl.SSLCertVerificationError):
        trusted = f"{variable} names {file} now" if variable else "its administrator has it"
        return (
            f"its certificate is not trusted ({root.verify_message}): check the date of this computer; where a proxy "
            "reads along, set the environment variable REQUESTS_CA_BUNDLE to the file of your network's "
            f"certificates ({trusted})"
        )
    return f"no secure connection ({getattr(root, 'reason', None) or root}): a proxy or a firewall stands in between"


def _why_no_certificates():
    variable, file = _certificates()
    if variable:
        return f"the environment variable {variable} names a file of certificates that is not there, {file}: correct or unset it"
    return "the certificates of the package certifi are not there: python -m pip install --force-reinstall certifi"


def _certificates():
    """The environment variable that names a file of certificates for requests, and what it names; else None twice."""
    named = ((name, os.environ.get(name)) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    return next(((name, file) for name, file in named if file), (None, None))


def _proxy(address):
    """Host and port of the proxy for `address`, without the password that may stand before them."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(address, get_environ_proxies(address)) or "in between"
    return proxy.rpartition("@")[2].rpartition("//")[2] or proxy


def _root(error):
    """The innermost of the errors that requests and urllib3 put around one another."""
    while True:
        around = (getattr(error, "reason", None), *error.args, error.__cause__)
        inner = next((part for part in around if isinstance(part, Exception)), None)
        if inner is None:
            return error
        error = inner


class _Progress:
    """What pooch reports progress to: a bar where stderr is a terminal, and an end to what takes or sends too much."""

    def __init__(self, path, size):
        from tqdm import tqdm

        self.path, self.size, self.total, self.end = path, size, size, time.monotonic() + LIMIT
        self.bar = tqdm(total=size, unit="B", unit_scale=True, leave=False, disable=not sys.stderr.isatty())
        self.reset, self.close = self.bar.reset, self.bar.close

    def update(self, count):
        if time.monotonic() > self.end:
            raise ValueError(f"the download was not complete after {LIMIT} seconds")
        if self.path.stat().st_size > self.size:
            raise ValueError(f"more than the {self.size:,} bytes that are expected came")
        self.bar.update(count)


def _verify_published(path, entry):
    import pooch

    size = path.stat().st_size
    if size != entry["bytes"]:
        raise ValueError(
            f"{size:,} bytes came, {entry['bytes']:,} are expected (does a proxy or a login page stand in between?)"
        )
    if "sha256" in entry and pooch.file_hash(path) != entry["sha256"]:
        raise ValueError(f"its SHA-256 is {pooch.file_hash(path)}, {entry['sha256']} is expected")
