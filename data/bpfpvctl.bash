# SPDX-License-Identifier: LGPL-2.1-or-later
# Bash completion of bpfpvctl(1). Installed as bpfpvctl in bash-completion's folder.

# The domains that a command is about: those that are managed, or, to attach
# one, those that run. One on each line.
_bpfpvctl_domains()
{
    if [[ $1 == attach ]]; then
        virsh --readonly --connect qemu:///system list --name 2>/dev/null
    else
        bpfpvctl list --json 2>/dev/null |
            sed -n 's/^ *"domain" : "\(.*\)",\{0,1\}$/\1/p'
    fi
}

# Sets COMPREPLY to the lines that begin with $1, quoted for the command line.
_bpfpvctl_offer()
{
    local line

    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -n $line && $line == "$1"* ]]; then
            COMPREPLY+=("$(printf '%q' "$line")")
        fi
    done
}

_bpfpvctl()
{
    local current=${COMP_WORDS[COMP_CWORD]}
    local commands='list show keys map attach detach release reload validate plan help'
    local options='--bus-address= --json --color= --no-color --help --version'
    local command='' word

    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ " $commands " == *" $word "* ]]; then
            command=$word
            break
        fi
    done

    if [[ $current == -* ]]; then
        if [[ $command == list || $command == show ]]; then
            options+=' --watch'
        elif [[ $command == attach ]]; then
            options+=' --no-wait --timeout='
        elif [[ $command == plan ]]; then
            options+=' --map'
        elif [[ $command == validate ]]; then
            options+=' --host-cpus='
        fi
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        if [[ ${COMPREPLY[0]-} == *= ]]; then
            compopt -o nospace
        fi
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    elif [[ $command == validate || $command == plan ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [[ $command != list && $command != map && $command != reload ]]; then
        _bpfpvctl_offer "$current" < <(_bpfpvctl_domains "$command")
    fi
}

complete -F _bpfpvctl bpfpvctl
