"""What the widgets share: controls, a picture with words that change with it, and the plain figure where nobody can move anything.

A widget is a function `draw` of the controls' values. It returns a `View`, or raises a ValueError whose message stands
in the widget in the place of the numbers; the picture then stays as it was.
"""

import base64
import gc
import html
import io
import threading
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from .. import plots, runtime

#: ipywidgets gives its sliders no name that a screen reader speaks, and an area of HTML cannot be made one whose changes
#: are spoken. So each new picture does both, with the words that stand beside the slider (`role` and values: ipywidgets 7).
NAME_SLIDERS = """(function name(image, tries) {
  const widget = image.closest('.course-widget'), sliders = widget ? widget.querySelectorAll('.widget-slider') : [];
  sliders.forEach(slider => {
    const handle = slider.querySelector('.noUi-handle, .ui-slider-handle'), readout = slider.querySelector('.widget-readout');
    const label = slider.querySelector('.widget-label');
    if (!handle || !readout || !label) return;
    handle.setAttribute('aria-label', label.textContent);
    handle.setAttribute('role', 'slider');
    if (handle.matches('.ui-slider-handle')) handle.setAttribute('aria-valuenow', readout.textContent);
    readout.setAttribute('role', 'textbox');
    readout.setAttribute('aria-label', label.textContent + ', number');
  });
  const words = widget && widget.querySelector('.course-words .widget-html-content');
  if (words) words.setAttribute('aria-live', 'polite');
  const ready = words &amp;&amp; sliders.length == image.dataset.sliders &amp;&amp; [...sliders].every(one => one.querySelector('[aria-label]'));
  if (!ready &amp;&amp; tries) setTimeout(name, 100, image, tries - 1);
})(this, 50)"""


KEPT = 64  # pictures of a widget, 100 kB each
DRAW = (
    threading.Lock()
)  # from JupyterLab 4.4 and ipykernel 7 on, moves come in another thread than cells, and some of the first ones do not


class View(NamedTuple):
    """What a widget shows: a figure, words for those who cannot see it, numbers as HTML, and new ends of sliders by name."""

    figure: object
    alt: str
    words: str = ""
    ends: dict = {}


@dataclass(frozen=True)
class Slider:
    """A number from `low` to `high`; whole, unless `step` is not."""

    label: str
    start: float
    low: float
    high: float
    step: float = 1

    def make(self, ipywidgets, common):
        kind = ipywidgets.IntSlider if isinstance(self.step, int) else ipywidgets.FloatSlider
        return kind(value=self.start, min=self.low, max=self.high, step=self.step, **common)


@dataclass(frozen=True)
class Choice:
    """One of several options: pairs of the words shown and the value."""

    label: str
    start: object
    options: list

    def make(self, ipywidgets, common):
        return ipywidgets.Dropdown(options=self.options, value=self.start, **common)


@dataclass(frozen=True)
class Entry:
    """A line of text, taken over with Enter or when the field is left."""

    label: str
    start: str

    def make(self, ipywidgets, common):
        return ipywidgets.Text(value=self.start, continuous_update=False, **common)


@dataclass(frozen=True)
class Switch:
    """On or off."""

    label: str
    start: bool

    def make(self, ipywidgets, common):
        return ipywidgets.Checkbox(value=self.start, indent=True, **common)


@dataclass(frozen=True)
class Button:
    """How often it was pressed."""

    label: str
    start: int = 0

    def make(self, ipywidgets, common):
        return ipywidgets.Button(description=self.label)


def present(draw, controls, follow=None):
    """Show a widget; or its figure as it is at the start, where there is no front end.

    Parameters
    ----------
    draw : callable
        Gets the value of each control by name, returns a `View`.
    controls : dict of str to Slider, Choice, Entry, Switch or Button
    follow : callable, optional
        Gets the name of the control that was moved and all values; returns the other controls' new values, by name.
    """
    view = draw(**{name: control.start for name, control in controls.items()})
    if not runtime.has_front_end():
        return plots.show(view.figure, alt=view.alt)
    still = plots.png(view.figure)
    plt.close(view.figure)
    Live(draw, controls, follow, view, still).display(view.alt, still)


@dataclass
class Live:
    """A widget in a running notebook."""

    draw: object
    controls: dict
    follow: object
    view: View
    still: bytes
    seen: dict = field(default_factory=dict)
    drawing: object = None

    def __post_init__(self):
        import ipywidgets

        tooltip = (
            "tooltip" if "tooltip" in ipywidgets.IntSlider.class_trait_names() else "description_tooltip"
        )  # 8 or 7
        layout, style = {"width": "32em"}, {"description_width": "13em"}
        self.parts, self.values = {}, {}
        for name, control in self.controls.items():
            common = {"description": control.label, tooltip: control.label, "layout": layout, "style": style}
            self.parts[name], self.values[name] = control.make(ipywidgets, common), control.start
            if isinstance(control, Button):
                self.parts[name].on_click(lambda _, name=name: self.move(name, self.values[name] + 1))
            else:
                self.parts[name].observe(lambda change, name=name: self.move(name, change["new"]), names="value")
        rows = ipywidgets.Box(list(self.parts.values()), layout={"display": "flex", "flex_flow": "row wrap"})
        self.picture, self.words = ipywidgets.HTML(), ipywidgets.HTML()
        self.words.add_class("course-words")
        self.box = ipywidgets.VBox([rows, self.picture, self.words])
        self.box.add_class("course-widget")
        figure = self.view.figure
        self.size = (*figure.get_size_inches(), len(figure.axes))
        self.places = [ax.get_position(original=True) for ax in figure.axes]
        self.seen[tuple(self.values.values())] = self.view._replace(figure=None), self.still
        self.put(self.view, self.still)

    def move(self, name, value):
        """A control has a new value: draw again. A value that this itself sets elsewhere does not come back here."""
        self.values[name] = value
        if self.drawing == threading.get_ident():
            return
        with DRAW:
            self.drawing, collects = threading.get_ident(), gc.isenabled()
            gc.disable()  # a look at all objects of a notebook would take longer than the drawing, and can wait
            try:
                self.answer(name)
            finally:
                self.drawing = None
                if collects:
                    gc.enable()

    def answer(self, name):
        """Show the picture for the present values, after the control `name` was moved; or the sentence that says what is wrong."""
        try:
            for other, new in (self.follow(name, self.values) if self.follow else {}).items():
                self.parts[other].value = new
            view, png = self.drawn()
        except ValueError as error:
            self.words.value = f'<p style="color:#B34700">{html.escape(str(error))}</p>'
        else:
            for other, end in view.ends.items():
                self.parts[other].max = end
            self.put(view, png)

    def drawn(self):
        """The view for the present values and its PNG; the last ones are kept."""
        values = dict(self.values)
        wanted = tuple(values.values())
        if wanted not in self.seen:
            view = self.draw(**values)
            plt.close(view.figure)  # at once, or a cell that ends meanwhile would show it
            self.seen[wanted] = view._replace(figure=None), self.quick_png(view.figure)
        if len(self.seen) > KEPT:
            del self.seen[next(iter(self.seen))]
        return self.seen[wanted]

    def put(self, view, png):
        sliders = sum(isinstance(control, Slider) for control in self.controls.values())
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        self.picture.value = (
            f'<img alt="{html.escape(view.alt)}" src="{source}" style="max-width:100%" '
            f'data-sliders="{sliders}" onload="{NAME_SLIDERS}">'
        )
        self.words.value = view.words

    def quick_png(self, figure):
        """The figure as a PNG file. One of the first one's size has its layout; others, which have no axis with numbers, fixed margins."""
        from PIL import Image

        figure.set_layout_engine("none")  # the search for a layout would take longer than the drawing
        width, height = figure.get_size_inches()
        if (width, height, len(figure.axes)) == self.size:
            for ax, place in zip(figure.axes, self.places):
                ax.set_position(place)
        else:
            figure.axes[0].get_gridspec().update(
                left=0.1 / width,
                right=1 - 0.1 / width,
                bottom=0.1 / height,
                top=1 - 0.35 / height,
                wspace=0.15,
                hspace=0.3,
            )
            for ax in figure.axes:
                ax.set_position(ax.get_subplotspec().get_position(figure))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        png = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(png, "PNG", compress_level=1)
        return png.getvalue()

    def display(self, alt, still):
        """The widget, and for pages on which no widget works the picture and the words that it began with."""
        from IPython.display import display

        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        display(
            {"application/vnd.jupyter.widget-view+json": view, "image/png": still, "text/plain": alt},
            metadata={"image/png": {"alt": alt}},
            raw=True,
        )


# ------------------------------------------------------------------------------------------------- kernels as lines of text


def entries(kernel):
    """An `Entry` for each row of a kernel, by name: ``kernel_0``, ``kernel_1``, …"""
    return {f"kernel_{place}": Entry(f"kernel, row {place}", written(row)) for place, row in enumerate(kernel)}


def written(row):
    """Numbers as one types them, such as -1, 0.5 or 1/9."""
    return "  ".join(
        f"{value:.10g}" if round(value, 3) == value else str(Fraction(float(value)).limit_denominator(1000))
        for value in row
    )


def read_entries(lines, columns):
    """The kernel that such lines hold: a list of lists of int or, where there are fractions, float.

    Raises
    ------
    ValueError
        A word that is not a number, or too many or too few of them in a row.
    """
    return [_read_entry(place, line, columns) for place, line in enumerate(lines)]


def _read_entry(place, line, columns):
    numbers = []
    for word in line.replace("−", "-").replace(",", " ").split():
        try:
            number = float(Fraction(word))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise ValueError(
                f"kernel row {place} must hold numbers such as −1, 0.5 or 1/9, with spaces between them; got {word!r}"
            ) from None
        if abs(number) > 1000:
            raise ValueError(f"kernel row {place} must hold numbers from −1000 to 1000; got {word}")
        numbers.append(int(number) if number.is_integer() else number)
    if len(numbers) != columns:
        raise ValueError(f"kernel row {place} must hold {columns} numbers with spaces between them; got {len(numbers)}")
    return numbers


# --------------------------------------------------------------------------------------------------- checks and words


def matrix(name, values, largest):
    """`values` as a matrix of finite numbers with at most `largest` rows and columns."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} must be a matrix, with as many numbers in each row; got {values!r}") from None
    if (
        array.ndim != 2
        or array.dtype.kind not in "iuf"
        or not 1 <= min(array.shape) <= max(array.shape) <= largest
        or not np.isfinite(array).all()
    ):
        raise ValueError(
            f"{name} must be a matrix of finite numbers, at most {largest} × {largest}; got shape {array.shape}, {array.dtype}"
        )
    return array


def by(shape):
    """``height × width`` in words."""
    return f"{shape[0]} × {shape[1]}"


def number(value):
    """A number as it stands in a sentence: fractions with four digits, and a real minus."""
    return f"{value:{'.15g' if value % 1 == 0 else '.4g'}}".replace("-", "−")
