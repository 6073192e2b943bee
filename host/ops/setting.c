/* Ranges of settings. */
#include "setting.h"

#include "base/error.h"

#include <math.h>

ebb_status ebbi_setting_check(const char *where, const char *owner, const ebbi_setting *setting,
                              double value) {
  bool high_enough = setting->above ? value > setting->least : value >= setting->least;
  bool open = setting->below || isinf(setting->most);
  bool low_enough = open ? value < setting->most : value <= setting->most;
  REQUIRE(high_enough && low_enough, EBB_ERR_ARGUMENT, "%s: %s of %s is %g, not in %c%g, %g%c",
          where, setting->name, owner, value, setting->above ? '(' : '[', setting->least,
          setting->most, open ? ')' : ']');
  return EBB_OK;
}
