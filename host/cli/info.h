/* `ebb info`: the part about encoders. */
#ifndef EBB_CLI_INFO_H
#define EBB_CLI_INFO_H

#include <ebb/ebb.h>

/* Prints how each column of a file is read, one per line; unnamed columns that are read alike share
 * a line. */
void info_print_columns(const ebb_encoder *encoder);

/* Prints how the values of a regression are scaled, one line per target. */
void info_print_targets(const ebb_encoder *encoder);

#endif
