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

bool ebbi_live_is_broken(const ebbi_live *live) {
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
                         .span = pass->span,
                         .target = pass->target,
                         .weights = pass->weights,
                         .partials = pass->partials};
  memcpy(t.value, pass->value, sizeof t.value);
  memcpy(t.z, pass->z, sizeof t.z);
  memcpy(t.dvalue, pass->dvalue, sizeof t.dvalue);
  memcpy(t.dinput, pass->dinput, sizeof t.dinput);
  memcpy(t.parameter, network->parameter, sizeof t.parameter);
  for (size_t n = 0; n < network->spec.count; n++)
    if (!pass->frozen[n]) memcpy(t.dparameter[n], pass->dparameter[n], sizeof t.dparameter[n]);
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
    if (alive)
      TRY(ebbi_read_batch(&rows, c, &source, &live->before, live->trainer->feed.spec.batch, row,
                          1));
    for (size_t j = 0; j < inputs; j++)
      ebbi_compare(c, "x", row, j, found_x[i * inputs + j], alive ? rows.x[j] : 0, 0);
    for (size_t j = 0; j < targets; j++)
      ebbi_compare(c, "target", row, j, found_y[i * targets + j], alive ? rows.y[j] : 0, 0);
    if (found_weights)
      ebbi_compare(c, "weights", row, 0, found_weights[i], alive ? *rows.weights : 0, 0);
  }
  if (!is_wrong(live)) return EBB_OK;
  TRY(ebbi_read_batch(&rows, c, &source, &live->before, live->trainer->feed.spec.batch, 0,
                      live->after.live));
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
  if (ebbi_node_kind(t.spec, node)->evaluation_only) return EBB_OK; /* a step passes it over */
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
  TRY(ebbi_read_batch(&rows, &live->comparison, &source, &live->before,
                      live->trainer->feed.spec.batch, first, count));
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
  if (live->closed && !ebbi_live_is_broken(live)) compare_state(live);
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
  TRY(ebbi_live_check_norm(live));
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
