import re

import pytest

from threefold.errors import NetworkError
from threefold.network import Add, Builder, Codes, Dense, Network, Node, Tensor, Threshold, Width

SOURCE = Tensor((1, 1, 2), Codes.unsigned(2))
DENSE = Dense([[1, -1], [0, 1]])
THRESHOLD = Threshold([[0], [1]])


def built():
    builder = Builder("net", SOURCE)
    assert builder.last == "input"
    assert builder.add(builder.number("fc"), DENSE) == "fc1"
    assert builder.add("act", THRESHOLD) == "act"
    builder.add(builder.number("fc"), DENSE, "input")
    builder.add("other", THRESHOLD)
    assert builder.last == "other"
    builder.add("add", Add(), "act", "other")
    return builder


def test_nodes_read_the_last_one_or_those_named():
    builder = built()
    network = builder.network({"seed": 1})
    assert network == Network(
        "net",
        SOURCE,
        [
            Node("fc1", DENSE, ("input",)),
            Node("act", THRESHOLD, ("fc1",)),
            Node("fc2", DENSE, ("input",)),
            Node("other", THRESHOLD, ("fc2",)),
            Node("add", Add(), ("act", "other")),
        ],
        {"seed": 1},
    )
    assert builder.types == network.types
    assert builder.network(widths={"same": Width({})}).at("same").name == "net_same"


@pytest.mark.parametrize(("what", "told"), [(None, "node 'fc'"), ("Gemm 'g'", "Gemm 'g'")])
def test_an_operation_that_does_not_fit(what, told):
    builder = Builder("net", SOURCE)
    message = f"{told}: weights read 3 channels, but the input has 2"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        builder.add("fc", Dense([[1, 0, 1]]), what=what)
    assert (builder.nodes, builder.last) == ([], "input")
