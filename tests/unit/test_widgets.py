"""Widgets: what they show when a control is moved, what stands there when nobody can move one, and how bad input is met."""

import base64
import gc
import html
import io
import os
import re
import subprocess
import sys
import threading

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils import counting, photographs, reference, runtime, widgets
from course_utils.batch import build, execute
from course_utils.batch.record import Spec
from course_utils.widgets import controls
from course_utils.widgets.arithmetic import stopping_epochs

mpl.use("agg")

IMAGE = np.array(
    [
        [5, 1, 3, 5, 7, 9],
        [3, 4, 4, 0, 7, 8],
        [6, 1, 8, 6, 3, 4],
        [1, 3, 5, 8, 4, 6],
        [1, 7, 5, 3, 1, 2],
        [7, 2, 2, 6, 4, 6],
    ]
)
KERNEL = np.array([[-1, 0, 1]] * 3)
PHOTO = photographs.Photograph(
    np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8), "noise", "made here", "none", ()
)
KERNELS = {"sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], "mean": np.full((3, 3), 1 / 9)}
COLOURS = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    plt.close("all")
    yield
    assert not plt.get_fignums()


@pytest.fixture
def live(monkeypatch):
    """Make a widget as in an open notebook: `live(function, …)` gives what it is made of."""
    made = []
    monkeypatch.setattr(runtime, "has_front_end", lambda: True)
    monkeypatch.setattr(controls.Live, "display", lambda self, alt, still: made.append(self))

    def make(function, *arguments, **options):
        assert function(*arguments, **options) is None
        return made[-1]

    return make


def shown(widget):
    """Alt text and pixels of the picture, and the words beside it without markup."""
    alt, source = re.match(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)"', widget.picture.value).groups()
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB"))
    return alt, pixels, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", widget.words.value)).strip()


@pytest.fixture(scope="module")
def network():
    with runtime.quiet():
        import keras
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Input((16, 16, 3)),
        keras.layers.Conv2D(4, 3, activation="relu", name="low"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(4, 3, activation="relu", name="high"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, "softmax"),
    ]
    return keras.Sequential(layers)


# ---------------------------------------------------------------------------------------------------- where nobody looks


EVERY = """\
import numpy as np
from course_utils import datasets, plots, widgets
plots.set_style()
widgets.sliding_window(np.arange(25).reshape(5, 5), np.eye(3, dtype=int))
widgets.kernel_laboratory(datasets.load_image("chelsea"), {"sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]})
widgets.pooling_shift()
widgets.cost_calculator()
widgets.patience([1.0, 0.8, 0.9, 0.7])"""


def one_cell(source):
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)], metadata={"kernelspec": kernelspec})


def only_figures(notebook, count):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [set(output.get("data", output)) for output in outputs] == [{"image/png", "text/plain"}] * count, outputs
    assert all(output.metadata["image/png"]["alt"] == output.data["text/plain"] for output in outputs)
    assert "widgets" not in notebook.metadata


def test_built_from_inside_a_notebook_every_widget_is_its_plain_figure_once(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/lesson.ipynb")
    monkeypatch.delenv(runtime.STATIC, raising=False)
    only_figures(build.execute(one_cell(EVERY), "01_test"), 5)


def test_run_as_a_batch_from_inside_an_editor_every_widget_is_its_plain_figure_once(monkeypatch, tmp_path, make_lesson):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv(runtime.STATIC, "")  # so that it is unset afterwards
    monkeypatch.delenv(runtime.STATIC)
    text = make_lesson("01_test", EVERY).read_text(encoding="utf-8")
    record = execute.run_one(Spec("01_test", "01_test", text))
    assert record.status == "ok", record.error
    only_figures(nbformat.reads(record.executed, 4), 5)


@pytest.mark.parametrize("inherited", [True, False])
def test_in_a_kernel_of_jupyters_server_the_widget_is_shown_with_the_picture_to_fall_back_on(monkeypatch, inherited):
    """nbclient here starts the kernel as the server does: the variable is the kernel's alone. `inherited`: its own process has it, too."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in (runtime.STATIC, "JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
    }
    code = (
        "import nbclient, nbformat, os, sys\nnotebook = nbformat.reads(sys.stdin.read(), 4)\n"
        "nbclient.NotebookClient(notebook, extra_arguments=['--log-level=ERROR']).execute(env={**os.environ, 'JPY_SESSION_NAME': 'x'})\n"
        "print(nbformat.writes(notebook))"
    )
    # In a process of its own, because of a process one sees the environment with which it began.
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=nbformat.writes(one_cell(EVERY)),
        capture_output=True,
        text=True,
        env=environment | ({"JPY_SESSION_NAME": "x"} if inherited else {}),
        check=True,
    )
    notebook = nbformat.reads(done.stdout, 4)
    if inherited and os.name == "posix":
        return only_figures(notebook, 5)
    outputs = notebook.cells[0].outputs
    assert [set(output.get("data", {})) for output in outputs] == [
        {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    ] * 5, outputs
    assert all(output.metadata["image/png"]["alt"] == output.data["text/plain"] for output in outputs)


@pytest.fixture
def kernel(monkeypatch):
    """As in a kernel that nobody looks at; the test sets what is different."""
    for name in (runtime.STATIC, "JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("IPython.get_ipython", lambda: type("Shell", (), {"kernel": None})())
    return monkeypatch


def test_a_kernel_by_itself_has_no_front_end(kernel):
    assert not runtime.has_front_end()


@pytest.mark.parametrize("name", ["JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD"])
def test_editors_are_known_by_the_variables_that_they_set(kernel, name):
    kernel.setenv(name, "x")
    assert runtime.has_front_end()
    kernel.setenv(runtime.STATIC, "1")
    assert not runtime.has_front_end()


def test_colab_is_known_by_its_module(kernel):
    kernel.setitem(sys.modules, "google.colab", object())
    assert runtime.has_front_end()


def test_a_plain_script_has_no_front_end(kernel):
    kernel.setenv("JPY_SESSION_NAME", "x")
    kernel.setattr("IPython.get_ipython", lambda: None)
    assert not runtime.has_front_end()


# ------------------------------------------------------------------------------------------------------------ all widgets


def every(network):
    return {
        "sliding_window": lambda: widgets.sliding_window(IMAGE, KERNEL),
        "kernel_laboratory": lambda: widgets.kernel_laboratory(PHOTO, KERNELS),
        "pooling_shift": lambda: widgets.pooling_shift(),
        "cost_calculator": lambda: widgets.cost_calculator(),
        "patience": lambda: widgets.patience([1.0, 0.8, 0.9, 0.7]),
        "augmentation": lambda: widgets.augmentation(COLOURS),
        "class_activation": lambda: widgets.class_activation(network, COLOURS[None], ["a", "b", "c"], ["high", "low"]),
    }


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_control_has_a_name_and_every_picture_words(name, live, network):
    widget = live(every(network)[name])
    alt, _, words = shown(widget)
    assert len(alt) > 40 and words
    assert all(part.description for part in widget.parts.values())
    labels = [part.description for part in widget.parts.values()]
    assert len(set(labels)) == len(labels)
    assert "course-widget" in widget.box._dom_classes and "course-words" in widget.words._dom_classes


@pytest.mark.parametrize("name", widgets.__all__)
def test_without_a_front_end_the_same_picture_is_shown_plainly(name, live, network, monkeypatch):
    widget = live(every(network)[name])
    calls = []
    monkeypatch.setattr(runtime, "has_front_end", lambda: False)
    monkeypatch.setattr("IPython.display.display", lambda data, **options: calls.append((data, options)))
    every(network)[name]()
    ((data, options),) = calls
    assert data.keys() == {"image/png", "text/plain"} and data["text/plain"] == options["metadata"]["image/png"]["alt"]
    assert data["image/png"] == widget.still and data["text/plain"] == html.unescape(shown(widget)[0])


def test_a_widget_is_shown_beside_its_picture_for_pages_without_widgets(monkeypatch):
    calls = []
    monkeypatch.setattr(runtime, "has_front_end", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **options: calls.append((data, options)))
    widgets.pooling_shift()
    ((data, options),) = calls
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert data["image/png"].startswith(b"\x89PNG") and options["metadata"]["image/png"]["alt"] == data["text/plain"]


def test_a_picture_that_was_drawn_before_is_not_drawn_again(live, monkeypatch):
    widget = live(widgets.pooling_shift)
    before = widget.picture.value
    widget.parts["row_a"].value = 3
    assert widget.picture.value != before
    monkeypatch.setattr(widget, "draw", None)
    widget.parts["row_a"].value = 9
    assert widget.picture.value == before


def test_only_so_many_pictures_are_kept(live, monkeypatch):
    monkeypatch.setattr(controls, "KEPT", 3)
    widget = live(widgets.pooling_shift)
    for row in range(6):
        widget.parts["row_a"].value = row
    assert len(widget.seen) == 3


def test_moves_that_come_in_threads_of_their_own_are_all_answered(live):
    """JupyterLab 4.4 and ipykernel 7 handle the messages of controls in threads: none may be lost while another one is drawn."""
    widget = live(widgets.pooling_shift)
    moves = [
        threading.Thread(target=widget.move, args=move)
        for move in [("row_a", 2), ("column_a", 3), ("row_b", 4), ("column_b", 5)]
    ]
    for move in moves:
        move.start()
    for move in moves:
        move.join()
    assert "A with a dot in row 2, column 3, B with one in row 4, column 5" in shown(widget)[0]


def test_moving_leaves_the_collection_of_garbage_as_it_was(live):
    widget = live(widgets.pooling_shift)
    widget.parts["row_a"].value = 3
    assert gc.isenabled()


# --------------------------------------------------------------------------------------------------------- sliding window


def test_the_window_shows_the_products_and_their_sum(live):
    widget = live(widgets.sliding_window, IMAGE, KERNEL, row=0, column=1)
    alt, before, words = shown(widget)
    assert "(1 · −1) + (3 · 0) + (5 · 1)" in words and "= 5" in words and "4 × 4" in words
    assert "window outlined in its rows 0 to 2, columns 1 to 3" in alt and "row 0, column 1, where it is 5" in alt
    widget.parts["row"].value = 2
    alt, after, words = shown(widget)
    assert f"= {np.sum(IMAGE[2:5, 1:4] * KERNEL)}".replace("-", "−") in words and "rows 2 to 4" in alt
    assert before.shape == after.shape and (before != after).any()


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 0), (2, 1), (3, 2), (4, 0)])
def test_the_window_obeys_stride_and_padding_and_its_sliders_end_with_the_map(live, stride, padding):
    widget = live(widgets.sliding_window, IMAGE, KERNEL, row=3, column=3)
    widget.parts["stride"].value, widget.parts["padding"].value = stride, padding
    expected = reference.correlate2d(IMAGE, KERNEL, stride, padding)
    assert f"Size of the feature map: {len(expected)} × {len(expected)}" in shown(widget)[2]
    assert widget.parts["row"].max == widget.parts["column"].max == len(expected) - 1
    widget.parts["row"].value, widget.parts["column"].value = len(expected) - 1, 0
    assert f"= {expected[-1, 0]} ".replace("-", "−") in shown(widget)[2]


def test_the_kernel_can_be_edited(live):
    widget = live(widgets.sliding_window, IMAGE, KERNEL)
    for place, text in enumerate(["1/9 1/9 1/9", "1/9, 1/9, 1/9", " 1/9  1/9 1/9"]):
        widget.parts[f"kernel_{place}"].value = text
    assert f"= {IMAGE[:3, :3].mean():.4g} " in shown(widget)[2] and "(5 · 0.1111)" in shown(widget)[2]
    widget.parts["kernel_0"].value = "−2 0 1e1"
    assert "(5 · −2) + (1 · 0) + (3 · 10)" in shown(widget)[2]


@pytest.mark.parametrize(
    "text, message",
    [
        ("1 x 2", "spaces between them; got 'x'"),
        ("1 2", "must hold 3 numbers with spaces between them; got 2"),
        ("", "must hold 3 numbers with spaces between them; got 0"),
        ("1 2 3 4", "must hold 3 numbers with spaces between them; got 4"),
        ("nan 0 0", "1/9, with spaces between them; got 'nan'"),
        ("1/0 0 0", "1/9, with spaces between them; got '1/0'"),
        ("inf 0 0", "1/9, with spaces between them; got 'inf'"),
        ("1e9 0 0", "must hold numbers from −1000 to 1000; got 1e9"),
        ("<b> 0 0", "1/9, with spaces between them; got '<b>'"),
    ],
)
def test_a_bad_kernel_is_met_with_a_sentence_and_the_picture_stays(live, text, message):
    widget = live(widgets.sliding_window, IMAGE, KERNEL)
    before = widget.picture.value
    widget.parts["kernel_1"].value = text
    assert (
        message in html.unescape(widget.words.value)
        and "kernel row 1" in widget.words.value
        and "<b>" not in widget.words.value
    )
    assert widget.picture.value == before
    widget.parts["kernel_1"].value = "-1 0 1"
    assert "= 1 " in shown(widget)[2]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"row": 4}, "row must be from 0 to 3; got 4"),
        ({"column": -1}, "column must be from 0 to 3; got -1"),
        ({"stride": 0}, "stride must be from 1 to 4; got 0"),
        ({"stride": 5}, "stride must be from 1 to 4"),
        ({"padding": 3}, "padding must be from 0 to 2"),
        ({"image": np.zeros((11, 4))}, "image must be a matrix .* at most 10 × 10"),
        ({"image": np.zeros((4, 4, 3))}, "image must be a matrix"),
        ({"kernel": [["a"]]}, "kernel must be a matrix of finite numbers"),
        ({"kernel": np.zeros((7, 7))}, "the kernel .7. is larger than the image"),
        ({"image": [[np.nan]]}, "image must be a matrix of finite"),
    ],
)
def test_bad_arguments_of_the_window_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        widgets.sliding_window(**{"image": IMAGE, "kernel": KERNEL, **options})


# ------------------------------------------------------------------------------------------------------- kernel laboratory


def test_a_chosen_kernel_fills_the_fields_and_an_edit_makes_it_ones_own(live):
    widget = live(widgets.kernel_laboratory, PHOTO, KERNELS)
    first = widget.picture.value
    widget.parts["choice"].value = "mean"
    assert widget.parts["kernel_0"].value.split() == ["1/9"] * 3 and "Sum of the weights: 1 ." in shown(widget)[2]
    widget.parts["kernel_1"].value = "0 0 0"
    assert widget.parts["choice"].value == "the numbers below" and "0.6667" in shown(widget)[2]
    widget.parts["kernel_2"].value = "no"
    assert "kernel row 2" in widget.words.value
    widget.parts["choice"].value = "all of them"
    assert widget.picture.value == first


def test_the_laboratory_filters_detects_and_condenses(live, monkeypatch):
    from course_utils import plots

    given = []
    original = plots.responses
    monkeypatch.setattr(
        plots, "responses", lambda *arguments, **options: given.append(arguments) or original(*arguments, **options)
    )
    widget = live(widgets.kernel_laboratory, PHOTO, KERNELS)
    widget.parts["choice"].value = "sharpen"
    _, filtered, condensed = given[-1]
    expected = reference.correlate2d(PHOTO.grey, np.array(KERNELS["sharpen"], np.float32), padding="same")
    np.testing.assert_allclose(filtered["sharpen"], expected)
    np.testing.assert_allclose(condensed["sharpen"], reference.max_pool2d(np.maximum(expected, 0), 2))
    assert f"{np.mean(expected > 0):.0%}" in shown(widget)[2] and "20 × 30 becomes 10 × 15" in shown(widget)[2]


@pytest.mark.parametrize("kernels", [{}, {"x": np.zeros((2, 3))}, {"x": [[1, 2], [3]]}, {"x": "text"}])
def test_the_laboratory_wants_three_by_three(kernels):
    with pytest.raises(ValueError, match=r"kernels must hold 3 × 3|kernels\['x'\] must be a matrix"):
        widgets.kernel_laboratory(PHOTO, kernels)


# --------------------------------------------------------------------------------------------------------------- pooling


def test_dots_meet_in_one_square_after_enough_pooling(live):
    widget = live(widgets.pooling_shift, first=(9, 1), second=(14, 6))
    alt, _, words = shown(widget)
    assert "no pooling: different 1 round: different 2 rounds: different 3 rounds: the same" in words
    assert "5 pixels down and 5 pixels to the right" in words and "A with a dot in row 9, column 1" in alt
    widget.parts["column_b"].value = 8
    assert "3 rounds: different" in shown(widget)[2]
    widget.parts["row_b"].value, widget.parts["column_b"].value = 8, 0
    assert "1 round: the same" in shown(widget)[2] and "1 pixel up and 1 pixel to the left" in shown(widget)[2]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"first": (16, 0)}, "first must be from 0 to 15; got 16"),
        ({"second": (1, 2, 3)}, r"second must be a number or a pair \(row, column\)"),
        ({"side": 3}, "side must be from 4 to 64; got 3"),
        ({"rounds": 5}, "rounds must be from 1 to 4"),
        ({"side": 65}, "side must be from 4 to 64"),
    ],
)
def test_bad_arguments_of_pooling_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        widgets.pooling_shift(**options)


# ----------------------------------------------------------------------------------------------------------------- costs


def test_the_lectures_sums_come_out(live):
    widget = live(widgets.cost_calculator)
    alt, _, words = shown(widget)
    assert "346,816,512" in words and "199,098,368" in words and "28 × 28 × 192" in words and "0.57 times" in words
    widget.parts["kernel"].value, widget.parts["filters"].value, widget.parts["reduction"].value = 5, 96, 32
    alt, _, words = shown(widget)
    assert f"{counting.conv_multiplications((28, 28), 5, 256, 96):,}" in words
    assert f"{counting.conv_parameters(5, 256, 96):,}" in words and "1 by 1 convolution with 32 filters" in alt


def test_a_stride_counts_the_reduction_on_the_map_that_comes_in(live):
    widget = live(
        widgets.cost_calculator, size=10, channels=4, kernel=3, filters=5, stride=2, padding="valid", reduction=2
    )
    assert "4 × 4 × 5" in shown(widget)[2]
    assert f"{10 * 10 * 4 * 2 + 4 * 4 * 9 * 2 * 5:,}" in shown(widget)[2]
    assert f"{(4 + 1) * 2 + (9 * 2 + 1) * 5}" in shown(widget)[2]


def test_a_kernel_larger_than_the_map_is_met_with_a_sentence(live):
    widget = live(widgets.cost_calculator, padding="valid", kernel=5)
    widget.parts["size"].value = 3
    assert "the kernel (5) is larger than the image" in widget.words.value
    widget.parts["padding"].value = "same"
    assert "3 × 3 × 192" in shown(widget)[2]


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"size": 0}, ValueError, "size must be from 1 to 256; got 0"),
        ({"filters": 2000}, ValueError, "filters must be from 1 to 1024"),
        ({"padding": "full"}, ValueError, "padding must be 'same' or 'valid'; got 'full'"),
        ({"kernel": 2.5}, TypeError, "kernel must be a whole number"),
    ],
)
def test_bad_arguments_of_the_calculator_are_named(options, error, message):
    with pytest.raises(error, match=message):
        widgets.cost_calculator(**options)


# -------------------------------------------------------------------------------------------------------------- patience


@pytest.mark.parametrize("seed", range(4))
def test_early_stopping_counts_as_keras_does(seed, network):
    import keras

    losses = np.random.default_rng(seed).integers(1, 9, 20) / 8  # with ties
    for patience in range(11):
        callback = keras.callbacks.EarlyStopping("val_loss", mode="min", patience=patience, restore_best_weights=True)
        callback.set_model(network)
        network.stop_training = False
        callback.on_train_begin()
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"val_loss": loss})
            if network.stop_training:
                break
        assert stopping_epochs(losses, patience) == (callback.best_epoch + 1, epoch + 1), (losses, patience)


def test_patience_says_where_training_ends_and_what_it_missed(live):
    widget = live(widgets.patience, [1.0, 0.8, 0.9, 0.85, 0.7, 0.75, 0.8, 0.9])
    alt, before, words = shown(widget)
    assert "training stops after epoch 4; the best epoch until then is 2, with a loss of 0.800" in words
    assert "The lowest loss of all, 0.700, would have come at epoch 5" in words and words in alt
    widget.parts["patience"].value = 3
    assert "stops after epoch 8" in shown(widget)[2] and "would have come" not in shown(widget)[2]
    widget.parts["patience"].value = 10
    assert "is not stopped and ends after epoch 8" in shown(widget)[2]


@pytest.mark.parametrize("losses", [[1.0], [3, 2, 1], np.array([0.5, np.float32(0.6)])])
def test_short_histories_can_be_shown(live, losses):
    widget = live(widgets.patience, losses)
    for patience in range(11):
        widget.parts["patience"].value = patience


@pytest.mark.parametrize(
    "losses, options, message",
    [
        ([], {}, "val_losses must hold a finite number"),
        ([1, np.nan], {}, "val_losses must hold a finite"),
        ([1.0], {"patience": 11}, "patience must be from 0 to 10"),
        ([1.0], {"largest": 0}, "largest must be at least 1"),
    ],
)
def test_bad_arguments_of_patience_are_named(losses, options, message):
    with pytest.raises(ValueError, match=message):
        widgets.patience(losses, **options)


# ---------------------------------------------------------------------------------------------------------- augmentation


def test_each_range_changes_the_pictures_and_zero_leaves_them(live):
    nothing = dict(rotation=0, shift=0, zoom=0, shear=0, flip=False)
    widget = live(widgets.augmentation, COLOURS, **nothing)
    _, before, _ = shown(widget)
    for name, value in [("rotation", 45.0), ("shift", 0.3), ("zoom", 0.5), ("shear", 30.0), ("flip", True)]:
        widget.parts[name].value = value
        assert (shown(widget)[1] != before).any(), name
        widget.parts[name].value = nothing[name]
    assert "Rotation up to 0°" in shown(widget)[2]


def test_new_random_numbers_only_when_asked_for(live):
    widget = live(widgets.augmentation, COLOURS)
    before = widget.picture.value
    widget.parts["rotation"].value = 90.0
    widget.seen.clear()
    widget.parts["rotation"].value = 30.0
    again = shown(widget)
    widget.parts["sample"].click()
    assert "Sample 2" in shown(widget)[2] and (shown(widget)[1] != again[1]).any() and before.startswith("<img")
    assert again[0] == shown(widget)[0]


def test_a_grey_picture_can_be_augmented(live):
    live(widgets.augmentation, COLOURS[..., :1])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"rotation": 200}, "rotation must be a number from 0 to 180; got 200"),
        ({"shift": 0.6}, "shift must be a number from 0 to 0.5"),
        ({"zoom": "much"}, "zoom must be a number from 0 to 0.9; got 'much'"),
        ({"shear": -1}, "shear must be"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"image": COLOURS / 255}, "image must have the shape .* and dtype uint8; got .*float64"),
        ({"image": COLOURS[..., 0]}, "image must have"),
    ],
)
def test_bad_arguments_of_augmentation_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        widgets.augmentation(**{"image": COLOURS, **options})


# ------------------------------------------------------------------------------------------------------- class activation


def test_maps_by_image_class_and_layer_are_those_of_grad_cam(live, network, monkeypatch):
    from course_utils import inspection, plots

    given = []
    original = plots.heatmaps
    monkeypatch.setattr(
        plots, "heatmaps", lambda *arguments, **options: given.append(arguments) or original(*arguments, **options)
    )
    images = np.stack([COLOURS, COLOURS[::-1], COLOURS[:, ::-1]])
    widget = live(widgets.class_activation, network, images, ["a", "b", "c"], ["high", "low"])
    assert len(given[-1][0]) == 3
    monkeypatch.setattr(inspection.GradCam, "__call__", None)  # everything was computed beforehand
    widget.parts["image"].value, widget.parts["asked"].value, widget.parts["layer"].value = 1, 2, "low"
    monkeypatch.undo()
    expected = inspection.grad_cam(network, images, "low", 2).maps[1]
    np.testing.assert_allclose(given[-1][1][0], expected, atol=1e-5)
    assert (
        given[-1][2] == ["c"]
        and "image 2, class c" in shown(widget)[2]
        and "layer low" in shown(widget)[0]
        and "14 × 14" in shown(widget)[2]
    )


def test_the_class_is_the_networks_choice_unless_one_asks_for_another(live, network):
    from course_utils import inspection

    widget = live(widgets.class_activation, network, COLOURS[None], ["a", "b", "c"])
    chosen = "abc"[inspection.grad_cam(network, COLOURS[None]).classes[0]]
    assert f"image 1, class {chosen}:" in shown(widget)[2]


def test_a_map_without_evidence_says_so(live):
    with runtime.quiet():
        import keras
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((16, 16, 3)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, "softmax", kernel_initializer="zeros"),
        ]
    )
    assert "no evidence" in shown(live(widgets.class_activation, model, COLOURS[None], ["a", "b"]))[2]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"images": COLOURS}, "images must have the shape"),
        ({"images": COLOURS[None] / 255}, "dtype uint8; got .*float64"),
        ({"classes": ["a"]}, "classes must name two classes or more"),
        ({"layers": []}, "layers at least one"),
        ({"layers": ["hihg"]}, "has no layer 'hihg'"),
        ({"boxes": [[1, 2, 3]]}, r"boxes must have the shape \(1, 4\)"),
    ],
)
def test_bad_arguments_of_class_activation_are_named(options, message, network):
    with pytest.raises(ValueError, match=message):
        widgets.class_activation(**{"model": network, "images": COLOURS[None], "classes": ["a", "b", "c"], **options})


def test_boxes_are_drawn(live, network):
    without, box = (
        live(widgets.class_activation, network, COLOURS[None], ["a", "b", "c"], boxes=boxes)
        for boxes in (None, [[2, 2, 9, 9]])
    )
    assert (shown(without)[1] != shown(box)[1]).any()
