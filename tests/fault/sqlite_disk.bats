# SQLite: the disk under the log is full, for real: a small file system.
load sqlite

setup_file() { faulty_start; }

# .upkeep on a file system of so many KiB.
small_disk() { # KiB
  mkdir -p .upkeep
  mount -t tmpfs -o size="${1}k" tmpfs .upkeep 2>/dev/null || skip "no file system can be mounted here"
}

teardown() {
  umount "$BATS_TEST_TMPDIR/.upkeep" 2>/dev/null || true
}

@test "SQLite: a full disk under the log, of many sizes: nothing is lost, resumed with room" {
  local size stopped=0
  for size in 16 28 32 36 40 44 48 56 64 72; do
    umount .upkeep 2>/dev/null || true
    anew
    small_disk "$size"
    run timeout 60 "$UPKEEP" apply plan.json
    expect_clean || return 1
    if [ "$status" -ne 0 ]; then
      stopped=$((stopped + 1))
      case "$output" in *UPK3141* | *UPK3146*) ;; *) echo "at $size: $output"; return 1 ;; esac
      # A run that could not begin has changed nothing.
      [ -n "$(ls .upkeep/runs 2>/dev/null)" ] || [ "$(sqlite3 fault.db 'select count(*) from effects')" -eq 0 ]
    fi
    mount -o remount,size=4m .upkeep
    [ "$status" -eq 0 ] || carry_on || { echo "at $size KiB"; return 1; }
    the_same || { echo "at $size KiB"; return 1; }
  done
  echo "# $stopped of 10 runs met a full disk" >&3
  [ "$stopped" -ge 3 ]
}
