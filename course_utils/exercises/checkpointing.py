"""Exercises of *Checkpointing*: the reference solutions as a learner would write them, and the slips that learners make."""

import re
import traceback
from pathlib import PurePath

import numpy as np

from .. import runtime
from .comparing import expect_choice, expect_number
from .exercise import Exercise
from .kinds import Letters, Numbers, Slip
from .trying import Raised, Unanswered, Wrong, call, learners_code
from .words import in_short

with runtime.quiet():
    import keras

# ---- recall: when early stopping stops


def early_stopping(best=11, patience=5, allowed=30):
    ended = best + patience  # so many epochs in a row that are no better
    without_restoring = ended  # the weights of the last epoch
    with_restoring = best
    return ended, without_restoring, with_restoring


EARLY_STOPPING = Numbers(
    early_stopping,
    names=("ended", "without_restoring", "with_restoring"),
    data=lambda number: (11 + number % 9, 5 + number % 4, 30),
    slips={
        "ended": [
            Slip(
                lambda best, patience, allowed: best + patience - 1,
                lambda came, best, patience, allowed: (
                    f"{came} is the callback's own count, from 0, or one too few. Counting from 1: which are the {patience} "
                    f"epochs after {best}?"
                ),
            ),
            Slip(
                lambda best, patience, allowed: best + patience + 1,
                lambda came, best, patience, allowed: (
                    f"in epoch {came} the {patience} epochs of waiting are over already: the last of them ends the training."
                ),
            ),
            Slip(
                lambda best, patience, allowed: best,
                lambda came, *data: (
                    f"in epoch {came} nobody can know yet that it was the best. The callback waits for `patience` epochs."
                ),
            ),
            Slip(
                lambda best, patience, allowed: allowed,
                lambda came, best, patience, allowed: (
                    f"{came} epochs were allowed, but from the best one on, the patience of {patience} runs out."
                ),
            ),
            Slip(
                lambda best, patience, allowed: patience,
                lambda came, *data: f"{came} is the patience. It is counted from the best epoch on.",
            ),
        ],
        "without_restoring": [
            Slip(
                lambda best, patience, allowed: best,
                "nothing was brought back: the epochs after the best one have changed its weights.",
            ),
            Slip(
                lambda best, patience, allowed: allowed,
                lambda came, *data: f"training has ended before epoch {came}, so there are no weights of it.",
            ),
            Slip(
                lambda best, patience, allowed: best + patience - 1,
                "the weights are those of the epoch after which training ended.",
            ),
        ],
        "with_restoring": [
            Slip(
                lambda best, patience, allowed: best + patience,
                "these are the weights that training ended with. restore_best_weights=True replaces them.",
            ),
            Slip(
                lambda best, patience, allowed: best - 1,
                lambda came, best, *data: (
                    f"{came} is how the callback counts epoch {best}, from 0. Here we count from 1."
                ),
            ),
            Slip(
                lambda best, patience, allowed: best + 1,
                "the best epoch is the one with the lowest validation loss, not the one after it.",
            ),
        ],
    },
    done="Patience costs epochs; restoring makes sure that it does not cost quality.",
    hints=(
        "Patience counts the epochs in a row that were no better than the best so far.",
        "Count on from the best epoch: the one after it is the first that is waited for. Which is the last?",
        "Without restoring, the network keeps the weights of the epoch that it ended with; with it, those of the best.",
    ),
)

# ---- by hand: the files of ModelCheckpoint

LOSSES = [1.306, 1.018, 1.104, 1.052, 0.967, 0.991, 0.964]


def checkpoint_files():
    # lower than all before: epochs 1 (the first always is), 2, 5 and 7
    return ["weights.01-1.31.keras", "weights.02-1.02.keras", "weights.05-0.97.keras", "weights.07-0.96.keras"]


def check_checkpoint_files(answer):
    names = [answer] if isinstance(answer, (str, PurePath)) else answer
    if not isinstance(names, (list, tuple, set, np.ndarray)) or not all(
        isinstance(name, (str, PurePath)) for name in names
    ):
        raise Wrong("answer with a list of file names in quotes.", came=in_short(answer))
    came = {PurePath(name).name for name in names}

    def named(epochs, pattern="weights.{0:02d}-{1:.2f}.keras", first=1):
        return {pattern.format(epoch - 1 + first, LOSSES[epoch - 1]) for epoch in epochs}

    best, right = (1, 2, 5, 7), set(checkpoint_files())
    for slip, message in [
        (
            named(best, first=0),
            "the epochs are the right ones, but these names count from 0. ModelCheckpoint counts from 1 in names.",
        ),
        (
            named(range(1, 8)),
            "a file after every epoch: that is save_best_only=False. Here it needs a loss lower than all before.",
        ),
        (
            named((1, 2, 4, 5, 7)),
            "the loss of epoch 4 is lower than that of epoch 3, but not lower than the lowest so far.",
        ),
        (
            named((2, 4, 5, 7)),
            "you compared each epoch with the one before. Compare with all before it, and think of the first epoch again.",
        ),
        (named((2, 5, 7)), "one file is missing. Before epoch 1 there was no loss at all, so what is its loss?"),
        (
            named((7,)),
            "this is the best at the end. Those before it were written when they were the best, under other names.",
        ),
        (named(best, "weights.{0}-{1:.2f}.keras"), "`{epoch:02d}` has two digits, with a zero in front."),
        (named(best, "weights.{0:02d}-{1:.3f}.keras"), "`{val_loss:.2f}` has two decimals."),
        (
            {name.replace("1.31", "1.30").replace("1.02", "1.01").replace("0.97", "0.96") for name in right},
            "the decimals were cut off. `.2f` rounds.",
        ),
        (
            {name.replace(".keras", ".hdf5") for name in right},
            "this is the lecture's ending. The pattern ends with .keras.",
        ),
        ({name.removesuffix(".keras") for name in right}, "the endings are missing: the pattern ends with .keras."),
    ]:
        if came == slip:
            raise Wrong(message)
    for name in sorted(came - right):
        if not re.fullmatch(r"weights\.\d\d-\d\.\d\d\.keras", name):
            raise Wrong(
                f"{name} does not fit the pattern: weights, a dot, the epoch with two digits, a hyphen, the loss with two decimals, .keras. "
                "Each file is one text in the list.",
                came=in_short(sorted(came)),
            )
        if name not in named(range(1, 8)):
            raise Wrong(
                f"{name}: epoch {name[8:10]} has another loss. The number in a name counts the epochs, not the files.",
                came=in_short(sorted(came)),
            )
    if extra := sorted(came - right):
        raise Wrong(
            f"{extra[0]} is not written. Follow the losses from the left, and keep a note of the lowest so far.",
            came=in_short(sorted(came)),
        )
    if missing := right - came:
        raise Wrong(
            f"these are written, but more are: {len(missing)}. Which other epochs were better than all before them?"
        )
    return "With save_best_only=False there would be seven."


CHECKPOINT_FILES = Exercise(
    checkpoint_files,
    check_checkpoint_files,
    hints=(
        "A file is written after an epoch whose loss is lower than *all* before it.",
        "Four epochs are: the first one, and three others.",
        "`{epoch:02d}` is the epoch from 1 on, with two digits; `{val_loss:.2f}` is the loss, rounded to two decimals.",
    ),
)


# ---- code: a callback with a time budget


class TimeBudget(keras.callbacks.Callback):
    def __init__(self, seconds, clock):
        super().__init__()
        self.seconds, self.clock = seconds, clock

    def on_train_begin(self, logs=None):
        self.begin = self.clock()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_begin = self.clock()

    def on_epoch_end(self, epoch, logs=None):
        now = self.clock()
        if (now - self.begin) + (now - self.epoch_begin) > self.seconds:
            self.model.stop_training = True


def _small_model():
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])


def _made(answer, *arguments, tried):
    """A callback of the learner's class."""
    if isinstance(answer, keras.callbacks.Callback):
        raise Wrong("hand over the class itself: its name, without brackets behind it.")
    callback = call(answer, *arguments, tried=tried)
    if not isinstance(callback, keras.callbacks.Callback):
        raise Wrong(
            "this makes no callback. Does the class begin with `class …(keras.callbacks.Callback):`?",
            tried,
            came=in_short(callback),
        )
    return callback


def _train(callback, model, logs, tried, during=lambda epoch: None, after=lambda epoch: None):
    """Call a callback's methods as `fit` does, and return how many epochs it lets happen."""

    def tell(method, *arguments):
        try:
            with learners_code(tried):
                result = getattr(callback, method)(*arguments)
        except KeyboardInterrupt:
            raise Wrong(
                "your callback breaks off with an error: `fit` would return no history. Set self.model.stop_training.",
                tried,
            ) from None
        if result is ...:
            raise Unanswered

    model.stop_training = False
    callback.set_params({"epochs": len(logs), "steps": 1, "verbose": 0})
    callback.set_model(model)
    tell("on_train_begin", {})
    for epoch, numbers in enumerate(logs):
        tell("on_epoch_begin", epoch, {})
        tell("on_train_batch_begin", 0, {})
        during(epoch)
        tell("on_train_batch_end", 0, {"loss": numbers["loss"]})
        tell("on_epoch_end", epoch, dict(numbers))
        after(epoch)
        if model.stop_training:
            break
    tell("on_train_end", {})
    return epoch + 1


def check_time_budget(answer):
    probes = [((6, 2, 2, 3, 3, 3, 3, 3), 20.5), ((1, 1, 1, 4, 4, 7, 1), 12.0), ((2, 6, 1, 1, 1, 1, 1, 1, 1, 1), 14.25)]
    model, came, again = _small_model(), [], []
    for durations, seconds in probes:
        now, asked = [1000.0], []

        def clock():
            asked.append(now[0])
            return now[0]

        def pass_time(epoch):
            now[0] += durations[epoch]

        tried = f"TimeBudget({seconds}, clock), epochs of {', '.join(map(str, durations))} seconds"
        callback = _made(answer, seconds, clock, tried=tried)
        for results in (came, again):
            now[0] += 100  # between the making of the callback and the training, and between two trainings
            results.append(_train(callback, model, [{"loss": 1.0, "val_loss": 1.0}] * len(durations), tried, pass_time))
        if not asked:
            raise Wrong(
                "your callback never asks `clock`. It is a function: self.clock() gives the present time in seconds.",
                tried,
            )

    def stops(next_epoch):
        """After which epoch the probes stop, if `next_epoch` says what the next one will take."""
        ends = [
            [sum(durations[:n]) + next_epoch(durations[:n]) > seconds for n in range(1, len(durations) + 1)]
            for durations, seconds in probes
        ]
        return [end.index(True) + 1 if True in end else len(end) for end in ends]

    right = stops(lambda past: past[-1])
    if came != right:
        place = next(n for n, (one, other) in enumerate(zip(came, right)) if one != other)
        on_itself = hasattr(callback, "stop_training")
        from_epoch_begin = [
            next((n for n, last in enumerate(durations, 1) if 2 * last > seconds), len(durations))
            for durations, seconds in probes
        ]
        message = next(
            (
                message
                for slip, message in [
                    (
                        from_epoch_begin,
                        "the beginning of training is noted anew in every epoch. Note it once, in on_train_begin.",
                    ),
                    (
                        [len(durations) for durations, _ in probes],
                        "training goes on to its last epoch. "
                        + (
                            "You set stop_training on the callback; `fit` looks at self.model.stop_training."
                            if on_itself
                            else "self.model.stop_training = True ends it."
                        ),
                    ),
                    (
                        [1] * len(probes),
                        "training ends after the first epoch, although there is time. Count from on_train_begin on (the clock does not begin "
                        "at 0), and look whether your comparison is the right way round.",
                    ),
                    (
                        stops(lambda past: 0),
                        "it stops when the budget is already used up. It should stop before an epoch that would not fit.",
                    ),
                    (
                        stops(max),
                        "it reckons with the longest epoch. Asked for is the one that has just ended: the first is often longer than the others.",
                    ),
                    (
                        stops(lambda past: past[0]),
                        "it reckons with the first epoch. Asked for is the one that has just ended.",
                    ),
                    (
                        stops(lambda past: sum(past) / len(past)),
                        "it reckons with the mean of the epochs. Asked for is the one that has just ended.",
                    ),
                    (
                        stops(sum),
                        "the last epoch is counted from the beginning of training. Ask the clock in on_epoch_begin, too.",
                    ),
                ]
                if came == slip
            ),
            "it does not stop where the budget ends.",
        )
        raise Wrong(
            message,
            f"epochs of {', '.join(map(str, probes[place][0]))} seconds, budget {probes[place][1]}",
            f"stops after epoch {right[place]}",
            f"stops after epoch {came[place]}",
        )
    if again != right:
        raise Wrong(
            "in a second training with the same callback, it still counts the first one. Note the time in on_train_begin.",
            tried,
        )
    return "With a clock that is handed over, nobody had to wait. In a training of your own, hand over time.perf_counter (after `import time`)."


TIME_BUDGET = Exercise(
    TimeBudget,
    check_time_budget,
    hints=(
        "Three moments matter: when training begins, when an epoch begins, and when it ends. Ask self.clock() in each.",
        "At the end of an epoch: how much time has gone since training began, and how much did this epoch take? Will their sum fit?",
        "In on_epoch_end: if (now - self.begin) + (now - self.epoch_begin) > self.seconds, then self.model.stop_training = True.",
    ),
)


# ---- code: a callback that keeps the best


class BestKeeper(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.lowest = np.inf

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.lowest:
            self.lowest = logs["val_loss"]
            self.best = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.best)


def check_best_keeper(answer):
    val_losses = [0.9, 0.7, 0.8, 0.65, 0.75, 0.7, 0.72]
    others = {"loss": [0.8, 0.6, 0.3, 0.5, 0.4, 0.45, 0.4], "val_accuracy": [0.5, 0.8, 0.6, 0.7, 0.6, 0.6, 0.7]}
    logs = [
        {"val_loss": loss, **{name: values[epoch] for name, values in others.items()}}
        for epoch, loss in enumerate(val_losses)
    ]
    tried = f"a training with val_loss {', '.join(map(str, val_losses))}"
    model, callback = _small_model(), _made(answer, tried="BestKeeper()")

    def weights_of(epoch):
        return [np.full(value.shape, epoch + 1.0, "float32") for value in model.get_weights()]

    def train_epoch(epoch):
        for variable, value in zip(model.weights, weights_of(epoch)):
            variable.assign(value)

    def still_there(epoch):
        if not np.array_equal(model.get_weights()[0], weights_of(epoch)[0]):
            raise Wrong(
                "your callback changes the weights during training. It only keeps them; on_train_end gives the best ones back.",
                tried,
            )

    try:
        _train(callback, model, logs, tried, train_epoch, still_there)
    except Raised as raised:
        error = raised.error
        if not isinstance(error, AttributeError) or error.obj is not callback:
            raise
        if any(frame.name == "on_train_end" for frame in traceback.extract_tb(error.__traceback__)):
            raise Wrong(
                f"on_train_end asks for self.{error.name}, but no epoch has given it a value. Is the comparison the right way round, and the "
                "loss to begin with so large that the first epoch is lower?",
                tried,
            ) from None
        raise Wrong(
            f"self.{error.name} is asked for before it has a value. Give it one in on_train_begin, or look for a misspelling.",
            tried,
        ) from None
    came = [int(value.flat[0]) for value in model.get_weights()]
    if len({float(number) for value in model.get_weights() for number in value.flat}) > 1:
        raise Wrong(
            "the weights afterwards are of no epoch alone: some are of another one. Keep all of them: self.model.get_weights().",
            tried,
        )
    message = {
        7: "these are the weights of the last epoch. Are the best ones given back in on_train_end? Is what you keep a copy (get_weights()), and not "
        "the variables, which go on changing?",
        3: "this epoch had the lowest *training* loss. The validation loss decides: logs['val_loss'].",
        2: "this epoch had the highest validation accuracy. Here the validation loss decides.",
        1: "these are the weights of the first epoch, which had the highest loss. Is the comparison the wrong way round? Smaller is better.",
        6: "you compared with the epoch before. An epoch is the best so far only if its loss is lower than all before.",
    }
    if came[0] != 4:
        raise Wrong(
            message.get(came[0], "these are not the weights of the best epoch."),
            tried,
            "weights of epoch 4",
            f"weights of epoch {came[0]}",
        )
    return "This is what EarlyStopping does with restore_best_weights=True."


BEST_KEEPER = Exercise(
    BestKeeper,
    check_best_keeper,
    hints=(
        "`logs['val_loss']` is the loss of the epoch that has ended; self.model is the network.",
        "Begin with a lowest loss of infinity, np.inf. If an epoch is lower, keep its loss and a copy of the weights.",
        "self.best = self.model.get_weights() in on_epoch_end; self.model.set_weights(self.best) in on_train_end.",
    ),
)


# ---- recall: what a resumed training knows


def resuming():
    # not b: the history holds epochs 13 to 40. Not e: the checkpoint forgot its best. Not f: the backup is deleted at the end.
    return "acd"


RESUMING = Letters(
    resuming,
    reasons={
        "a": "Think of the epoch that was cut off: what did the backup know of it?",
        "b": "the history is made by this call of `fit`. Which epochs happened in it?",
        "c": "What did the backup hold besides the weights? Section 10 names three things.",
        "d": "One of the callbacks adds a line to a file after each epoch that is finished, in both calls. What does append=True do?",
        "e": "ModelCheckpoint is a new object here. Section 10 told such an object a loss of 99. What did it do?",
        "f": "look at the last line that section 10 printed after the resumed training.",
    },
    done="For e, the new ModelCheckpoint needs initial_value_threshold, the lowest val_loss in the log.",
    hints=(
        "Section 10 did this with five epochs. Read again what it printed.",
        "The backup holds the weights, the optimizer's memory and the number of the epoch, after the last finished epoch. What do the others know?",
        "Three of the six are true.",
    ),
)

# ---- design: checkpoints on a small disk


def disk_plan():
    megabytes = 2 * 300 + 300  # the backup and the one before it, and the best network
    return "c", megabytes


def check_disk_plan(answer):
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise Wrong(
            "two things are asked for: the letter of the plan in quotes, and its megabytes.", came=in_short(answer)
        )
    plan, megabytes = answer
    expect_choice(
        plan,
        "c",
        {
            "a": "after a restart, it could continue only from the best epoch. All that came after it is lost, each night again.",
            "b": "it fits on the disk, but if the computer restarts while the backup is being written, that file is damaged, and there is no other one.",
            "d": "the name holds the epoch, so each improvement leaves another file of 300 MB. The second one is already too much.",
            "e": "a file after each epoch: the fourth is already too much. And nothing resumes by itself.",
        },
    )
    expect_number(
        megabytes,
        900,
        [
            (300, "this is one file. How many files does the plan keep at the same time?"),
            (
                600,
                "that is two files. With double_checkpoint there are two backups, and the best network comes on top.",
            ),
            (1200, "that is four files. A checkpoint whose name stays the same is overwritten."),
            (
                500,
                "a backup is not smaller: it holds Adam's two numbers for each weight as well, like the .keras file.",
            ),
        ],
        "the number of megabytes",
    )
    return "The backups are there to train on, the checkpoint to use. Without `initial_value_threshold` it would be overwritten after a restart."


DISK_PLAN = Exercise(
    disk_plan,
    check_disk_plan,
    hints=(
        "Two purposes need two kinds of files: one to train on, one to use.",
        "Which plans can leave more than three files of 300 MB? Which cannot continue where they were? Which has no second backup?",
        "double_checkpoint=True keeps two backups. A file name without {epoch} is overwritten.",
    ),
)


EXERCISES = [EARLY_STOPPING, CHECKPOINT_FILES, TIME_BUDGET, BEST_KEEPER, RESUMING, DISK_PLAN]
