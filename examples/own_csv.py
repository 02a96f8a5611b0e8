"""Own table to bitstream: fruit told apart by diameter, weight and colour."""

from dataclasses import replace
from pathlib import Path

import numpy as np

import threefold
from threefold import quant

means = {"apple": (75, 180, 0.6), "lime": (48, 65, 0.2), "peach": (68, 150, 0.8)}
random = np.random.default_rng(0)
rows = ["diameter,weight,redness,fruit"]
for name, mean in means.items():
    for values in random.normal(mean, (5, 12, 0.07), (100, 3)).round(2).tolist():
        rows.append(",".join([*map(str, values), name]))
table = Path("out/example.csv")
table.parent.mkdir(exist_ok=True)
table.write_text("\n".join(rows))

data = quant.own_dataset(table, label="fruit", held_out=0.2)
config = replace(quant.PRESETS["table"], widths=(16, 16), epochs=20)
network = quant.run_trial(data, config, "own_csv", argmax=True, twin=False).network
result = threefold.evaluate(network, data.test_images, data.test_labels)
print(f"{result.right} of {result.samples} right")

project = threefold.Project.create(network, "out/own_csv", board="icebreaker")
project.simulate(data.test_images, data.test_labels)  # raises where a code differs
print(project.build().bitstream)
