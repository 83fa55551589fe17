#!/usr/bin/env bash
# Counts the lines of a file and computes its SHA-256.
set -euo pipefail

read -r input
file=$(sed -n 's/.*"file": *"\([^"\\]*\)".*/\1/p' <<<"$input") # with jq: jq -r .file

if [ ! -f "$file" ]; then
  echo "There is no file '$file'." >&2
  exit 65 # another attempt would find none either
fi
if [ -e "$file.lock" ]; then
  echo 5 # seconds
  exit 75
fi
echo "reading $file" >&2
lines=$(wc -l <"$file")
sum=$(sha256sum "$file")
printf '{"attempt":%d,"file":"%s","lines":%d,"sha256":"%s"}\n' "$STEPSTILE_ATTEMPT" "$file" "$lines" "${sum%% *}"
