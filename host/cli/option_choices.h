/* The words of options that take one of several, and the commands that share options: for the
 * option table alone.
 */
#ifndef OPTION_CHOICES_H
#define OPTION_CHOICES_H

#include "options.h"

#include <ebb/ebb.h>

#define NAME_2(name, text)             text,
#define NAME_3(name, text, a)          text,
#define TOKEN_3(name, text, a)         #text,
#define TOKEN_4(name, text, a, b)      #text,
#define NAME_5(name, text, a, b, c)    text,
#define NAME_6(name, text, a, b, c, d) text,
static const char *const tasks[] = {"auto", "classification", "regression", NULL};
static const char *const embeddings[] = {"none", "periodic", "piecewise", NULL};
static const char *const missings[] = {EBB_MISSING_LIST(NAME_3) NULL};
static const char *const scalings[] = {EBB_SCALING_LIST(NAME_3) NULL};
static const char *const unknowns[] = {"zeros", "refuse", NULL};
static const char *const decimals[] = {".", ",", NULL};
static const char *const splits[] = {"random", "last", NULL};
static const char *const parts[] = {"all", "train", "valid", "test", NULL};
static const char *const losses[] = {"auto", EBB_LOSS_LIST(TOKEN_4) NULL};
static const char *const optimizers[] = {EBB_OPTIMIZER_LIST(TOKEN_3) NULL};
static const char *const schedules[] = {EBB_SCHEDULE_LIST(NAME_6) NULL};
static const char *const steps[] = {EBB_STEP_FORM_LIST(NAME_3) NULL};
static const char *const places[] = {EBB_DATA_PLACE_LIST(NAME_3) NULL};
static const char *const precisions[] = {EBB_PRECISION_LIST(NAME_2) NULL};
static const char *const monitors[] = {EBB_MONITOR_LIST(NAME_3) NULL};
static const char *const initializers[] = {"auto", EBB_INIT_LIST(NAME_5) NULL};

enum {
  TAKES_ROWS = FOR_TRAIN | FOR_EVAL | FOR_PREDICT | FOR_VERIFY,
  READS_DATA = TAKES_ROWS | FOR_DATA,
  CHOOSES_COLUMNS = FOR_TRAIN | FOR_VERIFY | FOR_DATA,
  LOADS_MODEL = FOR_EVAL | FOR_PREDICT | FOR_INFO,
  OPTIMIZES = FOR_TRAIN | FOR_VERIFY,
  STEPS = OPTIMIZES | FOR_BENCH,
  MULTIPLIES = FOR_TRAIN | FOR_EVAL | FOR_PREDICT | FOR_VERIFY | FOR_BENCH | FOR_TUNE,
  RUNS = MULTIPLIES, /* commands that run on a device */
  TALKS = RUNS | FOR_DATA,
  TELLS_JSON = FOR_DEVICES | FOR_DOCTOR | FOR_TRAIN | FOR_EVAL | FOR_VERIFY | FOR_INFO | FOR_BENCH |
               FOR_TUNE | FOR_CACHE | FOR_DATA | FOR_PREDICT,
  EVERY = 511 | FOR_TUNE | FOR_CACHE | FOR_VERSION | FOR_DATA
};

#endif
