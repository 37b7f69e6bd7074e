"""Exercises of *Visualizing*: the reference solutions as a learner would write them, and their checks."""

import numpy as np

from .comparing import as_array, expect_array, expect_letters
from .exercise import Exercise
from .trying import Wrong, call
from .words import shape_text

# ---- recall: what each method needs


def what_each_needs():
    return {
        "activations": "p",  # a picture goes through the network, and that is all
        "best picture": "g",  # gradient of a map's mean for the pixels; it begins with noise
        "Grad-CAM": "cgp",  # gradient of a class's score for the maps of a picture
        "occlusion": "cp",
    }  # only asks for the score, again and again


def check_what_each_needs(answer):
    picture = "What goes into the network here?"
    expect_letters(
        answer,
        {
            "activations": (
                "p",
                {
                    "p": picture,
                    "c": "the maps of a layer are the same whatever class you ask about.",
                    "g": "the maps come from the way forward alone: nothing is changed, so no gradient is needed.",
                },
            ),
            "best picture": (
                "g",
                {
                    "g": "How does it know in which direction to change the pixels?",
                    "p": "it begins with noise and *makes* a picture; it needs none of yours.",
                    "c": "it is about one filter of a layer. Classes come much later.",
                },
            ),
            "Grad-CAM": (
                "cgp",
                {
                    "p": "A heatmap lies over something. What was explained?",
                    "c": "Section 6: the same picture had two heatmaps. Why?",
                    "g": "What does 'Grad' stand for?",
                },
            ),
            "occlusion": (
                "cp",
                {
                    "p": "What is covered?",
                    "c": "Which score falls when a part is covered?",
                    "g": "it only asks the network for scores. That is its strength: it needs nothing from inside.",
                },
            ),
        },
        several=True,
    )
    return "The gradients are taken with respect to different variables: the pixels in the second, the feature maps in the third."


# ---- by hand: Grad-CAM on two maps


def two_maps():
    for_y = [[0.5, 0], [0, 1]]  # weights 2/4 and −1/4: (0.5, −0.5; 0, 1.5 − 0.5), then ReLU
    for_minus_y = [[0, 0.5], [0, 0]]  # all signs change before the ReLU: (−0.5, 0.5; 0, −1)
    return for_y, for_minus_y


_BOTH_MAPS = {
    "for y": (
        [[0.5, 0], [0, 1]],
        [
            ([[0.5, -0.5], [0, 1]], "the ReLU is missing: only positive evidence is shown."),
            (
                [[2, 0], [0, 4]],
                "your weights are 2 and −1. y holds the *means* of the maps: what is the derivative of a mean of four numbers with respect to "
                "one of them?",
            ),
            (
                [[2, -2], [0, 4]],
                "your weights are 2 and −1 (y holds means, so each number counts for a quarter), and the ReLU is missing.",
            ),
            ([[0.5, 0], [0, 1.5]], "the second map is gone: the ReLU comes after the sum, not for each map alone."),
            ([[0.5, 0.5], [0, 2]], "the second map speaks against y: its weight is negative."),
            ([[0, 0.5], [0, 0]], "this is the map for −y."),
            ([[1, 0], [0, 3]], "this is the first map itself. Multiply each map by its weight, and add."),
            ([[0.25, 0], [0, 0.25]], "are your weights the mean gradients? They are 2/4 and −1/4."),
        ],
    ),
    "for −y": (
        [[0, 0.5], [0, 0]],
        [
            ([[-0.5, 0], [0, -1]], "this is minus the map for y. The signs change before the ReLU, not after it."),
            ([[-0.5, 0.5], [0, -1]], "the ReLU is missing."),
            ([[0, 0], [0, 0]], "one place does speak for −y: where the second map is large and the first is not."),
            (
                [[0, 1], [0, 0]],
                "this has been divided by its largest value. Asked for is the map as the formula gives it.",
            ),
            ([[0, 2], [0, 0]], "your weights are −2 and 1: y holds means."),
            (
                [[0, 0.5], [0, 0.5]],
                "the ReLU comes after the sum: below on the right, the first map outweighs the second.",
            ),
            ([[0.5, 0], [0, 1]], "this is the map for y once more. For −y all weights change their sign."),
        ],
    ),
}


def check_two_maps(answer):
    maps = (
        dict(zip(_BOTH_MAPS, answer)) if isinstance(answer, (list, tuple, np.ndarray)) and len(answer) == 2 else answer
    )
    if not isinstance(maps, dict) or maps.keys() != _BOTH_MAPS.keys():
        raise Wrong("two maps are asked for, first the one for y, then the one for −y.", came=answer)
    for name, (expected, slips) in _BOTH_MAPS.items():
        came = as_array(maps[name], name)
        if came.shape != (2, 2):
            raise Wrong(
                f"{name}: a map is a list of two rows with two numbers each, such as [[1, 0], [0, 3]].", came=maps[name]
            )
        if np.allclose(came, expected, atol=1e-3):
            continue
        message = next(
            (text for value, text in slips if np.allclose(came, value, atol=1e-3)),
            "not all numbers are right. Which weights did you find?",
        )
        raise Wrong(f"{name}: {message}", came=came)
    return "A place can speak for y or for −y, or for neither; never for both."


# ---- code: from gradients to a heatmap


def heatmap(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    heat = np.maximum((maps * weights).sum(axis=-1), 0)
    largest = heat.max()
    return heat / largest if largest > 0 else heat


def check_heatmap(answer):
    rng = np.random.default_rng(9)
    for height, width, filters, shift in [(3, 4, 5, 1), (5, 2, 3, 1), (4, 3, 2, -3)]:
        maps = rng.uniform(0, 2, (height, width, filters)).astype("float32")
        for_or_against = np.resize([shift, -abs(shift)], filters)  # of the filters; with −3, all against
        gradients = (rng.normal(0, 1, maps.shape) + for_or_against).astype("float32")
        tried = f"heatmap(maps, gradients), both of shape {height} × {width} × {filters}"
        tried += ", where no place speaks for the class" if shift == -3 else ""
        came, right, weights = (
            call(answer, maps, gradients, tried=tried),
            heatmap(maps, gradients),
            gradients.mean(axis=(0, 1)),
        )
        raw, flat = (maps * weights).sum(axis=-1), maps.sum(axis=-1)
        array = as_array(came, tried)
        if array.shape == right.shape and not np.isfinite(array.astype(float)).all():
            raise Wrong(
                "your map holds nan or inf. Here no place speaks for the class, the largest value is 0, and you divide by it. Return "
                "zeros then.",
                tried,
                right,
                array,
            )

        def shown(values):
            positive = np.maximum(values, 0)
            return positive / positive.max() if positive.max() > 0 else positive

        absolute, smallest = np.abs(raw), raw.min()
        slips = [
            (raw, "this is the weighted sum as it is: ReLU and the division by the largest value are missing."),
            (np.maximum(raw, 0), "the map has not been divided by its largest value."),
            (
                raw / raw.max(),
                "the ReLU is missing: negative places speak against the class."
                if raw.max() > 0
                else "no place speaks for the class: the largest value is negative, and dividing by it turns all signs round. ReLU first, then divide.",
            ),
            (raw / absolute.max(), "the ReLU is missing."),
            (
                np.maximum(raw, 0) / max(np.maximum(raw, 0).sum(), 1e-9),
                "you divided by the sum of the map, not by its largest value.",
            ),
            (
                shown((maps * gradients.mean(axis=-1, keepdims=True)).sum(axis=-1)),
                "your weights are means over the filters: one for each "
                "place. Asked for is one for each filter: the mean over all places.",
            ),
            (
                absolute / absolute.max(),
                "you took absolute values. What speaks against the class must become 0, not positive.",
            ),
            (
                (raw - smallest) / (raw.max() - smallest),
                "you moved the smallest value to 0. Then 0 no longer means that a place does not speak "
                "for the class. Only divide by the largest value.",
            ),
            (
                shown((maps * gradients).sum(axis=-1)),
                "you multiplied each place by its own gradient. In Grad-CAM a map has one weight: the "
                "mean of its gradients.",
            ),
            (
                shown((maps * np.maximum(weights, 0)).sum(axis=-1)),
                "you left the negative weights out. They count: the ReLU comes after the sum.",
            ),
            (
                shown((maps * np.abs(weights)).sum(axis=-1)),
                "you took the absolute values of the weights. Their sign says for or against.",
            ),
            (
                shown((maps * np.maximum(gradients, 0).mean(axis=(0, 1))).sum(axis=-1)),
                "you put ReLU on the gradients. It belongs behind the sum over the maps.",
            ),
            (
                shown((maps * gradients.max(axis=(0, 1))).sum(axis=-1)),
                "your weights are the largest gradients. Take their means.",
            ),
            (
                shown((gradients * maps.mean(axis=(0, 1))).sum(axis=-1)),
                "maps and gradients are exchanged: the weights are means of the gradients.",
            ),
            (flat / flat.max(), "all maps have the same weight here. Each needs its own: the mean of its gradients."),
            (shown(raw).T, "rows and columns are exchanged."),
        ]
        expect_array(came, right, tried, [slip for slip in slips if not np.allclose(slip[0], 0)])
    return "These few lines are the heart of Grad-CAM. Where the gradients come from, section 4 showed with a tape."


# ---- code: the pointing game


def points_into_box(heat, box, size):
    left, top, right, bottom = box
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    y, x = (row + 0.5) * size[0] / heat.shape[0], (column + 0.5) * size[1] / heat.shape[1]
    return bool(heat.max() > 0 and left <= x < right and top <= y < bottom)


def _pointing_cases():
    rng = np.random.default_rng(19)
    for number in range(60):
        heat = rng.uniform(0, 1, rng.integers(2, 6, 2))
        size = (
            int(heat.shape[0] * rng.integers(4, 12) + number % 2),
            int(heat.shape[1] * rng.integers(4, 12) + number % 3),
        )
        y, x = (
            ((np.unravel_index(heat.argmax(), heat.shape) + np.array(0.5)) * size / heat.shape)
            if number % 2
            else rng.uniform(0, 1, 2) * size
        )
        top, left = np.maximum(0, [y, x] - rng.uniform(1, size) / 3)
        bottom, right = [y, x] + rng.uniform(1, size) / 3
        box = tuple(round(round(2 * float(part)) / 2 + 0.23, 2) for part in (left, top, right, bottom))
        dark = number % 10 == 7  # a map of zeros, and a box that takes all of the picture
        yield heat.astype("float32") * (not dark), (0.0, 0.0, float(size[1]), float(size[0])) if dark else box, size


def _points_with_slip(
    half=0.5,
    pixels=True,
    exchanged=False,
    sides=(0, 1),
    shape=(0, 1),
    zeros=False,
    extent=False,
    column_first=False,
    whole=False,
):
    def judged(heat, box, size):
        left, top, right, bottom = box if not extent else (box[0], box[1], box[0] + box[2], box[1] + box[3])
        place = np.array(np.unravel_index(heat.argmax(), heat.shape)) + half
        place = place[::-1] if column_first else place
        if pixels:
            side = np.take(size, sides) / np.take(heat.shape, shape)
            place = place * (np.floor(side) if whole else side)
        y, x = place[::-1] if exchanged else place
        return bool(left <= x < right and top <= y < bottom and (zeros or heat.max() > 0))

    return judged


def check_points_into_box(answer):
    slips = [
        (
            _points_with_slip(zeros=True),
            "a map of zeros has no maximum: nothing speaks for the class, so it points nowhere. Return False.",
        ),
        (
            _points_with_slip(half=0),
            "you take the upper left corner of the brightest square. Its middle counts: add 0.5 to row and column.",
        ),
        (
            _points_with_slip(half=0, pixels=False),
            "row and column of the heatmap are not pixels: a square of the map is many pixels wide.",
        ),
        (
            _points_with_slip(pixels=False),
            "row and column of the heatmap are not pixels yet: multiply by the pixels of a square.",
        ),
        (
            _points_with_slip(exchanged=True),
            "x and y are exchanged: the row says how far down (top, bottom), the column how far right (left, right).",
        ),
        (_points_with_slip(sides=(1, 0)), "height and width are exchanged: size is (height, width)."),
        (_points_with_slip(shape=(1, 0)), "rows belong to the height: heat.shape is (rows, columns)."),
        (_points_with_slip(column_first=True), "row and column are exchanged: np.unravel_index gives the row first."),
        (
            _points_with_slip(sides=(0, 0)),
            "the picture's height is used in both directions: pictures need not be square.",
        ),
        (
            _points_with_slip(whole=True),
            "the side of a square of the map need not be a whole number of pixels: / instead of //.",
        ),
        (
            _points_with_slip(extent=True),
            "you read the box as (left, top, width, height). It is (left, top, right, bottom).",
        ),
        (lambda *case: True, "this is always True."),
        (lambda *case: False, "this is always False."),
    ]
    cases = list(_pointing_cases())
    came = []
    for heat, box, size in cases:
        tried = f"points_into_box(heat of {shape_text(heat.shape)}, box={box}, size={size})"
        value = as_array(call(answer, heat, box, size, tried=tried), tried)
        if value.shape not in ((), (1,)) or value.item() not in (0, 1):
            raise Wrong("return one truth value: True or False.", tried, came=value)
        came.append(bool(value.item()))
    right = [points_into_box(*case) for case in cases]
    if came == right:
        return "With one such answer a picture, np.mean gives the share. Then come the baselines: centre, chance, an untrained network."
    place = next(number for number in range(len(cases)) if came[number] != right[number])
    heat, box, size = cases[place]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    message = next(
        (text for slip, text in slips if [bool(slip(*case)) for case in cases] == came),
        "this one is wrong. Compute by hand where the middle of the brightest square lies, in pixels of the picture.",
    )
    brightest = f"brightest in row {row}, column {column}" if heat.max() > 0 else "all zero"
    raise Wrong(
        message, f"heat of {shape_text(heat.shape)}, {brightest}; box={box}, size={size}", right[place], came[place]
    )


# ---- code: occlusion


def occlusion_falls(score, picture, patch, stride):
    height, width = picture.shape[:2]
    whole, colour = score(picture), picture.mean(axis=(0, 1))
    falls = []
    for top in range(0, height - patch + 1, stride):
        for left in range(0, width - patch + 1, stride):
            covered = picture.copy()
            covered[top : top + patch, left : left + patch] = colour
            falls.append(whole - score(covered))
    return np.reshape(falls, (-1, (width - patch) // stride + 1))


class _Score:
    """A score of a picture that weighs its pixels, with a bend, so that covering two places is not the sum of covering each."""

    def __init__(self, shape, seed):
        self.weights, self.shape, self.calls = np.random.default_rng(seed).normal(0, 1, shape), shape, 0

    def __call__(self, picture):
        self.calls += 1
        picture = np.asarray(picture, dtype=float)
        if picture.shape != self.shape:
            raise Wrong(
                "score takes one picture of the same shape as the one that was given: cover a part of it, do not cut it out, and "
                "give no batch.",
                "score(…)",
                f"shape {self.shape}",
                f"shape {picture.shape}",
            )
        if self.calls > 500:
            raise Wrong("score was called more than 500 times for a small picture: does your loop ever end?")
        return float(np.tanh((picture * self.weights).sum() / 5) + (picture * self.weights).sum() / 10)


def check_occlusion_falls(answer):
    for shape, patch, stride in [((6, 8, 3), 2, 2), ((7, 5, 3), 3, 1), ((9, 7, 1), 3, 2)]:
        picture = np.random.default_rng(patch * 10 + stride).uniform(0, 1, shape).astype("float32")
        tried = f"occlusion_falls(score, picture of {' × '.join(map(str, shape))}, patch={patch}, stride={stride})"
        came, score = call(answer, _Score(shape, stride), picture, patch, stride, tried=tried), _Score(shape, stride)
        right, whole = occlusion_falls(score, picture, patch, stride), score(picture)

        def cover(colour, keep=True, less=patch - 1, step=stride):
            canvas, values = picture.copy(), []
            for top in range(0, shape[0] - less, step):
                values.append([])
                for left in range(0, shape[1] - less, step):
                    canvas = picture.copy() if keep else canvas
                    part = canvas[top : top + patch, left : left + patch]
                    part[:] = colour if colour is not None else part.mean(axis=(0, 1))
                    values[-1].append(whole - score(canvas))
            return np.array(values)

        mean = picture.mean(axis=(0, 1))
        one_step = occlusion_falls(_Score(shape, stride), picture, patch, 1)
        expect_array(
            came,
            right,
            tried,
            [
                (
                    -right,
                    "the signs are the other way round: where covering hurts, the score *falls*, and the number must be positive.",
                ),
                (
                    whole - right,
                    "these are the scores of the covered pictures. Asked for is by how much each is lower than that of the whole picture.",
                ),
                (np.maximum(right, 0), "negative falls have become 0. Asked for are all: the score may also rise."),
                (np.abs(right), "you took absolute values: a rise is no fall."),
                (cover(0), "your patch is black. Asked for is the mean colour of the picture."),
                (cover(1), "your patch is white. Asked for is the mean colour of the picture."),
                (
                    cover(picture.mean()),
                    "your patch has one mean for all channels. Each channel has its own mean: over which axes?",
                ),
                (
                    cover(None),
                    "your patch has the mean colour of the part that it covers. Asked for is the mean colour of the whole picture.",
                ),
                (
                    cover(mean, keep=False),
                    "the patches pile up: each place must begin with a fresh copy of the picture.",
                ),
                (right.T, "rows and columns are exchanged: the first index says how far down."),
                (
                    right.ravel(),
                    "the numbers are right, but in one row. They belong into a table: a row for each `top`.",
                ),
                (one_step, "the patch moves by one pixel at a time: `stride` is not used."),
                (cover(mean, step=patch), "the patch moves by its own side: `stride` is not used."),
                (
                    cover(mean, less=0),
                    "at the end your patches stick out of the picture. Use only the places where the whole patch fits.",
                ),
                (
                    right[:-1, :-1],
                    "the last places are missing: a patch may touch the edge. A range ends *before* its second number.",
                ),
            ],
        )
    return "It needed nothing but scores, and one of them for each place."


# ---- design: is it the ruler?


def ruler_test():
    return {
        "pictures": "c",  # the same leaf twice: only the ruler differs
        "measure": "b",  # a number for each leaf, so that it can be counted over all
        "baseline": "a",  # is it the ruler, or anything that lies there?
        "verdict": "c",
    }  # stated before, and it may come out either way


def check_ruler_test(answer):
    expect_letters(
        answer,
        {
            "pictures": (
                "c",
                {
                    "a": "in these, rulers and sickness come together again: whoever looks at the ruler is right there, too.",
                    "b": "these are healthy leaves only, and other ones than those without a ruler. Change one thing at a time.",
                },
            ),
            "measure": (
                "b",
                {
                    "a": "accuracy was high from the start. It cannot tell *why* the network is right.",
                    "c": "one heatmap convinces quickly and proves little: choose no picture by hand, count over all.",
                },
            ),
            "baseline": (
                "a",
                {
                    "b": "chance tells about accuracy. Here the question is whether it matters that the thing beside the leaf is a *ruler*.",
                    "c": "an untrained network tells whether learning matters, not whether the ruler does.",
                },
            ),
            "verdict": (
                "c",
                {
                    "a": "the picture with the pencil has changed as well. If the pencil does the same, it is the change, and not the ruler.",
                    "b": "accuracy on leaves without rulers could be low because they are harder. Compare the same leaf with and without.",
                    "d": "whoever states nothing in advance can read any result as a confirmation.",
                },
            ),
        },
    )
    return "One change at a time, on the same leaf, against another change of the same size, and the criterion stated before."


EXERCISES = [
    Exercise(
        what_each_needs,
        check_what_each_needs,
        hints=(
            "For each method, look at what its cell hands over: a picture? a class? And does its formula hold a derivative?",
            "Activations go forward once. The best picture begins with noise. Occlusion works for any classifier, because it looks at "
            "nothing inside.",
        ),
    ),
    Exercise(
        two_maps,
        check_two_maps,
        hints=(
            "First the weights: y = 2 · (sum of the first map) / 4 − (sum of the second map) / 4. What is the derivative with respect to one number of "
            "the first map?",
            "The weights are 2/4 and −1/4. Add the weighted maps, place by place.",
            "ReLU at the very end. For −y, change the signs of the sum before the ReLU.",
        ),
    ),
    Exercise(
        heatmap,
        check_heatmap,
        hints=(
            "Four steps: a weight for each filter, a weighted sum, ReLU, division by the largest value.",
            "gradients.mean(axis=(0, 1)) is one number a filter. maps * weights multiplies each map by its own.",
            "Divide only if the largest value is above 0; otherwise the map is zero already.",
        ),
    ),
    Exercise(
        points_into_box,
        check_points_into_box,
        hints=(
            "np.unravel_index(heat.argmax(), heat.shape) gives row and column of the brightest square.",
            "A square is height / rows pixels high and width / columns wide. Its middle lies half a square further.",
            "x belongs to left and right, y to top and bottom; and a map whose maximum is 0 points nowhere.",
        ),
    ),
    Exercise(
        occlusion_falls,
        check_occlusion_falls,
        hints=(
            "Two loops, as in *Pooling*: top and left of the patch.",
            "In the loops: a fresh copy of the picture, a patch of it set to the mean colour, its score subtracted from the score of the whole.",
            "picture.mean(axis=(0, 1)) is the mean colour. range(0, height - patch + 1, stride) gives all values of top.",
        ),
    ),
    Exercise(
        ruler_test,
        check_ruler_test,
        hints=(
            "What must be equal in two pictures, so that only the ruler can be the reason for a difference?",
            "Anything that you lay beside the leaf changes the picture. With what should the ruler be compared?",
        ),
    ),
]
