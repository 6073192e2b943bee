/* ebb_replay: repeats a dump's operation on this device and in the reference.
 *
 * The operation runs on the training's tensors, in the training's precision, engine and width. The
 * functions that found the wrong number compare it. A whole step gathers its batch from a dataset
 * made of the dump, so its gather differs from the training's. The same holds for rows, whose order
 * is not repeated.
 */
#include "check/replay.h"

#include "base/error.h"
#include "ops/ops.h"
#include "tensor/tensor.h"

#include <ebb/sentinel.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

ebb_status ebbi_replay_make(ebb_tensor **out, ebbi_replay *r, const char *name, bool half,
                            size_t rows, size_t cols, bool filled) {
  float *values;
  ebbi_fixture *fixture = &r->comparison.fixture;
  TRY(ebbi_dump_floats(&values, fixture, &r->dump, name, rows, cols));
  for (size_t i = 0; !filled && i < rows * cols; i++) values[i] = NAN;
  TRY(ebb_tensor_create(out, fixture->device, half ? EBB_BF16 : EBB_F32, rows, cols));
  TRY(ebbi_fixture_keep(fixture, *out));
  return ebb_tensor_upload_floats(*out, values);
}

ebb_status ebbi_replay_weights(double **out, ebbi_replay *r, const char *name, size_t rows) {
  float *floats;
  *out = NULL;
  if (!r->dump.loss.weighted) return EBB_OK;
  TRY(ebbi_dump_floats(&floats, &r->comparison.fixture, &r->dump, name, rows, 1));
  TRY(ebbi_fixture_array(out, &r->comparison.fixture, rows));
  for (size_t i = 0; i < rows; i++) (*out)[i] = (double)floats[i];
  return EBB_OK;
}

/* What the dump holds as labels, I32 [rows, 1], or values, F32 [rows, outputs]. */
typedef struct target_words {
  const void *words;
  size_t cols;
  ebb_dtype dtype;
} target_words;

static ebb_status read_target(target_words *out, ebbi_replay *r, const char *name, size_t rows) {
  ebbi_fixture *fixture = &r->comparison.fixture;
  size_t outputs = ebb_spec_outputs(&r->dump.spec);
  bool classes = ebb_loss_has_labels(r->dump.loss.kind);
  size_t cols = ebbi_loss_targets(r->dump.loss, outputs);
  float *values;
  int32_t *labels;
  TRY(ebbi_dump_floats(&values, fixture, &r->dump, name, rows, cols));
  *out = (target_words){values, cols, EBB_F32};
  if (!classes) return EBB_OK;
  TRY(ebbi_fixture_bytes(&labels, fixture, rows, sizeof *labels));
  for (size_t i = 0; i < rows; i++) {
    REQUIRE(values[i] >= 0 && values[i] < (float)outputs, EBB_ERR_INPUT,
            "%s: label %g of row %zu is none of the %zu classes, so nothing can be computed again: "
            "the dump is damaged, or the device's memory was when it was made",
            r->dump.path, (double)values[i], i, outputs);
    labels[i] = (int32_t)values[i];
  }
  *out = (target_words){labels, 1, EBB_I32};
  return EBB_OK;
}

ebb_status ebbi_replay_target(ebb_tensor **out, ebbi_replay *r, const char *name, size_t rows) {
  target_words t;
  TRY(read_target(&t, r, name, rows));
  return ebbi_fixture_tensor(out, &r->comparison.fixture, t.dtype, rows, t.cols, false, t.words);
}

ebb_status ebbi_replay_targets(ebb_tensor **out, ebbi_replay *r, const char *name, size_t rows,
                               const double *weights) {
  target_words t;
  TRY(read_target(&t, r, name, rows));
  return ebbi_fixture_targets(out, &r->comparison.fixture, t.dtype, rows, t.cols, t.words, weights);
}

static ebb_status run_update(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  ebbi_fixture *fixture = &r->comparison.fixture;
  ebb_state state = ebb_state_default(1, 1, d->learning_rate);
  ebbi_update_case u = {.optimizer = &d->optimizer,
                        .learning_rate = d->learning_rate,
                        .step = d->step,
                        .grouped = d->grouped,
                        .group = d->group};
  size_t slabs = 1 + ebb_optimizer_moments(&d->optimizer);
  REQUIRE(ebbi_dump_shape(&u.slices, &u.count, d, "gradients"), EBB_ERR_INPUT,
          "%s: there is no tensor \"gradients\"", d->path);
  TRY(ebbi_dump_floats(&u.gradients, fixture, d, "gradients", u.slices, u.count));
  for (size_t s = 0; s < slabs; s++)
    TRY(ebbi_dump_floats(&u.before[s], fixture, d, ebbi_slab_name(s), 1, u.count));
  if (d->grouped && d->group.clip_norm > 0)
    TRY(ebbi_dump_floats(&u.norms, fixture, d, "norms", EBBI_NORM_GROUPS, 2));
  TRY(ebbi_fixture_bytes(&u.parameters, fixture, u.count, sizeof *u.parameters));
  for (size_t i = 0; i < u.count; i++) u.parameters[i] = i;
  state.step = d->step;
  TRY(ebbi_update_case_run(&u, &state, fixture));
  return ebbi_compare_update(&r->comparison, &u);
}

/* A tensor of the batch, and the dump's tensor that it must equal. */
typedef struct gathered {
  const char *name;
  ebb_tensor *found;
  const char *expected;
} gathered;

static ebb_status compare_part(ebbi_replay *r, const gathered *part, const ebbi_picks *picks) {
  ebbi_comparison *c = &r->comparison;
  size_t cols = part->found->cols;
  double *found;
  float *expected;
  TRY(ebbi_read_rows(&found, c, part->found, picks));
  TRY(ebbi_dump_floats(&expected, &c->fixture, &r->dump, part->expected, r->dump.live, cols));
  for (size_t i = 0; i < picks->count * cols; i++)
    ebbi_compare(c, part->name, picks->index[i / cols], i % cols, found[i],
                 (double)expected[picks->index[i / cols] * cols + i % cols], 0);
  return EBB_OK;
}

/* Gathers the rows in order, as a dataset of their own. */
static ebb_status run_rows(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  ebbi_comparison *c = &r->comparison;
  size_t inputs = ebb_spec_inputs(&d->spec);
  bool classes = ebb_loss_has_labels(d->loss.kind);
  ebb_state state = ebb_state_default(0, 0, 0);
  ebb_tensor *data, *targets, *x, *y, *weights = NULL, *state_tensor;
  ebbi_picks picks = ebbi_pick(c, d->live, d->number.row);
  double *row_weights;
  float *rows;
  TRY(ebbi_dump_floats(&rows, &c->fixture, d, "rows", d->live, inputs));
  TRY(ebbi_fixture_tensor(&data, &c->fixture, EBB_F32, d->live, inputs, true, rows));
  TRY(ebbi_replay_weights(&row_weights, r, "row_weights", d->live));
  TRY(ebbi_replay_targets(&targets, r, "row_targets", d->live, row_weights));
  TRY(ebbi_replay_make(&x, r, "x", false, d->batch, inputs, false));
  size_t cols = targets->cols - (row_weights ? 1 : 0);
  TRY(ebb_tensor_create(&y, c->fixture.device, classes ? EBB_I32 : EBB_F32, d->batch, cols));
  TRY(ebbi_fixture_keep(&c->fixture, y));
  if (row_weights) {
    TRY(ebb_tensor_create_packed(&weights, c->fixture.device, EBB_F32, d->batch, 1));
    TRY(ebbi_fixture_keep(&c->fixture, weights));
  }
  TRY(ebbi_fixture_state(&state_tensor, &c->fixture, &state));
  TRY(ebbi_gather_block(&r->exec, x, y, weights, state_tensor, data, targets, data->rows, 1, false,
                        0, x->rows, 0));
  const gathered parts[] = {
      {"x", x, "rows"}, {"target", y, "row_targets"}, {"weights", weights, "row_weights"}};
  for (size_t p = 0; p < (weights ? 3 : 2); p++) TRY(compare_part(r, &parts[p], &picks));
  return EBB_OK;
}

/* Runs the whole step of a network with these parameters on a dataset of this batch. */
static ebb_status launch_whole(ebbi_replay *r, const ebb_tensor *data, const ebb_tensor *targets) {
  const ebbi_dump *d = &r->dump;
  ebbi_fixture *fixture = &r->comparison.fixture;
  ebb_tensor *slab = r->network->parameters, *moments[EBB_OPTIMIZER_MOMENTS];
  ebb_state state = ebb_state_default(0, 0, d->learning_rate);
  ebbi_whole_source source = {data, targets, d->live, d->loss, 1, false, 0};
  TRY(ebb_tensor_upload(r->pass->state, &state));
  if (r->pass->whole->layout.slices > 1)
    return ebbi_whole_step_run(r->pass->whole, r->pass->state, slab, &source);
  for (size_t i = 0; i < EBB_OPTIMIZER_MOMENTS; i++) {
    TRY(ebb_tensor_create(&moments[i], fixture->device, EBB_F32, 1, slab->cols));
    TRY(ebbi_fixture_keep(fixture, moments[i]));
  }
  return ebbi_whole_steps_run(r->pass->whole, slab, moments, r->pass->state, &source, &d->optimizer,
                              NULL, 1);
}

static ebb_status run_whole(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  ebbi_comparison *c = &r->comparison;
  size_t inputs = ebb_spec_inputs(&d->spec), outputs = ebb_spec_outputs(&d->spec);
  size_t targets_cols = ebbi_loss_targets(d->loss, outputs);
  ebb_tensor *data, *targets;
  float *rows, *parameters, *y;
  double *x_values, *y_values, *weights;
  REQUIRE(ebb_spec_parameters(&d->spec) <= EBBI_WHOLE_PARAMETERS, EBB_ERR_INPUT,
          "%s: a network of %zu parameters takes no whole steps", d->path,
          ebb_spec_parameters(&d->spec));
  TRY(ebb_network_create(&r->network, c->fixture.device, &d->spec, EBB_INIT_ZERO, 1));
  TRY(ebbi_pass_create(&r->pass, &r->exec, r->network, d->batch, d->loss, EBBI_PASS_WHOLE));
  TRY(ebbi_dump_floats(&parameters, &c->fixture, d, "parameters", 1, r->network->parameters->cols));
  TRY(ebb_tensor_upload(r->network->parameters, parameters));
  TRY(ebbi_dump_floats(&rows, &c->fixture, d, "x", d->live, inputs));
  TRY(ebbi_dump_floats(&y, &c->fixture, d, "target", d->live, targets_cols));
  TRY(ebbi_fixture_tensor(&data, &c->fixture, EBB_F32, d->live, inputs, true, rows));
  TRY(ebbi_replay_weights(&weights, r, "weights", d->live));
  TRY(ebbi_replay_targets(&targets, r, "target", d->live, weights));
  TRY(launch_whole(r, data, targets));
  TRY(ebbi_fixture_array(&x_values, &c->fixture, d->live * inputs));
  TRY(ebbi_fixture_array(&y_values, &c->fixture, d->live * targets_cols));
  for (size_t i = 0; i < d->live * inputs; i++) x_values[i] = (double)rows[i];
  for (size_t i = 0; i < d->live * targets_cols; i++) y_values[i] = (double)y[i];
  const ebbi_whole_case w = {.network = r->network,
                             .layout = &r->pass->whole->layout,
                             .loss = d->loss,
                             .live = d->live,
                             .parameters = parameters,
                             .x = x_values,
                             .y = y_values,
                             .weights = weights,
                             .rows = d->live,
                             .gradients = r->pass->gradients,
                             .partials = r->pass->partials};
  REQUIRE(d->number.row < w.layout->slices || strncmp(d->number.tensor, "state", 5) == 0,
          EBB_ERR_INPUT, "%s: slice %zu of %zu", d->path, d->number.row, w.layout->slices);
  return ebbi_compare_whole(c, &w, d->number.row);
}

static ebb_status (*const run[EBBI_OPERATION_COUNT])(ebbi_replay *r) = {
    [EBBI_OPERATION_ROWS] = run_rows,
    [EBBI_OPERATION_FORWARD] = ebbi_replay_forward,
    [EBBI_OPERATION_LOSS] = ebbi_replay_loss,
    [EBBI_OPERATION_WEIGHT_GRADIENT] = ebbi_replay_weight_gradient,
    [EBBI_OPERATION_INPUT_GRADIENT] = ebbi_replay_input_gradient,
    [EBBI_OPERATION_GRADIENT_SUM] = ebbi_replay_gradient_sum,
    [EBBI_OPERATION_UPDATE] = run_update,
    [EBBI_OPERATION_WHOLE_STEP] = run_whole};

/* Sets up products as in the training. */
static ebb_status choose(ebbi_exec *exec, ebb_device *device, const ebbi_dump *d) {
  *exec = *ebbi_device_exec(device);
  if (exec->engine != d->engine) TRY(ebbi_exec_set_engine(exec, d->engine));
  TRY(ebbi_exec_set_width(exec, device, (unsigned)d->width));
  if (!d->emulated) return ebbi_exec_set_precision(exec, device, d->precision);
  exec->mma = (ebbi_mma_state){d->precision, EBBI_UNIT_EMULATED};
  return EBB_OK;
}

static const char *fact(const ebbi_dump *dump, const char *key) {
  const char *text = ebbi_safetensors_metadata(dump->file, key);
  return text ? text : "?";
}

static void fill(ebb_replay_result *out, const ebbi_replay *r) {
  const ebbi_number *then = &r->dump.number, *now = &r->watched;
  bool computed = !isnan(now->expected);
  snprintf(out->what, sizeof out->what, "%s", fact(&r->dump, "what"));
  snprintf(out->spec, sizeof out->spec, "%s", fact(&r->dump, "spec"));
  snprintf(out->device, sizeof out->device, "%.100s, driver %.100s", fact(&r->dump, "device"),
           fact(&r->dump, "driver"));
  out->step = r->dump.step;
  out->found = then->found;
  out->now = now->found;
  out->expected = computed ? now->expected : then->expected;
  out->bound = computed ? now->bound : then->bound;
  out->wrong = r->comparison.severity > 1 || (computed && !isfinite(now->found));
  out->worst[0] = '\0';
  if (r->comparison.severity > 1)
    ebbi_number_describe(out->worst, sizeof out->worst, &r->comparison.worst, r->network);
}

static ebb_status replay_dump(ebb_replay_result *out, ebbi_replay *r, ebb_device *device) {
  const ebbi_number *then = &r->dump.number;
  TRY(choose(&r->exec, device, &r->dump));
  r->exec.formulas = r->dump.spec.formulas;
  r->watched = *then;
  r->watched.found = r->watched.expected = r->watched.bound = NAN;
  r->comparison = (ebbi_comparison){.fixture = {.device = device, .exec = &r->exec, .seed = 1},
                                    .watched = &r->watched};
  ebbi_comparison_of(&r->comparison, r->dump.operation, then->kind, then->layer);
  TRY(run[r->dump.operation](r));
  fill(out, r);
  bool bounds_broken = r->comparison.severity > 1;
  const ebbi_number *wrong = bounds_broken ? &r->comparison.worst : &r->watched;
  REQUIRE(!out->wrong, EBB_ERR_NUMBERS,
          "replay: wrong again: %s is %.9g, by the reference %.9g, give or take %.2g: the "
          "device or its driver is at fault",
          bounds_broken ? out->worst : out->what, wrong->found, wrong->expected, wrong->bound);
  return EBB_OK;
}

ebb_status ebb_replay(ebb_replay_result *out, ebb_device *device, const char *dump) {
  REQUIRE(out && device && dump, EBB_ERR_ARGUMENT, "ebb_replay: an argument is NULL");
  *out = (ebb_replay_result){0};
  ebbi_replay r = {0};
  ebb_status status = ebbi_dump_read(&r.dump, dump);
  if (status == EBB_OK) status = replay_dump(out, &r, device);
  ebbi_fixture_clear(&r.comparison.fixture);
  ebbi_pass_free(r.pass);
  ebb_network_free(r.network);
  ebbi_dump_free(&r.dump);
  return status;
}
