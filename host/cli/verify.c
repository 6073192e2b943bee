/* `ebb verify`: checks that this device computes correctly.
 *
 * Checks kernels and a network against the double-precision reference, one row per check. Without a
 * model or a spec it uses a small network of unequal, odd sizes, so that the plain command tests
 * the whole chain. With --replay it checks a single operation dumped by a sentinel.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "subject.h"

#include <string.h>
#include <unistd.h>

/* The default: a whole network, or its hidden layers if the data define the rest. */
static const char whole_spec[] = "13-37gelu-19relu-7", hidden_spec[] = "37gelu-19relu";

/* State of the report callback: where rows go, and the progress. */
typedef struct listing {
  const settings *s;
  json_t *results; /* NULL: prints rows */
  size_t done, count;
} listing;

static json_t *describe(const ebb_check *check) {
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:b}", "group", check->group, "name", check->name, "detail",
                check->detail ? check->detail : "", "passed", (int)check->passed);
  put_number(object, "error", check->error);
  put_number(object, "bound", check->bound);
  return object;
}

/* Compiling and computing may take seconds per check, so a terminal shows how many are done. */
static void show_progress(const listing *list, const ebb_check *check) {
  if (list->done == list->count || isatty(STDERR_FILENO) != 1) return;
  progress_line("%zu of %zu checks, after %s %s", list->done, list->count, check->group,
                check->name);
}

/* A row is written immediately, also to a pipe. */
static void print_row(const ebb_check *check) {
  printf("%s%-4s%s  %-9s  %-28s  error %8.2e  bound %7.1e  %s\n",
         check->passed ? "" : color_bad(stdout), check->passed ? "ok" : "FAIL",
         check->passed ? "" : color_off(stdout), check->group, check->name, check->error,
         check->bound, check->detail ? check->detail : "");
  fflush(stdout);
}

static bool report_check(const ebb_check *check, void *user) {
  listing *list = user;
  list->done++;
  progress_erase();
  if (list->results)
    json_array_append_new(list->results, describe(check));
  else if (!list->s->quiet || !check->passed)
    print_row(check);
  show_progress(list, check);
  return signals_caught() == 0;
}

/* Reads --data for an untrained network, as a training would. */
static int read_data(subject *x, const settings *s) {
  int code = check_streams(s);
  if (code == EXIT_GOOD) code = read_table(&x->table, s, NULL, false);
  ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                 .no_scale_target = loss_keeps_target(s),
                                 .missing = (ebb_missing)s->missing};
  if (code == EXIT_GOOD) code = fail_status(ebb_encoder_fit(&x->own, x->table, NULL, 0, &options));
  if (code != EXIT_GOOD) return code;
  x->encoder = x->own;
  return choose_loss(&x->model.loss, s, ebb_encoder_task(x->own));
}

/* Makes the network of --model, or the default, for the rows of --data if given. */
static int build_network(subject *x, const settings *s, ebb_init init) {
  size_t inputs = 0, outputs = 0;
  const char *text = s->model ? s->model : whole_spec;
  if (s->data) {
    int code = read_data(x, s);
    if (code != EXIT_GOOD) return code;
    inputs = ebb_encoder_inputs(x->encoder);
    outputs = ebb_model_outputs(x->encoder, x->model.loss);
    if (!s->model) text = hidden_spec;
  }
  ebb_spec spec;
  ebb_status status = ebb_spec_parse(&spec, text, inputs, outputs);
  if (status != EBB_OK) return fail_option(s, "model", status);
  return fail_status(ebb_network_create(&x->model.network, x->device, &spec, init, s->seed));
}

static size_t count_named(const subject *x, const settings *s, const ebb_network *network) {
  const ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                      .kernels = true,
                                      .all = s->all,
                                      .only = s->only,
                                      .network = network};
  size_t count;
  return ebb_verify_count(&count, x->device, &options) == EBB_OK ? count : 0;
}

/* Makes a network with given or default sizes, unless --only selects none of its checks: its random
 * weights would need an unused kernel. */
static int make_network(subject *x, const settings *s) {
  if (s->list) return build_network(x, s, EBB_INIT_ZERO);
  if (!s->only || s->data) return build_network(x, s, EBB_INIT_AUTO);
  int code = build_network(x, s, EBB_INIT_ZERO);
  if (code != EXIT_GOOD) return code;
  size_t kernels = count_named(x, s, NULL), all = count_named(x, s, x->model.network);
  ebb_network_free(x->model.network);
  x->model.network = NULL;
  return kernels > 0 && kernels == all ? EXIT_GOOD : build_network(x, s, EBB_INIT_AUTO);
}

/* Loads or makes the network, and encodes the rows to check it with. */
static int prepare(subject *x, const settings *s) {
  int code = s->argument ? subject_load(x, s) : open_device(&x->device, s);
  if (code != EXIT_GOOD) return code;
  if (!s->argument)
    code = make_network(x, s);
  else if (s->data)
    code = subject_read(x, s, false);
  if (code == EXIT_GOOD && s->data) code = subject_encode(x, NULL, ebb_table_rows(x->table));
  if (code == EXIT_GOOD && s->data && !ebb_table_has_target(x->table))
    code = fail(EXIT_INPUT, "%s: has no targets; name them by --labels or --target", s->data);
  return code;
}

static int print_outcome(const subject *x, listing *list, const ebb_verify_result *result) {
  const ebb_device_info *info = ebb_device_get_info(x->device);
  if (!list->results) {
    printf("%s, %s, driver %s: %zu checks, %zu failed\n", info->name, info->platform, info->driver,
           result->checks, result->failed);
    return EXIT_GOOD;
  }
  json_t *object = json_pack("{s:I, s:I}", "checks", (json_int_t)result->checks, "failed",
                             (json_int_t)result->failed);
  put_device(object, x->device);
  json_object_set_new(object, "version", json_string(ebb_version()));
  if (result->checks) json_object_set_new(object, "worst", describe(&result->worst));
  json_object_set(object, "results", list->results);
  return print_json(object);
}

/* The options of the run. */
static int choose_checks(ebb_verify_options *options, const subject *x, const settings *s) {
  ebb_task task = x->encoder ? ebb_encoder_task(x->encoder) : EBB_TASK_AUTO;
  double learning_rate = 0;
  *options = (ebb_verify_options){.size = sizeof(ebb_verify_options),
                                  .kernels = true,
                                  .all = s->all,
                                  .only = s->only,
                                  .network = x->model.network,
                                  .dataset = s->data ? &x->rows : NULL,
                                  .batch = s->batch,
                                  .seed = s->seed};
  int code = choose_loss(&options->loss, s, task);
  if (s->argument && s->loss.kind == EBB_LOSS_COUNT) options->loss = x->model.loss;
  if (code == EXIT_GOOD) code = choose_optimizer(&options->optimizer, &learning_rate, s);
  options->learning_rate = (float)learning_rate;
  return code;
}

static bool list_check(const ebb_check *check, void *user) {
  const listing *list = user;
  if (list->results)
    json_array_append_new(list->results,
                          json_pack("{s:s, s:s}", "group", check->group, "name", check->name));
  else
    printf("%s %s\n", check->group, check->name);
  return signals_caught() == 0;
}

static int list_checks(subject *x, listing *list, const ebb_verify_options *options) {
  ebb_status status = ebb_verify_list(x->device, options, list_check, list);
  int code = options->only ? fail_option(list->s, "only", status) : fail_status(status);
  if (code != EXIT_GOOD || !list->results) return code;
  return print_json(json_pack("{s:O}", "checks", list->results));
}

static int run_checks(subject *x, listing *list, const ebb_verify_options *options) {
  ebb_verify_result result = {0};
  ebb_status counted = ebb_verify_count(&list->count, x->device, options);
  int code = options->only ? fail_option(list->s, "only", counted) : fail_status(counted);
  if (code != EXIT_GOOD) return code;
  note(list->s, "checks   %zu%s", list->count,
       options->all || options->only ? "" : ", of what this device uses by itself; --all has more");
  signals_doing("kernels are compiled and checked");
  ebb_status status = ebb_verify(&result, x->device, options, report_check, list);
  progress_erase();
  code = fail_status(status);
  if (status != EBB_OK && status != EBB_ERR_NUMBERS) return code;
  if (signals_caught() && list->done < list->count)
    return fail(EXIT_SIGNAL + signals_caught(), "stopped after %zu of %zu checks, %zu failed",
                list->done, list->count, result.failed);
  int printed = print_outcome(x, list, &result);
  return code == EXIT_GOOD ? printed : code;
}

static int verify(subject *x, listing *list) {
  const settings *s = list->s;
  ebb_verify_options options;
  int code = prepare(x, s);
  if (code == EXIT_GOOD) code = choose_checks(&options, x, s);
  if (code != EXIT_GOOD) return code;
  return s->list ? list_checks(x, list, &options) : run_checks(x, list, &options);
}

/* ---- a replay ---- */

static void print_replay(const ebb_replay_result *r, const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  printf("found      ");
  print_plain(stdout, r->what);
  printf(" at step %llu, network ", (unsigned long long)r->step);
  print_plain(stdout, r->spec);
  printf("\nthen       %-15.9g on ", r->found);
  print_plain(stdout, r->device);
  printf("\nnow        %-15.9g on %s, driver %s\n", r->now, info->name, info->driver);
  printf("reference  %-15.9g give or take %.2g\n", r->expected, r->bound);
  if (r->wrong)
    printf("%sthe device gives a wrong number again%s (%s): a kernel or the driver is at fault\n",
           color_bad(stdout), color_off(stdout), r->worst);
  else
    printf(
        "now it is right: the fault was passing (memory, overheating), or that of another device "
        "or driver\n");
}

static int print_replay_json(const ebb_replay_result *r, const ebb_device *device) {
  json_t *object = json_object();
  json_object_set_new(object, "what", json_text(r->what));
  json_object_set_new(object, "spec", json_text(r->spec));
  json_object_set_new(object, "found_on", json_text(r->device));
  json_object_set_new(object, "step", json_integer((json_int_t)r->step));
  put_number(object, "found", r->found);
  put_number(object, "now", r->now);
  put_number(object, "expected", r->expected);
  put_number(object, "bound", r->bound);
  json_object_set_new(object, "wrong", json_boolean(r->wrong));
  json_object_set_new(object, "worst", json_text(r->worst));
  put_device(object, device);
  json_object_set_new(object, "version", json_string(ebb_version()));
  return print_json(object);
}

static int replay(subject *x, const settings *s) {
  ebb_replay_result result;
  if (s->argument || s->data || s->model || s->only || s->all || s->list)
    return fail(EXIT_USAGE,
                "--replay computes one operation again and goes with no MODEL, --model, "
                "--data, --only, --all or --list");
  int code = open_device(&x->device, s);
  if (code != EXIT_GOOD) return code;
  signals_doing("a wrong number is computed again");
  ebb_status status = ebb_replay(&result, x->device, s->replay);
  code = fail_option(s, "replay", status);
  if (status != EBB_OK && status != EBB_ERR_NUMBERS) return code;
  int printed = EXIT_GOOD;
  if (s->json)
    printed = print_replay_json(&result, x->device);
  else
    print_replay(&result, x->device);
  return code == EXIT_GOOD ? printed : code;
}

int verify_run(const settings *s) {
  listing list = {.s = s, .results = s->json ? json_array() : NULL};
  subject x = {0};
  int code = s->replay ? replay(&x, s) : verify(&x, &list);
  json_decref(list.results);
  subject_close(&x);
  return code;
}
