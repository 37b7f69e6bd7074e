"""Write data/architectures.csv: what 24 networks cost (counted here), and how accurate they are on ImageNet (cited).

    python tools/architectures.py

builds every network with random weights (nothing is downloaded), counts it with `course_utils.model_counts`, and rewrites
the table; the same packages give the same file. It takes a few minutes and about 2 GB, for the largest networks.
Accuracies cannot be computed without ImageNet's validation images: they are copied from the sources below.
"""

import csv
from pathlib import Path

from course_utils import model_counts, models, runtime

with runtime.quiet():
    import keras
    from keras import layers

TABLE = Path(__file__).parents[1] / "data" / "architectures.csv"
FIELDS = (
    "name",
    "year",
    "parameters",
    "multiplications",
    "input_size",
    "top1",
    "top5",
    "source_counts",
    "source_accuracy",
)

KERAS = "Keras documentation, https://keras.io/api/applications/"
CAFFE = "Caffe Model Zoo, https://github.com/BVLC/caffe/blob/master/models/{}/readme.md, centre crop"
OPENVINO = "OpenVINO Open Model Zoo, https://github.com/openvinotoolkit/open_model_zoo/tree/master/models/public/{}, {}"

# Year of the first publication (arXiv, where there is one); then per cent of ImageNet's 50,000 validation images (2012)
# whose class is the network's first guess, and is among its first five, with one model and one crop an image.
CITED = (
    # The paper, table 2, has 59.3 and 81.8, as averages over ten crops, hence ten times the multiplications.
    ("AlexNet", 2012, 57.1, 80.2, CAFFE.format("bvlc_alexnet")),
    # The paper, table 3, gives no top-1; its top-5 error of one model and one crop is 10.07 %.
    ("GoogLeNet", 2014, 68.7, 88.9, CAFFE.format("bvlc_googlenet")),
    ("VGG16", 2014, 71.3, 90.1, KERAS),
    ("VGG19", 2014, 71.3, 90.0, KERAS),
    ("ResNet50", 2015, 74.9, 92.1, KERAS),
    ("ResNet101", 2015, 76.4, 92.8, KERAS),
    ("ResNet152", 2015, 76.6, 93.1, KERAS),
    ("InceptionV3", 2015, 77.9, 93.7, KERAS),
    ("InceptionResNetV2", 2016, 80.3, 95.3, KERAS),
    ("DenseNet121", 2016, 75.0, 92.3, KERAS),
    ("DenseNet169", 2016, 76.2, 93.2, KERAS),
    ("DenseNet201", 2016, 77.3, 93.6, KERAS),
    ("Xception", 2016, 79.0, 94.5, KERAS),
    ("MobileNet", 2017, 70.4, 89.5, KERAS),
    ("NASNetMobile", 2017, 74.4, 91.9, KERAS),
    ("NASNetLarge", 2017, 82.5, 96.0, KERAS),
    ("MobileNetV2", 2018, 71.3, 90.1, KERAS),
    # Keras states 75.6 for the first guess, and nothing for the first five.
    ("MobileNetV3Large", 2019, 75.3, 92.62, OPENVINO.format("mobilenet-v3-large-1.0-224-tf", "the weights of Keras")),
    ("EfficientNetB0", 2019, 77.1, 93.3, KERAS),
    ("EfficientNetB3", 2019, 81.6, 95.7, KERAS),
    ("EfficientNetB7", 2019, 84.3, 97.0, KERAS),
    ("EfficientNetV2B0", 2021, 78.7, 94.3, KERAS),
    ("EfficientNetV2S", 2021, 83.9, 96.7, KERAS),
    ("ConvNeXtTiny", 2022, 82.05, 95.86, OPENVINO.format("convnext-tiny", "the authors' weights")),
)


def alexnet():
    """AlexNet, as in section 3.5 of Krizhevsky, Sutskever and Hinton, 2012.

    The paper's two GPUs, each of which sees only its own half of the maps, are two groups. The paper says that a
    picture has 224 × 224 pixels; its first convolution, 11 × 11 with stride 4, returns 55 × 55 only for 227 × 227.
    Local response normalisation has no parameters, and is left out.

    Returns
    -------
    keras.Sequential
        With 60,965,224 parameters.
    """

    def convolution(filters, kernel, **options):
        return layers.Conv2D(filters, kernel, activation="relu", **options)

    return keras.Sequential(
        [
            layers.Input((227, 227, 3)),
            convolution(96, 11, strides=4),
            layers.MaxPooling2D(3, strides=2),
            convolution(256, 5, padding="same", groups=2),
            layers.MaxPooling2D(3, strides=2),
            convolution(384, 3, padding="same"),
            convolution(384, 3, padding="same", groups=2),
            convolution(256, 3, padding="same", groups=2),
            layers.MaxPooling2D(3, strides=2),
            layers.Flatten(),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1000, activation="softmax"),
        ],
        name="alexnet",
    )


def build(name):
    """A network of the table with random weights, and where its layers are written down.

    Parameters
    ----------
    name : str
        The first field of the table.

    Returns
    -------
    (keras.Model, str)
    """
    if name == "AlexNet":
        return alexnet(), "built in tools/architectures.py from the paper, section 3.5"
    if name == "GoogLeNet":
        return models.googlenet(), "course_utils.models.googlenet, without auxiliary heads"
    # MobileNetV3 takes pictures of any size unless told one; it was trained on this one.
    options = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
    return getattr(keras.applications, name)(weights=None, **options), f"keras.applications.{name}"


def count(name):
    """Parameters, multiplications for one image, the image's size, and the source of the layers, as a dict."""
    model, source = build(name)
    return {
        "parameters": model_counts.parameters(model),
        "multiplications": model_counts.multiplications(model),
        "input_size": model.input_shape[1],
        "source_counts": source,
    }


def main():
    """Count every network, then write the table."""
    table = []
    for number, (name, year, top1, top5, source) in enumerate(CITED, start=1):
        row = {"name": name, "year": year, "top1": top1, "top5": top5, "source_accuracy": source, **count(name)}
        table.append(row)
        print(
            f"{number:2} of {len(CITED)}  {name:18}{row['parameters']:12,} parameters"
            f"{row['multiplications']:16,} multiplications",
            flush=True,
        )
        keras.utils.clear_session()
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(f"{TABLE.name}: {len(table)} networks")


if __name__ == "__main__":
    main()
