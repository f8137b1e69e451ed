"""The peer of bench/training.mjs: the same networks, weights and batch, trained with PyTorch in eager mode.

Reads lines of JSON, each {"steps": n}; answers {"seconds": s, "losses": [...], "peakBytes": b}.
Arguments: workload, threads, folder of weights and batch, learning rate, momentum, memory format.
"""

import json
import os
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def unit(inside, channels, kernel=3, stride=1, groups=1, activation=nn.ReLU):
    layers = [
        nn.Conv2d(inside, channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels),
    ]
    if activation is not None:
        layers.append(activation(inplace=True))
    return nn.Sequential(*layers)


class BasicBlock(nn.Module):
    def __init__(self, inside, channels, stride):
        super().__init__()
        self.branch = nn.Sequential(
            unit(inside, channels, stride=stride), unit(channels, channels, activation=None)
        )
        same = stride == 1 and inside == channels
        self.way = nn.Identity() if same else unit(inside, channels, 1, stride, activation=None)

    def forward(self, x):
        return functional.relu(self.branch(x) + self.way(x), inplace=True)


class Head(nn.Module):
    def __init__(self, inside, classes):
        super().__init__()
        self.linear = nn.Linear(inside, classes)

    def forward(self, x):
        return self.linear(x.mean((2, 3)))


def resnet():
    layers, inside = [unit(3, 32)], 32
    for stage, channels in enumerate([32, 64, 128, 256]):
        for block in range(2):
            layers.append(BasicBlock(inside, channels, 2 if stage > 0 and block == 0 else 1))
            inside = channels
    return nn.Sequential(*layers, Head(inside, 10))


class InvertedResidual(nn.Module):
    def __init__(self, inside, channels, stride, expansion):
        super().__init__()
        wide = inside * expansion
        layers = [] if expansion == 1 else [unit(inside, wide, 1, activation=nn.ReLU6)]
        layers.append(unit(wide, wide, stride=stride, groups=wide, activation=nn.ReLU6))
        layers.append(unit(wide, channels, 1, activation=None))
        self.branch = nn.Sequential(*layers)
        self.around = stride == 1 and inside == channels

    def forward(self, x):
        return x + self.branch(x) if self.around else self.branch(x)


def mobilenet():
    layers, inside = [unit(3, 32, stride=2, activation=nn.ReLU6)], 32
    for expansion, channels, count, first in [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for i in range(count):
            layers.append(InvertedResidual(inside, channels, first if i == 0 else 1, expansion))
            inside = channels
    return nn.Sequential(*layers, unit(inside, 1280, 1, activation=nn.ReLU6), Head(1280, 10))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [32, 64, 128, 256]
        self.down = nn.ModuleList(
            nn.Sequential(unit(inside, c), unit(c, c)) for inside, c in zip([3, *widths], widths)
        )
        # One level after another, so that parameters come in Fovea's order.
        self.up = nn.ModuleList()
        for c in reversed(widths[:-1]):
            grow = nn.ConvTranspose2d(2 * c, c, 2, 2)
            self.up.append(nn.ModuleList([grow, nn.Sequential(unit(2 * c, c), unit(c, c))]))
        self.head = nn.Conv2d(widths[0], 11, 1)

    def forward(self, x):
        kept = []
        for level, twice in enumerate(self.down):
            x = twice(functional.max_pool2d(x, 2) if level > 0 else x)
            kept.append(x)
        kept.pop()
        for grow, twice in self.up:
            x = twice(torch.cat([kept.pop(), grow(x)], 1))
        return self.head(x)


SIZES = {"resnet": (32, 64, 64), "mobilenet": (16, 128, 128), "unet": (4, 240, 320)}
NETWORKS = {"resnet": resnet, "mobilenet": mobilenet, "unet": UNet}


def bytes_of(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return bytearray(file.read())


def main():
    name, threads, folder, rate, momentum, memory = sys.argv[1:7]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    network = NETWORKS[name]()
    weights = torch.frombuffer(bytes_of(folder, "weights.f32"), dtype=torch.float32)
    parameters = list(network.parameters())
    assert sum(p.numel() for p in parameters) == len(weights), "the networks differ in size"
    with torch.no_grad():
        for parameter, values in zip(parameters, weights.split([p.numel() for p in parameters])):
            parameter.copy_(values.view_as(parameter))
    batch, height, width = SIZES[name]
    pictures = torch.frombuffer(bytes_of(folder, "pictures.u8"), dtype=torch.uint8)
    images = pictures.view(batch, height, width, 3).permute(0, 3, 1, 2).float() / 255 - 0.5
    format = torch.channels_last if memory == "channels_last" else torch.contiguous_format
    images = images.contiguous(memory_format=format)
    network = network.to(memory_format=format)
    labels = torch.frombuffer(bytes_of(folder, "labels.u8"), dtype=torch.uint8).long()
    labels = labels.view(batch, height, width) if name == "unet" else labels
    optimizer = torch.optim.SGD(network.parameters(), lr=float(rate), momentum=float(momentum))
    hello = {"torch": torch.__version__, "startBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        steps = json.loads(line)["steps"]
        losses = []
        started = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        answer = {
            "seconds": time.perf_counter() - started,
            "losses": losses,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
