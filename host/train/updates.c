/* The update of a training.
 *
 * Options become the treatment of each parameter, and treatments become a table of runs on the
 * device, neighbours that are treated alike in one run. A training without such options has no
 * table and runs the plain kernel, which is faster and was there before.
 */
#include "updates.h"

#include "base/error.h"
#include "nn/kind.h"
#include "ops/optimizer_row.h"
#include "train.h"

#include <math.h>
#include <string.h>

/* ---- options ---- */

static ebb_status check_layers(const char *where, const ebb_update_options *o,
                               const ebb_network *network) {
  size_t nodes = network->spec.count, trained = 0;
  REQUIRE(o->layers == 0 || o->layer_rates, EBB_ERR_ARGUMENT, "%s: layer_rates is NULL", where);
  REQUIRE(o->layers <= nodes, EBB_ERR_ARGUMENT,
          "%s: %zu layer rates; the network has %zu layers, which count from 1", where, o->layers,
          nodes);
  for (size_t n = 0; n < o->layers; n++)
    REQUIRE(isfinite(o->layer_rates[n]) && o->layer_rates[n] >= 0 && o->layer_rates[n] <= 1e6,
            EBB_ERR_ARGUMENT, "%s: the rate factor of layer %zu is %g, not in [0, 1e+06]", where,
            n + 1, o->layer_rates[n]);
  for (size_t n = 0; n < nodes; n++)
    trained += network->parameter[n][0] && !(n < o->layers && o->layer_rates[n] == 0);
  REQUIRE(trained > 0, EBB_ERR_ARGUMENT,
          "%s: every layer with weights is frozen: nothing is left "
          "to train",
          where);
  return EBB_OK;
}

static ebb_status check_number(const char *where, const char *name, double value, double least) {
  REQUIRE(value == 0 || (value >= least && value <= 1e30), EBB_ERR_ARGUMENT,
          "%s: %s is %g; allowed are 0, for none, and %g to 1e+30", where, name, value, least);
  return EBB_OK;
}

ebb_status ebbi_updates_check(const char *where, const ebb_update_options *o,
                              const ebb_network *network) {
  const struct {
    const char *name;
    double value, least;
  } numbers[] = {{"clip_value", o->clip_value, 1e-30},
                 {"clip_norm", o->clip_norm, 1e-12},
                 {"l1", o->l1, 1e-30},
                 {"l2", o->l2, 1e-30},
                 {"max_norm", o->max_norm, 1e-6},
                 {"bias_rate", o->bias_rate, 1e-6}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    TRY(check_number(where, numbers[i].name, numbers[i].value, numbers[i].least));
  REQUIRE(o->no_decay_bias <= 1, EBB_ERR_ARGUMENT, "%s: no_decay_bias is %llu, not 0 or 1", where,
          (unsigned long long)o->no_decay_bias);
  REQUIRE(o->ntk <= 1, EBB_ERR_ARGUMENT, "%s: ntk is %llu, not 0 or 1", where,
          (unsigned long long)o->ntk);
  REQUIRE(o->accumulate <= 65536, EBB_ERR_ARGUMENT, "%s: accumulate %zu is above 65536", where,
          o->accumulate);
  REQUIRE(o->ema >= 0 && o->ema < 1, EBB_ERR_ARGUMENT, "%s: ema is %g, not in [0, 1)", where,
          o->ema);
  REQUIRE(o->ema == 0 || o->swa == 0, EBB_ERR_ARGUMENT,
          "%s: ema and swa are two averages; choose one", where);
  return check_layers(where, o, network);
}

/* ---- groups ---- */

static double rate_of(const ebb_update_options *o, size_t node) {
  return node < o->layers ? o->layer_rates[node] : 1;
}

void ebbi_updates_frozen(bool frozen[EBB_MAX_NODES], const ebb_train_options *options) {
  for (size_t n = 0; n < EBB_MAX_NODES; n++) frozen[n] = rate_of(&options->update, n) == 0;
}

/* The factor of a parameter's learning rate. */
static double parameter_rate(const ebb_update_options *o, size_t node, const ebbi_parameter *p) {
  double rate = p->role == EBBI_ROLE_STATISTIC ? 0 : rate_of(o, node);
  if (o->bias_rate > 0 && strcmp(p->name, "bias") == 0) rate *= o->bias_rate;
  return o->ntk && p->fill == EBBI_FILL_RANDOM ? rate / sqrt((double)p->rows) : rate;
}

ebbi_update_group ebbi_updates_group(const ebb_train_options *options, const ebb_network *network,
                                     size_t node, size_t parameter) {
  const ebb_update_options *o = &options->update;
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  ebbi_node_parameters(parameters, &network->spec, node);
  ebbi_role role = parameters[parameter].role;
  bool spared = o->no_decay_bias && role == EBBI_ROLE_SHIFT;
  bool trusts = ebbi_optimizer_row_of(options->optimizer.kind)->trusts;
  double rate = parameter_rate(o, node, &parameters[parameter]);
  return (ebbi_update_group){.rate = rate,
                             .apart = ebbi_muon_takes(options, network, node, parameter),
                             .trusted = trusts && role == EBBI_ROLE_WEIGHT && rate > 0,
                             .no_decay = spared,
                             .l1 = spared ? 0 : o->l1,
                             .l2 = spared ? 0 : o->l2,
                             .clip_value = o->clip_value,
                             .clip_norm = o->clip_norm};
}

/* A trusted run is one tensor. */
static bool same_treatment(const ebbi_update_segment *a, const ebbi_update_segment *b) {
  ebbi_update_segment moved = *a;
  moved.end = b->end;
  return !b->trusted && memcmp(&moved, b, sizeof moved) == 0;
}

/* Lists the runs and returns their number. Parameters lie in the slab in the order of the nodes, so
 * that each ends where the next begins. */
static size_t list_segments(ebbi_update_segment *segments, const ebb_train_options *options,
                            const ebb_network *network) {
  const ebbi_exec *exec = ebbi_device_exec(network->device);
  size_t count = 0;
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      ebbi_update_group group = ebbi_updates_group(options, network, n, p);
      if (count > 0)
        segments[count - 1].end = (int32_t)(network->offset[n][p] / exec->params.width);
      ebbi_update_segment next =
          ebbi_update_segment_of(exec, network->parameters->cols, &group, &options->optimizer);
      if (count > 0 && same_treatment(&segments[count - 1], &next)) count--;
      segments[count++] = next;
    }
  return count;
}

size_t ebbi_updates_row(const ebb_train_options *options, const ebb_network *network, size_t node,
                        size_t parameter) {
  ebbi_update_segment segments[EBB_MAX_NODES * EBBI_NODE_PARAMETERS];
  size_t width = ebbi_device_exec(network->device)->params.width, row = 0;
  size_t vector = network->offset[node][parameter] / width;
  (void)list_segments(segments, options, network);
  while ((size_t)segments[row].end <= vector) row++;
  return row;
}

/* True if the optimizer's plain kernel does the same. */
static bool is_plain(const ebbi_update_segment *segment, const ebb_optimizer *optimizer) {
  const ebbi_update_group plain = EBBI_UPDATE_GROUP_INIT;
  ebbi_exec any = {.params.width = 1};
  const ebbi_update_segment usual =
      ebbi_update_segment_of(&any, (size_t)segment->end, &plain, optimizer);
  return same_treatment(&usual, segment);
}

ebb_status ebbi_updates_create(ebbi_update_groups *out, const ebb_train_options *options,
                               const ebb_network *network) {
  ebbi_update_segment segments[EBB_MAX_NODES * EBBI_NODE_PARAMETERS];
  size_t count = list_segments(segments, options, network);
  *out = (ebbi_update_groups){0};
  if (count == 1 && is_plain(segments, &options->optimizer)) return EBB_OK;
  return ebbi_update_groups_create(out, network->device, segments, count,
                                   options->update.clip_norm > 0);
}

/* ---- launches ---- */

bool ebbi_updates_fuse(const ebb_train_options *options) {
  const ebbi_optimizer_row *row = ebbi_optimizer_row_of(options->optimizer.kind);
  return options->update.clip_norm == 0 && !row->trusts && !row->orthogonal &&
         ebbi_updates_are_last(options);
}

bool ebbi_updates_are_last(const ebb_train_options *options) {
  return options->update.max_norm == 0 && options->update.ema == 0 &&
         !ebbi_optimizer_row_of(options->optimizer.kind)->searches;
}

/* Weights of dense products: a unit's are a column. */
bool ebbi_updates_limit(const ebb_train_options *options, const ebb_network *network, size_t node,
                        size_t parameter) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  ebbi_node_parameters(parameters, &network->spec, node);
  const ebbi_parameter *p = &parameters[parameter];
  return options->update.max_norm > 0 && p->role == EBBI_ROLE_WEIGHT &&
         p->layout == EBBI_FILE_TRANSPOSED && rate_of(&options->update, node) > 0;
}

static ebb_status limit_norms(ebb_trainer *trainer) {
  const ebb_network *network = trainer->network;
  const ebb_train_options *options = &trainer->options;
  const ebbi_pass *pass = trainer->pass;
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++)
      if (ebbi_updates_limit(options, network, n, p))
        TRY(ebbi_max_norm(&pass->exec, network->parameter[n][p], pass->state,
                          options->update.max_norm));
  return EBB_OK;
}

size_t ebbi_updates_rows(const ebb_train_options *options) {
  size_t parts = options->update.accumulate;
  return options->batch * (parts > 1 ? parts : 1);
}

uint64_t ebbi_part_seed(uint64_t seed, size_t part) {
  return seed ^ (uint64_t)part * UINT64_C(0x9e3779b97f4a7c15);
}

ebb_status ebbi_updates_add(ebb_trainer *trainer, size_t part) {
  ebbi_pass *pass = trainer->pass;
  const ebbi_part at = {trainer->feed.spec.batch, trainer->feed.rows, part == 0,
                        part + 1 == trainer->parts};
  return ebbi_accumulate(&pass->exec, trainer->accumulated, pass->gradients, pass->state,
                         pass->partials, &at);
}

ebb_status ebbi_updates_run(ebb_trainer *trainer) {
  ebbi_pass *pass = trainer->pass;
  const ebbi_update_groups *groups = &trainer->groups;
  const ebb_tensor *gradients = trainer->accumulated ? trainer->accumulated : pass->gradients;
  if (groups->norms) TRY(ebbi_gradient_norm(&pass->exec, groups, gradients));
  ebb_tensor *parameters = trainer->network->parameters;
  const ebb_update_options *options = &trainer->options.update;
  if (trainer->muon) TRY(ebbi_muon_run(trainer->muon, gradients));
  if (groups->trust)
    TRY(ebbi_trust_ratios(&pass->exec, groups, parameters, trainer->moments, gradients, pass->state,
                          &trainer->options.optimizer));
  TRY(ebbi_update(&pass->exec, parameters, trainer->moments, gradients, pass->state, pass->partials,
                  &trainer->options.optimizer, groups));
  if (options->max_norm > 0) TRY(limit_norms(trainer));
  if (options->ema == 0) return EBB_OK;
  return ebbi_average(&pass->exec, trainer->average, parameters, pass->state, 1 - options->ema);
}
