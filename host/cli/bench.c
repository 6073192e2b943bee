/* `ebb bench`: how fast this device is with these kernels, and how close to its limit.
 *
 * The limit is measured by a yardstick kernel that runs between the samples, not taken from a data
 * sheet: on a shared, throttled or virtual machine it changes from minute to minute. Results are
 * checked before they are timed.
 */
#include "bench.h"

#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "watch.h"

#include <ebb/tool.h>

#include <string.h>

enum { SAMPLES = 21, QUICK_SAMPLES = 15 };

static const struct {
  const char *name;
  int (*run)(bench *b);
} kinds[] = {{"matmul", bench_matmul}, {"step", bench_step}, {"elementwise", bench_elementwise}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Options of a single kind of benchmark. */
static const struct {
  const char *option, *kind;
} owners[] = {{"shape", "matmul"},
              {"model", "step"},
              {"batch", "step"},
              {"loss", "step"},
              {"optimizer", "step"},
#define SETTING_OWNER(field, type, option, least, most, closed, other, text) {option, "step"},
              EBB_OPTIMIZER_SETTING_LIST(SETTING_OWNER){"step", "step"}};

/* Refuses options that would have no effect. `kind` "": the comparison of two files. */
static int check_options(const settings *s, const char *kind) {
  for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
    if (settings_given(s, owners[i].option) && strcmp(owners[i].kind, kind) != 0)
      return fail(EXIT_USAGE, "bench %s: --%s belongs to `ebb bench %s`",
                  *kind ? kind : "--compare", owners[i].option, owners[i].kind);
  if (settings_given(s, "precision") && strcmp(kind, "elementwise") == 0)
    return fail(EXIT_USAGE, "bench elementwise: --precision is for products, and there are none");
  if (*kind) return EXIT_GOOD;
  static const char *const measuring[] = {"device", "quick", "precision"};
  for (size_t i = 0; i < sizeof measuring / sizeof *measuring; i++)
    if (settings_given(s, measuring[i]))
      return fail(EXIT_USAGE, "bench --compare: --%s is for measuring; nothing is measured here",
                  measuring[i]);
  return EXIT_GOOD;
}

/* Index of a kind in the table; KINDS, after an error message, if there is none. */
static size_t find_kind(const char *name) {
  const char *names[KINDS];
  for (size_t i = 0; i < KINDS; i++) {
    if (strcmp(kinds[i].name, name) == 0) return i;
    names[i] = kinds[i].name;
  }
  const char *near = ebb_suggest(name, names, KINDS);
  if (near)
    fail(EXIT_USAGE, "bench: there is no \"%s\"; did you mean %s?", name, near);
  else
    fail(EXIT_USAGE, "bench: there is no \"%s\"; there are matmul, step and elementwise", name);
  return KINDS;
}

/* `bench --compare A B`: A is the option's value, and B is the argument, or the second one if a
 * kind is named as well. */
static int compare(const settings *s) {
  const char *kind = s->second ? s->argument : NULL, *other = s->second ? s->second : s->argument;
  int code = check_options(s, "");
  if (code != EXIT_GOOD) return code;
  if (kind && find_kind(kind) == KINDS) return EXIT_USAGE;
  if (!other)
    return fail(EXIT_USAGE, "bench: --compare needs two files, `--compare A.json B.json`");
  return bench_compare(s, kind, s->compare, other);
}

int bench_run(const settings *s) {
  if (s->compare) return compare(s);
  if (!s->argument)
    return fail(
        EXIT_USAGE,
        "bench: what to measure is missing: matmul, step or elementwise; see `ebb help bench`");
  size_t kind = find_kind(s->argument);
  if (kind == KINDS) return EXIT_USAGE;
  if (s->second)
    return fail(EXIT_USAGE, "bench: unexpected \"%s\" after \"%s\"; see `ebb help bench`",
                s->second, s->argument);
  int code = check_options(s, kinds[kind].name);
  if (code != EXIT_GOOD) return code;
  settings own = *s;
  if (kinds[kind].run == bench_elementwise)
    own.precision = EBB_PRECISION_FP32; /* no matrix products */
  settings silent = own;
  silent.quiet = s->quiet || !s->json; /* the table names the device */
  bench b = {.s = &own, .samples = s->quick ? QUICK_SAMPLES : SAMPLES};
  signals_doing("kernels are compiled and run");
  code = open_device(&b.device, &silent);
  if (code == EXIT_GOOD) note(s, "checking the results that are to be timed");
  if (code == EXIT_GOOD) code = kinds[kind].run(&b);
  watch_end();
  for (size_t i = 0; i < sizeof b.tensors / sizeof *b.tensors; i++) ebb_tensor_free(b.tensors[i]);
  ebb_device_free(b.device);
  return code;
}
