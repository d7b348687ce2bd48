#compdef xtl
# zsh completion for xtl. Nothing here is evaluated: (Q) only takes quotes off, compadd puts them on.
_xtl() {
  local -a found more whole
  found=("${(@f)$(command xtl __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  # compadd would quote the sign for the home folder.
  if [[ $PREFIX == '~/'* ]]; then
    compset -P '\~/'
    found=("${(@)found#\~/}")
  fi
  # After a folder or key= there is more to come, and no space.
  more=("${(@M)found:#*[=/]}")
  whole=("${(@)found:#*[=/]}")
  compadd -S '' -a more
  compadd -a whole
}
if [[ $funcstack[1] == _xtl ]]; then _xtl "$@"; else compdef _xtl xtl; fi
