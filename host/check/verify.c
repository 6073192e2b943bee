/* ebb_verify: runs the checks most important to this device first, and keeps the worst.
 *
 * A broken bound is a result, not an error: the run goes on, so that a report shows all faults of a
 * device at once. Only a failing device or the callback stops the run. The same functions count the
 * checks beforehand without running them.
 */
#include "check/verifier.h"

#include "base/error.h"
#include "base/options.h"
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void keep_worst(ebb_verify_result *result, const ebb_check *check) {
  bool first = result->checks == 0;
  if (!first && ebbi_severity(check->error, check->bound) <=
                    ebbi_severity(result->worst.error, result->worst.bound))
    return;
  result->worst = *check;
  snprintf(result->text[0], sizeof result->text[0], "%s", check->group);
  snprintf(result->text[1], sizeof result->text[1], "%s", check->name);
  snprintf(result->text[2], sizeof result->text[2], "%s", check->detail);
  result->worst.group = result->text[0];
  result->worst.name = result->text[1];
  result->worst.detail = result->text[2];
}

static bool is_named(const char *only, const char *group, const char *name) {
  char whole[160], word[96];
  if (!only) return true;
  snprintf(whole, sizeof whole, "%s %s", group, name);
  snprintf(word, sizeof word, "%.*s", (int)strcspn(name, " "), name);
  const char *const texts[] = {whole, group, name, word};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (fnmatch(only, texts[i], 0) == 0) return true;
  return false;
}

static void list(ebbi_verifier *verifier, const char *group, const char *name) {
  const ebb_check check = {.group = group, .name = name, .detail = ""};
  verifier->listing = verifier->report(&check, verifier->user);
}

bool ebbi_verifier_wants(ebbi_verifier *verifier, const char *group, const char *name) {
  bool named = is_named(verifier->options->only, group, name);
  if (verifier->counting) verifier->count += named;
  if (verifier->listing && named) list(verifier, group, name);
  return named && !verifier->counting;
}

ebb_status ebbi_verifier_report(ebbi_verifier *verifier, const char *group, const char *name,
                                const ebbi_tally *tally) {
  if (!ebbi_verifier_wants(verifier, group, name)) return EBB_OK;
  ebb_check check = {.group = group,
                     .name = name,
                     .detail = tally->worst,
                     .error = tally->compared > 0 ? tally->error : NAN,
                     .bound = tally->bound};
  check.passed = check.error <= check.bound;
  keep_worst(verifier->result, &check);
  verifier->result->checks++;
  verifier->result->failed += !check.passed;
  verifier->stopped = verifier->report && !verifier->report(&check, verifier->user);
  return verifier->stopped ? EBB_ERR_NUMBERS : EBB_OK;
}

static ebb_status walk(ebbi_verifier *verifier) {
  const ebb_verify_options *options = verifier->options;
  if (options->kernels) TRY(ebbi_verify_products(verifier));
  if (options->network) TRY(ebbi_verify_network(verifier));
  if (options->kernels) TRY(ebbi_verify_kinds(verifier));
  if (options->kernels) TRY(ebbi_verify_kernels(verifier));
  return options->kernels && options->all ? ebbi_verify_other_forms(verifier) : EBB_OK;
}

static ebb_status count_checks(ebbi_verifier *verifier) {
  verifier->counting = true;
  ebb_status status = walk(verifier);
  verifier->counting = false;
  TRY(status);
  REQUIRE(
      verifier->count > 0, EBB_ERR_ARGUMENT,
      "ebb_verify: no check is called \"%s\"%s; a pattern is of the whole name, as \"matmul_*\"",
      verifier->options->only,
      verifier->options->all ? "" : " among those that this device uses by itself");
  return EBB_OK;
}

static ebb_status take_options(ebb_verify_options *own, const void *out, const ebb_device *device,
                               const ebb_verify_options *given) {
  REQUIRE(out && device && given, EBB_ERR_ARGUMENT, "ebb_verify: an argument is NULL");
  *own = (ebb_verify_options)EBB_VERIFY_OPTIONS_INIT;
  TRY(ebbi_options_take("ebb_verify", own, sizeof *own, given));
  own->loss.weighted = false; /* the checks of the loss kernels have weights */
  REQUIRE(own->kernels || own->network, EBB_ERR_ARGUMENT,
          "ebb_verify: neither kernels nor a network are to be verified");
  return EBB_OK;
}

ebb_status ebb_verify_count(size_t *count, ebb_device *device, const ebb_verify_options *options) {
  ebb_verify_options own;
  TRY(take_options(&own, count, device, options));
  ebbi_verifier verifier = {.device = device, .options = &own};
  TRY(count_checks(&verifier));
  *count = verifier.count;
  return EBB_OK;
}

ebb_status ebb_verify_list(ebb_device *device, const ebb_verify_options *options,
                           ebb_verify_callback report, void *user) {
  ebb_verify_options own;
  REQUIRE(report, EBB_ERR_ARGUMENT, "ebb_verify_list: an argument is NULL");
  TRY(take_options(&own, device, device, options));
  ebbi_verifier verifier = {
      .device = device, .options = &own, .report = report, .user = user, .listing = true};
  return count_checks(&verifier);
}

ebb_status ebb_verify(ebb_verify_result *result, ebb_device *device,
                      const ebb_verify_options *options, ebb_verify_callback report, void *user) {
  ebb_verify_options own;
  TRY(take_options(&own, result, device, options));
  *result = (ebb_verify_result){0};
  ebbi_verifier verifier = {
      .device = device, .options = &own, .result = result, .report = report, .user = user};
  TRY(count_checks(&verifier));
  ebb_status status = walk(&verifier);
  if (!verifier.stopped) TRY(status);
  REQUIRE(result->failed == 0, EBB_ERR_NUMBERS,
          "ebb_verify: %zu of %zu checks failed; worst: %s %s (%s): error %.3g, bound %.3g",
          result->failed, result->checks, result->worst.group, result->worst.name,
          result->worst.detail, result->worst.error, result->worst.bound);
  return EBB_OK;
}
