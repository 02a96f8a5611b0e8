"""Nexus: carry chains as nextpnr takes them."""

import json

from threefold.fpga.nexus import NEXUS
from threefold.hw.pe import PE
from threefold.tools.synthesis import synthesise


def test_carry_into_a_chain_is_open(tmp_path):
    synthesise(PE(bits=4, simd=8, sum_bits=16), NEXUS, tmp_path)
    (module,) = (
        module
        for module in json.loads((tmp_path / "top.json").read_text())["modules"].values()
        if any(cell["type"] == "CCU2" for cell in module["cells"].values())
    )
    chains = [cell["connections"] for cell in module["cells"].values() if cell["type"] == "CCU2"]
    carries = {bit for chain in chains for bit in chain.get("COUT", [])}
    entered = [chain["CIN"] for chain in chains if chain.get("CIN")]
    assert len(chains) > 30
    assert len(chains) - len(entered) == 8  # seven sums and the accumulator
    assert all({*bits} <= carries for bits in entered)
