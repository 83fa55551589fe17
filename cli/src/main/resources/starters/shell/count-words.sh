#!/usr/bin/env bash
# Counts the words of a text. The input is a JSON string, the result what is printed last; the rest is the step's log.
set -euo pipefail
read -r input
words=$(tr -d '"' <<<"$input" | wc -w | tr -d ' ')
if [ "$words" = 0 ]; then
  echo "The text is empty." >&2
  exit 65 # no retry would help
fi
echo "attempt $STEPSTILE_ATTEMPT of $STEPSTILE_STEP_KEY" >&2
echo "{\"words\": $words}"
