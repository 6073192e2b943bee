/* The hinge loss of several classes, for labels: see hinge_loss.h. */
#define LOSS_POWER 1
#include "hinge_loss.h"
