"""The judge's test images, made in memory and the same on every run.

They cover what a client may send: sizes from 17x23 to 2000x1500, odd sizes, grey, progressive and
CMYK JPEG, all chroma samplings, and PNG in five pixel formats. Run as a script it lists them.
"""

import io

import numpy as np
from PIL import Image, ImageDraw


def _scene(width, height, seed):
    """An RGB picture with gradients, shapes, stripes and noise; `seed` changes all of it."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / max(width - 1, 1), y / max(height - 1, 1)
    low, high = rng.uniform(0, 120, 3), rng.uniform(100, 255, 3)
    turn = rng.uniform(0, 2 * np.pi)
    slope = np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5) + 0.5
    waves = np.sin(2 * np.pi * rng.uniform(1, 24) * (np.sin(turn) * x - np.cos(turn) * y))
    picture = low + (high - low) * slope[..., None]
    picture += waves[..., None] * rng.uniform(-60, 60, 3)
    canvas = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(3, 14))):
        ax, bx = sorted(rng.integers(0, width, 2).tolist())
        ay, by = sorted(rng.integers(0, height, 2).tolist())
        colour = tuple(rng.integers(0, 256, 3).tolist())
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((ax, ay, bx, by), fill=colour)
    noise = rng.standard_normal((height, width, 3)) * rng.uniform(2, 30)
    return np.clip(np.asarray(canvas) + noise, 0, 255).astype(np.uint8)


def _grey(width, height, seed):
    return _scene(width, height, seed).astype(np.float32).mean(axis=2)


def _bytes(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _jpeg(width, height, seed, mode="RGB", **options):
    picture = Image.fromarray(_scene(width, height, seed), "RGB").convert(mode)
    return _bytes(picture, "JPEG", **{"quality": 90, **options})


def _png_rgba(width, height, seed):
    colour = _scene(width, height, seed)
    alpha = np.linspace(0, 255, width * height).astype(np.uint8).reshape(height, width, 1)
    return _bytes(Image.fromarray(np.concatenate([colour, alpha], axis=2), "RGBA"), "PNG")


def _png_16_bit(width, height, seed):
    deep = (_grey(width, height, seed) * 257).astype(np.uint16)
    return _bytes(Image.fromarray(deep), "PNG")


def _png_palette(width, height, seed):
    picture = Image.fromarray(_scene(width, height, seed), "RGB")
    return _bytes(picture.quantize(colors=200, dither=Image.Dither.NONE), "PNG")


def make():
    """Name -> encoded bytes of all test images, in a fixed order."""
    return {
        "jpeg_2000x1500": _jpeg(2000, 1500, 1),
        "jpeg_17x23": _jpeg(17, 23, 2),
        "jpeg_grey_640x480": _jpeg(640, 480, 3, mode="L"),
        "jpeg_progressive_801x533": _jpeg(801, 533, 4, progressive=True),
        "jpeg_cmyk_300x400": _jpeg(300, 400, 5, mode="CMYK"),
        "jpeg_444_333x777": _jpeg(333, 777, 6, subsampling="4:4:4"),
        "jpeg_422_1023x257": _jpeg(1023, 257, 7, subsampling="4:2:2"),
        "jpeg_narrow_61x997": _jpeg(61, 997, 8, subsampling="4:2:0"),
        "jpeg_299x299": _jpeg(299, 299, 9, quality=100),
        "jpeg_restart_640x427": _jpeg(640, 427, 10, quality=25, restart_marker_blocks=7),
        "png_rgb_257x129": _bytes(Image.fromarray(_scene(257, 129, 11), "RGB"), "PNG"),
        "png_rgba_200x301": _png_rgba(200, 301, 12),
        "png_grey_131x97": _bytes(Image.fromarray(_grey(131, 97, 13).astype(np.uint8)), "PNG"),
        "png_16bit_345x210": _png_16_bit(345, 210, 14),
        "png_palette_320x240": _png_palette(320, 240, 15),
    }


def broken():
    """Name -> bytes that no decoder may accept."""
    whole = make_one_jpeg()
    return {
        "half a JPEG": whole[: len(whole) // 2],
        "garbage": bytes(range(256)) * 4,
        "the empty string": b"",
    }


def make_one_jpeg():
    """One small sound JPEG."""
    return _jpeg(96, 80, 20)


if __name__ == "__main__":
    import hashlib

    import judge

    def _list(report):
        for name, data in make().items():
            report.numbers[name] = [len(data), hashlib.sha256(data).hexdigest()[:16]]

    judge.run(_list)
