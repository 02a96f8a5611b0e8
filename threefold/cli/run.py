"""``threefold run``: images on a board, over its serial port."""

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console

from ..errors import BuildError, DataError, FileFormatError, ToolError
from ..files import read_json
from ..host.images import read_images
from ..host.session import Session
from ..host.transport import SerialPort
from ..network import Network, class_names, load
from ..network.file import digest
from ..products import Products
from ..samples import IMAGE, sample_words
from .benchmark import benchmarked
from .loading import load_into, program_image, require_program
from .note import note

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "classify images on a board, over its serial port"
EXAMPLES = [
    "threefold run /dev/ttyUSB1 out/digits/test.npz --network out/digits",
    "threefold run /dev/ttyUSB1 out/digits/test.npz --network out/digits \\\n"
    "      --load out/again/network.tern",
    "threefold run --simulate out/digits/test.npz --network out/digits --limit 20",
    "threefold run /dev/ttyUSB0 out/fast/test.npz --benchmark 1",
]

_BAUD = 115_200
_SHOWN = 20  # images
_CLOCK_MHZ = 30.0  # of a simulated board, where the plan knows none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("port", nargs="?", metavar="PORT", help="the board's serial port")
    parser.add_argument(
        "images",
        type=Path,
        metavar="IMAGES",
        help="codes in an .npz or .npy file; a table, an image or a folder of images, as the "
        "network was trained with",
    )
    parser.add_argument(
        "--network",
        type=Path,
        metavar="PATH",
        help="the network on the board, a *.tern file or the folder of its build (beside IMAGES)",
    )
    parser.add_argument(
        "--load",
        type=Path,
        metavar="PATH",
        help="load this into the board first, if it is loadable: another network as a *.tern file, "
        "which the plan of --network has to suit, a program.bin, or the folder of one (with "
        "--simulate, what --network names)",
    )
    parser.add_argument(
        "--baud", type=int, metavar="N", help=f"bits a second (as built, else {_BAUD})"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    parser.add_argument(
        "--width",
        action="append",
        metavar="NAME",
        help="width of the network at which images are computed, of those that the bitstream has, "
        "or whole; repeatable: images take them in turn (whole)",
    )
    parser.add_argument(
        "--benchmark",
        type=int,
        metavar="N",
        help="load the images into the board's SDRAM, if it was built with --benchmark, and run "
        "them from there N times at full speed",
    )
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="a simulated board behind a pseudo-terminal, instead of PORT",
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Run images; classes and rates as text."""
    if (args.port is None) != args.simulate:
        raise DataError("give the serial port of the board, or --simulate, and then the images")
    if args.limit is not None and args.limit < 1:
        raise DataError(f"--limit must be at least 1, not {args.limit}")
    if args.benchmark is not None and args.benchmark < 1:
        raise DataError(f"--benchmark must be at least 1, not {args.benchmark}")
    if args.benchmark and args.width:
        raise DataError("a benchmark computes the whole network; leave out --width")
    if args.baud is not None and args.baud < 1:
        raise DataError(f"--baud must be at least 1, not {args.baud}")
    path = _network_path(args)
    image, network = program_image(args.load, path) if args.load else (None, None)
    network = network or (load(path) if path else None)
    if network is None:
        note(console, "no network is given, so classes have no names, and any network is taken")
    codes, labels, left_out = read_images(args.images, network)
    if left_out:
        note(console, left_out)
    codes = codes[: args.limit]
    labels = None if labels is None else labels[: args.limit]
    with ExitStack() as stack:
        port = args.port
        if args.simulate:
            port, own = stack.enter_context(_board(path, console, bool(args.benchmark)))
            image = image or own
        baud = args.baud or _built_baud(path) or _BAUD
        line = stack.enter_context(SerialPort(port, baud))
        session = Session(line, digest=int(digest(network)[:8], 16) if network else None)
        if image:
            load_into(session, image, console)
            note(console, f"loaded {len(image):,} bytes, {session.loaded or 0:08x}")
        else:
            require_program(session, path)
        if args.benchmark:
            return benchmarked(session, codes, labels, args.benchmark, path, console)
        rate = "simulated" if args.simulate else f"{baud:,} baud"
        widths = _widths(args.width, path, len(codes))
        return _classified(session, codes, labels, network, rate, widths)


def _widths(names: list[str] | None, path: Path | None, count: int) -> list[int] | None:
    """Numbers of the widths that images take in turn, as the plan beside a network says."""
    if not names:
        return None
    if path is None:
        raise DataError("widths have names in the plan of the network; name it with --network")
    known = ["whole", *read_json(Products(path.parent).plan).get("widths", [])]
    for name in names:
        if name not in known:
            raise DataError(
                f"the bitstream has no width {name!r}, but {', '.join(known)}; plan and build with "
                f"--width {name}"
            )
    return [known.index(names[index % len(names)]) for index in range(count)]


def _classified(
    session: Session,
    codes,
    labels,
    network: Network | None,
    rate: str,
    widths: list[int] | None,
) -> str:
    results: list[list[int]] = [[] for _ in codes]
    cycles, began = session.read("CYCLES"), time.monotonic()
    for index, result in session.run(codes, widths):
        results[index] = result
    seconds = time.monotonic() - began
    cycles = (session.read("CYCLES") - cycles) % (1 << 32)
    board, counters = session.board, session.counters
    names = class_names(network) if network else ()
    words = sample_words(network) if network else IMAGE
    lines = [
        f"{index:<10} {_told(result, board.gives_class, names)}"
        for index, result in enumerate(results[:_SHOWN])
    ]
    if len(results) > _SHOWN:
        lines.append(f"…          {len(results) - _SHOWN:,} more")
    pace = f"{len(results) / seconds:,.0f} a second"
    lines.append(f"{words.many:<10} {len(results):,} in {seconds:.3g} s, {pace}")
    if labels is not None and len(results[0]) == (1 if board.gives_class else board.classes):
        classes = np.array([_class(result, board.gives_class) for result in results])
        lines.append(f"accuracy   {(classes == labels).mean():.2%}")
    clock = board.clock_hz
    pace = f", {len(results) * clock / cycles:,.0f} a second" if clock and cycles else ""
    each = f"{cycles / len(results):,.0f} {words.a}"
    lines.append(f"cycles     {each} on the board, waits for the line included{pace}")
    lines.append(f"link       {rate}, {counters.faults:,} faults: {counters}")
    return "\n".join(lines)


def _class(result: list[int], gives_class: bool) -> int:
    return result[0] if gives_class else int(np.argmax(result))


def _told(result: list[int], gives_class: bool, names: tuple[str, ...]) -> str:
    """A result for people: the name of its class, or the elements where there are more."""
    if not gives_class and len(names) != len(result):
        return " ".join(map(str, result[:16])) + (" …" if len(result) > 16 else "")
    if gives_class and len(result) > 1:
        return " ".join(names[each] if names else str(each) for each in result[:16])
    found = _class(result, gives_class)
    return names[found] if found < len(names) else str(found)


def _network_path(args: argparse.Namespace) -> Path | None:
    """File of the network: the one given, or that beside the images."""
    path = args.network or Products(args.images.parent).network
    if path.is_dir():
        path = Products(path).network
    return path if args.network or path.is_file() else None


def _built_baud(path: Path | None) -> int | None:
    """Rate that the bitstream beside a network was built for, if there is one."""
    if path is None:
        return None
    try:
        baud = read_json(Products(path.parent).build_record).get("baud")
    except FileFormatError:
        return None
    return baud if isinstance(baud, int) and baud > 0 else None


@contextmanager
def _board(
    path: Path | None, console: Console, benchmark: bool
) -> Iterator[tuple[str, bytes | None]]:
    """Port of a simulated board with the plan beside a network, and perhaps a benchmark.

    And what is to be loaded into it, as nothing is in there yet, if anything can be.
    """
    if path is None:
        raise DataError("a simulation needs the network, --network, and its plan beside it")
    try:
        from ..boards import get  # with all that generates hardware
        from ..hw.sdram.benchmark import require_whole
        from ..hw.sdram.board import benchmark_sdram, planned_memory
        from ..plan import image_of, load_plan
        from ..sim.board import SimulatedBoard, compile_board
        from ..sim.port import SimulatedPort
        from ..sim.sdram import SDRAMChip
    except ModuleNotFoundError:
        raise ToolError(
            "simulated boards are not part of threefold-host: pip install threefold"
        ) from None

    products = Products(path.parent)
    plan = load_plan(load(path), products.plan)
    target = get(plan.board) if plan.board else None
    clock_mhz = (target.clock_mhz if target else None) or _CLOCK_MHZ
    sdram, ratio = None, 1
    if benchmark:
        require_whole(plan)
        sdram = benchmark_sdram(target)
    elif plan.streamed:
        sdram, clock_mhz, ratio = planned_memory(plan, target)
    note(console, "starting the simulated board; it is compiled the first time")
    folder = products.simulation / "board"
    library = compile_board(plan, folder, clock_mhz=clock_mhz, sdram=sdram)
    chip = SDRAMChip(sdram, clock_mhz=ratio * clock_mhz) if sdram else None
    with (
        SimulatedBoard(library, clock_mhz=clock_mhz, sdram=chip) as board,
        SimulatedPort(board) as port,
    ):
        try:
            yield port.name, image_of(plan) if plan.loadable or plan.streamed else None
        finally:
            if sdram and chip and chip.faults:
                raise BuildError(f"the controller breaks a time of {sdram.name}: {chip.faults[0]}")
