import numpy as np
import pytest

from .refusals import EYE, ONE, image, refusal, second, vector


def branch(s):
    g = image()
    a = g.at
    g.conv(np.ones((2, 2, 1, 1))).quant(s, bits=3)
    return g.node("Add", of=[a, g.at])


def padded_with_one():
    graph = image()
    pads = graph.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    return graph.node("Pad", pads, graph.constant(1.0)).conv(ONE)


CASES = [
    (
        lambda: image().conv(ONE).quant(np.array([1, 2, 3.0]).reshape(1, 3, 1, 1)),
        (
            "Quant 'Quant_2' has a scale for each channel; layers add the channels up, so that "
            "activations need one scale"
        ),
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, bits=9),
        "Quant 'Quant_2' gives 9 bits; activations have 1 to 8 whole bits",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, bits=2.5),
        "Quant 'Quant_2' gives 2.5 bits; activations have 1 to 8 whole bits",
    ),
    (
        lambda: vector().matmul(EYE).multithreshold(np.arange(256.0)[None]),
        "MultiThreshold 'MultiThreshold_2' gives 9 bits; activations have 1 to 8 whole bits",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, bits=1, narrow=1),
        "Quant 'Quant_2' gives a single number; it needs more bits",
    ),
    (
        lambda: vector().matmul(EYE).quant(0.0),
        "Quant 'Quant_2': a scale must be positive and finite, not 0.0",
    ),
    (
        lambda: vector().matmul(EYE).quant(np.nan),
        "Quant 'Quant_2': a scale must be positive and finite, not nan",
    ),
    (
        lambda: vector().matmul(EYE).quant(np.inf),
        "Quant 'Quant_2': a scale must be positive and finite, not inf",
    ),
    (
        lambda: vector().matmul(EYE).bipolar(-1.0),
        "BipolarQuant 'BipolarQuant_2': a scale must be positive and finite, not -1.0",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, zero=0.5),
        "Quant 'Quant_2': a zero point is whole and within ±65536, not 0.5",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, zero=np.nan),
        "Quant 'Quant_2': a zero point is whole and within ±65536, not nan",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, zero=np.inf),
        "Quant 'Quant_2': a zero point is whole and within ±65536, not inf",
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, bits=np.nan),
        "Quant 'Quant_2' gives nan bits; activations have 1 to 8 whole bits",
    ),
    (
        lambda: vector().matmul(EYE).multithreshold([[1.0]], scale=-1.0),
        "MultiThreshold 'MultiThreshold_2': out_scale must be positive, not -1.0",
    ),
    (
        lambda: vector().matmul(EYE).multithreshold([[1.0]], bias=np.nan),
        (
            "MultiThreshold 'MultiThreshold_2': out_bias must be within ±65536 times out_scale, "
            "not nan"
        ),
    ),
    (
        lambda: vector().matmul(EYE).multithreshold([1.0]),
        (
            "MultiThreshold 'MultiThreshold_2': thresholds have shape (1,), not (channels, "
            "thresholds)"
        ),
    ),
    (
        lambda: vector().matmul(EYE).quant(1.0, mode="SOMEHOW"),
        "Quant 'Quant_2' cannot be computed: Could not resolve rounding mode called: SOMEHOW",
    ),
    (
        lambda: image().op("Add", 0.501).conv(ONE, pads=[1] * 4),
        (
            "Conv 'Conv_2': padding with zeros needs a code that means 0, and those of channel 0 "
            "are moved by 1.002 steps, no fraction of a denominator up to 256; use an offset "
            "of whole or half steps, or none"
        ),
    ),
    (
        lambda: image().op("Add", 1e5).conv(ONE, pads=[1] * 4),
        (
            "Conv 'Conv_2': padding with zeros needs a code that means 0, and from 0 to the codes "
            "it reads are 200,007 steps; use a smaller offset"
        ),
    ),
    (
        lambda: image().ints("Pad", [0, 0, 1, 1, 0, 0, 1, 1]).node("MaxPool", kernel_shape=[2, 2]),
        "MaxPool 'MaxPool_2' reads a padded map; only convolutions read the zeros of a Pad",
    ),
    (padded_with_one, "Pad 'Pad_1': only rows and columns of 0 can be added to a map"),
    (
        lambda: image().ints("Pad", [0, 0, 1, 1, 0, 0, 1, 1], mode="reflect").conv(ONE),
        "Pad 'Pad_1': only padding with a constant 0 is supported",
    ),
    (
        lambda: image().ints("Pad", [0, 1, 0, 0, 0, 0, 0, 0]).conv(np.ones((1, 3, 1, 1))),
        "Pad 'Pad_1': only rows and columns of 0 can be added to a map",
    ),
    (
        lambda: image().ints("Pad", [0, 0, -1, 0, 0, 0, 0, 0]).conv(ONE),
        "Pad 'Pad_1': only rows and columns of 0 can be added to a map",
    ),
    (
        lambda: branch(0.375),
        "Add 'Add_3' joins codes of scales 0.375 and 0.5; give the branches one quantizer",
    ),
    (
        lambda: image().conv(ONE).op("Mul", np.ones((1, 1, 4, 4)) * np.arange(4)).quant(),
        (
            "Mul 'Mul_2': a constant of shape (1, 1, 4, 4) differs between positions of a map, "
            "which is not supported; use one for each channel"
        ),
    ),
    (
        lambda: image().conv(ONE).node("Flatten").op("Add", np.arange(48.0)).quant(),
        (
            "Add 'Add_3': a constant of shape (48,) differs between positions of a map, which "
            "needs codes; put a quantizer ahead of the Flatten"
        ),
    ),
    (
        lambda: image().conv(ONE).node("Flatten").multithreshold(np.arange(48.0)[:, None]),
        (
            "MultiThreshold 'MultiThreshold_3': a constant of shape (48, 1) differs between "
            "positions of a map, which needs codes; put a quantizer ahead of the Flatten"
        ),
    ),
    (
        lambda: vector().matmul(EYE * np.nan),
        "MatMul 'MatMul_1': a weight is not finite; train again",
    ),
    (
        lambda: image().conv(ONE, bias=[0, 0, np.inf]).quant(),
        "Conv 'Conv_1': a bias is not finite; train again",
    ),
    (
        lambda: image().conv(ONE).norm([1] * 3, [0] * 3, [0] * 3, [-1] * 3).quant(),
        ("BatchNormalization 'BatchNormalization_2' gives NaN; its constants are damaged"),
    ),
    (
        lambda: vector().matmul(-EYE).node("Relu"),
        "Relu 'Relu_2': no class depends on the image; train again",
    ),
    (
        lambda: vector().matmul(0 * EYE),
        "MatMul 'MatMul_1': no class depends on the image; train again",
    ),
    (
        lambda: second(vector().matmul(EYE).ints("TopK", [2], outputs=2)),
        "TopK 'TopK_2' gives 2 classes; set k to 1, for the largest",
    ),
    (
        lambda: vector().matmul(EYE).node("ArgMax", axis=0),
        "ArgMax 'ArgMax_2' must look along the classes of a vector, axis 1",
    ),
    (
        lambda: vector().matmul(EYE).node("ArgMax", axis=1, select_last_index=1),
        (
            "ArgMax 'ArgMax_2' gives the last of equal classes (select_last_index); only the "
            "first is supported"
        ),
    ),
    (
        lambda: image().conv(ONE).node("ArgMax", axis=1),
        "ArgMax 'ArgMax_2' must look along the classes of a vector, axis 1",
    ),
    (
        lambda: vector().matmul(EYE).node("ArgMax", axis=1).node("Cast", to=1).op("Mul", 2.0),
        "Mul 'Mul_4' reads the class; a network ends with it, leave the rest to the host",
    ),
    (
        lambda: vector().matmul(EYE).node("Softmax", axis=0),
        "Softmax 'Softmax_2' must look along the classes, axis 1",
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_what_is_not_supported_is_refused_in_one_line(graph, message):
    assert refusal(graph()) == message
    assert "\n" not in message
