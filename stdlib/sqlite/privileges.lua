-- SQLite has no roles: rights are those of files. https://www.sqlite.org/tempfiles.html, https://www.sqlite.org/wal.html
return {
  read = { doc = "reads the database", always = true, grants = { { note = "the user may read the file, and write its folder when the file is in WAL mode (-shm)" } } },
  ledger = { doc = "makes the tables upkeep_...", grants = { { note = "the user may write the file and its folder (journal, -wal and -shm stand there)" } } },
  write = { doc = "changes the database", grants = { { note = "the user may write the file and its folder (journal, -wal and -shm stand there)" } } },
  room = { doc = "writes the file anew", grants = { { note = "as much free room again as the file has, in its folder and in the folder of temporary files" } } },
  backups = { doc = "reads copies", grants = { { note = "the user may read the backup's file and folder" } } },
  statement = { doc = "what the statements or programs do", grants = { { note = "upkeep does not read SQL: give what these statements or programs need" } } },
}
