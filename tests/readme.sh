#!/bin/sh
# The README's C example is examples/xor.c, to the letter: what readers copy is what the tests run.
set -eu
root=$1
quoted=$(sed -n '/^```c$/,/^```$/p' "$root/README.md" | sed '1d;$d')
if [ "$quoted" = "$(cat "$root/examples/xor.c")" ]; then
  echo "ok - the README quotes examples/xor.c"
else
  echo "not ok - the README's C example differs from examples/xor.c"
  exit 1
fi
