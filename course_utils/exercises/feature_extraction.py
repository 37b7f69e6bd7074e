"""Exercises of *Feature extraction*: the reference solutions as a learner would write them, and their checks."""

import numpy as np

from ..runtime import quiet
from .comparing import as_array, expect_array, expect_choices, expect_letters, expect_numbers
from .exercise import Exercise
from .trying import Wrong, call, learners_code

with quiet():
    import keras

# ---- recall: what a frozen base leaves to train


def what_changes():
    return (
        "deg"  # all of the head, and what the optimiser remembers; the base was used before, and is not there any more
    )


def check_what_changes(answer):
    expect_choices(
        answer,
        "deg",
        {
            "a": "the features were computed before the training began. How could a gradient reach the base's kernels?",
            "b": "scale and shift of batch normalisation belong to the base, which takes no part in this training.",
            "c": "moving averages change when the base runs in training mode. Here it does not run at all: its features are stored.",
            "d": "What is trained, if not the base?",
            "e": "A dense layer has kernels, and what else?",
            "f": "the features are the input of this training. Training changes weights, never its inputs.",
            "g": "Lesson 04: which numbers does RMSprop keep beside the weights?",
        },
    )
    return "The base has done its work before the training begins."


# ---- by hand: the last map of VGG16, and two heads on it


def vgg_head():
    side = 224 // 2**5  # five pooling layers: 112, 56, 28, 14, 7
    flat = (side * side * 512 * 256 + 256) + (256 + 1)  # Flatten, dense layer of 256, one sigmoid unit
    pooled = (512 * 256 + 256) + (256 + 1)  # the mean of each of the 512 maps instead
    return side, flat, pooled


def check_vgg_head(answer):
    expect_numbers(
        answer,
        {"side": 7, "flat": 6423041, "pooled": 131585},
        {
            "side": [
                (14, "14 is the side before the fifth pooling layer."),
                (4, "4 is the side for pictures of 150 × 150, as in section 3."),
                (224, "the convolutions keep the size, but five pooling layers halve it."),
                (8, "8 × 32 is 256. The pictures have 224 pixels."),
            ],
            "flat": [
                (6422528, "this is the first layer's kernel only. Where are the biases and the last layer?"),
                (
                    6422784,
                    "257 are missing: either both layers' biases, or the last layer with its 256 weights and its bias.",
                ),
                (6422785, "the 256 biases of the first layer are missing."),
                (6423040, "the bias of the last unit is missing."),
                (6423298, "this is for a last layer of two units. Cats and dogs need one sigmoid unit."),
                (2097665, "this is for pictures of 150 × 150, whose last map is 4 × 4."),
                (131585, "this is the head on pooled features. Flatten keeps all positions."),
                (918017, "did you count 7 positions? The map has 7 × 7."),
                (21137729, "this is base and head together. Asked for is the head."),
            ],
            "pooled": [
                (131072, "512 × 256 is the kernel of the first layer. Biases and the last layer are still to come."),
                (131328, "257 are missing: either both layers' biases, or the last layer."),
                (131329, "the 256 biases of the first layer are missing."),
                (513, "the dense layer of 256 stays; only Flatten is replaced."),
                (6423041, "this is the head on the flattened map. The mean leaves one number a map."),
                (13057, "after pooling there is one number for each of the 512 maps, not 49 numbers."),
                (131842, "this is for a last layer of two units."),
            ],
        },
    )
    return "The mean saves 98 of 100 parameters, and gives away the positions."


# ---- code: features in batches


def extract(compute, pictures, batch_size):
    batches = [compute(pictures[start : start + batch_size]) for start in range(0, len(pictures), batch_size)]
    return np.concatenate(batches)


class _Base:
    """A tiny base as a function, which notes the sizes of its batches and refuses those that nobody should make."""

    def __init__(self, batch_size):
        self.sizes, self.batch_size = [], batch_size

    def __call__(self, batch):
        batch = np.asarray(batch)
        if batch.ndim == 3:
            raise Wrong(
                "compute got a single picture without a batch axis. A slice such as pictures[3:4] keeps the axis, pictures[3] drops it.",
                came=f"shape {batch.shape}",
            )
        if batch.ndim != 4 or batch.shape[1:] != (4, 6, 3):
            raise Wrong(
                "compute must get a batch of pictures as they are.",
                expected="shape (count, 4, 6, 3)",
                came=f"shape {batch.shape}",
            )
        if not len(batch):
            raise Wrong(
                "compute got an empty batch. Where does your loop end if the number of pictures is a multiple of batch_size?"
            )
        if len(batch) > self.batch_size:
            raise Wrong(
                "compute got more than batch_size pictures at once. With thousands of pictures, they would not fit into memory.",
                expected=f"at most {self.batch_size}",
                came=len(batch),
            )
        self.sizes.append(len(batch))
        if len(self.sizes) > 100:
            raise Wrong(
                "compute was called more than 100 times for a few pictures: does your loop ever end? Leave it after the last picture."
            )
        return batch.reshape(len(batch), 2, 2, 2, 3, 3).mean(axis=(2, 4)).astype("float32") / 8


def check_extract(answer):
    for count, batch_size in [(7, 3), (6, 3), (2, 5), (9, 4)]:
        pictures = np.random.default_rng(count).integers(0, 256, (count, 4, 6, 3)).astype("uint8")
        tried = f"extract(compute, {count} pictures, batch_size={batch_size}), with features of shape 2 × 2 × 3"
        base, whole = _Base(batch_size), _Base(count)
        came, right = call(answer, base, pictures, batch_size, tried=tried), whole(pictures)
        if isinstance(came, (list, tuple)) and len(came) and all(np.ndim(part) == 4 for part in came):
            raise Wrong(
                "this is a list of batches. Join them to one array: np.concatenate.",
                tried,
                f"shape {right.shape}",
                f"a list of {len(came)} arrays",
            )
        array, full = as_array(came, tried), count - count % batch_size
        unfinished = np.concatenate([right[:full], np.zeros_like(right[full:])])
        wrapped = np.concatenate([right, right[: -count % batch_size]])
        if (
            array.shape[0:1] == (count,)
            and array.shape == right.shape
            and not np.allclose(array, right)
            and _same_rows(array, right)
        ):
            raise Wrong(
                "all features are there, but in another order than the pictures: labels would no longer belong to them.",
                tried,
            )
        expect_array(
            array,
            right,
            tried,
            [
                (
                    right[:full],
                    "the last batch is missing: it holds fewer than batch_size pictures, but it must be computed, too.",
                ),
                (unfinished, "the rows of the last, smaller batch are still zero."),
                (right[:batch_size], "this is the first batch only. Is `return` inside of the loop?"),
                (right[full:], "this is the last batch only: the others are lost."),
                (
                    np.concatenate([right[start : start + batch_size] for start in range(count)]),
                    "your batches overlap: each begins one picture after the "
                    "one before. By how much must the start grow?",
                ),
                (wrapped, "your last batch is filled up with the first pictures. It may be smaller than the others."),
                (
                    np.concatenate([right, np.zeros((-count % batch_size, 2, 2, 3))]),
                    "there are rows of zeros at the end: more rows than pictures.",
                ),
                (np.floor(right), "the fractions are lost. Is your array one of whole numbers?"),
                (right.reshape(count, -1), "each picture's features must keep their shape: here they are flattened."),
                (right.mean(axis=(1, 2)), "this is the mean of each map. Asked for are the maps as they come."),
            ],
        )
        needed = -(-count // batch_size)
        if len(base.sizes) > needed + 1:  # one more, to see the shape of the features, does no harm
            raise Wrong(
                f"the features are right, but compute was called {len(base.sizes)} times, with batches of {base.sizes}. "
                f"{needed} would do, and large batches are much faster than single pictures.",
                tried,
            )
    return "In order, every picture once, and the last batch as small as it has to be."


def _same_rows(array, other):
    first, second = (part.reshape(len(part), -1)[np.lexsort(part.reshape(len(part), -1).T)] for part in (array, other))
    return np.allclose(first, second)


# ---- code: the smallest head


def pooled_head(feature_shape, classes):
    return keras.Sequential(
        [
            keras.Input(feature_shape),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def check_pooled_head(answer):
    for (height, width, channels), classes in [((3, 4, 5), 3), ((2, 5, 7), 4)]:
        shape, tried = (height, width, channels), f"pooled_head(({height}, {width}, {channels}), {classes})"
        model = call(answer, shape, classes, tried=tried)
        if not isinstance(model, keras.Model) or getattr(model, "input_shape", None) is None:
            raise Wrong(
                "return a Keras model that knows its input: a Sequential that begins with keras.Input(feature_shape), "
                "or keras.Model(inputs, outputs).",
                tried,
            )
        if model.input_shape != (None, *shape):
            raise Wrong(
                "the model's input has another shape: feature_shape comes without the number of pictures.",
                tried,
                f"{(None, *shape)}",
                f"{model.input_shape}",
            )
        if model.output_shape != (None, classes):
            raise Wrong(
                "the model's output has another shape: it should be one number a class.",
                tried,
                f"{(None, classes)}",
                f"{model.output_shape}",
            )
        places, right = height * width, channels * classes + classes
        slips = {
            places * channels * classes
            + classes: "this is the head on the flattened map: each position has weights of its own. Asked for is "
            "the mean of each map.",
            channels * classes: "the dense layer has no bias.",
            channels * 256
            + 256
            + 256 * classes
            + classes: "there is a dense layer of 256 between. Asked for is the last layer alone.",
            0: "the model has no weights: where is the dense layer?",
        }
        if model.count_params() != right or sorted(weight.size for weight in model.get_weights()) != sorted(
            [channels * classes, classes]
        ):
            raise Wrong(
                slips.get(
                    model.count_params(),
                    "the number of parameters does not fit a single dense layer on one number a map.",
                ),
                tried,
                f"{channels} × {classes} + {classes} = {right} parameters",
                f"{model.count_params():,} parameters",
            )
        rng = np.random.default_rng(channels)
        model.set_weights([rng.normal(0, 1, weight.shape) for weight in model.weights])
        kernel, bias = (
            next(weight for weight in model.get_weights() if weight.size == size)
            for size in (channels * classes, classes)
        )
        maps = rng.uniform(0, 2, (4, *shape)).astype("float32")
        with learners_code(f"the model of {tried}, on 4 pictures' maps"):
            came = keras.ops.convert_to_numpy(model(maps, training=False))
        scores, largest, sums = (
            part @ kernel.reshape(channels, classes) + bias
            for part in (maps.mean(axis=(1, 2)), maps.max(axis=(1, 2)), maps.sum(axis=(1, 2)))
        )
        expect_array(
            came,
            _softmax(scores),
            tried,
            [
                (scores, "the outputs are scores, not probabilities: the softmax is missing."),
                (1 / (1 + np.exp(-scores)), "this is sigmoid: each class for itself. With softmax they add up to 1."),
                (_softmax(largest), "this is the maximum of each map. Asked for is the mean."),
                (_softmax(sums), "this is the sum of each map. Asked for is the mean."),
                (
                    _softmax(maps @ kernel.reshape(channels, classes) + bias).mean(axis=(1, 2)),
                    "the dense layer judges each position, and the mean "
                    "is that of its answers. First the mean of each map, then the dense layer.",
                ),
                (np.maximum(scores, 0), "the last layer has ReLU. Probabilities come from softmax."),
            ],
        )
    return "One weight for each map and class: as many as in the ridge regression of section 5."


def _softmax(scores):
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


# ---- code: pixels as VGG16 knows them


def vgg_pixels(pictures):
    blue_green_red = pictures[..., ::-1].astype("float32")
    return blue_green_red - [103.939, 116.779, 123.68]


def check_vgg_pixels(answer):
    rng = np.random.default_rng(7)
    for shape, kind in [((2, 3, 5, 3), "float32"), ((1, 4, 3, 3), "uint8")]:
        pictures = rng.integers(0, 256, shape).astype(kind)
        tried = f"vgg_pixels(pictures of shape {shape}, {kind}, from 0 to 255)"
        came, p, red_first = (
            call(answer, pictures, tried=tried),
            pictures.astype(float),
            np.array([123.68, 116.779, 103.939]),
        )
        right = p[..., ::-1] - red_first[::-1]
        wrapped = (
            (pictures[..., ::-1] - red_first[::-1].round().astype("uint8")).astype(float) if kind == "uint8" else right
        )
        expect_array(
            came,
            right,
            tried,
            [
                (p - red_first, "red and blue have not been exchanged: VGG16 wants blue first."),
                (p[..., ::-1], "the means have not been subtracted."),
                (
                    p[..., ::-1] - red_first,
                    "the means are in the order red, green, blue, but the channels no longer are: after the exchange, blue "
                    "comes first.",
                ),
                (
                    p - red_first[::-1],
                    "the means are in the order blue, green, red, but the channels still are red, green, blue.",
                ),
                (p / 255, "this is division by 255. VGG16's pixels are not divided by anything."),
                (p / 127.5 - 1, "this is the form of other networks, from −1 to 1."),
                (right / 255, "right up to the last step: do not divide by 255."),
                (
                    p[..., ::-1] / 255 - red_first[::-1],
                    "do not divide by 255: the means belong to pixels from 0 to 255.",
                ),
                (p / 255 - red_first, "neither divide by 255 nor leave red first."),
                (
                    p[:, :, ::-1] - red_first[::-1],
                    "you mirrored the pictures: the channels are the last axis, `[..., ::-1]`.",
                ),
                (
                    p[:, ::-1] - red_first[::-1],
                    "you turned the pictures upside down: the channels are the last axis, `[..., ::-1]`.",
                ),
                (
                    p[..., ::-1] - p.mean(axis=(0, 1, 2))[::-1],
                    "you subtracted the mean of these pictures. The network knows ImageNet's mean; it must "
                    "always be the same.",
                ),
                (
                    wrapped,
                    "there are large positive numbers where negative ones should be: uint8 knows none, so 3 − 5 becomes 254. Convert to float32 first.",
                ),
                (np.trunc(right), "the fractions are lost: the result must not be of whole numbers."),
                (
                    np.trunc(right) % 256,
                    "the result is of type uint8, which has neither negative numbers nor fractions.",
                ),
                (p[..., ::-1] + red_first[::-1], "you added the means: subtract them."),
                (
                    p[::-1] - red_first[::-1],
                    "you reversed the order of the pictures: the channels are the last axis, not the first.",
                ),
                (
                    p[..., [2, 1, 2]] - red_first[::-1],
                    "blue stands in both places, and red is lost: pictures[..., 0] is a view, which changes as soon "
                    "as you write into the array.",
                ),
                (
                    p[..., [0, 1, 0]] - red_first[::-1],
                    "red stands in both places, and blue is lost: pictures[..., 2] is a view, which changes as soon "
                    "as you write into the array.",
                ),
            ],
            atol=0.01,
        )
    return "Negative numbers, blue first, and no division: no error would have told you."


# ---- design: a task far from ImageNet


def xrays():
    return {
        "start": "b",  # takes seconds, and its result is the one to beat
        "channels": "a",  # grey pictures as the base knows them: all three channels equal
        "layer": "c",  # X-rays are far from ImageNet: measure it
        "augmentation": "b",  # as patients really stand; the heart stays on its side
        "validation": "c",
    }  # patients whom the network has not seen


def check_xrays(answer):
    expect_letters(
        answer,
        {
            "start": (
                "b",
                {
                    "a": "300 pictures are few for millions of random weights. Keep it to compare with.",
                    "c": "this may come later, and needs care (*Fine-tuning*). First try what takes seconds: its result is the one to beat.",
                },
            ),
            "channels": (
                "a",
                {
                    "b": "two channels of zeros are a bright red picture for the base: nothing that it was trained with.",
                    "c": "everything behind the first layer expects what that layer gave. A random one makes the rest worthless.",
                },
            ),
            "layer": (
                "c",
                {
                    "a": "X-rays are far from ImageNet: section 8 shows that the last layer need not be the best.",
                    "b": "for the digits of section 8, the first layers were not the best either.",
                },
            ),
            "augmentation": (
                "b",
                {
                    "a": "mirrored, the heart is on the other side: the label may become wrong, and such pictures hardly come.",
                    "c": "X-ray pictures are taken in one position. Upside down they never come.",
                    "d": "the grey carries the diagnosis here, and inverting it makes pictures that the base and the doctors "
                    "do not know.",
                },
            ),
            "validation": (
                "c",
                {
                    "a": "two pictures of the same patient are alike. If one is in training and the other in validation, the network may "
                    "simply recognise the patient.",
                    "b": "choosing the layer by training pictures rewards learning by heart.",
                },
            ),
        },
    )
    return "Cheap first, then measure; and what is measured must be pictures of people whom the network has not seen."


EXERCISES = [
    Exercise(
        what_changes,
        check_what_changes,
        hints=(
            "Imagine that the base has been deleted after the features were stored. What is left?",
            "What is left is the head: its weights of both kinds, and what the optimiser keeps for them.",
        ),
    ),
    Exercise(
        vgg_head,
        check_vgg_head,
        hints=(
            "Five pooling layers halve the side, one after the other.",
            "A dense layer has inputs × units weights, and a bias for each unit. How many inputs has the first one, flattened and pooled?",
            "Flattened: 7 · 7 · 512 inputs to 256 units, then 256 inputs to 1 unit. Pooled: 512 inputs.",
        ),
    ),
    Exercise(
        extract,
        check_extract,
        hints=(
            "Where do the batches begin? range takes a third number, the step.",
            "A slice that reaches beyond the end is simply shorter: pictures[start:start + batch_size] needs no special case.",
            "Collect compute(…) of each slice in a list, and join the list with np.concatenate.",
        ),
    ),
    Exercise(
        pooled_head,
        check_pooled_head,
        hints=(
            "Three parts: the input, the mean of each map, the dense layer.",
            "The layer is called GlobalAveragePooling2D, and the dense layer needs an activation.",
        ),
    ),
    Exercise(
        vgg_pixels,
        check_vgg_pixels,
        hints=(
            "Two steps: exchange the channels, subtract three numbers.",
            "pictures[..., ::-1] reverses the last axis. Then the channels are blue, green, red, so the means must be in this order, too.",
            'uint8 cannot hold negative numbers: .astype("float32") before you subtract.',
        ),
    ),
    Exercise(
        xrays,
        check_xrays,
        hints=(
            "What is cheap to try, and what does it tell about the rest?",
            "Section 8 for the layer, the lesson *Augmentation* for the moves. For validation, ask whom the network will meet later.",
        ),
    ),
]
