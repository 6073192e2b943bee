/* Verifies a network: one batch forward and backward, then three updates, on the device and in the
 * reference, from the same weights.
 *
 * The whole chain runs on the device before anything is compared, exactly as in training. A tensor
 * is compared as a whole, by the root of the sum of squared errors, since rounding in one layer
 * spreads over all elements of the next. The caller's weights stay, since the network is a copy.
 */
#include "check/differences.h"
#include "check/rounding.h"
#include "check/slab.h"
#include "check/update_run.h"
#include "check/verifier.h"

#include "base/error.h"
#include "graph/pass.h"
#include "nn/kind.h"
#include "ops/loss_row.h"
#include "train/train.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

enum { DEFAULT_BATCH = 33, UPDATES = 3, SAMPLES_MIN = 8, SAMPLES_MAX = 500 };

/* Multiply-adds that finite differences of one tensor may cost: a few tenths of a second. */
static const double DIFFERENCES_WORK = 2e8;

typedef struct network_check {
  ebbi_verifier *verifier;
  ebb_network *network;    /* the copy */
  ebbi_pass *pass, *whole; /* by layers; in one launch */
  ebbi_reference_network *reference, *spread;
  ebbi_fixture fixture;
  ebbi_tally updates[EBB_MAX_NODES];
} network_check;

static const ebb_spec *spec_of(const network_check *c) {
  return ebb_network_spec(c->verifier->options->network);
}

/* Copies one tensor of the caller's network into the copy and into the reference. */
static ebb_status copy_values(double *values, ebb_tensor *to, const ebb_tensor *from,
                              ebbi_fixture *fixture) {
  float *floats;
  size_t count = ebb_tensor_rows(from) * ebb_tensor_cols(from);
  TRY(ebbi_fixture_bytes(&floats, fixture, count, sizeof *floats));
  TRY(ebb_tensor_download(floats, from));
  for (size_t i = 0; i < count; i++) values[i] = (double)floats[i];
  return ebb_tensor_upload(to, floats);
}

static ebb_status copy_network(network_check *c) {
  const ebb_network *from = c->verifier->options->network;
  const ebb_spec *spec = spec_of(c);
  TRY(ebb_network_create(&c->network, c->verifier->device, spec, EBB_INIT_ZERO, 1));
  for (size_t n = 0; n < spec->count; n++) {
    double *values = c->reference->parameters + ebbi_reference_offset(spec, n);
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && from->parameter[n][p]; p++) {
      const ebb_tensor *tensor = from->parameter[n][p];
      TRY(copy_values(values, c->network->parameter[n][p], tensor, &c->fixture));
      values += tensor->rows * tensor->cols;
    }
    ebbi_fixture_clear(&c->fixture);
  }
  return EBB_OK;
}

/* The batch's inputs: the first rows of the data, or random numbers. */
static ebb_status fill_inputs(network_check *c) {
  const ebb_dataset *data = c->verifier->options->dataset;
  size_t count = c->reference->batch * ebb_spec_inputs(spec_of(c));
  double *random;
  if (!data) TRY(ebbi_fixture_normal(&random, &c->fixture, count, 1));
  for (size_t i = 0; i < count; i++)
    c->reference->y[0][i] = !data     ? random[i]
                            : data->x ? (double)data->x[i]
                                      : (double)(data->scale * (float)data->x_u8[i]);
  float *floats;
  TRY(ebbi_fixture_floats(&floats, &c->fixture, count, c->reference->y[0]));
  return ebb_tensor_upload(c->pass->value[0], floats);
}

/* The batch's labels or values. The fixture owns them until the check ends. */
static ebb_status fill_target(network_check *c) {
  const ebb_verify_options *options = c->verifier->options;
  size_t batch = c->reference->batch, outputs = ebb_spec_outputs(spec_of(c));
  size_t count = batch * ebbi_loss_targets(options->loss, outputs);
  int32_t *labels = NULL;
  double *values = NULL;
  c->reference->target.loss = options->loss;
  if (ebb_loss_has_labels(options->loss.kind)) {
    TRY(ebbi_fixture_labels(&labels, &c->fixture, batch, outputs));
    for (size_t i = 0; options->dataset && i < batch; i++) labels[i] = options->dataset->labels[i];
    c->reference->target.labels = labels;
    return ebb_tensor_upload(c->pass->target, labels);
  }
  float *floats;
  TRY(ebbi_fixture_values(&values, &c->fixture, count, options->loss.kind));
  TRY(ebbi_fixture_bytes(&floats, &c->fixture, count, sizeof *floats));
  for (size_t i = 0; i < count; i++) {
    if (options->dataset) values[i] = (double)options->dataset->values[i];
    floats[i] = (float)values[i];
  }
  c->reference->target.values = values;
  return ebb_tensor_upload(c->pass->target, floats);
}

static ebb_status set_up(network_check *c) {
  const ebb_verify_options *options = c->verifier->options;
  size_t batch = options->batch > 0 ? options->batch : DEFAULT_BATCH;
  TRY(ebbi_require_loss("ebb_verify", options->loss));
  if (options->dataset) {
    TRY(ebbi_feed_check(NULL, "ebb_verify", options->dataset, options->network, options->loss));
    if (options->dataset->rows < batch) batch = options->dataset->rows;
  }
  TRY(ebbi_reference_create(&c->reference, spec_of(c), batch));
  TRY(copy_network(c));
  TRY(ebbi_pass_create(&c->pass, c->fixture.exec, c->network, batch, options->loss,
                       EBBI_PASS_LAYERS));
  c->pass->seed = c->reference->seed = options->seed;
  TRY(fill_inputs(c));
  return fill_target(c);
}

/* ---- comparisons ---- */

/* A tensor's error and bound, both relative to its norm. */
static ebb_status tally_tensor(ebbi_tally *tally, const ebb_tensor *tensor, const double *expected,
                               const double *variances, ebbi_fixture *fixture) {
  double *found;
  TRY(ebbi_fixture_read(&found, fixture, tensor));
  ebbi_rounding_tally(tally, found, expected, variances,
                      ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor));
  return EBB_OK;
}

/* "32x16 relu": a dense layer; "16 dropout": columns and kind. */
static void name_node(ebbi_tally *tally, const ebb_spec *spec, size_t node) {
  const ebb_node *n = &spec->nodes[node];
  char activation[EBB_ACTIVATION_TEXT];
  if (ebbi_node_kind(spec, node)->takes)
    ebbi_tally_case(tally, "%zux%zu %s", ebb_spec_cols(spec, n->inputs[0]), n->units,
                    ebb_spec_activation(activation, spec, node));
  else
    ebbi_tally_case(tally, "%zu %s", n->units, ebbi_node_kind(spec, node)->name);
}

static bool wants(const network_check *c, const char *group, const char *name) {
  return ebbi_verifier_wants(c->verifier, group, name);
}

static ebb_status report_forward(network_check *c) {
  char name[64];
  for (size_t n = 0; n < spec_of(c)->count; n++) {
    ebbi_tally tally = {0};
    snprintf(name, sizeof name, "layer %zu", n + 1);
    if (!wants(c, "forward", name)) continue;
    name_node(&tally, spec_of(c), n);
    TRY(tally_tensor(&tally, c->pass->value[n + 1], c->reference->y[n + 1], c->spread->y[n + 1],
                     &c->fixture));
    if (c->pass->z[n])
      TRY(tally_tensor(&tally, c->pass->z[n], c->reference->z[n], c->spread->z[n], &c->fixture));
    TRY(ebbi_verifier_report(c->verifier, "forward", name, &tally));
  }
  return EBB_OK;
}

static ebb_status report_loss(network_check *c, const ebbi_pass *pass, const char *name) {
  ebbi_tally tally = {0};
  double *sums, loss = 0;
  if (!wants(c, "forward", name)) return EBB_OK;
  TRY(ebbi_fixture_read(&sums, &c->fixture, pass->partials));
  for (size_t group = 0; group < ebb_tensor_rows(pass->partials); group++)
    loss += sums[2 * group] / (double)ebbi_reference_rows(c->reference, spec_of(c)->count);
  double expected = c->reference->loss, scale = fmax(fabs(expected), DBL_MIN);
  ebbi_tally_case(&tally, "%s %.6g", ebb_loss_name(c->reference->target.loss.kind), expected);
  ebbi_tally_add(&tally, loss, expected, scale, EBBI_DEVIATIONS * sqrt(c->spread->loss) / scale);
  return ebbi_verifier_report(c->verifier, "forward", name, &tally);
}

/* The gradients of a pass [slices, parameters], and room for a tensor's sum of slices. */
typedef struct gradient_slab {
  double *values, *sum;
  size_t slices;
  const char *suffix; /* of the names of the checks */
} gradient_slab;

/* Reports one parameter's gradient; `first` is its first number within the node's. */
static ebb_status report_gradient(network_check *c, const gradient_slab *slab, size_t node,
                                  const ebbi_parameter *parameter, size_t first) {
  ebbi_tally tally = {0};
  char name[64];
  snprintf(name, sizeof name, "layer %zu %s%s", node + 1, parameter->name, slab->suffix);
  if (!wants(c, "gradient", name)) return EBB_OK;
  size_t parameters = c->network->parameters->cols, count = parameter->rows * parameter->cols;
  size_t at = ebbi_reference_offset(spec_of(c), node) + first;
  for (size_t i = 0; i < count; i++) {
    size_t place = ebbi_slab_place(c->network, node, first + i);
    slab->sum[i] = 0;
    for (size_t s = 0; s < slab->slices; s++) slab->sum[i] += slab->values[s * parameters + place];
  }
  name_node(&tally, spec_of(c), node);
  ebbi_rounding_tally(&tally, slab->sum, c->reference->gradients + at, c->spread->gradients + at,
                      count);
  return ebbi_verifier_report(c->verifier, "gradient", name, &tally);
}

static ebb_status report_gradients(network_check *c, const ebbi_pass *pass, const char *suffix) {
  gradient_slab slab = {.suffix = suffix};
  if (!c->verifier->counting) {
    slab.slices = ebb_tensor_rows(pass->gradients);
    TRY(ebbi_fixture_read(&slab.values, &c->fixture, pass->gradients));
    TRY(ebbi_fixture_array(&slab.sum, &c->fixture, c->reference->count));
  }
  for (size_t n = spec_of(c)->count; n-- > 0;) {
    ebbi_parameter all[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(all, spec_of(c), n), first = 0;
    for (size_t p = 0; p < count; first += all[p].rows * all[p].cols, p++)
      TRY(report_gradient(c, &slab, n, &all[p], first));
  }
  return EBB_OK;
}

/* Forward, loss and backward on the device; comparisons come later. */
static ebb_status run_layers(network_check *c) {
  ebb_state state = ebb_state_default((uint32_t)c->reference->live, 1, 0);
  TRY(ebb_tensor_upload(c->pass->state, &state));
  TRY(ebbi_pass_forward(c->pass));
  TRY(ebbi_pass_loss(c->pass));
  return ebbi_pass_backward(c->pass);
}

static ebb_status report_layers(network_check *c) {
  TRY(report_forward(c));
  TRY(report_loss(c, c->pass, "loss"));
  return report_gradients(c, c->pass, "");
}

/* Gives the batch to a whole step as a dataset of its own. */
static ebb_status run_batch(network_check *c, const ebbi_pass *pass) {
  const ebbi_reference_network *reference = c->reference;
  size_t batch = reference->batch, inputs = ebb_spec_inputs(spec_of(c));
  size_t targets_cols = ebbi_loss_targets(reference->target.loss, ebb_spec_outputs(spec_of(c)));
  bool classes = ebb_loss_has_labels(reference->target.loss.kind);
  ebb_state state = ebb_state_default(0, 0, 0);
  ebb_tensor *data, *targets;
  float *x, *y;
  TRY(ebbi_fixture_floats(&x, &c->fixture, batch * inputs, reference->y[0]));
  TRY(ebbi_fixture_floats(&y, &c->fixture, batch * targets_cols, reference->target.values));
  TRY(ebbi_fixture_tensor(&data, &c->fixture, EBB_F32, batch, inputs, true, x));
  TRY(ebbi_fixture_tensor(&targets, &c->fixture, classes ? EBB_I32 : EBB_F32, batch, targets_cols,
                          true, classes ? (const void *)reference->target.labels : y));
  TRY(ebb_tensor_upload(pass->state, &state));
  ebbi_whole_source source = {data, targets, batch, reference->target.loss, 1, false, 0};
  return ebbi_whole_step_run(pass->whole, pass->state, c->network->parameters, &source);
}

static ebb_status run_whole(network_check *c) {
  TRY(ebbi_pass_create(&c->whole, c->fixture.exec, c->network, c->reference->batch,
                       c->reference->target.loss, EBBI_PASS_WHOLE));
  return run_batch(c, c->whole);
}

/* The same in one launch, if the network is small enough; whole steps are fp32. */
static ebb_status report_whole(network_check *c) {
  const ebb_network *network = c->verifier->options->network;
  if (c->fixture.exec->mma.precision != EBB_PRECISION_FP32) return EBB_OK;
  if (!ebbi_pass_can_be_whole(c->fixture.exec, network)) return EBB_OK;
  TRY(report_loss(c, c->whole, "loss, whole step"));
  return report_gradients(c, c->whole, ", whole step");
}

/* ---- updates ---- */

static ebb_status run_updates(network_check *c) {
  const ebb_verify_options *options = c->verifier->options;
  const ebb_spec *spec = spec_of(c);
  ebbi_update_run run = {.optimizer = options->optimizer,
                         .learning_rate =
                             options->learning_rate > 0 ? (double)options->learning_rate : 0.01f,
                         .parameters = ebb_network_parameters(c->network),
                         .gradients = c->pass->gradients,
                         .state = c->pass->state,
                         .partials = c->pass->partials};
  TRY(ebbi_update_run_begin(&run, &c->fixture));
  for (uint32_t step = 1; step <= UPDATES; step++) {
    TRY(run_layers(c));
    TRY(ebbi_update_run_step(&run, step, (uint32_t)c->reference->live));
    for (size_t n = 0; n < spec->count; n++) {
      size_t first, end;
      ebbi_slab_range(&first, &end, c->network, n);
      name_node(&c->updates[n], spec, n);
      ebbi_update_run_tally(&run, &c->updates[n], first, end - first);
    }
  }
  return EBB_OK;
}

static ebb_status report_updates(network_check *c) {
  ebb_optimizer_kind kind = c->verifier->options->optimizer.kind;
  for (size_t n = 0; n < spec_of(c)->count; n++) {
    char name[64];
    snprintf(name, sizeof name, "layer %zu %s", n + 1, ebb_optimizer_name(kind));
    if (ebbi_node_numbers(spec_of(c), n) > 0 && wants(c, "update", name))
      TRY(ebbi_verifier_report(c->verifier, "update", name, &c->updates[n]));
  }
  return EBB_OK;
}

/* ---- finite differences ---- */

static size_t samples_for(const ebbi_reference_network *reference) {
  double pass = 2 * (double)reference->batch * (double)reference->count; /* above and below */
  double samples = DIFFERENCES_WORK / pass;
  return samples < SAMPLES_MIN   ? SAMPLES_MIN
         : samples > SAMPLES_MAX ? SAMPLES_MAX
                                 : (size_t)samples;
}

static ebb_status report_difference(network_check *c, size_t node, size_t p, const char *what) {
  ebbi_tally tally = {0};
  ebbi_difference found;
  char name[64];
  snprintf(name, sizeof name, "layer %zu %s", node + 1, what);
  if (!wants(c, "reference", name)) return EBB_OK;
  TRY(ebbi_difference_check(&found, c->reference, node, p, samples_for(c->reference),
                            c->verifier->options->seed));
  ebbi_tally_case(&tally, "%zu compared, %zu at kinks", found.checked, found.kinks);
  ebbi_tally_add(&tally, found.error, 0, 1, EBBI_DIFFERENCE_BOUND);
  return ebbi_verifier_report(c->verifier, "reference", name, &tally);
}

static ebb_status report_differences(network_check *c) {
  for (size_t n = 0; n < spec_of(c)->count && !c->verifier->options->skip_differences; n++) {
    ebbi_parameter all[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(all, spec_of(c), n);
    for (size_t p = 0; p < count; p++) TRY(report_difference(c, n, p, all[p].name));
  }
  return EBB_OK;
}

/* ---- all of it ---- */

/* The parts, each with the checks of its results. While checks are counted, a report only
 * counts. */
static const struct {
  ebb_status (*run)(network_check *), (*report)(network_check *);
} parts[] = {{run_layers, report_layers},
             {run_whole, report_whole},
             {run_updates, report_updates},
             {NULL, report_differences}};
enum { PARTS = sizeof parts / sizeof *parts };

/* How many checks of a part are selected. */
static size_t count_part(network_check *c, size_t part) {
  ebbi_verifier *verifier = c->verifier;
  size_t before = verifier->count;
  verifier->counting = true;
  (void)parts[part].report(c);
  verifier->counting = false;
  size_t count = verifier->count - before;
  verifier->count = before;
  return count;
}

static ebb_status run_checks(network_check *c) {
  size_t counts[PARTS], count = 0;
  for (size_t i = 0; i < PARTS; i++) count += counts[i] = count_part(c, i);
  if (count == 0) return EBB_OK;
  TRY(set_up(c));
  ebbi_reference_run_forward(c->reference, 0);
  ebbi_reference_run_backward(c->reference);
  TRY(ebbi_rounding_create(&c->spread, c->reference, c->fixture.exec->mma.precision));
  for (size_t i = 0; i < PARTS; i++) {
    if (counts[i] == 0) continue;
    if (parts[i].run) TRY(parts[i].run(c));
    TRY(parts[i].report(c));
  }
  return EBB_OK;
}

ebb_status ebbi_verify_network(ebbi_verifier *verifier) {
  network_check c = {.verifier = verifier,
                     .fixture = {.device = verifier->device,
                                 .exec = ebbi_device_exec(verifier->device),
                                 .seed = verifier->options->seed}};
  if (verifier->counting) {
    for (size_t i = 0; i < PARTS; i++) TRY(parts[i].report(&c));
    return EBB_OK;
  }
  ebb_status status = run_checks(&c);
  ebbi_pass_free(c.pass);
  ebbi_pass_free(c.whole);
  ebb_network_free(c.network);
  ebbi_reference_free(c.reference);
  ebbi_reference_free(c.spread);
  ebbi_fixture_clear(&c.fixture);
  return status;
}
