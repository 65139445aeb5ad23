# SPDX-License-Identifier: LGPL-2.1-or-later
# Helpers shared by the scripts of the test bed. Sourced; defines functions and nothing else.

bed_say() {
    printf 'bed: %s\n' "$*" >&2
}

bed_die() {
    bed_say "$*"
    exit 1
}

bed_need_root() {
    [ "$(id -u)" -eq 0 ] || bed_die "must be root, for namespaces, cgroups and libvirtd: use sudo"
}

# bed_need_commands COMMAND=PACKAGE...: all that is missing is named at once.
bed_need_commands() {
    local pair missing=""
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=" ${pair#*=}"
    done
    [ -z "$missing" ] || bed_die "missing packages: apt-get install --no-install-recommends$missing"
}

# bed_wait_for SECONDS WHAT COMMAND...: re-checks every 50 ms, fails naming WHAT.
bed_wait_for() {
    local limit=$1 what=$2 end
    shift 2
    end=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            bed_say "waited ${limit} s for $what"
            return 1
        fi
        sleep 0.05
    done
}

# bed_tail FILE LINES: shows the end of a log, when there is one.
bed_tail() {
    [ -s "$1" ] || return 0
    printf -- '--- last %s lines of %s\n' "$2" "$1" >&2
    tail -n "$2" "$1" | tr -d '\r' >&2
    printf -- '\n---\n' >&2
}

# The Debian mirror that this machine's apt uses.
bed_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
        awk '/\/debian\/*$/ && !found { print; found = 1 } END { exit !found }' ||
        bed_die "no Debian mirror among apt's sources"
}
