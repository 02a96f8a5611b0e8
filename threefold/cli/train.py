"""``threefold train``: a network of exact integers from a data set."""

import argparse
import ast
import contextlib
import dataclasses
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from .. import network
from ..errors import ToolError, TrainingError
from ..files import write_json
from ..lock import locked
from ..network.file import digest
from ..products import Former, Products
from ..progress import Progress
from ..samples import sample_words
from .note import note
from .own_data import add_data_arguments, name_of, prepared
from .progress import progress_bar

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "train a network of ternary or integer weights and write it as exact integers"
EXAMPLES = [
    "threefold train --preset digits --seed 0 -o out/digits",
    "threefold train --preset digits --widths 32,32 --bits 1 -o out/small",
    "threefold train --preset lenet-digits --epochs 10 --no-float \\\n      -o out/lenet_digits",
    "threefold train --preset digits --set schedule=step --set ema=0.99 \\\n      -o out/tuned",
    "threefold train --preset lenet-digits --set weights=int --set weight_bits=3 \\\n"
    "      --set first=8 --set last=8 -o out/lenet_int",
    "threefold train --data rows.csv --label species -o out/own",
]

_STORED = 1 << 28  # bytes of held-out images
_SETTINGS = ("seed", "epochs", "widths", "bits", "device", "pretrained")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--preset",
        help="configuration to start from (digits; of your own data table or images); try --list",
    )
    parser.add_argument("--list", action="store_true", help="show the presets, and do nothing")
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="FOLDER",
        help="files of the data set, if it needs any; 'threefold data' tells which",
    )
    parser.add_argument("--seed", type=int, help="of weights and order of images")
    parser.add_argument("--epochs", type=int, help="passes over the training images")
    parser.add_argument(
        "--widths", type=_widths, metavar="N,N,…", help="outputs or filters of each hidden layer"
    )
    parser.add_argument("--bits", type=int, help="width of the activations, 1…8")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where to train")
    parser.add_argument(
        "--pretrained",
        metavar="FILE",
        help="float weights to start from, of the same network in torchvision's order",
    )
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="more",
        help="any other value of a configuration, as train.json lists them; repeatable",
    )
    parser.add_argument("--no-float", action="store_true", help="leave out the float twin")
    parser.add_argument("--logits", action="store_true", help="give logits, not the class index")
    parser.add_argument("--fresh", action="store_true", help="start anew, whatever is there")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where to write (out/PRESET, or after your data)",
    )
    add_data_arguments(parser)


def _listed(name: str, recipe: str) -> str:
    """A preset, and below it what it is, within 80 columns."""
    indent = " " * 4
    return f"{name}\n{textwrap.fill(recipe, 80, initial_indent=indent, subsequent_indent=indent)}"


def run(args: argparse.Namespace, console: Console) -> str | None:
    """Train, or take up again what was interrupted, and write the products.

    The folder gets ``network.tern``, ``test.npz`` (the held-out images and labels, of large sets
    the first 256 MiB), ``train.json`` (configuration, accuracies, losses) and the checkpoints.
    Another network that was there is kept with its plan and products, and a note tells where;
    checkpoints stay. The folder is locked meanwhile. Started by ``torchrun``, processes share the
    training; the first alone writes, shows, and returns a text.

    Raises
    ------
    ToolError
        If PyTorch is missing.
    TrainingError
        If the preset is unknown, an option out of range, or the folder holds the checkpoint of
        another training.
    DataError
        If files of the data set are missing or damaged.
    BuildError
        If the folder cannot be written, or another process works in it.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise ToolError("training needs torch: pip install 'threefold[train]'") from None
    from .. import quant

    if args.list:
        return "\n".join(_listed(name, each.recipe) for name, each in quant.PRESETS.items())
    name = name_of(args.data) if args.data else (args.preset or "digits").replace("-", "_")
    folder = args.output or Path("out", name)
    with contextlib.ExitStack() as stack, quant.processes() as group:
        console.quiet |= not group.first
        with group.agree():
            preset, config, dataset = _chosen(args, console, quant)
            # or a network that cannot be would leave a folder
            kind = _kind(quant.build(config, dataset), quant)
            _require_pretrained(dataset, config, console, quant)
            if group.first:
                stack.enter_context(locked(folder))
                _prepare(folder, args.fresh)
        bars = _progress(console, kind, config.total_epochs, not args.no_float)
        with bars as (progress, on_loss):
            trial = quant.run_trial(
                dataset,
                config,
                name,
                folder=folder,
                twin=not args.no_float,
                argmax=not args.logits,
                progress=progress,
                on_loss=on_loss,
                group=group,
            )
        if trial is None:
            return None
        made = {"config": config.to_dict(), "losses": trial.losses, "preset": preset}
        products = Products(folder, trial.network.name)
        former = _write(products, trial.network, made, dataset)
    if former:
        note(console, str(former))
    return _summary(kind, trial, products)


def _require_pretrained(dataset, config, console: Console, quant) -> None:
    """Check that the weights to start from are those of the network, before anything is written."""
    if config.pretrained is not None and not quant.pretrained_model(dataset, config)[1]:
        note(console, f"the classifier starts anew: {config.pretrained} is of other classes")


def _kind(model, quant) -> str:
    """What a quantized model is called."""
    bits = [each.bits for each in model.modules() if isinstance(each, quant.WeightQuantizer)]
    return "ternary" if max(bits, default=2) == 2 else "integer"


def _chosen(args: argparse.Namespace, console: Console, quant) -> tuple:
    """Preset, configuration and data set that the arguments ask for."""
    own = prepared(args, console)
    preset = args.preset or (own.preparation.format.preset if own else "digits")
    config = _config(args, preset, quant.PRESETS)
    if own:
        dataset = quant.as_dataset(own)
        return preset, dataclasses.replace(config, dataset=dataset.name), dataset
    if config.dataset == "own":
        raise TrainingError(f"preset {preset} is for data of your own; give it by --data")
    return preset, config, quant.load_dataset(config.dataset, args.data_dir)


def _prepare(folder: Path, fresh: bool) -> None:
    if fresh:
        for checkpoint in folder.glob("checkpoint*.pt"):
            checkpoint.unlink()


def _write(products: Products, trained: network.Network, made: dict, dataset) -> Former | None:
    stored = max(1, _STORED // dataset.input.size)
    former = products.put_network(
        trained, dataset.test_images[:stored], dataset.test_labels[:stored]
    )
    record = {**trained.provenance, **made, "network_digest": digest(trained)}
    write_json(products.training, record)
    return former


def _config(args: argparse.Namespace, name: str, presets: dict):
    if name not in presets:
        raise TrainingError(f"there is no preset {name!r}; there is {', '.join(sorted(presets))}")
    values = {key: getattr(args, key) for key in _SETTINGS if getattr(args, key) is not None}
    preset = presets[name]
    known = [field.name for field in dataclasses.fields(preset)]
    for key, value in args.more:
        if key not in known:
            raise TrainingError(f"a configuration has no {key!r}; it has {', '.join(known)}")
        values[key] = value
    try:
        return dataclasses.replace(preset, **values)
    except TypeError:
        raise TrainingError(f"a value of --set is of the wrong kind: {dict(args.more)}") from None


def _summary(kind: str, trial, products: Products) -> str:
    words = sample_words(trial.network)
    sets = {"": trial.accuracy, **trial.more}
    lines = []
    for key, accuracy in sets.items():
        images = f"{accuracy['images']} held-out {words.many}{key and f', {key}'}"
        lines.append(f"{kind}  {accuracy['integer']:.2%}  of {images}")
        for width, share in accuracy.get("widths", {}).items():
            lines.append(f"{width:7}  {share:.2%}")
        if "float" in accuracy:
            lines.append(f"float    {accuracy['float']:.2%}")
    lines.append(f"network  {products.network}")
    lines.append(f"{words.many:7}  {products.images}")
    return "\n".join(lines)


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected integers such as 64,64, not {text!r}") from None


def _setting(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE such as ema=0.99, not {text!r}")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


@contextmanager
def _progress(
    console: Console, name: str, epochs: int, twin: bool
) -> Iterator[tuple[Progress, Callable[[str, float], None]]]:
    """Bars for both trainings and the comparison: what is told progress, and what losses.

    The quantized one is called ``name``.
    """
    count, loss = "{task.fields[count]}", "{task.fields[loss]}"
    with progress_bar(console, count, loss, keep=True) as bars:
        tasks = {
            kind: bars.add_task(what, total=1.0, count=f"0/{epochs} epochs", loss="")
            for kind, what in {"ternary": name, **({"float": "float"} if twin else {})}.items()
        }
        tasks["compare"] = bars.add_task("compare", total=1.0, count="with golden", loss="")

        def progress(kind: str, share: float) -> None:
            fields = {}
            if kind != "compare":
                fields["count"] = f"{int(share * epochs + 1e-9)}/{epochs} epochs"
            bars.update(tasks[kind], completed=share, **fields)

        def on_loss(kind: str, loss: float) -> None:
            bars.update(tasks[kind], loss=f"loss {loss:.3f}")

        yield progress, on_loss
