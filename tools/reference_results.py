"""Write data/reference_results.csv from a finished run of the plan `full`.

    COURSE_DATA=… python -m course_utils run full
    COURSE_DATA=… python tools/reference_results.py runs/full

Each number that a lesson recorded becomes a row, with the seed, the data set, a hash of the data and the versions it ran on: a
result is comparable only with results on the same data. Runs that did not end well are refused. Rows of lessons that the
folder does not hold stay as they are, so a single lesson can be run again.
"""

import csv
import hashlib
import io
import sys
from pathlib import Path

from course_utils import paths, runtime, store

TABLE = Path(__file__).parents[1] / "data" / "reference_results.csv"
FIELDS = ("lesson", "name", "value", "seed", "data", "data_sha256", "stack")


def data_digest(dataset):
    """SHA-256 of a data set's file, or of the names and contents of all files of its folder, in order."""
    place = paths.data_folder() / dataset
    if not place.is_dir():
        return hashlib.sha256(place.with_suffix(".npz").read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        digest.update(path.relative_to(place).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def rows_of(batch, digest=data_digest):
    """The rows for a batch's folder.

    Raises
    ------
    SystemExit
        When a run failed, or there is none.
    """
    stack = ", ".join(
        f"{name} {version}" for name, version in runtime.versions().items() if name in ("python", "tensorflow", "keras")
    )
    with open(Path(batch, "results.csv"), newline="", encoding="utf-8") as table:
        runs = list(csv.DictReader(table))
    if not runs or any(run["status"] != "ok" for run in runs):
        sys.exit(f"{batch} holds a run that did not end well: run the plan again with --resume")
    rows = []
    for run in runs:
        numbers = {
            name: value
            for name, value in run.items()
            if name == name.lower() and value and name not in ("lesson", "status", "seconds", "peak_memory_mb")
        }
        about = (run["SEED"], run["DATASET"], digest(run["DATASET"]), stack)
        lesson = run["lesson"].lstrip("0123456789_")  # tables know lessons by name
        rows += [dict(zip(FIELDS, (lesson, name, value, *about))) for name, value in numbers.items()]
    return rows


def main(batch):
    """Replace the rows of the batch's lessons in the table."""
    rows = rows_of(batch)
    with open(TABLE, newline="", encoding="utf-8") as table:
        kept = [row for row in csv.DictReader(table) if row["lesson"] not in {new["lesson"] for new in rows}]
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(kept + rows, key=lambda row: row["lesson"]))
    store.write_text(TABLE, text.getvalue())
    print(f"{len(rows)} numbers written to {TABLE.name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
