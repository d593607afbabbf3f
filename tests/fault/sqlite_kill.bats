# SQLite: the executor is killed, or its log fails, anywhere.
# long
load sqlite
load kill

setup_file() { faulty_start; }

@test "SQLite: kill -9 at every write, of the log and any other" {
  at_every write signal=SIGKILL
}

@test "SQLite: kill -9 at every fdatasync" {
  at_every fdatasync signal=SIGKILL
}

@test "SQLite: kill -9 inside the statements: at every sixteenth write of the database" {
  # Pages are written by the thread of the connection, which is traced too.
  FOLLOW=-f KILL_EVERY=16 at_every pwrite64 signal=SIGKILL
}

@test "SQLite: the log's disk is full at every third write" {
  KILL_EVERY=3 at_every write error=ENOSPC
}

@test "SQLite: the log's disk fails at every second sync" {
  # Those of the state store do not disturb a run; intents go to disk on a thread of their own.
  KILL_LEAST=4 KILL_EVERY=2 at_every fdatasync error=EIO
}
