/* Texts that stand for a missing value. */
#ifndef EBBI_NA_H
#define EBBI_NA_H

#include "data/names.h"
#include "data/span.h"

/* Zero-initialise. */
typedef struct ebbi_na {
  ebbi_names texts;
  bool begins[256]; /* some text begins so */
  bool numbers;     /* some text is a number, as -999: in whatever way that is written */
} ebbi_na;

/* From a list by commas, or NULL: EBB_DEFAULT_NA. */
ebb_status ebbi_na_make(ebbi_na *na, const char *list);
void ebbi_na_free(ebbi_na *na);

/* Of a span that is trimmed; an empty one is missing in any case. */
static inline bool ebbi_na_has(const ebbi_na *na, ebbi_span span) {
  if (span.length == 0) return true;
  return na->begins[(unsigned char)span.text[0]] &&
         ebbi_names_find_part(&na->texts, span.text, span.length) != EBBI_NO_INDEX;
}

bool ebbi_na_has_number(const ebbi_na *na, double value);

#endif
