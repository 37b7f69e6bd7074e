"""What is known of a run: before it (`Spec`) and after it (`Record`). Plain values, so that both can travel to another machine."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..registry import known
from ..studies import EMBEDDED

TIMEOUT = 1800  # seconds


@dataclass(frozen=True)
class Spec:
    """All that `execute.run_one` needs to know of one run.

    ``notebook`` is the text of the notebook's file, ``changed`` holds the parameters that differ from the notebook's
    defaults, ``parameters`` all of them, ``exercises`` the names of the lesson's exercises. ``problem`` says why the
    notebook cannot be run at all, or is empty; ``data`` changes when a data set does that is not embedded. ``scratch`` is
    a folder of this machine where others may see how far the run is, or empty; ``memory`` is how many megabytes the run
    may take, or 0: as many as there are.
    """

    name: str
    lesson: str
    notebook: str
    parameters: dict = field(default_factory=dict)
    changed: dict = field(default_factory=dict)
    timeout: int = TIMEOUT
    problem: str = ""
    exercises: tuple = ()
    data: str = ""
    scratch: str = ""
    memory: int = 0

    @property
    def partial(self):
        """The file that the notebook is written to while it runs."""
        return Path(self.scratch, f"{self.name}.ipynb")

    @property
    def progress(self):
        """The file that says how many code cells are done, and of how many."""
        return Path(self.scratch, f"{self.name}.progress")

    @property
    def source(self):
        """Changes when the notebook does."""
        return hashlib.sha256((self.notebook + self.problem).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def fingerprint(self):
        """Changes when the notebook, a parameter or the data set does: what ``--resume`` goes by."""
        content = self.source + self.data + json.dumps(self.parameters, sort_keys=True)
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
    notebook, or empty, ``notebook`` the name of the file for it. ``seconds`` and ``peak_memory_mb`` are those of the
    kernel, ``cells`` the seconds of each code cell, ``versions`` are of the packages that it had, and ``built_for`` is the
    version of the course that the notebook was built for. ``source`` and ``data`` are those of its `Spec`. ``left`` says
    which processes the notebook had left running.
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
    source: str = ""
    data: str = ""
    cells: tuple = ()
    left: str = ""

    @property
    def known_data(self):
        """What a stored result says of its data: ``data``, "embedded" where they come with the course, or "unknown"."""
        entry = known().get(str(self.parameters.get("DATASET")), {"embedded": True})
        return self.data or (EMBEDDED if entry["embedded"] else "unknown")

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
    return Record(
        spec.name,
        spec.lesson,
        f"{spec.name}.ipynb",
        status,
        spec.parameters,
        spec.fingerprint,
        error=Failure(message) if status != "ok" else None,
        source=spec.source,
        data=spec.data,
    )


def from_json(line):
    """The record that `Record.as_json` wrote.

    Raises
    ------
    ValueError, TypeError
        When it is no such line.
    """
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError(f"a record is a JSON object; got {line[:80]!r}")
    if values.get("error"):
        values["error"] = Failure(**values["error"])
    values["cells"] = tuple(values.get("cells", ()))
    return Record(**values)


def changed_since(record, spec, versions):
    """What differs between a record and a spec, in words; empty where the run need not be repeated.

    Parameters
    ----------
    record : Record
    spec : Spec
    versions : dict of str to str
        Of the packages that a kernel would have now.

    Returns
    -------
    str
    """
    words = []
    if record.source != spec.source:
        words.append("another notebook")
    for name in dict.fromkeys([*record.parameters, *spec.parameters]):
        then, now = record.parameters.get(name), spec.parameters.get(name)
        if then != now:
            words.append(f"{name} {then!r} then, {now!r} now")
    if record.data != spec.data:
        words.append("other data")
    for name, now in versions.items():
        if record.versions and record.versions.get(name) != now:
            words.append(f"{name} {record.versions.get(name, 'missing')} then, {now} now")
    return ", ".join(words)
