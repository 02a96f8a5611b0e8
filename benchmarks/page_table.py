"""Tables in Markdown, and what is said around them."""

from collections.abc import Iterable, Mapping

__all__ = ["table", "versions"]


def table(head: Iterable[str], rows: Iterable[Iterable]) -> str:
    """A table in Markdown, figures to the right."""
    head = list(head)
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def versions(found: Iterable[Mapping[str, str]]) -> str:
    """Tools and their versions, by name, of several records; Threefold's own is the page's."""
    tools = {name: version for each in found for name, version in each.items()}
    return ", ".join(f"{name} {tools[name]}" for name in sorted(tools) if name != "threefold")
