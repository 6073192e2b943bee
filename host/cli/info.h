/* `ebb info`: its part about encoders. */
#ifndef EBB_CLI_INFO_H
#define EBB_CLI_INFO_H

#include <ebb/ebb.h>

/* Prints in words how each column of a file is read, a line each; columns without names that are
 * read alike share one. */
void info_print_columns(const ebb_encoder *encoder);

/* Prints what the values of a regression are learned as, a line for each target. */
void info_print_targets(const ebb_encoder *encoder);

#endif
