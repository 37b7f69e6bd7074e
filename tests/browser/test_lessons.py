"""Three lessons as a student meets them in JupyterLab: widgets by keyboard and by mouse, and the exercises."""

import re

import numpy as np
import pytest

from course_utils import reference

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
WIDGETS = {"convolution": 2, "pooling": 1, "augmentation": 1}
LESSONS = pytest.mark.parametrize("name", WIDGETS)


def expect(locator):
    from playwright.sync_api import expect

    return expect(locator)


def widget(page, control):
    """The widget that has a control of this name."""
    return page.locator(".course-widget").filter(has=page.get_by_label(control, exact=True)).first


def slider(box, name):
    return box.get_by_role("slider", name=name, exact=True)


def drag(page, handle, share):
    """Take a slider's handle with the mouse to a place between its left end (0) and its right end (1)."""
    handle.scroll_into_view_if_needed()
    grip, rail = (
        handle.bounding_box(),
        handle.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box(),
    )
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(rail["x"] + share * rail["width"], grip["y"] + grip["height"] / 2, steps=5)
    page.mouse.up()


def picture(box):
    return box.locator("img").first.get_attribute("src")


# ---------------------------------------------------------------------------------------------------------- whole pages


@LESSONS
def test_the_whole_lesson_runs_without_an_error_on_the_page(lesson, name):
    page = lesson(name)
    for trouble in (
        ".jp-Dialog",
        "[data-mime-type='application/vnd.jupyter.error']",
        "[data-mime-type='application/vnd.jupyter.stderr']",
    ):
        assert page.locator(trouble).all_inner_texts() == [], trouble
    assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()


@LESSONS
def test_widgets_are_shown_and_not_also_their_plain_pictures(lesson, name):
    page = lesson(name)
    boxes = page.locator(".jp-OutputArea").filter(has=page.locator(".course-widget"))
    expect(page.locator(".course-widget")).to_have_count(WIDGETS[name])
    for place in range(boxes.count()):
        expect(boxes.nth(place).locator("img")).to_have_count(1)
        expect(boxes.nth(place).locator(".jp-RenderedImage")).to_have_count(0)


@LESSONS
def test_every_control_can_be_spoken_and_reached(lesson, name):
    page = lesson(name)
    for box in page.locator(".course-widget").all():
        expect(box.locator("img")).to_have_attribute("alt", re.compile(r"\w+ \w+ \w+"))
        expect(box.locator(".course-words .widget-html-content")).to_have_attribute("aria-live", "polite")
        for handle in box.get_by_role("slider").all():
            expect(handle).to_have_accessible_name(re.compile(r"\w"))
            assert handle.get_attribute("tabindex") == "0"
        for role in ("textbox", "combobox", "checkbox", "button"):
            for control in box.get_by_role(role).all():
                expect(control).to_have_accessible_name(re.compile(r"\w"))


# -------------------------------------------------------------------------------------------------------------- widgets


def test_the_window_by_keyboard(lesson):
    page = lesson("convolution")
    box = widget(page, "row of the window")
    row, column = slider(box, "row of the window"), slider(box, "column of the window")
    row.press("Home")
    column.press("Home")
    expect(box).to_contain_text("Row 0, column 0 of the feature map")
    row.press("ArrowRight")
    row.press("ArrowUp")
    expect(box).to_contain_text("Row 2, column 0 of the feature map")
    expect(box).to_contain_text("(6 · −1) + (1 · 0) + (8 · 1)")
    expect(box).to_contain_text(f"= {reference.correlate2d(IMAGE, KERNEL)[2, 0]}")
    expect(box.locator("img")).to_have_attribute("alt", re.compile("rows 2 to 4, columns 0 to 2"))
    row.press("Tab")  # the number beside the slider, then the next slider
    page.keyboard.press("Tab")
    expect(column).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(box).to_contain_text("Row 2, column 1 of the feature map")


def test_the_window_by_mouse_with_stride_and_padding(lesson):
    page = lesson("convolution")
    box = widget(page, "row of the window")
    drag(page, slider(box, "stride"), 1 / 3)
    expect(box).to_contain_text("Size of the feature map: 2 × 2")
    slider(box, "padding, each side").press("ArrowRight")
    expect(box).to_contain_text("Size of the feature map: 3 × 3")
    for name in ("row of the window", "column of the window"):
        drag(page, slider(box, name), 1)
    expect(box).to_contain_text("Row 2, column 2 of the feature map")
    expected = reference.correlate2d(IMAGE, KERNEL, stride=2, padding=1)[2, 2]
    expect(box).to_contain_text(f"= {expected}".replace("-", "−"))


def test_the_kernel_by_typing_and_a_word_that_is_no_number(lesson):
    page = lesson("convolution")
    box = widget(page, "row of the window")
    for name in ("row of the window", "column of the window", "stride", "padding, each side"):
        slider(box, name).press("Home")
    field = box.get_by_role("textbox", name="kernel, row 0", exact=True)
    field.fill("0 no 0")
    field.press("Enter")
    expect(box).to_contain_text(
        "kernel row 0 must hold numbers such as −1, 0.5 or 1/9, with spaces between them; got 'no'"
    )
    field.fill("0 0 2")
    field.press("Enter")
    expect(box).to_contain_text("(5 · 0) + (1 · 0) + (3 · 2)")
    kernel = KERNEL.copy()
    kernel[0] = 0, 0, 2
    expect(box).to_contain_text(f"= {reference.correlate2d(IMAGE, kernel)[0, 0]}")


def test_the_kernel_laboratory(lesson):
    page = lesson("convolution")
    box = widget(page, "kernel")
    choice = box.get_by_role("combobox", name="kernel", exact=True)
    before = picture(box)
    choice.select_option("sharpen")
    expect(box).to_contain_text("Sum of the weights: 1")
    assert picture(box) != before
    field = box.get_by_role("textbox", name="kernel, row 1", exact=True)
    expect(field).to_have_value(re.compile("-1 +5 +-1"))
    field.fill("-1 4 -1")
    field.press("Enter")
    expect(box).to_contain_text("Sum of the weights: 0")
    expect(choice).to_have_value("the numbers below")


def test_dots_and_pooling(lesson):
    page = lesson("pooling")
    box = widget(page, "A: row of the dot")
    expect(box).to_contain_text("2 rounds: different")
    expect(box).to_contain_text("3 rounds: the same")
    before = picture(box)
    drag(page, slider(box, "B: row of the dot"), 0)
    expect(box).to_contain_text("3 rounds: different")
    assert picture(box) != before
    for name, times in (
        ("A: row of the dot", 0),
        ("A: column of the dot", 4),
        ("B: row of the dot", 1),
        ("B: column of the dot", 5),
    ):
        slider(box, name).press("Home")
        for _ in range(times):
            slider(box, name).press("ArrowRight")
    expect(box).to_contain_text("1 pixel down and 1 pixel to the right")
    expect(box).to_contain_text("1 round: the same")


def test_augmentation(lesson):
    page = lesson("augmentation")
    box = widget(page, "shear, degrees")
    drag(page, slider(box, "rotation, degrees"), 1)
    expect(box).to_contain_text("Rotation up to 180°")
    slider(box, "rotation, degrees").press("Home")
    slider(box, "zoom").press("Home")
    expect(box).to_contain_text("Rotation up to 0°")
    expect(box).to_contain_text("1.00 to 1.00 times as large")
    flip = box.get_by_role("checkbox", name="flip", exact=True)
    flip.uncheck()
    expect(box).to_contain_text("not mirrored")
    before = picture(box)
    box.get_by_role("button", name="new sample", exact=True).press("Enter")
    expect(box).to_contain_text("Sample 2")
    assert picture(box) != before


# ------------------------------------------------------------------------------------------------------------ exercises


def answer(page, start, source):
    """Replace the text of the cell that holds `start` by `source`, run it, and give its output."""
    cell = page.locator(".jp-CodeCell").filter(has_text=start).first
    editor = cell.locator(".cm-content")
    editor.click()
    editor.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)
    editor.press("ControlOrMeta+Enter")
    return cell.locator(".jp-OutputArea").first


def test_a_wrong_answer_and_a_right_one(lesson):
    page = lesson("pooling")
    check = "ex.pooled_side.check((side, parameters))"
    output = answer(page, "ex.pooled_side.check", f"side, parameters = 12, 0\n\n{check}")
    expect(output).to_contain_text("Not yet")
    expect(output).to_contain_text("the number of steps")
    output = answer(page, "ex.pooled_side.check", f"side, parameters = 13, 0\n\n{check}")
    expect(output).to_contain_text("Correct")
    expect(output).not_to_contain_text("Not yet")


@pytest.mark.parametrize("name", ["convolution", "augmentation"])
def test_an_exercise_without_an_answer_says_so(lesson, name):
    expect(lesson(name).locator(".jp-OutputArea").filter(has_text="Not attempted").first).to_be_visible()
