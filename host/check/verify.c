/* ebb_verify: runs all checks, whatever fails, and keeps the worst.
 *
 * A broken bound is an outcome, not an error: the run goes on, so that a report shows everything
 * that is wrong with a device at once. Only what stops the device stops the run.
 */
#include "check/verifier.h"

#include "base/error.h"
#include <math.h>
#include <stdio.h>

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

void ebbi_verifier_report(ebbi_verifier *verifier, const char *group, const char *name,
                          const ebbi_tally *tally) {
  ebb_check check = {.group = group,
                     .name = name,
                     .detail = tally->worst,
                     .error = tally->compared > 0 ? tally->error : NAN,
                     .bound = tally->bound};
  check.passed = check.error <= check.bound;
  keep_worst(verifier->result, &check);
  verifier->result->checks++;
  verifier->result->failed += !check.passed;
  if (verifier->report) verifier->report(&check, verifier->user);
}

ebb_status ebb_verify(ebb_verify_result *result, ebb_device *device,
                      const ebb_verify_options *options,
                      void (*report)(const ebb_check *check, void *user), void *user) {
  REQUIRE(result && device && options, EBB_ERR_ARGUMENT, "ebb_verify: an argument is NULL");
  REQUIRE(options->kernels || options->network, EBB_ERR_ARGUMENT,
          "ebb_verify: neither kernels nor a network are to be verified");
  *result = (ebb_verify_result){0};
  ebbi_verifier verifier = {device, options, result, report, user, false, false};
  if (options->kernels) TRY(ebbi_verify_kernels(&verifier));
  if (options->network) TRY(ebbi_verify_network(&verifier));
  REQUIRE(result->failed == 0, EBB_ERR_NUMBERS,
          "ebb_verify: %zu of %zu checks failed; worst: %s %s (%s): error %.3g, bound %.3g",
          result->failed, result->checks, result->worst.group, result->worst.name,
          result->worst.detail, result->worst.error, result->worst.bound);
  return EBB_OK;
}
