/* The end of a training: regular or early, by non-finite numbers, or by a device that fails or
 * computes wrongly.
 *
 * A model is saved only if its weights and figures are finite: an older file at --out is better
 * than a useless one. The copy to be saved is made before the figures, so a device that fails
 * meanwhile loses nothing.
 */
#include "train_end.h"

#include "clock.h"
#include "output.h"
#include "signals.h"
#include "train_checkpoint.h"
#include "train_guard.h"
#include "train_profile.h"
#include "train_refit.h"
#include "train_report.h"
#include "train_scores.h"

#include <stdio.h>

/* A model whose figures are not finite is not saved, even if the device fails later. */
static int make_figures(training *t) {
  int code = train_scores_make(t);
  if (code == EXIT_NUMBERS) {
    guard_forget(t);
    fail(code, "no model is saved, since what it makes of these rows is of no use");
  }
  return code;
}

static int save(training *t, int (*save_copy)(training *t)) {
  t->phase_start = clock_seconds();
  int code = save_copy(t);
  profile_phase(t, "save model");
  return code;
}

/* An unsuccessful end whose reason has been reported. */
static int end_badly(training *t, const char *reason, int code) {
  profile_write_trace(t);
  report_end(t, reason);
  return code;
}

/* NaN or Inf: the network holds its best or last good epoch again. It is saved if there was such an
 * epoch; otherwise an older model at --out is better than random weights. */
static int end_by_numbers(training *t, const char *message) {
  bool good = t->last.good_epoch > 0;
  if (good) t->kept = &t->closed;
  if (good && guard_copy(t) == EXIT_GOOD && make_figures(t) != EXIT_NUMBERS) save(t, guard_save);
  fail(EXIT_NUMBERS, "%s (%s); %s%s", message, settings_origin(t->s, "lr").text,
       *t->saved ? "the model of that epoch is kept in "
       : good    ? "no model is saved"
                 : "no epoch was good, so no model is saved",
       t->saved);
  report_search_end(t);
  return end_badly(t, "numbers", EXIT_NUMBERS);
}

/* The device has failed, or memory has run out: the last copy is all that is left of the model. */
static int end_by_failure(training *t, int code) {
  if (!t->copy.image) {
    checkpoint_advise(t->s);
    return code;
  }
  train_scores_clear(t);
  t->kept = &t->copy.report;
  guard_rescue(t);
  if (*t->saved)
    fail(code, "the last good copy of the model, of epoch %zu, is in %s", t->kept->epoch, t->saved);
  checkpoint_advise(t->s);
  return end_badly(t, "failed", code);
}

/* All requested epochs have been run. */
static bool is_over(const training *t) {
  return t->finished >= t->options.epochs || t->last.stopped_early || t->last.converged;
}

/* --refit, after which the new network is the model. Until then the copy is that of the search. */
static int refit(training *t) {
  if (!t->s->refit || !is_over(t)) return EXIT_GOOD;
  int code = refit_run(t);
  return code == EXIT_GOOD ? guard_copy(t) : code;
}

/* The most informative exit code. A signal takes precedence over failures outside the model. */
static int choose_code(const training *t, const int *codes, size_t count) {
  if (codes[0] != EXIT_GOOD) return codes[0];
  if (t->stop == STOP_SIGNAL) return EXIT_SIGNAL + signals_caught();
  for (size_t i = 1; i < count; i++)
    if (codes[i] != EXIT_GOOD) return codes[i];
  return EXIT_GOOD;
}

static int end_well(training *t, int profiled) {
  static const char *const reasons[] = {"finished", "stopped", "time limit"};
  checkpoint_end(t);
  report_search_end(t);
  int code = guard_copy(t);
  if (code == EXIT_NUMBERS) return end_badly(t, "numbers", code);
  if (code != EXIT_GOOD) return end_by_failure(t, code);
  int judged = make_figures(t);
  if (judged == EXIT_NUMBERS) return end_badly(t, "numbers", judged);
  int refitted = refit(t);
  if (t->sentinel_code != EXIT_GOOD) return end_badly(t, "sentinel", t->sentinel_code);
  if (is_over(t) && refitted == EXIT_GOOD) t->stop = STOP_NONE; /* the stop came too late */
  if (t->stop != STOP_NONE) refitted = EXIT_GOOD;
  int saved = save(t, refitted == EXIT_GOOD ? guard_save : guard_rescue);
  int traced = profile_write_trace(t);
  int told = report_end(t, reasons[t->stop]);
  const int codes[] = {saved, refitted, told, judged, profiled, traced, t->checkpoints.code};
  return choose_code(t, codes, sizeof codes / sizeof *codes);
}

int end_training(training *t, ebb_status status) {
  char message[4096];
  snprintf(message, sizeof message, "%s", ebb_error_message());
  if (status != EBB_OK) report_end_line(t);
  int profiled = profile_end(t);
  report_keep();
  if (t->sentinel_code != EXIT_GOOD) {
    report_search_end(t);
    return end_badly(t, "sentinel", t->sentinel_code);
  }
  if (status == EBB_ERR_NUMBERS) return end_by_numbers(t, message);
  if (status == EBB_OK) return end_well(t, profiled);
  return end_by_failure(t, fail(exit_code(status), "%s", message));
}
