"""data/architectures.csv: complete, what the script counts, and what others publish."""

import csv
import importlib.util
from pathlib import Path

import pytest

from course_utils import paths

SCRIPT = Path(__file__).parents[2] / "tools" / "architectures.py"
FIELDS = "name,year,parameters,multiplications,input_size,top1,top5,source_counts,source_accuracy"


@pytest.fixture(scope="module")
def table():
    with paths.shipped("architectures.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("architectures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_has_at_least_fifteen_networks_and_no_gap(table):
    assert len(table) >= 15 and {"AlexNet", "GoogLeNet", "VGG16", "EfficientNetB0"} <= table.keys()
    for name, row in table.items():
        assert ",".join(row) == FIELDS and all(row.values()), name
        assert 2012 <= int(row["year"]) <= 2022, name
        assert 1e6 < int(row["parameters"]) < 2e8 and 1e8 < int(row["multiplications"]) < 1e11, name
        assert int(row["input_size"]) in (224, 227, 299, 300, 331, 384, 600), name
        assert 50 < float(row["top1"]) < float(row["top5"]) < 100, name
    assert sum("https://" in row["source_accuracy"] for row in table.values()) == len(table)


def test_the_table_has_a_row_for_each_line_of_the_script_and_its_cited_numbers(table, script):
    written = [
        (name, int(row["year"]), float(row["top1"]), float(row["top5"]), row["source_accuracy"])
        for name, row in table.items()
    ]
    assert written == list(script.CITED)


@pytest.mark.parametrize("name", ["GoogLeNet", "MobileNet", "MobileNetV3Large", "EfficientNetB0"])
def test_counting_again_gives_the_table(table, script, name):
    assert {field: str(value) for field, value in script.count(name).items()}.items() <= table[name].items()


# https://keras.io/api/applications/ as it stood in 2020, which gave every digit
# (keras-team/keras-io, templates/api/applications/index.md).
KERAS_DOCUMENTATION = {
    "Xception": 22_910_480,
    "VGG16": 138_357_544,
    "VGG19": 143_667_240,
    "ResNet50": 25_636_712,
    "ResNet101": 44_707_176,
    "ResNet152": 60_419_944,
    "InceptionV3": 23_851_784,
    "InceptionResNetV2": 55_873_736,
    "MobileNet": 4_253_864,
    "MobileNetV2": 3_538_984,
    "DenseNet121": 8_062_504,
    "DenseNet169": 14_307_880,
    "DenseNet201": 20_242_984,
    "NASNetMobile": 5_326_716,
    "NASNetLarge": 88_949_818,
    "EfficientNetB0": 5_330_571,
    "EfficientNetB3": 12_320_535,
    "EfficientNetB7": 66_658_687,
}


def test_parameters_are_those_that_keras_documents(table):
    assert {name: int(table[name]["parameters"]) for name in KERAS_DOCUMENTATION} == KERAS_DOCUMENTATION


# Billions of multiply-accumulates, from the papers' tables: ResNet 1; Xception, Inception and NASNet 2 (of NASNet);
# MobileNet 8; MobileNetV2 4; MobileNetV3 3; EfficientNet 2; EfficientNetV2 7; ConvNeXt 1.
PAPERS = {
    "ResNet50": 3.8,
    "ResNet101": 7.6,
    "ResNet152": 11.3,
    "InceptionV3": 5.72,
    "InceptionResNetV2": 13.2,
    "Xception": 8.38,
    "MobileNet": 0.569,
    "NASNetMobile": 0.564,
    "NASNetLarge": 23.8,
    "MobileNetV2": 0.300,
    "MobileNetV3Large": 0.219,
    "EfficientNetB0": 0.39,
    "EfficientNetB3": 1.8,
    "EfficientNetB7": 37,
    "EfficientNetV2S": 8.8,
    "ConvNeXtTiny": 4.5,
}


@pytest.mark.parametrize("name", PAPERS)
def test_multiplications_are_those_of_the_papers(table, name):
    assert int(table[name]["multiplications"]) / 1e9 == pytest.approx(PAPERS[name], rel=0.05)


def _by_hand(convolutions, dense):
    """(parameters, multiplications); a convolution is (map side, kernel side, channels of a group, filters)."""
    weights = [(side**2, kernel**2 * channels * filters, filters) for side, kernel, channels, filters in convolutions]
    weights += [(1, inputs * units, units) for inputs, units in zip(dense, dense[1:])]
    return sum(count + biases for _, count, biases in weights), sum(places * count for places, count, _ in weights)


BY_HAND = {
    "VGG16": _by_hand(
        [
            (224, 3, 3, 64),
            (224, 3, 64, 64),
            (112, 3, 64, 128),
            (112, 3, 128, 128),
            (56, 3, 128, 256),
            (56, 3, 256, 256),
            (56, 3, 256, 256),
            (28, 3, 256, 512),
            (28, 3, 512, 512),
            (28, 3, 512, 512),
            (14, 3, 512, 512),
            (14, 3, 512, 512),
            (14, 3, 512, 512),
        ],
        [25_088, 4096, 4096, 1000],
    ),
    # Two groups, as two GPUs, in the second, fourth and fifth convolution.
    "AlexNet": _by_hand(
        [(55, 11, 3, 96), (27, 5, 48, 256), (13, 3, 256, 384), (13, 3, 192, 384), (13, 3, 192, 256)],
        [9216, 4096, 4096, 1000],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_networks_of_one_branch_agree_with_arithmetic_on_the_papers_layers(table, name):
    assert (int(table[name]["parameters"]), int(table[name]["multiplications"])) == BY_HAND[name]


def test_alexnet_and_googlenet_have_the_published_parameters(table):
    assert int(table["AlexNet"]["parameters"]) == 60_965_224  # the Caffe model; the paper says 60 million
    assert int(table["GoogLeNet"]["parameters"]) == 6_998_552
