"""Published QONNX networks, imported, compared with their source, simulated and built.

    python benchmarks/imports.py --models FOLDER --mnist FOLDER [--json FILE] [--only NAME …]
        [--no-build]

The folder of models has TFC_1W1A.onnx and TFC_2W2A.onnx of the QONNX model zoo, kwsmlp_w3a3.onnx of
MLPerf Tiny, and logits of TFC that were recorded on the 10,000 test images with qonnx's executor,
qonnx_logits_mnist10k_TFC_1W1A.npy and so on. The folder of MNIST has the four files it is published
in. With --only what FILE has of other networks stays. tables.py makes docs/benchmarks.md of the
figures.
"""

import argparse
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console

import threefold
from threefold import importer
from threefold.files import write_file
from threefold.quant import load_dataset
from threefold.sim import golden

PLANS = {
    "TFC_1W1A": {"board": "icebreaker", "fastest": True},
    "TFC_2W2A": {"board": "ulx3s_12f", "fastest": False},
    "kwsmlp_w3a3": {"board": "lifcl_40_evn", "fastest": False},
}
"""The smallest board that each fits, and whether the plan is the fastest or that of the knee."""

SIMULATED = {"TFC_1W1A": 500, "TFC_2W2A": 500, "kwsmlp_w3a3": 50}
RANDOM = 1000


def main() -> None:
    """Import, compare, simulate, build, and print or write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--mnist", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", nargs="+", choices=PLANS, default=list(PLANS), metavar="NAME")
    parser.add_argument("--no-build", action="store_true", help="compare, but simulate nothing")
    args = parser.parse_args()

    console = Console(stderr=True)
    dataset = load_dataset("mnist8", args.mnist)
    known = json.loads(args.json.read_text())["rows"] if args.json and args.json.exists() else []
    rows = {row["network"]: row for row in known}
    for name in args.only:
        measure = recorded if recording(args.models, name).exists() else random
        with console.status(name):
            rows[name] = measure(name, args.models, dataset, build=not args.no_build)
        console.print(rows[name])
    if args.json:
        tools = {tool: version(tool) for tool in ("onnx", "onnxruntime", "qonnx")}
        record = {"rows": [rows[name] for name in PLANS if name in rows], "tools": tools}
        write_file(args.json, json.dumps(record, indent=1, sort_keys=True) + "\n")


def recording(folder: Path, name: str) -> Path:
    """Where the logits of a network are, if somebody recorded them."""
    return folder / f"qonnx_logits_mnist10k_{name}.npy"


def recorded(name: str, folder: Path, dataset, *, build: bool) -> dict:
    """A network whose logits on the test images were recorded."""
    images, labels = dataset.test_images, dataset.test_labels
    real = np.load(recording(folder, name))
    source = importer.Source(importer.read(folder / f"{name}.onnx"))
    converted = importer.convert(source, name.lower())
    found = importer.compare(source, converted, images)
    values = golden.evaluate(converted.network, images)
    classes = values[converted.network.output.name].ravel()
    logits = values[converted.network.output.inputs[0]].reshape(len(images), -1)
    row = {
        "network": name,
        "images": len(images),
        "values_compared": found.values,
        "differ": found.differ,
        "classes_as_recorded": int((classes == real.argmax(axis=1)).sum()),
        "logit_error": line_error(logits, real),
        "accuracy": float(np.mean(classes == labels)),
    }
    return row | (on_board(name, converted.network, images, labels) if build else {})


def line_error(integers: np.ndarray, real: np.ndarray) -> float:
    """Largest distance of real logits from the line of their integers, over their range."""
    scale, shift = np.polyfit(integers.ravel(), real.ravel(), 1)
    return float(np.abs(real - scale * integers - shift).max() / np.ptp(real))


def on_board(name: str, network, images: np.ndarray, labels: np.ndarray | None) -> dict:
    """Simulation, and bitstream for a board."""
    choice, count = PLANS[name], SIMULATED[name]
    with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
        project = threefold.Project.create(network, folder, **choice)
        result = project.simulate(images[:count], None if labels is None else labels[:count])
        project.build()
        report = project.report()
    return {
        **choice,
        "simulated": result.images,
        "beats": result.beats,
        "latency": result.cycles.latency,
        "interval": result.cycles.interval,
        "fmax_mhz": report["fmax_mhz"],
        "clock_mhz": report["clock_mhz"],
        "utilization": report["utilization"],
        "tools": report["tools"],
    }


def random(name: str, folder: Path, dataset, *, build: bool) -> dict:
    """A network of which nothing is recorded, on random inputs, and what ternary weights change."""
    source = importer.Source(importer.read(folder / f"{name}.onnx"))
    converted = importer.convert(source, name.lower())
    codes = converted.network.input
    shape = (RANDOM, *codes.shape)
    images = np.random.default_rng(0).integers(0, codes.codes.max_code + 1, shape)
    found = importer.compare(source, converted, images)
    before = importer.source_classes(source, converted, images)
    rounded, layers = importer.ternarized(source)
    ternary = importer.convert(rounded, name.lower())
    after = importer.compare(rounded, ternary, images)
    row = {
        "network": name,
        "images": RANDOM,
        "values_compared": found.values,
        "differ": found.differ,
        "rounded": found.rounded,
        "classes_as_recorded": int((found.classes == before).sum()),
        "ternarized": {
            "layers": layers,
            "differ": after.differ,
            "classes_changed": float(np.mean(after.classes != before)),
        },
    }
    return row | (on_board(name, converted.network, images, None) if build else {})


if __name__ == "__main__":
    main()
