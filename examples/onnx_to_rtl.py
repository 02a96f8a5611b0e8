"""A QONNX graph, one's own or a made-up one, as Verilog for another flow."""

import sys
from pathlib import Path

import numpy as np
from onnx import helper, numpy_helper, save

import threefold
from threefold import importer
from threefold.hw.verilog import to_verilog

model = Path(sys.argv[1] if len(sys.argv) > 1 else "model.onnx")
if len(sys.argv) == 1:  # 16 pixels of 0…1, 12 signs, 4 classes
    weights = {"a": (16, 12), "b": (12, 4)}
    steps = [("MatMul", ["x", "a"], "s"), ("Sign", ["s"], "c"), ("MatMul", ["c", "b"], "y")]
    made = {name: np.random.default_rng(7).integers(-1, 2, weights[name]) for name in weights}
    stored = [numpy_helper.from_array(w.astype(np.float32), name) for name, w in made.items()]
    ends = [helper.make_tensor_value_info(name, 1, [1, n]) for name, n in (("x", 16), ("y", 4))]
    nodes = [helper.make_node(kind, inputs, [output]) for kind, inputs, output in steps]
    save(helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)), model)
source = importer.Source(importer.read(model))
converted = importer.convert(source, "core")
images = threefold.references.random_images(converted.network.input, 100)
assert importer.compare(source, converted, images).exact  # no code differs from the executor's
plan = threefold.fit(converted.network, threefold.boards.get("ulx3s_25f").device)
Path("core.v").write_text(to_verilog(threefold.Accelerator(plan), "core"))
print(f"core.v reads {plan.ports.input.tensor}, {plan.cycles.latency} cycles to the class")
