/* Classes that may be the same, and inputs that reveal the target.
 *
 * A column with a different value for each class is more often the class under another name than a
 * measurement that happens to separate perfectly. A model of it is always right and has learned
 * nothing.
 */
#include "data/doubts.h"

#include "base/error.h"
#include <math.h>
#include <string.h>

enum { FEWEST_ROWS = 30, MOST_CLASSES = 50 };

static ebb_status note_twins(ebb_table *table) {
  const ebbi_target *target = &table->target;
  bool found;
  const char *twins[2];
  char first[EBBI_SHOWN], second[EBBI_SHOWN], name[EBBI_SHOWN];
  TRY(ebbi_case_twins(&found, twins, &target->classes));
  if (!found) return EBB_OK;
  return ebbi_notes_add(&table->notes, true,
                        "target \"%s\": \"%s\" and \"%s\" differ only in capitals and are two "
                        "classes; if they are the same, merge them in the file",
                        ebbi_shown(name, target->names.items[0]), ebbi_shown(first, twins[0]),
                        ebbi_shown(second, twins[1]));
}

static double value_of(const ebb_table *table, size_t row, size_t input) {
  if (ebbi_table_kind(table, input) != EBB_COLUMN_CATEGORY)
    return ebbi_table_number(table, row, input);
  int32_t code = ebbi_table_code(table, row, input);
  return code < 0 ? NAN : code;
}

/* True if each class has a single value, different from those of the other classes. */
static bool is_renamed(const ebb_table *table, size_t input) {
  const ebbi_target *target = &table->target;
  double values[MOST_CLASSES];
  bool seen[MOST_CLASSES] = {false};
  for (size_t row = 0; row < table->rows; row++) {
    size_t class = (size_t)ebbi_table_class(table, row);
    double value = value_of(table, row, input);
    if (isnan(value) || (seen[class] && value != values[class])) return false;
    for (size_t k = 0; k < target->classes.count && !seen[class]; k++)
      if (seen[k] && values[k] == value) return false;
    seen[class] = true;
    values[class] = value;
  }
  return true;
}

static bool is_copied(const ebb_table *table, size_t input) {
  if (ebbi_table_kind(table, input) == EBB_COLUMN_CATEGORY) return false;
  for (size_t row = 0; row < table->rows; row++)
    if (ebbi_table_number(table, row, input) != ebbi_table_value(table, row, 0)) return false;
  return true;
}

static ebb_status note_leaks(ebb_table *table) {
  const ebbi_target *target = &table->target;
  size_t classes = target->codes ? target->classes.count : 0;
  char name[EBBI_SHOWN], word[EBBI_QUOTED], other[EBBI_SHOWN];
  bool judged = target->codes ? classes > 1 && classes <= MOST_CLASSES : target->cols == 1;
  if (table->rows < FEWEST_ROWS || !judged || table->raw.image) return EBB_OK;
  for (size_t i = 0; i < table->cols; i++) {
    if (target->codes ? !is_renamed(table, i) : !is_copied(table, i)) continue;
    return ebbi_notes_add(
        &table->notes, true,
        "column \"%s\" has one value for each %s of target \"%s\": --drop %s "
        "if it is the same in other words",
        ebbi_shown(name, ebbi_table_name(table, i)), target->codes ? "class" : "value",
        ebbi_shown(other, target->names.items[0]), ebbi_quoted(word, ebbi_table_name(table, i)));
  }
  return EBB_OK;
}

ebb_status ebbi_doubts_note_target(ebb_table *table) {
  if (table->target.cols == 0) return EBB_OK;
  TRY(note_twins(table));
  return note_leaks(table);
}
