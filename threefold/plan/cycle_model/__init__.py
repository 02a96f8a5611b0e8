"""Cycle model: the handshakes of an accelerator, cycle by cycle."""

from .cycles import Cycles, Trace, interval_of, predict, replay, trace
from .stages import StageBuilder, Stages

__all__ = ["Cycles", "StageBuilder", "Stages", "Trace", "interval_of", "predict", "replay", "trace"]
