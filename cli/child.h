/* Compiling in a process of its own: policies are other people's programs.
 *
 * The child is this program again, started by exec with the hidden verb
 * CHILD_VERB, an empty environment and one socket. It gives up everything but
 * that socket, processor time and memory (child_lock.c), asks the parent for
 * files, and sends back status, diagnostics and output. Whatever becomes of
 * it, the parent goes on with a diagnostic of 1340 to 1345.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <sys/resource.h>

#include <upkeep/compile.h>

#define CHILD_VERB "__compile"

enum {
  CHILD_SOCKET = 3, /* descriptors of the child */
  CHILD_FACTS = 4,
  CHILD_CPU_S = 20,        /* a request */
  CHILD_SILENT_MS = 60000, /* without a byte from the child */
};
#define CHILD_MEMORY_BYTES ((uint64_t)1 << 30)

/* A child that answers one request after the other. It is started by the first
 * one, and again by the next when it has died; each request has limits of
 * processor time and silence of its own. The project is read as
 * upk_compiler does: once. NULL with a diagnostic when a folder cannot be
 * opened. One thread at a time may use it. */
typedef struct child child;
child *child_open(const char *project_folder, const char *stdlib_folder,
                  upk_diags *diags);
/* As child_compile; the facts go over the socket. */
upk_status child_ask(child *c, const upk_compile_request *request,
                     upk_diags *diags, upk_buf *output);
void child_close(child *c); /* NULL is fine */

/* upk_compile in a child. Files are those below `project_folder`; paths that
 * begin with "@stdlib/" are below `stdlib_folder`, which may be NULL. No link
 * leads out of either. `output` gets bytes on UPK_OK only:
 * what a compilation sent before it failed is taken off again. request->facts
 * goes over in memory that both share. Blocks; must not run twice at once on
 * the same `diags`. */
upk_status child_compile(const upk_compile_request *request,
                         const char *project_folder, const char *stdlib_folder,
                         upk_diags *diags, upk_buf *output);

/* The same with the facts in an open regular file, or -1: it is mapped, and
 * not read before. The caller keeps the descriptor. */
upk_status child_compile_facts(const upk_compile_request *request,
                               int facts_file, const char *project_folder,
                               const char *stdlib_folder, upk_diags *diags,
                               upk_buf *output);

/* What CHILD_VERB does; the exit code. */
int child_main(void);

/* child_lock.c: limits and system calls. NULL, or what could not be done. */
const char *child_lock(void);

/* Adds the diagnostic for how a child ended: wait status and resources used.
 * For an ordinary end too, when it ended without an answer. */
void child_blame(upk_diags *diags, int wait_status, const struct rusage *usage);
/* The same when it was stopped because it said nothing for too long. */
void child_blame_silence(upk_diags *diags);

#endif
