"""Exercises of *Architectures*: the reference solutions as a learner would write them, and the slips that learners make."""

import math
import warnings

import numpy as np
import pandas as pd

from .. import paths, runtime
from .exercise import Exercise
from .kinds import Function, Numbers, Slip
from .trying import Wrong, call, refuse_dots
from .words import in_short, shape_text

with runtime.quiet():
    import keras
    from keras import layers

# ---- recall: the largest layer of VGG16


def fc1_parameters():
    flattened = 7 * 7 * 512 * 4096 + 4096  # five pooling layers: 224 / 2**5 = 7
    averaged = 512 * 4096 + 4096  # one number a map
    return flattened, averaged


FC1_PARAMETERS = Numbers(
    fc1_parameters,
    names=("flattened", "averaged"),
    slips={
        "flattened": [
            Slip(7 * 7 * 512 * 4096, "the weights are right. Each of the 4,096 units has a bias, too."),
            Slip(
                7 * 7 * 512 * 4096 + 1,
                "one bias was added for the whole layer. Each of the 4,096 units has its own.",
            ),
            Slip(
                14 * 14 * 512 * 4096 + 4096,
                "this counts maps of 14 × 14. How many pooling layers does VGG16 have before fc1?",
            ),
            Slip(224 * 224 * 512 * 4096 + 4096, "this counts maps of 224 × 224. Five pooling layers stand before fc1."),
            Slip(512 * 4096 + 4096, "this is the number for one input a map. Flattening keeps all pixels of each map."),
            Slip(
                4096 * 4096 + 4096,
                "this is fc2, the layer behind fc1. What comes into fc1 is the base's last map, flattened.",
            ),
            Slip(
                224 * 224 * 3 * 4096 + 4096,
                "this flattens the picture. fc1 stands after the base, whose last map is smaller and deeper.",
            ),
            Slip(7 * 7 * 512, "these are the inputs of fc1. Each of them has a weight to each of the 4,096 units."),
            Slip(
                3 * 3 * 512 * 4096 + 4096,
                "this is a convolution of 3 × 3 with 4,096 filters. A dense layer has a weight for each input and unit.",
            ),
        ],
        "averaged": [
            Slip(512 * 4096, "512 · 4,096 are the weights. The biases of the 4,096 units are missing."),
            Slip(
                7 * 7 * 4096 + 4096,
                "this has 49 inputs: one for each pixel. Global average pooling leaves one number for each map.",
            ),
            Slip(512, "these are the inputs. Each of them has a weight to each of the 4,096 units."),
            Slip(
                4096 + 4096,
                "this has a single input. Global average pooling averages each map on its own, not all of them together.",
            ),
            Slip(
                7 * 7 * 512 * 4096 + 4096,
                "this is fc1 as it is. The average makes one number of each map, so fewer inputs are left.",
            ),
        ],
    },
    done="Averaging makes the largest layer of VGG16 nearly fifty times smaller.",
    hints=(
        "A dense layer has a weight for each pair of input and unit, and a bias for each unit.",
        "How large are the maps after five rounds of pooling, and how many are there? That gives the inputs of fc1.",
        "Flattened: 7 · 7 · 512 inputs. Averaged: 512 inputs. Both times 4,096 units.",
    ),
)

# ---- by hand: the lecture's sums


def inception_sums():
    direct = (28 * 28 * 96) * (5 * 5 * 256)
    detour = (28 * 28 * 32) * 256 + (28 * 28 * 96) * (5 * 5 * 32)
    # 3 x 3, with r maps in between: 28 * 28 * (256 * r + 9 * r * 192), directly: 28 * 28 * 9 * 256 * 192.
    # The detour costs more as soon as 1,984 * r > 442,368, which is r > 222.97.
    dearer_from = 223
    return direct, detour, dearer_from


DIRECT, DETOUR, _ = inception_sums()
REDUCTION = 28 * 28 * 32 * 256

INCEPTION_SUMS = Numbers(
    inception_sums,
    names=("directly", "with_detour", "dearer_from"),
    slips={
        "directly": [
            Slip(28 * 28 * 96 * 9 * 256, "this is a kernel of 3 × 3. Here it has 5 × 5."),
            Slip(28 * 28 * 96 * 25, "each value needs 5 × 5 products for every one of the 256 channels."),
            Slip(
                24 * 24 * 96 * 25 * 256,
                "this is a result of 24 × 24, without padding. In the module, the size must be kept.",
            ),
            Slip(28 * 28 * 25 * 256, "this makes one map. The layer makes 96."),
            Slip(25 * 256 * 96, "these are the weights. Each is used once at every pixel of the result."),
        ],
        "with_detour": [
            Slip(DETOUR - REDUCTION, "this is the second step only. The 1 × 1 convolution costs something, too."),
            Slip(
                REDUCTION,
                "this is the 1 × 1 convolution only. The 5 × 5 convolution on its 32 maps is still to be added.",
            ),
            Slip(REDUCTION + DIRECT, "the 5 × 5 convolution now meets the 32 reduced maps, not all 256."),
            Slip(
                REDUCTION + 28 * 28 * 96 * 9 * 32,
                "the second step was counted with 3 × 3. Here it has 5 × 5.",
            ),
            Slip(DETOUR + 24 * REDUCTION, "the reduction was counted with 5 × 5 pixels. It has 1 × 1."),
        ],
        "dearer_from": [
            Slip(222, "with 222 maps the detour is still cheaper, by a little. Put your number into both sums."),
            Slip(
                256,
                "with 256 maps the second step alone costs as much as the direct way, and the first one comes on top. "
                "It happens earlier.",
            ),
            Slip(192, "192 is the number of filters. With 192 maps in between, the detour still saves some work."),
            Slip(128, "128 is the lecture's own choice, and there it saves 43 %. How far can you go up?"),
            Slip(
                232,
                "this is for the 5 × 5 convolution to 96 maps. Asked for is the lecture's example, 3 × 3 to 192 maps.",
            ),
            Slip(
                442_368 / 1_984,
                "that is where both cost the same. Maps come in whole numbers: which is the first that costs more?",
                when=lambda came: 222 < came < 223,
            ),
        ],
    },
    done=f"The detour saves {1 - DETOUR / DIRECT:.0%} here. The larger the kernel, the more it saves.",
    hints=(
        "Multiplications are the values that come out, times the products that each of them needs.",
        "The detour has two steps: 1 × 1 from 256 to 32 maps, then 5 × 5 from 32 to 96. Add both.",
        "The 3 × 3 detour by r maps: 28 · 28 · (256 · r + 9 · r · 192). From which whole r on is it more than 28 · 28 · 9 · 256 · 192?",
    ),
)


# ---- code: a module with small kernels only


def small_kernel_module(maps, filters):
    ones, reduce_threes, threes, reduce_twice, twice, after_pool = filters
    same = dict(padding="same", activation="relu")
    middle = layers.Conv2D(reduce_threes, 1, **same)(maps)
    right = layers.Conv2D(reduce_twice, 1, **same)(maps)
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(maps)
    return layers.Concatenate()(
        [
            layers.Conv2D(ones, 1, **same)(maps),
            layers.Conv2D(threes, 3, **same)(middle),
            layers.Conv2D(twice, 3, **same)(layers.Conv2D(twice, 3, **same)(right)),
            layers.Conv2D(after_pool, 1, **same)(pooled),
        ]
    )


def check_small_kernel_module(answer):
    depth_in, filters = 3, (10, 2, 6, 4, 5, 7)
    ones, few, threes, fewer, twice, pooled = filters
    height, width, depth = 9, 11, ones + threes + twice + pooled
    maps = keras.Input((height, width, depth_in))
    tried = f"small_kernel_module(tensor of {height} × {width} × {depth_in}, {filters})"
    came = call(answer, maps, filters, tried=tried)
    if isinstance(came, (list, tuple)):
        refuse_dots(came)
        raise Wrong(
            "your function returns the branches one by one. They are still to be joined along the channels, with Concatenate.",
            tried,
        )
    if not isinstance(came, keras.KerasTensor):
        what = "returns a layer or a model. Call it: the result is" if isinstance(came, layers.Layer) else "must return"
        raise Wrong(f"your function {what} the Keras tensor that comes out of Concatenate.", tried, came=in_short(came))
    try:
        model = keras.Model(maps, came)
    except ValueError:
        raise Wrong(
            "the result does not come from `maps`. Every branch begins at `maps`; no Input is needed inside.", tried
        ) from None
    if tuple(came.shape[1:3]) != (height, width):
        raise Wrong(
            "height and width have changed. Each layer needs padding='same', pooling also strides=1, and the branches are joined "
            "along the channels, the last axis.",
            tried,
            shape_text((height, width, depth)),
            shape_text(came.shape[1:]),
        )
    if came.shape[-1] != depth:
        raise Wrong(
            {
                depth
                - pooled
                + depth_in: "the pooling branch hands on all channels that come in: the 1 × 1 convolution after it is missing.",
                depth - pooled: "the pooling branch is missing.",
                depth - ones: "the branch of a single 1 × 1 convolution is missing.",
                depth - threes: "the branch with one 3 × 3 convolution is missing.",
                depth - twice: "the branch with two 3 × 3 convolutions is missing.",
                depth + few + fewer: "the reductions are joined as well. They only lead to the 3 × 3 convolutions.",
            }.get(
                came.shape[-1],
                "height and width are right, the number of channels is not: it is the sum over the four branches.",
            ),
            tried,
            depth,
            came.shape[-1],
        )

    def convolution(kernel, channels, number):
        return kernel * kernel * channels * number + number

    reference = keras.Model(maps, small_kernel_module(maps, filters))
    right, second, first = reference.count_params(), convolution(3, twice, twice), convolution(3, fewer, twice)
    _expect_count(
        model.count_params(),
        right,
        {
            right
            - second
            - first
            + convolution(5, fewer, twice): "there is still a 5 × 5 convolution. Two of 3 × 3 stand in its place.",
            right - second: "the second of the two 3 × 3 convolutions in a row is missing.",
            right
            - second
            + convolution(
                3, fewer, fewer
            ): "the first of two 3 × 3 makes as many maps as the reduction. Both shall make `twice` maps.",
            right
            - convolution(1, depth_in, fewer)
            - first
            + convolution(3, depth_in, twice): "the 1 × 1 convolution before the two 3 × 3 is missing.",
            right
            - convolution(1, depth_in, few)
            - convolution(3, few, threes)
            + convolution(3, depth_in, threes): "the 1 × 1 convolution before the single 3 × 3 is missing.",
            right
            - ones
            - few
            - threes
            - fewer
            - 2 * twice
            - pooled: "the biases are missing. Leave use_bias as it is.",
        },
        tried,
    )
    pictures = np.random.default_rng(3).normal(size=(2, height, width, depth_in)).astype("float32")
    outputs = []
    for network in (
        model,
        reference,
    ):  # each kernel has another shape, which gives it its weights, in whatever order the branches are joined
        for variable in network.trainable_weights:
            variable.assign(
                np.random.default_rng([*variable.shape[-2:], math.prod(variable.shape)]).normal(size=variable.shape)
            )
        outputs.append(np.asarray(network(pictures, training=False)))
    if (outputs[0] < 0).any():
        raise Wrong("there are negative numbers in the result: a convolution has no ReLU.", tried)
    came_maps, right_maps = (list(np.moveaxis(output, -1, 0)) for output in outputs)
    unmatched = [
        channel for channel in right_maps if not any(np.allclose(channel, other, atol=1e-4) for other in came_maps)
    ]
    if unmatched:
        names = np.repeat(
            ["the 1 × 1 branch", "the branch with one 3 × 3", "the branch with two 3 × 3", "the pooling branch"],
            [ones, threes, twice, pooled],
        )
        wrong = next(name for name, channel in zip(names, right_maps) if channel is unmatched[0])
        pooling = (
            " Is the pooling a maximum over 3 × 3 *before* its 1 × 1 convolution?"
            if wrong == "the pooling branch"
            else ""
        )
        raise Wrong(
            f"shape and parameters are right, but not the numbers of {wrong}. Does it begin at `maps`? Has every convolution a ReLU?"
            f"{pooling}",
            tried,
        )
    return (
        "Two kernels of 3 × 3 in a row see the same 5 × 5 pixels. If all maps are equally deep, they have 18 weights instead of 25 for each pair "
        "of channels. (From 16 to 32 maps it is 13,824 instead of 12,800: there nothing is saved.)"
    )


SMALL_KERNEL_MODULE = Exercise(
    small_kernel_module,
    check_small_kernel_module,
    hints=(
        "Begin with `inception_module` from section 8. Only one of its four branches changes.",
        "The third branch is a chain: 1 × 1, then 3 × 3, then 3 × 3. Each takes what the one before returns.",
        "layers.Conv2D(twice, 3, **same)(layers.Conv2D(twice, 3, **same)(reduced))",
    ),
)


def _expect_count(came, right, slips, tried):
    if came != right:
        raise Wrong(
            slips.get(
                came,
                "the shape is right, the number of parameters is not: look at each layer's filters, kernel and input.",
            ),
            tried,
            f"{right:,} parameters",
            f"{came:,} parameters",
        )


# ---- code: the lecture's deeper network


def deeper_convnet(shape):
    network = keras.Sequential([layers.Input(shape)])
    for filters, kernel, convolutions in [(32, 5, 1), (64, 3, 2), (128, 3, 3)]:
        for _ in range(convolutions):
            network.add(layers.Conv2D(filters, kernel, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D(2))
    for layer in [layers.Flatten(), layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(1, "sigmoid")]:
        network.add(layer)
    return network


def check_deeper_convnet(answer):
    if isinstance(answer, keras.Model):
        raise Wrong("hand over the function itself, not the network that it returns.")
    for shape in [(40, 56, 3), (17, 30, 1)]:
        tried = f"deeper_convnet({shape})"
        model = call(answer, shape, tried=tried)
        if not isinstance(model, keras.Model):
            raise Wrong(
                "your function must return a Keras model, Sequential or functional.", tried, came=in_short(model)
            )
        if not model.built:
            raise Wrong("the network does not know its input yet: begin with layers.Input(shape).", tried)
        if (came_shape := tuple(model.inputs[0].shape[1:])) != shape:
            raise Wrong(
                "the network takes pictures of another shape. The shape is what your function is called with: layers.Input(shape).",
                tried,
                shape_text(shape),
                shape_text(came_shape),
            )
        _same_network(model, deeper_convnet(shape), shape, tried)
    return (
        f"For the lecture's pictures of 128 × 128 it has {deeper_convnet((128, 128, 3)).count_params():,} parameters."
    )


def _flat(model):
    return [inner for layer in model.layers for inner in (_flat(layer) if isinstance(layer, keras.Model) else [layer])]


def _same_network(model, right, shape, tried):
    steps = _flat(model)
    convolutions = [(layer.filters, *layer.kernel_size) for layer in steps if isinstance(layer, layers.Conv2D)]
    wanted = [(32, 5, 5), *[(64, 3, 3)] * 2, *[(128, 3, 3)] * 3]
    written = [
        ", ".join(f"{filters} of {height} × {width}" for filters, height, width in some) or "none"
        for some in (wanted, convolutions)
    ]
    filters = [number for number, *_ in convolutions]
    for slip, message in [
        (
            [32, 64, 128],
            "this is the lecture's first network. In the deeper one, the second block has two convolutions and the third has three.",
        ),
        (
            [32] * 3 + [64] * 2 + [128],
            "the blocks have 3, 2 and 1 convolutions. It is the other way round: the deeper the block, the more.",
        ),
        ([32] * 2 + [64] * 2 + [128] * 2, "each block has two convolutions. They shall have 1, 2 and 3."),
    ]:
        if filters == slip:
            raise Wrong(message, tried, *written)
    if filters == [number for number, *_ in wanted] and convolutions != wanted:
        raise Wrong(
            "the filters are right, but not all kernels are: the first block has 5 × 5, the others 3 × 3.",
            tried,
            *written,
        )
    if convolutions != wanted:
        raise Wrong("the convolutions are not those of the table.", tried, *written)
    if tuple(model.output_shape) != (None, 1):
        raise Wrong(
            "two classes need one unit with a sigmoid at the end; between base and head, the maps must be flattened.",
            tried,
            "(None, 1)",
            str(tuple(model.output_shape)),
        )
    _expect_dropout(steps, tried)
    rng = np.random.default_rng(5)
    values = [
        rng.normal(scale=1 / np.sqrt(np.prod(weight.shape[:-1])) if weight.ndim > 1 else 0.1, size=weight.shape)
        for weight in right.get_weights()
    ]
    pictures = rng.normal(size=(3, *shape)).astype("float32")
    right.set_weights(values)
    six = np.asarray(keras.Model(right.inputs[0], right.layers[-2].output)(pictures, training=False))
    values[-2] /= np.abs(six @ values[-2]).max()  # scores near 0, where the sigmoid tells them apart
    right.set_weights(values)
    same_weights = [tuple(weight.shape) for weight in model.get_weights()] == [value.shape for value in values]
    if same_weights:
        model.set_weights(values)
        with warnings.catch_warnings(action="ignore"):  # of a softmax over one unit
            came, expected = (np.asarray(network(pictures, training=False)) for network in (model, right))
        if np.allclose(came, expected, atol=1e-4):
            return
        if np.allclose(came, 1):
            raise Wrong(
                "every answer is 1: a softmax over a single unit has nothing to compare with. One unit needs a sigmoid.",
                tried,
            )
        if np.allclose(came, np.log(expected / (1 - expected)), atol=1e-3):
            raise Wrong("the last layer gives scores from −∞ to ∞. Its activation, the sigmoid, is missing.", tried)
    pooled = [layer for layer in steps if isinstance(layer, (layers.MaxPooling2D, layers.AveragePooling2D))]
    if (
        len(pooled) > 3 or len(pooled) < 3 and not same_weights
    ):  # with all weights as they should be, one layer may pool three times
        raise Wrong(
            f"number of pooling layers: {len(pooled)}. One stands at the end of each block, which makes three.", tried
        )
    sides = "; ".join(shape_text((shape[0] // 2**n, shape[1] // 2**n)) for n in (1, 2, 3))
    came_sides = "; ".join(shape_text(layer.output.shape[1:3]) for layer in pooled)
    if len(pooled) == 3 and came_sides != sides:
        raise Wrong(
            "the maps are not as large as they should be after the blocks: convolutions keep the size (padding='same'), pooling halves it.",
            tried,
            sides,
            came_sides,
        )
    averaged = (
        sum(layer.count_params() for layer in right.layers if isinstance(layer, layers.Conv2D))
        + (128 * 6 + 6)
        + (6 + 1)
    )
    _expect_count(
        model.count_params(),
        right.count_params(),
        {averaged: "the maps are averaged before the head. Here they shall be flattened."},
        tried,
    )
    if not same_weights:
        raise Wrong("the layers with weights stand in another order than in the table.", tried)
    raise Wrong(
        "shapes and parameters are right, but with equal weights your network answers something else. Has every convolution a ReLU, "
        "have the six units one? Has the last unit a sigmoid? Is the pooling a maximum over 2 × 2? Is there a layer that is not "
        "in the table?",
        tried,
    )


def _expect_dropout(steps, tried):
    dropouts = [place for place, layer in enumerate(steps) if isinstance(layer, layers.Dropout)]
    dense = [place for place, layer in enumerate(steps) if isinstance(layer, layers.Dense)]
    if not dropouts:
        raise Wrong("there is no dropout. The deeper network would overfit even more than the first one.", tried)
    if len(dropouts) > 1:
        raise Wrong(f"there are {len(dropouts)} dropout layers. The table has one.", tried)
    rate = steps[dropouts[0]].rate
    if np.isclose(rate, 0.8):
        raise Wrong(
            "the rate is 0.8, the probability of staying? Keras means the probability of being put to 0.",
            tried,
            0.2,
            rate,
        )
    if not np.isclose(rate, 0.2):
        raise Wrong("the rate of the dropout is not that of the table.", tried, 0.2, rate)
    if len(dense) == 2 and not dense[0] < dropouts[0] < dense[1]:
        raise Wrong(
            "the dropout stands in another place. It drops some of the six units, so it stands between them and the last layer.",
            tried,
        )


DEEPER_CONVNET = Exercise(
    deeper_convnet,
    check_deeper_convnet,
    hints=(
        "The function `block` of section 2 gives the layers of a block.",
        "keras.Sequential([layers.Input(shape), *block(32, 5, 1), …]); then the head, with one unit for two classes.",
        "The head: Flatten, Dense(6, 'relu'), Dropout(0.2), Dense(1, 'sigmoid').",
    ),
)


# ---- code: any VGG, counted


def vgg_parameters(table):
    side, channels, count = 224, 3, 0
    for filters, convolutions in table:
        for _ in range(convolutions):
            count += 3 * 3 * channels * filters + filters
            channels = filters
        side = side // 2
    inputs = side * side * channels
    for units in [4096, 4096, 1000]:
        count += inputs * units + units
        inputs = units
    return count


VGG16, VGG19 = ([(64, 2), (128, 2), (256, count), (512, count), (512, count)] for count in (3, 4))


def with_own_table(function, table, tried=None):
    given = list(table)
    came = call(function, given, tried=tried)
    if given != table:
        raise Wrong(
            "your function changes the table that it was given. Whoever calls it still needs that table.", tried
        )
    return came


def counted(biases=(True, True), repeat=True, ones=False, channels=3, side=None, depth=None, units=(4096, 4096, 1000)):
    """`vgg_parameters` with something changed: which biases count, what comes into fc1, …"""

    def count(table):
        total, before = 0, channels
        for filters, convolutions in table:
            inside = [before] + [filters if repeat else before] * (0 if ones else convolutions - 1)
            total += sum(9 * each * filters + filters * biases[0] for each in inside)
            before = filters
        inputs = (side or 224 // 2 ** len(table)) ** 2 * (depth or before)
        return total + sum(a * b + b * biases[1] for a, b in zip([inputs, *units], units))

    return count


def of_another(name, table):
    return Slip(
        lambda _: vgg_parameters(table),
        f"this is {name}'s number. The function must count for the table that it is given.",
    )


VGG_PARAMETERS = Function(
    vgg_parameters,
    probes=[([(32, 1), (96, 3), (80, 2), (200, 1)],), (VGG16,), (VGG19,)],
    run=with_own_table,
    slips=[
        of_another("VGG16", VGG16),
        of_another("VGG19", VGG19),
        Slip(counted(channels=1), "the first convolution was counted with one channel. The pictures have three."),
        Slip(counted(units=(4096, 4096)), "the last dense layer, of 1,000 units, is missing."),
        Slip(
            counted(side=7, depth=512),
            "the head was counted as VGG16's, with 7 · 7 · 512 inputs. It depends on the table, too.",
        ),
        Slip(counted(units=()), "this is the base only. The three dense layers come on top."),
        Slip(
            counted(biases=(False, False)),
            "the weights are right, but all biases are missing: one for each filter and each unit.",
        ),
        Slip(counted(biases=(True, False)), "the biases of the three dense layers are missing."),
        Slip(counted(biases=(False, True)), "the biases of the convolutions are missing: one for each filter."),
        Slip(
            counted(repeat=False),
            "each convolution of a block was counted with the channels that come into the block. "
            "From its second convolution on, as many come in as the block has filters.",
        ),
        Slip(counted(ones=True), "one convolution a block was counted. The table has more."),
        Slip(counted(side=224), "fc1 was counted for maps of 224 × 224. Each block halves the side."),
        Slip(
            counted(side=7),
            lambda came, table: (
                f"fc1 was counted for maps of 7 × 7. That holds for five blocks; this table has {len(table)}."
            ),
        ),
        Slip(
            counted(side=1),
            "fc1 was counted for one number a map. VGG flattens its maps: each has side × side numbers.",
        ),
        Slip(
            counted(depth=512),
            "fc1 was counted for 512 maps. The last block of this table has another number.",
        ),
    ],
    done=f"VGG16 has {vgg_parameters(VGG16):,} parameters, VGG19 {vgg_parameters(VGG19):,}, as in `networks`.",
    hints=(
        "Go through the table as the network does, and keep two numbers: the side of the maps, and how many channels they have.",
        "A convolution adds 9 · channels · filters + filters; after it, channels = filters. After each block, the side is halved.",
        "The head: inputs = side · side · channels; then for 4096, 4096 and 1000 units add inputs · units + units, and set inputs = units.",
    ),
)


# ---- design: what fits into an app


def app_networks():
    networks = pd.read_csv(paths.shipped("architectures.csv"), index_col="name")
    fits = (networks.parameters <= 10_000_000) & (networks.multiplications <= 1_000_000_000)
    return list(networks.index[fits])


def check_app_networks(answer):
    networks = pd.read_csv(paths.shipped("architectures.csv"), index_col="name")
    if isinstance(answer, pd.Series) and answer.dtype == bool:
        answer = answer[answer]
    if isinstance(answer, (pd.DataFrame, pd.Series)):
        answer = answer.index
    names = list(answer) if hasattr(answer, "__iter__") and not isinstance(answer, str) else [answer]
    if not names:
        raise Wrong(
            "no network is in your list. The table counts single parameters and multiplications, not millions or billions."
        )
    if unknown := [name for name in names if not isinstance(name, str) or name not in networks.index]:
        raise Wrong("answer with a list of names as they stand in `networks.index`.", came=in_short(unknown))
    small, quick = (
        set(networks.index[networks[name] <= limit]) for name, limit in [("parameters", 1e7), ("multiplications", 1e9)]
    )
    came, right = set(names), small & quick
    for slip, message in [
        (small, "these have few enough parameters, but some need too many multiplications. Both limits must hold."),
        (quick, "these need few enough multiplications, but one has too many parameters. Both limits must hold."),
        (small | quick, "these keep one limit or the other. Both must hold: & instead of |."),
        (set(networks.index) - right, "these are the ones that do *not* qualify."),
    ]:
        if came == slip:
            raise Wrong(message)
    for name in sorted(came - right):
        raise Wrong(
            f"{name} is above a limit: {networks.parameters[name]:,} parameters, {networks.multiplications[name]:,} multiplications."
        )
    if missing := right - came:
        raise Wrong(
            f"these qualify, but so would others: {len(missing)}. Let pandas compare both columns with the limits."
        )
    return f"{len(right)} of {len(networks)} qualify."


APP_NETWORKS = Exercise(
    app_networks,
    check_app_networks,
    hints=(
        "`networks` of section 6 has the columns parameters and multiplications.",
        "A comparison of a column gives True or False a row. Join two of them with &, each in brackets.",
        "list(networks.index[(networks.parameters <= …) & (networks.multiplications <= …)])",
    ),
)


EXERCISES = [FC1_PARAMETERS, INCEPTION_SUMS, SMALL_KERNEL_MODULE, DEEPER_CONVNET, VGG_PARAMETERS, APP_NETWORKS]
