"""Exercises of *Feature extraction*: the reference solutions as a learner would write them, their checks, and the slips that learners make."""

import numpy as np

from ..runtime import quiet
from .comparing import close, expect_array
from .exercise import Exercise
from .kinds import Function, Letters, Numbers, Slip
from .trying import Wrong, call, learners_code
from .words import numbers_of

with quiet():
    import keras

# ---- recall: what a frozen base leaves to train


def what_changes():
    return (
        "deg"  # all of the head, and what the optimiser remembers; the base was used before, and is not there any more
    )


WHAT_CHANGES = Letters(
    what_changes,
    reasons={
        "a": "the features were computed before the training began. How could a gradient reach the base's kernels?",
        "b": "scale and shift of batch normalisation belong to the base, which takes no part in this training.",
        "c": "moving averages change when the base runs in training mode. Here it does not run at all: its features are stored.",
        "d": "What is trained, if not the base?",
        "e": "A dense layer has kernels, and what else?",
        "f": "the features are the input of this training. Training changes weights, never its inputs.",
        "g": "*Checkpointing*: which numbers does RMSprop keep beside the weights?",
    },
    done="The base has done its work before the training begins.",
    hints=(
        "Imagine that the base has been deleted after the features were stored. What is left?",
        "What is left is the head: its weights of both kinds, and what the optimiser keeps for them.",
    ),
)

# ---- by hand: the last map of VGG16, and two heads on it


def vgg_head(picture=224):
    side = picture // 2**5  # five pooling layers; of 224: 112, 56, 28, 14, 7
    flat = (side * side * 512 * 256 + 256) + (256 + 1)  # Flatten, dense layer of 256, one sigmoid unit
    pooled = (512 * 256 + 256) + (256 + 1)  # the mean of each of the 512 maps instead
    return side, flat, pooled


def head(inputs, units=1):
    return (inputs * 256 + 256) + (256 * units + units)


def flat_head(change):
    """A function of the picture's size: the number of weights of the flattened head, in another way."""
    return lambda picture: change(vgg_head(picture)[0] ** 2 * 512)


VGG_HEAD = Numbers(
    vgg_head,
    names=("side", "flat", "pooled"),
    data=lambda number: (224 + 32 * (number % 9),),
    slips={
        "side": [
            Slip(
                lambda picture: picture // 16,
                lambda came, picture: f"{came} is the side before the fifth pooling layer.",
            ),
            Slip(150 // 32, "4 is the side for pictures of 150 × 150, as in section 3."),
            Slip(
                lambda picture: picture,
                "the convolutions keep the size, but five pooling layers halve it.",
            ),
            Slip(
                lambda picture: picture // 32 + 1,
                lambda came, picture: f"{came} × 32 is {32 * came}. The pictures have {picture} pixels.",
            ),
        ],
        "flat": [
            Slip(
                flat_head(lambda inputs: inputs * 256),
                "this is the first layer's kernel only. Where are the biases and the last layer?",
            ),
            Slip(
                flat_head(lambda inputs: inputs * 256 + 256),
                "257 are missing: either both layers' biases, or the last layer with its 256 weights and its bias.",
            ),
            Slip(flat_head(lambda inputs: head(inputs) - 256), "the 256 biases of the first layer are missing."),
            Slip(flat_head(lambda inputs: head(inputs) - 1), "the bias of the last unit is missing."),
            Slip(
                flat_head(lambda inputs: head(inputs, 2)),
                "this is for a last layer of two units. Cats and dogs need one sigmoid unit.",
            ),
            Slip(head(4 * 4 * 512), "this is for pictures of 150 × 150, whose last map is 4 × 4."),
            Slip(head(512), "this is the head on pooled features. Flatten keeps all positions."),
            Slip(
                lambda picture: head(vgg_head(picture)[0] * 512),
                lambda came, picture: "did you count {0} positions? The map has {0} × {0}.".format(
                    vgg_head(picture)[0]
                ),
            ),
            Slip(
                flat_head(lambda inputs: head(inputs) + 14_714_688),
                "this is base and head together. Asked for is the head.",
            ),
        ],
        "pooled": [
            Slip(512 * 256, "512 × 256 is the kernel of the first layer. Biases and the last layer are still to come."),
            Slip(512 * 256 + 256, "257 are missing: either both layers' biases, or the last layer."),
            Slip(head(512) - 256, "the 256 biases of the layer on the means are missing."),
            Slip(512 + 1, "the dense layer of 256 stays; only Flatten is replaced."),
            Slip(flat_head(head), "this is the head on the flattened map. The mean leaves one number a map."),
            Slip(
                lambda picture: head(vgg_head(picture)[0] ** 2),
                lambda came, picture: (
                    f"after pooling there is one number for each of the 512 maps, not {vgg_head(picture)[0] ** 2} numbers."
                ),
            ),
            Slip(head(512, 2), "this is for a last layer of two units."),
        ],
    },
    done="The mean saves 98 of 100 parameters or more, and gives away the positions.",
    hints=(
        "Five pooling layers halve the side, one after the other.",
        "A dense layer has inputs × units weights, and a bias for each unit. How many inputs has the first one, flattened and pooled?",
        "Flattened: side · side · 512 inputs to 256 units, then 256 inputs to 1 unit. Pooled: 512 inputs.",
    ),
)

# ---- code: features in batches


def extract(compute, pictures, batch_size):
    batches = [compute(pictures[start : start + batch_size]) for start in range(0, len(pictures), batch_size)]
    return np.concatenate(batches)


def tiny_base(batch):
    return batch.reshape(len(batch), 2, 2, 2, 3, 3).mean(axis=(2, 4)).astype("float32") / 8


class Noting:
    """A base that notes the sizes of its batches and refuses those that nobody should make."""

    def __init__(self, compute, batch_size):
        self.compute, self.sizes, self.batch_size = compute, [], batch_size

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
        return self.compute(batch)


def features_of(function, compute, pictures, batch_size, tried=None):
    """What `extract` returns, if it calls `compute` as it should."""
    base, needed = Noting(compute, batch_size), -(-len(pictures) // batch_size)
    came = call(function, base, pictures, batch_size, tried=tried)
    array = numbers_of(came)
    # One call more, to see the shape of the features, does no harm.
    if len(base.sizes) > needed + 1 and array is not None and close(array, compute(pictures), 1e-4):
        raise Wrong(
            f"the features are right, but compute was called {len(base.sizes)} times, with batches of {base.sizes}. "
            f"{needed} would do, and large batches are much faster than single pictures.",
            tried,
        )
    return came


def batches(number):
    rng = np.random.default_rng(number)
    return [
        (tiny_base, rng.integers(0, 256, (count, 4, 6, 3)).astype("uint8"), batch_size)
        for count, batch_size in [(7, 3), (6, 3), (2, 5), (9, 4)]
    ]


def made_of_features(change):
    """A wrong `extract`: `change` makes something of the right features and of batch_size."""
    return lambda compute, pictures, size: change(extract(compute, pictures, size), size)


def whole_batches(features, size):
    return features[: len(features) - len(features) % size]


def rest_of_zeros(features, size):
    return np.concatenate([whole_batches(features, size), 0 * features[len(whole_batches(features, size)) :]])


def with_zeros_behind(features, size):
    return np.concatenate([features, np.zeros((-len(features) % size, *features.shape[1:]))])


def is_in_another_order(came, compute, pictures, batch_size):
    features = compute(pictures)
    return np.shape(came) == features.shape and close(sorted_rows(came), sorted_rows(features), 1e-4)


def sorted_rows(array):
    rows = array.reshape(len(array), -1)
    return rows[np.lexsort(rows.T)]


def is_a_list_of_batches(came, *data):
    return isinstance(came, (list, tuple)) and all(np.ndim(part) == 4 for part in came)


EXTRACT = Function(
    extract,
    probes=batches,
    run=features_of,
    slips=[
        Slip(made_of_features(change), message)
        for change, message in [
            (
                whole_batches,
                "the last batch is missing: it holds fewer than batch_size pictures, but it must be computed, too.",
            ),
            (rest_of_zeros, "the rows of the last, smaller batch are still zero."),
            (lambda features, size: features[:size], "this is the first batch only. Is `return` inside of the loop?"),
            (
                lambda features, size: features[len(whole_batches(features, size)) :],
                "this is the last batch only: the others are lost.",
            ),
            (
                lambda features, size: np.concatenate([features[i : i + size] for i in range(len(features))]),
                "your batches overlap: each begins one picture after the one before. By how much must the start grow?",
            ),
            (
                lambda features, size: np.concatenate([features, features[: -len(features) % size]]),
                "your last batch is filled up with the first pictures. It may be smaller than the others.",
            ),
            (with_zeros_behind, "there are rows of zeros at the end: more rows than pictures."),
            (
                lambda features, size: np.floor(features),
                "the fractions are lost. Is your array one of whole numbers?",
            ),
            (
                lambda features, size: features.reshape(len(features), -1),
                "each picture's features must keep their shape: here they are flattened.",
            ),
            (
                lambda features, size: features.mean(axis=(1, 2)),
                "this is the mean of each map. Asked for are the maps as they come.",
            ),
        ]
    ]
    + [
        Slip(
            made_of_features(lambda features, size: [features[i : i + size] for i in range(0, len(features), size)]),
            "this is a list of batches. Join them to one array: np.concatenate.",
            when=is_a_list_of_batches,
        ),
        Slip(
            made_of_features(lambda features, size: features[::-1]),
            "all features are there, but in another order than the pictures: labels would no longer belong to them.",
            when=is_in_another_order,
        ),
    ],
    done="In order, every picture once, and the last batch as small as it has to be.",
    hints=(
        "Where do the batches begin? range takes a third number, the step.",
        "A slice that reaches beyond the end is simply shorter: pictures[start:start + batch_size] needs no special case.",
        "Collect compute(…) of each slice in a list, and join the list with np.concatenate.",
    ),
)

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


POOLED_HEAD = Exercise(
    pooled_head,
    check_pooled_head,
    hints=(
        "Three parts: the input, the mean of each map, the dense layer.",
        "The layer is called GlobalAveragePooling2D, and the dense layer needs an activation.",
    ),
)

# ---- code: pixels as VGG16 knows them


def vgg_pixels(pictures):
    blue_green_red = pictures[..., ::-1].astype("float32")
    return blue_green_red - [103.939, 116.779, 123.68]


BLUE_FIRST = np.array([103.939, 116.779, 123.68])
RED_FIRST = BLUE_FIRST[::-1]


def pixels(number):
    rng = np.random.default_rng([7, number])
    return [
        (rng.integers(0, 256, shape).astype(kind),)
        for shape, kind in [((2, 3, 5, 3), "float32"), ((1, 4, 3, 3), "uint8")]
    ]


def wrapped(pictures):
    return pictures[..., ::-1] - BLUE_FIRST.round().astype(pictures.dtype)


VGG_PIXELS = Function(
    vgg_pixels,
    probes=pixels,
    atol=0.01,
    slips=[
        Slip(lambda p: p - RED_FIRST, "red and blue have not been exchanged: VGG16 wants blue first."),
        Slip(lambda p: p[..., ::-1], "the means have not been subtracted."),
        Slip(
            lambda p: p[..., ::-1] - RED_FIRST,
            "the means are in the order red, green, blue, but the channels no longer are: after the exchange, blue "
            "comes first.",
        ),
        Slip(
            lambda p: p - BLUE_FIRST,
            "the means are in the order blue, green, red, but the channels still are red, green, blue.",
        ),
        Slip(lambda p: p / 255, "this is division by 255. VGG16's pixels are not divided by anything."),
        Slip(lambda p: p / 127.5 - 1, "this is the form of other networks, from −1 to 1."),
        Slip(lambda p: vgg_pixels(p) / 255, "right up to the last step: do not divide by 255."),
        Slip(
            lambda p: p[..., ::-1] / 255 - BLUE_FIRST,
            "do not divide by 255: the means belong to pixels from 0 to 255.",
        ),
        Slip(lambda p: p / 255 - RED_FIRST, "neither divide by 255 nor leave red first."),
        Slip(
            lambda p: p[:, :, ::-1] - BLUE_FIRST,
            "you mirrored the pictures: the channels are the last axis, `[..., ::-1]`.",
        ),
        Slip(
            lambda p: p[:, ::-1] - BLUE_FIRST,
            "you turned the pictures upside down: the channels are the last axis, `[..., ::-1]`.",
        ),
        Slip(
            lambda p: p[..., ::-1] - p[..., ::-1].mean(axis=(0, 1, 2)),
            "you subtracted the mean of these pictures. The network knows ImageNet's mean; it must always be the same.",
        ),
        Slip(
            lambda p: wrapped(p) if p.dtype == "uint8" else vgg_pixels(p),
            "there are large positive numbers where negative ones should be: uint8 knows none, so 3 − 5 becomes 254. "
            "Convert to float32 first.",
        ),
        Slip(lambda p: np.trunc(vgg_pixels(p)), "the fractions are lost: the result must not be of whole numbers."),
        Slip(
            lambda p: np.trunc(vgg_pixels(p)) % 256,
            "the result is of type uint8, which has neither negative numbers nor fractions.",
        ),
        Slip(lambda p: p[..., ::-1] + BLUE_FIRST, "you added the means: subtract them."),
        Slip(
            lambda p: p[::-1] - BLUE_FIRST,
            "you reversed the order of the pictures: the channels are the last axis, not the first.",
        ),
        Slip(
            lambda p: p[..., [2, 1, 2]] - BLUE_FIRST,
            "blue stands in both places, and red is lost: pictures[..., 0] is a view, which changes as soon as you "
            "write into the array.",
        ),
        Slip(
            lambda p: p[..., [0, 1, 0]] - BLUE_FIRST,
            "red stands in both places, and blue is lost: pictures[..., 2] is a view, which changes as soon as you "
            "write into the array.",
        ),
    ],
    done="Negative numbers, blue first, and no division: no error would have told you.",
    hints=(
        "Two steps: exchange the channels, subtract three numbers.",
        "pictures[..., ::-1] reverses the last axis. Then the channels are blue, green, red, so the means must be in this order, too.",
        'uint8 cannot hold negative numbers: .astype("float32") before you subtract.',
    ),
)

# ---- design: a task far from ImageNet


def xrays():
    return {
        "start": "b",  # takes seconds, and its result is the one to beat
        "channels": "a",  # grey pictures as the base knows them: all three channels equal
        "layer": "c",  # X-rays are far from ImageNet: measure it
        "augmentation": "b",  # as patients really stand; the heart stays on its side
        "validation": "c",  # patients whom the network has not seen
    }


XRAYS = Letters(
    xrays,
    reasons={
        "start": {
            "a": "300 pictures are few for millions of random weights. Keep it to compare with.",
            "c": "this may come later, and needs care (*Fine-tuning*). First try what takes seconds: its result is the one to beat.",
        },
        "channels": {
            "b": "two channels of zeros are a bright red picture for the base: nothing that it was trained with.",
            "c": "everything behind the first layer expects what that layer gave. A random one makes the rest worthless.",
        },
        "layer": {
            "a": "X-rays are far from ImageNet: section 8 shows that the last layer need not be the best.",
            "b": "for the digits of section 8, the first layers were not the best either.",
        },
        "augmentation": {
            "a": "mirrored, the heart is on the other side: the label may become wrong, and such pictures hardly come.",
            "c": "X-ray pictures are taken in one position. Upside down they never come.",
            "d": "the grey carries the diagnosis here, and inverting it makes pictures that the base and the doctors "
            "do not know.",
        },
        "validation": {
            "a": "two pictures of the same patient are alike. If one is in training and the other in validation, the network may "
            "simply recognise the patient.",
            "b": "choosing the layer by training pictures rewards learning by heart.",
        },
    },
    done="Cheap first, then measure; and what is measured must be pictures of people whom the network has not seen.",
    hints=(
        "What is cheap to try, and what does it tell about the rest?",
        "Section 8 for the layer, the lesson *Augmentation* for the moves. For validation, ask whom the network will meet later.",
    ),
)

EXERCISES = [WHAT_CHANGES, VGG_HEAD, EXTRACT, POOLED_HEAD, VGG_PIXELS, XRAYS]
