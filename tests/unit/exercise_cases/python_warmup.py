"""Answers to the exercises of *Python warm-up*: right ones, written differently, and slips, each with words of the message that it must get."""

import itertools
from contextlib import suppress

import numpy as np

DATA = {"of one photo": 28_800_000, "days": 166.67, "seen": 15_000}


# ---- countdown


def by_range(n):
    yield from range(n, 0, -1)


def by_expression(n):
    return (number for number in np.arange(n, 0, -1))


def dots(n):
    yield ...


def raises_at_the_end(n):
    yield from range(n, 0, -1)
    raise StopIteration


def from_first_yield(n):
    while True:
        return n


# ---- for_each


def with_default(items, action):
    iterator, end = iter(items), object()
    item = next(iterator, end)
    while item is not end:
        action(item)
        item = next(iterator, end)


def with_flag(items, action):
    iterator, more = items.__iter__(), True
    while more:
        try:
            item = next(iterator)
        except StopIteration:
            more = False
        else:
            action(item)


def by_index(items, action):
    place = 0
    while place < len(items):
        action(items[place])
        place += 1


def by_places(items, action):
    for place, _ in enumerate(items):
        action(place)


def none_for_ever(items, action):
    iterator = iter(items)
    while True:
        action(next(iterator, None))


def new_iterator(items, action):
    while True:
        try:
            action(next(iter(items)))
        except StopIteration:
            break


def goes_on(items, action):
    iterator = iter(items)
    while True:
        with suppress(StopIteration):
            item = next(iterator)
        action(item)


def passes_for_ever(items, action):
    iterator = iter(items)
    while True:
        with suppress(StopIteration):
            action(next(iterator))


def uncaught(items, action):
    iterator = iter(items)
    while True:
        action(next(iterator))


def no_iter(items, action):
    while True:
        try:
            action(next(items))
        except StopIteration:
            break


def first_lost(items, action):
    iterator = iter(items)
    next(iterator, None)
    for item in iterator:
        action(item)


def last_lost(items, action):
    for item in list(items)[:-1]:
        action(item)


def while_true_item(items, action):
    iterator = iter(items)
    while item := next(iterator, None):
        action(item)


def only_one(items, action):
    action(next(iter(items)))


def looks_first(items, action):
    if list(items):
        with_flag(items, action)


def catches_all(items, action):
    iterator = iter(items)
    try:
        while True:
            action(next(iterator))
    except Exception:
        pass


# ---- Backwards


class Stub:
    def __init__(self, sequence): ...

    def __iter__(self):
        yield ...


class Broken:
    def __init__(self, sequence):
        pass

    def __iter__(self):
        raise KeyError("no such picture")


class OfASlice:
    def __init__(self, sequence):
        self.sequence = list(sequence)

    def __iter__(self):
        return iter(self.sequence[::-1])


class OfReversed:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return reversed(self.items)


class TwoClasses:
    class Iterator:
        def __init__(self, items):
            self.items, self.taken = items, 0

        def __iter__(self):
            return self

        def __next__(self):
            if self.taken == len(self.items):
                raise StopIteration
            self.taken += 1
            return self.items[-self.taken]

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return self.Iterator(self.items)


class OnePass(TwoClasses.Iterator):
    pass


class SetsBack(TwoClasses.Iterator):
    def __iter__(self):
        self.taken = 0
        return self


class Forwards(OfASlice):
    def __iter__(self):
        return iter(self.sequence)


class ReturnsAList(OfASlice):
    def __iter__(self):
        return self.sequence[::-1]


class NoIter:
    def __init__(self, sequence):
        self.sequence = sequence


class FirstMissing(OfASlice):
    def __iter__(self):
        for index in range(len(self.sequence) - 1, 0, -1):
            yield self.sequence[index]


class LastMissing(OfASlice):
    def __iter__(self):
        for index in range(len(self.sequence) - 2, -1, -1):
            yield self.sequence[index]


class OnTheClass(OfASlice):
    def __init__(self, sequence):
        OnTheClass.sequence = list(sequence)


class ChangesIt:
    def __init__(self, sequence):
        if isinstance(sequence, list):
            sequence.reverse()
            self.items = sequence
        else:
            self.items = sequence[::-1]

    def __iter__(self):
        return iter(self.items)


class Places(OfASlice):
    def __iter__(self):
        return iter(range(len(self.sequence) - 1, -1, -1))


# ---- variations


def with_lists(names, shifts, rotations):
    return ([name, shift, rotation] for name in names for shift in shifts for rotation in rotations)


def combined(function):
    """A generator function that yields what `function` makes of names, shifts and rotations."""

    def variations(names, shifts, rotations):
        yield from function(names, shifts, rotations)

    return variations


def returns_inside(names, shifts, rotations):
    for name, shift, rotation in itertools.product(names, shifts, rotations):
        return name, shift, rotation


def built_first(names, shifts, rotations):
    everything = list(itertools.product(names, shifts, rotations))
    yield from everything


CASES = {
    "lamp": {
        "value": True,
        "right": [[60, 25, 25, 1], np.array([60, 25, 25, 1.0])],
    },
    "big_data": {
        "value": True,
        "right": [
            DATA,
            [28_800_000, 167, 15_000],
            {"of one photo": 28.8e6, "days": np.float32(166.67), "seen": np.int64(15_000)},
        ],
    },
    "lazy_file": {
        "value": True,
        "right": ["B", ["b"]],
    },
    "countdown": {
        "stub": dots,
        "right": [by_range, by_expression, lambda n: iter(list(range(n, 0, -1)))],
        "wrong": {
            "list": (lambda n: list(range(n, 0, -1)), "returns a list"),
            "return": (from_first_yield, "it has no `__next__`"),
            "prints": (lambda n: None, "there is no `yield` in it"),
            "raises at the end": (raises_at_the_end, "Python makes an error of it"),
            "called": (by_range(3), "hand over the function"),
            "not called": (lambda n: by_range, "not called"),
        },
    },
    "for_each": {
        "right": [with_default, with_flag, lambda items, action: [action(item) for item in items]],
        "wrong": {
            "index": (by_index, "works for a list only"),
            "places": (by_places, "the places 0"),
            "None for ever": (none_for_ever, "second argument"),
            "no iter": (no_iter, "a list is none"),
            "iter in the loop": (new_iterator, "begins anew"),
            "goes on": (goes_on, "last one again and again"),
            "never leaves": (passes_for_ever, "not enough"),
            "not caught": (uncaught, "comes out of your function"),
            "first lost": (first_lost, "first item is lost"),
            "last lost": (last_lost, "last item is lost"),
            "stops at 0": (while_true_item, "ends too early"),
            "once": (only_one, "only the first item"),
            "looks first": (looks_first, "used up before"),
            "catches all": (catches_all, "disappears"),
            "no action": (lambda items, action: None, "never called"),
            "called": (3, "hand over the function"),
            "backwards": (
                lambda items, action: [action(item) for item in reversed(list(items))],
                "each item once, in their order",
            ),
        },
    },
    "Backwards": {
        "stub": Stub,
        "broken": Broken,
        "right": [OfASlice, OfReversed, TwoClasses],
        "wrong": {
            "one pass": (OnePass, "second pass"),
            "sets the place back": (SetsBack, "share one position"),
            "forwards": (Forwards, "goes forwards"),
            "returns a list": (ReturnsAList, "must return an iterator"),
            "no __iter__": (NoIter, "cannot be looped over"),
            "first missing": (FirstMissing, "first item of the sequence"),
            "last missing": (LastMissing, "last item of the sequence"),
            "on the class": (OnTheClass, "second object changes"),
            "in place": (ChangesIt, "changes the sequence"),
            "places": (Places, "not the items"),
            "an instance": (OfASlice("pool"), "asked for is a class"),
        },
    },
    "variations": {
        "stub": lambda *arguments: iter([...]),
        "right": [
            itertools.product,
            with_lists,
            combined(lambda names, shifts, rotations: ((n, s, r) for n in names for s in shifts for r in rotations)),
        ],
        "wrong": {
            "side by side": (combined(zip), "as `zip` does"),
            "one list": (combined(lambda *parts: [list(itertools.product(*parts))]), "build no list"),
            "list": (lambda *parts: list(itertools.product(*parts)), "returns a list"),
            "return in the loop": (returns_inside, "returns a tuple, the first combination"),
            "prints": (lambda *parts: None, "there is no `yield` in it"),
            "places": (
                combined(lambda *parts: itertools.product(*(range(len(part)) for part in parts))),
                "places 0, 1, 2",
            ),
            "name twice": (
                combined(lambda n, s, r: ((x, x, z) for x in n for y in s for z in r)),
                "as many as expected",
            ),
            "first only": (combined(lambda n, s, r: [(n[0], s[0], r[0])]), "only the first combination"),
            "last only": (combined(lambda n, s, r: [(n[-1], s[-1], r[-1])]), "only the last combination"),
            "apart": (combined(lambda *parts: itertools.chain(*itertools.product(*parts))), "one after the other"),
            "first name": (combined(lambda n, s, r: itertools.product(n[:1], s, r)), "only the first name"),
            "order of loops": (combined(lambda n, s, r: ((x, y, z) for z in r for y in s for x in n)), "name slowest"),
            "order of parts": (
                combined(lambda n, s, r: ((y, x, z) for x in n for y in s for z in r)),
                "parts stand in another order",
            ),
            "endless": (combined(lambda *parts: itertools.cycle(itertools.product(*parts))), "does not end"),
            "two loops": (combined(lambda n, s, r: itertools.product(n, s)), "24 combinations were expected"),
            "built first": (built_first, "before the first one"),
        },
    },
}
