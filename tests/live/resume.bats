# Runs that were cut off: killed at the log, killed inside a statement, torn;
# resumed, resolved, rolled back. Loops over every write are in tests/fault.
load common

make_shop() {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  upkeep plan -o plan.json >/dev/null 2>&1
}

# All rows that are not upkeep's own, the run's name out of them.
content() {
  sqlite3 shop.db .dump | grep -v upkeep_ |
    sed -E 's/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}/RUN/' | sha256sum
}
ledger() { sqlite3 shop.db "select step, outcome, count(*) from upkeep_ledger group by 1, 2 order by 1, 2"; }
semantic() { upkeep log verify | sed 's/.*digest //'; }
log_file() { echo .upkeep/runs/*/log.jsonl; }

# The state that a run which nobody killed leaves.
faultless() {
  cp shop.db whole.db
  rm -f shop.db*
  cp whole.db shop.db
  upkeep apply plan.json -q
  content >want.content
  ledger >want.ledger
  semantic >want.semantic
  rm -rf .upkeep shop.db*
  cp whole.db shop.db
}

expect_as_faultless() {
  diff -u want.ledger <(ledger)
  diff -u want.semantic <(semantic)
  diff -u want.content <(content)
}

# Dies by SIGKILL at its n-th call of write(2).
killed_at_write() { # n
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=write \
    -e "inject=write:signal=SIGKILL:when=$1" "$UPKEEP" apply plan.json -q || true
}

@test "a run killed at a write of its log goes on, and nothing shows that it was killed" {
  command -v strace >/dev/null || skip "no strace"
  make_shop
  faultless
  for n in 12 41; do
    killed_at_write "$n"
    [ -s "$(log_file)" ]
    run upkeep resume last
    expect_code 0
    expect_clean
    expect_as_faultless
    run upkeep log replay
    expect_code 0
    run upkeep resume last
    expect_code 0
    expect_text "nothing is left to do"
    rm -rf .upkeep shop.db*
    cp whole.db shop.db
  done
}

@test "a torn last line is moved away and said; any other damage is refused" {
  make_shop
  faultless
  upkeep apply plan.json -q
  log=$(log_file)
  lines=$(wc -l <"$log")
  head -n $((lines - 3)) "$log" >whole
  sed -n "$((lines - 2))p" "$log" | head -c 100 >tail
  cat whole tail >"$log"
  run upkeep resume last
  expect_code 0
  expect_text "UPK3043"
  cmp tail "$log.torn"
  grep -q '"event":"run.recovered"' "$log"
  expect_as_faultless
  sed -i '5s/wall_us/wall_uz/' "$log"
  run upkeep resume last
  expect_code 5
  expect_text "record 5"
}

@test "the end of a log that was taken away is seen by the ledger" {
  make_shop
  upkeep apply plan.json -q
  log=$(log_file)
  head -n 5 "$log" >cut
  cat cut >"$log"
  run upkeep resume last
  expect_code 5
  expect_text "the end of the log was taken away"
}

@test "a rollback shows what it does, asks, and goes on when it is cut off" {
  make_shop
  content >original
  upkeep apply plan.json -q
  run upkeep rollback last --dry-run
  expect_code 0
  expect_text "drop_index  order_customer"
  expect_text "These stay as they are"
  run upkeep rollback last </dev/null
  expect_code 64
  expect_text "UPK3204"
  if command -v strace >/dev/null; then
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=fdatasync \
      -e inject=fdatasync:signal=SIGKILL:when=9 "$UPKEEP" rollback last --yes -q >/dev/null || true
    run upkeep resume last
    expect_code 5
    expect_text "UPK3202"
  fi
  run upkeep rollback last --yes
  expect_code 0
  expect_clean
  [ "$(sqlite3 shop.db "select count(*) from upkeep_ledger where outcome = 'undone'")" = 4 ]
  [ "$(sqlite3 shop.db "select count(*) from sqlite_schema where name = 'order_customer'")" = 1 ]
  [ "$(sqlite3 shop.db 'select count(*) from event_archive')" = 0 ]
  run upkeep log verify
  expect_code 0
  run upkeep log replay
  expect_code 0
  run upkeep resume last
  expect_code 0
  expect_text "nothing is left to do"
}

