/* What may stand at a place of the command line: asked by the completions of
 * shells, which are thin (cli/completion/), so that one table is the truth. */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "runs.h"

/* The command line up to the cursor, without the program; the last word is the
 * one being written. */
typedef struct line {
  cli *c;
  const verb *v;      /* NULL: none yet */
  upk_str word;       /* what is there of it */
  const char *prefix; /* stands before each answer: "--format=" */
  size_t arguments;   /* of the verb, before the word */
  int flag;           /* whose argument the word is, or -1 */
  uint64_t given;
} line;

/* One answer a line: the word, a tab, what it is. */
static void answer(const line *l, upk_str word, upk_str doc) {
  upk_buf out = {0};
  upk_str rest;
  if (!upk_str_starts(word, upk_arena_copy(l->c->arena, l->word).data))
    return;
  upk_buf_printf(&out, "%s%.*s\t%.*s\n", l->prefix, UPK_FMT(word),
                 UPK_FMT(upk_str_split(doc, '\n', &rest)));
  print_out(upk_buf_view(&out));
  upk_buf_free(&out);
}

static void answer_list(const line *l, upk_str words, char separator) {
  upk_str rest = words;
  while (rest.data)
    answer(l, upk_str_split(rest, separator, &rest), UPK_STR(""));
}

/* ---- by placeholder ---- */

static void nothing(const line *l) { (void)l; }

static void files(const line *l) {
  (void)l;
  print_out(UPK_STR(":files\n"));
}

static void folders(const line *l) {
  (void)l;
  print_out(UPK_STR(":folders\n"));
}

static void targets(const line *l) {
  project p = {0};
  if (project_load(l->c, &p) != UPK_OK)
    return;
  for (size_t i = 0; i < upk_json_count(p.targets); i++) {
    const upk_json *target = upk_json_at(p.targets, i);
    answer(l, upk_json_text(target, "name"), upk_json_text(target, "engine"));
  }
}

static void window_names(const line *l) {
  project p = {0};
  if (project_load(l->c, &p) != UPK_OK)
    return;
  for (size_t i = 0; i < upk_json_count(p.windows); i++) {
    const upk_json *window = upk_json_at(p.windows, i);
    answer(l, upk_json_text(window, "name"), upk_json_text(window, "rrule"));
  }
}

static void run_names(const line *l) {
  project p = {0};
  run_vec runs = {0};
  if (project_find(l->c, &p) != UPK_OK)
    return;
  runs_list(l->c, runs_folder(l->c, &p), &runs);
  for (size_t i = 0; i < runs.len; i++)
    answer(l, runs.items[i], UPK_STR("run"));
  if (runs.len)
    answer(l, UPK_STR("last"), UPK_STR("the latest run"));
}

static void verb_names(const line *l) {
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden)
      answer(l, upk_str_from(verbs[i]->name), upk_str_from(verbs[i]->summary));
  answer(l, UPK_STR("help"), UPK_STR("the verbs, or the flags of one"));
}

static void engine_names(const line *l) {
  for (size_t i = 0; upk_driver_name(i); i++)
    answer(l, upk_str_from(upk_driver_name(i)), UPK_STR("engine"));
}

static void pass_names(const line *l) {
  for (size_t i = 0; upk_compile_pass_name(i); i++)
    answer(l, upk_str_from(upk_compile_pass_name(i)),
           upk_str_from(upk_compile_pass_doc(i)));
}

static void format_names(const line *l) {
  if (l->v->formats)
    answer_list(l, upk_str_from(l->v->formats), ',');
}

/* What `explain` lists. */
static void explained(const line *l) {
  project p;
  upk_buf out = {0};
  upk_json_error error;
  project_or_none(l->c, &p);
  upk_compile_request request = request_new(l->c, &p, UPK_COMPILE_EXPLAIN);
  request.format = UPK_STR("json");
  if (compile(l->c, &p, &request, &out) == UPK_OK) {
    const upk_json *meanings = upk_json_get(
        upk_json_parse(l->c->arena, upk_buf_view(&out), &error), "meanings");
    for (size_t i = 0; i < upk_json_count(meanings); i++) {
      const upk_json *rows = upk_json_get(upk_json_at(meanings, i), "rows");
      for (size_t j = 0; j < upk_json_count(rows); j++)
        answer(l, upk_json_text(upk_json_at(rows, j), "name"),
               upk_json_text(upk_json_at(rows, j), "text"));
    }
  }
  upk_buf_free(&out);
}

/* What stands in `arguments` of verbs and in the table of flags. */
static const struct {
  const char *name;
  void (*answer)(const line *l);
} placeholders[] = {
    {"DIR", folders},     {"ENGINE", engine_names},
    {"FILE", files},      {"FORMAT", format_names},
    {"NEW", files},       {"OLD", files},
    {"PASS", pass_names}, {"PLAN", files},
    {"RUN", run_names},   {"TARGET", targets},
    {"VERB", verb_names}, {"WINDOW", window_names},
    {"WORD", explained},
};

static bool is_literal(upk_str text) {
  return text.len && text.data[0] >= 'a' && text.data[0] <= 'z';
}

/* "TARGET", "WINDOW|TARGET", "list|show". */
static void answer_placeholder(const line *l, upk_str text) {
  upk_str rest = text;
  while (rest.data) {
    upk_str one = upk_str_split(rest, '|', &rest);
    void (*found)(const line *l) = nothing;
    if (is_literal(one))
      answer(l, one, UPK_STR(""));
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
      if (upk_str_is(one, placeholders[i].name))
        found = placeholders[i].answer;
    found(l);
  }
}

/* "[TARGET...]" -> "TARGET", and whether more of it may follow. */
static upk_str bare(upk_str token, bool *ret_many) {
  if (upk_str_starts(token, "["))
    token = (upk_str){token.data + 1, token.len - 1};
  if (upk_str_ends(token, "]"))
    token.len--;
  *ret_many = upk_str_ends(token, "...");
  token.len -= *ret_many ? 3 : 0;
  return token;
}

static void answer_argument(const line *l) {
  upk_str rest = upk_str_from(l->v->arguments), token = UPK_STR("");
  bool many = false;
  for (size_t i = 0; rest.data && i <= l->arguments; i++) {
    token = bare(upk_str_split(rest, ' ', &rest), &many);
    if (upk_str_starts(token, "-"))
      return; /* flags that must be given stand there too */
    if (i < l->arguments && !rest.data && !many)
      return;
  }
  answer_placeholder(l, token);
}

static void answer_flags(const line *l) {
  uint64_t flags = FLAGS_EVERYWHERE | (l->v ? l->v->flags : 0);
  for (int id = 0; id < FLAG_COUNT; id++)
    if ((flags & ~l->given) >> id & 1)
      answer(l, upk_arena_printf(l->c->arena, "--%s", flag_name((flag_id)id)),
             flag_doc(l->c->arena, l->v, (flag_id)id));
}

/* ---- reading the words before ---- */

static int flag_of(const line *l, upk_str word) {
  uint64_t flags = FLAGS_EVERYWHERE | (l->v ? l->v->flags : 0);
  for (int id = 0; id < FLAG_COUNT; id++) {
    char letter = flag_letter((flag_id)id);
    bool named = upk_str_starts(word, "--")
                     ? upk_str_is((upk_str){word.data + 2, word.len - 2},
                                  flag_name((flag_id)id))
                     : letter && word.len == 2 && word.data[1] == letter;
    if ((flags >> id & 1) && named)
      return id;
  }
  return -1;
}

/* Where the project is decides what is asked for. */
static void take_flag(line *l, int id, const char *value) {
  if (id == FLAG_directory && chdir(value) != 0)
    return;
  if (id == FLAG_file || id == FLAG_stdlib)
    l->c->flags[id] = value;
}

static void take_word(line *l, const char *text) {
  upk_str value, name = upk_str_split(upk_str_from(text), '=', &value);
  if (l->flag >= 0) {
    take_flag(l, l->flag, text);
    l->flag = -1;
  } else if (text[0] == '-' && text[1]) {
    int id = flag_of(l, name);
    l->given |= id >= 0 ? UINT64_C(1) << id : 0;
    if (id >= 0 && flag_argument((flag_id)id) && value.data)
      take_flag(l, id, value.data);
    else if (id >= 0 && flag_argument((flag_id)id))
      l->flag = id;
  } else if (!l->v) {
    l->v = verb_find(name);
  } else {
    l->arguments++;
  }
}

/* "--format=js" is the flag and the beginning of its argument. */
static void begin_word(line *l, const char *text) {
  upk_str value, name = upk_str_split(upk_str_from(text), '=', &value);
  int id = l->flag < 0 && value.data ? flag_of(l, name) : -1;
  l->word = upk_str_from(text);
  if (id < 0)
    return;
  l->flag = id;
  l->word = value;
  l->prefix = upk_arena_printf(l->c->arena, "%.*s=", UPK_FMT(name)).data;
}

void complete(cli *c, int argc, char **argv) {
  line l = {.c = c, .flag = -1, .prefix = ""};
  for (int i = 0; i + 1 < argc; i++)
    if (strcmp(argv[i], "=") != 0) /* bash makes it a word of its own */
      take_word(&l, argv[i]);
  const char *last = argc ? argv[argc - 1] : "";
  begin_word(&l, strcmp(last, "=") == 0 ? "" : last);
  if (l.flag >= 0)
    answer_placeholder(&l, upk_str_from(flag_argument((flag_id)l.flag)));
  else if (upk_str_starts(l.word, "-"))
    answer_flags(&l);
  else if (l.v)
    answer_argument(&l);
  else
    verb_names(&l);
  /* A shell that asks is told nothing else. */
  upk_diags_init(&c->diags, c->arena);
}
