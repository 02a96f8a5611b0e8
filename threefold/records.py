"""Records of what simulation and build measured, in the folder of products."""

import dataclasses
import math
from pathlib import Path

import numpy as np

from .confusion import confusion_matrix
from .errors import FileFormatError
from .files import read_json, sha256, write_json
from .plan import Cycles, Plan
from .plan.file import digest
from .products import Products
from .sim.simulate import SimulationResult
from .tools.build import RESOURCES, BuildResult

__all__ = ["earlier_build", "record_build", "record_simulation"]

_MOST_CLASSES = 100  # of a confusion matrix


def record_simulation(
    products: Products,
    plan: Plan,
    result: SimulationResult,
    measured: Cycles,
    labels: np.ndarray | None,
) -> None:
    """Write ``simulation.json``, which equal simulations give equal bytes of.

    Raises
    ------
    BuildError
        If it cannot be written.
    """
    cycles = {"latency": measured.latency, "interval": measured.interval}
    if math.isnan(measured.interval):  # there were too few images
        del cycles["interval"]
    record = result.to_json() | {"cycles": cycles, "plan_digest": digest(plan)}
    if labels is not None and result.classes is not None:
        record["accuracy"] = float(np.mean(result.classes == np.asarray(labels)))
        if (classes := plan.ports.classes) <= _MOST_CLASSES:
            confusion = confusion_matrix(labels, result.classes, classes)
            record["confusion"] = confusion.tolist()
    write_json(products.simulation_record, record)


def record_build(
    products: Products, plan: Plan, device: str, result: BuildResult, inputs: str
) -> None:
    """Write ``build.json``, which equal builds give equal bytes of, and ``timings.json``.

    Parameters
    ----------
    products : Products
    plan : Plan
    device : str
        Name of the FPGA.
    result : BuildResult
    inputs : str
        Digest of what it was built from, by :func:`threefold.tools.inputs.inputs_digest`.

    Raises
    ------
    BuildError
        If they cannot be written.
    """
    around = filter(Path.is_file, products.core)  # there is less of it without a testbench
    made = (*around, products.header, result.bitstream)
    record = dataclasses.asdict(result) | {
        "bitstream": str(result.bitstream.relative_to(products.folder)),
        "device": device,
        "inputs": inputs,
        "plan_digest": digest(plan),
        "sha256": {str(path.relative_to(products.folder)): sha256(path) for path in made},
    }
    write_json(products.timings, {"seconds": record.pop("seconds")})
    write_json(products.build_record, record)


def earlier_build(products: Products, inputs: str) -> BuildResult | None:
    """The build of these inputs, if it and all that was made of them are there unchanged.

    Its ``seconds`` are empty. A damaged record counts as none.
    """
    try:
        record = read_json(products.build_record)
    except FileFormatError:
        return None
    if record.get("inputs") != inputs or not _are_there(products.folder, record.get("sha256")):
        return None
    match record:
        case {
            "bitstream": str(bitstream),
            "board": str(board),
            "clock_mhz": int() | float() as clock_mhz,
            "fmax_mhz": int() | float() as fmax_mhz,
            "utilization": dict(utilization),
            "tools": dict(tools),
            "digest": str(digest),
            "seed": int(seed),
            "fmax_by_seed": dict(tried),
            "cells": list(cells),
            "critical_path": dict(critical_path),
            "baud": int(baud),
        } if all(map(_is_resource, utilization.values())) and all(map(str.isdecimal, tried)):
            return BuildResult(
                bitstream=products.folder / bitstream,
                board=board,
                clock_mhz=clock_mhz,
                fmax_mhz=fmax_mhz,
                utilization={name: utilization[name] for name in RESOURCES if name in utilization},
                seconds={},
                tools=tools,
                digest=digest,
                seed=seed,
                fmax_by_seed={int(seed): fmax for seed, fmax in tried.items()},
                cells=cells,
                critical_path=critical_path,
                baud=baud,
            )
    return None


def _are_there(folder: Path, digests: object) -> bool:
    """Whether files have the digests they had, given by path in the folder; there are some."""
    if not isinstance(digests, dict) or not digests:
        return False
    try:
        return all(sha256(folder / path) == digest for path, digest in digests.items())
    except OSError:
        return False


def _is_resource(cells: object) -> bool:
    match cells:
        case {"used": int(), "available": int()}:
            return True
    return False
