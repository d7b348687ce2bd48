# bash completion for xtl. Nothing here is evaluated: words are taken apart and quoted as text, and
# what xtl answers is only compared and inserted.
_xtl() {
  # The words up to the cursor without their quotes, and how much text each length of the last has.
  local line=${COMP_LINE:0:COMP_POINT} words=() word='' raw='' open='' char='' next='' i
  local -a length=(0)
  for ((i = 0; i < ${#line}; i++)); do
    char=${line:i:1} next=${line:i+1:1}
    if [[ -z $open && $char == [[:space:]] ]]; then
      [[ -n $raw ]] && words+=("$word")
      word='' raw='' length=(0)
      continue
    fi
    raw+=$char
    if [[ -n $open && $char == "$open" ]]; then
      open=''
    elif [[ $open == "'" ]]; then
      word+=$char
    elif [[ $char == '\' && (-z $open || $next == [\"\\\$\`]) ]]; then
      word+=$next raw+=$next
      ((i++))
    elif [[ -z $open && $char == [\"\'] ]]; then
      open=$char
    else
      word+=$char
    fi
    length[${#raw}]=${#word}
  done
  local -a found=()
  mapfile -t found < <(xtl __complete -- "${words[@]:1}" "$word" 2>/dev/null)
  # Readline replaces the end of the word: what follows the last quote, = or :.
  local before=${raw%"$2"} each
  local keep=${length[${#before}]}
  COMPREPLY=()
  [[ -n $keep ]] || return 0
  for each in "${found[@]}"; do
    each=${each:keep}
    if [[ $open == "'" ]]; then
      [[ $each == *\'* ]] && continue
    elif [[ $open == '"' ]]; then
      each=${each//\\/\\\\} each=${each//\"/\\\"} each=${each//\$/\\\$} each=${each//\`/\\\`}
    elif [[ $keep == 0 && $raw == '~/'* ]]; then
      printf -v each '~/%q' "${each:2}"
    else
      printf -v each %q "$each"
    fi
    COMPREPLY+=("$each")
  done
  # After a folder or key= there is more to come, and no space.
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _xtl xtl
