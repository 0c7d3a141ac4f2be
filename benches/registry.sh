# Sourced by benches of pushing and pulling: an empty registry at $registry below $work, the user's lock kept, medians.

served=

# The lock is the user's: pushes of a bench must not stay in it.
keep_lock() {
    [ ! -e manifests/images.lock ] || cp manifests/images.lock "$work/images.lock"
}

end_registry_and_restore_lock() {
    [ -z "$served" ] || kill "$served" 2> /dev/null || true
    cp "$work/images.lock" manifests/images.lock 2> /dev/null || rm -f manifests/images.lock
}

fresh_registry() {
    [ -z "$served" ] || { kill "$served"; wait "$served" 2> /dev/null || true; }
    rm -rf "$work/storage"
    printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %s}\n' "$work/storage" "$registry" > "$work/config.yml"
    docker-registry serve "$work/config.yml" > "$work/log" 2>&1 &
    served=$!
    until curl -sf "http://$registry/v2/" > /dev/null; do sleep 0.05; done
}

# timed NAME COMMAND...: appends the wall-clock seconds to a list.
timed() {
    local name=$1 begin end
    shift
    begin=$(date +%s.%N)
    "$@" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
    end=$(date +%s.%N)
    echo "$end - $begin" | bc >> "$work/$name"
}

# report NAME TEXT: median, least and most of a list.
report() {
    sort -n "$work/$1" | awk -v name="$2" '{ t[NR] = $1 } END { printf "%-42s %6.2f (%.2f to %.2f)\n", name, t[int((NR + 1) / 2)], t[1], t[NR] }'
}
