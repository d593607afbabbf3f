#compdef upkeep
# Completion of upkeep for zsh: in a folder of $fpath as _upkeep, or
# source <(upkeep completion zsh)
_upkeep() {
  local line word doc
  local -a answers
  for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
    :files) _files ;;
    :folders) _files -/ ;;
    '') ;;
    *)
      word=${line%%$'\t'*} doc=${line#*$'\t'}
      answers+=("${word//:/\\:}${doc:+:$doc}")
      ;;
    esac
  done
  ((${#answers})) && _describe -V upkeep answers
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _upkeep "$@"
else
  compdef _upkeep upkeep
fi
