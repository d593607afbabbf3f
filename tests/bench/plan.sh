#!/usr/bin/env bash
# What a plan costs: beside `terraform plan` on as many terraform_data
# resources where terraform is installed, and as it grows.
#
#   tests/bench/plan.sh BUILD      BUILD: a folder configured as release, with
#                                  UPKEEP_TESTS=ON
#   ROUNDS=5 TERRAFORM=terraform   of upkeep; terraform runs once a size
#
# Prints the figures and appends them to tests/bench/RESULTS.md. CPU is user and
# system time in ms, memory the peak in MB.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: plan.sh BUILD}
bench=$build/tests/bench_plan
rounds=${ROUNDS:-5}
terraform=${TERRAFORM:-terraform}
[ -x "$bench" ] || { echo "build bench_plan in $build first"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table=$work/table

row() { printf '| %s | %s | %s | %s | %s |\n' "$@" | tee -a "$table"; }

# upkeep SCENARIO N: sets steps, cpu and memory
upkeep() {
  local folder=$work/$1-$2 bytes
  mkdir -p "$folder"
  "$bench" write "$1" "$2" "$folder"
  # The memory of one round alone: an arena is given back, not to the system.
  read -r steps bytes cpu memory < <("$bench" run "$folder" 1)
  read -r steps bytes cpu _ < <("$bench" run "$folder" "$rounds")
  memory=$((memory / 1024))
  rm -rf "$folder"
}

resources() { # independent|chain N
  local i
  for ((i = 0; i < $2; i++)); do
    if [ "$1" = chain ] && [ "$i" -gt 0 ]; then
      printf 'resource "terraform_data" "r%d" {\n  input = terraform_data.r%d.id\n}\n' "$i" $((i - 1))
    else
      printf 'resource "terraform_data" "r%d" {\n  input = "%d"\n}\n' "$i" "$i"
    fi
  done
}

# peer SCENARIO N: sets peer_cpu and peer_memory, or makes them empty
peer() {
  local folder=$work/peer
  peer_cpu='' peer_memory=''
  command -v "$terraform" >/dev/null || return 0
  mkdir -p "$folder"
  resources "$1" "$2" >"$folder/main.tf"
  if (cd "$folder" && "$terraform" init -input=false >/dev/null 2>&1 &&
      /usr/bin/time -o time -f '%U %S %M' "$terraform" plan -input=false -out=plan.bin >/dev/null 2>&1); then
    read -r user system memory_kib <"$folder/time"
    peer_cpu=$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%.0f", (u + s) * 1000 }')
    peer_memory=$((memory_kib / 1024))
  fi
  rm -rf "$folder"
}

beside() { # SCENARIO N
  local own_cpu own_memory ratio='not installed'
  upkeep "$1" "$2"
  own_cpu=$cpu own_memory=$memory
  peer "$1" "$2"
  if [ -n "$peer_cpu" ]; then
    ratio=$(awk -v a="$peer_cpu" -v b="$own_cpu" 'BEGIN { printf "%.0f", a / b }')
  fi
  row "$1, $2 steps" "$own_cpu ms, $own_memory MB" "${peer_cpu:+$peer_cpu ms, $peer_memory MB}" "$ratio" "CPU: terraform / upkeep"
}

growth() { # SCENARIO SMALL LARGE: CPU above that of an empty plan
  local none small large bound
  upkeep "$1" 1; none=$cpu
  upkeep "$1" "$2"; small=$cpu
  upkeep "$1" "$3"; large=$cpu
  bound=$(awk -v s="$2" -v l="$3" 'BEGIN { printf "%.1f", l * log(l) / (s * log(s)) }')
  row "$1, $2 to $3 steps" "$small to $large ms, $memory MB" "n log n: $bound" \
    "$(awk -v n="$none" -v s="$small" -v l="$large" 'BEGIN { printf "%.1f", (l - n) / (s - n) }')" \
    "growth of CPU, start-up ($none ms) taken off"
}

{
  printf '\n## Plans, %s\n\n' "$(date -u +%Y-%m-%d)"
  printf '%s; %s cores; gcc %s; %s. Median of %s rounds; terraform once.\n\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(gcc -dumpfullversion)" \
    "$("$terraform" version 2>/dev/null | sed -n 's/^\(Terraform v.*\)/\1/p' || true)" "$rounds"
  printf '| work | upkeep | beside | ratio | of |\n|---|---|---|---|---|\n'
} >"$table"
tail -n 2 "$table"

upkeep relations 150000
row "facts of 150,000 relations, 30 policies, $steps steps" "$cpu ms, $memory MB" "limit: 1000 ms, 400 MB" \
  "$(awk -v c="$cpu" 'BEGIN { printf "%.2f", c / 1000 }')" "CPU: upkeep / limit"
beside independent 10000
beside chain 1000
upkeep chain 10000
# Terraform is quadratic here: what it takes for 3,000 is far below what it
# would take for 10,000.
peer chain 3000
row "chain, 10000 steps; terraform 3000" "$cpu ms, $memory MB" "${peer_cpu:+$peer_cpu ms, $peer_memory MB}" \
  "${peer_cpu:+at least $(awk -v a="$peer_cpu" -v b="$cpu" 'BEGIN { printf "%.0f", a / b }')}" "CPU: terraform / upkeep"
growth independent 1000 10000
growth independent 10000 100000
growth chain 1000 10000
growth chain 10000 100000

cat "$table" >>"$here/RESULTS.md"
echo "Appended to tests/bench/RESULTS.md."
