"""Graphs as FINN, QKeras and hls4ml have them: annotations, channels last, functions at the end."""

import numpy as np
import pytest
from onnx import TensorProto

from threefold.errors import NetworkError
from threefold.importer import Input, Source, compare, convert, source_classes, ternarized
from threefold.network import ArgMax, Codes
from threefold.references import random_images

from .agreement import agrees, annotated
from .graphs import Graph
from .refusals import refusal

WEIGHTS = np.array([[1, -1, 0], [1, 1, 1], [0, 1, -1], [1, 0, 1]])
KERNEL = np.random.default_rng(0).integers(-1, 2, (4, 2, 3, 3))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("UINT8", Codes.unsigned(8)),
        ("INT4", Codes.signed(4)),
        ("BIPOLAR", Codes.bipolar()),
        ("BINARY", Codes.unsigned(1)),
        ("TERNARY", Codes(2, offset=-1)),
    ],
)
def test_an_annotation_states_the_integers_of_the_input(name, codes):
    thresholds = [[-6.0, -1.0, 2.0, 100.0, 300.0]]
    source = Source(annotated(Graph("N", 4).matmul(WEIGHTS).multithreshold(thresholds), name))
    made = convert(source, "net")
    assert made.input == Input(1, codes)
    assert made.notes == []
    images = random_images(made.network.input, 50)
    found = compare(source, made, images)
    assert found.exact
    with pytest.raises(NetworkError, match=f"^the input is annotated as {name}, integers of .*"):
        convert(source, "net", Input())


def test_annotations_of_other_numbers():
    graph = Graph("N", 4).matmul(WEIGHTS).multithreshold([[0.1, 0.2]])
    assert convert(Source(annotated(graph, "FLOAT32")), "net").input == Input()
    with pytest.raises(NetworkError, match=r"^the input is annotated as 'INT32'; codes have 1"):
        convert(Source(annotated(graph, "INT32")), "net")


@pytest.mark.parametrize("end", [["Softmax"], ["LogSoftmax"], ["Softmax", "Identity"]])
@pytest.mark.parametrize("kind", ["sums", "codes", "thresholds", "signs"])
def test_functions_at_the_end_are_left_to_the_host(kind, end):
    graph = Graph("N", 4).quant(0.25).matmul(WEIGHTS)
    if kind == "codes":
        graph.quant(0.25, bits=6, signed=1)
    elif kind == "thresholds":
        graph.multithreshold([[-1.0, 0.0, 2.0]])
    elif kind == "signs":
        graph.bipolar(0.5)
    for each in end:
        graph.node(each)
    made = agrees(graph)
    assert any("is left to the host" in note for note in made.notes)
    assert isinstance(made.network.output.op, ArgMax)
    assert not isinstance(agrees(graph, argmax=False).network.output.op, ArgMax)


@pytest.mark.parametrize("kind", ["sums", "codes"])
def test_a_class_behind_a_softmax(kind):
    graph = Graph("N", 4).quant(0.25).matmul(WEIGHTS)
    graph = graph.quant(0.25, bits=6, signed=1) if kind == "codes" else graph
    source = Source(graph.node("Softmax").node("ArgMax", axis=1).model(type=TensorProto.INT64))
    made = convert(source, "net")
    images = random_images(made.network.input, 40)
    found = compare(source, made, images)
    assert found.differ == 0
    assert (found.classes == source_classes(source, made, images)).sum() >= 40 - found.ties


def test_a_function_of_codes_at_the_end_is_refused():
    graph = Graph("N", 4).quant(0.25).matmul(WEIGHTS).quant(0.25, bits=4).node("Sigmoid")
    message = "Sigmoid 'Sigmoid_3': the output bends codes; end in the codes, and leave"
    assert refusal(graph).startswith(message)


def test_a_softmax_in_the_middle_is_refused():
    graph = Graph("N", 4).quant(0.25).matmul(WEIGHTS).node("Softmax").op("Mul", 2.0)
    message = "Softmax 'Softmax_2' is not supported; export the network without it"
    assert refusal(graph) == message


@pytest.mark.parametrize("scale", [0.1, 0.0123, 1 / 3, 0.25])
@pytest.mark.parametrize("kind", ["GlobalAveragePool", "AveragePool", "ReduceMean"])
def test_means_of_large_maps(kind, scale):
    graph = Graph("N", 2, 16, 16).quant(scale, bits=8)
    attributes = {"AveragePool": {"kernel_shape": [16, 16]}, "ReduceMean": {"axes": [2, 3]}}
    graph.node(kind, **attributes.get(kind, {})).node("Flatten")
    bright = random_images(convert(Source(graph.model()), "net").network.input, 50) // 8 + 220
    source = Source(graph.matmul([[1, -1, 1], [0, 1, 1]]).model())
    assert compare(source, convert(source, "net"), bright).exact


@pytest.mark.parametrize("ahead", [["quant"], ["Identity"], ["mul"], ["mul", "quant"]])
def test_channels_last_with_something_ahead_of_the_transpose(ahead):
    graph = Graph("N", 6, 5, 2)
    for each in ahead:
        if each == "quant":
            graph.quant(0.25, bits=4, signed=1)
        elif each == "mul":
            graph.op("Mul", [[[[0.5]]]])
        else:
            graph.node(each)
    graph.node("Transpose", perm=[0, 3, 1, 2])
    made = agrees(graph.conv(KERNEL, 0.5).quant(0.5, bits=4, signed=1))
    assert made.network.input.shape == (6, 5, 2)


@pytest.mark.parametrize("ahead", ["Transpose", "Identity", "Flatten"])
def test_the_input_is_what_a_quantizer_behind_a_rearrangement_gives(ahead):
    graph = Graph("N", 6, 5, 2)
    graph.node(ahead, **({"perm": [0, 3, 1, 2]} if ahead == "Transpose" else {}))
    graph.quant(2.0**-7, bits=8, signed=1)
    graph = graph.node("Flatten") if ahead != "Flatten" else graph
    made = agrees(graph.matmul(np.random.default_rng(0).integers(-1, 2, (60, 3))))
    assert (made.input.scale, made.input.codes) == (2.0**-7, Codes.signed(8))


def test_a_mean_of_channels_last():
    graph = Graph("N", 6, 5, 2).quant(0.25, bits=4).node("Transpose", perm=[0, 3, 1, 2])
    graph.conv(KERNEL, 0.5).quant(0.5, bits=4).node("Transpose", perm=[0, 2, 3, 1])
    agrees(graph.node("ReduceMean", axes=[1, 2], keepdims=0).matmul(WEIGHTS))


def test_padding_ahead_of_a_transpose():
    graph = Graph("N", 6, 5, 2).quant(0.25, bits=4).ints("Pad", [0, 1, 2, 0, 0, 1, 0, 0])
    graph.node("Transpose", perm=[0, 3, 1, 2]).conv(KERNEL, 0.5)
    agrees(graph.quant(0.5, bits=4, signed=1))


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("strides", [[1, 1], [2, 2], [3, 2]])
def test_padding_ahead_of_padding(auto_pad, strides):
    graph = Graph("N", 2, 7, 6).quant(0.25).ints("Pad", [0, 0, 1, 0, 0, 0, 0, 1])
    graph.conv(KERNEL, 0.5, auto_pad=auto_pad, strides=strides)
    agrees(graph.quant(0.5, bits=6, signed=1))


def test_a_classifier_may_end_in_means():
    graph = Graph("N", 2, 6, 5).quant(0.25).conv(KERNEL, 0.5).quant(0.5, bits=4)
    graph.node("GlobalAveragePool").node("Flatten")
    assert isinstance(agrees(graph).network.output.op, ArgMax)
    assert not isinstance(agrees(graph, argmax=False).network.output.op, ArgMax)


def test_a_bias_of_thresholds_is_whole_up_to_rounding():
    graph = Graph("N", 2, 6, 5).quant(0.25)
    graph.conv(np.ones((2, 2, 1, 1)), 0.5).multithreshold([[0.1, 0.5, 0.9, 1.3, 1.7]], 0.1, -0.3)
    made = agrees(graph.conv(KERNEL, 0.5, pads=[1] * 4).quant(0.5, bits=4, signed=1))
    codes = made.network.types["act1"].element
    assert (codes.max_code, codes.offset) == (5, -3)


def test_codes_that_become_a_constant_are_refused():
    graph = Graph("N", 2, 6, 5).quant(0.25)
    graph.node("Clip", graph.constant(5.0), graph.constant(6.0)).node("GlobalAveragePool")
    message = (
        "GlobalAveragePool 'GlobalAveragePool_2' reads what Clip 'Clip_1' makes of codes, which"
    )
    assert refusal(graph.node("Flatten")).startswith(message)


def test_a_reshape_of_several_images_is_refused():
    graph = Graph("N", 4).quant(1.0).matmul(np.concatenate([WEIGHTS, -WEIGHTS], axis=1))
    message = "Reshape 'Reshape_2' makes 2 of an image; leave the first axis as it is"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Source(graph.ints("Reshape", [2, -1]).matmul(np.eye(3)).model())


@pytest.mark.parametrize("first", [-1, 0, 1, 8])
def test_a_reshape_may_state_the_batch(first):
    graph = Graph(8, 2, 3, 3).quant(0.5, bits=2).ints("Reshape", [first, 18])
    agrees(graph.matmul(np.random.default_rng(0).integers(-1, 2, (18, 3))))


def test_an_attribute_of_a_function_is_refused():
    graph = Graph("N", 4).quant(1.0).matmul(WEIGHTS).node("LeakyRelu", alpha=0.1)
    model = graph.model()
    model.graph.node[-1].attribute[0].ref_attr_name = "slope"
    message = r"^LeakyRelu 'LeakyRelu_2' has an attribute of a function; inline it$"
    with pytest.raises(NetworkError, match=message):
        Source(model)


def test_names_are_told_without_what_terminals_obey():
    graph = Graph("N", 4).quant(0.5).matmul(WEIGHTS).quant(0.5, bits=4)
    model = graph.model()
    for node in model.graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                names[index] = name.replace("t", "\x1b[31m\n")
    model.graph.output[0].name = model.graph.node[-1].output[0]
    source = Source(model)
    made = convert(source, "net")
    edge = made.edges[made.output]
    edge.shift[:] += edge.scale / 3
    found = compare(source, made, random_images(made.network.input, 3))
    assert found.differ
    assert found.first.isprintable()


def test_what_is_made_ternary_keeps_its_annotation():
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    source = Source(annotated(Graph("N", 4).matmul(weights).multithreshold([[0.1, 0.2]]), "UINT4"))
    assert convert(ternarized(source)[0], "net").input == Input(1, Codes.unsigned(4))


def test_older_files_name_stored_tensors_as_inputs():
    graph = Graph(8, 4).quant(1.0).matmul(WEIGHTS).ints("Reshape", [8, 3]).quant(1.0)
    model = graph.model()
    given = list(model.graph.input)
    del model.graph.input[:]
    for tensor in model.graph.initializer:
        model.graph.input.add(name=tensor.name).type.tensor_type.elem_type = tensor.data_type
    model.graph.input.extend(given)
    assert convert(Source(model), "net").network.input.size == 4


def test_forks_and_joins_do_not_multiply_paths():
    graph = Graph("N", 2, 4, 4)
    for _ in range(60):
        start = graph.at
        other = graph.node("Relu").at
        graph.node("Add", other, of=[graph.node("Identity", of=[start]).at])
    message = "Add 'Add_2' reads what Relu 'Relu_0' makes"
    assert refusal(graph.conv(KERNEL).quant(1.0)).startswith(message[:4])


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)])
def test_joins_do_not_depend_on_the_order_of_branches(order):
    graph = Graph("N", 4)
    names = [graph.quant(0.1, bits=3, of=["x"]).at for _ in range(3)]
    names[0] = graph.node("Relu", of=[names[0]]).at
    graph.node("Concat", of=[names[index] for index in order], axis=1)
    agrees(graph.matmul(np.random.default_rng(0).integers(-1, 2, (12, 3))))


@pytest.mark.parametrize("kind", ["Add", "Concat"])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)])
def test_a_computed_scale_is_one_behind_further_joins(order, kind):
    graph = Graph("N", 4)
    names = [graph.quant(scale, bits=3, of=["x"]).at for scale in (0.3, 0.9, 0.9)]
    assert np.float32(0.3) * np.float32(3.0) != np.float32(0.9)
    names[0] = graph.node("Mul", graph.constant(3.0), of=[names[0]]).at
    more = {"axis": 1} if kind == "Concat" else {}
    first = graph.node(kind, of=[names[order[0]], names[order[1]]], **more).at
    graph.node(kind, of=[first, names[order[2]]], **more)
    size = 12 if kind == "Concat" else 4
    agrees(graph.matmul(np.random.default_rng(0).integers(-1, 2, (size, 3))))


def test_a_scale_of_the_input_beyond_single_precision_names_its_quantizer():
    graph = Graph("N", 4).quant(1e-35, bits=4).matmul(WEIGHTS)
    assert refusal(graph).startswith(
        "Quant 'Quant_0': the scale of the input must be within single"
    )


def test_logits_count_in_no_more_parts_than_biases_have():
    bias = 0.05 * np.arange(-4, 5)
    weights = np.random.default_rng(0).integers(-1, 2, (16, 9))
    made = agrees(Graph("N", 16).quant(0.1, bits=3).matmul(weights).op("Add", bias), argmax=False)
    assert np.ptp(made.network.nodes[-1].op.bias) <= 16
