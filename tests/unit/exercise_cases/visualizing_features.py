"""Answers to the exercises of *Visualizing*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np
import tensorflow as tf

from course_utils.exercises.visualizing_features import occlusion_falls

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


# ---- pointing


def by_edges(heat, box, size):
    """The middle of the brightest square from its edges."""
    if not heat.any():
        return 0
    tops, lefts = (np.linspace(0, side, count + 1) for side, count in zip(size, heat.shape))
    row, column = divmod(int(np.argmax(heat)), heat.shape[1])
    y, x = (tops[row] + tops[row + 1]) / 2, (lefts[column] + lefts[column + 1]) / 2
    return int(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def inside(heat, box, size):
    left, top, right, bottom = box
    row, column = np.unravel_index(np.argmax(heat), heat.shape)
    high, wide = size[0] / heat.shape[0], size[1] / heat.shape[1]
    return heat.max() > 0 and left < (column + 0.5) * wide < right and top < (row + 0.5) * high < bottom


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


def cut_out(score, picture, patch, stride):
    return [
        [
            score(picture) - score(picture[top : top + patch, left : left + patch])
            for left in range(0, picture.shape[1] - patch + 1, stride)
        ]
        for top in range(0, picture.shape[0] - patch + 1, stride)
    ]


def in_place(score, picture, patch, stride):
    falls = occlusion_falls(score, picture, patch, stride)
    picture[:patch, :patch] = 0
    return falls


CASES = {
    "what_each_needs": {
        "value": True,
        "right": [["P", "g", "g, c, p", ["p", "c"]], NEEDS],
    },
    "two_maps": {
        "value": True,
        "right": [np.array([FOR_Y, FOR_MINUS_Y]), {"for y": np.float32(FOR_Y), "for −y": tf.constant(FOR_MINUS_Y)}],
    },
    "heatmap": {
        "right": [with_tensors, with_loops],
    },
    "points_into_box": {
        "right": [by_edges, inside],
    },
    "occlusion_falls": {
        "right": [with_a_dict, as_tensor],
        "wrong": {
            "cut out": (cut_out, "do not cut it out"),
            "in place": (in_place, "changes the array"),
        },
    },
    "ruler_test": {
        "value": True,
        "right": [list("cbac"), {name: letter.upper() for name, letter in RULER.items()}],
    },
}
