"""Helpers of the convolutional-network course.

Importing the package seeds nothing, styles nothing and loads neither NumPy nor TensorFlow: a sub-module
is loaded when it is first used, so ``import course_utils; course_utils.counting.output_size(6, 3)`` works.
"""

import importlib
import pkgutil

#: The same as in pyproject.toml. It stands here too because what pip has noted of a clone is as old as its last install.
__version__ = "0.2.0"

__all__ = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"course_utils has no module {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return [*__all__, "__version__"]
