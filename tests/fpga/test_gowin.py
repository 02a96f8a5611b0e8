"""Gowin: what its tools would get wrong is not in a netlist."""

import json

import pytest

from threefold.fpga.gowin import GOWIN
from threefold.hw.accelerator import Accelerator
from threefold.hw.ram import Ram
from threefold.plan import fold
from threefold.tools.synthesis import synthesise

from .test_made_up_family import FOLDINGS, NETWORK


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    """Cells of an accelerator with memories in block RAM, by name, as Yosys writes them."""
    folder = tmp_path_factory.mktemp("gowin")
    plan = fold(NETWORK, FOLDINGS, memories={"conv": "block", "pool": "block"})
    synthesise(Accelerator(plan), GOWIN, folder)
    modules = json.loads((folder / "top.json").read_text())["modules"]
    return modules["top"]["cells"]


def test_block_rams_have_one_port_to_write_and_one_to_read(netlist):
    memories = {cell["type"] for cell in netlist.values()} & {
        *("SP", "SPX9", "DPB", "DPX9B", "pROM", "pROMX9", "SDPB", "SDPX9B")
    }
    assert memories
    assert memories <= {"SDPB", "SDPX9B"}


def test_no_carry_comes_from_logic(netlist):
    chains = [cell["connections"] for cell in netlist.values() if cell["type"] == "ALU"]
    carries = {bit for chain in chains for bit in chain.get("COUT", [])}
    constants = {
        bit
        for cell in netlist.values()
        if cell["type"] in ("VCC", "GND")
        for bits in cell["connections"].values()
        for bit in bits
    }
    assert len(chains) > 50
    assert all({*chain["CIN"]} <= carries | constants | {"0", "1"} for chain in chains)
    starts = [bit for chain in chains for bit in chain["CIN"]]
    others = [
        bit
        for cell in netlist.values()
        for port, bits in cell["connections"].items()
        if (cell["type"], port) not in (("ALU", "CIN"), ("ALU", "COUT"))
        for bit in bits
    ]
    # A carry that logic reads as well would enter the next ALU from logic.
    assert not set(starts) & set(others) & carries


def test_a_wide_memory_of_few_rows_is_luts(tmp_path):
    assert synthesise(Ram(8, 16), GOWIN, tmp_path).count("RAM16SDP4") == 2
