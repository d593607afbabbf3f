/* The process of one ODBC connection: drivers crash, block and print, and none
 * of that must reach upkeep. It is this program again, started by exec with
 * the hidden verb UPK_SESSION_VERB and one socket as its standard input. */
#ifndef RUNTIME_DRIVER_ODBC_PROCESS_H
#define RUNTIME_DRIVER_ODBC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/odbc/session.h"

enum { ODBC_SOCKET = 0 };

bool odbc_write_all(int socket, upk_str bytes);

/* kill.c: a process like this one connects and asks the server to end what the
 * session is doing. Blocks for a few seconds at most. A second connection in
 * this process will not do: driver managers may let only one call in at once.
 */
void odbc_kill(const odbc_session *session, upk_str connect);

#endif
