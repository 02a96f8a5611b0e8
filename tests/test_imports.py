import ast
from pathlib import Path

import import_graph
import pytest

ROOT = Path(__file__).parents[1]
IMPORTS = import_graph.graph()
PLAN = sorted((ROOT / "threefold" / "plan").rglob("*.py"))


def test_no_module_imports_itself_by_way_of_others():
    assert import_graph.circle(IMPORTS) == []
    found = import_graph.circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    assert found[0] == found[-1]
    assert set(found) == {"a", "b", "c"}


def test_the_plan_has_seven_floors_at_most():
    floors = import_graph.floors(IMPORTS, "threefold.plan")
    assert {floors["window"], floors["units"], floors["search"]} == {1, 4, 7}
    assert max(floors.values()) == 7


def test_floors_are_counted_from_what_imports_nothing():
    imports = {"p.low": set(), "p.middle": {"p.low"}, "p.top.inner": {"p.middle", "p.low"}}
    assert import_graph.floors(imports, "p") == {"low": 1, "middle": 2, "top": 3}


@pytest.mark.parametrize("path", PLAN, ids=lambda path: str(path.relative_to(PLAN[0].parent)))
def test_functions_of_the_plan_have_type_hints(path):
    compiled = {"compiled"}  # by Numba, which takes no hints
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        if any(compiled & set(ast.unparse(each).split("(")) for each in node.decorator_list):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [each.arg for each in arguments if each.annotation is None]
        assert set(bare) <= {"self", "cls"}, f"{node.name} in line {node.lineno}: {bare}"
        assert node.returns is not None or node.name.startswith("__"), f"{node.name} returns"
