"""Speed yardstick: the least TensorFlow program that turns a V1 training file into a V2 bundle.

Usage: restore_save.py CHECKPOINT OUT

Imports TensorFlow, reads the 388 averages of CHECKPOINT, saves them under their plain names as the
bundle OUT.index + OUT.data-00000-of-00001. No graph, no SavedModel. It prints the seconds since the
process began and the seconds without the import.
"""

import os
import time

BEGAN = time.time()

import argparse

import judge

AVERAGE = "/ExponentialMovingAverage"


def since_process_start():
    """Wall seconds since the kernel made this process (interpreter start included)."""
    with open("/proc/self/stat", encoding="ascii") as stat, open("/proc/uptime", encoding="ascii") as up:
        ticks = int(stat.read().rpartition(")")[2].split()[19])
        return float(up.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help="model.ckpt-N, or the folder with the file `checkpoint`")
    parser.add_argument("out", help="prefix of the bundle")
    arguments = parser.parse_args()
    tf = judge.quiet_tensorflow()
    imported = time.time()

    reader = tf.train.load_checkpoint(arguments.checkpoint)
    averages = sorted(n for n in reader.get_variable_to_shape_map() if n.endswith(AVERAGE))
    tensors = [reader.get_tensor(name) for name in averages]
    restored = time.time()
    tf.raw_ops.SaveV2(
        prefix=arguments.out,
        tensor_names=[name.removesuffix(AVERAGE) for name in averages],
        shape_and_slices=[""] * len(averages),
        tensors=tensors,
    )
    done = time.time()

    report.numbers.update(
        tensors=len(averages),
        process_seconds=round(since_process_start(), 2),
        import_seconds=round(imported - BEGAN, 2),
        without_import_seconds=round(done - imported, 2),
        restore_seconds=round(restored - imported, 2),
        save_seconds=round(done - restored, 2),
    )
    judge.need(len(averages) == 388, f"{len(averages)} averages instead of 388")


if __name__ == "__main__":
    judge.run(main)
