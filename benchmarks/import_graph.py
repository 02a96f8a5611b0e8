"""Import graph of the package: circles, floors, and the size of each folder.

    python benchmarks/import_graph.py [--root FOLDER] [--modules]

A module stands a floor above the highest that it imports from its own folder; a package stands for
its ``__init__.py``. Imports within functions and for type checkers alone do not count, since they
are not there when modules load. FOLDER is another checkout to look at.
"""

import argparse
import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["circle", "floors", "graph"]

ROOT = Path(__file__).parents[1]
FOLDERS = ("threefold", "hw", "quant", "sim", "boards", "firmware")


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    """What each module of a checkout imports of the package, by dotted name."""
    paths = dict(_modules(root))
    return {name: set(_imports(name, path, paths)) for name, path in paths.items()}


def floors(imports: dict[str, set[str]], folder: str) -> dict[str, int]:
    """Floor of each module of ``folder``, from 1, by what it imports from there.

    Raises
    ------
    CycleError
        If they import each other in a circle.
    """
    inside = {name for name in imports if f"{name}.".startswith(f"{folder}.")}
    own = {name: (imports[name] & inside) - {name} for name in inside}
    levels: dict[str, int] = {}
    for name in TopologicalSorter(own).static_order():
        levels[name] = 1 + max((levels[each] for each in own[name]), default=0)
    return levels


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; none if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if any((root.joinpath(*parts[:depth])).is_symlink() for depth in range(1, len(parts))):
                continue
            package = parts if folder == "threefold" else ("threefold", *parts)
            name = ".".join(package).removesuffix(".__init__")
            yield name, path


def _imports(name: str, path: Path, paths: dict[str, Path]) -> Iterator[str]:
    """Names of the modules that are loaded with this one."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in _statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in paths)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found = inner if inner in paths else module
                if found in paths and found != name:
                    yield found


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements at the top of a module, those for type checkers left out."""
    for node in tree.body:
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if isinstance(node, ast.Try):
            yield from node.body
        elif not checking:
            yield node


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER")
    parser.add_argument("--modules", action="store_true", help="the modules of each floor as well")
    args = parser.parse_args()
    imports, paths = graph(args.root), dict(_modules(args.root))
    lines = {name: len(path.read_text().splitlines()) for name, path in paths.items()}
    console = Console()
    table = Table("folder", "modules", "lines", "floors", box=None)
    for folder in sorted({".".join(name.split(".")[:2]) for name in imports if "." in name}):
        inside = [name for name in imports if f"{name}.".startswith(f"{folder}.")]
        size = sum(lines[name] for name in inside)
        height = 0 if circle(imports) else max(floors(imports, folder).values())
        table.add_row(folder, str(len(inside)), f"{size:,}", str(height or "-"))
    console.print(table)
    console.print(f"{len(imports)} modules, {sum(lines.values()):,} lines")
    found = circle(imports)
    console.print(f"circle: {' -> '.join(found)}" if found else "no circle")
    if args.modules and not found:
        for floor, name in sorted(
            (floor, n) for n, floor in floors(imports, "threefold.plan").items()
        ):
            console.print(f"{floor} {name}")


if __name__ == "__main__":
    main()
