# SPDX-License-Identifier: LGPL-2.1-or-later
# Fish completion of bpfpvctl(1). What there is to offer bpfpvctl itself knows.

function __bpfpvctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)

    for line in (bpfpvctl complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            printf '%s\n' $line
        end
    end
end

complete -c bpfpvctl -f -a '(__bpfpvctl_complete)'
