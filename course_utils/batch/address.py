"""The repository's address: it stands in pyproject.toml, and all that is generated takes it from there."""

import re
import tomllib
from pathlib import Path

from .. import store
from . import UsageError

UNSET = "set_this_address"  # the owner in an address that nobody has set: GitHub allows no underscore there
CARRIERS = ("*.md", "*.cff", "docs/**/*.md", ".github/**/*.md", ".github/**/*.yml", "pyproject.toml")  # this one last


def checked(address):
    """`address` without what may stand at its end: ``/`` or ``.git``.

    Raises
    ------
    UsageError
        When it is not that of a repository on GitHub, the only place from which Colab opens notebooks by address.
    """
    plain = address.strip().rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]*[A-Za-z0-9_-]", plain):
        raise UsageError(f"the repository's address must be https://github.com/OWNER/NAME; got {address!r}")
    return plain


def stored(root):
    """What stands as Repository in [project.urls] of the pyproject.toml in the folder `root`; None where there is no such line.

    Raises
    ------
    UsageError
        When the file cannot be read.
    """
    try:
        project = tomllib.loads(Path(root, "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{Path(root, 'pyproject.toml')}, where the repository's address stands, cannot be read: {error}"
        ) from None
    return project.get("urls", {}).get("Repository")


def read(root):
    """The address of the clone in `root`, or None as long as nobody has set one.

    Raises
    ------
    UsageError
        When it is none, or pyproject.toml cannot be read.
    """
    found = stored(root)
    return None if found is None or f"/{UNSET}/" in found else checked(found)


def replace(root, address):
    """Write `address` wherever the present one stands in the clone's own files, with what follows it (``…/issues``); gives their names.

    Notebooks and the README's table are generated, and not touched. pyproject.toml comes last: after an
    interruption, the same call goes on.

    Raises
    ------
    UsageError
        When pyproject.toml has no address, not even that which stands for none.
    """
    present = stored(root)
    if present is None:
        raise UsageError(
            f"{Path(root, 'pyproject.toml')} has no address to replace: give it  Repository = "
            f'"https://github.com/{UNSET}/convnet-course"  in [project.urls]'
        )
    whole = re.compile(re.escape(present.rstrip("/").removesuffix(".git")) + r"(?:\.git)?(?![\w-]|\.\w)")
    changed = []
    for path in (path for pattern in CARRIERS for path in sorted(Path(root).glob(pattern))):
        text = path.read_bytes().decode("utf-8")  # line ends stay as they are
        if (new := whole.sub(address, text)) != text:
            store.write_text(path, new)
            changed.append(path.relative_to(root).as_posix())
    return changed


def colab(address, name):
    """Where Colab opens the notebook ``notebooks/NAME.ipynb`` of a repository on GitHub."""
    path = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{path}/blob/main/notebooks/{name}.ipynb"
