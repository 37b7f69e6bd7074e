"""Answers to the exercises of lesson 02: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np


def pool_with_loops(image, size, stride):
    height, width = len(image), len(image[0])
    result = []
    for top in range(0, height - size + 1, stride):
        line = []
        for left in range(0, width - size + 1, stride):
            line.append(sum(float(image[top + i][left + j]) for i in range(size) for j in range(size)) / size**2)
        result.append(line)
    return result


def pool_with_views(image, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    return windows[::stride, ::stride].mean(axis=(2, 3), dtype="float32")


def in_place(image, size, stride):
    image[0, 0] = 99
    return pool_with_views(image, size, stride)


CASES = {
    "pooled_side": {
        "value": True,
        "right": [{"side": 13, "parameters": 0}, np.array([13.0, 0.0])],
        "wrong": {"steps, not places": ((12, 0), "one place more"), "same": ((14, 0), "padding='same'"),
                  "stride of the window": ((9, 0), "stride of 3"), "no stride": ((25, 0), "stride of 1"),
                  "weights": ((13, 9), "9 weights"), "weights and bias": ((13, 10), "a bias")}},
    "average_pool": {
        "right": [pool_with_loops, pool_with_views],
        "wrong": {"maximum": (lambda image, size, stride: np.array([[image[r:r + size, c:c + size].max() for c in range(0, image.shape[1] - size + 1, stride)]
                                                                    for r in range(0, image.shape[0] - size + 1, stride)]), "largest numbers"),
                  "sum": (lambda image, size, stride: pool_with_views(image, size, stride) * size**2, "still to be divided"),
                  "divided by the side": (lambda image, size, stride: pool_with_views(image, size, stride) * size, "side of the window"),
                  "whole numbers": (lambda image, size, stride: pool_with_views(image, size, stride).astype(int), "fractions are lost"),
                  "no stride": (lambda image, size, stride: pool_with_views(image, size, 1), "`stride` is not used"),
                  "transposed": (lambda image, size, stride: pool_with_views(image, size, stride).T, "rows and columns"),
                  "in place": (in_place, "changes the array")}},
}
