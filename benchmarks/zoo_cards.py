"""Writes a card for every trained network in zoo/, and their list.

python benchmarks/zoo_cards.py
"""

from pathlib import Path

from threefold.network import Network, load
from threefold.quant.data import SOURCES

HERE = Path(__file__).parent
ZOO = HERE.parent / "zoo"
_DIGITS = "digits of scikit-learn (UCI, Alpaydin and Kaynak 1998), CC BY 4.0"


def networks() -> dict[str, Network]:
    """Trained networks by the names of their presets, small ones first."""
    files = sorted(ZOO.glob("*.tern"), key=lambda path: path.stat().st_size)
    found = (load(path) for path in files)
    return {network.provenance["preset"]: network for network in found}


def data(name: str) -> str:
    """What a network was trained with, and under which licence."""
    if name not in SOURCES:
        return _DIGITS
    return f"{name} ({SOURCES[name].origin}), {SOURCES[name].licence}"


def card(preset: str, network: Network) -> str:
    """The text of one card."""
    provenance, path = network.provenance, ZOO / f"{network.name}.tern"
    sets = {"": provenance["accuracy"], **provenance.get("accuracy_on", {})}
    lines = []
    for key, accuracy in sets.items():
        float_ = f"{accuracy['float']:.2%}" if "float" in accuracy else "–"
        which = f"{provenance['dataset']}{key and f', {key}'}"
        lines.append(f"| {which} | {accuracy['images']:,} | {accuracy['integer']:.2%} | {float_} |")
        for width, share in accuracy.get("widths", {}).items():
            lines.append(f"| {which}, at {width} | {accuracy['images']:,} | {share:.2%} | – |")
    weights = [node.op.weights for node in network.nodes if hasattr(node.op, "weights")]
    total = sum(each.size for each in weights)
    nonzero = sum(int((each != 0).sum()) for each in weights)
    option = " --data-dir FOLDER" if provenance["dataset"] in SOURCES else ""
    return f"""# {preset}
`{path.name}`, {path.stat().st_size:,} bytes: {total:,} weights, {nonzero / total:.0%} of them not
0. Reads {network.input}, gives the class.

| held out | images | integer | float |
| --- | ---: | ---: | ---: |
{chr(10).join(lines)}

Integer is the network of this file, float one of the same shape trained for as many epochs.

- Data: {data(provenance["dataset"])}
- Recipe: {provenance["recipe"]}; seed {provenance["seed"]}
- Made by: `threefold train --preset {preset}{option}`, threefold
  {provenance["tools"]["threefold"]}, PyTorch {provenance["tools"]["torch"]}
- Licence of the network: that of the project; the data have their own
"""


def index(found: dict[str, Network]) -> str:
    """The text of zoo/README.md."""
    rows = []
    for preset, network in found.items():
        accuracy = network.provenance["accuracy"]
        size = (ZOO / f"{network.name}.tern").stat().st_size
        card_ = f"[{preset}]({network.name}.md)"
        rows.append(
            f"| {card_} | {network.provenance['dataset']} | {network.input} | "
            f"{accuracy['integer']:.2%} | {size / 1000:.1f} kB |"
        )
    return f"""# Trained networks
Each is ready to plan, simulate and build, and has a card that tells data, recipe and licence:

    threefold plan zoo/digits.tern --board icebreaker -o out/zoo_digits
    threefold build zoo/digits.tern -o out/zoo_digits

| network | data | reads | integer accuracy | file |
| --- | --- | --- | ---: | ---: |
{chr(10).join(rows)}

Accuracy is of held-out images; [docs/accuracy.md](../docs/accuracy.md) has all figures. Written by
`benchmarks/zoo_cards.py`.
"""


def pages() -> dict[Path, str]:
    """All cards and the list, by path."""
    found = networks()
    cards = {ZOO / f"{network.name}.md": card(preset, network) for preset, network in found.items()}
    return {ZOO / "README.md": index(found), **cards}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
