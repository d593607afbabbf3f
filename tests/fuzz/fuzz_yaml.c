/* The YAML front end: any bytes, as a file of policies and as a project.
 * Nothing may crash, leak or take long; and what is read must obey the
 * tables, so a policy without an error has its required parts. */
#include <stdlib.h>

#include "front/schema.h"
#include "front_harness.h"

static void need(bool condition) {
  if (!condition)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  harness h;
  upk_str text = {(const char *)data, size};
  upk_buf out = {0};
  harness_begin(&h);
  front_yaml(&h.ir, UPK_STR("a.yaml"), text);
  front_policies_sort(&h.ir);
  for (size_t i = 0; i < h.ir.policies.len; i++) {
    const ir_policy *p = &h.ir.policies.items[i];
    need(p->name.len > 0 && (p->name_only || p->kind_name.text.len > 0));
    need(p->priority >= 0 && p->priority <= 100);
    need(i == 0 || upk_str_compare(p[-1].name, p->name) < 0);
  }
  front_policies_parse(&h.ir, true);
  harness_add(&h, "upkeep.yaml", text);
  if (front_project(&h.ir) && h.diags.failures == 0) {
    need(h.ir.project.targets.len > 0 && h.ir.project.version == 1);
    need(project_write(&h.ir, upk_sink_buf(&out)));
  }
  upk_diags_render_text(&h.diags, false, &out);
  upk_buf_free(&out);
  harness_end(&h);
  return 0;
}
