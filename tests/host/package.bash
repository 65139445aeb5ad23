# SPDX-License-Identifier: LGPL-2.1-or-later
# What is installed in the host. Sourced by tests/host/machine; tests/host/inside/install is the other half.

# archive_files DIRECTORY FILE: without the directories, whose modes in the host tar would change,
# be it for a moment, in which others are refused what they need.
archive_files() {
    (cd "$1" && find . -not -type d -print0) |
        tar -C "$1" --null --no-recursion --owner=0 --group=0 -T - -cf "$2"
}

# next_version DEB DIRECTORY: the same package, of a later version, for an upgrade.
next_version() {
    local tree=$HOST_DIR/next version
    rm -rf "$tree"
    dpkg-deb -R "$1" "$tree"
    version=$(dpkg-deb -f "$1" Version)
    sed -i -e "s|^Version: .*|Version: $version+next|" -e "s|(= ${version//./\\.})|(= $version+next)|g" \
        "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$2" >/dev/null
    rm -rf "$tree"
}

# package_bpfpv DIRECTORY: the Debian packages, and the same as their next version.
package_bpfpv() {
    local out=$1 built=$HOST_DEBS file
    mkdir -p "$out/next"
    for file in "$built"/{bpfpv,libbpfpv0}_*.deb; do
        cp "$file" "$out/"
        next_version "$file" "$out/next"
    done
}
