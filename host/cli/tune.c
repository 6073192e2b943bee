/* `ebb tune`: finds the fastest correct configuration or engine for each class of products.
 *
 * This program never opens the device. A worker process does; if it crashes or hangs, the search
 * continues with a new one and without the candidate being tried. A candidate is compared with
 * automatic in one process, sample by sample, and wins only if it is faster by more than the noise,
 * twice. A candidate that has failed anywhere is never used. The results are kept when the time is
 * over, when everything is done, and when a signal asks to stop.
 */
#include "tune.h"

#include "clock.h"
#include "commands.h"
#include "output.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

/* A candidate must take less than this fraction of automatic's time. */
static const double CLEARLY_FASTER = 0.97;

/* Minimum time limit for an answer, and for building, in seconds, while there is time. */
static const double LEAST_PATIENCE = 5;

/* Minimum number of runs for a shape's first two candidates; with less time left, the shape is
 * skipped. */
static const double LEAST_RUNS = 24;

static double time_left(const tuning *t) {
  return t->deadline - clock_seconds();
}

static bool is_refused(const tuning *t, int choice) {
  for (size_t i = 0; i < t->refused; i++)
    if (t->refusals[i].choice == choice) return true;
  return false;
}

static void refuse(tuning *t, const tune_question *q, const char *why) {
  if (is_refused(t, q->choice) || t->refused == sizeof t->refusals / sizeof *t->refusals) return;
  tune_refusal *r = &t->refusals[t->refused++];
  *r = (tune_refusal){.choice = q->choice, .shape = q->shape};
  snprintf(r->text, sizeof r->text, "%s", why);
}

/* Ends the search early. */
static void end(tuning *t, const char *why) {
  snprintf(t->ended, sizeof t->ended, "%s", why);
}

static bool may_go_on(const tuning *t) {
  return !t->ended[0] && !signals_caught() && time_left(t) > 0;
}

/* ---- asking ---- */

/* Time limit for an answer: a hanging candidate must not use up all the time. A compiler on a busy
 * machine is slow, and that it is says nothing about the candidate, so building may take longer. */
static double patience(const tuning *t, const tune_question *q) {
  double part = q->building ? t->s->budget / 2 : t->s->budget / 4;
  return part > LEAST_PATIENCE ? part : LEAST_PATIENCE;
}

/* Ensures a running worker, starting a new one if necessary. */
static bool have_worker(tuning *t) {
  if (t->worker.process) return true;
  tune_hello *hello = calloc(1, sizeof *hello);
  if (!hello) return false;
  tune_outcome outcome =
      tune_worker_start(&t->worker, hello, t->s, t->shapes, t->planned, time_left(t));
  bool good = outcome == TUNE_ANSWERED && hello->status == EBB_OK;
  if (!good && may_go_on(t)) end(t, "the device could not be opened again");
  free(hello);
  return good;
}

/* Asks the worker once. Returns true if there is an answer, even a refusal of the shape. Failures
 * of the candidate are recorded. */
static bool ask_once(tuning *t, tune_answer *answer, const tune_question *q) {
  char why[TUNE_TEXT];
  tune_progress(t, &q->shape, q->choice);
  if (!have_worker(t)) return false;
  double seconds = patience(t, q), left = time_left(t);
  bool last = left < seconds; /* no answer then means that the time is over */
  if (last) seconds = left;
  switch (tune_worker_ask(&t->worker, answer, q, seconds, why)) {
  case TUNE_ANSWERED:
    if (answer->status != EBB_OK && !answer->no_shape) refuse(t, q, answer->text);
    return answer->status == EBB_OK || answer->no_shape;
  case TUNE_DIED:
    refuse(t, q, why);
    return false;
  case TUNE_SILENT:
    snprintf(why, sizeof why, "%s within %.1f s", q->building ? "not built" : "no answer", seconds);
    if (!last) refuse(t, q, why);
    return false;
  default:
    return false;
  }
}

/* Has the candidate built and then, with a time limit of its own, measured. */
static bool ask(tuning *t, tune_answer *answer, const tune_question *q) {
  tune_question building = *q;
  building.building = true;
  return ask_once(t, answer, &building) && (answer->no_shape || ask_once(t, answer, q));
}

/* ---- the search ---- */

/* Times automatic. Returns false if the shape is too large for the device. */
static bool try_automatic(tuning *t, tune_result *r) {
  tune_answer answer;
  tune_question q = {.shape = r->shape, .choice = r->automatic};
  if (is_refused(t, r->automatic)) return true;
  if (!ask(t, &answer, &q)) return true;
  if (answer.no_shape) return false;
  r->auto_seconds = answer.seconds;
  return true;
}

/* Times a candidate, unless that would be useless. */
static bool try_candidate(tuning *t, tune_result *r, size_t i) {
  tune_answer answer;
  int choice = t->hello.choices[i];
  bool alone = r->auto_seconds == 0;
  if (choice == r->automatic || is_refused(t, choice) || !may_go_on(t)) return false;
  tune_question q = {.shape = r->shape, .choice = choice, .alone = alone};
  if (!ask(t, &answer, &q) || answer.no_shape) return false;
  r->seconds[i] = answer.seconds;
  r->against[i] = answer.auto_seconds;
  return true;
}

/* A candidate's score: its fraction of automatic's time, or its time if automatic was not measured;
 * 0: not measured. */
static double score(const tune_result *r, size_t i) {
  if (r->seconds[i] == 0) return 0;
  return r->against[i] > 0 ? r->seconds[i] / r->against[i] : r->seconds[i];
}

static bool default_stands(const tuning *t, const tune_result *r) {
  return r->auto_seconds > 0 && !is_refused(t, r->automatic);
}

/* The best candidate; the number of candidates if none is better than automatic. */
static size_t find_best(const tuning *t, const tune_result *r) {
  size_t found = t->hello.count;
  double best = default_stands(t, r) ? CLEARLY_FASTER : 0;
  for (size_t i = 0; i < t->hello.count; i++) {
    double its = score(r, i);
    if (its == 0 || is_refused(t, t->hello.choices[i]) || (best > 0 && its >= best)) continue;
    best = its;
    found = i;
  }
  return found;
}

/* The best of several noisy times is too optimistic, so the best candidate is measured again, and
 * the new time counts, until the best one has been measured twice. */
static void confirm(tuning *t, tune_result *r) {
  for (;;) {
    size_t i = find_best(t, r);
    if (i == t->hello.count || r->confirmed[i] || !may_go_on(t)) return;
    r->confirmed[i] = try_candidate(t, r, i);
    if (!r->confirmed[i]) return;
  }
}

static double work_of(const ebb_tune_shape *s) {
  return 2.0 * (double)s->rows * (double)s->cols * (double)s->depth;
}

/* True if there is enough time to start this shape, at the best rate seen so far. */
static bool is_affordable(const tuning *t, const ebb_tune_shape *shape) {
  double rate = 0;
  for (size_t i = 0; i < t->count; i++) {
    const tune_result *r = &t->results[i];
    double its = r->auto_seconds > 0 ? work_of(&r->shape) / r->auto_seconds : 0;
    if (its > rate) rate = its;
  }
  return rate == 0 || LEAST_RUNS * work_of(shape) / rate < time_left(t);
}

static void search(tuning *t) {
  for (size_t i = 0; i < t->planned && may_go_on(t); i++) {
    if (!is_affordable(t, &t->shapes[i])) continue;
    tune_result *r = &t->results[t->count];
    *r = (tune_result){.shape = t->shapes[i], .automatic = t->hello.automatic[i]};
    if (!try_automatic(t, r)) continue;
    for (size_t c = 0; c < t->hello.count; c++) (void)try_candidate(t, r, c);
    confirm(t, r);
    t->count++;
  }
}

/* ---- conclusions ---- */

/* The best choice for a shape. Returns false if nothing is known. */
static bool conclude(const tuning *t, tune_result *r) {
  bool stands = default_stands(t, r);
  size_t i = find_best(t, r);
  if (i < t->hello.count && (r->confirmed[i] || !stands))
    r->best = (ebb_tuned){r->shape, t->hello.choices[i], r->seconds[i], r->against[i]};
  else
    r->best = (ebb_tuned){r->shape, EBB_MATMUL_CONFIG_AUTO, stands ? r->auto_seconds : 0,
                          r->auto_seconds};
  return r->best.seconds > 0;
}

/* Drops shapes without results. */
static void conclude_all(tuning *t) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++)
    if (conclude(t, &t->results[i])) t->results[kept++] = t->results[i];
  t->count = kept;
}

static bool same_class(const ebb_tune_shape *a, const ebb_tune_shape *b) {
  return a->layout == b->layout && ebb_matmul_class(a->rows, a->cols, a->depth) ==
                                       ebb_matmul_class(b->rows, b->cols, b->depth);
}

/* True if an earlier entry is still valid. */
static bool still_holds(const tuning *t, const ebb_tuned *old) {
  if (is_refused(t, old->choice)) return false;
  for (size_t i = 0; i < t->count; i++)
    if (same_class(&t->results[i].shape, &old->shape)) return false;
  return true;
}

/* Keeps the results, and earlier results of classes that were not measured. */
static int store(tuning *t) {
  const tune_hello *h = &t->hello;
  ebb_tuned *old = NULL;
  size_t old_count = 0, count = 0;
  (void)ebb_tune_load(&old, &old_count, &h->owner); /* an invalid file is replaced */
  ebb_tuned *all = calloc(t->count + old_count + 1, sizeof *all);
  if (!all) {
    free(old);
    return fail(EXIT_FAILED, "tune: no memory for %zu choices", t->count + old_count);
  }
  for (size_t i = 0; i < t->count; i++) all[count++] = t->results[i].best;
  for (size_t i = 0; i < old_count; i++)
    if (still_holds(t, &old[i])) all[count++] = old[i];
  ebb_status status = ebb_tune_path(t->path, sizeof t->path, &h->owner);
  if (status == EBB_OK) status = ebb_tune_store(all, count, &h->owner);
  if (status != EBB_OK) t->path[0] = '\0';
  free(all);
  free(old);
  return fail_status(status);
}

/* ---- the command ---- */

/* Opens the device, in the worker. */
static int begin(tuning *t) {
  tune_hello *h = &t->hello;
  tune_outcome outcome =
      tune_worker_start(&t->worker, h, t->s, t->shapes, t->planned, t->s->budget);
  if (outcome == TUNE_DIED)
    return fail(EXIT_DEVICE, "tune: opening the device failed: %s", h->text);
  if (outcome == TUNE_SILENT)
    return fail(EXIT_DEVICE, "%s: the device was not open within %g s",
                settings_origin(t->s, "budget").text, t->s->budget);
  if (outcome == TUNE_STOPPED)
    return fail(EXIT_SIGNAL + signals_caught(), "stopped; nothing has been tuned");
  if (outcome == TUNE_BROKEN) return fail(EXIT_FAILED, "tune: no process could be started");
  if (h->status != EBB_OK && h->blamed[0])
    return fail(exit_code(h->status), "%s: %s", settings_origin(t->s, h->blamed).text, h->text);
  if (h->status != EBB_OK) return fail(exit_code(h->status), "%s", h->text);
  tune_print_device(t);
  return EXIT_GOOD;
}

/* Says why there is no candidate. */
static void end_without_candidates(tuning *t) {
  const char *engine = getenv("EBB_MATMUL"), *config = getenv("EBB_MATMUL_CONFIG"), *why;
  if (config && *config)
    why = "EBB_MATMUL_CONFIG forces a configuration";
  else if (engine && *engine)
    why = "EBB_MATMUL forces an engine without configurations";
  else if (t->hello.owner.info.type == EBB_DEVICE_CPU)
    why = "a CPU has one way to multiply (EBB_MATMUL=gpu tries those of GPUs on it)";
  else
    why = "the engine has no configurations, and this build no CLBlast";
  snprintf(t->ended, sizeof t->ended, "%s: there is nothing to choose from", why);
}

static int tune(tuning *t) {
  int code = tune_list_shapes(t->shapes, &t->planned, t->s);
  if (code != EXIT_GOOD) return code;
  t->started = clock_seconds();
  t->deadline = t->started + t->s->budget;
  outlive_readers();
  signals_keep(NULL); /* a stop reports the results so far */
  code = begin(t);
  if (code != EXIT_GOOD) return code;
  if (t->hello.count == 0)
    end_without_candidates(t);
  else
    search(t);
  tune_worker_stop(&t->worker);
  tune_progress_end(t);
  t->seconds = clock_seconds() - t->started;
  conclude_all(t);
  if (t->count > 0 || t->refused > 0) code = store(t);
  int printed = tune_print(t);
  if (code == EXIT_GOOD) code = printed;
  return signals_caught() ? EXIT_SIGNAL + signals_caught() : code;
}

int tune_run(const settings *s) {
  tuning *t = calloc(1, sizeof *t);
  if (!t) return fail(EXIT_FAILED, "tune: no memory");
  t->s = s;
  int code = tune(t);
  tune_worker_stop(&t->worker);
  free(t);
  return code;
}
