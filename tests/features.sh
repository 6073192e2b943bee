#!/usr/bin/env bash
# Checks that docs/features.md is what features.c writes, and that the options it names exist.
# features.sh ROOT FEATURES EBB
set -euo pipefail
page=$1/docs/features.md
if ! diff -u "$page" <("$2" "$1/docs/features.txt"); then
  echo "docs/features.md is out of date: $2 docs/features.txt >docs/features.md"
  exit 1
fi
help=$("$3" help train)
status=0
for option in $(grep -oP '^\| `\K--[a-z0-9-]+' "$page"); do
  grep -qE -- "^ .*$option( |$)" <<<"$help" || { echo "ebb train has no $option"; status=1; }
done
exit $status
