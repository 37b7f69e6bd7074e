"""The command line, ``course`` or ``python -m course_utils``: ``run``, ``build``, ``address`` and ``data``."""

import argparse
import dataclasses
import os
import re
import signal
import sys
from pathlib import Path

from .batch import BatchStopped, UsageError
from .checks import nearest
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

    run = commands.add_parser(
        "run", parents=[common], help="run lessons or a study, and write results.csv and report.html"
    )
    run.add_argument(
        "plan",
        nargs="?",
        default="quick",
        metavar="PLAN",
        help="a plan's name in notebooks/plans or its file, a lesson's name, or a notebook's "
        "(default: quick, every lesson at its defaults)",
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
        "--grid",
        action="append",
        default=[],
        metavar="NAME=A,B,…",
        help="run with each of these values; repeatable, for every combination",
    )
    run.add_argument("--seeds", type=_positive, metavar="N", help="run with SEED = 0 to N - 1")
    run.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="notebooks at a time (default: 1); auto: as many as cores and memory bear",
    )
    run.add_argument(
        "--out", metavar="DIR", help="where results go (default: runs/PLAN); what earlier batches left there stays"
    )
    again = run.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="keep runs that ended well, and whose notebook, parameters and data are as they were",
    )
    again.add_argument("--clean", action="store_true", help="remove first what earlier batches left in DIR")
    run.add_argument("--timeout", type=_positive, metavar="SECONDS", help="for one cell (default: the plan's, or 1800)")
    run.add_argument("--memory", type=_positive, default=0, metavar="MB", help="for one notebook (default: no limit)")
    run.add_argument("--shard", type=_shard, default=(1, 1), metavar="K/N", help="only the Kth of N parts of the runs")
    run.add_argument(
        "--dry-run", action="store_true", help="list the runs and how long they may take, and start nothing"
    )
    run.set_defaults(command=run_command, name="run")

    merge = commands.add_parser("merge", help="put the results of several folders, such as shards, into one")
    merge.add_argument("folder", nargs="+", metavar="DIR", help="a folder that `run` has written")
    merge.add_argument("--out", required=True, metavar="DIR", help="the new folder")
    merge.set_defaults(command=merge_command, name="merge")

    study = commands.add_parser("study", parents=[common], help="list the stored studies, or store one")
    study.set_defaults(command=study_command, name="study")
    keep = study.add_subparsers(metavar="keep").add_parser(
        "keep", parents=[common], help="store the finished runs of a study's folder in data/studies"
    )
    keep.add_argument("folder", metavar="DIR", help="a folder that `run` has written, such as runs/studies/depth")
    keep.add_argument("--name", dest="study", metavar="NAME", help="the study's name (default: the folder's)")
    keep.set_defaults(command=keep_command, name="study keep")

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


def _shard(text):
    """``3/20`` as (3, 20)."""
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"K/N with K from 1 to N is needed, such as 3/20; got {text!r}")
    return int(part), int(parts)


def _jobs(text):
    return text if text == "auto" else _positive(text)


def run_command(options):
    """``run``: 0 when every notebook went well, 1 otherwise."""
    from .batch import dry_run, lessons, plan, processes, run

    for package in ("papermill", "ipykernel"):
        _require(package, "run")
    notebooks = find_notebooks(options.notebooks)
    known = lessons.find_lessons(notebooks) + lessons.find_experiments(notebooks)
    wanted, name = _plan(options.plan, notebooks, known)
    try:
        own = (
            Path("runs", name)
            if options.shard == (1, 1)
            else Path("runs", f"{name}-{'-of-'.join(map(str, options.shard))}")
        )
        out = Path(options.out or own).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"--out {options.out}: {error}") from None
    overrides = _once("-p", map(_assignment, options.parameter))
    grid = _once("--grid", map(_axis, options.grid))
    if both := overrides.keys() & grid.keys():
        raise UsageError(f"-p and --grid both say what {', '.join(sorted(both))} is: give one of them")
    wanted = plan.with_sweep(wanted, grid, options.seeds)
    specs = plan.expand(wanted, known, options.lesson, overrides, Path.cwd(), options.timeout, print)
    part, parts = options.shard
    specs = [dataclasses.replace(spec, memory=options.memory) for spec in specs][part - 1 :: parts]
    if not specs:
        raise UsageError(f"--shard {part}/{parts}: there are fewer runs than parts, so this part is empty")
    jobs = processes.as_many_as_fit() if options.jobs == "auto" else options.jobs
    if options.dry_run:
        dry_run.show(specs, jobs, [out, *Path("runs").glob("**/")])
        return 0
    for variable, named in [("COURSE_DATA", data_folder), ("COURSE_CACHE", cache_folder)]:
        if os.environ.get(variable):  # a relative folder is the caller's, but each run has its own
            os.environ[variable] = str(named())
    for stop in ("SIGTERM", "SIGHUP"):  # a cluster that cancels the job, a terminal that is closed: as Ctrl-C
        if hasattr(signal, stop):
            signal.signal(getattr(signal, stop), signal.default_int_handler)
    try:
        records = run.run_batch(wanted, specs, out, jobs, options.resume, options.clean)
    except KeyboardInterrupt:
        print(f"\nstopped; what had finished is in {_shown(out)}; go on with --resume", file=sys.stderr)
        return 130
    except BatchStopped as error:
        print(f"{error}; stopped; what had finished is kept; go on with --resume", file=sys.stderr)
        return 1
    failed = [record for record in records if record.status != "ok"]
    for record in failed:
        place = f", code cell {record.error.cell}" if record.error.cell else ""
        print(f"{record.name}{place}: {record.error.message}", file=sys.stderr)
    print(f"{len(records) - len(failed)} of {len(records)} ok; the report is {_shown(out / 'report.html')}")
    return 1 if failed else 0


def _plan(word, notebooks, known):
    """The plan that a word on the command line means, and the name of the folder for its results."""
    from .batch import plan

    path = Path(word)
    if path.suffix == ".toml":
        return plan.read_plan(path), path.stem
    path = notebooks / "plans" / f"{word}.toml"
    if path.exists():
        return plan.read_plan(path), word
    if word == "quick":  # students' notebooks come without plans
        return plan.EVERYTHING, word
    if word in {lesson.title for lesson in known} | {lesson.lesson for lesson in known if not lesson.folder}:
        return plan.Plan(word, (plan.Run(word),)), word
    plans = [
        found.relative_to(notebooks / "plans").with_suffix("").as_posix()
        for found in sorted(notebooks.glob("plans/**/*.toml"))
    ]
    names = [*plans, *(lesson.title for lesson in known)]
    raise UsageError(f"no plan or notebook {word!r}{nearest(word, names)}; there are {', '.join(names) or 'none'}")


def _once(option, pairs):
    """Pairs of a name and what it is set to as a dict; each name once."""
    found = {}
    for name, value in pairs:
        if name in found:
            raise UsageError(f"{option} {name} is given twice; several values are --grid {name}=A,B")
        found[name] = value
    return found


def _axis(text):
    """``NAME=A,B`` as a name and the values' texts; a comma inside of brackets is a list's."""
    name, equals, values = text.partition("=")
    parts = [part.strip() for part in re.split(r",(?![^\[]*\])", values)]
    if not equals or not name.isidentifier() or not all(parts):
        raise UsageError(f"--grid takes NAME=A,B with a value before and after each comma; got {text!r}")
    return name, parts


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


def merge_command(options):
    """``merge``: 0."""
    from .batch import folder

    out = Path(options.out).expanduser().absolute()
    count = folder.merge([Path(one).expanduser().absolute() for one in options.folder], out)
    print(f"{count} runs are in {_shown(out)}")
    return 0


def study_command(options):
    """``study``: 0."""
    from . import studies

    stored = sorted(studies.folder().glob("*.csv"))
    for path in stored:
        runs = studies.read(path.stem)
        print(f"{path.stem:<20} {len(runs)} of {runs[0]['planned']} runs")
    if not stored:
        print(f"no study is stored in {_shown(studies.folder())}")
    return 0


def keep_command(options):
    """``study keep``: 0."""
    from . import studies
    from .batch import lessons, plan, study

    name = options.study or Path(options.folder).absolute().name
    notebooks = find_notebooks(options.notebooks)
    path, planned = notebooks / "plans" / "studies" / f"{name}.toml", None
    if path.exists():
        known = lessons.find_lessons(notebooks) + lessons.find_experiments(notebooks)
        planned = len(plan.expand(plan.read_plan(path), known))
    try:
        stored, planned = study.keep(options.folder, name, planned)
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(f"{name}: {stored} of {planned} runs are stored in {_shown(studies.folder() / name)}.csv")
    return 0


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
