/* What `ebb train` takes for the amounts of a training that are not given. */
#ifndef EBB_CLI_TRAIN_DEFAULTS_H
#define EBB_CLI_TRAIN_DEFAULTS_H

#include <ebb/ebb.h>

/* The network, where nothing names one. */
#define DEFAULT_NETWORK "256relu"

/* What they may depend on. */
typedef struct train_facts {
  size_t rows, valid_rows; /* of training and validation */
  size_t batch;            /* as given; 0: not */
} train_facts;

typedef struct train_defaults {
  size_t batch;
  size_t epochs;   /* with validation rows the most */
  size_t patience; /* epochs without a better one; 0 without validation rows */
} train_defaults;

double default_learning_rate(ebb_optimizer_kind optimizer);
train_defaults train_defaults_for(const train_facts *facts);

#endif
