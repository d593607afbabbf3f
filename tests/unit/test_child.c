/* The process that compiles: what it gets to see, and what becomes of it. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, prlimit */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cm.h"

#include "../../cli/child.h"
#include "../../cli/child_frame.h"
#include "../../cli/child_serve.h"

static char root[64];

/* ---- a project on disk ---- */

static const char *place(const char *name) {
  static char path[300];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return path;
}

static void put(const char *name, const char *text) {
  FILE *file = fopen(place(name), "wb");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static const char project_text[] =
    "version: 1\n"
    "targets: { shop: { engine: sqlite, connect: shop.db } }\n"
    "include: [ policies/a.lua, policies/b.lua ]\n";

static int make_project(void **state) {
  (void)state;
  strcpy(root, "/tmp/upkeep-child-XXXXXX");
  assert_non_null(mkdtemp(root));
  assert_int_equal(mkdir(place("p"), 0700), 0);
  assert_int_equal(mkdir(place("p/policies"), 0700), 0);
  assert_int_equal(mkdir(place("p/.hidden"), 0700), 0);
  put("secret.lua", "return {}");
  put("p/upkeep.yaml", project_text);
  put("p/policies/b.lua", "policy('b', { ['for'] = 'table', "
                          "ensure = 'has_primary_key' })\n");
  put("p/policies/a.lua", "");
  put("p/.hidden/c.lua", "");
  assert_int_equal(symlink("../../secret.lua", place("p/policies/out.lua")), 0);
  assert_int_equal(symlink("b.lua", place("p/policies/in.lua")), 0);
  assert_int_equal(symlink("absent", place("p/policies/nowhere.lua")), 0);
  assert_int_equal(symlink("round.lua", place("p/policies/round.lua")), 0);
  assert_int_equal(mkdir(place("p/more"), 0700), 0);
  assert_int_equal(symlink("../../away", place("p/more/away")), 0);
  assert_int_equal(mkdir(place("away"), 0700), 0);
  assert_int_equal(symlink("..", place("p/up")), 0);
  assert_int_equal(mkfifo(place("p/policies/pipe.lua"), 0600), 0);
  return 0;
}

static int remove_project(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", root);
  return system(command);
}

/* ---- what the parent serves ---- */

static file_state serve(const char *path, size_t limit) {
  served_folders folders;
  upk_buf text = {0};
  assert_true(served_open(place("p"), NULL, &folders));
  file_state state = served_read(&folders, upk_str_from(path), limit, &text);
  assert_int_equal(state == FILE_HERE, text.len > 0);
  upk_buf_free(&text);
  served_close(&folders);
  return state;
}

static void files_of_the_project_are_served(void **state) {
  (void)state;
  assert_int_equal(serve("upkeep.yaml", 1000), FILE_HERE);
  assert_int_equal(serve("policies/b.lua", 1000), FILE_HERE);
  assert_int_equal(serve("policies/in.lua", 1000), FILE_HERE);
  assert_int_equal(serve("policies/b.lua", 10), FILE_TOO_LARGE);
}

static void nothing_else_is_served(void **state) {
  static const struct {
    const char *path;
    file_state state;
  } rows[] = {{"../secret.lua", FILE_OUTSIDE},
              {"policies/../../secret.lua", FILE_OUTSIDE},
              {"/etc/passwd", FILE_ABSENT},
              {"policies/out.lua", FILE_OUTSIDE},
              {"policies/nowhere.lua", FILE_LINK},
              {"policies/round.lua", FILE_LINK},
              {"up/secret.lua", FILE_OUTSIDE},
              {"policies", FILE_SPECIAL},
              {"policies/", FILE_SPECIAL},
              {"policies/pipe.lua", FILE_SPECIAL},
              {"", FILE_ABSENT},
              {".", FILE_SPECIAL},
              {"absent.lua", FILE_ABSENT},
              {"@stdlib/sqlite/engine.lua", FILE_ABSENT},
              {"@other/x", FILE_ABSENT},
              {"upkeep.yaml/x", FILE_ABSENT}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    file_state served = serve(rows[i].path, 1000);
    if (served != rows[i].state)
      fail_msg("%s was served as %d", rows[i].path, served);
  }
}

static void assert_lists(const served_folders *folders, const char *glob,
                         const char *wanted) {
  upk_buf paths = {0};
  served_list(folders, upk_str_from(glob), &paths);
  for (size_t i = 0; i < paths.len; i++)
    if (!paths.data[i])
      paths.data[i] = '|';
  assert_text(upk_buf_view(&paths), wanted);
  upk_buf_free(&paths);
}

static void lists_are_sorted_and_stay_inside(void **state) {
  served_folders folders;
  upk_buf paths = {0};
  (void)state;
  assert_true(served_open(place("p"), place("p"), &folders));
  assert_lists(&folders, "policies/*.lua",
               "policies/a.lua|policies/b.lua|policies/in.lua|"
               "policies/nowhere.lua|policies/out.lua|policies/pipe.lua|"
               "policies/round.lua|");
  assert_lists(&folders, "policies/[ab].lua", "policies/a.lua|policies/b.lua|");
  /* A folder that is a link out is told where something below could match. */
  assert_lists(&folders, "more/*", "");
  assert_lists(&folders, "*/a.lua", "policies/a.lua|up/|");
  assert_lists(&folders, "more/**", "more/away/|");
  assert_lists(&folders, "more/a*/x.lua", "more/away/|");
  assert_lists(&folders, "more/away/*.lua", "more/away/|");
  assert_lists(&folders, "more/b*/x.lua", "");
  served_list(&folders, UPK_STR("@stdlib/**"), &paths);
  assert_non_null(paths.data);
  assert_true(upk_str_starts(upk_buf_view(&paths), "@stdlib/more/away/"));
  upk_buf_free(&paths);
  assert_lists(&folders, "../*", "../|");
  assert_lists(&folders, "/etc/*", "");
  served_close(&folders);
}

/* ---- the whole way ---- */

typedef struct outcome {
  upk_arena *arena;
  upk_diags diags;
  upk_buf output;
  upk_status status;
} outcome;

static outcome compile_with(upk_compile_request request) {
  outcome o = {.arena = upk_arena_new(NULL)};
  upk_diags_init(&o.diags, o.arena);
  request.project = UPK_STR("upkeep.yaml");
  o.status = child_compile(&request, place("p"), NULL, &o.diags, &o.output);
  return o;
}

static void outcome_end(outcome *o) {
  upk_buf_free(&o->output);
  upk_arena_free(o->arena);
}

static bool has_code(const outcome *o, int code) {
  for (size_t i = 0; i < o->diags.items.len; i++)
    if (o->diags.items.items[i].code == code)
      return true;
  return false;
}

static void output_comes_back(void **state) {
  outcome o = compile_with((upk_compile_request){.mode = UPK_COMPILE_PROJECT});
  (void)state;
  assert_int_equal(o.status, UPK_OK);
  assert_true(upk_str_starts(upk_buf_view(&o.output), "{\"blackouts\":["));
  outcome_end(&o);
}

static void diagnostics_come_back(void **state) {
  (void)state;
  put("p/policies/a.lua", "policy('loop', { why = 1 / 2 })\n");
  outcome o = compile_with((upk_compile_request){.mode = UPK_COMPILE_VALIDATE});
  assert_int_equal(o.status, UPK_DENIED);
  assert_true(has_code(&o, 1307));
  assert_int_equal(o.output.len, 0);
  outcome_end(&o);
  put("p/policies/a.lua", "while true do end\n");
  o = compile_with((upk_compile_request){.mode = UPK_COMPILE_VALIDATE});
  assert_int_equal(o.status, UPK_DENIED);
  assert_true(has_code(&o, 1302));
  outcome_end(&o);
  put("p/policies/a.lua", "");
}

static void facts_go_over(void **state) {
  outcome o = compile_with((upk_compile_request){
      .mode = UPK_COMPILE_CHECK,
      .facts = UPK_STR("no facts"),
      .facts_path = UPK_STR("facts.json"),
  });
  (void)state;
  assert_int_equal(o.status, UPK_STALE);
  outcome_end(&o);
}

/* ---- half an answer ---- */

/* Facts that make the child of these tests a bad one: it sends a piece of
 * output, and then this. */
static const struct {
  const char *facts;
  frame_type type; /* NONE: it goes away */
  char byte;
  upk_status status;
} halves[] = {{"half: denied", FRAME_STATUS, UPK_DENIED, UPK_DENIED},
              {"half: absent", FRAME_NONE, 0, UPK_ERROR},
              {"half: strange", FRAME_STATUS, 100, UPK_ERROR},
              {"half: unknown", FRAME_PATHS, 0, UPK_ERROR}};
enum { HALVES = sizeof halves / sizeof *halves };

static bool is_half(size_t *ret_number) {
  char facts[32] = {0};
  if (pread(CHILD_FACTS, facts, sizeof facts - 1, 0) <= 0)
    return false;
  for (*ret_number = 0; *ret_number < HALVES; ++*ret_number)
    if (!strcmp(facts, halves[*ret_number].facts))
      return true;
  return false;
}

static int answer_half(size_t number) {
  unsigned char head[FRAME_HEAD_BYTES];
  char request[4096];
  frame_type type;
  uint64_t len = 0;
  bool silent, good = frame_read(CHILD_SOCKET, head, sizeof head, -1, &silent);
  frame_head_decode(head, &type, &len);
  good = good && len <= sizeof request &&
         frame_read(CHILD_SOCKET, request, (size_t)len, -1, &silent) &&
         frame_write(CHILD_SOCKET, FRAME_OUTPUT, UPK_STR(""),
                     UPK_STR("half a plan"));
  if (good && halves[number].type)
    (void)frame_write(CHILD_SOCKET, halves[number].type, UPK_STR(""),
                      (upk_str){&halves[number].byte, 1});
  return 0;
}

static void half_an_output_is_none(void **state) {
  (void)state;
  for (size_t i = 0; i < HALVES; i++) {
    upk_compile_request request = {.mode = UPK_COMPILE_PLAN,
                                   .facts = upk_str_from(halves[i].facts)};
    upk_arena *arena = upk_arena_new(NULL);
    upk_buf output = {0};
    upk_diags diags;
    upk_diags_init(&diags, arena);
    upk_buf_str(&output, UPK_STR("before"));
    upk_status status =
        child_compile(&request, place("p"), NULL, &diags, &output);
    assert_int_equal(status, halves[i].status);
    assert_text(upk_buf_view(&output), "before");
    assert_int_equal(diags.failures > 0, status == UPK_ERROR);
    upk_buf_free(&output);
    upk_arena_free(arena);
  }
}

static void requests_survive_the_way(void **state) {
  upk_compile_request out, in = {.mode = UPK_COMPILE_PLAN,
                                 .project = UPK_STR("upkeep.yaml"),
                                 .target = UPK_STR("a \"b\""),
                                 .facts_path = UPK_STR(""),
                                 .at_us = INT64_MAX - 1,
                                 .only = UPK_STR("a,b"),
                                 .except = UPK_STR(""),
                                 .word = UPK_STR("\n"),
                                 .dump_after = UPK_STR("bind"),
                                 .all_attributes = true};
  upk_arena *arena = upk_arena_new(NULL);
  upk_buf bytes = {0};
  (void)state;
  bool with_facts = false;
  request_encode(&in, true, &bytes);
  assert_true(request_decode(arena, upk_buf_view(&bytes), &out, &with_facts));
  assert_true(with_facts);
  assert_int_equal(out.mode, in.mode);
  assert_true(out.at_us == in.at_us);
  assert_text(out.target, "a \"b\"");
  assert_text(out.word, "\n");
  assert_text(out.dump_after, "bind");
  assert_true(out.all_attributes && !out.stdlib_from_source);
  for (size_t i = 0; i < bytes.len; i++)
    assert_false(
        request_decode(arena, (upk_str){bytes.data, i}, &out, &with_facts));
  upk_buf_free(&bytes);
  upk_arena_free(arena);
}

/* ---- what the child cannot do ---- */

/* Runs `work` in a locked process; its wait status. */
static int locked(void (*work)(void)) {
  int wait_status = 0;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    if (child_lock())
      _exit(99);
    work();
    _exit(7);
  }
  assert_int_equal(waitpid(pid, &wait_status, 0), pid);
  return wait_status;
}

static void try_open(void) { (void)open("/etc/passwd", O_RDONLY); }
static void try_socket(void) { (void)socket(AF_INET, SOCK_STREAM, 0); }
static void try_fork(void) { (void)fork(); }
static void try_exec(void) { execl("/bin/true", "true", (char *)NULL); }
static void try_kill(void) { kill(getppid(), 0); }
static void try_write(void) { (void)!write(1, "x", 1); }
static void try_code(void) {
  (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
             0);
}
static void try_abort(void) { abort(); }
static void try_work(void) {
  char *bytes = malloc(1 << 22);
  if (!bytes)
    _exit(1);
  memset(bytes, 1, 1 << 22);
  bytes = realloc(bytes, 1 << 23);
  free(bytes);
}
static void try_memory(void) {
  if (malloc((size_t)2 << 30))
    _exit(1);
}

static void the_kernel_refuses_the_rest(void **state) {
  void (*const forbidden[])(void) = {try_open, try_socket, try_fork, try_exec,
                                     try_kill, try_write,  try_code};
  (void)state;
#ifdef UPKEEP_SANITIZED
  print_message("sanitizers make system calls that the child is refused\n");
  skip();
#endif
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    int ended = locked(forbidden[i]);
    if (!WIFSIGNALED(ended) || WTERMSIG(ended) != SIGSYS)
      fail_msg("attempt %zu ended with %d", i, ended);
  }
  int ended = locked(try_work);
  assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 7);
  ended = locked(try_memory);
  assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 7);
  ended = locked(try_abort);
  assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
}

/* ---- words ---- */

static upk_str whole(upk_arena *arena, const char *path) {
  char bytes[4096];
  FILE *file = fopen(path, "rb");
  if (!file)
    return UPK_NO_STR;
  size_t len = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  return upk_arena_copy(arena, (upk_str){bytes, len});
}

static void compare_golden(int code, const upk_diags *diags) {
  char path[300];
  upk_buf text = {0};
  upk_arena *arena = upk_arena_new(NULL);
  snprintf(path, sizeof path, "%s/tests/golden/diagnostics/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  upk_diags_render_text(diags, false, &text);
  if (getenv("UPKEEP_REGOLD")) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
  }
  if (!upk_str_equal(whole(arena, path), upk_buf_view(&text)))
    fail_msg("UPK%d now reads:\n%s", code, text.data);
  upk_buf_free(&text);
  upk_arena_free(arena);
}

static void every_death_has_its_words(void **state) {
  static const struct {
    int code, wait_status;
    long fat_kib;
  } rows[] = {{1340, SIGXCPU, 0},
              {1341, SIGABRT, 1 << 20},
              {1342, SIGSYS, 0},
              {1344, SIGSEGV, 0}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    upk_arena *arena = upk_arena_new(NULL);
    struct rusage usage = {.ru_maxrss = rows[i].fat_kib};
    upk_diags diags;
    upk_diags_init(&diags, arena);
    child_blame(&diags, rows[i].wait_status, &usage);
    assert_int_equal(diags.items.items[0].code, rows[i].code);
    compare_golden(rows[i].code, &diags);
    upk_arena_free(arena);
  }
}

static void silence_has_its_words(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  (void)state;
  upk_diags_init(&diags, arena);
  child_blame_silence(&diags);
  assert_int_equal(diags.items.items[0].code, 1343);
  compare_golden(1343, &diags);
  upk_arena_free(arena);
}

static void a_missing_folder_is_said(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_compile_request request = {.mode = UPK_COMPILE_PROJECT};
  upk_buf output = {0};
  upk_diags diags;
  (void)state;
  upk_diags_init(&diags, arena);
  assert_int_equal(
      child_compile(&request, "/nonexistent", NULL, &diags, &output),
      UPK_ERROR);
  compare_golden(1345, &diags);
  upk_buf_free(&output);
  upk_arena_free(arena);
}

/* ---- one child for many requests ---- */

static outcome ask(child *c, upk_compile_request request) {
  outcome o = {.arena = upk_arena_new(NULL)};
  upk_diags_init(&o.diags, o.arena);
  request.project = UPK_STR("upkeep.yaml");
  request.facts_path = UPK_STR("facts.json");
  o.status = child_ask(c, &request, &o.diags, &o.output);
  return o;
}

/* The only child of this process; 0: there is none. */
static pid_t only_child(void) {
  char path[64];
  int pid = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  if (fscanf(file, "%d", &pid) != 1)
    pid = 0;
  fclose(file);
  return (pid_t)pid;
}

static void expect_answer(child *c, upk_str facts, upk_compile_mode mode,
                          upk_status status) {
  outcome o = ask(c, (upk_compile_request){.mode = mode, .facts = facts});
  assert_int_equal(o.status, status);
  assert_int_equal(o.output.len > 0, status == UPK_OK);
  outcome_end(&o);
}

static void one_child_answers_many(void **state) {
  outcome o = {.arena = upk_arena_new(NULL)};
  (void)state;
  upk_diags_init(&o.diags, o.arena);
  child *c = child_open(place("p"), NULL, &o.diags);
  assert_non_null(c);
  assert_int_equal(only_child(), 0); /* nobody has asked yet */
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_PROJECT, UPK_OK);
  pid_t pid = only_child();
  assert_true(pid > 0);
  expect_answer(c, UPK_STR("no facts"), UPK_COMPILE_CHECK, UPK_STALE);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_CHECK, UPK_USAGE);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_INSPECT, UPK_OK);
  assert_int_equal(only_child(), pid);
  child_close(c);
  assert_int_equal(only_child(), 0);
  child_close(NULL);
  outcome_end(&o);
}

/* Each request has CHILD_CPU_S of its own, beyond what the child has used. */
static void time_is_granted_anew(void **state) {
  struct rlimit limit;
  outcome o = {.arena = upk_arena_new(NULL)};
  (void)state;
  upk_diags_init(&o.diags, o.arena);
  child *c = child_open(place("p"), NULL, &o.diags);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_PROJECT, UPK_OK);
  pid_t pid = only_child();
  assert_int_equal(prlimit(pid, RLIMIT_CPU, NULL, &limit), 0);
  assert_in_range(limit.rlim_cur, CHILD_CPU_S, CHILD_CPU_S + 1);
  limit.rlim_cur = 7;
  assert_int_equal(prlimit(pid, RLIMIT_CPU, &limit, NULL), 0);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_PROJECT, UPK_OK);
  assert_int_equal(only_child(), pid);
  assert_int_equal(prlimit(pid, RLIMIT_CPU, NULL, &limit), 0);
  assert_in_range(limit.rlim_cur, CHILD_CPU_S, CHILD_CPU_S + 2);
  child_close(c);
  outcome_end(&o);
}

static void a_child_that_died_is_replaced(void **state) {
  outcome o = {.arena = upk_arena_new(NULL)};
  (void)state;
  upk_diags_init(&o.diags, o.arena);
  child *c = child_open(place("p"), NULL, &o.diags);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_PROJECT, UPK_OK);
  pid_t pid = only_child();
  assert_int_equal(kill(pid, SIGTERM), 0);
  outcome died = ask(c, (upk_compile_request){.mode = UPK_COMPILE_PROJECT});
  assert_int_equal(died.status, UPK_ERROR);
  assert_true(has_code(&died, 1344));
  outcome_end(&died);
  expect_answer(c, UPK_NO_STR, UPK_COMPILE_PROJECT, UPK_OK);
  assert_int_not_equal(only_child(), pid);
  child_close(c);
  outcome_end(&o);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_of_the_project_are_served),
      cmocka_unit_test(nothing_else_is_served),
      cmocka_unit_test(lists_are_sorted_and_stay_inside),
      cmocka_unit_test(output_comes_back),
      cmocka_unit_test(diagnostics_come_back),
      cmocka_unit_test(facts_go_over),
      cmocka_unit_test(half_an_output_is_none),
      cmocka_unit_test(requests_survive_the_way),
      cmocka_unit_test(the_kernel_refuses_the_rest),
      cmocka_unit_test(every_death_has_its_words),
      cmocka_unit_test(silence_has_its_words),
      cmocka_unit_test(a_missing_folder_is_said),
      cmocka_unit_test(one_child_answers_many),
      cmocka_unit_test(time_is_granted_anew),
      cmocka_unit_test(a_child_that_died_is_replaced),
  };
  if (argc == 2 && !strcmp(argv[1], CHILD_VERB)) {
    size_t number; /* the child is this program again */
    return is_half(&number) ? answer_half(number) : child_main();
  }
  return cmocka_run_group_tests(tests, make_project, remove_project);
}
