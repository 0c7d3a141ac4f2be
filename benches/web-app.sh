#!/usr/bin/env bash
# The web app against the structure of the article's (Flask, Pillow, gRPC, one gunicorn worker), before the same two model
# servers that answer at once: uploads a second at 1 to 32 clients with the service's peak memory, and what an upload costs
# beside image work and servers. Rounds are interleaved; the table holds medians of ROUNDS (default 3). Needs python3 with
# venv; PHOTO names another picture than the generated one. Usage: benches/web-app.sh [UPLOADS for each row, default 48]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-3} uploads=${1:-48}
work=$(mktemp -d)
running=()
finish() {
    for process in "${running[@]}"; do kill "$process" 2> /dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

cargo build --quiet --release --package resizer --bin resizer --example app_load --example picture_speed
load=target/release/examples/app_load
python=target/web-app-bench/bin
if [ ! -x "$python/gunicorn" ]; then
    python3 -m venv target/web-app-bench
    "$python/pip" install --quiet flask gunicorn grpcio pillow
fi
target/release/examples/picture_speed photo "$work/whole.jpg"
# What people upload: 2 megapixels.
"$python/python" - "$work/whole.jpg" "$work/photo.jpg" << 'PY'
import sys
from PIL import Image
image = Image.open(sys.argv[1])
image.thumbnail((1633, 1633))
image.save(sys.argv[2], "JPEG", quality=90)
PY
photo=${PHOTO:-$work/photo.jpg}

"$load" serve 2 > "$work/servers" &
running+=($!)
until [ -s "$work/servers" ]; do sleep 0.1; done
servers=$(cat "$work/servers")

TF_SERVERS=$servers LISTEN=127.0.0.1:5061 target/release/resizer > "$work/ours.log" 2>&1 &
ours=$!
running+=("$ours")
(cd benches && TF_SERVERS=$servers exec "../$python/gunicorn" --workers 1 --timeout 120 --bind 127.0.0.1:5062 \
    --backlog 64 web_app_original:app) > "$work/original.log" 2>&1 &
original=$!
running+=("$original")
for port in 5061 5062; do
    until curl --silent --fail --form "file=@$photo" "http://127.0.0.1:$port/upload" > /dev/null; do sleep 0.2; done
done

echo "picture: $(stat -c %s "$photo") bytes; load before: $(cut -d' ' -f1 /proc/loadavg)"
for _ in $(seq "$rounds"); do
    for clients in 1 2 4 8 16 32; do
        "$load" load http://127.0.0.1:5061/upload "$photo" "$clients" "$uploads" >> "$work/ours-$clients"
        "$load" load http://127.0.0.1:5062/upload "$photo" "$clients" "$uploads" >> "$work/original-$clients"
    done
    "$load" load 'http://127.0.0.1:5061/upload?sizes=512' "$photo" 1 50 >> "$work/beside"
    "$load" load 'http://127.0.0.1:5061/upload?sizes=512' "$work/whole.jpg" 1 10 >> "$work/beside-whole"
done

median() { cut -d' ' -f"$2" "$work/$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"; }
printf '%-8s %28s %32s %7s\n' clients "ours: uploads/s, p50, p99 ms" "original: uploads/s, p50, p99 ms" ratio
for clients in 1 2 4 8 16 32; do
    a=$(median "ours-$clients" 1) b=$(median "original-$clients" 1)
    printf '%-8s %10s %8s %8s %14s %8s %8s %7s\n' "$clients" "$a" "$(median "ours-$clients" 2)" "$(median "ours-$clients" 3)" \
        "$b" "$(median "original-$clients" 2)" "$(median "original-$clients" 3)" "$(awk "BEGIN { printf \"%.1fx\", $a / $b }")"
done
echo "beside image work and servers: $(median beside 4) ms of an upload of $(stat -c %s "$photo") bytes," \
    "$(median beside-whole 4) ms of one of $(stat -c %s "$work/whole.jpg") bytes"
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" | awk '{ printf "%.0f MB", $1 / 1e3 }'; }
worker=$(pgrep --parent "$original" | head -n 1)
echo "peak memory: ours $(peak "$ours"), the original's worker $(peak "${worker:-$original}")"
