"""Widgets over small numbers: the sliding window, pooling and shift, sizes and costs, early stopping."""

from math import isfinite

import numpy as np

from .. import checks, counting, plots, reference
from .controls import Choice, Slider, View, by, entries, matrix, number, present, read_entries


def sliding_window(image, kernel, row=0, column=0, stride=1, padding=0):
    """Move the window of a convolution over an image: each step's products, their sum, and the feature map so far (lesson 01).

    Parameters
    ----------
    image : array-like of shape (height, width)
        Numbers; at most 10 × 10 of them, or they could not be read.
    kernel : array-like of shape (kernel height, kernel width)
        Numbers, no more of them than the image has. In the widget they can be changed.
    row, column : int
        The position in the feature map that is shown first, from 0.
    stride : int
        1 to 4.
    padding : int
        Rings of zeros around the image, 0 to 2.

    Raises
    ------
    TypeError
        For a number that must be whole and is not.
    ValueError
        For an argument out of range; the message names it, what is allowed and what came.

    Examples
    --------
    >>> sliding_window(image, kernel, stride=2, padding=1)
    """
    image, kernel = matrix("image", image, 10), matrix("kernel", kernel, 10)
    checks.whole("stride", stride, 1, 4)
    checks.whole("padding", padding, 0, 2)
    rows, columns = counting.output_size(image.shape, kernel.shape, stride, padding)
    checks.whole("row", row, 0, rows - 1)
    checks.whole("column", column, 0, columns - 1)

    def draw(row, column, stride, padding, **lines):
        weights = np.array(read_entries(lines.values(), kernel.shape[1]))
        padded = np.pad(image, padding)
        result = reference.correlate2d(padded, weights, stride)
        row, column = min(row, result.shape[0] - 1), min(column, result.shape[1] - 1)
        top, left = row * stride, column * stride
        window = padded[top : top + weights.shape[0], left : left + weights.shape[1]]
        decimals = (0 if (weights % 1 == 0).all() else 2, 0 if (result % 1 == 0).all() else 1)
        figure = plots.sliding_window(padded, weights, result, row, column, stride, decimals)
        (height, width), (down, across) = result.shape, weights.shape
        value = number(result[row, column])
        alt = (
            f"The {by(padded.shape)} image{', with zeros around it,' if padding else ''} with a window outlined in its rows {top} to "
            f"{top + down - 1}, columns {left} to {left + across - 1}; the kernel; and the {by(result.shape)} feature map, "
            f"so far filled in up to row {row}, column {column}, where it is {value}."
        )
        products = "<br>".join(
            " + ".join(f"({number(pixel)} · {number(weight)})" for pixel, weight in zip(*pair))
            for pair in zip(window, weights)
        )
        words = (
            f"<p>Row {row}, column {column} of the feature map:<br>{products}<br><b>= {value}</b></p>"
            f"<p>Size of the feature map: <b>{height} × {width}</b>. Height: ⌊({len(image)} + {2 * padding} − {down}) / {stride}⌋ + 1 = {height}.</p>"
        )
        return View(figure, alt, words, {"row": height - 1, "column": width - 1})

    present(
        draw,
        {
            "row": Slider("row of the window", row, 0, rows - 1),
            "column": Slider("column of the window", column, 0, columns - 1),
            "stride": Slider("stride", stride, 1, 4),
            "padding": Slider("padding, each side", padding, 0, 2),
            **entries(kernel),
        },
    )


def pooling_shift(first=(9, 1), second=(14, 6), side=16, rounds=3):
    """Two pictures of a bright dot, and their maps after each round of max pooling: move the dots (lesson 02).

    Parameters
    ----------
    first, second : (int, int)
        Row and column of the dots in picture A and in picture B, from 0.
    side : int
        Height and width of the pictures, pixels: 4 to 64.
    rounds : int
        Rounds of max pooling with windows of 2 × 2, 1 to 5; the last map must still have a pixel.

    Raises
    ------
    TypeError
        For a number that must be whole and is not.
    ValueError
        For an argument out of range.

    Examples
    --------
    >>> pooling_shift(first=(8, 4), second=(8, 5))
    """
    checks.whole("side", side, 4, 64)
    checks.whole("rounds", rounds, 1, min(5, side.bit_length() - 1))
    for name, place in [("first", first), ("second", second)]:
        for value in checks.pair(name, place, least=0, names="(row, column)"):
            checks.whole(name, value, 0, side - 1)

    def maps(row, column):
        image = np.zeros((side, side))
        image[row, column] = 1
        found = [image]
        for _ in range(rounds):
            found.append(reference.max_pool2d(found[-1], 2))
        return found

    def draw(row_a, column_a, row_b, column_b):
        found = {"A": maps(row_a, column_a), "B": maps(row_b, column_b)}
        titles = [f"{letter}: {by(map_.shape)}" for letter, several in found.items() for map_ in several]
        figure = plots.pictures([*found["A"], *found["B"]], titles, columns=rounds + 1, side=2)
        same = [np.array_equal(a, b) for a, b in zip(found["A"], found["B"])]
        after = [
            f"{'no pooling' if count == 0 else f'{count} round' + 's' * (count > 1)}: {'the same' if equal else 'different'}"
            for count, equal in enumerate(same)
        ]
        alt = (
            f"Two {by((side, side))} pictures, A with a dot in row {row_a}, column {column_a}, B with one in row {row_b}, column "
            f"{column_b}, and their maps after each round of max pooling. A and B after {'; '.join(after)}."
        )
        cells = "".join(f"<li>{words.replace('the same', '<b>the same</b>')}</li>" for words in after)
        shift = f"The dot of B is {_shifted(row_b - row_a, 'down', 'up')} and {_shifted(column_b - column_a, 'to the right', 'to the left')} of that of A."
        return View(figure, alt, f"<p>{shift} The maps of A and B after</p><ul>{cells}</ul>")

    present(
        draw,
        {
            "row_a": Slider("A: row of the dot", first[0], 0, side - 1),
            "column_a": Slider("A: column of the dot", first[1], 0, side - 1),
            "row_b": Slider("B: row of the dot", second[0], 0, side - 1),
            "column_b": Slider("B: column of the dot", second[1], 0, side - 1),
        },
    )


def cost_calculator(size=28, channels=256, kernel=3, filters=192, stride=1, padding="same", reduction=128):
    """Size, parameters and multiplications of a convolution, directly and with a 1 × 1 convolution before it (lesson 03).

    Parameters
    ----------
    size : int
        Height and width of the map that comes in, 1 to 256.
    channels : int
        Channels that come in, 1 to 1024.
    kernel : int
        Height and width of the kernel, 1 to 11.
    filters : int
        1 to 1024.
    stride : int
        1 to 4, of the convolution; the 1 × 1 convolution has 1.
    padding : {"same", "valid"}
    reduction : int
        Filters of the 1 × 1 convolution, 1 to 1024.

    Raises
    ------
    TypeError
        For a number that must be whole and is not.
    ValueError
        For an argument out of range, or a kernel that is larger than the map.

    Examples
    --------
    >>> cost_calculator(size=28, channels=192, kernel=5, filters=32, reduction=16)
    """
    given = dict(size=size, channels=channels, kernel=kernel, filters=filters, stride=stride, reduction=reduction)
    labels = dict(
        size=("input, height and width", 256),
        channels=("input channels", 1024),
        kernel=("kernel, side", 11),
        filters=("filters", 1024),
        stride=("stride", 4),
        reduction=("1 × 1 filters before", 1024),
    )
    for name, value in given.items():
        checks.whole(name, value, 1, labels[name][1])
    if padding not in ("same", "valid"):
        raise ValueError(f"padding must be 'same' or 'valid'; got {padding!r}")

    def draw(size, channels, kernel, filters, stride, padding, reduction):
        out = counting.output_size((size, size), kernel, stride, padding)
        direct = (
            counting.conv_parameters(kernel, channels, filters),
            counting.conv_multiplications(out, kernel, channels, filters),
        )
        reduced = (
            counting.conv_parameters(1, channels, reduction) + counting.conv_parameters(kernel, reduction, filters),
            counting.conv_multiplications((size, size), 1, channels, reduction)
            + counting.conv_multiplications(out, kernel, reduction, filters),
        )
        counts = {"directly": direct, "by 1 × 1": reduced}
        ratio = reduced[1] / direct[1]
        verdict = f"By way of 1 × 1 it takes {ratio:.2f} times as many multiplications."
        alt = (
            f"Two bars each for parameters and multiplications. {by((size, size))} with {channels} channels becomes {by(out)} with "
            f"{filters}. Directly: {direct[0]:,} parameters, {direct[1]:,} multiplications; by way of a 1 by 1 convolution with "
            f"{reduction} filters: {reduced[0]:,} and {reduced[1]:,}. {verdict}"
        )
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{name}</th>"
            + "".join(f"<td style='padding-left:2em;text-align:right'>{value:,}</td>" for value in values)
            + "</tr>"
            for name, values in counts.items()
        )
        words = (
            f"<p>Output: <b>{out[0]} × {out[1]} × {filters}</b></p><table><tr><td></td><th scope='col'>parameters</th>"
            f"<th scope='col'>multiplications</th></tr>{rows}</table><p>{verdict}</p>"
        )
        return View(plots.costs(counts), alt, words)

    sliders = {name: Slider(labels[name][0], value, 1, labels[name][1]) for name, value in given.items()}
    present(draw, {**sliders, "padding": Choice("padding", padding, ["same", "valid"])})


def patience(val_losses, patience=2, largest=10):
    """Where early stopping would have ended a training, and which epoch it would have picked (lesson 04).

    Parameters
    ----------
    val_losses : sequence of float
        The validation loss after each epoch, such as ``history.history["val_loss"]``.
    patience : int
        The one that is shown first, 0 to `largest`. With 0 and with 1, the first epoch that is not better is the last one.
    largest : int
        The end of the slider.

    Raises
    ------
    TypeError
        For a number that must be whole and is not.
    ValueError
        There is no loss, one is not a finite number, or `patience` is out of range.

    Notes
    -----
    Counts as `keras.callbacks.EarlyStopping` does, with ``min_delta=0``.

    Examples
    --------
    >>> patience([1.0, 0.8, 0.9, 0.85, 0.7], patience=3)
    """
    losses = [float(loss) for loss in val_losses]
    if not losses or not all(map(isfinite, losses)):
        raise ValueError(f"val_losses must hold a finite number for each epoch; got {losses}")
    checks.whole("largest", largest, 1)
    checks.whole("patience", patience, 0, largest)

    def draw(patience):
        best, last = stopping_epochs(losses, patience)
        lowest = 1 + int(np.argmin(losses))
        stops = last < len(losses) or last - best >= max(patience, 1)
        end = f"training stops after epoch {last}" if stops else f"training is not stopped and ends after epoch {last}"
        picked = f"the best epoch until then is {best}, with a loss of {losses[best - 1]:.3f}"
        missed = (
            ""
            if lowest == best
            else f" The lowest loss of all, {losses[lowest - 1]:.3f}, would have come at epoch {lowest}."
        )
        text = f"With patience {patience}, {end}; {picked}.{missed}"
        figure = plots.early_stopping(losses, best, last).figure
        return View(figure, f"Validation loss against the epoch, 1 to {len(losses)}. {text}", f"<p>{text}</p>")

    present(draw, {"patience": Slider("patience", patience, 0, largest)})


def stopping_epochs(losses, patience):
    """The best epoch and the last epoch of a training with early stopping, both counted from 1.

    Parameters
    ----------
    losses : sequence of float
    patience : int
        0 or more.

    Returns
    -------
    (best, last) : (int, int)

    Examples
    --------
    >>> stopping_epochs([1.0, 0.8, 0.9, 0.85, 0.7, 0.75], patience=2)
    (2, 4)
    """
    best = 1
    for epoch, loss in enumerate(losses, 1):
        if loss < losses[best - 1]:
            best = epoch
        elif epoch > 1 and epoch - best >= patience:
            return best, epoch
    return best, len(losses)


def _shifted(pixels, forward, back):
    return f"{abs(pixels)} pixel{'s' * (abs(pixels) != 1)} {forward if pixels >= 0 else back}"
