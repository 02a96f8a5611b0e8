"""Accelerator bench: images through an accelerator in Amaranth's simulator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from threefold.errors import MismatchError
from threefold.fpga import Family
from threefold.hw.accelerator import Accelerator
from threefold.plan import Plan, image_of
from threefold.plan.cycle_model import interval_of
from threefold.plan.cycle_model.cycles import trace

from .. import golden
from ..feed import feed_model
from ..mismatch import describe
from .bench import StreamBench, Traffic

__all__ = ["AcceleratorBench", "AcceleratorRun"]


@dataclass(frozen=True, eq=False)
class AcceleratorRun:
    """Outputs of an accelerator, and the cycles in which they left.

    Attributes
    ----------
    outputs : array of int64, shape (images, outputs)
        Logits, codes or class indices of each image, in order of height, width and channel.
    left : list of int
        Cycle in which the last output of each image left, counted from that in which the first
        word of the first image entered.
    traffic : Traffic
        Beats of all images, and the stalls between them.
    """

    outputs: np.ndarray
    left: list[int]
    traffic: Traffic


class AcceleratorBench:
    """An accelerator in Amaranth's simulator, without Verilog; each run starts from reset.

    It suits networks of some thousand operations;
    :func:`threefold.sim.simulate.simulate` is made for larger ones.

    Parameters
    ----------
    plan : Plan
    family : Family or str, optional
        FPGA family, or its name, whose form of the accelerator is elaborated.
    hardware : Plan, optional
        The plan whose hardware ``plan`` is loaded into; see :func:`~threefold.plan.reloaded`.

    Examples
    --------
    >>> from threefold.network import Codes, Dense, Logits, Network, Tensor
    >>> from threefold.plan import Folding, fold
    >>> ops = [("fc1", Dense([[1, -1, 0, 1], [0, 1, 1, -1]])), ("logits", Logits([0, 5]))]
    >>> network = Network.chain("tiny", Tensor((1, 1, 4), Codes.unsigned(2)), ops)
    >>> bench = AcceleratorBench(fold(network, {"fc1": Folding(1, 2)}))
    >>> images = np.array([[0, 1, 2, 3], [3, 0, 0, 0], [1, 1, 1, 1]]).reshape(3, 1, 1, 4)
    >>> bench.check(images).outputs.tolist()
    [[2, 5], [3, 5], [1, 6]]
    """

    def __init__(
        self, plan: Plan, *, family: Family | str | None = None, hardware: Plan | None = None
    ):
        self._plan = plan
        image = image_of(hardware or plan, plan.network) if plan.loadable else b""
        dut: Any = Accelerator(hardware or plan)
        beside = []
        if plan.streamed:
            memory = feed_model(plan)

            async def serve(ctx):
                await memory.serve(ctx, dut.frames)

            beside.append(serve)
        self._bench = StreamBench(dut, family=family, image=image, beside=beside)

    def run(
        self,
        images: np.ndarray,
        *,
        stalls: float = 0.0,
        seed: int = 0,
        widths: Sequence[int] | None = None,
    ) -> AcceleratorRun:
        """Run images through the accelerator.

        Parameters
        ----------
        images : array of int, shape (images, height, width, channels)
            Codes of the network's input.
        stalls, seed
            As for :meth:`StreamBench.run`.
        widths : sequence of int, optional
            Width of each image, as :attr:`Plan.widths` numbers them; 0 for the whole network.

        Raises
        ------
        MismatchError
            If fewer or more beats leave than the images have.
        """
        beats = self._plan.ports.output.beats
        count = len(images) * beats
        words = images.reshape(-1, self._plan.ports.input.type.lanes)
        patience = 5000 + 2 * sum(unit.interval for unit in self._plan.units)
        traffic = self._bench.run(
            words,
            count,
            stalls=stalls,
            seed=seed,
            patience=patience,
            beside=self._beside(images, widths),
        )
        if len(traffic.beats) != count:
            raise MismatchError(
                f"{len(traffic.beats)} beats leave {self._plan.network.name!r}, not {count}; "
                f"seed {seed}"
            )
        left = [cycle - traffic.entered[0] for cycle in traffic.left[beats - 1 :: beats]]
        return AcceleratorRun(np.array(traffic.beats).reshape(len(images), -1), left, traffic)

    def _beside(self, images: np.ndarray, widths: Sequence[int] | None) -> dict[str, Sequence[int]]:
        """What enters beside each beat."""
        if not self._plan.widths:
            return {}
        each = np.zeros(len(images), int) if widths is None else np.asarray(widths)
        return {"width": np.repeat(each, self._plan.ports.input.beats).tolist()}

    def check(
        self,
        images: np.ndarray,
        *,
        stalls: float = 0.0,
        seed: int = 0,
        widths: Sequence[int] | None = None,
    ) -> AcceleratorRun:
        """Run images and compare outputs with the golden model, and cycles with the plan's.

        Cycles are compared where nothing stalls; the interval, where there are at least
        ``plan.cycles.images`` images, which it takes to be steady. Images of several widths leave
        in the very cycles that the cycle model says.

        Raises
        ------
        MismatchError
            At the first output that differs, or if latency or interval are not as predicted.
        DataError
            If the images do not fit the network.
        """
        expected = _expected(self._plan, images, widths)
        run = self.run(images, stalls=stalls, seed=seed, widths=widths)
        found = run.outputs.reshape(expected.shape)
        if not np.array_equal(found, expected):
            where = tuple(np.argwhere(found != expected)[0])
            node = self._plan.network.output.name
            raise MismatchError(describe(node, where, found[where], expected[where]))
        if not stalls and widths is not None:
            self._check_left(run.left, widths)
        elif not stalls:
            self._check_cycles(run.left)
        return run

    def _check_left(self, left: list[int], widths: Sequence[int]) -> None:
        stages = self._plan.netlist.stages
        predicted = trace(stages, len(widths), widths=widths).left.tolist()
        if left != predicted:
            raise MismatchError(
                f"images of {self._plan.network.name!r} at widths {list(widths)} leave in cycles "
                f"{left}, not {predicted} as predicted"
            )

    def _check_cycles(self, left: list[int]) -> None:
        name, cycles = self._plan.network.name, self._plan.cycles
        if left[0] != cycles.latency:
            raise MismatchError(
                f"the latency of {name!r} is {left[0]} cycles, not {cycles.latency} as predicted"
            )
        interval = interval_of(left, cycles.settled, cycles.period)
        if len(left) >= cycles.images and interval != cycles.interval:
            raise MismatchError(
                f"the interval of {name!r} is {interval} cycles, not {cycles.interval} as predicted"
            )


def _expected(plan: Plan, images: np.ndarray, widths: Sequence[int] | None) -> np.ndarray:
    """What the golden model says of images, each at its width."""
    whole = golden.run(plan.network, images)
    for width in set(widths or ()) - {0}:
        here = np.flatnonzero(np.asarray(widths) == width)
        whole[here] = golden.run(plan.network.at(plan.widths[width - 1]), images[here])
    return whole
