import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from threefold.errors import NetworkError
from threefold.importer import Source, compare, convert, source_classes
from threefold.importer.ending import _whole
from threefold.network import Codes, Conv, Logits, Threshold
from threefold.sim import golden

from .graphs import Graph

# Two classes that count the same pixels, and two that count others.
WEIGHTS = np.array([[1, 1, 0, -1], [1, 1, 1, 0], [0, 0, 1, 1]])
IMAGES = np.stack(np.meshgrid(*[range(4)] * 3), axis=-1).reshape(-1, 1, 1, 3)


def imported(bias, scale=0.25, argmax=True):
    graph = Graph("N", 3).quant(scale, bits=2).matmul(WEIGHTS).op("Add", bias)
    source = Source(graph.model())
    return source, convert(source, "net", argmax=argmax)


def ops(made):
    return [type(node.op) for node in made.network.nodes]


def test_whole_biases_stay_whole():
    source, made = imported([0.5, -1.0, 0.0, 0.75])
    assert ops(made)[:2] == [Conv, Logits]
    assert list(made.network.nodes[1].op.bias) == [6, 0, 4, 7]
    assert compare(source, made, IMAGES).exact


def test_what_biases_cost_is_told():
    _, made = imported([0.5, -1.0, 0.0, 0.75])
    assert not any("biases" in note for note in made.notes)
    _, made = imported([0.1, 0.2, 0.3, 0.4])
    assert made.notes[-1].startswith("biases of the classes are no whole numbers: act1, ")


def test_large_sums_do_not_blur_biases():
    weights = np.random.default_rng(0).choice([-1, 1], (400, 3))
    scale = np.float32(0.1)
    graph = Graph("N", 400).quant(scale, bits=8).matmul(weights)
    source = Source(graph.op("Add", scale * np.array([3, 0, 7], np.float32)).model())
    made = convert(source, "net")
    assert ops(made)[:2] == [Conv, Logits]
    assert list(made.network.nodes[1].op.bias) == [3, 0, 7]


@pytest.mark.parametrize(
    "bias",
    [
        [0.0, 1e-6, 2e-6, 0.0],
        [0.0, 2**-20, 0.0, -(2**-20)],
        [0.25 - 2**-20, 0.0, 0.5 + 2**-20, 2**-21],
        [1 / 3, 1 / 3 + 1 / 4, 1 / 5, 0.2500001],
        [3e-5, 2e-5, 1e-5, 0],
    ],
)
@pytest.mark.parametrize("argmax", [True, False])
def test_near_ties_end_as_in_the_source(bias, argmax):
    source, made = imported(bias, argmax=argmax)
    found = compare(source, made, IMAGES)
    assert (found.differ, found.ties) == (0, 0)
    real = source.run(made.input.real(IMAGES).reshape(-1, 3))[source.output]
    assert (golden.classes(made.network, IMAGES) == real.argmax(axis=1)).all()
    assert Threshold in ops(made)


def test_few_parts_are_enough_for_an_order():
    _, made = imported([0.0, 1e-6, 2e-6, 0.0])
    assert made.network.types["act1"].element == Codes(3, step=4)
    assert list(made.network.nodes[2].op.bias) == [0, 1, 2, 0]


def test_logits_keep_their_distances():
    source, made = imported([0.0, 0.125, 0.03125, 0.0], argmax=False)
    assert made.network.types["act1"].element == Codes(3, step=8)
    assert list(made.network.nodes[2].op.bias) == [0, 4, 1, 0]
    assert compare(source, made, IMAGES).exact


units = st.floats(-1000, 1000, width=32) | st.integers(-8, 8).map(lambda n: n / 8)


@settings(max_examples=200)
@given(
    st.lists(units, min_size=2, max_size=9).map(np.array), st.integers(0, 2**32 - 1), st.booleans()
)
def test_the_order_of_classes_is_kept(biases, seed, ranked):
    parts, whole = _whole(biases, ranked)
    assert parts <= 1 << 13
    assert whole.min() == 0
    sums = np.random.default_rng(seed).integers(-1000, 1000, (200, len(biases)))
    found, exact = sums * parts + whole, sums + biases
    noise = 2.0**-21 * np.abs(biases).max()
    for first in range(len(biases)):
        apart = exact[:, first, None] - exact > 2 * noise
        assert (found[:, first, None] > found)[apart].all()


def test_equal_fractions_are_equal_beyond_rounding():
    scale = np.float32(0.1)
    biases = np.array([3, 7, -2], np.float32) * scale / np.float64(scale)
    parts, whole = _whole(biases, True)
    assert (parts, list(whole)) == (1, [5, 9, 0])
    parts, whole = _whole(np.array([0.5, 1.5 - 1e-9, 2.5 + 1e-9]), True)
    assert (parts, list(whole)) == (1, [0, 1, 2])
    parts, whole = _whole(np.array([1.0 - 1e-9, 1.0 + 1e-9, 3.0]), True)
    assert (parts, list(whole)) == (1, [0, 0, 2])


def test_nearly_equal_biases_are_in_order_though_sums_are_rounded():
    parts, whole = _whole(np.array([10000.0, 10000.002, 3.0]), True, exact=False)
    assert parts > 1
    assert whole[1] == whole[0] + 1
    assert (whole[0] - whole[2]) // parts == 9997


@pytest.mark.parametrize("slope", [2.0, -1.0])
def test_a_norm_of_one_slope_may_end_a_network(slope):
    graph = Graph("N", 3).quant(0.25, bits=2).matmul(WEIGHTS, 0.5)
    graph.norm([slope] * 4, [0.1, 0.2, 0.3, 0.4], [0] * 4, [1] * 4)
    source = Source(graph.model())
    found = compare(source, convert(source, "net"), IMAGES)
    assert (found.differ, found.ties) == (0, 0)


@pytest.mark.parametrize("share", [1e-7, 1e-4])
def test_scales_are_alike_up_to_single_precision(share):
    scales = np.array([1, 1 + share, 1, 1 - share])
    source = Source(Graph("N", 3).quant(0.25, bits=2).matmul(WEIGHTS, scales).model())
    made = convert(source, "net")
    assert compare(source, made, IMAGES).exact
    assert (made.notes[1:] == []) == (share < 1e-6)


def test_a_class_without_weights_has_any_scale():
    weights = WEIGHTS * [1, 0, 1, 1]
    graph = Graph("N", 3).quant(0.25, bits=2).matmul(weights, 0.5).op("Add", [0, 30.0, 0.1, 0])
    source = Source(graph.model())
    assert compare(source, convert(source, "net"), IMAGES).exact


def branches(scale, factor):
    graph = Graph("N", 2, 3, 3).quant(0.9, bits=2)
    start = graph.at
    graph.conv(np.ones((2, 2, 1, 1)), 0.5).quant(scale, bits=2).op("Mul", factor)
    return Source(graph.node("Add", of=[start, graph.at]).quant(0.9, bits=2).model())


def test_branches_have_one_scale_up_to_what_single_precision_computes():
    source = branches(0.3, 3.0)
    assert np.float32(0.3) * np.float32(3.0) != np.float32(0.9)
    images = np.random.default_rng(0).integers(0, 4, (20, 3, 3, 2))
    assert compare(source, convert(source, "net"), images).exact


@pytest.mark.parametrize(("scale", "factor"), [(0.9003, 1.0), (0.3, 3.0003)])
def test_branches_of_several_scales_are_refused(scale, factor):
    with pytest.raises(NetworkError, match="joins codes of scales"):
        convert(branches(scale, factor), "net")


def test_scales_of_quantizers_are_equal_or_not():
    graph = Graph("N", 2).quant(0.3, bits=2)
    start, other = graph.at, np.nextafter(np.float32(0.3), np.float32(1))
    source = Source(
        graph.quant(other, bits=2, of=["x"]).node("Concat", of=[start, graph.at], axis=1).model()
    )
    with pytest.raises(NetworkError, match=r"joins codes of scales 0\.300000012 and 0\.300000042"):
        convert(source, "net")


@pytest.mark.parametrize("argmax", [True, False])
@pytest.mark.parametrize("scale", [1.0, 0.25])
@pytest.mark.parametrize("biases", [(1000, 1000.0002), (2**18, 2**18 + 0.25), (0.3, 0.300002)])
def test_biases_that_differ_by_a_bit_decide(biases, scale, argmax):
    weights = np.array([[1, 1], [1, 1], [-1, 1]])
    bias = np.array(biases, np.float32)
    assert bias[0] != bias[1]
    source = Source(Graph("N", 3).quant(scale, bits=2).matmul(weights).op("Add", bias).model())
    found = compare(source, convert(source, "net", argmax=argmax), IMAGES)
    assert (found.differ, found.ties) == (0, 0)


def test_a_wrong_class_is_no_tie_where_nothing_is_rounded():
    source = Source(Graph("N", 3).quant(1.0, bits=2).matmul(WEIGHTS).model())
    made = convert(source, "net")
    edge = made.edges[made.output]
    assert (edge.tolerance == 0).all()


@pytest.mark.parametrize("argmax", [True, False])
@pytest.mark.parametrize("low", [-1e5, -1e7])
def test_a_class_that_never_wins_does_not_blur_the_others(low, argmax):
    graph = Graph("N", 3).quant(1.0, bits=2).matmul(WEIGHTS).op("Add", [low, 0.01, 0.02, 0.0])
    source = Source(graph.model())
    made = convert(source, "net", argmax=argmax)
    found = compare(source, made, IMAGES)
    assert (found.differ, found.ties) == (0, 0)
    assert np.array_equal(found.classes, source_classes(source, made, IMAGES))


def test_biases_that_no_integers_hold():
    graph = Graph("N", 3).quant(1.0, bits=2)
    graph.node("Gemm", graph.weights(WEIGHTS), graph.constant([1e30, 0, 0.5, 1]))
    message = r"^Gemm 'Gemm_1': biases of the classes are 1e\+30 units of the sums apart and do not"
    with pytest.raises(NetworkError, match=message):
        convert(Source(graph.model()), "net")


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("factor", [0.3, -0.3])
@pytest.mark.parametrize("bias", [[0, 0, 0, 0], [0, 0.25, 0.1, 0.2]])
def test_the_largest_of_codes(signed, factor, bias):
    graph = Graph("N", 3).quant(0.5, bits=2).matmul(WEIGHTS).quant(0.7, bits=2, signed=signed)
    graph.op("Mul", factor).op("Add", bias).node("ArgMax", axis=1)
    source = Source(graph.model(type=TensorProto.INT64))
    made = convert(source, "net")
    found = compare(source, made, IMAGES)
    assert (found.differ, found.ties) == (0, 0)
    assert len(set(found.classes)) > 1
    assert (found.classes == source_classes(source, made, IMAGES)).all()
