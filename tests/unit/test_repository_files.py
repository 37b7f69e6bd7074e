"""Workflows, hooks and the files for contributors agree with the README, the requirements and the package."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import course_utils

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="the wheel alone has no repository around it"
)
# How a workflow picks a line of the README, in sh and in PowerShell.
PICKS = re.compile(r"""grep -m1 -E '(.+?)' README\.md|Select-String -Path README\.md -Pattern '(.+?)'""")
COMMANDS_OF = {"import-linter": "lint-imports"}  # where a package's command has another name


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def picked(name):
    return ["".join(groups) for groups in PICKS.findall(read(f".github/workflows/{name}"))]


def test_the_workflow_runs_all_four_lines_of_the_readme():
    lines = [line for line in read("README.md").splitlines() if re.match(r"(python3|py) -m venv ", line)]
    found = [[line for line in lines if re.search(pattern, line)] for pattern in picked("tests.yml")]
    assert all(len(some) == 1 for some in found), found
    assert sorted(line for (line,) in found) == sorted(lines) and len(lines) == 4


def test_the_weekly_workflow_runs_the_long_tests_with_the_readmes_line():
    (pattern,) = picked("long.yml")
    (line,) = (line for line in read("README.md").splitlines() if re.search(pattern, line))
    assert "-m pytest" in line
    assert 'README.md) -m long"' in read(".github/workflows/long.yml")
    assert any(marker.startswith("long:") for marker in project()["tool"]["pytest"]["ini_options"]["markers"])


def project():
    return tomllib.loads(read("pyproject.toml"))


def hooks():
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]  # others would be cloned from the network
    return repositories[0]["hooks"]


def test_hooks_download_nothing_and_call_what_the_extra_lint_installs():
    extra = {Requirement(text).name for text in project()["project"]["optional-dependencies"]["lint"]}
    commands = {COMMANDS_OF.get(name, name) for name in extra - {"pre-commit"}}
    assert {hook["language"] for hook in hooks()} == {"system"}
    assert {hook["entry"].split()[0] for hook in hooks()} == commands | {"python"}
    assert "lint" in re.search(r"-e \.\[(.*)\]", read("requirements.in"))[1].split(",")


@pytest.mark.parametrize("file", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(".github/**/*.yml")))
def test_each_file_for_github_has_a_hook_that_checks_it(file):
    if file != ".github/ISSUE_TEMPLATE/config.yml":  # one line
        assert [
            hook["id"] for hook in hooks() if "check-jsonschema" in hook["entry"] and re.search(hook["files"], file)
        ]


def test_one_version_everywhere():
    version = project()["project"]["version"]
    assert version == course_utils.__version__ == str(yaml.safe_load(read("CITATION.cff"))["version"])
    assert re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1] == version


def test_contributors_read_of_every_room():
    (contract,) = project()["tool"]["importlinter"]["contracts"]
    rooms = {room for layer in contract["layers"] for room in layer.split(" : ") if not room.startswith("(")}
    table = read("CONTRIBUTING.md").partition("## The rooms")[2].partition("\n## ")[0]
    assert {room for room in rooms if f"`{room}`" not in table} == set()
