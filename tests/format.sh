#!/usr/bin/env bash
# All sources as .clang-format says. Versions of clang-format differ in what they make of the same
# rules, so only version 14 judges. format.sh ROOT
set -uo pipefail
cd "$1" || exit 1
for tool in clang-format-14 clang-format; do
  if [[ $("$tool" --version 2>/dev/null) == *"version 14."* ]]; then
    find host kernels include tests bench examples \( -name '*.[ch]' -o -name '*.cl' \) -print0 | xargs -0 "$tool" --dry-run -Werror
    exit
  fi
done
echo "clang-format 14 is not installed"
exit 77
