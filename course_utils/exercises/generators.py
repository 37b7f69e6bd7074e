"""Exercises of *Generators*: the reference solutions as a learner would write them, and the slips that learners make."""

import math
import warnings
from itertools import islice

import numpy as np

from .. import runtime
from .comparing import expect_number
from .exercise import Exercise
from .feeds import expect_half, expect_passes, flips_of, opened, pair_of
from .kinds import Numbers, Slip
from .trying import Unanswered, Wrong, call, learners_code
from .words import in_short, shape_text

with runtime.quiet():
    import keras

# ---- recall: the steps of an epoch


def epoch_steps(images=10_000, size=64):
    steps = math.ceil(images / size)  # 156.25, rounded up
    last_batch = images - (steps - 1) * size
    left_out = images - images // size * size  # with 156 steps: the whole last batch
    return steps, last_batch, left_out


EPOCH_STEPS = Numbers(
    epoch_steps,
    names=("steps_needed", "last_batch", "left_out"),
    data=lambda number: (10_000 + 645 * (number % 9), 64),  # 5 more in the last batch each time: never 32, never full
    slips={
        "steps_needed": [
            Slip(
                lambda images, size: images // size,
                lambda came, *data: (
                    f"{came} full batches do not hold all images: some are left, and they need a step, too."
                ),
            ),
            Slip(
                lambda images, size: images / size,
                lambda came, *data: f"there is no {came % 1:g} of a step. Keras refuses a fraction.",
            ),
            Slip(
                lambda images, size: images // size + 2,
                lambda came, *data: f"the last batch, though smaller, is number {came - 1}.",
            ),
        ],
        "last_batch": [
            Slip(
                64,
                lambda came, images, size: (
                    f"{images // size + 1} full batches would be more than {images:,} images. "
                    f"How many are left after {images // size} of them?"
                ),
            ),
            Slip(
                lambda images, size: -images % size,
                lambda came, *data: f"{came} is what the last batch lacks. How many images does it hold?",
            ),
            Slip(
                lambda images, size: images / size % 1,
                lambda came, *data: f"{came:g} is a share of a batch. How many images is that?",
            ),
        ],
        "left_out": [
            Slip(lambda images, size: images // size * size, "so many images are seen. How many are not?"),
            Slip(
                lambda images, size: -images % size,
                lambda came, *data: (
                    f"{came} is what the last batch lacks. How many images does it hold, and are they seen?"
                ),
            ),
            Slip(0, "with // the steps are rounded down. What becomes of the images after the last full batch?"),
            Slip(64, "the batch that is left out is not a full one."),
            Slip(1, "one batch is left out. How many images does it hold?"),
            Slip(
                lambda images, size: images // size,
                "this is the number of steps with //. How many images do they not reach?",
            ),
        ],
    },
    done="Rounding down leaves out exactly the smaller last batch.",
    hints=(
        "How many full batches fit into all images, and how many images are left?",
        "The full batches hold images // size · size images. The rest is one more batch.",
        "math.ceil rounds up, // rounds down: the difference is the smaller last batch.",
    ),
)

# ---- by hand: the lecture's sum


def big_data_memory():
    pictures = 500 * 100 * 10 * 20 * 10 * 36 * 4  # each variation with each of the others
    terabytes = pictures * 150 * 150 * 3 / 1e12  # a byte a number
    batch = int(8e9 // (11 * 150 * 150 * 3 * 4))  # float32: four bytes a number
    return pictures, terabytes, batch


PICTURES, TERABYTES, _ = big_data_memory()

BIG_DATA_MEMORY = Numbers(
    big_data_memory,
    names=("pictures", "terabytes", "largest_batch"),
    atol=0.5,
    slips={
        "pictures": [
            Slip(500 * 180, "the variations were added. Each shift can be combined with each scale, and so on."),
            Slip(
                500 + 180,
                "the variations were added. Each of them applies to every picture, together with each of the others.",
            ),
            Slip(28_800_000, "this is for one picture. There are 500."),
            Slip(500 + 28_800_000, "each of the 500 pictures has all these variations: times, not plus."),
            Slip(
                PICTURES + 500,
                "the pictures as they are were counted once more. They are among the variations: each list contains 'unchanged'.",
            ),
        ],
        "terabytes": [
            Slip(
                4 * TERABYTES,
                "this is for numbers of 4 bytes. Asked for are bytes as in a picture: one for each number.",
            ),
            Slip(TERABYTES / 3, "one channel was counted. A colour picture has three."),
            Slip(1e12 * TERABYTES, "these are bytes. A terabyte is 10¹² of them."),
            Slip(1000 * TERABYTES, "these are gigabytes. A terabyte is 1,000 of them."),
            Slip(PICTURES / 1e12, "this is one byte a picture. A picture has 150 · 150 · 3 of them."),
        ],
        "largest_batch": [
            Slip(2694, "that is a little too much: 11 such batches are more than 8 GB. Round down."),
            Slip(29629, "one batch of this size fills the memory. Keras holds eleven."),
            Slip(10774, "this is for one byte a number. In a batch, the numbers are float32."),
            Slip(8080, "one channel was counted. The pictures of a batch have three."),
            Slip(2962, "this leaves room for ten batches. There are eleven."),
        ],
    },
    done="Nobody stores that. The variations are made while the batches are made.",
    hints=(
        "Each variation can be combined with each of the others: the numbers are multiplied.",
        "A picture has 150 · 150 · 3 numbers, each 1 byte in a file and 4 bytes in a batch. A TB is 10¹² bytes.",
        "The batch: 8 · 10⁹ bytes, divided by 11 batches and by 150 · 150 · 3 · 4 bytes an image, rounded down.",
    ),
)


# ---- code: the lecture's lab


def flipping_batches(images, labels, size, seed):
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(labels))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            inputs = np.divide(images[rows], 255, dtype="float32")
            chosen = rng.random(len(rows)) < 0.5
            inputs[chosen] = inputs[chosen, :, ::-1]
            yield inputs, labels[rows]


def check_flipping_batches(answer):
    count, size, passes = 23, 5, 8
    rng = np.random.default_rng(11)
    images, labels = rng.integers(0, 256, (count, 6, 4, 3), dtype="uint8"), np.arange(count) + 100
    per_pass = math.ceil(count / size)
    tried = f"flipping_batches(images of shape {shape_text(images.shape)}, labels, size={size}, seed)"

    def take(seed):
        given, given_labels = images.copy(), labels.copy()
        feed = opened(answer, tried, given, given_labels, size, seed)
        taken = []
        with learners_code(tried):
            for batch in islice(feed, passes * per_pass):
                if isinstance(batch, list):
                    raise Wrong(
                        "a batch is a list here. Keras takes only tuples from a generator: yield inputs, labels.",
                        tried,
                        came="of type list",
                    )
                if isinstance(batch, tuple) and any(isinstance(part, list) for part in batch):
                    raise Wrong("inputs or labels are a list. Keras takes only arrays from a generator.", tried)
                taken.append(pair_of(batch, tried))
                if not np.array_equal(given, images) or not np.array_equal(given_labels, labels):
                    raise Wrong(
                        "the generator changes the images or labels that it was given. It must work on a copy, the batch.",
                        tried,
                    )
        return taken

    taken = take(3)
    if len(taken) < passes * per_pass:
        where = "the first pass" if len(taken) == per_pass else f"{len(taken)} batches"
        raise Wrong(
            f"the generator ends after {where}. For Keras it must go on for ever: a `while True` around the pass.",
            tried,
        )
    expect_passes([batch_labels for _, batch_labels in taken], labels, size, per_pass, tried)
    first = taken[0][0]
    if first.max() > 1.01:
        raise Wrong(
            "the numbers go up to 255. They should be divided by 255.", tried, "from 0 to 1", f"up to {first.max():g}"
        )
    if first.max() < 0.01:
        raise Wrong(
            "the numbers are much too small. Are they divided by 255 twice?",
            tried,
            "from 0 to 1",
            f"up to {first.max():g}",
        )
    if first.dtype != np.float32:
        raise Wrong(
            "the numbers are right, but not their type: the network computes with float32.",
            tried,
            "float32",
            str(first.dtype),
        )
    flips = [
        flips_of(inputs, images[batch_labels.astype(int) - 100] / 255, images / 255, tried)
        for inputs, batch_labels in taken
    ]
    expect_half(flips, tried)
    orders = [
        np.concatenate([batch_labels for _, batch_labels in taken[n * per_pass : (n + 1) * per_pass]])
        for n in range(passes)
    ]
    if all(np.array_equal(order, labels) for order in orders):
        raise Wrong("the images come in the given order. Each pass should have a random one.", tried)
    if all(np.array_equal(order, orders[0]) for order in orders):
        raise Wrong(
            "the images are shuffled once, and every pass has the same order. Draw a new order inside of the endless "
            "loop; the random generator is made once, before it.",
            tried,
        )
    by_image = [
        np.concatenate(flips[n * per_pass : (n + 1) * per_pass])[np.argsort(order)] for n, order in enumerate(orders)
    ]
    if all(np.array_equal(flipped, by_image[0]) for flipped in by_image):
        raise Wrong("in every pass, the same images are flipped. Draw anew for each batch.", tried)
    again, other = take(3), take(4)
    if not all(np.array_equal(one[0], two[0]) for one, two in zip(taken, again)):
        raise Wrong(
            "two generators with the same seed differ. Take all random numbers from np.random.default_rng(seed).", tried
        )
    if all(np.array_equal(one[0], two[0]) for one, two in zip(taken, other)):
        raise Wrong("two generators with different seeds yield the same. Is `seed` used?", tried)
    return "`fit` takes it as it is, with steps_per_epoch=math.ceil(len(labels) / size)."


FLIPPING_BATCHES = Exercise(
    flipping_batches,
    check_flipping_batches,
    hints=(
        "Begin with `training_batches` of section 2; `flipped` of section 11 shows how to flip.",
        "Inside of `while True`: a new permutation of the row numbers; cut it into batches; for each, take pixels and labels of the same rows.",
        "chosen = rng.random(len(rows)) < 0.5; inputs[chosen] = inputs[chosen, :, ::-1]; yield inputs, labels[rows]",
    ),
)


# ---- code: feeding a CNN from a generator


def fit_on_feed(model, feed, count, size, epochs):
    return model.fit(feed, steps_per_epoch=math.ceil(count / size), epochs=epochs, shuffle=False, verbose=0)


class _Recorder(keras.Model):
    """A model that learns nothing, and notes how large each batch is that it trains on."""

    def __init__(self):
        super().__init__()
        self.sizes = []
        super().compile(run_eagerly=True)

    def compile(self, *arguments, **named):
        raise Wrong(
            "`model` is compiled already. Compiling it anew throws away its optimizer with all that it remembers."
        )

    def call(self, inputs):
        return inputs

    def train_step(self, data):
        self.sizes.append(len(data[1]))
        return {"loss": 0.0}


def check_fit_on_feed(answer):
    for count, size, epochs in [(10, 4, 3), (12, 4, 2)]:
        tried = f"fit_on_feed(model, feed, count={count}, size={size}, epochs={epochs})"
        model, steps, endless = _Recorder(), math.ceil(count / size), []

        def feed():
            for _ in range(20 + count * epochs):
                for start in range(0, count, size):
                    rows = np.arange(count)[start : start + size]
                    yield np.zeros((len(rows), 2), "float32"), rows
            endless.append(True)  # a learner's loop without an end comes to here

        with warnings.catch_warnings(action="ignore"):
            came = call(answer, model, feed(), count, size, epochs, tried=tried)
        if endless:
            raise Wrong(
                "the feed is endless, and nobody said where an epoch ends: `fit` would never come back. Give it steps_per_epoch.",
                tried,
            )
        if isinstance(came, keras.Model):
            raise Wrong("your function returns a model. Asked for is the history, which `fit` returns.", tried)
        if not hasattr(came, "history"):
            raise Wrong("your function should return the history: what `fit` returns.", tried, came=in_short(came))
        if not model.sizes:
            raise Wrong("the network was not trained on any batch of `feed`.", tried)
        done, total = len(came.epoch), len(model.sizes)
        expected, written = f"{epochs} epochs of {steps} batches", f"{done} epochs, {total} batches in all"
        if (done, total) == (epochs, steps * epochs):
            if model.sizes != ([size] * (count // size) + [count % size] * (count % size > 0)) * epochs:
                raise Wrong(
                    "the number of batches is right, but an epoch does not begin where a pass begins. Did you take a batch from `feed` "
                    "before?",
                    tried,
                    came=f"batches of {', '.join(map(str, model.sizes[:steps]))} in the first epoch",
                )
            continue
        for slip, message in [
            (
                (epochs, count // size * epochs),
                "the steps are rounded down, so the smaller last batch falls into the next epoch. Round up.",
            ),
            (
                (epochs, (count // size + 1) * epochs),
                "one step too many: if the batch size divides the number of images, there is no smaller "
                "last batch. math.ceil is right in both cases.",
            ),
            ((epochs, count * epochs), "a step is a batch, not an image."),
            ((epochs, size * epochs), "the size of a batch was taken for the number of steps."),
            ((epochs, steps * epochs * epochs), "steps_per_epoch is the number for one epoch, not for all of them."),
            ((1, steps), "the network was trained for one epoch: `epochs` is not used."),
            (
                (epochs, epochs),
                "each epoch has a single batch. `fit` takes the generator itself, not next(feed), and needs the number of steps.",
            ),
            (
                (1, steps * epochs),
                "all batches came, but the history that you return knows of one epoch only. Let a single call of `fit` make "
                "all of them: it takes `epochs`.",
            ),
        ]:
            if (done, total) == slip:
                raise Wrong(message, tried, expected, written)
        raise Wrong("epochs and steps do not fit.", tried, expected, written)
    return "Whatever the network: with an endless generator, `fit` needs to know the steps of an epoch."


FIT_ON_FEED = Exercise(
    fit_on_feed,
    check_fit_on_feed,
    hints=(
        "`fit` takes the generator in the place of the images. What else must it know, because the generator never ends?",
        "steps_per_epoch is the number of batches in an epoch, rounded up.",
        "return model.fit(feed, steps_per_epoch=math.ceil(count / size), epochs=epochs, …)",
    ),
)


# ---- code: batches with numbers


class FlippedBatches(keras.utils.PyDataset):
    def __init__(self, images, labels, size, seed):
        super().__init__()
        self.images, self.labels, self.size, self.seed = images, labels, size, seed
        self.epoch = 0

    def __len__(self):
        return math.ceil(len(self.labels) / self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        inputs, labels = self.images[rows].copy(), self.labels[rows]
        rng = np.random.default_rng([self.seed, self.epoch, index])
        chosen = rng.random(len(labels)) < 0.5
        inputs[chosen] = inputs[chosen, :, ::-1]
        return inputs, labels

    def on_epoch_end(self):
        self.epoch += 1


def check_flipped_batches(answer):
    count, size = 65, 30
    rng = np.random.default_rng(12)
    images, labels = rng.random((count, 5, 4, 3), dtype="float32"), np.arange(count) + 200
    tried = f"FlippedBatches(images of shape {shape_text(images.shape)}, labels, size={size}, seed)"

    def made(seed=5, number=count):
        if isinstance(answer, keras.utils.PyDataset):
            raise Wrong("hand over the class itself: its name, without brackets behind it.")
        dataset = call(answer, images[:number], labels[:number], size, seed, tried=tried)
        if not isinstance(dataset, keras.utils.PyDataset):
            raise Wrong(
                "this makes no PyDataset. Does the class begin with `class …(keras.utils.PyDataset):`?",
                tried,
                came=f"of type {type(dataset).__name__}",
            )
        return dataset

    def ask(dataset, method, *arguments):
        with learners_code(tried):
            result = getattr(dataset, method)(*arguments)
        if result is ...:
            raise Unanswered
        return result

    def batch(dataset, index):
        inputs, came = pair_of(ask(dataset, "__getitem__", index), tried)
        right = labels[index * size : (index + 1) * size]
        if not np.array_equal(came, right):
            message = (
                "it begins at row `index`. But `index` counts batches: the first row is index · size."
                if index and came[:1] == 200 + index
                else "it does not hold the right images. Keep the given order; the last batch is smaller."
            )
            raise Wrong(
                f"batch {index}: {message}",
                tried,
                f"labels {right[0]} to {right[-1]}",
                f"labels {came[0]:g} to {came[-1]:g}" if len(came) else "no labels",
            )
        if inputs.size and inputs.max() < 0.01:
            raise Wrong("the numbers are much too small. `images` hold numbers from 0 to 1 already.", tried)
        return inputs, flips_of(inputs, images[index * size : (index + 1) * size], images, tried)

    for number in (count, 2 * size):
        expect_number(
            ask(made(number=number), "__len__"),
            math.ceil(number / size),
            [
                (number // size, "the number of batches is rounded down: the smaller last batch is missing."),
                (
                    number // size + 1,
                    "one batch too many: if the size divides the number of images, no smaller batch is left.",
                ),
                (number, "this is the number of images. len() is the number of batches."),
            ],
            f"len() for {number} images in batches of {size}",
            hide=False,
        )
    dataset = made()
    inputs, flips = zip(*[batch(dataset, index) for index in range(3)])
    again = [batch(dataset, index)[0] for index in (2, 1, 0)][::-1]
    if any(not np.array_equal(batch(made(), index)[0], inputs[index]) for index in (1, 0)):
        raise Wrong(
            "a second object with the same seed flips others, or it matters which batch is asked for first. Each batch needs a random "
            "generator of its own, made from seed, epoch and index.",
            tried,
        )
    if any(not np.array_equal(one, two) for one, two in zip(inputs, again)):
        raise Wrong(
            "the same batch, asked for twice, is flipped differently. Is one random generator used for all batches, or are the stored images "
            "changed? Several workers would get what chance gives them.",
            tried,
        )
    expect_half(flips, tried)
    if np.array_equal(flips[0], flips[1]):
        raise Wrong(
            "the images at the same places of each batch are flipped. The index of the batch must go into its random generator.",
            tried,
        )
    if np.array_equal(inputs[0], batch(made(seed=6), 0)[0]):
        raise Wrong("another seed flips the same images. Is `seed` used?", tried)
    ask(dataset, "on_epoch_end")
    second, second_flips = batch(dataset, 0)
    if np.array_equal(second, inputs[0]):
        raise Wrong(
            "after on_epoch_end, the same images are flipped again. Count the epochs there; each has random numbers of its own.",
            tried,
        )
    if np.array_equal(second_flips, flips[1]):
        raise Wrong(
            "batch 0 of the second epoch is flipped like batch 1 of the first. Are epoch and index added? Hand over a list of them instead.",
            tried,
        )
    other = made()
    ask(other, "on_epoch_end")
    if not np.array_equal(second, batch(other, 0)[0]):
        raise Wrong(
            "in the second epoch, two objects with the same seed differ. Its random numbers must come from seed, epoch and index.",
            tried,
        )
    ask(other, "on_epoch_end")
    if np.array_equal(second, batch(other, 0)[0]):
        raise Wrong("the third epoch flips the same images as the second. Count the epochs on.", tried)
    return "However many workers fetch the batches, and in whatever order: the same seed trains on the same images."


FLIPPED_BATCHES = Exercise(
    FlippedBatches,
    check_flipped_batches,
    hints=(
        "Begin with `Batches` of section 8, without its order: the rows of batch `index` are index · size to (index + 1) · size.",
        "In __getitem__, make a new random generator for this batch: np.random.default_rng([seed, epoch, index]). on_epoch_end counts the epochs.",
        "Flip a copy: inputs = self.images[rows].copy(). A slice of an array is no copy, and the stored images would change.",
    ),
)


# ---- design: a rare class


def balanced():
    steps = 1000 // 25  # 25 common images a batch, each once an epoch
    times = steps * 25 // 40  # the rare places of an epoch, shared by 40 images
    plain_steps = math.ceil(1040 / 50)
    weight = times  # a rare image counts as often as it was seen
    return steps, times, plain_steps, weight


BALANCED = Numbers(
    balanced,
    names=("balanced_steps", "times_seen", "ordinary_steps", "weight"),
    slips={
        "balanced_steps": [
            Slip(20, "20 batches have room for 500 common images only: half of each batch is for the rare class."),
            Slip(21, "this is the ordinary feed, without balance. Here only 25 images of a batch are common."),
            Slip(2, "with 2 batches, all rare images are seen once. The epoch ends when all *common* ones are."),
            Slip(80, "80 batches would show each common image twice."),
        ],
        "times_seen": [
            Slip(1, "there are 40 · 25 places for rare images in an epoch, and only 40 images to fill them."),
            Slip(40, "40 batches of 25 rare images: how many images is that, and how many different ones are there?"),
            Slip(50, "half of each batch is rare, 25 images, not all 50."),
            Slip(1000, "this is how many rare places an epoch has. They are shared by 40 images."),
        ],
        "ordinary_steps": [
            Slip(20, "20 batches hold 1,000 images. The 40 rare ones come on top."),
            Slip(20.8, "there is no fraction of a step: round up."),
            Slip(40, "in an ordinary feed all 50 places of a batch are alike. How many images are there in all?"),
        ],
        "weight": [
            Slip(
                1 / 25,
                "this is the weight of a common image, if a rare one weighs 1. Asked for is the other way round.",
            ),
            Slip(
                40,
                "40 is the number of rare images. How often was each of them seen for one time that a common one was?",
            ),
            Slip(26, "compare with the 1,000 common images, not with all 1,040."),
            Slip(1, "with equal weights, the rare class counts 40 of 1,040: nothing is balanced."),
        ],
    },
    done="The balanced feed takes nearly twice the steps. The weights cost no time, but let a few rare images rule the batches that they are in.",
    hints=(
        "A batch has 25 places for each class. How many batches until 1,000 common images have had their turn?",
        "In these batches there are as many rare places as common ones: 1,000. Only 40 images share them.",
        "A weight has the effect of being seen so often: how often is a rare image seen while a common one is seen once?",
    ),
)


EXERCISES = [EPOCH_STEPS, BIG_DATA_MEMORY, FLIPPING_BATCHES, FIT_ON_FEED, FLIPPED_BATCHES, BALANCED]
