/* The option table: every option of every command, once.
 *
 * Parser, help, environment, config files and suggestions all read these rows, so they cannot
 * disagree. A table for each command was rejected: most options belong to several, and a config
 * file may serve them all.
 */
#include "options.h"

#include <ebb/ebb.h>

#define NAME_2(name, text)             text,
#define NAME_3(name, text, a)          text,
#define NAME_5(name, text, a, b, c)    text,
#define NAME_6(name, text, a, b, c, d) text,
static const char *const tasks[] = {"auto", "classification", "regression", NULL};
static const char *const missings[] = {EBB_MISSING_LIST(NAME_3) NULL};
static const char *const unknowns[] = {"zeros", "refuse", NULL};
static const char *const decimals[] = {".", ",", NULL};
static const char *const splits[] = {"random", "last", NULL};
static const char *const parts[] = {"all", "train", "valid", "test", NULL};
static const char *const losses[] = {"auto", EBB_LOSS_LIST(NAME_3) NULL};
static const char *const optimizers[] = {EBB_OPTIMIZER_LIST(NAME_3) NULL};
static const char *const schedules[] = {EBB_SCHEDULE_LIST(NAME_6) NULL};
static const char *const steps[] = {EBB_STEP_FORM_LIST(NAME_3) NULL};
static const char *const places[] = {EBB_DATA_PLACE_LIST(NAME_3) NULL};
static const char *const precisions[] = {EBB_PRECISION_LIST(NAME_2) NULL};
static const char *const monitors[] = {EBB_MONITOR_LIST(NAME_3) NULL};
static const char *const initializers[] = {"auto", EBB_INIT_LIST(NAME_5) NULL};

#define MEMBER(name) offsetof(settings, name)

enum {
  TAKES_ROWS = FOR_TRAIN | FOR_EVAL | FOR_PREDICT | FOR_VERIFY,
  READS_DATA = TAKES_ROWS | FOR_DATA,
  CHOOSES_COLUMNS = FOR_TRAIN | FOR_VERIFY | FOR_DATA,
  LOADS_MODEL = FOR_EVAL | FOR_PREDICT | FOR_INFO,
  OPTIMIZES = FOR_TRAIN | FOR_VERIFY,
  STEPS = OPTIMIZES | FOR_BENCH,
  MULTIPLIES = FOR_TRAIN | FOR_EVAL | FOR_PREDICT | FOR_VERIFY | FOR_BENCH | FOR_TUNE,
  RUNS = MULTIPLIES, /* on a device */
  TALKS = RUNS | FOR_DATA,
  TELLS_JSON = FOR_DEVICES | FOR_DOCTOR | FOR_TRAIN | FOR_EVAL | FOR_VERIFY | FOR_INFO | FOR_BENCH |
               FOR_TUNE | FOR_CACHE | FOR_DATA | FOR_PREDICT,
  EVERY = 511 | FOR_TUNE | FOR_CACHE | FOR_VERSION | FOR_DATA
};

static const option_row rows[] = {
    {"Data", "data", 'd', TAKES_ROWS, KIND_WORD, MEMBER(data), "FILE", NULL,
     "rows to read: CSV or the like, ARFF, libsvm, NPY, NPZ or IDX, told apart by content, gzipped "
     "or not; - is standard input",
     NULL, 0, 0},
    {NULL, "labels", 0, READS_DATA, KIND_WORD, MEMBER(labels), "FILE", NULL,
     "targets, where they stand in a file of their own, as with NPY and IDX", NULL, 0, 0},
    {NULL, "target", 0, READS_DATA, KIND_LIST, MEMBER(target), "COLUMNS", NULL,
     "target column: its name, or its number from 0, from the end if negative; several by commas "
     "(default: the last column)",
     NULL, 0, 0},
    {NULL, "no-target", 0, FOR_EVAL | FOR_PREDICT | FOR_DATA | FLAG_ONLY, KIND_FLAG,
     MEMBER(no_target), NULL, NULL, "every column is an input", NULL, 0, 0},
    {NULL, "task", 0, READS_DATA, KIND_CHOICE, MEMBER(task), "TASK", "auto",
     "what to learn; auto: classes if the target is text or has at most 20 distinct whole "
     "numbers; eval and predict need it only where the model file does not tell",
     tasks, 0, 0},
    {NULL, "drop", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(drop), "COLUMNS", NULL,
     "columns to leave out: names or numbers, by commas", NULL, 0, 0},
    {NULL, "keep", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(keep), "COLUMNS", NULL,
     "columns that are inputs even where they look like row numbers, ids or names; in "
     "a training with checkpoints one number alone is how many of them stay",
     NULL, 0, 0},
    {NULL, "categorical", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(categorical), "COLUMNS", NULL,
     "columns whose values are categories: numbers that are codes", NULL, 0, 0},
    {NULL, "numeric", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(numeric), "COLUMNS", NULL,
     "columns whose values are numbers", NULL, 0, 0},
    {NULL, "id", 0, READS_DATA, KIND_LIST, MEMBER(id), "COLUMNS", NULL,
     "columns that are no inputs; predict carries them into its output", NULL, 0, 0},
    {NULL, "delimiter", 0, READS_DATA, KIND_CHARACTER, MEMBER(delimiter), "C", NULL,
     "what parts the fields of a text file: a character, \"tab\", or \" \" for runs of blanks "
     "(default: detected)",
     NULL, 0, 0},
    {NULL, "decimal", 0, READS_DATA, KIND_CHOICE, MEMBER(decimal), "C", ".",
     "what stands before the decimals of a number", decimals, 0, 0},
    {NULL, "encoding", 0, READS_DATA, KIND_WORD, MEMBER(encoding), "NAME", NULL,
     "encoding of a text file, as iconv calls it: latin1, cp1252 (default: UTF-8; UTF-16 is "
     "recognised)",
     NULL, 0, 0},
    {NULL, "header", 0, READS_DATA, KIND_FLAG, MEMBER(header), NULL, NULL,
     "the first line of a text file names the columns (default: detected)", NULL, 0, 0},
    {NULL, "no-header", 0, READS_DATA, KIND_FLAG, MEMBER(no_header), NULL, NULL,
     "the first line of a text file is data", NULL, 0, 0},
    {NULL, "na", 0, READS_DATA, KIND_TEXT, MEMBER(na), "LIST", NULL,
     "texts that stand for a missing value, by commas; an empty field always does "
     "(default: " EBB_DEFAULT_NA ")",
     NULL, 0, 0},
    {NULL, "missing", 0, FOR_TRAIN | FOR_VERIFY | FOR_DATA, KIND_CHOICE, MEMBER(missing), "HOW",
     "refuse",
     "what becomes of missing inputs; mean, median: the mean or median of the column's numbers, "
     "and the most frequent category; most: the most frequent value; indicator: as mean, and one "
     "more input that says where it was missing; drop: the row is left out",
     missings, 0, 0},
    {NULL, "unknown", 0, FOR_TRAIN | FOR_EVAL | FOR_PREDICT, KIND_CHOICE, MEMBER(unknown), "HOW",
     "zeros", "what becomes of a category that the model was not trained on", unknowns, 0, 0},
    {NULL, "no-scale", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_scale), NULL, NULL,
     "leave inputs as they are instead of standardising numbers and scaling the bytes of images",
     NULL, 0, 0},
    {NULL, "no-scale-target", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_scale_target), NULL, NULL,
     "leave the target of a regression as it is instead of standardising it", NULL, 0, 0},
    {NULL, "valid", 0, FOR_TRAIN, KIND_WORD, MEMBER(valid), "PART", "0.2",
     "validation rows, by which the best epoch is found: a fraction, 0 for none, or a FILE", NULL,
     0, 0},
    {NULL, "valid-labels", 0, FOR_TRAIN, KIND_WORD, MEMBER(valid_labels), "FILE", NULL,
     "targets of the rows of --valid FILE, where they stand in a file of their own", NULL, 0, 0},
    {NULL, "test", 0, FOR_TRAIN, KIND_WORD, MEMBER(test), "PART", "0",
     "test rows, which only the final figures are of: a fraction, 0 for none, or a FILE", NULL, 0,
     0},
    {NULL, "test-labels", 0, FOR_TRAIN, KIND_WORD, MEMBER(test_labels), "FILE", NULL,
     "targets of the rows of --test FILE, where they stand in a file of their own", NULL, 0, 0},
    {NULL, "split", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(split), "HOW", "random",
     "which rows --valid and --test take: random ones, class by class, or the last", splits, 0, 0},
    {NULL, "seed-split", 0, FOR_TRAIN, KIND_SEED, MEMBER(seed_split), "N", NULL,
     "seed of the random split (default: that of --seed)", NULL, 0, 0},
    {NULL, "max-memory", 0, READS_DATA, KIND_SIZE, MEMBER(max_memory), "SIZE", NULL,
     "memory of the host that reading may take: 500M, 2G (default: half of what there is)", NULL, 1,
     1e15},
    {NULL, "part", 0, FOR_EVAL, KIND_CHOICE, MEMBER(part), "PART", NULL,
     "which rows to evaluate, parted as when the model was trained (default: on the file that it "
     "was trained on each part by itself, of any other file all rows)",
     parts, 0, 0},
    {NULL, "to", 0, FOR_DATA | FLAG_ONLY, KIND_WORD, MEMBER(to), "FILE", NULL,
     "write the table as .csv, .npz or .svm; the ending tells which", NULL, 0, 0},

    {"Network", "model", 'm', FOR_TRAIN, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "the network, such as 784-256relu-10; the data tells a first and last size left out "
     "(default: " EBB_DEFAULT_NETWORK ", or what --init holds)",
     NULL, 0, 0},
    {NULL, "model", 'm', FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "a network with random weights, instead of a model file", NULL, 0, 0},
    {NULL, "model", 'm', LOADS_MODEL | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "the network, if the model file does not tell", NULL, 0, 0},
    {NULL, "model", 'm', FOR_BENCH, KIND_WORD, MEMBER(model), "SPEC", "784-512relu-512relu-10",
     "the network of step", NULL, 0, 0},
    {NULL, "model", 'm', FOR_TUNE | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "tune the products of this network (default: those of usual networks)", NULL, 0, 0},
    {NULL, "init", 0, FOR_TRAIN, KIND_WORD, MEMBER(init), "FILE", NULL,
     "start from the weights of this safetensors file", NULL, 0, 0},
    {NULL, "initializer", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(initializer), "NAME", "auto",
     "random weights to start from; auto: xavier_uniform", initializers, 0, 0},

    {"Training", "loss", 0, STEPS | FOR_EVAL | FOR_PREDICT, KIND_CHOICE, MEMBER(loss), "LOSS",
     "auto", "what to make small; auto: cross_entropy for classes, mse else", losses, 0, 0},
    {NULL, "optimizer", 0, STEPS, KIND_CHOICE, MEMBER(optimizer), "NAME", "adam",
     "how weights are updated", optimizers, 0, 0},
    {NULL, "lr", 0, OPTIMIZES, KIND_NUMBER, MEMBER(lr), "RATE", NULL,
     "learning rate (default: 0.001, sgd 0.01)", NULL, 1e-30, 1e30},
    {NULL, "schedule", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(schedule), "NAME", "constant",
     "how the learning rate changes from step to step: it falls in a line or along half a cosine, "
     "by a factor after each period, or a little at each step (exponential)",
     schedules, 0, 0},
    {NULL, "schedule-length", 0, FOR_TRAIN, KIND_LENGTH, MEMBER(schedule_length), "N", NULL,
     "of linear and cosine: steps until the learning rate is at its lowest, warm-up included; of "
     "step and exponential: steps in which it falls by the factor; 20epochs are the steps of 20 "
     "epochs (default: all epochs, step a third of them)",
     NULL, 0, 0},
    {NULL, "schedule-factor", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(schedule_factor), "F", NULL,
     "what the learning rate is multiplied by in that time (default: linear and cosine 0, step "
     "0.1, "
     "exponential 0.01)",
     NULL, 0, 1},
    {NULL, "warmup", 0, FOR_TRAIN, KIND_LENGTH, MEMBER(warmup), "N", "0",
     "steps, or 2epochs, in which the learning rate first rises from 0 to that of --lr", NULL, 0,
     0},
    {NULL, "momentum", 0, STEPS, KIND_NUMBER, MEMBER(momentum), "M", NULL,
     "momentum of sgd (default: 0)", NULL, 0, 1},
    {NULL, "nesterov", 0, STEPS, KIND_FLAG, MEMBER(nesterov), NULL, NULL,
     "Nesterov's form of momentum", NULL, 0, 0},
    {NULL, "weight-decay", 0, STEPS, KIND_NUMBER, MEMBER(weight_decay), "W", NULL,
     "weight decay (default: 0, adamw 0.01)", NULL, 0, 1e30},
    {NULL, "batch", 0, FOR_TRAIN, KIND_COUNT, MEMBER(batch), "ROWS", NULL,
     "rows of a step; the last step of an epoch takes what is left (default: 32)", NULL, 1,
     16777216},
    {NULL, "batch", 0, FOR_VERIFY, KIND_COUNT, MEMBER(batch), "ROWS", "33",
     "rows of the batch that is compared", NULL, 1, 65536},
    {NULL, "batch", 0, FOR_BENCH, KIND_COUNT, MEMBER(batch), "ROWS", "128", "rows of a step", NULL,
     1, 65536},
    {NULL, "batch", 0, FOR_TUNE | FLAG_ONLY, KIND_COUNT, MEMBER(batch), "ROWS", "128",
     "rows of a step of the network given by --model", NULL, 1, 65536},
    {NULL, "epochs", 0, FOR_TRAIN, KIND_COUNT, MEMBER(epochs), "N", NULL,
     "times to go through the training rows; with validation rows the weights of the best epoch "
     "are kept (default: as many as make 2,000 steps, 200 to 500 at most; without validation rows "
     "100 to 500)",
     NULL, 1, 1e9},
    {NULL, "patience", 0, FOR_TRAIN, KIND_COUNT, MEMBER(patience), "N", NULL,
     "end after N epochs without a better one on the validation rows; 0: run all epochs and keep "
     "the weights of the last (default: a tenth of the epochs, at least 20; all epochs are run if "
     "--epochs alone is given)",
     NULL, 0, 1e9},
    {NULL, "min-delta", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(min_delta), "D", "0",
     "an epoch is better than the best one if it is by more than D", NULL, 0, 1e30},
    {NULL, "monitor", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(monitor), "WHAT", "loss",
     "what of the validation rows makes an epoch a better one: loss or, of classes, accuracy",
     monitors, 0, 0},
    {NULL, "refit", 0, FOR_TRAIN, KIND_FLAG, MEMBER(refit), NULL, NULL,
     "at the end train a new network on all rows but those of --test, for as many epochs as were "
     "best, at a learning rate that, unless --schedule changes it, falls to 0 over the last fifth "
     "of them, "
     "and save that one",
     NULL, 0, 0},
    {NULL, "step", 0, FOR_TRAIN | FOR_BENCH, KIND_CHOICE, MEMBER(step), "FORM", "auto",
     "how a step runs: layer by layer, or whole, in one launch and the update, which takes layers "
     "of at most 128 units and 65,536 parameters in all; auto: whole on a CPU where it can be, on "
     "a GPU up to 16,384 parameters",
     steps, 0, 0},
    {NULL, "precision", 0, MULTIPLIES, KIND_CHOICE, MEMBER(precision), "P", "fp32",
     "what products round their operands to; tf32 and bf16 are for matrix units (NVIDIA, compute "
     "capability 8.0 and later), and bf16 also keeps the hidden layers' values so",
     precisions, 0, 0},
    {NULL, "data-on", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(data_on), "WHERE", "auto",
     "where the rows lie: on the device, or on the host, from where blocks of them are uploaded "
     "while the device computes; the model is the same; auto: on the device if they fit",
     places, 0, 0},
    {NULL, "seed", 0, OPTIMIZES, KIND_SEED, MEMBER(seed), "N", "1",
     "seed of everything random: weights, shuffle, and the split unless --seed-split is given",
     NULL, 0, 0},
    {NULL, "no-shuffle", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_shuffle), NULL, NULL,
     "take the rows in the order of the file in every epoch", NULL, 0, 0},

    {"Checkpoints", "checkpoint", 0, FOR_TRAIN, KIND_WORD, MEMBER(checkpoint), "DIR", NULL,
     "keep the state of the training in this folder, which is made if it is missing, so that "
     "--resume can go on with it",
     NULL, 0, 0},
    {NULL, "every", 0, FOR_TRAIN, KIND_INTERVAL, MEMBER(every), "N", "30s",
     "how often a checkpoint is written: a time such as 30s, 5m or 2h (30 is 30s), or 1000steps, "
     "or 2epochs; one more is written at the end; where it is not given, writing takes at most a "
     "hundredth of the time, so that large networks have fewer",
     NULL, 0, 0},
    {NULL, "keep-checkpoints", 0, FOR_TRAIN, KIND_COUNT, MEMBER(keep_checkpoints), "K", "2",
     "how many checkpoints stay: the newest ones; --keep K says the same with --checkpoint or "
     "--resume",
     NULL, 1, 1e6},
    {NULL, "resume", 0, FOR_TRAIN, KIND_WORD, MEMBER(resume), "DIR", NULL,
     "go on with the training of the newest good checkpoint in this folder, by the options that it "
     "was begun with: the model is the same, byte by byte, as without the interruption; "
     "checkpoints go on being written there",
     NULL, 0, 0},
    {NULL, "time-limit", 0, FOR_TRAIN, KIND_DURATION, MEMBER(time_limit), "TIME", NULL,
     "end the training after so long, such as 90s, 30m or 1h30m, and save model and checkpoint; it "
     "counts from the start of the command, so reading and compiling are in it, saving is not",
     NULL, 0.001, 1e9},

    {"Checks", "sentinel", 0, FOR_TRAIN, KIND_COUNT, MEMBER(sentinel), "N", "10000",
     "every N steps compare a random layer of the live batch with the reference, and end the "
     "training if the device computes wrongly; 0: never",
     NULL, 0, 1e15},
    {NULL, "no-self-test", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_self_test), NULL, NULL,
     "do not compare a step of the network with the reference before the training", NULL, 0, 0},
    {NULL, "all", 0, FOR_VERIFY | FLAG_ONLY, KIND_FLAG, MEMBER(all), NULL, NULL,
     "also what other kinds of device use: every engine, tile configuration, vector width and "
     "matrix unit",
     NULL, 0, 0},
    {NULL, "only", 0, FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(only), "PATTERN", NULL,
     "run the checks of this name and build nothing else: a group, the first word of a name, or a "
     "pattern of all of it: gradient, matmul_nn, 'dense_forward *'",
     NULL, 0, 0},
    {NULL, "replay", 0, FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(replay), "FILE", NULL,
     "compute what the sentinel of a training has found wrong and kept in FILE again, instead of "
     "all checks: is it wrong on this device too?",
     NULL, 0, 0},

    {"Measuring", "shape", 0, FOR_BENCH, KIND_LIST, MEMBER(shapes), "SHAPES", NULL,
     "products of matmul, MxNxK: c [M, N], K multiply-adds an element; several by commas, or by "
     "giving the option again; each in all three layouts (default: squares and training shapes)",
     NULL, 0, 0},
    {NULL, "quick", 0, FOR_BENCH, KIND_FLAG, MEMBER(quick), NULL, NULL,
     "fewer cases and samples: some seconds", NULL, 0, 0},
    {NULL, "compare", 0, FOR_BENCH | FLAG_ONLY, KIND_WORD, MEMBER(compare), "A.json", NULL,
     "measure nothing; print the ratios of two results that --json gave, `--compare A.json B.json`",
     NULL, 0, 0},

    {NULL, "budget", 0, FOR_TUNE, KIND_NUMBER, MEMBER(budget), "SECONDS", "20",
     "how long to search; what is found until then is kept", NULL, 1, 86400},

    {"Kernel cache", "clear", 0, FOR_CACHE | FLAG_ONLY, KIND_FLAG, MEMBER(clear), NULL, NULL,
     "remove the programs that are kept, and tell how many", NULL, 0, 0},

    {"General", "out", 'o', FOR_TRAIN, KIND_WORD, MEMBER(out), "FILE", "model.safetensors",
     "where the model goes", NULL, 0, 0},
    {NULL, "no-clobber", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_clobber), NULL, NULL,
     "do not begin if the file of --out exists", NULL, 0, 0},
    {NULL, "out", 'o', FOR_PREDICT | FLAG_ONLY, KIND_WORD, MEMBER(out), "FILE", NULL,
     "where the predictions go (default: standard output)", NULL, 0, 0},
    {NULL, "log", 0, FOR_TRAIN, KIND_WORD, MEMBER(log), "FILE", NULL,
     "write a JSON line at the start, for each epoch and at the end; - is standard output, where "
     "these lines then stand in place of the result",
     NULL, 0, 0},
    {NULL, "profile", 0, FOR_TRAIN, KIND_FLAG, MEMBER(profile), NULL, NULL,
     "tell at the end what the device's time went into, by kernel and shape", NULL, 0, 0},
    {NULL, "trace", 0, FOR_TRAIN, KIND_WORD, MEMBER(trace), "FILE", NULL,
     "write the first 200,000 launches, and what the host did, as a trace that Perfetto and "
     "chrome://tracing show",
     NULL, 0, 0},
    {NULL, "device", 0, RUNS, KIND_TEXT, MEMBER(device), "WHICH", NULL,
     "an index of `ebb devices`, platform:device, gpu, cpu, or part of a name (default: discrete "
     "GPU, integrated GPU, CPU)",
     NULL, 0, 0},
    {NULL, "device-timeout", 0, RUNS, KIND_DURATION, MEMBER(device_timeout), "TIME", "120",
     "give up when the device has made no progress for so long; 0: never", NULL, 0, 1e9},
    {NULL, "config", 0, RUNS | FOR_INFO | FOR_DATA, KIND_WORD, MEMBER(config), "FILE", NULL,
     "take options that are not given from a JSON object, {\"epochs\": 5}", NULL, 0, 0},
    {NULL, "json", 0, TELLS_JSON, KIND_FLAG, MEMBER(json), NULL, NULL, "print the result as JSON",
     NULL, 0, 0},
    {NULL, "quiet", 'q', TALKS, KIND_FLAG, MEMBER(quiet), NULL, NULL,
     "print results and errors only", NULL, 0, 0},
    {NULL, "help", 'h', EVERY | FLAG_ONLY, KIND_FLAG, MEMBER(help), NULL, NULL, "print this page",
     NULL, 0, 0},
};

_Static_assert(sizeof rows / sizeof *rows <= MAX_OPTIONS, "settings.owned is too small");

const option_row *option_table(size_t *count) {
  *count = sizeof rows / sizeof *rows;
  return rows;
}
