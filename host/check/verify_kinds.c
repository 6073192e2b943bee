/* Verifies a small network with each kind of node in the same way as the user's network: forward,
 * gradients, updates, and the reference itself. The kind's row names the network, so a new kind
 * needs no line here; and one with a formula (ebb/formula.h). A kind's checks of one group count as
 * one check: the worst of them.
 */
#include "check/kind.h"
#include "check/verifier.h"

#include "base/error.h"
#include <stdio.h>
#include <string.h>

/* A network with a formula that has pieces, a kink and functions. */
static const char formula[] =
    "13-17own(z > 0 ? z * tanh(z) : fmax(expm1(z), -0.9) + exp(-z * z) - 1)-7";

/* The groups of checks of a network. */
static const char *const groups[] = {"forward", "gradient", "update", "reference"};
enum { GROUPS = sizeof groups / sizeof *groups };

/* Keeps the worst check of each group. */
static bool collect(const ebb_check *check, void *user) {
  ebbi_tally *tallies = user;
  size_t group = 0;
  while (group + 1 < GROUPS && strcmp(groups[group], check->group) != 0) group++;
  ebbi_tally_case(&tallies[group], "%s: %s", check->name, check->detail);
  ebbi_tally_add(&tallies[group], check->error, 0, 1, check->bound);
  return true;
}

static ebb_status run_network(ebbi_tally tallies[GROUPS], const ebbi_verifier *verifier,
                              const char *text) {
  ebb_verify_result result = {0};
  ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                .optimizer = ebb_optimizer_default(EBB_OPT_SGD),
                                .seed = verifier->options->seed,
                                .skip_differences = verifier->options->skip_differences};
  ebbi_verifier inner = {.device = verifier->device,
                         .options = &options,
                         .result = &result,
                         .report = collect,
                         .user = tallies};
  ebb_network *network = NULL;
  ebb_spec spec;
  TRY(ebb_spec_parse(&spec, text, 0, 0));
  TRY(ebb_network_create(&network, verifier->device, &spec, EBB_INIT_AUTO, options.seed));
  options.network = network;
  ebb_status status = ebbi_verify_network(&inner);
  ebb_network_free(network);
  return status;
}

/* Runs a kind's network if one of its checks is selected, and reports them. While checks are
 * counted, the network is not run. */
static ebb_status verify_kind(ebbi_verifier *verifier, const char *name, const char *text) {
  ebbi_tally tallies[GROUPS] = {{0}};
  size_t count = verifier->options->skip_differences ? GROUPS - 1 : GROUPS;
  char names[GROUPS][64];
  bool wanted = false;
  for (size_t g = 0; g < count; g++) {
    snprintf(names[g], sizeof names[g], "%s %s", name, groups[g]);
    wanted = ebbi_verifier_wants(verifier, "kind", names[g]) || wanted;
  }
  if (!wanted) return EBB_OK;
  TRY(run_network(tallies, verifier, text));
  for (size_t g = 0; g < count; g++)
    TRY(ebbi_verifier_report(verifier, "kind", names[g], &tallies[g]));
  return EBB_OK;
}

ebb_status ebbi_verify_kinds(ebbi_verifier *verifier) {
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++) {
    TRY(verify_kind(verifier, ebbi_kind_of((ebb_kind)kind)->name,
                    ebbi_kind_check_of((ebb_kind)kind)->network));
  }
  return verify_kind(verifier, "formula", formula);
}
