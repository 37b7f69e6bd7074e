"""What may be spent: the import of TensorFlow, each lesson, the quick plan and each gate, in seconds and normalised seconds.

Normalised seconds are seconds × this machine's throughput in convolutions ÷ 145 GFLOP/s, so that machines can be compared.
``-k lessons`` and ``-k gates`` measure a part.
"""

import csv
from pathlib import Path

import pytest
from measuring import Measured

from course_utils.paths import find_notebooks

pytestmark = pytest.mark.benchmark
ROOT = Path(__file__).parents[2]
#: Without test_measuring, which keeps a core busy on purpose.
GATES = {
    "unit tests": ["tests/unit"],
    "nbval: every notebook, every output, bands": ["notebooks"],
    "other settings, own pictures, real data": ["tests/gates/test_settings.py"],
    "form, agreement with the sources, stored numbers, order": [
        "tests/gates/test_form.py",
        "tests/gates/test_build_check.py",
        "tests/gates/test_bands.py",
        "tests/gates/test_prose.py",
        "tests/gates/test_order.py",
    ],
    "nbval rejects bad notebooks": ["tests/gates/test_nbval_rejects.py"],
    "lessons in a browser": ["tests/browser"],
}


def test_importing_tensorflow(measure, table):
    bare, with_it = (measure("-c", code) for code in ("pass", "import tensorflow"))
    table.append(("`import tensorflow`", with_it._replace(seconds=with_it.seconds - bare.seconds), ""))


def test_lessons_one_after_the_other(measure, table, tmp_path):
    took = measure("-m", "course_utils", "run", "--notebooks", str(find_notebooks()), "--out", "batch", cwd=tmp_path)
    with open(tmp_path / "batch" / "results.csv", newline="", encoding="utf-8") as results:
        for row in csv.DictReader(results):
            table.append((row["lesson"], Measured(float(row["seconds"]), float(row["peak_memory_mb"])), 60))
    table.append(("the quick plan, one lesson after the other", took, ""))


def test_the_readmes_first_line(measure, table, tmp_path):
    quick = ["-m", "course_utils", "run", "--jobs", "auto", "--notebooks", str(find_notebooks()), "--out", "batch"]
    took = measure(*quick, cwd=tmp_path)
    table.append(("README's first line without installing: the quick plan, as many at a time as fit", took, 420))


@pytest.mark.parametrize("gate", GATES)
def test_gates(gate, measure, table):
    took = measure("-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *GATES[gate], cwd=ROOT)
    table.append((f"gate: {gate}", took, ""))


def test_gates_together(measure, table):
    took = measure("-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", cwd=ROOT)
    table.append(("README's second line without installing: every test", took, 720))
