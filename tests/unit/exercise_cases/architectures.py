"""Answers to the exercises of *Architectures*: right ones, written differently, and slips, each with words of the message that it must get."""

import numpy as np
import pandas as pd

from course_utils import counting, paths, runtime

with runtime.quiet():
    import keras
    from keras import layers

SAME = dict(padding="same", activation="relu")
NETWORKS = pd.read_csv(paths.shipped("architectures.csv"), index_col="name")
FITS = NETWORKS[(NETWORKS.parameters <= 1e7) & (NETWORKS.multiplications <= 1e9)]


def module(
    reduce_middle=True,
    reduce_right=True,
    second=True,
    five=False,
    first=None,
    one=True,
    pool=True,
    after_pool=True,
    pooling=layers.MaxPooling2D,
    join=None,
    same=SAME,
):
    """A module with one thing changed."""

    def build(maps, filters):
        ones, few, threes, fewer, twice, pooled = filters
        middle = layers.Conv2D(few, 1, **same)(maps) if reduce_middle else maps
        right = layers.Conv2D(fewer, 1, **same)(maps) if reduce_right else maps
        right = layers.Conv2D(twice if first is None else fewer, 5 if five else 3, **same)(right)
        right = layers.Conv2D(twice, 3, **same)(right) if second and not five else right
        last = pooling(3, strides=1, padding="same")(maps)
        branches = [layers.Conv2D(ones, 1, **same)(maps)] * one + [layers.Conv2D(threes, 3, **same)(middle), right]
        branches += [layers.Conv2D(pooled, 1, **same)(last) if after_pool else last] * pool
        return join(branches) if join else layers.Concatenate()(branches)

    return build


def module_as_chains(maps, filters):
    def chain(*steps):
        result = maps
        for number, kernel in steps:
            result = layers.ReLU()(layers.Conv2D(number, (kernel, kernel), padding="same")(result))
        return result

    one, few, three, fewer, twice, after = filters
    pooled = layers.MaxPooling2D((3, 3), (1, 1), "same")(maps)
    pooled = keras.ops.relu(layers.Conv2D(after, 1)(pooled))
    return keras.ops.concatenate(
        [pooled, chain((fewer, 1), (twice, 3), (twice, 3)), chain((few, 1), (three, 3)), chain((one, 1))], axis=-1
    )


def no_relu_in_between(maps, filters):
    def join(branches):
        between = layers.Conv2D(filters[4], 3, padding="same")(layers.Conv2D(filters[3], 1, **SAME)(maps))
        return layers.Concatenate()([*branches[:2], layers.Conv2D(filters[4], 3, **SAME)(between), branches[3]])

    return module(join=join)(maps, filters)


def convnet(
    counts=(1, 2, 3),
    kernels=(5, 3, 3),
    padding="same",
    dropout=0.2,
    place="after",
    head=None,
    activation="sigmoid",
    units=1,
    pool_all=False,
    relu="relu",
    flatten=layers.Flatten,
    hidden="relu",
):
    """The deeper convnet, Sequential, with one thing changed."""

    def build(shape):
        stack = [layers.Input(shape)]
        for filters, kernel, count in zip((32, 64, 128), kernels, counts):
            for number in range(count):
                stack.append(layers.Conv2D(filters, kernel, padding=padding, activation=relu))
                stack += [layers.MaxPooling2D(2, padding="same")] * (pool_all and number < count - 1)
            stack.append(layers.MaxPooling2D(2))
        drop = [layers.Dropout(dropout)] if dropout else []
        dense = [layers.Dense(6, hidden)]
        stack += [flatten()] + (drop + dense if place == "before" else dense + drop)
        return keras.Sequential([*stack, layers.Dense(units, activation)])

    return build


def functional_convnet(shape):
    inputs = result = keras.Input(shape)
    for filters, kernel, count in [(32, 5, 1), (64, 3, 2), (128, 3, 3)]:
        for _ in range(count):
            result = layers.Activation("relu")(layers.Conv2D(filters, (kernel, kernel), padding="same")(result))
        result = layers.MaxPool2D()(result)
    result = layers.Dense(6)(layers.Reshape((-1,))(result))
    result = layers.Dropout(rate=0.2)(layers.ReLU()(result))
    return keras.Model(inputs, keras.ops.sigmoid(layers.Dense(1)(result)))


def one_pooling_layer(shape, pool=None):
    pool = pool or layers.MaxPooling2D(2)  # without weights, so it can be used three times
    inputs = result = keras.Input(shape)
    for filters, kernel, count in [(32, 5, 1), (64, 3, 2), (128, 3, 3)]:
        for _ in range(count):
            result = layers.Conv2D(filters, kernel, padding="same", activation="relu")(result)
        result = pool(result)
    result = layers.Dropout(0.2)(layers.Dense(6, "relu")(layers.Flatten()(result)))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(result))


def nested_convnet(shape):
    base = keras.Sequential([layers.Input(shape)])
    for filters, kernel, count in [(32, 5, 1), (64, 3, 2), (128, 3, 3)]:
        for _ in range(count):
            base.add(layers.Conv2D(filters, kernel, padding="same", activation="relu"))
        base.add(layers.MaxPooling2D())
    inputs = keras.Input(shape)
    hidden = layers.Dense(6, activation=keras.activations.relu)(layers.Flatten()(base(inputs)))
    return keras.Model(
        inputs, layers.Dense(1, activation=keras.activations.sigmoid)(layers.Dropout(0.2, seed=1)(hidden))
    )


def layer_by_layer(table):
    total, before, side = 0, 3, 224
    for filters, convolutions in table:
        for incoming in [before, *[filters] * (convolutions - 1)]:
            total += (9 * incoming + 1) * filters
        before, side = filters, side // 2
    sizes = [side * side * before, 4096, 4096, 1000]
    return total + sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))


def used_up(table):
    return layer_by_layer([table.pop(0) for _ in range(len(table))])


def counted_by_course(table):
    channels = [3, *[filters for filters, count in table for _ in range(count)]]
    base = sum(counting.conv_parameters(3, before, after) for before, after in zip(channels, channels[1:]))
    sizes = [(224 >> len(table)) ** 2 * channels[-1], 4096, 4096, 1000]
    return np.float64(base + sum(counting.dense_parameters(*pair) for pair in zip(sizes, sizes[1:])))


CASES = {
    "fc1_parameters": {
        "value": True,
        "right": [{"flattened": 102_764_544, "averaged": 2_101_248}, np.array([102764544.0, 2101248.0])],
    },
    "inception_sums": {
        "value": True,
        "right": [
            [481_689_600, 66_633_728, 223],
            {"directly": 481689600.0, "with_detour": np.int64(66633728), "dearer_from": 223},
        ],
    },
    "small_kernel_module": {
        "right": [module(), module_as_chains],
        "wrong": {
            "5 × 5": (module(five=True), "still a 5 × 5"),
            "one 3 × 3": (module(second=False), "second of the two"),
            "filters of the first": (module(first="few"), "as many maps as the reduction"),
            "no reduction before two": (module(reduce_right=False), "before the two 3 × 3"),
            "no reduction before one": (module(reduce_middle=False), "before the single 3 × 3"),
            "no 1 × 1 after pooling": (module(after_pool=False), "hands on all channels"),
            "no pooling branch": (module(pool=False), "pooling branch is missing"),
            "no 1 × 1 branch": (module(one=False), "single 1 × 1"),
            "average": (module(pooling=layers.AveragePooling2D), "numbers of the pooling branch"),
            "no ReLU": (module(same=dict(padding="same")), "no ReLU"),
            "no ReLU in between": (no_relu_in_between, "branch with two 3 × 3. Does"),
            "a list": (module(join=list), "one by one"),
            "stacked in height": (
                module(
                    same=dict(padding="valid"),
                    one=False,
                    pool=False,
                    second=False,
                    reduce_right=False,
                    reduce_middle=False,
                ),
                "height and width",
            ),
            "a layer": (module(join=lambda branches: layers.Concatenate()), "a layer or a model"),
            "own input": (
                lambda maps, filters: module()(keras.Input(maps.shape[1:]), filters),
                "does not come from `maps`",
            ),
            "no tensor": (lambda maps, filters: sum(filters), "must return the Keras tensor"),
        },
    },
    "deeper_convnet": {
        "right": [functional_convnet, one_pooling_layer, nested_convnet],
        "wrong": {
            "first network": (convnet((1, 1, 1)), "first network"),
            "blocks reversed": (convnet((3, 2, 1)), "other way round"),
            "all alike": (convnet((2, 2, 2)), "each block has two"),
            "only 3 × 3": (convnet(kernels=(3, 3, 3)), "first block has 5 × 5"),
            "no dropout": (convnet(dropout=0), "no dropout"),
            "rate of staying": (convnet(dropout=0.8), "staying"),
            "another rate": (convnet(dropout=0.5), "not that of the table"),
            "dropout before": (convnet(place="before"), "another place"),
            "softmax of one": (convnet(activation="softmax"), "every answer is 1"),
            "scores": (convnet(activation=None), "sigmoid, is missing"),
            "two units": (convnet(units=2), "one unit with a sigmoid"),
            "pooling after each": (convnet(pool_all=True), "pooling layers: 6"),
            "averaged": (convnet(flatten=layers.GlobalAveragePooling2D), "averaged before the head"),
            "no ReLU": (convnet(relu=None), "Has every convolution a ReLU"),
            "three blocks of one": (convnet((1, 2, 2)), "not those of the table"),
            "fixed shape": (lambda shape: convnet()((128, 128, 3)), "another shape"),
            "not built": (lambda shape: keras.Sequential([layers.Dense(1)]), "begin with layers.Input"),
            "layers": (lambda shape: [layers.Dense(1)], "must return a Keras model"),
        },
    },
    "vgg_parameters": {
        "right": [layer_by_layer, counted_by_course],
        "wrong": {
            "used up": (used_up, "changes the table"),
        },
    },
    "app_networks": {
        "value": True,
        "right": [set(FITS.index), FITS, tuple(reversed(FITS.index)), FITS.index.values, FITS.index.to_numpy(object)],
        "wrong": {
            "parameters only": (list(NETWORKS.index[NETWORKS.parameters <= 1e7]), "few enough parameters"),
            "multiplications only": (
                list(NETWORKS.index[NETWORKS.multiplications <= 1e9]),
                "few enough multiplications",
            ),
            "or": (
                NETWORKS.index[(NETWORKS.parameters <= 1e7) | (NETWORKS.multiplications <= 1e9)],
                "one limit or the other",
            ),
            "the others": (NETWORKS.index.difference(FITS.index), "do *not* qualify"),
            "one too many": ([*FITS.index, "GoogLeNet"], "GoogLeNet is above"),
            "one missing": (list(FITS.index[1:]), "so would others"),
            "another name": (["MobileNet", "LeNet"], "networks.index"),
            "in millions": ([], "not millions"),
        },
    },
}
