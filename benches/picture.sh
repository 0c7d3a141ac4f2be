#!/usr/bin/env bash
# Times a 24-megapixel JPEG to its five JPEG derivatives on one thread: Pillow the original's way, the pipeline in pure
# Rust and with libjpeg-turbo, fast and exact, and libjpeg-turbo's own decoding and encoding of the same pixels.
# Rounds are interleaved, so that whatever else this machine does meets all alike; the table holds medians of ROUNDS
# (default 7) rounds of 3 runs. PHOTO names another picture than the generated one. Needs cmake, nasm and python3 with
# venv; PYTHON names an interpreter that has Pillow already.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { cargo build --quiet --release --package resizer --example picture_speed "$@"; }
build
cp target/release/examples/picture_speed "$work/pure"
build --features turbo
cp target/release/examples/picture_speed "$work/turbo"
python=${PYTHON:-$PWD/target/picture-bench/bin/python}
if [ ! -x "$python" ]; then
  python3 -m venv target/picture-bench
  "$python" -m pip install --quiet pillow
fi
photo=${PHOTO:-$work/photo.jpg}
[ -n "${PHOTO:-}" ] || "$work/pure" photo "$photo"

echo "photo: $(stat -c %s "$photo") bytes; $("$python" -c 'import PIL; from PIL import features
print("Pillow", PIL.__version__, "with libjpeg-turbo", features.version("libjpeg_turbo"))'); load before: $(cut -d' ' -f1 /proc/loadavg)"
for _ in $(seq "$rounds"); do
  "$python" benches/picture.py "$photo" 3
  for backend in pure turbo; do
    "$work/$backend" fast "$photo" 3
    "$work/$backend" exact "$photo" 3
  done
  "$work/turbo" floor "$photo" 3
done >"$work/runs"
echo "load after: $(cut -d' ' -f1 /proc/loadavg)"

"$python" - "$work/runs" <<'PYTHON'
import statistics
import sys

runs = {}
for line in open(sys.argv[1]):
    name, *values = line.split()
    runs.setdefault(name, []).append([float(value) for value in values])
medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in runs.items()}
pillow, floor = medians["pillow"][0], medians["libjpeg-turbo"][0]
print("| way | total ms (min to max) | decode | resize | encode | Pillow / this | this / libjpeg-turbo |")
print("|---|---|---|---|---|---|---|")
for name, (total, decode, resize, encode) in medians.items():
    totals = [row[0] for row in runs[name]]
    spread = f"{total:.0f} ({min(totals):.0f} to {max(totals):.0f})"
    print(f"| {name} | {spread} | {decode:.0f} | {resize:.0f} | {encode:.0f} | {pillow / total:.1f} | {total / floor:.2f} |")
PYTHON
