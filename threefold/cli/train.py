"""``threefold train``: a network of exact integers from a data set."""

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console

from .. import __version__, network
from ..data import save_images
from ..errors import ToolError, TrainingError
from ..files import make_folder, write_file
from ..products import holds_network, remove_products
from ..sim import golden
from .progress import progress_bar

__all__ = ["EXAMPLES", "HELP", "add_arguments", "run"]

HELP = "train a ternary network and write it as exact integers"
EXAMPLES = [
    "threefold train --preset digits --seed 0 -o out/digits",
    "threefold train --preset digits --widths 32,32 --bits 1 -o out/small",
    "threefold train --preset lenet-digits --epochs 10 --no-float \\\n      -o out/lenet_digits",
]

_CHECKPOINTS = {"ternary": "checkpoint.pt", "float": "checkpoint_float.pt"}
_BATCH = 1024  # images at a time
_STORED = 1 << 28  # bytes of held-out images
_SETTINGS = ("seed", "epochs", "widths", "bits", "device")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--preset",
        default="digits",
        help="configuration to start from: digits, lenet-digits or lenet-mnist (digits)",
    )
    parser.add_argument(
        "--data-dir",
        "--data",
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
    parser.add_argument("--no-float", action="store_true", help="leave out the float twin")
    parser.add_argument("--logits", action="store_true", help="give logits, not the class index")
    parser.add_argument("--fresh", action="store_true", help="start anew, whatever is there")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where to write (out/PRESET)"
    )


def run(args: argparse.Namespace, console: Console) -> str:
    """Train, or take up again what was interrupted, and write the products.

    The folder gets ``network.tern``, ``test.npz`` (the held-out images and labels; the first
    256 MiB if they are in files),
    ``train.json`` (configuration, accuracies, losses) and the checkpoints. What was made from
    another network there is removed, its plan included.

    Raises
    ------
    ToolError
        If PyTorch is missing.
    TrainingError
        If the preset is unknown, an option out of range, or the folder holds the checkpoint of
        another training.
    DataError
        If files of the data set are missing or damaged.
    """
    try:
        import torch
    except ImportError:
        raise ToolError("training needs torch: pip install 'threefold[train]'") from None
    from .. import quant

    config = _config(args, quant.PRESETS)
    network_name = args.preset.replace("-", "_")
    dataset = quant.load_dataset(config.dataset, args.data_dir)
    folder = make_folder(args.output or Path("out", network_name))
    configs = {"ternary": config} if args.no_float else {"ternary": config, "float": config.twin}
    if args.fresh:
        for checkpoint in _CHECKPOINTS.values():
            (folder / checkpoint).unlink(missing_ok=True)
    models, losses = {}, {}
    with _progress(console) as start:
        steps = {name: start(name, config.epochs) for name in configs}
        for name, each in configs.items():
            checkpoint = folder / _CHECKPOINTS[name]
            models[name] = quant.build(each, dataset)
            losses[name] = quant.train(
                models[name], dataset, each, checkpoint=checkpoint, on_epoch=steps[name]
            )

    held_out = dataset.test_images, dataset.test_labels
    exported = quant.export(models["ternary"], network_name, argmax=not args.logits)
    quant.require_equal(models["ternary"], exported, dataset.test_images)
    accuracy = {
        "dataset": f"{dataset.name}, held out",
        "images": len(dataset.test_labels),
        "integer": _accuracy(exported, *held_out),
    }
    if "float" in models:
        accuracy["float"] = quant.accuracy(models["float"], *held_out)
    provenance = {
        "accuracy": accuracy,
        "dataset": dataset.name,
        "recipe": config.recipe,
        "seed": config.seed,
        "tools": {"threefold": __version__, "torch": torch.__version__},
    }
    record = {**provenance, "config": config.to_dict(), "losses": losses, "preset": args.preset}
    trained = dataclasses.replace(exported, provenance=provenance)
    if not holds_network(folder, trained):
        remove_products(folder, trained.name)
        (folder / "plan.json").unlink(missing_ok=True)
    network.save(trained, folder / "network.tern")
    stored = max(1, _STORED // dataset.input.size)
    save_images(folder / "test.npz", *(array[:stored] for array in held_out))
    write_file(folder / "train.json", json.dumps(record, indent=1, sort_keys=True) + "\n")
    return _summary(accuracy, folder)


def _accuracy(exported: network.Network, images, labels: np.ndarray) -> float:
    """As the golden model's, of images that need not fit into memory."""
    batches = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    classes = [golden.classes(exported, batch) for batch in batches]
    return float(np.mean(np.concatenate(classes) == labels))


def _config(args: argparse.Namespace, presets: dict):
    if args.preset not in presets:
        raise TrainingError(
            f"there is no preset {args.preset!r}; there is {', '.join(sorted(presets))}"
        )
    values = {key: getattr(args, key) for key in _SETTINGS if getattr(args, key) is not None}
    return dataclasses.replace(presets[args.preset], **values)


def _summary(accuracy: dict, folder: Path) -> str:
    lines = [f"ternary  {accuracy['integer']:.2%}  of {accuracy['images']} held-out images"]
    if "float" in accuracy:
        lines.append(f"float    {accuracy['float']:.2%}")
    lines.append(f"network  {folder / 'network.tern'}")
    lines.append(f"images   {folder / 'test.npz'}")
    return "\n".join(lines)


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected integers such as 64,64, not {text!r}") from None


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, int], Callable[[int, float], None]]]:
    """Starts a bar of a number of epochs, to be told the epochs done and the loss."""
    epochs, loss = "{task.completed}/{task.total} epochs", "loss {task.fields[loss]:.3f}"
    with progress_bar(console, epochs, loss, keep=True) as bars:

        def start(name: str, epochs: int) -> Callable[[int, float], None]:
            task = bars.add_task(name, total=epochs, loss=float("nan"))
            return lambda done, loss: bars.update(task, completed=done, loss=loss)

        yield start
