"""A model server made of TensorFlow, gRPC's own library and TensorFlow Serving's own classes: the reference for clients.

Usage: serve.py EXPORT_DIR FOLDER

Prints its port, answers Predict, GetModelMetadata and GetModelStatus for the loaded SavedModel, and writes each picture it
is asked about into FOLDER, named by its number of bytes. Serves until its standard input ends.
"""

import os
import sys
from concurrent import futures

import judge


def main():
    export_dir, folder = sys.argv[1:]
    tf = judge.quiet_tensorflow()
    import grpc
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    loaded = tf.saved_model.load(export_dir, tags=["serve"])

    class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):
            pictures = tf.make_ndarray(request.inputs["images"]).tolist()
            for picture in pictures:
                with open(os.path.join(folder, str(len(picture))), "wb") as file:
                    file.write(picture)
            signature = loaded.signatures[request.model_spec.signature_name]
            response = predict_pb2.PredictResponse()
            response.model_spec.CopyFrom(request.model_spec)
            for name, value in signature(images=tf.constant(pictures)).items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
            return response

        def GetModelMetadata(self, request, context):
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            response.model_spec.name = request.model_spec.name
            response.metadata["signature_def"].Pack(get_model_metadata_pb2.SignatureDefMap())
            return response

    class Models(model_service_pb2_grpc.ModelServiceServicer):
        def GetModelStatus(self, request, context):
            response = get_model_status_pb2.GetModelStatusResponse()
            response.model_version_status.add(version=1, state=30)
            return response

    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
