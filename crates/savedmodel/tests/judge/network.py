"""The judge's own description of the 2016 Inception-v3: slim names, shapes, and the Keras twin.

Nothing here comes from the Rust code. The convolutions are listed in the order in which
tf.keras.applications builds them, so that the n-th slim scope belongs to the n-th Keras layer;
every shape is asserted when weights are put in.
"""

import re

import numpy as np

from judge import need

AVERAGE = "/ExponentialMovingAverage"
CLASSES = 1001
SIDE = 299


def _chain(scope, cin, *steps):
    """Convolutions Conv, Conv_1, ... one after the other; a step is (height, width, out)."""
    for number, (height, width, cout) in enumerate(steps):
        suffix = f"_{number}" if number else ""
        yield f"{scope}/Conv{suffix}", height, width, cin, cout
        cin = cout


def _block_35(name, cin, pool):
    yield from _chain(f"{name}/branch1x1", cin, (1, 1, 64))
    yield from _chain(f"{name}/branch5x5", cin, (1, 1, 48), (5, 5, 64))
    yield from _chain(f"{name}/branch3x3dbl", cin, (1, 1, 64), (3, 3, 96), (3, 3, 96))
    yield from _chain(f"{name}/branch_pool", cin, (1, 1, pool))


def _block_17(name, mid):
    cin = 768
    yield from _chain(f"{name}/branch1x1", cin, (1, 1, 192))
    yield from _chain(f"{name}/branch7x7", cin, (1, 1, mid), (1, 7, mid), (7, 1, 192))
    yield from _chain(
        f"{name}/branch7x7dbl", cin,
        (1, 1, mid), (7, 1, mid), (1, 7, mid), (7, 1, mid), (1, 7, 192),
    )
    yield from _chain(f"{name}/branch_pool", cin, (1, 1, 192))


def _block_8(name, cin):
    yield from _chain(f"{name}/branch1x1", cin, (1, 1, 320))
    # The 1x3 and the 3x1 convolution read the same input; only here in/out are both 384.
    yield from _chain(f"{name}/branch3x3", cin, (1, 1, 384), (1, 3, 384), (3, 1, 384))
    yield from _chain(
        f"{name}/branch3x3dbl", cin, (1, 1, 448), (3, 3, 384), (1, 3, 384), (3, 1, 384)
    )
    yield from _chain(f"{name}/branch_pool", cin, (1, 1, 192))


def convolutions():
    """(scope, height, width, in, out) of the 94 convolutions, in Keras' order of construction."""
    yield "conv0", 3, 3, 3, 32
    yield "conv1", 3, 3, 32, 32
    yield "conv2", 3, 3, 32, 64
    yield "conv3", 1, 1, 64, 80
    yield "conv4", 3, 3, 80, 192
    yield from _block_35("mixed_35x35x256a", 192, 32)
    yield from _block_35("mixed_35x35x288a", 256, 64)
    yield from _block_35("mixed_35x35x288b", 288, 64)
    yield from _chain("mixed_17x17x768a/branch3x3", 288, (3, 3, 384))
    yield from _chain("mixed_17x17x768a/branch3x3dbl", 288, (1, 1, 64), (3, 3, 96), (3, 3, 96))
    for letter, mid in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        yield from _block_17(f"mixed_17x17x768{letter}", mid)
    yield from _chain("mixed_17x17x1280a/branch3x3", 768, (1, 1, 192), (3, 3, 320))
    yield from _chain(
        "mixed_17x17x1280a/branch7x7x3", 768, (1, 1, 192), (1, 7, 192), (7, 1, 192), (3, 3, 192)
    )
    yield from _block_8("mixed_8x8x2048a", 1280)
    yield from _block_8("mixed_8x8x2048b", 2048)


def side_convolutions():
    """The two convolutions of the training-only head; Keras has no such layers."""
    yield "aux_logits/proj", 1, 1, 768, 128
    yield "aux_logits/Conv", 5, 5, 128, 768


def variables():
    """Name -> shape of all 388 model variables, sorted by name."""
    shapes = {
        "logits/logits/weights": (2048, CLASSES),
        "logits/logits/biases": (CLASSES,),
        "aux_logits/FC/weights": (768, CLASSES),
        "aux_logits/FC/biases": (CLASSES,),
    }
    for scope, height, width, cin, cout in (*convolutions(), *side_convolutions()):
        shapes[f"{scope}/weights"] = (height, width, cin, cout)
        for part in ("beta", "moving_mean", "moving_variance"):
            shapes[f"{scope}/BatchNorm/{part}"] = (cout,)
    return dict(sorted(shapes.items()))


def keras_model(tf):
    """The public Keras Inception-v3 with 1001 classes, logits out, weights not yet set."""
    tf.keras.backend.clear_session()
    return tf.keras.applications.InceptionV3(
        weights=None, classes=CLASSES, classifier_activation=None
    )


def _in_order(model, kind):
    """The model's layers of one class in the order in which they were made (their name's number)."""
    def number(layer):
        found = re.search(r"_(\d+)$", layer.name)
        return int(found.group(1)) if found else 0

    return sorted((x for x in model.layers if type(x) is kind), key=number)


def keras_layers(tf, model):
    """Scope -> (Conv2D layer, BatchNormalization layer), checked layer by layer."""
    convs = _in_order(model, tf.keras.layers.Conv2D)
    norms = _in_order(model, tf.keras.layers.BatchNormalization)
    table = list(convolutions())
    need(len(table) == 94 == len(convs) == len(norms), "Keras does not have 94 convolutions")
    layers = {}
    for (scope, height, width, cin, cout), conv, norm in zip(table, convs, norms):
        need(conv.kernel.shape == (height, width, cin, cout), f"Keras differs at {scope}")
        need(norm.input is conv.output, f"Keras' normalisation does not follow {scope}")
        need(abs(norm.epsilon - 1e-3) < 1e-12 and not norm.scale, f"Keras' epsilon or gamma at {scope}")
        layers[scope] = conv, norm
    return layers


def by_portions(model, batch, size=4):
    """The model's answer to a batch, a few images at a time (Keras keeps every layer's result)."""
    parts = [batch[at : at + size] for at in range(0, len(batch), size)]
    return np.concatenate([np.asarray(model(part, training=False)) for part in parts])


def put_weights(tf, model, read):
    """Fills the Keras model with `read(plain slim name)` and checks every shape."""
    shapes = variables()

    def value(name):
        array = read(name)
        need(tuple(array.shape) == shapes[name], f"{name} has shape {array.shape}")
        return array

    for scope, (conv, norm) in keras_layers(tf, model).items():
        conv.set_weights([value(f"{scope}/weights")])
        parts = [value(f"{scope}/BatchNorm/{p}") for p in ("beta", "moving_mean", "moving_variance")]
        norm.set_weights(parts)
    head = [value("logits/logits/weights"), value("logits/logits/biases")]
    model.get_layer("predictions").set_weights(head)
