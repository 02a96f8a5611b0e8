"""Simulation of networks that are loaded into the same hardware one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from threefold.errors import DataError, MismatchError
from threefold.lock import locked
from threefold.network import Network
from threefold.plan import Plan, image_of, reloaded
from threefold.plan.cycle_model.cycles import trace
from threefold.progress import Progress, no_progress

from . import bench, golden
from .job import Job
from .simulate import check, explain, outputs_of, patience
from .streams import Stream, streams_of

__all__ = ["LoadedRun", "simulate_loading"]


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """Measurements of the images that were computed with a program image.

    Attributes
    ----------
    network : str
        Name of the network.
    images : int
    latency : int
        Cycles of the first image, from its first word to its last result.
    interval : int or None
        Cycles between images; None for a single one.
    outputs : array of int64, shape (images, outputs)
        What left the hardware: logits, codes, or class indices.
    """

    network: str
    images: int
    latency: int
    interval: int | None
    outputs: np.ndarray


def simulate_loading(
    plan: Plan,
    rtl: Path | str,
    loads: Sequence[tuple[Network, np.ndarray]],
    folder: Path | str,
    *,
    simulator: str = "verilator",
    progress: Progress = no_progress,
) -> list[LoadedRun]:
    """Load networks into the Verilog of a plan, run images through each, and compare the results.

    A program image is offered when the last image of the network before has entered, and is taken
    when that has left. Every result is compared with the golden model, and the cycle in which each
    image leaves with the prediction.

    Parameters
    ----------
    plan : Plan
        With a loadable unit; what the Verilog was generated from.
    rtl : Path
        The Verilog; its top module is named like the network of the plan.
    loads : sequence of (Network, array of int, shape (images, height, width, channels))
        The networks in the order in which they are loaded, each with its images.
    folder : Path
        For the simulator's build and its log.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    progress : Progress
        Told ``"compile"`` and ``"simulate"``, with the share of the images that have left.

    Raises
    ------
    MismatchError
        At the first difference, or if an image leaves in another cycle than predicted.
    BuildError
        If the simulator fails, another simulation is at work in the folder, or a character of
        the folder's path is one that GNU Make does not take.
    DataError
        If nothing is loaded, or images are missing or do not fit their network.
    PlanError
        If the simulator is unknown, or a network cannot be loaded.
    ToolError
        If the simulator or a tool it needs is missing.
    """
    if not loads:
        raise DataError("there is no network to load")
    plans = [reloaded(plan, network) for network, _ in loads]
    for made, (_, images) in zip(plans, loads, strict=True):
        check(made, images, folder, simulator=simulator, stalls=0.0)
    ends = list(accumulate(len(images) for _, images in loads))
    with locked(folder):
        path = Path(folder).absolute()
        first, *_, last = streams_of(plan)
        job = Job(plan, Path(rtl).read_text(), [first, last], path, simulator)
        programs = [(image_of(plan, network), len(images)) for network, images in loads]
        bench.write_programs(programs, path)
        values = (_ends_of(made, images) for made, (_, images) in zip(plans, loads, strict=True))
        bench.write_beats([replace(first, name="i"), replace(last, name="o")], values, path)
        events, _ = job.run(
            bench.arguments(
                images=ends[-1], patience=max(map(patience, plans)), stalls=0.0, seed=0
            ),
            waves=False,
            progress=lambda what, done: progress(what, done / ends[-1]),
        )
    _require_equal(plans, [first, last], ends, events)
    outputs = outputs_of(last, events.outputs, ends[-1])
    return [
        _run(made, outputs[start:end], events.entered[start:end], events.left[start:end])
        for made, (start, end) in zip(plans, pairwise([0, *ends]), strict=True)
    ]


def _ends_of(plan: Plan, images: np.ndarray) -> Mapping[str, np.ndarray]:
    """What enters and leaves."""
    last = plan.units[-1].stream
    results = [values[last] for values in golden.batches(plan.network, images)]
    return {"i": images, "o": np.concatenate(results)}


def _require_equal(
    plans: Sequence[Plan], streams: list[Stream], ends: Sequence[int], events: bench.Events
) -> None:
    """Raise if a result differs, or nothing moves any more."""
    difference = events.difference
    if difference is None and events.stuck is None:
        return
    place = len(events.left)
    if difference is not None:
        place = difference.beat // streams[difference.stream].per_image
    number = min(sum(place >= end for end in ends), len(plans) - 1)
    made, start = plans[number], [0, *ends][number]
    first, *_, last = streams_of(made)
    if difference is not None:
        beat = difference.beat - start * streams[difference.stream].per_image
        events = replace(events, difference=replace(difference, beat=beat))
    told = explain(made, [first, last], events)
    raise MismatchError(f"load {number}, {made.network.name!r}: {told}")


def _run(plan: Plan, outputs: np.ndarray, entered: list[int], left: list[int]) -> LoadedRun:
    """Measurements, or an error if a cycle is not the predicted one."""
    predicted = trace(plan.netlist.stages, len(left)).left.tolist()
    for image, (measured, wanted) in enumerate(zip(left, predicted, strict=True)):
        if measured - entered[0] != wanted:
            raise MismatchError(
                f"image {image} of {plan.network.name!r} leaves after {measured - entered[0]:,} "
                f"cycles, not {wanted:,} as predicted"
            )
    interval = left[-1] - left[-2] if len(left) > 1 else None
    return LoadedRun(plan.network.name, len(left), left[0] - entered[0], interval, outputs)
