/* The role of each column of a file, as far as it is known before any value is read. */
#ifndef EBBI_ROLES_H
#define EBBI_ROLES_H

#include "data/raw.h"

/* The role that the options, or an encoder, give to a column. */
typedef enum ebbi_role {
  EBBI_ROLE_NOTHING,
  EBBI_ROLE_DROP,
  EBBI_ROLE_KEEP,
  EBBI_ROLE_CATEGORICAL,
  EBBI_ROLE_NUMERIC,
  EBBI_ROLE_ID,
  EBBI_ROLE_TARGET,
  EBBI_ROLE_WEIGHT,
  EBBI_ROLE_INPUT, /* an input of the encoder */
  EBBI_ROLE_UNUSED /* not an input of the encoder, or a target that is ignored */
} ebbi_role;

/* Columns of a file, in the requested order. */
typedef struct ebbi_list {
  size_t *items, count; /* [cols] */
} ebbi_list;

typedef struct ebbi_roles {
  const ebb_read_options *options;
  ebbi_notes *notes; /* receives notes */
  ebbi_role *of;     /* [cols]; NULL: the roles are not decided yet */
  ebbi_list targets, ids;
  ebbi_list inputs; /* with an encoder: input i is column items[i] */
  bool guessed;     /* the target is the last column by default */
  bool weighted;    /* column `weight` holds the rows' weights */
  size_t weight;
} ebbi_roles;

/* Initialise everything except options and notes with zeros. */
void ebbi_roles_free(ebbi_roles *roles);

/* Finds the columns named by the options and the encoder; forms[cols] says how to read them. An
 * array has a target only if one is requested.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebbi_roles_make(ebbi_roles *roles, const ebbi_raw *raw, bool array);
void ebbi_roles_forms(ebbi_form *forms, const ebbi_roles *roles, const ebbi_raw *raw);

/* Call this once the values are read: if no target was named, the last column that is not empty
 * becomes the target. */
ebb_status ebbi_roles_default_target(ebbi_roles *roles, const ebbi_raw *raw);

/* Finds a column by its name, or by a position that may count from the end. `option` is named in
 * messages.  Errors: EBB_ERR_INPUT. */
ebb_status ebbi_find_column(size_t *col, const ebbi_raw *raw, const char *item, const char *option);

/* Gives a column the role `what`. Errors: EBB_ERR_INPUT (it is in two lists). */
ebb_status ebbi_roles_mark(ebbi_roles *roles, const ebbi_raw *raw, size_t col, ebbi_role role);

/* Finds the encoder's inputs and targets among the columns (roles_encoder.c). */
ebb_status ebbi_roles_match(ebbi_roles *roles, const ebbi_raw *raw);

/* Returns true if the column has no value at all; always false for arrays. */
bool ebbi_raw_is_empty(const ebbi_raw *raw, size_t col);

/* Appends `"name"` to a list in a message, or counts it if the list has five names already. Begin
 * with an empty text and *count 0; end with ebbi_say_more. */
void ebbi_say_name(char *text, size_t size, size_t *count, const char *name);
void ebbi_say_more(char *text, size_t size, size_t count);

#endif
