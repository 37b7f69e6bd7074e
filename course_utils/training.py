"""Around `model.fit`: settings that cannot work are refused before anything runs, and long training shows that it moves."""

import math

from .checks import whole
from .runtime import quiet

#: The least and the largest value of a setting; None: any. (NumPy takes no larger seed.)
RANGES = {"EPOCHS": (1, None), "BATCH_SIZE": (1, None), "SEED": (0, 2**32 - 1), "IMAGE_SIZE": (32, None)}


def check_settings(images=None, **settings):
    """Refuse settings with which a lesson cannot train.

    Parameters
    ----------
    images : int, optional
        Number of training images: no batch can be larger.
    **settings : int or float
        A lesson's parameters by name. EPOCHS…, BATCH_SIZE and IMAGE_SIZE are whole numbers, at least 1, 1 and 32; SEED is one
        from 0 to 4294967295; LEARNING_RATE… is a positive number.

    Raises
    ------
    TypeError, ValueError
        The message names the parameter, what is allowed and what came.

    Examples
    --------
    >>> check_settings(images=400, EPOCHS=10, BATCH_SIZE=16, LEARNING_RATE=0.01)
    """
    for name, value in settings.items():
        if name.startswith("LEARNING_RATE"):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ValueError(f"{name} must be a number above 0, such as 0.001; got {value!r}")
        else:
            kind = next((known for known in RANGES if name.startswith(known)), None)
            if kind is None:
                raise TypeError(f"check_settings knows {', '.join(RANGES)} and LEARNING_RATE; got {name}")
            whole(name, value, *RANGES[kind])
            if kind == "BATCH_SIZE" and images is not None and value > images:
                raise ValueError(f"{name} must be at most {images:,}, the number of training images; got {value:,}")


def say(text):
    """Print `text` in place of the line that was printed last; a line break at its end keeps it."""
    print(f"\r{'':60}\r{text}", end="", flush=True)  # the line before may be longer


def prepare(model):
    """Make what a compiled model's first training step would make: the variables of its optimizer and of its metrics.

    A step in which variables are made is translated by TensorFlow twice, which for a network of a hundred layers costs seconds.
    What is trained stays the same, bit for bit.

    Parameters
    ----------
    model : keras.Model
        Compiled. With a loss that `models.head_for` does not name, only the optimizer is prepared.

    Returns
    -------
    keras.Model
        The same.
    """
    with quiet():
        from keras import ops

    model.optimizer.build(model.trainable_variables)
    if model.loss in ("binary_crossentropy", "sparse_categorical_crossentropy"):
        # Keras chooses the kind of accuracy by the shapes of targets and answers.
        model.compute_metrics(None, ops.zeros((1, 1)), ops.zeros((1, *model.output_shape[1:])))
        model.reset_metrics()
    return model


def progress(epochs, label="training"):
    """A Keras callback that keeps one line up to date while a model trains.

    The line ends as "label: 12 epochs", the same on every run, so nbval can compare it. Before the first step it calls
    `prepare`, so that training begins sooner.

    Parameters
    ----------
    epochs : int
        As many as `fit` is told.
    label : str

    Returns
    -------
    keras.callbacks.Callback
    """
    with quiet():
        from keras.callbacks import LambdaCallback

    done = []

    def after_epoch(epoch, logs):
        done.append(epoch)
        numbers = ", ".join(f"{name} {logs[name]:.3f}" for name in ("loss", "val_loss") if name in (logs or {}))
        say(f"{label}: epoch {len(done)}/{epochs}  {numbers}")

    def at_end(logs):
        early = "" if len(done) == epochs else f" of {epochs}"
        say(f"{label}: {len(done)}{early} epochs\n")

    def at_start(logs):
        say(f"{label}: epoch 1/{epochs}")
        prepare(callback.model)

    callback = LambdaCallback(on_train_begin=at_start, on_epoch_end=after_epoch, on_train_end=at_end)
    return callback
