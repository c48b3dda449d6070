#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each for a number of seconds, from small sound files.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-20}
if ! ls tests/fuzz/*.cpp >/dev/null 2>&1; then
  echo "[fuzz] no targets in tests/fuzz"
  exit 0
fi
if ! command -v clang++ >/dev/null; then
  echo "[fuzz] clang++ is missing; install clang, or run tools/setup.sh test" >&2
  exit 1
fi
mkdir -p build
cmake --preset fuzz >build/configure-fuzz.log 2>&1 || {
  cat build/configure-fuzz.log
  exit 1
}
cmake --build build-fuzz -j "$(nproc)"
python3 tools/make_fuzz_seeds.py build-fuzz/seeds

for source in tests/fuzz/*.cpp; do
  name=$(basename "$source" .cpp)
  corpus=build-fuzz/corpus/$name
  mkdir -p "$corpus" build-fuzz/findings
  echo "[fuzz] $name, $seconds s"
  if ! "build-fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -dict=tests/fuzz/words.dict -artifact_prefix="build-fuzz/findings/$name-" "$corpus" "build-fuzz/seeds/$name" >"build-fuzz/$name.log" 2>&1; then
    tail -60 "build-fuzz/$name.log"
    echo "[fuzz] $name found an input that breaks it: build-fuzz/findings/$name-*" >&2
    exit 1
  fi
  grep -E 'stat::number_of_executed_units|^Done' "build-fuzz/$name.log" || true
done
