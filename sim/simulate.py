"""Simulates an accelerator bit by bit against the golden model."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import toolchain
from ..errors import BuildError, DataError, MismatchError, PlanError
from ..files import make_folder, write_file
from ..plan import Cycles, Plan
from ..plan.cycles import interval_of
from . import golden
from .streams import Stream, expected_streams, unpack

__all__ = ["SIMULATORS", "SimulationResult", "check", "simulate"]

SIMULATORS = ("verilator", "icarus")


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """What a simulation that found no mismatch measured.

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
        """For the report."""
        return {
            "simulator": self.simulator,
            "images": self.images,
            "mismatches": 0,
            "beats_compared": self.beats,
            "cycles_per_second": round(self.cycles_per_second),
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
    progress: Callable[[str, int], None] | None = None,
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
    progress : callable
        Called with a phase (``"build"``, ``"run"``) and the number of images done.

    Raises
    ------
    MismatchError
        At the first difference; the message says where, and waveforms of the images up to
        there are recorded.
    BuildError
        If the simulator fails, or the folder's path holds a space.
    DataError
        If there are no images, or they do not fit the network.
    PlanError
        If the simulator is unknown, or the probability of a stall none.
    ToolError
        If the simulator or a tool it needs is missing.
    """
    check(plan, images, folder, simulator=simulator, stalls=stalls)
    folder = make_folder(folder).absolute()
    streams = expected_streams(plan, images)
    job = {
        "simulator": simulator,
        "rtl": str(Path(rtl).absolute()),
        "toplevel": plan.network.name,
        "images": len(images),
        "stalls": stalls,
        "seed": seed,
        "waves": waves,
        "patience": _patience(plan, stalls),
        "streams": [
            {"name": stream.name, "prefix": stream.prefix, "per_image": stream.per_image}
            for stream in streams
        ],
    }
    result = _run(job, streams, folder, progress)
    mismatch = result["mismatch"]
    if mismatch is None:
        cycles = None
        if not stalls:
            left = result["left"]
            settled, period = plan.cycles.settled, plan.cycles.period
            interval = interval_of(left, settled, period)
            cycles = Cycles(left[0] - result["entered"][0], interval, settled, period)
        outputs = _outputs(streams[-1], result["outputs"], len(images))
        return SimulationResult(
            simulator=simulator,
            images=len(images),
            beats=sum(result["beats"][1:]),
            cycles=cycles,
            cycles_per_second=result["cycles"] / max(result["seconds"], 1e-9),
            stalls=stalls,
            outputs=outputs,
            classes=_classes(plan, outputs),
            waves=_waves(folder) if waves else None,
        )
    message = _explain(plan, streams, mismatch)
    if not waves:
        image = len(result["left"])
        if "beat" in mismatch:
            image = mismatch["beat"] // streams[mismatch["stream"]].per_image
        _run(job | {"waves": True, "images": image + 1}, streams, folder, None)
    raise MismatchError(f"{message}; waveforms are in {_waves(folder)}")


def check(
    plan: Plan, images: np.ndarray, folder: Path | str, *, simulator: str, stalls: float
) -> None:
    """Raise what :func:`simulate` would raise before it writes anything."""
    if simulator not in SIMULATORS:
        raise PlanError(f"simulators are {' and '.join(SIMULATORS)}, not {simulator!r}")
    if not 0 <= stalls < 1:
        raise PlanError(f"the probability of a stall must be at least 0 and below 1, not {stalls}")
    if len(images) == 0:
        raise DataError("there is no image to simulate")
    golden.require_images(plan.network, images)
    if any(character.isspace() for character in str(Path(folder).absolute())):
        raise BuildError(
            f"GNU Make, which compiles simulations, knows no folders with spaces such as "
            f"'{folder}'; choose another with -o"
        )
    toolchain.environment(*_TOOLS[simulator])


def _patience(plan: Plan, stalls: float) -> int:
    """Cycles without any transfer after which the hardware is taken for stuck."""
    return round((1000 + 2 * sum(step.cycles for step in plan.steps)) / (1 - stalls))


def _run(job: dict, streams: list[Stream], folder: Path, progress) -> dict:
    """Run one job in a process of its own and return what its testbench measured."""
    for stale in ("built", "progress", "result.json"):
        (folder / stale).unlink(missing_ok=True)
    write_file(folder / "job.json", json.dumps(job, indent=1, sort_keys=True))
    np.savez(
        folder / "beats.npz",
        allow_pickle=False,
        **{str(index): stream.beats for index, stream in enumerate(streams)},
    )
    environment = toolchain.environment(*_TOOLS[job["simulator"]]) | {"MAKEFLAGS": _MAKEFLAGS}
    log = folder / "simulation.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "threefold.sim.runner", str(folder)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(0.05)
                if progress:
                    built = (folder / "built").exists()
                    progress("run" if built else "build", _images_done(folder))
        except BaseException:
            _kill(process)
            raise
    if not (folder / "result.json").exists():
        raise BuildError(f"{job['simulator']} failed; see {log}")
    if progress:
        progress("run", job["images"])
    return json.loads((folder / "result.json").read_text())


# The packaged Verilator lacks the flag that includes its precompiled header.
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O1"
_TOOLS = {"verilator": ("verilator", "perl", "g++", "make"), "icarus": ("iverilog", "vvp")}


def _kill(process: subprocess.Popen) -> None:
    """End the simulator and the compilers it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _images_done(folder: Path) -> int:
    try:
        return int((folder / "progress").read_text() or 0)
    except FileNotFoundError:
        return 0


def _waves(folder: Path) -> Path | None:
    return next((path for name in ("dump.vcd", "dump.fst") for path in folder.rglob(name)), None)


def _outputs(stream: Stream, payloads: list[str], images: int) -> np.ndarray:
    beats = [unpack(int(text, 16), stream.bits, stream.lanes, stream.signed) for text in payloads]
    return np.array(beats, np.int64).reshape(images, -1)


def _classes(plan: Plan, outputs: np.ndarray) -> np.ndarray | None:
    if plan.steps[-1].step.pixels != 1:
        return None
    return outputs[:, 0] if plan.argmax else outputs.argmax(axis=1)


def _explain(plan: Plan, streams: list[Stream], mismatch: dict) -> str:
    """Where hardware and golden model part: layer, image, pixel, channel, both values."""
    if "stuck" in mismatch:
        return f"the hardware stopped at cycle {mismatch['stuck']}: nothing moves any more"
    stream = streams[mismatch["stream"]]
    image, beat = divmod(mismatch["beat"], stream.per_image)
    got = unpack(mismatch["payload"], stream.bits, stream.lanes, stream.signed)
    if mismatch["expected"] is None:
        return f"{stream.name!r} gives {got} after the last image, where nothing is expected"
    wanted = unpack(mismatch["expected"], stream.bits, stream.lanes, stream.signed)
    lane = next(lane for lane in range(stream.lanes) if got[lane] != wanted[lane])
    _, width, channels = plan.network.types[stream.name].shape
    pixel, channel = divmod(beat * stream.lanes + lane, channels)
    return (
        f"{stream.name!r} differs from the golden model: image {image}, "
        f"pixel ({pixel // width}, {pixel % width}), channel {channel} is {got[lane]}, "
        f"not {wanted[lane]}"
    )
