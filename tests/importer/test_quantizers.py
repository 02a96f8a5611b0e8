import numpy as np
import pytest

from threefold.importer import Input, Source, compare, convert
from threefold.network import Codes
from threefold.references import random_images
from threefold.sim import golden

from .graphs import DOMAIN, Graph

SIGNED = Input(scale=1, codes=Codes.signed(4))


def codes_of(graph, input=SIGNED, values=range(-8, 8)):
    """What the imported network makes of each value, after it was compared with its source."""
    source = Source(graph.model())
    made = convert(source, "net", input)
    images = np.array(values).reshape(-1, 1, 1, 1) - input.codes.offset
    found = compare(source, made, images)
    assert (found.differ, found.rounded) == (0, 0)
    codes = made.network.types[made.network.output.name].element
    return (codes.step * golden.run(made.network, images) + codes.offset).ravel().tolist()


def halves():
    """Sums whose halves are what a quantizer reads."""
    return Graph("N", 1).matmul([[1]]).op("Mul", 0.5)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("ROUND", [-4, -4, -3, -2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 3, 4]),
        ("HALF_EVEN", [-4, -4, -3, -2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 3, 4]),
        ("FLOOR", [-4, -4, -3, -3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3]),
        ("CEIL", [-4, -3, -3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4]),
        ("UP", [-4, -4, -3, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3, 4]),
        ("DOWN", [-4, -3, -3, -2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2, 3, 3]),
        ("HALF_UP", [-4, -4, -3, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3, 4]),
        ("HALF_DOWN", [-4, -3, -3, -2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2, 3, 3]),
    ],
)
def test_halves_are_rounded_as_the_source_says(mode, expected):
    assert codes_of(halves().quant(1.0, bits=4, signed=1, mode=mode)) == expected


@pytest.mark.parametrize(
    ("signed", "narrow", "lo", "hi"), [(0, 0, 0, 3), (0, 1, 0, 2), (1, 0, -2, 1), (1, 1, -1, 1)]
)
def test_codes_end_where_the_type_ends(signed, narrow, lo, hi):
    graph = Graph("N", 1).matmul([[1]]).quant(1.0, bits=2, signed=signed, narrow=narrow)
    assert codes_of(graph) == np.clip(range(-8, 8), lo, hi).tolist()


def test_one_signed_bit_is_plus_or_minus_one():
    graph = Graph("N", 1).matmul([[1]]).quant(1.0, bits=1, signed=1)
    assert codes_of(graph) == [-1] * 8 + [1] * 8


def test_a_zero_point_moves_the_codes():
    graph = Graph("N", 1).matmul([[1]]).quant(1.0, bits=3, zero=2.0)
    assert codes_of(graph) == np.clip(range(-8, 8), -2, 5).tolist()


def test_zero_is_positive_to_a_bipolar_quantizer():
    assert codes_of(Graph("N", 1).matmul([[1]]).bipolar(0.5)) == [-1] * 8 + [1] * 8
    turned = Graph("N", 1).matmul([[1]]).op("Mul", -1.0).bipolar(0.5)
    assert codes_of(turned) == [1] * 9 + [-1] * 7


def test_a_threshold_is_reached_where_it_is_equal():
    thresholds = [[-2.0, 0.0, 0.5, 3.0]]
    expected = [sum(value >= threshold for threshold in thresholds[0]) for value in range(-8, 8)]
    assert codes_of(Graph("N", 1).matmul([[1]]).multithreshold(thresholds)) == expected
    turned = Graph("N", 1).matmul([[1]]).op("Mul", -1.0).multithreshold(thresholds)
    expected = [sum(-value >= threshold for threshold in thresholds[0]) for value in range(-8, 8)]
    assert codes_of(turned) == expected


@pytest.mark.parametrize(
    ("scale", "bias", "values"),
    [(2.0, -1.0, [-1, 1]), (1.0, -1.0, [-1, 0]), (0.5, 0.0, [0, 1]), (1.0, 0.25, [0, 1])],
)
def test_thresholds_have_a_scale_and_a_bias(scale, bias, values):
    graph = Graph("N", 1).matmul([[1]]).multithreshold([[1.0]], scale, bias)
    assert codes_of(graph) == [values[0]] * 9 + [values[1]] * 7
    followed = Graph("N", 1).matmul([[1]]).multithreshold([[1.0]], scale, bias)
    real = [scale * count + bias for count in (0, 1)]
    graph = followed.matmul([[1]]).quant(0.25, bits=4, signed=1)
    assert codes_of(graph) == [4 * real[0]] * 9 + [4 * real[1]] * 7


@pytest.mark.parametrize("slope", [1.0, -1.0, 0.0])
def test_slopes_of_either_sign(slope):
    graph = Graph("N", 1).matmul([[1]]).norm([slope], [0.5], [1.0], [4.0])
    expected = np.clip(np.floor(slope * (np.arange(-8, 8) - 1) / 2 + 0.5), -4, 3)
    assert codes_of(graph.quant(1.0, bits=3, signed=1, mode="FLOOR")) == expected.tolist()


@pytest.mark.parametrize(
    ("numbers", "version"), [((1.0, 0.0, 4.0, 2.0), 1), ((1.0, 0.0, 4.0, 4.0, 2.0), 2)]
)
def test_means_are_truncated(numbers, version):
    graph = Graph("N", 1, 1, 4).quant(1.0, bits=2).node("GlobalAveragePool").op("Mul", 4.0)
    constants = [graph.constant(each) for each in numbers]
    more = {} if version == 1 else {"signed": 0, "narrow": 0}
    graph.node("Trunc", *constants, domain=DOMAIN, rounding_mode="FLOOR", **more)
    model = graph.model()
    if version == 2:
        del model.opset_import[1]
    source = Source(model)
    made = convert(source, "net")
    images = np.random.default_rng(0).integers(0, 4, (50, 1, 4, 1))
    assert compare(source, made, images).exact
    codes = golden.run(made.network, images).ravel()
    assert codes.tolist() == (images.sum(axis=(1, 2, 3)) // 4).tolist()


def test_the_input_is_what_its_quantizer_gives():
    made = convert(
        Source(Graph("N", 4).quant(0.5, bits=3, signed=1).matmul(np.eye(4)).model()), "n"
    )
    assert made.input == Input(scale=0.5, codes=Codes.signed(3))
    assert [node.name for node in made.network.nodes] == ["fc1", "logits1", "argmax1"]


def test_an_input_quantizer_that_moves_its_own_codes_stays():
    graph = Graph("N", 1).quant(0.3, bits=4, signed=0, mode="FLOOR").matmul([[1]])
    source = Source(graph.quant(0.3, bits=4).model())
    made = convert(source, "net")
    images = np.arange(16).reshape(-1, 1, 1, 1)
    assert compare(source, made, images).exact
    real = source.run(made.input.real(images).reshape(-1, 1))["t0"]
    kept = (np.rint(real.ravel() / 0.3) == np.arange(16)).all()
    assert kept == (made.network.nodes[0].name == "fc1")


@pytest.mark.parametrize("means", [[0.1, 0.2, 0.3], [0.485, 0.456, 0.406], [7.0, 0.03, -1e-3]])
@pytest.mark.parametrize("deviation", [0.225, 1.0])
def test_a_layer_reads_pixels_less_the_means_of_channels(means, deviation):
    graph = Graph("N", 3, 4, 4).op("Sub", np.reshape(means, (3, 1, 1))).op("Div", deviation)
    weights = np.random.default_rng(0).integers(-1, 2, (5, 3, 2, 2))
    source = Source(graph.conv(weights, 0.1).quant(0.1, bits=4, signed=1).model())
    made = convert(source, "net")
    assert [node.name for node in made.network.nodes] == ["conv1", "act1"]
    assert compare(source, made, random_images(made.network.input, 50)).exact


def test_pixels_are_fed_as_fractions_of_255():
    images = np.arange(256).reshape(-1, 1, 1, 1)
    assert (Input().real(images).ravel() == (np.arange(256) / 255).astype(np.float32)).all()


def test_a_relu_of_signed_codes_is_codes_of_the_same_scale():
    graph = Graph("N", 1).quant(1.0, bits=4, signed=1).node("Relu").matmul([[1]])
    assert codes_of(graph.quant(1.0, bits=4)) == [0] * 8 + [*range(8)]


def test_codes_may_be_moved_and_scaled():
    graph = Graph("N", 1).quant(1.0, bits=4, signed=1).op("Mul", -0.5).op("Add", 1.0)
    expected = np.clip(np.floor(1 - np.arange(-8, 8) / 2), -8, 7)
    assert codes_of(graph.matmul([[1]]).quant(1.0, 4, signed=1, mode="FLOOR")) == expected.tolist()
