/* A verification under way: what it runs on, and where its outcomes go. */
#ifndef EBBI_VERIFIER_H
#define EBBI_VERIFIER_H

#include "check/probe.h"

#include <ebb/verify.h>

typedef struct ebbi_verifier {
  ebb_device *device;
  ebbi_exec exec; /* of the kernel checks */
  const ebb_verify_options *options;
  ebb_verify_result *result;
  ebb_verify_callback report; /* or NULL */
  void *user;
  bool half_inputs, half_outputs; /* for the probes of kernel checks */
  bool counting;                  /* checks are counted, and none is run */
  size_t count;
  bool stopped; /* by the callback */
} ebbi_verifier;

/* True if the check is among those that the options name. While checks are counted, it is counted
 * and the answer is no. */
bool ebbi_verifier_wants(ebbi_verifier *verifier, const char *group, const char *name);

/* Counts and reports one check, if it is wanted. A tally that compared nothing has failed.
 * Errors: EBB_ERR_NUMBERS if the callback has asked to stop. */
ebb_status ebbi_verifier_report(ebbi_verifier *verifier, const char *group, const char *name,
                                const ebbi_tally *tally);

/* The products as the device makes them by itself. */
ebb_status ebbi_verify_products(ebbi_verifier *verifier);

/* The other kernels that the device uses by itself. */
ebb_status ebbi_verify_kernels(ebbi_verifier *verifier);

/* What the two before leave out: what other kinds of device use. */
ebb_status ebbi_verify_other_forms(ebbi_verifier *verifier);

/* The options' network: forward, gradients and updates on the device against the reference, the
 * reference against finite differences. */
ebb_status ebbi_verify_network(ebbi_verifier *verifier);

#endif
