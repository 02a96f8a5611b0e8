"""Writes docs/accuracy.md and its pictures from the figures that other scripts recorded.

python benchmarks/accuracy_page.py
"""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev

from first_and_last_table import first_and_last
from page_table import table
from plots import drawn
from pruning_plot import curve, margins, plot

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "accuracy.md"
CURVES = HERE.parent / "docs" / "losses.svg"
PRUNING = HERE.parent / "docs" / "pruning.svg"

PUBLISHED = {
    "resnet20-jpeg": "91.65 of 91.70, float activations, 200 epochs, originals (WACV 2019)",
    "resnet20-jpeg-apot": "90.96, 300 epochs a stage, originals (APoT, ICLR 2020)",
    "resnet20-jpeg-2bit": "90.96, first and last layer of 8 bits, originals (APoT, ICLR 2020)",
    "ds_cnn-speech": "about 92, 8 bits, the whole training set (MLPerf Tiny)",
}
"""Accuracies by case, and what they are of."""

_MAIN = (
    ("digits", "MLP"),
    ("lenet-digits", "LeNet"),
    ("lenet-mnist", "LeNet, small"),
    ("lenet-mnist8", "LeNet"),
    ("lenet-fashion", "LeNet"),
    ("resnet20-jpeg", "ResNet-20"),
    ("resnet20-jpeg-widths", "ResNet-20, the whole of three widths"),
    ("resnet20-jpeg-staged", "ResNet-20, staged and distilled"),
    ("resnet20-jpeg-2bit", "ResNet-20"),
    ("resnet20-jpeg-apot", "ResNet-20 of APoT's recipe"),
    ("ds_cnn-speech", "DS-CNN"),
    ("mlp-magic", "MLP"),
    ("mlp-letter", "MLP"),
    ("mlp-pendigits", "MLP"),
)

_WITHOUT_TWIN = tuple(f"resnet20-jpeg-{suffix}" for suffix in ("2bit", "apot", "widths", "staged"))
"""Rows whose float network is that of resnet20-jpeg, of 20 epochs."""


def record() -> dict:
    """All cases by name."""
    cases = (json.loads(path.read_text()) for path in sorted((HERE / "accuracy").glob("*.json")))
    return {case["name"]: case for case in cases}


def spread(values: list[float]) -> str:
    """Mean in percent, and the standard deviation where there are several."""
    if len(values) < 2:
        return f"{100 * values[0]:.2f}"
    return f"{100 * mean(values):.2f} ± {100 * stdev(values):.2f}"


def figures(case: dict, kind: str, more: str | None = None) -> list[float]:
    """Accuracies of all runs that have them."""
    runs = [run["more"].get(more, {}) if more else run for run in case["runs"]]
    return [run[kind] for run in runs if kind in run]


def methods(cases: dict) -> str:
    """The table of networks."""
    rows = []
    for name, network in _MAIN:
        if name not in cases:
            continue
        case = cases[name]
        config = case["config"]
        twin = cases["resnet20-jpeg"] if name in _WITHOUT_TWIN else case
        integer, real = figures(case, "integer"), figures(case, "float") or figures(twin, "float")
        widths = "-".join(map(str, config["widths"]))
        rows.append(
            (
                f"{name}: {network}, {widths}",
                f"{config['dataset']}, {case['input_bits']} bits",
                f"{_weights(config)}, {config['bits']} bits",
                config["epochs"] + sum(stage["epochs"] for stage in config["stages"]),
                len(case["runs"]),
                f"**{spread(integer)}**",
                spread(real) if real else "–",
                f"{100 * (mean(integer) - mean(real)):+.2f}" if real else "–",
                PUBLISHED.get(name, "–"),
            )
        )
    head = ("preset: network, widths", "data, input", "weights, activations", "epochs", "seeds")
    return table((*head, "integer %", "float %", "difference", "published"), rows)


def _weights(config: dict) -> str:
    """How the weights were quantized, and the bits of a first and last layer of integers."""
    ends = {end: config.get(end) for end in ("first", "last")}
    bits = ", ".join(f"{number} bits {end}" for end, number in ends.items() if number)
    return f"{config['weights']} ({bits})" if bits else config["weights"]


def curves(cases: dict, names: Iterable[str], path: Path) -> None:
    """Mean loss of each epoch."""
    with drawn(path, 8, 4.2) as figure:
        axes = figure.add_axes((0.085, 0.135, 0.9, 0.82))
        for name in names:
            for kind, losses in cases[name]["runs"][0]["losses"].items():
                dashes, label = ("--", "float") if kind == "float" else ("-", name)
                axes.plot(range(1, len(losses) + 1), losses, dashes, label=label)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("mean loss in training")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)


def cifar(cases: dict) -> str:
    """ResNet-20 on both sets of held-out images."""
    names = [name for name in cases if name.startswith("resnet20-jpeg")]
    # A training of several widths adds up their losses.
    alone = [name for name in names if not cases[name]["config"].get("dynamic")]
    curves(cases, alone, CURVES)
    twin = cases["resnet20-jpeg"]
    rows = []
    for what, case, kind in [
        ("float", twin, "float"),
        *((name, cases[name], "integer") for name in names),
    ]:
        images, lossless = figures(case, kind), figures(case, kind, "lossless")
        gaps = (
            f"{100 * (mean(ours) - mean(figures(twin, 'float', more))):+.2f}"
            for ours, more in ((images, None), (lossless, "lossless"))
        )
        rows.append((what, spread(images), spread(lossless), *gaps))
    run = twin["runs"][0]
    head = ("ResNet-20", f"copy, {run['images']:,} images %")
    originals = run["more"]["lossless"]
    error = (originals["float"] * (1 - originals["float"]) / originals["images"]) ** 0.5
    head += (f"originals, {originals['images']:,} images %",)
    head += ("difference on the copy", "on the originals")
    epochs = twin["config"]["epochs"]
    return f"""## ResNet-20 on CIFAR-10 (JPEG copy)
Trained on a copy of CIFAR-10 that went through JPEG of quality 75, with the original in the place
of the copy where there is one. Held out are the copies of all {run["images"]:,} test images, and
the originals of {originals["images"]:,} of them, with a standard error of about
{100 * error:.1f} points. A copy costs accuracy: these are not figures of CIFAR-10. {epochs} epochs
in place of the 200 of the publications, since they were trained on two cores.

{table(head, rows)}

![Mean loss of each epoch]({CURVES.name})
"""


def both_ends(cases: dict) -> str:
    """ResNet-20 of APoT's recipe beside the one that is ternary throughout."""
    record = json.loads((HERE / "first_and_last.json").read_text())
    by_file = {name.replace("-", "_"): case for name, case in cases.items()}
    return first_and_last(record, by_file)


def ablation(cases: dict) -> str:
    """Quantizers of weights beside each other."""
    names = [name for name in cases if name.startswith("ablation/")]
    rows = [
        ("float", len(case["runs"]), spread(figures(case, "float")), "–")
        for case in map(cases.get, names)
        if figures(case, "float")
    ]
    for name in sorted(names, key=lambda name: -mean(figures(cases[name], "integer"))):
        case = cases[name]
        nonzero = f"{case['nonzero'] / case['weights']:.0%}"
        values = spread(figures(case, "integer"))
        rows.append((name.removeprefix("ablation/"), len(case["runs"]), values, nonzero))
    config = cases[names[0]]["config"]
    return f"""## Quantizers beside each other
{config["network"]} of widths {"-".join(map(str, config["widths"]))} on {config["dataset"]},
{config["bits"]}-bit activations, {config["epochs"]} epochs for each, all other values the same. So
few epochs tell how fast a quantizer learns more than how far it gets, and one seed tells apart what
differs by some points, not by a few tenths.

{table(("weights", "seeds", "accuracy %", "weights that are not 0"), rows)}
"""


def pruning() -> str:
    """Accuracy over cycles, and its picture."""
    rows = json.loads((HERE / "pruning.json").read_text())["rows"]
    plot(rows, PRUNING)
    at_equal_cycles = margins(rows)
    lines = []
    for network in sorted({row["network"] for row in rows}):
        by_method = {method: curve(rows, network, method) for method in ("wpc", "lasso")}
        own = [row for row in rows if row["network"] == network]
        seeds, config = len({row["seed"] for row in own}), own[0]["config"]
        for clipped, plain in zip(*by_method.values(), strict=True):
            fraction = f"{clipped['fraction']:.0%}"
            epochs = f"{config['start']} + {config['epochs']}"
            margin = at_equal_cycles[network].get(fraction)
            lines.append(
                (
                    f"{network}, {fraction}",
                    epochs,
                    seeds,
                    *(f"{point['interval']:,.0f}" for point in (clipped, plain)),
                    *(_between(point) for point in (clipped, plain)),
                    "–" if margin is None else f"{100 * margin:+.2f}",
                )
            )
    head = ("network, tiles pruned", "epochs", "seeds", "interval, WPC", "interval, plain")
    head += ("accuracy %, WPC", "accuracy %, plain", "WPC less plain at equal cycles")
    return f"""## Pruned tiles
`benchmarks/pruning.py`: a trained network goes on for a fixed number of epochs while tiles of its
array are pruned, with a group lasso that is clipped (WPC) and one that is not. Epochs are those of
the start and of each point.
{_cycles(rows)}
Accuracies are means, with the lowest and the highest of several seeds. The last column compares at
equal cycles, between neighbouring points of the plain lasso; where that has none as fast, its
fastest counts. A tile above the clip is not pulled towards 0: fewer tiles than asked for vanish on
their own, and where nearly all have to go, more is cut off.

{table(head, lines)}

![Accuracy over cycles]({PRUNING.name})
"""


def _cycles(rows: list[dict]) -> str:
    """Which cycles were simulated."""
    simulated = sum(row["simulated"] is not None for row in rows)
    return (
        f"Cycles are predicted; {simulated} of {len(rows)} points were simulated, and took as many."
    )


def _between(point: dict) -> str:
    """A mean, and what it lies between."""
    mean_, low, high = (f"{100 * point[key]:.2f}" for key in ("mean", "low", "high"))
    return mean_ if low == high else f"{mean_} ({low}…{high})"


def widths() -> str:
    """Networks within networks."""
    found = json.loads((HERE / "dynamic_widths.json").read_text())
    rows = []
    for name, case in found.items():
        if name == "torch":
            continue
        for width in ("whole", *(f"w{ratio * 100:g}" for ratio in case["config"]["dynamic"])):
            accuracies = (
                spread([run[kind][width] for run in case["runs"]]) for kind in ("within", "alone")
            )
            rows.append((f"{name}, {width}", len(case["runs"]), *accuracies))
    return f"""## Several widths in one network
`benchmarks/dynamic_widths.py`: one set of ternary weights that works at several widths, beside
networks of those widths trained alone for as many epochs. All are exported integers.

{table(("network, width", "seeds", "within one %", "alone %"), rows)}
"""


def mixed() -> str:
    """Ternary networks beside narrower ones of more bits a weight."""
    found = json.loads((HERE / "mixed_widths.json").read_text())
    parts = []
    for name, case in found["networks"].items():
        rows = []
        for row in case["rows"]:
            runs = row["runs"]
            rows.append(
                (
                    row["row"].removesuffix(f", {row['equal']}"),
                    row["equal"] or "–",
                    "-".join(map(str, row["widths"])),
                    f"{runs[0]['bits']:,}",
                    f"{mean(run['cycles'] for run in runs):,.0f}",
                    spread([run["accuracy"] for run in runs]),
                )
            )
        head = (f"{name}, {case['config']['epochs']} epochs", "as many", "widths")
        kinds = "bits", "cycles"
        gains = [f"{_margin(case['rows'], kind):+.2f} for as many {kind}" for kind in kinds]
        text = f"The best narrower one less the best ternary one: {', '.join(gains)}."
        parts.append(f"{table((*head, 'bits', 'cycles', 'accuracy %'), rows)}\n\n{text}\n")
    pe, simd = found["lanes"]
    tables = "\n".join(parts)
    return f"""## Wide and ternary, or narrow with more bits
`benchmarks/mixed_widths.py`: weights of 2, 3 and 4 bits with a learned step, in networks that are
narrower by the same factor in each layer, until they store as many bits as the ternary one, or
need as many cycles where no tile is empty. Three seeds each. Bits are those of all weights before
compression; cycles are those of an image on arrays of {pe}×{simd} lanes, all layers together,
without the tiles that are empty. What is less than a spread tells nothing.

{tables}"""


def _margin(rows: list[dict], equal: str) -> float:
    """What the best network of as much has more than the best ternary one, in points."""
    means = [(row["equal"], mean(run["accuracy"] for run in row["runs"])) for row in rows]
    best = {kind: max(each for of, each in means if of == kind) for kind in ("", equal)}
    return 100 * (best[equal] - best[""])


def page() -> str:
    """The text of docs/accuracy.md."""
    cases = record()
    version = next(iter(cases.values()))["torch"]
    sections = cifar(cases), both_ends(cases), ablation(cases), pruning(), widths(), mixed()
    parts = "\n".join(sections)
    return f"""# Accuracy
Written by `benchmarks/accuracy_page.py` from what `benchmarks/accuracy.py` measured, PyTorch
{version}. *Integer* is the exported network in the golden model: every layer ternary, the first and
the last included unless the row says otherwise, every activation an integer code. All codes of all
held-out images are equal to PyTorch's. *Float* is the network of the same shape without
quantization, trained with the same recipe for as many epochs. Always the last epoch, never the
best; held-out images are not looked at before. A spread is the standard deviation over seeds. Rows
of ResNet-20 without a float network of their own have that of `resnet20-jpeg`, of 20 epochs of its
own recipe.

## Networks
Each row is `threefold train --preset NAME --data-dir FOLDER`, or all seeds with
`python benchmarks/accuracy.py --only NAME --data-dir FOLDER`.

{methods(cases)}

{parts}"""


if __name__ == "__main__":
    PAGE.write_text(page())
