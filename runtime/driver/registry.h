/* The drivers there are. A new one is a folder, a row in registry.c, and a
 * room in CMakeLists.txt. */
#ifndef RUNTIME_DRIVER_REGISTRY_H
#define RUNTIME_DRIVER_REGISTRY_H

#include "driver/driver.h"

extern const driver driver_sqlite;
extern const driver driver_postgres;
extern const driver driver_mariadb; /* over ODBC */

/* driver/odbc: what a connection's process does. The exit code. */
int odbc_serve(void);

#endif
