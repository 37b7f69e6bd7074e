"""What a parameters cell declares, and values of the declared types."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

LITERALS = {"str": str, "int": int, "float": float, "bool": bool}
UNTYPED = "?"
TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: ``NAME: kind = default  # note``.

    ``kind`` is ``str``, ``int``, ``float``, ``bool``, ``list[…]`` of one of these, or one of them ``| None``;
    or `UNTYPED`, and then ``note`` says why the parameter cannot be set.
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
        if self.kind == UNTYPED:
            raise ValueError(f"parameter {self.name} cannot be set: {self.note}")
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
    found = [_read_parameter(statement, note) for statement, note in _statements(source)]
    for parameter in found:
        if not parameter.note:
            raise ValueError(
                f"parameter {parameter.name} must have a comment with its meaning, unit and range; got no comment"
            )
    return found


def _statements(source):
    """Each statement of a cell with the comment at its end."""
    notes = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return [(statement, notes.get(statement.end_lineno, "")) for statement in ast.parse(source).body]


def _read_parameter(statement, note):
    text = ast.unparse(statement)
    if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
        raise ValueError(f"a parameters cell holds only lines like 'NAME: type = literal  # note'; got {text!r}")
    name, kind = statement.target.id, ast.unparse(statement.annotation)
    if not re.fullmatch(r"(list\[(str|int|float|bool)\]|str|int|float|bool)( \| None)?", kind):
        raise ValueError(f"parameter {name}: its type must be str, int, float, bool, or a list of these; got {kind}")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError:
        raise ValueError(f"parameter {name}: its value must be a literal; got {text!r}") from None
    parameter = Parameter(name, kind, default, note)
    if isinstance(default, str) and kind.partition(" ")[0] != "str":
        raise ValueError(f"parameter {name}: {kind} is declared, but the default is the text {default!r}")
    parameter.convert(default)
    return parameter


def as_far_as_declared(source):
    """What a parameters cell declares, as far as it is declared well: a type is needed only where something sets the parameter."""
    found = []
    for statement, note in _statements(source):
        try:
            found.append(_read_parameter(statement, note))
        except ValueError as error:
            targets = getattr(statement, "targets", [getattr(statement, "target", None)])
            found += [Parameter(one.id, UNTYPED, None, str(error)) for one in targets if isinstance(one, ast.Name)]
    return found
