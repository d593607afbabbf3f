/* The clock and the signals: what libupkeep is handed and never asks for. */
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static int64_t read_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_us(void *ctx) {
  (void)ctx;
  return read_clock(CLOCK_REALTIME);
}

#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME 7
#endif
static int64_t monotonic_us(void *ctx) {
  (void)ctx;
  return read_clock(CLOCK_BOOTTIME);
}

static uint64_t random_bits(void *ctx) {
  uint64_t bits = 0;
  (void)ctx;
  if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
    bits = (uint64_t)read_clock(CLOCK_REALTIME); /* only ids and jitter */
  return bits;
}

upk_clock system_clock(void) {
  return (upk_clock){wall_us, monotonic_us, random_bits, NULL};
}

static volatile int signal_count;
static volatile sig_atomic_t first_signal;

/* A shell that ends sends SIGHUP to a job to which the terminal sent one
 * already: the second is no second wish. */
static void on_signal(int number) {
  if (number == SIGHUP && signal_count)
    return;
  if (!first_signal)
    first_signal = number;
  signal_count++;
}

const volatile int *signals_watch(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  return &signal_count;
}

int signals_number(void) { return (int)first_signal; }

void who_am_i(cli *c, upk_str *ret_user, upk_str *ret_host) {
  const struct passwd *user = getpwuid(geteuid());
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0 || !*host)
    host[0] = '?';
  *ret_user =
      upk_arena_copy(c->arena, upk_str_from(user ? user->pw_name : "unknown"));
  *ret_host = upk_arena_copy(c->arena, upk_str_from(host));
}
