/* The figures of a training in the units of the data.
 *
 * A network learns a standardised target, so its loss means little to users. With one target the
 * root mean square error is reported in the target's units, with R2, beside the loss. Several
 * targets have no common unit; their figure is the loss.
 */
#include "train_figures.h"

#include "output.h"

#include <math.h>
#include <string.h>

double figures_unit(const training *t) {
  bool one_target =
      ebb_loss_is_squares(t->options.loss.kind) && ebb_encoder_outputs(t->encoder) == 1;
  return one_target ? ebb_encoder_target_deviation(t->encoder, 0) : NAN;
}

double figures_rmse(const training *t, double loss) {
  return sqrt(loss) * t->unit;
}

/* Appends `, label value` to a text, unless the value is NaN. */
static void append(char *text, size_t size, const char *format, double value) {
  size_t length = strlen(text);
  if (isfinite(value)) snprintf(text + length, size - length, format, value);
}

/* At the end of an epoch a loss that is not finite is a (bad) result; otherwise it means that there
 * is none. */
static bool is_validated(const training *t, const ebb_report *r) {
  return r->epoch_end && t->valid_rows > 0;
}

/* The loss of `part`, or its equivalent in the target's units. */
static void append_loss(char *text, size_t size, const training *t, const char *part, double loss,
                        bool known) {
  double rmse = figures_rmse(t, loss);
  size_t length = strlen(text);
  if (!isfinite(loss) && !known) return;
  if (!isfinite(loss))
    snprintf(text + length, size - length, ", %s loss %s", part, isnan(loss) ? "NaN" : "Inf");
  else if (isfinite(rmse))
    snprintf(text + length, size - length, ", %s rmse %.5g (%sloss %.5g)", part, rmse,
             t->unit == 1 ? "" : "scaled ", loss);
  else
    snprintf(text + length, size - length, ", %s loss %.5g", part, loss);
}

void figures_describe_valid(char *text, size_t size, const training *t, const ebb_report *r) {
  text[0] = '\0';
  append_loss(text, size, t, "valid", r->valid_loss, is_validated(t, r));
  if (isfinite(figures_rmse(t, r->valid_loss))) append(text, size, ", r2 %.4g", r->valid_r2);
  append(text, size, ", valid accuracy %.2f %%", 100 * r->valid_accuracy);
}

void figures_describe(char *text, size_t size, const training *t, const ebb_report *r) {
  char valid[160];
  figures_describe_valid(valid, sizeof valid, t, r);
  text[0] = '\0';
  if (*valid) {
    double rmse = figures_rmse(t, r->train_loss);
    append(text, size, isfinite(rmse) ? ", train rmse %.5g" : ", train loss %.5g",
           isfinite(rmse) ? rmse : r->train_loss);
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s", valid);
  } else {
    append_loss(text, size, t, "train", r->train_loss, r->epoch_end);
    append(text, size, ", train accuracy %.2f %%", 100 * r->train_accuracy);
  }
}

void figures_put(json_t *object, const training *t, const ebb_report *r) {
  put_number(object, "train_loss", r->train_loss);
  put_number(object, "train_rmse", figures_rmse(t, r->train_loss));
  put_number(object, "train_accuracy", r->train_accuracy);
  if (is_validated(t, r) && !isfinite(r->valid_loss))
    put(object, "valid_loss", json_null());
  else
    put_number(object, "valid_loss", r->valid_loss);
  put_number(object, "valid_rmse", figures_rmse(t, r->valid_loss));
  put_number(object, "valid_r2", figures_rmse(t, r->valid_loss) >= 0 ? r->valid_r2 : NAN);
  put_number(object, "valid_accuracy", r->valid_accuracy);
}
