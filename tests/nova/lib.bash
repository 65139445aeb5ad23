# SPDX-License-Identifier: LGPL-2.1-or-later
# What the scripts of the cloud in the test bed share. Sourced, after tests/bed/lib.bash.

# What Python, its HTTP library and the client would take from the caller, and must not.
clean_environment() {
    local name
    for name in $(compgen -e | grep -E '^(PYTHON|PYENV|PIP_|REQUESTS_|CURL_|SSL_|OS_)|_(proxy|PROXY)$'); do
        unset "$name"
    done
    # Debian's Python comes first: another one lacks the packages.
    export PATH=$BED_DIR/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=$BED_DIR
    export OS_AUTH_URL=http://controller:5000/v3 OS_IDENTITY_API_VERSION=3 OS_USERNAME=admin
    export OS_PASSWORD=bed OS_PROJECT_NAME=admin OS_USER_DOMAIN_NAME=Default
    export OS_PROJECT_DOMAIN_NAME=Default OS_COMPUTE_API_VERSION=2.90
}

# start_service NAME COMMAND...: with its output in a log, its process id in a file.
start_service() {
    local name=$1
    shift
    setsid "$@" >>"$cloud_logs/$name.log" 2>&1 </dev/null 9>&- &
    echo $! >"$cloud_state/$name.pid"
}

service_has_ended() {
    [ ! -d "/proc/$(cat "$cloud_state/$1.pid")" ]
}

# end_service NAME SIGNAL: and waits for it. Only for those that the caller started.
end_service() {
    local pid
    pid=$(cat "$cloud_state/$1.pid")
    kill "-$2" "$pid"
    wait "$pid" || true
}

is_ready_or_dead() {
    service_has_ended "$1" || "${@:2}"
}

# wait_service NAME COMMAND...: until COMMAND succeeds; no longer than the service lives.
wait_service() {
    local name=$1
    shift
    bed_wait_for 120 "$name" is_ready_or_dead "$name" "$@" || true
    if ! "$@" >/dev/null 2>&1; then
        bed_tail "$cloud_logs/$name.log" 40
        bed_die "$name doesn't start"
    fi
}

cloud_state=$BED_DIR/cloud
cloud_logs=$BED_DIR/cloud/log
clean_environment
