/* The first steps of several commands. */
#include "inputs.h"

#include "compiling.h"
#include "output.h"
#include "watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True if EBB_DEVICE selects the device. The library handles it, so its messages name the
 * variable. */
static bool is_by_variable(const settings *s) {
  const char *variable = getenv("EBB_DEVICE");
  return s->device && variable && strcmp(s->device, variable) == 0;
}

static ebb_status open_selected(ebb_device **out, const settings *s) {
  const char *selector = is_by_variable(s) ? NULL : s->device;
  return s->profile || s->trace ? ebb_device_open_profiled(out, selector)
                                : ebb_device_open(out, selector);
}

ebb_status try_device(ebb_device **out, const char **blamed, const settings *s) {
  size_t count;
  *blamed = NULL;
  ebb_status status = open_selected(out, s);
  bool given = s->device && !is_by_variable(s);
  if (status == EBB_ERR_NO_DEVICE && given && ebb_device_count(&count) == EBB_OK)
    *blamed = "device"; /* other devices exist */
  if (status == EBB_OK) status = ebb_device_set_timeout(*out, s->device_timeout);
  if (status != EBB_OK) return status;
  status = ebb_device_set_precision(*out, (ebb_precision)s->precision);
  if (status == EBB_ERR_UNSUPPORTED) *blamed = "precision";
  return status;
}

int open_device(ebb_device **out, const settings *s) {
  const char *blamed;
  watch_begin(s);
  ebb_status status = try_device(out, &blamed, s);
  watch_device(*out);
  if (*out) {
    const ebb_device_info *info = ebb_device_get_info(*out);
    note(s, "device   %s, %s (%s)", info->name, info->platform, ebb_device_reason(*out));
    compiling_show(*out, s);
  }
  if (status != EBB_OK) return blamed ? fail_option(s, blamed, status) : fail_status(status);
  const char *unit = ebb_device_matrix_unit(*out);
  const char *engine = getenv("EBB_MATMUL");
  if (unit)
    note(s, "products %s, matrix unit %s%s", ebb_precision_name(ebb_device_precision(*out)), unit,
         engine && *engine ? "; EBB_MATMUL has no effect on it" : "");
  return EXIT_GOOD;
}

bool is_stream(const char *name) {
  return name && strcmp(name, "-") == 0;
}

int check_streams(const settings *s) {
  const struct {
    const char *option, *path;
  } inputs[] = {{"data", s->data},   {"labels", s->labels},
                {"valid", s->valid}, {"valid-labels", s->valid_labels},
                {"test", s->test},   {"test-labels", s->test_labels}};
  const char *taken = NULL;
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    if (!is_stream(inputs[i].path)) continue;
    if (taken)
      return fail(EXIT_USAGE, "%s: standard input is already used by %s; name a file",
                  settings_origin(s, inputs[i].option).text, settings_origin(s, taken).text);
    taken = inputs[i].option;
  }
  return EXIT_GOOD;
}

static ebb_header choose_header(const settings *s) {
  return s->header ? EBB_HEADER_YES : s->no_header ? EBB_HEADER_NO : EBB_HEADER_AUTO;
}

void note_table(const settings *s, const ebb_table *table, size_t first) {
  for (size_t i = first; i < ebb_table_notes(table); i++) {
    ebb_note item = ebb_table_note(table, i);
    if (item.weighty)
      remark("note     %s", item.text);
    else
      note(s, "note     %s", item.text);
  }
}

ebb_loss loss_asked(const settings *s) {
  bool several = s->target && strchr(s->target, ',');
  return several ? ebb_loss_for_values(s->loss) : s->loss;
}

bool loss_keeps_target(const settings *s) {
  ebb_loss_kind kind = loss_asked(s).kind;
  return kind != EBB_LOSS_COUNT && !ebb_loss_has_labels(kind) && !ebb_loss_scales_target(kind);
}

/* Few whole numbers are taken for classes, except with a loss that is for such values. A loss that
 * takes both takes several columns for values. */
static ebb_task choose_task(const settings *s) {
  if (s->task != EBB_TASK_AUTO || !loss_keeps_target(s)) return (ebb_task)s->task;
  bool either = ebb_loss_is_binary(s->loss.kind) && !(s->target && strchr(s->target, ','));
  return either ? EBB_TASK_AUTO : EBB_TASK_REGRESSION;
}

ebb_read_options read_options(const settings *s, const ebb_encoder *encoder, bool ignore_target) {
  return (ebb_read_options){.size = sizeof(ebb_read_options),
                            .labels = s->labels,
                            .target = s->target,
                            .no_target = s->no_target,
                            .ignore_target = ignore_target,
                            .task = choose_task(s),
                            .delimiter = s->delimiter,
                            .decimal = s->decimal == DECIMAL_COMMA ? ',' : '.',
                            .header = choose_header(s),
                            .encoding = s->encoding,
                            .na = s->na,
                            .drop = s->drop,
                            .keep = s->keep,
                            .categorical = s->categorical,
                            .numeric = s->numeric,
                            .id = s->id,
                            .refuse_unknown = s->unknown == UNKNOWN_REFUSE,
                            .max_memory = s->max_memory,
                            .encoder = encoder,
                            .weight = s->weight_column};
}

/* Removes rows with missing inputs if the options, or those of the model's training, say so. */
static int drop_missing(ebb_table *table, const settings *s, const ebb_encoder *encoder) {
  bool asked = s->missing == EBB_MISSING_DROP;
  size_t dropped, before = ebb_table_rows(table);
  if (!asked && !(encoder && ebb_encoder_missing(encoder) == EBB_MISSING_DROP)) return EXIT_GOOD;
  int code = fail_status(ebb_table_drop_missing(table, &dropped));
  if (code == EXIT_GOOD && dropped > 0)
    note(s, "note     %zu of %zu rows lack an input and are left out (%s%s drop)", dropped, before,
         asked ? "" : "as in training, ", asked ? settings_origin(s, "missing").text : "--missing");
  return code;
}

int read_table(ebb_table **out, const settings *s, const ebb_encoder *encoder, bool ignore_target) {
  if (!s->data) return fail(EXIT_USAGE, "--data is missing: the file with the rows");
  if (s->header && s->no_header)
    return fail(EXIT_USAGE, "%s and %s exclude each other", settings_origin(s, "header").text,
                settings_origin(s, "no-header").text);
  ebb_read_options options = read_options(s, encoder, ignore_target);
  ebb_status status = ebb_table_read(out, s->data, &options);
  if (status != EBB_OK) return fail_status(status);
  note(s, "data     %s: %s", is_stream(s->data) ? "standard input" : s->data,
       ebb_table_summary(*out));
  note_table(s, *out, 0);
  return ignore_target ? EXIT_GOOD : drop_missing(*out, s, encoder);
}

/* "a 0.5, b 2". */
static void list_weights(char text[320], const ebb_encoder *encoder) {
  size_t used = 0;
  for (size_t k = 0; k < ebb_encoder_outputs(encoder) && used < 320; k++)
    used += (size_t)snprintf(text + used, 320 - used, "%s%.60s %.4g", k ? ", " : "",
                             ebb_encoder_class(encoder, k), ebb_encoder_class_weight(encoder, k));
  if (used >= 320) memcpy(text + 320 - sizeof "…", "…", sizeof "…");
}

int weigh_classes(const settings *s, ebb_encoder *encoder, const ebb_table *table,
                  const size_t *rows, size_t count) {
  char weights[320];
  if (!s->class_weights) return EXIT_GOOD;
  if (ebb_encoder_task(encoder) != EBB_TASK_CLASSIFICATION)
    return fail(EXIT_USAGE,
                "%s: this is a regression, which has no classes; --weight-column weighs rows",
                settings_origin(s, "class-weights").text);
  int code = fail_status(ebb_encoder_weigh_classes(encoder, s->class_weights, table, rows, count));
  if (code != EXIT_GOOD) return code;
  list_weights(weights, encoder);
  note(s, "weights  of classes: %s", weights);
  return EXIT_GOOD;
}

bool same_file(const char *output, const char *input) {
  struct stat x, y;
  if (!output || !input || is_stream(output) || stat(output, &x) != 0) return false;
  bool found = is_stream(input) ? fstat(STDIN_FILENO, &y) == 0 : stat(input, &y) == 0;
  return found && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int choose_loss(ebb_loss *out, const settings *s, ebb_task task) {
  *out = ebb_loss_default(task == EBB_TASK_REGRESSION ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY);
  ebb_loss asked = loss_asked(s);
  if (asked.kind == EBB_LOSS_COUNT) return EXIT_GOOD;
  bool fits = task == EBB_TASK_CLASSIFICATION && ebb_loss_is_binary(asked.kind);
  if (task != EBB_TASK_AUTO && !fits &&
      ebb_loss_has_labels(asked.kind) != ebb_loss_has_labels(out->kind))
    return fail(EXIT_USAGE, "%s: %s does not go with %s, which needs %s; --task chooses the task",
                settings_origin(s, "loss").text, ebb_loss_name(asked.kind), ebb_task_name(task),
                ebb_loss_name(out->kind));
  *out = asked;
  return EXIT_GOOD;
}

int check_targets(const ebb_table *table, ebb_loss loss) {
  ebb_loss_domain domain = ebb_loss_domain_of(loss.kind);
  char needs[96];
  snprintf(needs, sizeof needs, "%s, as %s needs", domain.text, ebb_loss_name(loss.kind));
  int code =
      fail_status(ebb_table_check_targets(table, domain.least, domain.most, domain.above, needs));
  snprintf(needs, sizeof needs, "as %s needs", ebb_loss_name(loss.kind));
  if (code == EXIT_GOOD && domain.sum != 0)
    code = fail_status(ebb_table_check_sums(table, domain.sum, domain.spread, needs));
  return code;
}

int encode_rows(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                const size_t *rows, size_t count, ebb_loss loss) {
  ebb_status status = ebb_encoder_apply(out, encoder, table, rows, count);
  if (status == EBB_OK && out->labels && ebb_loss_is_binary(loss.kind))
    status = ebb_dataset_to_binary(out);
  return fail_status(status);
}

/* Appends a name to a list. */
static void list_name(char *text, size_t size, const char *before, const char *name) {
  size_t length = strlen(text);
  snprintf(text + length, size - length, "%s%s", length > 0 ? before : "", name);
}

static int refuse_setting(const settings *s, ebb_optimizer_kind kind,
                          ebb_optimizer_setting setting) {
  char owners[256] = "", own[256] = "";
  for (int k = 0; k < EBB_OPT_COUNT; k++)
    if (ebb_optimizer_has((ebb_optimizer_kind)k, setting))
      list_name(owners, sizeof owners, " or ", ebb_optimizer_name((ebb_optimizer_kind)k));
  for (int i = 0; i < EBB_SETTING_COUNT; i++)
    if (ebb_optimizer_has(kind, (ebb_optimizer_setting)i))
      list_name(own, sizeof own, ", --", ebb_optimizer_setting_name((ebb_optimizer_setting)i));
  return fail(EXIT_USAGE, "%s belongs to --optimizer %s; %s has --%s",
              settings_origin(s, ebb_optimizer_setting_name(setting)).text, owners,
              ebb_optimizer_name(kind), own);
}

/* The options' values by setting; NaN if not given, which for a flag means 0. */
static void given_settings(double given[EBB_SETTING_COUNT], const settings *s) {
#define GIVEN(field, type, option, least, most, closed, other, text)                               \
  given[EBB_SETTING_##field] =                                                                     \
      sizeof(type) == sizeof(bool) && s->field == 0 ? (double)NAN : (double)s->field;
  EBB_OPTIMIZER_SETTING_LIST(GIVEN)
}

/* A setting that the optimizer lacks may be given as 0, which has no effect. */
int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s) {
  ebb_optimizer_kind kind = (ebb_optimizer_kind)s->optimizer;
  double given[EBB_SETTING_COUNT];
  given_settings(given, s);
  *out = ebb_optimizer_default(kind);
  for (int i = 0; i < EBB_SETTING_COUNT; i++) {
    ebb_optimizer_setting setting = (ebb_optimizer_setting)i;
    if (isnan(given[i])) continue;
    if (ebb_optimizer_has(kind, setting))
      ebb_optimizer_set(out, setting, given[i]);
    else if (given[i] != 0)
      return refuse_setting(s, kind, setting);
  }
  if (out->nesterov && out->momentum <= 0)
    return fail(EXIT_USAGE, "%s needs a --momentum above 0", settings_origin(s, "nesterov").text);
  *learning_rate = isnan(s->lr) ? ebb_optimizer_learning_rate(kind) : s->lr;
  return EXIT_GOOD;
}

void note_weights(const settings *s, const char *path, const char *notes) {
  while (*notes) {
    size_t length = strcspn(notes, "\n");
    note(s, "weights  %s: %.*s", path, (int)length, notes);
    notes += length + (notes[length] == '\n');
  }
}

void note_unknown(const settings *s, const ebb_encoder *encoder, const ebb_table *table) {
  char text[512];
  if (ebb_encoder_unknown(text, sizeof text, encoder, table) > 0)
    note(s,
         "note     %s: not seen in training, so they belong to no category; --unknown refuse makes "
         "this an error",
         text);
}
