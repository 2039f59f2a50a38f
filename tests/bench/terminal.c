/* Plays the user's terminal for the benchmarks: runs a command on a pty and measures what a user would see.
 *
 *   terminal drain COLUMNS LINES COMMAND...            reads to the end
 *   terminal keys COLUMNS LINES ROUNDS GAP_US COMMAND... -- COMMAND...
 *                                                      after READY, types one key at a time and waits for its echo
 *   terminal hold COLUMNS LINES COMMAND...             reads until stdin is closed, then hangs up
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. The answer is one line of JSON. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 18];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Bytes read, 0 at the end: on Linux a pty ends with EIO. */
static size_t take(int master) {
  ssize_t got;
  do got = read(master, buffer, sizeof buffer);
  while (got < 0 && errno == EINTR);
  return got > 0 ? got : 0;
}

static void drain(int master, pid_t pid, uint64_t start) {
  uint64_t bytes = 0, last = start, mark = 0;
  uint64_t sum = 14695981039346656037ull; /* FNV-1a */
  int checked = getenv("BENCH_SUM") != NULL;
  for (size_t got; (got = take(master));) {
    last = now();
    bytes += got;
    if (!mark && memchr(buffer, '!', got)) mark = last;
    if (checked)
      for (size_t i = 0; i < got; i++) sum = (sum ^ (unsigned char)buffer[i]) * 1099511628211ull;
  }
  int status;
  waitpid(pid, &status, 0);
  uint64_t end = now();
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  printf("{\"start\":%lu,\"mark\":%lu,\"last\":%lu,\"end\":%lu,\"bytes\":%lu,\"sum\":\"%lx\",\"cpu\":%.4f,\"status\":%d}\n",
         start, mark, last, end, bytes, sum, cpu, status);
}

static pid_t start(char **command, struct winsize *size, int *master) {
  pid_t pid = forkpty(master, NULL, NULL, size);
  if (!pid) {
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
  }
  return pid;
}

static void hang_up(int master, pid_t pid) {
  close(master);
  for (int i = 0; i < 200 && !waitpid(pid, NULL, WNOHANG); i++) usleep(10000);
  kill(pid, SIGKILL);
}

/* Reads whatever the terminals have until `due`, or until one of them, `wanted`, shows `key`; returns that moment. */
static uint64_t watch(struct pollfd *terminals, int count, int wanted, char key, uint64_t due) {
  for (uint64_t t; (t = now()) < due;) {
    struct timespec left = {(due - t) / 1000000000, (due - t) % 1000000000};
    if (ppoll(terminals, count, &left, NULL) <= 0) continue;
    for (int i = 0; i < count; i++) {
      if (!terminals[i].revents) continue;
      size_t got = take(terminals[i].fd);
      if (!got) exit(3);
      if (i == wanted && memchr(buffer, key, got)) return now();
    }
  }
  return 0;
}

/* One key at a time, in each of several terminals in turn: what disturbs one of them disturbs all. */
static void keys(char **commands, struct winsize *size, int rounds, int gap) {
  enum { MOST = 16 };
  struct pollfd terminals[MOST];
  pid_t pids[MOST];
  static uint64_t *seen[MOST];
  int count = 0;
  for (char **end = commands; *commands && count < MOST; commands = end) {
    for (end = commands; *end && strcmp(*end, "--");) end++;
    if (*end) *end++ = NULL;
    pids[count] = start(commands, size, &terminals[count].fd);
    terminals[count].events = POLLIN;
    seen[count] = calloc(rounds, sizeof **seen);
    watch(terminals, count + 1, count, 'R', now() + 20000000000ull); /* READY */
    count++;
  }
  watch(terminals, count, -1, 0, now() + 1000000000ull); /* until whoever listens has started */
  for (int i = 0; i < rounds; i++)
    for (int turn = 0; turn < count; turn++) {
      int each = (i + turn) % count;
      watch(terminals, count, -1, 0, now() + (gap / 2 + random() % gap) * 1000ull);
      char key = "QUVWY"[i % 5]; /* the flood has no capitals */
      uint64_t typed = now();
      if (write(terminals[each].fd, &key, 1) != 1) exit(3);
      uint64_t shown = watch(terminals, count, each, key, typed + 5000000000ull);
      seen[each][i] = shown ? shown - typed : 5000000000ull;
    }
  printf("[");
  for (int each = 0; each < count; each++) {
    for (int i = 0; i < rounds; i++) printf("%s%lu", i ? "," : each ? ",[" : "[", seen[each][i]);
    printf("]");
    hang_up(terminals[each].fd, pids[each]);
  }
  printf("]\n");
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  char *mode = argv[1], **command = argv + 4;
  struct winsize size = {.ws_col = atoi(argv[2]), .ws_row = atoi(argv[3])};
  if (!strcmp(mode, "keys")) {
    keys(command + 2, &size, atoi(command[0]), atoi(command[1]));
    return 0;
  }
  int master;
  uint64_t begun = now();
  pid_t pid = start(command, &size, &master);
  if (!strcmp(mode, "drain")) {
    drain(master, pid, begun);
    return 0;
  }
  printf("{\"pid\":%d}\n", pid);
  fflush(stdout);
  struct pollfd p[2] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (poll(p, 2, -1) >= 0 && !p[1].revents)
    if (!take(master)) break;
  hang_up(master, pid);
  return 0;
}
