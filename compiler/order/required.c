#include "order/required.h"

static bool is_for(const ir *ir, const ir_window *window, bool own) {
  return window->required &&
         (own ? window->target.data &&
                    upk_str_equal(window->target, ir->target->name)
              : !window->target.data);
}

/* When it next is open from now on; INT64_MAX: not at all. */
static int64_t next_us(const ir *ir, const ir_window *window) {
  for (size_t i = 0; i < window->open.count; i++)
    if (window->open.items[i].to_us > ir->now_us)
      return window->open.items[i].from_us > ir->now_us
                 ? window->open.items[i].from_us
                 : ir->now_us;
  return INT64_MAX;
}

static ir_window *choose(ir *ir) {
  ir_window *best = NULL;
  for (int own = 1; own >= 0 && !best; own--) /* its own, or those of all */
    for (size_t i = 0; i < ir->project.windows.len; i++) {
      ir_window *window = &ir->project.windows.items[i];
      if (is_for(ir, window, own) &&
          (!best || next_us(ir, window) < next_us(ir, best)))
        best = window;
    }
  return best;
}

void required_windows(ir *ir) {
  ir_window *window = choose(ir);
  for (size_t i = 0; window && i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    if (!policy->applies || !policy->by.len || policy->window.text.data)
      continue;
    policy->window_required = true;
    policy->window_resolved = window;
    policy->window = (ir_text){window->name, window->span, window->span};
    *UPK_PUSH(ir->arena, &ir->requirements.fills) =
        (ir_fill){i, UPK_STR("window"), window->name, window->span};
  }
}
