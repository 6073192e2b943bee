/* The files of `ebb train`: which are read, which are written, and whether they conflict.
 *
 * All conflicts are found before the training: afterwards hours might be lost. The name "-" is
 * standard input or output, where allowed; `./-` is a file.
 */
#include "train_files.h"

#include "inputs.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Refuses to overwrite a file that the training reads. `out` may equal `init`, to continue training
 * a model. */
static int check_overwrite(const settings *s, const char *option, const char *path) {
  const char *inputs[] = {s->data, s->labels,      s->valid, s->valid_labels,
                          s->test, s->test_labels, s->config};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    if (same_file(path, inputs[i]))
      return fail(EXIT_USAGE, "%s: %s is also read from; writing would destroy it",
                  settings_origin(s, option).text, path);
  return EXIT_GOOD;
}

/* Checks that a file can be renamed to `path`. */
static int check_replace(const settings *s, const char *option, const char *path) {
  const option_origin origin = settings_origin(s, option);
  struct stat about;
  if (is_stream(path))
    return fail(EXIT_USAGE, "%s: it cannot go to standard output; name a file", origin.text);
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
    return fail(EXIT_FAILED, "%s: %s is not a regular file", origin.text, path);
  const char *slash = strrchr(path, '/');
  if (slash && !slash[1])
    return fail(EXIT_FAILED, "%s: %s names a folder, not a file", origin.text, path);
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  if (!folder) return fail(EXIT_FAILED, "no memory for a file name");
  int code = access(folder, W_OK | X_OK) == 0
                 ? check_overwrite(s, option, path)
                 : fail(EXIT_FAILED, "%s: %s cannot be written: folder %s: %s", origin.text, path,
                        folder, strerror(errno));
  free(folder);
  return code;
}

/* Tries to write a model there, or the smallest network's as long as the real network is unknown.
 */
static int try_out(const settings *s, const ebb_spec *spec, const ebb_encoder *encoder) {
  return fail_option(s, "out", ebb_model_try(spec, encoder, s->out));
}

static int try_path(const settings *s) {
  ebb_spec smallest;
  ebb_status status = ebb_spec_parse(&smallest, "1-1", 1, 1);
  return status == EBB_OK ? try_out(s, &smallest, NULL) : fail_status(status);
}

/* A refit starts from the file of --init, even in a resumed training, so what an interrupted
 * training saves must not change that file. */
static int check_init(const settings *s) {
  if (!s->refit || !s->checkpoint || !same_path(s->out, s->init)) return EXIT_GOOD;
  return fail(EXIT_USAGE,
              "%s: %s is the file of %s, which %s reads again; with checkpoints the model must go "
              "to another one",
              settings_origin(s, "out").text, s->out, settings_origin(s, "init").text,
              settings_origin(s, "refit").text);
}

static int check_out(const settings *s) {
  int code = check_replace(s, "out", s->out);
  if (code == EXIT_GOOD && s->no_clobber && access(s->out, F_OK) == 0)
    code = fail(EXIT_FAILED, "%s: %s exists, and is not replaced because of %s",
                settings_origin(s, "out").text, s->out, settings_origin(s, "no-clobber").text);
  if (code == EXIT_GOOD) code = check_init(s);
  return code == EXIT_GOOD ? try_path(s) : code;
}

bool same_path(const char *a, const char *b) {
  return a && b && (strcmp(a, b) == 0 || same_file(a, b));
}

static int check_log(const settings *s) {
  if (!s->log) return EXIT_GOOD;
  const option_origin origin = settings_origin(s, "log");
  if (is_stream(s->log) && s->json)
    return fail(EXIT_USAGE, "%s: standard output has the result of %s already; name a file",
                origin.text, settings_origin(s, "json").text);
  if (same_path(s->log, s->out) || same_file(s->log, s->init))
    return fail(EXIT_USAGE, "%s: %s is the file of a model", origin.text, s->log);
  return check_overwrite(s, "log", s->log);
}

/* A trace must go to a file with no other use. */
static int check_trace(const settings *s) {
  if (!s->trace) return EXIT_GOOD;
  const option_origin origin = settings_origin(s, "trace");
  int code = check_replace(s, "trace", s->trace);
  if (code == EXIT_GOOD && (same_path(s->trace, s->out) || same_path(s->trace, s->init)))
    code = fail(EXIT_USAGE, "%s: %s is the file of a model", origin.text, s->trace);
  if (code == EXIT_GOOD && same_path(s->trace, s->log))
    code = fail(EXIT_USAGE, "%s: %s is the log", origin.text, s->trace);
  return code;
}

int files_check(const settings *s) {
  if (!s->data) return fail(EXIT_USAGE, "train: --data is missing: the file with the rows");
  int code = check_streams(s);
  if (code == EXIT_GOOD) code = check_out(s);
  if (code == EXIT_GOOD) code = check_log(s);
  return code == EXIT_GOOD ? check_trace(s) : code;
}

int files_try(const training *t) {
  return try_out(t->s, &t->spec, t->encoder);
}

void files_note_replaced(const settings *s) {
  struct stat about;
  struct tm when;
  char date[64];
  if (settings_named(s, "out") || stat(s->out, &about) != 0) return;
  if (!localtime_r(&about.st_mtime, &when) ||
      strftime(date, sizeof date, "%Y-%m-%d %H:%M", &when) == 0)
    return;
  note(s, "out      replaces %s of %s; --out names another file, --no-clobber refuses", s->out,
       date);
}
