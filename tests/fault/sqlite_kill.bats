# SQLite: the executor is killed, or its log fails, anywhere.
load sqlite
load kill

setup_file() { faulty_start; }

@test "SQLite: kill -9 at every write, of the log and any other" {
  at_every write signal=SIGKILL
}

@test "SQLite: kill -9 at every fdatasync" {
  at_every fdatasync signal=SIGKILL
}
