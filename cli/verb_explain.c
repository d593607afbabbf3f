/* upkeep explain: what a word means. The compiler knows most words; verbs and
 * flags are handed to it as data, so that lists, formats and suggestions are
 * one. */
#include <string.h>

#include "cli.h"

static void put_row(upk_json_writer *w, const char *group, upk_str name,
                    upk_str text) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "group", upk_str_from(group));
  upk_json_put_string(w, "name", name);
  upk_json_put_string(w, "text", text);
  upk_json_end_object(w);
}

static void put_verb(cli *c, upk_json_writer *w, const verb *v) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "doc", upk_str_from(v->summary));
  upk_json_put_string(w, "name", upk_str_from(v->name));
  upk_json_key(w, "rows");
  upk_json_begin_array(w);
  put_row(w, "", UPK_STR("usage"),
          upk_arena_printf(c->arena, "upkeep %s%s%s", v->name,
                           *v->arguments ? " " : "", v->arguments));
  if (v->detail)
    put_row(w, "", UPK_STR("notes"), upk_str_from(v->detail));
  for (int id = 0; id < FLAG_COUNT; id++)
    if ((v->flags >> id & 1) != 0)
      put_row(w, "flags", flag_display(c->arena, (flag_id)id),
              flag_doc(c->arena, v, (flag_id)id));
  upk_json_end_array(w);
  upk_json_put_string(w, "what", UPK_STR("verb"));
  upk_json_end_object(w);
}

/* "apply, plan", or "all". */
static upk_str verbs_with(cli *c, flag_id id) {
  upk_buf names = {0};
  if ((FLAGS_EVERYWHERE >> id & 1) != 0)
    return UPK_STR("all");
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden && (verbs[i]->flags >> id & 1) != 0)
      upk_buf_printf(&names, "%s%s", names.len ? ", " : "", verbs[i]->name);
  upk_str copy = upk_arena_copy(c->arena, upk_buf_view(&names));
  upk_buf_free(&names);
  return copy;
}

static void put_flag(cli *c, upk_json_writer *w, flag_id id) {
  upk_str name = upk_arena_printf(c->arena, "--%s", flag_name(id));
  upk_json_begin_object(w);
  upk_json_put_string(w, "doc", flag_doc(c->arena, NULL, id));
  upk_json_put_string(w, "name", name);
  upk_json_key(w, "rows");
  upk_json_begin_array(w);
  put_row(w, "", UPK_STR("usage"), flag_display(c->arena, id));
  put_row(w, "", UPK_STR("environment"), flag_variable(c->arena, id));
  put_row(w, "", UPK_STR("verbs"), verbs_with(c, id));
  upk_json_end_array(w);
  upk_json_put_string(w, "what", UPK_STR("flag"));
  upk_json_end_object(w);
}

static void words_of_ours(cli *c, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.words/1"));
  upk_json_key(w, "meanings");
  upk_json_begin_array(w);
  for (size_t i = 0; verbs[i]; i++)
    if (!verbs[i]->hidden)
      put_verb(c, w, verbs[i]);
  for (int id = 0; id < FLAG_COUNT; id++)
    put_flag(c, w, (flag_id)id);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

static upk_status run(cli *c) {
  project p;
  if (c->argument_count && !strcmp(c->arguments[0], "privileges"))
    return privileges_explain(
        c, c->argument_count > 1 ? upk_str_from(c->arguments[1]) : UPK_STR(""));
  upk_buf word = {0}, words = {0}, out = {0};
  for (size_t i = 0; i < c->argument_count; i++)
    upk_buf_printf(&word, "%s%s", i ? " " : "", c->arguments[i]);
  words_of_ours(c, &words);
  project_or_none(c, &p);
  upk_compile_request request = request_new(c, &p, UPK_COMPILE_EXPLAIN);
  request.word = upk_buf_view(&word);
  request.words = upk_buf_view(&words);
  request.format = flag_text(c, FLAG_format);
  upk_status status = compile(c, &p, &request, &out);
  if (status == UPK_OK && upk_str_is(request.format, "json"))
    print_bytes(c, upk_buf_view(&out));
  else if (status == UPK_OK)
    print_text(c, upk_buf_view(&out));
  upk_buf_free(&out);
  upk_buf_free(&words);
  upk_buf_free(&word);
  return status;
}

const verb verb_explain = {
    .name = "explain",
    .arguments = "[WORD]",
    .summary = "what a word means: a code, an action, a kind, a key ...",
    .detail =
        "WORD is a code or a lint rule (UPK1104, type-mismatch), an action, a "
        "kind, an attribute\n(index.bloat_ratio), a key (limits.lock_timeout), "
        "a function or type of expressions, a live\nmetric, a verb, a flag "
        "(--wait), an exit code (\"exit 5\"), shipped policies "
        "(std/sqlite-baseline),\nan engine or a pass of the compiler. Without "
        "one: all words.\n`explain privileges TARGET` prints the rights that "
        "the target's role needs for the project's\npolicies, as SQL to paste; "
        "no database is asked, and --facts says which of them it has.",
    .formats = "text,json,markdown",
    .flags = FLAG_BIT(format) | FLAG_BIT(facts),
    .max_arguments = 2,
    .takes_words = true,
    .run = run,
};
