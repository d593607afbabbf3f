#!/usr/bin/env bash
# What one expression over one object costs, beside a Lua chunk and native C.
#
#   tests/bench/expr.sh BUILD      BUILD: a folder configured as release, with
#                                  UPKEEP_TESTS=ON
#
# Prints the figures and appends them to tests/bench/RESULTS.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bench=${1:?usage: expr.sh BUILD}/tests/bench_expr
[ -x "$bench" ] || { echo "build bench_expr first"; exit 1; }
{
  printf '\n## One expression, %s\n\n' "$(date -u +%Y-%m-%d)"
  printf '%s; %s cores; gcc %s.\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(gcc -dumpfullversion)"
  "$bench" | sed 's/^/    /'
} | tee -a "$here/RESULTS.md"
