#!/usr/bin/env bash
# Measures: a 1 GiB server out of its container against `docker cp` and `sync`
# Needs: dockerd docker debootstrap
# Times how long a 1 GiB server takes to leave its container: ours (from the receipt: streamed, hashed, synced) against
# `docker cp` of the same file.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 3
work=$(mktemp -d)
id=
cleanup() {
  docker rm -f copy-out >/dev/null 2>&1 || true
  [ -z "$id" ] || docker volume ls -q --filter "label=tf-serving-xtask.checkout=$id" | xargs -r docker volume rm >/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
checkout=$work/checkout
mkdir -p "$checkout/serving"
cp -r config.toml docker "$checkout/"
cp -r serving/sample "$checkout/serving/"
# The sample's server, made heavy: bytes behind an ELF file's end change nothing about it.
build=$checkout/serving/sample/tensorflow_serving/model_servers/BUILD
sed -i 's/name = "tensorflow_model_server"/name = "light_model_server"/' "$build"
cat >>"$build" <<'BUILD'

genrule(
    name = "heavy",
    srcs = [":light_model_server"],
    outs = ["tensorflow_model_server"],
    cmd = "cat $(location :light_model_server) > $@ && head -c 1073741824 /dev/urandom >> $@",
    executable = True,
)
BUILD
copied() {
  docker cp copy-out:/bazel/output-base/execroot/sample_serving/bazel-out/k8-opt/bin/tensorflow_serving/model_servers/tensorflow_model_server "$work/copied"
  sync "$work/copied"
}
for run in $(seq "$runs"); do
  rm -rf "$checkout/bin"
  "$xtask" --config "$checkout/config.toml" --profile sample build-servers cpu-standard >/dev/null 2>>"$work/log"
  receipt=$checkout/bin/tensorflow_model_server.cpu.standard.receipt.json
  value ours "$(sed -n 's/.*"copy": \([0-9.]*\).*/\1/p' "$receipt")"
  # The volume of these very sources says whose checkout this is.
  key=$(sed -n 's/.*"sources": "\([0-9a-f]\{12\}\).*/\1/p' "$receipt")
  sources=$(docker volume ls -q | grep -- "-sources-$key\$" | head -1)
  id=$(docker volume inspect --format '{{index .Labels "tf-serving-xtask.checkout"}}' "$sources")
  output=$(docker volume ls -q --filter "label=tf-serving-xtask.checkout=$id" | grep -- -output-sample-cpu-standard-)
  image=$(sed -n 's/.*"id": "\(sha256:[0-9a-f]*\)".*/\1/p' "$receipt" | head -1)
  docker create --name copy-out --volume "$output:/bazel/output-base" "$image" true >/dev/null
  timed docker copied
  docker rm copy-out >/dev/null
  rm "$work/copied"
  echo "round $run of $runs"
done
engine_version
case_of ours s "1 GiB streamed, hashed and synced, by the receipt" --against docker
case_of docker s "\`docker cp\` and \`sync\`"
