import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.importer import Source, compare, convert
from threefold.references import random_images

from .graphs import Graph

HUGE = 1 << 20


def graph_with(kind, *inputs, dtypes=(), **attributes):
    """A network whose weights pass a node of constants."""
    graph = Graph("N", 4).quant(0.5, bits=2)
    start = graph.at
    types = [*dtypes, *[np.int64] * (len(inputs) - len(dtypes))]
    names = [graph.constant(value, type) for value, type in zip(inputs, types, strict=True)]
    graph.node(kind, of=names, **attributes)
    made = graph.at
    graph.at = start
    return graph.node("MatMul", made)


@pytest.mark.parametrize(
    ("kind", "inputs", "dtypes", "elements"),
    [
        ("ConstantOfShape", [[HUGE, HUGE]], [], HUGE * HUGE),
        ("Expand", [[[1.0]], [HUGE, HUGE]], [np.float32], HUGE * HUGE),
        ("Tile", [[[1.0]], [HUGE, HUGE]], [np.float32], HUGE * HUGE),
        ("Range", [0, HUGE * HUGE, 1], [], HUGE * HUGE),
        ("Add", [np.ones((HUGE, 1)), np.ones((1, HUGE))], [np.float32] * 2, HUGE * HUGE),
        ("Gather", [np.ones((1, 1 << 16)), np.zeros(1 << 14)], [np.float32], 1 << 30),
    ],
)
def test_large_constants_are_refused_before_they_are_computed(kind, inputs, dtypes, elements):
    message = (
        f"{kind} '{kind}_1' makes a constant of {elements:,} elements, which no small FPGA holds"
    )
    with pytest.raises(NetworkError) as caught:
        Source(graph_with(kind, *inputs, dtypes=dtypes).model())
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kind", "inputs"), [("Range", [0, 9, 0]), ("Tile", [1, [-1]]), ("ConstantOfShape", [[-1, 4]])]
)
def test_constants_that_cannot_be_computed(kind, inputs):
    with pytest.raises(NetworkError, match=rf"^{kind} '{kind}_1' "):
        convert(Source(graph_with(kind, *inputs).model()), "net")


def test_a_constant_whose_size_is_not_known_ahead():
    graph = graph_with("Slice", np.eye(4), [0], np.arange(4), dtypes=[np.float32])
    with pytest.raises(NetworkError, match=r"^Slice 'Slice_1' "):
        Source(graph.model())


def test_constants_that_are_not_computed():
    with pytest.raises(NetworkError) as caught:
        Source(graph_with("Softmax", np.eye(4), dtypes=[np.float32]).model())
    expected = "Softmax 'Softmax_1' of constants is not supported; export with constants folded"
    assert str(caught.value) == expected
    with pytest.raises(NetworkError) as caught:
        Source(graph_with("RandomNormal", shape=[4, 4]).model())
    expected = "RandomNormal 'RandomNormal_1' is not supported; export the network without it"
    assert str(caught.value) == expected


def test_too_many_nodes():
    graph = Graph("N", 4)
    for _ in range(4096):
        graph.node("Identity")
    with pytest.raises(NetworkError) as caught:
        Source(graph.matmul(np.eye(4)).model())
    expected = "the graph has 4,097 nodes; networks for small FPGAs have at most 4,096"
    assert str(caught.value) == expected


def test_too_many_thresholds():
    graph = Graph("N", 1 << 15).quant(1.0, bits=1).op("Mul", 2.0).quant(1.0, bits=8)
    with pytest.raises(NetworkError) as caught:
        convert(Source(graph.model()), "net")
    assert str(caught.value) == (
        "Quant 'Quant_2' has 32768 channels of 256 codes, whose thresholds no small FPGA holds"
    )


def test_weights_may_be_computed_from_constants():
    codes = np.random.default_rng(0).integers(-1, 2, (4, 4)).astype(np.float32)
    graph = graph_with("Transpose", codes, dtypes=[np.float32])
    plain = Graph("N", 4).quant(0.5, bits=2).matmul(codes.T)
    made, same = (convert(Source(each.model()), "net") for each in (graph, plain))
    assert (made.network.nodes[0].op.weights == same.network.nodes[0].op.weights).all()


def test_shapes_may_be_computed_from_the_batch():
    graph = Graph("batch", 2, 3, 3).quant(0.5, bits=2)
    start = graph.at
    graph.node("Shape").ints("Gather", 0).ints("Unsqueeze", [0])
    rest = graph.constant([-1], np.int64)
    shape = graph.node("Concat", rest, axis=0).at
    graph.node("Reshape", of=[start, shape]).matmul(np.eye(18)[:, :3])
    source = Source(graph.model())
    made = convert(source, "net")
    assert compare(source, made, random_images(made.network.input, 10)).exact


def test_what_the_output_does_not_need_is_left_out():
    graph = Graph("N", 4).quant(0.5, bits=2)
    start = graph.at
    unused = graph.node("Celu").node("Elu").at
    graph.at = start
    source = Source(graph.matmul(np.eye(4)).model())
    assert [node.op_type for node in source.nodes] == ["Quant", "MatMul"]
    assert unused not in source.run(np.zeros((1, 4), np.float32))


def test_nodes_get_names_of_their_own():
    model = Graph("N", 4).quant(0.5, bits=2).matmul(np.eye(4)).node("Relu").node("Celu").model()
    for node in model.graph.node:
        node.name = "same" if node.op_type != "Celu" else ""
    with pytest.raises(NetworkError, match=r"^Celu 'Celu#3' is not supported"):
        Source(model)
    del model.graph.node[3]
    model.graph.output[0].name = "t2"
    assert [node.name for node in Source(model).nodes] == ["same#0", "same#1", "same#2"]


def test_weights_are_inputs_too_in_older_files():
    model = Graph("N", 4).quant(0.5, bits=2).matmul(np.eye(4)).model()
    for tensor in model.graph.initializer:
        model.graph.input.add(name=tensor.name)
    assert convert(Source(model), "net").network.nodes


@pytest.mark.parametrize("domain", ["", "onnx.brevitas", "finn.custom_op.general"])
def test_quantizers_are_known_by_name(domain):
    model = Graph("N", 4).quant(0.5, bits=2).matmul(np.eye(4)).quant(1.0).model()
    for node in model.graph.node:
        node.domain = domain if node.op_type == "Quant" else ""
    source = Source(model)
    made = convert(source, "net")
    assert compare(source, made, random_images(made.network.input, 10)).exact
