# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests in the cloud look at, and how they say it: TAP, on standard output. Sourced, after
# tests/nova/lib.bash. Before Placement is asked: get_token; before the node is looked at: look_at.

tests=0

# ---- TAP ----

pass() {
    tests=$((tests + 1))
    printf 'ok %d - %s\n' "$tests" "$*"
}

fail() {
    tests=$((tests + 1))
    printf 'not ok %d - %s\n' "$tests" "$*"
    exit 1
}

# check WHAT COMMAND...: a test.
check() {
    local what=$1
    shift
    if "$@"; then pass "$what"; else fail "$what"; fi
}

# soon WHAT COMMAND...: a test that may take a while to become true.
soon() {
    local what=$1
    shift
    bed_wait_for 90 "$what" "$@" || true
    check "$what" "$@"
}

# ---- the cloud ----

server_is() {
    [ "$(openstack server show -f value -c status "$1")" = "$2" ]
}

# create_server NAME FLAVOR
create_server() {
    openstack server create --flavor "$2" --image debian-12 --nic none --wait "$1" >/dev/null
}

# look_at NAME: the instance that the node's functions look at.
look_at() {
    domain=$(openstack server show -f value -c OS-EXT-SRV-ATTR:instance_name "$1")
    uuid=$(openstack server show -f value -c id "$1")
}

# no_valid_host NAME FLAVOR: an instance of the flavor lands nowhere.
no_valid_host() {
    local fault
    create_server "$1" "$2" 2>&1 || true
    fault=$(openstack server show -f value -c fault "$1")
    openstack server delete --wait "$1"
    printf '# %s\n' "${fault%%, \'details\'*}"
    [[ $fault == *"No valid host"* ]]
}

get_token() {
    token=$(openstack token issue -f value -c id)
}

# placement PATH: what it answers. Without the client, as it is asked often.
placement() {
    curl -sSf -H "X-Auth-Token: $token" -H 'OpenStack-API-Version: placement 1.29' \
        "http://controller:8778/resource_providers$1"
}

provider_of() {
    placement "?name=$1" | sed -n 's/.*"uuid": *"\([^"]*\)".*/\1/p'
}

# traits: of ours, on the host's provider.
traits() {
    placement "/$(provider_of compute1)/traits" | { grep -o '"CUSTOM_BPFPV[^"]*"' || true; }
}

has_trait() {
    traits | grep -x '"CUSTOM_BPFPV"' >/dev/null
}

has_no_trait() {
    local found
    found=$(traits) && [ -z "$found" ]
}

# With all others kept. Nova may be quicker, and then it doesn't work.
take_trait_away() {
    local provider others
    provider=$(provider_of compute1)
    mapfile -t others < <(openstack resource provider trait list "$provider" -f value -c name |
        grep -vx CUSTOM_BPFPV)
    openstack resource provider trait set "${others[@]/#/--trait=}" "$provider" >/dev/null
    ! has_trait
}

anchors_are_free() {
    local child
    child=$(provider_of compute1_bpfpv)
    placement "/$child/inventories" | grep '"reserved": *0[^0-9]' >/dev/null && used_is 0
}

is_no_provider() {
    local found
    found=$(provider_of "$1") && [ -z "$found" ]
}

used_is() {
    placement "/$(provider_of compute1_bpfpv)/usages" |
        grep "\"CUSTOM_BPFPV_ANCHOR\": *$1[^0-9]" >/dev/null
}

# ---- the node ----

start_daemon() {
    start_service bpfpvd bpfpvd --guest-dir="$BPFPV_GUEST_DIR" --state-dir=/run/bpfpv
    wait_service bpfpvd bpfpvctl list
}

domain_state() {
    bpfpvctl list | awk -v domain="$1" '$1 == domain { print $2 }'
}

is_active() {
    [ "$(domain_state "$domain")" = active ]
}

pin_of() {
    virsh vcpupin "$domain" "$1" | awk -v vcpu="$1" '$1 == vcpu { print $2 }'
}

# How it is before anything is pinned.
note_float() {
    float=$(pin_of 0)
}

is_anchored() {
    [[ $(pin_of 1) =~ ^[0-9]+$ ]] && [ "$(pin_of 0)" != "$(pin_of 1)" ] && [ "$(pin_of 0)" != "$float" ]
}

floats() {
    [ "$(pin_of 0)" = "$float" ] && [ "$(pin_of 1)" = "$float" ]
}

agent_answers() {
    virsh qemu-agent-command --timeout 5 "$domain" '{"execute":"guest-ping"}' >/dev/null
}

# Nothing of ours in what libvirt would start again.
definition_is_clean() {
    local xml
    xml=$(virsh dumpxml --inactive "$domain") &&
        ! grep -E ':bpfpv:|org.bpfpv|<vcpupin|<emulatorpin' >&2 <<<"$xml"
}

# What an instance left on the node: prints it.
leftovers() {
    virsh list --all --name | grep .
    bpfpvctl list 2>/dev/null | grep -F "$domain"
    grep -rsl -e "$domain" -e "$uuid" /run/bpfpv /run/libvirt/qemu /var/lib/libvirt/qemu \
        /etc/libvirt/qemu
    find /run/libvirt /var/lib/libvirt /var/lib/nova/instances -name "*$domain*" -o -name "*$uuid*"
    find /sys/fs/cgroup -type d -name '*qemu*'
    pgrep -a qemu-system
} 2>&1

nothing_is_left() {
    local left
    left=$(leftovers) || true
    [ -z "$left" ] || { printf '%s\n' "$left" | sed 's/^/# left: /'; return 1; }
}

something_is_left() {
    [ -n "$(leftovers)" ]
}

# pinned_threads_are NUMBER: in the host's copy of what the guest's tasks ask for.
pinned_threads_are() {
    local keys
    keys=$(bpfpvctl keys "$domain") && [ "$(grep -cE '^ *[0-9]+ ' <<<"$keys")" -eq "$1" ]
}

pin_a_thread() {
    bed-guest spawn "$domain" /bin/taskset 2 /bin/sh -c 'while :; do :; done' >/dev/null
}
