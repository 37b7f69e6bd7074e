"""The numbers that a lesson reports: shown to the reader, and read back by batches and tests."""

import math
import numbers

METADATA_KEY = "course_record"
RESERVED = {"lesson", "status", "seconds", "peak_memory_mb"}


def record(**values):
    """Report numbers: a small table for the reader, the exact values in the output's metadata.

    The metadata survives papermill and is not compared by nbval, so a number that changes a little from run
    to run can be recorded (in a cell exempt from comparison) and checked against a band by a test.

    Parameters
    ----------
    **values : int, float, bool or a zero-dimensional NumPy or TensorFlow number
        By name, in lower case (capitals are parameters), and not one of the columns that every batch has. NaN and infinity are allowed: training can diverge.

    Raises
    ------
    TypeError
        When a value is not a single number.
    ValueError
        When there is no value, or a name is not lower case or is reserved.

    Examples
    --------
    >>> record(output_size=4, dead_share=0.537)
    output_size  4
    dead_share   0.537
    """
    if not values:
        raise ValueError("record() needs at least one NAME=number, such as record(accuracy=0.93)")
    plain = {name: _plain_number(name, value) for name, value in values.items()}
    width = max(map(len, plain))
    text = "\n".join(f"{name:<{width}}  {_rounded(value)}" for name, value in plain.items())
    rows = "".join(f"<tr><td style='text-align:left'>{name}</td><td>{_rounded(value)}</td></tr>"
                   for name, value in plain.items())
    html = f"<table><caption>recorded</caption>{rows}</table>"
    # JSON has no NaN: a front end would refuse the whole notebook. And nbformat sorts keys, so order needs a list.
    safe = [[name, value if isinstance(value, int) or math.isfinite(value) else str(value)] for name, value in plain.items()]
    _display({"text/plain": text, "text/html": html}, {METADATA_KEY: safe})


def _plain_number(name, value):
    if name != name.lower():
        raise ValueError(f"record: names are lower case, capitals are parameters; got {name!r}")
    if name in RESERVED:
        raise ValueError(f"record: {name!r} is a column that every batch has already: choose another name")
    if hasattr(value, "numpy"):
        value = value.numpy()
    if getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise TypeError(f"record: {name} must be a single number; got {type(value).__name__} "
                        "(of several values, record the mean, or each under its own name)")
    return value if isinstance(value, int) else float(value)


def _rounded(value):
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if not isinstance(value, bool) else str(value)


def _display(data, metadata):
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script: there is nothing that would show an HTML table
        print(data["text/plain"])
    else:
        display(data, metadata=metadata, raw=True)


def read_records(notebook):
    """The numbers that an executed notebook recorded.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict of str to int, float or bool
        In the order in which they were recorded; of a name recorded twice, the later value.
    """
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.update(output.get("metadata", {}).get(METADATA_KEY, []))
    return {name: float(value) if isinstance(value, str) else value for name, value in found.items()}
