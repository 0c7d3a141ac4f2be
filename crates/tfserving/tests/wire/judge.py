"""The messages of the wire tests as TensorFlow Serving's own Python classes build them.

    judge.py write FOLDER   writes each as NAME.bin
    judge.py check FOLDER   reads every NAME.bin, compares bytes and meaning, and prints what it compared as JSON
"""

import json
import pathlib
import sys

from google.protobuf import any_pb2
from grpc_health.v1 import health_pb2
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)


def shape(*sizes):
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)


def tensor(dtype, sizes, **values):
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape(*sizes), **values)


def predict_request():
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "inception"
    request.model_spec.signature_name = "predict_images"
    request.model_spec.version.value = 7
    pictures = tensor(types_pb2.DT_STRING, [2], string_val=[b"\xff\xd8\xff\x00", b""])
    request.inputs["images"].CopyFrom(pictures)
    request.inputs["threshold"].CopyFrom(tensor(types_pb2.DT_FLOAT, [], float_val=[0.5]))
    request.output_filter.append("scores")
    return request


def predict_response():
    response = predict_pb2.PredictResponse()
    response.model_spec.name = "inception"
    response.model_spec.version_label = "stable"
    classes = tensor(types_pb2.DT_STRING, [1, 2], string_val=[b"tabby, tabby cat", b"crane"])
    response.outputs["classes"].CopyFrom(classes)
    response.outputs["scores"].CopyFrom(tensor(types_pb2.DT_FLOAT, [1, 2], float_val=[9.5, -0.25]))
    content = tensor(types_pb2.DT_FLOAT, [1, 2], tensor_content=b"\x00\x00\x18\x41\x00\x00\x80\xbe")
    response.outputs["packed"].CopyFrom(content)
    return response


def tensors():
    response = predict_pb2.PredictResponse()
    for name, value in {
        "double": tensor(types_pb2.DT_DOUBLE, [1], double_val=[0.1]),
        "int32": tensor(types_pb2.DT_INT32, [2], int_val=[-1, 300]),
        "int64": tensor(types_pb2.DT_INT64, [2], int64_val=[-1, 1 << 40]),
        "bool": tensor(types_pb2.DT_BOOL, [2], bool_val=[True, False]),
        "half": tensor(types_pb2.DT_HALF, [2], half_val=[0x3C00, 0xC000]),
        "bfloat16": tensor(types_pb2.DT_BFLOAT16, [1], half_val=[0x3F80]),
        "uint32": tensor(types_pb2.DT_UINT32, [1], uint32_val=[1 << 31]),
        "uint64": tensor(types_pb2.DT_UINT64, [1], uint64_val=[1 << 40]),
    }.items():
        response.outputs[name].CopyFrom(value)
    return response


def classification_request():
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "inception"
    example = request.input.example_list.examples.add()
    example.features.feature["image/encoded"].bytes_list.value.append(b"\xff\xd8")
    example.features.feature["offsets"].int64_list.value.extend([-1, 5])
    example.features.feature["weights"].float_list.value.extend([0.5, 2.0])
    return request


def classification_with_context():
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "inception"
    listed = request.input.example_list_with_context
    listed.examples.add().features.feature["a"].float_list.value.append(1.0)
    listed.context.features.feature["b"].int64_list.value.append(2)
    return request


def classification_response():
    response = classification_pb2.ClassificationResponse()
    response.model_spec.name = "inception"
    classifications = response.result.classifications.add()
    classifications.classes.add(label="crane", score=0.75)
    classifications.classes.add(label="crane", score=0.125)
    return response


def metadata_request():
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "inception"
    request.metadata_field.append("signature_def")
    return request


def metadata_response():
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signature = signatures.signature_def["predict_images"]
    signature.method_name = "tensorflow/serving/predict"
    signature.inputs["images"].CopyFrom(
        meta_graph_pb2.TensorInfo(name="images:0", dtype=types_pb2.DT_STRING, tensor_shape=shape(-1))
    )
    unknown = tensor_shape_pb2.TensorShapeProto(unknown_rank=True)
    signature.outputs["scores"].CopyFrom(
        meta_graph_pb2.TensorInfo(name="scores:0", dtype=types_pb2.DT_FLOAT, tensor_shape=unknown)
    )
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = "inception"
    response.model_spec.version.value = 1
    packed = any_pb2.Any(
        type_url="type.googleapis.com/tensorflow.serving.SignatureDefMap",
        value=signatures.SerializeToString(deterministic=True),
    )
    response.metadata["signature_def"].CopyFrom(packed)
    return response


def status_request():
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "inception"
    return request


def status_response():
    response = get_model_status_pb2.GetModelStatusResponse()
    response.model_version_status.add(version=2, state=30)
    failed = response.model_version_status.add(version=1, state=50)
    failed.status.error_code = 5
    failed.status.error_message = "no such folder"
    return response


MESSAGES = {
    "predict_request": predict_request,
    "predict_response": predict_response,
    "tensors": tensors,
    "classification_request": classification_request,
    "classification_with_context": classification_with_context,
    "classification_response": classification_response,
    "metadata_request": metadata_request,
    "metadata_response": metadata_response,
    "status_request": status_request,
    "status_response": status_response,
    "health_request": lambda: health_pb2.HealthCheckRequest(service="PredictionService"),
    "health_response": lambda: health_pb2.HealthCheckResponse(status=1),
}


def main():
    verb, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    compared = []
    for name, build in MESSAGES.items():
        message, file = build(), folder / f"{name}.bin"
        ours = message.SerializeToString(deterministic=True)
        if verb == "write":
            file.write_bytes(ours)
            continue
        theirs = file.read_bytes()
        assert type(message).FromString(theirs) == message, f"{name} means something else"
        assert theirs == ours, f"{name}: {theirs.hex()} is not {ours.hex()}"
        compared.append(name)
    print(json.dumps(compared))


if __name__ == "__main__":
    main()
