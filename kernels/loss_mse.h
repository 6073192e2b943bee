/* Mean squared error, for values: equations (3) (6) of docs/backprop.md. */
#define LOSS_FACTOR               2.0f
#define LOSS_SLOPE(T, d, p)       (d)
#define LOSS_ADD_TO(T, sum, d, p) ((sum) + (d) * (d))
#include "value_loss.h"
