/* Two threads, each with its own device: they open, train, save and close at the same time, and
 * each has its own error messages. All rounds do the same, so their files must be identical.
 */
#include "train_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2, ROUNDS = 3 };

/* One thread's part. Faults are recorded here, because cmocka works in the main thread only. */
typedef struct part {
  int number;
  toy *t;
  pthread_barrier_t *together;
  char fault[1024];
} part;

static bool went_wrong(part *p, const char *what) {
  snprintf(p->fault, sizeof p->fault, "%s: %.900s", what, ebb_error_message());
  return false;
}

/* One thread's message never appears in the other. */
static bool has_own_messages(part *p) {
  char bad[32], wanted[32];
  ebb_spec spec;
  snprintf(bad, sizeof bad, "7-16bad%d-3", p->number);
  snprintf(wanted, sizeof wanted, "\"bad%d\"", p->number);
  for (int i = 0; i < 2000; i++)
    if (ebb_spec_parse(&spec, bad, 0, 0) == EBB_OK || !strstr(ebb_error_message(), wanted))
      return went_wrong(p, "another thread's message");
  return true;
}

static bool train(part *p, ebb_device *device, int round) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_dataset data = classes_of(p->t, ROWS);
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_spec spec;
  char path[64];
  options.epochs = 3;
  options.data_on = round % 2 ? EBB_DATA_HOST : EBB_DATA_DEVICE;
  snprintf(path, sizeof path, "/tmp/ebb_threads_%ld_%d", (long)getpid(), p->number);
  bool good = ebb_spec_parse(&spec, "7-16relu-3", 0, 0) == EBB_OK &&
              ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1) == EBB_OK &&
              ebb_trainer_create(&trainer, network, &data, &data, &options) == EBB_OK &&
              ebb_trainer_run(trainer, NULL, NULL) == EBB_OK &&
              ebb_network_save(network, path, NULL, 0) == EBB_OK;
  remove(path);
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  return good || went_wrong(p, "training");
}

static bool run_round(part *p, int round) {
  ebb_device_info info;
  ebb_device *device = NULL;
  size_t count;
  pthread_barrier_wait(p->together);
  if (ebb_device_count(&count) != EBB_OK || ebb_device_describe(&info, 0) != EBB_OK)
    return went_wrong(p, "looking for devices");
  if (ebb_device_open(&device, NULL) != EBB_OK) return went_wrong(p, "opening");
  bool good = train(p, device, round) && has_own_messages(p);
  ebb_device_free(device);
  return good;
}

static void *work(void *user) {
  part *p = user;
  bool good = true;
  for (int round = 0; round < ROUNDS; round++) good = run_round(p, round) && good;
  return NULL;
}

static void each_thread_has_a_device_of_its_own(void **state) {
  (void)state;
  pthread_barrier_t together;
  pthread_t threads[THREADS];
  part parts[THREADS];
  toy *t = toy_make();
  assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
  for (int i = 0; i < THREADS; i++) {
    parts[i] = (part){.number = i, .t = t, .together = &together};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &parts[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < THREADS; i++) assert_string_equal(parts[i].fault, "");
  pthread_barrier_destroy(&together);
  free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_thread_has_a_device_of_its_own)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
