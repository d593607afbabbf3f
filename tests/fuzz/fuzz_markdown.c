/* The requirements document: any bytes. Nothing may crash, leak or take long;
 * each value has a place in the document, and what is read is in its bounds. */
#include <stdlib.h>

#include "front_harness.h"

static void need(bool condition) {
  if (!condition)
    abort();
}

static const char upkeep_yaml[] =
    "version: 1\nrequirements: CLAUDE.md\n"
    "targets:\n  shop: { engine: sqlite, connect: shop.db }\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  harness h;
  upk_buf out = {0};
  harness_begin(&h);
  h.request.mode = UPK_COMPILE_REQUIREMENTS;
  harness_add(&h, "CLAUDE.md", (upk_str){(const char *)data, size});
  harness_add(&h, "upkeep.yaml", upk_str_from(upkeep_yaml));
  need(front_project(&h.ir));
  for (size_t i = 0; i < h.ir.requirements.items.len; i++) {
    const ir_requirement *item = &h.ir.requirements.items.items[i];
    need(item->span.line > 0 && item->span.column > 0);
    if (item->key == IR_REQUIREMENT_availability)
      need(item->integer > 0 && item->integer < 1000000);
    ir_requirement_print(item, &out);
  }
  for (size_t i = 0; i < h.ir.project.windows.len; i++)
    need(h.ir.project.windows.items[i].duration_us > 0);
  if (h.diags.failures == 0)
    need(project_write(&h.ir, upk_sink_buf(&out)));
  upk_diags_render_text(&h.diags, false, &out);
  upk_buf_free(&out);
  harness_end(&h);
  return 0;
}
