"""Options for data of one's own, and what comes of them."""

import argparse
import re
from pathlib import Path

from rich.console import Console

from ..errors import DataError
from ..network import Network, is_name
from ..samples import Prepared, fresh, preparation_of, prepare
from .note import note

__all__ = ["add_data_arguments", "name_of", "prepared", "samples_of"]

_OPTIONS = ("label", "drop", "size", "test_data", "held_out", "input_bits")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of training with data of one's own."""
    group = parser.add_argument_group("data of your own")
    group.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="a table such as rows.csv, a folder with a folder of images for each class, or arrays "
        "x and y in an .npz file",
    )
    group.add_argument(
        "--label",
        metavar="COLUMN",
        help="the column of the class, by name or number from 1 (the last)",
    )
    group.add_argument(
        "--drop", action="append", metavar="COLUMN", help="a column to leave out; repeatable"
    )
    group.add_argument(
        "--size", metavar="HxW", help="pixels to squeeze images to, such as 28x28 (their own)"
    )
    group.add_argument(
        "--test-data", type=Path, metavar="PATH", help="samples to hold out, of the same format"
    )
    group.add_argument(
        "--held-out",
        type=float,
        metavar="SHARE",
        help="of each class to hold out without --test-data, chosen by --seed (0.2)",
    )
    group.add_argument("--input-bits", type=int, metavar="N", help="width of an input code (8)")


def prepared(args: argparse.Namespace, console: Console) -> Prepared | None:
    """Samples of one's own, if there are any; a note tells of channels that never change.

    Raises
    ------
    DataError
        If files cannot be read or do not fit, or there is an option without its data.
    """
    if args.data is None:
        for option in _OPTIONS:
            if getattr(args, option) is not None:
                raise DataError(f"--{option.replace('_', '-')} needs --data, your own samples")
        return None
    if args.data_dir is not None:
        raise DataError("--data is your own, --data-dir that of a preset; give one of them")
    made = prepare(
        args.data,
        test=args.test_data,
        held_out=args.held_out,
        seed=args.seed or 0,
        bits=8 if args.input_bits is None else args.input_bits,
        label=args.label,
        drop=args.drop,
        size=args.size,
    )
    if made.constant and (features := made.preparation.format.features):
        names = ", ".join(features[channel] for channel in made.constant[:8])
        more = ", …" if len(made.constant) > 8 else ""
        note(console, f"features that never change tell nothing: {names}{more}")
    return made


def samples_of(network: Network, path: Path, console: Console) -> tuple:
    """Input codes and labels of one's own samples, as the network was trained to read them.

    Raises
    ------
    DataError
        If the network was trained otherwise, or files cannot be read or do not fit.
    """
    preparation = preparation_of(network)
    if preparation is None:
        raise DataError(
            f"network {network.name!r} does not tell how samples become its input codes; give "
            f"codes in an .npz file by --images"
        )
    codes, labels, left_out = fresh(network, preparation, path)
    if left_out:
        note(console, left_out)
    return codes, labels


def name_of(path: Path) -> str:
    """A name for a network after a file or folder."""
    name = re.sub(r"[^a-z0-9]+", "_", path.resolve().stem.lower()).strip("_")[:32]
    return name if is_name(name) else f"net_{name}".rstrip("_")
