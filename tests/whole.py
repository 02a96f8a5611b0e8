"""Any accelerator in Amaranth's simulator, and when the cycle model lets images leave."""

import numpy as np
from threefold.hw.accelerator import Accelerator

from threefold.plan import Plan
from threefold.plan.cycles import trace

from .accelerators import Run
from .streams import pass_through

__all__ = ["in_amaranth", "predicted"]


def in_amaranth(plan: Plan, images: np.ndarray, *, stalls: float = 0.0, seed: int = 0) -> Run:
    """Outputs of ``images``, in order of the stream, and the cycles in which they have left."""
    words, count = images.reshape(-1, plan.i_lanes), len(images) * plan.o_beats
    traffic = pass_through(Accelerator(plan), words, count, stalls=stalls, seed=seed)
    assert len(traffic.beats) == count, f"{len(traffic.beats)} beats, not {count}; seed {seed}"
    left = [cycle - traffic.entered[0] for cycle in traffic.left[plan.o_beats - 1 :: plan.o_beats]]
    return Run(np.array(traffic.beats).reshape(len(images), -1), left)


def predicted(plan: Plan, images: int) -> list[int]:
    """The cycles in which so many images leave without stalls."""
    return trace(plan.steps, plan.argmax, plan.buffers, images).left.tolist()
