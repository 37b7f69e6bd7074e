"""The package as a whole: what importing it loads, and that the three lists of dependencies agree."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import course_utils
from course_utils import runtime


def loaded_by(statement):
    code = f"import sys; {statement}; print(*sorted(name for name in sys.modules if '.' not in name))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    modules = loaded_by("import course_utils")
    assert "course_utils" in modules
    assert not {"numpy", "tensorflow", "keras", "matplotlib", "IPython", "nbformat", "skimage"} & set(modules)


def test_a_module_loads_on_first_use():
    modules = loaded_by("import course_utils; course_utils.counting.output_size(6, 3)")
    assert "course_utils" in modules and "numpy" not in modules


def test_every_module_and_package_of_the_folder_can_be_reached():
    folder = Path(course_utils.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    public = {name for name in files if not name.startswith("_")}
    assert {"counting", "batch", "exercises", "widgets"} <= public == set(course_utils.__all__)
    for name in public:
        assert getattr(course_utils, name).__name__ == f"course_utils.{name}"
    assert set(dir(course_utils)) == public | {"__version__"}


def test_an_unknown_module_is_refused_with_the_known_ones():
    with pytest.raises(AttributeError, match="course_utils has no module 'polts'; it has augment, batch, checks"):
        _ = course_utils.polts


def test_the_version_of_the_package_is_that_of_the_project():
    project = Path(course_utils.__file__).parents[1] / "pyproject.toml"
    if not project.exists():
        pytest.skip("the wheel alone has no repository around it")
    assert course_utils.__version__ == tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]


def test_importing_tensorflow_quietly_leaves_stderr_empty():
    code = (
        "from course_utils import runtime\nwith runtime.quiet():\n    import tensorflow as tf\n"
        "import sys; print(tf.constant(1).numpy()); print('after', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n" and done.stderr == "after\n"


def test_an_error_while_quiet_is_raised_and_stderr_restored():
    code = (
        "from course_utils import runtime\ntry:\n    with runtime.quiet():\n        import no_such_module\n"
        "except ImportError as error:\n    import sys; print(error, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no_such_module" in done.stderr


def test_versions_name_what_a_result_depends_on():
    assert {"python", "tensorflow", "keras", "numpy", "convnet-course"} <= runtime.versions().keys()


@pytest.mark.parametrize("version", ["3.1", "3.1.0", "3.1.9"])
def test_a_lesson_of_this_version_says_nothing(monkeypatch, capsys, version):
    monkeypatch.setattr(runtime, "__version__", "3.1.4")
    runtime.built_for(version)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("version", ["3.0.4", "3.10", "2.1"])
def test_a_lesson_of_another_version_says_so_in_one_line(monkeypatch, capsys, version):
    monkeypatch.setattr(runtime, "__version__", "3.1.4")
    runtime.built_for(version)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    short = ".".join(version.split(".")[:2])
    assert said.startswith(f"This lesson was built for version {short} of the course's package; 3.1 is installed: ")
