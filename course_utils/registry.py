"""Which data sets there are: all that is known of them stands in ``data/registry.toml``."""

import tomllib

from . import paths
from .checks import nearest

COMMAND = "python -m course_utils data"
REGISTRY = paths.shipped("registry.toml")


def known():
    """All data sets: a dict of name to entry; ``data/README.md`` explains an entry's fields."""
    return tomllib.loads(REGISTRY.read_text(encoding="utf-8"))


def downloads():
    """Those that are downloaded on first use; the others are embedded, and need no network."""
    return {name: entry for name, entry in known().items() if not entry["embedded"]}


def unknown(name):
    """The message for a name that is not in `downloads`."""
    names = downloads()
    return f"no data set {name!r} can be fetched{nearest(name, names)}; those that can are {', '.join(names)}"
