import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import DataError, NetworkError
from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Dense,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Node,
    Op,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.network.op import OPS
from threefold.sim import golden

from ..strategies import images_for, networks


def naive(network, image):
    """One image through ``network``, in plain Python integers and loops."""
    results = {INPUT: image.tolist()}
    for node in network.nodes:
        inputs = [results[source] for source in node.inputs]
        element = network.types[node.inputs[0]].element
        results[node.name] = NAIVE[type(node.op)](node.op, *inputs, element)
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


def naive_pool(op, codes, padding, combine):
    top, left, bottom, right = padding
    height, width, channels = len(codes), len(codes[0]), len(codes[0][0])

    def pixel(y, x):
        window = [
            codes[row][column]
            for row in range(max(0, y - top), min(height, y - top + op.kernel[0]))
            for column in range(max(0, x - left), min(width, x - left + op.kernel[1]))
        ]
        return [combine(code[channel] for code in window) for channel in range(channels)]

    rows = range(0, height + top + bottom - op.kernel[0] + 1, op.stride[0])
    columns = range(0, width + left + right - op.kernel[1] + 1, op.stride[1])
    return [[pixel(y, x) for x in columns] for y in rows]


def each_pixel(function):
    def whole(op, *inputs_and_element):
        *inputs, element = inputs_and_element
        return [
            [function(op, *pixels, element) for pixels in zip(*rows, strict=True)]
            for rows in zip(*inputs, strict=True)
        ]

    return whole


def thresholds_reached(op, elements, element):
    if isinstance(element, Codes):
        elements = [element.step * code + element.offset for code in elements]
    return [
        sum(value >= threshold for threshold in thresholds)
        for value, thresholds in zip(elements, op.thresholds.tolist(), strict=True)
    ]


def with_more_channels(op, codes, element):
    zero = next(
        code for code in range(element.max_code + 1) if element.step * code + element.offset == 0
    )
    return [zero] * op.before + codes + [zero] * op.after


NAIVE = {
    Conv: naive_conv,
    MaxPool: lambda op, codes, _: naive_pool(op, codes, op.padding, max),
    SumPool: lambda op, codes, _: naive_pool(op, codes, (0, 0, 0, 0), sum),
    Threshold: each_pixel(thresholds_reached),
    Add: each_pixel(lambda op, a, b, _: [x + y for x, y in zip(a, b, strict=True)]),
    Concat: each_pixel(lambda op, a, b, _: a + b),
    Flatten: lambda op, values, _: [[[e for row in values for pixel in row for e in pixel]]],
    PadChannels: each_pixel(with_more_channels),
    Logits: each_pixel(
        lambda op, sums, _: [sum(pair) for pair in zip(sums, op.bias.tolist(), strict=True)]
    ),
    ArgMax: each_pixel(lambda _, sums, __: [sums.index(max(sums))]),
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


def test_sums_just_beyond_single_precision_are_exact():
    network = Network.chain(
        "net", Tensor((1, 1, 2), Codes(1, 1, 2**23)), [("dense", Dense([[1, 1]]))]
    )
    assert golden.run(network, [[[[0, 1]]]]).item() == 2**24 + 1


def test_sums_far_beyond_single_precision_are_exact():
    network = Network.chain(
        "net",
        Tensor((1, 1, 3), Codes(2**15, 2**16 - 1)),
        [("dense", Dense([[1, 1, -1]]))],
    )
    image = [[[[2**15, 2**15, 1]]]]
    assert golden.run(network, image).item() == (2**16 - 1) * (2**16 - 1)


def test_every_operation_is_checked_with_plain_loops():
    assert set(NAIVE) == set(OPS.values())


@pytest.mark.parametrize(
    ("op", "codes", "expected"),
    [
        (MaxPool((1, 2), (1, 1), (0, 1, 0, 1)), [[[3], [1]]], [[[3], [3], [1]]]),
        (MaxPool((1, 1), (1, 2)), [[[3], [1], [2]]], [[[3], [2]]]),
        (SumPool((1, 2), (1, 1)), [[[3], [1], [2]]], [[[4], [3]]]),
        (PadChannels(1, 2), [[[3], [1]]], [[[2, 3, 2, 2], [2, 1, 2, 2]]]),
        (Flatten(), [[[3], [1]], [[0], [2]]], [[[3, 1, 0, 2]]]),
        (Threshold([[-1, 0, 1]]), [[[0], [1], [2], [3]]], [[[0], [1], [2], [3]]]),
    ],
)
def test_codes_that_mean_less_than_nothing(op, codes, expected):
    shape = np.shape(codes)
    network = Network.chain("net", Tensor(shape, Codes(3, 1, -2)), [("op", op)])
    assert golden.run(network, [codes]).tolist() == [expected]


@pytest.mark.parametrize(("op", "expected"), [(Add(), [5, 2]), (Concat(), [3, 0, 2, 2])])
def test_two_branches(op, expected):
    nodes = [
        Node("a", Threshold([[1, 2, 3], [4, 4, 4]]), [INPUT]),
        Node("b", Threshold([[2, 3, 9], [0, 0, 9]]), [INPUT]),
        Node("both", op, ["a", "b"]),
    ]
    network = Network("net", Tensor((1, 1, 2), Codes(3)), nodes)
    assert golden.run(network, [[[[3, 0]]]]).tolist() == [[[expected]]]


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


@pytest.mark.parametrize(
    "op", [Conv(np.ones((1, 3, 3, 64), int)), MaxPool((3, 3), (1, 1)), SumPool((3, 3), (1, 1))]
)
@pytest.mark.parametrize(("size", "batches"), [(302, [1, 1, 1]), (10, [3])])
def test_batches_of_large_layers_are_small(monkeypatch, op, size, batches):
    network = Network.chain("net", Tensor((size, size, 64), Codes(1)), [("op", op)])
    shape = network.types["op"].shape
    sizes = []

    def counted(network, batch):
        sizes.append(len(batch))
        return {"op": np.zeros((len(batch), *shape), np.int8)}

    monkeypatch.setattr(golden, "evaluate", counted)
    assert golden.run(network, np.zeros((3, *network.input.shape), np.uint8)).shape == (3, *shape)
    assert sizes == batches


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
