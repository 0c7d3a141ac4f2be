"""Writes small checkpoints made by TensorFlow, with their contents spelled out, for reader tests.

Usage: fixtures.py OUT_DIR

Each checkpoint NAME comes with NAME.json: format (V1 or V2), files, and per tensor name, dtype, full
shape, and its values: `bytes_hex` (little-endian, row-major), `strings_hex` (one per string) or, for
the big one, `linear` (element i is start + step * i, exact in float32). `sliced` marks variables saved
in parts. It judges each file by reading every tensor back with TensorFlow.
"""

import argparse
import json
import math
import os

import numpy as np

import judge

LIMIT, BIG_LIMIT = 300_000, 2_000_000


def plain_tensors():
    """Every numeric dtype in use, each in several ranks, edge values included."""
    rng = np.random.default_rng(7)
    tensors = {
        "kinds/float32_4d": rng.standard_normal((3, 2, 5, 4), dtype=np.float32),
        "kinds/float32_special": np.array([0.0, -0.0, np.inf, -np.inf, 1e-45, 3.4028235e38], np.float32),
        "kinds/float64": np.array([[np.pi, -1e300], [5e-324, 0.1]]),
        "kinds/bool": np.array([True, False, True]),
        "scalar/float32": np.float32(157585.0),
        "scalar/int64": np.int64(-(2**62)),
        "scalar/bool": np.bool_(False),
        "empty/float32": np.zeros((0,), np.float32),
        "empty/int32_2d": np.zeros((4, 0), np.int32),
        "z/constant": np.full((257,), 0.5, np.float32),
    }
    for dtype in (np.int32, np.uint8, np.int16, np.int8, np.int64):
        limits = np.iinfo(dtype)
        name = f"kinds/{np.dtype(dtype).name}"
        tensors[name] = np.array([limits.min, limits.min // 2, 0, 1, 100, limits.max], dtype)
    return tensors


def other_tensors(tf, bfloat16=False):
    """dtypes a reader need not understand but must step over, between two it must read."""
    tensors = {
        "a/first": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b/half": np.array([1.5, -2.25, 65504.0], np.float16),
        "c/complex64": np.array([1 + 2j, -3.5j], np.complex64),
        "d/string": np.array([b"", b"one", b"\x00\xff" * 70], dtype=object),
        "f/last": np.arange(4, dtype=np.float32) - 1.5,
    }
    if bfloat16:
        tensors["e/bfloat16"] = np.array([1.0, -0.5], tf.bfloat16.as_numpy_dtype)
    return tensors


def big_tensors():
    """Tensors over several data blocks, one of them larger than a block; name -> (shape, start)."""
    return {
        "block/a_small": ((7,), 0),
        "block/b_large": ((40, 25, 200), 1000),  # 800 KB
        "block/c_small": ((3, 3), 300000),
        "block/d_middle": ((250, 200), 400000),
        "block/e_middle": ((250, 250), 500000),
        "block/f_middle": ((250, 250), 600000),
        "block/g_scalar": ((), 700000),
    }


def sliced_tensors():
    """name -> (value, number of parts, axis) of variables cut by TensorFlow's partitioner."""
    rng = np.random.default_rng(8)
    return {
        "parts/rows": (rng.standard_normal((7, 5), dtype=np.float32), 3, 0),
        "parts/columns": (rng.standard_normal((4, 9), dtype=np.float32), 2, 1),
        "parts/inner": (rng.integers(-9, 9, (2, 3, 6, 2)).astype(np.int32), 3, 2),
        "parts/many": (rng.standard_normal((140, 2), dtype=np.float32), 70, 0),
        "parts/vector": (np.arange(11, dtype=np.int64), 4, 0),
    }


def tiles():
    """A matrix cut on both axes: (whole, list of (slice text, piece))."""
    whole = np.arange(6 * 8, dtype=np.float32).reshape(6, 8) * 0.25
    cuts = [(0, 2, 0, 3), (0, 2, 3, 5), (2, 4, 0, 3), (2, 4, 3, 5)]
    pieces = [
        (f"6 8 {r},{h}:{c},{w}", whole[r : r + h, c : c + w]) for r, h, c, w in cuts
    ]
    return whole, pieces


def linear(shape, start):
    """Element i is start + i, as float32 (exact)."""
    count = int(math.prod(shape))
    return (start + np.arange(count)).astype(np.float32).reshape(shape)


def make_variables(v1, tensors):
    """One ref variable a tensor, its value as a constant initialiser."""
    for name, value in tensors.items():
        value = np.asarray(value)
        dtype = "string" if value.dtype == object else value.dtype
        v1.get_variable(name, dtype=dtype, initializer=v1.constant(value), use_resource=False)


def make_sliced(v1, name, value, parts, axis):
    """One variable cut in `parts` along `axis` by TensorFlow's partitioner."""
    def partitioner(shape, dtype):
        return [parts if dimension == axis else 1 for dimension in range(len(shape))]

    def initializer(shape, dtype=None, partition_info=None):
        starts = partition_info.var_offset if partition_info else [0] * len(shape)
        box = tuple(slice(start, start + size) for start, size in zip(starts, shape))
        return v1.constant(value[box])

    v1.get_variable(
        name, value.shape, value.dtype, initializer, partitioner=partitioner, use_resource=False
    )


def make_all_sliced(v1):
    """The sliced variables and one whole one between them; returns the values."""
    for name, (value, parts, axis) in sliced_tensors().items():
        make_sliced(v1, name, value, parts, axis)
    whole = {"parts/middle": np.arange(3, dtype=np.float32)}
    make_variables(v1, whole)
    return {**{name: cut[0] for name, cut in sliced_tensors().items()}, **whole}


def make_on_two_devices(v1):
    """Variables on two devices, one of them with its parts on both; returns the values."""
    value = np.arange(24, dtype=np.float32).reshape(6, 4) + 0.5
    with v1.device(lambda op: "/cpu:1" if "part_1" in op.name else "/cpu:0"):
        make_sliced(v1, "split/both", value, 2, 0)
    tensors = {"split/both": value}
    for number in range(6):
        one = {f"split/{number}": np.arange(number, number + 5, dtype=np.float32)}
        with v1.device(f"/cpu:{number % 2}"):
            make_variables(v1, one)
        tensors.update(one)
    return tensors


def save(tf, prefix, version, build, sharded=False):
    """Builds variables in a fresh v1 graph and saves them; returns what `build` returned."""
    v1 = tf.compat.v1
    config = v1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        values = build(v1)
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=version, sharded=sharded)
        saver.save(session, prefix, write_meta_graph=False, write_state=False)
    return values


def save_tiles(tf, prefix, version):
    """Saves the matrix of `tiles` with the bare save ops."""
    whole, pieces = tiles()
    extra = np.arange(3, dtype=np.int32)
    names = ["tiles/matrix"] * len(pieces) + ["tiles/whole"]
    specs = [spec for spec, _ in pieces] + [""]
    data = [tf.constant(piece) for _, piece in pieces] + [tf.constant(extra)]
    if version == 1:
        tf.raw_ops.SaveSlices(
            filename=prefix, tensor_names=names, shapes_and_slices=specs, data=data
        )
    else:
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=specs, tensors=data)
    return {"tiles/matrix": whole, "tiles/whole": extra}


def save_merged(tf, prefix):
    """Three bundles of one shard each, merged to one of three shards."""
    tensors = plain_tensors()
    names = sorted(tensors)
    parts = []
    for number in range(3):
        mine = names[number::3]
        parts.append(f"{prefix}_part{number}")
        tf.raw_ops.SaveV2(
            prefix=parts[-1], tensor_names=mine, shape_and_slices=[""] * len(mine),
            tensors=[tf.constant(tensors[name]) for name in mine],
        )
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=prefix, delete_old_dirs=False
    )
    return tensors


def describe(tf, name, value, start=None):
    """One tensor's entry in the JSON file."""
    value = np.asarray(value)
    strings = value.dtype == object
    entry = {
        "name": name,
        "dtype": "string" if strings else tf.as_dtype(value.dtype).name,
        "shape": list(value.shape),
    }
    if start is not None:
        entry["linear"] = {"start": start, "step": 1}
    elif strings:
        entry["strings_hex"] = [text.hex() for text in value.ravel()]
    else:
        entry["bytes_hex"] = value.tobytes().hex()
    return entry


def read_tensor(tf, reader, prefix, name):
    """One tensor by the checkpoint reader, or by the restore op where the reader lacks the dtype."""
    try:
        return reader.get_tensor(name)
    except tf.errors.UnimplementedError:
        dtype = reader.get_variable_to_dtype_map()[name]
        (value,) = tf.raw_ops.RestoreV2(
            prefix=prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[dtype]
        )
        return value.numpy()


def read_back(tf, prefix, values):
    """Fails unless TensorFlow reads the same names and the same bits."""
    if os.path.exists(prefix + "-00000-of-00002"):
        prefix += "-?????-of-00002"  # how a `checkpoint` file names a sharded V1 checkpoint
    reader = tf.train.load_checkpoint(prefix)
    found = sorted(reader.get_variable_to_shape_map())
    judge.need(found == sorted(values), f"{prefix}: TensorFlow finds {found}")
    for name, value in values.items():
        got, value = read_tensor(tf, reader, prefix, name), np.asarray(value)
        same = got.tolist() == value.tolist() if value.dtype == object else (
            np.asarray(got).tobytes() == value.tobytes()
        )
        judge.need(same, f"{prefix}: TensorFlow reads other values for {name}")


def finish(tf, report, folder, name, version, values, sliced=(), starts=None):
    """Reads the checkpoint back, measures it and writes its JSON file."""
    prefix = os.path.join(folder, name)
    read_back(tf, prefix, values)
    files = sorted(
        f for f in os.listdir(folder)
        if f == name or f.startswith((name + ".index", name + ".data-", name + "-0"))
    )
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in files)
    limit = BIG_LIMIT if starts else LIMIT
    judge.need(files and size < limit, f"{name}: {size} bytes in {files}")
    entries = []
    for tensor in sorted(values):
        entry = describe(tf, tensor, values[tensor], (starts or {}).get(tensor))
        if tensor in sliced:
            entry["sliced"] = True
        entries.append(entry)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    with open(prefix + ".json", "w", encoding="utf-8") as out:
        out.write(f'{{"format": "V{version}", "files": {json.dumps(files)}, "tensors": [\n{lines}\n]}}\n')
    summary = {"bytes": size, "tensors": len(values), "files": files}
    report.numbers.setdefault("fixtures", {})[name] = summary


def from_dict(tensors):
    """A `build` for `save` that makes these variables."""
    def build(v1):
        make_variables(v1, tensors)
        return tensors

    return build


def write_version(tf, report, folder, version):
    """All fixtures that both formats share."""
    def path(name):
        return os.path.join(folder, f"v{version}_{name}")

    def done(name, values, **more):
        finish(tf, report, folder, f"v{version}_{name}", version, values, **more)

    done("plain", save(tf, path("plain"), version, from_dict(plain_tensors())))
    done("other", save(tf, path("other"), version, from_dict(other_tensors(tf, version == 2))))
    done("sliced", save(tf, path("sliced"), version, make_all_sliced), sliced=sliced_tensors())
    done("tiles", save_tiles(tf, path("tiles"), version), sliced=["tiles/matrix"])
    shards = save(tf, path("shards"), version, make_on_two_devices, sharded=True)
    done("shards", shards, sliced=["split/both"])


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir")
    folder = parser.parse_args().out_dir
    os.makedirs(folder, exist_ok=True)
    judge.need(not os.listdir(folder), f"{folder} is not empty")
    tf = judge.quiet_tensorflow()
    for version in (1, 2):
        write_version(tf, report, folder, version)
    big = {name: linear(*spec) for name, spec in big_tensors().items()}
    starts = {name: start for name, (_, start) in big_tensors().items()}
    save(tf, os.path.join(folder, "v1_blocks"), 1, from_dict(big))
    finish(tf, report, folder, "v1_blocks", 1, big, starts=starts)
    finish(tf, report, folder, "v2_merged", 2, save_merged(tf, os.path.join(folder, "v2_merged")))
    for left in os.listdir(folder):
        if "_part" in left:
            os.remove(os.path.join(folder, left))


if __name__ == "__main__":
    judge.run(main)
