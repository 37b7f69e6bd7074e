"""Answers to the exercises of *Checkpointing*: right ones, written differently, and slips, each with words of the message that it must get."""

import time
from pathlib import Path

import numpy as np

from course_utils import runtime

with runtime.quiet():
    import keras

Callback = keras.callbacks.Callback


class StubBudget(Callback):
    def __init__(self, seconds, clock):
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        return ...


class StubKeeper(Callback):
    def on_train_end(self, logs=None):
        return ...


class Budget(Callback):
    """A time budget that says itself what it expects of the next epoch, by `expected`, from the list of all before."""

    def __init__(self, seconds, clock):
        super().__init__()
        self.budget, self.clock = seconds, clock

    def on_train_begin(self, logs=None):
        self.ticks = [self.clock()]

    def on_epoch_end(self, epoch, logs=None):
        self.ticks.append(self.clock())
        past = np.diff(self.ticks)
        if self.begin_of_time() + self.expected(past) > self.budget:
            self.stop()

    def begin_of_time(self):
        return self.ticks[-1] - self.ticks[0]

    def expected(self, past):
        return past[-1]

    def stop(self):
        self.model.stop_training = True


class CountsDown(Callback):
    def __init__(self, seconds, clock):  # no super().__init__()
        self.seconds, self.clock = seconds, clock

    def on_train_begin(self, logs=None):
        self.deadline = self.clock() + self.seconds

    def on_epoch_begin(self, epoch, logs=None):
        self.started = self.clock()

    def on_epoch_end(self, epoch, logs=None):
        now = self.clock()
        self.model.stop_training = now + (now - self.started) > self.deadline


def budget(**methods):
    return type("Budget", (Budget,), methods)


def from_the_making(self, seconds, clock):
    Budget.__init__(self, seconds, clock)
    self.ticks = [clock()]


class OnceOnly(Budget):
    """Begins to count at its first training, and never anew."""

    def on_train_begin(self, logs=None):
        if not hasattr(self, "ticks"):
            self.ticks = [self.clock()]


class OwnClock(Budget):
    def __init__(self, seconds, clock):
        super().__init__(seconds, time.perf_counter)


def interrupt(self):
    raise KeyboardInterrupt


class Keeper(Callback):
    """Keeps the best weights, by `score`; smaller is better."""

    lowest = None

    def score(self, logs):
        return logs["val_loss"]

    def on_epoch_end(self, epoch, logs=None):
        if self.lowest is None or self.score(logs) < self.lowest:
            self.lowest = self.score(logs)
            self.keep()

    def keep(self):
        self.kept = [variable.numpy().copy() for variable in self.model.weights]

    def on_train_end(self, logs=None):
        for variable, value in zip(self.model.weights, self.kept):
            variable.assign(value)


class ListKeeper(Callback):
    def on_train_begin(self, logs=None):
        self.all = []

    def on_epoch_end(self, epoch, logs):
        self.all.append((logs["val_loss"], epoch, self.model.get_weights()))

    def on_train_end(self, logs):
        self.model.set_weights(min(self.all)[2])


def keeper(**methods):
    return type("Keeper", (Keeper,), methods)


def compare_with_previous(self, epoch, logs=None):
    if self.lowest is None or logs["val_loss"] < self.lowest:
        self.keep()
    self.lowest = logs["val_loss"]


def restore_at_once(self, epoch, logs=None):
    Keeper.on_epoch_end(self, epoch, logs)
    self.model.set_weights(self.kept)


def keep_last_layer(self):
    self.kept = self.model.layers[-1].get_weights()


def restore_last_layer(self, logs=None):
    self.model.layers[-1].set_weights(self.kept)


def without_first_value(self, epoch, logs=None):
    if logs["val_loss"] < self.best:
        self.best = logs["val_loss"]


def broken(self, epoch, logs=None):
    raise KeyError("no such picture")


FILES = ["weights.01-1.31.keras", "weights.02-1.02.keras", "weights.05-0.97.keras", "weights.07-0.96.keras"]
THIRD, FOURTH, SIXTH = "weights.03-1.10.keras", "weights.04-1.05.keras", "weights.06-0.99.keras"

CASES = {
    "early_stopping": {
        "value": True,
        "right": [{"ended": 16, "without_restoring": 16, "with_restoring": 11}, np.array([16.0, 16.0, 11.0])],
    },
    "checkpoint_files": {
        "value": True,
        "right": [set(FILES), [Path("output") / name for name in reversed(FILES)], np.array(FILES)],
        "wrong": {
            "from 0": (
                ["weights.00-1.31.keras", "weights.01-1.02.keras", "weights.04-0.97.keras", "weights.06-0.96.keras"],
                "names count from 0",
            ),
            "all": ([*FILES, THIRD, FOURTH, SIXTH], "save_best_only=False"),
            "better than the one before": ([*FILES, FOURTH], "of epoch 3"),
            "better than the one before, not the first": ([*FILES[1:], FOURTH], "compared each epoch"),
            "not the first": (FILES[1:], "Before epoch 1"),
            "the last only": (FILES[-1:], "best at the end"),
            "one digit": ([name.replace("weights.0", "weights.") for name in FILES], "two digits"),
            "three decimals": (
                [
                    "weights.01-1.306.keras",
                    "weights.02-1.018.keras",
                    "weights.05-0.967.keras",
                    "weights.07-0.964.keras",
                ],
                "two decimals",
            ),
            "cut off": (
                ["weights.01-1.30.keras", "weights.02-1.01.keras", "weights.05-0.96.keras", FILES[3]],
                "cut off",
            ),
            "the lecture's ending": ([name.replace("keras", "hdf5") for name in FILES], "lecture's ending"),
            "one of another pattern": ([*FILES[:3], "weights.07-0.964.keras"], "weights.07-0.964.keras does not fit"),
            "a single text": (" ".join(FILES), "one text in the list"),
            "files counted": (
                [*FILES[:2], "weights.03-0.97.keras", "weights.04-0.96.keras"],
                "epoch 03 has another loss",
            ),
            "no endings": ([name[:-6] for name in FILES], "endings are missing"),
            "one too many": ([*FILES, SIXTH], "weights.06-0.99.keras is not"),
            "one missing": (FILES[:3], "these are written, but"),
            "epochs": ([1, 2, 5, 7], "list of file names"),
        },
    },
    "TimeBudget": {
        "right": [Budget, CountsDown],
        "stub": StubBudget,
        "broken": budget(on_epoch_end=broken),
        "wrong": {
            "too late": (budget(expected=lambda self, past: 0), "already used up"),
            "longest": (budget(expected=lambda self, past: max(past)), "longest"),
            "mean": (budget(expected=lambda self, past: past.mean()), "the mean"),
            "first": (budget(expected=lambda self, past: past[0]), "the first epoch. A"),
            "from the beginning": (budget(expected=lambda self, past: past.sum()), "on_epoch_begin, too"),
            "never": (budget(stop=lambda self: None), "= True ends it"),
            "on the callback": (
                budget(stop=lambda self: setattr(self, "stop_training", True)),
                "stop_training on the callback",
            ),
            "from the making": (
                budget(__init__=from_the_making, on_train_begin=lambda self, logs=None: None),
                "does not begin at 0",
            ),
            "every epoch anew": (
                budget(begin_of_time=lambda self: self.ticks[-1] - self.ticks[-2]),
                "anew in every epoch",
            ),
            "once only": (OnceOnly, "second training"),
            "own clock": (OwnClock, "never asks `clock`"),
            "interrupt": (budget(stop=interrupt), "breaks off with an error"),
            "no callback": (lambda seconds, clock: clock, "makes no callback"),
            "an instance": (Budget(3, time.perf_counter), "without brackets"),
            "half": (
                budget(expected=lambda self, past: past[-1] / 4 if len(past) == 4 else 9),
                "where the budget ends",
            ),
        },
    },
    "BestKeeper": {
        "right": [Keeper, ListKeeper],
        "stub": StubKeeper,
        "broken": keeper(on_epoch_end=broken),
        "wrong": {
            "last": (keeper(on_train_end=lambda self, logs=None: None), "last epoch"),
            "training loss": (keeper(score=lambda self, logs: logs["loss"]), "training*"),
            "accuracy": (keeper(score=lambda self, logs: -logs["val_accuracy"]), "validation accuracy"),
            "highest": (keeper(score=lambda self, logs: -logs["val_loss"]), "Smaller is better"),
            "previous": (keeper(on_epoch_end=compare_with_previous), "the epoch before"),
            "at once": (keeper(on_epoch_end=restore_at_once), "during training"),
            "last layer only": (keeper(keep=keep_last_layer, on_train_end=restore_last_layer), "of no epoch alone"),
            "begins with 0": (keeper(lowest=0), "so large that"),
            "no first value": (keeper(on_epoch_end=without_first_value), "self.best is asked for"),
            "no callback": (lambda: 3, "makes no callback"),
            "an instance": (Keeper(), "without brackets"),
        },
    },
    "resuming": {
        "value": True,
        "right": ["d, c, a", ["A", "C", "D"]],
    },
    "disk_plan": {
        "value": True,
        "right": [["C", 900.0], ("c", np.int64(900))],
        "wrong": {
            "no backup": (("a", 300), "from the best epoch"),
            "one backup": (("b", 600), "damaged"),
            "a file each": (("d", 900), "each improvement"),
            "every epoch": (("e", 900), "after each epoch"),
            "one file": (("c", 300), "one file"),
            "two files": (("c", 600), "two files"),
            "four files": (("c", 1200), "four files"),
            "bare backups": (("c", 500), "not smaller"),
            "letter only": ("c", "two things"),
        },
    },
}
