/* Words of the encoder's JSON; each list ends with NULL. */
#ifndef EBBI_ENCODER_JSON_H
#define EBBI_ENCODER_JSON_H

extern const char *const ebbi_missing_names[]; /* of ebb_missing, in its order */
extern const char *const ebbi_kind_names[];    /* of ebb_column_kind, in its order */

#endif
