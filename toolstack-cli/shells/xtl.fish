# fish completion for xtl. Nothing here is evaluated: fish inserts what it is given as text.
function __xtl_complete
  set -l words (commandline -opc)
  set -l raw (commandline -ct)
  # The word without its quotes; one that is still open is closed for that.
  for closed in "$raw" "$raw'" "$raw\""
    set -l word (string unescape -- $closed)
    and begin
      command xtl __complete -- $words[2..-1] "$word" 2>/dev/null
      return
    end
  end
end
complete -c xtl -f -a '(__xtl_complete)'
