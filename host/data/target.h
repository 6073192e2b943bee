/* What is to be learned: classes or values, from a CSV column or a file of labels. */
#ifndef EBBI_TARGET_H
#define EBBI_TARGET_H

#include "table.h"

/* Makes the table's target of a column that was read with its texts in `names` and, where they are
 * numbers, its values in `numbers`. Takes what it needs out of the column. */
ebb_status ebbi_target_from_column(ebb_table *table, ebbi_column *column, const char *name,
                                   ebb_task task);

void ebbi_target_free(ebbi_target *target);

#endif
