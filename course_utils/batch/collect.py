"""What the executed notebook of a run says: numbers, outcomes of exercises, a picture, and where it stopped."""

import base64
import dataclasses
import io

from .. import results
from .exercise_names import checked_in
from .lessons import tagged
from .record import Failure

LAST_LINES, LONGEST_TEXT = 12, 5000
THUMBNAIL_WIDTH = 320
NOT_REACHED = "not reached"


def collect(spec, record, number=0):
    """`record`, completed from the notebook that papermill wrote, whose text it carries from now on.

    Parameters
    ----------
    spec : Spec
    record : Record
    number : int
        Of the code cell that stopped the run, or the first one that raised; 0: the last one that was begun.

    Returns
    -------
    Record
    """
    import nbformat

    if spec.partial.exists():
        notebook = nbformat.reads(spec.partial.read_text(encoding="utf-8"), as_version=4)
        for path in ("input_path", "output_path"):  # papermill takes a whole notebook for the path of its input
            notebook.metadata.get("papermill", {}).pop(path, None)
        record = dataclasses.replace(
            record,
            error=record.error and describe_failure(notebook, record.error.message, number),
            numbers=results.read_records(notebook),
            exercises=outcomes(spec, notebook),
            thumbnail=thumbnail(notebook),
            built_for=built_for(notebook),
            executed=nbformat.writes(notebook) + "\n",
        )
        spec.partial.unlink()
    return record


def outcomes(spec, notebook):
    """The best outcome of each exercise in this run; those that the notebook checks and did not come to are "not reached"."""
    found = results.read_exercises(notebook, spec.exercises)
    return found | {name: NOT_REACHED for name in checked_in(notebook) if name in spec.exercises and name not in found}


def built_for(notebook):
    """The version of the course that a notebook says it was built for, or nothing."""
    course = notebook.metadata.get("course")
    version = course.get("version") if isinstance(course, dict) else None
    return version if isinstance(version, str) else ""


def describe_failure(notebook, message, number=0):
    """The code cell that stopped a notebook: its number, its source, and the last lines of its output.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    message : str
    number : int
        The cell's, counted among the code cells from 1; 0: the last one that was begun.

    Returns
    -------
    Failure
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    begun = [place for place, cell in enumerate(code, 1) if cell.execution_count is not None]
    number = number or (begun[-1] if begun else 0)
    if not number:
        return Failure(message[:LONGEST_TEXT])
    cell = code[number - 1]
    text = "".join(
        output.text if output.output_type == "stream" else f"{output.get('data', {}).get('text/plain', '')}\n"
        for output in cell.outputs
        if output.output_type != "error"
    )
    last = "\n".join(text.rstrip().splitlines()[-LAST_LINES:])[-LONGEST_TEXT:]
    return Failure(message[:LONGEST_TEXT], number, cell.source[:LONGEST_TEXT], last)


def thumbnail(notebook):
    """A small base64 PNG of the picture in the cell tagged ``thumbnail``, or else of the first picture, or None."""
    from PIL import Image

    for cell in [*tagged(notebook, "thumbnail"), *notebook.cells]:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                try:
                    picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
                except (OSError, ValueError, TypeError):  # a student's cell may claim any bytes to be a picture
                    continue
                picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
                small = io.BytesIO()
                picture.quantize(128).save(small, "PNG", optimize=True)
                return base64.b64encode(small.getvalue()).decode()
    return None
