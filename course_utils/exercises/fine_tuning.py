"""Exercises of *Fine-tuning*: the reference solutions as a learner would write them, their checks, and the slips that learners make."""

import math

import numpy as np

from ..runtime import quiet
from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip, anything
from .trying import Wrong, call, learners_code

with quiet():
    import keras
    from keras import layers

# ---- recall: the five steps


def five_steps():
    return "bedac"  # head on the base, freeze, train the head, unfreeze and compile, train both


_ORDER = [
    ("b", "d", "the head is trained before it has been put on the base."),
    (
        "e",
        "d",
        "the head is trained while the base is not frozen yet: the large errors of a random head then go through the base (section 3).",
    ),
    ("e", "a", "the base is unfrozen first and frozen afterwards, so at the end nothing of it is trained."),
    ("d", "a", "layers are unfrozen before the head has been trained: this is what section 3 warns of."),
    (
        "a",
        "c",
        "head and base are trained together before any layer of the base has been unfrozen: the base cannot move.",
    ),
    (
        "d",
        "c",
        "the head is trained alone after both were trained together. It comes first, so that the base gets sensible gradients.",
    ),
    ("b", "a", "layers are unfrozen before there is a head."),
]


def check_five_steps(answer):
    letters = (
        "".join(answer)
        if isinstance(answer, (list, tuple)) and all(isinstance(part, str) for part in answer)
        else answer
    )
    letters = "".join(sign for sign in letters.lower() if sign not in " ,;>-→") if isinstance(letters, str) else ""
    if sorted(letters) != list("abcde"):
        raise Wrong(
            "answer with the five letters a, b, c, d, e in quotes, each once, in the order of the steps.", came=answer
        )
    for first, second, message in _ORDER:
        if letters.index(first) > letters.index(second):
            raise Wrong(f"{first} comes too late or {second} too early: {message}", came=answer)
    return (
        "The lecture puts the head on first, then freezes the base. Your order, freezing first, does the same."
        if letters != five_steps()
        else "Whenever something is frozen or unfrozen, compile before you go on."
    )


FIVE_STEPS = Exercise(
    five_steps,
    check_five_steps,
    hints=(
        "Which of them can only be done when there is a head? Which only when the head knows something?",
        "First put together, then freeze, then train the small part. What is left is the part with the base.",
    ),
)

# ---- by hand: how much is unfrozen


def from_block4():
    block4 = (9 * 256 * 512 + 512) + 2 * (
        9 * 512 * 512 + 512
    )  # 3 × 3 weights for each pair of maps, a bias for each filter
    block5 = 3 * (9 * 512 * 512 + 512)  # "from block4_conv1 on": block 5 comes behind it
    return block4 + block5, 14714688 - (block4 + block5)


FROM_BLOCK4 = Numbers(
    from_block4,
    names=("trainable", "still_frozen"),
    slips={
        "trainable": [
            Slip(5899776, "this is block 4 alone. What comes behind it is unfrozen, too."),
            Slip(7079424, "this is block 5 alone."),
            Slip(12976128, "this is the kernels only: six convolutions have biases, too."),
            Slip(14158848, "you took 512 maps as the input of block4_conv1. It gets the 256 maps of block 3."),
            Slip(14714688, "this is the whole base."),
            Slip(1735488, "this is what stays frozen."),
            Slip(11799040, "block4_conv1 itself is missing: unfrozen *from* it *on* includes it."),
            Slip(1444864, "a kernel has 3 × 3 weights for each pair of maps: 9, not 1."),
        ],
        "still_frozen": [
            Slip(0, "blocks 1 to 3 stay frozen."),
            Slip(14714688, "this is the whole base; a part of it is trained now."),
            Slip(12979200, "this is what is trained."),
            Slip(1738560, "all six biases are missing from what you subtracted."),
            Slip(7635264, "you took only block 5 for unfrozen."),
            Slip(8814912, "you took only block 4 for unfrozen."),
        ],
    },
    done="Most of VGG16's base sits in its last two blocks: blocks 1 to 3 are less than an eighth.",
    hints=(
        "From block4_conv1 on: which blocks are that? How many convolutions?",
        "Each convolution has 3 · 3 · (maps in) · (maps out) weights and a bias for each map out.",
        "One convolution from 256 to 512 maps, and five from 512 to 512. The whole base has 14,714,688 parameters.",
    ),
)

# ---- code: unfreezing


def unfreeze_from(model, name, rate):
    start = [layer.name for layer in model.layers].index(name)
    model.trainable = True  # first the whole, then each layer
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= start and not isinstance(layer, keras.layers.BatchNormalization)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mean_squared_error")
    return model


def _frozen_network(names):
    """A tiny network with a frozen base, compiled."""
    first, norm, second, other_norm, third = names
    model = keras.Sequential(
        [
            layers.Input((6, 5, 2)),
            layers.Conv2D(3, 3, name=first),
            layers.BatchNormalization(name=norm),
            layers.Conv2D(4, 2, name=second),
            layers.BatchNormalization(name=other_norm),
            layers.Conv2D(2, 1, name=third),
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dense(1, name="head"),
        ]
    )
    rng = np.random.default_rng(8)
    model.set_weights([rng.uniform(0.2, 1, weight.shape) for weight in model.get_weights()])
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mean_squared_error", run_eagerly=True)
    return model


def check_unfreeze_from(answer):
    rng = np.random.default_rng(5)
    pictures, targets = rng.uniform(0, 1, (3, 6, 5, 2)).astype("float32"), rng.uniform(5, 6, (3, 1)).astype("float32")
    for names, name, rate in [
        (("in", "in_bn", "middle", "middle_bn", "top"), "middle", 0.002),
        (("z", "y", "x", "w", "v"), "y", 0.01),
    ]:
        model = _frozen_network(names)
        model.trainable = False
        before, old_optimiser = {weight.path: weight.numpy() for weight in model.weights}, model.optimizer
        tried = f"unfreeze_from(model, {name!r}, {rate}), a frozen model with the layers {', '.join(layer.name for layer in model.layers)}"
        came = call(answer, model, name, rate, tried=tried)
        if came is not model:
            raise Wrong("return the model that was given, after you have changed it.", tried)
        start = [layer.name for layer in model.layers].index(name)
        shown = ", ".join(dict.fromkeys(weight.path.split("/")[-2] for weight in model.trainable_weights)) or "nothing"
        _check_layers(model, start, tried, shown)
        changed = [
            weight.path.split("/", 1)[-1]
            for weight in model.weights
            if not np.array_equal(before.get(weight.path), weight.numpy())
        ]
        if changed:
            raise Wrong(
                "unfreezing must not change any weight, but some are other numbers now. Was something trained, or "
                "built anew?",
                tried,
                came=changed,
            )
        if model.optimizer is old_optimiser:
            raise Wrong(
                "the right layers are unfrozen, but the model was not compiled again: the old optimiser is still there. In a "
                "model that was trained before, the next `fit` would go on training the old weights only, and nothing of the base would move.",
                tried,
            )
        optimiser = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # mixed precision wraps it
        if not isinstance(optimiser, keras.optimizers.Adam):
            raise Wrong("the model is compiled with another optimiser.", tried, "Adam", type(optimiser).__name__)
        with learners_code("the loss of a prediction that is wrong by 2 and by 4"):
            loss = float(model.compute_loss(y=np.float32([[1], [3]]), y_pred=np.float32([[3], [7]])))
        if not math.isclose(loss, 10, rel_tol=1e-4):
            raise Wrong("the model is compiled with another loss.", tried, "mean_squared_error")
        with learners_code("one training step after it"):
            found = float(model.optimizer.learning_rate.numpy())
            model.run_eagerly = True
            for _ in range(1 if model.optimizer is optimiser else 16):  # the wrapper skips steps until its scale fits
                model.train_on_batch(pictures, targets)
                if moved := _moved(model, before):
                    break
        if not math.isclose(found, rate, rel_tol=1e-4):
            raise Wrong("the model is compiled with another learning rate.", tried, rate, round(found, 6))
        allowed = {weight.path.split("/", 1)[-1] for weight in model.trainable_weights}
        if not moved or moved - allowed:
            raise Wrong(
                "after one training step, other arrays have moved than those that should.",
                tried,
                ", ".join(sorted(allowed)),
                ", ".join(sorted(moved)) or "nothing",
            )
    return "Tested with one training step: what was to move has moved, and nothing else."


def _moved(model, before):
    """The names of the arrays that are other numbers than before."""
    return {
        weight.path.split("/", 1)[-1]
        for weight in model.weights
        if not np.array_equal(before[weight.path], weight.numpy())
    }


def _check_layers(model, start, tried, shown):
    came = [place for place, layer in enumerate(model.layers) if layer.trainable_weights]
    norms = [place for place, layer in enumerate(model.layers) if isinstance(layer, layers.BatchNormalization)]
    with_weights = [place for place, layer in enumerate(model.layers) if layer.weights and place not in norms]
    wanted, without_norms = (
        [place for place in with_weights if place >= start],
        [place for place in came if place not in norms],
    )
    expected, trained = ", ".join(model.layers[place].name for place in wanted), model.trainable_weights
    if not trained:
        hidden = (
            " Each layer is switched on, but the model itself is frozen, and a frozen model hides what its layers say: "
            "model.trainable = True first."
            if came
            else ""
        )
        raise Wrong(f"no weight is trainable.{hidden}", tried, expected, shown)
    if without_norms == wanted and came != without_norms:
        raise Wrong(
            "a BatchNormalization layer is trainable. All of them must stay frozen, also those behind the named layer: otherwise their "
            "averages move.",
            tried,
            expected,
            shown,
        )
    slips = [
        (with_weights, "everything is unfrozen: the layers before the named one must stay frozen."),
        (
            [place for place in with_weights if place > start],
            "the named layer itself is still frozen. It is the first one that is trained.",
        ),
        (
            [place for place in with_weights if place < start],
            "the wrong side is unfrozen: the layers *before* the named one.",
        ),
        (
            [place for place in with_weights if place <= start],
            "the wrong side is unfrozen: the layers up to the named one.",
        ),
        ([start], "only the named layer is unfrozen. Those behind it must be, too."),
        ([place for place in wanted if place < with_weights[-1]], "the head is frozen now."),
        ([with_weights[-1]], "only the last layer is trainable."),
    ]
    for places, message in slips:
        if without_norms == places != wanted:
            raise Wrong(message, tried, expected, shown)
    if without_norms != wanted:
        raise Wrong("other layers are trainable than those from the named one on.", tried, expected, shown)


UNFREEZE_FROM = Exercise(
    unfreeze_from,
    check_unfreeze_from,
    hints=(
        "Begin with `unfreeze` of section 6, final version. What does it not do yet?",
        "Four things: the model itself, the layers before and from the name on, BatchNormalization, and compiling.",
        'At the end: model.compile(optimizer=keras.optimizers.Adam(rate), loss="mean_squared_error"), and return model.',
    ),
)

# ---- explain: three students


def three_students():
    return {
        "first": "c",  # compile again after each change of trainable
        "proof": "f",  # the count looks right; only the weights tell
        "second": "e",  # BatchNormalization must be frozen
        "third": "a",  # base.trainable = True first, then each layer
    }


THREE_STUDENTS = Letters(
    three_students,
    reasons={
        "first": {
            "a": "the base itself was not frozen, he unfroze it.",
            "b": "a low rate moves weights a little, not by exactly 0.",
            "d": "the head had been trained before.",
            "e": "no array of the base has moved, the averages as little as the kernels.",
            "f": "this is a way to find it out, not the reason.",
            "g": "a count is no reason, and here it even looks right.",
        },
        "proof": {
            "a": "this is a reason. Asked for is how he can see that something is wrong.",
            "b": "this is a reason, not a test.",
            "c": "this is the reason. How can he see it?",
            "d": "this is a reason, not a test.",
            "e": "this is a reason, not a test.",
            "g": "the count looks right in his case (section 5): it counts what is *called* trainable.",
        },
        "second": {
            "a": "she unfroze the base.",
            "b": "nothing is said about her rate. What do batches of 2 change in a "
            "BatchNormalization layer that is not frozen?",
            "c": "she compiled.",
            "d": "her head was trained first.",
            "f": "this is a test, not the reason.",
            "g": "this is a test, not the reason.",
        },
        "third": {
            "b": "the number of trainable parameters does not depend on the rate.",
            "c": "he counts before he compiles: compiling does not change the count.",
            "d": "a random head can be trained and counted as well.",
            "e": "averages are never counted as trainable; but the kernels of "
            "four layers are missing from the count, too.",
            "f": "this is a test, not the reason.",
            "g": "this is what he did. Why is the number so small?",
        },
    },
    done="No error is raised in any of the three cases. So count after unfreezing, and compare the weights after training.",
    hints=(
        "Section 5 for the first student, section 6 for the second, the end of section 4 for the third.",
        "The first has forgotten a step, the second has let layers wake up that should rest, the third has a frozen model around unfrozen layers.",
    ),
)

# ---- design: choosing a rate


def choose_rate(accuracies, frozen, count):
    best = max(accuracies.values())
    error = np.sqrt(best * (1 - best) / count)
    if best - frozen <= error:
        return 0
    return min(rate for rate, accuracy in accuracies.items() if accuracy >= best - error)


TABLES = [  # accuracies by rate, of the frozen base, number of pictures
    ({0.01: 0.5, 0.0001: 0.91, 0.00001: 0.86, 0.001: 0.88}, 0.84, 400),
    ({0.00001: 0.842, 0.0001: 0.845, 0.01: 0.5}, 0.84, 400),
    ({0.001: 0.92, 0.0001: 0.915, 0.00001: 0.85}, 0.84, 400),
    ({0.00001: 0.78, 0.0001: 0.79}, 0.84, 200),
    ({0.00001: 0.86, 0.0001: 0.9}, 0.84, 40),
    ({0.0003: 0.86, 0.0001: 0.855, 0.00003: 0.857}, 0.84, 10000),
    ({0.00001: 0.84, 0.001: 0.9, 0.0001: 0.9}, 0.8, 100),
    ({0.01: 0.895, 0.001: 0.9, 0.0001: 0.89, 0.00001: 0.85}, 0.8, 200),
    ({0.00001: 0.95, 0.0001: 0.97}, 0.95, 100),
]


def error(accuracy, count):
    return math.sqrt(accuracy * (1 - accuracy) / count)


def best_rate(table, *rest):
    return max(table, key=table.get)


def good(table, count, error=error):
    """The rates that are as good as the best one, within one error."""
    best = max(table.values())
    return [rate for rate in table if table[rate] >= best - error(best, count)]


def gains(table, frozen, count, error=error):
    best = max(table.values())
    return best - frozen > error(best, count)


def is_better(table, frozen, count):
    return max(table.values()) > frozen


def chosen(pick=lambda table, frozen, count: min(good(table, count)), gains=gains):
    """A `choose_rate` that picks otherwise, or stays frozen otherwise."""
    return lambda *case: pick(*case) if gains(*case) else 0


def variance(accuracy, count):
    return accuracy * (1 - accuracy) / count


def near_with_own_errors(table, frozen, count):
    best = max(table.values())
    return min(rate for rate in table if table[rate] + error(table[rate], count) >= best)


CHOOSE_RATE = Function(
    choose_rate,
    probes=TABLES,
    everywhere=True,
    atol=1e-9,
    slips=[
        Slip(
            best_rate,
            "this is always the rate with the highest accuracy. Differences within one standard error may be luck.",
        ),
        Slip(
            lambda table, frozen, count: min(good(table, count)),
            "the frozen network is not compared: if fine-tuning is no better by more than one error, the answer is 0.",
        ),
        Slip(chosen(best_rate, is_better), "the standard error is not used: a gain of a few pictures may be luck."),
        Slip(
            chosen(best_rate),
            "the gain is judged right. But of the rates that are as good as the best within one error, the smallest is asked for.",
        ),
        Slip(
            chosen(lambda table, frozen, count: max(good(table, count))),
            "of the rates that are as good as the best, you return the largest. The smallest changes the base least.",
        ),
        Slip(
            chosen(
                lambda table, frozen, count: min(good(table, count, variance)),
                lambda table, frozen, count: gains(table, frozen, count, variance),
            ),
            "the square root is missing from the standard error.",
        ),
        Slip(
            lambda table, frozen, count: min(
                (rate for rate in table if table[rate] - frozen > error(max(table.values()), count)), default=0
            ),
            "the smallest rate that beats the frozen network may be far worse than the best. Compare with the best accuracy.",
        ),
        Slip(
            chosen(gains=is_better),
            "whether to stay frozen is decided without the standard error: a gain of a few pictures may be luck.",
        ),
        Slip(
            chosen(lambda table, frozen, count: good(table, count)[0]),
            "you return the first good rate of the table. A dict is not sorted: asked for is the smallest.",
        ),
        Slip(
            chosen(lambda table, *rest: min(table)),
            "you return the smallest of all rates. Only those at most one error below the best may be chosen.",
        ),
        Slip(
            lambda table, frozen, count: choose_rate(table, frozen, count) or frozen,
            "where the gain is too small you return the accuracy of the frozen network. Return 0 there.",
        ),
        Slip(
            chosen(gains=lambda table, frozen, count: max(table.values()) - frozen > error(frozen, count)),
            "the gain is compared with the standard error of `frozen`. Take that of the best accuracy.",
        ),
        Slip(
            chosen(near_with_own_errors),
            "each rate gets a standard error of its own here. Take that of the best accuracy for all.",
        ),
        Slip(lambda table, *rest: max(table.values()), "this is an accuracy. Asked for is the rate."),
        Slip(lambda table, *rest: min(table), "this is always the smallest rate, whatever the accuracies say."),
        Slip(
            lambda table, frozen, count: good(table, count),
            "return one number: a rate, or 0.",
            when=lambda came, *case: np.ndim(came) > 0,
        ),
        Slip(
            lambda *case: 0.5,
            "the rate is another one for this table. Take it through your function step by step.",
            when=anything,
        ),
    ],
    done="The most careful rate that is as good as the best; and none, if the gain is not larger than one standard error. "
    "(A larger one may be luck, too, only less often.)",
    hints=(
        "Three steps: the best accuracy and its standard error; is the gain larger than this error? Which rates are within one error of the best?",
        "The error of a proportion p on n pictures is the square root of p (1 − p) / n.",
        "max(accuracies.values()) is the best accuracy; accuracies.items() gives pairs of rate and accuracy; min(…) of the rates that are left.",
    ),
)

EXERCISES = [FIVE_STEPS, FROM_BLOCK4, UNFREEZE_FROM, THREE_STUDENTS, CHOOSE_RATE]
