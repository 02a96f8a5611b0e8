"""Import graph of the package: circles, floors, and the size of each folder.

    python benchmarks/import_graph.py [--root FOLDER]

What lies directly in a folder, a module or a package, stands a floor above the highest there that
it imports. Imports within functions and for type checkers alone do not count, since they are not
there when modules load. FOLDER is another checkout to look at.
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
    """Floor of each module or package directly in ``folder``, from 1, by what it imports there.

    Raises
    ------
    CycleError
        If they import each other in a circle.
    """
    own: dict[str, set[str]] = {}
    for name, imported in imports.items():
        if room := _room(name, folder):
            rooms = {_room(each, folder) for each in imported} - {"", room}
            own.setdefault(room, set()).update(rooms)
    height: dict[str, int] = {}
    for room in TopologicalSorter(own).static_order():
        height[room] = 1 + max((height[each] for each in own[room]), default=0)
    return height


def _room(name: str, folder: str) -> str:
    """What of ``folder`` a module lies in; empty if in nothing."""
    if not name.startswith(f"{folder}."):
        return ""
    return name.removeprefix(f"{folder}.").partition(".")[0]


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
    args = parser.parse_args()
    imports, paths = graph(args.root), dict(_modules(args.root))
    lines = {name: len(path.read_text().splitlines()) for name, path in paths.items()}
    console = Console()
    table = Table("folder", "modules", "lines", "floors", box=None)
    for folder in sorted({".".join(name.split(".")[:2]) for name in imports if "." in name}):
        inside = [name for name in imports if f"{name}.".startswith(f"{folder}.")]
        size = sum(lines[name] for name in inside)
        height = 0 if circle(imports) else max(floors(imports, folder).values(), default=1)
        table.add_row(folder, str(len(inside)), f"{size:,}", str(height or "-"))
    console.print(table)
    console.print(f"{len(imports)} modules, {sum(lines.values()):,} lines")
    found = circle(imports)
    console.print(f"circle: {' -> '.join(found)}" if found else "no circle")
    for name, floor in sorted(floors(imports, "threefold.plan").items(), key=lambda item: item[1]):
        console.print(f"threefold.plan, floor {floor}: {name}")


if __name__ == "__main__":
    main()
