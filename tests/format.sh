#!/usr/bin/env bash
# Checks that all sources are formatted as .clang-format says. Versions of clang-format differ with
# the same rules, so only version 19 is used, which Debian 12 and 13 both have. format.sh ROOT
set -uo pipefail
cd "$1" || exit 1
for tool in clang-format-19 clang-format; do
  if [[ $("$tool" --version 2>/dev/null) == *"version 19."* ]]; then
    find host kernels include tests bench examples \( -name '*.[ch]' -o -name '*.cl' \) -print0 | xargs -0 "$tool" --dry-run -Werror
    exit
  fi
done
echo "clang-format 19 is not installed (Debian: clang-format-19); here is: $(clang-format --version 2>/dev/null || echo none)"
exit 77
