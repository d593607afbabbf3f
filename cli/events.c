/* Events for programs: apply --json. */
#include "progress.h"

void event_json(const upk_event *event, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_put_int(w, "done", (int64_t)event->done);
  upk_json_put_int(w, "elapsed_us", event->elapsed_us);
  upk_json_put_string(w, "event", upk_str_from(event->name));
  if (event->json.len) {
    upk_json_key(w, "record");
    upk_json_raw(w, upk_str_trim(event->json));
  }
  upk_json_put_string(w, "run", event->run);
  upk_json_put_string(w, "state", upk_str_from(event->state));
  if (event->step.len)
    upk_json_put_string(w, "step", event->step);
  if (event->text.len)
    upk_json_put_string(w, "text", event->text);
  upk_json_put_int(w, "total", (int64_t)event->total);
  upk_json_put_int(w, "wall_us", event->wall_us);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}
