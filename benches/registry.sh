# Sourced by benches of pushing and pulling: an empty registry at $registry below $work, and the user's lock kept.

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
