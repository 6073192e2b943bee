/* The profile of a training: begun when the device is open; the table is emptied after the first
 * step.
 *
 * Drivers compile when a program is built or when a kernel first runs. The trace shows this, but in
 * the table of a short training it would hide everything else. An interrupted training, or one that
 * ends by NaN, has table and trace like any other.
 */
#include "train_profile.h"

#include "clock.h"
#include "output.h"

/* Launches in a trace, about 40 MB of text: what viewers handle easily. */
enum { TRACE_LIMIT = 200000 };

static bool wanted(const training *t) {
  return t->s->profile || t->s->trace;
}

int profile_begin(training *t) {
  t->phase_start = clock_seconds();
  if (!wanted(t)) return EXIT_GOOD;
  return fail_status(ebb_profile_begin(t->device, t->s->trace ? TRACE_LIMIT : 0));
}

void profile_phase(training *t, const char *name) {
  ebb_profile_phase(t->device, name, t->phase_start);
  t->phase_start = clock_seconds();
}

/* A failure here is the device's and will end the training at the next step. */
void profile_first_step(training *t, const ebb_report *report) {
  if (!wanted(t)) return;
  ebb_profile_phase(t->device, "first step", t->phase_start);
  if (report->step < report->steps && ebb_profile_restart(t->device) == EBB_OK)
    t->unprofiled = report->step;
}

void profile_epoch(training *t, size_t epoch) {
  char name[32];
  snprintf(name, sizeof name, "epoch %zu", epoch);
  profile_phase(t, name);
}

int profile_end(training *t) {
  return wanted(t) ? fail_status(ebb_profile_end(t->device)) : EXIT_GOOD;
}

int profile_write_trace(const training *t) {
  if (!t->s->trace) return EXIT_GOOD;
  ebb_status status = ebb_profile_write_trace(t->device, t->s->trace);
  if (status != EBB_OK) return fail_status(status);
  ebb_profile_totals sums = ebb_profile_sums(t->device);
  note(t->s, "trace    %s, %llu events", t->s->trace, (unsigned long long)sums.traced);
  if (sums.left_out)
    note(t->s, "trace    truncated: %llu more launches, the limit is %d",
         (unsigned long long)sums.left_out, TRACE_LIMIT);
  return EXIT_GOOD;
}

/* The number of steps that the table covers. */
static uint64_t steps_of(const training *t) {
  return t->last.step - t->unprofiled;
}

static double share_of(double seconds, const ebb_profile_totals *sums) {
  return sums->wall > 0 ? seconds / sums->wall : 0;
}

static double rate_of(double amount, const ebb_profile_row *row) {
  return row->seconds > 0 ? 1e-9 * amount / row->seconds : 0;
}

static json_t *row_json(const ebb_profile_row *row, const ebb_profile_totals *sums) {
  json_t *shape = json_array();
  for (size_t i = 0; i < 3 && row->shape[i]; i++)
    json_array_append_new(shape, json_integer((json_int_t)row->shape[i]));
  json_t *object = json_pack("{s:s, s:o, s:I}", "kernel", row->name, "shape", shape, "launches",
                             (json_int_t)row->launches);
  put_number(object, "seconds", row->seconds);
  put_number(object, "flops", row->flops);
  put_number(object, "bytes", row->bytes);
  put_number(object, "gflops", rate_of(row->flops, row));
  put_number(object, "gbytes_per_second", rate_of(row->bytes, row));
  put_number(object, "share", share_of(row->seconds, sums));
  return object;
}

json_t *profile_json(const training *t) {
  size_t count;
  const ebb_profile_row *rows = ebb_profile_rows(&count, t->device);
  ebb_profile_totals sums = ebb_profile_sums(t->device);
  json_t *kernels = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(kernels, row_json(&rows[i], &sums));
  json_t *object = json_pack("{s:I, s:o}", "steps", (json_int_t)steps_of(t), "kernels", kernels);
  put_number(object, "seconds", sums.wall);
  put_number(object, "idle_seconds", sums.idle);
  put_number(object, "idle_share", share_of(sums.idle, &sums));
  put_number(object, "first_use_seconds", sums.first_use);
  put_number(object, "first_use_share", share_of(sums.first_use, &sums));
  return object;
}

/* A rate, or a dash if the operation has no such work. */
static void print_rate(double rate) {
  if (rate > 0)
    printf(" %9.2f", rate);
  else
    printf(" %9s", "-");
}

static void print_row(const ebb_profile_row *row, const ebb_profile_totals *sums) {
  char shape[64] = "";
  for (size_t i = 0, used = 0; i < 3 && row->shape[i]; i++)
    used +=
        (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", i ? "x" : "", row->shape[i]);
  printf("%-20s %-16s %9llu %10.2f %10.2f", row->name, shape, (unsigned long long)row->launches,
         1e3 * row->seconds, 1e6 * row->seconds / (double)row->launches);
  print_rate(rate_of(row->flops, row));
  print_rate(rate_of(row->bytes, row));
  printf(" %6.1f %%\n", 100 * share_of(row->seconds, sums));
}

/* A row that is not a kernel. */
static void print_rest(const char *name, double seconds, const ebb_profile_totals *sums) {
  printf("%-47s %10.2f %31s %6.1f %%\n", name, 1e3 * seconds, "", 100 * share_of(seconds, sums));
}

void profile_print(const training *t) {
  if (!t->s->profile) return;
  size_t count;
  const ebb_profile_row *rows = ebb_profile_rows(&count, t->device);
  ebb_profile_totals sums = ebb_profile_sums(t->device);
  uint64_t steps = steps_of(t);
  printf("\nprofile of %llu step%s%s%s", (unsigned long long)steps, steps == 1 ? "" : "s",
         t->valid_rows ? " and their evaluations" : "", t->unprofiled ? ", without the first" : "");
  if (steps) printf(": %.2f us a step", 1e6 * (sums.wall - sums.first_use) / (double)steps);
  printf("\n%-20s %-16s %9s %10s %10s %9s %9s %8s\n", "kernel", "shape", "launches", "total ms",
         "mean us", "GFLOP/s", "GB/s", "share");
  for (size_t i = 0; i < count; i++) print_row(&rows[i], &sums);
  print_rest("idle before a kernel's first use", sums.first_use, &sums);
  print_rest("idle", sums.idle, &sums);
  print_rest("all", sums.wall, &sums);
}
