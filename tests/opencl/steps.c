/* What kernels write that the host reads back and compares with its own count: the step state. The
 * numbers of a training stay zeros; its steps, rows, epochs and learning rates are right, since the
 * library refuses a device that miscounts. Kernels are known by the names of their arguments and by
 * whether they close a step, as their source has it.
 */
#include "checker.h"

#include <ebb/ops.h>
#include <ops/schedule.h>
#include <string.h>

static uint32_t rows_from(uint32_t start, uint32_t batch, uint32_t rows) {
  if (start >= rows) return 0;
  return rows - start < batch ? rows - start : batch;
}

static void open_step(ebb_state *s, uint32_t live) {
  if (s->done == s->epoch_first) {
    s->rows = s->correct = 0;
    s->loss_sum = s->loss_carry = s->hit_sum = s->hit_carry = s->weight_sum = s->weight_carry = 0;
  }
  s->step = s->done + 1;
  s->live = live;
  s->learning_rate = (float)ebbi_piece_rate(&s->schedule, s->step);
}

static void close_step(ebb_state *s) {
  s->rows += s->live;
  s->done = s->step;
  if (s->epoch_steps == 0 || s->done - s->epoch_first != s->epoch_steps) return;
  s->epoch_first = s->done;
  s->epoch++;
}

/* The rows of the next batch of this many. */
static uint32_t next_rows(const ebb_state *s, const kernel *k, cl_int batch) {
  uint32_t start = (uint32_t)(s->done - s->epoch_first) * (uint32_t)batch;
  return rows_from(start, (uint32_t)batch, (uint32_t)number_of_argument(k, "rows", 0));
}

static void gather(ebb_state *s, const kernel *k) {
  cl_int first = number_of_argument(k, "first", 0);
  uint32_t all = next_rows(s, k, number_of_argument(k, "step_rows", 0));
  uint32_t live = rows_from((uint32_t)first, (uint32_t)number_of_argument(k, "batch", 0), all);
  if (first == 0)
    open_step(s, live);
  else
    s->live = live;
}

/* `plan` begins with its number of layers and the rows of a batch. */
static void whole_steps(ebb_state *s, const kernel *k, const cl_int *plan) {
  for (cl_int n = number_of_argument(k, "steps", 1); n > 0; n--) {
    open_step(s, next_rows(s, k, plan[1]));
    if (k->signature->closes_step) close_step(s);
  }
}

void play_step(const kernel *k) {
  ebb_state *state = (ebb_state *)(void *)bytes_of_argument(k, "state");
  const cl_int *plan = (const cl_int *)(const void *)bytes_of_argument(k, "plan");
  if (!state) return;
  if (plan)
    whole_steps(state, k, plan);
  else if (strcmp(k->signature->name, "gather") == 0)
    gather(state, k);
  else if (k->signature->closes_step)
    close_step(state);
  else if (number_of_argument(k, "is_last", 1) == 0)
    state->rows += state->live;
}
