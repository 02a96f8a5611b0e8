"""Page of the driver in C, from the comments of its header.

    python docs/site/driver.py

writes ``docs/reference/driver.md``.
"""

import re
from pathlib import Path

__all__ = ["HEADER", "PAGE", "page"]

ROOT = Path(__file__).parents[2]
HEADER, PAGE = ROOT / "firmware/threefold.h", ROOT / "docs/reference/driver.md"
_COMMENT = r"/\*(?P<comment>(?:(?!\*/).)*)\*/\n"
# A macro, a struct or an enumeration, or functions up to an empty line.
_DECLARED = re.compile(
    r"^"
    + _COMMENT
    + r"(?P<code>#ifndef [^\n]*\n#define [^\n]* [^\n]*\n#endif\n"
    + r"|(?:struct|enum) \w+ \{.*?^\};\n|\w[^{}]*?;\n(?=\n))",
    re.DOTALL | re.MULTILINE,
)


def page(header: str) -> str:
    """Markdown of what a header declares, each with its comment."""
    intro = re.match(_COMMENT, header, re.DOTALL)
    assert intro, "the header begins with a comment"
    prose, _, snippet = _text(intro["comment"]).partition("\n\n    ")
    parts = ["# Driver in C", prose, f"```c\n{_dedented('    ' + snippet)}\n```"]
    for found in _DECLARED.finditer(header, intro.end()):
        parts += [f"## {_name(found['code'])}", _text(found["comment"]), _code(found["code"])]
    return "\n\n".join(parts) + "\n"


def _name(code: str) -> str:
    if "#define" in code:
        return re.findall(r"#define (\w+)", code)[0]
    names = re.findall(r"\b(threefold_\w+)\(", code)
    kind, name = code.split()[:2]
    return ", ".join(names) if names else f"{kind} {name}"


def _text(comment: str) -> str:
    lines = [re.sub(r"^ \* ?", "", line) for line in comment.strip().splitlines()]
    return "\n".join(lines).strip()


def _dedented(text: str) -> str:
    return re.sub(r"^    ", "", text, flags=re.MULTILINE)


def _code(code: str) -> str:
    return f"```c\n{code.strip()}\n```"


if __name__ == "__main__":
    PAGE.write_text(page(HEADER.read_text()))
