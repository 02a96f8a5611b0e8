"""Accuracy of trained networks: integer-only as deployed, and float of the same shape.

python benchmarks/accuracy.py --data-dir FOLDER --checkpoints FOLDER --only digits lenet-digits

FOLDER has one folder for each published set: mnist, fashion_mnist, cifar10, speech_commands,
tabular. Figures go into benchmarks/accuracy, a file for each row, and networks of the first
seed into zoo/; accuracy_page.py makes docs/accuracy.md of the figures, zoo_cards.py the cards.
"""

import argparse
import dataclasses
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress, TaskID

from threefold.files import write_file
from threefold.network import save
from threefold.quant import PRESETS, Stage, TrainConfig, Trial, load_dataset, run_trial
from threefold.quant.data import SOURCES

HERE = Path(__file__).parent
RECORDS = HERE / "accuracy"
ZOO = HERE.parent / "zoo"
FOLDERS = {
    "mnist8": "mnist",
    "cifar10_jpeg": "cifar10",
    "magic": "tabular",
    "letter": "tabular",
    "pendigits": "tabular",
}
"""Where a data set is, if not in a folder of its own name."""


@dataclass(frozen=True)
class Case:
    """A row of a table.

    Parameters
    ----------
    preset : str
    seeds : tuple of int
    changes : mapping
        Values that differ from the preset's.
    twin : bool
        Whether the float network is trained as well.
    """

    preset: str
    seeds: tuple[int, ...] = (0, 1, 2)
    changes: dict = field(default_factory=dict)
    twin: bool = True

    def config(self, seed: int) -> TrainConfig:
        """The training of one seed."""
        return dataclasses.replace(PRESETS[self.preset], **self.changes, seed=seed)


_QUANTIZERS = {
    "statistical": {},
    "statistical, a scale for each filter": {"per_filter": True},
    "truncated Gaussian": {"weights": "tga"},
    "learned clip": {"weights": "clip"},
    "binary": {"weights": "binary"},
    "residual expansion, two thresholds": {"weights": "expanded2"},
}

_PUBLISHED = {
    "epochs": 200,
    "schedule": "published",
    "precision": "float32",
    "device": "cuda",
}
"""Epochs and rates of He, Gong, Fan, WACV 2019; minutes of a GPU, days of one core."""
_FINE_TUNED = {
    **_PUBLISHED,
    "schedule": "cosine",
    "rate": 0.05,
    "weight_decay": 1e-4,
    "distill": 0.5,
    "stages": (Stage(200, bits=4, rate=0.1, weight_decay=3e-4, schedule="published"),),
}
"""As many epochs again from the float network of that recipe, and with it as the teacher."""

CASES = {
    "digits": Case("digits"),
    "lenet-digits": Case("lenet-digits"),
    "lenet-mnist": Case("lenet-mnist"),
    "lenet-mnist8": Case("lenet-mnist8"),
    "lenet-fashion": Case("lenet-fashion"),
    "ds_cnn-speech": Case("ds_cnn-speech"),
    "mlp-magic": Case("mlp-magic"),
    "mlp-letter": Case("mlp-letter"),
    "mlp-pendigits": Case("mlp-pendigits"),
    "resnet20-jpeg": Case("resnet20-jpeg", (0,)),
    "resnet20-jpeg-2bit": Case("resnet20-jpeg-2bit", (0,), twin=False),
    "resnet20-jpeg-widths": Case("resnet20-jpeg-widths", (0,), twin=False),
    "resnet20-jpeg-staged": Case("resnet20-jpeg-staged", (0,), twin=False),
    "resnet20-jpeg-apot": Case("resnet20-jpeg-apot", (0,), twin=False),
    "long/resnet20-4bit": Case("resnet20-jpeg", (0, 1), _PUBLISHED),
    "long/resnet20-2bit": Case("resnet20-jpeg-2bit", (0, 1), _PUBLISHED, twin=False),
    "long/resnet20-4bit-fine": Case("resnet20-jpeg", (0,), _FINE_TUNED, twin=False),
    "long/resnet20-4bit-fine-tga": Case(
        "resnet20-jpeg", (0,), {**_FINE_TUNED, "weights": "tga"}, twin=False
    ),
    "long/resnet20-2bit-fine": Case("resnet20-jpeg-2bit", (0,), _FINE_TUNED, twin=False),
    "long/resnet20-8bit": Case("resnet20-jpeg", (0,), {**_PUBLISHED, "bits": 8}, twin=False),
    **{
        f"ablation/{name}": Case("resnet8-jpeg", (0,), changes, twin=not changes)
        for name, changes in _QUANTIZERS.items()
    },
}
"""Rows by name."""


def main() -> None:
    """Train what is asked for, and record each result as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="folders of the data sets")
    parser.add_argument("--checkpoints", type=Path, default=Path("out", "accuracy"))
    parser.add_argument(
        "--only",
        nargs="+",
        choices=CASES,
        metavar="CASE",
        default=[name for name in CASES if not name.startswith("long/")],
        help=f"{', '.join(CASES)} (all but the long ones)",
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="those of the case, unless given")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), help="where to compute; that of the case, unless given"
    )
    parser.add_argument("--no-zoo", action="store_true", help="leave zoo/ as it is")
    args = parser.parse_args()

    console = Console(stderr=True)
    for name in args.only:
        case = CASES[name]
        for seed in args.seeds or case.seeds:
            config = case.config(seed)
            folder = args.checkpoints / file_name(name) / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            here = dataclasses.replace(config, device=args.device or config.device)
            dataset = load_dataset(config.dataset, source(config.dataset, args.data_dir))
            with Progress(console=console, disable=not console.is_terminal) as bars:
                trial = run_trial(
                    dataset,
                    here,
                    re.sub(r"[^a-z0-9]+", "_", name),
                    folder=folder,
                    twin=case.twin,
                    argmax=True,
                    progress=watch(bars, f"{name} {seed}"),
                )
            add(name, case, config, trial, trained(folder))
            console.print(f"{time.strftime('%H:%M')} {name} {seed}", trial.accuracy, trial.more)
            if seed == case.seeds[0] and name in PRESETS and not args.no_zoo:
                ZOO.mkdir(exist_ok=True)
                provenance = {**trial.network.provenance, "preset": name}
                network = dataclasses.replace(trial.network, provenance=provenance)
                save(network, ZOO / f"{network.name}.tern")


def source(dataset: str, folder: Path | None) -> Path | None:
    """Where the files of a data set are, if it has any."""
    if dataset not in SOURCES or folder is None:
        return None
    return folder / FOLDERS.get(dataset, dataset)


def file_name(case: str) -> str:
    """A case's name as that of a file."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", case)


def watch(bars: Progress, what: str):
    """Shows how far a trial is, a bar for each kind of work."""
    tasks: dict[str, TaskID] = {}

    def progress(kind: str, share: float) -> None:
        if kind not in tasks:
            tasks[kind] = bars.add_task(f"{what} {kind}", total=1.0)
        bars.update(tasks[kind], completed=share)

    return progress


def trained(folder: Path) -> dict:
    """What long_trainings.py tells of the trainings in a folder: their device, and how fast."""
    kinds = {"ternary": folder / "checkpoint.json", "float": folder / "checkpoint_float.json"}
    return {kind: json.loads(path.read_text()) for kind, path in kinds.items() if path.exists()}


def add(name: str, case: Case, config: TrainConfig, trial: Trial, trained: dict) -> None:
    """Put one run into the record."""
    path = RECORDS / f"{file_name(name)}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    stages = [stage.to_dict() for stage in case.changes.get("stages", ())]
    weights = [node.op.weights for node in trial.network.nodes if hasattr(node.op, "weights")]
    entry = {
        "name": name,
        "preset": case.preset,
        "changes": {**case.changes, **({"stages": stages} if stages else {})},
        "config": {key: value for key, value in config.to_dict().items() if key != "seed"},
        "recipe": config.recipe,
        "dataset": config.dataset,
        "input_bits": trial.network.input.element.bits,
        "weights": sum(each.size for each in weights),
        "nonzero": sum(int((each != 0).sum()) for each in weights),
        "torch": torch.__version__,
    }
    run = {
        "seed": config.seed,
        **{key: trial.accuracy[key] for key in ("integer", "float") if key in trial.accuracy},
        "images": trial.accuracy["images"],
        "more": trial.more,
        "losses": {
            kind: [round(loss, 4) for loss in losses] for kind, losses in trial.losses.items()
        },
    }
    if trained:
        run["trained"] = trained
    runs = before.get("runs", []) if same_training(before, entry) else []
    runs = [each for each in runs if each["seed"] != config.seed]
    record = {**entry, "runs": sorted([*runs, run], key=lambda each: each["seed"])}
    RECORDS.mkdir(exist_ok=True)
    write_file(path, json.dumps(record, indent=1, sort_keys=True) + "\n")


def same_training(before: dict, entry: dict) -> bool:
    """Whether a record is of the same training; options that there were not are unset here."""
    own, recorded = entry["config"], before.get("config", {})
    unset = {each.name: each.default for each in dataclasses.fields(TrainConfig)} | {"dynamic": []}
    return bool(recorded) and own == {name: recorded.get(name, unset.get(name)) for name in own}


if __name__ == "__main__":
    main()
