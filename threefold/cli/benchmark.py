"""Benchmarks of the command line: images from a board's SDRAM, and what comes of them as text."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from ..host.benchmark import Measurement, load_set, measure, set_of
from ..host.session import Session
from ..network import Network, load
from ..products import Products
from ..samples import IMAGE, SampleWords, sample_words
from .loading import bytes_shown
from .note import note

__all__ = ["BenchmarkText", "benchmarked"]


class BenchmarkText(str):
    """Text of a benchmark; its exit status is 1 if the board computes otherwise than it should."""

    __slots__ = ("exit_code",)

    exit_code: int


@dataclass(frozen=True)
class _Expected:
    """What the golden model and the plan say.

    Attributes
    ----------
    results : list of list of int
    cycles, first : int
    interval : float
    """

    results: list[list[int]]
    cycles: int
    first: int
    interval: float


def benchmarked(
    session: Session,
    codes: np.ndarray,
    labels: np.ndarray | None,
    rounds: int,
    built: Path | None,
    console: Console,
) -> BenchmarkText:
    """Run images from the board's SDRAM, and tell what came of it beside what should.

    Parameters
    ----------
    session : Session
    codes : array of int, shape (images, inputs)
    labels : array of int, shape (images,), optional
    rounds : int
        How often.
    built : Path, optional
        The network on the board, whose plan is beside it.
    console : Console

    Raises
    ------
    DataError
        If images do not suit the board, or are too many for its SDRAM.
    LinkError
        If the board has no benchmark, or does not answer.
    """
    made = set_of(session, codes)
    with bytes_shown(console, len(made)) as show:
        is_new = load_set(session, made, show)
    note(console, f"loaded {len(made):,} bytes" if is_new else "the images were there already")
    found = measure(session, len(codes), rounds)
    network = load(built) if built else None
    expected = _expected(network, built, codes, rounds)
    if expected is None:
        note(console, "without threefold and the plan nothing is compared or predicted")
    words, board = sample_words(network) if network else IMAGE, session.board
    lines = [
        *_counted(found, labels, words, expected, board.gives_class),
        *_timed(found, expected, words, board.clock_hz),
    ]
    text = BenchmarkText("\n".join(lines))
    differs = expected is not None and found.results != expected.results
    text.exit_code = int(differs or not found.alike)
    return text


def _expected(
    network: Network | None, built: Path | None, codes: np.ndarray, rounds: int
) -> _Expected | None:
    """None where the plan is not there, or all that knows what to do with it."""
    if network is None or built is None or not (path := Products(built.parent).plan).is_file():
        return None
    try:
        from ..plan import load_plan
        from ..plan.cycle_model.runs import run_cycles
        from ..sim import golden
    except ModuleNotFoundError:
        return None
    plan = load_plan(network, path)
    images = codes.reshape(len(codes), *network.input.shape)
    cycles = run_cycles(plan.netlist.stages, len(codes) * rounds)
    return _Expected(
        golden.run(network, images).reshape(len(codes), -1).tolist(),
        cycles,
        plan.cycles.latency,
        plan.cycles.interval,
    )


def _counted(
    found: Measurement,
    labels: np.ndarray | None,
    words: SampleWords,
    expected: _Expected | None,
    gives_class: bool,
) -> list[str]:
    """Lines on what was computed."""
    count = len(found.results)
    often = f", {found.rounds:,} times" if found.rounds > 1 else ""
    lines = [f"{words.many:<10} {count:,}{often}, from the board's SDRAM"]
    if labels is not None and (classes := _classes(found.results, gives_class)) is not None:
        lines.append(f"accuracy   {(classes == labels).mean():.2%}")
    if expected is not None:
        pairs = zip(found.results, expected.results, strict=True)
        wrong = [index for index, (result, golden) in enumerate(pairs) if result != golden]
        told = f"DIFFERS for {len(wrong):,}, the first of them {wrong[0]:,}" if wrong else "equal"
        lines.append(f"golden     {told}")
    if not found.alike:
        lines.append("rounds     DIFFER from the last, whose results are told")
    return lines


def _classes(results: list[list[int]], gives_class: bool) -> np.ndarray | None:
    found = np.array(results)
    if not gives_class:
        return found.argmax(axis=1)
    return found[:, 0] if found.shape[1] == 1 else None


def _timed(
    found: Measurement, expected: _Expected | None, words: SampleWords, clock_hz: int
) -> list[str]:
    """Lines on cycles."""

    def beside(value: float | None) -> str:
        return "" if value is None else f", {value:,.10g} predicted"

    interval, first, cycles = (
        (expected.interval, expected.first, expected.cycles) if expected else (None, None, None)
    )
    lines = [f"first      {found.first:,} cycles{beside(first)}"]
    if found.images > 1:
        lines.append(f"each       {found.interval:,.10g} cycles{beside(interval)}")
    lines.append(f"all        {found.cycles:,} cycles{beside(cycles)}")
    limit = ""
    if found.stalls:
        limit = f", {found.stalls / found.cycles:.2%}"
        if cycles is not None:
            limit += ": the SDRAM limits" if found.cycles > cycles else ", which cost nothing"
    lines.append(f"stalls     {found.stalls:,} cycles{limit}")
    if clock_hz:
        pace = found.images * clock_hz / found.cycles
        lines.append(f"rate       {pace:,.0f} {words.many} a second at {clock_hz / 1e6:g} MHz")
    return lines
