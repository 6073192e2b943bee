/* The resolved configuration of a training: each option of the table with its value and with where
 * the value is from. A run with this file as --config is the same run, to the last bit.
 *
 * A line that begins with # is no setting: the option has no value, or its default applies only as
 * long as it is not given. Patience 0 asks for the last weights, for example, and a length of the
 * schedule would hold for a refit too.
 */
#include "config_print.h"

#include "config_text.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 2048, COMMENT = 40 };

/* A value that was chosen, not given, and by what. */
typedef struct choice {
  char value[VALUE];
  const char *by;
} choice;

/* The fewest digits that give the number back. */
static void number(choice *c, double value) {
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(c->value, VALUE, "%.*g", digits, value);
    if (strtod(c->value, NULL) == value) return;
  }
}

static void count(choice *c, size_t value) {
  snprintf(c->value, VALUE, "%zu", value);
}

static void of_target(choice *c, const training *t) {
  const char *name = NULL;
  if (!t->s->labels && ebb_table_targets(t->table) == 1) name = ebb_table_target_name(t->table, 0);
  if (name && !strchr(name, ',')) snprintf(c->value, VALUE, "%s", name);
  c->by = "the last column";
}
static void of_task(choice *c, const training *t) {
  bool classes = ebb_encoder_task(t->encoder) == EBB_TASK_CLASSIFICATION;
  snprintf(c->value, VALUE, "%s", classes ? "classification" : "regression");
  c->by = "the target's values";
}
static void of_model(choice *c, const training *t) {
  snprintf(c->value, VALUE, "%s", t->s->members > 0 ? EBB_DEFAULT_NETWORK : t->spec_text);
  c->by = t->s->init ? "the file of init" : "the default network and the data's columns";
}
static void of_loss(choice *c, const training *t) {
  ebb_loss_text(c->value, t->options.loss);
  c->by = "the task";
}
static void of_rate(choice *c, const training *t) {
  number(c, t->learning_rate);
  c->by = "the optimizer";
}
static void of_factor(choice *c, const training *t) {
  ebb_schedule_kind kind = t->options.schedule.kind;
  if (ebb_schedule_has_factor(kind)) number(c, t->options.schedule.factor);
  c->by = "the schedule";
}
static void of_batch(choice *c, const training *t) {
  count(c, t->options.batch);
  c->by = "default";
}
static void of_epochs(choice *c, const training *t) {
  count(c, t->options.epochs);
  c->by = "the number of rows";
}
static void of_patience(choice *c, const training *t) {
  if (t->options.patience > 0) count(c, t->options.patience);
  c->by = "the number of rows";
}
static void of_initializer(choice *c, const training *t) {
  (void)t;
  snprintf(c->value, VALUE, "%s", ebb_init_name(EBB_INIT_XAVIER_UNIFORM));
  c->by = "default";
}

static const struct {
  const char *name;
  void (*choose)(choice *c, const training *t);
} choices[] = {
    {"target", of_target},     {"task", of_task},
    {"model", of_model},       {"loss", of_loss},
    {"lr", of_rate},           {"schedule-factor", of_factor},
    {"batch", of_batch},       {"epochs", of_epochs},
    {"patience", of_patience}, {"initializer", of_initializer},
};

/* A setting of the optimizer, if it has this one. */
static void choose_setting(choice *c, const training *t, const char *name) {
  const ebb_optimizer *o = &t->options.optimizer;
  for (int i = 0; i < EBB_SETTING_COUNT; i++) {
    ebb_optimizer_setting setting = (ebb_optimizer_setting)i;
    if (strcmp(name, ebb_optimizer_setting_name(setting)) != 0) continue;
    c->by = "the optimizer";
    if (ebb_optimizer_has(o->kind, setting) && ebb_optimizer_setting_is_flag(setting))
      snprintf(c->value, VALUE, "%s", ebb_optimizer_get(o, setting) != 0 ? "true" : "false");
    else if (ebb_optimizer_has(o->kind, setting))
      number(c, ebb_optimizer_get(o, setting));
  }
}

static bool choose(choice *c, const training *t, const char *name) {
  *c = (choice){.by = NULL};
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (strcmp(choices[i].name, name) == 0) choices[i].choose(c, t);
  if (!c->by) choose_setting(c, t, name);
  return *c->value != '\0';
}

/* Options whose being given says more than their value. */
static bool says_more(const char *name) {
  static const char *const names[] = {"monitor", "min-delta",        "seed-split",
                                      "every",   "keep-checkpoints", "out"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

/* `name = value   # comment`, with the comments below each other where the values are short. */
static int put_option(const char *mark, const char *name, const char *value, const char *comment) {
  char *text = NULL;
  size_t size;
  FILE *line = open_memstream(&text, &size);
  if (!line) return fail(EXIT_FAILED, "no memory for the options");
  fprintf(line, "%s%s = ", mark, name);
  config_text_value(line, value);
  if (fclose(line) != 0) return fail(EXIT_FAILED, "no memory for the options");
  printf("%-*s # ", COMMENT, text);
  print_plain(stdout, comment);
  putchar('\n');
  free(text);
  return EXIT_GOOD;
}

static int print_row(const training *t, const option_row *row, size_t i) {
  const settings *s = t->s;
  const char *text = s->owned[i];
  bool given = s->sources[i] != FROM_DEFAULT, open = !text || strcmp(text, "auto") == 0;
  choice c;
  if (open && choose(&c, t, row->name)) return put_option("", row->name, c.value, c.by);
  if (text)
    return put_option(given || !says_more(row->name) ? "" : "# ", row->name, text,
                      given ? settings_origin(s, row->name).text : "default");
  if (row->kind == KIND_FLAG) return put_option("# ", row->name, "false", "default");
  printf("# %s =\n", row->name);
  return EXIT_GOOD;
}

/* Only for the command line, or no part of what is run. */
static bool is_apart(const option_row *row) {
  static const char *const names[] = {"help", "config", "recipe", "resume", "quiet", "json"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(row->name, names[i]) == 0) return true;
  return !(row->commands & FOR_TRAIN) || (row->commands & FLAG_ONLY);
}

int config_print(const training *t) {
  size_t rows;
  const option_row *table = option_table(&rows);
  const char *group = NULL, *printed = NULL;
  int code = EXIT_GOOD;
  printf("# ebb %s, for `ebb train --config FILE`", ebb_version());
  if (t->s->recipe) printf("; recipe %s", t->s->recipe);
  putchar('\n');
  for (size_t i = 0; i < rows && code == EXIT_GOOD; i++) {
    if (table[i].group) group = table[i].group;
    if (is_apart(&table[i])) continue;
    if (group != printed) printf("\n# %s\n", group);
    printed = group;
    code = print_row(t, &table[i], i);
  }
  return code;
}
