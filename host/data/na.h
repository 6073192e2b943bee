/* Texts that stand for a missing value. */
#ifndef EBBI_NA_H
#define EBBI_NA_H

#include "data/names.h"
#include "data/span.h"

/* Initialise with zeros. */
typedef struct ebbi_na {
  ebbi_names texts;
  bool begins[256]; /* first bytes of the texts */
  bool numbers;     /* some texts are numbers, such as -999, and match in any notation */
} ebbi_na;

/* Reads a comma-separated list; NULL: EBB_DEFAULT_NA. */
ebb_status ebbi_na_make(ebbi_na *na, const char *list);
void ebbi_na_free(ebbi_na *na);

/* Returns true if the trimmed span is a missing value; an empty span always is. */
static inline bool ebbi_na_has(const ebbi_na *na, ebbi_span span) {
  if (span.length == 0) return true;
  return na->begins[(unsigned char)span.text[0]] &&
         ebbi_names_find_part(&na->texts, span.text, span.length) != EBBI_NO_INDEX;
}

bool ebbi_na_has_number(const ebbi_na *na, double value);

#endif
