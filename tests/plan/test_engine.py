import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import Codes
from threefold.plan import EnginePlan, Folding, Layer

LAYER = Layer(
    "fc1", "logits", np.ones((6, 4), np.int8), Codes.unsigned(2), offsets=np.zeros(6, int)
)


def test_cycles_are_tiles():
    plan = EnginePlan(LAYER, Folding(2, 2), lanes=2, banks=3)
    assert plan.cycles == len(plan.schedule.tiles) == 6
    assert plan.schedule.folding == Folding(2, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"folding": Folding(4, 2)},
            r"^PE count of 'fc1' must divide 6 rows, not 4; divisors are 1, 2, 3, 6$",
        ),
        ({"lanes": 2}, r"^output lanes of 'fc1' must divide 3 PEs, not 2$"),
        ({"lanes": 0}, r"^output lanes of 'fc1' must divide 3 PEs, not 0$"),
        ({"banks": 1}, r"^'fc1' needs at least 2 banks, not 1$"),
    ],
)
def test_refuses(parameters, message):
    with pytest.raises(PlanError, match=message):
        EnginePlan(**{"layer": LAYER, "folding": Folding(3, 2), **parameters})
