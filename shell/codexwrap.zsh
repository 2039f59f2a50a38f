# codexwrap for zsh: codexwrap-seat, and completion. `codexwrap install --shell zsh` has .zshrc source it.
#
#   codexwrap-seat alpha                       runs codex as the seat alpha; says so first if alpha died and waits
#   alias alpha='codexwrap-seat alpha codex'   gives that a name of its own
#
# Python does the work: $CODEXWRAP, or the codexwrap on the PATH. Nothing here evaluates what a seat is called.

function codexwrap-seat {
  _codexwrap_run seat "$@"
}

function _codexwrap_run {
  if [[ -x ${CODEXWRAP-} ]]; then "$CODEXWRAP" "$@"; else command codexwrap "$@"; fi
}

function _codexwrap {
  local line files= program= name=
  local -a fields told plain
  for line in "${(@f)$(_codexwrap_run complete zsh "${(@Q)words[1,CURRENT]}" 2>/dev/null)}"; do
    fields=("${(@ps:\t:)line}")
    case $fields[1] in
      word)
        if [[ -n $fields[3] ]]; then told+=("${fields[2]//:/\\:}:$fields[3]"); else plain+=("$fields[2]"); fi ;;
      program) program=$fields[2] name=$fields[3] ;;
      files) files=yes ;;
    esac
  done
  if [[ -n $program ]]; then  # the rest of the line is another program's: what completes that one completes it
    [[ -n $name ]] && words[program+1]=$name
    shift $program words
    (( CURRENT -= program ))
    _normal
  elif [[ -n $files ]]; then
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    _files
  else
    (( $#told )) && _describe -t commands 'command' told
    (( $#plain )) && compadd -a plain
  fi
}

# Completion can begin once compinit has run, which a .zshrc may do after this or a plugin manager later still.
function _codexwrap_register {
  (( ${+functions[compdef]} )) || return 0
  compdef _codexwrap codexwrap codexwrap-seat
  add-zsh-hook -d precmd _codexwrap_register
}

autoload -Uz add-zsh-hook
add-zsh-hook precmd _codexwrap_register
