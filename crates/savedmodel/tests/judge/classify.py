"""What TensorFlow itself answers about pictures that lie in a folder.

Usage: classify.py EXPORT_DIR FOLDER

Reports, by file, the classes and the scores that the signature predict_images of the loaded SavedModel gives.
"""

import os
import sys

import judge


def main(report):
    export_dir, folder = sys.argv[1:]
    tf = judge.quiet_tensorflow()
    signature = tf.saved_model.load(export_dir, tags=["serve"]).signatures["predict_images"]
    files = sorted(os.listdir(folder))
    judge.need(files, f"{folder} is empty")
    report.numbers["pictures"] = {}
    for name in files:
        with open(os.path.join(folder, name), "rb") as file:
            answer = signature(images=tf.constant([file.read()]))
        classes = [word.decode() for word in answer["classes"].numpy()[0].tolist()]
        report.numbers["pictures"][name] = {"classes": classes, "scores": answer["scores"].numpy()[0].tolist()}


if __name__ == "__main__":
    judge.run(main)
