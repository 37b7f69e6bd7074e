"""Write a table of data/ from a finished batch: reference_results.csv from the plan `full`, seed_results.csv from `seeds`.

    COURSE_DATA=… python -m course_utils run full
    COURSE_DATA=… python tools/reference_results.py runs/full reference_results
    python -m course_utils run seeds
    python tools/reference_results.py runs/seeds seed_results

Each number that a lesson recorded becomes a row, with the seed, the data set, a hash of the data and the versions it ran on: a
result is comparable only with results on the same data. Runs that did not end well are refused. Rows of lessons that the
folder does not hold stay as they are, so a single lesson can be run again.
"""

import csv
import hashlib
import io
import sys
from pathlib import Path

from course_utils import paths, registry, runtime, store
from course_utils.batch import folder

TABLES = Path(__file__).parents[1] / "data"
FIELDS = ("lesson", "name", "value", "seed", "data", "data_sha256", "stack")


def data_digest(dataset):
    """SHA-256 of a data set's file, or of the names and contents of all files of its folder, in order; empty for what comes with the course."""
    entry = registry.known()[dataset]
    if entry["embedded"]:
        return ""
    place = paths.data_folder() / entry["target"]
    if not place.is_dir():
        return hashlib.sha256(place.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        digest.update(path.relative_to(place).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def rows_of(batch, digest=data_digest):
    """The rows for a batch's folder.

    Raises
    ------
    SystemExit
        When a run failed, there is none, or the batch has not ended.
    """
    if Path(batch, folder.LOCK).exists():
        sys.exit(
            f"{batch} is still being written, or its batch was killed: wait for it, or run the plan again with --resume"
        )
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


def main(batch, name):
    """Replace the rows of the batch's lessons in the table of this name, which is begun where there is none."""
    rows, path, kept = rows_of(batch), TABLES / f"{name}.csv", []
    if path.exists():
        with open(path, newline="", encoding="utf-8") as table:
            kept = [row for row in csv.DictReader(table) if row["lesson"] not in {new["lesson"] for new in rows}]
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(kept + rows, key=lambda row: row["lesson"]))
    store.write_text(path, text.getvalue())
    print(f"{len(rows)} numbers written to {path.name}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in ("reference_results", "seed_results"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
