/* Reports: violations as they happen, and at the end of the process what was launched and built.
 *
 * A report is lines of words, so that scripts can read it: "violation CALL: …", "kernel NAME
 * LAUNCHES", and a last line "end PROFILE launches N programs N cached N violations N". Several
 * processes may append to one file; a line is written at once.
 */
#include "checker.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 256 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long violations, launches, programs, cached;
static struct {
  char name[NAME_MAX_];
  unsigned long count;
} names[NAMES_MAX];

static void write_line(const char *line, size_t length) {
  const char *path = getenv("CHECKER_REPORT");
  int file = path && path[0] ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : STDERR_FILENO;
  if (file < 0 || write(file, line, length) != (ssize_t)length) perror("CHECKER_REPORT");
  if (file > STDERR_FILENO) close(file);
}

cl_int violation(cl_int error, const char *call, const char *format, ...) {
  char text[768], line[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  int length = snprintf(line, sizeof line, "violation %s: %s\n", call, text);
  pthread_mutex_lock(&lock);
  violations++;
  write_line(line, (size_t)length);
  pthread_mutex_unlock(&lock);
  return error;
}

unsigned long violation_count(void) {
  return violations;
}

void count_launch(const char *name) {
  pthread_mutex_lock(&lock);
  size_t i = 0;
  while (i + 1 < NAMES_MAX && names[i].name[0] && strcmp(names[i].name, name) != 0) i++;
  snprintf(names[i].name, sizeof names[i].name, "%s", name);
  names[i].count++;
  launches++;
  pthread_mutex_unlock(&lock);
}

void count_program(bool from_binary) {
  pthread_mutex_lock(&lock);
  if (from_binary)
    cached++;
  else
    programs++;
  pthread_mutex_unlock(&lock);
}

/* The options are the first line, as a comment, so that the file compiles as it is. */
void write_program(const program *p) {
  const char *folder = getenv("CHECKER_PROGRAMS");
  char path[4096];
  if (!folder || !folder[0] || p->count == 0) return;
  snprintf(path, sizeof path, "%s/%05d-%04lu-%s.cl", folder, (int)getpid(), programs + cached,
           p->kernels[0].name);
  FILE *file = fopen(path, "w");
  if (!file || fprintf(file, "// %s\n%s", p->options, p->source) < 0) perror(path);
  if (file) fclose(file);
}

void write_end(void) {
  char line[256];
  for (size_t i = 0; i < NAMES_MAX && names[i].count; i++) {
    int length = snprintf(line, sizeof line, "kernel %s %lu\n", names[i].name, names[i].count);
    write_line(line, (size_t)length);
  }
  int length =
      snprintf(line, sizeof line, "end %s launches %lu programs %lu cached %lu violations %lu\n",
               the_profile()->key, launches, programs, cached, violations);
  write_line(line, (size_t)length);
}

cl_int answer(size_t size, void *value, size_t *needed, const void *from, size_t bytes) {
  if (needed) *needed = bytes;
  if (!value) return CL_SUCCESS;
  if (size < bytes) return CL_INVALID_VALUE;
  memcpy(value, from, bytes);
  return CL_SUCCESS;
}

cl_int answer_text(size_t size, void *value, size_t *needed, const char *text) {
  return answer(size, value, needed, text, strlen(text) + 1);
}
