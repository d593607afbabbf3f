#include "driver/registry.h"

#include <upkeep/runtime.h>

static const driver *const built_in[] = {
#ifdef UPKEEP_WITH_POSTGRES
    &driver_postgres,
#endif
    &driver_sqlite,
#ifdef UPKEEP_WITH_ODBC
    &driver_mariadb,
#endif
};

/* Engines upkeep knows of, and the configure option of each driver; NULL: it
 * is always built in. */
static const struct {
  const char *engine, *option;
} known[] = {
    {"postgres", "UPKEEP_WITH_POSTGRES"},
    {"sqlite", NULL},
    {"mariadb", "UPKEEP_WITH_ODBC"},
};

static const struct {
  const char *name;
  bool transient;
} classes[] = {
#define X(name, text, transient) {text, transient},
    DRIVER_CLASS_TABLE(X)
#undef X
};

const driver *driver_at(size_t index) {
  return index < sizeof built_in / sizeof *built_in ? built_in[index] : NULL;
}

const driver *driver_find(upk_str engine) {
  for (size_t i = 0; driver_at(i); i++)
    if (upk_str_is(engine, driver_at(i)->engine))
      return driver_at(i);
  return NULL;
}

const char *driver_option(upk_str engine) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (upk_str_is(engine, known[i].engine))
      return known[i].option;
  return NULL;
}

const char *driver_class_name(driver_class class) {
  return classes[class].name;
}

bool driver_class_transient(driver_class class) {
  return classes[class].transient;
}

const char *upk_driver_name(size_t index) {
  const driver *found = driver_at(index);
  return found ? found->engine : NULL;
}

int upk_session_serve(void) {
#ifdef UPKEEP_WITH_ODBC
  return odbc_serve();
#else
  return 1;
#endif
}
