"""Two checkouts compared: plans, predicted cycles, estimates and RTLIL of the same networks.

    python benchmarks/same_hardware.py OLD NEW [--only CASE ...]

OLD and NEW are folders of the repository at two states. Each runs in a process of its own, on the
packages that are installed. What differs is printed, a line each; the exit code is 1 then. RTLIL
goes to a temporary folder, whose path is printed if anything differs.
"""

import argparse
import inspect
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

__all__ = ["CASES", "Case", "differences"]

_PARTS = ("hw", "quant", "sim", "boards", "firmware")


@dataclass(frozen=True)
class Case:
    """A network on a board.

    Parameters
    ----------
    network : str
        File in ``zoo/``, or name of a reference architecture.
    board : str
    interval : int, optional
        Cycles between images to plan for; the fewest that fit if left out.
    rtlil : bool
        Whether to compare the RTLIL as well as the plan.
    """

    network: str
    board: str
    interval: int | None = None
    rtlil: bool = False

    @property
    def name(self) -> str:
        return f"{self.network} on {self.board}"


_ZOO = ("digits", "ds_cnn_speech", "lenet_digits", "lenet_fashion", "lenet_mnist8", "mlp_letter")
_RTLIL = (
    Case("digits", "icebreaker", rtlil=True),
    Case("digits", "ulx3s_85f", rtlil=True),
    Case("lenet_digits", "icebreaker", rtlil=True),
    Case("resnet20", "ulx3s_85f", interval=36_864, rtlil=True),
)
_PLANS = (
    *(Case(name, board) for name in _ZOO for board in ("icebreaker", "ulx3s_25f", "ulx3s_85f")),
    Case("resnet20", "ulx3s_45f"),
    Case("resnet20_jpeg", "ulx3s_85f"),
)
CASES = {case.name: case for case in (*_PLANS, *_RTLIL)}
"""What is compared, by name."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="folder of the one state, or figures of --json")
    parser.add_argument("new", type=Path, help="folder of the other")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", default=list(CASES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of NEW")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="same-hardware-"))
    known = json.loads(args.old.read_text()) if args.old.is_file() else {}
    console, found, figures = Console(soft_wrap=True), [], {}
    for name in args.only:
        old = known.get(name) or _measure(args.old, name, work / "old")
        figures[name] = _measure(args.new, name, work / "new")
        lines = differences(old, figures[name])
        found += lines
        console.print(f"{name}: {'DIFFERENT' if lines else 'same'}", *lines, sep="\n    ")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    console.print(f"RTLIL is in {work}" if found else f"no difference in {len(figures)} cases")
    return bool(found)


def differences(old: dict, new: dict) -> list[str]:
    """What differs between two measurements, a line for each figure."""
    return [
        f"{key} was {old.get(key)}, is {new.get(key)}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _measure(root: Path, name: str, work: Path) -> dict:
    """The figures of a case in the state at ``root``."""
    package = work / "package"
    if not package.exists():
        _stage(root.resolve(), package)
    command = [sys.executable, __file__, "--measure", name, root.resolve(), work]
    process = subprocess.run(
        command, env={"PYTHONPATH": str(package), "PATH": ""}, capture_output=True, text=True
    )
    if process.returncode:
        raise SystemExit(f"{name} fails in {root}:\n{process.stderr}")
    return json.loads(process.stdout)


def _stage(root: Path, package: Path) -> None:
    """The package of a checkout, in a folder that Python imports from."""
    inside = package / "threefold"
    inside.mkdir(parents=True)
    for path in (root / "threefold").iterdir():
        (inside / path.name).symlink_to(path.resolve())
    for part in _PARTS:
        if not (inside / part).exists():
            (inside / part).symlink_to(root / part)


def measure(name: str, root: Path, work: Path) -> dict:
    """The figures of a case, by the package that this process imports."""
    from types import SimpleNamespace

    from threefold import Project, boards, load
    from threefold.errors import PlanError
    from threefold.hw.verilog import to_rtlil

    case = CASES[name]
    path = root / "zoo" / f"{case.network}.tern"
    network = load(path) if path.exists() else _reference(case.network)
    with tempfile.TemporaryDirectory() as folder:
        try:
            project = Project.create(network, folder, board=case.board, **_speed(case, Project))
        except PlanError as error:
            return {"refused": str(error)}
        plan, accelerator = project.plan, project.accelerator
    family = boards.get(case.board).family
    total = _resources(plan, family)
    figures = {
        "latency": plan.cycles.latency,
        "interval": plan.cycles.interval,
        "foldings": {key: [each.pe, each.simd] for key, each in plan.foldings().items()},
        "memories": plan.memories(),
        "forms": plan.forms(),
        "buffers": dict(plan.buffers),
        "lut": round(total.lut, 3),
        "bram": total.bram,
        "ff": total.ff,
        "spram": total.spram,
    }
    if case.rtlil:
        import hashlib

        name = getattr(family, "name", family)
        text = to_rtlil(accelerator, network.name, platform=SimpleNamespace(family=name))
        (work / f"{case.network}_{case.board}.il").write_text(text)
        figures["rtlil"] = hashlib.sha256(text.encode()).hexdigest()
    return figures


def _speed(case: Case, project: type) -> dict:
    """What to ask for, of an earlier state as well, whose plans without an interval are fastest."""
    if case.interval is None and "fastest" in inspect.signature(project.create).parameters:
        return {"fastest": True}
    return {"interval": case.interval}


def _reference(name: str):
    """A reference architecture, which an earlier state keeps elsewhere."""
    try:
        from threefold import references
    except ImportError:
        from threefold import zoo as references
    return getattr(references, name)()


def _resources(plan, family):
    """The estimate, which an earlier state makes of its steps."""
    if hasattr(plan, "resources"):
        return plan.resources(family)
    from threefold.plan import estimate

    return estimate(plan.steps, family, plan.buffers)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        sys.stdout.write(json.dumps(measure(sys.argv[2], *map(Path, sys.argv[3:5]))))
    else:
        sys.exit(main())
