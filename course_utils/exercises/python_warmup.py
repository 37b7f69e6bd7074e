"""Exercises of *Python warm-up*: the reference solutions as a learner would write them, their checks, and the slips that learners make."""

import inspect
import itertools
import tracemalloc

from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip
from .trying import Raised, Unanswered, Wrong, call, learners_code, take

# ---- predict: attributes of the class and of the instance


def lamp(first=40, of_a=60, of_c=25):
    # a.watts = 60 stores in a, which then hides what the class says.
    # c is the class itself: c.watts = 25 changes what b and every new lamp read.
    # append assigns nothing, so "hall" lands in the one list of the class; b.rooms = … stores a list in b.
    return {"a.watts": of_a, "b.watts": of_c, "new.watts": of_c, "len(new.rooms)": 1}


LAMP = Numbers(
    lamp,
    names=("a.watts", "b.watts", "new.watts", "len(new.rooms)"),
    data=lambda number: (40 + 35 * (number % 20), 60, 25),
    slips={
        "a.watts": [
            Slip(
                lambda first, of_a, of_c: of_c,
                lambda came, *data: (
                    f"a.watts: c.watts = {came} changes the class, but a has stored a value of its own. "
                    "Where does Python look first?"
                ),
            ),
            Slip(
                lambda first, of_a, of_c: first,
                lambda came, first, of_a, of_c: (
                    f"a.watts: a.watts = {of_a} stores the value in a. There Python looks before it looks in the class."
                ),
            ),
        ],
        "b.watts": [
            Slip(
                lambda first, of_a, of_c: first,
                "b.watts: c has no parentheses, so it is the class. An assignment to c.watts changes what b reads there.",
            ),
            Slip(
                lambda first, of_a, of_c: of_a,
                lambda came, *data: (
                    f"b.watts: a.watts = {came} stores the value in a only. b stores no watts, and reads from the class."
                ),
            ),
        ],
        "new.watts": [
            Slip(
                lambda first, of_a, of_c: first,
                lambda came, *data: (
                    f"new.watts: when `new` is made, the class no longer says {came}. Which line changed it?"
                ),
            ),
            Slip(
                lambda first, of_a, of_c: of_a,
                lambda came, *data: (
                    f"new.watts: {came} is stored in a only. What does the class say when `new` is made?"
                ),
            ),
        ],
        "len(new.rooms)": [
            Slip(
                0,
                "len(new.rooms): a.rooms.append(…) assigns nothing. It changes the list that it finds, "
                "and that one belongs to the class.",
            ),
            Slip(2, "len(new.rooms): b.rooms = […] stores a list in b. A new lamp reads from the class."),
            Slip(
                3,
                "len(new.rooms): only one of the two lines changes the class's list. An assignment through b stores in b.",
            ),
            Slip(
                ["hall"],
                "len(new.rooms): this is a list of rooms. `len` gives a number: how many they are.",
                when=lambda came, *data: isinstance(came, (list, tuple)),
            ),
        ],
    },
    done="Assigning through an instance stores there; changing a list in place changes it for all who share it.",
    hints=(
        "Draw the class as a box with its attributes, and a box for each instance. Which line writes into which box? Mind the missing parentheses.",
        "Reading looks in the instance first, then in the class. Assigning through an instance writes into the instance.",
        "c is the class Lamp. append writes into no box: it changes the list to which the class's box points.",
    ),
)

# ---- by hand: the lecture's sum


def big_data(photos=500, epochs=30):
    of_one_photo = 100 * 10 * 20 * 10 * 36 * 4  # combined, not added
    days = photos * of_one_photo / 1000 / (24 * 60 * 60)  # a day has 86,400 seconds
    seen = photos * epochs  # one variation of each photo in each epoch
    return {"of one photo": of_one_photo, "days": days, "seen": seen}


BIG_DATA = Numbers(
    big_data,
    names=("of one photo", "days", "seen"),
    data=lambda number: (500 + 100 * (number % 50), 30),
    atol=1,
    slips={
        "of one photo": [
            Slip(
                180,
                "you added. Every shift goes with every scale, every kind of light and so on: combinations are multiplied.",
            ),
            Slip(
                lambda photos, epochs: photos * 28_800_000,
                lambda came, photos, epochs: (
                    f"these are the pictures of all {photos} photos. Asked for are those of a single one."
                ),
            ),
            Slip(7_200_000, "a factor of 4 is missing: the orientations."),
            Slip(800_000, "a factor of 36 is missing: the rotations."),
        ],
        "days": [
            Slip(lambda photos, epochs: photos * 28_800, "these are seconds. How many has a day?"),
            Slip(lambda photos, epochs: photos * 480, "these are minutes. How many has a day?"),
            Slip(lambda photos, epochs: photos * 8, "these are hours. How many has a day?"),
            Slip(
                1 / 3,
                lambda came, photos, epochs: (
                    "this is less than two days. The variations of one photo take a third of a day, "
                    f"and there are {photos} photos. Divide by the seconds of a day once."
                ),
            ),
            Slip(
                lambda photos, epochs: photos * 1000 / 3,
                "this is the time at one picture a second. The program makes 1,000.",
            ),
        ],
        "seen": [
            Slip(
                lambda photos, epochs: epochs,
                lambda came, photos, epochs: f"this is how often the network sees one photo. There are {photos}.",
            ),
            Slip(
                lambda photos, epochs: photos,
                lambda came, photos, epochs: f"these are the pictures of one epoch. There are {epochs} epochs.",
            ),
            Slip(
                lambda photos, epochs: photos * 28_800_000 * epochs,
                "in each epoch, only one variation of each photo is made, not all of them.",
            ),
            Slip(
                lambda photos, epochs: photos * 28_800_000,
                "only those variations count that are made and shown, one of each photo in each epoch.",
            ),
        ],
    },
    done=lambda photos, epochs: (
        f"{photos / 3:.0f} days for all, and the network sees about one in a million of them. "
        "So make only those: a generator does."
    ),
    hints=(
        "Each way to shift goes with each way to scale, and so on.",
        "A day has 24 · 60 · 60 seconds. In one epoch each photo is seen once, in a new variation.",
        "100 · 10 · 20 · 10 · 36 · 4 of one photo; that times the photos, divided by 1,000 and by 86,400; photos · epochs.",
    ),
)

# ---- explain: a lazy reader and a closed file


def lazy_file():
    # The call runs nothing of the body. The first next does: it asks the file for a line, and the file is closed.
    return "b"


LAZY_FILE = Letters(
    lazy_file,
    reasons={
        "a": "the call `read_photos(file)` runs nothing of the body, and inside of the block the file is open. So this line cannot fail.",
        "c": "StopIteration comes when there are no lines left. Here nothing was read: not one line was asked for inside of the block.",
        "d": "a generator reads nothing when it is made. Which line asks it for something for the first time, and is the file open then?",
        "e": "not even the first line is read in advance: the body has not begun when the block ends.",
    },
    done="A generator works when it is asked, so ask it while the file is open.",
    hints=(
        "What does the call of a generator function run?",
        "The body begins at the first `next`. In which state is the file then?",
    ),
)

# ---- code: a generator


def generator_of(answer, *arguments, tried):
    """What a learner's generator function returns for `arguments`."""

    def function(*given):
        made = answer(*given)
        if made is None:
            raise Wrong(
                "your function returns nothing (None), so there is no `yield` in it. "
                "`print` only shows a value; `yield` hands it out.",
                tried,
            )
        return made

    return call(function if callable(answer) else answer, *arguments, tried=tried)


def countdown(n):
    while n > 0:
        yield n
        n = n - 1


def items_of(function, n, tried=None):
    """The items that a learner's `countdown` yields, a few more than it should at most."""
    try:
        return take(generator_of(function, n, tried=tried), n + 5, tried)
    except Raised as raised:
        if str(raised) != "generator raised StopIteration":
            raise
        raise Wrong(
            "in a generator, leave out `raise StopIteration`: Python makes an error of it. A generator ends where its body ends, "
            "or at a `return`.",
            tried,
            list(range(n, 0, -1)),
        ) from None


COUNTDOWN = Function(
    countdown,
    probes=[(4,), (7,), (1,), (0,)],
    run=items_of,
    slips=[
        Slip(lambda n: iter(range(n, -1, -1)), "it goes on to 0. The last number is 1."),
        Slip(
            lambda n: reversed(range(n)),
            "it begins at n − 1 and ends at 0, like `range` turned round. Asked for is n down to 1.",
        ),
        Slip(lambda n: iter(range(n, 1, -1)), "the 1 is missing: the end of a range is not part of it."),
        Slip(lambda n: iter(range(n - 1, 0, -1)), "the first number, n, is missing. Yield it before you subtract."),
        Slip(lambda n: iter(range(1, n + 1)), "it counts upwards. It must begin with n."),
        Slip(lambda n: iter(range(n)), "it counts upwards, from 0 to n − 1. Asked for is n down to 1."),
        Slip(
            lambda n: iter([list(range(n, 0, -1))]),
            "it yields one list with all numbers. Yield each number by itself.",
        ),
        Slip(lambda n: iter([n]), "it yields only once. The `yield` must stand inside of the loop."),
        Slip(lambda n: iter([1]), "it yields only once, at the end. The `yield` must stand inside of the loop."),
        Slip(lambda n: iter([n] * n), "it yields n again and again: yield the number that changes."),
        Slip(
            lambda n: map(str, range(n, 0, -1)),
            "it yields texts. Yield the numbers themselves.",
            when=lambda came, n: any(isinstance(item, str) for item in came),
        ),
        Slip(
            lambda n: itertools.count(n, -1),
            "it does not end. Does your loop stop after 1, and does the number get smaller each time?",
            when=lambda came, n: len(came) == n + 5,
        ),
    ],
    done="So sum(countdown(100)) is 5,050, and list(countdown(0)) is an empty list: the body ends before the first yield.",
    hints=(
        "A `while` loop with a `yield` inside, and a number that gets smaller.",
        "Yield n first, then subtract 1, as long as n is above 0.",
        "while n > 0: yield n; n = n - 1",
    ),
)

# ---- code: what a for loop does


def for_each(items, action):
    iterator = iter(items)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            break
        action(item)


class Endless(BaseException):
    """Ends a learner's loop that does not end by itself; no `except Exception` catches it."""


class Watched(list):
    """A list whose iterators raise `Endless` when they are asked again and again after the end."""

    def __iter__(self):
        return WatchedIterator(self)


class WatchedIterator:
    def __init__(self, items):
        self.items, self.asked = items, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.asked += 1
        if self.asked > len(self.items) + 10:
            raise Endless
        if self.asked > len(self.items):
            raise StopIteration
        return self.items[self.asked - 1]


def actions_of(answer, items, tried):
    """What the learner's `for_each` hands to its action, written out, and whether it ended by itself."""
    got = []

    def action(item):
        got.append(repr(item))
        if len(got) > 30:
            raise Endless

    if not callable(answer):
        raise Wrong("hand over the function itself: its name, without brackets behind it.", came=answer)
    with learners_code(tried):
        try:
            if answer(items, action) is ...:
                raise Unanswered
        except Endless:
            return got, False
        except StopIteration:
            raise Wrong(
                "StopIteration comes out of your function. The last `next` raises it: catch it, and end the loop there.",
                tried,
            ) from None
    return got, True


def check_for_each(answer):
    for items in (["cat", "dog", "frog"], [2, 5, 0, None, "", False, [], 7], []):
        tried = f"for_each({items}, action), where action notes what it gets"
        try:
            got, ended = actions_of(answer, Watched(items), tried)
        except Raised as raised:
            if not str(raised).endswith("object is not an iterator"):
                raise
            raise Wrong(
                "`next` needs an iterator, and a list is none: it is iterable. Which function makes an iterator of it?",
                tried,
            ) from None
        right = list(map(repr, items))
        if got == right and ended:
            continue
        endless = set(got[len(right) :])
        slips = [
            (
                not ended and endless == {right[0]},
                "action gets the first item again and again: each `iter(items)` begins anew. Call it once, before the loop.",
            ),
            (
                not ended and endless == {"None"},
                "it does not end: a `next` with a second argument returns that one for ever. How will you notice the end?",
            ),
            (
                not ended and endless,
                "it does not end: after the last item, action gets the last one again and again. Leave the loop at StopIteration.",
            ),
            (not ended, "it does not end. Catching StopIteration is not enough: leave the loop there."),
            (
                got == [str(place) for place in range(len(right))],
                "action gets the places 0, 1, 2, …. It should get the items.",
            ),
            (not got, "action was never called. Call action(item) for each item that `next` returns."),
            (got == right[1:], "the first item is lost. What became of the item that your first `next` returned?"),
            (
                got == right[:-1],
                "the last item is lost. The end has come when `next` raises StopIteration, not when it returns the last item.",
            ),
            (got == right[:1], "only the first item was used. Is there a loop around `next`?"),
            (
                got == right[: len(got)],
                "your loop ends too early, at an item that counts as false, or at None. An item may be anything: only StopIteration is the end.",
            ),
            (True, "action did not get each item once, in their order."),
        ]
        raise Wrong(
            next(message for slip, message in slips if slip), tried, f"[{', '.join(right)}]", f"[{', '.join(got[:10])}]"
        )
    check_for_each_with_generators_and_errors(answer)
    return "This is what a `for` loop does. (Whether you did without `for`, no check can see from outside.)"


def check_for_each_with_generators_and_errors(answer):
    tried = "for_each(countdown(3), action): a generator has no length and no index"
    try:
        got, _ = actions_of(answer, countdown(3), tried)
    except Raised as raised:
        if not isinstance(raised.error, TypeError):
            raise
        raise Wrong(
            "it works for a list only. A generator has no length, no index and no slices: use just `iter` and `next`.",
            tried,
            came=f"TypeError: {raised.error}",
        ) from None
    if got != ["3", "2", "1"]:
        raise Wrong(
            "for a list it works, for a generator it does not: is the generator used up before your loop begins? It serves one pass.",
            tried,
            "[3, 2, 1]",
            f"[{', '.join(got)}]",
        )

    def fails(item):
        raise ZeroDivisionError

    try:
        answer([1, 2], fails)
    except ZeroDivisionError:
        return
    raise Wrong(
        "an error in `action` disappears in your function. Catch StopIteration only, not every exception.",
        "an action that divides by zero",
        "ZeroDivisionError",
        "no error",
    )


FOR_EACH = Exercise(
    for_each,
    check_for_each,
    hints=(
        "First get an iterator. Then ask it for the next item, again and again.",
        "Put only `next` inside of `try`, and leave the loop with `break` in `except StopIteration`.",
        "iterator = iter(items), then while True: try: item = next(iterator); except StopIteration: break; and then action(item).",
    ),
)

# ---- code: an iterable that serves many passes


class Backwards:
    def __init__(self, sequence):
        self.sequence = sequence

    def __iter__(self):  # each call returns a new generator, with a position of its own
        for index in range(len(self.sequence) - 1, -1, -1):
            yield self.sequence[index]


def check_backwards(answer):
    if not inspect.isclass(answer):
        raise Wrong(
            "asked for is a class. Hand over the class itself: Backwards, without parentheses and arguments.",
            came=answer,
        )
    for sequence in ("pool", [3, 1, 2], (7,), [], range(4)):
        given, tried = sequence[:], f"list(Backwards({sequence!r}))"
        made = call(answer, given, tried=f"Backwards({sequence!r})")
        first, second = passed(made, tried), passed(made, "a second list of the same object")
        right = list(sequence)[::-1]
        slips = [
            (
                not same(list(given), list(sequence)),
                "your class changes the sequence that it was given: work on a copy, or with places.",
            ),
            (same(first, right), None),
            (same(first, list(sequence)), "it goes forwards. The last item comes first."),
            (same(first, right[1:]), "the last item of the sequence is missing: it must come first."),
            (
                same(first, right[:-1]),
                "the first item of the sequence is missing. Where does your count end? 0 is a place, too.",
            ),
            (True, "these are not the items of the sequence from the last to the first."),
        ]
        message = next(words for slip, words in slips if slip)
        if message:
            raise Wrong(message, tried, str(right), str(first))
        if not same(second, first):
            raise Wrong(
                "the second pass gives something else. `__iter__` must return a new iterator each time "
                "(not the object itself), and use nothing up.",
                "two lists of the same object",
                str(first),
                str(second),
            )
    made = call(answer, "pool", tried='Backwards("pool")')
    tried = 'two loops at once over the same Backwards("pool"): one item of the first, one of the second, then the rest of the first'
    with learners_code(tried):
        one = iter(made)
        items = [next(one), next(iter(made)), *take(one, 9, tried)]
    if not same(items, list("lloop")):
        raise Wrong(
            "two loops at once disturb each other: they share one position. It must belong to the iterator, not to the object.",
            tried,
            "['l', 'l', 'o', 'o', 'p']",
            str(items),
        )
    kept = call(answer, "ab", tried='Backwards("ab")')
    call(answer, "xyz", tried='Backwards("xyz")')
    if not same(passed(kept, 'list(Backwards("ab"))'), ["b", "a"]):
        raise Wrong(
            "a second object changes the first one: what you store must belong to the instance (self), not to the class.",
            'first = Backwards("ab"); second = Backwards("xyz"); list(first)',
            "['b', 'a']",
            str(passed(kept, "list(first)")),
        )
    return "An iterable that is not its own iterator, as lists are: each loop gets a position of its own."


def same(came, expected):
    """Whether two lists are equal; arrays among the items are no reason to fail."""
    try:
        return bool(came == expected)
    except ValueError:
        return False


def passed(made, tried):
    """The items of one pass over the learner's object, ten at most."""
    if not hasattr(type(made), "__iter__"):
        raise Wrong(
            "your object cannot be looped over: its class needs a method `__iter__`, with two underscores on each side.",
            tried,
        )
    with learners_code(tried):
        iterator = type(made).__iter__(made)
    if iterator is ...:
        raise Unanswered
    if not hasattr(iterator, "__next__"):
        raise Wrong(
            "`__iter__` must return an iterator, something with `__next__`. With `yield` inside, it does; a list is none, but iter(list) is.",
            tried,
            came=iterator,
        )
    return take(iterator, 10, tried)


BACKWARDS = Exercise(
    Backwards,
    check_backwards,
    hints=(
        "A list serves many passes, because `iter` gives a new iterator each time. Do the same.",
        "An iterable needs only `__iter__`. If that method contains `yield`, each call returns a new generator.",
        "Store the sequence in __init__. In __iter__: for index in range(len(self.sequence) - 1, -1, -1): yield self.sequence[index]",
    ),
)

# ---- design: every combination, one at a time


def variations(names, shifts, rotations):
    for name in names:
        for shift in shifts:
            for rotation in rotations:
                yield name, shift, rotation


def check_variations(answer):
    names, shifts, rotations = ["cat_0", "cat_1"], [0, 5, 10], [0, 90, 180, 270]
    tried = f"variations({names}, {shifts}, {rotations})"
    right = list(itertools.product(names, shifts, rotations))
    made = generator_of(answer, names, shifts, rotations, tried=tried)
    if isinstance(made, tuple) and same(made, right[0]):
        raise Wrong(
            "your function returns a tuple, the first combination, and is over: `return` ends it. `yield` hands out a combination "
            "and goes on later.",
            tried,
            came=str(made),
        )
    came = take(made, 200, tried)
    items = [tuple(item) if isinstance(item, (tuple, list)) else item for item in came]
    if not same(items, right):
        any_order = sorted(sorted(map(str, item)) for item in right)
        slips = [
            (
                same(items, list(zip(names, shifts, rotations))),
                "you go through the three side by side, as `zip` does. Every name goes with every shift and every rotation.",
            ),
            (
                same(items, right[:1]),
                "only the first combination comes. Does the `yield` stand inside of all three loops?",
            ),
            (
                same(items, right[-1:]),
                "only the last combination comes: the `yield` must stand inside of the innermost loop.",
            ),
            (
                len(items) == 1 and len(str(items[0])) > 200,
                "one list with all combinations comes. Yield each combination by itself, and build no list.",
            ),
            (len(items) == 200, "it does not end: after the last combination, the generator must end."),
            (
                same(items, [part for item in right for part in item]),
                "name, shift and rotation come one after the other. Yield them together: `yield name, shift, rotation`.",
            ),
            (same(items, right[:12]), "only the first name is used."),
            (
                same(items, list(itertools.product(range(2), range(3), range(4)))),
                "these are the places 0, 1, 2, …. Yield the items that stand there.",
            ),
            (
                same(sorted(map(str, items)), sorted(map(str, right))) and isinstance(items[0], tuple),
                "all combinations come, but in another order: the rotation should change fastest, the name slowest.",
            ),
            (
                all(isinstance(item, tuple) for item in items)
                and sorted(sorted(map(str, item)) for item in items) == any_order,
                "the combinations are right, but the parts stand in another order: (name, shift, rotation).",
            ),
            (
                len(items) == 24,
                "24 came, as many as expected, but not each is a tuple (name, shift, rotation) with parts from the three lists.",
            ),
            (
                True,
                f"{len(items)} came, but 2 · 3 · 4 = 24 combinations were expected, each a tuple (name, shift, rotation).",
            ),
        ]
        raise Wrong(
            next(message for slip, message in slips if slip),
            tried,
            f"{right[0]}, {right[1]}, …",
            ", ".join(f"{item!s:.100}" for item in items[:3]) + ", …",
        )
    many = [f"cat_{number}" for number in range(60)], range(50), range(40)
    tried, was_tracing = "the first of 60 names, 50 shifts and 40 rotations", tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        take(call(answer, *many, tried=tried), 1, tried)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
    if peak > 2**20:
        raise Wrong(
            "all combinations are built before the first one is handed out: that takes the memory that a generator should save. "
            "Yield each one inside of the loops.",
            tried,
            "a few KiB of memory",
            f"{peak / 2**20:.0f} MiB",
        )
    return (
        "500 names, 100 shifts and 36 rotations are 1,800,000 combinations. Take three, and only three were computed."
    )


VARIATIONS = Exercise(
    variations,
    check_variations,
    hints=(
        "Three loops, one inside of the other.",
        "The outermost loop changes slowest: names outside, rotations inside. The `yield` stands in the innermost loop.",
        "yield name, shift, rotation",
    ),
)

EXERCISES = [LAMP, BIG_DATA, LAZY_FILE, COUNTDOWN, FOR_EACH, BACKWARDS, VARIATIONS]
