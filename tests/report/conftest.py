import numpy as np
import pytest

from threefold.network import (
    Add,
    ArgMax,
    Codes,
    Dense,
    Logits,
    MaxPool,
    Network,
    PadChannels,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, fold
from threefold.references import Builder

TOP = "link.accelerator"


def pruned(rng, rows, columns, pe, simd, empty=0.4, zeros=0.4):
    """Random weights of which whole tiles and single weights are zero."""
    weights = rng.integers(0, 2, (rows, columns)) * 2 - 1
    weights[rng.random((rows, columns)) < zeros] = 0
    tiles = rng.random((rows // pe, columns // simd)) < empty
    weights[np.kron(tiles, np.ones((pe, simd), bool))] = 0
    return weights


def sample_plan(layers=3, seed=0, name="sample", width=32, classes=10):
    """A chain of dense layers with 4-bit codes, pruned in tiles."""
    rng = np.random.default_rng(seed)
    ops, foldings, columns = [], {}, 64
    for number in range(1, layers + 1):
        rows = classes if number == layers else width
        pe, simd = (2, 8) if number == layers else (int(rng.choice([4, 8])), 8)
        layer = f"fc{number}"
        ops.append((layer, Dense(pruned(rng, rows, columns, pe, simd))))
        foldings[layer] = Folding(pe, simd)
        if number < layers:
            thresholds = np.sort(rng.integers(-60, 60, (rows, 15)), axis=1)
            ops.append((f"act{number}", Threshold(thresholds)))
        columns = rows
    ops += [("logits", Logits(rng.integers(-9, 9, classes))), ("argmax", ArgMax())]
    network = Network.chain(name, Tensor((1, 1, 64), Codes.unsigned(4)), ops)
    return fold(network, foldings)


@pytest.fixture(scope="session")
def branching_plan():
    """Convolutions, pools, an addition and a requantizer of its own; ends in a class."""
    codes = Codes.unsigned(2)
    builder = Builder("block", Tensor((8, 8, 4), codes), images=8)
    stem = builder.layer("stem", 4, (3, 3), codes, padding=(1, 1, 1, 1))
    branch = builder.layer("down", 8, (3, 3), codes, stride=(2, 2), padding=(1, 1, 1, 1))
    builder.add("sub", MaxPool((1, 1), (2, 2)), stem)
    passed = builder.add("pad", PadChannels(2, 2))
    builder.add("sum", Add(), branch, passed)
    builder.threshold("codes", codes)
    network = builder.classifier(3)
    foldings = {"stem": Folding(2, 2), "down": Folding(4, 4), "classes": Folding(1, 8)}
    return fold(network, foldings, memories={"sub": "block"})


@pytest.fixture(scope="session")
def make_plan():
    return sample_plan


@pytest.fixture(scope="session")
def plan():
    return sample_plan()


@pytest.fixture
def build():
    return {
        "board": "icebreaker",
        "device": "iCE40UP5K",
        "clock_mhz": 30,
        "fmax_mhz": 34.87123456,
        "utilization": {
            "lut": {"used": 3312, "available": 5280},
            "ff": {"used": 2010, "available": 5280},
            "bram": {"used": 19, "available": 30},
            "dsp": {"used": 0, "available": 8},
        },
        "bitstream": "gateware/sample.bin",
        "seconds": {"yosys": 12.5},
        "tools": {"yosys": "0.70"},
        "cells": [
            {"path": "", "lut": 12},
            {"path": "link.receiver", "lut": 100},
            {"path": f"{TOP}.engine_fc1.array", "lut": 1200},
            {"path": f"{TOP}.engine_fc1.array.weights.rows", "bram": 7},
            {"path": f"{TOP}.engine_fc2", "drives": "i__payload", "lut": 2000},
            {
                "path": f"{TOP}.engine_fc2.reader.buffer.memory.storage",
                "bram": 12,
            },
        ],
        "critical_path": {
            "logic_ns": 8.2,
            "routing_ns": 20.5,
            "cells": [
                "link.accelerator.engine_fc1.array.weights.rows.0.0",
                "link.accelerator.engine_fc1.array.pe_0.sum_SB_LUT4_O_LC",
                "link.accelerator.engine_fc2.reader.buffer.room_SB_DFF_Q_DFFLC",
            ],
        },
    }


@pytest.fixture
def simulation(plan):
    return {
        "simulator": "verilator",
        "images": 360,
        "mismatches": 0,
        "beats_compared": 38160,
        "stalls": 0.0,
        "cycles": {"latency": plan.cycles.latency, "interval": plan.cycles.interval},
        "accuracy": 0.9694444444,
        "confusion": (
            np.diag([36] * 10) - np.eye(10, dtype=int) + np.eye(10, k=1, dtype=int)
        ).tolist(),
    }


@pytest.fixture
def accuracy():
    return {
        "integer": 0.9694444444,
        "float": 0.9805555555,
        "images": 360,
        "dataset": "digits, held out",
    }
