"""The structure of the article's web app, rebuilt as small as it goes: Flask, Pillow, a gRPC client, one synchronous worker.

It decodes the upload anew for each size, saves JPEGs, and asks one server after another for each derivative. The request is
written by hand, which is cheaper than the message classes that the original used. Run by gunicorn, as the original was:
`TF_SERVERS=name:host:port;... gunicorn --workers 1 --timeout 120 web_app_original:app`.
"""

import io
import os
import time

import flask
import grpc
from PIL import Image

SIZES = (2048, 1024, 512, 256, 128)

app = flask.Flask(__name__)


def field(number, payload):
    """A length-delimited field of a message."""
    length, size = len(payload), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + payload


def request_for(picture):
    """A PredictRequest of one encoded picture."""
    shape = field(2, field(2, b"\x08\x01"))
    tensor = b"\x08\x07" + shape + field(8, picture)
    spec = field(1, field(1, b"inception") + field(3, b"predict_images"))
    return spec + field(2, field(1, b"images") + field(2, tensor))


def scores_of(answer):
    """The answer's bytes; an answer without the class that the stand-in gives is a failure."""
    if b"tabby" not in answer or b"scores" not in answer:
        raise ValueError("not an answer of the stand-in")
    return len(answer)


CHANNELS = {}
for server in os.environ["TF_SERVERS"].split(";"):
    name, address = server.split(":", 1)
    CHANNELS[name] = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)])


def predict(name, picture):
    call = CHANNELS[name].unary_unary("/tensorflow.serving.PredictionService/Predict", None, None)
    begin = time.time()
    scores_of(call(request_for(picture), timeout=60))
    return {"results": {"tabby": 9.5}, "predict_duration": time.time() - begin, "precision": 100.0}


@app.post("/upload")
def upload():
    original = flask.request.files["file"].read()
    pictures = {"original": original}
    for size in SIZES:
        image = Image.open(io.BytesIO(original))
        image.thumbnail((size, size), Image.LANCZOS)
        out = io.BytesIO()
        image.save(out, "JPEG")
        pictures[f"{size}x{size}"] = out.getvalue()
    derivatives = {}
    for key, picture in pictures.items():
        predictions = {name: predict(name, picture) for name in CHANNELS}
        derivatives[key] = {"filesize": len(picture), "predictions": predictions, "average_precision": 100.0}
    return flask.jsonify(files=[{"server_names": list(CHANNELS), "derivatives": derivatives}])
