/* A verification under way: what it runs on, and where its outcomes go. */
#ifndef EBBI_VERIFIER_H
#define EBBI_VERIFIER_H

#include "check/probe.h"

#include <ebb/verify.h>

typedef struct ebbi_verifier {
  ebb_device *device;
  const ebb_verify_options *options;
  ebb_verify_result *result;
  void (*report)(const ebb_check *check, void *user); /* or NULL */
  void *user;
  bool half_inputs, half_outputs; /* for the probes of kernel checks */
} ebbi_verifier;

/* Counts and reports one check. A tally that compared nothing has failed. */
void ebbi_verifier_report(ebbi_verifier *verifier, const char *group, const char *name,
                          const ebbi_tally *tally);

/* Every row of the kernel table, in every engine there is. */
ebb_status ebbi_verify_kernels(ebbi_verifier *verifier);

/* The options' network: forward, gradients and updates on the device against the reference, the
 * reference against finite differences. */
ebb_status ebbi_verify_network(ebbi_verifier *verifier);

#endif
