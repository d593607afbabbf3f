#include <upkeep/status.h>

static const struct {
  int exit_code;
  const char *text;
} statuses[] = {
#define X(name, exit_code, text) {exit_code, text},
    UPK_STATUS_TABLE(X)
#undef X
};

int upk_status_exit_code(upk_status status) {
  return statuses[status].exit_code;
}

const char *upk_status_text(upk_status status) { return statuses[status].text; }
