"""Judges an exported SavedModel against Keras' Inception-v3 holding the checkpoint's averages.

Usage: reference.py CHECKPOINT EXPORT_DIR --labels FILE [--scores logits|softmax]
       [--label-prefix TEXT] [--logits NAME | --logits SIGNATURE=NAME]... [--require SIGNATURE]...
       [--tolerance 1e-4] [--without-aux] [--quick]

The reference shares nothing with the exporter: the public Keras network, weights read by TensorFlow
from the checkpoint, preprocessing in numpy. EXPORT_DIR is loaded by both of TensorFlow's loaders (a
v1 Session and tf.saved_model.load); every signature answers all test images, one by one and as one
batch. Judged: top-5 scores, classes and their order, all 1001 logits and all 1001 labels when the
logits tensor is named, the variables bit for bit, refusal of bad input, signature shape and types.
"""

import argparse
import hashlib
import os

import numpy as np

import images
import judge
import network
import preprocess

PREDICT, CLASSIFY, PIXELS = "predict_images", "serving_default", "predict_pixels"
METHODS = {
    PREDICT: "tensorflow/serving/predict",
    CLASSIFY: "tensorflow/serving/classify",
    PIXELS: "tensorflow/serving/predict",
}
# Of imagenet_lsvrc_2015_synsets.txt with the texts of imagenet_metadata.txt, background first.
LABELS_SHA256 = "cb7e235a4507721533ead583b6397f7a971f12a8fd36feb540d565fbd77f89f2"


# ---------------------------------------------------------------- the reference


def read_labels(path, prefix):
    """The 1001 class names, a line each; known by the sum of the list that the two published files make."""
    with open(path, "rb") as file:
        content = file.read()
    judge.need(hashlib.sha256(content).hexdigest() == LABELS_SHA256, f"{path} is not ImageNet's list of labels")
    return [prefix + text for text in content.decode().splitlines()]


def reference_logits(tf, checkpoint):
    """A function from a float32 [N, 299, 299, 3] batch to [N, 1001] logits."""
    model = network.keras_model(tf)
    network.put_weights(tf, model, lambda name: checkpoint.get_tensor(name + network.AVERAGE))
    return lambda batch: network.by_portions(model, batch)


def log_softmax(logits):
    """Natural logarithm of the softmax, in double."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def judge_images_differ(logits):
    """Guards against an empty comparison: a dead network would agree with anything."""
    judge.need(logits.std() > 0.1, "the reference's logits hardly vary: this checkpoint proves nothing")
    tops = {tuple(row) for row in np.argsort(-logits, axis=1)[:, :5].tolist()}
    judge.need(len(tops) > 3, "the reference ranks most images alike: this checkpoint proves nothing")


# ---------------------------------------------------------------- the two loaders


class SessionModel:
    """EXPORT_DIR through tf.compat.v1.saved_model.load in a Session."""

    name = "session"

    def __init__(self, tf, folder):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.session = tf.compat.v1.Session()
            meta = tf.compat.v1.saved_model.load(self.session, ["serve"], folder)
        self.signatures = dict(meta.signature_def)

    def run(self, key, value, logits=None):
        """The outputs of one signature; with `logits` also that tensor, under `logits`."""
        signature = self.signatures[key]
        fetches = {name: info.name for name, info in signature.outputs.items()}
        if logits:
            fetches["logits"] = logits
        (info,) = signature.inputs.values()
        return self.session.run(fetches, {info.name: value})

    def run_from_logits(self, key, name, logits):
        """The outputs when the logits tensor itself is fed."""
        fetches = {out: info.name for out, info in self.signatures[key].outputs.items()}
        return self.session.run(fetches, {name: logits})


class FunctionModel:
    """EXPORT_DIR through tf.saved_model.load and its signature functions."""

    name = "function"

    def __init__(self, tf, folder):
        self.tf = tf
        self.loaded = tf.saved_model.load(folder, tags=["serve"])
        self.signatures = self.loaded.signatures

    def run(self, key, value, logits=None):
        """The outputs of one signature (this loader cannot fetch other tensors)."""
        function = self.signatures[key]
        (name,) = function.structured_input_signature[1]
        return {k: v.numpy() for k, v in function(**{name: self.tf.constant(value)}).items()}


# ---------------------------------------------------------------- comparing answers


class Judge:
    """What all comparisons need: labels, tolerance, kind of scores, and the report to fill."""

    def __init__(self, report, labels, kind, tolerance):
        self.report = report
        self.kind = kind
        self.tolerance = tolerance
        self.labels = [label.encode() for label in labels]
        self.indices = {}
        for index, label in enumerate(self.labels):
            self.indices.setdefault(label, []).append(index)

    def answer(self, where, result, logits):
        """Judges classes and scores of one answer against the reference's logits."""
        check = self.report.check
        count = len(logits)
        if not check(set(result) >= {"classes", "scores"}, f"{where}: outputs are {sorted(result)}"):
            return
        scores, classes = result["scores"], result["classes"]
        shapes_right = scores.shape == (count, 5) == classes.shape
        if not check(shapes_right, f"{where}: shapes {scores.shape}, {classes.shape} for {count} images"):
            return
        check(scores.dtype == np.float32, f"{where}: scores are {scores.dtype}")
        self._scores(where, scores, logits)
        self._classes(where, classes, logits)
        if "logits" in result:
            self._logits(where, result["logits"], logits)

    def _scores(self, where, scores, logits):
        """Top-5 scores; probabilities are compared by their logarithm, so small ones count too."""
        best = -np.sort(-logits, axis=1)[:, :5]
        if self.kind == "softmax":
            best = -np.sort(-log_softmax(logits), axis=1)[:, :5]
            with np.errstate(all="ignore"):
                scores = np.log(scores.astype(np.float64))
        limit = self.tolerance * (2 if self.kind == "softmax" else 1)
        difference = np.abs(scores - best)
        worst = float(np.nan_to_num(difference, nan=1e9, posinf=1e9).max())
        self.report.largest("max_diff_top5_" + self.kind, worst)
        self.report.check(worst <= limit, f"{where}: top-5 scores differ by {worst:.3g} (limit {limit:g})")

    def _classes(self, where, classes, logits):
        """Every rank's class; a swap is allowed only between scores closer than the tolerance."""
        order = np.argsort(-logits, axis=1, kind="stable")[:, :5]
        for row, names in enumerate(classes):
            self.report.check(
                len(set(names)) == 5 or b"crane" in [n[-5:] for n in names],
                f"{where}: image {row} names a class twice",
            )
            for rank, name in enumerate(names):
                expected = order[row, rank]
                if name == self.labels[expected]:
                    continue
                gaps = [abs(logits[row, i] - logits[row, expected]) for i in self.indices.get(name, [])]
                close = bool(gaps) and min(gaps) <= 2 * self.tolerance
                self.report.check(
                    close,
                    f"{where}: image {row} rank {rank + 1} is {name!r}, "
                    f"expected {self.labels[expected]!r}",
                )

    def _logits(self, where, got, logits):
        if not self.report.check(got.shape == logits.shape, f"{where}: logits have shape {got.shape}"):
            return
        worst = float(np.nan_to_num(np.abs(got - logits), nan=1e9).max())
        self.report.largest("max_diff_logits", worst)
        self.report.check(
            worst <= self.tolerance, f"{where}: logits differ by {worst:.3g} (limit {self.tolerance:g})"
        )


def attempt(report, where, call):
    """The result of `call`, or None and a failure when TensorFlow refuses."""
    try:
        return call()
    except Exception as error:  # any refusal of a good input is a failure of the model
        report.check(False, f"{where}: refused: {type(error).__name__}: {judge.reason(error)}")
        return None


def example(tf, **features):
    """A serialized tf.Example; a value may be bytes, a list of bytes, or an int."""
    proto = tf.train.Example()
    for key, value in features.items():
        feature = proto.features.feature[key.replace("__", "/")]
        if isinstance(value, int):
            feature.int64_list.value.append(value)
        else:
            feature.bytes_list.value.extend(value if isinstance(value, list) else [value])
    return proto.SerializeToString()


def compare_signature(judging, model, key, names, values, logits, logits_name):
    """All test images through one signature: one by one, then together."""
    report = judging.report
    for index, name in enumerate(names):
        where = f"{key} ({model.name}) {name}"
        one = slice(index, index + 1)
        result = attempt(report, where, lambda: model.run(key, values[one], logits_name))
        if result:
            judging.answer(where, result, logits[one])
    where = f"{key} ({model.name}) batch of {len(names)}"
    result = attempt(report, where, lambda: model.run(key, values, logits_name))
    if result:
        judging.answer(where, result, logits)


def judge_all_labels(judging, model, key, logits_name):
    """Feeds made-up logits so that each of the classes comes out once, in a known order."""
    classes = len(judging.labels)
    rows = -(-classes // 5)
    made = np.full((rows, classes), -10.0, np.float32)
    # A step that shares no factor with 1001 or 1000 reaches every class.
    order = (np.arange(rows * 5) * (8 if classes % 2 else 7) % classes).reshape(rows, 5)
    for rank in range(5):
        made[np.arange(rows), order[:, rank]] = 10.0 - rank
    where = f"{key} (session) all labels"
    result = attempt(judging.report, where, lambda: model.run_from_logits(key, logits_name, made))
    if result:
        judging.answer(where, result, made)
        judging.report.numbers["labels_judged"] = len(set(order.ravel().tolist()))


# ---------------------------------------------------------------- refusals


def refuses(tf, report, where, call, any_error=False):
    """Fails unless `call` ends in InvalidArgument (or, with any_error, in any TensorFlow error)."""
    allowed = tf.errors.OpError if any_error else tf.errors.InvalidArgumentError
    try:
        call()
    except allowed:
        return
    except Exception as error:
        report.check(False, f"{where}: {type(error).__name__} instead of InvalidArgument")
        return
    report.check(False, f"{where}: accepted")


def judge_bad_images(tf, report, model, key, wrap):
    """Damaged images alone and one between good ones."""
    sound = wrap(images.make_one_jpeg())
    for name, data in images.broken().items():
        for place, batch in (("alone", [wrap(data)]), ("in a batch", [sound, wrap(data), sound])):
            value = np.array(batch, dtype=object)
            where = f"{key} ({model.name}) {name} {place}"
            refuses(tf, report, where, lambda: model.run(key, value))


def judge_bad_examples(tf, report, model):
    """Classify inputs without a usable image/encoded."""
    jpeg = images.make_one_jpeg()
    cases = {
        "an Example without features": example(tf),
        "an Example with another feature only": example(tf, image__format=b"jpeg"),
        "an Example whose image/encoded is a number": example(tf, image__encoded=7),
        "an Example with two images": example(tf, image__encoded=[jpeg, jpeg]),
        "bytes that are no Example": b"not an Example",
    }
    for name, data in cases.items():
        value = np.array([data], dtype=object)
        refuses(tf, report, f"{CLASSIFY} ({model.name}) {name}", lambda: model.run(CLASSIFY, value), True)


def judge_empty_batch(tf, report, model, key, value):
    """An empty batch may be refused or answered with an empty result; says which it was."""
    try:
        result = model.run(key, value)
    except tf.errors.OpError as error:
        outcome = f"refused: {type(error).__name__}"
    else:
        empty = result["scores"].shape == (0, 5) == result["classes"].shape
        report.check(empty, f"{key} ({model.name}): an empty batch gives {result['scores'].shape}")
        outcome = "empty result"
    report.numbers.setdefault("empty_batch", {})[f"{key} ({model.name})"] = outcome


# ---------------------------------------------------------------- description and variables


def judge_signatures(tf, report, signatures, required, side=network.SIDE):
    """Keys, methods, names, types and ranks as the facts demand."""
    report.numbers["signatures"] = sorted(signatures)
    for key in required:
        report.check(key in signatures, f"signature {key} is missing")
    for key, signature in signatures.items():
        if not report.check(key in METHODS, f"signature {key} is unknown to the judge"):
            continue
        report.check(signature.method_name == METHODS[key], f"{key}: method is {signature.method_name}")
        names = sorted(signature.outputs)
        report.check(names == ["classes", "scores"], f"{key}: outputs are {names}")
        for name, info in signature.outputs.items():
            shape = tf.TensorShape(info.tensor_shape)
            right = shape.rank is None or shape.as_list() == [None, 5]
            report.check(right, f"{key}: {name} has the declared shape {shape}")
        types = {name: info.dtype for name, info in signature.outputs.items()}
        report.check(types.get("classes") == tf.string.as_datatype_enum, f"{key}: classes are no strings")
        report.check(types.get("scores") == tf.float32.as_datatype_enum, f"{key}: scores are no float32")
        _judge_input(tf, report, key, signature.inputs, side)


def _judge_input(tf, report, key, inputs, side):
    name = {PREDICT: "images", CLASSIFY: "inputs"}.get(key)
    dtype, shape = (tf.uint8, [None, side, side, 3]) if key == PIXELS else (tf.string, [None])
    if not report.check(len(inputs) == 1, f"{key}: {len(inputs)} inputs"):
        return
    ((got, info),) = inputs.items()
    report.check(name in (None, got), f"{key}: the input is called {got}")
    report.check(info.dtype == dtype.as_datatype_enum, f"{key}: the input has the wrong type")
    declared = tf.TensorShape(info.tensor_shape)
    free = declared.rank is None or declared[0] is None
    report.check(
        free and declared.is_compatible_with(shape), f"{key}: the input's shape is {declared}"
    )


def judge_variables(tf, report, checkpoint, folder, without_aux):
    """Bundle against checkpoint: the same names under plain names, the same bits."""
    bundle = tf.train.load_checkpoint(os.path.join(folder, "variables", "variables"))
    got = bundle.get_variable_to_shape_map()
    wanted = {n for n in network.variables() if not (without_aux and n.startswith("aux_logits/"))}
    report.check(set(got) >= wanted, f"variables missing: {sorted(wanted - set(got))[:3]}")
    unknown = sorted(set(got) - set(network.variables()))
    report.check(not unknown, f"variables too many: {unknown[:3]}")
    equal = 0
    for name in sorted(set(got) & set(network.variables())):
        right, found = checkpoint.get_tensor(name + network.AVERAGE), bundle.get_tensor(name)
        same = right.shape == found.shape and right.tobytes() == found.tobytes()
        equal += report.check(same, f"variable {name} is not the checkpoint's average")
    report.numbers["variables_bit_equal"] = equal


# ---------------------------------------------------------------- main


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help="model.ckpt-N, or the folder with the file `checkpoint`")
    parser.add_argument("export_dir", help="the folder with saved_model.pb")
    parser.add_argument("--labels", required=True, help="file with the 1001 labels, a line each")
    parser.add_argument("--label-prefix", default="", help="text before each of the 1001 labels")
    parser.add_argument("--scores", choices=("logits", "softmax"), default="logits")
    parser.add_argument("--logits", action="append", default=[], metavar="[SIGNATURE=]NAME",
                        help="logits tensor, e.g. logits:0; with SIGNATURE= for that one only")
    parser.add_argument("--require", action="append", default=[PREDICT, CLASSIFY])
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--without-aux", action="store_true", help="aux_logits/* may be missing")
    parser.add_argument("--quick", action="store_true", help="every third test image only")
    return parser.parse_args()


def logits_names(given):
    """Signature -> tensor name, from the --logits options; a plain NAME serves for all."""
    names = {}
    for text in given:
        key, _, name = text.rpartition("=")
        for signature in [key] if key else METHODS:
            names[signature] = name
    return names


def inputs_of(tf, encoded):
    """Signature -> (values to send, how to wrap one image's bytes, the network's input)."""
    batch = np.stack([preprocess.image(tf, data) for data in encoded])
    pixels = np.stack([preprocess.pixels(tf, data) for data in encoded])
    wrap = lambda data: example(tf, image__encoded=data)
    examples = np.array([wrap(data) for data in encoded], dtype=object)
    return {
        PREDICT: (np.array(encoded, dtype=object), lambda data: data, batch),
        CLASSIFY: (examples, wrap, batch),
        PIXELS: (pixels, None, preprocess.from_pixels(pixels)),
    }


def judge_model(tf, judging, model, names, inputs, logits, tensor_names):
    """Every known signature through one loader."""
    for key in sorted(set(model.signatures) & set(METHODS)):
        values, wrap, _ = inputs[key]
        name = tensor_names.get(key) if isinstance(model, SessionModel) else None
        compare_signature(judging, model, key, names, values, logits[key], name)
        judge_empty_batch(tf, judging.report, model, key, values[:0])
        if name:
            judge_all_labels(judging, model, key, name)
        if wrap:
            judge_bad_images(tf, judging.report, model, key, wrap)
        if key == CLASSIFY:
            judge_bad_examples(tf, judging.report, model)


def main(report):
    arguments = parse()
    pb = os.path.join(arguments.export_dir, "saved_model.pb")
    judge.need(os.path.isfile(pb), f"{pb} does not exist")
    labels = read_labels(arguments.labels, arguments.label_prefix)
    text = "".join(label + "\n" for label in labels)
    report.numbers["labels_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    tf = judge.quiet_tensorflow()
    try:
        checkpoint = tf.train.load_checkpoint(arguments.checkpoint)
    except (tf.errors.OpError, ValueError) as error:
        raise judge.Failed(f"{arguments.checkpoint} cannot be read: {error}") from error
    judge_variables(tf, report, checkpoint, arguments.export_dir, arguments.without_aux)

    pictures = images.make()
    names = list(pictures)[1::3] if arguments.quick else list(pictures)
    encoded = [pictures[name] for name in names]
    inputs = inputs_of(tf, encoded)
    network_answers = reference_logits(tf, checkpoint)
    wire = network_answers(inputs[PREDICT][2])
    judge_images_differ(wire)
    logits = {PREDICT: wire, CLASSIFY: wire}

    judging = Judge(report, labels, arguments.scores, arguments.tolerance)
    for loader in (SessionModel, FunctionModel):
        model = attempt(report, loader.name, lambda: loader(tf, arguments.export_dir))
        if model is None:
            continue
        if loader is SessionModel:
            judge_signatures(tf, report, model.signatures, arguments.require)
        if PIXELS in model.signatures and PIXELS not in logits:
            logits[PIXELS] = network_answers(inputs[PIXELS][2])
        judge_model(tf, judging, model, names, inputs, logits, logits_names(arguments.logits))
    report.numbers.update(images=len(encoded), logits_largest=round(float(np.abs(wire).max()), 3))


if __name__ == "__main__":
    judge.run(main)
