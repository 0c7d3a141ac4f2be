"""Judges assets.extra/tf_serving_warmup_requests: can TensorFlow Serving replay every record?

Usage: warmup.py EXPORT_DIR

Reads the TFRecord file (its checksums included), parses each record as a PredictionLog, prints kinds,
model names, signatures and inputs, and runs each request's input through the loaded SavedModel.
"""

import argparse
import collections
import os

import numpy as np

import judge

LIMIT = 1000  # TensorFlow Serving refuses a file with more records


def read_records(tf, path):
    """The raw records; a damaged file is a failure."""
    try:
        return [record.numpy() for record in tf.data.TFRecordDataset(path)]
    except tf.errors.OpError as error:
        raise judge.Failed(f"{path} is no sound TFRecord file: {judge.reason(error)}") from error


def parse(prediction_log_pb2, number, record):
    """One record as PredictionLog."""
    log = prediction_log_pb2.PredictionLog()
    try:
        log.ParseFromString(record)
    except Exception as error:
        raise judge.Failed(f"record {number} is no PredictionLog: {error}") from error
    judge.need(log.WhichOneof("log_type"), f"record {number} holds no request")
    return log


def request_of(tf, number, log):
    """(model spec, inputs as name -> tensor) of a predict or classify record."""
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        request = log.predict_log.request
        return request.model_spec, {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
    if kind == "classify_log":
        request = log.classify_log.request
        examples = request.input.example_list.examples
        serialized = [example.SerializeToString() for example in examples]
        return request.model_spec, {"inputs": np.array(serialized, dtype=object)}
    raise judge.Failed(f"record {number} is a {kind}, which this model cannot answer")


def run(tf, report, loaded, number, key, inputs):
    """Sends one request's inputs through its signature."""
    if not report.check(key in loaded.signatures, f"record {number}: no signature {key}"):
        return
    function = loaded.signatures[key]
    wanted = function.structured_input_signature[1]
    names = f"inputs {sorted(inputs)}, {key} wants {sorted(wanted)}"
    if not report.check(set(wanted) == set(inputs), f"record {number}: {names}"):
        return
    for name, value in inputs.items():
        dtype, right = tf.as_dtype(value.dtype), wanted[name].dtype
        if not report.check(dtype == right, f"record {number}: {name} is {dtype.name}, not {right.name}"):
            return
    try:
        answer = function(**{name: tf.constant(value) for name, value in inputs.items()})
    except tf.errors.OpError as error:
        report.check(False, f"record {number}: {key} refuses it: {judge.reason(error)}")
        return
    for name, value in answer.items():
        report.check(len(value) > 0, f"record {number}: {key} answers with no {name}")


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export_dir")
    folder = parser.parse_args().export_dir
    path = os.path.join(folder, "assets.extra", "tf_serving_warmup_requests")
    judge.need(os.path.isfile(path), f"{path} does not exist")
    tf = judge.quiet_tensorflow()
    from tensorflow_serving.apis import prediction_log_pb2

    records = read_records(tf, path)
    judge.need(records, f"{path} holds no record")
    judge.need(len(records) <= LIMIT, f"{path} holds {len(records)} records; serving stops at {LIMIT}")
    report.numbers.update(bytes=os.path.getsize(path), records=len(records))
    kinds = collections.Counter()
    described = report.numbers["requests"] = []
    loaded = tf.saved_model.load(folder, tags=["serve"])
    for number, record in enumerate(records):
        log = parse(prediction_log_pb2, number, record)
        kinds[log.WhichOneof("log_type")] += 1
        spec, inputs = request_of(tf, number, log)
        described.append({
            "kind": log.WhichOneof("log_type"),
            "model": spec.name,
            "signature": spec.signature_name,
            "inputs": {k: [tf.as_dtype(v.dtype).name, list(v.shape)] for k, v in inputs.items()},
        })
        report.check(spec.name, f"record {number} names no model")
        run(tf, report, loaded, number, spec.signature_name or "serving_default", inputs)
    report.numbers["kinds"] = dict(kinds)


if __name__ == "__main__":
    judge.run(main)
