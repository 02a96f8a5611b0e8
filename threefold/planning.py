"""Planning for a board: foldings that fit its device, with what memories it has."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from . import boards
from .errors import PlanError
from .hw.sdram.board import board_feeds
from .network import Network
from .plan import Folding, Plan, covering, fit, fold, lower, require_room
from .plan.search.batches import batched
from .plan.search.fold import plan_of
from .plan.search.outside import fit_outside
from .plan.search.runs import runs_of
from .plan.units import kind_for
from .plan.units.sequential import SequentialUnit
from .plan.units.streamed import StreamedUnit
from .progress import Progress, no_progress

__all__ = ["plan_for_board"]

_MOST_BATCH = 128  # that registers can tell


def plan_for_board(
    network: Network,
    board: str = "icebreaker",
    *,
    foldings: Mapping[str, Folding | str] | None = None,
    sequential: Mapping[str, Folding | None] | None = None,
    loadable: Sequence[Network] | None = None,
    sdram: int | None = None,
    clock_mhz: float | None = None,
    batch: int = 1,
    interval: int | None = None,
    fastest: bool = False,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    widths: Sequence[str] = (),
    kinds: Sequence[str] = (),
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
        Of layers, by name; ``"unrolled"`` for adders of its own for every weight, ``"serial"`` for
        such adders of a digit, ``"stationary"`` for an accumulator for every row. The others are
        chosen.
    sequential : mapping of str to Folding or None
        Layers that one array takes in turn, by ``"first..last"``, names of the first and the last
        of them, with the folding of the array or None, where it is chosen. Left out, as many as can
        take turns if nothing else fits; with an empty mapping, none.
    loadable : sequence of Network
        Makes contents of the array of layers in turn come from outside, with room for these
        networks as well; with an empty sequence, for what this one needs. Without ``sequential`` it
        is the longest run of layers there is. Left out, nothing is loadable.
    sdram : int
        Takes the weights of an array of layers in turn from the SDRAM of the board, anew for each
        image; its frequency by that of the accelerator, 1 or 2, or 0 for what is faster. Without
        ``sequential`` they are the layers from the first or second one with weights on. Left out,
        all weights are on the chip.
    clock_mhz : float
        Frequency of the accelerator that times of the SDRAM are planned for, in MHz; that of the
        board if left out, or less where the SDRAM has twice that.
    batch : int
        Images that share what is read of the SDRAM where that is faster; see :func:`batched`.
    interval : int
        Cycles between images to keep with the least logic.
    fastest : bool
        Whether to take the fewest cycles between images that fit. Without either, the plan is that
        of the knee; see :func:`~threefold.plan.fit`.
    memories, forms : mapping of str to str
        Memories of buffers and forms of requantizers, as in :func:`~threefold.plan.fold`.
    widths : sequence of str
        Narrower widths of the network that the hardware computes as well, image by image.
    kinds : sequence of str
        Kinds of units to try besides engines where foldings are chosen, as in
        :func:`~threefold.plan.fit`.
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
    decided = {"sequential": sequential, "memories": memories, "forms": forms, "progress": progress}
    if sdram is None:
        _require_on_chip(clock_mhz, batch)
    else:
        if widths:
            raise PlanError("weights in an SDRAM are those of the whole network; leave widths out")
        feeds = board_feeds(target, clock_mhz=clock_mhz, ratio=sdram or None)
        limits = {"interval": interval, "foldings": foldings, "kinds": kinds}
        plan = fit_outside(network, target.device, feeds, board=board, **limits, **decided)
        return _outside(plan, batch, loadable, target, memories or {})
    decided |= {"loadable": loadable is not None, "widths": widths}
    limits = {"interval": interval, "fastest": fastest, "foldings": foldings, "kinds": kinds}
    try:
        return _on_chip(network, target, loadable, limits, decided)
    except PlanError as error:
        if loadable is not None or interval is not None or widths or not _has_sdram(target):
            raise
        outside = {"sequential": sequential, "memories": memories, "forms": forms}
        with suppress(PlanError):
            fit_outside(
                network,
                target.device,
                board_feeds(target),
                board=board,
                foldings=foldings,
                kinds=kinds,
                progress=progress,
                **outside,
            )
            error = PlanError(f"{error}; with its weights in the SDRAM it fits: --sdram")
        raise error from None


def _require_on_chip(clock_mhz: float | None, batch: int) -> None:
    """Check that nothing is asked for that only a plan with weights in an SDRAM has."""
    if clock_mhz is not None:
        raise PlanError(
            f"a plan is for a clock, here {clock_mhz:g} MHz, if its weights are in an SDRAM; "
            f"leave the clock out"
        )
    if batch != 1:
        raise PlanError(
            f"images share what is read of an SDRAM; without one, leave the batch of {batch} out"
        )


def _outside(
    plan: Plan,
    batch: int,
    loadable: Sequence[Network] | None,
    target: boards.Target,
    memories: Mapping[str, str],
) -> Plan:
    """The plan with room for a batch and further networks, its maps in parts if need be."""
    unit = plan.streamed
    assert isinstance(unit, StreamedUnit)
    try:
        return _placed(_batched(plan, batch), loadable, target)
    except PlanError:
        decided = any(layer.name in memories for layer in unit.layers)
        if decided or unit.memory != "auto" or not target.device.family.split_worth:
            raise
    parted = replace(unit, memory="split")
    units = tuple(parted if each is unit else each for each in plan.units)
    return _placed(_batched(plan_of(plan.network, units), batch), loadable, target)


def _batched(plan: Plan, batch: int) -> Plan:
    """The plan for images in batches."""
    if not 1 <= batch <= _MOST_BATCH:
        raise PlanError(f"a batch has 1 to {_MOST_BATCH} images, not {batch}")
    unit = plan.streamed
    assert isinstance(unit, StreamedUnit)
    if batch == 1:
        return plan
    shared = batched(unit, batch)
    return plan_of(plan.network, tuple(shared if each is unit else each for each in plan.units))


def _on_chip(
    network: Network,
    target: boards.Target,
    loadable: Sequence[Network] | None,
    limits: dict,
    decided: dict,
) -> Plan:
    """The plan of a network whose weights are on the chip, which fits a target.

    Parameters
    ----------
    network : Network
    target : Target
    loadable : sequence of Network
    limits, decided : dict
        Parameters of :func:`~threefold.plan.fit`, and those that :func:`~threefold.plan.fold` has
        as well.
    """
    if limits["interval"] is None and _is_given(
        network, limits["foldings"] or {}, decided["sequential"] or {}
    ):
        plan, refusals = fold(network, limits["foldings"] or {}, **decided), []
        for each in _smaller(plan, target, decided["memories"] or {}, decided["forms"] or {}):
            try:
                return _placed(each, loadable, target)
            except PlanError as error:
                refusals.append(error)
        raise refusals[0]
    plan = fit(network, target.device, board=target.name, **limits, **decided)
    return _placed(plan, loadable, target)


def _has_sdram(target: boards.Target) -> bool:
    return isinstance(target, boards.Board) and target.sdram is not None


def _smaller(
    plan: Plan, target: boards.Target, memories: Mapping[str, str], forms: Mapping[str, str]
) -> Iterator[Plan]:
    """The plan, then those in which an array for layers in turn makes fewer codes at once.

    Last are those with its maps in single-port RAM, unless it is decided where they are.
    """
    yield plan
    for place, unit in enumerate(plan.units):
        if not isinstance(unit, SequentialUnit):
            continue
        fixed = {"form": forms[unit.name]} if unit.name in forms else {}
        kinds = [unit.memory]
        if target.device.spram and unit.name not in memories:
            kinds.append("spram")
        for kind in kinds:
            variants = unit.placed({"memory": kind}).variants(fixed)
            for each in sorted(variants, key=lambda each: each.interval):
                if each.lanes < unit.lanes or kind != unit.memory:
                    units = (*plan.units[:place], each, *plan.units[place + 1 :])
                    yield plan_of(plan.network, units, widths=plan.widths)


def _placed(plan: Plan, loadable: Sequence[Network] | None, target: boards.Target) -> Plan:
    """The plan for a board that it fits, with room for further networks if it is loadable."""
    plan = replace(plan, board=target.name)
    if plan.streamed:
        plan = covering(plan, loadable) if loadable else plan
    elif loadable is not None:
        return _with_room(plan, loadable, target)
    require_room(plan.resources(target.family), target.device, target.name)
    return plan


def _with_room(plan: Plan, networks: Sequence[Network], target: boards.Target) -> Plan:
    """The plan with room for further networks, its program in single-port RAM if that has room."""
    made = covering(plan, networks, store="spram")
    if not target.family.single_port or made.resources(target.family).spram > target.device.spram:
        made = covering(plan, networks)
    require_room(made.resources(target.family), target.device, target.name)
    return made


def _is_given(
    network: Network,
    foldings: Mapping[str, Folding | str],
    sequential: Mapping[str, Folding | None],
) -> bool:
    """Whether every array has its folding."""
    if not (foldings or sequential) or None in sequential.values():
        return False
    layers = lower(network)
    together = {layer.name for run in runs_of(layers, sequential) for layer in run.layers}
    arrays = {layer.name for layer in layers if not kind_for((layer,)).paced}
    return arrays - together <= set(foldings)
