"""``threefold evaluate``: accuracy and confusion matrix of a network."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..data import load_images
from ..errors import DataError, ToolError
from ..evaluation import Evaluation, evaluate
from ..network import Network, load
from ..products import Products
from ..samples import preparation_of
from .own_data import samples_of
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "Answers", "add_arguments", "run"]

HELP = "tell the accuracy of a network and which classes it takes for which"
EXAMPLES = [
    "threefold evaluate out/digits/network.tern",
    "threefold evaluate out/own/network.tern --data rows.csv --json",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("network", type=Path, metavar="NETWORK", help="a *.tern file")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="your own samples with their classes, in the format the network was trained with "
        "(test.npz beside the network, or its own data set)",
    )
    source.add_argument(
        "--images",
        type=Path,
        metavar="FILE",
        help="an .npz with images, as input codes, and labels",
    )
    source.add_argument(
        "--data-dir", type=Path, metavar="FOLDER", help="files of the network's own data set"
    )
    parser.add_argument("--width", metavar="NAME", help="a narrower network within, such as w50")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N samples")
    parser.add_argument("--json", action="store_true", help="all figures as JSON")


def run(args: argparse.Namespace, console: Console) -> "Answers | str":
    """Evaluate in the golden model.

    Raises
    ------
    FileFormatError
        If the network cannot be read.
    DataError
        If there are no samples, or they do not fit or have no labels.
    """
    network = load(args.network)
    codes, labels, source, *names = _samples(args, network, console)
    if labels is None:
        known = preparation_of(network) if args.data else None
        expected = known.format.classes_from if known else "an array 'labels' is expected"
        raise DataError(f"{source} does not tell the classes of its samples; {expected}")
    if args.limit is not None:
        if args.limit < 1:
            raise DataError(f"--limit must be at least 1, not {args.limit}")
        codes, labels = codes[: args.limit], labels[: args.limit]
    if args.width:
        network = network.at(args.width)
    with progress_of(console, "evaluate", count=(len(codes), "samples")) as progress:
        result = evaluate(network, np.asarray(codes), labels, *names, progress=progress)
    if args.json:
        content = {"network": network.name, "data": source, **result.to_json()}
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return Answers(result, source)


def _samples(args: argparse.Namespace, network: Network, console: Console) -> tuple:
    """Codes, labels, where they are from, and names of the classes, if the network has none."""
    if args.data:
        return *samples_of(network, args.data, console), str(args.data)
    images = args.images or Products(args.network.parent).images
    if args.images or (not args.data_dir and images.exists()):
        return *load_images(images), str(images)
    own = "data" in network.provenance  # whose name may be that of a set there is
    name = None if own else network.provenance.get("dataset")
    sets = _data_sets()
    if not isinstance(name, str) or name not in sets.DATASETS:
        raise DataError(
            f"there is no {images}, and {network.name!r} names no data set; give samples by "
            f"--data, or codes by --images"
        )
    dataset = sets.load_dataset(name, args.data_dir)
    return dataset.test_images, dataset.test_labels, f"{name}, held out", dataset.names


def _data_sets():
    try:
        from ..quant import data
    except ImportError:
        raise ToolError("data sets need torch: pip install 'threefold[train]'") from None
    return data


class Answers:
    """The accuracy, and a row for each class: its shares, and how often it was taken for each.

    Where the terminal is too narrow for all columns of the confusion matrix, those that a class is
    mistaken for most often are named instead.

    Parameters
    ----------
    evaluation : Evaluation
    source : str
        Where the samples are from.
    """

    def __init__(self, evaluation: Evaluation, source: str):
        self.evaluation = evaluation
        self.source = source

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        result = self.evaluation
        head = f"accuracy  {result.accuracy:.2%}, {result.right:,} of {result.samples:,} samples"
        yield Text(f"{head} of {self.source}\n")
        table = self._table([str(number) for number in range(len(result.names))], self._counts)
        wide = options.update(max_width=1 << 20)
        if Measurement.get(console, wide, table).maximum <= options.max_width:
            yield table
            yield Text("\ncolumns 0, 1, … count what the network took the samples of a class for")
        else:
            yield self._table(["mistaken for"], self._mistakes)

    def _table(self, more: list[str], cells: Callable[[int], list[str]]) -> Table:
        result = self.evaluation
        table = Table(box=None, pad_edge=False)
        for column in ("", "class", "samples", "recall", "precision", *more):
            side = "left" if column in ("class", "mistaken for") else "right"
            fold = "fold" if column == "mistaken for" else "ellipsis"
            table.add_column(column, justify=side, overflow=fold, no_wrap=fold == "ellipsis")
        for number, (name, samples, recall, precision) in enumerate(
            zip(
                result.names,
                result.confusion.sum(axis=1),
                result.recall,
                result.precision,
                strict=True,
            )
        ):
            shares = [_share(recall), _share(precision)]
            short = Text(name if len(name) <= _NAME else f"{name[: _NAME - 1]}…")
            table.add_row(str(number), short, f"{samples:,}", *shares, *cells(number))
        return table

    def _counts(self, number: int) -> list[str]:
        return [str(count) for count in self.evaluation.confusion[number]]

    def _mistakes(self, number: int) -> list[str]:
        counts = self.evaluation.confusion[number].copy()
        counts[number] = 0
        order = [place for place in np.argsort(-counts, kind="stable")[:_MISTAKES] if counts[place]]
        names = self.evaluation.names
        return [escape(", ".join(f"{names[place]} {counts[place]}" for place in order))]


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


_NAME = 24  # letters of a class
_MISTAKES = 3
