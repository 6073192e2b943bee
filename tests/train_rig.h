/* Shared by the tests of training: a small dataset and a network.
 */
#ifndef EBB_TRAIN_RIG_H
#define EBB_TRAIN_RIG_H

#include "base/rng.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <stdlib.h>

enum { ROWS = 150, INPUTS = 7, CLASSES = 3 };

/* Three noisy clusters: easy to learn, the same in every run. */
typedef struct toy {
  float x[ROWS * INPUTS], values[ROWS];
  int32_t labels[ROWS];
} toy;

static inline toy *toy_make(void) {
  toy *t = calloc(1, sizeof *t);
  uint32_t bits[4];
  for (uint64_t r = 0; r < ROWS; r++) {
    t->labels[r] = (int32_t)(r % CLASSES);
    for (uint64_t c = 0; c < INPUTS; c++) {
      ebbi_philox(bits, 3, EBBI_RNG_TEST, (uint32_t)c, r);
      t->x[r * INPUTS + c] = 0.5f * ebbi_normal(bits[0]) + (c % CLASSES == r % CLASSES ? 1.f : 0.f);
    }
    t->values[r] = t->x[r * INPUTS] - 2 * t->x[r * INPUTS + 1];
  }
  return t;
}

static inline ebb_dataset classes_of(const toy *t, size_t rows) {
  return (ebb_dataset){
      .rows = rows, .inputs = INPUTS, .outputs = CLASSES, .x = t->x, .labels = t->labels};
}

static inline ebb_network *make_network(ebb_device *device, const char *text, size_t outputs) {
  ebb_spec spec;
  ebb_network *network;
  assert_int_equal(ebb_spec_parse(&spec, text, INPUTS, outputs), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 11), EBB_OK);
  return network;
}

/* A network to train on the toy's classes: change the options, then start it. */
typedef struct rig {
  toy *t;
  ebb_dataset data;
  ebb_network *network;
  ebb_train_options options;
  ebb_trainer *trainer;
} rig;

static inline rig rig_make(ebb_device *device, const char *spec) {
  rig r = {.t = toy_make(), .options = (ebb_train_options)EBB_TRAIN_OPTIONS_INIT};
  r.data = classes_of(r.t, ROWS);
  r.network = make_network(device, spec, CLASSES);
  return r;
}

static inline ebb_status rig_start(rig *r) {
  return ebb_trainer_create(&r->trainer, r->network, &r->data, NULL, &r->options);
}

static inline void rig_free(rig *r) {
  ebb_trainer_free(r->trainer);
  ebb_network_free(r->network);
  free(r->t);
}

static inline float *parameters_of(ebb_network *network, size_t *count) {
  ebb_tensor *slab = ebb_network_parameters(network);
  *count = ebb_tensor_cols(slab);
  float *values = malloc(*count * sizeof *values);
  assert_int_equal(ebb_tensor_download(values, slab), EBB_OK);
  return values;
}

#endif
