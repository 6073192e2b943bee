/* The bench's end of a worker's pipe. If a worker dies while working, the bench ends: a table with
 * a silent gap would look complete.
 */
#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct worker {
  pid_t pid;
  FILE *to, *from;
  void (*describe)(char *text, size_t size, const bench_case *c);
  char line[256]; /* the last answer, without its line end */
} worker;

/* Reads an answer. Returns true if it begins with `word`, which is then removed. */
static bool answered(worker *w, const char *word) {
  size_t length = strlen(word);
  if (strncmp(w->line, word, length) != 0) return false;
  memmove(w->line, w->line + length, strlen(w->line + length) + 1);
  return true;
}

static bool read_line(worker *w) {
  if (!fgets(w->line, sizeof w->line, w->from)) return false;
  w->line[strcspn(w->line, "\n")] = 0;
  return true;
}

static void ask(contestant *self, const char *format, ...) {
  worker *w = self->state;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(w->to, format, arguments);
  va_end(arguments);
  if (fflush(w->to) != 0 || !read_line(w)) bench_fail("%s: its process ended early", self->name);
}

static bool prepare(contestant *self, const bench_case *c) {
  worker *w = self->state;
  char text[160];
  w->describe(text, sizeof text, c);
  ask(self, "case %s\n", text);
  if (answered(w, "no ")) return bench_sit_out(self, "%s", w->line);
  if (!answered(w, "ok")) bench_fail("%s: %s: %s", self->name, text, w->line);
  snprintf(self->note, sizeof self->note, "%.150s", w->line + (w->line[0] == ' '));
  return true;
}

static double run(contestant *self, size_t repetitions) {
  worker *w = self->state;
  ask(self, "run %zu\n", repetitions);
  char *end;
  double seconds = strtod(w->line, &end);
  if (end == w->line || !(seconds > 0)) bench_fail("%s: %s", self->name, w->line);
  return seconds;
}

static void release(contestant *self) {
  worker *w = self->state;
  if (w->to) fclose(w->to);
  if (w->from) fclose(w->from);
  if (w->pid > 0) waitpid(w->pid, NULL, 0);
  free(w);
}

/* Starts the process with pipes as its standard input and output. */
static bool start(worker *w, const char *const argv[]) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) bench_fail("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  int error = posix_spawnp(&w->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  w->to = fdopen(to[1], "w");
  w->from = fdopen(from[0], "r");
  if (error != 0) w->pid = 0;
  return error == 0;
}

contestant *bench_worker(const char *name, const char *const argv[],
                         void (*describe)(char *text, size_t size, const bench_case *c)) {
  worker *w = bench_alloc(sizeof *w);
  contestant *who = bench_contestant(name, w);
  who->prepare = prepare;
  who->run = run;
  who->free = release;
  w->describe = describe;
  signal(SIGPIPE, SIG_IGN);
  who->absent = true;
  if (!start(w, argv)) {
    bench_sit_out(who, "%s cannot be run", argv[0]);
  } else if (!read_line(w)) {
    bench_sit_out(who, "%s ended at once", argv[0]);
  } else if (answered(w, "no ")) {
    bench_sit_out(who, "%.180s", w->line);
  } else if (answered(w, "ready ")) {
    snprintf(who->version, sizeof who->version, "%.95s", w->line);
    who->absent = false;
  } else {
    bench_fail("%s: %s", name, w->line);
  }
  return who;
}

contestant *bench_script(const char *name, const char *interpreter, const char *script,
                         const char *const arguments[3],
                         void (*describe)(char *text, size_t size, const bench_case *c)) {
  const char *chosen = getenv("EBB_BENCH_PYTHON");
  char path[512];
  snprintf(path, sizeof path, "%s/%s", EBB_BENCH_FOLDER, script);
  if (!interpreter) interpreter = chosen && *chosen ? chosen : "python3";
  const char *const argv[] = {interpreter, path, arguments[0], arguments[1], arguments[2], NULL};
  return bench_worker(name, argv, describe);
}
