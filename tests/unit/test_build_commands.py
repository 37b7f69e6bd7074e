"""The commands `build` and `address`: what they call, how they end, and by which name the program speaks of itself."""

import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from course_utils import __main__ as cli
from course_utils.batch import UsageError, build


@pytest.fixture
def call(make_lesson, tmp_path, monkeypatch, capsys):
    """Call the command line in a folder with a lesson; `call(…)` gives exit code, stdout and stderr."""
    make_lesson("01_quick")
    monkeypatch.chdir(tmp_path)

    def go(*arguments):
        try:
            code = cli.main(list(arguments))
        except SystemExit as stop:  # argparse's own refusals
            code = stop.code
        return code, *capsys.readouterr()

    return go


@pytest.mark.parametrize(
    "arguments, function, passed",
    [
        (["build"], "build", ([], False)),
        (["build", "pooling", "03"], "build", (["pooling", "03"], False)),
        (["build", "--force", "pooling"], "build", (["pooling"], True)),
        (["build", "--check"], "check", ([],)),
        (["build", "--text", "pooling"], "build_text", (["pooling"],)),
        (["address", "https://github.com/ann/nets"], "set_address", ("https://github.com/ann/nets",)),
    ],
)
def test_each_command_calls_its_function(call, tmp_path, monkeypatch, arguments, function, passed):
    seen = []
    monkeypatch.setattr(build, function, lambda *given: seen.append(given))
    assert call(*arguments) == (0, "", "")
    assert seen == [(tmp_path / "notebooks", *passed)]


@pytest.mark.parametrize(
    "arguments, function",
    [
        (["build"], "build"),
        (["build", "--check"], "check"),
        (["build", "--text"], "build_text"),
        (["address", "x"], "set_address"),
    ],
)
@pytest.mark.parametrize("error, code", [(build.BuildError("what is wrong"), 1), (UsageError("what is wrong"), 2)])
def test_the_exit_code_says_what_kind_of_trouble_it_is(call, monkeypatch, arguments, function, error, code):
    def fails(*_):
        raise error

    monkeypatch.setattr(build, function, fails)
    assert call(*arguments)[0] == code and "what is wrong" in call(*arguments)[2]


def test_ways_to_build_exclude_each_other(call):
    for pair in (("--check", "--text"), ("--text", "--force"), ("--check", "--force")):
        code, _, err = call("build", *pair)
        assert code == 2 and f"argument {pair[1]}: not allowed with argument {pair[0]}" in err


def test_text_check_and_address_execute_nothing(call, monkeypatch):
    for function in ("check", "build_text", "set_address"):
        monkeypatch.setattr(build, function, lambda *_: None)
    monkeypatch.setattr(build, "execute", lambda *_: pytest.fail("a lesson was executed"))
    for arguments in (("build", "--check"), ("build", "--text"), ("address", "https://github.com/ann/nets")):
        assert call(*arguments)[0] == 0


@pytest.mark.parametrize(
    "called, name",
    [
        ("/venv/bin/course", "course"),
        (r"Scripts/course.exe", "course"),
        ("/x/course_utils/__main__.py", "python -m course_utils"),
    ],
)
def test_the_program_has_the_name_by_which_it_was_called(call, monkeypatch, called, name):
    monkeypatch.setattr(sys, "argv", [called])
    assert call("--help")[1].startswith(f"usage: {name} [-h] COMMAND")
    assert call("build", "nosuch")[2].startswith(f"{name} build: ")


def test_installing_the_package_makes_the_command():
    project = Path(cli.__file__).parents[1] / "pyproject.toml"
    if not project.exists():
        pytest.skip("the wheel alone has no repository around it")
    scripts = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["scripts"]
    assert EntryPoint("course", scripts["course"], "console_scripts").load() is cli.main
