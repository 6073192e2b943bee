/* Orthogonal updates of a training's matrices.
 *
 * Matrices of one shape share their scratch; tensors of another shape would find numbers in their
 * padding. Products run in fp32 whatever the training's precision: the iteration would amplify
 * errors of rounded operands.
 */
#include "muon.h"

#include "base/error.h"
#include "gemm/muon.h"
#include "nn/kind.h"
#include "ops/optimizer_row.h"
#include "train.h"

#include <math.h>
#include <stdlib.h>

/* A matrix: its place, its direction as a matrix, its scratch, and the numbers of its step. */
typedef struct matrix {
  ebbi_muon_place at;
  ebb_tensor *direction;
  const ebbi_muon_scratch *scratch;
  double rate, factor, decay;
} matrix;

enum { MATRICES = EBB_MAX_NODES * EBBI_NODE_PARAMETERS };

struct ebbi_muon {
  ebbi_exec exec; /* the pass's, in fp32 */
  double rest;    /* 1 - momentum */
  size_t count;
  matrix matrices[MATRICES];
  ebbi_muon_scratch scratch[MATRICES];
};

/* ---- which ---- */

static bool is_dense(const ebb_network *network, size_t node, size_t parameter) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  if (parameter >= ebbi_node_parameters(parameters, &network->spec, node)) return false;
  const ebbi_parameter *p = &parameters[parameter];
  return p->role == EBBI_ROLE_WEIGHT && p->layout == EBBI_FILE_TRANSPOSED;
}

bool ebbi_muon_takes(const ebb_train_options *options, const ebb_network *network, size_t node,
                     size_t parameter) {
  const ebb_update_options *o = &options->update;
  bool frozen = node < o->layers && o->layer_rates[node] == 0, last = true;
  if (!ebbi_optimizer_row_of(options->optimizer.kind)->orthogonal || frozen) return false;
  for (size_t n = node + 1; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS; p++) last = last && !is_dense(network, n, p);
  return is_dense(network, node, parameter) && (!last || o->muon_last);
}

ebb_status ebbi_muon_check(const char *where, const ebb_train_options *options) {
  const ebb_update_options *o = &options->update;
  bool takes = ebbi_optimizer_row_of(options->optimizer.kind)->orthogonal;
  REQUIRE(o->muon_last <= 1 && o->muon_original <= 1, EBB_ERR_ARGUMENT,
          "%s: muon_last is %llu and muon_original %llu; each is 0 or 1", where,
          (unsigned long long)o->muon_last, (unsigned long long)o->muon_original);
  REQUIRE(takes || (!o->muon_last && !o->muon_original), EBB_ERR_ARGUMENT,
          "%s: %s has no effect on optimizer %s; it belongs to muon", where,
          o->muon_last ? "muon_last" : "muon_original",
          ebb_optimizer_name(options->optimizer.kind));
  return EBB_OK;
}

/* ---- memory ---- */

static size_t smaller(const ebb_tensor *w) {
  return w->rows < w->cols ? w->rows : w->cols;
}

static size_t bytes_of(size_t rows, size_t cols) {
  return rows * ebbi_stride(rows, cols) * sizeof(float);
}

/* Calls `visit` for each matrix; a failure ends the walk. */
typedef ebb_status (*visitor)(void *context, ebb_network *network, size_t node, size_t parameter);

static ebb_status walk(ebb_network *network, const ebb_train_options *options, visitor visit,
                       void *context) {
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++)
      if (ebbi_muon_takes(options, network, n, p)) TRY(visit(context, network, n, p));
  return EBB_OK;
}

/* As if no two matrices had one shape. */
static ebb_status need_one(void *context, ebb_network *network, size_t n, size_t p) {
  ebbi_need *need = context;
  const ebb_tensor *w = network->parameter[n][p];
  size_t d = smaller(w);
  ebbi_need_add(need, bytes_of(d, d));
  ebbi_need_add(need, bytes_of(d, d));
  ebbi_need_add(need, bytes_of(w->rows, w->cols));
  return EBB_OK;
}

void ebbi_muon_need(ebbi_need *need, const ebb_network *network, const ebb_train_options *options) {
  (void)walk((ebb_network *)network, options, need_one, need);
}

/* ---- building ---- */

static ebb_status make_scratch(ebbi_muon_scratch *out, const ebb_tensor *w) {
  size_t d = smaller(w);
  TRY(ebb_tensor_create(&out->gram, w->device, EBB_F32, d, d));
  TRY(ebb_tensor_create(&out->square, w->device, EBB_F32, d, d));
  TRY(ebb_tensor_create(&out->product, w->device, EBB_F32, w->rows, w->cols));
  return ebb_tensor_create_packed(&out->sums, w->device, EBB_F32, EBBI_NORM_GROUPS, 2);
}

static ebb_status find_scratch(const ebbi_muon_scratch **out, ebbi_muon *muon,
                               const ebb_tensor *w) {
  size_t i = 0;
  for (; i < muon->count; i++) {
    const ebb_tensor *product = muon->scratch[i].product;
    *out = &muon->scratch[i];
    if (product && product->rows == w->rows && product->cols == w->cols) return EBB_OK;
  }
  *out = &muon->scratch[i];
  return make_scratch(&muon->scratch[i], w);
}

/* Step by the shape of PyTorch's weight [cols, rows]: its root mean square becomes that of an AdamW
 * step, or as Keller Jordan scales it.  Source: (O11) */
static double factor_of(const ebb_update_options *o, const ebb_tensor *w) {
  double rows = (double)w->rows, cols = (double)w->cols;
  return o->muon_original ? sqrt(fmax(1, cols / rows)) : 0.2 * sqrt(fmax(rows, cols));
}

static ebb_status add_matrix(void *context, ebb_network *network, size_t n, size_t p) {
  ebb_trainer *trainer = context;
  ebbi_muon *muon = trainer->muon;
  const ebb_tensor *w = network->parameter[n][p];
  const ebb_train_options *options = &trainer->options;
  ebbi_update_group group = ebbi_updates_group(options, network, n, p);
  matrix *m = &muon->matrices[muon->count];
  size_t from = network->offset[n][p], workspace;
  m->at = (ebbi_muon_place){.parameters = network->parameters,
                            .momentum = trainer->moments[0],
                            .direction = trainer->moments[1],
                            .state = trainer->pass->state,
                            .groups = &trainer->groups,
                            .from = from,
                            .to = from + w->rows * w->stride,
                            .segment = ebbi_updates_row(options, network, n, p)};
  m->rate = group.rate;
  m->factor = factor_of(&options->update, w);
  m->decay = group.no_decay ? 0 : options->optimizer.weight_decay;
  TRY(find_scratch(&m->scratch, muon, w));
  TRY(ebbi_tensor_view(&m->direction, trainer->moments[1], from, EBB_F32, w->rows, w->cols));
  muon->count++;
  ebbi_buffer *buffer;
  workspace = ebbi_muon_workspace(&muon->exec, network->device, w->rows, w->cols);
  return workspace > 0 ? ebbi_device_workspace(&buffer, network->device, workspace) : EBB_OK;
}

ebb_status ebbi_muon_create(ebbi_muon **out, ebb_trainer *trainer) {
  const ebb_train_options *options = &trainer->options;
  *out = NULL;
  if (!ebbi_optimizer_row_of(options->optimizer.kind)->orthogonal) return EBB_OK;
  *out = calloc(1, sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "muon: no memory");
  (*out)->exec = trainer->pass->exec;
  (*out)->exec.mma = (ebbi_mma_state){.precision = EBB_PRECISION_FP32};
  (*out)->rest = 1 - options->optimizer.momentum;
  return walk(trainer->network, options, add_matrix, trainer);
}

void ebbi_muon_free(ebbi_muon *muon) {
  if (!muon) return;
  for (size_t i = 0; i < MATRICES; i++) {
    const ebbi_muon_scratch *s = &muon->scratch[i];
    ebb_tensor *const tensors[] = {muon->matrices[i].direction, s->gram, s->square, s->product,
                                   s->sums};
    for (size_t t = 0; t < sizeof tensors / sizeof *tensors; t++) ebb_tensor_free(tensors[t]);
  }
  free(muon);
}

/* ---- running ---- */

ebb_status ebbi_muon_run(const ebbi_muon *muon, const ebb_tensor *gradients) {
  for (size_t i = 0; i < muon->count; i++) {
    const matrix *m = &muon->matrices[i];
    ebbi_muon_place at = m->at;
    at.gradients = gradients;
    TRY(ebbi_muon_momentum(&muon->exec, &at, muon->rest));
    TRY(ebbi_muon_scale(&muon->exec, m->direction, m->scratch));
    for (size_t s = 0; s < EBBI_MUON_STEPS; s++)
      TRY(ebbi_muon_iterate(&muon->exec, m->direction, m->scratch));
    TRY(ebbi_muon_apply(&muon->exec, &at, m->rate, m->factor, m->decay));
  }
  return EBB_OK;
}
