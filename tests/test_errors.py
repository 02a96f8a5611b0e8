import inspect

import pytest

from threefold import errors

TREE = {name: getattr(errors, name) for name in errors.__all__}


@pytest.mark.parametrize("name", TREE)
def test_errors_form_one_tree(name):
    assert issubclass(TREE[name], errors.ThreefoldError)
    assert TREE[name].__module__ == "threefold.errors"


def test_the_drawn_tree_is_the_real_one():
    drawn, above = {}, {}
    for line in errors.__doc__.splitlines():
        if words := line.lstrip(" │├└─").split():
            indent = len(line) - len(line.lstrip(" │├└─"))
            if words[0] in TREE:
                above = {depth: name for depth, name in above.items() if depth < indent}
                drawn[words[0]] = above[max(above)] if above else "Exception"
                above[indent] = words[0]
    assert drawn == {name: error.__base__.__name__ for name, error in TREE.items()}


def test_exit_codes():
    codes = {name: error.exit_code for name, error in TREE.items()}
    failed = {"LinkError", "ToolError", "BuildError", "MismatchError"}
    assert codes == {name: 1 if name in failed else 2 for name in TREE}


def test_nothing_else_is_exported():
    classes = inspect.getmembers(errors, inspect.isclass)
    assert [name for name, _ in classes] == sorted(errors.__all__)
