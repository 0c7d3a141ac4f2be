"""Judges the variables bundle byte for byte against one written by TensorFlow's own V2 saver.

Usage: bundle.py EXPORT_DIR

Reads every tensor of EXPORT_DIR/variables with TensorFlow's reader, saves the same tensors with
tf.compat.v1.train.Saver (V2, one shard) in a temporary folder, and compares index and data file.
"""

import argparse
import os
import tempfile

import numpy as np

import judge

FILES = ("variables.index", "variables.data-00000-of-00001")


def read_all(tf, prefix):
    """Name -> value of every tensor of a bundle."""
    reader = tf.train.load_checkpoint(prefix)
    return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}


def save_v2(tf, prefix, tensors):
    """Saves `tensors` under `prefix` with TensorFlow's unsharded V2 saver."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        feeds, runs = {}, []
        for name, value in tensors.items():
            variable = v1.get_variable(
                name, value.shape, value.dtype, v1.zeros_initializer(), use_resource=False
            )
            feeds[variable.initializer.inputs[1]] = value
            runs.append(variable.initializer)
        session.run(runs, feeds)
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V2, sharded=False)
        saver.save(session, prefix, write_meta_graph=False, write_state=False)


def first_difference(ours, theirs):
    """Offset of the first differing byte of two files, or None when they are the same."""
    left, right = np.fromfile(ours, np.uint8), np.fromfile(theirs, np.uint8)
    shared = min(len(left), len(right))
    differing = np.flatnonzero(left[:shared] != right[:shared])
    if len(differing):
        return int(differing[0])
    return None if len(left) == len(right) else shared


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export_dir")
    folder = os.path.join(parser.parse_args().export_dir, "variables")
    judge.need(os.path.isdir(folder), f"{folder} does not exist")
    report.numbers["files"] = sorted(os.listdir(folder))
    judge.need(set(FILES) == set(os.listdir(folder)), f"{folder} holds {sorted(os.listdir(folder))}")
    tf = judge.quiet_tensorflow()
    tensors = read_all(tf, os.path.join(folder, "variables"))
    report.numbers["tensors"] = len(tensors)
    tf.compat.v1.disable_v2_behavior()
    with tempfile.TemporaryDirectory() as temporary:
        save_v2(tf, os.path.join(temporary, "variables"), tensors)
        for name in FILES:
            ours, theirs = os.path.join(folder, name), os.path.join(temporary, name)
            sizes = os.path.getsize(ours), os.path.getsize(theirs)
            where = first_difference(ours, theirs)
            report.numbers[name] = {"bytes": sizes[0], "tensorflow": sizes[1], "first_difference": where}
            report.check(
                where is None,
                f"{name} ({sizes[0]} bytes) differs from TensorFlow's ({sizes[1]} bytes) at byte {where}",
            )


if __name__ == "__main__":
    judge.run(main)
