"""Figures: what is drawn where, words for every picture, colours that can be told apart."""

import io
import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import paths, plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def displayed(monkeypatch):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: calls.append((data, options)))
    return calls


@pytest.fixture
def own_matplotlibrc(tmp_path):
    """Somebody's own settings, read as matplotlib reads them at its start."""
    file = tmp_path / "matplotlibrc"
    file.write_text(
        "image.origin: lower\nimage.cmap: jet\nimage.interpolation: bicubic\nfigure.dpi: 50\nsavefig.dpi: 30\n"
        "savefig.transparent: True\nsavefig.bbox: tight\nfont.family: monospace\naxes.grid: True\naxes.facecolor: black\n"
        "axes.edgecolor: red\ntext.color: red\n"
    )
    with mpl.rc_context():
        mpl.rc_file(file)
        yield


def test_the_style_begins_from_matplotlibs_defaults_and_leaves_the_backend_alone(own_matplotlibrc):
    before = mpl.get_backend(), mpl.is_interactive()
    plots.set_style()
    kept = {"backend", "backend_fallback", "interactive"}
    expected = {**mpl.rcParamsDefault, **plots.STYLE}
    assert {name: plt.rcParams[name] for name in expected if name not in kept} == {
        name: value for name, value in expected.items() if name not in kept
    }
    assert (mpl.get_backend(), mpl.is_interactive()) == before


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.picture(np.array([[1.0, 1], [0, 0]])),
        lambda: plots.matrix([[9, 9], [0, 0]]),
        lambda: plots.signed_map(np.array([[1.0, 1], [-1, -1]])),
    ],
)
@pytest.mark.parametrize("style", [plots.set_style, lambda: None])
def test_the_first_row_is_drawn_at_the_top_whatever_somebodys_own_settings(own_matplotlibrc, draw, style):
    style()
    ax = draw()
    ax.figure.canvas.draw()
    (image,) = ax.images
    top, bottom = (ax.transData.transform((0, row))[1] for row in (0, 1))
    assert top > bottom and image.origin == "upper"


def test_a_grey_picture_is_grey_without_the_style(own_matplotlibrc):
    (image,) = plots.picture(np.array([[0.0, 1], [0.5, 0]])).images
    assert image.get_cmap().name == "gray"


def test_show_carries_the_words_in_both_places_and_closes_the_figure(displayed):
    figure = plots.matrix([[1, 2]]).figure
    assert plots.show(figure, alt="One and two.") is None
    ((data, options),) = displayed
    assert data["text/plain"] == "One and two." and options["metadata"]["image/png"]["alt"] == "One and two."
    assert options["raw"] is True and data["image/png"].startswith(b"\x89PNG")
    assert not plt.fignum_exists(figure.number)


def test_the_same_figure_has_the_same_bytes_and_not_those_of_another(displayed):
    for values in ([[1, 2]], [[1, 2]], [[2, 1]]):
        plots.show(plots.matrix(values).figure, alt="x")
    first, second, third = (data["image/png"] for data, _ in displayed)
    assert first == second != third


def test_a_photograph_keeps_its_colours(displayed):
    rng = np.random.default_rng(0)
    pixels = (rng.random((60, 60, 3)) * [255, 120, 60]).astype(np.uint8)
    figure, ax = plt.subplots(figsize=(0.6, 0.6))
    ax.set_position([0, 0, 1, 1])
    plots.picture(pixels, ax)
    plots.show(figure, alt="noise")
    shown = np.asarray(Image.open(io.BytesIO(displayed[0][0]["image/png"])).convert("RGB")).astype(int)
    assert np.abs(shown[5:-5, 5:-5].mean((0, 1)) - pixels.mean((0, 1))).max() < 6


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_a_figure_without_words_is_refused(alt):
    with pytest.raises(ValueError, match="alt must say in words what the picture shows"):
        plots.show(plt.figure(), alt=alt)


def test_a_matrix_writes_its_numbers_and_leaves_nan_empty():
    ax = plots.matrix([[1, -2, np.nan], [0.25, 3, 4]], decimals=2, title="T", window=(0, 1, 2, 2))
    assert [text.get_text() for text in ax.texts] == ["1.00", "−2.00", "0.25", "3.00", "4.00"]
    (outline,) = ax.patches
    assert (outline.get_x(), outline.get_y(), outline.get_width(), outline.get_height()) == (0.5, -0.5, 2, 2)
    assert ax.get_title() == "T"


def test_numbers_on_a_matrix_are_legible_on_their_squares():
    for signed, values in [(False, [[0, 5, 9]]), (True, [[-9, 0, 9]])]:
        colours = plots.matrix(values, signed=signed).images[0].get_array()[..., :3]
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        contrast_with_black = (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05
        assert contrast_with_black.min() > 4.5  # WCAG 2.1, level AA


def test_functions_draw_into_the_axes_they_are_given_and_return_them():
    figure, axes = plt.subplots(1, 3)
    assert plots.matrix([[1]], axes[0]) is axes[0]
    assert plots.picture(np.zeros((4, 4)), axes[1]) is axes[1]
    assert plots.signed_map(np.ones((4, 4)), axes[2], colorbar=False) is axes[2]
    assert plt.get_fignums() == [figure.number]


def test_a_signed_map_is_white_at_zero():
    image = plots.signed_map(np.array([[-3.0, 0.0], [1.0, 2.0]])).images[0]
    low, high = image.get_clim()
    assert low == -high
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.95


def test_a_map_of_zeros_can_be_drawn():
    plots.signed_map(np.zeros((3, 3)))
    plots.matrix(np.zeros((3, 3)))


def test_the_sliding_window_outlines_both_places_and_fills_the_map_so_far():
    feature_map = np.arange(9).reshape(3, 3) + 1
    figure = plots.sliding_window(np.ones((7, 7)), np.ones((3, 3)), feature_map, row=1, column=0, stride=2)
    image, _, result = figure.axes[:3]
    assert (image.patches[0].get_x(), image.patches[0].get_y()) == (-0.5, 1.5)
    assert [text.get_text() for text in result.texts] == ["1", "2", "3", "4"]
    assert (result.patches[0].get_x(), result.patches[0].get_y()) == (-0.5, 0.5)


def test_the_sliding_window_writes_fractions_when_asked():
    figure = plots.sliding_window(np.ones((3, 3)), np.full((3, 3), 0.25), [[2.25]], row=0, column=0, decimals=(2, 1))
    assert {text.get_text() for text in figure.axes[1].texts} == {"0.25"} and figure.axes[2].texts[
        0
    ].get_text() == "2.2"


def test_responses_show_kernel_filter_detect_and_condense():
    maps = {"a": np.array([[-1.0, 2.0], [3.0, -4.0]]), "b": np.ones((2, 2))}
    kernels = {"a": np.eye(3), "b": np.full((3, 3), 1 / 9)}
    figure = plots.responses(kernels, maps)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["a", "filter", "detect (ReLU)", "b", "filter", "detect (ReLU)"]
    assert figure.axes[2].images[0].get_array().min() == 0
    assert figure.axes[3].texts[0].get_text() == "0.11" and figure.axes[0].texts[0].get_text() == "1"
    condensed = plots.responses({"a": kernels["a"]}, maps, {"a": np.array([[3.0]])})
    assert [ax.get_title() for ax in condensed.axes] == ["a", "filter", "detect (ReLU)", "condense (max)"]


def test_early_stopping_marks_the_best_epoch_and_the_end():
    ax = plots.early_stopping([3, 1, 2, 4, 0.5], best=2, last=4)
    untrained, trained, end, circle = ax.lines
    assert trained.get_xdata().tolist() == [1, 2, 3, 4] and untrained.get_xdata().tolist() == [4, 5]
    assert end.get_xdata()[0] == 4 and (circle.get_xdata()[0], circle.get_ydata()[0]) == (2, 1)
    assert [text.get_text() for text in ax.get_legend().texts][2:] == ["ends after epoch 4", "best: epoch 2"]


def test_costs_are_bars_with_their_numbers():
    figure = plots.costs({"directly": (1000, 20_000), "by 1 × 1": (500, 10_000)})
    for ax, title, values in zip(figure.axes, ("parameters", "multiplications"), ((1000, 500), (20_000, 10_000))):
        assert ax.get_title() == title and [bar.get_width() for bar in ax.patches] == list(values)
        assert [text.get_text().strip() for text in ax.texts] == [f"{value:,}" for value in values]


def test_heatmaps_lie_below_their_pictures_and_follow_the_map():
    images = np.full((2, 32, 32, 3), 100, np.uint8)
    images[0, :, :, 0] = 200
    left = np.array([[1.0, 0.0], [1.0, 0.0]])
    figure = plots.heatmaps(images, [left, 1 - left], ["a", "b"], boxes=[(4, 4, 20, 20)] * 2)
    (ax,) = figure.axes
    page = np.asarray(ax.images[0].get_array())
    np.testing.assert_allclose(page[0, 0], [200 / 255, 100 / 255, 100 / 255], atol=1e-6)
    lower = page[-32:]
    assert lower[16, 0].sum() > lower[16, 31].sum() and lower[16, 34].sum() < lower[16, 65].sum()
    assert [text.get_text() for text in ax.texts] == ["a", "b"] and len(ax.patches) == 2


def test_the_style_is_set_when_asked_for_and_text_is_legible():
    with mpl.rc_context():
        mpl.rcdefaults()
        plots.set_style()
        assert all(mpl.rcParams[f"figure.{key}"] for key in ("constrained_layout.use",))
        sizes = [mpl.rcParams[key] for key in ("font.size", "xtick.labelsize", "legend.fontsize", "axes.labelsize")]
        assert min(sizes) * mpl.rcParams["figure.dpi"] / 72 >= 14  # pixels, what a browser's default text nearly has


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_palette_can_be_told_apart(deficiency):
    from skimage.color import rgb2lab

    colours = np.array([mpl.colors.to_rgb(colour) for colour in plots.PALETTE.values()])
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(DEFICIENCIES[deficiency]), 0, 1)
    seen = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen)
    closest = min(
        (np.linalg.norm(a - b), m, n) for (a, m), (b, n) in itertools.combinations(zip(lab, plots.PALETTE), 2)
    )
    assert closest[0] > 8, closest  # a difference of 2 can just be seen


def test_a_grid_shows_every_picture_from_black_at_zero_to_white():
    dark = np.full((5, 7), 40, np.uint8)
    figure = plots.pictures([dark, dark[..., None], np.full((5, 7, 3), 0.5), dark], titles=list("abcd"), columns=3)
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == list("abcd") and len(figure.axes) == 6
    assert [ax.images[0].get_clim() for ax in shown] == [(0, 255), (0, 255), (0, 1), (0, 255)]
    assert not any(ax.axison for ax in figure.axes)


HISTORY = {"loss": [3, 2, 1], "val_loss": [3, 2, 2.5], "accuracy": [0.1, 0.5, 0.9], "val_accuracy": [0.2, 0.4, 0.6]}


def test_curves_show_training_dashed_and_validation_solid_from_epoch_1():
    figure = plots.curves({"small": HISTORY})
    for ax, quantity in zip(figure.axes, ("loss", "accuracy")):
        dashed, solid = ax.lines
        assert (dashed.get_linestyle(), solid.get_linestyle()) == ("--", "-")
        assert solid.get_xdata().tolist() == [1, 2, 3]
        assert (
            dashed.get_ydata().tolist() == HISTORY[quantity]
            and solid.get_ydata().tolist() == HISTORY[f"val_{quantity}"]
        )
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", quantity)
    assert [text.get_text() for text in figure.legends[0].texts] == ["small, training", "small, validation"]


def test_curves_of_a_single_epoch_can_be_seen():
    figure = plots.curves({"": {name: values[:1] for name, values in HISTORY.items()}})
    assert all(line.get_marker() == "o" for ax in figure.axes for line in ax.lines)


@pytest.mark.parametrize("best, panel, point", [("val_loss", 0, (2, 2)), ("val_accuracy", 1, (3, 0.6))])
def test_curves_mark_the_best_epoch(best, panel, point):
    figure = plots.curves({"": HISTORY}, best=best)
    circle = figure.axes[panel].lines[2]
    assert (circle.get_xdata()[0], circle.get_ydata()[0]) == point and len(figure.axes[1 - panel].lines) == 2
    assert figure.legends[0].texts[-1].get_text() == f"best: epoch {point[0]}"


@pytest.fixture
def networks():
    import pandas

    return pandas.read_csv(paths.shipped("architectures.csv"))


def _circles(ax):
    """Centre and radius of each network's circle, in pixels."""
    figure = ax.figure
    figure.draw_without_rendering()
    for circle in ax.collections[: len(ax.texts)]:
        ((x, y),) = ax.transData.transform(circle.get_offsets())
        yield x, y, np.sqrt(circle.get_sizes()[0] / np.pi) * figure.dpi / 72


def test_a_networks_circle_stands_at_its_numbers_and_its_area_is_proportional_to_parameters(networks):
    table = networks.head(5)
    ax = plots.architectures(table)
    circles = ax.collections[:5]
    assert [tuple(circle.get_offsets()[0]) for circle in circles] == list(zip(table.multiplications / 1e9, table.top1))
    shares = [circle.get_sizes()[0] / count for circle, count in zip(circles, table.parameters)]
    assert max(shares) == pytest.approx(min(shares)) and min(shares) > 0
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.texts] == ["5 M", "50 M", "150 M"]
    assert [handle.get_sizes()[0] for handle in legend.legend_handles] == pytest.approx(
        [shares[0] * count * 1e6 for count in (5, 50, 150)]
    )


def test_the_axes_of_the_networks_say_what_they_measure_and_in_which_unit(networks):
    figure, given = plt.subplots()
    ax = plots.architectures(networks, given)
    assert ax is given and plt.get_fignums() == [figure.number] and ax.get_xscale() == "log"
    assert "multiplications" in ax.get_xlabel() and "billions" in ax.get_xlabel() and "(%)" in ax.get_ylabel()


def test_every_network_is_named_beside_its_own_circle_and_on_no_other_name_or_circle(networks):
    with mpl.rc_context():
        plots.set_style()
        ax = plots.architectures(networks)
        circles = dict(zip(networks.name, _circles(ax)))
        renderer = ax.figure.canvas.get_renderer()
        boxes = {text.get_text(): text.get_window_extent(renderer) for text in ax.texts}
        assert list(boxes) == list(networks.name)
        for (name, box), (other, taken) in itertools.combinations(boxes.items(), 2):
            assert not box.overlaps(taken), (name, other)
        for name, box in boxes.items():
            assert ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1, name
            gaps = {}
            for other, (x, y, radius) in circles.items():
                gaps[other] = np.hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1)) - radius
            assert min(gaps, key=gaps.get) == name and 0 < gaps[name] < 10, (name, gaps)


# ------------------------------------------------------------------------------------------------------------- studies


def study_runs(xs, lines=(None,), seeds=5, value=lambda x, line, seed: seed / 10):
    return [
        {"X": x, "LINE": line, "SEED": seed, "y": value(x, number, seed)}
        for x in xs
        for number, line in enumerate(lines)
        for seed in range(seeds)
    ]


def drawn(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def test_a_study_shows_single_runs_their_mean_and_its_interval():
    from course_utils.studies import interval

    ax = plots.study(study_runs([1, 2, 3], value=lambda x, _, seed: x + seed / 10), "X", "y")
    dots = [(line.get_xdata()[0], line.get_ydata()) for line in drawn(ax, ".")]
    assert [place for place, _ in dots] == [1, 2, 3]
    assert np.allclose([values for _, values in dots], [[x + seed / 10 for seed in range(5)] for x in (1, 2, 3)])
    (mean,) = drawn(ax, "o")
    assert np.allclose(mean.get_xydata(), [(1, 1.2), (2, 2.2), (3, 3.2)])
    bars = [line.get_ydata() for line in drawn(ax, "None")]
    assert np.allclose(bars, [interval([x + seed / 10 for seed in range(5)]) for x in (1, 2, 3)])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_legend()) == ("X", "y", None)


def test_one_seed_has_no_bar():
    assert drawn(plots.study(study_runs([1, 2], seeds=1), "X", "y"), "None") == []


def test_a_study_has_a_line_for_each_value_and_a_legend_beside_the_data():
    ax = plots.study(study_runs([1, 2, 3], [False, True]), "X", "y", "LINE", xlabel="pictures", ylabel="accuracy")
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["no", "yes"] and legend.get_title().get_text() == "LINE"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("pictures", "accuracy")
    assert drawn(ax, "o")[0].get_color() != drawn(ax, "s")[0].get_color()


@pytest.mark.parametrize("xs", [[1, 10, 100], [200, 1000, 2000], [0, 10, 100], [1e-4, 1e-3, 1e-2], [-5, 1, 9]])
def test_the_axis_is_logarithmic_where_values_are_far_apart(xs):
    ax = plots.study(study_runs(xs), "X", "y")
    assert ax.get_xscale() == ("log" if xs[0] > 0 and xs[-1] / xs[0] >= 20 else "linear")
    assert list(ax.get_xticks()) == xs and not ax.get_xticks(minor=True).size


@pytest.mark.parametrize(
    "xs, labels",
    [
        ([True, False], ["no", "yes"]),
        (["b", "a", None], ["none", "a", "b"]),
        ([[8, 16], [8]], ["8", "8, 16"]),
        ([2000, 200], ["200", "2,000"]),
        ([0, 1, 1000], ["0", "1", "1,000"]),
    ],
)
def test_words_two_numbers_and_numbers_too_close_stand_side_by_side(xs, labels):
    ax = plots.study(study_runs(xs, ["one", "two"]), "X", "y", "LINE")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == labels
    assert list(ax.get_xticks()) == list(range(len(labels)))
    left, right = (drawn(ax, marker)[0].get_xdata() for marker in "os")
    assert np.allclose(right - left, 0.12) and np.allclose((left + right) / 2, range(len(labels)))


def test_runs_that_diverged_are_crosses_and_no_part_of_the_mean():
    ax = plots.study(study_runs([1, 2, 3], value=lambda x, _, seed: np.nan if x == 2 else 5.0), "X", "y")
    cross, _ = drawn(ax, "x")  # and the legend's
    assert cross.get_xdata() == [2] and np.isnan(drawn(ax, "o")[0].get_ydata()[1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mean", "diverged"]
    ax.figure.canvas.draw()
    assert ax.get_ylim()[0] > 4


def test_a_study_draws_tables_as_well_as_lists_and_into_given_axes():
    import pandas as pd

    _, ax = plt.subplots()
    assert plots.study(pd.DataFrame(study_runs([1, 2, 3])), "X", "y", ax=ax) is ax
    with pytest.raises(ValueError, match="the runs have no 'z'"):
        plots.study(study_runs([1]), "X", "z")


@pytest.mark.parametrize("count", [2, 5, 12])
@pytest.mark.parametrize("lines", [1, 2, 7])
@pytest.mark.parametrize("kind", [lambda n: 2.0**n, lambda n: n, lambda n: f"augmentation {n}"])
def test_nothing_of_a_study_is_cut_off_or_overlaps(count, lines, kind):
    with mpl.rc_context():
        plots.set_style()
        runs = study_runs([kind(n) for n in range(count)], [f"line {n}" for n in range(lines)])
        ax = plots.study(runs, "X", "y", "LINE")
        ax.figure.canvas.draw()
        labels = [tick.get_window_extent() for tick in ax.get_xticklabels()]
        assert not any(one.overlaps(other) for one, other in itertools.pairwise(labels))
        whole = ax.figure.bbox
        for box in [*labels, ax.xaxis.label.get_window_extent(), ax.get_legend().get_window_extent()]:
            assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1
        assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())
