"""One encoded image to the network's input, written out in numpy (only the decoder is TensorFlow's).

Decode to 3 channels, times 1/255, central crop of 7/8, old corner-based bilinear to 299x299,
minus 0.5, times 2.
"""

import numpy as np

from network import SIDE

SCALE = np.float32(1.0 / 255.0)


def decode(tf, data):
    """The uint8 [height, width, 3] picture as the exported graph's decoder gives it."""
    return tf.raw_ops.DecodeJpeg(
        contents=data, channels=3, ratio=1, fancy_upscaling=True, try_recover_truncated=False,
        acceptable_fraction=1.0, dct_method="",
    ).numpy()


def crop(picture):
    """The central 7/8 of both sides, cut as the original does (in double, then towards zero)."""
    height, width = picture.shape[:2]
    top = int((height - height * 0.875) / 2)
    left = int((width - width * 0.875) / 2)
    return picture[top : height - top, left : width - left]


def _samples(length):
    """For each of the 299 outputs: lower index, upper index, weight; source = i * in/out."""
    where = np.arange(SIDE, dtype=np.float32) * (np.float32(length) / np.float32(SIDE))
    lower = np.floor(where).astype(np.int64)
    upper = np.minimum(lower + 1, length - 1)
    return lower, upper, where - lower.astype(np.float32)


def resize(picture):
    """Bilinear, align_corners=false, half_pixel_centers=false, all in float32."""
    y0, y1, dy = _samples(picture.shape[0])
    x0, x1, dx = _samples(picture.shape[1])
    dx, dy = dx[None, :, None], dy[:, None, None]
    upper, lower = picture[y0], picture[y1]
    above = upper[:, x0] + (upper[:, x1] - upper[:, x0]) * dx
    below = lower[:, x0] + (lower[:, x1] - lower[:, x0]) * dx
    return above + (below - above) * dy


def centre(unit):
    """0..1 to -1..1."""
    return (unit - np.float32(0.5)) * np.float32(2.0)


def image(tf, data):
    """Encoded bytes to float32 [299, 299, 3] in -1..1."""
    unit = decode(tf, data).astype(np.float32) * SCALE
    return centre(resize(crop(unit)))


def pixels(tf, data):
    """Encoded bytes to uint8 [299, 299, 3], what a client of predict_pixels would send."""
    return np.rint(resize(crop(decode(tf, data).astype(np.float32)))).astype(np.uint8)


def from_pixels(batch):
    """uint8 [N, 299, 299, 3] to the network's input."""
    return centre(batch.astype(np.float32) * SCALE)
