/* Runs a program and prints "WALL_US CPU_US RSS_KIB" of it and of its children
 * to descriptor 3: bench_time PROGRAM ARGUMENTS.. 3>numbers. Its
 * exit code is the program's. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long us(struct timeval t) {
  return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv) {
  struct rusage used;
  int status = 0;
  long long start = now_us();
  if (argc < 2)
    return 64;
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  if (child < 0 || waitpid(child, &status, 0) < 0)
    return 1;
  long long wall = now_us() - start;
  getrusage(RUSAGE_CHILDREN, &used);
  dprintf(3, "%lld %lld %ld\n", wall, us(used.ru_utime) + us(used.ru_stime),
          used.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
