/* ebb's elementwise operations on large arrays: prepared, checked, run.
 *
 * Repeated in-place operations must not drift into denormal or infinite numbers, which would be
 * timed instead of the operation. So after the check, bias and gradient of the activations are set
 * to zero, which changes no branch and no byte count.
 */
#include "element.h"

#include <math.h>
#include <stdlib.h>

enum { TENSORS = 6, PLACES = 997 };

/* Indices of a kind's tensors. */
enum { Z, A, BIAS, DZ };                       /* activations, losses */
enum { TARGET = A };                           /* losses */
enum { PARAMETERS, FIRST, SECOND, GRADIENTS }; /* updates */
enum { STATE = 4, PARTIALS = 5 };              /* losses, updates */

typedef struct state {
  ebb_device *device;
  const element *e;
  const char *name; /* of the case */
  ebb_tensor *t[TENSORS];
  float *before[4], *after[2]; /* host copies for the check */
} state;

static void clear(state *s) {
  for (size_t i = 0; i < TENSORS; i++) ebb_tensor_free(s->t[i]);
  for (size_t i = 0; i < TENSORS; i++) s->t[i] = NULL;
  for (size_t i = 0; i < 4; i++) free(s->before[i]);
  for (size_t i = 0; i < 2; i++) free(s->after[i]);
  for (size_t i = 0; i < 4; i++) s->before[i] = NULL;
  for (size_t i = 0; i < 2; i++) s->after[i] = NULL;
}

/* A tensor of random numbers between -scale and scale, or from 0 if `positive`. */
static void fill(state *s, size_t at, size_t rows, size_t cols, float scale, bool positive) {
  float *values = s->before[at] = bench_alloc(rows * cols * sizeof *values);
  bench_random(values, rows * cols, (uint32_t)at + 1);
  for (size_t i = 0; i < rows * cols; i++)
    values[i] = scale * (positive ? fabsf(values[i]) : values[i]);
  bench_must(ebb_tensor_create(&s->t[at], s->device, EBB_F32, rows, cols));
  bench_must(ebb_tensor_upload(s->t[at], values));
}

static void zero(state *s, size_t at) {
  size_t count = ebb_tensor_rows(s->t[at]) * ebb_tensor_cols(s->t[at]);
  float *zeros = bench_alloc(count * sizeof *zeros);
  bench_must(ebb_tensor_upload(s->t[at], zeros));
  free(zeros);
}

static const float *fetch(state *s, size_t slot, size_t at) {
  const ebb_tensor *t = s->t[at];
  s->after[slot] = bench_alloc(ebb_tensor_rows(t) * ebb_tensor_cols(t) * sizeof(float));
  bench_must(ebb_tensor_download(s->after[slot], t));
  return s->after[slot];
}

static void run_once(state *s) {
  const element *e = s->e;
  ebb_tensor **t = s->t;
  switch (e->kind) {
  case ELEMENT_FORWARD:
    bench_must(ebb_activation_forward(t[A], t[Z], t[BIAS], e->activation));
    break;
  case ELEMENT_BACKWARD:
    bench_must(ebb_activation_backward(t[DZ], t[Z], t[A], e->activation));
    break;
  case ELEMENT_LOSS:
    bench_must(ebb_loss_forward_backward(t[DZ], t[PARTIALS], t[Z], t[TARGET], t[STATE], e->loss));
    break;
  case ELEMENT_UPDATE:
    bench_must(
        ebb_update(t[PARAMETERS], &t[FIRST], t[GRADIENTS], t[STATE], t[PARTIALS], &e->optimizer));
  }
}

static void expect(const state *s, size_t at, double got, double want) {
  if (fabs(got - want) <= 2e-6 + 1e-5 * fabs(want)) return;
  bench_wrong("ebb: wrong: %s: element %zu of %zux%zu is %.9g, not %.9g", s->name, at, s->e->rows,
              s->e->cols, got, want);
}

/* --- activations --- */

static void prepare_activation(state *s) {
  const element *e = s->e;
  fill(s, Z, e->rows, e->cols, 4, false);
  fill(s, BIAS, 1, e->cols, 1, false);
  bench_must(ebb_tensor_create(&s->t[A], s->device, EBB_F32, e->rows, e->cols));
  bench_must(ebb_activation_forward(s->t[A], s->t[Z], s->t[BIAS], e->activation));
  if (e->kind == ELEMENT_BACKWARD) {
    fill(s, DZ, e->rows, e->cols, 1, false);
    run_once(s);
  }
  const float *got = fetch(s, 0, e->kind == ELEMENT_FORWARD ? A : DZ);
  for (size_t at = 0; at < e->rows * e->cols; at += PLACES) {
    double z = s->before[Z][at] + s->before[BIAS][at % e->cols], slope;
    if (e->kind == ELEMENT_FORWARD)
      expect(s, at, got[at], element_activation(e->activation, z));
    else if (element_slope(&slope, e->activation, z))
      expect(s, at, got[at], s->before[DZ][at] * slope);
  }
  zero(s, e->kind == ELEMENT_FORWARD ? BIAS : DZ);
}

/* --- losses --- */

static void make_state(state *s, uint32_t live) {
  ebb_state first = ebb_state_default(live, 1, s->e->learning_rate);
  bench_must(ebb_tensor_create(&s->t[STATE], s->device, EBB_I32, 1, EBB_STATE_WORDS));
  bench_must(ebb_tensor_upload(s->t[STATE], &first));
  bench_must(ebb_loss_partials_create(&s->t[PARTIALS], s->device, s->e->rows));
}

static int32_t label(size_t row, size_t classes) {
  return (int32_t)(row * 7 % classes);
}

static void make_labels(state *s) {
  const element *e = s->e;
  int32_t *labels = bench_alloc(e->rows * sizeof *labels);
  for (size_t r = 0; r < e->rows; r++) labels[r] = label(r, e->cols);
  bench_must(ebb_tensor_create(&s->t[TARGET], s->device, EBB_I32, e->rows, 1));
  bench_must(ebb_tensor_upload(s->t[TARGET], labels));
  free(labels);
}

/* Multiplies gradients by the rows, so that they are near 1 and `expect` can compare them. */
static void check_loss(state *s) {
  const element *e = s->e;
  const float *dz = fetch(s, 0, DZ);
  size_t targets = e->cols / ebb_loss_outputs(e->loss);
  for (size_t at = 0; at < e->rows * e->cols; at += PLACES) {
    size_t r = at / e->cols;
    const float *values = s->before[TARGET];
    const element_row row = {.loss = e->loss,
                             .z = s->before[Z] + r * e->cols,
                             .y = values ? values + r * targets : NULL,
                             .label = (size_t)label(r, e->cols),
                             .cols = e->cols};
    expect(s, at, dz[at] * (double)e->rows, element_loss_slope(&row, at % e->cols));
  }
}

static void prepare_loss(state *s) {
  const element *e = s->e;
  fill(s, Z, e->rows, e->cols, 4, false);
  bench_must(ebb_tensor_create(&s->t[DZ], s->device, EBB_F32, e->rows, e->cols));
  if (ebb_loss_has_labels(e->loss.kind))
    make_labels(s);
  else
    fill(s, TARGET, e->rows, e->cols / ebb_loss_outputs(e->loss), 4, false);
  make_state(s, (uint32_t)e->rows);
  run_once(s);
  check_loss(s);
}

/* --- updates --- */

/* Moments that the optimizer lacks have no tensor; the check takes them as zero. */
static void prepare_update(state *s) {
  const element *e = s->e;
  size_t count = e->rows * e->cols;
  bool two = e->optimizer.kind != EBB_OPT_SGD, one = two || e->optimizer.momentum > 0;
  fill(s, PARAMETERS, 1, count, 1, false);
  if (one) fill(s, FIRST, 1, count, 1, false);
  if (two) fill(s, SECOND, 1, count, 1, true);
  fill(s, GRADIENTS, 1, count, 1, false);
  make_state(s, 1);
  run_once(s);
  const float *parameters = fetch(s, 0, PARAMETERS), *firsts = one ? fetch(s, 1, FIRST) : NULL;
  for (size_t at = 0; at < count; at += PLACES) {
    double first = one ? s->before[FIRST][at] : 0, second = two ? s->before[SECOND][at] : 0;
    expect(s, at, parameters[at],
           element_update(e, &first, &second, s->before[PARAMETERS][at], s->before[GRADIENTS][at]));
    if (one) expect(s, at, firsts[at], first);
  }
}

static bool prepare(contestant *self, const bench_case *c) {
  state *s = self->state;
  clear(s);
  s->e = c->problem;
  s->name = c->name;
  if (s->e->kind == ELEMENT_LOSS)
    prepare_loss(s);
  else if (s->e->kind == ELEMENT_UPDATE)
    prepare_update(s);
  else
    prepare_activation(s);
  return true;
}

static double run(contestant *self, size_t repetitions) {
  state *s = self->state;
  double start = bench_now();
  for (size_t i = 0; i < repetitions; i++) run_once(s);
  bench_must(ebb_device_finish(s->device));
  return bench_now() - start;
}

static void release(contestant *self) {
  clear(self->state);
  free(self->state);
}

contestant *element_ebb(const bench *b) {
  state *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant("ebb", s);
  s->device = b->device;
  snprintf(who->version, sizeof who->version, "%s", ebb_version());
  who->prepare = prepare;
  who->run = run;
  who->free = release;
  return who;
}
