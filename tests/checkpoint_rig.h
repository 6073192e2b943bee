/* Shared by the tests of checkpoints: a temporary folder, trainings described by a struct, and
 * comparison of everything that a training consists of.
 */
#ifndef EBB_CHECKPOINT_RIG_H
#define EBB_CHECKPOINT_RIG_H

#include "train/checkpoint.h"
#include "train_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[160];

static inline void in_folder(char path[256], const char *name) {
  snprintf(path, 256, "%s/%s", folder, name);
}

static inline void clean_folder(void) {
  DIR *stream = opendir(folder);
  assert_non_null(stream);
  for (struct dirent *next; (next = readdir(stream));) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, next->d_name);
    if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0)
      assert_int_equal(remove(path), 0);
  }
  closedir(stream);
}

/* Group set-up and tear-down: opens the device as *state and creates the empty folder. */
static inline int open_device_and_folder(void **state) {
  strcpy(folder, "/tmp/ebb_checkpoint_XXXXXX");
  return mkdtemp(folder) ? open_test_device(state) : -1;
}

static inline int close_device_and_folder(void **state) {
  clean_folder();
  return rmdir(folder) == 0 ? close_test_device(state) : -1;
}

static inline int make_clean(void **state) {
  (void)state;
  clean_folder();
  return 0;
}

static inline void expect(ebb_status status, ebb_status wanted) {
  if (status != wanted) fail_msg("%s: %s", ebb_status_name(status), ebb_error_message());
}

static inline void expect_message(const char *part) {
  if (!strstr(ebb_error_message(), part))
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), part);
}

#define TEST(name) cmocka_unit_test_setup(name, make_clean)

/* Describes a training that is begun twice or more. All zero: by layers, resident, sgd, in order, 5
 * steps an epoch with a short last one. */
typedef struct plan {
  ebb_engine engine;
  ebb_step_form step;
  ebb_data_place place;
  ebb_optimizer_kind optimizer;
  double momentum;
  bool amsgrad, nesterov, shuffle;
  bool keep_best; /* few rows, so that validation soon becomes worse */
  size_t patience, epochs;
  ebb_update_options update;
} plan;

typedef struct training {
  rig r;
  ebb_dataset valid;
} training;

enum { VALID = 60 };

/* Begins a training, with initial weights from `seed`. */
static inline void training_begin(training *t, ebb_device *device, const plan *p, uint64_t seed) {
  ebb_spec spec;
  expect(ebb_device_set_engine(device, p->engine), EBB_OK);
  *t = (training){.r = rig_make(device, "8tanh")};
  spec = *ebb_network_spec(t->r.network);
  ebb_network_free(t->r.network);
  expect(ebb_network_create(&t->r.network, device, &spec, EBB_INIT_AUTO, seed), EBB_OK);
  t->valid = classes_of(t->r.t, VALID);
  t->valid.x += (ROWS - VALID) * INPUTS;
  t->valid.labels += ROWS - VALID;
  ebb_train_options *o = &t->r.options;
  o->optimizer = ebb_optimizer_default(p->optimizer);
  o->optimizer.momentum = p->momentum;
  o->optimizer.nesterov = p->nesterov;
  o->optimizer.amsgrad = p->amsgrad;
  o->optimizer.weight_decay = 0.01;
  o->learning_rate = 0.05f;
  o->shuffle = p->shuffle;
  o->step = p->step;
  o->data_on = p->place;
  o->block_bytes =
      2 * 32 * (INPUTS + 1) * sizeof(float); /* two steps a block, three blocks an epoch */
  o->epochs = p->epochs;
  o->update = p->update;
  o->keep_best = p->keep_best;
  o->patience = p->patience;
  if (ebb_optimizer_is_full_batch(p->optimizer)) o->batch = t->r.data.rows;
  if (p->keep_best || p->patience) {
    t->r.data.rows = 26; /* 4 steps an epoch, the last of 2 rows */
    o->batch = 8;
    for (size_t i = 0; i < ROWS; i += 4) t->r.t->labels[i] = (t->r.t->labels[i] + 1) % CLASSES;
  }
}

static inline ebb_status training_create(training *t) {
  bool valid = t->r.options.keep_best || t->r.options.patience;
  return ebb_trainer_create(&t->r.trainer, t->r.network, &t->r.data, valid ? &t->valid : NULL,
                            &t->r.options);
}

static inline void training_start(training *t, ebb_device *device, const plan *p, uint64_t seed) {
  training_begin(t, device, p, seed);
  expect(training_create(t), EBB_OK);
}

/* Frees the trainer and its network, and resumes with new ones. */
static inline void training_resume(training *t, ebb_device *device, const plan *p) {
  rig_free(&t->r);
  training_start(t, device, p, 99);
  expect(ebb_trainer_resume(t->r.trainer, folder, NULL), EBB_OK);
}

static inline void steps(training *t, size_t count) {
  expect(ebb_trainer_step(t->r.trainer, count), EBB_OK);
}

static inline void save(training *t, size_t keep) {
  expect(ebb_trainer_save(t->r.trainer, folder, keep, NULL), EBB_OK);
}

/* The folder contains complete checkpoints of exactly these steps. */
static inline void expect_steps(const uint64_t *wanted, size_t count) {
  ebbi_checkpoint_list list;
  expect(ebbi_checkpoint_list_make(&list, folder), EBB_OK);
  assert_int_equal(list.count, 2 * count);
  for (size_t i = 0; i < list.count; i++) {
    assert_int_equal(list.files[i].step, wanted[i / 2]);
    assert_int_equal(list.files[i].kind == EBBI_MANIFEST, i % 2 == 0);
  }
  ebbi_checkpoint_list_free(&list);
}
#define EXPECT_STEPS(...)                                                                          \
  expect_steps((const uint64_t[]){__VA_ARGS__}, sizeof(uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

/* The newest intact checkpoint is of this step, and none is damaged. */
static inline void expect_newest(uint64_t step) {
  ebb_checkpoint_info info;
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  assert_int_equal(info.step, step);
  assert_string_equal(info.damaged, "");
  ebb_checkpoint_info_clear(&info);
}

/* Two trainings are equal bit for bit: their numbers, fallback copies and progress. */
static inline void expect_same_tensor(const ebb_tensor *a, const ebb_tensor *b) {
  assert_int_equal(!a, !b);
  if (!a) return;
  size_t size = ebb_tensor_cols(a) * sizeof(float);
  float *x = malloc(size), *y = malloc(size);
  expect(ebb_tensor_download(x, a), EBB_OK);
  expect(ebb_tensor_download(y, b), EBB_OK);
  assert_memory_equal(x, y, size);
  free(x);
  free(y);
}

static inline void expect_same(const training *a, const training *b) {
  const ebb_trainer *x = a->r.trainer, *y = b->r.trainer;
  expect_same_tensor(ebb_network_parameters(a->r.network), ebb_network_parameters(b->r.network));
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    expect_same_tensor(x->moments[m], y->moments[m]);
  expect_same_tensor(x->good, y->good);
  expect_same_tensor(x->average, y->average);
  assert_int_equal(x->parked, y->parked);
  if (x->parked) expect_same_tensor(x->latest, y->latest);
  ebb_state states[2];
  expect(ebb_tensor_download(&states[0], x->pass->state), EBB_OK);
  expect(ebb_tensor_download(&states[1], y->pass->state), EBB_OK);
  assert_memory_equal(&states[0], &states[1], sizeof states[0]);
  assert_int_equal(x->best.epoch, y->best.epoch);
  assert_int_equal(x->best.behind, y->best.behind);
  assert_memory_equal(&x->best.loss, &y->best.loss, sizeof x->best.loss);
  assert_int_equal(x->good_epoch, y->good_epoch);
}

/* `saved` steps, a checkpoint, and `more` steps after resuming give the same bits as an
 * uninterrupted training. */
static inline void expect_as_one(ebb_device *device, const plan *p, size_t saved, size_t more) {
  training whole, parts;
  training_start(&whole, device, p, 11);
  expect(ebb_trainer_step(whole.r.trainer, saved + more), EBB_OK);
  training_start(&parts, device, p, 11);
  expect(ebb_trainer_step(parts.r.trainer, saved), EBB_OK);
  expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
  training_resume(&parts, device, p);
  expect(ebb_trainer_step(parts.r.trainer, more), EBB_OK);
  expect_same(&whole, &parts);
  rig_free(&whole.r);
  rig_free(&parts.r);
  clean_folder();
}

#endif
