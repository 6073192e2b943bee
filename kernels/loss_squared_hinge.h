/* The squared hinge loss of several classes, for labels: see hinge_loss.h. */
#define LOSS_POWER 2
#include "hinge_loss.h"
