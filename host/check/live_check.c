/* What is compared of the live batch, and in which order. By layers: the rows, each node's
 * operations, the update. Whole steps: a slice's gradients, the update, the state.
 */
#include "check/kind.h"
#include "check/live.h"
#include "check/slab.h"

#include "base/error.h"
#include "base/size.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_wrong(const ebbi_live *live) {
  return live->comparison.severity > 1;
}

/* True if numbers are not finite before or in this step: the training handles these itself. */
static bool is_broken(const ebbi_live *live) {
  return live->after.frozen || live->after.bad_loss || live->after.bad_parameter != EBB_STATE_NONE;
}

/* Refuses an impossible number of live rows, which would make every result meaningless. */
static ebb_status check_live(const ebbi_live *live) {
  size_t rows = live->after.live, batch = live->trainer->pass->batch;
  REQUIRE(rows > 0 && rows <= batch, EBB_ERR_DEVICE,
          "%s: the device reports %zu rows in a batch of %zu", live->where, rows, batch);
  return EBB_OK;
}

/* ---- by layers ---- */

static ebbi_step_tensors tensors_of(const ebbi_live *live) {
  const ebbi_pass *pass = live->trainer->pass;
  const ebb_network *network = pass->network;
  ebbi_step_tensors t = {.spec = &network->spec,
                         .loss = pass->loss,
                         .live = live->after.live,
                         .step = live->after.step,
                         .seed = pass->seed,
                         .target = pass->target,
                         .weights = pass->weights,
                         .partials = pass->partials};
  memcpy(t.value, pass->value, sizeof t.value);
  memcpy(t.z, pass->z, sizeof t.z);
  memcpy(t.dvalue, pass->dvalue, sizeof t.dvalue);
  memcpy(t.dinput, pass->dinput, sizeof t.dinput);
  memcpy(t.parameter, network->parameter, sizeof t.parameter);
  memcpy(t.dparameter, pass->dparameter, sizeof t.dparameter);
  return t;
}

/* Sets the operation and node to compare. */
static void begin_operation(ebbi_live *live, ebbi_operation operation, size_t node) {
  const ebb_spec *spec = &live->trainer->network->spec;
  ebbi_comparison_of(&live->comparison, operation, ebbi_node_check(spec, node)->label, node);
}

/* Returns a comparison's status, or reports its wrong number. */
static ebb_status report_if_wrong(ebbi_live *live, const ebbi_step_tensors *t,
                                  ebb_status compared) {
  const ebbi_evidence evidence = {.step = t};
  TRY(compared);
  return is_wrong(live) ? ebbi_live_report(live, &evidence) : EBB_OK;
}

static ebb_status check_rows(ebbi_live *live) {
  ebbi_comparison *c = &live->comparison;
  const ebbi_pass *pass = live->trainer->pass;
  ebbi_whole_source source = ebbi_feed_source(&live->trainer->feed, live->slot, pass->loss);
  ebbi_comparison_of(c, EBBI_OPERATION_ROWS, "", 0);
  ebbi_picks picks = ebbi_pick(c, pass->batch, live->after.live - 1);
  ebbi_rows rows = {0};
  double *found_x, *found_y, *found_weights = NULL;
  if (pass->weights) TRY(ebbi_read_rows(&found_weights, c, pass->weights, &picks));
  TRY(ebbi_read_rows(&found_x, c, pass->value[0], &picks));
  TRY(ebbi_read_rows(&found_y, c, pass->target, &picks));
  for (size_t i = 0; i < picks.count; i++) {
    size_t row = picks.index[i], inputs = pass->value[0]->cols, targets = pass->target->cols;
    bool alive = row < live->after.live;
    if (alive) TRY(ebbi_read_batch(&rows, c, &source, &live->before, pass->batch, row, 1));
    for (size_t j = 0; j < inputs; j++)
      ebbi_compare(c, "x", row, j, found_x[i * inputs + j], alive ? rows.x[j] : 0, 0);
    for (size_t j = 0; j < targets; j++)
      ebbi_compare(c, "target", row, j, found_y[i * targets + j], alive ? rows.y[j] : 0, 0);
    if (found_weights)
      ebbi_compare(c, "weights", row, 0, found_weights[i], alive ? *rows.weights : 0, 0);
  }
  if (!is_wrong(live)) return EBB_OK;
  TRY(ebbi_read_batch(&rows, c, &source, &live->before, pass->batch, 0, live->after.live));
  const ebbi_evidence evidence = {.x = pass->value[0],
                                  .target = pass->target,
                                  .weights = pass->weights,
                                  .true_rows = rows,
                                  .live = live->after.live};
  return ebbi_live_report(live, &evidence);
}

ebb_status ebbi_live_check_forward(ebbi_live *live, size_t node) {
  TRY(check_live(live));
  if (node == 0) TRY(check_rows(live));
  const ebbi_step_tensors t = tensors_of(live);
  begin_operation(live, EBBI_OPERATION_FORWARD, node);
  return report_if_wrong(live, &t, ebbi_compare_forward(&live->comparison, &t, node));
}

/* Checks the gradients that a node writes, and the sums that they complete. */
static ebb_status check_gradients(ebbi_live *live, const ebbi_step_tensors *t, size_t node) {
  ebbi_comparison *c = &live->comparison;
  if (t->dparameter[node][0]) {
    begin_operation(live, EBBI_OPERATION_WEIGHT_GRADIENT, node);
    TRY(report_if_wrong(live, t, ebbi_compare_weight_gradient(c, t, node)));
  }
  for (size_t i = 0; (i = ebbi_next_gradient(t, node, i)) < EBB_NODE_INPUTS; i++) {
    begin_operation(live, EBBI_OPERATION_INPUT_GRADIENT, node);
    TRY(report_if_wrong(live, t, ebbi_compare_input_gradient(c, t, node, i)));
  }
  for (size_t i = 0; i < ebbi_node_kind(t->spec, node)->inputs; i++) {
    size_t value = t->spec->nodes[node].inputs[i];
    if (ebbi_first_reader(t->spec, value) != node || !ebbi_is_summed(t, value)) continue;
    begin_operation(live, EBBI_OPERATION_GRADIENT_SUM, value - 1);
    TRY(report_if_wrong(live, t, ebbi_compare_gradient_sum(c, t, value)));
  }
  return EBB_OK;
}

ebb_status ebbi_live_check_backward(ebbi_live *live, size_t node) {
  TRY(check_live(live));
  const ebbi_step_tensors t = tensors_of(live);
  if (node + 1 == t.spec->count) {
    begin_operation(live, EBBI_OPERATION_LOSS, node);
    TRY(report_if_wrong(live, &t, ebbi_compare_loss(&live->comparison, &t)));
  }
  return t.dvalue[node + 1] ? check_gradients(live, &t, node) : EBB_OK;
}

/* ---- updates ---- */

/* Adjacent parameters are picked in runs of RUN, at most RUNS runs a node. */
enum { RUN = 64, RUNS = 8 };

/* The indices of the node's first and last parameters and of some between. */
static void pick_parameters(size_t *count, size_t *index, ebbi_live *live, size_t node) {
  size_t first, end;
  ebbi_slab_range(&first, &end, live->trainer->network, node);
  *count = 0;
  if (end - first <= RUN * RUNS) {
    for (size_t i = first; i < end; i++) index[(*count)++] = i;
    return;
  }
  for (size_t run = 0; run < RUNS; run++) {
    size_t at = end - first - RUN;
    if (run == 0) at = 0;
    if (run > 1) at = ebbi_pick_one(&live->comparison, at);
    for (size_t i = 0; i < RUN; i++) index[(*count)++] = first + at + i;
  }
}

/* The picked columns of a slab, of one row or of slices. */
static ebb_status read_picked(float **out, ebbi_fixture *fixture, const ebb_tensor *slab,
                              const ebbi_update_case *u) {
  float *runs;
  TRY(ebbi_fixture_bytes(out, fixture, slab->rows * u->count, sizeof **out));
  TRY(ebbi_fixture_bytes(&runs, fixture, slab->rows * u->count, sizeof *runs));
  for (size_t i = 0, run; i < u->count; i += run) {
    for (run = 1; i + run < u->count && u->parameters[i + run] == u->parameters[i] + run;) run++;
    TRY(ebbi_tensor_download_part(runs, slab, 0, slab->rows, u->parameters[i], run));
    for (size_t s = 0; s < slab->rows; s++)
      memcpy(*out + s * u->count + i, runs + s * run, run * sizeof *runs);
  }
  return EBB_OK;
}

ebb_status ebbi_update_case_run(ebbi_update_case *u, const ebb_state *state,
                                ebbi_fixture *fixture) {
  ebb_tensor *slabs[EBBI_SLABS] = {NULL}, *gradients, *partials, *state_tensor;
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++)
    TRY(ebbi_fixture_tensor(&slabs[s], fixture, EBB_F32, 1, u->count, false, u->before[s]));
  TRY(ebbi_fixture_tensor(&gradients, fixture, EBB_F32, u->slices, u->count, false, u->gradients));
  TRY(ebbi_loss_partials_create(fixture->exec, &partials, fixture->device, 1, (ebb_loss){0}));
  TRY(ebbi_fixture_keep(fixture, partials));
  TRY(ebbi_fixture_state(&state_tensor, fixture, state));
  TRY(ebbi_update(fixture->exec, slabs[0], slabs + 1, gradients, state_tensor, partials,
                  u->optimizer));
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++) {
    TRY(ebbi_fixture_bytes(&u->after[s], fixture, u->count, sizeof *u->after[s]));
    TRY(ebb_tensor_download(u->after[s], slabs[s]));
  }
  return EBB_OK;
}

/* The values before and after a whole step. */
static ebb_status take_update(ebbi_update_case *u, ebbi_live *live, ebb_tensor *const *slabs) {
  ebbi_fixture *fixture = &live->comparison.fixture;
  for (size_t s = 0; s < EBBI_SLABS && slabs[s]; s++) {
    TRY(ebbi_fixture_bytes(&u->before[s], fixture, u->count, sizeof *u->before[s]));
    for (size_t i = 0; i < u->count; i++) u->before[s][i] = live->slabs[s][u->parameters[i]];
    TRY(read_picked(&u->after[s], fixture, slabs[s], u));
  }
  return EBB_OK;
}

ebb_status ebbi_live_check_update(ebbi_live *live, size_t node) {
  ebb_trainer *trainer = live->trainer;
  ebbi_comparison *c = &live->comparison;
  ebb_tensor *slabs[EBBI_SLABS];
  ebbi_update_case u = {.optimizer = &trainer->options.optimizer,
                        .learning_rate = live->after.learning_rate, /* the open step's */
                        .step = live->before.done + 1,
                        .slices = trainer->pass->gradients->rows};
  if (is_broken(live) || !trainer->network->parameter[node][0]) return EBB_OK;
  for (size_t s = 0; s < EBBI_SLABS; s++) slabs[s] = ebbi_live_slab(trainer, s);
  begin_operation(live, EBBI_OPERATION_UPDATE, node);
  TRY(ebbi_fixture_bytes(&u.parameters, &c->fixture, RUN * RUNS, sizeof *u.parameters));
  pick_parameters(&u.count, u.parameters, live, node);
  TRY(read_picked(&u.gradients, &c->fixture, trainer->pass->gradients, &u));
  if (live->whole) {
    TRY(take_update(&u, live, slabs));
  } else {
    for (size_t s = 0; s < EBBI_SLABS && slabs[s]; s++)
      TRY(read_picked(&u.before[s], &c->fixture, slabs[s], &u));
    TRY(ebbi_update_case_run(&u, &live->after, &c->fixture));
  }
  TRY(ebbi_compare_update(c, &u));
  const ebbi_evidence evidence = {.update = &u};
  return is_wrong(live) ? ebbi_live_report(live, &evidence) : EBB_OK;
}

/* ---- whole steps ---- */

static void compare_state(ebbi_live *live) {
  const ebb_state *before = &live->before, *after = &live->after;
  const ebb_trainer *trainer = live->trainer;
  size_t place = (size_t)(before->done - before->epoch_first), rows = trainer->feed.rows;
  size_t start = place * trainer->pass->batch, left = rows - start;
  size_t alive = left < trainer->pass->batch ? left : trainer->pass->batch;
  bool begins = place == 0, ends = place + 1 == before->epoch_steps;
  ebbi_compare(&live->comparison, "state: steps", 0, 0, (double)after->done,
               (double)before->done + 1, 0);
  ebbi_compare(&live->comparison, "state: epochs", 0, 0, (double)after->epoch,
               (double)before->epoch + ends, 0);
  ebbi_compare(&live->comparison, "state: rows of the batch", 0, 0, (double)after->live,
               (double)alive, 0);
  ebbi_compare(&live->comparison, "state: rows", 0, 0, (double)after->rows,
               (begins ? 0 : (double)before->rows) + (double)alive, 0);
}

/* Reads rows of the batch into the case. */
static ebb_status take_rows(ebbi_whole_case *w, ebbi_live *live, size_t first, size_t count) {
  const ebbi_pass *pass = live->trainer->pass;
  ebbi_whole_source source = ebbi_feed_source(&live->trainer->feed, live->slot, pass->loss);
  ebbi_rows rows;
  TRY(ebbi_read_batch(&rows, &live->comparison, &source, &live->before, pass->batch, first, count));
  w->x = rows.x, w->y = rows.y, w->weights = rows.weights;
  w->first = first, w->rows = count;
  return EBB_OK;
}

ebb_status ebbi_live_check_slice(ebbi_live *live, size_t slice, size_t lowest) {
  const ebbi_pass *pass = live->trainer->pass;
  ebbi_whole_case w = {.network = live->trainer->network,
                       .layout = &pass->whole->layout,
                       .loss = pass->loss,
                       .live = live->after.live,
                       .lowest = lowest,
                       .parameters = live->slabs[0],
                       .gradients = pass->gradients,
                       .partials = pass->partials};
  const ebbi_evidence evidence = {.whole = &w};
  size_t first, count;
  TRY(check_live(live));
  ebbi_comparison_of(&live->comparison, EBBI_OPERATION_WHOLE_STEP, "", 0);
  ebbi_whole_rows(&first, &count, w.layout, w.live, slice);
  if (count > 0) TRY(take_rows(&w, live, first, count));
  TRY(ebbi_compare_whole(&live->comparison, &w, slice));
  if (!is_broken(live)) compare_state(live);
  if (!is_wrong(live)) return EBB_OK;
  TRY(take_rows(&w, live, 0, w.live));
  return ebbi_live_report(live, &evidence);
}

ebb_status ebbi_live_check_all(ebbi_live *live) {
  const ebb_trainer *trainer = live->trainer;
  size_t nodes = trainer->network->spec.count;
  size_t slices = live->whole ? trainer->pass->whole->layout.slices : 0;
  if (slices > 0) TRY(ebbi_live_check_slice(live, 0, 0));
  if (slices > 1) TRY(ebbi_live_check_slice(live, slices - 1, 0));
  for (size_t n = 0; n < nodes && !live->whole; n++) TRY(ebbi_live_check_forward(live, n));
  for (size_t n = nodes; n-- > 0 && !live->whole;) TRY(ebbi_live_check_backward(live, n));
  for (size_t n = 0; n < nodes; n++) TRY(ebbi_live_check_update(live, n));
  return EBB_OK;
}

/* A launch of several steps must leave exactly what single steps leave. */
static ebb_status run_steps(float **out, ebbi_live *live, bool burst) {
  ebb_trainer *trainer = live->trainer;
  const ebb_tensor *parameters = trainer->network->parameters;
  TRY(ebbi_live_restore(live));
  for (size_t i = 0; i < (burst ? 1 : EBBI_BURST); i++)
    TRY(ebbi_sequence_run(burst ? trainer->bursts[live->slot] : trainer->sequences[live->slot]));
  TRY(ebbi_fixture_bytes(out, &live->comparison.fixture, parameters->cols, sizeof **out));
  return ebb_tensor_download(*out, parameters);
}

ebb_status ebbi_live_check_burst(ebbi_live *live) {
  const ebb_trainer *trainer = live->trainer;
  float *together, *one_by_one;
  if (!trainer->bursts[live->slot] || live->room < EBBI_BURST) return EBB_OK;
  ebbi_fixture_clear(&live->comparison.fixture);
  TRY(run_steps(&together, live, true));
  TRY(run_steps(&one_by_one, live, false));
  for (size_t i = 0; i < trainer->network->parameters->cols; i++)
    REQUIRE(memcmp(&together[i], &one_by_one[i], sizeof(float)) == 0, EBB_ERR_NUMBERS,
            "%s: %d steps in one launch leave %.9g at index %zu of the parameters, one by one they "
            "leave %.9g; the device, its driver or its memory is at fault; `ebb verify --all` "
            "checks every kernel",
            live->where, EBBI_BURST, (double)together[i], i, (double)one_by_one[i]);
  return EBB_OK;
}
