/* L-BFGS as torch.optim.LBFGS with line_search_fn "strong_wolfe" defines it: (O12) to (O17) of
 * docs/backprop.md.
 *
 * Vectors stay on the device, and the host reads the sums of products, which decide what comes
 * next: a step waits for the device 2 history + 3 times and once for each point of its line. Every
 * point opens the step anew, which undoes nothing; the step is closed with the losses of its first
 * point, whose weights are the step's.
 */
#include "lbfgs.h"

#include "base/error.h"
#include "line_search.h"
#include "nn/kind.h"
#include "ops/optimizer_row.h"
#include "ops/vectors.h"
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { HISTORY = 10, TRIES = 25, MOST_TRIES = 1000 };
enum { VECTORS = 5 }; /* beside the pairs */

/* A gradient is 0 if no number is larger. A loss has changed by more than this part of it, and a
 * weight by more than this, unless the training has converged. A pair is taken if its curvature is
 * larger. */
static const double LEAST_GRADIENT = 1e-7, LEAST_CHANGE = 1e-9, LEAST_CURVATURE = 1e-10;

/* How a step changed weights and gradient; one more, for the pair that is to be judged. */
typedef struct pair {
  ebb_tensor *move, *change;
  double curvature; /* their product */
} pair;

struct ebbi_lbfgs {
  const ebbi_exec *exec;
  size_t history, tries;
  pair pairs[EBBI_LBFGS_HISTORY + 1];
  size_t count, next; /* pairs held; the place of the next one */
  bool moved;         /* the next one has the last step's move */
  double scale;       /* the inverse Hessian before all pairs, times the unit matrix */
  ebb_tensor *gradient, *previous, *direction, *start, *decay;
  ebb_tensor *sums, *losses; /* partial sums; the loss's at the first point */
  float *values;             /* of partial sums of a loss */
  bool converged;
};

/* ---- options ---- */

static bool searches(const ebb_train_options *options) {
  return ebbi_optimizer_row_of(options->optimizer.kind)->searches;
}

size_t ebbi_lbfgs_history(const ebb_train_options *options) {
  size_t given = options->update.history;
  return !searches(options) ? 0 : given ? given : HISTORY;
}

size_t ebbi_lbfgs_tries(const ebb_train_options *options) {
  size_t given = options->update.line_tries;
  return !searches(options) ? 0 : given ? given : TRIES;
}

/* Nodes whose value is not a function of weights and rows alone. */
static ebb_status check_kinds(const char *where, const char *name, const ebb_spec *spec) {
  for (size_t n = 0; n < spec->count; n++) {
    const ebbi_kind *kind = ebbi_node_kind(spec, n);
    REQUIRE(!kind->training_only && !kind->settle, EBB_ERR_ARGUMENT,
            "%s: layer %zu, %s, does not give the same numbers in training and evaluation, so "
            "optimizer %s cannot compare losses; leave the layer out, or use another optimizer",
            where, n + 1, kind->name, name);
  }
  return EBB_OK;
}

ebb_status ebbi_lbfgs_check(const char *where, const ebb_train_options *options,
                            const ebb_network *network, size_t rows) {
  const ebb_update_options *o = &options->update;
  const char *name = ebb_optimizer_name(options->optimizer.kind);
  const struct {
    const char *what, *instead;
    bool given;
  } refused[] = {{"l1 (its penalty has no slope at 0)", "use l2", o->l1 > 0},
                 {"clipping of gradients", "leave it out", o->clip_norm > 0 || o->clip_value > 0},
                 {"max_norm", "use l2", o->max_norm > 0},
                 {"an average of weights", "leave it out", o->ema > 0 || o->swa > 0},
                 {"accumulated batches", "take all rows as one batch", o->accumulate > 1},
                 {"rates or freezing of layers", "leave them out",
                  o->layers > 0 || o->ntk || (o->bias_rate > 0 && o->bias_rate != 1)}};
  if (!searches(options)) {
    REQUIRE(o->history == 0 && o->line_tries == 0, EBB_ERR_ARGUMENT,
            "%s: %s has no effect on optimizer %s; it belongs to lbfgs", where,
            o->history ? "history" : "line_tries", name);
    return EBB_OK;
  }
  REQUIRE(o->history <= EBBI_LBFGS_HISTORY, EBB_ERR_ARGUMENT,
          "%s: a history of %zu pairs; %d are the most", where, o->history,
          (int)EBBI_LBFGS_HISTORY);
  REQUIRE(o->line_tries <= MOST_TRIES, EBB_ERR_ARGUMENT, "%s: %zu tries on a line; %d are the most",
          where, o->line_tries, (int)MOST_TRIES);
  REQUIRE(options->batch >= rows, EBB_ERR_ARGUMENT,
          "%s: optimizer %s compares losses of all %zu rows; the batch is %zu, must be %zu", where,
          name, rows, options->batch, rows);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    REQUIRE(!refused[i].given, EBB_ERR_ARGUMENT,
            "%s: optimizer %s does not go together with %s; %s, or use another optimizer", where,
            name, refused[i].what, refused[i].instead);
  return check_kinds(where, name, &network->spec);
}

/* ---- memory ---- */

void ebbi_lbfgs_need(ebbi_need *need, const ebb_network *network,
                     const ebb_train_options *options) {
  size_t vectors = searches(options) ? 2 * (ebbi_lbfgs_history(options) + 1) + VECTORS : 0;
  for (size_t i = 0; i < vectors; i++)
    ebbi_need_add(need, network->parameters->cols * sizeof(float));
}

/* The factor of each weight in the gradient of the penalty. */
static ebb_status fill_decay(ebb_tensor *decay, const ebb_trainer *trainer) {
  const ebb_network *network = trainer->network;
  float *values = calloc(decay->cols, sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "lbfgs: no memory for %zu numbers", decay->cols);
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      const ebb_tensor *w = network->parameter[n][p];
      ebbi_update_group group = ebbi_updates_group(&trainer->options, network, n, p);
      double own = group.no_decay ? 0 : trainer->options.optimizer.weight_decay;
      float *first = values + network->offset[n][p];
      for (size_t i = 0; i < w->rows * w->stride; i++) first[i] = (float)(group.l2 + own);
    }
  ebb_status status = ebb_tensor_upload(decay, values);
  free(values);
  return status;
}

static ebb_status make_vectors(ebbi_lbfgs *l, const ebb_trainer *trainer) {
  const ebb_tensor *like = trainer->network->parameters, *partials = trainer->pass->partials;
  ebb_tensor **vectors[VECTORS] = {&l->gradient, &l->previous, &l->direction, &l->start, &l->decay};
  for (size_t i = 0; i < VECTORS; i++)
    TRY(ebb_tensor_create(vectors[i], like->device, EBB_F32, 1, like->cols));
  for (size_t i = 0; i <= l->history; i++) {
    TRY(ebb_tensor_create(&l->pairs[i].move, like->device, EBB_F32, 1, like->cols));
    TRY(ebb_tensor_create(&l->pairs[i].change, like->device, EBB_F32, 1, like->cols));
  }
  TRY(ebbi_sums_create(&l->sums, like->device));
  TRY(ebb_tensor_create_packed(&l->losses, like->device, EBB_F32, partials->rows, partials->cols));
  l->values = calloc(partials->rows * partials->cols, sizeof *l->values);
  REQUIRE(l->values, EBB_ERR_MEMORY, "lbfgs: no memory");
  return fill_decay(l->decay, trainer);
}

ebb_status ebbi_lbfgs_create(ebbi_lbfgs **out, const ebb_trainer *trainer) {
  const ebb_train_options *options = &trainer->options;
  *out = NULL;
  if (!searches(options)) return EBB_OK;
  ebbi_lbfgs *l = *out = calloc(1, sizeof *l);
  REQUIRE(l, EBB_ERR_MEMORY, "lbfgs: no memory");
  l->exec = &trainer->pass->exec;
  l->history = ebbi_lbfgs_history(options);
  l->tries = ebbi_lbfgs_tries(options);
  return make_vectors(l, trainer);
}

void ebbi_lbfgs_free(ebbi_lbfgs *l) {
  if (!l) return;
  ebb_tensor *const tensors[] = {l->gradient, l->previous, l->direction, l->start,
                                 l->decay,    l->sums,     l->losses};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) ebb_tensor_free(tensors[i]);
  for (size_t i = 0; i <= l->history; i++) {
    ebb_tensor_free(l->pairs[i].move);
    ebb_tensor_free(l->pairs[i].change);
  }
  free(l->values);
  free(l);
}

/* ---- the objective ---- */

ebb_status ebbi_lbfgs_gradient(ebb_trainer *trainer) {
  const ebbi_lbfgs *l = trainer->lbfgs;
  return ebbi_objective_gradient(l->exec, l->gradient, l->sums, trainer->pass->gradients,
                                 trainer->network->parameters, l->decay, l->direction);
}

/* A point of a step's line. */
typedef struct point {
  ebb_trainer *trainer;
  size_t slot;
  double value;   /* of the objective */
  ebbi_sums sums; /* gradient * direction, decay * weights^2, the gradient's magnitudes */
} point;

/* Computes objective and gradient at the present weights. */
static ebb_status evaluate(point *at) {
  const ebbi_lbfgs *l = at->trainer->lbfgs;
  const ebb_tensor *partials = at->trainer->pass->partials;
  double loss = 0;
  TRY(ebbi_sequence_run(at->trainer->sequences[at->slot]));
  TRY(ebbi_sums_read(&at->sums, l->sums));
  TRY(ebb_tensor_download(l->values, partials));
  for (size_t i = 0; i < partials->rows; i++) loss += (double)l->values[i * partials->cols];
  double rows = (double)at->trainer->feed.rows * (double)ebbi_trainer_members(at->trainer);
  at->value = loss / rows + at->sums.square / 2;
  return EBB_OK;
}

/* weights = start + t direction */
static ebb_status move(ebb_trainer *trainer, double t) {
  const ebbi_lbfgs *l = trainer->lbfgs;
  return ebbi_vector_sum(l->exec, trainer->network->parameters, l->start, l->direction, 1, t);
}

static ebb_status find_point(void *context, ebbi_line_point *out) {
  point *at = context;
  TRY(move(at->trainer, out->t));
  TRY(evaluate(at));
  out->value = at->value;
  out->slope = at->sums.product;
  return EBB_OK;
}

/* ---- the direction ---- */

static ebb_status dot(ebbi_sums *out, ebbi_lbfgs *l, const ebb_tensor *a, const ebb_tensor *b) {
  TRY(ebbi_vector_dot(l->exec, l->sums, a, b));
  return ebbi_sums_read(out, l->sums);
}

/* Keeps the last step's pair unless its curvature is too small. */
static ebb_status judge_pair(ebbi_lbfgs *l) {
  pair *last = &l->pairs[l->next];
  ebbi_sums sums;
  l->moved = false;
  TRY(ebbi_vector_sum(l->exec, last->change, l->gradient, l->previous, 1, -1));
  TRY(dot(&sums, l, last->move, last->change));
  if (!(sums.product > LEAST_CURVATURE) || !isfinite(sums.square)) return EBB_OK;
  last->curvature = sums.product;
  l->scale = sums.product / sums.square;
  l->next = (l->next + 1) % (l->history + 1);
  if (l->count < l->history) l->count++;
  return EBB_OK;
}

/* The pair that was the latest `age` steps ago. */
static const pair *pair_at(const ebbi_lbfgs *l, size_t age) {
  return &l->pairs[(l->next + l->history - age) % (l->history + 1)];
}

/* direction = - inverse Hessian * gradient, by the recursion of two loops.  Source: (O14), (O15) */
static ebb_status find_direction(ebbi_lbfgs *l) {
  ebb_tensor *d = l->direction;
  double parts[EBBI_LBFGS_HISTORY];
  ebbi_sums sums;
  if (l->moved) TRY(judge_pair(l));
  TRY(ebbi_vector_sum(l->exec, d, l->gradient, l->gradient, -1, 0));
  TRY(ebbi_vector_sum(l->exec, l->previous, l->gradient, l->gradient, 1, 0));
  for (size_t age = 0; age < l->count; age++) {
    const pair *p = pair_at(l, age);
    TRY(dot(&sums, l, p->move, d));
    parts[age] = sums.product / p->curvature;
    TRY(ebbi_vector_sum(l->exec, d, d, p->change, 1, -parts[age]));
  }
  if (l->count > 0) TRY(ebbi_vector_sum(l->exec, d, d, d, l->scale, 0));
  for (size_t age = l->count; age-- > 0;) {
    const pair *p = pair_at(l, age);
    TRY(dot(&sums, l, p->change, d));
    TRY(ebbi_vector_sum(l->exec, d, d, p->move, 1, parts[age] - sums.product / p->curvature));
  }
  return EBB_OK;
}

/* ---- steps ---- */

/* Ends a step at numbers that are not finite: the update refuses them and records where. */
static ebb_status take_bad_step(ebb_trainer *trainer) {
  ebbi_lbfgs *l = trainer->lbfgs;
  l->count = 0;
  return ebbi_update(l->exec, trainer->network->parameters, trainer->moments,
                     trainer->pass->gradients, trainer->pass->state, l->losses,
                     &trainer->options.optimizer, NULL);
}

/* Takes the step to a point, the end of a whole search or of all its tries. One that does not move,
 * though its direction was made from pairs, says that these mislead: the next begins without. */
static ebb_status take_step(ebb_trainer *trainer, const ebbi_line *line, const ebbi_line_point *end,
                            bool whole) {
  ebbi_lbfgs *l = trainer->lbfgs;
  double gain = line->start.value - end->value;
  double larger = fmax(fabs(line->start.value), fabs(end->value));
  TRY(move(trainer, end->t));
  TRY(ebbi_vector_sum(l->exec, l->pairs[l->next].move, l->direction, l->direction, end->t, 0));
  l->moved = end->t > 0;
  bool stands = end->t * line->length <= LEAST_CHANGE || fabs(gain) <= LEAST_CHANGE * larger;
  l->converged = !l->moved || (whole && stands);
  if (l->moved || l->count == 0) return EBB_OK;
  l->count = 0;
  l->converged = false;
  return EBB_OK;
}

/* Goes along the direction, at first by the learning rate; by less in the first step, whose
 * direction has the gradient's size. */
static ebb_status search(point *at, bool is_first) {
  ebb_trainer *trainer = at->trainer;
  ebbi_lbfgs *l = trainer->lbfgs;
  const ebb_tensor *weights = trainer->network->parameters;
  double t = ebbi_piece_rate(&trainer->piece.set, trainer->queued + 1);
  double total = at->sums.total, value = at->value;
  ebbi_sums sums;
  TRY(dot(&sums, l, l->gradient, l->direction));
  if (!isfinite(sums.product)) return take_bad_step(trainer);
  ebbi_line line = {{0, value, sums.product}, sums.largest, l->tries, find_point, at};
  ebbi_line_point end = line.start;
  bool whole;
  l->converged = line.start.slope >= -LEAST_CHANGE * fabs(value);
  if (is_first) t *= fmin(1, 1 / total);
  if (!l->converged && t > 0) {
    TRY(ebbi_vector_sum(l->exec, l->start, weights, weights, 1, 0));
    TRY(ebbi_line_search(&end, &whole, &line, t));
    TRY(take_step(trainer, &line, &end, whole));
  }
  return ebbi_metrics_add(l->exec, trainer->pass->state, l->losses);
}

ebb_status ebbi_lbfgs_step(ebb_trainer *trainer, size_t slot) {
  ebbi_lbfgs *l = trainer->lbfgs;
  const ebb_tensor *partials = trainer->pass->partials;
  point at = {.trainer = trainer, .slot = slot};
  bool is_first = l->count == 0 && !l->moved;
  TRY(evaluate(&at));
  TRY(ebbi_buffer_copy(l->losses->buffer, partials->buffer,
                       partials->rows * partials->cols * sizeof(float)));
  if (!isfinite(at.value) || !isfinite(at.sums.total)) return take_bad_step(trainer);
  l->converged = at.sums.largest <= LEAST_GRADIENT;
  if (l->converged) return ebbi_metrics_add(l->exec, trainer->pass->state, l->losses);
  TRY(find_direction(l));
  return search(&at, is_first);
}

/* ---- checkpoints ---- */

ebbi_lbfgs_memory ebbi_lbfgs_recall(const ebbi_lbfgs *l) {
  return l ? (ebbi_lbfgs_memory){l->count, l->moved, l->converged} : (ebbi_lbfgs_memory){0};
}

bool ebbi_lbfgs_is_possible(const ebbi_lbfgs *l, const ebbi_lbfgs_memory *memory) {
  return l ? memory->pairs <= l->history
           : memory->pairs == 0 && !memory->moved && !memory->converged;
}

void ebbi_lbfgs_take(ebbi_lbfgs *l, const ebbi_lbfgs_memory *memory) {
  if (!l) return;
  l->count = l->next = memory->pairs;
  l->moved = memory->moved;
  l->converged = memory->converged;
}

static ebbi_named_slab slab_of(const char *name, size_t age, ebb_tensor *tensor) {
  ebbi_named_slab slab = {.tensor = tensor};
  snprintf(slab.name, sizeof slab.name, "%s_%u", name, (unsigned)age);
  return slab;
}

size_t ebbi_lbfgs_slabs(ebbi_named_slab slabs[EBBI_LBFGS_SLABS], const ebbi_lbfgs *l) {
  size_t made = 0;
  if (l && l->moved) {
    slabs[made++] = slab_of("move", 0, l->pairs[l->next].move);
    slabs[made++] = slab_of("gradient", 0, l->previous);
  }
  for (size_t age = 0; l && age < l->count; age++) {
    const pair *p = pair_at(l, age);
    slabs[made++] = slab_of("move", age + 1, p->move);
    slabs[made++] = slab_of("change", age + 1, p->change);
  }
  return made;
}

/* The products of the pairs, the oldest first, as judge_pair has computed them. */
ebb_status ebbi_lbfgs_count_in(ebbi_lbfgs *l) {
  ebbi_sums sums;
  for (size_t i = 0; l && i < l->count; i++) {
    TRY(dot(&sums, l, l->pairs[i].move, l->pairs[i].change));
    l->pairs[i].curvature = sums.product;
    l->scale = sums.product / sums.square;
  }
  return EBB_OK;
}

bool ebbi_lbfgs_has_converged(const ebb_trainer *trainer) {
  return trainer->lbfgs && trainer->lbfgs->converged;
}
