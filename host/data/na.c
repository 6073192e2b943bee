/* Missing values by their texts. Texts are compared as written: "NA" and "na" are both in the
 * default list, "Na" is sodium. A number in the list is compared by value, so -999 matches -999.0
 * too.
 */
#include "na.h"

#include "base/error.h"
#include "base/text.h"
#include <ebb/data.h>

ebb_status ebbi_na_make(ebbi_na *na, const char *list) {
  if (!list) list = EBB_DEFAULT_NA;
  ebbi_span entry;
  while (ebbi_span_next(&entry, &list)) {
    double value;
    size_t index;
    if (entry.length == 0) continue;
    TRY(ebbi_names_add_part(&na->texts, &index, entry.text, entry.length));
    na->begins[(unsigned char)entry.text[0]] = true;
    na->numbers |= ebbi_parse_number(&value, entry.text, entry.length, '.');
  }
  return EBB_OK;
}

void ebbi_na_free(ebbi_na *na) {
  ebbi_names_free(&na->texts);
  *na = (ebbi_na){0};
}

bool ebbi_na_has_number(const ebbi_na *na, double value) {
  double missing;
  for (size_t i = 0; i < na->texts.count; i++)
    if (ebbi_parse_double(&missing, na->texts.items[i]) && missing == value) return true;
  return false;
}
