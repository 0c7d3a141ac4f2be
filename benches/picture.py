"""The original's way to derivatives, in memory: open, then for each size copy, thumbnail with Lanczos, save as JPEG.

Usage: picture.py PHOTO RUNS. Prints one line of milliseconds a run: name, total, decode (the first copy), resize, encode.
"""

import io
import sys
import time

from PIL import Image


def run(photo):
    decode = resize = encode = 0.0
    begin = time.perf_counter()
    image = Image.open(io.BytesIO(photo))
    for size in (2048, 1024, 512, 256, 128):
        start = time.perf_counter()
        derivative = image.copy()
        copied = time.perf_counter()
        derivative.thumbnail((size, size), Image.Resampling.LANCZOS)
        resized = time.perf_counter()
        derivative.save(io.BytesIO(), "JPEG")
        decode += copied - start
        resize += resized - copied
        encode += time.perf_counter() - resized
    total = time.perf_counter() - begin
    return " ".join(["pillow", *(f"{1e3 * value:.1f}" for value in (total, decode, resize, encode))])


photo = open(sys.argv[1], "rb").read()
run(photo)
for _ in range(int(sys.argv[2])):
    print(run(photo))
