/* Settings of losses and optimizers: name, range and default. */
#ifndef EBBI_SETTING_H
#define EBBI_SETTING_H

#include <ebb/status.h>

#include <stdbool.h>

/* A number in [least, most]. An open end excludes its bound. `most` may be infinite; it is then
 * open. */
typedef struct ebbi_setting {
  const char *name;
  double least, most;
  bool above, below;
  double usual; /* default */
} ebbi_setting;

/* Fails, naming `owner` and the setting, if the value is out of range. NaN always is. */
ebb_status ebbi_setting_check(const char *where, const char *owner, const ebbi_setting *setting,
                              double value);

#endif
