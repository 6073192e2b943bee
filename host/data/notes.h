/* A list of notes for the user: decisions about the data. */
#ifndef EBBI_NOTES_H
#define EBBI_NOTES_H
#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Initialise with zeros. */
typedef struct ebbi_notes {
  struct ebbi_note_item {
    char *text;
    bool weighty;
  } *items;
  size_t count;
} ebbi_notes;

/* Adds a line formatted as by printf. weighty: shown even if only errors are. */
ebb_status ebbi_notes_add(ebbi_notes *notes, bool weighty, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ebbi_notes_free(ebbi_notes *notes);
#endif
