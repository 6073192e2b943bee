/* Saving a model in another place. A model may be hours of work, and what prevents writing it to
 * its place, such as a full disk or a missing folder, need not prevent writing it elsewhere.
 * Nothing is ever replaced there: the file is created exclusively, which fails if the name exists,
 * even as somebody else's link.
 */
#include "save.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 1000, WHY = 2048 };

/* Length of the folder part of a path, with its slash. */
static int folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (int)(slash - path) + 1 : 0;
}

/* Creates an empty file named `prefix` plus the name of `path`, with a number before the extension
 * if that name is taken. */
static bool reserve(char *where, size_t size, const char *prefix, const char *path, mode_t mode) {
  const char *name = path + folder_length(path), *dot = strrchr(name, '.');
  int stem = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
  errno = EEXIST;
  for (int i = 0; i < TRIES && errno == EEXIST; i++) {
    char number[16] = "";
    if (i > 0) snprintf(number, sizeof number, "-%d", i);
    int length = snprintf(where, size, "%s%.*s%s%s", prefix, stem, name, number, name + stem);
    if (length < 0 || (size_t)length >= size) errno = ENAMETOOLONG;
    if (errno == ENAMETOOLONG) return false;
    int made = open(where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (made >= 0) return close(made) == 0;
  }
  return false;
}

/* Writes the image to a new file; on failure `why` says what prevented it. */
static bool save_new(const char *prefix, mode_t mode, const char *path,
                     const ebb_model_image *image, char *where, size_t size, char why[WHY]) {
  if (!reserve(where, size, prefix, path, mode)) {
    snprintf(why, WHY, "%s: cannot be written: %s", path, strerror(errno));
  } else if (ebb_model_image_write(image, where) != EBB_OK) {
    snprintf(why, WHY, "%s", ebb_error_message());
    unlink(where);
  } else {
    return true;
  }
  where[0] = '\0';
  return false;
}

/* A command line to paste. */
static void print_move_command(const char *from, const char *to) {
  fputs("ebb: once that is fixed: mv ", stderr);
  shell_word(stderr, from);
  fputc(' ', stderr);
  shell_word(stderr, to);
  fputc('\n', stderr);
}

/* Saves a model that cannot be written to its place, for the reason `why`. */
static int save_elsewhere(const settings *s, const ebb_model_image *image, char *where, size_t size,
                          int code, const char *why) {
  const char *folders[] = {s->checkpoint, getenv("TMPDIR"), "/tmp"};
  char prefix[4096], ignored[WHY];
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    if (!folders[i] || !*folders[i]) continue;
    snprintf(prefix, sizeof prefix, "%s/", folders[i]);
    if (!save_new(prefix, 0600, s->out, image, where, size, ignored)) continue;
    fail(code, "%s; the model is in %s instead", why, where);
    print_move_command(where, s->out);
    return code;
  }
  return fail(code, "%s; nor could it be written to /tmp: no model is saved", why);
}

int save_image(const settings *s, const ebb_model_image *image, char *where, size_t size) {
  char why[WHY];
  ebb_status status = ebb_model_image_write(image, s->out);
  snprintf(where, size, "%s", status == EBB_OK ? s->out : "");
  if (status == EBB_OK) return EXIT_GOOD;
  snprintf(why, sizeof why, "%s", ebb_error_message());
  return save_elsewhere(s, image, where, size, exit_code(status), why);
}

int save_rescued(const settings *s, const ebb_model_image *image, char *where, size_t size) {
  char prefix[4096], why[WHY];
  snprintf(prefix, sizeof prefix, "%.*s", folder_length(s->out), s->out);
  if (save_new(prefix, 0666, s->out, image, where, size, why)) return EXIT_GOOD;
  return save_elsewhere(s, image, where, size, EXIT_FAILED, why);
}
