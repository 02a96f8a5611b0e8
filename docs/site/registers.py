"""Files that repeat the table of registers, written from it.

    python docs/site/registers.py

writes ``docs/reference/registers.md`` and ``firmware/threefold_registers.h``.
"""

from pathlib import Path

from threefold.registers.texts import c_header, markdown

__all__ = ["FILES"]

FILES = {
    "docs/reference/registers.md": markdown,
    "firmware/threefold_registers.h": c_header,
}
"""Functions that give the texts, by path within the repository."""

if __name__ == "__main__":
    for path, text in FILES.items():
        (Path(__file__).parents[2] / path).write_text(text())
