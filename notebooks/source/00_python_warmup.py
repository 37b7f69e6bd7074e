# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Python warm-up
#
# Classes, iterators and generators in plain Python, up to the endless generator of batches that *[Generators](lesson:generators)* hands to Keras.
#
# After this lesson you can
#
# - write a class with a constructor and methods, and explain what `self` is;
# - say whether an attribute is stored on the class or on the instance, and avoid a list shared by accident;
# - tell an iterable from an iterator, and write an iterator with `__iter__` and `__next__`;
# - write the same iterator as a generator, and build a pipeline from several generators;
# - measure how much memory a generator saves.
#
# **You need:** functions, loops, lists and dictionaries · **Time:** about 30 minutes to read, seconds to run

# %% [markdown]
# Change these values, then run the whole notebook again.
# A line `N: int = 100_000` gives a name, its type and its value; the underscore only separates the thousands.

# %% tags=["parameters"]
N: int = 100_000  # numbers in the memory measurement, 100,000 to 2,000,000
BATCH_SIZE: int = 3  # photos in a batch, 2 to 6
SEED: int = 0  # order of the shuffled photos, 0 or more

# %% [markdown]
# Everything comes from Python's standard library, except `record`, which notes a number for the course's reports, and `exercises`, which checks your answers at the end.
# In this lesson, `try … except` catches an error and shows its message, so that the notebook runs on.
# An `assert` stops the notebook if a claim is false.

# %%
import math
import random
import sys
import tracemalloc
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from course_utils import exercises
from course_utils.results import record

# %% [markdown]
# ## The question
#
# The second lecture asks: you have 500 pictures of cats.
# You make every combination of 100 shifts, 10 scales, 20 kinds of light, 10 changes of colour, 36 rotations and 4 orientations.
# Each has 150 × 150 pixels of 3 bytes.
# How many pictures do you get?
# **Predict:** would they fit on the disk of your computer?

# %%
images = math.prod([500, 100, 10, 20, 10, 36, 4])
terabytes = images * 150 * 150 * 3 / 1e12
print(f"{images:,} pictures, {terabytes:,.0f} TB (1 TB is 1,000,000,000,000 bytes)")

# %% [markdown]
# Nobody stores that.
# A program makes each picture when the network asks for it, and forgets it afterwards.
# Python's tool for this is the **generator**.
# A generator is an iterator, and an iterator is an object of a class, so we begin with classes.

# %% [markdown]
# ## 1. Classes
#
# ### An empty class as a record
#
# A **class** is a type that you define.
# Calling it, as in `Photo()`, makes an **instance**, an object of that type.
# A name after a dot, as in `dog.name`, is an **attribute**.
# `vars` shows the attributes that an instance stores.
# **Predict:** one attribute below is misspelt.
# Which line fails, the one that writes it or the one that reads it?


# %%
class Photo:
    pass


dog = Photo()
dog.name, dog.lable = "dog_0.jpg", "dog"
print(vars(dog))
try:
    print(dog.label)
except AttributeError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# Writing was accepted: Python made an attribute `lable`.
# The error came later, when the program read `label`.
# An empty class is a quick record, but nothing checks its fields.

# %% [markdown]
# ### Attributes of the class, attributes of the instance
#
# The indented lines below `class` are the **class body**.
# It may hold any code.
# A name assigned there belongs to the class, and all instances can read it.
# **Predict:** how often is the first message printed?
# Which three sizes come out?
# (In an f-string, `{x=}` prints the expression and its value.)


# %%
class Filter:
    print("the class body runs")
    size = 3


print("now we make two instances")
first, second = Filter(), Filter()
first.size = 5
print(f"{first.size=} {second.size=} {Filter.size=} {vars(second)=}")

# %% [markdown]
# The body ran once, when the class was **defined**, and not again for each instance.
# For plain values like these, reading `first.size` looks in the instance first, then in the class.
# Writing `first.size = 5` stores the value in the instance, where it hides the value of the class: it **shadows** it.
# `second` stores nothing, so it still reads from the class.

# %% [markdown]
# ### Forgotten parentheses
#
# The lecture warns that "very strange things happen" without the parentheses.
# They have a simple cause: a class is an object too.
# `Filter()` makes an instance; `Filter` is the class itself.
# **Predict** the three sizes.

# %%
third = Filter  # no parentheses
third.size = 7
print(f"{third is Filter=}")
print(f"{first.size=} {second.size=} {Filter().size=}")

# %% [markdown]
# `third` is only a second name for the class, so the assignment changed the class.
# Every instance without a size of its own now reads the new value.
# `first` has its own, and keeps it.

# %% [markdown]
# ### Constructor, default arguments, methods
#
# Python calls `__init__` on each new instance.
# It is usually called the constructor; strictly, the object exists already and `__init__` fills it.
# A function defined in the class body is a **method**.
# Its first parameter is the instance, by convention named `self`.
# Other parameters may have **defaults**.
# A square filter, a grid of numbers that *[Convolution](lesson:convolution)* explains, holds size × size numbers, its weights, for each colour channel.
# **Predict** the three counts.


# %%
class Filter:
    def __init__(self, size=3, channels=1):
        self.size = size
        self.channels = channels

    def weights(self):
        return self.size * self.size * self.channels


grey, colour = Filter(), Filter(channels=3)
print(f"{grey.weights()=} {colour.weights()=} {Filter.weights(colour)=}")

# %% [markdown]
# The last two do the same.
# Python treats `colour.weights()` like `Filter.weights(colour)`: the object before the dot becomes the first argument, `self`.
# (The name `Filter` now means this new class. `first` and `second` still belong to the old one.)

# %% [markdown]
# ### A missing `self`
#
# **Predict:** `describe` below has no parameters, and we call it with empty parentheses.
# Why should that fail?


# %%
class Broken:
    def describe():  # self is missing
        return "a filter"


try:
    Broken().describe()
except TypeError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# "1 was given" is the instance, which Python passes as the first argument although you do not see it.
# To mend this, write `def describe(self)`.
# If the function really needs no instance, put `@staticmethod` on the line above it.

# %% [markdown]
# ### A list that is shared by accident
#
# A class attribute is one object for all instances.
# With a number this rarely hurts.
# **Predict** what the winter album holds.


# %%
class Album:
    photos = []

    def add(self, photo):
        self.photos.append(photo)


summer, winter = Album(), Album()
summer.add("beach.jpg")
print("the winter album holds", winter.photos)

# %% [markdown]
# `self.photos.append(…)` assigns nothing.
# It reads `photos`, finds it on the class, and changes that one list.
# So each instance needs a list of its own, made in `__init__`.
# A default argument looks like an easy way.
# **Predict:** which of these two classes is right?


# %%
class AlbumA:
    def __init__(self, photos=[]):
        self.photos = photos


class AlbumB:
    def __init__(self, photos=None):
        self.photos = [] if photos is None else photos


for kind in (AlbumA, AlbumB):
    summer, winter = kind(), kind()
    summer.photos.append("beach.jpg")
    print(f"{kind.__name__}: the winter album holds {winter.photos}")

# %% [markdown]
# Python evaluates a default **once**, when it runs the `def` line, so in `AlbumA` all instances again share one list.
# `AlbumB` is right: the expression `[]` inside the method runs at each call, and makes a new list each time.

# %% [markdown]
# ### The modern record: a dataclass
#
# For records, today's Python has `@dataclass`.
# You list the fields with their types; it writes `__init__`, a readable printed form and a comparison.
# **Predict:** the last call forgets the label.
# What happens?


# %%
@dataclass
class Photo:
    name: str
    label: str
    width: int = 640


print(Photo("cat_0.jpg", "cat"), Photo("cat_0.jpg", "cat") == Photo("cat_0.jpg", "cat"))
try:
    Photo("dog_0.jpg")
except TypeError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# A missing field is now an error at once.
# The types are notes for readers and tools; Python does not check them.
# A list as a default is refused: write `field(default_factory=list)`, which calls `list` for each new instance.

# %% [markdown]
# ## 2. Iterators
#
# ### What a `for` loop accepts
#
# An object that you can loop over is called **iterable**.
# Many built-in types are iterable.
# **Predict:** what does a loop over a dictionary give, the keys, the values or both?

# %%
for collection in [[3, 1, 2], {"cat": 0, "dog": 1}, "cnn"]:
    print(type(collection).__name__, "gives", [item for item in collection])
print("items() gives", [pair for pair in {"cat": 0, "dog": 1}.items()])

# %% [markdown]
# A list gives its items, a dictionary its keys, a string its characters.
# For keys and values together, loop over `.items()`.
#
# An open text file is iterable too: it gives one line after the other, and never needs the whole file in memory.
# We write a small table of seven photos, then loop over it.
# **Predict:** what is the last character of each line?
# (`repr` makes it visible.)

# %%
table = Path("output") / "photos.csv"
table.parent.mkdir(exist_ok=True)
rows = [f"cat_{n}.jpg,cat\n" for n in range(4)] + [f"dog_{n}.jpg,dog\n" for n in range(3)]
table.write_text("".join(rows), encoding="utf-8")

with open(table, encoding="utf-8") as file:
    for line in file:
        print(repr(line))

# %% [markdown]
# Each line keeps its line end, `\n`.
# The block `with` closes the file when the loop is over, also after an error.

# %% [markdown]
# ### What a `for` loop does
#
# An **iterator** is the object that remembers the position in a loop.
# `iter(iterable)` returns an iterator.
# `next(iterator)` returns the next item; when none is left, it raises the exception `StopIteration`.
# **Predict** the first line: both iterators belong to the same word.

# %%
word = "ab"
one, two = iter(word), iter(word)
print(next(one), next(one), next(two))
try:
    next(one)
except StopIteration as error:
    print(type(error).__name__)
print(next(one, "nothing left"), list(two))

# %% [markdown]
# The word is iterable, and each iterator has a position of its own.
# A `for` loop calls `iter` once, then `next` repeatedly, and ends without an error when it catches `StopIteration`.
# So this is an ordinary exception that means "no more items".
# The lecture calls it an "interrupt", but nothing is interrupted.
# You can also avoid it: `next` with a second argument returns that argument at the end.
# A finished iterator stays finished.

# %% [markdown]
# ### An iterator of your own
#
# An iterator needs two methods.
# `__next__` returns the next item or raises `StopIteration`.
# `__iter__` returns the iterator itself, so that a `for` loop accepts it.
# This class goes through a sequence from its last item to its first.


# %%
class Reverse:
    def __init__(self, sequence):
        self.sequence = sequence
        self.taken = 0  # items that were handed out already

    def __iter__(self):
        return self

    def __next__(self):
        if self.taken == len(self.sequence):
            raise StopIteration
        self.taken += 1
        return self.sequence[-self.taken]


print([letter for letter in Reverse("pool")])

# %% [markdown]
# It works, but most of its lines only keep the position.
# It must be stored in `self.taken`, because the local variables of `__next__` are gone after each call.

# %% [markdown]
# ## 3. Generators
#
# ### A function that pauses
#
# A function with `yield` in its body is a **generator function**.
# Calling it returns a **generator**, and a generator is an iterator: Python supplies `__iter__`, `__next__` and `StopIteration`.
# **Predict:** in which order do the five messages come?


# %%
def steps_of_a_day():
    print("  the body starts")
    yield "morning"
    print("  the body goes on")
    yield "evening"


day = steps_of_a_day()
print("the call is over, and returned a", type(day).__name__)
for part in day:
    print("the loop got", part)

# %% [markdown]
# The call ran **nothing** of the body.
# The first `next` ran it to the first `yield`, where it paused and handed out a value.
# The second continued from there.
# At the end of the body, the generator raised `StopIteration`.

# %% [markdown]
# Local variables keep their values during the pause.
# So `Reverse` becomes three lines, with the position in a local variable.
# **Predict:** we make a list from each object twice.
# What is in the second list?


# %%
def reverse(sequence):
    for index in range(1, len(sequence) + 1):
        yield sequence[-index]


for backwards in [Reverse("pool"), reverse("pool")]:
    print(type(backwards).__name__, list(backwards), list(backwards))
assert list(Reverse("pool")) == list(reverse("pool")) == list(reversed("pool"))

# %% [markdown]
# Class, generator and Python's own `reversed` agree.
# The second lists are empty: an iterator, and so a generator, serves **one pass**.
# A list serves many, because each loop over it gets a new iterator.
# So the lecture's "like a list" is true only where Python goes through it once: a generator has no length, no index and no second pass.

# %% [markdown]
# ### A generator without an end
#
# A generator may run forever, since it only computes what is asked for.
# **Predict** the values.


# %%
def doubling(value=1):
    while True:
        yield value
        value = 2 * value


sizes = doubling()
print(next(sizes), next(sizes), next(sizes), next(sizes))

# %% [markdown]
# `while True` is harmless here, because each `yield` gives control back.
# But never write `list(doubling())`: it would fill the memory.
# Take the first n values instead.
# The generator `first_n` below reads from another iterator, so it is a **generator over an iterator**.
# Its `zip` stops when `range(n)` ends.
# The standard library's `islice` does the same.
# **Predict:** the first attempt forgets the parentheses of `doubling`.
# What does the error say?


# %%
def first_n(n, items):
    for _, item in zip(range(n), items):
        yield item


try:
    list(islice(doubling, 8))
except TypeError as error:
    print(f"{type(error).__name__}: {error}")
print(list(first_n(8, doubling())), sum(first_n(8, doubling())))
assert list(first_n(8, doubling())) == list(islice(doubling(), 8))

# %% [markdown]
# `doubling` is a function, and a function is not iterable; `doubling()` is a generator.
# The lecture speaks of passing Keras "a function pointer".
# What Keras takes is the generator: the object that the call returns.

# %% [markdown]
# ### What a generator saves
#
# `(n * n for n in range(N))` is a **generator expression**: a generator without a `def`.
# `sum` adds up its numbers as well as those of a list, `[n * n for n in range(N)]`.
# `tracemalloc` reports the peak: the most memory in use at any one time.
# **Predict:** how many times more does the list need?

# %% tags=["nbval-ignore-output"] reason="the bytes of an object differ between Python versions"
tracemalloc.start()
sum([n * n for n in range(N)])
list_kib = tracemalloc.get_traced_memory()[1] / 1024  # the peak, in bytes, made KiB
tracemalloc.reset_peak()
sum(n * n for n in range(N))
generator_kib = tracemalloc.get_traced_memory()[1] / 1024
tracemalloc.stop()
print(f"the list needs about {list_kib / generator_kib:,.0f} times as much")
record(list_kib=round(list_kib), generator_kib=round(generator_kib, 1))

# %% [markdown]
# The list's memory grows with `N`.
# The generator's does not: only one of its numbers exists at a time.
# (1 KiB is 1,024 bytes.)
#
# Why not simply `sys.getsizeof`?
# **Predict** whether it sees the difference between a list that holds a small number and a list that holds a number of 101 digits.

# %%
print("getsizeof gives the same for both:", sys.getsizeof([1]) == sys.getsizeof([10**100]))
less = generator_kib < list_kib / 100
print("the generator needs less than a hundredth of the list's memory:", less)
assert sum(n * n for n in range(N)) == (N - 1) * N * (2 * N - 1) // 6

# %% [markdown]
# `getsizeof` counts the list's table of references, but not the numbers to which they refer.
# `tracemalloc` counts both.

# %% [markdown]
# ## 4. Feeding a network
#
# ### From lines to photos
#
# Generators can be chained: each reads from the one before.
# Our first one turns lines into photos.
# It accepts any iterable of lines, such as an open file, or a list in a test.


# %%
def read_photos(lines):
    for line in lines:
        name, label = line.rstrip("\n").split(",")
        yield Photo(name, label)


with open(table, encoding="utf-8") as file:
    photos = list(read_photos(file))
print(len(photos), "photos, the last is", photos[-1])

# %% [markdown]
# `list` must stand **inside** the `with` block: a generator reads when it is asked, and after the block the file is closed (exercise 3).
# A list of names is small; only the pixels must not be in memory all at once.

# %% [markdown]
# ### Batches
#
# A network is trained on a few pictures at a time, a **batch**.
# **Predict:** seven photos, `BATCH_SIZE` in a batch.
# What happens to the last ones?


# %%
def batches(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


print("sizes of the batches:", [len(batch) for batch in batches(photos, BATCH_SIZE)])

# %% [markdown]
# The last batch is smaller, because seven is not a multiple of the batch size.
# Without the last two lines of the function, its photos would be lost, and no error would say so.
# (From Python 3.12 on, `itertools.batched` does the same with tuples.)

# %% [markdown]
# ### One epoch, and then nothing
#
# One pass over all the data is an **epoch**.
# Its number of batches, the **steps per epoch**, is the number of items divided by the batch size, rounded **up**.
# (The lecture does not round, and its log ends each epoch at step "938/937".)
#
# The file lists all cats before the dogs, so we shuffle: `rng` is a source of random numbers, and its `sample` returns a new list in random order; `yield from` yields each of its items.
# **Predict:** we ask for the batches of two epochs.
# How many come?


# %%
def shuffled(items, rng):
    yield from rng.sample(items, len(items))


steps = math.ceil(len(photos) / BATCH_SIZE)
epoch = batches(shuffled(photos, random.Random(SEED)), BATCH_SIZE)
got = list(islice(epoch, 2 * steps))
print(f"steps per epoch: {steps}, asked for: {2 * steps}, got: {len(got)}")

# %% [markdown]
# One epoch came, and the generator is exhausted.
# *[Generators](lesson:generators)* shows what Keras does then.
# (Shuffling needs all items in a list. So shuffle the names, and load the pixels afterwards.)

# %% [markdown]
# ### The endless feed
#
# The mend is a loop around the pipeline: at the start of each epoch, it makes fresh generators, with a new order.
# Keras (the library that trains our networks) expects each batch as a pair, the inputs and the labels (or a triple, with sample weights), so we yield pairs.


# %%
def training_batches(items, size, seed):
    rng = random.Random(seed)
    while True:
        for batch in batches(shuffled(items, rng), size):
            yield [photo.name for photo in batch], [photo.label for photo in batch]


feed = training_batches(photos, BATCH_SIZE, SEED)
for number in (1, 2):
    seen = list(islice(feed, steps))
    print(f"epoch {number}:", *seen, sep="\n  ")
    names = []
    for batch_names, batch_labels in seen:
        names += batch_names
    assert sorted(names) == [photo.name for photo in photos]

# %% [markdown]
# Every epoch holds each photo exactly once, shuffled anew.
# The generator never ends, so **its reader must know the steps per epoch**.
# And `items` must be a list: a generator has no length, and nothing left for a second epoch.
#
# In *[Generators](lesson:generators)* the names become arrays of pixels, and an object like `feed` goes to `model.fit`.
# The lecture's `fit_generator` is gone from Keras 3; `fit` itself takes generators.

# %% [markdown]
# ## Exercises
#
# Each exercise says at once whether your answer is right, and if not, what seems to have gone wrong.
# Put your answer in the place of the dots (`...`) and run the cell.
# `ex.NAME.hint()` gives a hint, then the next one; `ex.NAME.solution()` shows a solution.
# You can also skip them all: nothing later depends on them.

# %%
ex = exercises.lesson("python_warmup")

# %% [markdown]
# ### 1 · On the class or on the instance
#
# **Predict.**
# What do the four expressions below give after these lines?
# Think first; you may run the lines afterwards.
#
# ```python
# class Lamp:
#     watts = 40
#     rooms = []
#
# a, b, c = Lamp(), Lamp(), Lamp  # the last one without parentheses
# a.watts = 60
# c.watts = 25
# a.rooms.append("hall")
# b.rooms = ["attic", "cellar"]
# new = Lamp()
# ```

# %%
predicted = {"a.watts": ..., "b.watts": ..., "new.watts": ..., "len(new.rooms)": ...}

ex.lamp.check(predicted)

# %% [markdown]
# ### 2 · The lecture's sum, and time
#
# **By hand.**
# The question at the top counted the variations of 500 photos.
# How many variations has **one photo**?
# A program makes 1,000 pictures a second: how many **days** does it need for all variations of all 500 photos?
# A network is trained for 30 epochs.
# In each epoch it gets one random variation of each of the 500 photos: how many pictures has it **seen** in the end?
# (Python may do the multiplying. Round the days to whole ones, or leave them as they are.)

# %%
answers = {"of one photo": ..., "days": ..., "seen": ...}

ex.big_data.check(answers)

# %% [markdown]
# ### 3 · A generator and a closed file
#
# **Explain.**
# Somebody writes, with `read_photos` and `table` of section 4:
#
# ```python
# with open(table, encoding="utf-8") as file:
#     late = read_photos(file)
# print(next(late))
# ```
#
# What happens?
#
# - **a** `late = read_photos(file)` raises a `ValueError`.
#   It must stand before the `with` block.
# - **b** `next(late)` raises a `ValueError`: only now is the file read, and it is closed.
#   The reading must stand inside of the block.
# - **c** `next(late)` raises `StopIteration`: no lines are left.
#   The file must be opened again.
# - **d** The first photo is printed: `read_photos(file)` read all lines inside of the block.
# - **e** The first photo is printed, as one line was read in advance.
#   A second `next(late)` would raise a `ValueError`.

# %%
letter = ...  # in quotes, such as "a"

ex.lazy_file.check(letter)

# %% [markdown]
# ### 4 · A generator
#
# **Code.**
# Write a generator function `countdown(n)`.
# For a whole number n of 0 or more, it yields n, n − 1, …, 1: `list(countdown(3))` is `[3, 2, 1]`.
# **Predict:** what is `sum(countdown(100))`, and what is `list(countdown(0))`?


# %%
def countdown(n):
    yield ...


ex.countdown.check(countdown)

# %% [markdown]
# ### 5 · Rebuild `for`
#
# **Code.**
# Write `for_each(items, action)`.
# It calls `action(item)` for every item, in order, as `for item in items: action(item)` does.
# Use `while`, `iter`, `next` and `StopIteration`, and no `for`.
# `items` may be anything that a `for` loop accepts, also a generator, and an item may be anything, also 0 or `None`.
# What `for_each` returns does not matter.
# For instance, `for_each("ab", print)` prints a and b.


# %%
def for_each(items, action):
    return ...


ex.for_each.check(for_each)

# %% [markdown]
# ### 6 · Many passes
#
# **Code.**
# Write a class `Backwards`, like `Reverse` in section 2, for sequences such as lists, tuples and strings.
# Unlike `Reverse`, one object serves many passes, even two at the same time: after `word = Backwards("pool")`, `list(word)` is `["l", "o", "o", "p"]` as often as you like.
# The sequence itself stays as it was.
# (An iterable needs only `__iter__`, and that method may contain `yield`.)


# %%
class Backwards:
    def __init__(self, sequence): ...

    def __iter__(self):
        yield ...


ex.Backwards.check(Backwards)

# %% [markdown]
# ### 7 · Every combination, one at a time
#
# **Design.**
# Write a generator function `variations(names, shifts, rotations)`.
# It yields every combination as a tuple `(name, shift, rotation)`, and never holds all of them in memory.
# The rotation changes fastest, the name slowest.
# The three arguments are lists or ranges: `list(variations(["cat"], [0, 5], [0, 90]))` is `[("cat", 0, 0), ("cat", 0, 90), ("cat", 5, 0), ("cat", 5, 90)]`.
# **Predict:** you take three from 500 names, 100 shifts and 36 rotations.
# How many combinations are there, and how many were computed?


# %%
def variations(names, shifts, rotations):
    yield ...


ex.variations.check(variations)

# %% [markdown]
# Which ones are done?

# %%
ex.progress()

# %% [markdown]
# ### To think about, or to measure
#
# 1. The lecture's variations are six kinds, exercise 7 has two.
#    How would you write `variations` for a list of kinds of any length?
#    (Look up `itertools.product`. Which of its arguments does it keep in memory?)
# 2. Write `countdown` as a class with `__iter__` and `__next__`.
#    Which of its lines keep the position?

# %% [markdown]
# ## Summary
#
# - A class body runs once.
#   Its attributes are shared; an assignment through an instance stores in that instance.
# - `C()` makes an instance and runs `__init__`; `C` is the class.
#   A method receives the instance as `self`.
# - Lists as class attributes or as defaults are shared.
#   Make them inside `__init__`.
# - An iterable gives iterators.
#   An iterator gives items, then raises `StopIteration`: one pass.
# - A generator is an iterator written as a function.
#   It runs when asked, pauses at `yield`, and keeps its local variables.
# - A chain of generators feeds a network: shuffle, batch, repeat forever.
#
# ## References
#
# - The Python Tutorial, [chapter 9, Classes](https://docs.python.org/3/tutorial/classes.html), also on iterators and generators.
# - The Python Language Reference, [yield expressions](https://docs.python.org/3/reference/expressions.html#yield-expressions).
# - The Python Standard Library: [itertools](https://docs.python.org/3/library/itertools.html), [dataclasses](https://docs.python.org/3/library/dataclasses.html), [tracemalloc](https://docs.python.org/3/library/tracemalloc.html).
# - [PEP 255](https://peps.python.org/pep-0255/), Simple Generators: why `yield` was added to Python.
#
# *[Convolution](lesson:convolution)* is about the operation that gives these networks their name.
