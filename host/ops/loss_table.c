/* The table of losses: names, parameters, and the text form. */
#include "loss_row.h"

#include "base/error.h"
#include "base/text.h"
#include "ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  enum { LABELS, VALUES } targets;
  const ebbi_loss_row *row;
} losses[] = {
#define LOSS_ROW(name, text, targets, formula) {#text, targets, &ebbi_loss_##text},
    EBB_LOSS_LIST(LOSS_ROW)};

static bool exists(ebb_loss_kind kind) {
  return (unsigned)kind < EBB_LOSS_COUNT;
}

const char *ebb_loss_name(ebb_loss_kind kind) {
  return exists(kind) ? losses[kind].name : "?";
}

bool ebb_loss_has_labels(ebb_loss_kind kind) {
  return exists(kind) && losses[kind].targets == LABELS;
}

bool ebb_loss_is_binary(ebb_loss_kind kind) {
  return exists(kind) && losses[kind].row->binary;
}

bool ebbi_loss_has_parameters(ebb_loss loss) {
  bool set = false;
  for (int p = 0; p < EBB_LOSS_PARAMETERS; p++) set |= loss.parameters[p] != 0;
  return set;
}

bool ebb_loss_is_likelihood(ebb_loss loss) {
  return exists(loss.kind) && losses[loss.kind].row->likelihood && !ebbi_loss_has_parameters(loss);
}

bool ebb_loss_is_squares(ebb_loss_kind kind) {
  return exists(kind) && losses[kind].row->squares;
}

bool ebb_loss_has_accuracy(ebb_loss_kind kind) {
  return ebb_loss_has_labels(kind) || (exists(kind) && losses[kind].row->counts);
}

bool ebb_loss_is_direction(ebb_loss_kind kind) {
  return exists(kind) && losses[kind].row->direction;
}

ebb_loss ebb_loss_for_values(ebb_loss loss) {
  if (exists(loss.kind) && losses[loss.kind].row->values) loss.kind = losses[loss.kind].row->values;
  return loss;
}

ebb_link ebb_loss_link(ebb_loss_kind kind) {
  return exists(kind) ? losses[kind].row->link : EBB_LINK_IDENTITY;
}

bool ebb_loss_scales_target(ebb_loss_kind kind) {
  return exists(kind) && losses[kind].targets == VALUES && !losses[kind].row->own_scale;
}

ebb_loss_domain ebb_loss_domain_of(ebb_loss_kind kind) {
  const ebb_loss_domain any = {-INFINITY, INFINITY, false, "any number", 0, 0};
  return exists(kind) && losses[kind].row->domain.text ? losses[kind].row->domain : any;
}

bool ebb_loss_takes(ebb_loss_kind kind, double value) {
  ebb_loss_domain d = ebb_loss_domain_of(kind);
  return (d.above ? value > d.least : value >= d.least) && value <= d.most;
}

const ebbi_loss_row *ebbi_loss_row_of(ebb_loss_kind kind) {
  return losses[kind].row;
}

ebb_loss ebb_loss_default(ebb_loss_kind kind) {
  ebb_loss loss = {.kind = kind};
  for (int p = 0; exists(kind) && p < EBB_LOSS_PARAMETERS; p++)
    loss.parameters[p] = losses[kind].row->parameters[p].usual;
  return loss;
}

bool ebb_loss_equal(ebb_loss a, ebb_loss b) {
  bool equal = a.kind == b.kind;
  for (int p = 0; p < EBB_LOSS_PARAMETERS; p++) equal &= a.parameters[p] == b.parameters[p];
  return equal;
}

/* The most parameters that a text may have. */
static int parameter_count(ebb_loss_kind kind) {
  int count = 0;
  if (losses[kind].row->list) return EBB_LOSS_PARAMETERS;
  while (count < EBB_LOSS_PARAMETERS && losses[kind].row->parameters[count].name) count++;
  return count;
}

/* The parameters that a loss has: of a list, those before the first 0. */
static int given_count(ebb_loss loss) {
  int count = parameter_count(loss.kind);
  while (losses[loss.kind].row->list && count > 1 && loss.parameters[count - 1] == 0) count--;
  return count;
}

size_t ebb_loss_outputs(ebb_loss loss) {
  if (!exists(loss.kind)) return 1;
  const ebbi_loss_row *row = losses[loss.kind].row;
  if (row->list) return (size_t)given_count(loss);
  return row->outputs ? row->outputs : 1;
}

size_t ebbi_loss_hits(ebb_loss loss, size_t outputs) {
  return losses[loss.kind].row->counts ? outputs : 1;
}

size_t ebbi_loss_targets(ebb_loss loss, size_t outputs) {
  return ebb_loss_has_labels(loss.kind) ? 1 : outputs / ebb_loss_outputs(loss);
}

ebb_status ebbi_require_outputs(const char *where, ebb_loss loss, size_t outputs) {
  size_t each = ebb_loss_outputs(loss);
  REQUIRE(outputs % each == 0, EBB_ERR_ARGUMENT,
          "%s: loss %s takes %zu outputs for each target, and %zu is no multiple of it", where,
          ebb_loss_name(loss.kind), each, outputs);
  return EBB_OK;
}

ebb_status ebbi_require_loss(const char *where, ebb_loss loss) {
  REQUIRE(exists(loss.kind), EBB_ERR_ARGUMENT, "%s: there is no loss %d", where, (int)loss.kind);
  const ebbi_loss_row *row = losses[loss.kind].row;
  for (int p = 0; p < given_count(loss); p++) {
    const ebbi_setting *setting = &row->parameters[row->list ? 0 : p];
    TRY(ebbi_setting_check(where, losses[loss.kind].name, setting, loss.parameters[p]));
    REQUIRE(!row->list || p == 0 || loss.parameters[p] > loss.parameters[p - 1], EBB_ERR_ARGUMENT,
            "%s: %s of %s is %g after %g; they must rise", where, setting->name,
            losses[loss.kind].name, loss.parameters[p], loss.parameters[p - 1]);
  }
  return EBB_OK;
}

static ebb_status no_such_loss(const char *text, size_t length) {
  char names[256] = "";
  for (int i = 0; i < EBB_LOSS_COUNT; i++)
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
             losses[i].name);
  return ebbi_fail(EBB_ERR_ARGUMENT, "loss \"%.*s\": unknown; known are: %s",
                   (int)(length < 60 ? length : 60), text, names);
}

/* Parses the numbers between the parentheses, separated by commas. */
static ebb_status parse_parameters(ebb_loss *loss, const char *text, const char *at) {
  const char *end = strrchr(at, ')');
  REQUIRE(end && end[1] == '\0', EBB_ERR_ARGUMENT, "loss \"%.60s\": does not end with a \")\"",
          text);
  int count = parameter_count(loss->kind), p = 0;
  for (bool more = true; more; p++) {
    size_t length = strcspn(at, ",)");
    REQUIRE(p < count, EBB_ERR_ARGUMENT, "loss \"%.60s\": %s has only %d parameters", text,
            losses[loss->kind].name, count);
    REQUIRE(ebbi_parse_number(&loss->parameters[p], at, length, '.'), EBB_ERR_ARGUMENT,
            "loss \"%.60s\": \"%.*s\" is not a number", text, (int)(length < 40 ? length : 40), at);
    more = at[length] == ',';
    at += length + 1;
  }
  REQUIRE(at == end + 1, EBB_ERR_ARGUMENT, "loss \"%.60s\": text after the first \")\"", text);
  return ebbi_require_loss(text, *loss);
}

ebb_status ebb_loss_parse(ebb_loss *out, const char *text) {
  REQUIRE(out && text, EBB_ERR_ARGUMENT, "ebb_loss_parse: an argument is NULL");
  size_t length = strcspn(text, "(");
  for (int i = 0; i < EBB_LOSS_COUNT; i++)
    if (strlen(losses[i].name) == length && strncmp(text, losses[i].name, length) == 0) {
      ebb_loss loss = ebb_loss_default((ebb_loss_kind)i);
      if (text[length]) TRY(parse_parameters(&loss, text, text + length + 1));
      *out = loss;
      return EBB_OK;
    }
  return no_such_loss(text, length);
}

const char *ebb_loss_text(char text[EBB_LOSS_TEXT], ebb_loss loss) {
  snprintf(text, EBB_LOSS_TEXT, "%s", ebb_loss_name(loss.kind));
  if (!exists(loss.kind) || ebb_loss_equal(loss, ebb_loss_default(loss.kind))) return text;
  for (int p = 0; p < given_count(loss); p++) {
    snprintf(text + strlen(text), EBB_LOSS_TEXT - strlen(text), "%c%s", p == 0 ? '(' : ',',
             ebbi_number_text((char[EBBI_NUMBER_TEXT]){0}, loss.parameters[p]));
  }
  snprintf(text + strlen(text), EBB_LOSS_TEXT - strlen(text), ")");
  return text;
}
