"""Docstrings as the site shows them."""

import re

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`(~?)([\w.]+)`")
_MEMBERS = re.compile(r"^Members\n-{7}$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Extension of griffe: roles become code, and the members of a component its attributes."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = plain(obj.docstring.value)


def plain(text: str) -> str:
    """A docstring in Markdown.

    Examples
    --------
    >>> plain("See :func:`~threefold.plan.fold` and :class:`Network`.")
    'See `fold` and `Network`.'
    """
    return _MEMBERS.sub("Attributes\n----------", _ROLE.sub(_code, text))


def _code(role: re.Match) -> str:
    short, name = role.groups()
    return f"`{name.rpartition('.')[2] if short else name}`"
