/* Notes are few and short, so each is a separate allocation. */
#include "data/notes.h"

#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ebb_status ebbi_notes_add(ebbi_notes *notes, bool weighty, const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  void *items = realloc(notes->items, (notes->count + 1) * sizeof *notes->items);
  if (items) notes->items = items;
  char *text = items ? strdup(line) : NULL;
  REQUIRE(text, EBB_ERR_MEMORY, "data: no memory for a note");
  notes->items[notes->count].text = text;
  notes->items[notes->count++].weighty = weighty;
  return EBB_OK;
}

void ebbi_notes_free(ebbi_notes *notes) {
  for (size_t i = 0; i < notes->count; i++) free(notes->items[i].text);
  free(notes->items);
  *notes = (ebbi_notes){0};
}
