/* Options: everything that can be set by flag, environment, config file or default. */
#ifndef EBB_CLI_OPTIONS_H
#define EBB_CLI_OPTIONS_H

#include <ebb/ops.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One bit per command, for the set of commands that take an option. */
enum {
  FOR_DEVICES = 1,
  FOR_DOCTOR = 2,
  FOR_TRAIN = 4,
  FOR_EVAL = 8,
  FOR_PREDICT = 16,
  FOR_VERIFY = 32,
  FOR_INFO = 64,
  FOR_HELP = 128,
  FOR_BENCH = 256,
  FOR_CACHE = 1024,
  FOR_TUNE = 2048,
  FOR_VERSION = 4096,
  FOR_DATA = 8192,
  FLAG_ONLY = 512 /* not from variables or config files, where the name belongs to train */
};

enum { MAX_OPTIONS = 160, TASKS = 3 }; /* values of ebb_task */

/* Indices of the names in the choices of the option table. */
enum { SPLIT_RANDOM, SPLIT_LAST };
enum { PART_ALL, PART_TRAIN, PART_VALID, PART_TEST };
enum { UNKNOWN_ZEROS, UNKNOWN_REFUSE };
enum { NUMBERS_PLAIN, NUMBERS_PERIODIC, NUMBERS_PIECEWISE };
enum { DECIMAL_POINT, DECIMAL_COMMA };

/* Where the value of an option came from, strongest source last. */
typedef enum option_source {
  FROM_DEFAULT,
  FROM_RECIPE,
  FROM_CHECKPOINT, /* of a resumed training */
  FROM_CONFIG,
  FROM_ENVIRONMENT,
  FROM_FLAG
} option_source;

/* An interval; one of the fields is above 0. */
typedef struct interval {
  double seconds;
  uint64_t steps;
  size_t epochs;
} interval;

/* All options of a command, resolved. Texts live until settings_clear. A text that was not given is
 * NULL, a number without a default is NaN. */
typedef struct settings {
  const char *argument; /* MODEL, COMMAND or WHAT; NULL if omitted */
  const char *second;   /* second argument, for commands that have one */

  const char *data, *labels, *target, *valid, *valid_labels, *test, *test_labels;
  const char *drop, *keep, *categorical, *numeric, *id, *na, *encoding, *to, *embed;
  const char *weight_column, *class_weights;
  int task;    /* ebb_task */
  int missing; /* ebb_missing */
  int scale;   /* ebb_scaling */
  int embed_numbers;
  int split, part, unknown, decimal;
  char delimiter; /* 0: detect */
  bool header, no_header, no_target, no_scale, no_scale_target;

  const char *model, *init;
  ebb_loss loss;   /* of kind EBB_LOSS_COUNT: by task */
  int optimizer;   /* ebb_optimizer_kind */
  int initializer; /* ebb_init */
  int step;        /* ebb_step_form */
  int data_on;     /* ebb_data_place */
  int precision;   /* ebb_precision */
  double lr;
  bool find_lr;
#define SETTING_FIELD(field, type, option, least, most, closed, other, text) type field;
  EBB_OPTIMIZER_SETTING_LIST(SETTING_FIELD) /* a number is NaN where it is not given */
#undef SETTING_FIELD
  const char *schedule; /* for ebb_schedule_parse */
  const char *freeze, *layer_rate;
  bool no_decay_bias, ntk, zero_last, muon_last, muon_original;
  double bias_rate, clip_norm, clip_value, l1, l2, max_norm;
  const char *average;
  size_t accumulate, history, line_tries;
  interval schedule_length, warmup;
  double schedule_factor;
  bool no_shuffle;
  size_t members;                 /* of an ensemble; 0: none */
  size_t batch, epochs, patience; /* of train: 0 where not given */
  double min_delta;
  int monitor; /* ebb_monitor */
  bool refit;
  uint64_t seed, seed_split;

  const char *shapes, *compare;
  bool quick;

  double budget;

  const char *only, *replay;
  bool all, list;

  bool clear;

  const char *checkpoint; /* folder; with --resume the resumed one, unless another is given */
  const char *resume;
  interval every;
  size_t keep_checkpoints, sentinel; /* sentinel: in steps; 0: never */
  bool keep_counts;                  /* keep_checkpoints was given as --keep */
  double time_limit;
  bool no_self_test;

  double device_timeout; /* seconds; 0: never */
  uint64_t max_memory;   /* bytes; 0: the library decides */

  const char *out, *log, *trace, *device, *config, *recipe;
  bool no_clobber, profile;
  bool json, quiet, help, print_config;

  char *owned[MAX_OPTIONS + 2]; /* the texts, by row of the table; the arguments come last */
  option_source sources[MAX_OPTIONS];

  /* What the sections [classification] and [regression] of a configuration or recipe say. */
  char *by_task[TASKS][MAX_OPTIONS];
  option_source task_sources[TASKS][MAX_OPTIONS];
  bool in_sections; /* there are some */
} settings;

typedef enum option_kind {
  KIND_FLAG,      /* bool */
  KIND_TEXT,      /* const char *, possibly empty */
  KIND_WORD,      /* const char *, not empty */
  KIND_LIST,      /* the same; further values are appended after a comma */
  KIND_CHOICE,    /* int: index in choices */
  KIND_COUNT,     /* size_t in [min, max] */
  KIND_SEED,      /* uint64_t */
  KIND_NUMBER,    /* double in [min, max] */
  KIND_CHARACTER, /* char */
  KIND_DURATION,  /* double: seconds in [min, max]; 90, 90s, 1h30m */
  KIND_SIZE,      /* uint64_t: bytes in [min, max]; 500M, 1.5G */
  KIND_LOSS,      /* ebb_loss, or the first choice: of kind EBB_LOSS_COUNT */
  KIND_SCHEDULE,  /* const char *: a schedule's name, perhaps with parameters */
  KIND_INTERVAL,  /* interval: 30s, 1000steps, 2epochs */
  KIND_LENGTH     /* interval: 1000, 1000steps, 2epochs */
} option_kind;

/* One option of one or more commands. A name may have several rows if no command takes more than
 * one of them. */
typedef struct option_row {
  const char *group; /* heading in the help; NULL: as in the row above */
  const char *name;
  char letter;       /* short form, or 0 */
  unsigned commands; /* commands that take it, and FLAG_ONLY */
  option_kind kind;
  size_t offset;        /* of its member of settings */
  const char *argument; /* name of its value in the help; NULL for flags */
  const char *initial;  /* default, as text; NULL: none, or described by the help */
  const char *help;
  const char *const *choices; /* NULL-terminated; KIND_CHOICE */
  double min, max;            /* KIND_COUNT, KIND_NUMBER, KIND_DURATION, KIND_SIZE */
} option_row;

/* The option table: `count` rows. */
const option_row *option_table(size_t *count);

struct command;

/* Resolves the options of `command` from its words (words[0] is the command's name), the
 * environment, the config file, the checkpoint of --resume, and the defaults, in this order.
 * Returns the exit code. With --help only `help` is set. */
int settings_read(settings *s, const struct command *command, int count, const char **words);
void settings_clear(settings *s);

/* Takes the options of a section once the task is known, where nothing stronger was given. The
 * texts still belong to the settings that `s` is a copy of. Returns the exit code. */
int settings_take_task(settings *s, int task);

/* True if the option was given on the command line. */
bool settings_given(const settings *s, const char *name);

/* True if it was given by any source; false if it has its default. */
bool settings_named(const settings *s, const char *name);

/* The name of an option in messages, by its source: `--lr`, `EBB_LR`, `conf.json: lr`, or `run: lr`
 * for a checkpoint in `run`; `--lr` if it was not given. */
typedef struct option_origin {
  char text[280];
} option_origin;
option_origin settings_origin(const settings *s, const char *name);

#endif
