/* The output of `ebb tune`: a progress line, then a table of the classes with the choices and their
 * speed-up, and the refused candidates with the reasons.
 */
#include "output.h"
#include "tune.h"

#include "clock.h"
#include <string.h>
#include <unistd.h>

static ebb_precision precision_of(const tuning *t) {
  return t->hello.owner.precision;
}

/* A line that is overwritten, for terminals. */
void tune_progress(tuning *t, const ebb_tune_shape *shape, int choice) {
  if (t->s->quiet || isatty(STDERR_FILENO) != 1) return;
  char text[160];
  snprintf(text, sizeof text, "class %zu of %zu, %s %zux%zux%zu: %s, %.0f s of %g s", t->count + 1,
           t->planned, ebb_layout_name(shape->layout), shape->rows, shape->cols, shape->depth,
           ebb_matmul_choice_name(precision_of(t), choice), clock_seconds() - t->started,
           t->s->budget);
  fprintf(stderr, "\r%-79.79s", text);
  fflush(stderr);
  t->on_line = true;
}

void tune_progress_end(tuning *t) {
  if (t->on_line) fprintf(stderr, "\r%79s\r", "");
  t->on_line = false;
}

/* What automatic uses: a configuration, or the engine itself. */
static const char *automatic_name(const tuning *t, const tune_result *r) {
  return r->automatic >= 0 ? ebb_matmul_choice_name(precision_of(t), r->automatic)
                           : t->hello.owner.engine;
}

static const char *chosen_name(const tuning *t, const tune_result *r) {
  return r->best.choice == EBB_MATMUL_CONFIG_AUTO
             ? automatic_name(t, r)
             : ebb_matmul_choice_name(precision_of(t), r->best.choice);
}

static const char *refused_name(const tuning *t, const tune_refusal *r) {
  return r->choice == EBB_MATMUL_CONFIG_AUTO ? t->hello.owner.engine
                                             : ebb_matmul_choice_name(precision_of(t), r->choice);
}

/* The choice's speed-up over automatic; 0: unknown. */
static double ratio_of(const ebb_tuned *best) {
  return best->auto_seconds > 0 ? best->auto_seconds / best->seconds : 0;
}

static json_t *shape_value(const ebb_tune_shape *s) {
  return json_pack("{s:s, s:I, s:I, s:I}", "layout", ebb_layout_name(s->layout), "rows",
                   (json_int_t)s->rows, "cols", (json_int_t)s->cols, "depth", (json_int_t)s->depth);
}

static json_t *result_value(const tuning *t, const tune_result *r) {
  json_t *row = shape_value(&r->shape);
  put(row, "choice", json_string(chosen_name(t, r)));
  put(row, "default", json_string(automatic_name(t, r)));
  put_number(row, "ms", 1e3 * r->best.seconds);
  if (r->best.auto_seconds > 0) {
    put_number(row, "default_ms", 1e3 * r->best.auto_seconds);
    put_number(row, "ratio", ratio_of(&r->best));
  }
  return row;
}

static int print_as_json(const tuning *t) {
  const ebb_tune_owner *o = &t->hello.owner;
  json_t *object = json_pack("{s:s}", "version", ebb_version()), *results = json_array(),
         *refusals = json_array();
  put(object, "device", json_text(o->info.name));
  put(object, "platform", json_text(o->info.platform));
  put(object, "driver", json_text(o->info.driver));
  put(object, "precision", json_string(ebb_precision_name(o->precision)));
  put(object, "engine", json_string(o->engine));
  put_number(object, "budget_seconds", t->s->budget);
  put_number(object, "seconds", t->seconds);
  put(object, "classes", json_integer((json_int_t)t->planned));
  put(object, "file", t->path[0] ? json_text(t->path) : json_null());
  put(object, "ended", t->ended[0] ? json_text(t->ended) : json_null());
  for (size_t i = 0; i < t->count; i++)
    json_array_append_new(results, result_value(t, &t->results[i]));
  for (size_t i = 0; i < t->refused; i++) {
    json_t *row = shape_value(&t->refusals[i].shape);
    put(row, "choice", json_string(refused_name(t, &t->refusals[i])));
    put(row, "why", json_text(t->refusals[i].text));
    json_array_append_new(refusals, row);
  }
  put(object, "results", results);
  put(object, "refused", refusals);
  return print_json(object);
}

static void print_row(const tuning *t, const tune_result *r) {
  const ebb_tune_shape *s = &r->shape;
  printf("%-6s %6zu %6zu %6zu  %-15s %9.4f  %-15s ", ebb_layout_name(s->layout), s->rows, s->cols,
         s->depth, chosen_name(t, r), 1e3 * r->best.seconds, automatic_name(t, r));
  if (r->best.auto_seconds > 0)
    printf("%9.4f  %5.2f\n", 1e3 * r->best.auto_seconds, ratio_of(&r->best));
  else
    printf("%9s  %5s\n", "-", "-");
}

static void print_refusals(const tuning *t) {
  for (size_t i = 0; i < t->refused; i++) {
    const tune_refusal *r = &t->refusals[i];
    say_bad("refused", "  %s at %s %zux%zux%zu: %s", refused_name(t, r),
            ebb_layout_name(r->shape.layout), r->shape.rows, r->shape.cols, r->shape.depth,
            r->text);
  }
}

void tune_print_device(const tuning *t) {
  const tune_hello *h = &t->hello;
  const ebb_device_info *info = &h->owner.info;
  if (t->s->json) {
    note(t->s, "device   %s, %s (%s)", info->name, info->platform, h->reason);
    return;
  }
  say("device   %s, %s, driver %s (%s)", info->name, info->platform, info->driver, h->reason);
  fflush(stdout); /* the measurement takes time */
}

static int print_as_text(const tuning *t) {
  const tune_hello *h = &t->hello;
  const ebb_tune_owner *o = &h->owner;
  if (h->count == 0) {
    say("ended    %s", t->ended);
    return EXIT_GOOD;
  }
  say("engine   %s, %s, %zu candidate%s beside its default", o->engine,
      ebb_precision_name(o->precision), h->count, h->count == 1 ? "" : "s");
  if (t->count > 0)
    printf("\nlayout   rows   cols  depth  chosen                 ms  default                ms  "
           "ratio\n");
  size_t changed = 0;
  for (size_t i = 0; i < t->count; i++) {
    print_row(t, &t->results[i]);
    changed += t->results[i].best.choice != EBB_MATMUL_CONFIG_AUTO;
  }
  if (t->count > 0) putchar('\n');
  print_refusals(t);
  printf("tuned    %zu of %zu classes in %.1f s, %zu with another choice than the default\n",
         t->count, t->planned, t->seconds, changed);
  if (t->ended[0]) say("ended    %s", t->ended);
  if (t->path[0]) say("file     %s", t->path);
  return EXIT_GOOD;
}

int tune_print(const tuning *t) {
  return t->s->json ? print_as_json(t) : print_as_text(t);
}
