"""``threefold zoo``: reference architectures, to measure hardware with before training."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .. import references
from ..errors import NetworkError
from ..lock import locked
from ..network import Codes, Conv, Network
from ..products import Products
from .note import note

__all__ = ["EXAMPLES", "HELP", "NETWORKS", "add_arguments", "run"]

HELP = "list reference architectures, or write one with random weights"
EXAMPLES = [
    "threefold zoo",
    "threefold zoo lenet -o out/lenet",
    "threefold zoo resnet20 --seed 0 --bits 4 --sparsity 0.75 --tile 8x8 \\\n      -o out/resnet20",
]

NETWORKS: dict[str, Callable[..., Network]] = {
    "tiny_conv": references.tiny_conv,
    "lenet": references.lenet,
    "ds_cnn": references.ds_cnn,
    "cnv": references.cnv,
    "resnet20": references.resnet20,
}
"""Architectures by name, from small to large."""

_MORE_IMAGES = 128
_IMAGES = 1 << 16  # that may be asked for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the architecture to write")
    parser.add_argument("--seed", type=int, help="of weights, levels and images (0)")
    parser.add_argument("--bits", type=int, help="width of activations, 1…8 (the architecture's)")
    parser.add_argument(
        "--sparsity", type=float, metavar="SHARE", help="of the tiles, which have no weight (0)"
    )
    parser.add_argument(
        "--tile", type=_tile, metavar="PxS", help="filters by channels of a tile, such as 8x8"
    )
    parser.add_argument("--images", type=int, metavar="N", help="test images to write (8)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where to write (out/NAME)"
    )


def run(args: argparse.Namespace, console: Console) -> Table | str:
    """The table of architectures; or ``network.tern`` and ``test.npz``, and where they are.

    Raises
    ------
    NetworkError
        If there is no such architecture, or an option is out of range or means nothing.
    BuildError
        If the folder cannot be written, or another process works in it.
    """
    if args.name is None:
        return _list(args)
    if args.name not in NETWORKS:
        raise NetworkError(
            f"no architecture is named {args.name!r}; there are {', '.join(NETWORKS)}"
        )
    count = 8 if args.images is None else args.images
    if not 1 <= count <= _IMAGES:
        raise NetworkError(f"--images must be 1 to {_IMAGES}, not {count}")
    network = _make(args)
    folder = args.output or Path("out", network.name)
    products = Products(folder, network.name)
    images = references.random_images(network.input, count, args.seed or 0)
    with locked(folder):
        if products.training.exists():
            raise NetworkError(f"{folder} holds a network that was trained; choose another with -o")
        former = products.put_network(network, images)
    if former:
        note(console, str(former))
    return f"network  {products.network}\nimages   {products.images}"


def _make(args: argparse.Namespace) -> Network:
    make, seed, options = NETWORKS[args.name], args.seed or 0, _options(args)
    try:
        return make(seed, **options)
    except NetworkError:
        if args.bits is None:
            raise
        return make(seed, images=_MORE_IMAGES, **options)  # so that wide codes all occur


def _options(args: argparse.Namespace) -> dict:
    options = {}
    if args.bits is not None:
        if not 1 <= args.bits <= 8:
            raise NetworkError(f"--bits must be 1 to 8, not {args.bits}")
        wide = args.name != "resnet20"
        options |= {"activations": Codes.unsigned(args.bits)} if wide else {"bits": args.bits}
    if args.tile and not args.sparsity:
        raise NetworkError("--tile says which tiles are empty; give --sparsity with it")
    if args.sparsity:
        options |= {"sparsity": args.sparsity, "tile": args.tile}
    return options


def _list(args: argparse.Namespace) -> Table:
    given = ("seed", "bits", "sparsity", "tile", "images", "output")
    if any(getattr(args, option) is not None for option in given):
        raise NetworkError("options need the name of an architecture; without any, all are listed")
    table = Table(box=None, pad_edge=False)
    for column in ("name", "input", "bits", "layers", "weights", "MACs"):
        table.add_column(column, justify="left" if column in ("name", "input") else "right")
    for name, make in NETWORKS.items():
        network = make(images=1)
        convs = [
            (node.op, network.types[node.name].shape)
            for node in network.nodes
            if isinstance(node.op, Conv)
        ]
        macs = sum(op.macs_per_pixel * height * width for op, (height, width, _) in convs)
        table.add_row(
            name,
            "×".join(map(str, network.input.shape)),
            str(network.input.element.bits),
            str(len(convs)),
            f"{sum(op.weights.size for op, _ in convs):,}",
            f"{macs:,}",
        )
    return table


def _tile(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected PxS such as 8x8, not {text!r}")
    return int(match[1]), int(match[2])
