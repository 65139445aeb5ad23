# SPDX-License-Identifier: LGPL-2.1-or-later
# The virtual machine that is the host, and what it finds on its second disk: all that a host which
# was booted before has in it. Sourced by tests/host/machine; a change in here boots it anew.

# write_template FILE: a nested guest is always of type qemu: KVM in KVM is not everywhere.
write_template() {
    local model="<model>qemu64</model><feature policy='disable' name='cx16'/>"
    sed -e "s|@TYPE@|qemu|; s|@IMAGE@|/var/lib/libvirt/images/bed|" \
        -e "s|@CPU_MODE@|mode='custom' match='exact' check='none'|; s|@CPU_MODEL@|$model|" \
        -e "s|@ARCH@|x86_64|; s|@MACHINE@|q35|; s|@TERMINAL@|ttyS0|; s|@KERNEL@|no_timer_check|" \
        -e "s|@FEATURES@|<acpi/><apic/>|; s|@FIRMWARE@||" \
        -e "s|@MEMORY@|256|; s|@ROOT@|tsc=reliable mitigations=off|; s|@DISK@||" \
        -e 's|@CONSOLE@|/var/log/libvirt/qemu/@NAME@.console|' "$here/../bed/domain.xml" >"$1"
}

# The guest to nest, and what starts it: a tar archive in place of a second disk.
make_guest_archive() {
    local tree=$HOST_DIR/payload images=$HOST_DIR/payload/var/lib/libvirt/images/bed
    mkdir -p "$tree$bed" "$images" "$tree/usr/local/bin"
    cp "$BED_IMAGE_DIR"/{vmlinuz,initramfs} "$images/"
    head -c 65536 /dev/zero | tr '\0' '\364' >"$images/halt.bin" # an "hlt" for every byte
    write_template "$tree$bed/domain.xml"
    ln -s ../lib/bed/guest "$tree/usr/local/bin/bed-guest"
    archive_files "$tree" "$1"
    rm -rf "$tree"
}

# start_machine DISK [OPTION]...: QEMU's monitor reads from file descriptor 9. Without cx16 for the
# sake of newer kernels, see tests/bed/world. Nobody knows the TSC to be reliable here, but the other
# clocks are slow, and a QEMU in the host reads them all the time.
start_machine() {
    local disk=$1
    local -a cpu=(-accel "tcg,thread=multi,tb-size=1024"
        -cpu "qemu64,-cx16,+ssse3,+sse4.1,+sse4.2,+popcnt")
    shift
    [ "$HOST_ACCEL" != kvm ] || cpu=(-accel kvm -cpu host)
    [ -e "$HOST_DIR/monitor" ] || mkfifo "$HOST_DIR/monitor"
    qemu-system-x86_64 -name host -machine q35 "${cpu[@]}" -smp "${HOST_CPUS:-4}" \
        -m "${HOST_MEMORY:-4096}" -nodefaults -display none -no-user-config \
        -serial "file:$HOST_DIR/console" -monitor stdio \
        -kernel "$HOST_IMAGE/vmlinuz" -initrd "$HOST_IMAGE/initramfs" \
        -append "root=/dev/vda rw console=ttyS0 loglevel=4 no_timer_check tsc=reliable clocksource=tsc \
mitigations=off apparmor=1 security=apparmor" \
        -drive "file=$disk,format=qcow2,if=virtio" \
        -drive "file=$archive,format=raw,if=virtio,readonly=on" \
        -netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22 \
        -device virtio-net-pci,netdev=net,romfile= -device virtio-rng-pci "$@" \
        >"$HOST_DIR/qemu.log" 2>&1 <"$HOST_DIR/monitor" &
    machine=$!
    exec 9>"$HOST_DIR/monitor"
}
