/* The settings of losses and optimizers: a name, a range and a default each. */
#ifndef EBBI_SETTING_H
#define EBBI_SETTING_H

#include <ebb/status.h>

#include <stdbool.h>

/* A number in [least, most], or above `least` or below `most` where that end is open. `most` may be
 * infinite; then it is open. */
typedef struct ebbi_setting {
  const char *name;
  double least, most;
  bool above, below;
  double usual; /* the default */
} ebbi_setting;

/* Fails, naming `owner` and the setting, unless the value is in its range. NaN is in none. */
ebb_status ebbi_setting_check(const char *where, const char *owner, const ebbi_setting *setting,
                              double value);

#endif
