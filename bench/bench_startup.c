/* Start-up: from the start of the process to the end of the first training, `ebb train` on the
 * digits demo for one epoch, with an empty and with a full cache of compiled kernels. Also its
 * parts, as reported by the tool: from the open device to the end of the first step, and until the
 * kernels of evaluations are compiled too.
 *
 * The tool is run as a user runs it, so the time includes reading the data, opening the device,
 * compiling and saving the model; the 45 steps of the epoch are the smallest part. The caches are
 * the drivers' own (POCL_CACHE_DIR, CUDA_CACHE_PATH), and ours for drivers without one
 * (XDG_CACHE_HOME), in a folder for this bench. Rejected: a clock inside the tool for the whole,
 * which would miss the loader.
 */
#include "harness/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A part of the start-up, by its key in the tool's JSON; NULL: all of it. */
typedef struct part {
  const char *name, *key;
} part;
static const part parts[] = {
    {"", NULL}, {": first step", "first_step_seconds"}, {": compiled", "compiled_seconds"}};
enum { PARTS = sizeof parts / sizeof *parts };

/* A timed case: a part, with an empty or a full cache. */
typedef struct problem {
  const part *part;
  bool cold;
} problem;

typedef struct startup {
  char folder[64], cache[80], model[80], result[80];
  problem what;
} startup;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

/* Removes a folder of this bench's own, if it is there. */
static void remove_folder(const char *path) {
  struct stat status;
  if (stat(path, &status) == 0 && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
    bench_fail("%s cannot be removed", path);
}

static void new_cache(const startup *s) {
  remove_folder(s->cache);
  if (mkdir(s->cache, 0700) != 0) bench_fail("%s cannot be made", s->cache);
}

/* A number by its key in the JSON written by the tool. */
static double read_result(const startup *s, const char *key) {
  char text[8192] = "", quoted[64];
  FILE *file = fopen(s->result, "r");
  if (file) text[fread(text, 1, sizeof text - 1, file)] = '\0';
  if (file) fclose(file);
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = strstr(text, quoted);
  if (!at) bench_fail("%s: the tool does not tell \"%s\"", s->result, key);
  return strtod(at + strlen(quoted), NULL);
}

static double train_once(const startup *s) {
  const char *chosen = getenv("EBB_BENCH_TOOL"), *tool = chosen ? chosen : EBB_BENCH_TOOL;
  const char *const argv[] = {tool,      "train",   "--data", EBB_BENCH_DATA, "--model",
                              "128relu", "--valid", "0.2",    "--epochs",     "1",
                              "--quiet", "--json",  "--out",  s->model,       NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, s->result, O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  pid_t pid;
  int status = 0;
  double start = bench_now();
  int error = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
  if (error == 0) waitpid(pid, &status, 0);
  double seconds = bench_now() - start;
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0 || status != 0) bench_fail("%s train: failed (status %d)", argv[0], status);
  return s->what.part->key ? read_result(s, s->what.part->key) : seconds;
}

static double run(contestant *self, size_t repetitions) {
  const startup *s = self->state;
  double seconds = 0;
  for (size_t i = 0; i < repetitions; i++) {
    if (s->what.cold) new_cache(s);
    seconds += train_once(s);
  }
  return seconds;
}

/* Checks that the tool succeeds and writes a model. */
static bool prepare(contestant *self, const bench_case *c) {
  startup *s = self->state;
  s->what = *(const problem *)c->problem;
  if (s->what.cold) return true;
  new_cache(s);
  train_once(s);
  if (access(s->model, R_OK) != 0) bench_fail("the tool left no model at %s", s->model);
  return true;
}

static void release(contestant *self) {
  const startup *s = self->state;
  remove_folder(s->folder);
  free(self->state);
}

static contestant *startup_ebb(void) {
  startup *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant("ebb", s);
  const char *base = getenv("TMPDIR");
  snprintf(s->folder, sizeof s->folder, "%.32s/ebb-startup-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(s->folder)) bench_fail("%s: no folder could be made", s->folder);
  snprintf(s->cache, sizeof s->cache, "%s/cache", s->folder);
  snprintf(s->model, sizeof s->model, "%s/model", s->folder);
  snprintf(s->result, sizeof s->result, "%s/result", s->folder);
  setenv("POCL_CACHE_DIR", s->cache, 1);
  setenv("CUDA_CACHE_PATH", s->cache, 1);
  setenv("XDG_CACHE_HOME", s->cache, 1);
  snprintf(who->version, sizeof who->version, "%s", ebb_version());
  who->prepare = prepare;
  who->run = run;
  who->free = release;
  return who;
}

int main(int argc, char **argv) {
  bench b;
  bench_open(&b, "startup", "Process start to the end of a first epoch, cold and warm caches.",
             argc, argv);
  bench_enter(&b, startup_ebb());
  for (int i = 0; i < 2 * PARTS; i++) {
    const problem what = {&parts[i % PARTS], i < PARTS};
    char name[64];
    if (b.quick && what.part->key) continue;
    snprintf(name, sizeof name, "digits, %s%s", what.cold ? "cold" : "warm", what.part->name);
    bench_case c = {.group = "startup",
                    .name = name,
                    .layout = "",
                    .optimizer = "adam",
                    .batch = 32,
                    .problem = &what};
    if (bench_wants(&b, c.name)) bench_run(&b, &c);
  }
  bench_close(&b);
  return 0;
}
