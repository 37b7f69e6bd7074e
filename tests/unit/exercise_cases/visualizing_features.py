"""Answers to the exercises of *Visualizing*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np
import tensorflow as tf

from course_utils.exercises.visualizing_features import heatmap, occlusion_falls

NEEDS = {"activations": "p", "best picture": "g", "Grad-CAM": "pcg", "occlusion": "pc"}
FOR_Y, FOR_MINUS_Y = [[0.5, 0], [0, 1]], [[0, 0.5], [0, 0]]
RULER = {"pictures": "c", "measure": "b", "baseline": "a", "verdict": "c"}


# ---- heatmaps


def with_tensors(maps, gradients):
    maps, gradients = tf.constant(maps), tf.constant(gradients)
    weights = tf.reduce_mean(gradients, axis=(0, 1), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat))


def with_loops(maps, gradients):
    height, width, filters = maps.shape
    heat = np.zeros((height, width))
    for which in range(filters):
        heat += gradients[:, :, which].sum() * maps[:, :, which].astype(
            float
        )  # the sum, not the mean: the division makes it equal
    heat[heat < 0] = 0
    return heat if not heat.any() else heat / heat.max()


def weighted(maps, weights):
    return (maps * weights).sum(axis=-1)


def means(gradients):
    return gradients.mean(axis=(0, 1))


def divided(heat):
    return heat / heat.max() if heat.max() > 0 else np.zeros_like(heat)


def after_relu(heat):
    return divided(np.maximum(heat, 0))


def unguarded(maps, gradients):
    heat = np.maximum(weighted(maps, means(gradients)), 0)
    with np.errstate(invalid="ignore"):
        return heat / heat.max()


# ---- pointing


def by_edges(heat, box, size):
    """The middle of the brightest square from its edges."""
    if not heat.any():
        return 0
    tops, lefts = (np.linspace(0, side, count + 1) for side, count in zip(size, heat.shape))
    row, column = divmod(int(np.argmax(heat)), heat.shape[1])
    y, x = (tops[row] + tops[row + 1]) / 2, (lefts[column] + lefts[column + 1]) / 2
    return int(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def points(
    heat,
    box,
    size,
    half=0.5,
    zeros=False,
    exchange=False,
    pixels=True,
    extent=False,
    sides=(0, 1),
    shape=(0, 1),
    column_first=False,
    whole=False,
):
    """A right answer, or one with a slip."""
    left, top, right, bottom = box
    if extent:
        right, bottom = left + right, top + bottom
    row, column = np.unravel_index(np.argmax(heat), heat.shape)
    y, x = (column + half, row + half) if column_first else (row + half, column + half)
    if pixels:
        high, wide = size[sides[0]] / heat.shape[shape[0]], size[sides[1]] / heat.shape[shape[1]]
        y, x = (y * int(high), x * int(wide)) if whole else (y * high, x * wide)
    if exchange:
        x, y = y, x
    return (heat.max() > 0 or zeros) and left < x < right and top < y < bottom


def slip(**named):
    return lambda heat, box, size: points(heat, box, size, **named)


# ---- occlusion


def with_a_dict(score, picture, patch, stride):
    tops, lefts = (list(range(0, side - patch + 1, stride)) for side in picture.shape[:2])
    result = [[0.0] * len(lefts) for _ in tops]
    before = score(picture)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            inside = np.zeros(picture.shape[:2], bool)
            inside[top : top + patch, left : left + patch] = True
            result[i][j] = before - score(np.where(inside[..., None], picture.mean(axis=(0, 1)), picture))
    return result


def as_tensor(score, picture, patch, stride):
    return tf.constant(with_a_dict(score, picture, patch, stride), tf.float32)


def covering(colour, copy=True, result=lambda whole, covered: whole - covered, less=0):
    def falls(score, picture, patch, stride):
        whole, rows, canvas = score(picture), [], picture.copy()
        for top in range(0, picture.shape[0] - patch + 1 - less, stride):
            rows.append([])
            for left in range(0, picture.shape[1] - patch + 1 - less, stride):
                canvas = picture.copy() if copy else canvas
                canvas[top : top + patch, left : left + patch] = colour(
                    picture, canvas[top : top + patch, left : left + patch]
                )
                rows[-1].append(result(whole, score(canvas)))
        return np.array(rows)

    return falls


def mean_colour(picture, part):
    return picture.mean(axis=(0, 1))


def cut_out(score, picture, patch, stride):
    return [
        [
            score(picture) - score(picture[top : top + patch, left : left + patch])
            for left in range(0, picture.shape[1] - patch + 1, stride)
        ]
        for top in range(0, picture.shape[0] - patch + 1, stride)
    ]


def sticking_out(score, picture, patch, stride):
    whole, rows = score(picture), []
    for top in range(0, picture.shape[0], stride):
        rows.append([])
        for left in range(0, picture.shape[1], stride):
            covered = picture.copy()
            covered[top : top + patch, left : left + patch] = picture.mean(axis=(0, 1))
            rows[-1].append(whole - score(covered))
    return rows


def in_place(score, picture, patch, stride):
    falls = occlusion_falls(score, picture, patch, stride)
    picture[:patch, :patch] = 0
    return falls


CASES = {
    "what_each_needs": {
        "value": True,
        "right": [["P", "g", "g, c, p", ["p", "c"]], NEEDS],
        "wrong": {
            "class for maps": (NEEDS | {"activations": "pc"}, "whatever class"),
            "gradient for maps": (NEEDS | {"activations": "pg"}, "the way forward"),
            "a picture for filters": (NEEDS | {"best picture": "gp"}, "begins with noise"),
            "class for filters": (NEEDS | {"best picture": "gc"}, "one filter"),
            "no class": (NEEDS | {"Grad-CAM": "pg"}, "two heatmaps"),
            "no gradient": (NEEDS | {"Grad-CAM": "pc"}, "'Grad'"),
            "gradient for occlusion": (NEEDS | {"occlusion": "pcg"}, "That is its strength"),
            "no class covered": (NEEDS | {"occlusion": "p"}, "Which score falls"),
            "one word": ("p", "choices are asked for"),
        },
    },
    "two_maps": {
        "value": True,
        "right": [np.array([FOR_Y, FOR_MINUS_Y]), {"for y": np.float32(FOR_Y), "for −y": tf.constant(FOR_MINUS_Y)}],
        "wrong": {
            "no ReLU": (([[0.5, -0.5], [0, 1]], FOR_MINUS_Y), "only positive evidence"),
            "sums": (([[2, 0], [0, 4]], FOR_MINUS_Y), "derivative of a mean"),
            "ReLU of each": (([[0.5, 0], [0, 1.5]], FOR_MINUS_Y), "the second map is gone"),
            "all positive": (([[0.5, 0.5], [0, 2]], FOR_MINUS_Y), "speaks against"),
            "exchanged": ((FOR_MINUS_Y, FOR_Y), "the map for −y."),
            "minus the map": ((FOR_Y, [[-0.5, 0], [0, -1]]), "not after it"),
            "nothing for −y": ((FOR_Y, [[0, 0], [0, 0]]), "one place does"),
            "divided": ((FOR_Y, [[0, 1], [0, 0]]), "divided by its largest"),
            "twice": ((FOR_Y, FOR_Y), "once more"),
            "no ReLU for −y": ((FOR_Y, [[-0.5, 0.5], [0, -1]]), "for −y: the ReLU is missing"),
            "in one row": (([0.5, 0, 0, 1], FOR_MINUS_Y), "two rows"),
            "one map": ([FOR_Y], "two maps are asked for"),
        },
    },
    "heatmap": {
        "right": [with_tensors, with_loops],
        "wrong": {
            "no ReLU": (lambda m, g: divided(weighted(m, means(g))), "the ReLU is missing: negative"),
            "not divided": (lambda m, g: np.maximum(weighted(m, means(g)), 0), "not been divided"),
            "the sum": (lambda m, g: weighted(m, means(g)), "as it is"),
            "nan": (unguarded, "nan or inf"),
            "absolute": (lambda m, g: divided(np.abs(weighted(m, means(g)))), "you took absolute values"),
            "from the smallest": (
                lambda m, g: divided(weighted(m, means(g)) - weighted(m, means(g)).min()),
                "moved the smallest",
            ),
            "place by place": (lambda m, g: after_relu((m * g).sum(axis=-1)), "its own gradient"),
            "positive weights": (
                lambda m, g: after_relu(weighted(m, np.maximum(means(g), 0))),
                "left the negative weights out",
            ),
            "absolute weights": (lambda m, g: after_relu(weighted(m, np.abs(means(g)))), "values of the weights"),
            "ReLU on gradients": (
                lambda m, g: after_relu(weighted(m, np.maximum(g, 0).mean(axis=(0, 1)))),
                "ReLU on the gradients",
            ),
            "largest": (lambda m, g: after_relu(weighted(m, g.max(axis=(0, 1)))), "the largest gradients"),
            "exchanged": (lambda m, g: heatmap(g, m), "are exchanged: the weights"),
            "no weights": (lambda m, g: divided(m.sum(axis=-1)), "the same weight"),
            "divided first": (
                lambda m, g: np.maximum(weighted(m, means(g)) / weighted(m, means(g)).max(), 0),
                "turns all signs round",
            ),
            "divided by the sum": (
                lambda m, g: after_relu(weighted(m, means(g))) / after_relu(weighted(m, means(g))).sum(),
                "by the sum",
            ),
            "means over filters": (
                lambda m, g: after_relu((m * g.mean(axis=-1, keepdims=True)).sum(axis=-1)),
                "one for each place",
            ),
            "transposed": (lambda m, g: heatmap(m, g).T, "rows and columns"),
        },
    },
    "points_into_box": {
        "right": [by_edges, points],
        "wrong": {
            "zeros": (slip(zeros=True), "points nowhere"),
            "corner": (slip(half=0), "upper left corner"),
            "no pixels": (slip(pixels=False, half=0), "many pixels wide"),
            "middle, no pixels": (slip(pixels=False), "not pixels yet"),
            "x and y": (slip(exchange=True), "x and y are exchanged"),
            "size": (slip(sides=(1, 0)), "size is (height, width)"),
            "shape": (slip(shape=(1, 0)), "heat.shape is (rows"),
            "width and height": (slip(extent=True), "(left, top, width, height). It"),
            "always": (lambda h, b, s: True, "always True"),
            "never": (lambda h, b, s: False, "always False"),
            "column first": (slip(column_first=True), "gives the row first"),
            "square pictures": (slip(sides=(0, 0)), "need not be square"),
            "whole pixels": (slip(whole=True), "instead of //"),
            "a place": (lambda h, b, s: (1, 2), "one truth value"),
        },
    },
    "occlusion_falls": {
        "right": [with_a_dict, as_tensor],
        "wrong": {
            "signs": (covering(mean_colour, result=lambda whole, covered: covered - whole), "other way round"),
            "scores": (covering(mean_colour, result=lambda whole, covered: covered), "the scores of the covered"),
            "only falls": (
                covering(mean_colour, result=lambda whole, covered: max(whole - covered, 0)),
                "have become 0",
            ),
            "absolute": (
                covering(mean_colour, result=lambda whole, covered: abs(whole - covered)),
                "a rise is no fall",
            ),
            "black": (covering(lambda picture, part: 0), "black"),
            "white": (covering(lambda picture, part: 1), "white"),
            "one mean": (covering(lambda picture, part: picture.mean()), "for all channels"),
            "own mean": (covering(lambda picture, part: part.mean(axis=(0, 1))), "that it covers"),
            "pile": (covering(mean_colour, copy=False), "pile up"),
            "transposed": (lambda s, p, n, d: occlusion_falls(s, p, n, d).T, "how far down"),
            "one row": (lambda s, p, n, d: occlusion_falls(s, p, n, d).ravel(), "in one row"),
            "no stride": (lambda s, p, n, d: occlusion_falls(s, p, n, 1), "is not used"),
            "no last place": (covering(mean_colour, less=1), "may touch the edge"),
            "stride is patch": (lambda s, p, n, d: occlusion_falls(s, p, n, n), "by its own side"),
            "sticks out": (sticking_out, "stick out"),
            "cut out": (cut_out, "do not cut it out"),
            "in place": (in_place, "changes the array"),
        },
    },
    "ruler_test": {
        "value": True,
        "right": [list("cbac"), {name: letter.upper() for name, letter in RULER.items()}],
        "wrong": {
            "more of the same": (RULER | {"pictures": "a"}, "come together again"),
            "healthy with rulers": (RULER | {"pictures": "b"}, "one thing at a time"),
            "accuracy": (RULER | {"measure": "a"}, "*why*"),
            "one heatmap": (RULER | {"measure": "c"}, "proves little"),
            "chance": (RULER | {"baseline": "b"}, "*ruler*"),
            "untrained": (RULER | {"baseline": "c"}, "whether learning matters"),
            "any rise": (RULER | {"verdict": "a"}, "the same"),
            "accuracy without": (RULER | {"verdict": "b"}, "Compare the same leaf"),
            "always right": (RULER | {"verdict": "d"}, "as a confirmation"),
            "a text": ("the ruler", "choices are asked for"),
        },
    },
}
