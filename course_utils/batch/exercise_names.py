"""Which exercises a lesson has, and which of them a notebook checks: read from sources, so that nothing is imported or run."""

import ast
import functools
import re
from pathlib import Path

KINDS = {"Exercise", "Numbers", "Letters", "Function"}
CHECK = re.compile(r"\bex\.([A-Za-z_]\w*)\.check\(")


@functools.cache
def names_of(lesson):
    """The names of a lesson's exercises.

    Parameters
    ----------
    lesson : str
        With or without its number: "pooling", "02_pooling".

    Returns
    -------
    tuple of str
        In their order; empty for a lesson that has no module in ``course_utils/exercises``.
    """
    name = re.sub(r"^\d\d_", "", lesson)
    module = Path(__file__).parents[1] / "exercises" / f"{name}.py"
    if not name.isidentifier() or not module.is_file():
        return ()
    found = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS and node.args:
            first = node.args[0]
            found.append(first.value if isinstance(first, ast.Constant) else getattr(first, "id", ""))
    return tuple(name for name in dict.fromkeys(found) if isinstance(name, str) and name)


def checked_in(notebook):
    """The names of the exercises whose ``ex.NAME.check(…)`` stands in a notebook's code cells, in their order."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return list(dict.fromkeys(CHECK.findall(text)))
