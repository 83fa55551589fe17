#!/usr/bin/env bash
# Runs the handler as Stepstile does, and compares what comes of it.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
failed=0

step() { # input
  STEPSTILE_RUN_ID=test STEPSTILE_STEP_KEY=a STEPSTILE_ATTEMPT=1 STEPSTILE_INPUT=$1 ./count-words.sh <<<"$1" 2>/dev/null
}

expect() { # name, expected, actual
  if [ "$2" = "$3" ]; then echo "passed: $1"; else echo "FAILED: $1: expected $2, got $3"; failed=1; fi
}

expect "the words of a text are counted" '{"words": 6}' "$(step '"to be or not to be"')"
step '""' >/dev/null
expect "an empty text fails for good" 65 $?
exit $failed
