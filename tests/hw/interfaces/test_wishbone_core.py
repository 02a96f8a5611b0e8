# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.wishbone_core import WishboneCore
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor
from threefold.plan import Folding, fold
from threefold.registers.identity import identity

from ...core.test_testbench import PLAN
from ...nightly import mostly_nightly
from ...slim import slim_plan
from .foreign import run_foreign
from .foreign.jobs import assert_registers_agree, job_of


def odd_plan():
    """Images of 15 codes of 9 bits, three at a time, and classes."""
    rng = np.random.default_rng(0)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (5, 15)))),
        ("logits", Logits(rng.integers(-5, 5, 5))),
        ("argmax", ArgMax()),
    ]
    network = Network.chain("odd", Tensor((1, 1, 15), Codes.unsigned(9)), ops)
    return fold(network, {"fc1": Folding(1, 3)})


PLANS = {"logits": PLAN, "class": odd_plan(), "widths": slim_plan(12)}


@pytest.mark.parametrize("name", mostly_nightly(PLANS, always=["class", "widths"]))
def test_cocotbext_wishbone_drives_it(name, tmp_path):
    plan = PLANS[name]
    depths = {"input_words": 16, "output_elements": 12}
    core = WishboneCore(Accelerator(plan), identity(plan), **depths)
    job = job_of(plan, "wishbone", tmp_path) | {"depths": list(depths.values())}
    found, code, log = run_foreign(tmp_path, "wishbone_traffic", core, **job)
    assert code == 0, log
    assert_registers_agree(found, plan, "wishbone", DATA_IN=0, DATA_OUT=0, LEVELS=16)


@pytest.mark.parametrize("depths", [{"input_words": 0}, {"output_elements": 1 << 16}])
def test_depths(depths):
    message = f"^a FIFO of a bus holds 1 to 65,535 words, not {next(iter(depths.values())):,}$"
    with pytest.raises(PlanError, match=message):
        WishboneCore(None, {}, **depths)
