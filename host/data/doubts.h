/* Doubts about the data themselves, reported in notes. Nothing is changed. */
#ifndef EBBI_DOUBTS_H
#define EBBI_DOUBTS_H

#include "data/table.h"

/* Examines the inputs and the target of a table. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_doubts_note(ebb_table *table);
ebb_status ebbi_doubts_note_target(ebb_table *table);

/* Finds two texts that differ only in capitals. *found is false if there are none, or too many
 * texts to compare. */
ebb_status ebbi_case_twins(bool *found, const char *twins[2], const ebbi_names *texts);

#endif
