/* SQLSTATEs that ODBC and SQL give, where the native code says no more. */
#include <string.h>

#include "driver/odbc/dialect.h"

/* By SQLSTATE or its beginning, the longer one first (ODBC Programmer's
 * Reference, Appendix A; ISO/IEC 9075-2, 24.1). */
static const struct {
  const char *prefix;
  driver_class class;
} states[] = {
    {"HYT00", DRIVER_TIMEOUT},   {"HYT01", DRIVER_CONNECTION},
    {"HY008", DRIVER_CANCELLED}, {"HY018", DRIVER_OTHER},
    {"70100", DRIVER_CANCELLED}, {"40001", DRIVER_DEADLOCK},
    {"25006", DRIVER_READ_ONLY}, {"53100", DRIVER_DISK_FULL},
    {"IM", DRIVER_CONNECTION},   {"08", DRIVER_CONNECTION},
    {"28", DRIVER_PRIVILEGE},    {"42501", DRIVER_PRIVILEGE},
    {"37", DRIVER_SYNTAX},       {"42", DRIVER_SYNTAX},
    {"S0", DRIVER_SYNTAX},
};

static const odbc_dialect *const dialects[] = {&odbc_mariadb};

const odbc_dialect *odbc_dialect_find(upk_str engine) {
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    if (upk_str_is(engine, dialects[i]->engine))
      return dialects[i];
  return NULL;
}

driver_class odbc_class(const odbc_dialect *dialect, const char *sqlstate,
                        int native) {
  for (size_t i = 0; native && i < dialect->code_count; i++)
    if (dialect->codes[i].code == native)
      return dialect->codes[i].class;
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0)
      return states[i].class;
  return DRIVER_OTHER;
}
