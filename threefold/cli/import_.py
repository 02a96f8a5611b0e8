"""``threefold import``: a network that was trained elsewhere, as exact integers."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console

from ..data import load_images
from ..errors import (
    DataError,
    FileFormatError,
    MismatchError,
    NetworkError,
    PlanError,
    ToolError,
)
from ..files import sha256
from ..lock import locked
from ..network import Codes, Logits, Network, load
from ..plan import load_plan, save_plan
from ..products import Products
from ..references import random_images
from ..sim.golden import require_images
from .note import note
from .own_data import name_of
from .progress import progress_of

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "take over a network of quantized weights from an ONNX file, and prove it equal"
EXAMPLES = [
    "threefold import model.onnx -o out/model",
    "threefold import model.onnx --images test.npz -o out/model",
    "threefold import model.onnx --input-scale 1/128 --input-type int8 \\\n      -o out/signed",
    "threefold import model.onnx --ternarize -o out/ternary",
]

_TYPE = re.compile(r"(u)int([1-9]|1[0-6])|int([2-9]|1[0-6])")
_RANDOM = 100
_MOST_RANDOM = 1 << 16
_MOST_NUMBERS = 1 << 24  # in random images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", type=Path, metavar="MODEL.onnx", help="a QONNX graph")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FILE",
        help="an .npz with images (count, height, width, channels) to compare on, as codes of the "
        "input, and, if known, labels",
    )
    parser.add_argument(
        "--random", type=int, default=_RANDOM, metavar="N", help=f"random images, too ({_RANDOM})"
    )
    parser.add_argument(
        "--input-scale",
        type=_fraction,
        metavar="SCALE",
        help="real number of one step of the input (1/255, or that of the input's quantizer)",
    )
    parser.add_argument(
        "--input-type",
        type=_codes,
        metavar="TYPE",
        help="with --input-scale: uint8, int8, uint4, … (uint8, or that of the input's quantizer)",
    )
    parser.add_argument("--logits", action="store_true", help="give logits, not the class index")
    parser.add_argument(
        "--ternarize", action="store_true", help="round weights that are not ternary, without mercy"
    )
    parser.add_argument("--force", action="store_true", help="write a network that disagrees, too")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where to write (out/MODEL)"
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Import, compare with the source, write ``network.tern`` and ``test.npz``.

    Raises
    ------
    ToolError
        If qonnx is missing.
    FileFormatError
        If the file is no ONNX graph.
    NetworkError
        If something in it is not supported.
    MismatchError
        If network and source disagree, and ``--force`` is not given.
    """
    try:
        import qonnx  # noqa: F401
    except ImportError:
        raise ToolError("importing needs qonnx: pip install 'threefold[import]'") from None
    from .. import importer

    if not 1 <= args.random <= _MOST_RANDOM:
        raise DataError(f"--random must be 1 to {_MOST_RANDOM}, not {args.random}")
    original = source = importer.Source(importer.read(args.model))
    rounded: list[str] = []
    if args.ternarize:
        source, rounded = importer.ternarized(original)
    name = name_of(args.model)
    folder = args.output or Path("out", name)
    products = Products(folder, name)
    _require_untrained(products)
    made = importer.convert(source, name, _input(args, source, importer), argmax=not args.logits)
    images, labels, kept = _images(args, made.network)
    _require_free(products, args.images)
    with progress_of(console, "compare", count=(len(images), "images")) as progress:
        found = importer.compare(source, made, images, progress)
    _require_classes(args, made.network, labels, found)
    if not found.exact and not args.force:
        raise MismatchError(
            f"{found.first}; {found.differ:,} of {found.values:,} values differ; nothing is "
            f"written without --force"
        )
    network = _described(made, found, args, labels)
    own = _same(args.images, products.images)
    with locked(folder):
        _require_free(products, args.images)  # again, since comparing may take long
        former = products.put_network(
            network, None if own else images[:kept], labels, keep_images=own
        )
        planned = former is not None and _keep_plan(products, Products(former.folder), network)
    if former:
        note(console, str(former))
    if planned:
        note(console, "the plan stays, since both networks compute the same; build anew from it")
    lines = _summary(made, found, labels)
    if rounded:
        lines += _damage(original, rounded, made, found, images, labels, importer)
    lines += [f"network     {products.network}", f"images      {products.images}"]
    return "\n".join(lines)


def _images(
    args: argparse.Namespace, network: Network
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """What is compared, the images of the user first, their labels, and how many to keep."""
    count = min(args.random, max(1, _MOST_NUMBERS // network.input.size))
    random = random_images(network.input, count)
    if args.images is None:
        return random, None, len(random)
    images, labels = load_images(args.images)
    images = require_images(network, images)
    return np.concatenate([images, random]), labels, len(images)


def _input(args: argparse.Namespace, source, importer):
    if args.input_scale is None and args.input_type is None:
        return None
    if args.input_scale is None:
        raise DataError("--input-type needs --input-scale, the real number of one step")
    codes = args.input_type or importer.default_input(source).codes
    return importer.Input(args.input_scale, codes)


def _described(made, found, args: argparse.Namespace, labels) -> Network:
    """The network, with where it comes from."""
    provenance = {
        "source": {
            "file": args.model.name,
            "sha256": sha256(args.model),
            "ternarized": args.ternarize,
            "images": "random" if args.images is None else args.images.name,
        },
        "input": {"scale": str(made.input.scale), "codes": str(made.input.codes)},
        "compared": {
            "images": found.images,
            "values": found.values,
            "differ": found.differ,
            "rounded": found.rounded,
        },
        "tools": {tool: version(tool) for tool in ("threefold", "qonnx", "onnxruntime")},
    }
    if args.images is not None and labels is not None:
        share = float(np.mean(found.classes[: len(labels)] == labels))
        provenance["accuracy"] = {
            "dataset": f"{args.images.name}, labels of the user",
            "images": len(labels),
            "integer": share,
        }
    return replace(made.network, provenance=provenance)


def _require_classes(args: argparse.Namespace, network: Network, labels, found) -> None:
    if labels is None:
        return
    if found.classes is None:
        raise DataError(
            f"{args.images} has labels, but {args.model} gives no classes; leave them out"
        )
    (last,) = [node for node in network.nodes if isinstance(node.op, Logits)]
    classes = network.types[last.name].shape[2]
    if max(labels) >= classes:
        raise DataError(
            f"{args.images} has label {max(labels)}, and {args.model} classes 0…{classes - 1}"
        )


def _require_untrained(products: Products) -> None:
    if products.training.exists():
        raise NetworkError(
            f"{products.folder} holds a network that was trained; choose another with -o"
        )


def _require_free(products: Products, images: Path | None) -> None:
    """Refuse a folder with test images that random ones, or those of no network, would replace."""
    _require_untrained(products)
    test = products.images
    if not test.exists() or _same(images, test) or _drew_images(products):
        return
    if images is None:
        raise NetworkError(
            f"{test} holds test images that are not random, and an import without --images would "
            f"replace them; compare on them with --images {test}, or choose another folder with -o"
        )
    if not products.network.exists():
        raise NetworkError(
            f"{test} is there without a network, and {images} would replace it; compare on it with "
            f"--images {test}, or choose another folder with -o"
        )


def _keep_plan(products: Products, before: Products, network: Network) -> bool:
    """Plan a network as the one before, if they differ in nothing but where they come from."""
    try:
        former = load(before.network)
        plan = load_plan(former, before.plan)
    except (FileFormatError, PlanError):
        return False
    if replace(former, provenance=network.provenance) != network:
        return False
    save_plan(replace(plan, network=network), products.plan)
    return True


def _same(path: Path | None, other: Path) -> bool:
    return path is not None and path.resolve() == other.resolve()


def _drew_images(products: Products) -> bool:
    """Whether the images of a folder are random ones of an import."""
    try:
        source = load(products.network).provenance.get("source")
    except FileFormatError:
        return False
    return isinstance(source, Mapping) and source.get("images") == "random"


def _summary(made, found, labels) -> list[str]:
    lines = [
        f"input       {made.network.input}, times {_shown(made.input.scale)}",
        f"compared    {found.values:,} codes and classes of {found.images:,} images",
        f"differ      {found.differ:,}" + (f"; {found.first}" if found.first else ""),
    ]
    if found.rounded:
        lines.append(
            f"rounded     {found.rounded:,} codes that only rounding in the source decides"
        )
    if found.ties:
        lines.append(f"ties        {found.ties:,} classes that rounding in the source decides")
    if labels is not None:
        share = np.mean(found.classes[: len(labels)] == labels)
        lines.append(f"accuracy    {share:.2%} of {len(labels):,} labelled images")
    return [*lines, *(f"note        {note}" for note in made.notes)]


def _shown(scale: Fraction) -> str:
    """A scale as people write it: 1/n, too, where a graph has it in single precision."""
    inverse = Fraction(1, max(1, round(1 / scale)))
    if Fraction(float(np.float32(float(inverse)))) == scale:
        scale = inverse
    return str(scale) if scale.denominator < 1 << 17 else f"{float(scale):.6g}"


def _damage(original, rounded: list[str], made, found, images, labels, importer) -> list[str]:
    """What rounding to ternary weights has cost."""
    lines = [f"ternarized  {', '.join(rounded)}"]
    if found.classes is None:
        return lines
    before = importer.source_classes(original, made, images)
    lines.append(f"damage      {np.mean(before != found.classes):.2%} of the classes changed")
    if labels is not None:
        share = np.mean(before[: len(labels)] == labels)
        lines.append(f"before      {share:.2%} of {len(labels):,} labelled images")
    return lines


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"expected a number or fraction, not {text!r}") from None


def _codes(text: str) -> Codes:
    match = _TYPE.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected uint1…uint16 or int2…int16, not {text!r}")
    return Codes.unsigned(int(match[2])) if match[1] else Codes.signed(int(match[3]))
