"""The peer of bench/ingest.mjs: what Fovea knows of a picture from its file, by Pillow, one process per core.

Reads lines of JSON from standard input, each {"files": [...], "mode": m}; fills all columns for every file and answers
{"seconds": s, "cpuSeconds": c}; c, all its processes' processor time, is null where there is no /proc. Modes:

full     statistics of all pixels, Pillow alone
reduced  statistics of the picture at half its size, which the JPEG decoder reduces it to, as Fovea's are; Pillow alone
numpy    as reduced; hash and sharpness by NumPy

Argument: number of processes.
"""

import hashlib
import io
import json
import math
import multiprocessing
import os
import sys
import time

import numpy
import PIL
from PIL import Image, ImageFilter, ImageOps, ImageStat

COSINES = [[math.cos(math.pi * k * (2 * x + 1) / 64) for x in range(32)] for k in range(8)]
COSINE_MATRIX = numpy.array(COSINES)
LAPLACIAN = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)


def channel_columns(histogram):
    statistics = ImageStat.Stat(histogram)
    return [
        {
            "mean": statistics.mean[c],
            "std": statistics.stddev[c],
            "min": statistics.extrema[c][0],
            "max": statistics.extrema[c][1],
            "histogram": histogram[c * 256 : (c + 1) * 256],
        }
        for c in range(len(histogram) // 256)
    ]


def hash_of(luma, with_numpy):
    small = luma.resize((32, 32), Image.Resampling.BOX)
    if with_numpy:
        frequencies = (COSINE_MATRIX @ numpy.asarray(small, dtype=numpy.float64) @ COSINE_MATRIX.T).ravel().tolist()
    else:
        values = small.tobytes()
        rows = [values[y * 32 : (y + 1) * 32] for y in range(32)]
        across = [[sum(map(float.__mul__, cosine, map(float, row))) for row in rows] for cosine in COSINES]
        frequencies = [sum(map(float.__mul__, cosine, column)) for cosine in COSINES for column in across]
    ordered = sorted(frequencies)
    median = (ordered[31] + ordered[32]) / 2
    return f"{sum((value > median) << (63 - at) for at, value in enumerate(frequencies)):016x}"


def sharpness_of(luma, with_numpy):
    if with_numpy:
        grey = numpy.asarray(luma, dtype=numpy.int16)
        middle = grey[1:-1, 1:-1]
        return float((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle).var())
    return ImageStat.Stat(luma.filter(LAPLACIAN)).var[0]


def columns_of(task):
    path, mode = task
    with open(path, "rb") as file:
        data = file.read()
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        columns = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "sizeBytes": len(data),
            "format": image.format,
            "mode": image.mode,
            "width": image.width,
            "height": image.height,
            "exif": {**exif, **exif.get_ifd(0x8769), **exif.get_ifd(0x8825)} if exif else {},
        }
        half = (image.width // 2, image.height // 2)
        if mode != "full":
            image.draft("RGB", half)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    small = upright.copy()
    small.thumbnail(half)
    luma = upright.convert("L")
    grey = channel_columns(luma.histogram())[0]
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=80)
    return {
        **columns,
        "channels": channel_columns(upright.histogram()),
        "brightness": grey["mean"] / 255,
        "contrast": grey["std"] / 255,
        "sharpness": sharpness_of(luma, mode == "numpy"),
        "entropy": luma.entropy(),
        "perceptualHash": hash_of(luma, mode == "numpy"),
        "thumbnail": encoded.getvalue(),
    }


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
    with multiprocessing.Pool(int(sys.argv[1])) as pool:
        print(json.dumps({"pillow": PIL.__version__, "numpy": numpy.__version__}), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            tasks = [(path, request["mode"]) for path in request["files"]]
            started, cpu = time.perf_counter(), cpu_seconds()
            for columns in pool.imap_unordered(columns_of, tasks, chunksize=8):
                assert len(columns["sha256"]) == 64
            answer = {
                "seconds": time.perf_counter() - started,
                "cpuSeconds": None if cpu is None else cpu_seconds() - cpu,
            }
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
