import dataclasses

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.plan import lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.project import Project

from ..loadable_networks import network

NETWORK = network(1)


@pytest.mark.parametrize("what", ["generate", "simulate", "build"])
def test_a_memory_that_nothing_connects_is_refused(what, tmp_path):
    plan = plan_of(NETWORK, (StreamedUnit(lower(NETWORK), 2, 2).made_loadable(),))
    project = Project(tmp_path, dataclasses.replace(plan, board="ulx3s_85f"))
    images = (np.zeros((1, *NETWORK.input.shape), int),) if what == "simulate" else ()
    with pytest.raises(PlanError, match=r"^weights of 'conv1' and behind it come from a"):
        getattr(project, what)(*images)
    assert not list(tmp_path.rglob("*.v"))
