"""What is known of a run: before it (`Spec`) and after it (`Record`). Plain values, so that both can travel to another machine."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

TIMEOUT = 1800  # seconds


@dataclass(frozen=True)
class Spec:
    """All that `execute.run_one` needs to know of one run.

    ``notebook`` is the text of the notebook's file, ``changed`` holds the parameters that differ from the lesson's
    defaults, ``parameters`` all of them, ``exercises`` the names of the lesson's exercises. ``problem`` says why the
    notebook cannot be run at all, or is empty.
    """

    name: str
    lesson: str
    notebook: str
    out: str
    parameters: dict = field(default_factory=dict)
    changed: dict = field(default_factory=dict)
    timeout: int = TIMEOUT
    problem: str = ""
    exercises: tuple = ()

    @property
    def executed(self):
        """The file that the executed notebook becomes."""
        return Path(self.out, f"{self.name}.ipynb")

    @property
    def folder(self):
        """The run's own working directory."""
        return Path(self.out, "work", self.name)

    @property
    def partial(self):
        """The file that the notebook is written to while it runs."""
        return Path(self.out, "work", f"{self.name}.ipynb")

    @property
    def progress(self):
        """The file that says how many code cells are done, and of how many."""
        return Path(self.out, "work", f"{self.name}.progress")

    @property
    def fingerprint(self):
        """Changes when the notebook or a parameter does: what ``--resume`` goes by."""
        content = self.notebook + self.problem + json.dumps(self.parameters, sort_keys=True)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Failure:
    """Why a run did not end well: the number of the code cell that stopped it (or None), its source, the error, the last output."""

    message: str
    cell: int | None = None
    source: str = ""
    output: str = ""


@dataclass(frozen=True)
class Record:
    """What came of a run.

    ``status`` is ``ok``, ``failed`` (a cell raised, or the notebook cannot be run), ``timeout`` (a cell took too long),
    ``died`` (the kernel ended in the middle of a cell) or ``interrupted``. ``executed`` is the text of the executed
    notebook, or empty. ``seconds`` and ``peak_memory_mb`` are those of the kernel, ``versions`` are of the packages that
    it had, and ``built_for`` is the version of the course that the notebook was built for.
    """

    name: str
    lesson: str
    notebook: str
    status: str
    parameters: dict
    fingerprint: str
    seconds: float = 0.0
    peak_memory_mb: int = 0
    numbers: dict = field(default_factory=dict)
    exercises: dict = field(default_factory=dict)
    thumbnail: str | None = None
    error: Failure | None = None
    versions: dict = field(default_factory=dict)
    built_for: str = ""
    executed: str = ""

    @property
    def other_version(self):
        """A sentence where the notebook was built for another version of the course than the kernel had; or empty."""
        had = self.versions.get("convnet-course", "")
        if not self.built_for or not had or self.built_for.split(".")[:2] == had.split(".")[:2]:
            return ""
        return f"built for version {self.built_for} of the course, run with {had}"

    def as_json(self):
        """The record as one line of text, without the executed notebook, which is a file of its own."""
        return json.dumps(asdict(replace(self, executed="")))


def of_spec(spec, status, message=""):
    """The record of a run of which nothing is known but its end."""
    error = Failure(message) if status != "ok" else None
    return Record(spec.name, spec.lesson, spec.executed.name, status, spec.parameters, spec.fingerprint, error=error)


def from_json(line):
    """The record that `Record.as_json` wrote.

    Raises
    ------
    ValueError, TypeError
        When it is no such line.
    """
    values = json.loads(line)
    if values.get("error"):
        values["error"] = Failure(**values["error"])
    return Record(**values)
