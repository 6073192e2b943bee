/* Compiling may take minutes with some drivers: users see how far it is, and that it is done once.
 *
 * The state is the process's, as the terminal is, so that whatever is printed next can remove the
 * line, also where a build has failed.
 */
#include "compiling.h"

#include "output.h"

#include <time.h>
#include <unistd.h>

static bool on_line, told;

/* `user` is the settings. */
static void show(size_t done, size_t count, void *user) {
  const settings *s = user;
  static time_t start;
  if (start == 0) start = time(NULL);
  if (isatty(STDERR_FILENO) == 1) {
    fprintf(stderr, "\r\033[Kcompiling kernels %zu/%zu (once per device)", done, count);
    fflush(stderr);
    on_line = true;
    if (done == count) compiling_erase();
  } else if (!told && time(NULL) - start > 1) {
    note(s, "kernels  compiling kernels %zu/%zu (once per device)", done, count);
    told = true;
  }
}

void compiling_show(ebb_device *device, const settings *s) {
  if (!s->quiet) ebb_device_on_compile(device, show, (void *)s);
}

void compiling_erase(void) {
  if (on_line) fputs("\r\033[K", stderr);
  on_line = false;
}
