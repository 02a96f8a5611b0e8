import pytest

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.sim.simulate import simulate

from .sample import IMAGES, PLAN, edited

# Ends the simulation, and so fails it, if what is offered is withdrawn or changed.
STABLE = """
reg waiting = 0; reg [7:0] offered;
always @(posedge clk) begin
  if (!rst & waiting & (!i__valid | i__payload != offered)) $finish;
  waiting <= i__valid & ~i__ready & ~rst;
  offered <= i__payload;
end
endmodule
"""


@pytest.fixture(scope="module")
def verilog():
    text = to_verilog(Accelerator(PLAN), "sample")
    return edited(text, r"(?s)(module sample\(.*?)\nendmodule\n", r"\g<1>" + STABLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("simulation")


@pytest.fixture(scope="module")
def run(folder):
    """Simulates Verilog text; one folder for all, so that little is compiled again."""

    def run(verilog, images=IMAGES, plan=PLAN, **options):
        rtl = folder / "sample.v"
        rtl.write_text(verilog)
        return simulate(plan, rtl, images, folder / "sim", **options)

    return run
