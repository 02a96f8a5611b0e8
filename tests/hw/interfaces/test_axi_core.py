# amaranth: UnusedElaboratable=no

import pytest

from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.axi_core import AXICore
from threefold.registers.identity import identity

from ...core.test_testbench import PLAN
from ...nightly import mostly_nightly
from ...slim import slim_plan
from .foreign import run_foreign
from .foreign.jobs import assert_registers_agree, job_of

PLANS = {"whole": PLAN, "widths": slim_plan()}


@pytest.mark.parametrize("name", mostly_nightly(PLANS, always=["widths"]))
def test_cocotbext_axi_drives_it(name, tmp_path):
    plan = PLANS[name]
    core = AXICore(Accelerator(plan), identity(plan))
    job = job_of(plan, "axi", tmp_path)
    found, code, log = run_foreign(tmp_path, "axi_traffic", core, **job)
    assert code == 0, log
    assert_registers_agree(found, plan, "axi")
