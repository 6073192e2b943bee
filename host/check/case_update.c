/* Cases of the optimizers, over slabs of rows x cols parameters.
 *
 * Each step is compared by itself: the reference starts from what the device held before the step,
 * so bounds do not grow with the number of steps and cancellation does not pile up. Errors of a
 * parameter are measured by its magnitude and that of everything that enters its change.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>
#include <string.h>

enum { STEPS = 4 };

/* A slab with its optimizer on the device, and the same in double. */
typedef struct slab {
  size_t count;
  ebb_optimizer optimizer;
  double rate;
  ebb_tensor *parameters, *first, *second, *gradients, *state, *partials;
  double *p, *m, *v, *g;
} slab;

static ebb_status make_slab(slab *s, ebbi_probe *probe, size_t count,
                            const ebb_optimizer *optimizer) {
  *s = (slab){.count = count, .optimizer = *optimizer, .rate = 0.25};
  bool sgd = optimizer->kind == EBB_OPT_SGD;
  ebb_state state = ebb_state_default(1, 0, (float)s->rate);
  TRY(ebbi_probe_random(&s->parameters, &s->p, probe, 1, count, 1));
  TRY(ebbi_probe_array(&s->m, probe, count));
  TRY(ebbi_probe_input(&s->first, probe, 1, count, s->m));
  TRY(ebbi_probe_array(&s->v, probe, count));
  if (!sgd) TRY(ebbi_probe_input(&s->second, probe, 1, count, s->v));
  TRY(ebbi_probe_random(&s->gradients, &s->g, probe, 1, count, 1));
  TRY(ebbi_probe_state(&s->state, probe, &state));
  TRY(ebb_loss_partials_create(&s->partials, probe->device, 1));
  return ebbi_probe_keep(probe, s->partials);
}

/* Runs step `step` on the device, with new gradients. */
static ebb_status run_step(slab *s, ebbi_probe *probe, uint32_t step) {
  ebb_state state = ebb_state_default(1, step, (float)s->rate);
  TRY(ebb_tensor_upload(s->state, &state));
  TRY(ebbi_probe_random(&s->gradients, &s->g, probe, 1, s->count, 1));
  return ebb_update(s->parameters, s->first, s->second, s->gradients, s->state, s->partials,
                    &s->optimizer);
}

/* The magnitudes that enter a parameter, its first and its second moment. */
typedef struct magnitudes {
  double *p, *m, *v;
} magnitudes;

static void sgd_magnitudes(magnitudes *out, const slab *s, size_t i) {
  const ebb_optimizer *o = &s->optimizer;
  double gradient = fabs(s->g[i]) + o->weight_decay * fabs(s->p[i]);
  out->m[i] = o->momentum * fabs(s->m[i]) + gradient;
  double direction = o->nesterov ? gradient + o->momentum * out->m[i] : out->m[i];
  out->p[i] = fabs(s->p[i]) + s->rate * direction;
}

/* `v` is the second moment after the step. */
static void adam_magnitudes(magnitudes *out, const slab *s, size_t i, double v, uint32_t step) {
  const ebb_optimizer *o = &s->optimizer;
  double decayed = o->weight_decay * fabs(s->p[i]);
  double gradient = fabs(s->g[i]) + (o->kind == EBB_OPT_ADAMW ? 0 : decayed);
  out->m[i] = fabs(s->m[i]) + (1 - o->beta1) * gradient;
  out->v[i] = o->beta2 * s->v[i] + (1 - o->beta2) * gradient * gradient;
  double root = sqrt(v / (1 - pow(o->beta2, step))) + o->epsilon;
  double direction = out->m[i] / (1 - pow(o->beta1, step)) / root;
  out->p[i] = fabs(s->p[i]) + s->rate * (decayed + direction);
}

static ebb_status make_magnitudes(magnitudes *out, ebbi_probe *probe, size_t count) {
  TRY(ebbi_probe_array(&out->p, probe, count));
  TRY(ebbi_probe_array(&out->m, probe, count));
  return ebbi_probe_array(&out->v, probe, count);
}

/* Compares one step with the reference, then takes over what the device holds. */
static ebb_status compare_step(slab *s, ebbi_probe *probe, uint32_t step) {
  const ebb_optimizer *o = &s->optimizer;
  bool sgd = o->kind == EBB_OPT_SGD;
  double *p, *m, *v;
  magnitudes scale;
  TRY(make_magnitudes(&scale, probe, s->count));
  TRY(ebbi_probe_array(&p, probe, s->count));
  TRY(ebbi_probe_array(&m, probe, s->count));
  TRY(ebbi_probe_array(&v, probe, s->count));
  memcpy(p, s->p, s->count * sizeof *p);
  memcpy(m, s->m, s->count * sizeof *m);
  memcpy(v, s->v, s->count * sizeof *v);
  ebbi_reference_update(p, m, sgd ? NULL : v, s->g, s->count, o, s->rate, step);
  for (size_t i = 0; i < s->count; i++)
    if (sgd)
      sgd_magnitudes(&scale, s, i);
    else
      adam_magnitudes(&scale, s, i, v[i], step);
  TRY(ebbi_probe_compare(probe, s->parameters, p, scale.p, ebbi_bound_update(o->kind)));
  if (!sgd || o->momentum != 0)
    TRY(ebbi_probe_compare(probe, s->first, m, scale.m, ebbi_bound_moment(o->kind)));
  if (!sgd) TRY(ebbi_probe_compare(probe, s->second, v, scale.v, ebbi_bound_moment(o->kind)));
  TRY(ebbi_probe_read(&s->p, probe, s->parameters));
  TRY(ebbi_probe_read(&s->m, probe, s->first));
  return sgd ? EBB_OK : ebbi_probe_read(&s->v, probe, s->second);
}

static ebb_status run_optimizer(ebbi_probe *probe, size_t count, const ebb_optimizer *optimizer) {
  slab s;
  ebb_state state;
  ebbi_probe_clear(probe);
  TRY(make_slab(&s, probe, count, optimizer));
  for (uint32_t step = 1; step <= STEPS; step++) {
    TRY(run_step(&s, probe, step));
    TRY(compare_step(&s, probe, step));
  }
  TRY(ebb_tensor_download(&state, s.state));
  ebbi_tally_add(&probe->tally, state.done, STEPS, 1, 0);
  ebbi_tally_add(&probe->tally, state.rows, 1, 1, 0);
  ebbi_tally_add(&probe->tally, state.bad_parameter, EBB_STATE_NONE, 1, 0);
  return EBB_OK;
}

ebb_status ebbi_case_update_sgd(ebbi_probe *probe, ebbi_shape shape) {
  static const struct {
    double momentum, decay;
    bool nesterov;
  } variants[] = {{0, 0, false}, {0, 0.1, false}, {0.9, 0, false}, {0.9, 0.1, true}};
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
    ebb_optimizer sgd = ebb_optimizer_default(EBB_OPT_SGD);
    sgd.momentum = variants[i].momentum;
    sgd.nesterov = variants[i].nesterov;
    sgd.weight_decay = variants[i].decay;
    size_t count = shape.rows * shape.cols;
    ebbi_tally_case(&probe->tally, "%zu, momentum %g, decay %g%s", count, sgd.momentum,
                    sgd.weight_decay, sgd.nesterov ? ", nesterov" : "");
    TRY(run_optimizer(probe, count, &sgd));
  }
  return EBB_OK;
}

ebb_status ebbi_case_update_adam(ebbi_probe *probe, ebbi_shape shape) {
  for (int kind = EBB_OPT_ADAM; kind <= EBB_OPT_ADAMW; kind++)
    for (int decayed = 0; decayed < 2; decayed++) {
      ebb_optimizer adam = ebb_optimizer_default((ebb_optimizer_kind)kind);
      adam.weight_decay = decayed ? 0.1 : 0;
      size_t count = shape.rows * shape.cols;
      ebbi_tally_case(&probe->tally, "%zu, %s, decay %g", count, ebb_optimizer_name(adam.kind),
                      adam.weight_decay);
      TRY(run_optimizer(probe, count, &adam));
    }
  return EBB_OK;
}

/* Gradients of NaN and Inf: those parameters stay, the lowest is reported, the others move; and a
 * frozen step moves none. */
static ebb_status run_not_finite(ebbi_probe *probe, size_t count, const ebb_optimizer *optimizer) {
  slab s;
  ebb_state state;
  double *moved, *stayed;
  size_t low = count / 3, high = count - 1;
  ebbi_probe_clear(probe);
  TRY(make_slab(&s, probe, count, optimizer));
  s.g[low] = NAN;
  s.g[high] = count > 1 ? INFINITY : NAN;
  TRY(ebbi_probe_input(&s.gradients, probe, 1, count, s.g));
  state = ebb_state_default(1, 9, (float)s.rate);
  TRY(ebb_tensor_upload(s.state, &state));
  TRY(ebb_update(s.parameters, s.first, s.second, s.gradients, s.state, s.partials, optimizer));
  TRY(ebbi_probe_read(&moved, probe, s.parameters));
  TRY(ebb_tensor_download(&state, s.state));
  for (size_t i = 0; i < count; i++) {
    bool stays = i == low || i == high;
    ebbi_tally_add(&probe->tally, (moved[i] == s.p[i]) == stays, 1, 1, 0);
  }
  ebbi_tally_add(&probe->tally, state.bad_parameter, (double)low, 1, 0);
  state.frozen = 1;
  TRY(ebb_tensor_upload(s.state, &state));
  TRY(ebbi_probe_input(&s.gradients, probe, 1, count, moved)); /* finite numbers */
  TRY(ebb_update(s.parameters, s.first, s.second, s.gradients, s.state, s.partials, optimizer));
  TRY(ebbi_probe_read(&stayed, probe, s.parameters));
  for (size_t i = 0; i < count; i++) ebbi_tally_add(&probe->tally, stayed[i], moved[i], 1, 0);
  return EBB_OK;
}

ebb_status ebbi_case_update_not_finite(ebbi_probe *probe, ebbi_shape shape) {
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
    size_t count = shape.rows * shape.cols;
    ebbi_tally_case(&probe->tally, "%zu, %s", count, ebb_optimizer_name(optimizer.kind));
    TRY(run_not_finite(probe, count, &optimizer));
  }
  return EBB_OK;
}
