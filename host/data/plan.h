/* What is to become of a file's columns, as far as that is known before any value is read. */
#ifndef EBBI_PLAN_H
#define EBBI_PLAN_H

#include "data/raw.h"

/* What the options, or an encoder, say about a column. */
typedef enum ebbi_asked {
  EBBI_ASKED_NOTHING,
  EBBI_ASKED_DROP,
  EBBI_ASKED_KEEP,
  EBBI_ASKED_CATEGORICAL,
  EBBI_ASKED_NUMERIC,
  EBBI_ASKED_ID,
  EBBI_ASKED_TARGET,
  EBBI_ASKED_INPUT, /* of the encoder */
  EBBI_ASKED_UNUSED /* no input of the encoder, or a target that is not looked at */
} ebbi_asked;

/* Columns of a file, in the order that was asked for. */
typedef struct ebbi_list {
  size_t *items, count; /* [cols] */
} ebbi_list;

typedef struct ebbi_plan {
  const ebb_read_options *options;
  ebbi_notes *notes; /* gets what is to be told */
  ebbi_asked *asked; /* [cols]; NULL: there is no plan yet */
  ebbi_list targets, ids;
  ebbi_list inputs; /* with an encoder: input i is column items[i] */
  bool guessed;     /* the target is the last column */
} ebbi_plan;

/* Zero-initialise all except options and notes. */
void ebbi_plan_free(ebbi_plan *plan);

/* Finds the columns that the options and the encoder speak of; forms[cols] says how to read them.
 * An array has a target only if one is asked for. Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebbi_plan_make(ebbi_plan *plan, const ebbi_raw *raw, bool array);
void ebbi_plan_forms(ebbi_form *forms, const ebbi_plan *plan, const ebbi_raw *raw);

/* Once the values are read: the last column that is not empty becomes the target if none was named.
 */
ebb_status ebbi_plan_settle(ebbi_plan *plan, const ebbi_raw *raw);

/* Adds a column to those of which `what` is asked. Errors: EBB_ERR_INPUT (it is in two lists). */
ebb_status ebbi_plan_mark(ebbi_plan *plan, const ebbi_raw *raw, size_t col, ebbi_asked what);

/* Finds the encoder's inputs and targets among the columns (plan_encoder.c). */
ebb_status ebbi_plan_match(ebbi_plan *plan, const ebbi_raw *raw);

/* A column that holds no value at all. Of arrays it is not asked. */
bool ebbi_raw_is_empty(const ebbi_raw *raw, size_t col);

/* Appends `"name"` to a list for a message, or counts it where five names stand already. Begin with
 * an empty text and *count 0; end with ebbi_say_more. */
void ebbi_say_name(char *text, size_t size, size_t *count, const char *name);
void ebbi_say_more(char *text, size_t size, size_t count);

#endif
