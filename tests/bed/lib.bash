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

# debootstrap fetches by wget, which doesn't know what apt is told.
bed_use_proxy_of_apt() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [ -z "$proxy" ] || [ "$proxy" = DIRECT ] || export http_proxy=$proxy
}

# The architecture of the guests as Debian calls it: BED_ARCH, by default this machine's.
bed_arch() {
    printf '%s\n' "${BED_ARCH:-$(dpkg --print-architecture)}"
}

# Whether guests are of another architecture than this machine.
bed_is_foreign() {
    [ "$(bed_arch)" != "$(dpkg --print-architecture)" ]
}

# The same as configure, QEMU and libvirt call it.
bed_machine() {
    case $(bed_arch) in
    amd64) echo x86_64 ;;
    arm64) echo aarch64 ;;
    *) bed_die "no guests of $(bed_arch) are known: BED_ARCH is amd64 or arm64" ;;
    esac
}

# The compiler for guests, with a static libc.
bed_gcc() {
    local gcc libc
    gcc=$(bed_machine)-linux-gnu-gcc
    libc=$("$gcc" -print-file-name=libc.a 2>/dev/null) || libc=libc.a
    if [ "$libc" = libc.a ]; then
        ! bed_is_foreign || bed_die "missing packages: apt-get install --no-install-recommends" \
            "gcc-$(bed_machine | tr _ -)-linux-gnu libc6-dev-$(bed_arch)-cross"
        bed_die "missing packages: apt-get install --no-install-recommends gcc libc6-dev"
    fi
    printf '%s\n' "$gcc"
}

# This machine's release, by its name.
bed_release() {
    # shellcheck disable=SC1091
    (. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}")
}

# bed_look_at_suite STATE SUITE [ARCHITECTURE]: sets bed_suite_options, with which apt looks at
# another release, in a private state of its own, at the mirror this machine uses. Its lists are a
# week old at most.
bed_look_at_suite() {
    local state=$1 suite=$2 arch=${3:-$(dpkg --print-architecture)} mirror
    mirror=$(bed_mirror)
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/parts"
    : >"$state/status"
    printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg \
        "$mirror" "$suite" >"$state/sources.list"
    bed_suite_options=(-o APT::Sandbox::User=root -o Acquire::Retries=3
        -o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
        -o "Dir::State=$state" -o "Dir::State::status=$state/status"
        -o "Dir::Cache=$state/cache" -o "Dir::Etc::sourcelist=$state/sources.list"
        -o "Dir::Etc::sourceparts=$state/parts")
    [ -n "$(find "$state" -maxdepth 1 -name updated -mtime -7)" ] || {
        bed_say "updating apt's lists of $suite${3:+ for $3}"
        apt-get "${bed_suite_options[@]}" -qq update >&2
        touch "$state/updated"
    }
}
