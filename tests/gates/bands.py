"""What trained numbers must be: bands that every seed keeps, for a run of today and for the stored runs alike.

A new version of Keras that learns worse, without an error, must not go unnoticed. The bands hold at a lesson's defaults;
`data/seed_results.csv` has three seeds of each: ``course run seeds``, then ``python tools/reference_results.py runs/seeds seed_results``.
"""

#: By the lesson's name: the claim in words, the recorded numbers that it speaks of, and the test of them.
BANDS = {
    "checkpointing": [
        (
            "the best epoch is not the last one",
            ("best_val_loss", "last_val_loss"),
            lambda best, last: 0.2 < best < last,
        ),
        ("resuming changes nothing but rounding", ("resumed_difference",), lambda difference: difference < 1e-3),
    ],
    "augmentation": [
        (
            "without augmentation it learns its training pictures",
            ("train_accuracy_plain",),
            lambda share: share >= 0.97,
        ),
        ("and not the others", ("best_val_accuracy_plain",), lambda share: 0.5 < share <= 0.80),
        (
            "augmentation adds at least eight points",
            ("best_val_accuracy_plain", "best_val_accuracy_augmented"),
            lambda plain, augmented: plain + 0.08 <= augmented < 1,
        ),
    ],
    "fine_tuning": [
        ("the frozen base is good", ("test_accuracy_frozen",), lambda share: 0.85 < share < 1),
        ("fine-tuning is not perfect", ("test_accuracy_fine_tuned",), lambda share: share < 1),
        (
            "the frozen base is better than a network from scratch",
            ("test_accuracy_from_scratch", "test_accuracy_frozen"),
            lambda scratch, frozen: 0.5 < scratch < frozen,
        ),
        (
            "fine-tuning is no worse than the frozen base, within two standard errors of 400 test pictures",
            ("test_accuracy_frozen", "test_accuracy_fine_tuned"),
            lambda frozen, tuned: tuned >= frozen - 2 * (frozen * (1 - frozen) / 400) ** 0.5,
        ),
    ],
}


def broken(lesson, numbers, complete=True):
    """The claims about a lesson that its recorded numbers do not keep.

    Parameters
    ----------
    lesson : str
        Its name without the number, such as "augmentation".
    numbers : dict of str to float
    complete : bool
        Whether these are all its numbers, so that one that a claim needs and that is not there is a fault, too.

    Returns
    -------
    list of str
    """
    found = []
    for claim, names, holds in BANDS.get(lesson, ()):
        if missing := [name for name in names if name not in numbers]:
            found += [f"{claim}: {', '.join(missing)} was not recorded"] if complete else []
        elif not holds(*(float(numbers[name]) for name in names)):
            found.append(f"{claim}: no; " + ", ".join(f"{name} {float(numbers[name]):.4g}" for name in names))
    return found
