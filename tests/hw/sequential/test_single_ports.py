"""A whole network in the form for iCE40, whose maps and program are in single-port RAM."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import load
from threefold.plan import Folding
from threefold.planning import plan_for_board
from threefold.sim import golden
from threefold.sim.loading import simulate_loading

ZOO = Path(__file__).parents[3] / "zoo"
# What a write or the start leaves at its output and in it is noise.
SPRAM = """
module SB_SPRAM256KA (
    input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF, output reg [15:0] DATAOUT
);
    reg [15:0] mem [0:16383];
    wire on = CHIPSELECT && !STANDBY && !SLEEP && POWEROFF;
    integer row;
    initial for (row = 0; row < 16384; row = row + 1) mem[row] = row * 40503;
    always @(posedge CLOCK) begin
        if (on && WREN && &MASKWREN) mem[ADDRESS] <= DATAIN;
        if (on) DATAOUT <= WREN ? ~DATAOUT : mem[ADDRESS];
    end
endmodule
"""


@pytest.mark.nightly
def test_a_network_of_the_zoo_in_four_single_port_rams(tmp_path):
    network = load(ZOO / "resnet20_jpeg.tern")
    array = {"conv1..fc1": Folding(4, 4, 4)}
    plan = plan_for_board(network, "icebreaker", sequential=array, loadable=[])
    verilog = to_verilog(Accelerator(plan), network.name, platform=SimpleNamespace(family="ice40"))
    assert verilog.count("SB_SPRAM256KA") == 4
    (tmp_path / "rtl.v").write_text(verilog + SPRAM)
    rng = np.random.default_rng(0)
    images = np.kron(rng.integers(40, 216, (3, 4, 4, 3)), np.ones((1, 8, 8, 1), int))
    images = images + rng.integers(-40, 40, images.shape)
    expected = golden.run(network, images).ravel().tolist()
    assert len(set(expected)) > 1
    (run,) = simulate_loading(plan, tmp_path / "rtl.v", [(network, images)], tmp_path / "sim")
    assert run.outputs.ravel().tolist() == expected
    assert (run.latency, run.interval) == (plan.cycles.latency, plan.cycles.interval)
