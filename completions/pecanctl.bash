# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Completion of pecanctl for bash: pecanctl itself says what may stand at the cursor.

_pecanctl() {
  local words=() glued='' line word value help i prefix=${COMP_WORDS[COMP_CWORD]} current
  # bash cuts words at = and :, pecanctl does not.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ( -n $glued || $word == [=:]* ) ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    glued=''
    [[ $word != *[=:] ]] || glued=yes
  done
  current=${words[${#words[@]} - 1]}
  # What bash takes for the word at the cursor: all, or what stands behind the last = or :.
  [[ $prefix != [=:]* ]] || prefix=''
  COMPREPLY=()
  while IFS= read -r line; do
    value=${line%%$'\t'*} help=${line#*$'\t'}
    if [[ -n $value ]]; then
      COMPREPLY+=("${value:${#current} - ${#prefix}}")
      [[ $value != *= ]] || compopt -o nospace 2>/dev/null
    elif [[ $help == folders ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$prefix")
    elif [[ $help == files ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$prefix")
    fi
  done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _pecanctl pecanctl
