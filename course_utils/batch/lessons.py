"""Lessons and their parameters, read from the notebooks without running them."""

import ast
import io
import json
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from ..checks import nearest
from . import UsageError

LITERALS = {"str": str, "int": int, "float": float, "bool": bool}
TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: ``NAME: kind = default  # note``.

    ``kind`` is ``str``, ``int``, ``float``, ``bool``, ``list[…]`` of one of these, or one of them ``| None``.
    """

    name: str
    kind: str
    default: object
    note: str

    def convert(self, value):
        """`value` as this parameter's type, from a command line's text or from a plan's TOML value.

        Raises
        ------
        ValueError
            When it is of another type. The message names the parameter, its type and what came.

        Examples
        --------
        >>> Parameter("EPOCHS", "int", 5, "").convert("12")
        12
        >>> Parameter("AUGMENT", "bool", True, "").convert("no")
        False
        """
        kind, _, optional = (part.strip() for part in self.kind.partition("|"))
        if optional and (value is None or str(value).lower() == "none"):
            return None
        try:
            if not kind.startswith("list["):
                return _convert_one(kind, value)
            if isinstance(value, str):
                value = _read_list(value)
            if not isinstance(value, list):
                raise TypeError
            return [_convert_one(kind[5:-1], part) for part in value]
        except (ValueError, TypeError, KeyError):
            allowed = f"{self.kind} is expected, such as {self.default!r}"
            raise ValueError(
                f"parameter {self.name}: {allowed}; got {value!r}" + (f" ({self.note})" if self.note else "")
            ) from None


def _read_list(text):
    """The items of ``[1, 2]``, ``['a, b', 'c']`` or just ``1, 2``."""
    try:
        return list(ast.literal_eval(text if text.strip().startswith("[") else f"[{text}]"))
    except (ValueError, SyntaxError):  # words without quotes
        return [part.strip() for part in text.strip("[] ").split(",") if part.strip()]


def _convert_one(kind, value):
    if kind == "bool" and isinstance(value, str):
        return TRUTHS[value.lower()]
    if isinstance(value, str) or (kind == "float" and type(value) is int):
        return LITERALS[kind](value)
    if type(value) is not LITERALS[kind]:
        raise TypeError
    return value


@dataclass(frozen=True)
class Lesson:
    """A lesson's notebook: its name (``01_convolution``), its file, and its parameters by name."""

    name: str
    path: Path
    parameters: dict


def read_parameters(source):
    """The parameters that a parameters cell declares, in order.

    Parameters
    ----------
    source : str
        The cell's text: lines ``NAME: type = literal  # meaning, unit, range``.

    Returns
    -------
    list of Parameter

    Raises
    ------
    ValueError
        For any other statement, a missing type or comment, a value that is no literal or not of its type.

    Examples
    --------
    >>> read_parameters("EPOCHS: int = 5  # passes over the data, at least 1")
    [Parameter(name='EPOCHS', kind='int', default=5, note='passes over the data, at least 1')]
    """
    notes = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return [_read_parameter(statement, notes.get(statement.end_lineno, "")) for statement in ast.parse(source).body]


def _read_parameter(statement, note):
    text = ast.unparse(statement)
    if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
        raise ValueError(f"a parameters cell holds only lines like 'NAME: type = literal  # note'; got {text!r}")
    name, kind = statement.target.id, ast.unparse(statement.annotation)
    if not re.fullmatch(r"(list\[(str|int|float|bool)\]|str|int|float|bool)( \| None)?", kind):
        raise ValueError(f"parameter {name}: its type must be str, int, float, bool, or a list of these; got {kind}")
    if not note:
        raise ValueError(f"parameter {name}: a comment must give its meaning, unit and range")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise ValueError(f"parameter {name}: its value must be a literal; got {text!r}") from None
    parameter = Parameter(name, kind, default, note)
    if isinstance(default, str) and kind.partition(" ")[0] != "str":
        raise ValueError(f"parameter {name}: {kind} is declared, but the default is the text {default!r}")
    parameter.convert(default)
    return parameter


def tagged(notebook, tag):
    """The cells of a notebook that carry `tag`."""
    return [cell for cell in notebook["cells"] if tag in cell["metadata"].get("tags", [])]


def read_lesson(path):
    """Read one notebook's name and parameters.

    Raises
    ------
    UsageError
        When the file is no notebook, names no kernel, or its parameters cell is missing or malformed.
    """
    # As JSON, because importing nbformat takes longer than everything else before the first notebook starts.
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        kernel = notebook["metadata"].get("kernelspec", {}).get("name")
        cells = tagged(notebook, "parameters")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path.name} cannot be read as a notebook ({type(error).__name__}): "
            "repair it, or put a fresh copy of the lesson in its place after you have saved this file elsewhere"
        ) from error
    if not kernel:
        raise UsageError(
            f"{path.name} names no kernel (metadata.kernelspec): open it in JupyterLab, choose one, and save it"
        )
    if len(cells) != 1:
        raise UsageError(f"{path.name} must have exactly one cell tagged 'parameters', it has {len(cells)}")
    try:
        parameters = read_parameters("".join(cells[0]["source"]))
    except (ValueError, SyntaxError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    return Lesson(path.stem, path, {parameter.name: parameter for parameter in parameters})


def find_lessons(notebooks):
    """All lessons of a folder, in order; a copy that an editor has named ``01_name-Copy1`` is none."""
    return [
        read_lesson(path)
        for path in sorted(Path(notebooks).glob("[0-9][0-9]_*.ipynb"))
        if re.fullmatch(r"\d\d_\w+", path.stem)
    ]


def select(names, wanted):
    """Those of the lesson `names` that `wanted` means: ``"06"``, ``"6"``, ``"augmentation"`` or the whole name.

    Raises
    ------
    UsageError
        When nothing is called so; the nearest names are suggested.
    """
    chosen = [name for name in names if wanted and (wanted in (name, name[3:]) or wanted.zfill(2) == name[:2])]
    if not chosen:
        raise UsageError(
            f"no lesson {wanted!r}{nearest(wanted, [*names, *(name[3:] for name in names)])}; "
            f"there are {', '.join(names) or 'none'}"
        )
    return chosen
