/* Progress of compiling, which may take minutes with some drivers: users see how far it is and that
 * it happens only once.
 */
#include "compiling.h"

#include "output.h"

#include <time.h>
#include <unistd.h>

/* `user` is the settings. */
static void show(size_t done, size_t count, void *user) {
  const settings *s = user;
  static time_t start;
  static bool told;
  if (start == 0) start = time(NULL);
  if (isatty(STDERR_FILENO) == 1) {
    progress_line("compiling kernels %zu/%zu (once per device)", done, count);
    if (done == count) progress_erase();
  } else if (!told && time(NULL) - start > 1) {
    note(s, "kernels  compiling kernels %zu/%zu (once per device)", done, count);
    told = true;
  }
}

void compiling_show(ebb_device *device, const settings *s) {
  if (!s->quiet) ebb_device_on_compile(device, show, (void *)s);
}
