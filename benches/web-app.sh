#!/usr/bin/env bash
# Measures: the web app against the structure of the article's: Flask, Pillow, gRPC, one gunicorn worker
# Needs: python3 curl
# The web app against the structure of the article's (Flask, Pillow, gRPC, one gunicorn worker), before the same two model
# servers that answer at once: uploads a second at 1 to 32 clients with the service's peak memory, and what an upload costs
# beside image work and servers. Rounds are interleaved. PHOTO names another picture than the generated one; UPLOADS how many
# are sent for each value.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 3
uploads=${UPLOADS:-48}
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

loaded() { # LIST URL PICTURE CLIENTS UPLOADS: uploads a second, median and 99th percentile of one, what is beside image work
    local many middle most beside
    read -r many middle most beside < <("$load" load "${@:2}")
    value "$1" "$many"
    value "$1-middle" "$middle"
    value "$1-most" "$most"
    value "$1-beside" "$beside"
}
for round in $(seq "$runs"); do
    for clients in 1 2 4 8 16 32; do
        loaded "ours-$clients" http://127.0.0.1:5061/upload "$photo" "$clients" "$uploads"
        loaded "original-$clients" http://127.0.0.1:5062/upload "$photo" "$clients" "$uploads"
    done
    loaded small 'http://127.0.0.1:5061/upload?sizes=512' "$photo" 1 50
    loaded whole 'http://127.0.0.1:5061/upload?sizes=512' "$work/whole.jpg" 1 10
    echo "round $round of $runs"
done
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" | awk '{ print $1 * 1024 / 1e6 }'; }
worker=$(pgrep --parent "$original" | head -n 1) || true
value ours-memory "$(peak "$ours")"
value original-memory "$(peak "${worker:-$original}")"

for package in flask gunicorn grpcio pillow; do
    version "$package" "$("$python/python" -c "from importlib.metadata import version; print(version('$package'))")"
done
told() { # LIST WORDS OPTIONS...
    case_of "$1" "uploads/s" "$2" --note "of one, median $(median "$1-middle") ms, p99 $(median "$1-most") ms" "${@:3}"
}
megabytes() { awk -v bytes="$(stat -c %s "$1")" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }
for clients in 1 2 4 8 16 32; do
    told "ours-$clients" "ours, $clients at once" --against "original-$clients"
    told "original-$clients" "the original's structure, $clients at once"
done
case_of small-beside ms "ours beside image work and servers, an upload of $(megabytes "$photo")" --wanted "at most 5"
case_of whole-beside ms "the same of $(megabytes "$work/whole.jpg")" --wanted "at most 5"
case_of ours-memory MB "most memory of ours, over all of this, several pictures at a time"
case_of original-memory MB "most memory of the original's worker, a picture at a time"
