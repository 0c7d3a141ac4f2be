#!/usr/bin/env bash
# Measures: a 24-megapixel JPEG to its five derivatives, against Pillow and against libjpeg-turbo's own decoding and encoding
# Needs: python3 cmake nasm
# One thread: Pillow the original's way, the pipeline in pure Rust and with libjpeg-turbo, fast and exact, and libjpeg-turbo alone
# with the same pixels and no resizing. Rounds are interleaved, so that whatever else this machine does meets all alike; a
# round's value is the middle one of 3 runs. PHOTO names another picture than the generated one; PYTHON an interpreter that
# has Pillow already.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 7
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


middle() { # LIST COMMAND...: of three runs; `name total decode resize encode` in milliseconds is what each prints
    local list=$1 total decode resize encode
    shift
    read -r _ total decode resize encode < <("$@" | sort -g -k 2 | sed -n 2p)
    value "$list" "$total"
    value "$list-decode" "$decode"
    value "$list-resize" "$resize"
    value "$list-encode" "$encode"
}
for round in $(seq "$runs"); do
    middle pillow "$python" benches/picture.py "$photo" 3
    for backend in pure turbo; do
        middle "$backend" "$work/$backend" fast "$photo" 3
        middle "$backend-exact" "$work/$backend" exact "$photo" 3
    done
    middle floor "$work/turbo" floor "$photo" 3
    echo "round $round of $runs"
done

version Pillow "$("$python" -c 'import PIL; from PIL import features
print(PIL.__version__, "with libjpeg-turbo", features.version("libjpeg_turbo"))')"
told() { # LIST WORDS OPTIONS...
    local parts
    parts="decode $(median "$1-decode"), resize $(median "$1-resize"), encode $(median "$1-encode") ms"
    case_of "$1" ms "$2" --note "$parts" "${@:3}"
}
told pillow "Pillow, the original's way"
told pure "ours, pure Rust (the default)" --against pillow --wanted "at most 0.25"
same pure-beside-floor pure
case_of pure-beside-floor ms "the same, against libjpeg-turbo alone" --against floor --wanted "at most 1.5"
told pure-exact "the same, \`exact\`" --against pillow
told turbo "ours, feature \`turbo\`" --against pillow --wanted "at most 0.167"
same turbo-beside-floor turbo
case_of turbo-beside-floor ms "the same, against libjpeg-turbo alone" --against floor
told turbo-exact "the same, \`exact\`" --against pillow
told floor "libjpeg-turbo alone" --against pillow
