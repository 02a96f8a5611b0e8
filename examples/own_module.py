"""A PyTorch module of one's own, on its way to a bitstream for an iCEBreaker."""

import torch
from torch import nn

import threefold
from threefold import quant

torch.manual_seed(0)
data = quant.digit_maps()  # 8×8 maps of 4-bit codes
net = nn.Sequential(
    *(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(72, 10)),
)
images = torch.from_numpy(data.train_images).permute(0, 3, 1, 2) / 15  # channels first, 0…1
labels = torch.from_numpy(data.train_labels)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(images), labels).backward()
    optimizer.step()

model = quant.ternarize(net, data.input, bits=4)
quant.train(model, data, quant.TrainConfig(epochs=10))
network = quant.export(model, "own_module", argmax=True)
project = threefold.Project.create(network, "out/own_module", board="icebreaker")
hardware = project.simulate(data.test_images, data.test_labels)
print(f"{(hardware.classes == data.test_labels).mean():.1%} right, no code differs")
print(project.build().bitstream)
