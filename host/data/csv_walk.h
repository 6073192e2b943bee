/* The fields and rows of CSV text, one callback each. */
#ifndef EBBI_CSV_WALK_H
#define EBBI_CSV_WALK_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ebbi_csv_walk {
  const char *path;
  ebb_status (*field)(struct ebbi_csv_walk *walk, const char *text);
  ebb_status (*row)(struct ebbi_csv_walk *walk); /* after its last field */
  void *user;
  size_t line; /* where the current row begins, from 1 */
  bool stop;   /* a callback has seen enough */
} ebbi_csv_walk;

/* Fails, naming the line, unless the bytes are UTF-8 text without NUL. */
ebb_status ebbi_csv_check_text(const char *path, const char *bytes, size_t size);

/* Calls back for each field and row until the end, `stop` or a failure. Blank lines are no rows.
 * The text must have passed ebbi_csv_check_text, and bytes[size] be 0.
 * Errors: EBB_ERR_INPUT (stray quotes), and what the callbacks return. */
ebb_status ebbi_csv_walk_text(ebbi_csv_walk *walk, const char *bytes, size_t size, char delimiter);

#endif
