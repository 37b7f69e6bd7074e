"""Helpers of the convolutional-network course.

Importing the package seeds nothing, styles nothing and loads neither NumPy nor TensorFlow: a sub-module
is loaded when it is first used, so ``import course_utils; course_utils.counting.output_size(6, 3)`` works.
"""

import importlib

__all__ = [
    "augment",
    "checks",
    "counting",
    "datasets",
    "exercises",
    "features",
    "fetch",
    "inspection",
    "laid_out",
    "models",
    "own_images",
    "paths",
    "photographs",
    "plots",
    "pretrained",
    "reference",
    "registry",
    "results",
    "runtime",
    "store",
    "torch_file",
    "toy_pets",
    "training",
    "widgets",
]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"course_utils has no module {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
