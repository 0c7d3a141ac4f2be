#!/usr/bin/env bash
# Measures: `build-servers` of the sample against the article's procedure done by hand
# Needs: dockerd docker debootstrap
# Times `cargo xtask build-servers --profile sample` against the article's procedure done by hand:
# the same tf-dev image, one container, `bazel clean --expunge` after each build, `docker cp` to get each binary out.
# The images that a first `cargo xtask quickstart` leaves behind are made where they are not there.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/rows.sh
rounds 3
label=//tensorflow_serving/model_servers:tensorflow_model_server
binary=tensorflow_serving/model_servers/tensorflow_model_server
simd="--copt=-msse4.1 --copt=-msse4.2 --copt=-mavx --copt=-mavx2 --copt=-mfma --copt=-O3"
declare -A flags=(
  [cpu.standard]="-c opt" [cpu.optimized]="-c opt $simd"
  [gpu.standard]="-c opt --config=cuda" [gpu.optimized]="-c opt $simd --config=cuda"
)
order="cpu.standard cpu.optimized gpu.standard gpu.optimized"
work=$(mktemp -d)
trap 'docker rm -f article-procedure bare-build copy-out >/dev/null 2>&1 || true; drop_volumes; rm -rf "$work"' EXIT

cargo build --quiet --package xtask
xtask=$PWD/target/debug/xtask
checkout=$work/checkout
mkdir -p "$checkout/serving"
cp -r config.toml docker "$checkout/"
cp -r serving/sample "$checkout/serving/"
ours() { "$xtask" --config "$checkout/config.toml" --profile sample build-servers >/dev/null 2>>"$work/ours.log"; }
drop_volumes() {
  [ -n "${id:-}" ] || return 0
  docker volume ls -q --filter "label=tf-serving-xtask.checkout=$id" | xargs -r docker volume rm >/dev/null
}
ours # makes the images, so that both procedures begin with the same tf-dev
id=$(docker volume ls --format '{{.Name}}' | grep '^tfs-.*-sources-' | while read -r name; do
  docker volume inspect --format '{{.CreatedAt}} {{index .Labels "tf-serving-xtask.checkout"}}' "$name"; done | sort | tail -1 | cut -d' ' -f2)
image=$(sed -n 's/.*"id": "\(sha256:[0-9a-f]*\)".*/\1/p' "$checkout/bin/tensorflow_model_server.cpu.standard.receipt.json" | head -1)

touch_source() { sed -i '/kEdit/d' "$1"; echo "extern const int kEdit; const int kEdit = $RANDOM;" >>"$1"; }

article() {
  docker run --detach --name article-procedure --entrypoint sleep "$image" 86400 >/dev/null
  docker cp "$checkout/serving/sample/." article-procedure:/sources >/dev/null
  for name in $order; do
    # shellcheck disable=SC2086
    docker exec --workdir /sources article-procedure bazel --batch build ${flags[$name]} $label >>"$work/article.log" 2>&1
    docker cp -L "article-procedure:/sources/bazel-bin/$binary" "$work/server.$name" >/dev/null
    docker exec --workdir /sources article-procedure bazel --batch clean --expunge >>"$work/article.log" 2>&1
  done
  docker rm -f article-procedure >/dev/null
}
cold() { drop_volumes; rm -rf "$checkout/bin"; }

for run in $(seq "$runs"); do
  cold
  timed cold ours
  touch_source "$checkout/serving/sample/tensorflow_serving/kernels/softmax.cc"
  timed edit ours
  timed same ours
  timed article article
  echo "round $run of $runs"
done

# Overhead over a bare `docker run`: one variant, warm caches, an output base that must be looked through again.
volume() { docker volume ls -q --filter "label=tf-serving-xtask.checkout=$id" | grep -- "$1" | head -1; }
bare() {
  docker run --name bare-build --workdir /sources --volume "$(volume -sources-):/sources" \
    --volume "$(volume output-sample-cpu-optimized):/bazel/output-base" --volume "$(volume -disk-cache-):/bazel/disk-cache" \
    --volume "$(volume -repository-cache):/bazel/repository-cache" "$image" \
    bazel --batch --host_jvm_args=-XX:TieredStopAtLevel=1 --host_jvm_args=-XX:SharedArchiveFile=/opt/bazel.jsa --output_base=/bazel/output-base build ${flags[cpu.optimized]} --jobs=2 \
    --disk_cache=/bazel/disk-cache --repository_cache=/bazel/repository-cache --symlink_prefix=/tmp/bazel- --color=no --curses=no \
    --show_progress_rate_limit=1 --progress_report_interval=2 --noshow_loading_progress $label >>"$work/bare.log" 2>&1
  docker rm bare-build >/dev/null
}
one() {
  rm -f "$checkout/bin/tensorflow_model_server.cpu.optimized"
  "$xtask" --config "$checkout/config.toml" --profile sample build-servers cpu-optimized >/dev/null 2>>"$work/ours.log"
}
for _ in $(seq "$runs"); do
  rm -f "$checkout/bin/tensorflow_model_server.cpu.optimized"
  timed bare bare
  timed one one
done

engine_version
version Bazel "$(docker run --rm --entrypoint bazel "$image" --batch version 2> /dev/null | sed -n 's/^Build label: //p')"
case_of cold s "four servers, cold (no volumes, images present)" --against article
case_of edit s "after editing one source file" --against article
case_of same s "nothing changed"
case_of article s "the article's procedure, which knows no other way than all anew"
case_of one s "one variant on warm caches" --against bare
case_of bare s "a bare \`docker run … bazel build\` of it"
