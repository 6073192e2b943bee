/* Formulas: what is taken has a finite value and derivative around 0, ranges that hold these, and
 * device code without blanks; and its text is taken again as the same.
 */
#include "fuzz.h"

#include <ctype.h>
#include <ops/formula.h>

static void check_range(const ebb_formula *f, size_t step, double z) {
  ebbi_range range = ebbi_formula_range(f, step, z, z),
             wider = ebbi_formula_range(f, step, z - 1, z + 1);
  double value = ebbi_formula_at(f, step, z);
  FUZZ_CHECK(range.low <= value && value <= range.high, "%s at %g: %g", f->f, z, value);
  FUZZ_CHECK(wider.low <= range.low && range.high <= wider.high, "%s at %g: %g", f->f, z, value);
}

/* One option each for f and its derivative. */
static void check_code(const ebb_formula *f) {
  char option[EBBI_FORMULA_OPTION];
  size_t blanks = 0;
  ebbi_formula_option(option, f, 3);
  FUZZ_CHECK(strlen(option) + 64 < sizeof option, "%zu bytes", strlen(option));
  for (const char *c = option; *c; c++) {
    blanks += *c == ' ';
    FUZZ_CHECK(strchr(" -+*/<>=(),._0123456789", *c) || isalpha((unsigned char)*c), "'%c'", *c);
  }
  FUZZ_CHECK(blanks == 1, "%zu blanks", blanks);
}

static void check_again(const ebb_formula *f) {
  ebb_formula again = {.count = 0};
  ebbi_formula_fault fault;
  const char *df = f->df[0] ? f->df : NULL;
  FUZZ_CHECK(ebbi_formula_make(&again, f->f, strlen(f->f), df, df ? strlen(df) : 0, &fault),
             "%s: %s", f->f, fault.what);
  FUZZ_CHECK(memcmp(f, &again, sizeof again) == 0, "%s", f->f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  char *text = fuzz_rest(&size, &input);
  char *both = strchr(text, ';');
  size_t length = both ? (size_t)(both - text) : strlen(text);
  ebb_formula f = {.count = 0};
  ebbi_formula_fault fault;
  if (ebbi_formula_make(&f, text, length, both ? both + 1 : NULL, both ? strlen(both + 1) : 0,
                        &fault)) {
    for (double z = -8; z <= 8; z += 0.5) {
      check_range(&f, f.value, z);
      check_range(&f, f.slope, z);
    }
    check_code(&f);
    check_again(&f);
  } else {
    FUZZ_CHECK(fault.what[0], "no message");
    FUZZ_CHECK(fault.at <= strlen(text), "byte %zu", fault.at);
  }
  free(text);
  return 0;
}
