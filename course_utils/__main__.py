"""The command line, ``course`` or ``python -m course_utils``: ``run``, ``build``, ``address`` and ``data``."""

import argparse
import os
import signal
import sys
from pathlib import Path

from .batch import UsageError
from .paths import cache_folder, data_folder, find_notebooks
from .registry import downloads, known, unknown
from .store import DataError


def main(arguments=None):
    """Run a command; returns the exit code.

    0: done; 1: a notebook failed, the notebooks do not agree with their sources, or data could not be fetched;
    2: asked for wrongly, nothing was started; 130: stopped by Ctrl-C.
    """
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console without the letter é must not end a batch; in a log, a line is there when it is written.
            stream.reconfigure(errors="replace", line_buffering=True)
    try:
        return options.command(options)
    except (UsageError, FileNotFoundError) as error:
        print(f"{program()} {options.name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C", file=sys.stderr)
        return 130


def program():
    """How this program was called: as ``course``, which installing the package makes, or as a module, which works without."""
    return "course" if Path(sys.argv[0]).stem == "course" else "python -m course_utils"


def parser():
    """The command line's options."""
    top = argparse.ArgumentParser(prog=program(), description="Run and build the course's notebooks; get its data.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--notebooks", metavar="DIR", help="the folder that holds the lessons (default: that of the clone)"
    )

    run = commands.add_parser("run", parents=[common], help="run lessons, and write results.csv and report.html")
    run.add_argument(
        "plan",
        nargs="?",
        default="quick",
        metavar="PLAN",
        help="a plan's name in notebooks/plans or its file (default: quick, every lesson at its defaults)",
    )
    run.add_argument("--lesson", action="append", default=[], metavar="NAME", help="only this lesson; repeatable")
    run.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter in every lesson that has it; repeatable",
    )
    run.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="notebooks at a time (default: 1); auto: as many as cores and memory bear",
    )
    run.add_argument(
        "--out", metavar="DIR", help="where results go (default: runs/PLAN); an earlier batch there is replaced"
    )
    run.add_argument("--resume", action="store_true", help="keep what an earlier, interrupted batch finished")
    run.add_argument("--timeout", type=_positive, metavar="SECONDS", help="for one cell (default: the plan's, or 1800)")
    run.set_defaults(command=run_command, name="run")

    build = commands.add_parser("build", parents=[common], help="build the notebooks from notebooks/source")
    build.add_argument("lesson", nargs="*", metavar="LESSON", help="number or name (default: all)")
    how = build.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="change nothing; fail if a notebook differs from its source")
    how.add_argument(
        "--text", action="store_true", help="execute nothing: exchange the text, and keep the outputs of unchanged code"
    )
    how.add_argument(
        "--force",
        action="store_true",
        help="overwrite notebooks that were edited by hand or cannot be read; a copy is kept beside each",
    )
    build.set_defaults(command=build_command, name="build")

    address = commands.add_parser(
        "address", parents=[common], help="set the repository's address in badges, setup cells and the README"
    )
    address.add_argument("address", metavar="https://github.com/OWNER/NAME")
    address.set_defaults(command=address_command, name="address")

    data = commands.add_parser("data", help="list the data sets: which are there, and how to get the others")
    data.set_defaults(command=data_command, name="data")
    fetch = data.add_subparsers(metavar="fetch").add_parser(
        "fetch", help="download data sets ahead of a class, and check those that are there"
    )
    fetch.add_argument("dataset", nargs="+", metavar="NAME", help=", ".join(downloads()))
    fetch.set_defaults(command=fetch_command, name="data fetch")
    return top


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number, at least 1, is needed; got {text!r}")
    return int(text)


def _jobs(text):
    return text if text == "auto" else _positive(text)


def run_command(options):
    """``run``: 0 when every notebook went well, 1 otherwise."""
    from .batch import lessons, plan, processes, run

    for package in ("papermill", "ipykernel"):
        _require(package, "run")
    notebooks = find_notebooks(options.notebooks)
    known = lessons.find_lessons(notebooks)
    path = Path(options.plan)
    if path.suffix != ".toml":
        path = notebooks / "plans" / f"{options.plan}.toml"
    # Students' notebooks come without plans.
    wanted = plan.EVERYTHING if options.plan == "quick" and not path.exists() else plan.read_plan(path)
    try:
        out = Path(options.out or Path("runs", path.stem)).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"--out {options.out}: {error}") from None
    overrides = dict(_assignment(text) for text in options.parameter)
    specs = plan.expand(wanted, known, out, options.lesson, overrides, Path.cwd(), options.timeout, print)
    jobs = processes.as_many_as_fit() if options.jobs == "auto" else options.jobs
    for variable, named in [("COURSE_DATA", data_folder), ("COURSE_CACHE", cache_folder)]:
        if os.environ.get(variable):  # a relative folder is the caller's, but each run has its own
            os.environ[variable] = str(named())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster that cancels the job: as Ctrl-C
    try:
        records = run.run_batch(wanted.title, specs, out, jobs, options.resume)
    except KeyboardInterrupt:
        print(f"\nstopped; what had finished is in {_shown(out)}; go on with --resume", file=sys.stderr)
        return 130
    failed = [record for record in records if record.status != "ok"]
    for record in failed:
        place = f", code cell {record.error.cell}" if record.error.cell else ""
        print(f"{record.name}{place}: {record.error.message}", file=sys.stderr)
    print(f"{len(records) - len(failed)} of {len(records)} ok; the report is {_shown(out / 'report.html')}")
    return 1 if failed else 0


def _assignment(text):
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"-p takes NAME=VALUE, such as -p EPOCHS=3; got {text!r}")
    return name, value


def _shown(path):
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else path


def _require(package, command):
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise UsageError(
            f"'{command}' needs {package}: install it with  pip install 'convnet-course[batch]'  "
            "or, in a clone,  pip install -r requirements.txt"
        )


def build_command(options):
    """``build``: 0 when all is built (or agrees), 1 otherwise."""
    from .batch import build

    _require("jupytext", "build")
    notebooks = find_notebooks(options.notebooks)
    if options.check:
        return _building(build.check, notebooks, options.lesson)
    if options.text:
        return _building(build.build_text, notebooks, options.lesson)
    return _building(build.build, notebooks, options.lesson, options.force)


def address_command(options):
    """``address``: 0 when it stands everywhere, 1 when a notebook cannot take it."""
    from .batch import build

    _require("jupytext", "address")
    return _building(build.set_address, find_notebooks(options.notebooks), options.address)


def _building(function, *arguments):
    from .batch.source import BuildError

    try:
        function(*arguments)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def data_command(options):
    """``data``: 0."""
    from . import fetch

    folder = data_folder()
    note = "" if folder.is_dir() else "is a file, not a folder; " if os.path.exists(folder) else "does not exist yet; "
    print(f"data folder: {folder} ({note}COURSE_DATA names another)")
    for row in fetch.state():
        size = f"{row.bytes / 1e6:.1f} MB" if row.bytes else ""
        print(f"{row.name:<13} {row.status:<13} {size:>9}  {row.hint}")
    return 0


def fetch_command(options):
    """``data fetch``: 0 when every data set is there and as it should be, 1 otherwise."""
    from . import fetch, laid_out

    wanted = [name for name in options.dataset if not known().get(name, {}).get("embedded")]
    if wrong := [name for name in wanted if name not in downloads()]:
        raise UsageError(unknown(wrong[0]))
    failed = False
    for name in wanted:
        try:
            path = fetch.fetch(name)
            laid_out.check(path, name)
            print(f"{name}: {path}")
        except DataError as error:
            print(f"{program()} {options.name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
