/* The table of optimizers: names, settings and their ranges. */
#include "optimizer_row.h"

#include "base/error.h"
#include "ops.h"

#include <stddef.h>

static const struct {
  const char *name;
  const ebbi_optimizer_row *row;
} optimizers[] = {
#define OPTIMIZER_ROW(name, text, formula) {#text, &ebbi_optimizer_##text},
    EBB_OPTIMIZER_LIST(OPTIMIZER_ROW)};

static const struct {
  ebbi_setting range; /* its default applies to optimizers without this setting */
  size_t offset;
  bool flag;
} settings[] = {
#define SETTING_ROW(field, type, option, least, most, closed, other, text)                         \
  {{option, least, most, false, !(closed), other},                                                 \
   offsetof(ebb_optimizer, field),                                                                 \
   sizeof(type) == sizeof(bool)},
    EBB_OPTIMIZER_SETTING_LIST(SETTING_ROW)};

const char *const ebbi_moment_names[] = {"first", "second", "third"};

static bool exists(ebb_optimizer_kind kind) {
  return (unsigned)kind < EBB_OPT_COUNT;
}

const char *ebb_optimizer_name(ebb_optimizer_kind kind) {
  return exists(kind) ? optimizers[kind].name : "?";
}

const ebbi_optimizer_row *ebbi_optimizer_row_of(ebb_optimizer_kind kind) {
  return optimizers[kind].row;
}

ebb_optimizer ebb_optimizer_default(ebb_optimizer_kind kind) {
  ebb_optimizer optimizer = {.kind = kind};
  for (int s = 0; s < EBB_SETTING_COUNT; s++) {
    bool has = ebb_optimizer_has(kind, (ebb_optimizer_setting)s);
    ebb_optimizer_set(&optimizer, (ebb_optimizer_setting)s,
                      has ? optimizers[kind].row->settings[s].usual : settings[s].range.usual);
  }
  return optimizer;
}

double ebb_optimizer_learning_rate(ebb_optimizer_kind kind) {
  return exists(kind) ? optimizers[kind].row->learning_rate : 0;
}

bool ebb_optimizer_is_full_batch(ebb_optimizer_kind kind) {
  return exists(kind) && optimizers[kind].row->full_batch;
}

bool ebb_optimizer_is_scheduled(ebb_optimizer_kind kind) {
  return exists(kind) && !optimizers[kind].row->unscheduled;
}

bool ebb_optimizer_has(ebb_optimizer_kind kind, ebb_optimizer_setting setting) {
  return exists(kind) && optimizers[kind].row->settings[setting].has;
}

const char *ebb_optimizer_setting_name(ebb_optimizer_setting setting) {
  return settings[setting].range.name;
}

bool ebb_optimizer_setting_is_flag(ebb_optimizer_setting setting) {
  return settings[setting].flag;
}

double ebb_optimizer_get(const ebb_optimizer *optimizer, ebb_optimizer_setting setting) {
  const char *field = (const char *)optimizer + settings[setting].offset;
  return settings[setting].flag ? *(const bool *)field : *(const double *)field;
}

void ebb_optimizer_set(ebb_optimizer *optimizer, ebb_optimizer_setting setting, double value) {
  char *field = (char *)optimizer + settings[setting].offset;
  if (settings[setting].flag)
    *(bool *)field = value != 0;
  else
    *(double *)field = value;
}

size_t ebb_optimizer_moments(const ebb_optimizer *optimizer) {
  return exists(optimizer->kind) ? optimizers[optimizer->kind].row->moments(optimizer) : 0;
}

ebb_status ebbi_optimizer_check(const char *where, const ebb_optimizer *o) {
  REQUIRE(exists(o->kind), EBB_ERR_ARGUMENT, "%s: there is no optimizer %d", where, (int)o->kind);
  for (int s = 0; s < EBB_SETTING_COUNT; s++)
    if (ebb_optimizer_has(o->kind, (ebb_optimizer_setting)s) && !settings[s].flag)
      TRY(ebbi_setting_check(where, optimizers[o->kind].name, &settings[s].range,
                             ebb_optimizer_get(o, (ebb_optimizer_setting)s)));
  const ebbi_optimizer_row *row = optimizers[o->kind].row;
  return row->check ? row->check(where, o) : EBB_OK;
}
