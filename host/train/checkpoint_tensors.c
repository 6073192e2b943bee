/* Saves and restores the tensors of a checkpoint: weights, the weights to fall back to, moments,
 * lbfgs's pairs.
 *
 * On the device each is a slab whose rows are padded for that device. In the file they are dense,
 * `parameters.0.weight` [in, out], so that a file depends only on the network.
 */
#include "base/error.h"
#include "checkpoint.h"
#include "nn/kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHTS = 3, SLABS = WEIGHTS + EBB_OPTIMIZER_MOMENTS + EBBI_LBFGS_SLABS, NAME = 40 };
enum { PARTS = EBB_MAX_NODES * EBBI_NODE_PARAMETERS };

/* Lists the slabs that this training has, and returns their number. */
static size_t find_slabs(ebbi_named_slab slabs[SLABS], const ebb_trainer *trainer) {
  const struct {
    const char *name;
    ebb_tensor *tensor; /* NULL: there is none */
  } weights[WEIGHTS] = {
      {"parameters", trainer->parked ? trainer->latest : trainer->network->parameters},
      {"good", trainer->good},
      {"average", trainer->average}};
  size_t count = 0;
  for (size_t i = 0; i < WEIGHTS + EBB_OPTIMIZER_MOMENTS; i++) {
    bool is_weights = i < WEIGHTS;
    const char *name = is_weights ? weights[i].name : ebbi_moment_names[i - WEIGHTS];
    ebb_tensor *tensor = is_weights ? weights[i].tensor : trainer->moments[i - WEIGHTS];
    ebbi_named_slab slab = {.tensor = tensor, .weights = is_weights};
    if (!tensor) continue;
    snprintf(slab.name, sizeof slab.name, "%s", name);
    slabs[count++] = slab;
  }
  return count + ebbi_lbfgs_slabs(slabs + count, trainer->lbfgs);
}

/* A node's parameter in a slab. */
typedef struct part {
  size_t offset, rows, cols, stride;
  char name[NAME];
} part;

/* Lists the parts of a slab and returns their number. */
static size_t list_parts(part parts[PARTS], const ebb_network *network, const ebbi_named_slab *of) {
  size_t count = 0;
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t held = ebbi_node_parameters(parameters, &network->spec, n);
    for (size_t p = 0; p < held; p++, count++) {
      const ebb_tensor *view = network->parameter[n][p];
      parts[count] = (part){network->offset[n][p], view->rows, view->cols, view->stride, ""};
      snprintf(parts[count].name, NAME, "%s.%zu.%s", of->name, n, parameters[p].name);
    }
  }
  return count;
}

static ebb_status make_floats(float **out, size_t count) {
  *out = calloc(count, sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "checkpoint: no memory for %zu numbers", count);
  return EBB_OK;
}

/* ---- from the device ---- */

static ebb_status check_finite(const float *values, const ebbi_named_slab *of,
                               const ebb_network *network) {
  char place[96];
  for (size_t i = 0; i < of->tensor->cols && of->weights; i++) {
    if (isfinite(values[i])) continue;
    ebbi_network_describe(place, sizeof place, network, i);
    return ebbi_fail(EBB_ERR_NUMBERS, "checkpoint: %s of \"%s\" is %g: no checkpoint is written",
                     place, of->name, (double)values[i]);
  }
  return EBB_OK;
}

/* Downloads a slab as dense numbers; `scratch` has room for a slab. */
static ebb_status fetch(float *dense, const ebbi_named_slab *of, const ebb_network *network,
                        float *scratch) {
  TRY(ebb_tensor_download(scratch, of->tensor));
  TRY(check_finite(scratch, of, network));
  part parts[PARTS];
  size_t count = list_parts(parts, network, of);
  for (const part *p = parts; p < parts + count; p++)
    for (size_t r = 0; r < p->rows; r++, dense += p->cols)
      memcpy(dense, scratch + p->offset + r * p->stride, p->cols * sizeof *dense);
  return EBB_OK;
}

/* What will be written: `count` tensors. */
typedef struct content {
  ebbi_named_slab slabs[SLABS];
  float *values[SLABS];
  size_t slab_count, count;
  char (*names)[NAME];
  ebbi_safetensor_source *tensors;
} content;

static void add_tensors(content *c, const ebbi_named_slab *of, const ebb_network *network,
                        const float *values) {
  part parts[PARTS];
  size_t count = list_parts(parts, network, of);
  for (const part *p = parts; p < parts + count; p++, c->count++) {
    memcpy(c->names[c->count], p->name, NAME);
    c->tensors[c->count] =
        (ebbi_safetensor_source){c->names[c->count], 2, {p->rows, p->cols}, values};
    values += p->rows * p->cols;
  }
}

static ebb_status fetch_all(content *c, const ebb_trainer *trainer, float *scratch) {
  const ebb_network *network = trainer->network;
  c->slab_count = find_slabs(c->slabs, trainer);
  c->names = calloc(c->slab_count * PARTS, sizeof *c->names);
  c->tensors = calloc(c->slab_count * PARTS, sizeof *c->tensors);
  REQUIRE(c->names && c->tensors, EBB_ERR_MEMORY, "checkpoint: no memory for %zu slabs",
          c->slab_count);
  for (size_t s = 0; s < c->slab_count; s++) {
    TRY(make_floats(&c->values[s], ebb_spec_parameters(&network->spec)));
    TRY(fetch(c->values[s], &c->slabs[s], network, scratch));
    add_tensors(c, &c->slabs[s], network, c->values[s]);
  }
  return EBB_OK;
}

static void free_content(content *c) {
  if (!c) return;
  for (size_t s = 0; s < c->slab_count; s++) free(c->values[s]);
  free(c->names);
  free(c->tensors);
  free(c);
}

static ebb_status write(uint64_t *bytes, ebbi_hash *hash, const content *c, const char *path) {
  ebbi_safetensors_draft draft;
  TRY(ebbi_safetensors_draft_make(&draft, path, NULL, 0, c->tensors, c->count));
  *bytes = draft.size;
  *hash = draft.hash;
  ebb_status status = ebbi_safetensors_draft_write(&draft, path);
  ebbi_safetensors_draft_free(&draft);
  return status;
}

ebb_status ebbi_checkpoint_tensors_write(uint64_t *bytes, ebbi_hash *hash,
                                         const ebb_trainer *trainer, const char *path) {
  float *scratch;
  TRY(make_floats(&scratch, trainer->network->parameters->cols));
  content *c = calloc(1, sizeof *c);
  ebb_status status =
      c ? fetch_all(c, trainer, scratch) : ebbi_fail(EBB_ERR_MEMORY, "%s: no memory", path);
  free(scratch);
  if (status == EBB_OK) status = write(bytes, hash, c, path);
  free_content(c);
  return status;
}

/* ---- to the device ---- */

static ebb_status read_part(float *slab_values, const part *p, const ebbi_safetensors *file,
                            const char *path) {
  float *dense;
  const ebbi_safetensor *tensor = ebbi_safetensors_find(file, p->name);
  REQUIRE(tensor, EBB_ERR_INPUT, "%s: has no tensor \"%s\"", path, p->name);
  REQUIRE(tensor->rank == 2 && tensor->shape[0] == p->rows && tensor->shape[1] == p->cols,
          EBB_ERR_INPUT, "%s: tensor \"%s\" is not [%zu, %zu]", path, p->name, p->rows, p->cols);
  TRY(make_floats(&dense, tensor->count));
  ebb_status status = ebbi_safetensor_to_float(dense, file, tensor);
  for (size_t r = 0; r < p->rows && status == EBB_OK; r++)
    memcpy(slab_values + p->offset + r * p->stride, dense + r * p->cols, p->cols * sizeof *dense);
  free(dense);
  return status;
}

static ebb_status read_slab(float *values, const ebbi_named_slab *of, const ebb_network *network,
                            const ebbi_safetensors *file, const char *path) {
  part parts[PARTS];
  size_t count = list_parts(parts, network, of);
  for (size_t i = 0; i < count; i++) TRY(read_part(values, &parts[i], file, path));
  return EBB_OK;
}

/* Reads all tensors before the first is uploaded. If the latest weights are parked, the network
 * gets the best or averaged ones. */
static ebb_status take(ebb_trainer *trainer, const ebbi_named_slab *slabs, float **values,
                       size_t count, const ebbi_safetensors *file, const char *path) {
  for (size_t s = 0; s < count; s++) {
    TRY(make_floats(&values[s], trainer->network->parameters->cols));
    TRY(read_slab(values[s], &slabs[s], trainer->network, file, path));
  }
  for (size_t s = 0; s < count; s++) TRY(ebb_tensor_upload(slabs[s].tensor, values[s]));
  const ebb_tensor *shown = trainer->parked ? ebbi_trainer_shown(trainer) : NULL;
  if (shown) TRY(ebbi_trainer_copy(trainer->network->parameters, shown));
  return ebbi_lbfgs_count_in(trainer->lbfgs);
}

ebb_status ebbi_checkpoint_tensors_take(ebb_trainer *trainer, const char *path) {
  ebbi_named_slab slabs[SLABS];
  float *values[SLABS] = {NULL};
  ebbi_safetensors *file;
  TRY(ebbi_safetensors_read(&file, path));
  size_t count = find_slabs(slabs, trainer);
  ebb_status status = take(trainer, slabs, values, count, file, path);
  for (size_t s = 0; s < count; s++) free(values[s]);
  ebbi_safetensors_free(file);
  return status;
}
