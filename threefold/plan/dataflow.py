"""The components of an accelerator and how their streams connect.

Hardware and cycle model are both made from this list, so that neither has a component that
the other lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd

from ..errors import PlanError
from ..network import INPUT
from .engine import EnginePlan, PoolPlan, StepPlan

__all__ = ["Edge", "Part", "dataflow", "fifo_name", "joins"]

_MOST_READERS = 62  # the cycle model keeps who has taken a beat in the bits of an integer


@dataclass(frozen=True)
class Edge:
    """One stream: an output of a part, or the accelerator's input.

    Parameters
    ----------
    part : int
        Index of the part it leaves; −1 for the input of the accelerator.
    lanes, bits : int
        Of its payload.
    signed : bool
    output : int
        Which of the outputs of a fork.
    """

    part: int
    lanes: int
    bits: int
    signed: bool = False
    output: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """One component.

    Parameters
    ----------
    kind : str
        ``engine``, ``pool``, ``add``, ``concat``, ``pad_channels``, ``threshold``, ``fork``,
        ``fifo``, ``split``, ``join``, ``argmax``.
    name : str
        Unique among the parts.
    inputs : tuple of Edge
    lanes : int
        Of each output.
    plan : EnginePlan, PoolPlan or StepPlan, or None
        What is decided about it.
    number : int
        Outputs of a fork, beats of a FIFO, channels of an arg-max.
    """

    kind: str
    name: str
    inputs: tuple[Edge, ...]
    lanes: int
    plan: EnginePlan | PoolPlan | StepPlan | None = None
    number: int = 0


def joins(plans) -> tuple[str, ...]:
    """Names of the buffers before steps that read several branches: ``step.input``."""
    return tuple(
        f"{plan.name}.{index}"
        for plan in plans
        if len(plan.step.sources) > 1
        for index in range(len(plan.step.sources))
    )


def fifo_name(step: str, index: int | str) -> str:
    """Name of the part that buffers an input of a step."""
    return f"buffer_{index}_of_{step}"


def dataflow(plans, argmax: bool, buffers: Mapping[str, int]) -> tuple[tuple[Part, ...], int]:
    """The parts in an order in which each follows those it reads, and the input's lanes.

    Parameters
    ----------
    plans : sequence of EnginePlan, PoolPlan and StepPlan
        In the order of the network.
    argmax : bool
        Whether the last step's logits end in an arg-max.
    buffers : mapping of str to int
        Beats of the FIFO at each of the places that :func:`joins` names; 0 for none.
    """
    return _Builder(plans, buffers).build(argmax)


@dataclass
class _Builder:
    plans: tuple
    buffers: Mapping[str, int]
    parts: list[Part] = field(default_factory=list)
    streams: dict[str, list[Edge]] = field(default_factory=dict)

    def build(self, argmax: bool) -> tuple[tuple[Part, ...], int]:
        readers: dict[str, list] = {}
        for plan in self.plans:
            for source in plan.step.sources:
                readers.setdefault(source, []).append(plan)
        first = readers[INPUT][0]
        source = Edge(-1, first.i_lanes, _codes(first.step, INPUT).bits)
        self._offer(INPUT, source, len(readers[INPUT]))
        for plan in self.plans:
            step = plan.step
            edges = [self._input(plan, index, source) for index, source in enumerate(step.sources)]
            kind = {"conv": "engine"}.get(step.op, step.op)
            edge = self._add(kind, f"{kind}_{plan.name}", edges, plan.lanes, plan=plan)
            self._offer(step.output, edge, len(readers.get(step.output, [])))
        if argmax:
            last = self.plans[-1]
            (edge,) = self.streams[last.step.output]
            edge = self._resize(edge, 1, "0_argmax")
            self._add("argmax", "argmax", [edge], 1, number=last.step.rows)
        return tuple(self.parts), first.i_lanes

    def _offer(self, name: str, edge: Edge, readers: int) -> None:
        """Make a stream known, forked if several read it."""
        if readers > _MOST_READERS:
            raise PlanError(f"{name!r} is read by {readers} nodes; at most {_MOST_READERS} can")
        self.streams[name] = [edge]
        if readers > 1:
            fork = self._add("fork", f"fork_{name}", [edge], edge.lanes, number=readers)
            self.streams[name] = [
                Edge(fork.part, edge.lanes, edge.bits, edge.signed, output)
                for output in range(readers)
            ]

    def _input(self, plan, index: int, source: str) -> Edge:
        """The stream a step reads, of as many lanes as it takes, buffered if it is a branch."""
        # No node's name starts with a digit, so that parts never share a name.
        name = f"{index}_of_{plan.name}" if len(plan.step.sources) > 1 else plan.name
        edge = self._resize(self.streams[source].pop(0), plan.i_lanes, name)
        depth = self.buffers.get(f"{plan.name}.{index}", 0)
        if depth:
            edge = self._add("fifo", fifo_name(plan.name, index), [edge], edge.lanes, number=depth)
        return edge

    def _resize(self, edge: Edge, lanes: int, before: str) -> Edge:
        """``edge`` with ``lanes`` lanes, by way of the greatest common divisor."""
        common = gcd(edge.lanes, lanes)
        if edge.lanes != common:
            edge = self._add("split", f"split_{before}", [edge], common)
        if lanes != common:
            edge = self._add("join", f"join_{before}", [edge], lanes)
        return edge

    def _add(self, kind: str, name: str, inputs: list[Edge], lanes: int, **more) -> Edge:
        part = Part(kind, name, tuple(inputs), lanes, **more)
        self.parts.append(part)
        plan = part.plan
        if kind == "argmax":
            bits, signed = (part.number - 1).bit_length(), False
        elif plan is not None:
            bits, signed = plan.step.out_bits, kind == "engine" and plan.step.levels is None
        else:
            bits, signed = inputs[0].bits, inputs[0].signed
        return Edge(len(self.parts) - 1, lanes, bits, signed)


def _codes(step, source: str):
    """Type of the codes that ``step`` reads from ``source``."""
    codes = step.codes
    return codes[step.sources.index(source)] if isinstance(codes, tuple) else codes
