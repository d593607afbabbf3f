/* What the SQLite driver does with files beside the database: private copies,
 * and the archive that a step may attach. */
#include <dirent.h>

#include "sqlite_fixture.h"

static void fill(fixture *f, const char *more) {
  raw(f->path, more);
  raw(f->path,
      "create index t_body on t (body);"
      "with recursive n(i) as (select 1 union all select i + 1 from n where i "
      "< 20000) insert into t (body) select hex(randomblob(200)) from n;");
}

/* Writes over the middle of a page. */
static void damage(const char *path, int page) {
  char noise[1024];
  memset(noise, 0x5a, sizeof noise);
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, (page - 1) * 4096L + 512, SEEK_SET), 0);
  assert_int_equal(fwrite(noise, sizeof noise, 1, file), 1);
  assert_int_equal(fclose(file), 0);
}

static size_t files_in(const char *folder) {
  size_t count = 0;
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(dir);
  return count;
}

static void copies_are_checked(void **state) {
  static const char *const modes[] = {"pragma journal_mode = delete",
                                      "pragma journal_mode = wal"};
  fixture *f = *state;
  for (size_t i = 0; i < 2; i++) {
    raw(f->path, modes[i]);
    assert_true(open_at(f, f->path, false));
    expect_rows(f,
                "select upkeep_check_copy('integrity_check'), "
                "upkeep_check_copy('quick_check')",
                "'ok','ok';");
    expect_rows(f, "select upkeep_temp_free() > 0", "1;");
    expect_error(f, "select upkeep_check_copy('optimize')", DRIVER_OTHER, NULL);
    /* It holds nothing any more. */
    assert_true(facts_session_execute(
        &f->s, UPK_STR("delete from t where id = 1"), 3000));
    raw(f->path, "insert into t (id, body) values (1, 'one')");
    facts_session_close(&f->s);
  }
  assert_int_equal(files_in(f->folder), 1);
}

static void damage_is_in_the_copy_too(void **state) {
  fixture *f = *state;
  fill(f, "pragma journal_mode = wal");
  damage(f->path, 40);
  assert_true(open_at(f, f->path, false));
  upk_buf out = {0};
  const upk_str sql =
      UPK_STR("select upkeep_check_copy('integrity_check') <> 'ok'");
  if (facts_session_query(&f->s, sql, 100, 9000, say_rows, &out))
    assert_string_equal(out.data, "1;");
  else
    assert_int_equal(f->s.error.class, DRIVER_DAMAGED);
  upk_buf_free(&out);
}

/* In a rollback journal mode the copy rests between batches: it takes longer
 * than this deadline on any machine. */
static void copies_can_be_stopped(void **state) {
  fixture *f = *state;
  fill(f, "pragma journal_mode = delete");
  assert_true(open_at(f, f->path, false));
  assert_false(facts_session_execute(
      &f->s, UPK_STR("select upkeep_check_copy('integrity_check')"), 10));
  assert_int_equal(f->s.error.class, DRIVER_TIMEOUT);
  raw(f->path, "insert into t (body) values ('a writer goes on')");
  expect_rows(f, "select upkeep_check_copy('integrity_check')", "'ok';");
}

static void a_copy_waits_for_a_writer_no_longer_than_a_lock(void **state) {
  fixture *f = *state;
  sqlite3 *writer = NULL;
  assert_true(open_at(f, f->path, false));
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){.lock_ms = 20}));
  assert_int_equal(sqlite3_open(f->path, &writer), SQLITE_OK);
  sqlite3_exec(writer, "begin exclusive", NULL, NULL, NULL);
  expect_error(f, "select upkeep_check_copy('quick_check')", DRIVER_BUSY,
               "SQLITE_BUSY");
  sqlite3_close(writer);
  expect_rows(f, "select upkeep_check_copy('quick_check')", "'ok';");
}

static void attach_sql(const fixture *f, char *out, size_t size,
                       const char *name, const char *as) {
  snprintf(out, size, "attach '%s/%s' as %s", f->folder, name, as);
}

static void an_archive_is_as_closed_as_the_database(void **state) {
  fixture *f = *state;
  char sql[160], path[128];
  struct stat found;
  assert_int_equal(chmod(f->path, 0640), 0);
  assert_true(open_at(f, f->path, false));
  attach_sql(f, sql, sizeof sql, "o''ld.db", "upkeep_archive");
  assert_true(facts_session_execute(&f->s, upk_str_from(sql), 3000));
  snprintf(path, sizeof path, "%s/o'ld.db", f->folder);
  assert_int_equal(stat(path, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0640);
  assert_true(facts_session_execute(
      &f->s, UPK_STR("create table upkeep_archive.t as select * from main.t"),
      3000));
  assert_true(
      facts_session_execute(&f->s, UPK_STR("detach upkeep_archive"), 3000));
  expect_error(f, "select * from upkeep_archive.t", DRIVER_SYNTAX, NULL);
}

static void nothing_else_is_attached(void **state) {
  static const char *const others[] = {
      "attach ':memory:' as upkeep_archive",
      "attach 'file:x' as upkeep_archive",
      "ATTACH '/tmp/upkeep-none.db' AS upkeep_archive",
      "attach '/tmp/upkeep-none.db' as other",
      "attach '/tmp/upkeep-none.db' as other -- as upkeep_archive",
      "attach '/tmp/' || 'upkeep-none.db' as upkeep_archive"};
  fixture *f = *state;
  char sql[160];
  assert_true(open_at(f, f->path, false));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    expect_error(f, others[i], DRIVER_PRIVILEGE, "SQLITE_AUTH");
  assert_true(facts_session_execute(&f->s, UPK_STR("vacuum"), 3000));
  attach_sql(f, sql, sizeof sql, "old.db", "upkeep_archive");
  assert_true(
      facts_session_set_limits(&f->s, &(driver_limits){.read_only = true}));
  expect_error(f, sql, DRIVER_PRIVILEGE, "SQLITE_AUTH");
  facts_session_close(&f->s);
  assert_true(open_at(f, f->path, true));
  expect_error(f, sql, DRIVER_PRIVILEGE, "SQLITE_AUTH");
  assert_int_equal(files_in(f->folder), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(copies_are_checked),
      TEST(damage_is_in_the_copy_too),
      TEST(copies_can_be_stopped),
      TEST(a_copy_waits_for_a_writer_no_longer_than_a_lock),
      TEST(an_archive_is_as_closed_as_the_database),
      TEST(nothing_else_is_attached),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
