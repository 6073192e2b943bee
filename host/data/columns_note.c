/* Notes on columns: one note for each reason, listing all columns that it applies to, so that fifty
 * free-text columns give one line. The table has a row for each reason. */
#include "data/columns.h"

#include "base/error.h"
#include <stdio.h>
#include <string.h>

static const struct {
  const char *what;           /* precedes the columns' names */
  const char *option, *gives; /* how to overrule it: an option, a column's name, the effect */
  bool explained;             /* each column's `why` follows its name */
} notes[EBBI_REASONS] = {
    [EBBI_ROW_NUMBERS] = {"left out, row numbers", "; --keep ", " uses it", false},
    [EBBI_NUMBERED] = {"left out, a different whole number in each row", "; --keep ", " uses it",
                       false},
    [EBBI_ALL_TEXTS] = {"left out, names or free text", "; --keep ", " uses it", true},
    [EBBI_NEARLY] = {"left out, texts that are not all numbers or dates",
                     "; --na TEXT if one means a missing value, --keep ", " uses them as they are",
                     true},
    [EBBI_EMPTY] = {"left out, empty", NULL, NULL, false},
    [EBBI_READ_TEXTS] = {"texts read as numbers", "; --categorical ", " makes it categories", true},
    [EBBI_MIXED] = {"taken as categories", "; --na TEXT if one means a missing value, --drop ",
                    " leaves it out", true},
    [EBBI_SCATTERED] = {"categories of which most are rare and share one input", "; --drop ",
                        " leaves it out", true},
};

static ebb_status note_reason(ebb_table *table, ebbi_reason reason) {
  char list[320] = "", first[EBBI_QUOTED] = "";
  size_t count = 0;
  for (size_t c = 0; c < table->raw.cols; c++) {
    const ebbi_column *column = &table->columns[c];
    if (column->reason != reason) continue;
    if (count == 0) ebbi_quoted(first, table->raw.names.items[c]);
    ebbi_say_name(list, sizeof list, &count, table->raw.names.items[c]);
    size_t used = strlen(list);
    if (notes[reason].explained && count <= 5)
      snprintf(list + used, sizeof list - used, " (%s)", column->why);
  }
  if (count == 0) return EBB_OK;
  ebbi_say_more(list, sizeof list, count);
  if (!notes[reason].option)
    return ebbi_notes_add(&table->notes, false, "%s: %s", notes[reason].what, list);
  return ebbi_notes_add(&table->notes, false, "%s: %s%s%s%s", notes[reason].what, list,
                        notes[reason].option, first, notes[reason].gives);
}

ebb_status ebbi_columns_note(ebb_table *table) {
  for (ebbi_reason reason = EBBI_PLAIN + 1; reason < EBBI_REASONS; reason++)
    TRY(note_reason(table, reason));
  return EBB_OK;
}
