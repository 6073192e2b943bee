/* The file of a wrong number: a safetensors file whose metadata hold what a replay needs.
 */
#ifndef EBBI_DUMP_H
#define EBBI_DUMP_H

#include "check/live.h"
#include "nn/safetensors.h"

/* The version of the format, under "ebb.dump" in the metadata. Version 1 named tensors by the
 * letters of a dense layer, because all layers were dense. */
#define EBBI_DUMP_VERSION     "2"
#define EBBI_DUMP_OLD_VERSION "1"

/* A tensor of a step by layers, as a dump stores it. */
typedef struct ebbi_step_place {
  char name[64];
  const char *old; /* its name in the old version */
  ebb_tensor **tensor;
  size_t rows, cols;
  bool between; /* a value between nodes: bfloat16 in that precision */
  bool needed;  /* required by a replay */
  bool written; /* an output of the operation */
  bool shared;  /* omitted from the file if it is the same tensor as the place before */
} ebbi_step_place;

enum { EBBI_STEP_PLACES = EBB_NODE_INPUTS * EBB_MAX_NODES + 20 };

/* Lists what an operation on a node reads and writes, whether or not the tensors exist. Returns the
 * length of the list. */
size_t ebbi_step_places(ebbi_step_place *out, ebbi_step_tensors *t, ebbi_operation operation,
                        size_t node, size_t batch);

/* A dump that has been read; all of its facts have been checked. */
typedef struct ebbi_dump {
  const char *path;
  ebbi_safetensors *file;
  bool old; /* version 1 */
  ebbi_operation operation;
  ebbi_number number; /* the wrong number; its texts live as long as the file */
  ebb_spec spec;
  ebb_loss loss;
  size_t batch, live, width;
  uint64_t step, seed, span;
  ebb_optimizer optimizer;
  bool grouped; /* of an update in a training with groups */
  ebbi_update_group group;
  float learning_rate;
  ebb_engine engine;
  ebb_precision precision;
  bool emulated;
} ebbi_dump;

/* Errors: EBB_ERR_INPUT (damaged, or not a dump). Free it even after an error. */
ebb_status ebbi_dump_read(ebbi_dump *out, const char *path);
void ebbi_dump_free(ebbi_dump *dump);

/* A tensor's numbers, in an array of the fixture. The tensor must exist and have this shape. */
ebb_status ebbi_dump_floats(float **out, ebbi_fixture *fixture, const ebbi_dump *dump,
                            const char *name, size_t rows, size_t cols);

/* A tensor's rows and columns; false if it does not exist or has not two dimensions. */
bool ebbi_dump_shape(size_t *rows, size_t *cols, const ebbi_dump *dump, const char *name);

/* The names of a group's fields in a dump's metadata, in their order. */
enum { EBBI_DUMP_GROUP = 6 };
extern const char *const ebbi_dump_group[EBBI_DUMP_GROUP];

/* The names of the optimizer's settings in a dump's metadata. */
extern const char *const ebbi_dump_settings[];

#endif
