"""Inputs of more than 8 bits."""

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.importer import Input, Source, convert
from threefold.network import Codes

from .agreement import agrees, annotated, operations, simulates
from .graphs import Graph
from .refusals import refusal


def weights(seed, *shape):
    return np.random.default_rng(seed).integers(-1, 2, shape)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("UINT9", Codes.unsigned(9)),
        ("INT12", Codes.signed(12)),
        ("UINT16", Codes.unsigned(16)),
        ("INT16", Codes.signed(16)),
    ],
)
def test_annotations_of_up_to_16_bits(name, codes):
    graph = Graph("N", 1, 20).conv(weights(0, 3, 1, 5)).multithreshold([[-900.0, 5.0, 800.0]])
    made = agrees(annotated(graph, name))
    assert made.input == Input(1, codes)
    assert simulates(made.network, 1)


@pytest.mark.parametrize("bits", [9, 12, 16])
@pytest.mark.parametrize("signed", [0, 1])
def test_a_quantizer_of_the_input(bits, signed):
    graph = Graph("N", 300).quant(2.0**-8, bits=bits, signed=signed).matmul(weights(1, 300, 4))
    made = agrees(graph.quant(2.0**4, bits=4, signed=1), 10)
    assert made.input.codes == (Codes.signed(bits) if signed else Codes.unsigned(bits))
    assert operations(made) == ["Conv", "Threshold"]


def test_integers_of_the_input():
    graph = Graph("N", 6)
    numbers = [graph.constant(2.0**-10), graph.constant(0, np.int16)]
    graph.node("QuantizeLinear", *numbers).node("DequantizeLinear", *numbers)
    model = graph.matmul(weights(2, 6, 3)).model(opset=21)
    made = convert(Source(model), "net")
    assert made.input == Input(2.0**-10, Codes.signed(16))
    agrees(model)


def test_17_bits_are_refused():
    message = r"^the input is annotated as 'UINT17'; codes have 1 to 16 whole bits$"
    with pytest.raises(NetworkError, match=message):
        convert(Source(annotated(Graph("N", 4).matmul(np.eye(4)), "UINT17")), "net")
    assert refusal(Graph("N", 4).quant(1.0, bits=17).matmul(np.eye(4))) == (
        "Quant 'Quant_0' gives 17 bits; codes of the input have 1 to 16 whole bits"
    )


def test_activations_have_8_bits():
    graph = Graph("N", 4).quant(1.0, bits=12).matmul(np.eye(4)).quant(1.0, bits=12)
    assert refusal(graph.matmul(np.eye(4))) == (
        "Quant 'Quant_2' gives 12 bits; activations have 1 to 8 whole bits"
    )
