/* The plan log: what was written is found again, and any change is noticed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <upkeep/runtime.h>

#include "journal/journal.h"

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
  char root[64];
  upk_str runs, folder, log;
} fixture;

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  upk_diags_init(&f->diags, f->arena);
  strcpy(f->root, "/tmp/upkeep-journal-XXXXXX");
  assert_non_null(mkdtemp(f->root));
  f->runs = upk_arena_printf(f->arena, "%s/a/runs", f->root);
  f->folder = upk_arena_printf(f->arena, "%s/R1", f->runs.data);
  f->log = upk_arena_printf(f->arena, "%s/log.jsonl", f->folder.data);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  fixture *f = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", f->root);
  assert_int_equal(system(command), 0);
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static const char plan_bytes[] = "the plan\n";

static journal *create(fixture *f, const journal_files *files) {
  journal *j = NULL;
  assert_int_equal(journal_create(f->runs, UPK_STR("R1"),
                                  upk_str_from(plan_bytes), files, &f->diags,
                                  &j),
                   UPK_OK);
  return j;
}

static void add(journal *j, const char *event, const char *det,
                const char *obs) {
  assert_true(
      journal_add(j, event, upk_str_from(det), upk_str_from(obs), true, NULL));
}

static upk_str begin_obs(fixture *f) {
  upk_digest digest = upk_digest_of(upk_str_from(plan_bytes));
  return upk_arena_printf(f->arena, "{\"plan_file\":\"%s\"}", digest.text);
}

/* Five records; `order`: which of two steps comes first. */
static void write_log(fixture *f, int order) {
  journal *j = create(f, NULL);
  add(j, "run.begin", "{\"steps\":2}", begin_obs(f).data);
  add(j, "step.end", order ? "{\"step\":\"b\"}" : "{\"step\":\"a\"}", "{}");
  add(j, "step.end", order ? "{\"step\":\"a\"}" : "{\"step\":\"b\"}", "{}");
  add(j, "step.retry", "{}", "{\"n\":1}");
  add(j, "run.end", "{\"applied\":2}", "{\"wall_us\":5}");
  journal_close(j);
}

static upk_str slurp(fixture *f, upk_str path) {
  FILE *file = fopen(path.data, "rb");
  char block[8192];
  assert_non_null(file);
  size_t len = fread(block, 1, sizeof block, file);
  fclose(file);
  return upk_arena_copy(f->arena, (upk_str){block, len});
}

static void spit(upk_str path, upk_str bytes) {
  FILE *file = fopen(path.data, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
  fclose(file);
}

static upk_status verify(fixture *f, upk_str *ret_semantic) {
  upk_diags_init(&f->diags, f->arena);
  return upk_log_verify(f->folder, &f->diags, ret_semantic);
}

static void whole_log_verifies(void **state) {
  fixture *f = *state;
  struct stat info;
  upk_str semantic = UPK_NO_STR;
  write_log(f, 0);
  assert_int_equal(verify(f, &semantic), UPK_OK);
  assert_int_equal(f->diags.items.len, 0);
  assert_true(upk_str_starts(semantic, "sha256:"));
  assert_int_equal(stat(f->log.data, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
}

static void order_of_steps_is_not_semantic(void **state) {
  fixture *f = *state;
  upk_str one = UPK_NO_STR, two = UPK_NO_STR;
  write_log(f, 0);
  assert_int_equal(verify(f, &one), UPK_OK);
  assert_int_equal(unlink(f->log.data), 0);
  assert_int_equal(
      unlink(upk_arena_printf(f->arena, "%s/plan.json", f->folder.data).data),
      0);
  assert_int_equal(rmdir(f->folder.data), 0);
  write_log(f, 1);
  assert_int_equal(verify(f, &two), UPK_OK);
  assert_true(upk_str_equal(one, two));
}

static void every_cut_is_noticed(void **state) {
  fixture *f = *state;
  write_log(f, 0);
  upk_str text = slurp(f, f->log);
  for (size_t len = 0; len < text.len; len++) {
    bool whole_lines = len == 0 || text.data[len - 1] == '\n';
    spit(f->log, (upk_str){text.data, len});
    assert_int_equal(verify(f, NULL), UPK_STALE);
    /* A torn line is said beside the missing seal. */
    assert_int_equal(f->diags.warnings, !whole_lines);
    assert_int_equal(f->diags.failures, 1);
  }
}

static void every_flip_is_noticed(void **state) {
  fixture *f = *state;
  write_log(f, 0);
  upk_str text = slurp(f, f->log);
  for (size_t i = 0; i < text.len; i++) {
    upk_str flipped = upk_arena_copy(f->arena, text);
    char *byte = (char *)(uintptr_t)flipped.data + i;
    *byte = (char)(*byte ^ 1);
    spit(f->log, flipped);
    assert_int_equal(verify(f, NULL), UPK_STALE);
  }
}

static void lines_taken_away_are_noticed(void **state) {
  fixture *f = *state;
  write_log(f, 0);
  upk_str text = slurp(f, f->log), rest = text;
  for (uint32_t line = 1; rest.len; line++) {
    const char *end = (const char *)memchr(rest.data, '\n', rest.len) + 1;
    size_t before = (size_t)(rest.data - text.data);
    upk_buf without = {0};
    upk_buf_add(&without, text.data, before);
    rest = (upk_str){end, text.len - (size_t)(end - text.data)};
    upk_buf_str(&without, rest);
    spit(f->log, upk_buf_view(&without));
    upk_buf_free(&without);
    assert_int_equal(verify(f, NULL), UPK_STALE);
    if (rest.len) /* the first wrong line is the one that followed */
      assert_int_equal(f->diags.items.items[0].labels.items[0].span.line, line);
  }
}

static void nothing_may_stand_behind_the_seal(void **state) {
  fixture *f = *state;
  write_log(f, 0);
  upk_str text = slurp(f, f->log);
  spit(f->log, upk_arena_printf(f->arena, "%s{\"det\"", text.data));
  assert_int_equal(verify(f, NULL), UPK_STALE);
  assert_int_equal(f->diags.items.items[0].code, 3042);
  spit(f->log, upk_arena_printf(f->arena, "%s{}\n", text.data));
  assert_int_equal(verify(f, NULL), UPK_STALE);
}

static void another_plan_is_noticed(void **state) {
  fixture *f = *state;
  write_log(f, 0);
  spit(upk_arena_printf(f->arena, "%s/plan.json", f->folder.data),
       UPK_STR("another\n"));
  assert_int_equal(verify(f, NULL), UPK_STALE);
  assert_int_equal(f->diags.items.items[0].code, 3045);
}

static void a_run_is_made_once(void **state) {
  fixture *f = *state;
  journal *j = create(f, NULL), *again = NULL;
  assert_int_equal(journal_create(f->runs, UPK_STR("R1"), UPK_STR("x"), NULL,
                                  &f->diags, &again),
                   UPK_ERROR);
  assert_int_equal(f->diags.items.items[0].code, 3146);
  assert_null(again);
  journal_close(j);
}

static void no_folder_is_an_error(void **state) {
  fixture *f = *state;
  assert_int_equal(verify(f, NULL), UPK_ERROR);
  assert_int_equal(f->diags.items.items[0].code, 3040);
}

/* ---- failing writes ---- */

typedef struct flaw {
  int calls, fail_at, error;
  size_t short_by; /* bytes that the failing write leaves unwritten */
} flaw;

static int64_t flawed_write(void *ctx, int fd, const void *bytes, size_t len) {
  flaw *w = ctx;
  if (++w->calls != w->fail_at)
    return write(fd, bytes, len);
  if (w->short_by && w->short_by < len)
    return write(fd, bytes, len - w->short_by);
  errno = w->error;
  return -1;
}

static int flawed_sync(void *ctx, int fd) {
  flaw *w = ctx;
  (void)fd;
  if (++w->calls != w->fail_at)
    return 0;
  errno = w->error;
  return -1;
}

static void short_writes_are_completed(void **state) {
  fixture *f = *state;
  flaw w = {.fail_at = 3, .short_by = 7};
  journal_files files = {flawed_write, flawed_sync, &w};
  journal *j = create(f, &files);
  add(j, "run.begin", "{}", begin_obs(f).data);
  add(j, "run.end", "{}", "{}");
  journal_close(j);
  assert_int_equal(verify(f, NULL), UPK_OK);
}

static void failure_is_final(void **state) {
  fixture *f = *state;
  for (int n = 3; n <= 6; n++) { /* 1 and 2: the plan's file */
    flaw w = {.fail_at = n, .error = n % 2 ? EIO : ENOSPC};
    journal_files files = {flawed_write, flawed_sync, &w};
    upk_str run = upk_arena_printf(f->arena, "N%d", n);
    journal *j = NULL;
    bool good = true;
    assert_int_equal(
        journal_create(f->runs, run, UPK_STR("p"), &files, &f->diags, &j),
        UPK_OK);
    for (int i = 0; i < 5; i++) {
      bool now =
          journal_add(j, "run.note", UPK_STR("{}"), UPK_STR("{}"), true, NULL);
      assert_false(now && !good);
      good = now;
    }
    assert_false(good);
    assert_non_null(journal_error(j));
    journal_close(j);
  }
}

/* The record that met the full disk, and those after it, stand in the log. */
static void a_full_disk_leaves_room_for_the_end(void **state) {
  fixture *f = *state;
  upk_str reserve =
      upk_arena_printf(f->arena, "%s/log.reserve", f->folder.data);
  flaw w = {.fail_at = 5, .error = ENOSPC};
  journal_files files = {flawed_write, flawed_sync, &w};
  journal *j = create(f, &files);
  add(j, "run.begin", "{}", begin_obs(f).data);
  assert_int_equal(access(reserve.data, F_OK), 0);
  assert_false(journal_full(j));
  add(j, "run.note", "{}", "{}");
  assert_true(journal_full(j));
  add(j, "run.end", "{}", "{}");
  assert_null(journal_error(j));
  w.fail_at = w.calls + 1; /* the reserve is used: now it is final */
  assert_false(
      journal_add(j, "run.note", UPK_STR("{}"), UPK_STR("{}"), true, NULL));
  journal_close(j);
  assert_int_equal(access(reserve.data, F_OK), -1);
  assert_int_equal(verify(f, NULL), UPK_OK);
}

static void no_half_of_a_run_stays(void **state) {
  fixture *f = *state;
  for (int n = 1; n <= 2; n++) {
    flaw w = {.fail_at = n, .error = ENOSPC};
    journal_files files = {flawed_write, flawed_sync, &w};
    journal *j = NULL;
    assert_int_equal(journal_create(f->runs, UPK_STR("R1"), UPK_STR("p"),
                                    &files, &f->diags, &j),
                     UPK_ERROR);
    assert_int_equal(access(f->folder.data, F_OK), -1);
    assert_int_equal(errno, ENOENT);
  }
  write_log(f, 0); /* and the name is free */
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
      T(whole_log_verifies),
      T(order_of_steps_is_not_semantic),
      T(every_cut_is_noticed),
      T(every_flip_is_noticed),
      T(lines_taken_away_are_noticed),
      T(nothing_may_stand_behind_the_seal),
      T(another_plan_is_noticed),
      T(a_run_is_made_once),
      T(no_folder_is_an_error),
      T(no_half_of_a_run_stays),
      T(short_writes_are_completed),
      T(failure_is_final),
      T(a_full_disk_leaves_room_for_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
