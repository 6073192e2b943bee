/* Profiling: an event for each command, read in batches, summed by kernel and shape.
 *
 * Reading an event waits for its command, so it is postponed. A ring has two halves: when it is
 * full, the older half, long done, is read while the newer half keeps the device busy. So profiling
 * causes hardly any idle time. Busy time is everything except gaps, so commands that overlap count
 * once and wall = busy + idle + first use holds. A gap before the first command of a kind counts
 * separately, because drivers compile there. Reading at every download was rejected: the device
 * would idle meanwhile.
 */
#include "profiling.h"

#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

static const char where[] = "profile", other[] = "other";

double ebbi_profiling_clock(const ebb_device *device) {
  return device->profiling ? ebbi_seconds() : 0;
}

static ebb_status read_time(int64_t *time, ebb_device *device, cl_event event,
                            cl_profiling_info which) {
  cl_ulong value = 0;
  TRY_CL(device, where, clGetEventProfilingInfo, event, which, sizeof value, &value, NULL);
  *time = (int64_t)value;
  return EBB_OK;
}

static bool is_row_of(const ebb_profile_row *row, const ebbi_timed *t) {
  return row->name == t->name && memcmp(row->shape, t->work.shape, sizeof row->shape) == 0;
}

/* The row of a command's kind, created if needed. The last row takes all further kinds. */
static ebb_profile_row *find_row(ebbi_profiling *p, const ebbi_timed *t) {
  bool full = p->row_count == EBBI_PROFILE_ROWS;
  ebb_profile_row *rest = NULL;
  for (size_t i = 0; i < p->row_count; i++) {
    if (is_row_of(&p->rows[i], t)) return &p->rows[i];
    if (p->rows[i].name == other) rest = &p->rows[i];
  }
  if (full) return rest;
  ebb_profile_row *row = &p->rows[p->row_count++];
  *row = (ebb_profile_row){.name = other};
  if (p->row_count == EBBI_PROFILE_ROWS) return row;
  row->name = t->name;
  memcpy(row->shape, t->work.shape, sizeof row->shape);
  return row;
}

/* An array of the trace with room for another element. NULL if the limit is reached or memory runs
 * out, which must not end a training; the element is then counted as left out. */
static void *make_room(ebbi_profiling *p, void *items, size_t size, size_t count,
                       size_t *capacity) {
  if (count < *capacity) return items;
  size_t wanted = *capacity ? 2 * *capacity : 1024;
  if (wanted > p->limit) wanted = p->limit;
  void *larger = wanted > count ? realloc(items, wanted * size) : NULL;
  if (larger)
    *capacity = wanted;
  else
    p->left_out++;
  return larger;
}

static void trace(ebbi_profiling *p, const ebbi_timed *t, int64_t start, int64_t end) {
  if (!p->limit) return;
  ebbi_traced *traced =
      make_room(p, p->traced, sizeof *traced, p->traced_count, &p->traced_capacity);
  if (!traced) return;
  p->traced = traced;
  p->traced[p->traced_count++] = (ebbi_traced){t->name, t->work, start, end};
}

static void account(ebbi_profiling *p, const ebbi_timed *t, int64_t start, int64_t end) {
  size_t kinds = p->row_count;
  ebb_profile_row *row = find_row(p, t);
  if (start > p->last) *(p->row_count > kinds ? &p->first_use : &p->idle) += start - p->last;
  row->launches++;
  row->seconds += 1e-9 * (double)(end - start);
  row->flops += t->work.flops;
  row->bytes += t->work.bytes;
  if (end > p->last) p->last = end;
  p->commands++;
  trace(p, t, start, end);
}

static void release(ebb_device *device, ebbi_timed *t) {
  if (t->before) (void)CALL_CL(device, clReleaseEvent, t->before);
  if (t->event) (void)CALL_CL(device, clReleaseEvent, t->event);
  *t = (ebbi_timed){0};
}

/* Waits for each event: uploads on their own queue end out of order. */
static ebb_status read_events(ebb_device *device, const ebbi_timed *t) {
  int64_t start = 0, end = 0;
  TRY(ebbi_wait(device, NULL, t->event, where));
  TRY(read_time(&end, device, t->event, CL_PROFILING_COMMAND_END));
  if (t->before)
    TRY(read_time(&start, device, t->before, CL_PROFILING_COMMAND_END));
  else
    TRY(read_time(&start, device, t->event, CL_PROFILING_COMMAND_START));
  account(device->profiling, t, start, end);
  return EBB_OK;
}

/* Waits for the `count` oldest commands and reads their events. */
static ebb_status drain(ebb_device *device, size_t count) {
  ebbi_profiling *p = device->profiling;
  enum { RING = 2 * EBBI_PENDING_HALF };
  if (count == 0) return EBB_OK;
  device->counters.waits++;
  TRY(ebbi_device_flush(device));
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < count; i++) {
    ebbi_timed *oldest = &p->pending[p->first];
    if (status == EBB_OK) status = read_events(device, oldest);
    release(device, oldest);
    p->first = (p->first + 1) % RING;
    p->count--;
  }
  return status;
}

ebb_status ebbi_profiling_add(ebb_device *device, const char *name, const ebbi_work *work,
                              cl_event before, cl_event event) {
  ebbi_profiling *p = device->profiling;
  if (!event) return EBB_OK;
  ebbi_timed timed = {name, *work, before, event};
  ebb_status status = EBB_OK;
  if (device->timing && p->count == 2 * EBBI_PENDING_HALF)
    status = drain(device, EBBI_PENDING_HALF);
  if (!device->timing || status != EBB_OK) {
    release(device, &timed);
    return status;
  }
  p->pending[(p->first + p->count++) % (2 * EBBI_PENDING_HALF)] = timed;
  return EBB_OK;
}

/* Reads the device's time at a marker, and how far the host's clock is ahead of it, accurate to
 * `slack`. */
static ebb_status read_marker(int64_t *now, int64_t *ahead, int64_t *slack, ebb_device *device) {
  cl_event marker;
  int64_t queued = 0, before = ebbi_nanoseconds();
  TRY_CL(device, where, clEnqueueMarkerWithWaitList, device->queue, 0, NULL, &marker);
  *slack = (ebbi_nanoseconds() - before) / 2;
  ebb_status status = ebb_device_finish(device);
  if (status == EBB_OK) status = read_time(&queued, device, marker, CL_PROFILING_COMMAND_QUEUED);
  if (status == EBB_OK) status = read_time(now, device, marker, CL_PROFILING_COMMAND_END);
  (void)CALL_CL(device, clReleaseEvent, marker);
  *ahead = before + *slack - queued;
  return status;
}

/* Waits for the queue, then takes the best of several readings, since the host may be
 * interrupted. */
static ebb_status read_clocks(int64_t *now, int64_t *ahead, ebb_device *device) {
  int64_t best = INT64_MAX;
  TRY(ebb_device_finish(device));
  for (int i = 0; i < 5; i++) {
    int64_t other_ahead = 0, slack = 0;
    TRY(read_marker(now, &other_ahead, &slack, device));
    if (slack >= best) continue;
    best = slack;
    *ahead = other_ahead;
  }
  return EBB_OK;
}

static ebb_status empty_table(ebb_device *device) {
  ebbi_profiling *p = device->profiling;
  TRY(drain(device, p->count));
  TRY(read_clocks(&p->mark, &p->ahead, device));
  for (size_t i = 0; i < p->row_count; i++) { /* rows are kept: their kinds are not new any more */
    ebb_profile_row *row = &p->rows[i];
    row->launches = 0;
    row->seconds = row->flops = row->bytes = 0;
  }
  p->commands = 0;
  p->idle = p->first_use = 0;
  p->last = p->mark;
  return EBB_OK;
}

ebb_status ebb_profile_begin(ebb_device *device, size_t trace_limit) {
  cl_command_queue_properties properties = 0;
  REQUIRE(device, EBB_ERR_ARGUMENT, "ebb_profile_begin: device is NULL");
  TRY_CL(device, "ebb_profile_begin", clGetCommandQueueInfo, device->queue, CL_QUEUE_PROPERTIES,
         sizeof properties, &properties, NULL);
  REQUIRE(properties & CL_QUEUE_PROFILING_ENABLE, EBB_ERR_UNSUPPORTED,
          "ebb_profile_begin: the queue does not time its commands; open the device by "
          "ebb_device_open_profiled");
  device->timing = false;
  ebbi_profiling_free(device);
  device->profiling = calloc(1, sizeof *device->profiling);
  REQUIRE(device->profiling, EBB_ERR_MEMORY, "ebb_profile_begin: no memory for %zu bytes",
          sizeof *device->profiling);
  device->profiling->limit = trace_limit;
  TRY(empty_table(device));
  device->timing = true;
  return EBB_OK;
}

ebb_status ebb_profile_restart(ebb_device *device) {
  REQUIRE(device && device->timing, EBB_ERR_ARGUMENT,
          "ebb_profile_restart: no profile has been begun");
  return empty_table(device);
}

ebb_status ebb_profile_end(ebb_device *device) {
  int64_t now = 0, ahead = 0;
  REQUIRE(device && device->timing, EBB_ERR_ARGUMENT, "ebb_profile_end: no profile has been begun");
  device->timing = false;
  TRY(drain(device, device->profiling->count));
  TRY(read_clocks(&now, &ahead, device));
  ebbi_profiling *p = device->profiling;
  if (now > p->last) {
    p->idle += now - p->last;
    p->last = now;
  }
  return EBB_OK;
}

/* Longest time first; kinds not run since the restart come last. */
static int by_time(const void *a, const void *b) {
  const ebb_profile_row *x = a, *y = b;
  if (!x->launches != !y->launches) return x->launches ? -1 : 1;
  return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

const ebb_profile_row *ebb_profile_rows(size_t *count, ebb_device *device) {
  ebbi_profiling *p = device->profiling;
  *count = 0;
  if (!p) return NULL;
  qsort(p->rows, p->row_count, sizeof *p->rows, by_time);
  while (*count < p->row_count && p->rows[*count].launches) ++*count;
  return *count ? p->rows : NULL;
}

ebb_profile_totals ebb_profile_sums(const ebb_device *device) {
  const ebbi_profiling *p = device->profiling;
  if (!p) return (ebb_profile_totals){0};
  int64_t wall = p->last - p->mark;
  return (ebb_profile_totals){.wall = 1e-9 * (double)wall,
                              .busy = 1e-9 * (double)(wall - p->idle - p->first_use),
                              .idle = 1e-9 * (double)p->idle,
                              .first_use = 1e-9 * (double)p->first_use,
                              .commands = p->commands,
                              .traced = p->traced_count + p->phase_count,
                              .left_out = p->left_out};
}

void ebb_profile_phase(ebb_device *device, const char *name, double start) {
  ebbi_profiling *p = device->profiling;
  if (!p || !p->limit) return;
  ebbi_phase *phases = make_room(p, p->phases, sizeof *phases, p->phase_count, &p->phase_capacity);
  if (!phases) return;
  p->phases = phases;
  ebbi_phase *phase = &phases[p->phase_count++];
  *phase = (ebbi_phase){.start = (int64_t)(1e9 * start), .end = ebbi_nanoseconds()};
  for (size_t i = 0; name[i] && i + 1 < sizeof phase->name; i++) /* so that JSON needs no escapes */
    phase->name[i] =
        (char)(name[i] < ' ' || name[i] > '~' || strchr("\"\\", name[i]) ? '?' : name[i]);
}

void ebbi_profiling_free(ebb_device *device) {
  ebbi_profiling *p = device->profiling;
  if (!p) return;
  for (size_t i = 0; i < sizeof p->pending / sizeof *p->pending; i++)
    release(device, &p->pending[i]);
  free(p->traced);
  free(p->phases);
  free(p);
  device->profiling = NULL;
}
