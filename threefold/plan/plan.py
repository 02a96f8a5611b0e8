"""Plan: which units a network is made of, how each is folded, and what speed that gives."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import PlanError
from ..fpga import Family, Resources
from ..network import Network
from ..progress import Progress, no_progress
from .alignment import align
from .arrange import arrange, check_fixed, fixed_decisions
from .buffers import branch_buffers
from .cycle_model.cycles import Cycles, predict
from .lower import lower
from .netlist import Netlist, joins, netlist
from .ports import Ports
from .schedule import Folding, Schedule
from .units import Unit, kind_for

__all__ = ["Plan", "fold", "plan_of"]


@dataclass(frozen=True, eq=False)
class Plan:
    """An accelerator as decided.

    Parameters
    ----------
    network : Network
    units : tuple of Unit
        In the order of the network.
    buffers : dict of str to int
        Beats of the FIFO before each unit that joins branches, by ``unit.input``.
    board : str
        Name of the board it is for; empty if for none in particular.
    """

    network: Network
    units: tuple[Unit, ...]
    buffers: Mapping[str, int] = field(default_factory=dict)
    board: str = ""

    def __eq__(self, other: object) -> bool:
        """Whether another plan is of an equal network, and the same was decided."""
        if not isinstance(other, Plan):
            return NotImplemented
        return self.network == other.network and self.decisions() == other.decisions()

    def __hash__(self) -> int:
        return hash((self.network.name, self.board, len(self.units)))

    def decisions(self) -> dict:
        """What was decided, as JSON values: ``board``, ``units`` in order, and ``buffers``."""
        return {
            "board": self.board,
            "units": [
                {
                    "kind": unit.kind,
                    "layers": [layer.name for layer in unit.layers],
                    "decisions": unit.decisions(),
                }
                for unit in self.units
            ],
            "buffers": dict(self.buffers),
        }

    @cached_property
    def netlist(self) -> Netlist:
        """Its blocks, and how their streams connect."""
        return netlist(self.units, self.buffers)

    @cached_property
    def cycles(self) -> Cycles:
        """Predicted latency and interval; what simulation measures, exactly."""
        return predict(self.netlist.stages, joins(self.units))

    @cached_property
    def ports(self) -> Ports:
        """What enters and leaves."""
        return Ports.of(self.network, self.netlist, self.units[-1].outputs[0])

    def resources(self, family: Family) -> Resources:
        """What it takes of an FPGA without what connects it to a board: an estimate.

        Over random foldings of dense and convolutional networks, in
        ``benchmarks/resource_model.py``, LUTs are 4 % off on average and 16 % at worst on iCE40,
        6 % and 13 % on ECP5; block RAMs are off by 3 at worst, 0.2 on average.
        """
        return self.netlist.resources(family)

    @property
    def bottleneck(self) -> Unit:
        """The unit that sets the interval."""
        return max(self.units, key=lambda unit: unit.interval)

    @cached_property
    def schedules(self) -> dict[str, Schedule]:
        """Tiles of each layer that has weights, by name."""
        return {name: tiles for unit in self.units for name, tiles in unit.schedules.items()}

    @property
    def array_utilization(self) -> float:
        """Share of the busiest PE array's lane-cycles that hold a tile, in steady state."""
        busiest = max((schedule.cycles for schedule in self.schedules.values()), default=0)
        return busiest / self.cycles.interval

    def foldings(self) -> dict[str, Folding]:
        """Folding of each layer that has weights, by name."""
        return {name: schedule.folding for name, schedule in self.schedules.items()}

    def memories(self) -> dict[str, str]:
        """Kind of memory of each unit that has a buffer, by name."""
        return self._decided("memory")

    def forms(self) -> dict[str, str]:
        """Form of each requantizer, by name of its unit."""
        return self._decided("form")

    def _decided(self, what: str) -> dict[str, str]:
        return {
            unit.name: str(decisions[what])
            for unit in self.units
            if what in (decisions := unit.decisions())
        }

    def with_choices(
        self,
        memories: Mapping[str, str] | None = None,
        forms: Mapping[str, str] | None = None,
        progress: Progress = no_progress,
    ) -> "Plan":
        """The same foldings with other memories or requantizers; the rest follows as in `fold`.

        Parameters are those of :func:`fold`; what they leave out stays as it is.
        """
        made = fold(
            self.network,
            self.foldings(),
            memories=self.memories() | dict(memories or {}),
            forms=self.forms() | dict(forms or {}),
            progress=progress,
        )
        return dataclasses.replace(made, board=self.board)

    def aligned(self, progress: Progress = no_progress) -> "Plan":
        """The same foldings and choices, for filters in an order that leaves fewer tiles.

        The network of the result computes the same, see :func:`~threefold.plan.align`; it is
        this very plan if no order saves a tile.

        Raises
        ------
        PlanError
            If nothing has weights.
        """
        if not self.schedules:
            raise PlanError(f"{self.network.name!r} has no weights, so no tiles to align")
        network, moved = align(self.network, self.foldings())
        if not moved:
            return self
        return dataclasses.replace(self, network=network).with_choices(progress=progress)


def plan_of(network: Network, units: tuple[Unit, ...], progress: Progress = no_progress) -> Plan:
    """The plan of some units, with buffers before joins as small as slow nothing down."""
    return Plan(network, units, branch_buffers(units, progress))


def fold(
    network: Network,
    foldings: Mapping[str, Folding],
    *,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """A plan with the given folding of each layer; all else follows from it.

    Lanes of outputs, and of units without weights, are as few as keep up with the slowest
    array; buffers before joins are as small as slow nothing down.

    Parameters
    ----------
    network : Network
    foldings : mapping of str to Folding
        By name of the layer.
    memories : mapping of str to str
        Where the buffers of layers and pools live, one of
        :data:`~threefold.plan.area.MEMORIES`; ``"auto"`` where left out.
    forms : mapping of str to str
        Of requantizers, one of :data:`~threefold.plan.requantize.FORMS`, by name of the layer
        or of the threshold; the cheapest that keeps up where left out.
    progress : callable
        Called with ``"buffers"`` and the share of those before joins that is decided.

    Raises
    ------
    PlanError
        If a layer has no folding, a folding no layer, or one does not divide, or memories or
        forms are for no unit that has such, or not one of those there are.
    """
    layers = lower(network)
    fixed = fixed_decisions(foldings, memories, forms)
    check_fixed(layers, fixed)
    chosen = {}
    for layer in layers:
        kind = kind_for((layer,))
        if kind.paced:
            continue
        if layer.name not in foldings:
            raise PlanError(f"layer {layer.name!r} has no folding; give PE and SIMD for it")
        (chosen[layer.name],) = kind.candidates((layer,), fixed[layer.name])
    return plan_of(network, arrange(layers, chosen, fixed), progress)
