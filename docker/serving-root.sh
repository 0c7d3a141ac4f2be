#!/bin/sh
# serving-root.sh FROM TO: lays out, inside the serving base, the files of a serving image.
#   TO/base    what every server of this base needs: libraries, a shell, certificates, a user
#   TO/server  the servers of FROM/servers, which are run on which CPU, and which flags they know
# All times are set, so that equal servers make equal files; those of the base are the same for every variant.
set -eu
from=$1 base=$2/base server=$2/server
multiarch=/usr/lib/$(uname -m)-linux-gnu

fail() {
    echo "serving-root: $*" >&2
    exit 1
}

# Copies what stands behind a path to the same path of the image, and notes whose it is.
keep() {
    [ -e "$base$1" ] && return
    mkdir -p "$base${1%/*}"
    cp -L "$1" "$base$1"
    dpkg -S "$1" "$(realpath "$1")" 2>/dev/null | sed -n '1s/: .*//p' >> /tmp/packages
}

# The libraries a file is linked against, by the loader's own search; those below /opt/serving have a layer of their own.
keep_libraries_of() {
    LD_LIBRARY_PATH=/opt/serving/lib ldd "$1" > /tmp/ldd 2>&1 || fail "ldd $1: $(cat /tmp/ldd)"
    while read -r name arrow path _; do
        case "$name $arrow $path" in
            *"=> not found"*)
                case " $HOST_LIBRARIES " in
                    *" $name "*) ;;
                    *) fail "${1##*/} needs $name, which neither the serving base nor the server's own libraries have" ;;
                esac ;;
            *"=> /opt/serving/"* | linux-vdso*) ;;
            *"=> /"*) keep "$path" ;;
            /*) keep "$name" ;;
        esac
    done < /tmp/ldd
}

: > /tmp/packages
for file in "$from"/servers/tensorflow_model_server.* /opt/serving/lib/*; do
    [ -e "$file" ] && keep_libraries_of "$file"
done
# Opened by name when a host name is looked up (glibc before 2.34), and CUDA's by patterns.
for pattern in /lib/*-linux-gnu/libnss_files.so.2 /lib/*-linux-gnu/libnss_dns.so.2 ${OPENED_LIBRARIES:-}; do
    for file in $pattern; do
        [ -e "$file" ] || continue
        keep "$file"
        keep_libraries_of "$file"
    done
done

keep /bin/busybox
for applet in cat ls sh wget; do ln -s busybox "$base/bin/$applet"; done
keep /etc/ssl/certs/ca-certificates.crt
echo ca-certificates >> /tmp/packages
mkdir -p -m 1777 "$base/tmp"
mkdir -p "$base/etc" "$base/proc" "$base/sys" "$base/dev" "$base/usr/share/tf-serving"
printf '%s\n' root:x:0:0:root:/:/bin/sh serving:x:65532:65532:serving:/:/bin/sh > "$base/etc/passwd"
printf '%s\n' root:x:0: serving:x:65532: > "$base/etc/group"
echo 'hosts: files dns' > "$base/etc/nsswitch.conf"
# Name, version and kind of every package that gave a file.
sort -u /tmp/packages | while read -r package; do
    dpkg-query --show --showformat '${binary:Package}\t${Version}\tdeb\n' "$package" | sed 's/:[a-z0-9]*\t/\t/'
done > "$base/usr/share/tf-serving/packages.tsv"
cp "$from/entrypoint.sh" "$base/entrypoint.sh"
chmod 755 "$base/entrypoint.sh"

(cd "$from/servers" && sha256sum -c --quiet sums) || fail "a server is not the one that was proved"
mkdir -p "$server/usr/local/bin" "$server/etc/tf-serving"
cp "$from"/servers/tensorflow_model_server.* "$server/usr/local/bin/"
chmod 755 "$server"/usr/local/bin/*
cp "$from/servers/servers" "$server/etc/tf-serving/servers"
# Metrics cost nothing until somebody asks for them, and without a file TensorFlow Serving keeps none.
cat > "$server/etc/tf-serving/monitoring.pbtxt" << 'CONFIG'
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
CONFIG
# Generations of TensorFlow Serving differ in their flags. A server's own are strings in it, so nothing is run to learn
# them: this CPU may not be able to.
for flag in batching_parameters_file enable_batching enable_grpc_healthcheck_service grpc_max_threads \
    model_config_file monitoring_config_file rest_api_num_threads rest_api_port tensorflow_inter_op_parallelism \
    tensorflow_intra_op_parallelism tensorflow_session_parallelism; do
    for file in "$from"/servers/tensorflow_model_server.*; do
        grep -aqF "$flag" "$file" || continue 2
    done
    echo "$flag"
done > "$server/etc/tf-serving/flags"

# A builder's cache compares what files hold, not their times: without this it would hand out a layer of another date.
echo "$SOURCE_DATE_EPOCH" > "$server/etc/tf-serving/source-date"
find "$base" -exec touch -h -d @0 {} +
find "$server" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
