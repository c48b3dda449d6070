#!/usr/bin/env bash
# Uses pcxx as others will: `run.sh installed|subdirectory BUILD [cmake options]` builds and runs a small project.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
way=$1
build=$(cd "$2" && pwd)
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=(-G Ninja -DCMAKE_BUILD_TYPE=Release "$@")
if [ "$way" = installed ]; then
  cmake --install "$build" --prefix "$work/prefix" >/dev/null
  # A moved installation must work: nothing in it may name the place it was installed to.
  mv "$work/prefix" "$work/moved"
  options+=("-Dpcxx_ROOT=$work/moved")
fi

cmake -S "$here/$way" -B "$work/build" "${options[@]}" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/build/consumer"
