"""Settings are refused by name; the progress line ends the same on every run."""

from pathlib import Path

import numpy as np
import pytest

from course_utils import models, runtime, training

with runtime.quiet():
    import keras

SOURCES = sorted((Path(__file__).parents[2] / "notebooks" / "source").glob("*.py"))


def test_sensible_settings_pass():
    training.check_settings(
        images=16, EPOCHS=1, EPOCHS_AUGMENTED=3, BATCH_SIZE=16, LEARNING_RATE=1, SEED=0, IMAGE_SIZE=32
    )


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"EPOCHS": 0}, ValueError, "EPOCHS must be at least 1; got 0"),
        ({"EPOCHS": 2.5}, TypeError, "EPOCHS must be a whole number; got 2.5"),
        ({"EPOCHS_AUGMENTED": -1}, ValueError, "EPOCHS_AUGMENTED must be at least 1; got -1"),
        ({"BATCH_SIZE": 0}, ValueError, "BATCH_SIZE must be at least 1; got 0"),
        ({"BATCH_SIZE": 401}, ValueError, "BATCH_SIZE must be at most 400, the number of training images; got 401"),
        ({"IMAGE_SIZE": 8}, ValueError, "IMAGE_SIZE must be at least 32; got 8"),
        ({"SEED": -1}, ValueError, "SEED must be from 0 to 4294967295; got -1"),
        ({"SEED": 2**32}, ValueError, "SEED must be from 0 to 4294967295; got 4294967296"),
        ({"SEED": 0.5}, TypeError, "SEED must be a whole number; got 0.5"),
        ({"LEARNING_RATE": 0}, ValueError, "LEARNING_RATE must be a number above 0, such as 0.001; got 0"),
        ({"LEARNING_RATE": float("nan")}, ValueError, "LEARNING_RATE must be a number above 0"),
        ({"LEARNING_RATE": True}, ValueError, "LEARNING_RATE must be a number above 0"),
        ({"EPOCH": 3}, TypeError, "check_settings knows EPOCHS, .*got EPOCH"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(settings, error, message):
    with pytest.raises(error, match=message):
        training.check_settings(images=400, **settings)


def test_without_a_number_of_images_a_batch_may_have_any_size():
    training.check_settings(BATCH_SIZE=1_000_000)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_checks_its_seed_before_the_seed_is_used(source):
    """Or NumPy's own message would come first, which does not say SEED."""
    lines = source.read_text(encoding="utf-8").splitlines()
    seeds = [number for number, line in enumerate(lines) if line == "keras.utils.set_random_seed(SEED)"]
    checks = [number for number, line in enumerate(lines) if "SEED=SEED" in line]
    assert not seeds or checks and checks[0] < seeds[0]


def lines(text):
    """What a reader sees in the end: a carriage return starts the line again."""
    return [line.rpartition("\r")[2] for line in text.removesuffix("\n").split("\n")]


def train(epochs, callbacks):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    data = np.zeros((4, 1), "float32")
    model.fit(data, data, validation_data=(data, data), epochs=epochs, verbose=0, callbacks=callbacks)


def test_the_progress_line_shows_epochs_and_ends_the_same_on_every_run(capsys):
    train(3, [training.progress(3, "small")])
    out = capsys.readouterr().out
    assert "small: epoch 2/3  loss " in out and "val_loss " in out
    assert lines(out) == ["small: 3 epochs"]


def test_the_progress_line_says_when_training_stopped_early(capsys):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    train(5, [stop, training.progress(5)])
    assert lines(capsys.readouterr().out) == ["training: 1 of 5 epochs"]


def trained(classes, callbacks):
    """History and weights of a small network, and how often its step was translated."""
    keras.utils.set_random_seed(0)
    head = models.head_for(classes)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(head.units, head.activation)])
    model.compile(optimizer="adam", loss=head.loss, metrics=["accuracy"])
    translated, step = [], model.train_step

    def counted(*arguments):
        translated.append(1)
        return step(*arguments)

    model.train_step = counted
    inputs, targets = np.random.default_rng(0).random((8, 3), "float32"), np.arange(8) % classes
    history = model.fit(inputs, targets, batch_size=4, epochs=2, verbose=0, callbacks=callbacks).history
    return history, model.get_weights(), len(translated)


@pytest.mark.parametrize("classes", [2, 3])
def test_with_progress_a_step_is_translated_once_and_training_is_the_same(classes):
    plain, quick = trained(classes, []), trained(classes, [training.progress(2)])
    assert plain[0] == quick[0]
    assert all(np.array_equal(one, other) for one, other in zip(plain[1], quick[1]))
    assert (plain[2], quick[2]) == (2, 1)


def test_preparing_a_model_that_has_trained_keeps_what_the_optimizer_remembers():
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((4, 1)), np.ones(4), verbose=0)
    before = [variable.numpy() for variable in model.optimizer.variables]
    assert training.prepare(model) is model
    assert all(
        np.array_equal(old, new)
        for old, new in zip(before, [variable.numpy() for variable in model.optimizer.variables], strict=True)
    )
