"""Exercises of *Augmentation*: the reference solutions as a learner would write them, and the slips that learners make."""

import math

import numpy as np

from ..runtime import quiet
from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip, anything
from .trying import Wrong, call, learners_code

with quiet():
    import keras

# ---- recall: the lecture's list of variations


def image_variations():
    return "abcdgh"  # shift, zoom, brightness, mirror, rotation, colour; a back, a breed or a pose is in no pixel of the photograph


IMAGE_VARIATIONS = Letters(
    image_variations,
    reasons={
        "a": "Could a program move all pixels of a photograph to the left?",
        "b": "What does a zoom do?",
        "c": "Could a program make all numbers of a photograph smaller?",
        "d": "Think of a mirror: which way does the cat walk in it?",
        "e": "the photograph holds no pixel of the cat's back. Nothing that moves or recolours pixels can find it.",
        "f": "another breed has another shape and another fur: this needs a photograph of another cat.",
        "g": "What does a rotation of the whole picture imitate?",
        "h": "Yellow is much red and green, and little blue. Could a program change the channels?",
        "i": "curled up, the cat shows other parts of itself and hides some. Moving all pixels alike does not make it lie down.",
    },
    done=(
        "A program can move the camera a little and change the light; it cannot walk around the cat or fetch another one. "
        "For that you need photographs."
    ),
    hints=(
        "Of each variation ask: is all that the new picture shows already in the photograph?",
        "A program can move pixels (all by one rule) and change their values. It has never seen the cat from another side.",
        "Six of the nine can be imitated.",
    ),
)


# ---- by hand: does the order of two moves matter?


def order_of_moves():
    return {
        "zoom, then turn": (0, 30),  # (20, 0) → (30, 0) → (0, 30)
        "turn, then zoom": (
            0,
            30,
        ),  # (20, 0) → (0, 20) → (0, 30): a zoom that is equal in all directions may come first or last
        "shear, then turn": (0, 20),  # (20, 0) lies at the height 0, so the shear leaves it there → (0, 20)
        "turn, then shear": (20, 20),
    }  # (20, 0) → (0, 20) → 20 to the right, because it is 20 above the centre


CLOCKWISE = "this point lies below the centre. Counter-clockwise, what is on the right goes up first; and here the second number counts upwards."
MOVE_SLIPS = {
    "zoom, then turn": [
        ((0, -30), CLOCKWISE),
        ((30, 0), "it has not been turned yet."),
        (
            (0, 40 / 3),
            "you divided by 1.5. Here 1.5 means: everything is shown 1.5 times as large, so the point moves away from "
            "the centre.",
        ),
        ((-30, 0), "this is a turn by 180°."),
        ((0, 20), "where is the zoom? The point must move away from the centre."),
    ],
    "turn, then zoom": [
        ((0, -30), CLOCKWISE),
        (
            (0, 20),
            "after the turn the point is at (0, 20). Now all distances from the centre grow, those upwards as well.",
        ),
        ((0, 40 / 3), "you divided by 1.5: 1.5 makes larger."),
        ((30, 0), "it has not been turned."),
    ],
    "shear, then turn": [
        (
            (20, 20),
            "this is the other order: turned first. Sheared first, the point lies at the height 0, where the shear "
            "moves nothing.",
        ),
        (
            (-20, 20),
            "you moved the column instead of the row. Rows stay rows: the shear moves a point sideways only, by as much as "
            "it lies above the centre.",
        ),
        ((0, -20), CLOCKWISE),
        ((20, 0), "the shear leaves the point here, but then it is turned."),
    ],
    "turn, then shear": [
        (
            (0, 20),
            "this is the other order, or the shear is missing: after the turn the point is 20 above the centre, so the "
            "shear moves it.",
        ),
        ((-20, 20), "this leans to the left. To the right: what is above the centre moves to the right."),
        ((0, 40), "the shear moves sideways: the height stays as it is."),
        ((-20, -20), CLOCKWISE),
        ((20, -20), "this is turned clockwise, and then leans to the left: both go the other way."),
    ],
}


def slips_of_a_point(name, pairs):
    return [
        *[Slip(point, f"{name}: {message}") for point, message in pairs],
        Slip(
            20,
            f"{name}: a point is a pair of numbers (right, up), such as (20, 0).",
            when=lambda came: np.shape(came) != (2,),
        ),
        Slip(
            (1, 1),
            f"{name}: the point is elsewhere. Begin at (20, 0), and write down where it is after the first move.",
            when=anything,
        ),
    ]


ORDER_OF_MOVES = Numbers(
    order_of_moves,
    names=tuple(MOVE_SLIPS),
    kind="points, each a pair (right, up) such as (20, 0),",
    atol=0.05,
    slips={name: slips_of_a_point(name, pairs) for name, pairs in MOVE_SLIPS.items()},
    done=("An equal zoom and a turn may change places; a shear and a turn may not."),
    hints=(
        "Draw the point on paper, and make one move after the other.",
        "A turn by 90° counter-clockwise takes the point (x, y) to (−y, x).",
        "The shear by 45° takes (x, y) to (x + y, y): y stays, and what lies on the height of the centre does not move.",
    ),
)


# ---- code: the matrix of several moves


def move_matrix(rotation, shear, zoom):
    turn, lean = np.radians([rotation, shear])
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    sheared = np.array([[1, -np.tan(lean)], [0, 1]])
    return turned @ sheared * zoom


def turned(rotation):
    return move_matrix(rotation, 0, 1)


def sheared(shear):
    return move_matrix(0, shear, 1)


MOVE_MATRIX = Function(
    move_matrix,
    probes=[(0, 0, 1.3), (30, 0, 1.2), (0, 20, 0.8), (-50, 35, 1.5)],
    slips=[
        Slip(
            lambda rotation, shear, zoom: move_matrix(rotation, shear, 1 / zoom),
            lambda came, rotation, shear, zoom: (
                f"a zoom of {zoom} must show everything {zoom} times as large: you divide by the zoom."
            ),
        ),
        Slip(lambda rotation, shear, zoom: move_matrix(rotation, shear, 1), "the zoom is missing."),
        Slip(
            lambda *given: np.linalg.inv(move_matrix(*given)),
            "this is the inverse, the way back from the new picture to the old one. Asked for is the way there, A.",
        ),
        Slip(
            lambda rotation, shear, zoom: move_matrix(math.degrees(rotation), shear, zoom),
            "the angles are in degrees, but np.cos, np.sin and np.tan take radians: np.radians(30) is 0.52.",
        ),
        Slip(
            lambda rotation, shear, zoom: move_matrix(rotation, math.degrees(shear), zoom),
            "np.tan takes radians, too, and the angle of the shear is in degrees.",
        ),
        Slip(
            lambda rotation, shear, zoom: move_matrix(-rotation, shear, zoom),
            "this turns clockwise. Here the second number counts downwards: counter-clockwise, the point (1, 0) goes "
            "to (0, −1).",
        ),
        Slip(
            lambda rotation, shear, zoom: move_matrix(rotation, -shear, zoom),
            "this leans to the left. Downwards counts positive, so what is above the centre has a negative second "
            "number: it must move to the right.",
        ),
        Slip(
            lambda rotation, shear, zoom: move_matrix(-rotation, -shear, zoom),
            "both signs are those of a picture whose second number counts upwards. In an image, rows count downwards.",
        ),
        Slip(
            lambda rotation, shear, zoom: sheared(shear) @ turned(rotation) * zoom,
            "the order is exchanged: in a product of matrices the rightmost acts first, and here the shear comes before "
            "the rotation.",
        ),
        Slip(
            lambda rotation, shear, zoom: turned(rotation) @ sheared(shear).T * zoom,
            "your shear moves points up and down. Rows must stay rows: only the first number of a point changes.",
        ),
        Slip(
            lambda rotation, shear, zoom: turned(rotation) @ [[1, -math.sin(math.radians(shear))], [0, 1]] * zoom,
            "your shear uses the sine. Draw an upright line of height 1 that leans by the angle and still ends at the "
            "height 1: how far to the side is its end?",
        ),
        Slip(lambda rotation, shear, zoom: move_matrix(rotation, 0, zoom), "the shear is missing."),
        Slip(lambda *given: move_matrix(*given).T, "rows and columns of the matrix are exchanged."),
        Slip(
            lambda rotation, shear, zoom: move_matrix(rotation, shear, 1) @ np.diag([zoom, 1]),
            "the zoom acts on the width only. It must be equal in both directions.",
        ),
        Slip(
            lambda rotation, shear, zoom: turned(rotation) * sheared(shear) * zoom,
            "you multiplied number by number with *. A product of matrices is written with @.",
        ),
    ],
    done=(
        "One matrix, so the picture has to be read only once. warp_matrices does it the other way round, with the inverse."
    ),
    hints=(
        "Write one matrix for each move. In the product, the one that acts first stands on the right.",
        "The columns of a matrix are where (1, 0) and (0, 1) go. Under the rotation of section 7, (1, 0) goes to (cos, −sin).",
        "The shear is [[1, −tan], [0, 1]]: above the centre (negative) it moves to the right. And np.radians turns degrees into radians.",
    ),
)


# ---- code: the generator's ranges as layers


def augmentation_model(rotation_range, shift_range, zoom_range):
    return keras.Sequential(
        [
            keras.layers.RandomRotation(rotation_range / 360),
            keras.layers.RandomTranslation(shift_range, shift_range),
            keras.layers.RandomZoom(zoom_range, zoom_range),
        ]
    )


def check_augmentation_model(answer):
    for degrees, shift, zoom in [(0.72, 0.05, 0.1), (54, 0.2, 0.35)]:
        tried = f"augmentation_model(rotation_range={degrees}, shift_range={shift}, zoom_range={zoom})"
        model = call(answer, degrees, shift, zoom, tried=tried)
        if not callable(model) or not hasattr(model, "layers"):
            raise Wrong(
                "return a model, for instance keras.Sequential([…]) with the layers in it.",
                tried,
                came=f"an object of type {type(model).__name__}",
            )
        found = list(_flat(model))
        ranges = {
            kind: [layer.get_config() for layer in found if isinstance(layer, getattr(keras.layers, kind))]
            for kind in ("RandomRotation", "RandomTranslation", "RandomZoom")
        }
        for kind, configs in ranges.items():
            if len(configs) != 1:
                raise Wrong(f"the model must hold exactly one layer {kind}; it holds {len(configs)}.", tried)
        turn, move, size = (configs[0] for configs in ranges.values())
        _check_range(
            "RandomRotation",
            turn["factor"],
            degrees / 360,
            tried,
            [
                (degrees, "these are degrees. RandomRotation counts in full turns."),
                (degrees / 180, "you divided by 180: a full turn has 360°."),
                (math.radians(degrees), "these are radians. RandomRotation counts in full turns."),
                (degrees / 100, "you divided by 100. Which share of a full turn is it?"),
                (
                    degrees / 720,
                    "this is half of the range: RandomRotation(0.1) turns by up to 0.1 of a full turn to *either* side, and so does "
                    "rotation_range.",
                ),
            ],
        )
        for direction in ("height", "width"):
            _check_range(
                f"RandomTranslation, {direction}",
                move[f"{direction}_factor"],
                shift,
                tried,
                [
                    (0, f"nothing moves in this direction: {direction}_factor is 0."),
                    (shift / 2, "this is half of the range: shift_range goes to either side, and so does the layer."),
                    (shift * 100, "the layer takes a share of the side, as the generator does, not per cent."),
                ],
            )
        if size["width_factor"] is None:
            raise Wrong(
                "RandomZoom with one factor zooms height and width alike. The generator draws two numbers, one for each direction, so "
                "pictures are "
                "also stretched: give the layer both factors.",
                tried,
            )
        for direction in ("height", "width"):
            _check_range(
                f"RandomZoom, {direction}",
                size[f"{direction}_factor"],
                zoom,
                tried,
                [
                    (0, f"no zoom in this direction: {direction}_factor is 0."),
                    (zoom / 2, "this is half of the range: zoom_range goes to either side of 1."),
                ],
            )
        with learners_code("model(a batch of 2 pictures of 8 × 8, training=True)"):
            shape = tuple(model(np.zeros((2, 8, 8, 3), "float32"), training=True).shape)
        if shape != (2, 8, 8, 3):
            raise Wrong(
                f"the model makes pictures of the shape {shape} out of (2, 8, 8, 3): the size must stay.", tried
            )
    return (
        "What the two still do differently: the order of the moves, and the default of what fills the corners (nearest there, reflect here). "
        "And three layers read the picture three times, the generator once."
    )


def _flat(model):
    for layer in model.layers:
        yield from _flat(layer) if hasattr(layer, "layers") else [layer]


def _check_range(name, factor, expected, tried, slips):
    low, high = (-factor, factor) if np.ndim(factor) == 0 else factor
    if np.allclose((low, high), (-expected, expected), atol=1e-5):
        return
    came = f"from {low:g} to {high:g}"
    for value, message in slips:
        if np.allclose((low, high), (-value, value), atol=1e-5):
            raise Wrong(f"{name}: {message}", tried, came=came)
    if np.isclose(low, 0) or np.isclose(high, 0):
        raise Wrong(
            f"{name}: this range has one side only. The generator's goes to both sides, and so must this.",
            tried,
            came=came,
        )
    raise Wrong(
        f"{name}: the range does not fit the argument. Do you use the function's own arguments, and no fixed numbers?",
        tried,
        came=came,
    )


AUGMENTATION_MODEL = Exercise(
    augmentation_model,
    check_augmentation_model,
    hints=(
        "Three layers: RandomRotation, RandomTranslation, RandomZoom. In which unit does each count?",
        "RandomRotation takes a share of a full turn of 360°; RandomTranslation shares of height and width, as the generator.",
        "Both zooms are shares, and to both sides. But with one factor the layer keeps the proportions, which the generator does not: "
        "RandomZoom(…, …).",
    ),
)


# ---- design: what to augment, and why not


def choose_moves():
    return {
        "digits, turned by up to 15 degrees": "u",
        "digits, turned by any angle": "w",  # a 6 becomes a 9
        "pets, mirrored": "u",
        "pets, upside down": "n",  # still a cat, but nobody photographs it so
        "blood cells, turned by any angle": "u",  # under a microscope there is no up and down
        "road signs, mirrored": "w",  # "left" becomes "right"
        "chest X-rays, mirrored": "w",
    }  # the heart changes sides


CHOOSE_MOVES = Letters(
    choose_moves,
    reasons={
        "digits, turned by up to 15 degrees": {
            "w": "is a 7 that leans a little still a 7?",
            "n": "do all people write upright?",
        },
        "digits, turned by any angle": {
            "u": "look at the 6 of section 10 again.",
            "n": "there is a stronger reason than that it hardly comes: what does a 6 become?",
        },
        "pets, mirrored": {"w": "in a mirror, does a cat become a dog?", "n": "may a cat look the other way?"},
        "pets, upside down": {
            "u": "it keeps the label, but think of rule (2): how often will such a photograph come?",
            "w": "a cat upside down is still a cat: the label holds.",
        },
        "blood cells, turned by any angle": dict.fromkeys(
            "wn",
            "what is the upper side of a cell under a microscope? It lies there in any direction, and "
            "stays the same kind of cell.",
        ),
        "road signs, mirrored": {
            "u": "what does 'turn left' become?",
            "n": "such pictures do come, and that is the trouble: what do they then say?",
        },
        "chest X-rays, mirrored": {
            "u": "on which side is the heart in a mirrored picture, and what is asked?",
            "n": "it is rare, but it comes, and it is the very thing that is asked for. So what happens to the label?",
        },
    },
    done=("First the label, then whether it is believable. Both depend on the question, not only on the picture."),
    hints=(
        "Ask the two questions of section 10 in their order: does the label still hold? Could the picture come?",
        "Imagine the result of each. What would you write under it, and does it agree with the old label?",
    ),
)


# ---- code: test-time augmentation


def mean_answers(answer, vary, pictures, count):
    answers = [answer(vary(pictures)) for _ in range(count)]
    return np.mean(answers, axis=0)


class Vary:
    """A `vary` whose n-th variation of each picture is known; the first pixel says which picture it is."""

    def __init__(self):
        self.times = {}

    def __call__(self, pictures):
        pictures = np.array(pictures, dtype=float)
        if pictures.ndim != 4 or pictures.shape[1:] != (3, 4, 1):
            raise Wrong(
                "vary must get a batch of pictures: of shape (count, height, width, channels).",
                "vary(…)",
                "count × 3 × 4 × 1",
                f"shape {pictures.shape}",
            )
        for picture in pictures:
            name = round(float(picture[0, 0, 0]))
            self.times[name] = self.times.get(name, 0) + 1
            picture[0, 1:] += 0.3 * self.times[name] * name
            picture[1:] *= 1 + 0.2 * self.times[name]
        return pictures


def three_classes(pictures):
    pictures = np.asarray(pictures, dtype=float)
    if pictures.ndim != 4 or pictures.shape[1:] != (3, 4, 1):
        raise Wrong(
            "answer must get a batch of pictures: of shape (count, height, width, channels).",
            "answer(…)",
            "count × 3 × 4 × 1",
            f"shape {pictures.shape}",
        )
    scores = (
        np.stack(
            [pictures[:, 0, 1:].sum(axis=(1, 2)), pictures[:, 1].sum(axis=(1, 2)), pictures[:, 2].sum(axis=(1, 2))],
            axis=1,
        )
        - 3
    )
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def tried_anew(function, answer, vary, pictures, count, tried=None):
    return call(function, answer, vary(), pictures, count, tried=tried)


def some_pictures(number):
    probes = []
    for size, count in [(5, 4), (2, 3)]:
        pictures = np.random.default_rng(size + 10 * number).uniform(0, 1, (size, 3, 4, 1))
        pictures[:, 0, 0, 0] = np.arange(1, size + 1)
        probes.append((three_classes, Vary, pictures, count))
    return probes


def each_answer(answer, vary, pictures, count):
    return np.array([answer(vary(pictures)) for _ in range(count)])


def of_each(summary):
    """`mean_answers` with another summary of the answers to the variations."""
    return lambda *given: summary(each_answer(*given))


def chained(answer, vary, pictures, count):
    answers = []
    for _ in range(count):
        pictures = vary(pictures)
        answers.append(answer(pictures))
    return answers


def tiled(answer, vary, pictures, count):
    answers = answer(vary(np.tile(pictures, (count, 1, 1, 1))))
    return answers.reshape(len(pictures), count, -1).mean(axis=1)


MEAN_ANSWERS = Function(
    mean_answers,
    probes=some_pictures,
    run=tried_anew,
    slips=[
        Slip(
            lambda answer, vary, pictures, count: answer(np.mean([vary(pictures) for _ in range(count)], axis=0)),
            "you took the mean of the pictures, and asked once. Ask for each variation, and take the mean of the answers.",
        ),
        Slip(
            of_each(lambda answers: answers[0]),
            "this is the answer to one variation only. Either the loop ends too early, or vary was called once, before "
            "the loop.",
        ),
        Slip(
            of_each(lambda answers: answers[-1]),
            "this is the answer to the last variation only: the answers before it are lost.",
        ),
        Slip(
            lambda answer, vary, pictures, count: answer(pictures),
            "these are the answers to the pictures as they are: vary was not used.",
        ),
        Slip(
            of_each(lambda answers: answers.sum(axis=0)),
            "these are the sums of the answers: they are still to be divided by count.",
        ),
        Slip(
            lambda answer, vary, pictures, count: np.mean(
                [answer(pictures), *each_answer(answer, vary, pictures, count)], axis=0
            ),
            "the picture as it was is in your mean, too. Asked for is the mean over `count` variations and nothing else.",
        ),
        Slip(
            lambda answer, vary, pictures, count: np.mean(
                [answer(pictures), *each_answer(answer, vary, pictures, count - 1)], axis=0
            ),
            "one of your `count` answers is for the pictures as they are; all should be for variations.",
        ),
        Slip(
            lambda *given: np.mean(chained(*given), axis=0),
            "each of your variations is made from the one before, so pictures move farther and farther. Begin with "
            "`pictures` each time.",
        ),
        Slip(
            lambda *given: chained(*given)[-1],
            "you varied each picture several times in a row, and asked once. Each variation begins with `pictures`, and "
            "has an answer of its own.",
        ),
        Slip(
            tiled,
            "answers of different pictures are mixed. After np.tile all pictures come once, then all of them again: "
            "reshape in this order.",
        ),
        Slip(
            of_each(lambda answers: np.eye(3)[answers.argmax(axis=2)].mean(axis=0)),
            "these are shares of votes: you took the best class of each answer before the mean. Take the mean of the "
            "probabilities.",
        ),
        Slip(
            of_each(lambda answers: answers.mean(axis=0).argmax(axis=1)),
            "these are the chosen classes. Asked for are the mean answers, one row a picture.",
        ),
        Slip(
            of_each(lambda answers: answers.mean(axis=(0, 1))),
            "the mean runs over the pictures, too: there must be one row for each picture.",
        ),
        Slip(
            of_each(lambda answers: answers.mean(axis=1)),
            "the mean runs over the pictures. It should run over the variations: the first axis of the list of answers.",
        ),
        Slip(each_answer, "these are the answers to all variations. Their mean is still missing."),
    ],
    done=(
        "It costs `count` times the work, for each picture that is ever judged. Whether it is worth that, measure: see below."
    ),
    hints=(
        "What must be done `count` times, and what once at the end?",
        "Collect answer(vary(pictures)) in a list, `count` times.",
        "np.mean(the list, axis=0) is the mean over the variations; pictures and classes stay apart.",
    ),
)


EXERCISES = [IMAGE_VARIATIONS, ORDER_OF_MOVES, MOVE_MATRIX, AUGMENTATION_MODEL, CHOOSE_MOVES, MEAN_ANSWERS]
