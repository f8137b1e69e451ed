"""The peer of bench/loading.mjs: PyTorch's DataLoader with torchvision's transforms over PIL pictures.

Reads lines of JSON from standard input, each {"passes": n}; goes n times through the pictures and answers
{"seconds": s, "cpuSeconds": c, "images": n}; c, all its processes' processor time, is null where there is no /proc.
Arguments: number of workers, batch size, then files.
"""

import json
import multiprocessing
import os
import sys
import time

import PIL
import torch
import torchvision
from PIL import Image
from torchvision import transforms


class Pictures(torch.utils.data.Dataset):
    def __init__(self, files, transform):
        self.files = files
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


def cpu_seconds():
    """Processor time of this process and its living children so far; None where the system does not tell."""
    if not os.path.exists("/proc/self/stat"):
        return None
    ticks = 0
    for pid in [os.getpid(), *(child.pid for child in multiprocessing.active_children())]:
        with open(f"/proc/{pid}/stat") as stat:
            # Fields 14 and 15, counted from behind the name, which may hold anything.
            fields = stat.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main():
    workers, batch, files = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(224, scale=(0.25, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.3, hue=8 / 360),
            # Bytes, as Fovea hands them on: no time goes into floating-point numbers.
            transforms.PILToTensor(),
        ]
    )
    torch.manual_seed(0)
    loader = torch.utils.data.DataLoader(
        Pictures(files, transform),
        batch_size=batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        passes = json.loads(line)["passes"]
        started, cpu = time.perf_counter(), cpu_seconds()
        images = 0
        for _ in range(passes):
            for pictures in loader:
                images += pictures.shape[0]
        answer = {
            "seconds": time.perf_counter() - started,
            "cpuSeconds": None if cpu is None else cpu_seconds() - cpu,
            "images": images,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
