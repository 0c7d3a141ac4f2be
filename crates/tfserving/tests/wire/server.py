"""A model server on gRPC's own library with TensorFlow Serving's own classes, for the client's tests.

Prints its port, and serves until its standard input ends. Pictures decide what it does: `refuse` is refused, `content` is
answered with tensor_content, all others by length.
"""

import struct
import sys
from concurrent import futures

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


def shape(*sizes):
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def Predict(self, request, context):
        picture = request.inputs["images"].string_val[0]
        if picture == b"refuse":
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(nothing)")
        context.set_trailing_metadata((("server-timing", "total;dur=0.25"),))
        response = predict_pb2.PredictResponse()
        response.model_spec.CopyFrom(request.model_spec)
        response.model_spec.version.value = 3
        response.outputs["classes"].CopyFrom(
            tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape(1, 1), string_val=[b"bytes"])
        )
        scores = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(1, 1))
        if picture == b"content":
            scores.tensor_content = struct.pack("<f", len(picture))
        else:
            scores.float_val.append(len(picture))
        response.outputs["scores"].CopyFrom(scores)
        return response

    def GetModelMetadata(self, request, context):
        signatures = get_model_metadata_pb2.SignatureDefMap()
        signatures.signature_def["predict_images"].inputs["images"].CopyFrom(
            meta_graph_pb2.TensorInfo(name="images:0", dtype=types_pb2.DT_STRING, tensor_shape=shape(-1))
        )
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.metadata["signature_def"].Pack(signatures)
        return response


class Models(model_service_pb2_grpc.ModelServiceServicer):
    def GetModelStatus(self, request, context):
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=3, state=30)
        return response


class Health(health_pb2_grpc.HealthServicer):
    def Check(self, request, context):
        return health_pb2.HealthCheckResponse(status=1)


def main():
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    health_pb2_grpc.add_HealthServicer_to_server(Health(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
