"""Exercises of *Visualizing*: the reference solutions as a learner would write them, and the slips that learners make."""

import itertools

import numpy as np

from .kinds import Function, Letters, Numbers, Slip, anything
from .trying import Wrong, call

# ---- recall: what each method needs


def what_each_needs():
    return {
        "activations": "p",  # a picture goes through the network, and that is all
        "best picture": "g",  # gradient of a map's mean for the pixels; it begins with noise
        "Grad-CAM": "cgp",  # gradient of a class's score for the maps of a picture
        "occlusion": "cp",  # only asks for the score, again and again
    }


WHAT_EACH_NEEDS = Letters(
    what_each_needs,
    several=True,
    reasons={
        "activations": {
            "c": "the maps of a layer are the same whatever class you ask about.",
            "g": "the maps come from the way forward alone: nothing is changed, so no gradient is needed.",
        },
        "best picture": {
            "p": "it begins with noise and *makes* a picture; it needs none of yours.",
            "c": "it is about one filter of a layer. Classes come much later.",
        },
        "Grad-CAM": {
            "p": "A heatmap lies over something. What was explained?",
            "c": "Section 6: the same picture had two heatmaps. Why?",
            "g": "What does 'Grad' stand for?",
        },
        "occlusion": {
            "p": "What is covered?",
            "c": "Which score falls when a part is covered?",
            "g": "it only asks the network for scores. That is its strength: it needs nothing from inside.",
        },
    },
    done="The gradients are taken with respect to different variables: the pixels in the second, the feature maps in the third.",
    hints=(
        "For each method, look at what its cell hands over: a picture? a class? And does its formula hold a derivative?",
        "Activations go forward once. The best picture begins with noise. Occlusion works for any classifier, because it looks at "
        "nothing inside.",
    ),
)

# ---- by hand: Grad-CAM on two maps


def two_maps():
    for_y = [[0.5, 0], [0, 1]]  # weights 2/4 and −1/4: (0.5, −0.5; 0, 1.5 − 0.5), then ReLU
    for_minus_y = [[0, 0.5], [0, 0]]  # all signs change before the ReLU: (−0.5, 0.5; 0, −1)
    return for_y, for_minus_y


def slips_of_map(name, pairs):
    """`Slip` of each pair of a map and a message, and of what no such map can show; messages begin with the name."""
    return [
        *(Slip(wrong, f"{name}: {message}") for wrong, message in pairs),
        Slip(
            [0.5, 0, 0, 1],
            f"{name}: a map is a list of two rows with two numbers each, such as [[1, 0], [0, 3]].",
            when=lambda came: np.shape(came) != (2, 2),
        ),
        Slip([[9, 9], [9, 9]], f"{name}: not all numbers are right. Which weights did you find?", when=anything),
    ]


TWO_MAPS = Numbers(
    two_maps,
    names=("for y", "for −y"),
    kind="maps",
    atol=1e-3,
    slips={
        "for y": slips_of_map(
            "for y",
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
        "for −y": slips_of_map(
            "for −y",
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
    },
    done="A place can speak for y or for −y, or for neither; never for both.",
    hints=(
        "First the weights: y = 2 · (sum of the first map) / 4 − (sum of the second map) / 4. What is the derivative with respect to one number of "
        "the first map?",
        "The weights are 2/4 and −1/4. Add the weighted maps, place by place.",
        "ReLU at the very end. For −y, change the signs of the sum before the ReLU.",
    ),
)

# ---- code: from gradients to a heatmap


def heatmap(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    heat = np.maximum((maps * weights).sum(axis=-1), 0)
    largest = heat.max()
    return heat / largest if largest > 0 else heat


def means(gradients):
    return gradients.mean(axis=(0, 1))


def weighted(maps, gradients):
    return (maps * means(gradients)).sum(axis=-1)


def shown(heat):
    positive = np.maximum(heat, 0)
    return positive / positive.max() if positive.max() > 0 else positive


def unguarded(maps, gradients):
    heat = np.maximum(weighted(maps, gradients), 0)
    with np.errstate(invalid="ignore"):
        return heat / heat.max()


def maps_and_gradients(number):
    """Two pairs where some places speak for the class and some against it, and one where all speak against it."""
    rng = np.random.default_rng([9, number])
    for *shape, signs in [(3, 4, 5, {-1, 1}), (5, 2, 3, {-1, 1}), (4, 3, 2, {-1})]:
        raw = np.zeros(1)
        while set(np.sign(raw).ravel()) != signs:
            maps = rng.uniform(0, 2, shape).astype("float32")
            shift = np.resize([1, -1] if 1 in signs else [-3, -3], shape[-1])  # of each filter's gradients
            gradients = (rng.normal(0, 1, shape) + shift).astype("float32")
            raw = weighted(maps, gradients)
        yield maps, gradients


HEATMAP = Function(
    heatmap,
    probes=maps_and_gradients,
    slips=[
        *(
            Slip(lambda maps, gradients, change=change: change(weighted(maps, gradients)), message)
            for change, message in [
                (
                    lambda raw: raw,
                    "this is the weighted sum as it is: ReLU and the division by the largest value are missing.",
                ),
                (lambda raw: np.maximum(raw, 0), "the map has not been divided by its largest value."),
                (
                    lambda raw: raw / raw.max(),
                    "the ReLU is missing: negative places speak against the class.",
                ),
                (
                    lambda raw: np.maximum(raw / raw.max(), 0),
                    "no place speaks for the class: the largest value is negative, and dividing by it turns all signs "
                    "round. ReLU first, then divide.",
                ),
                (lambda raw: raw / np.abs(raw).max(), "the ReLU is missing."),
                (
                    lambda raw: np.maximum(raw, 0) / max(np.maximum(raw, 0).sum(), 1e-9),
                    "you divided by the sum of the map, not by its largest value.",
                ),
                (
                    lambda raw: np.abs(raw) / np.abs(raw).max(),
                    "you took absolute values. What speaks against the class must become 0, not positive.",
                ),
                (
                    lambda raw: (raw - raw.min()) / (raw.max() - raw.min()),
                    "you moved the smallest value to 0. Then 0 no longer means that a place does not speak for the "
                    "class. Only divide by the largest value.",
                ),
                (lambda raw: shown(raw).T, "rows and columns are exchanged."),
            ]
        ),
        *(
            Slip(lambda maps, gradients, change=change: shown(change(maps, gradients).sum(axis=-1)), message)
            for change, message in [
                (
                    lambda maps, gradients: maps * gradients.mean(axis=-1, keepdims=True),
                    "your weights are means over the filters: one for each place. Asked for is one for each filter: "
                    "the mean over all places.",
                ),
                (
                    lambda maps, gradients: maps * gradients,
                    "you multiplied each place by its own gradient. In Grad-CAM a map has one weight: the mean of its "
                    "gradients.",
                ),
                (
                    lambda maps, gradients: maps * np.maximum(means(gradients), 0),
                    "you left the negative weights out. They count: the ReLU comes after the sum.",
                ),
                (
                    lambda maps, gradients: maps * np.abs(means(gradients)),
                    "you took the absolute values of the weights. Their sign says for or against.",
                ),
                (
                    lambda maps, gradients: maps * means(np.maximum(gradients, 0)),
                    "you put ReLU on the gradients. It belongs behind the sum over the maps.",
                ),
                (
                    lambda maps, gradients: maps * gradients.max(axis=(0, 1)),
                    "your weights are the largest gradients. Take their means.",
                ),
                (
                    lambda maps, gradients: gradients * means(maps),
                    "maps and gradients are exchanged: the weights are means of the gradients.",
                ),
                (
                    lambda maps, gradients: maps,
                    "all maps have the same weight here. Each needs its own: the mean of its gradients.",
                ),
            ]
        ),
        Slip(
            unguarded,
            "your map holds nan or inf. Here no place speaks for the class, the largest value is 0, and you divide by it. "
            "Return zeros then.",
            when=lambda came, maps, gradients: came.shape == maps.shape[:2] and not np.isfinite(came).all(),
        ),
    ],
    done="These few lines are the heart of Grad-CAM. Where the gradients come from, section 4 showed with a tape.",
    hints=(
        "Four steps: a weight for each filter, a weighted sum, ReLU, division by the largest value.",
        "gradients.mean(axis=(0, 1)) is one number a filter. maps * weights multiplies each map by its own.",
        "Divide only if the largest value is above 0; otherwise the map is zero already.",
    ),
)

# ---- code: the pointing game


def points_into_box(heat, box, size):
    left, top, right, bottom = box
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    y, x = (row + 0.5) * size[0] / heat.shape[0], (column + 0.5) * size[1] / heat.shape[1]
    return bool(heat.max() > 0 and left <= x < right and top <= y < bottom)


def pointing_cases(number):
    rng = np.random.default_rng([19, number])
    for place in range(120):
        shape = rng.integers(2, (4, 5))
        heat = (rng.permutation(shape.prod()).reshape(shape) + 1) / 20  # few and short numbers: messages show them
        size = tuple(int(side) for side in shape * rng.integers(4, 12, 2) + [place % 2, place % 3])
        y, x = (
            (np.array(np.unravel_index(heat.argmax(), shape)) + 0.5) * size / shape
            if place % 2
            else rng.uniform(0, 1, 2) * size
        )
        near = place % 8 == 1  # so near to the box's corner that parts of a pixel count
        top, left = np.maximum(0, [y, x] - (rng.uniform(0, 1, 2) if near else rng.uniform(1, size) / 3))
        bottom, right = [y, x] + rng.uniform(1, size) / 3
        box = tuple(round(round(2 * float(part)) / 2 + 0.23, 2) for part in (left, top, right, bottom))
        if place % 8 == 3:  # in the corner, where row and column would lie if they were pixels
            box = (0.23, 0.23, *(rng.integers(1, 5, 2) + 0.23).tolist())
        if place % 10 == 7:  # a map of zeros, and a box that takes all of the picture
            heat, box = 0 * heat, (0.0, 0.0, float(size[1]), float(size[0]))
        yield heat, box, size


def points_with(
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


def where_to_look(came, heat, box, size):
    if not heat.any():
        return "this one is wrong. The map is zero everywhere: it points nowhere."
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return (
        f"this one is wrong. The brightest square stands in row {row}, column {column}: compute by hand where its middle "
        "lies, in pixels of the picture."
    )


POINTS_INTO_BOX = Function(
    points_into_box,
    probes=pointing_cases,
    everywhere=True,
    slips=[
        Slip(
            points_with(zeros=True),
            "a map of zeros has no maximum: nothing speaks for the class, so it points nowhere. Return False.",
        ),
        Slip(
            points_with(half=0),
            "you take the upper left corner of the brightest square. Its middle counts: add 0.5 to row and column.",
        ),
        Slip(
            points_with(half=0, pixels=False),
            "row and column of the heatmap are not pixels: a square of the map is many pixels wide.",
        ),
        Slip(
            points_with(pixels=False),
            "row and column of the heatmap are not pixels yet: multiply by the pixels of a square.",
        ),
        Slip(
            points_with(exchanged=True),
            "x and y are exchanged: the row says how far down (top, bottom), the column how far right (left, right).",
        ),
        Slip(points_with(sides=(1, 0)), "height and width are exchanged: size is (height, width)."),
        Slip(points_with(shape=(1, 0)), "rows belong to the height: heat.shape is (rows, columns)."),
        Slip(points_with(column_first=True), "row and column are exchanged: np.unravel_index gives the row first."),
        Slip(
            points_with(sides=(0, 0)),
            "the picture's height is used in both directions: pictures need not be square.",
        ),
        Slip(
            points_with(whole=True),
            "the side of a square of the map need not be a whole number of pixels: / instead of //.",
        ),
        Slip(
            points_with(extent=True),
            "you read the box as (left, top, width, height). It is (left, top, right, bottom).",
        ),
        Slip(lambda *case: True, "this is always True."),
        Slip(lambda *case: False, "this is always False."),
        Slip(
            lambda *case: (1, 2),
            "return one truth value: True or False.",
            when=lambda came, *case: np.size(came) != 1 or came not in (0, 1),
        ),
        Slip(lambda heat, box, size: len(heat) > 2, where_to_look, when=anything),
    ],
    done="With one such answer a picture, np.mean gives the share. Then come the baselines: centre, chance, an untrained network.",
    hints=(
        "np.unravel_index(heat.argmax(), heat.shape) gives row and column of the brightest square.",
        "A square is height / rows pixels high and width / columns wide. Its middle lies half a square further.",
        "x belongs to left and right, y to top and bottom; and a map whose maximum is 0 points nowhere.",
    ),
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


def score_of(shape, seed):
    """A score of a picture that weighs its pixels, with a bend, so that covering two places is not the sum of covering each."""
    weights = np.random.default_rng(seed).normal(0, 1, shape)

    def score(picture):
        total = (picture * weights).sum()
        return float(np.tanh(total / 5) + total / 10)

    return score


def occlusions(number):
    for shape, patch, stride in [((6, 8, 3), 2, 2), ((7, 5, 3), 3, 1), ((9, 7, 1), 3, 2)]:
        picture = np.random.default_rng([patch, stride, number]).uniform(0, 1, shape).astype("float32")
        yield score_of(shape, stride), picture, patch, stride


def falls_of(function, score, picture, patch, stride, tried=None):
    """What `occlusion_falls` returns, if it asks for scores of whole pictures, and not for ever."""
    calls = itertools.count(1)

    def watched(given):
        given = np.asarray(given, dtype=float)
        if given.shape != picture.shape:
            raise Wrong(
                "score takes one picture of the same shape as the one that was given: cover a part of it, do not cut it out, and "
                "give no batch.",
                "score(…)",
                f"shape {picture.shape}",
                f"shape {given.shape}",
            )
        if next(calls) > 500:
            raise Wrong("score was called more than 500 times for a small picture: does your loop ever end?")
        return score(given)

    return call(function, watched, picture, patch, stride, tried=tried)


def mean_colour(picture, part):
    return picture.mean(axis=(0, 1))


def covering(colour=mean_colour, afresh=True, inside=True):
    """An `occlusion_falls` whose patches have another colour, pile up, or stick out of the picture."""

    def falls(score, picture, patch, stride):
        canvas, values = picture.copy(), []
        tops, lefts = (range(0, side - (patch - 1) * inside, stride) for side in picture.shape[:2])
        for top, left in itertools.product(tops, lefts):
            canvas = picture.copy() if afresh else canvas
            part = canvas[top : top + patch, left : left + patch]
            part[:] = colour(picture, part)
            values.append(score(picture) - score(canvas))
        return np.reshape(values, (len(tops), len(lefts)))

    return falls


OCCLUSION_FALLS = Function(
    occlusion_falls,
    probes=occlusions,
    run=falls_of,
    slips=[
        *(
            Slip(lambda *given, change=change: change(occlusion_falls(*given)), message)
            for change, message in [
                (
                    np.negative,
                    "the signs are the other way round: where covering hurts, the score *falls*, and the number must be positive.",
                ),
                (
                    lambda falls: np.maximum(falls, 0),
                    "negative falls have become 0. Asked for are all: the score may also rise.",
                ),
                (np.abs, "you took absolute values: a rise is no fall."),
                (np.transpose, "rows and columns are exchanged: the first index says how far down."),
                (
                    np.ravel,
                    "the numbers are right, but in one row. They belong into a table: a row for each `top`.",
                ),
                (
                    lambda falls: falls[:-1, :-1],
                    "the last places are missing: a patch may touch the edge. A range ends *before* its second number.",
                ),
            ]
        ),
        Slip(
            lambda score, picture, *sizes: score(picture) - occlusion_falls(score, picture, *sizes),
            "these are the scores of the covered pictures. Asked for is by how much each is lower than that of the whole picture.",
        ),
        Slip(covering(lambda picture, part: 0), "your patch is black. Asked for is the mean colour of the picture."),
        Slip(covering(lambda picture, part: 1), "your patch is white. Asked for is the mean colour of the picture."),
        Slip(
            covering(lambda picture, part: picture.mean()),
            "your patch has one mean for all channels. Each channel has its own mean: over which axes?",
        ),
        Slip(
            covering(lambda picture, part: part.mean(axis=(0, 1))),
            "your patch has the mean colour of the part that it covers. Asked for is the mean colour of the whole picture.",
        ),
        Slip(covering(afresh=False), "the patches pile up: each place must begin with a fresh copy of the picture."),
        Slip(
            lambda score, picture, patch, stride: occlusion_falls(score, picture, patch, 1),
            "the patch moves by one pixel at a time: `stride` is not used.",
        ),
        Slip(
            lambda score, picture, patch, stride: occlusion_falls(score, picture, patch, patch),
            "the patch moves by its own side: `stride` is not used.",
        ),
        Slip(
            covering(inside=False),
            "at the end your patches stick out of the picture. Use only the places where the whole patch fits.",
        ),
    ],
    done="It needed nothing but scores, and one of them for each place.",
    hints=(
        "Two loops, as in *Pooling*: top and left of the patch.",
        "In the loops: a fresh copy of the picture, a patch of it set to the mean colour, its score subtracted from the score of the whole.",
        "picture.mean(axis=(0, 1)) is the mean colour. range(0, height - patch + 1, stride) gives all values of top.",
    ),
)

# ---- design: is it the ruler?


def ruler_test():
    return {
        "pictures": "c",  # the same leaf twice: only the ruler differs
        "measure": "b",  # a number for each leaf, so that it can be counted over all
        "baseline": "a",  # is it the ruler, or anything that lies there?
        "verdict": "c",  # stated before, and it may come out either way
    }


RULER_TEST = Letters(
    ruler_test,
    reasons={
        "pictures": {
            "a": "in these, rulers and sickness come together again: whoever looks at the ruler is right there, too.",
            "b": "these are healthy leaves only, and other ones than those without a ruler. Change one thing at a time.",
        },
        "measure": {
            "a": "accuracy was high from the start. It cannot tell *why* the network is right.",
            "c": "one heatmap convinces quickly and proves little: choose no picture by hand, count over all.",
        },
        "baseline": {
            "b": "chance tells about accuracy. Here the question is whether it matters that the thing beside the leaf is a *ruler*.",
            "c": "an untrained network tells whether learning matters, not whether the ruler does.",
        },
        "verdict": {
            "a": "the picture with the pencil has changed as well. If the pencil does the same, it is the change, and not the ruler.",
            "b": "accuracy on leaves without rulers could be low because they are harder. Compare the same leaf with and without.",
            "d": "whoever states nothing in advance can read any result as a confirmation.",
        },
    },
    done="One change at a time, on the same leaf, against another change of the same size, and the criterion stated before.",
    hints=(
        "What must be equal in two pictures, so that only the ruler can be the reason for a difference?",
        "Anything that you lay beside the leaf changes the picture. With what should the ruler be compared?",
    ),
)

EXERCISES = [WHAT_EACH_NEEDS, TWO_MAPS, HEATMAP, POINTS_INTO_BOX, OCCLUSION_FALLS, RULER_TEST]
