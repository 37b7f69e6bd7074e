"""What a kernel finds around it: settings of Keras, which are checked where it is imported, and its user's profile."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils import runtime


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A process that has not imported Keras, with a folder for its settings: `keras_home(floatx="float16")` writes them."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def write(**settings):
        (tmp_path / "keras.json").write_text(json.dumps(settings), encoding="utf-8")

    return write


@pytest.mark.parametrize(
    "setting, value, needed",
    [
        ("backend", "jax", "tensorflow"),
        ("image_data_format", "channels_first", "channels_last"),
        ("floatx", "float16", "float32"),
        ("floatx", ["float32"], "float32"),
    ],
)
def test_a_setting_in_keras_json_is_refused_before_the_import(keras_home, tmp_path, setting, value, needed):
    keras_home(**{setting: value})
    ran = []
    with pytest.raises(ValueError) as found, runtime.quiet():
        ran.append("the import")
    assert str(found.value) == (
        f"{setting} in {tmp_path / 'keras.json'} must be {needed!r}; got {value!r}: "
        f"write {needed!r} there, then restart the kernel"
    )
    assert not ran


def test_the_backend_in_the_environment_is_refused_and_beats_the_file(keras_home, monkeypatch):
    keras_home(backend="torch")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(
        ValueError, match="^KERAS_BACKEND must be 'tensorflow'; got 'jax': unset this environment variable"
    ):
        runtime.check_keras()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    runtime.check_keras()
    monkeypatch.setenv("KERAS_BACKEND", "")  # Keras takes it for unset
    with pytest.raises(ValueError, match="^backend in .*keras.json must be 'tensorflow'; got 'torch'"):
        runtime.check_keras()


def test_the_usual_settings_pass_and_so_does_a_file_that_keras_cannot_read(keras_home, tmp_path):
    runtime.check_keras()
    keras_home(floatx="float32", epsilon=1e-7, backend="tensorflow", image_data_format="channels_last")
    runtime.check_keras()
    for text in ("{", "[1]", ""):
        (tmp_path / "keras.json").write_text(text, encoding="utf-8")
        runtime.check_keras()


def test_without_keras_home_the_file_is_that_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # HOME, on Windows
    assert runtime._keras_file() == tmp_path / ".keras" / "keras.json"


IN_KERAS = """
from course_utils import runtime
with runtime.quiet():
    import keras
assert runtime._keras_file().exists(), "Keras has written its file elsewhere"
keras.config.set_dtype_policy("mixed_float16")
with runtime.quiet():
    print("a student's dtype policy passes")
for change, back in [(lambda: keras.config.set_floatx("float16"), lambda: keras.config.set_floatx("float32")),
                     (lambda: keras.config.set_image_data_format("channels_first"), lambda: None)]:
    change()
    try:
        with runtime.quiet():
            import course_utils.inspection
    except ValueError as error:
        print(error)
    back()
"""


def test_once_keras_is_imported_what_it_says_of_itself_is_checked(tmp_path):
    settings = {name: value for name, value in os.environ.items() if not name.startswith("KERAS_")}
    done = subprocess.run(
        [sys.executable, "-c", IN_KERAS],
        env={**settings, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "a student's dtype policy passes",
        "keras.config.floatx() must be 'float32'; got 'float16': do not call keras.config.set_floatx, then restart the kernel",
        "keras.config.image_data_format() must be 'channels_last'; got 'channels_first': "
        "do not call keras.config.set_image_data_format, then restart the kernel",
    ]
    assert done.stderr == ""


def unchecked_imports(source):
    """Lines that import Keras or TensorFlow outside of ``with quiet():``."""
    tree = ast.parse(source)
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.With) and "quiet()" in ast.unparse(n.items[0])]
    checked = {id(part) for block in blocks for part in ast.walk(block)}
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if id(node) not in checked and {"keras", "tensorflow"} & {name.partition(".")[0] for name in names}:
            yield node.lineno


def test_every_module_that_imports_keras_lets_its_settings_be_checked():
    assert list(
        unchecked_imports("with quiet():\n    import keras\nimport tensorflow.math\nfrom keras import ops")
    ) == [3, 4]
    package = Path(runtime.__file__).parent
    found = {path.name for path in package.rglob("*.py") if list(unchecked_imports(path.read_text(encoding="utf-8")))}
    assert found <= {"features.py"}  # which is given a model: Keras is there by then


@pytest.fixture
def personal(tmp_path):
    """Environment variables of somebody whose profile shows two decimals, and whose start-up file defines a name."""
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00.py").write_text("get_ipython().run_line_magic('precision', '2')\n")
    (profile / "ipython_config.py").write_text("c.InteractiveShellApp.exec_lines = ['x = 1']\n")
    (tmp_path / "start.py").write_text("x = 2\n")
    return {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONSTARTUP": str(tmp_path / "start.py")}


def shown_by_a_kernel(**options):
    """What a new kernel shows for 1/3, and whether it has a name `x`."""
    manager, client = start_new_kernel(**options)
    shown = []
    try:
        client.execute_interactive("(1 / 3, 'x' in globals())", output_hook=shown.append, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return [message["content"]["data"]["text/plain"] for message in shown if message["msg_type"] == "execute_result"]


def test_a_kernel_can_be_started_without_its_users_profile(personal, tmp_path):
    assert shown_by_a_kernel(env={**os.environ, **personal}) == ["(0.33, True)"]
    (tmp_path / "empty").mkdir()
    bare = runtime.impersonal(tmp_path / "empty")
    assert shown_by_a_kernel(env={**os.environ, **personal, **bare}) == ["(0.3333333333333333, False)"]


def test_a_kernel_that_a_test_starts_has_no_personal_profile():
    assert shown_by_a_kernel() == ["(0.3333333333333333, False)"]


def test_the_test_before_passes_for_a_contributor_with_a_profile(personal):
    root = Path(__file__).parents[2]
    test = f"{Path(__file__).relative_to(root)}::{test_a_kernel_that_a_test_starts_has_no_personal_profile.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=root,
        env={**os.environ, **personal, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
