"""A small network, its images, and what a project of it holds."""

import json

import numpy as np

from threefold.firmware import DRIVER
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding
from threefold.plan.file import digest, mark

FOLDINGS = {"fc1": Folding(2, 4), "fc2": Folding(2, 3)}


OTHERS = {"fc1": Folding(2, 4), "fc2": Folding(4, 6)}


IMAGES = np.random.default_rng(1).integers(0, 4, (5, 1, 1, 8))


def make_network(seed=0, name="sample", inputs=8):
    rng = np.random.default_rng(seed)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, inputs)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (6, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (4, 6)))),
        ("logits", Logits(rng.integers(-5, 5, 4))),
        ("argmax", ArgMax()),
    ]
    return Network.chain(name, Tensor((1, 1, inputs), Codes.unsigned(2)), ops)


NETWORK = make_network()


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make_all(project):
    """One of every product."""
    project.simulate(IMAGES)
    project.build()
    project.products.report.write_text(json.dumps({"plan_digest": digest(project.plan)}))
    project.products.page.write_text(mark(project.plan))
    project.write_manifest()
    (project.folder / "gateware" / "yosys.log").touch()


CORE = [
    "sample.core",
    "sample.inst.v",
    "sample.ports.json",
    "sample.v",
    "sample.vlt",
    "sample_tb.v",
]


FIRMWARE = ["firmware/sample.h", *(f"firmware/driver/{name}" for name in DRIVER)]


PRODUCTS = {
    *FIRMWARE,
    "gateware/build.json",
    "gateware/sample.bin",
    "gateware/timings.json",
    "gateware/yosys.log",
    "manifest.json",
    "report.html",
    "report.json",
    *(f"rtl/{name}" for name in CORE),
    "sim/simulation.json",
}
