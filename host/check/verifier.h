/* A verification in progress: what it runs on, and who receives its results.
 */
#ifndef EBBI_VERIFIER_H
#define EBBI_VERIFIER_H

#include "check/fixture.h"

#include <ebb/verify.h>

typedef struct ebbi_verifier {
  ebb_device *device;
  ebbi_exec exec; /* for the kernel checks */
  const ebb_verify_options *options;
  ebb_verify_result *result;
  ebb_verify_callback report; /* or NULL */
  void *user;
  bool half_inputs, half_outputs; /* for the fixtures of kernel checks */
  bool counting;                  /* checks are only counted, not run */
  bool listing;                   /* and reported by name */
  size_t count;
  bool stopped; /* by the callback */
} ebbi_verifier;

/* True if the options select the check. While checks are counted, counts it, reports it
 * if they are listed, and returns false. */
bool ebbi_verifier_wants(ebbi_verifier *verifier, const char *group, const char *name);

/* Counts and reports one check, if it is selected. A tally that compared nothing has failed.
 * Errors: EBB_ERR_NUMBERS if the callback asked to stop. */
ebb_status ebbi_verifier_report(ebbi_verifier *verifier, const char *group, const char *name,
                                const ebbi_tally *tally);

/* The products, as the device runs them by default. */
ebb_status ebbi_verify_products(ebbi_verifier *verifier);

/* The other kernels that the device uses by default. */
ebb_status ebbi_verify_kernels(ebbi_verifier *verifier);

/* The forms that only other devices use by default. */
ebb_status ebbi_verify_other_forms(ebbi_verifier *verifier);

/* The options' network: forward, gradients and updates on the device against the reference, and the
 * reference against finite differences. */
ebb_status ebbi_verify_network(ebbi_verifier *verifier);

/* The same for a small network of each kind of node that the usual networks lack. */
ebb_status ebbi_verify_kinds(ebbi_verifier *verifier);

#endif
