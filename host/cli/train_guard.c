/* Guards a training against wrong numbers and against loss.
 *
 * Drivers and memory fail rarely and silently, so the device's numbers are compared with the
 * reference before a training and now and then during it. A training whose device has computed
 * wrongly once saves nothing: nobody knows since when it has been wrong.
 *
 * A model is saved from a copy on the host that has been read twice and is finite. A copy of a good
 * epoch always exists, in case the device fails. A copy costs a download, so copies are made rarely
 * enough to take less than a hundredth of the time.
 */
#include "train_guard.h"

#include "clock.h"
#include "output.h"
#include "save.h"
#include "train_checkpoint.h"
#include "train_report.h"
#include "watch.h"

#include <string.h>

static const double COPY_SHARE = 0.01;

int guard_test(const training *t) {
  return t->s->no_self_test ? EXIT_GOOD : fail_status(ebb_self_test(t->trainer));
}

/* A different layer each time, and the same sequence in every run of the training. */
static uint64_t seed_of(const training *t, uint64_t step) {
  return t->s->seed ^ (step * UINT64_C(0x9e3779b97f4a7c15));
}

bool guard_check(training *t, ebb_trainer *trainer, const ebb_report *report) {
  uint64_t every = t->s->sentinel;
  if (!every || report->step / every == t->watched / every) return true;
  t->watched = report->step;
  snprintf(t->dump, sizeof t->dump, "%s.sentinel.safetensors", t->s->out);
  ebb_status status = ebb_sentinel(trainer, seed_of(t, report->step), t->dump);
  if (status == EBB_OK) return true;
  report_end_line(t);
  if (status != EBB_ERR_NUMBERS) { /* a fault of the device itself shows in the next step */
    remark("%s; the training goes on", ebb_error_message());
    return true;
  }
  char message[4096];
  snprintf(message, sizeof message, "%s", ebb_error_message());
  bool kept = checkpoint_exists(t->s);
  t->sentinel_code = fail(EXIT_NUMBERS,
                          "%s; the training ends, and no model is saved since nobody knows since "
                          "when the device has computed wrongly%s%s%s",
                          message, kept ? "; the checkpoints in " : "",
                          kept ? t->s->checkpoint : "", kept ? " may hold wrong numbers too" : "");
  guard_forget(t);
  return false;
}

void guard_forget(training *t) {
  watch_copy(NULL);
  t->copy = (good_copy){0};
}

static ebb_status take_copy(training *t, const ebb_report *report) {
  ebb_model model = {.network = t->network,
                     .encoder = t->encoder,
                     .loss = t->options.loss,
                     .split = t->split,
                     .fingerprint = ebb_table_fingerprint(t->table)};
  ebb_model_image *image = NULL;
  double start = clock_seconds();
  ebb_status status = ebb_model_image_make(&image, &model);
  if (status != EBB_OK) return status;
  watch_copy(image);
  t->copy = (good_copy){.image = image, .report = *report, .taken = clock_seconds()};
  t->copy.cost = t->copy.taken - start;
  return EBB_OK;
}

void guard_epoch(training *t, const ebb_report *report) {
  bool good = report->good_epoch == report->epoch;
  bool cheap = clock_seconds() - t->copy.taken >= t->copy.cost / COPY_SHARE;
  if (good && cheap) take_copy(t, report); /* if the device has failed, the next step reports it */
}

/* True if the newest copy matches the network: it is an epoch's copy, that epoch's weights are
 * kept, and no refit has replaced the network. */
static bool is_copied(const training *t) {
  const ebb_report *copied = &t->copy.report;
  return t->copy.image && t->refit.epoch == 0 && copied->epoch == t->kept->epoch &&
         copied->step == t->kept->step;
}

int guard_copy(training *t) {
  if (is_copied(t)) return EXIT_GOOD;
  return fail_status(take_copy(t, t->kept));
}

int guard_save(training *t) {
  return save_image(t->s, t->copy.image, t->saved, sizeof t->saved);
}

int guard_rescue(training *t) {
  return save_rescued(t->s, t->copy.image, t->saved, sizeof t->saved);
}
