"""Simulation of an accelerator, bit by bit against the golden model."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from threefold.errors import BuildError, DataError, MismatchError, PlanError
from threefold.files import write_file
from threefold.lock import locked
from threefold.plan import Cycles, Plan, image_of
from threefold.plan.cycle_model import interval_of
from threefold.plan.cycle_model.cycles import trace
from threefold.progress import Progress, no_progress
from threefold.tools import toolchain

from . import bench, golden
from .feed import feed_model
from .job import TOOLS, Job
from .mismatch import describe
from .streams import Stream, streams_of, unpack, unpack_bits
from .widths import expected_values, numbers_of

__all__ = [
    "SIMULATORS",
    "SimulationResult",
    "check",
    "explain",
    "outputs_of",
    "patience",
    "simulate",
]

SIMULATORS = ("verilator", "icarus")


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """Measurements of a simulation without mismatch.

    Attributes
    ----------
    simulator : str
    images : int
    beats : int
        Beats compared with the golden model, over all streams.
    cycles : Cycles or None
        Measured latency and interval; None with random stalls, which change both. The
        interval is not a number if there were too few images for it to be steady.
    cycles_per_second : float
        Speed of the simulation itself.
    stalls : float
    outputs : array of int64, shape (images, outputs)
        What left the hardware: logits, codes, or class indices.
    classes : array of int64, shape (images,), or None
        Class of each image by the hardware's outputs; None where these have several pixels.
    waves : Path or None
    """

    simulator: str
    images: int
    beats: int
    cycles: Cycles | None
    cycles_per_second: float
    stalls: float
    outputs: np.ndarray
    classes: np.ndarray | None
    waves: Path | None

    def to_json(self) -> dict:
        """What the report shows: the same for the same simulation."""
        return {
            "simulator": self.simulator,
            "images": self.images,
            "mismatches": 0,
            "beats_compared": self.beats,
            "stalls": self.stalls,
        }


def simulate(
    plan: Plan,
    rtl: Path | str,
    images: np.ndarray,
    folder: Path | str,
    *,
    simulator: str = "verilator",
    stalls: float = 0.0,
    seed: int = 0,
    waves: bool = False,
    widths: Sequence[str] = (),
    progress: Progress = no_progress,
) -> SimulationResult:
    """Run images through Verilog and compare every stream with the golden model.

    Parameters
    ----------
    plan : Plan
        What the Verilog was generated from.
    rtl : Path
        The Verilog; its top module is named like the network.
    images : array of int, shape (images, height, width, channels)
    folder : Path
        For the simulator's build, its log and waveforms.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    stalls : float
        Probability that the source has nothing, and that the sink takes nothing, in a cycle.
    seed : int
        Seed of the stalls.
    waves : bool
        Record waveforms.
    widths : sequence of str
        Widths of the network at which the images are computed, in turn; an empty name is the whole,
        and so are all if left out. The plan has to have them.
    progress : Progress
        Told ``"compile"`` and ``"simulate"``, with the share of the images that have left.

    Raises
    ------
    MismatchError
        At the first difference; the message says where, and waveforms of the images up to
        there are recorded. Also if images at widths of their own leave in other cycles than the
        cycle model says.
    BuildError
        If the simulator fails, another simulation is at work in the folder, or a character of
        the folder's path is one that GNU Make does not take.
    DataError
        If there are no images, or they do not fit the network.
    PlanError
        If the simulator is unknown, the probability of a stall none, or the plan lacks a width.
    ToolError
        If the simulator or a tool it needs is missing.
    """
    check(plan, images, folder, simulator=simulator, stalls=stalls, widths=widths)
    with locked(folder):
        return _simulate(
            plan,
            Path(rtl).read_text(),
            images,
            Path(folder).absolute(),
            simulator=simulator,
            stalls=stalls,
            seed=seed,
            waves=waves,
            numbers=numbers_of(plan, widths, len(images)),
            progress=progress,
        )


def _simulate(
    plan: Plan,
    rtl: str,
    images: np.ndarray,
    folder: Path,
    *,
    simulator: str,
    stalls: float,
    seed: int,
    waves: bool,
    numbers: list[int],
    progress: Progress,
) -> SimulationResult:
    streams = streams_of(plan)
    job = Job(plan, rtl, streams, folder, simulator)
    if plan.loadable:
        bench.write_programs([(image_of(plan), len(images))], folder)
    if plan.streamed:
        bench.write_words(feed_model(plan), folder)
    if plan.widths:
        write_file(folder / bench.WIDTHS, bytes(numbers))
    bench.write_beats(streams, expected_values(plan, images, numbers), folder, numbers)
    options = {"patience": patience(plan, stalls), "stalls": stalls, "seed": seed}
    events, seconds = job.run(
        bench.arguments(images=len(images), **options) + bench.beats_of(streams, numbers),
        waves=waves,
        progress=lambda what, done: progress(what, done / len(images)),
    )
    if events.difference is None and events.stuck is None:
        if (any(numbers) or plan.batch > 1) and not stalls:
            _check_left(plan, events, numbers)
        outputs = outputs_of(streams[-1], events.outputs, len(images))
        return SimulationResult(
            simulator=simulator,
            images=len(images),
            beats=sum(events.passed[1:]),
            cycles=None if stalls or any(numbers) else _cycles(plan, events),
            cycles_per_second=events.cycles / max(seconds, 1e-9),
            stalls=stalls,
            outputs=outputs,
            classes=_classes(plan, outputs),
            waves=_waves(folder) if waves else None,
        )
    if not waves:
        last = len(events.left)
        if events.difference is not None:
            stream = streams[events.difference.stream]
            last = min(stream.image_of(events.difference.beat, numbers)[0], len(images) - 1)
        last += -(last + 1) % plan.batch
        again = bench.beats_of(streams, numbers[: last + 1])
        job.run(bench.arguments(images=last + 1, **options) + again, waves=True)
    told = explain(plan, streams, events, numbers)
    raise MismatchError(f"{told}; waveforms are in {_waves(folder)}")


def check(
    plan: Plan,
    images: np.ndarray,
    folder: Path | str,
    *,
    simulator: str,
    stalls: float,
    widths: Sequence[str] = (),
) -> None:
    """Raise what :func:`simulate` would raise before it writes anything."""
    if simulator not in SIMULATORS:
        raise PlanError(f"simulators are {' and '.join(SIMULATORS)}, not {simulator!r}")
    if not 0 <= stalls < 1:
        raise PlanError(f"the probability of a stall must be at least 0 and below 1, not {stalls}")
    if len(images) == 0:
        raise DataError("there is no image to simulate")
    golden.require_images(plan.network, images)
    if len(images) % plan.batch:
        raise DataError(
            f"images of {plan.network.name!r} come in batches of {plan.batch}, not {len(images)}"
        )
    numbers_of(plan, widths, len(images))
    for character in str(Path(folder).absolute()):
        if character.isspace() or (character.isascii() and character not in _PATH):
            what = "spaces" if character.isspace() else character
            raise BuildError(
                f"GNU Make, which compiles simulations, knows no folders with {what} such as "
                f"'{folder}'; choose another with -o"
            )
    toolchain.environment(*TOOLS[simulator])


def patience(plan: Plan, stalls: float = 0.0) -> int:
    """Cycles without any transfer after which the hardware is taken for stuck."""
    return round((1000 + 2 * sum(unit.interval for unit in plan.units)) / (1 - stalls))


def _cycles(plan: Plan, events: bench.Events) -> Cycles:
    settled, period = plan.cycles.settled, plan.cycles.period
    interval = interval_of(events.left, settled, period)
    return Cycles(events.left[0] - events.entered[0], interval, settled, period)


def _check_left(plan: Plan, events: bench.Events, numbers: list[int]) -> None:
    """Raise unless each image leaves in the cycle that is predicted."""
    predicted = trace(plan.netlist.stages, len(numbers), widths=numbers).left.tolist()
    for image, cycles in enumerate(predicted):
        measured = events.left[image] - events.entered[0]
        if measured != cycles:
            raise MismatchError(
                f"image {image} leaves after {measured:,} cycles, not {cycles:,} as predicted"
                f"{' for these widths' if any(numbers) else ''}"
            )


# What Make and the shell take as it is, besides what is no ASCII.
_PATH = string.ascii_letters + string.digits + "/._-+@,~"


def _waves(folder: Path) -> Path | None:
    """The waveforms of the latest run: Verilator's ``dump.vcd``, or Icarus's ``dump.fst``."""
    found = filter(Path.exists, (folder / "dump.vcd", folder / "dump.fst"))
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def outputs_of(stream: Stream, payloads: list[str], images: int) -> np.ndarray:
    """Outputs of images, from the payloads that left: int64, shape (images, outputs)."""
    beats = [unpack(int(text, 16), stream.bits, stream.lanes, stream.signed) for text in payloads]
    return np.array(beats, np.int64).reshape(images, -1)


def _classes(plan: Plan, outputs: np.ndarray) -> np.ndarray | None:
    if outputs.shape[1] != plan.ports.output.tensor.shape[2]:
        return None  # an image has several pixels
    return outputs[:, 0] if plan.ports.gives_class else outputs.argmax(axis=1)


def explain(
    plan: Plan, streams: list[Stream], events: bench.Events, widths: Sequence[int] = ()
) -> str:
    """Where hardware and golden model part: layer, image, pixel, channel, both values.

    ``widths`` are those of the images, if not all are computed at the whole.
    """
    difference = events.difference
    if difference is None:
        return f"the hardware stopped at cycle {events.stuck}: nothing moves any more"
    stream = streams[difference.stream]
    image, beat = stream.image_of(difference.beat, widths)
    got = unpack_bits(difference.payload, stream)
    if difference.expected is None:
        return f"{stream.name!r} gives {got} after the last image, where nothing is expected"
    wanted = unpack_bits(difference.expected, stream)
    lane = next(lane for lane in range(stream.lanes) if got[lane] != wanted[lane])
    _, width, channels = plan.network.types[stream.name].shape
    at = widths[image] if widths else 0
    pixel, channel = divmod(stream.place(beat, lane, at), channels)
    place = (image, *divmod(pixel, width), channel)
    return describe(stream.name, place, got[lane], wanted[lane])
