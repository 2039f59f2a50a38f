# codexwrap for fish: codexwrap-seat, and completion. `codexwrap install --shell fish` has fish source it.
#
#   codexwrap-seat alpha                       runs codex as the seat alpha; says so first if alpha died and waits
#   alias alpha 'codexwrap-seat alpha codex'   gives that a name of its own
#
# Python does the work: $CODEXWRAP, or the codexwrap on the PATH. Nothing here evaluates what a seat is called.

function codexwrap-seat --description "Run a program as a seat"
    __codexwrap_run seat $argv
end

function __codexwrap_run
    if test -x "$CODEXWRAP"
        $CODEXWRAP $argv
    else
        command codexwrap $argv
    end
end

function __codexwrap_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -q current[1]; or set current ''
    __codexwrap_run complete fish $tokens $current 2>/dev/null | while read -l -d \t kind value more
        switch $kind
            case word
                printf '%s\t%s\n' $value $more
            case files
                complete -C "'' $current"
            case program # the rest of the line is another program's: what completes that one completes it
                set tokens $tokens[(math $value + 1)..]
                test -n "$more"; and set tokens[1] $more
                complete -C (string join ' ' -- (string escape -- $tokens) $current)
        end
    end
end

complete -c codexwrap -c codexwrap-seat -f -a '(__codexwrap_complete)'
