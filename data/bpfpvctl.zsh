#compdef bpfpvctl
# SPDX-License-Identifier: LGPL-2.1-or-later
# Zsh completion of bpfpvctl(1). Installed as _bpfpvctl where zsh looks for functions. What there is
# to offer bpfpvctl itself knows.

_bpfpvctl() {
    local line candidate
    local -a words_before unfinished finished

    words_before=("${(@Q)words[2,CURRENT-1]}")
    for line in "${(@f)$(bpfpvctl complete -- "${words_before[@]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        if [[ $line == :files ]]; then
            _files
            return
        fi
        # _describe takes what is behind a colon for the description.
        candidate=${${line%%$'\t'*}//:/\\:}
        [[ $line != *$'\t'* ]] || candidate+=:${line#*$'\t'}
        if [[ ${line%%$'\t'*} == *= ]]; then
            unfinished+=("$candidate")
        else
            finished+=("$candidate")
        fi
    done
    # What takes a value has no space behind it.
    (( ! $#unfinished )) || _describe bpfpvctl unfinished -S ''
    (( ! $#finished )) || _describe bpfpvctl finished
}

_bpfpvctl "$@"
