"""ResNet-18 of 224×224 pixels, float and then ternary, on a folder of photographs.

    python benchmarks/imagenet_training.py --data-dir FOLDER [--json FILE] [-o FOLDER]

It shows that the way of ImageNet works, and claims no accuracy: a hundred photographs are far too
few for eleven million weights. FOLDER has ``cifar10/cifar10_jpeg_q75.npz``, the JPEG copy of
CIFAR-10, whose first images become files in a folder for each class. Plain PyTorch trains float
weights on them; from these, the preset ``resnet18-imagenet`` trains ternary ones, in few epochs.
"""

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from published_resnet import PublishedResNet
from rich.console import Console
from torch.nn import functional

from threefold.files import write_file
from threefold.progress import no_progress
from threefold.quant import PRESETS, Dataset, load_dataset, run_trial

__all__ = ["write_photographs"]

_PARTS = {"train": 0, "val": 50_000}
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BATCH = 10


def main() -> None:
    """Train both, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--train", type=int, default=8, help="photographs of each class")
    parser.add_argument("--held-out", type=int, default=2, help="photographs of each class")
    parser.add_argument("--epochs", type=int, default=6, help="of float weights")
    parser.add_argument("--ternary-epochs", type=int, default=4)
    parser.add_argument("--json", type=Path, metavar="FILE", help="record of the figures")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="keep what is made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="threefold-") as place:
        figures = measure(args, args.output or Path(place))
    if args.json:
        write_file(args.json, json.dumps(figures, indent=1) + "\n")
    Console().print_json(data=figures)


def measure(args: argparse.Namespace, folder: Path) -> dict:
    """Photographs, float weights, ternary weights: what each step took and gave."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"train": args.train, "val": args.held_out}
    write_photographs(args.data_dir / "cifar10" / "cifar10_jpeg_q75.npz", folder / "data", counts)
    dataset = load_dataset("imagenet", folder / "data")
    start = time.monotonic()
    losses = _pretrain(dataset, folder / "resnet18.pth", args.epochs)
    between = time.monotonic()
    config = dataclasses.replace(
        PRESETS["resnet18-imagenet"],
        epochs=args.ternary_epochs,
        batch=_BATCH,
        device="cpu",
        precision="float32",
        pretrained=str(folder / "resnet18.pth"),
    )
    trial = run_trial(
        dataset, config, "resnet18", folder=folder, twin=False, progress=no_progress
    )  # raises if a code of a layer differs between PyTorch and golden
    return {
        "photographs": {part: count * len(dataset.names) for part, count in counts.items()},
        "recipe": config.recipe,
        "float_losses": [round(loss, 3) for loss in losses],
        "losses": [round(loss, 3) for loss in trial.losses["ternary"]],
        "right": round(trial.accuracy["integer"] * trial.accuracy["images"]),
        "tools": trial.network.provenance["tools"],
        "seconds": [round(between - start), round(time.monotonic() - between)],
    }


def write_photographs(source: Path, folder: Path, counts: dict[str, int]) -> None:
    """The first images of each class of CIFAR-10, JPEG files as ImageNet is laid out.

    Parameters
    ----------
    source : path
        The JPEG copy: 50,000 images to train with, then 10,000 held out.
    folder : path
        Gets ``train/CLASS/NUMBER.jpg`` and ``val/CLASS/NUMBER.jpg``.
    counts : mapping
        How many images of each class ``train`` and ``val`` have.
    """
    arrays = np.load(source)
    ends = np.cumsum(arrays["length"].astype(np.int64))
    for part, first in _PARTS.items():
        labels = arrays["label"][first : first + 10_000]
        for label in np.unique(labels):
            place = folder / part / f"{label}"
            place.mkdir(parents=True, exist_ok=True)
            for index in first + np.flatnonzero(labels == label)[: counts[part]]:
                scan = arrays["scan"][ends[index] - arrays["length"][index] : ends[index]]
                content = arrays["header"].tobytes() + scan.tobytes()
                (place / f"{index}.jpg").write_bytes(content)


def _pretrain(dataset: Dataset, path: Path, epochs: int) -> list[float]:
    """Train float weights in plain PyTorch and write them; the mean loss of each epoch."""
    torch.manual_seed(0)
    model = PublishedResNet(classes=len(dataset.names))
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9, nesterov=True)
    losses = []
    for _ in range(epochs):
        found = []
        for images, labels in _batches(dataset):
            loss = functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(float(loss.detach()))
        losses.append(float(np.mean(found)))
    torch.save(model.state_dict(), path)
    return losses


def _batches(dataset: Dataset) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Random parts of the photographs, normalized as for published weights, and their classes."""
    mean, std = (torch.tensor(each).reshape(3, 1, 1) for each in (_MEAN, _STD))
    generator = torch.default_generator
    order = torch.randperm(len(dataset.train_labels)).numpy()
    for chosen in np.array_split(order, max(1, len(order) // _BATCH)):
        pixels = torch.from_numpy(dataset.train_images.draw(chosen, generator))
        labels = torch.from_numpy(np.asarray(dataset.train_labels[chosen], np.int64))
        yield (pixels.permute(0, 3, 1, 2) / 255 - mean) / std, labels


if __name__ == "__main__":
    main()
