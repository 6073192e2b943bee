/* The target: classes or values, from columns of the file or from a labels file. */
#ifndef EBBI_TARGET_H
#define EBBI_TARGET_H

#include "data/roles.h"
#include "data/table.h"

/* Makes the table's target from columns of a raw file, the table's own or a labels file, and leaves
 * out rows without a target. `roles` has the columns and the options.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_target_make(ebb_table *table, ebbi_raw *raw, const ebbi_roles *roles);

void ebbi_target_free(ebbi_target *target);

/* Its steps. `raw` may be modified: amounts become numbers. Classes come from a column of texts or
 * numbers, or from columns of 0 and 1; values come from columns of numbers (target_values.c). */
ebb_status ebbi_target_classes(ebbi_target *target, const ebbi_raw *raw, size_t col);
ebb_status ebbi_target_values(ebbi_target *target, const ebbi_raw *raw, const ebbi_list *cols);
bool ebbi_target_is_one_hot(const ebbi_raw *raw, const ebbi_list *cols);
ebb_status ebbi_target_one_hot(ebbi_target *target, const ebbi_raw *raw, const ebbi_list *cols);

/* The distinct whole numbers of a column, for telling classes from amounts. */
typedef struct ebbi_wholes {
  bool whole;       /* all numbers are whole */
  size_t distinct;  /* if whole; counted up to EBBI_MAX_CLASSES + 1 */
  double low, high; /* if whole */
} ebbi_wholes;
ebb_status ebbi_target_count(ebbi_wholes *out, const ebbi_raw *raw, size_t col);

#endif
