#!/usr/bin/env bash
# What readers of README.md, docs/tables.md and examples/README.md paste works: every block is run, or
# says why not. In a copy of the tree, as a newcomer has it, with a home folder of its own:
#
#   ```sh             each line is a command, which must end with 0
#   ```console        what a terminal showed: each line that begins with "$ " is such a command, and
#                     prints those below it: of README.md, whose figures are a machine's, lines that
#                     begin with their first words, else these lines, up to a "…" at their end. It
#                     fails if one of them begins with "ebb: ".
#   ```sh (not run: REASON), ```console (not run: REASON)
#                     not run; but the options of lines that begin with "ebb " must exist
#   ```c              examples/simple.c, to the letter
#   ```cmake          lines of tests/consumer/CMakeLists.txt
#   ```python         a program, which must end with 0; not run where PyTorch or safetensors is missing
#
# readme.sh ROOT
# shellcheck disable=SC2317 # some functions are called through `holds`
set -uo pipefail
root=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
device=${EBB_DEVICE-}
unset LD_LIBRARY_PATH PKG_CONFIG_PATH "${!EBB_@}"
[[ -z $device ]] || export EBB_DEVICE=$device
export POCL_CACHE_DIR="${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}"
export HOME=$work/home XDG_CACHE_HOME=$work/cache
failed=0

mkdir -p "$work/ebb" "$work/home" "$work/refuse"
find "$root" -mindepth 1 -maxdepth 1 ! -name 'build*' ! -name .git -exec cp -r -t "$work/ebb" {} +
cd "$work/ebb" || exit 1
# A test installs no packages: without those that ./run wants, it sits out.
printf '#!/bin/sh\ntouch %s\nexit 1\n' "$work/refused" | tee "$work/refuse/sudo" >"$work/refuse/apt-get"
chmod +x "$work/refuse"/*
PATH=$work/refuse:$PATH

# holds LINE WHAT command...: the check WHAT, of a line of the page, is that the command succeeds. It
# runs in this shell: what one line exports the next ones see.
holds() {
  local what="$page:$1: $2"; shift 2
  if "$@" >"$work/log" 2>&1 </dev/null; then echo "ok - $what"; return; fi
  if [[ -e $work/refused ]]; then echo "packages are missing: $what"; exit 77; fi
  echo "not ok - $what"; tail -n 20 "$work/log" | sed 's/^/    /'
  failed=1
}

fails() { ! "$@"; }

# command_line LINE REASON COMMAND [fails]
command_line() {
  if [[ -z $2 ]]; then holds "$1" "$3" ${4:+"$4"} eval "$3"
  elif [[ $3 == 'ebb '* ]]; then holds "$1" "the options of: $3" eval "${3%%#*} --help"
  else echo "# $page:$1: not run, $2: $3"; fi
}

# is_printed LINE TEXT: the command before has printed that line. "…" alone stands for others.
is_printed() {
  local shown=${2%…} exact=0
  [[ $page != README.md ]] || shown=${2%% *}
  [[ -z $2 || $2 == … ]] && return
  [[ $shown != "$2" || $page == README.md ]] || exact=1
  shown=$shown exact=$exact awk '
    { sub(/ +$/, "") }
    ENVIRON["exact"] ? $0 == ENVIRON["shown"] : index($0, ENVIRON["shown"]) == 1 { found = 1 }
    END { exit !found }' "$work/log" && return
  echo "not ok - $page:$1: the command does not print: $2"
  sed 's/^/    /' "$work/log"
  failed=1
}

# ends_in_error INDEX: the command in that line of the block shows an error of ebb.
ends_in_error() {
  local i
  for ((i = $1 + 1; i < ${#block[@]}; i++)); do
    case ${block[i]} in '$ '*) return 1 ;; 'ebb: '*) return 0 ;; esac
  done
  return 1
}

is_quoted_from() { diff "$root/$1" <(printf '%s\n' "${block[@]}"); }
has_lines_of() { ! printf '%s\n' "${block[@]}" | grep -vxFf "$root/$1"; }

# end_block LANGUAGE REASON LINE: what was gathered in block, from that line on.
end_block() {
  local i expected
  case $1 in
    c) holds "$3" 'quotes examples/simple.c' is_quoted_from examples/simple.c ;;
    cmake) holds "$3" 'is what tests/consumer does' has_lines_of tests/consumer/CMakeLists.txt ;;
    python)
      if python3 -c 'import torch, safetensors.torch' 2>/dev/null; then
        holds "$3" 'is a Python program that runs' python3 -c "$(printf '%s\n' "${block[@]}")"
      else echo "# $page:$3: not run, PyTorch or safetensors is missing"; fi ;;
    sh) for i in "${!block[@]}"; do command_line $(($3 + i)) "$2" "${block[i]}"; done ;;
    console)
      for i in "${!block[@]}"; do
        if [[ ${block[i]} == '$ '* ]]; then
          if ends_in_error "$i"; then expected=fails; else expected=''; fi
          command_line $(($3 + i)) "$2" "${block[i]:2}" "$expected"
        elif [[ -z $2 ]]; then
          is_printed $(($3 + i)) "${block[i]}"
        fi
      done ;;
    *) holds "$3" "a block of a kind that this test knows, not \"$1\"" false ;;
  esac
}

read_page() {
  local text number=0 language='' reason='' inside=no
  page=$1
  cd "$work/ebb" || exit 1
  while IFS= read -r -u 3 text; do
    number=$((number + 1))
    if [[ $inside == yes && $text == '```' ]]; then
      end_block "$language" "$reason" $((number - ${#block[@]}))
      inside=no
    elif [[ $inside == yes ]]; then
      block+=("$text")
    elif [[ $text =~ ^'```'([a-z]*)(' (not run: '(.+)')')?$ ]]; then
      language=${BASH_REMATCH[1]} reason=${BASH_REMATCH[3]} inside=yes block=()
    elif [[ $text == *'```'* ]]; then
      holds $number "begins a block as this test knows it: $text" false
    fi
  done 3<"$root/$page"
  [[ $inside == no ]] || holds $number 'ends its last block' false
}

read_page README.md
read_page docs/tables.md
read_page examples/README.md

packages=$(bash -c "$(sed -n '/^build_needs=(/,/)/p' "$root/run")"'; echo "${build_needs[@]}"')
apt=$(sed -n '/^sudo apt install/,/[^\\]$/p' "$root/README.md" | tr -d "\\\\" | xargs)
page=README.md holds 0 'installs by hand what ./run installs' test "$apt" == "sudo apt install $packages"
exit $failed
