#!/usr/bin/env bash
# Times `cargo xtask build-servers --profile sample` against the article's procedure done by hand:
# the same tf-dev image, one container, `bazel clean --expunge` after each build, `docker cp` to get each binary out.
# Prints every run and the medians; needs an engine, the docker command line, and the images that a first
# `cargo xtask quickstart` leaves behind. RUNS (default 3) is the number of runs of each procedure.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-3}
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

seconds() { # seconds COMMAND...: wall-clock time of a command
  local begin end
  begin=$(date +%s%N)
  "$@"
  end=$(date +%s%N)
  awk -v d=$((end - begin)) 'BEGIN { printf "%.2f\n", d / 1e9 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
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
  seconds ours >>"$work/ours.cold"
  touch_source "$checkout/serving/sample/tensorflow_serving/kernels/softmax.cc"
  seconds ours >>"$work/ours.edit"
  seconds ours >>"$work/ours.same"
  seconds article >>"$work/article.all"
  echo "run $run: ours cold $(tail -1 "$work/ours.cold") s, edit $(tail -1 "$work/ours.edit") s, unchanged $(tail -1 "$work/ours.same") s;" \
    "article $(tail -1 "$work/article.all") s"
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
  seconds bare >>"$work/bare"
  seconds one >>"$work/one"
done

echo
echo "medians of $runs, $(nproc) cores, $(docker version --format 'engine {{.Server.Version}}')"
awk -v ours="$(median <"$work/ours.cold")" -v edit="$(median <"$work/ours.edit")" -v same="$(median <"$work/ours.same")" \
  -v article="$(median <"$work/article.all")" -v bare="$(median <"$work/bare")" -v one="$(median <"$work/one")" 'BEGIN {
  printf "four servers, cold:            ours %6.2f s  article %6.2f s  ratio %.2f\n", ours, article, ours / article
  printf "after editing one source file: ours %6.2f s  article %6.2f s  ratio %.2f\n", edit, article, edit / article
  printf "nothing changed:               ours %6.2f s\n", same
  printf "one warm variant:              ours %6.2f s  bare docker run %6.2f s  overhead %.2f s\n", one, bare, one - bare }'
