import numpy as np
import pytest
from onnx import helper

from threefold.errors import NetworkError
from threefold.importer import Source, convert

from .graphs import DOMAIN, Graph
from .refusals import EYE, ONE, image, refusal, second, vector


def two_inputs():
    m = vector().matmul(EYE).model()
    m.graph.input.append(helper.make_tensor_value_info("y", 1, (1, 4)))
    return m


def two_outputs():
    g = vector().matmul(EYE)
    m = g.model()
    m.graph.output.append(helper.make_tensor_value_info("t0", 1, None))
    return m


def sub_():
    return helper.make_graph(
        [helper.make_node("Identity", ["c9"], ["z"])],
        "sub",
        [],
        [helper.make_tensor_value_info("z", 1, None)],
    )


def dyn(kind, g, **a):
    at = g.at
    g.node("Identity")
    return g.node(kind, of=[at, g.at], **a)


def lstm():
    g = Graph(3, 1, 4)
    w = g.constant(np.ones((1, 20, 4)))
    r = g.constant(np.ones((1, 20, 5)))
    return g.node("LSTM", w, r, hidden_size=5)


def opset(v):
    m = vector().matmul(EYE).model()
    m.opset_import[0].version = v
    return m


def func():
    m = vector().matmul(EYE).model()
    m.functions.add(name="f", domain="d")
    return m


def sparse():
    m = vector().matmul(EYE).model()
    m.graph.sparse_initializer.add()
    return m


def dtype():
    m = vector().matmul(EYE).model()
    m.graph.input[0].type.tensor_type.elem_type = 10
    return m


def branch_unquantized():
    g = image()
    a = g.at
    g.conv(np.reshape([1, -1, 1, 1], (2, 2, 1, 1))).node("Relu")
    return g.node("Add", of=[a, g.at])


def weights_first():
    graph = vector()
    return graph.node("MatMul", of=[graph.constant(np.eye(1)), graph.at])


def turned_gemm():
    graph = Graph(1, 4).quant()
    return graph.node("Gemm", graph.weights(np.ones((1, 3))), transA=1)


def reciprocal():
    graph = vector().matmul(EYE)
    return graph.node("Div", of=[graph.constant(1.0), graph.at]).quant()


def twice(kind, graph, **attributes):
    return graph.node(kind, graph.at, **attributes)


def dropout_in_training():
    graph = vector()
    return graph.node("Dropout", graph.constant(0.5), graph.constant(True, bool)).matmul(EYE)


def only_constants():
    graph = vector()
    return graph.node("Identity", of=[graph.constant([[1.0, 2.0]])])


def stacked_matrices():
    graph = vector()
    return graph.node("MatMul", graph.constant(np.ones((2, 4, 4))))


def orders():
    graph = image()
    start, flat = graph.at, graph.node("Flatten").at
    graph.node("Transpose", perm=[0, 2, 3, 1], of=[start]).node("Flatten")
    return graph.node("Add", flat).quant(0.5)


CASES = [
    (two_inputs, "a network has one input and one output, not 2 and 1"),
    (two_outputs, "a network has one input and one output, not 1 and 2"),
    (
        lambda: vector().node("If", then_branch=sub_(), else_branch=sub_()),
        (
            "If 'If_1' is control flow, which hardware does not have; export the one path that is"
            " taken"
        ),
    ),
    (
        lambda: vector().node("Loop", body=sub_()),
        (
            "Loop 'Loop_1' is control flow, which hardware does not have; export the one path "
            "that is taken"
        ),
    ),
    (lstm, "LSTM 'LSTM_0' is not supported; export the network without it"),
    (lambda: opset(99), "the graph is of opset 99; export it with one from 7 to 25"),
    (lambda: opset(0), "the graph is of opset 0; export it with one from 7 to 25"),
    (func, "the graph has a function of its own, 'f'; inline it"),
    (sparse, "the graph has sparse weights; export them as dense ones"),
    (dtype, "the input is float16; export a network that reads float32"),
    (
        lambda: Graph("N", "C", 6, 6).conv(ONE),
        (
            "the input has shape ['N', 'C', 6, 6]; export with positive sizes of all axes but the"
            " first"
        ),
    ),
    (
        lambda: Graph(1, -4).matmul(EYE),
        "the input has shape [1, -4]; export with positive sizes of all axes but the first",
    ),
    (
        lambda: Graph(1, 2, 3, 4, 5).quant().conv(np.ones((1, 2, 1, 1, 1))),
        "the input has shape (1, 2, 3, 4, 5); vectors and maps are supported",
    ),
    (
        lambda: vector().node("Foo", domain="antigravity"),
        "Foo 'Foo_1' of 'antigravity' is not supported; export the network without it",
    ),
    (
        lambda: vector().node("Foo", domain="os"),
        "Foo 'Foo_1' of 'os' is not supported; export the network without it",
    ),
    (lambda: vector().node("Erf"), "Erf 'Erf_1' is not supported; export the network without it"),
    (
        lambda: vector().node("Im2Col", domain=DOMAIN),
        (
            "Im2Col 'Im2Col_1' of 'qonnx.custom_op.general' is not supported; export the network "
            "without it"
        ),
    ),
    (
        lambda: dyn("MatMul", Graph(4, 4).quant()),
        (
            "MatMul 'MatMul_2' has weights that follow from the input of the graph; they must be "
            "constant"
        ),
    ),
    (
        lambda: dyn("Conv", Graph(1, 1, 3, 3).quant(), kernel_shape=[3, 3]),
        (
            "Conv 'Conv_2' has weights that follow from the input of the graph; they must be "
            "constant"
        ),
    ),
    (weights_first, "MatMul 'MatMul_1': the weights come second, and are constant"),
    (
        lambda: image().conv(ONE, dilations=[2, 2]),
        "Conv 'Conv_1': dilated windows are not supported; train it without",
    ),
    (
        lambda: image().node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        (
            "MaxPool 'MaxPool_1': windows that end outside of the map (ceil_mode) are not "
            "supported; pad the map"
        ),
    ),
    (
        lambda: image().node("AveragePool", kernel_shape=[3, 3], pads=[1] * 4),
        "AveragePool 'AveragePool_1': padding of a mean is not supported; pad the layer",
    ),
    (turned_gemm, "Gemm 'Gemm_1': transA is not supported; transpose the weights"),
    (
        branch_unquantized,
        (
            "Add 'Add_3' reads what Relu 'Relu_2' makes of sums, which is no multiple of them; put "
            "a quantizer of activations in front of it"
        ),
    ),
    (reciprocal, "Div 'Div_2' is not supported; export the network without it"),
    (
        lambda: vector().matmul(EYE).node("Relu").matmul(EYE),
        "MatMul 'MatMul_3' reads real numbers; put a quantizer of activations in front of it",
    ),
    (
        lambda: vector().matmul(EYE).ints("TopK", [1], outputs=2),
        "TopK 'TopK_2': its output 't2' is not supported; end in 't2_1'",
    ),
    *(
        (
            lambda kind=kind: vector().matmul(EYE).node(kind, alpha=-0.5).quant(),
            f"{kind} '{kind}_2': alpha is -0.5, with which it falls and rises; use 0 or more",
        )
        for kind in ("Elu", "LeakyRelu", "Selu")
    ),
    *(
        (
            lambda axis=axis: image().node("Flatten", axis=axis).matmul(np.eye(72)),
            "Flatten 'Flatten_1' makes one vector of all images; set axis to 1",
        )
        for axis in (0, -4)
    ),
    (
        lambda: vector().matmul(EYE).node("Softmax").quant(),
        "Softmax 'Softmax_2' is not supported; export the network without it",
    ),
    (
        lambda: image().conv(ONE).node("MaxPool", kernel_shape=[2, 2]),
        "MaxPool 'MaxPool_2': a MaxPool of real numbers at the end; quantize them",
    ),
    (
        lambda: (
            image().conv(ONE).node("MaxPool", kernel_shape=[2, 2]).op("Mul", -1.0).quant(signed=1)
        ),
        (
            "Quant 'Quant_4': a function behind a MaxPool falls in channel 0; quantize ahead of "
            "the MaxPool"
        ),
    ),
    (
        lambda: image().node("Transpose", perm=[0, 2, 3, 1]).node("GlobalAveragePool").quant(),
        (
            "GlobalAveragePool 'GlobalAveragePool_2' reads axes NHWC; ONNX has the channels ahead"
            " of the pixels"
        ),
    ),
    (
        lambda: image().node("Transpose", perm=[0, 2, 3, 1]).conv(np.ones((1, 6, 1, 1))),
        "Conv 'Conv_2' reads axes NHWC; ONNX has the channels ahead of the pixels",
    ),
    (
        lambda: image().node("Transpose", perm=[0, 3, 2, 1]).conv(np.ones((1, 6, 1, 1))),
        (
            "Transpose 'Transpose_1' makes axes NCWH of NHWC; channels come right behind the "
            "images or last"
        ),
    ),
    (
        lambda: image().ints("Reshape", [1, 8, 3, 3]).conv(np.ones((1, 8, 1, 1))),
        (
            "Reshape 'Reshape_1' makes (1, 8, 3, 3) of (1, 2, 6, 6); vectors of maps and "
            "maps of vectors are supported, and nothing that moves pixels into channels"
        ),
    ),
    (
        lambda: twice("Concat", image(), axis=2).conv(ONE),
        "Concat 'Concat_1' joins along H; channels are supported",
    ),
    (
        lambda: twice("Mul", vector()).quant(),
        "Mul 'Mul_1' is not supported with two inputs; export the network without it",
    ),
    (
        lambda: second(vector().ints("Split", [2, 2], outputs=2, axis=1)).matmul(np.eye(2)),
        "Split 'Split_1' is not supported; export the network without it",
    ),
    (
        lambda: vector().node("Cast", to=7).node("Cast", to=1).matmul(EYE),
        "Cast 'Cast_1' makes int64 of numbers; export in float32",
    ),
    (dropout_in_training, "Dropout 'Dropout_1' is in training mode; export in evaluation mode"),
    (vector, "Quant 'Quant_0': the network computes nothing; export its layers"),
    (only_constants, "the output of the graph does not depend on its input"),
    (
        lambda: image().conv(ONE, strides=[0, 0]),
        "Conv 'Conv_1': strides must be from 1 to 65536, not 0",
    ),
    (
        lambda: image().conv(ONE, strides=[-1, -1]),
        "Conv 'Conv_1': strides must be from 1 to 65536, not -1",
    ),
    (
        lambda: image().conv(ONE, group=3),
        "Conv 'Conv_1' has attributes or inputs that do not go together; export it again",
    ),
    (
        lambda: image().conv(np.ones((1, 2, 7, 7))),
        "Conv 'Conv_1': a 7×7 kernel does not fit into 6×6 pixels",
    ),
    (
        stacked_matrices,
        (
            "MatMul 'MatMul_1' multiplies tensors of axes NF and (4, 4, 2); vectors and matrices "
            "are supported"
        ),
    ),
    (
        lambda: image().conv(ONE, pads=[1 << 40] * 4),
        "Conv 'Conv_1': pads must be from -65536 to 65536, not 1099511627776",
    ),
    (
        orders,
        (
            "Add 'Add_4' adds vectors of maps whose axes were in different orders; transpose one "
            "of the maps ahead"
        ),
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_what_is_not_supported_is_refused_in_one_line(graph, message):
    assert refusal(graph()) == message
    assert "\n" not in message


def test_attributes_of_what_reads_the_input_may_be_anything():
    model = Graph("N", 2, 4, 4).node("Transpose", perm=[0, 2, 3, 1]).quant().model()
    del model.graph.node[0].attribute[:]
    model.graph.node[0].attribute.append(helper.make_attribute("perm", 3))
    message = "^(Transpose 'Transpose_0'|what reads the input) has attributes or inputs that do not"
    with pytest.raises(NetworkError, match=message):
        convert(Source(model), "net")
