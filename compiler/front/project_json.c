#include "front/front.h"
#include "json.h"

static void write_target(upk_json_writer *w, const ir_target *target) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "connect", target->connect);
  upk_json_put_string(w, "engine", target->engine_name);
  upk_json_put_int(w, "jobs", target->jobs);
  upk_json_key(w, "labels");
  upk_json_begin_object(w);
  for (size_t i = 0; i < target->labels.len; i++) { /* sorted, each once */
    upk_json_key_str(w, target->labels.items[i].key);
    upk_json_string(w, target->labels.items[i].value);
  }
  upk_json_end_object(w);
  upk_json_put_string(w, "ledger", target->ledger);
  upk_json_put_string(w, "name", target->name);
  upk_json_key(w, "replicas");
  upk_json_begin_array(w);
  for (size_t i = 0; i < target->replicas.len; i++)
    upk_json_string(w, target->replicas.items[i]);
  upk_json_end_array(w);
  upk_json_put_string(w, "role", target->role);
  upk_json_end_object(w);
}

bool project_write(const ir *ir, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.project/1"));
  upk_json_key(w, "programs");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.programs.len; i++)
    upk_json_string(w, ir->project.programs.items[i].text);
  upk_json_end_array(w);
  upk_json_put_string(w, "state", ir->project.state);
  upk_json_key(w, "targets");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.targets.len; i++)
    write_target(w, &ir->project.targets.items[i]);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
