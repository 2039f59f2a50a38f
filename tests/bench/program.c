/* Plays the wrapped program for the benchmarks.
 *
 *   program emit FILE TIMES WARMUP   in raw mode, waits so many milliseconds, writes a file so many times; the nanosecond
 *                             at which it began goes to $BENCH_STAMP
 *   program echo RATE         in raw mode, says READY and echoes keys, while it writes RATE KB/s (0: nothing, -1: all it can)
 *   program stamp             the nanosecond of its main goes to $BENCH_STAMP, a ! to the terminal
 *   program hold FILE         writes a file and sleeps
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void stamp(uint64_t at) {
  char *path = getenv("BENCH_STAMP");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%lu\n", at);
  fclose(file);
}

static void raw(void) {
  struct termios modes;
  if (tcgetattr(1, &modes)) return;
  cfmakeraw(&modes);
  tcsetattr(1, TCSANOW, &modes);
}

static void emit(const char *path, int times) {
  int fd = open(path, O_RDONLY);
  struct stat s;
  if (fd < 0 || fstat(fd, &s)) exit(2);
  char *data = mmap(NULL, s.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  stamp(now());
  while (times--)
    for (off_t at = 0; at < s.st_size;) {
      size_t piece = s.st_size - at < 65536 ? s.st_size - at : 65536;
      ssize_t wrote = write(1, data + at, piece);
      if (wrote < 0) exit(1);
      at += wrote;
    }
}

static void echo(double rate) {
  static char text[4096];
  for (size_t i = 0; i < sizeof text; i++) text[i] = i % 80 == 79 ? '\n' : i % 7 == 6 ? ' ' : 'a' + i % 26;
  raw();
  (void)!write(1, "READY\r\n", 7);
  uint64_t start = now(), sent = 0;
  for (char key;;) {
    double due = rate > 0 ? (now() - start) / 1e6 * rate : 0;
    int writing = rate < 0 || sent < due;
    struct pollfd p = {.fd = 0, .events = POLLIN};
    if (poll(&p, 1, writing ? 0 : rate ? 1 : -1) > 0 && (read(0, &key, 1) != 1 || write(1, &key, 1) != 1)) return;
    if (writing) {
      ssize_t wrote = write(1, text, rate < 0 ? sizeof text : 500);
      if (wrote < 0) return;
      sent += wrote;
    }
  }
}

int main(int argc, char **argv) {
  uint64_t begun = now();
  if (argc < 2) return 2;
  if (!strcmp(argv[1], "stamp")) {
    stamp(begun);
    (void)!write(1, "!\r\n", 3);
  } else if (!strcmp(argv[1], "echo")) {
    echo(atof(argv[2]));
  } else {
    raw();
    if (argc > 4) usleep(1000 * atoi(argv[4]));
    emit(argv[2], argc > 3 ? atoi(argv[3]) : 1);
    if (!strcmp(argv[1], "hold")) pause();
  }
  return 0;
}
