# SPDX-License-Identifier: LGPL-2.1-or-later
# Bash completion of bpfpvctl(1). Installed as bpfpvctl in bash-completion's folder. What there is
# to offer bpfpvctl itself knows.

# Sets words to those of the command line up to the cursor. Bash takes "--color=auto" and "a:b"
# apart at "=" and ":"; they are put together again.
_bpfpvctl_words()
{
    local i word

    words=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((${#words[@]} > 0)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    # As bpfpvctl will see them. Nothing is evaluated: a line may say anything.
    words=("${words[@]//\\/}")
    words=("${words[@]#[\"\']}")
}

_bpfpvctl()
{
    local words line candidate current taken

    _bpfpvctl_words
    current=${words[-1]}
    taken=${current%"${current##*[=:]}"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
        fi
        candidate=${line%%$'\t'*}
        if [[ $candidate == *= ]]; then
            compopt -o nospace
        fi
        candidate=${candidate#"$taken"}
        # Within quotes nothing has to be quoted.
        if [[ ${COMP_WORDS[COMP_CWORD]} != [\"\']* ]]; then
            candidate=$(printf '%q' "$candidate")
        fi
        COMPREPLY+=("$candidate")
    done < <(bpfpvctl complete -- "${words[@]}" 2>/dev/null)
}

complete -F _bpfpvctl bpfpvctl
