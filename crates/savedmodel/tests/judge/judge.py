"""Shared by every judge script: a quiet TensorFlow, one way to fail, one way to answer.

A script's answer is one JSON object on the last line of standard output. A failed judgement is a
clear sentence on standard error, the same sentences under `failures` in the JSON, and exit status 1.
"""

import json
import os
import re
import resource
import sys
import time
import traceback
import warnings

START = time.time()


class Failed(Exception):
    """A judgement that went against the thing judged; the text says why."""


def quiet_tensorflow():
    """Imports TensorFlow without its start-up chatter."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    warnings.filterwarnings("ignore")
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    return tf


def peak_mb():
    """The largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def need(condition, sentence):
    """Stops with `sentence` unless `condition` holds."""
    if not condition:
        raise Failed(sentence)


def reason(error):
    """The telling part of TensorFlow's error text, on one line."""
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [x for x in lines if x and not x.startswith(("File ", "Detected at", "Graph execution", "[["))]
    return re.sub(r"\{\{.*?\}\}\s*", "", " ".join(lines))[:200]


class Report:
    """Numbers to print and the failures found so far."""

    def __init__(self):
        self.numbers = {}
        self.failures = []

    def check(self, condition, sentence):
        """Notes `sentence` as a failure unless `condition` holds; says whether it held."""
        if not condition:
            self.failures.append(sentence)
        return bool(condition)

    def largest(self, key, value):
        """Keeps the largest value seen under `key`."""
        self.numbers[key] = max(float(value), self.numbers.get(key, 0.0))


def run(main):
    """Runs `main(report)`, prints the JSON line and ends the process with the right status."""
    report = Report()
    try:
        main(report)
    except Failed as failure:
        report.failures.append(str(failure))
    except Exception as error:  # the judge itself or TensorFlow stumbled: still one JSON line
        traceback.print_exc()
        report.failures.append(f"{type(error).__name__}: {str(error)[:300]}")
    answer = {"ok": not report.failures, **report.numbers}
    if report.failures:
        answer["failures"] = report.failures[:20]
        answer["failure_count"] = len(report.failures)
    answer["seconds"] = round(time.time() - START, 2)
    answer["peak_mb"] = peak_mb()
    for sentence in report.failures[:20]:
        print("FAILED: " + sentence, file=sys.stderr)
    sys.stderr.flush()
    print(json.dumps(answer))
    sys.stdout.flush()
    sys.exit(1 if report.failures else 0)
