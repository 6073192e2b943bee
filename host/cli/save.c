/* A model may be hours of work, and what kept it from its place, a full disk, a folder that is
 * gone, need not keep it from another one. Nothing is ever replaced there: a name is taken by
 * making the file, which fails where there is one, also a link that somebody else has put there.
 */
#include "save.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 1000 };

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Makes an empty file in `folder`, called as `path` is, with a number before the ending if that is
 * taken. */
static bool reserve(char *where, size_t size, const char *folder, const char *path) {
  const char *name = name_of(path), *dot = strrchr(name, '.');
  int stem = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
  errno = EEXIST;
  for (int i = 0; i < TRIES && errno == EEXIST; i++) {
    char number[16] = "";
    if (i > 0) snprintf(number, sizeof number, "-%d", i);
    int length = snprintf(where, size, "%s/%.*s%s%s", folder, stem, name, number, name + stem);
    if (length < 0 || (size_t)length >= size) return false;
    int made = open(where, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) return close(made) == 0;
  }
  return false;
}

static bool save_in(const char *folder, const char *path, const ebb_model_image *image, char *where,
                    size_t size) {
  bool saved = false;
  if (folder && *folder && reserve(where, size, folder, path)) {
    saved = ebb_model_image_write(image, where) == EBB_OK;
    if (!saved) unlink(where);
  }
  if (!saved) where[0] = '\0';
  return saved;
}

/* A line to paste. */
static void tell_move(const char *from, const char *to) {
  fputs("ebb: once that is mended: mv ", stderr);
  shell_word(stderr, from);
  fputc(' ', stderr);
  shell_word(stderr, to);
  fputc('\n', stderr);
}

int save_image(const settings *s, const ebb_model_image *image, char *where, size_t size) {
  const char *folders[] = {s->checkpoint, getenv("TMPDIR"), "/tmp"};
  char why[2048];
  ebb_status status = ebb_model_image_write(image, s->out);
  snprintf(where, size, "%s", status == EBB_OK ? s->out : "");
  if (status == EBB_OK) return EXIT_GOOD;
  snprintf(why, sizeof why, "%s", ebb_error_message());
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    if (!save_in(folders[i], s->out, image, where, size)) continue;
    int code = fail(exit_code(status), "%s; the model is in %s instead", why, where);
    tell_move(where, s->out);
    return code;
  }
  return fail(exit_code(status), "%s; nor could it be written to /tmp: no model is saved", why);
}
