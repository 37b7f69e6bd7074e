"""The numbers that a lesson reports: shown to the reader, and read back by batches and tests."""

import math
import numbers

METADATA_KEY = "course_record"
EXERCISES_KEY = "course_exercises"  # the outcomes of checked exercises: course_utils.exercises writes them
CORRECT, INCORRECT, CANNOT_CHECK, NOT_ATTEMPTED = "correct", "incorrect", "cannot be checked", "not attempted"
OUTCOMES = (CORRECT, INCORRECT, CANNOT_CHECK, NOT_ATTEMPTED)  # of a check, from the best to the worst
RESERVED = {"lesson", "status", "seconds", "peak_memory_mb", "notebook", "error"}
EXERCISE_COLUMN = "exercise_"  # begins the name of each exercise's column in a batch's table


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
    plain = _plain_numbers("record", values)
    _show("recorded", [[name, _rounded(value)] for name, value in plain.items()], plain)


def compare(lesson, **values):
    """`record` numbers, and show each beside what the lecture reports and what this course measured on the lecture's own set-up.

    Parameters
    ----------
    lesson : str
        Its name, such as "augmentation". Its rows of ``data/lecture_results.csv`` and ``data/reference_results.csv`` are shown, by name.
    **values : int, float or bool
        As `record` takes them.

    Raises
    ------
    TypeError, ValueError
        As `record`.
    """
    plain = _plain_numbers("compare", values)
    lecture, ours = published("lecture", lesson), published("reference", lesson)
    rows = [["", "lecture", "our full run", "this run"]]
    for name in dict.fromkeys([*plain, *lecture]):
        rows.append([name, *(_rounded(numbers[name]) if name in numbers else "" for numbers in (lecture, ours, plain))])
    _show("compared", rows, plain)


def published(kind, lesson):
    """Numbers from a table of ``data/``.

    Parameters
    ----------
    kind : str
        "lecture" (what the lecture notes report) or "reference" (what ``notebooks/plans/full.toml`` gave).
    lesson : str
        Its name, such as "augmentation".

    Returns
    -------
    dict of str to float or int
        Of a number that several seeds gave, the mean.
    """
    import csv

    from .paths import shipped

    found = {}
    with open(shipped(f"{kind}_results.csv"), newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["lesson"] == lesson:
                found.setdefault(row["name"], []).append(float(row["value"]))
    means = {name: sum(several) / len(several) for name, several in found.items()}
    return {name: int(mean) if mean.is_integer() else mean for name, mean in means.items()}


def _plain_numbers(function, values):
    if not values:
        raise ValueError(f"{function}() needs at least one NAME=number: write, for instance, accuracy=0.93")
    return {name: _plain_number(name, value) for name, value in values.items()}


def _show(caption, rows, plain):
    """Rows of text as a small table, the numbers `plain` in the display's metadata."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    text = "\n".join("  ".join(f"{part:<{width}}" for part, width in zip(row, widths)).rstrip() for row in rows)
    cells = "".join(
        f"<tr><td style='text-align:left'>{name}</td>{''.join(f'<td>{part}</td>' for part in others)}</tr>"
        for name, *others in rows
    )
    html = f"<table><caption>{caption}</caption>{cells}</table>"
    # JSON has no NaN: a front end would refuse the whole notebook. And nbformat sorts keys, so order needs a list.
    safe = [
        [name, value if isinstance(value, int) or math.isfinite(value) else str(value)] for name, value in plain.items()
    ]
    _display({"text/plain": text, "text/html": html}, {METADATA_KEY: safe})


def _plain_number(name, value):
    if refusal := _refusal_of_name(name):
        raise ValueError(f"record: {refusal}")
    if hasattr(value, "numpy"):
        value = value.numpy()
    if getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise TypeError(
            f"record: {name} must be a single number; got {type(value).__name__} "
            "(of several values, record the mean, or each under its own name)"
        )
    return value if isinstance(value, int) else float(value)


def _refusal_of_name(name):
    """Why a number cannot be recorded under a name, or None."""
    if name != name.lower():
        return f"names are lower case, capitals are parameters; got {name!r}"
    if name in RESERVED or name.startswith(EXERCISE_COLUMN):
        return f"{name!r} is a column that every batch has already: choose another name"
    return None


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

    Only what `record` can have written counts: single numbers under names that it takes, shown by a code cell that was
    executed. Anything else in a notebook's metadata, which anybody can write there, is left out.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    dict of str to int, float or bool
        In the order in which they were recorded; of a name recorded twice, the later value.
    """
    found = {}
    for name, value in _pairs(notebook, METADATA_KEY):
        number = float(value) if value in ("nan", "inf", "-inf") else value
        if name.isidentifier() and _refusal_of_name(name) is None and isinstance(number, (int, float)):
            found[name] = number
    return found


def read_exercises(notebook, known):
    """The outcomes of the exercises that an executed notebook checked: of each, the best one of its current run.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    known : sequence of str
        The names of the lesson's exercises; others, and words that are no outcome, are left out.

    Returns
    -------
    dict of str to str
        By the exercise's name one of `OUTCOMES`.
    """
    found = {}
    for name, outcome in _pairs(notebook, EXERCISES_KEY):
        if name in known and outcome in OUTCOMES:
            found[name] = best_outcome(found.get(name, outcome), outcome)
    return found


def best_outcome(*outcomes):
    """The best of `outcomes`: what was solved once stays solved, whatever is tried afterwards."""
    return min(outcomes, key=OUTCOMES.index)


def _pairs(notebook, key):
    """All pairs (name, value) that stand under `key` in the metadata of what executed code cells show."""
    for cell in notebook.cells:
        if cell.get("cell_type") != "code" or cell.get("execution_count") is None:
            continue
        for output in cell.get("outputs", []):
            metadata = output.get("metadata")
            pairs = metadata.get(key) if isinstance(metadata, dict) else None
            for pair in pairs if isinstance(pairs, list) else []:
                if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
                    yield pair


def study(name):
    """The runs of a stored study, for a lesson's tables and figures.

    Parameters
    ----------
    name : str
        Such as "augmentation".

    Returns
    -------
    pandas.DataFrame
        A row a run: its parameters, its recorded numbers (None where a run has none of that name), ``seconds``, ``notebook``,
        ``data``, and ``planned``, how many runs the study has in all.

    Raises
    ------
    ValueError
        When no study of that name is stored; the message names those that are.
    """
    import pandas as pd

    from . import studies

    runs = studies.read(name)
    columns = dict.fromkeys(column for run in runs for column in run)
    values = {column: [run.get(column) for run in runs] for column in columns}
    # Where None is among the values of a parameter, it must not become NaN, and its whole numbers not fractions.
    return pd.DataFrame({name: pd.Series(of, dtype=object if None in of else None) for name, of in values.items()})
