"""JupyterLab on a free port and headless Chromium: one of each for all tests here; a screenshot when a test fails.

Where Chromium or Playwright is missing, the tests are skipped and say so; with COURSE_BROWSER=required that is a failure.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from course_utils import runtime
from course_utils.batch import source
from course_utils.batch.lessons import tagged

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TOKEN = "course"

#: Small values where a lesson trains, so that it is through in seconds.
PARAMETERS = {
    "convolution": {},
    "pooling": {},
    "augmentation": {"N_TRAIN": 40, "IMAGE_SIZE": 32, "EPOCHS": 1, "EPOCHS_AUGMENTED": 1},
}

#: And a number that is no parameter: how many digits section 11 of *augmentation* trains five networks on.
SHORTER = {"augmentation": ("4_000", "200")}

SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',  # cells out of sight are on the page as well
    "codemirror-extension/plugin": '{"defaultConfig": {"autoClosingBrackets": false}}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}


def missing(what):
    if os.environ.get("COURSE_BROWSER") == "required":
        pytest.fail(f"COURSE_BROWSER=required, and {what}", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a JupyterLab in a folder with the lessons as their sources mean them, without outputs."""
    if subprocess.run([sys.executable, "-c", "import jupyterlab"], capture_output=True).returncode:
        missing("JupyterLab is not installed: pip install jupyterlab")
    home = tmp_path_factory.mktemp("jupyter")
    lessons = home / "lessons"
    lessons.mkdir()
    for name, parameters in PARAMETERS.items():
        (path,) = (REPOSITORY / "notebooks" / "source").glob(f"[0-9][0-9]_{name}.py")
        made = with_parameters(source.from_source(path), parameters, *SHORTER.get(name, ()))
        nbformat.write(made, lessons / f"{name}.ipynb")
    for name, text in SETTINGS.items():
        plugin = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        plugin.parent.mkdir(parents=True, exist_ok=True)
        plugin.write_text(text)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    kept_out = (runtime.STATIC, "JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
    environment = {name: value for name, value in os.environ.items() if name not in kept_out} | {
        "PYTHONPATH": str(REPOSITORY),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    log = home / "log"
    with open(log, "w") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--allow-root",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={lessons}",
            ],
            cwd=lessons,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        address = f"http://localhost:{port}"
        wait_for(f"{address}/api/status?token={TOKEN}", server, log)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def with_parameters(notebook, values, old="", new=""):
    (cell,) = tagged(notebook, "parameters")
    assert not old or sum(old in one.source for one in notebook.cells) > 1
    for one in notebook.cells:
        one.source = one.source.replace(old, new) if old else one.source
    for name, value in values.items():
        cell.source, found = re.subn(rf"(?m)^({name}: [^=]+= )[^#]+", rf"\g<1>{value}  ", cell.source)
        assert found == 1, name
    return notebook


def wait_for(address, server, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address) as answer:
            return answer.read()
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}", pytrace=False)


def start_kernel(jupyter, path):
    """Start a notebook's kernel as JupyterLab does; on a slow machine it would open the notebook first and ask which kernel to take."""
    session = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    request = urllib.request.Request(
        f"{jupyter}/api/sessions?token={TOKEN}", json.dumps(session).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not program:
        missing("there is no Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def axe():
    """axe-core's script, which finds barriers on a page; a Python package ships it."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None:
        missing("axe is not installed: pip install axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def opened(browser, jupyter):
    """Open a lesson and run all of it, once: `opened("convolution")` gives its page."""
    pages = {}

    def open_lesson(name):
        if name not in pages:
            start_kernel(jupyter, f"{name}.ipynb")
            page = pages[name] = browser.new_page(viewport={"width": 1366, "height": 900})
            page.set_default_timeout(30_000)
            page.goto(f"{jupyter}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}")
            page.get_by_role("button", name="Python 3 (ipykernel)", exact=True).wait_for(timeout=90_000)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(timeout=90_000)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            cells = page.locator(".jp-CodeCell")
            page.wait_for_function(
                "() => { const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(one => one.textContent);"
                " return prompts.length && (prompts.every(text => /\\d/.test(text)) || document.querySelector('.jp-CodeCell [data-mime-type=\"application/vnd.jupyter.error\"]')) }",
                timeout=300_000,
            )
            assert cells.count() > 10
        return pages[name]

    yield open_lesson
    for page in pages.values():
        page.close()


@pytest.fixture
def lesson(opened, request):
    """The page of the lesson that the test is marked or parametrised with."""
    pages = []

    def get(name):
        pages.append(opened(name))
        return pages[-1]

    yield get
    outcome = getattr(request.node, "outcome_of_call", None)
    if outcome and outcome.failed:
        SCREENSHOTS.mkdir(exist_ok=True)
        for page in pages:
            page.screenshot(path=SCREENSHOTS / f"{re.sub(r'[^A-Za-z0-9_]+', '_', request.node.name)}.png")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.outcome_of_call = outcome.get_result()
