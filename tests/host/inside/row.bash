# SPDX-License-Identifier: LGPL-2.1-or-later
# What the rows of "make check-host" have in common. Sourced inside the host.
# shellcheck disable=SC2034 # they are the rows'

bed=/usr/local/lib/bed
# shellcheck source=tests/bed/lib.bash
. $bed/lib.bash

export LIBVIRT_DEFAULT_URI=qemu:///system LC_ALL=C.UTF-8
export BED_DIR=/run/bed BED_TEMPLATE=$bed/domain.xml BED_AGENT_SECONDS=600
hook=/etc/libvirt/hooks/qemu.d/bpfpv
hook_away=/etc/libvirt/bpfpv-hook.away
images=/var/lib/libvirt/images/bed
guest=demo # the one that is nested; two at once are too slow
mkdir -p $BED_DIR
libvirt=libvirtd # or virtqemud, the unit that runs domains here
! systemctl -q is-enabled virtqemud.socket 2>/dev/null || libvirt=virtqemud

# ---- verdicts ----

# What a row says last is its reason, in the table.
say() {
    printf 'row: %s\n' "$*"
}

fail() {
    say "$*"
    exit 1
}

skip() {
    say "$*"
    exit 77
}

# wait_for SECONDS WHAT COMMAND...: fails the row if COMMAND doesn't succeed in time.
wait_for() {
    bed_wait_for "$@" || fail "waited $1 s for $2"
}

# expect WHAT WANTED GOT
expect() {
    [ "$2" = "$3" ] || fail "$1 is \"$3\", not \"$2\""
}

# reboot_host MARK: the row runs again after the host's reboot, with ROW_MARK set to MARK.
reboot_host() {
    say "reboot $1"
    exit 88
}

# ---- domains ----

restart_libvirt() {
    systemctl restart "$libvirt"
    wait_for 120 "libvirt to answer" virsh list
}

# In libvirt's own words, of the last minutes.
why_domain_ended() {
    journalctl -q --no-pager -o cat -u "$libvirt" --since=-5min | grep -i hook | tail -n 1
}

domain_pid() {
    cat "/run/libvirt/qemu/$1.pid"
}

is_running() {
    [ "$(virsh domstate "$1" 2>/dev/null)" = running ]
}

# small_domain NAME: one that runs nothing: its firmware is a halt instruction.
small_domain() {
    cat <<END
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>$images/halt.bin</loader>
  </os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
END
}

start_small_domain() {
    small_domain "$1" >"$BED_DIR/$1.xml"
    virsh -q create "$BED_DIR/$1.xml" >/dev/null || fail "domain $1 can't be started"
}

# A kernel that takes its measure of its clocks on a very busy machine may get it wrong and stall:
# once more, then.
start_guest() {
    bed-guest start "$guest" 2 && return
    drop_domain "$guest"
    return 1
}

# need_guest: the nested guest runs and its agent answers.
need_guest() {
    is_running "$guest" || drop_domain "$guest"
    virsh domid "$guest" >/dev/null 2>&1 || start_guest || start_guest ||
        fail "the nested guest can't be started"
}

drop_domain() {
    virsh -q destroy "$1" 2>/dev/null || true
    virsh -q undefine "$1" 2>/dev/null || true
}

# ---- the managed guest ----

show() {
    bpfpvctl --json show "$guest" | jq -r "$1"
}

state_is() {
    [ "$(show .state 2>/dev/null)" = "$1" ]
}

# However often bpfpvd has to try: software emulation in software emulation is slow.
wait_for_active() {
    bed_wait_for 600 "$guest to be active" state_is active ||
        fail "$guest is not active after 600 s but $(show .state): $(show .reason)"
}

# need_managed: bpfpvd manages the nested guest.
need_managed() {
    need_guest
    systemctl -q is-active bpfpvd || systemctl start bpfpvd
    if ! state_is active; then
        bpfpvctl attach --no-wait "$guest" || fail "$guest can't be attached"
        set_element '' # for the time that the loader may take, from the second try on
        wait_for_active
    fi
}

# The thread's own id, its own affinity, and what its cgroup says: nobody's word but the kernel's.
vcpu_thread() {
    local comm
    for comm in /proc/"$(domain_pid "$guest")"/task/*/comm; do
        if grep -q "^CPU $1/" "$comm"; then
            comm=${comm%/comm}
            printf '%s\n' "${comm##*/}"
        fi
    done
}

affinity() {
    taskset -pc "$(vcpu_thread "$1")" | sed 's/.*: //'
}

vcpu_cgroup() {
    sed -n 's|^0::|/sys/fs/cgroup|p' "/proc/$(vcpu_thread "$1")/cgroup"
}

# vcpuinfo has a y for each CPU.
vcpuinfo() {
    virsh vcpuinfo "$guest" | awk -v vcpu="$1" '
        $1 == "VCPU:" { mine = $2 == vcpu }
        mine && /^CPU Affinity/ {
            for (i = 1; i <= length($3); i++)
                if (substr($3, i, 1) == "y")
                    print i - 1
        }' | paste -sd,
}

# cpus LIST: one after the other, 0,1,2, so that two can be compared.
cpus() {
    tr ',' '\n' <<<"$1" | awk -F- 'NF { for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }' | paste -sd,
}

online_cpus() {
    cat /sys/devices/system/cpu/online
}

# What bpfpvd says that it applied is what the kernel does, for both vCPUs.
tells_the_truth() {
    local vcpu
    for vcpu in 0 1; do
        [ "$(cpus "$(show ".vcpus[$vcpu].applied")")" = "$(cpus "$(affinity $vcpu)")" ] || return 1
    done
}

expect_truth() {
    local vcpu
    bed_wait_for 60 "show and the kernel to agree" tells_the_truth || true
    for vcpu in 0 1; do
        expect "vCPU $vcpu's affinity where bpfpvd says it applied $(show ".vcpus[$vcpu].applied")" \
            "$(cpus "$(show ".vcpus[$vcpu].applied")")" "$(cpus "$(affinity $vcpu)")"
    done
}

# in_guest VERB ARG...: as bed-guest does, and again where the agent was only too slow for libvirt.
in_guest() {
    local verb=$1 output end=$((SECONDS + 300))
    shift
    until output=$(bed-guest "$verb" "$guest" "$@" 2>"$BED_DIR/in_guest"); do
        if [ "$SECONDS" -ge "$end" ] || ! grep -qi 'guest agent' "$BED_DIR/in_guest"; then
            cat "$BED_DIR/in_guest" >&2
            return 1
        fi
        sleep 1
    done
    printf '%s\n' "$output"
}

# pin_task VCPU: starts a task in the guest that may run only there.
pin_task() {
    in_guest spawn /bin/bed-task pin "$1" >/dev/null || fail "no task can be started in $guest"
}

end_tasks() {
    in_guest exec /bin/sh -c 'killall bed-task 2>/dev/null; true' >/dev/null ||
        fail "the tasks in $guest can't be ended"
}

is_anchored() {
    [ "$(show ".vcpus[$1].want")" = anchor ] && [[ $(affinity "$1") =~ ^[0-9]+$ ]]
}

is_floating() {
    [ "$(show ".vcpus[$1].want")" = float ] &&
        [ "$(cpus "$(affinity "$1")")" = "$(cpus "$(show ".vcpus[$1].original")")" ]
}

# need_anchor: a task of the guest is pinned to vCPU 1, which so has a CPU for itself.
need_anchor() {
    need_managed
    if ! is_anchored 1; then
        end_tasks
        pin_task 1
        wait_for 120 "vCPU 1 to get a CPU of its own" is_anchored 1
    fi
}

# need_no_anchor: nothing in the managed guest is pinned.
need_no_anchor() {
    need_managed
    end_tasks
    wait_for 120 "vCPU 1 to float" is_floating 1
}

# element TEXT: with TEXT in its program. Software emulation in software emulation on a busy machine
# needs more than the minute that a loader has by default.
element() {
    printf '%s' "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>$1</program>" \
        "<timeout loader='600'/></bpfpv>"
}

# set_element TEXT: what the running guest's XML says of bpfpv.
set_element() {
    virsh -q metadata "$guest" urn:bpfpv:domain:1 --key bpfpv --live --set \
        "$(element "$1")" >/dev/null ||
        fail "the element of $guest can't be set"
}

main_pid() {
    systemctl show -p MainPID --value bpfpvd
}

is_another_daemon() {
    local pid
    pid=$(main_pid)
    [ "$pid" != 0 ] && [ "$pid" != "$1" ]
}

# at_end COMMAND...: what a row has changed on the host and puts back, however it ends.
at_end() {
    at_end_command=("$@")
    trap '"${at_end_command[@]}" || true' EXIT
}

# ---- packages ----

# install_packages FILE...: as an administrator would. There is no network: what they depend on is
# in the host's image.
install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" </dev/null
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' bpfpv 2>/dev/null)" = installed ]
}

# need_installed: again, where a row before has removed it.
need_installed() {
    is_installed || install_packages $bed/bpfpv/*.deb
}

# loader: its process in the guest, nothing where there is none.
loader() {
    in_guest exec /bin/sh -c 'pidof bpfpv-guest; true'
}
