"""Networks that more than one lesson uses, as functions that return an uncompiled `keras.Model`.

Lesson 03 builds them layer by layer; here they stand for the lessons after it. Pixels come as numbers from 0 to 1.
"""

from typing import NamedTuple

from .runtime import quiet

with quiet():
    import keras
    from keras import layers

#: GoogLeNet's nine inception modules: their filters, in the order of `inception_module`, "pool" where the map is halved.
#: From table 1 of Szegedy and others, "Going deeper with convolutions", CVPR 2015.
GOOGLENET = (
    ("3a", (64, 96, 128, 16, 32, 32)),
    ("3b", (128, 128, 192, 32, 96, 64)),
    "pool",
    ("4a", (192, 96, 208, 16, 48, 64)),
    ("4b", (160, 112, 224, 24, 64, 64)),
    ("4c", (128, 128, 256, 24, 64, 64)),
    ("4d", (112, 144, 288, 32, 64, 64)),
    ("4e", (256, 160, 320, 32, 128, 128)),
    "pool",
    ("5a", (256, 160, 320, 32, 128, 128)),
    ("5b", (384, 192, 384, 48, 128, 128)),
)


class Head(NamedTuple):
    """The last layer of a classifier, and the loss that belongs to it: ``Dense(units, activation)``."""

    units: int
    activation: str
    loss: str


def head_for(classes):
    """One sigmoid unit for two classes (the probability of class 1), one softmax unit per class for more (lesson 03).

    Parameters
    ----------
    classes : int
        At least 2.

    Returns
    -------
    Head
        Both losses take whole-number labels, of shape (count,).

    Raises
    ------
    ValueError
        For fewer than two classes.

    Examples
    --------
    >>> head_for(2)
    Head(units=1, activation='sigmoid', loss='binary_crossentropy')
    """
    if classes < 2:
        raise ValueError(f"classes must be at least 2; got {classes}")
    if classes == 2:
        return Head(1, "sigmoid", "binary_crossentropy")
    return Head(classes, "softmax", "sparse_categorical_crossentropy")


def shallow_vgg(input_shape=(32, 32, 3), classes=10):
    """The first lecture's ShallowVGG: two blocks of convolution, convolution, pooling, and a head of 512 (lesson 03).

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels; at least 4 × 4.
    classes : int
        At least 2; see `head_for`.

    Returns
    -------
    keras.Sequential
        With 2,168,362 parameters for the defaults.
    """

    head = head_for(classes)
    return keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(head.units, activation=head.activation),
        ],
        name="shallow_vgg",
    )


def three_block_convnet(input_shape=(150, 150, 3), classes=2):
    """The first lecture's convnet for cats and dogs, after Chollet: three blocks of convolution and pooling (lesson 06).

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels; at least 22 × 22, because the convolutions do not pad.
    classes : int
        At least 2; see `head_for`.

    Returns
    -------
    keras.Sequential
        With 1,212,513 parameters for the defaults.
    """

    head = head_for(classes)
    return keras.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(head.units, activation=head.activation),
        ],
        name="three_block_convnet",
    )


def inception_module(maps, filters, name):
    """Four branches side by side, their maps stacked: 1 × 1; 1 × 1 and 3 × 3; 1 × 1 and 5 × 5; pooling and 1 × 1 (lesson 03).

    Parameters
    ----------
    maps : Keras tensor of shape (batch, height, width, channels)
    filters : (int, int, int, int, int, int)
        Of the 1 × 1; of the reduction before the 3 × 3, of the 3 × 3; of the reduction before the 5 × 5, of the 5 × 5;
        of the 1 × 1 after the pooling. The order of table 1 of the GoogLeNet paper.
    name : str
        Begins the names of the layers.

    Returns
    -------
    Keras tensor of shape (batch, height, width, sum of the four branches' filters)
    """

    def convolution(maps, count, kernel, label):
        return layers.Conv2D(count, kernel, padding="same", activation="relu", name=f"{name}_{label}")(maps)

    ones, reduce_threes, threes, reduce_fives, fives, after_pool = filters
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(maps)
    branches = [
        convolution(maps, ones, 1, "1x1"),
        convolution(convolution(maps, reduce_threes, 1, "3x3_reduce"), threes, 3, "3x3"),
        convolution(convolution(maps, reduce_fives, 1, "5x5_reduce"), fives, 5, "5x5"),
        convolution(pooled, after_pool, 1, "pool_1x1"),
    ]
    return layers.Concatenate(name=name)(branches)


def googlenet(input_shape=(224, 224, 3), classes=1000, inputs=None):
    """GoogLeNet (InceptionV1), as in table 1 of Szegedy and others, 2015, without its two auxiliary heads.

    The paper's local response normalisation, which has no parameters and which later networks dropped, is left out.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels.
    classes : int or None
        At least 2; see `head_for`. None: without head, the model ends with the maps of module 5b.
    inputs : Keras tensor of shape (batch, height, width, channels), optional
        What the network continues, in place of an input of `input_shape`.

    Returns
    -------
    keras.Model
        With 6,998,552 parameters for the defaults.
    """

    inputs = layers.Input(input_shape) if inputs is None else inputs
    maps = layers.Conv2D(64, 7, strides=2, padding="same", activation="relu", name="conv1")(inputs)
    maps = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(maps)
    maps = layers.Conv2D(64, 1, activation="relu", name="conv2_reduce")(maps)
    maps = layers.Conv2D(192, 3, padding="same", activation="relu", name="conv2")(maps)
    maps = layers.MaxPooling2D(3, strides=2, padding="same", name="pool2")(maps)
    for stage in GOOGLENET:
        if stage == "pool":
            maps = layers.MaxPooling2D(3, strides=2, padding="same")(maps)
        else:
            name, filters = stage
            maps = inception_module(maps, filters, name)
    if classes is not None:
        head = head_for(classes)
        features = layers.Dropout(0.4)(layers.GlobalAveragePooling2D(name="features")(maps))
        maps = layers.Dense(head.units, activation=head.activation, name="predictions")(features)
    return keras.Model(keras.utils.get_source_inputs(inputs)[0], maps, name="googlenet")


#: EfficientNet-Lite0's stages: blocks, kernel, stride of the first block, expansion, output maps.
#: Table 1 of Tan and Le, "EfficientNet", ICML 2019; Lite (Liu, 2020) leaves out squeeze-and-excitation and uses ReLU6 for swish.
EFFICIENTNET_LITE0 = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0(inputs, classes=None):
    """EfficientNet-Lite0: inverted residual blocks (Sandler and others, MobileNetV2, CVPR 2018), ReLU6, BatchNorm with ε 0.001.

    Layers are named block1a_… to block7a_…, number and letter for stage and block, as in Keras's EfficientNets.

    Parameters
    ----------
    inputs : Keras tensor of shape (batch, height, width, 3)
        Pixels as the published weights want them: (pixel - 127) / 128.
    classes : int, optional
        With a head of average pooling, dropout and softmax; without, the model ends with 1,280 maps.

    Returns
    -------
    keras.Model
        From what `inputs` was made of. 3,413,024 parameters, 4,694,024 with the head for 1,000 classes.
    """

    def normalise(maps, name, active=True):
        maps = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(maps)
        return layers.ReLU(6.0, name=f"{name}_relu")(maps) if active else maps

    def convolve(maps, filters, name, kernel=1, stride=1, active=True):
        convolution = layers.Conv2D(
            filters, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv"
        )
        return normalise(convolution(maps), name, active)

    maps = convolve(inputs, 32, "stem", kernel=3, stride=2)
    for stage, (blocks, kernel, first_stride, expansion, filters) in enumerate(EFFICIENTNET_LITE0, start=1):
        for number in range(blocks):
            name, before = f"block{stage}{'abcd'[number]}", maps
            if expansion > 1:
                maps = convolve(maps, expansion * maps.shape[-1], f"{name}_expand")
            depthwise = layers.DepthwiseConv2D(
                kernel,
                strides=first_stride if number == 0 else 1,
                padding="same",
                use_bias=False,
                name=f"{name}_depthwise_conv",
            )
            maps = normalise(depthwise(maps), f"{name}_depthwise")
            maps = convolve(maps, filters, f"{name}_project", active=False)
            if number:
                maps = layers.Add(name=f"{name}_add")([maps, before])
    maps = convolve(maps, 1280, "head")
    if classes is not None:
        features = layers.Dropout(0.2, name="head_dropout")(layers.GlobalAveragePooling2D(name="head_pool")(maps))
        maps = layers.Dense(classes, activation="softmax", name="predictions")(features)
    return keras.Model(keras.utils.get_source_inputs(inputs)[0], maps, name="efficientnet_lite0")
