"""Writes a training checkpoint of Inception-v3 as the 2016 trainer left it, with live weights.

Usage: write_checkpoint.py OUT_DIR [--small]

One V1 file `model.ckpt-157585` and the text file `checkpoint` with a relative path. All kinds of a
2016 file are there: 388 variables, 388 averages, 196+196 RMSProp slots, 3 loss averages and a
float32 `global_step`. With --small only the 388 averages and `global_step` (a quarter of the bytes).
The averages are He-scaled and calibrated: every BatchNorm statistic is what the layer really sees
on the judge's images, so logits differ clearly between images. It judges its own file: record
count, names and bytes, and that the network is alive.
"""

import argparse
import itertools
import os

import numpy as np

import images
import judge
import network
import preprocess

STEP = 157585
CALIBRATION_IMAGES = 8
LOSSES = (
    "tower_0/CrossEntropyLoss/value/avg",
    "tower_0/aux_loss/value/avg",
    "tower_0/total_loss/avg",
)


def drawn_averages(rng):
    """First values of all 388 averages: He-scaled weights, small betas, plain statistics."""
    values = {}
    for name, shape in network.variables().items():
        if name.endswith("weights"):
            scale = np.float32(np.sqrt(2.0 / np.prod(shape[:-1])))
            values[name] = rng.standard_normal(shape, dtype=np.float32) * scale
        elif name.endswith("beta"):
            values[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(0.3) + np.float32(0.5)
        elif name.endswith("moving_variance"):
            values[name] = rng.uniform(0.5, 2.0, shape).astype(np.float32)
        else:
            values[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(0.2)
    return values


def calibrate(tf, values, batch):
    """Sets the BatchNorm statistics and the last layer of `values` from what `batch` gives."""
    model = network.keras_model(tf)
    network.put_weights(tf, model, values.__getitem__)
    layers = network.keras_layers(tf, model)
    for _, norm in layers.values():
        norm.momentum = 0.0  # one training-mode pass then stores this batch's statistics
    model(batch[:CALIBRATION_IMAGES], training=True)
    for scope, (_, norm) in layers.items():
        values[f"{scope}/BatchNorm/moving_mean"] = np.asarray(norm.moving_mean)
        values[f"{scope}/BatchNorm/moving_variance"] = np.asarray(norm.moving_variance)

    pooled = tf.keras.Model(model.input, model.get_layer("avg_pool").output)
    features = network.by_portions(pooled, batch)
    weights = values["logits/logits/weights"]
    spread = (features - features.mean(axis=0)) @ weights
    weights *= np.float32(2.5 / spread.std())
    # The part common to all images is taken out, so that each image ranks the classes its own way.
    values["logits/logits/biases"] *= np.float32(2.0)
    values["logits/logits/biases"] -= features.mean(axis=0) @ weights
    return features @ weights + values["logits/logits/biases"]


def judge_alive(report, logits):
    """Fails unless logits are finite and the top-5 order differs between images."""
    order = np.argsort(-logits, axis=1)[:, :5]
    different = len({tuple(row) for row in order.tolist()})
    report.numbers["logits_std"] = round(float(logits.std()), 3)
    report.numbers["logits_largest"] = round(float(np.abs(logits).max()), 3)
    report.numbers["different_top5"] = f"{different} of {len(order)} images"
    judge.need(np.isfinite(logits).all(), "the drawn network gives logits that are not finite")
    judge.need(logits.std() > 0.5, "the drawn network is dead: logits hardly vary")
    judge.need(different > len(order) // 2, "the drawn network ranks most images alike")
    judge.need(len(set(order[:, 0].tolist())) > 3, "the drawn network has too few top classes")


def raw_value(rng, name, average):
    """The unaveraged variable: near its average but clearly different in every element."""
    noise = rng.uniform(0.1, 0.3, average.shape).astype(np.float32)
    if name.endswith("moving_variance"):
        return average * (1 + noise)
    return average + noise * max(float(average.std()), 0.1)


def slots(rng, name, average):
    """The two RMSProp tensors of a trained variable: mean square (positive) and momentum."""
    yield f"{name}/RMSProp", rng.uniform(0.01, 1.0, average.shape).astype(np.float32)
    yield f"{name}/RMSProp_1", rng.standard_normal(average.shape, dtype=np.float32) * np.float32(1e-3)


def all_tensors(rng, averages, small):
    """(name, value) of every tensor of the file, one after the other to save memory."""
    for name, average in averages.items():
        yield name + network.AVERAGE, average
        if small:
            continue
        yield name, raw_value(rng, name, average)
        if "moving_" not in name:
            yield from slots(rng, name, average)
    if not small:
        for number, name in enumerate(LOSSES):
            yield name, np.float32(2.5 + number)
    yield "global_step", np.float32(STEP)


def assign(tf, session, tensors):
    """Makes one ref variable a tensor and fills them all in one run."""
    v1 = tf.compat.v1
    feeds, runs = {}, []
    for name, value in tensors:
        variable = v1.get_variable(
            name, np.shape(value), tf.float32, v1.zeros_initializer(), use_resource=False
        )
        feeds[variable.initializer.inputs[1]] = value
        runs.append(variable.initializer)
    session.run(runs, feeds)
    return len(runs)


def save(tf, out_dir, tensors):
    """Saves with the V1 saver of a v1 graph; returns the file's path and the tensor count."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        count, tensors = 0, iter(tensors)
        while portion := list(itertools.islice(tensors, 100)):
            count += assign(tf, session, portion)
        saver = v1.train.Saver(
            write_version=v1.train.SaverDef.V1, save_relative_paths=True, max_to_keep=None
        )
        path = saver.save(
            session, os.path.join(out_dir, "model.ckpt"), global_step=STEP, write_meta_graph=False
        )
    return path, count


def judge_file(tf, report, out_dir, path, small):
    """Checks count, bytes, names and the relative path of what was written."""
    shapes = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    size = os.path.getsize(path)
    floats = sum(int(np.prod(shape)) for shape in network.variables().values())
    report.numbers.update(path=path, bytes=size, tensors=len(shapes))
    judge.need(len(shapes) == (389 if small else 1172), f"{len(shapes)} tensors were saved")
    judge.need(
        all(tuple(shapes[n + network.AVERAGE]) == s for n, s in network.variables().items()),
        "an average is missing or has another shape",
    )
    payload = floats * 4 * (1 if small else 4)
    judge.need(payload * 0.99 < size < payload * 1.01, f"{size} bytes for {payload} bytes of floats")
    with open(os.path.join(out_dir, "checkpoint"), encoding="utf-8") as text:
        first = text.readline().strip()
    judge.need(first == f'model_checkpoint_path: "model.ckpt-{STEP}"', f"checkpoint says {first}")


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir")
    parser.add_argument("--small", action="store_true", help="only the averages and global_step")
    arguments = parser.parse_args()
    tf = judge.quiet_tensorflow()
    rng = np.random.default_rng(20160301)
    averages = drawn_averages(rng)
    batch = np.stack([preprocess.image(tf, data) for data in images.make().values()])
    judge_alive(report, calibrate(tf, averages, batch))
    tf.compat.v1.disable_v2_behavior()
    os.makedirs(arguments.out_dir, exist_ok=True)
    path, count = save(tf, arguments.out_dir, all_tensors(rng, averages, arguments.small))
    report.numbers["saved"] = count
    judge_file(tf, report, arguments.out_dir, path, arguments.small)


if __name__ == "__main__":
    judge.run(main)
