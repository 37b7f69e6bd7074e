"""pyproject.toml, requirements.txt, environment.yml and the README's lines agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="the wheel alone has no repository around it"
)
NAME = "convnet-course"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def lines(name):
    return [line for line in read(name).splitlines() if line and not line.startswith("#")]


def test_every_range_is_met_by_the_pins_on_every_python():
    wanted = [
        Requirement(text)
        for group in [project()["dependencies"], *project()["optional-dependencies"].values()]
        for text in group
    ]
    pins = [Requirement(line) for line in lines("requirements.txt") if not line.startswith("-e")]
    for requirement in wanted:
        if requirement.name == NAME:
            continue
        for python in ("3.11.7", "3.12.1", "3.13.0"):
            found = [
                pin
                for pin in pins
                if pin.name == requirement.name
                and (
                    pin.marker is None
                    or pin.marker.evaluate({"python_full_version": python, "python_version": python[:4]})
                )
            ]
            assert len(found) == 1, (requirement.name, python)
            (specifier,) = found[0].specifier
            assert specifier.operator == "==" and specifier.version in requirement.specifier, found[0]


def test_the_course_itself_is_installed_with_the_pins():
    assert lines("requirements.txt")[0] == "-e ."


def test_conda_takes_python_and_the_same_pins():
    environment = yaml.safe_load(read("environment.yml"))
    python, pip, by_pip = environment["dependencies"]
    assert pip == "pip" and by_pip == {"pip": ["-r requirements.txt"]}
    assert python.removeprefix("python=") + ".0" in SpecifierSet(project()["requires-python"])


def test_colabs_versions_are_inside_the_ranges():
    ranges = {requirement.name: requirement.specifier for requirement in map(Requirement, project()["dependencies"])}
    pins = [Requirement(line) for line in lines("tests/colab-constraints.txt")]
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.version in ranges.get(pin.name, SpecifierSet()), pin
    assert {"tensorflow", "keras", "numpy", "matplotlib", "ipykernel", "ipython"} <= {
        pin.name for pin in pins
    } & ranges.keys()


def test_ci_and_the_readme_have_the_same_two_lines():
    install = "python3 -m venv .venv && .venv/bin/python -m pip install -q -r requirements.txt && .venv/bin/python -m"
    readme, ci = read("README.md"), read(".ci/run")
    for start, end in (("main_job", "course_utils run --jobs auto"), ("tests", "pytest -n auto")):
        assert f"```sh\n{install} {end}\n```" in readme
        (pattern,) = re.findall(rf"^{start}=\$\(grep -m1 -E '(.*)' README.md\)$", ci, re.MULTILINE)
        assert re.findall(pattern, readme, re.MULTILINE)[0] == f"{install} {end}"
    assert readme.count("pytest -n auto\n```") == 2  # PowerShell's, too
