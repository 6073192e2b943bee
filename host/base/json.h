/* Writing and reading JSON texts so that no failure gets lost. */
#ifndef EBBI_JSON_H
#define EBBI_JSON_H

#include <ebb/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { EBBI_JSON_DEPTH = 32 }; /* of texts written and of texts read */

/* A text being written. The first failure is kept and later calls do nothing. ebbi_json_finish, the
 * only way to get the text, reports it. */
typedef struct ebbi_json {
  json_t *open[EBBI_JSON_DEPTH]; /* the objects and lists still open */
  size_t depth;
  int fault;
  char key[64]; /* where the failure is, or the list that began last */
} ebbi_json;

/* Begins the text, which is an object. */
void ebbi_json_begin(ebbi_json *json);

/* Begin an object or a list inside the innermost open one, or end the innermost one. The key is
 * NULL inside a list. */
void ebbi_json_object(ebbi_json *json, const char *key);
void ebbi_json_list(ebbi_json *json, const char *key);
void ebbi_json_end(ebbi_json *json);

void ebbi_json_text(ebbi_json *json, const char *key, const char *text);
void ebbi_json_number(ebbi_json *json, const char *key, double number);
void ebbi_json_whole(ebbi_json *json, const char *key, size_t number);
void ebbi_json_flag(ebbi_json *json, const char *key, bool flag);

/* Ends everything that is open. The caller frees *text; `flags` are those of json_dumps. Messages
 * begin with `where`. Call this in every case: it frees what `json` holds.
 * Errors: EBB_ERR_MEMORY, EBB_ERR_ARGUMENT (a duplicate key, a text that is not UTF-8),
 * EBB_ERR_NUMBERS (NaN or Inf, which JSON cannot hold), each naming the key; *text is then NULL. */
ebb_status ebbi_json_finish(char **text, ebbi_json *json, size_t flags, const char *where);

/* Returns true if the whole text is valid UTF-8. */
bool ebbi_json_can_hold(const char *text);

/* Where a text stops being JSON, and why. */
typedef struct ebbi_json_fault {
  size_t byte; /* from 0 */
  const char *why;
} ebbi_json_fault;

/* Reads a text of `length` bytes: an object or a list, without duplicate keys, at most
 * EBBI_JSON_DEPTH levels deep, numbers within the range of json_int_t and double, no NUL in a
 * string. The caller releases it with json_decref. Stores no message.
 * Errors: EBB_ERR_INPUT, with `fault`; EBB_ERR_MEMORY. */
ebb_status ebbi_json_read(json_t **out, ebbi_json_fault *fault, const char *text, size_t length);

#endif
