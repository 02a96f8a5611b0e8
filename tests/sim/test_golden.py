import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threefold.sim import golden

from threefold.errors import DataError, NetworkError
from threefold.network import (
    INPUT,
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    Node,
    Op,
    Tensor,
    Threshold,
)

from ..strategies import images_for, networks


def naive(network, image):
    """One image through ``network``, in plain Python integers and loops."""
    results = {INPUT: image.tolist()}
    for node in network.nodes:
        (source,) = node.inputs
        element = network.types[source].element
        results[node.name] = NAIVE[type(node.op)](node.op, results[source], element)
    return results


def naive_conv(op, codes, element):
    top, left, bottom, right = op.padding
    height, width = len(codes), len(codes[0])
    _, kernel_h, kernel_w, depth = op.weights.shape
    weights = op.weights.tolist()

    def pixel(y, x):
        sums = []
        for filter, kernel in enumerate(weights):
            first = filter // (len(weights) // op.groups) * depth
            total = 0
            for dy in range(kernel_h):
                for dx in range(kernel_w):
                    row, column = y + dy - top, x + dx - left
                    if 0 <= row < height and 0 <= column < width:
                        for channel in range(depth):
                            code = codes[row][column][first + channel]
                            value = element.step * code + element.offset
                            total += kernel[dy][dx][channel] * value
            sums.append(total)
        return sums

    rows = range(0, height + top + bottom - kernel_h + 1, op.stride[0])
    columns = range(0, width + left + right - kernel_w + 1, op.stride[1])
    return [[pixel(y, x) for x in columns] for y in rows]


def each_pixel(function):
    return lambda op, values, _: [[function(op, pixel) for pixel in row] for row in values]


NAIVE = {
    Conv: naive_conv,
    Threshold: each_pixel(
        lambda op, sums: [
            sum(total >= level for level in levels)
            for total, levels in zip(sums, op.levels.tolist(), strict=True)
        ]
    ),
    Logits: each_pixel(
        lambda op, sums: [total + bias for total, bias in zip(sums, op.bias.tolist(), strict=True)]
    ),
    ArgMax: each_pixel(lambda _, sums: [sums.index(max(sums))]),
}


@settings(max_examples=200)
@given(st.data())
def test_golden_model_equals_plain_loops(data):
    network = data.draw(networks())
    images = data.draw(images_for(network))
    results = golden.evaluate(network, images)
    assert list(results) == list(network.types)
    for index, image in enumerate(images):
        for name, expected in naive(network, image).items():
            assert results[name][index].tolist() == expected
    for name, values in results.items():
        assert values.dtype == np.int64
        assert values.shape[1:] == network.types[name].shape


@given(st.data())
def test_results_lie_within_their_types(data):
    network = data.draw(networks())
    for name, values in golden.evaluate(network, data.draw(images_for(network))).items():
        element = network.types[name].element
        lo, hi = (0, element.max_code) if isinstance(element, Codes) else (element.lo, element.hi)
        assert lo <= values.min()
        assert values.max() <= hi


def test_padding_is_value_0_not_code_0():
    conv = Conv(np.ones((1, 1, 3, 1), int), padding=(0, 1, 0, 1))
    network = Network.chain("net", Tensor((1, 2, 1), Codes.signed(4)), [("conv", conv)])
    assert golden.run(network, [[[[0], [15]]]]).tolist() == [[[[-1], [-1]]]]


def test_sums_beyond_single_precision_are_exact():
    network = Network.chain(
        "net",
        Tensor((1, 1, 3), Codes(2**15, 2**16 - 1)),
        [("dense", Dense([[1, 1, -1]]))],
    )
    image = [[[[2**15, 2**15, 1]]]]
    assert golden.run(network, image).item() == (2**16 - 1) * (2**16 - 1)


def classifier(channels=3, ending=()):
    ops = [("dense", Dense(np.eye(channels, dtype=int))), *ending]
    return Network.chain("net", Tensor((1, 1, channels), Codes.unsigned(4)), ops)


IMAGES = np.array([[1, 2, 3], [7, 7, 0], [0, 5, 5], [4, 4, 4]])[:, None, None, :]


@pytest.mark.parametrize(
    "ending", [[], [("logits", Logits([0, 0, 0]))], [("best", ArgMax())]], ids=len
)
def test_a_tie_goes_to_the_lowest_class(ending):
    assert golden.classes(classifier(ending=ending), IMAGES).tolist() == [2, 0, 1, 0]


def test_a_bias_breaks_a_tie():
    network = classifier(ending=[("logits", Logits([0, 0, 1])), ("best", ArgMax())])
    assert golden.classes(network, IMAGES).tolist() == [2, 0, 2, 2]


def test_accuracy():
    assert golden.accuracy(classifier(), IMAGES, np.array([2, 0, 1, 0], np.uint8)) == 1.0
    assert golden.accuracy(classifier(), IMAGES, [2, 1, 1, 1]) == 0.5


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, ">i2"])
def test_images_may_be_of_any_integer_type(dtype):
    assert golden.run(classifier(), IMAGES.astype(dtype)).tolist() == IMAGES.tolist()


def test_images_are_left_alone():
    images = IMAGES.copy()
    results = golden.evaluate(classifier(), images)
    results[INPUT][:] = 0
    assert np.array_equal(images, IMAGES)


def test_no_images_give_no_outputs():
    conv = Conv(np.ones((2, 2, 2, 1), int))
    network = Network.chain(
        "net", Tensor((2, 2, 1), Codes(1)), [("conv", conv), ("best", ArgMax())]
    )
    assert golden.run(network, np.zeros((0, 2, 2, 1), int)).shape == (0, 1, 1, 1)
    assert golden.classes(network, np.zeros((0, 2, 2, 1), int)).shape == (0,)


def test_batches_change_nothing(monkeypatch):
    network = classifier(ending=[("logits", Logits([3, 2, 1]))])
    images = np.random.default_rng(0).integers(0, 16, (1000, 1, 1, 3))
    sizes = Counter()
    evaluate = golden.evaluate

    def counted(network, batch):
        sizes[len(batch)] += 1
        return evaluate(network, batch)

    expected = evaluate(network, images)["logits"]
    monkeypatch.setattr(golden, "evaluate", counted)
    assert np.array_equal(golden.run(network, images), expected)
    assert sizes == {256: 3, 232: 1}


def test_batches_of_large_layers_are_small(monkeypatch):
    conv = Conv(np.ones((1, 3, 3, 64), int))
    network = Network.chain("net", Tensor((130, 130, 64), Codes(1)), [("conv", conv)])
    sizes = []

    def counted(network, batch):
        sizes.append(len(batch))
        return {"conv": np.zeros((len(batch), 128, 128, 1), int)}

    monkeypatch.setattr(golden, "evaluate", counted)
    assert golden.run(network, np.zeros((3, 130, 130, 64), np.uint8)).shape == (3, 128, 128, 1)
    assert sizes == [1, 1, 1]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            IMAGES[0],
            "network 'net' takes images of 1×1×3 (height × width × channels), "
            "not an array of shape (1, 1, 3)",
        ),
        (
            IMAGES[..., :2],
            "network 'net' takes images of 1×1×3 (height × width × channels), "
            "not an array of shape (4, 1, 1, 2)",
        ),
        (
            5,
            "network 'net' takes images of 1×1×3 (height × width × channels), "
            "not an array of shape ()",
        ),
        (IMAGES / 2, "images must be integer codes 0…15, not float64"),
        (IMAGES.astype(str), "images must be integer codes 0…15, not <U21"),
        (IMAGES.astype(object), "images must be integer codes 0…15, not object"),
        (IMAGES - 1, "image codes must be 0…15, not -1…6"),
        (IMAGES + 9, "image codes must be 0…15, not 9…16"),
        (
            np.full((1, 1, 1, 3), 2**64 - 1, np.uint64),
            f"image codes must be 0…15, not {2**64 - 1}…{2**64 - 1}",
        ),
        ([[[[1, 2, 3]]], [[[1, 2]]]], "images must all have the same shape"),
    ],
)
@pytest.mark.parametrize("function", [golden.evaluate, golden.run, golden.classes])
def test_other_images_are_refused(function, images, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        function(classifier(), images)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            IMAGES,
            [1, 2, 3],
            "4 images need as many labels, at least 1, not an array of shape (3,)",
        ),
        (
            IMAGES,
            [[2], [0], [1], [0]],
            "4 images need as many labels, at least 1, not an array of shape (4, 1)",
        ),
        (
            IMAGES[:0],
            [],
            "0 images need as many labels, at least 1, not an array of shape (0,)",
        ),
        (IMAGES, 1, "4 images need as many labels, at least 1, not an array of shape ()"),
        (IMAGES, [1.0, 2.0, 3.0, 4.0], "labels must be integers, not float64"),
        (IMAGES, ["a", "b", "c", "d"], "labels must be integers, not <U1"),
    ],
)
def test_other_labels_are_refused(images, labels, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        golden.accuracy(classifier(), images, labels)


def test_a_class_is_of_a_whole_image():
    network = Network.chain(
        "map", Tensor((2, 3, 1), Codes(1)), [("conv", Conv(np.ones((4, 1, 1, 1), int)))]
    )
    with pytest.raises(
        DataError, match=r"^network 'map' gives 2×3×4 outputs, not one class for each image$"
    ):
        golden.classes(network, np.zeros((1, 2, 3, 1), int))


def test_operations_without_a_golden_function_are_refused():
    class Mystery(Op):
        kind = "mystery"

        def infer(self, tensor):
            return tensor

        def attributes(self):
            return {}

    network = Network("net", Tensor((1, 1, 1), Codes(1)), [Node("a", Mystery(), [INPUT])])
    with pytest.raises(NetworkError, match=r"^the golden model does not know 'mystery'$"):
        golden.run(network, np.zeros((1, 1, 1, 1), int))
