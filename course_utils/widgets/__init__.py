"""Interactive forms of figures in the lessons. In a notebook that is open before you, move a slider and the picture follows.

Where nobody can move anything (papermill, GitHub, a printed page) each of these shows its plain figure, once. All of them
return None. Every picture has words for those who cannot see it, and they change with it.
"""

from .arithmetic import cost_calculator, patience, pooling_shift, sliding_window
from .pictures import augmentation, class_activation, kernel_laboratory

__all__ = [
    "augmentation",
    "class_activation",
    "cost_calculator",
    "kernel_laboratory",
    "patience",
    "pooling_shift",
    "sliding_window",
]
