"""Writes data/: small pictures of every kind, and what Pillow makes of each, as PNG; sizes.json, Pillow's thumbnail sizes.

Run with Pillow (written with 12 or later, LittleCMS 2) from anywhere; the files it leaves are committed.
"""

import io
import itertools
import json
import pathlib
import random
import struct

from PIL import Image, ImageCms, ImageOps

DATA = pathlib.Path(__file__).parent / "data"
WIDTH, HEIGHT = 40, 24


def picture(width=WIDTH, height=HEIGHT):
    """Smooth, without a symmetry, every channel in use."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), (30 + 200 * x // width, 220 - 180 * y // height, 60 + 150 * (x + y) // (width + height)))
    return image


def xyz(*values):
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def text(kind, words):
    if kind == b"desc":
        return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(78)
    return b"text\0\0\0\0" + words + b"\0"


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def profile(device, space, pcs, tags):
    tags = {b"desc": text(b"desc", b"fixture"), b"cprt": text(b"text", b"none"), b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, device, space, pcs)
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(24) + struct.pack(">I", 0)
    header += b"".join(struct.pack(">i", round(value * 65536)) for value in (0.9642, 1.0, 0.8249))
    return header.ljust(128, b"\0") + table + body


def wide_profile():
    """A gamut much wider than sRGB's, so that a forgotten conversion shows."""
    red, green, blue = xyz(0.6097, 0.3111, 0.0195), xyz(0.2053, 0.6257, 0.0609), xyz(0.1492, 0.0632, 0.7446)
    curves = {name: gamma(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return profile(b"mntr", b"RGB ", b"XYZ ", {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue, **curves})


def grey_profile():
    return profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": gamma(1.4)})


def ink_profile():
    """Five grid points an ink: Lab of their overprints, by a made-up press."""
    ramp = bytes(range(256))
    table = bytearray()
    for corner in itertools.product(range(5), repeat=4):
        cyan, magenta, yellow, black = (ink / 4 for ink in corner)
        light = (255 - 70 * cyan - 90 * magenta - 20 * yellow) * (1 - 0.85 * black)
        colour = (-45 * cyan + 70 * magenta, -50 * cyan + 90 * yellow)
        table += bytes(round(value) for value in (light, *(128 + value * (1 - black) for value in colour)))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 5, 0)) + identity + ramp * 4 + bytes(table) + ramp * 3
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def expected(image):
    """What the pipeline has to see: turned, in sRGB, over white, 8 bits."""
    icc = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if icc and image.mode in ("RGB", "CMYK", "L"):
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.PERCEPTUAL
        image = ImageCms.profileToProfile(image, source, target, renderingIntent=intent, outputMode="RGB")
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 257 + 0.5).convert("L").convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def keep(name, image, **options):
    path = DATA / name
    image.save(path, **options)
    with Image.open(path) as stored:
        expected(stored).save(DATA / f"{name}.expected.png")


def pictures():
    colour = picture()
    grey = colour.convert("L")
    alpha = Image.linear_gradient("L").resize(colour.size)
    ink = ImageOps.invert(colour)
    ink = Image.merge("CMYK", (*ink.split(), grey.point(lambda value: value // 4)))
    flat = colour.quantize(16)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        keep(f"orientation-{orientation}.jpg", colour, quality=95, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    keep("orientation-6.png", colour, exif=exif)
    keep("orientation-6.tiff", colour, exif=exif)
    keep("orientation-6.webp", colour, lossless=True, exif=exif)
    keep("colour.jpg", colour, quality=95)
    keep("progressive.jpg", colour, quality=95, progressive=True)
    keep("grey.jpg", grey, quality=95)
    keep("ink.jpg", ink, quality=95)
    keep("ink-profile.jpg", ink, quality=95, icc_profile=ink_profile())
    keep("wide-profile.jpg", colour, quality=95, subsampling=0, icc_profile=wide_profile())
    keep("wide-profile.png", colour, icc_profile=wide_profile())
    keep("wide-profile.tiff", colour, icc_profile=wide_profile())
    keep("wide-profile.webp", colour, lossless=True, icc_profile=wide_profile())
    keep("grey-profile.png", grey, icc_profile=grey_profile())
    keep("srgb-profile.png", colour, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    keep("colour.png", colour)
    keep("grey.png", grey)
    keep("alpha.png", Image.merge("RGBA", (*colour.split(), alpha)))
    keep("grey-alpha.png", Image.merge("LA", (grey, alpha)))
    keep("palette.png", flat)
    keep("palette-clear.png", flat, transparency=3)
    keep("bits.png", grey.convert("1"))
    deep = Image.new("I;16", colour.size)
    deep.putdata([value * 257 - 100 * (value % 2) for value in grey.tobytes()])
    keep("grey-16.png", deep)
    keep("grey-16.tiff", deep)
    keep("colour.gif", flat)
    keep("clear.gif", flat, transparency=3)
    keep("frames.gif", flat, save_all=True, append_images=[ImageOps.invert(colour).quantize(16)], duration=100)
    keep("colour.bmp", colour)
    keep("palette.bmp", flat)
    keep("grey.bmp", grey)
    keep("colour.tiff", colour)
    keep("lzw.tiff", colour, compression="tiff_lzw")
    keep("deflate.tiff", colour, compression="tiff_deflate")
    keep("packbits.tiff", colour, compression="packbits")
    keep("grey.tiff", grey)
    keep("bits.tiff", grey.convert("1"))
    keep("palette.tiff", flat)
    keep("alpha.tiff", Image.merge("RGBA", (*colour.split(), alpha)))
    keep("ink.tiff", ink)
    keep("lossy.webp", colour, quality=95)
    keep("lossless.webp", colour, lossless=True)
    keep("alpha.webp", Image.merge("RGBA", (*colour.split(), alpha)), lossless=True, exact=True)
    keep("frames.webp", colour, save_all=True, append_images=[ImageOps.invert(colour)], duration=100, lossless=True)


def sizes():
    """Ties and extremes first, then any."""
    chance = random.Random(5)
    cases = [(6000, 4000, s) for s in (2048, 1024, 512, 256, 128)] + [(550, 636, s) for s in (2048, 512, 256, 128)]
    cases += [(1, 1, 1), (1, 5000, 128), (5000, 1, 128), (3, 2, 1), (2, 3, 1), (65535, 2, 2048), (2, 65535, 2048)]
    cases += [(2 * side + odd, side, box) for side in (101, 303, 999) for odd in (-1, 0, 1) for box in (1, 3, 9, 128, 333)]
    cases += [(side, 2 * side + odd, box) for side in (101, 303, 999) for odd in (-1, 0, 1) for box in (1, 3, 9, 128, 333)]
    while len(cases) < 1500:
        longest = chance.choice((20, 300, 8000, 30000))
        cases.append((chance.randint(1, longest), chance.randint(1, longest), chance.randint(1, 2100)))
    rows = []
    for width, height, box in cases:
        image = Image.new("1", (width, height))
        image.thumbnail((box, box), Image.Resampling.NEAREST)
        rows.append([width, height, box, *image.size])
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (DATA / "sizes.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    pictures()
    sizes()
