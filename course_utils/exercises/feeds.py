"""How exercises judge feeds: generators and data sets that hand out batches of images and labels."""

import numpy as np

from .comparing import as_array
from .trying import Unanswered, Wrong, learners_code
from .words import in_short, shape_text


def opened(answer, tried, *arguments):
    """The learner's generator."""
    if not callable(answer):
        raise Wrong("hand over the function itself: its name, without brackets behind it.", came=in_short(answer))
    with learners_code(tried):
        feed = answer(*arguments)
    if feed is ...:
        raise Unanswered
    if not hasattr(feed, "__next__"):
        raise Wrong(
            "your function returns a finished value, all at once. A generator hands out one batch after the other: `yield`, not `return`.",
            tried,
            came=f"of type {type(feed).__name__}",
        )
    return feed


def pair_of(batch, tried):
    """The inputs and the labels of a batch, as arrays of their own."""
    if batch is ...:
        raise Unanswered
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise Wrong("a batch must be a pair: (inputs, labels).", tried, came=f"of type {type(batch).__name__}")
    if any(part is ... for part in batch):
        raise Unanswered
    inputs, labels = (np.array(as_array(part, tried)) for part in batch)
    if inputs.ndim != 4 or labels.ndim != 1 or len(inputs) != len(labels):
        raise Wrong(
            "a batch of n images has inputs of shape n × height × width × channels and n labels.",
            tried,
            came=f"inputs {shape_text(inputs.shape)}, labels {shape_text(labels.shape)}",
        )
    return inputs, labels


def expect_passes(batches, labels, size, per_pass, tried):
    """Expect of each pass over the data full batches and a smaller last one, with each of `labels` once; `batches` are those of the labels."""
    sizes, count = [len(batch) for batch in batches], len(labels)
    right = ([size] * (count // size) + [count % size]) * (len(batches) // per_pass)
    together = np.concatenate(batches)
    if sizes != right:
        expected, came = f"{right[: per_pass + 2]} …", f"{sizes[: per_pass + 2]} …"
        if set(sizes) != {size}:
            raise Wrong("the batches do not have the right sizes.", tried, expected, came)
        if len(set(together[: count // size * size])) < count // size * size:
            raise Wrong(
                "some images come twice in a pass: each batch is drawn on its own. Shuffle all of them, then cut the order into batches.",
                tried,
                expected,
                came,
            )
        if len(set(together[:count])) == count:
            raise Wrong(
                "the last batch is filled up with images of the next pass. It should be smaller.", tried, expected, came
            )
        raise Wrong("the smaller last batch is missing: its images are left out in each pass.", tried, expected, came)
    for n in range(len(batches) // per_pass):
        if sorted(together[n * count : (n + 1) * count]) != sorted(labels):
            raise Wrong("the sizes are right, but in a pass some images come twice, and others not at all.", tried)


def flips_of(inputs, plain, everything, tried):
    """For each image of a batch, whether it is mirrored; `Wrong` if it is neither as it was nor mirrored."""
    if inputs.shape != plain.shape:
        raise Wrong(
            "the images of a batch do not have the shape that they had.",
            tried,
            shape_text(plain.shape),
            shape_text(inputs.shape),
        )

    def same(one, other):
        return np.allclose(one, other, atol=1e-4)

    flips = []
    for came, image in zip(inputs, plain):
        if not same(came, image) and not same(came, image[:, ::-1]):
            others = [other for other in everything if same(came, other) or same(came, other[:, ::-1])]
            if others:
                raise Wrong(
                    "images and labels do not belong together: both need the same rows, in the same order.", tried
                )
            raise Wrong(
                next(
                    (
                        message
                        for slip, message in [
                            (
                                image[::-1],
                                "an image stands upside down: its rows are reversed. For left and right, reverse the columns.",
                            ),
                            (
                                image[::-1, ::-1],
                                "an image is turned by 180 degrees: rows and columns are reversed. Only the columns should be.",
                            ),
                            (
                                image[..., ::-1],
                                "an image has its channels reversed, red for blue. Which axis holds the columns?",
                            ),
                        ]
                        if same(came, slip)
                    ),
                    "an image is neither as it was nor mirrored.",
                ),
                tried,
            )
        flips.append(not same(came, image))
    return np.array(flips)


def expect_half(flips, tried):
    """Expect about half of the images to be flipped, each on its own; `flips` has an array of booleans for each batch."""
    share = np.concatenate(flips).mean()
    if share in (0, 1):
        raise Wrong(
            "no image is flipped."
            if share == 0
            else "every image is flipped. Each should be, with a probability of one half.",
            tried,
        )
    if all(len(set(batch)) == 1 for batch in flips):
        raise Wrong(
            "a batch is flipped as a whole, or not at all. Decide for each image on its own: draw a number for each of them.",
            tried,
        )
    if not 0.25 < share < 0.75:
        raise Wrong("the share of flipped images is not about one half.", tried, "about 0.5", round(float(share), 2))
