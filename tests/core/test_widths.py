"""Texts around an accelerator that computes several widths of a network."""

import pytest

from threefold.core.bus import describe_bus
from threefold.core.description import describe
from threefold.plan import Folding, fold
from threefold.project import Project

from ..network.test_width import HALF, network
from .test_testbench import icarus, simulated

FOLDINGS = {"conv": Folding(3, 2), "dw": Folding(2, 1), "body": Folding(5, 3), "fc": Folding(3, 8)}


@pytest.fixture(scope="module")
def plan():
    return fold(network({"half": HALF}), FOLDINGS, widths=["half"])


def test_the_port_of_widths_is_described(plan):
    assert describe(plan)["widths"] == {"port": "width", "width": 1, "names": ["whole", "half"]}
    assert "widths" not in describe(fold(network({"half": HALF}), FOLDINGS))


def test_widths_of_a_core_with_a_bus_are_described(plan):
    names = ["whole", "half"]
    assert describe_bus(plan, "axi")["widths"] == {
        "port": "s_axis_tuser",
        "width": 1,
        "names": names,
    }
    assert describe_bus(plan, "wishbone")["widths"] == {"register": "DATA_IN", "names": names}


@pytest.mark.parametrize(
    ("bus", "line"),
    [
        ("axi", "// Width: s_axis_tuser[0:0]\n//   of the network at which"),
        (
            "wishbone",
            "// Width: register DATA_IN\n//   word         the number of a width",
        ),
    ],
)
def test_widths_of_a_core_with_a_bus_are_explained(plan, bus, line, tmp_path):
    project = Project(tmp_path, plan)
    assert line in project.generate(bus).read_text()


@icarus
@pytest.mark.parametrize("bus", ["axi", "wishbone"])
def test_the_testbench_of_a_bus_computes_the_whole_network(plan, bus, tmp_path):
    project = Project(tmp_path, plan)
    verilog = project.generate(bus).read_text()
    bench = project.products.core_of(bus).testbench.read_text()
    code, said = simulated(tmp_path, verilog, bench)
    assert (code, "PASS" in said) == (0, True)


def test_the_port_is_explained_and_instantiated(plan, tmp_path):
    project = Project(tmp_path, plan)
    text = project.generate().read_text()
    assert "// Width: width[0:0]\n" in text
    assert "//   0            whole\n//   1            half\n" in text
    assert ".width(net_width)" in project.products.instance.read_text()
    assert ".width(1'd0)" in project.products.testbench.read_text()


@icarus
def test_the_testbench_computes_the_whole_network(plan, tmp_path):
    project = Project(tmp_path, plan)
    verilog = project.generate().read_text()
    bench = project.products.testbench.read_text()
    code, said = simulated(tmp_path, verilog, bench)
    assert (code, "PASS" in said) == (0, True)
