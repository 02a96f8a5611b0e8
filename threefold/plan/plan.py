"""Plan: the units of a network, their foldings, and the resulting speed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from ..errors import PlanError
from ..fpga import Family, Resources
from ..network import INPUT, Network, embedded
from .alternative import Alternative
from .cycle_model import Cycles, predict
from .cycle_model.cycles import trace
from .netlist import Netlist, joins, netlist
from .ports import Ports
from .schedule import Folding, Schedule
from .units import Unit

__all__ = ["Plan"]


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Plan of an accelerator: all decisions about its units and FIFOs.

    Parameters
    ----------
    network : Network
    units : tuple of Unit
        In the order of the network.
    buffers : dict of str to int
        Beats of the FIFO before each unit that joins branches, by ``unit.input``.
    board : str
        Name of the board it is for; empty if for none in particular.
    alternatives : tuple of Alternative
        What faster and smaller plans would take, the fastest first and this one among them, as
        found by the search that chose this one; none without a search. No plan file has them.
    widths : tuple of str
        Narrower widths of the network that the hardware computes as well, image by image.
    """

    network: Network
    units: tuple[Unit, ...]
    buffers: Mapping[str, int] = field(default_factory=dict)
    board: str = ""
    alternatives: tuple[Alternative, ...] = ()
    widths: tuple[str, ...] = ()

    def __post_init__(self):
        names = joins(self.units)
        for name in self.buffers:
            if name not in names:
                raise PlanError(
                    f"no FIFO before a join is named {name!r}; there are "
                    f"{', '.join(names) or 'none'}"
                )
        if len(several := [unit.name for unit in self.units if unit.loadable]) > 1:
            raise PlanError(
                f"one array of a plan is loadable, not {len(several)}: {', '.join(several)}"
            )
        outside = [unit.name for unit in self.units if unit.streamed or unit.loadable]
        if any(unit.streamed for unit in self.units) and len(outside) > 1:
            raise PlanError(
                f"one array of a plan has contents from outside if they come from a memory, not "
                f"{len(outside)}: {', '.join(outside)}"
            )
        depths = {name: self.buffers.get(name, 0) for name in names}
        object.__setattr__(self, "buffers", MappingProxyType(depths))

    def __eq__(self, other: object) -> bool:
        """Whether another plan is of an equal network, and the same was decided."""
        if not isinstance(other, Plan):
            return NotImplemented
        return self.network == other.network and self.decisions() == other.decisions()

    def __hash__(self) -> int:
        return hash((self.network.name, self.board, len(self.units)))

    def __repr__(self):
        return f"<Plan {self._summary}>"

    def _repr_html_(self) -> str:
        from ..plan_tables import plan_html  # knows boards, which a plan does not

        return plan_html(self)

    @property
    def _summary(self) -> str:
        """Name, board, size and slowest unit in one line; nothing that takes long to find out."""
        board = f" on {self.board}" if self.board else ""
        units = f"{len(self.units)} unit{'s' if len(self.units) > 1 else ''}"
        slowest = self.bottleneck
        return (
            f"{self.network.name}{board}: {units}, "
            f"slowest {slowest.name} with {slowest.interval:,} cycles"
        )

    def decisions(self) -> dict:
        """The decisions as JSON values: ``board``, ``units`` in order, and ``buffers``.

        Where there are narrower widths, also ``widths``.
        """
        widths = {"widths": list(self.widths)} if self.widths else {}
        return widths | {
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
        made = netlist(self.units, self.buffers)
        if made.widths == 1:
            return made
        # As many images as enter before one has left if nothing holds them up.
        inside = max(trace(made.stages, widths=(each,)).inside for each in range(made.widths))
        return netlist(self.units, self.buffers, max(2, 1 << (inside - 1).bit_length()))

    @cached_property
    def cycles(self) -> Cycles:
        """Predicted latency and initiation interval, exactly those that simulation measures."""
        return self.cycles_at(0)

    def cycles_at(self, width: int) -> Cycles:
        """Predicted latency and initiation interval of images that are all of one width.

        Parameters
        ----------
        width : int
            0 is the whole network, others follow as in ``widths``.
        """
        return predict(self.netlist.stages, joins(self.units), width)

    def network_at(self, width: int) -> Network:
        """The network that is computed at a width, in the shapes of the whole."""
        return embedded(self.network, self.widths[width - 1]) if width else self.network

    @cached_property
    def ports(self) -> Ports:
        """Ports: the streams in and out."""
        whole = all(unit.takes_whole for unit in self.units if INPUT in unit.sources)
        return Ports.of(self.network, self.netlist.input, self.units[-1].outputs[0], whole=whole)

    def resources(self, family: Family) -> Resources:
        """Estimate of the resources, less those that connect the accelerator to a board.

        Over the random foldings that it was fitted to, in ``benchmarks/resource_model.py``,
        logic cells are 2 % off on average and 9 % at worst on iCE40, 6 % and 16 % on the other
        families; block RAMs are off by 3 at worst, 0.2 on average.
        ``benchmarks/packed_cells.py`` has its errors on other networks, planned by default.
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
        return max(unit.array_cycles for unit in self.units) / self.cycles.interval

    @property
    def loadable(self) -> bool:
        """Whether contents of a unit come from outside, see :mod:`threefold.plan.image`."""
        return any(unit.loadable for unit in self.units)

    @property
    def streamed(self) -> Unit | None:
        """The unit whose contents come from a memory outside while it works, if there is one."""
        return next((unit for unit in self.units if unit.streamed), None)

    @property
    def batch(self) -> int:
        """Images that come together: none leaves before the last of them has entered."""
        return max(unit.batch for unit in self.units)

    def foldings(self) -> dict[str, Folding]:
        """Folding of each layer that has weights, by name."""
        return {name: schedule.folding for name, schedule in self.schedules.items()}

    def memories(self) -> dict[str, str]:
        """Memory of each unit with an activation buffer, by name."""
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
