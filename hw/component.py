"""Components of blocks: the hardware of each kind that a plan consists of."""

from functools import singledispatch

from amaranth.lib import wiring

from threefold.errors import PlanError
from threefold.plan.units.block import Block

__all__ = ["component"]


@singledispatch
def component(block: Block) -> wiring.Component:
    """The hardware of a block; one function for each kind, beside the component it makes.

    Its ports are what ``block.i_ports`` names, and ``o``, which is an array if there are several
    outputs.

    Raises
    ------
    PlanError
        If there is none.
    """
    raise PlanError(f"no hardware is known for {getattr(block, 'kind', type(block).__name__)!r}")
