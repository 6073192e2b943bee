/* What may be wrong with the data themselves, told in notes; nothing is changed. */
#ifndef EBBI_DOUBTS_H
#define EBBI_DOUBTS_H

#include "data/table.h"

/* Looks through the inputs of a table, and through its target. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_doubts_note(ebb_table *table);
ebb_status ebbi_doubts_note_target(ebb_table *table);

/* Two texts that differ in capitals only; false: there are none, or more texts than are compared.
 */
ebb_status ebbi_case_twins(bool *found, const char *twins[2], const ebbi_names *texts);

#endif
