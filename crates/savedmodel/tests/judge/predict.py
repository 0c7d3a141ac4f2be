"""What TensorFlow itself answers about pictures: the measure for a server's answers.

Usage: predict.py EXPORT_DIR SIGNATURE FOLDER

Makes pictures up, writes them into FOLDER and reports, picture by picture, the classes and the scores that the loaded
SavedModel gives them.
"""

import argparse
import os

import images
import judge

PICTURES = ["jpeg_17x23", "jpeg_299x299", "png_rgb_257x129"]


def main(report):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export_dir")
    parser.add_argument("signature")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    tf = judge.quiet_tensorflow()
    loaded = tf.saved_model.load(arguments.export_dir, tags=["serve"])
    judge.need(arguments.signature in loaded.signatures, f"no signature {arguments.signature}")
    made = images.make()
    os.makedirs(arguments.folder, exist_ok=True)
    for name in PICTURES:
        with open(os.path.join(arguments.folder, name), "wb") as file:
            file.write(made[name])
    answer = loaded.signatures[arguments.signature](images=tf.constant([made[name] for name in PICTURES]))
    scores = answer["scores"].numpy().tolist()
    classes = [[word.decode() for word in row] for row in answer["classes"].numpy().tolist()]
    report.numbers["pictures"] = [
        {"file": name, "classes": words, "scores": numbers} for name, words, numbers in zip(PICTURES, classes, scores)
    ]


if __name__ == "__main__":
    judge.run(main)
