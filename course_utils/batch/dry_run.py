"""What a batch would run, and how long that may take, by what earlier batches took on this machine."""

import statistics

from .folder import JOURNAL, read_journal
from .report import duration


def show(specs, jobs, folders, say=print):
    """List the runs with the parameters that differ from the notebook's own, and an estimate of the time.

    Parameters
    ----------
    specs : list of Spec
    jobs : int
        Notebooks at a time.
    folders : list of Path
        Where results of earlier batches may be.
    say : callable
    """
    lessons = {spec.lesson for spec in specs}
    earlier = [one for one in _earlier(folders) if one.lesson in lessons]
    times = [_estimate(spec, earlier) for spec in specs]
    for spec, seconds in zip(specs, times):
        values = ", ".join(f"{name}={value}" for name, value in spec.changed.items())
        say(f"{spec.name:<40} {'?' if seconds is None else f'{seconds:.0f} s':>8}  {values or 'its own parameters'}")
    known = [seconds for seconds in times if seconds is not None]
    say(f"{len(specs)} run{'s' * (len(specs) != 1)}; nothing was started")
    if known:
        total = sum(known) + (len(times) - len(known)) * statistics.mean(known)
        at_least = max(total / jobs, max(known))
        say(
            f"about {duration(at_least)} with {jobs} at a time, by {len(earlier)} earlier run{'s' * (len(earlier) != 1)} on this machine"
        )
    else:
        say("no earlier run of these notebooks is known on this machine, so there is no estimate of the time")


def _earlier(folders):
    """The records of all runs that ended well in these folders."""
    found = []
    for folder in dict.fromkeys(path.absolute() for path in folders):
        if (folder / JOURNAL).is_file():
            try:
                found += [one for one in read_journal(folder / JOURNAL) if one.status == "ok"]
            except (ValueError, KeyError, TypeError):
                continue  # that journal is damaged, and the batch that goes on with it says so
    return found


def _estimate(spec, earlier):
    """The median seconds of earlier runs that differ least in their parameters, whatever their seed; or None."""

    def distance(record):
        return sum(record.parameters.get(name) != value for name, value in spec.parameters.items() if name != "SEED")

    same = [(distance(one), one.seconds) for one in earlier if one.lesson == spec.lesson]
    nearest = min(same, default=(0, 0))[0]
    return statistics.median(seconds for far, seconds in same if far == nearest) if same else None
