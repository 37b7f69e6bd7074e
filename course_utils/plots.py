"""Every figure of the course: functions that draw into given Axes or make them, and `show`, which adds the words."""

import io
import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.rcsetup import cycler

#: Eight colours that readers with any of the common colour-vision deficiencies can tell apart (Okabe and Ito, 2008).
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermillion": "#D55E00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
    "black": "#000000",
    "yellow": "#F0E442",
}

#: For maps with negative and positive values: purple below zero, white at zero, orange above.
SIGNED = "PuOr_r"

STYLE = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=list(PALETTE.values())[:7]),
    "lines.linewidth": 2,
    "image.cmap": "gray",
}


def set_style():
    """Use the course's style for all figures that follow, whatever the reader's own matplotlibrc says.

    It begins from matplotlib's defaults, or a personal ``image.origin: lower`` would turn photographs upside down.
    What says where figures go stays: the backend, interactive mode, the folder for saved ones.
    """
    plt.style.use("default")
    plt.rcParams.update(STYLE)


def show(figure, alt):
    """Show a figure once, with words for readers who cannot see it.

    The words stand in the output's metadata, where web pages take them from, and as its plain text, which is
    what nbval compares. The figure is closed, so that it does not appear a second time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows, in a sentence or two. The same on every run.

    Raises
    ------
    ValueError
        When `alt` is empty.
    """
    from IPython.display import display

    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("show(figure, alt=…): alt must say in words what the picture shows; got nothing")
    display({"image/png": png(figure), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    plt.close(figure)


def png(figure):
    """The figure as a PNG file (bytes) with 256 colours: a third of the size, and photographs still look well."""
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png")
    Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def matrix(values, ax=None, *, title=None, window=None, limit=None, signed=False, decimals=0):
    """A small matrix as squares with their numbers written in them.

    Parameters
    ----------
    values : array-like of shape (height, width)
        NaN makes an empty square.
    ax : matplotlib Axes, optional
    title : str, optional
    window : tuple (top, left, height, width), optional
        Squares to outline.
    limit : float, optional
        The value with the strongest colour; by default the largest absolute value.
    signed : bool
        Colour negative and positive values differently (zero is white).
    decimals : int
        Digits after the point.

    Returns
    -------
    matplotlib Axes
    """
    values = np.asarray(values, float)
    height, width = values.shape
    if ax is None:
        _, ax = plt.subplots(figsize=(0.5 * width + 0.6, 0.5 * height + 0.8))
    limit = limit or max(np.nanmax(np.abs(values), initial=0), 1e-9)
    colours = plt.get_cmap(SIGNED if signed else "Blues")
    # Half the colour range keeps black digits legible on every square.
    shade = 0.5 + values / (4 * limit) if signed else 0.5 * values / limit
    ax.imshow(colours(np.ma.masked_invalid(shade)), origin="upper")
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            ax.text(column, row, f"{value:.{decimals}f}".replace("-", "−"), ha="center", va="center")
    ax.set(xticks=[], yticks=[], title=title)
    between = [[(x - 0.5, -0.5), (x - 0.5, height - 0.5)] for x in range(1, width)]
    between += [[(-0.5, y - 0.5), (width - 0.5, y - 0.5)] for y in range(1, height)]
    ax.add_collection(
        LineCollection(between, colors="0.75", linewidths=0.8), autolim=False
    )  # ticks and a grid would be slow
    ax.spines[:].set(visible=True, color="0.75")
    if window:
        outline(ax, window)
    return ax


def outline(ax, window, colour="vermillion"):
    """Outline the squares of a window (top, left, height, width) on a matrix or a picture."""
    top, left, height, width = window
    ax.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5),
            width,
            height,
            fill=False,
            linewidth=3,
            edgecolor=PALETTE[colour],
            zorder=3,
            clip_on=False,
        )
    )
    return ax


def sliding_window(image, kernel, feature_map, row, column, stride=1, decimals=(0, 0)):
    """One step of a convolution: the window on the image, the kernel, and the number that comes out.

    Parameters
    ----------
    image : array-like of shape (height, width)
        Padding, if any, is part of it.
    kernel : array-like of shape (kernel height, kernel width)
    feature_map : array-like of shape (output height, output width)
    row, column : int
        The position in the feature map.
    stride : int
    decimals : (int, int)
        Digits after the point in the kernel and in the feature map.

    Returns
    -------
    matplotlib Figure
        Three panels. The feature map is filled up to this position, as a reader does it by hand.
    """
    image, kernel, feature_map = (np.asarray(values, float) for values in (image, kernel, feature_map))
    widths = [values.shape[1] for values in (image, kernel, feature_map)]
    figure, axes = plt.subplots(
        1, 3, figsize=(0.5 * sum(widths) + 1.6, 0.5 * image.shape[0] + 0.8), width_ratios=widths
    )
    window = (row * stride, column * stride, *kernel.shape)
    done = np.arange(feature_map.size).reshape(feature_map.shape) <= row * feature_map.shape[1] + column
    matrix(image, axes[0], title="image", window=window)
    matrix(kernel, axes[1], title="kernel", signed=True, decimals=decimals[0])
    matrix(
        np.where(done, feature_map, np.nan),
        axes[2],
        title="feature map",
        window=(row, column, 1, 1),
        signed=True,
        limit=np.abs(feature_map).max(),
        decimals=decimals[1],
    )
    return figure


def responses(kernels, filtered, condensed=None, height=1.64):
    """Kernels in rows; beside each the map that it gives (filter) and what ReLU leaves of it (detect).

    Parameters
    ----------
    kernels : dict of str to array-like of shape (kernel height, kernel width)
    filtered : dict of str to ndarray of shape (height, width)
        The map of each kernel.
    condensed : dict of str to ndarray, optional
        The pooled map after ReLU, for a fourth column (condense).
    height : float
        Of a row, inches.

    Returns
    -------
    matplotlib Figure
        White is zero in "filter"; in "detect" and "condense" black is zero, and white the 98th percentile of "filter".
    """
    widths = [1, 1.6, 1.5, 1.5][: 4 if condensed else 3]
    width = (
        (0.84 if condensed else 1.1) * height * sum(widths)
    )  # with room for the colour bars, which only three columns have
    figure, axes = plt.subplots(
        len(kernels), len(widths), figsize=(width, height * len(kernels)), width_ratios=widths, squeeze=False
    )
    for (name, weights), row in zip(kernels.items(), axes):
        limits = (0, max(np.percentile(filtered[name], 98), 1e-6))
        decimals = 0 if (np.asarray(weights) % 1 == 0).all() else 2
        matrix(weights, row[0], title=name, signed=True, decimals=decimals)
        signed_map(filtered[name], row[1], title="filter", colorbar=not condensed)
        picture(np.maximum(filtered[name], 0), row[2], title="detect (ReLU)", limits=limits)
        if condensed:
            picture(condensed[name], row[3], title="condense (max)", limits=limits)
    return figure


def picture(pixels, ax=None, *, title=None, limits=(None, None)):
    """A photograph, colour or grey, or a feature map without negative values: black is the smallest value.

    Parameters
    ----------
    pixels : ndarray of shape (height, width) or (height, width, 3)
    ax : matplotlib Axes, optional
    title : str, optional
    limits : tuple of float
        The values shown as black and as white; by default the smallest and the largest.

    Returns
    -------
    matplotlib Axes
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(4.5, 3.2))
    ax.imshow(pixels, cmap="gray", origin="upper", vmin=limits[0], vmax=limits[1])
    ax.set_title(title)
    ax.axis("off")
    return ax


def signed_map(values, ax=None, *, title=None, limit=None, colorbar=True):
    """A feature map with negative and positive values; purple is below zero, white zero, orange above.

    Parameters
    ----------
    values : ndarray of shape (height, width)
    ax : matplotlib Axes, optional
    title : str, optional
    limit : float, optional
        The colours go from −limit to limit; by default the 99th percentile of the absolute values.
    colorbar : bool

    Returns
    -------
    matplotlib Axes
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 3.6))
    limit = limit or max(np.percentile(np.abs(values), 99), 1e-9)
    shown = ax.imshow(values, cmap=SIGNED, origin="upper", vmin=-limit, vmax=limit)
    ax.set_title(title)
    ax.axis("off")
    if colorbar:
        ax.figure.colorbar(shown, ax=ax, shrink=0.8, extend="both")
    return ax


def pictures(images, titles=None, columns=6, side=1.6):
    """All pictures of a small set, in rows.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width), (height, width, 1) or (height, width, 3)
        uint8 from 0 to 255, or float from 0 to 1: black is 0 in each of them, whatever its smallest value.
    titles : sequence of str, optional
        One per picture.
    columns : int
    side : float
        Of one picture, inches.

    Returns
    -------
    matplotlib Figure
    """
    images = [np.asarray(image) for image in images]
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = side * images[0].shape[0] / images[0].shape[1] + (0.3 if titles is not None else 0)
    figure, axes = plt.subplots(rows, columns, figsize=(side * columns, height * rows), squeeze=False)
    for ax in axes.flat[len(images) :]:
        ax.axis("off")
    for place, (image, ax) in enumerate(zip(images, axes.flat)):
        white = 255 if image.dtype == np.uint8 else 1
        picture(image.squeeze(), ax, limits=(0, white))
        ax.set_title(titles[place] if titles is not None else None, fontsize=11)
    return figure


def curves(runs, metric="accuracy", best=None):
    """Learning curves: loss and a metric after each epoch, on training data dashed, on validation data solid.

    Parameters
    ----------
    runs : dict of str to history
        A history is what ``model.fit(…).history`` holds, or a DataFrame of it: ``loss``, ``val_loss``, `metric` and
        ``val_…`` of it, one value per epoch. The name of a run stands in the legend; with a single run it may be "".
    metric : str
    best : str, optional
        Such as "val_loss" or "val_accuracy": a circle marks the epoch where it was lowest, or highest.

    Returns
    -------
    matplotlib Figure
        Two panels.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4))
    for (name, history), colour in zip(runs.items(), STYLE["axes.prop_cycle"].by_key()["color"]):
        epochs = np.arange(1, len(history["loss"]) + 1)
        dots = {"marker": "o"} if len(epochs) == 1 else {}  # one point makes no line
        for quantity, ax in zip(("loss", metric), axes):
            ax.plot(
                epochs, history[quantity], "--", **dots, color=colour, label=f"{name}{', ' if name else ''}training"
            )
            ax.plot(
                epochs,
                history[f"val_{quantity}"],
                **dots,
                color=colour,
                label=f"{name}{', ' if name else ''}validation",
            )
            if best == f"val_{quantity}":
                values = np.asarray(history[best])
                place = values.argmin() if quantity == "loss" else values.argmax()
                ax.plot(
                    epochs[place],
                    values[place],
                    "o",
                    markersize=13,
                    fillstyle="none",
                    markeredgewidth=2.5,
                    color=PALETTE["vermillion"],
                    label=f"{name}{', ' if name else ''}best: epoch {epochs[place]}",
                )
    for quantity, ax in zip(("loss", metric), axes):
        ax.set(xlabel="epoch", ylabel=quantity, title=quantity.capitalize())
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(top=1.02)
    shown = axes[1 if best == f"val_{metric}" else 0]
    figure.legend(*shown.get_legend_handles_labels(), loc="outside lower center", ncols=3 if best else 2)
    return figure


def early_stopping(losses, best, last):
    """Validation losses, the best epoch before training stops, and where it stops (lesson 04).

    Parameters
    ----------
    losses : sequence of float
        One after each epoch.
    best, last : int
        Epochs, counted from 1.

    Returns
    -------
    matplotlib Axes
    """
    _, ax = plt.subplots(figsize=(6.4, 3.4))
    epochs = np.arange(1, len(losses) + 1)
    ax.plot(epochs[last - 1 :], losses[last - 1 :], ":", color="0.6", label="never trained")
    ax.plot(epochs[:last], losses[:last], marker=".", color=PALETTE["blue"], label="validation loss")
    ax.axvline(last, color=PALETTE["orange"], linewidth=1.5, label=f"ends after epoch {last}")
    ax.plot(
        best,
        losses[best - 1],
        "o",
        markersize=13,
        fillstyle="none",
        markeredgewidth=2.5,
        color=PALETTE["vermillion"],
        label=f"best: epoch {best}",
    )
    ax.set(xlabel="epoch", ylabel="validation loss", ylim=(0, 1.05 * max(losses)), xlim=(0.5, len(losses) + 0.5))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(loc="lower right", frameon=True, edgecolor="none")
    return ax


def costs(counts):
    """Parameters and multiplications of some ways to do the same, as bars with their numbers.

    Parameters
    ----------
    counts : dict of str to (int, int)
        The name of each way, its parameters and its multiplications.

    Returns
    -------
    matplotlib Figure
        Two panels.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 0.6 * len(counts) + 0.6), sharey=True)
    for ax, title, values in zip(axes, ("parameters", "multiplications"), zip(*counts.values())):
        ax.barh(list(counts), values, color=list(PALETTE.values())[: len(counts)], alpha=0.8)
        for place, value in enumerate(values):
            ax.text(value, place, f" {value:,}", va="center")
        ax.set(title=title, xlim=(0, 1.6 * max(values)), xticks=[])
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(length=0)
    axes[0].invert_yaxis()
    return figure


def heatmaps(images, maps, titles, boxes=None, side=1.6):
    """Images, and below each the same with its heatmap.

    Parameters
    ----------
    images : ndarray of shape (count, height, width, 3), uint8
    maps : sequence of ndarray of shape (map height, map width), 0 to 1
        Drawn with values in between, so that they are smooth; bright yellow is 1.
    titles : sequence of str
        Of the heatmaps.
    boxes : sequence of (left, top, right, bottom), optional
        Pixels; a frame in each image.
    side : float
        Of one image, inches.

    Returns
    -------
    matplotlib Figure
    """
    from PIL import Image

    height, width = images[0].shape[:2]
    gap, colours = width // 16, plt.get_cmap("inferno")
    # One picture of all, because Axes for each of them would be slow.
    page = np.ones((2 * height + 4 * gap, (width + gap) * len(images) - gap, 3), np.float32)
    figure, ax = plt.subplots(figsize=(side * len(images), side * page.shape[0] / (width + gap)))
    for place, (image, heat) in enumerate(zip(images, maps)):
        smooth = Image.fromarray(np.asarray(heat, np.float32)).resize((width, height), Image.Resampling.BILINEAR)
        left, lower = place * (width + gap), height + 4 * gap
        page[:height, left : left + width] = image / 255
        grey = image.mean(axis=-1, keepdims=True) / 255  # so that only heat has colours
        page[lower:, left : left + width] = (grey + colours(np.asarray(smooth))[..., :3]) / 2
        ax.text(left + width / 2, lower - gap, titles[place], ha="center", va="baseline")
        if boxes is not None:
            x0, y0, x1, y1 = boxes[place]
            outline(ax, (lower + y0 + 0.5, left + x0 + 0.5, y1 - y0 - 1, x1 - x0 - 1), colour="sky")
    picture(page, ax)
    return figure


#: Colours of `architectures`: a network has that of the first of these words that its name contains.
FAMILIES = {
    "AlexNet": "blue",
    "VGG": "blue",
    "Inception": "orange",
    "GoogLeNet": "orange",
    "Xception": "orange",
    "ResNet": "green",
    "DenseNet": "purple",
    "MobileNet": "sky",
    "Efficient": "vermillion",
    "NASNet": "yellow",
}

#: Where `architectures` writes a name whose place at the right of its circle is taken: (to the right, upwards).
SIDES = {
    "EfficientNetB7": (-1, 1),
    "EfficientNetV2S": (-1, 0),
    "NASNetLarge": (-1, 0),
    "DenseNet121": (-1, 0),
    "DenseNet169": (-1, 0),
    "DenseNet201": (-1, 1),
    "InceptionV3": (0, 1),
    "Xception": (0, 1),
    "VGG19": (0, 1),
    "VGG16": (0, -1),
    "ResNet50": (0, -1),
    "ResNet101": (0, -1),
}


def architectures(table, ax=None):
    """Top-1 accuracy against the multiplications of one forward pass; circles with areas for parameters (lesson 03).

    After figure 2 of Canziani, Paszke and Culurciello, "An Analysis of Deep Neural Network Models for Practical
    Applications", 2016.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``name``, ``multiplications``, ``top1`` (per cent) and ``parameters``, as in ``data/architectures.csv``.
    ax : matplotlib Axes, optional
        By default of a figure of 10 × 6.5 inches, for which the places of the names are chosen.

    Returns
    -------
    matplotlib Axes
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 6.5))
    area = 10 / 1e6  # square points per parameter
    for row in table.itertuples():
        colour = next((PALETTE[colour] for family, colour in FAMILIES.items() if family in row.name), "0.5")
        place, size = (row.multiplications / 1e9, row.top1), area * row.parameters
        ax.scatter(*place, size, color=colour, alpha=0.6, edgecolor="black")
        right, up = SIDES.get(row.name, (1, 0))
        away = (np.sqrt(size / np.pi) + 3) / np.hypot(right, up)
        ax.annotate(
            row.name,
            place,
            (away * right, away * up),
            textcoords="offset points",
            fontsize=10,
            ha=("center", "left", "right")[right],
            va=("center", "bottom", "top")[up],
        )
    ax.set(
        xscale="log",
        xlabel="multiplications of one forward pass (billions, logarithmic scale)",
        ylabel="top-1 accuracy on ImageNet (%)",
        ylim=(table.top1.min() - 3, table.top1.max() + 3),
    )
    ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")
    ax.grid(alpha=0.3, linewidth=0.8)
    ax.set_axisbelow(True)
    sizes = [
        ax.scatter([], [], area * millions * 1e6, color="0.8", edgecolor="black", label=f"{millions} M")
        for millions in (5, 50, 150)
    ]
    ax.legend(handles=sizes, title="parameters", loc="lower right", labelspacing=2, borderpad=1.5, handletextpad=1.5)
    return ax


def study(runs, x, y, lines="", ax=None, *, xlabel=None, ylabel=None):
    """Single runs as dots, their mean as a line, the 95 % interval of the mean as a bar.

    Parameters
    ----------
    runs : pandas.DataFrame or list of dict
        As `results.study` gives them.
    x, y, lines : str
        The parameter along the axis, the recorded number, and the parameter of which each value gets a line ("": one line).
    ax : matplotlib.axes.Axes, optional
    xlabel, ylabel : str, optional
        By default the names.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        As `studies.points`.

    Notes
    -----
    Runs that diverged are crosses at the bottom, and the mean leaves them out.
    """
    from .studies import order, points, words

    found = points(runs if isinstance(runs, list) else runs.to_dict("records"), x, y, lines)
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 4.2))
    places = sorted(dict.fromkeys(point.x for point in found), key=order)
    scale = _scale(places)
    names = list(dict.fromkeys(point.line for point in found))
    for number, name in enumerate(names):
        own = [point for point in found if point.line == name]
        aside = 0 if scale else (number - (len(names) - 1) / 2) * min(0.12, 0.7 / len(names))
        at = [point.x if scale else places.index(point.x) + aside for point in own]
        colour, marker = list(PALETTE.values())[number % 7], "os^Dv<>"[number % 7]
        for place, point in zip(at, own):
            ax.plot([place] * len(point.values), [*point.values.values()], ".", color=colour, alpha=0.45, markersize=7)
            if point.interval:
                ax.plot([place] * 2, point.interval, color=colour, linewidth=1.5)
            if point.diverged:
                ax.plot(place, 0.03 + 0.06 * number, "x", color=colour, transform=ax.get_xaxis_transform())
        label = words(name) if lines else "mean"
        ax.plot(at, [point.mean for point in own], marker + "-", color=colour, label=label, markersize=6)
    ax.set(xlabel=xlabel or x, ylabel=ylabel or y)
    if diverged := any(point.diverged for point in found):
        ax.plot([], [], "x", color="black", label="diverged")
    if lines or diverged:
        ax.legend(title=lines or None, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    _places(ax, places, scale)
    return ax


def _scale(places):
    """How a study's axis shows numbers at their sizes: "linear", or "log" where they are far apart; None: side by side.

    So stand words, two numbers, and numbers of which two would stand in one place.
    """
    if len(places) < 3 or not all(type(place) in (int, float) for place in places):
        return None
    scale = "log" if places[0] > 0 and places[-1] / places[0] >= 20 else "linear"
    at = np.log(places) if scale == "log" else np.array(places, float)
    return scale if np.diff(at).min() >= (at[-1] - at[0]) / 25 else None


def _places(ax, places, scale):
    """The ticks of a study's parameter: its own values, upright where they would run into each other."""
    from .studies import words

    labels = [words(place) for place in places]
    if scale:
        ax.set_xscale(scale)
        ax.set_xticks(places, labels)
        ax.minorticks_off()
    else:
        ax.set_xticks(range(len(places)), labels)
        ax.set_xlim(-0.5, len(places) - 0.5)
    ax.figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels()]
    if any(one.x1 + 4 > other.x0 for one, other in itertools.pairwise(boxes)):
        ax.tick_params("x", rotation=90)
