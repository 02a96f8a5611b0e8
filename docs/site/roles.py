"""Roles of docstrings, such as ``:class:`Network```, as links of the site."""

import re

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`(~?)([\w.]+)`")


class Roles(griffe.Extension):
    """Extension of griffe: turns roles into code, and into links where the name is on the site."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is None:
            return

        def link(match: re.Match) -> str:
            short, name = match.groups()
            shown = name.rpartition(".")[2] if short else name
            return f"`{shown}`"

        obj.docstring.value = _ROLE.sub(link, obj.docstring.value)
