# shellcheck shell=bash
# codexwrap for bash, from 3.2 on: codexwrap-seat, and completion. `codexwrap install --shell bash` has .bashrc source it.
#
#   codexwrap-seat alpha                       runs codex as the seat alpha; says so first if alpha died and waits
#   alias alpha='codexwrap-seat alpha codex'   gives that a name of its own
#
# Python does the work: $CODEXWRAP, or the codexwrap on the PATH. Nothing here evaluates what a seat is called.

codexwrap-seat() {
  _codexwrap_run seat "$@"
}

_codexwrap_run() {
  if [[ -x ${CODEXWRAP-} ]]; then "$CODEXWRAP" "$@"; else command codexwrap "$@"; fi
}

_codexwrap() {
  local kind value more program='' name=''
  COMPREPLY=()
  while IFS=$'\t' read -r kind value more; do
    case $kind in
      word) COMPREPLY+=("$value") ;;
      program) program=$value name=$more ;;
      none) compopt +o bashdefault +o default 2>/dev/null ;; # bash 3.2 has no compopt, and offers files
    esac
  done < <(_codexwrap_run complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" "${COMP_WORDS[@]}" 2>/dev/null)
  if [[ -n $program ]]; then _codexwrap_program "$program" "$name"; fi
}

# The rest of the line, from word $1 on, is another program's: what completes that one completes it.
_codexwrap_program() {
  local at=$1 spec IFS=$' \t\n'
  if [[ -n $2 ]]; then COMP_WORDS[at]=$2; fi
  if declare -F _command_offset >/dev/null; then # of bash-completion
    _command_offset "$at"
    return
  fi
  spec=$(complete -p -- "${COMP_WORDS[at]##*/}" 2>/dev/null)
  if [[ $spec != *' -F '* ]]; then return; fi
  spec=${spec##* -F }
  COMP_WORDS=("${COMP_WORDS[@]:at}")
  ((COMP_CWORD -= at))
  COMP_LINE=${COMP_WORDS[*]}
  COMP_POINT=${#COMP_LINE}
  "${spec%% *}" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}

complete -o bashdefault -o default -F _codexwrap codexwrap codexwrap-seat
