/* Muon: AdamW for all but the weight matrices of hidden layers, which muon.cl updates. The
 * constants as host/ops/optimizers/muon.c has them.
 */
#include "optimizer_adam.h"
