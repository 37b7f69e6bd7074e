"""What clear error messages share."""

import difflib


def nearest(word, known):
    """A suggestion to put behind an unknown `word`, or nothing.

    Examples
    --------
    >>> nearest("EPOCH", ["EPOCHS", "SEED"])
    ' (did you mean EPOCHS?)'
    """
    spelt = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), spelt, n=1)
    return f" (did you mean {spelt[found[0]]}?)" if found else ""
