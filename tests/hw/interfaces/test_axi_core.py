# amaranth: UnusedElaboratable=no

from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.axi_core import AXICore
from threefold.registers.identity import identity

from ...core.test_testbench import PLAN
from .foreign import run_foreign
from .foreign.jobs import assert_registers_agree, job_of


def test_cocotbext_axi_drives_it(tmp_path):
    core = AXICore(Accelerator(PLAN), identity(PLAN))
    job = job_of(PLAN, "axi", tmp_path)
    found, code, log = run_foreign(tmp_path, "axi_traffic", core, **job)
    assert code == 0, log
    assert_registers_agree(found, PLAN, "axi")
