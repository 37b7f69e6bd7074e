"""What a lesson's notebook must look like, checked without running it."""

import ast
import re

from IPython.core.inputtransformer2 import TransformerManager
from prose import problems_of_text

from course_utils.batch.lessons import tagged
from course_utils.batch.parameters import read_parameters
from course_utils.results import read_records

ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
ABSOLUTE_PATH = re.compile(r"(?<![\w./:])/(home|root|Users|tmp|work|opt|var|content)/\S|\b[A-Z]:\\\w")
EXEMPT = "nbval-ignore-output"
LARGEST = 1_000_000
LONGEST_LINE = 110  # what JupyterLab shows at 100 % zoom on a laptop without scrolling sideways


def problems(notebook, size=0):
    """Everything that is wrong with a lesson's form, one sentence each; an empty list when nothing is.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    size : int
        Bytes of its file.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [*_parameters(notebook)]
    if not notebook.metadata.get("kernelspec", {}).get("name"):
        found.append("names no kernel")
    if "widgets" in notebook.metadata:
        found.append("has widget metadata, which GitHub refuses to show")
    if size > LARGEST:
        found.append(f"is {size:,} bytes, more than {LARGEST:,}")
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("was not executed from top to bottom in one go")
    for number, cell in enumerate(code, 1):
        found += [f"code cell {number} {problem}" for problem in _cell(cell)]
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "markdown"), 1):
        found += [f"text cell {number} {problem}" for problem in problems_of_text(cell.source)]
    bearing = [cell for cell in code if cell.outputs]
    compared = [
        cell for cell in bearing if EXEMPT not in cell.metadata.get("tags", []) and any(map(_is_compared, cell.outputs))
    ]
    if 2 * len(compared) < len(bearing) or not bearing:
        found.append(f"of {len(bearing)} cells with outputs only {len(compared)} are compared")
    if not read_records(notebook):
        found.append("records no number")
    return found


def _parameters(notebook):
    cells = tagged(notebook, "parameters")
    if len(cells) != 1:
        return [f"has {len(cells)} cells tagged 'parameters' instead of one"]
    try:
        return [] if read_parameters(cells[0].source) else ["has an empty parameters cell"]
    except (ValueError, SyntaxError) as error:
        return [str(error)]


def _cell(cell):
    if EXEMPT in cell.metadata.get("tags", []) and not cell.metadata.get("reason"):
        yield "is exempt from comparison without a reason"
    if max(map(len, cell.source.splitlines()), default=0) > LONGEST_LINE:
        yield f"has a line of more than {LONGEST_LINE} characters, which is cut off on a laptop"
    if not cell.outputs and _shows_something(cell.source):
        yield "has lost its output"
    for output in cell.outputs:
        text = (
            output.get("text")
            or "\n".join(output.get("traceback", []))
            or str(output.get("data", {}).get("text/plain", ""))
        )
        if output.get("name") == "stderr":
            yield "writes to stderr"
        if output.output_type == "error":
            yield "raised an error"
        if ADDRESS.search(text):
            yield "shows a memory address"
        if ABSOLUTE_PATH.search(text):
            yield "shows an absolute path"
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            yield "holds a widget, which no page without a kernel can show: build it again"
        if any(kind.startswith("image/") for kind in output.get("data", {})):
            alt = output.metadata.get("image/png", {}).get("alt")
            if not alt or output.data.get("text/plain") != alt:
                yield "has a picture without alt text: show it with plots.show(figure, alt=…)"


def _is_compared(output):
    """A picture's words do not count: they are the same however wrong the picture is."""
    return output.output_type == "stream" or not any(kind.startswith("image/") for kind in output.get("data", {}))


def _shows_something(source):
    """Whether running a cell must leave an output: it prints, shows or records outside of functions."""
    waiting = list(ast.parse(TransformerManager().transform_cell(source)).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "print",
            "show",
            "record",
            "display",
        ):
            return True
        waiting += ast.iter_child_nodes(node)
    return False
