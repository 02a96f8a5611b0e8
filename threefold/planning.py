"""Planning for a board: foldings that fit its device, with what memories it has."""

from collections.abc import Mapping
from dataclasses import replace

from . import boards
from .network import Network
from .plan import Folding, Plan, fit, fold, lower, require_room
from .plan.units import kind_for
from .progress import Progress, no_progress

__all__ = ["plan_for_board"]


def plan_for_board(
    network: Network,
    board: str = "icebreaker",
    *,
    foldings: Mapping[str, Folding | str] | None = None,
    interval: int | None = None,
    fastest: bool = False,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """A plan of a network that fits a board.

    Parameters
    ----------
    network : Network
    board : str
        Name of the board, one of :data:`threefold.boards.BOARDS`, or of a target of one's own, by
        :meth:`threefold.boards.Target.limited`.
    foldings : mapping of str to Folding or str
        Of layers, by name; ``"unrolled"`` for adders of its own for every weight. The others are
        chosen.
    interval : int
        Cycles between images to keep with the least logic.
    fastest : bool
        Whether to take the fewest cycles between images that fit. Without either, the plan is that
        of the knee; see :func:`~threefold.plan.fit`.
    memories, forms : mapping of str to str
        Memories of buffers and forms of requantizers, as in :func:`~threefold.plan.fold`.
    progress : Progress
        Progress callback.

    Raises
    ------
    PlanError
        If the board is unknown, no such plan fits it, or a choice is for nothing there is or
        cannot be.
    """
    target = boards.get(board)
    target.check_memories(memories or {})
    if foldings and interval is None and _foldable(network) <= set(foldings):
        plan = fold(network, foldings, memories=memories, forms=forms, progress=progress)
        require_room(plan.resources(target.family), target.device, target.name)
    else:
        plan = fit(
            network,
            target.device,
            board=target.name,
            interval=interval,
            fastest=fastest,
            foldings=foldings,
            memories=memories,
            forms=forms,
            progress=progress,
        )
    return replace(plan, board=target.name)


def _foldable(network: Network) -> set[str]:
    """Names of the layers that have a folding."""
    return {layer.name for layer in lower(network) if not kind_for((layer,)).paced}
