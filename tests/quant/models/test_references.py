"""What is exported is what hardware is measured with: the architectures of the zoo."""

from functools import partial

import pytest

from threefold import references
from threefold.network import INPUT, Codes, Conv
from threefold.quant import NETWORKS, WIDTHS, Kit, export, resnet

SMALL = {"input": (8, 6, 3), "filters": (2, 4, 8), "bits": 3, "images": 64}
PROJECTION = SMALL | {"shortcut": "projection"}
CASES = {  # the zoo's, the definition, its widths and bits
    "cnv": (references.cnv, {"images": 12}, NETWORKS["cnv"], WIDTHS["cnv"], 2),
    "ds_cnn": (references.ds_cnn, {"images": 8}, NETWORKS["ds_cnn"], WIDTHS["ds_cnn"], 4),
    "resnet20": (references.resnet20, SMALL, NETWORKS["resnet20"], (2, 4, 8), 3),
    "resnet20-projection": (
        references.resnet20, PROJECTION, partial(resnet, projection=True), (2, 4, 8), 3,
    ),
}  # fmt: skip


def forms(network):
    """Every node as what it computes from what, whatever the order of nodes and of summands."""
    found = {INPUT: str(network.input)}
    for node in network.nodes:
        tensor = network.types[node.name]
        codes = tensor.element if isinstance(tensor.element, Codes) else "integers"
        kernel = node.op.weights.shape if isinstance(node.op, Conv) else ()
        what = f"{node.op.kind} {kernel} {node.op.attributes()} gives {tensor.shape} {codes}"
        sources = sorted(str(hash(found[each])) for each in node.inputs)
        found[node.name] = f"{what} out of {', '.join(sources)}"
    return sorted(found.values())


@pytest.mark.parametrize("name", CASES)
def test_an_export_has_the_layers_of_the_zoo(name):
    function, options, build, widths, bits = CASES[name]
    expected = function(**options)
    classes = expected.types["classes"].shape[2]
    exported = export(build(expected.input, widths, classes, Kit(bits)), "exported", argmax=True)
    assert forms(exported) == forms(expected)
