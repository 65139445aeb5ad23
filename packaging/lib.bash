# SPDX-License-Identifier: LGPL-2.1-or-later
# What build-deb and build-rpm share.
# shellcheck shell=bash

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# make_copy TOP: of the sources alone, as $copy, below $work, which goes with the script.
make_copy() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/bpfpv-package-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    version_here=$(sed -n 's/^AC_INIT(\[bpfpv\], \[\([^]]*\)\].*/\1/p' "$1/configure.ac")
    copy=$work/bpfpv-$version_here
    mkdir "$copy"
    sources "$1" | tar -C "$1" --null -T - -cf - | tar -C "$copy" -xf -
    [ -x "$copy/configure" ] || (cd "$copy" && autoreconf -i) >&2
}

# Those that git knows, as they are now; in a release, which git doesn't know, all.
sources() {
    if [ -e "$1/.git" ]; then
        (cd "$1" && git ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' file; do
                [ ! -e "$file" ] && [ ! -L "$file" ] || printf '%s\0' "$file"
            done)
    else
        (cd "$1" && find . -path './build*' ! -path './build-aux*' -prune -o ! -type d -print0)
    fi
}

# deliver OUTDIR FILE...: prints where they are then.
deliver() {
    local outdir=$1 file
    shift
    for file in "$@"; do
        cp "$file" "$outdir/"
        readlink -f "$outdir/${file##*/}"
    done
}
