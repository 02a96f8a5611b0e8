"""Texts around an accelerator's Verilog: header comment, instantiation template, FuseSoC core."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from .. import __version__
from ..plan import Plan
from ..plan.file import mark
from .description import describe

__all__ = ["fusesoc_core", "header_comment", "instance", "render"]

_TEMPLATES = Environment(
    loader=PackageLoader("threefold.core", "."),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # names are checked to be identifiers, all other text is quoted
)
# A quoted name is one line of ASCII, whatever is in it.
_TEMPLATES.filters["quoted"] = json.dumps
_TEMPLATES.filters["shape"] = lambda sizes: "×".join(map(str, sizes))


def header_comment(plan: Plan) -> str:
    """Comment above the modules of ``NAME.v``: what the ports mean, as in ``NAME.ports.json``.

    Raises
    ------
    FileFormatError
        If the network's provenance does not name its classes right.
    """
    return render("comment.v.j2", plan)


def instance(plan: Plan) -> str:
    """Text of ``NAME.inst.v``: signals and an instance to copy into a module of one's own."""
    return render("instance.v.j2", plan)


def fusesoc_core(plan: Plan) -> str:
    """Text of ``NAME.core``, which describes the files to FuseSoC (CAPI2)."""
    return render("fusesoc.core.j2", plan)


def render(template: str, plan: Plan, **more) -> str:
    """Text of a template, which knows :func:`describe` as ``core`` and the plan's ``mark``."""
    known = {"core": describe(plan), "mark": mark(plan), "version": __version__}
    return _TEMPLATES.get_template(template).render(known | more)
