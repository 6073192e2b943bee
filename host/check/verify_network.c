#include "check/verifier.h"
ebb_status ebbi_verify_network(ebbi_verifier *verifier) {
  (void)verifier;
  return EBB_OK;
}
