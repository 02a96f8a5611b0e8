"""Verilog bench around an accelerator, with its input files and its log.

Whatever happens every clock cycle happens in this Verilog, compiled with the accelerator: a
source and a sink, both with random stalls, and a comparison for every stream. The text depends on
the streams' names and widths alone, so neither other images nor other stalls are compiled again.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from threefold.files import replacing, write_file

from .feed import FeedModel
from .streams import Stream

__all__ = [
    "LOG",
    "PROGRAM",
    "WIDTHS",
    "WORDS",
    "Difference",
    "Events",
    "arguments",
    "beats_of",
    "bench",
    "bench_name",
    "write_beats",
    "write_programs",
    "write_words",
]

LOG, PROGRAM, WIDTHS, WORDS = "events.txt", "program.bin", "widths.bin", "words.bin"
_AFTERWARDS = 64
_TEMPLATES = Environment(
    loader=PackageLoader("threefold.sim", "."),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # Verilog, not HTML; names are checked to be identifiers
)


def bench_name(name: str) -> str:
    """Name of the bench's top module around the accelerator ``name``."""
    return f"{name}_bench"


def bench(
    name: str,
    streams: list[Stream],
    *,
    loads: bool = False,
    feed: FeedModel | None = None,
    widths: int = 1,
) -> str:
    """Verilog of the bench.

    Parameters
    ----------
    name : str
        Top module of the accelerator.
    streams : list of Stream
        The first is what enters at the prefix ``i``, the last what leaves at ``o``. The others
        are signals of the top module.
    loads : bool
        Whether program images are loaded, as :func:`write_programs` writes them.
    feed : FeedModel, optional
        Memory that a program comes from while images are computed; see :func:`write_words`.
    widths : int
        Widths of the network; if they are several, a byte of :data:`WIDTHS` says which one each
        image is computed at.
    """
    return _TEMPLATES.get_template("bench.v.j2").render(
        name=name,
        toplevel=bench_name(name),
        afterwards=_AFTERWARDS,
        loads=PROGRAM if loads else "",
        feed={"file": WORDS, **feed.parameters} if feed else None,
        widths={"file": WIDTHS, "bits": (widths - 1).bit_length()} if widths > 1 else None,
        streams=[
            {
                "prefix": stream.prefix,
                "file": _file(index),
                "width": stream.bits * stream.lanes,
                "per_image": stream.per_image,
                "varies": bool(stream.narrower),
            }
            for index, stream in enumerate(streams)
        ],
    )


def _file(index: int) -> str:
    return f"stream_{index}.bin"


def write_beats(
    streams: list[Stream],
    batches: Iterable[Mapping[str, np.ndarray]],
    folder: Path,
    widths: Sequence[int] = (),
) -> None:
    """Write the files of beats that the bench reads.

    Parameters
    ----------
    streams : list of Stream
    batches : iterable of mapping of str to array of int
        Values of each stream's node, by name, batch after batch of images.
    folder : Path
    widths : sequence of int
        Width of each image, 0 for the whole network, as are all if left out.

    Raises
    ------
    BuildError
        If a file cannot be written.
    """
    start = 0
    with ExitStack() as stack:
        paths = [
            stack.enter_context(replacing(folder / _file(index))) for index in range(len(streams))
        ]
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for values in batches:
            count = len(values[streams[0].name])
            own = widths[start : start + count]
            start += count
            for stream, file in zip(streams, files, strict=True):
                file.write(stream.beats(values[stream.name], own)[:, ::-1].tobytes())


def write_programs(programs: Sequence[tuple[bytes, int]], folder: Path) -> None:
    """Write the file of the program images that the bench loads one after the other.

    Parameters
    ----------
    programs : sequence of (bytes, int)
        Each with the number of images that are computed with it.
    folder : Path

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    ends = accumulate(count for _, count in programs)
    parts = [
        part
        for (image, _), end in zip(programs, ends, strict=True)
        for part in (end.to_bytes(4, "big"), len(image).to_bytes(4, "big"), image)
    ]
    write_file(folder / PROGRAM, b"".join(parts))


def write_words(feed: FeedModel, folder: Path) -> None:
    """Write the words that a program consists of.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    write_file(folder / WORDS, feed.content)


def beats_of(streams: list[Stream], widths: Sequence[int]) -> list[str]:
    """Arguments of a run: beats of the streams that have fewer for images of narrower widths.

    Parameters
    ----------
    streams : list of Stream
    widths : sequence of int
        Width of each image, 0 for the whole network.
    """
    return [
        f"+beats_{index}={sum(map(stream.per_image_at, widths))}"
        for index, stream in enumerate(streams)
        if stream.narrower
    ]


def arguments(*, images: int, patience: int, stalls: float, seed: int) -> list[str]:
    """Arguments of a run.

    Parameters
    ----------
    images : int
    patience : int
        Cycles without any transfer after which the hardware is taken for stuck.
    stalls : float
        Probability of a stall, at least 0 and below 1.
    seed : int
    """
    seeds = random.Random(seed)
    values = {
        "images": images,
        "patience": patience,
        "threshold": min(round(stalls * 2**32), 2**32 - 1),
        "source_seed": seeds.randrange(1, 2**32),  # a xorshift of 0 stays 0
        "sink_seed": seeds.randrange(1, 2**32),
    }
    return [f"+{name}={value}" for name, value in values.items()]


@dataclass(frozen=True)
class Difference:
    """A beat that is not the expected one.

    Parameters
    ----------
    stream : int
        Index of the stream.
    beat : int
        Index of the beat, over all images.
    payload : str
        Its bits, the highest first; in Icarus ``x`` and ``z`` are among them.
    expected : str or None
        The expected bits; None after the last beat.
    """

    stream: int
    beat: int
    payload: str
    expected: str | None


@dataclass
class Events:
    """Events that the bench wrote to its log.

    Attributes
    ----------
    entered, left : list of int
        Cycles in which the first beat of each image entered, and in which the last one left.
    outputs : list of str
        Payloads that left, hexadecimal.
    difference : Difference or None
        The first one; of several in one cycle that of the first stream.
    stuck : int or None
        Cycle in which it was clear that nothing moves any more.
    passed : list of int
        Beats that passed each stream.
    cycles : int
        Length of the run.
    """

    entered: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    difference: Difference | None = None
    stuck: int | None = None
    passed: list[int] = field(default_factory=list)
    cycles: int = 0

    @classmethod
    def read(cls, path: Path) -> "Events":
        """The events of a finished run, from its log."""
        events = cls()
        differences = []
        with path.open() as lines:
            for kind, *values in map(str.split, lines):
                if kind == "entered":
                    events.entered.append(int(values[0]))
                elif kind == "left":
                    events.left.append(int(values[0]))
                elif kind == "output":
                    events.outputs.append(values[0])
                elif kind == "differs":
                    differences.append(values)
                elif kind == "stuck":
                    events.stuck = int(values[0])
                elif kind == "passed":
                    events.passed.append(int(values[1]))
                elif kind == "cycles":
                    events.cycles = int(values[0])
        if differences:
            stream, beat, payload, expected = min(differences, key=lambda values: int(values[0]))
            expected = None if expected == "none" else expected
            events.difference = Difference(int(stream), int(beat), payload, expected)
        return events
