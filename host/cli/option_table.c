/* The option table: every option of every command, once.
 *
 * The parser, help, environment, config files and suggestions all use these rows, so they cannot
 * disagree. A table for each command was rejected: most options belong to several commands, and a
 * config file may serve all of them.
 */
#include "option_choices.h"

#define MEMBER(name) offsetof(settings, name)

/* An optimizer's setting; begins with the comma that ends the previous row. */
#define SETTING_KIND(type) (sizeof(type) == sizeof(bool) ? KIND_FLAG : KIND_NUMBER)
#define SETTING_ROW(field, type, option, least, most, closed, other, text)                         \
  , {                                                                                              \
    NULL, option, 0, STEPS, SETTING_KIND(type), MEMBER(field),                                     \
        SETTING_KIND(type) == KIND_FLAG ? NULL : "X", NULL, text, NULL, least, most                \
  }

static const option_row rows[] = {
    {"Data", "data", 'd', TAKES_ROWS, KIND_WORD, MEMBER(data), "FILE", NULL,
     "rows to read: CSV, ARFF, libsvm, NPY, NPZ or IDX, recognised by content, gzipped or not; - "
     "is standard input",
     NULL, 0, 0},
    {NULL, "labels", 0, READS_DATA, KIND_WORD, MEMBER(labels), "FILE", NULL,
     "file of targets, if they are not in the data file, as with NPY and IDX", NULL, 0, 0},
    {NULL, "target", 0, READS_DATA, KIND_LIST, MEMBER(target), "COLUMNS", NULL,
     "target column: its name, or its number from 0, negative from the end; several separated by "
     "commas (default: the last column)",
     NULL, 0, 0},
    {NULL, "no-target", 0, FOR_EVAL | FOR_PREDICT | FOR_DATA | FLAG_ONLY, KIND_FLAG,
     MEMBER(no_target), NULL, NULL, "every column is an input", NULL, 0, 0},
    {NULL, "task", 0, READS_DATA, KIND_CHOICE, MEMBER(task), "TASK", "auto",
     "what to learn; auto: classification if the target is text or has at most 20 distinct whole "
     "numbers; eval and predict need it only if the model file does not say",
     tasks, 0, 0},
    {NULL, "drop", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(drop), "COLUMNS", NULL,
     "columns to leave out: names or numbers, separated by commas", NULL, 0, 0},
    {NULL, "keep", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(keep), "COLUMNS", NULL,
     "columns that are inputs even if they look like row numbers, ids or names; in a training with "
     "checkpoints a single number is the number of checkpoints to keep",
     NULL, 0, 0},
    {NULL, "categorical", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(categorical), "COLUMNS", NULL,
     "columns whose values are categories, such as numeric codes", NULL, 0, 0},
    {NULL, "numeric", 0, CHOOSES_COLUMNS, KIND_LIST, MEMBER(numeric), "COLUMNS", NULL,
     "columns whose values are numbers", NULL, 0, 0},
    {NULL, "id", 0, READS_DATA, KIND_LIST, MEMBER(id), "COLUMNS", NULL,
     "columns that are not inputs; predict copies them to its output", NULL, 0, 0},
    {NULL, "weight-column", 0, READS_DATA, KIND_LIST, MEMBER(weight_column), "COLUMN", NULL,
     "column of weights, numbers of at least 0, that is no input: a row of weight 2 counts as much "
     "as two rows, in the loss and in all figures",
     NULL, 0, 0},
    {NULL, "class-weights", 0, FOR_TRAIN | FOR_EVAL, KIND_TEXT, MEMBER(class_weights), "WEIGHTS",
     NULL,
     "weights of classes: balanced, which makes all classes count the same, or some of them as "
     "a=1,b=5, the others having 1; they multiply the weights of rows",
     NULL, 0, 0},
    {NULL, "delimiter", 0, READS_DATA, KIND_CHARACTER, MEMBER(delimiter), "C", NULL,
     "delimiter of the fields of a text file: a character, \"tab\", or \" \" for runs of blanks "
     "(default: detected)",
     NULL, 0, 0},
    {NULL, "decimal", 0, READS_DATA, KIND_CHOICE, MEMBER(decimal), "C", ".",
     "decimal mark of numbers", decimals, 0, 0},
    {NULL, "encoding", 0, READS_DATA, KIND_WORD, MEMBER(encoding), "NAME", NULL,
     "encoding of a text file, by its iconv name: latin1, cp1252 (default: UTF-8; UTF-16 is "
     "recognised)",
     NULL, 0, 0},
    {NULL, "header", 0, READS_DATA, KIND_FLAG, MEMBER(header), NULL, NULL,
     "the first line of a text file names the columns (default: detected)", NULL, 0, 0},
    {NULL, "no-header", 0, READS_DATA, KIND_FLAG, MEMBER(no_header), NULL, NULL,
     "the first line of a text file is data", NULL, 0, 0},
    {NULL, "na", 0, READS_DATA, KIND_TEXT, MEMBER(na), "LIST", NULL,
     "texts that stand for a missing value, separated by commas; an empty field always is missing "
     "(default: " EBB_DEFAULT_NA ")",
     NULL, 0, 0},
    {NULL, "missing", 0, FOR_TRAIN | FOR_VERIFY | FOR_DATA, KIND_CHOICE, MEMBER(missing), "HOW",
     "refuse",
     "treatment of missing inputs; mean, median: use the mean or median of the column's numbers, "
     "or the most frequent category; most: use the most frequent value; indicator: as mean, with "
     "one more input that marks missing values; drop: leave the row out",
     missings, 0, 0},
    {NULL, "embed", 0, FOR_TRAIN, KIND_LIST, MEMBER(embed), "LIST", "auto",
     "categories that become learned numbers instead of an input each: auto, 8 numbers for columns "
     "of more than 20 categories; COLUMN=N; all=N; none",
     NULL, 0, 0},
    {NULL, "embed-numbers", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(embed_numbers), "HOW", "none",
     "what a number becomes; periodic: 3 mixes of 16 cosines of it, all learned; piecewise: 16 "
     "inputs, each for a part of its range",
     embeddings, 0, 0},
    {NULL, "unknown", 0, FOR_TRAIN | FOR_EVAL | FOR_PREDICT, KIND_CHOICE, MEMBER(unknown), "HOW",
     "zeros", "treatment of categories that the model was not trained on", unknowns, 0, 0},
    {NULL, "scale", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(scale), "HOW", "standard",
     "scaling of numbers; standard: mean 0 and deviation 1; robust, for numbers with outliers: "
     "median 0 and interquartile range 1, then limited smoothly to between -3 and 3",
     scalings, 0, 0},
    {NULL, "no-scale", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_scale), NULL, NULL,
     "keep inputs unchanged: do not standardise numbers or scale the bytes of images", NULL, 0, 0},
    {NULL, "no-scale-target", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_scale_target), NULL, NULL,
     "keep the target of a regression unchanged: do not standardise it", NULL, 0, 0},
    {NULL, "valid", 0, FOR_TRAIN, KIND_WORD, MEMBER(valid), "PART", "0.2",
     "validation rows, which decide on the best epoch: a fraction, 0 for none, or a FILE", NULL, 0,
     0},
    {NULL, "valid-labels", 0, FOR_TRAIN, KIND_WORD, MEMBER(valid_labels), "FILE", NULL,
     "file of targets for --valid FILE, if they are not in that file", NULL, 0, 0},
    {NULL, "test", 0, FOR_TRAIN, KIND_WORD, MEMBER(test), "PART", "0",
     "test rows, used only for the final figures: a fraction, 0 for none, or a FILE", NULL, 0, 0},
    {NULL, "test-labels", 0, FOR_TRAIN, KIND_WORD, MEMBER(test_labels), "FILE", NULL,
     "file of targets for --test FILE, if they are not in that file", NULL, 0, 0},
    {NULL, "split", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(split), "HOW", "random",
     "which rows --valid and --test take: random rows, stratified by class, or the last rows",
     splits, 0, 0},
    {NULL, "seed-split", 0, FOR_TRAIN, KIND_SEED, MEMBER(seed_split), "N", NULL,
     "seed of the random split (default: that of --seed)", NULL, 0, 0},
    {NULL, "max-memory", 0, READS_DATA, KIND_SIZE, MEMBER(max_memory), "SIZE", NULL,
     "limit on host memory for reading: 500M, 2G (default: half of the machine's memory)", NULL, 1,
     1e15},
    {NULL, "part", 0, FOR_EVAL, KIND_CHOICE, MEMBER(part), "PART", NULL,
     "which rows to evaluate, by the split of the training (default: each part separately on the "
     "file that the model was trained on, all rows of any other file)",
     parts, 0, 0},
    {NULL, "to", 0, FOR_DATA | FLAG_ONLY, KIND_WORD, MEMBER(to), "FILE", NULL,
     "write the table to FILE; its extension decides the format: .csv, .npz or .svm", NULL, 0, 0},

    {"Network", "model", 'm', FOR_TRAIN, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "the network, such as 784-256relu-10; the first and last size may be left to the data "
     "(default: " EBB_DEFAULT_NETWORK ", or what --init holds)",
     NULL, 0, 0},
    {NULL, "model", 'm', FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "a network with random weights, instead of a model file", NULL, 0, 0},
    {NULL, "model", 'm', LOADS_MODEL | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "the network, if the model file does not define it", NULL, 0, 0},
    {NULL, "model", 'm', FOR_BENCH, KIND_WORD, MEMBER(model), "SPEC", "784-512relu-512relu-10",
     "the network for step", NULL, 0, 0},
    {NULL, "model", 'm', FOR_TUNE | FLAG_ONLY, KIND_WORD, MEMBER(model), "SPEC", NULL,
     "tune the products of this network (default: those of common networks)", NULL, 0, 0},
    {NULL, "members", 0, FOR_TRAIN, KIND_COUNT, MEMBER(members), "K", NULL,
     "make an ensemble of the network, TabM: K members, 2 to 256, share the weights of all hidden "
     "layers and have factors, biases and a last layer of their own; predictions are averaged",
     NULL, 2, EBB_MAX_MEMBERS},
    {NULL, "init", 0, FOR_TRAIN, KIND_WORD, MEMBER(init), "FILE", NULL,
     "start from the weights of this safetensors file", NULL, 0, 0},
    {NULL, "initializer", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(initializer), "NAME", "auto",
     "how to draw the initial weights; auto: xavier_uniform", initializers, 0, 0},
    {NULL, "zero-last", 0, FOR_TRAIN, KIND_FLAG, MEMBER(zero_last), NULL, NULL,
     "begin with zeros as the last layer's weights, unless --init gives others", NULL, 0, 0},

    {"Training", "loss", 0, STEPS | FOR_EVAL | FOR_PREDICT, KIND_LOSS, MEMBER(loss), "LOSS", "auto",
     "what to make small; auto: cross_entropy for classes, mse else", losses, 0, 0},
    {NULL, "optimizer", 0, STEPS, KIND_CHOICE, MEMBER(optimizer), "NAME", "adam",
     "how weights are updated", optimizers, 0, 0},
    {NULL, "lr", 0, OPTIMIZES, KIND_NUMBER, MEMBER(lr), "RATE", NULL,
     "learning rate; of rprop that of the first step, of lbfgs the first length that it tries "
     "(default: 0.001; sgd, adagrad, lamb and rprop 0.01, nadam and adamax 0.002, lion 0.0001, "
     "adadelta and lbfgs 1)",
     NULL, 1e-30, 1e30},
    {NULL, "find-lr", 0, FOR_TRAIN | FLAG_ONLY, KIND_FLAG, MEMBER(find_lr), NULL, NULL,
     "instead of training, make 100 steps at rates from 1e-7 to 10, print the curve of the loss "
     "and suggest a rate; --out curve.svg also draws the curve",
     NULL, 0, 0},
    {NULL, "schedule", 0, FOR_TRAIN, KIND_SCHEDULE, MEMBER(schedule), "NAME", "constant",
     "how the learning rate changes from step to step; parameters that differ from their defaults "
     "follow in parentheses: multistep(10epochs,0.75), cosine_restarts(growth), "
     "one_cycle(rise,divisor), wsd(decay), wsd_sqrt(decay), polynomial(power), flat_cosine(flat), "
     "plateau(patience,least,threshold); a time is a part of all steps, or 200steps, or 3epochs",
     schedules, 0, 0},
    {NULL, "schedule-length", 0, FOR_TRAIN, KIND_LENGTH, MEMBER(schedule_length), "N", NULL,
     "steps until the learning rate is at its lowest, warm-up included; of step and exponential: "
     "steps in which it falls by the factor; of cosine_restarts: of the first cosine; of "
     "inverse_sqrt: after which it has fallen to 0.71; 20epochs are the steps of 20 epochs "
     "(default: all epochs, step a third, cosine_restarts a quarter, inverse_sqrt a tenth of them)",
     NULL, 0, 0},
    {NULL, "schedule-factor", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(schedule_factor), "F", NULL,
     "what the learning rate is multiplied by in that time, or at each milestone or plateau "
     "(default: step, multistep and plateau 0.1, exponential 0.01, one_cycle 4e-6, else 0)",
     NULL, 0, 1},
    {NULL, "warmup", 0, FOR_TRAIN, KIND_LENGTH, MEMBER(warmup), "N", "0",
     "steps, or 2epochs, in which the learning rate first rises from 0 to that of --lr; of "
     "one_cycle: the steps of its rise",
     NULL, 0, 0} EBB_OPTIMIZER_SETTING_LIST(SETTING_ROW),
    {NULL, "history", 0, FOR_TRAIN, KIND_COUNT, MEMBER(history), "N", NULL,
     "lbfgs estimates the curvature from the last N steps (default: 10)", NULL, 1, 100},
    {NULL, "line-tries", 0, FOR_TRAIN, KIND_COUNT, MEMBER(line_tries), "N", NULL,
     "lbfgs tries at most N more lengths of a step after the first (default: 25)", NULL, 1, 1000},
    {NULL, "muon-last", 0, FOR_TRAIN, KIND_FLAG, MEMBER(muon_last), NULL, NULL,
     "muon makes orthogonal steps for the last layer's weights, too, which AdamW updates otherwise",
     NULL, 0, 0},
    {NULL, "muon-original", 0, FOR_TRAIN, KIND_FLAG, MEMBER(muon_original), NULL, NULL,
     "muon scales its steps as Keller Jordan's does, for a learning rate of about 0.02, not to the "
     "size of AdamW's",
     NULL, 0, 0},
    {NULL, "ntk", 0, FOR_TRAIN, KIND_FLAG, MEMBER(ntk), NULL, NULL,
     "divide the learning rate of a dense layer's weights by the root of its inputs, so that one "
     "rate suits layers of all widths (neural tangent parametrisation)",
     NULL, 0, 0},
    {NULL, "bias-rate", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(bias_rate), "F", "1",
     "factor of the biases' learning rates", NULL, 1e-6, 1e6},
    {NULL, "no-decay-bias", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_decay_bias), NULL, NULL,
     "weight decay, --l1 and --l2 leave out biases and the factors of norms", NULL, 0, 0},
    {NULL, "l1", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(l1), "X", "0",
     "penalty on the weights' magnitudes: adds X sign(w) to the gradient", NULL, 0, 1e30},
    {NULL, "l2", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(l2), "X", "0",
     "penalty on the weights' squares: adds X w to the gradient, with every optimizer; "
     "--weight-decay does the same, except that adamw, lamb, lion and muon take it off the weight, "
     "as nadam and radam do with --decoupled-decay",
     NULL, 0, 1e30},
    {NULL, "clip-norm", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(clip_norm), "X", "0",
     "shrink all gradients of a step by one factor so that their norm is at most X; 0: do not",
     NULL, 0, 1e30},
    {NULL, "clip-value", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(clip_value), "X", "0",
     "limit each number of the gradients to -X … X; 0: do not", NULL, 0, 1e30},
    {NULL, "accumulate", 0, FOR_TRAIN, KIND_COUNT, MEMBER(accumulate), "N", "1",
     "take N batches one after the other for each step: one update by the mean over their rows, in "
     "the memory of one batch; steps are by layers, and schedules count updates",
     NULL, 1, 65536},
    {NULL, "max-norm", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(max_norm), "X", "0",
     "after each step shrink the weights into a unit so that their norm is at most X; 0: do not",
     NULL, 0, 1e30},
    {NULL, "average", 0, FOR_TRAIN, KIND_WORD, MEMBER(average), "HOW", NULL,
     "evaluate and save averaged weights: ema=0.999, a moving average over the steps with this "
     "decay, or swa=15, the mean over the ends of epoch 15 and all later ones; swa alone: of the "
     "last quarter of the epochs",
     NULL, 0, 0},
    {NULL, "freeze", 0, FOR_TRAIN, KIND_LIST, MEMBER(freeze), "LAYERS", NULL,
     "layers whose weights stay as they are: numbers and ranges, 1..2,4, all-but-last, or all of a "
     "kind, such as embed; layers count from 1 as in `ebb info`, those without weights included",
     NULL, 0, 0},
    {NULL, "layer-rate", 0, FOR_TRAIN, KIND_LIST, MEMBER(layer_rate), "LAYERS=F", NULL,
     "factors of the layers' learning rates, such as 1..2=0.1,3=0.5 or scale=6; layers are named "
     "as by --freeze",
     NULL, 0, 0},
    {NULL, "batch", 0, FOR_TRAIN, KIND_COUNT, MEMBER(batch), "ROWS", NULL,
     "rows per step; the last step of an epoch takes the remaining rows (default: 32, rprop and "
     "lbfgs all)",
     NULL, 1, 16777216},
    {NULL, "batch", 0, FOR_VERIFY, KIND_COUNT, MEMBER(batch), "ROWS", "33",
     "rows of the compared batch", NULL, 1, 65536},
    {NULL, "batch", 0, FOR_BENCH, KIND_COUNT, MEMBER(batch), "ROWS", "128", "rows of a step", NULL,
     1, 65536},
    {NULL, "batch", 0, FOR_TUNE | FLAG_ONLY, KIND_COUNT, MEMBER(batch), "ROWS", "128",
     "rows per step of the network given by --model", NULL, 1, 65536},
    {NULL, "epochs", 0, FOR_TRAIN, KIND_COUNT, MEMBER(epochs), "N", NULL,
     "passes over the training rows; with validation rows the weights of the best epoch are kept "
     "(default: enough for 2,000 steps, within 200 to 500; without validation rows 100 to 500)",
     NULL, 1, 1e9},
    {NULL, "patience", 0, FOR_TRAIN, KIND_COUNT, MEMBER(patience), "N", NULL,
     "end after N epochs without improvement on the validation rows; 0: run all epochs and keep "
     "the last weights (default: a tenth of the epochs, at least 20; if only --epochs is given, "
     "all epochs are run)",
     NULL, 0, 1e9},
    {NULL, "min-delta", 0, FOR_TRAIN, KIND_NUMBER, MEMBER(min_delta), "D", "0",
     "minimum improvement that makes an epoch the best one", NULL, 0, 1e30},
    {NULL, "monitor", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(monitor), "WHAT", "loss",
     "the figure of the validation rows that compares epochs: loss or, for classification, "
     "accuracy",
     monitors, 0, 0},
    {NULL, "refit", 0, FOR_TRAIN, KIND_FLAG, MEMBER(refit), NULL, NULL,
     "at the end train a new network on all rows except those of --test, for the best number of "
     "epochs, with a learning rate that, unless --schedule changes it, falls to 0 over the last "
     "fifth of them, and save this network",
     NULL, 0, 0},
    {NULL, "step", 0, FOR_TRAIN | FOR_BENCH, KIND_CHOICE, MEMBER(step), "FORM", "auto",
     "how a step runs: by layers, or whole: fused into one launch, for dense layers of at most "
     "1024 "
     "units and at most 262,144 parameters in total on a CPU, 128 and 65,536 on a GPU; auto: whole "
     "on a CPU if it is faster, on a GPU up to 16,384 parameters",
     steps, 0, 0},
    {NULL, "precision", 0, MULTIPLIES, KIND_CHOICE, MEMBER(precision), "P", "fp32",
     "precision of the operands of products; tf32 and bf16 need tensor cores (NVIDIA, compute "
     "capability 8.0 or later); bf16 also stores the values of hidden layers",
     precisions, 0, 0},
    {NULL, "data-on", 0, FOR_TRAIN, KIND_CHOICE, MEMBER(data_on), "WHERE", "auto",
     "where the rows are kept: on the device, or on the host, from which blocks are uploaded while "
     "the device computes; the model is the same; auto: on the device if they fit",
     places, 0, 0},
    {NULL, "seed", 0, OPTIMIZES, KIND_SEED, MEMBER(seed), "N", "1",
     "seed of everything random: weights, shuffle, and the split unless --seed-split is given",
     NULL, 0, 0},
    {NULL, "no-shuffle", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_shuffle), NULL, NULL,
     "use the order of the file in every epoch", NULL, 0, 0},

    {"Checkpoints", "checkpoint", 0, FOR_TRAIN, KIND_WORD, MEMBER(checkpoint), "DIR", NULL,
     "save the state of the training in this folder, which is created if missing, for --resume",
     NULL, 0, 0},
    {NULL, "every", 0, FOR_TRAIN, KIND_INTERVAL, MEMBER(every), "N", "30s",
     "interval of checkpoints: a time such as 30s, 5m or 2h (30 is 30s), or 1000steps, or 2epochs; "
     "another is written at the end; by default writing takes at most a hundredth of the time, so "
     "large networks have fewer",
     NULL, 0, 0},
    {NULL, "keep-checkpoints", 0, FOR_TRAIN, KIND_COUNT, MEMBER(keep_checkpoints), "K", "2",
     "how many of the newest checkpoints to keep; with --checkpoint or --resume, --keep K means "
     "the same",
     NULL, 1, 1e6},
    {NULL, "resume", 0, FOR_TRAIN, KIND_WORD, MEMBER(resume), "DIR", NULL,
     "continue the training from the newest intact checkpoint in this folder, with its original "
     "options; the model is identical, byte by byte, to an uninterrupted training's; further "
     "checkpoints go to the same folder",
     NULL, 0, 0},
    {NULL, "time-limit", 0, FOR_TRAIN, KIND_DURATION, MEMBER(time_limit), "TIME", NULL,
     "end the training after this time, such as 90s, 30m or 1h30m, and save model and checkpoint; "
     "counted from the start of the command, including reading and compiling, without saving",
     NULL, 0.001, 1e9},

    {"Checks", "sentinel", 0, FOR_TRAIN, KIND_COUNT, MEMBER(sentinel), "N", "10000",
     "every N steps compare a random layer of the current batch with the reference, and end the "
     "training if the device computes wrongly; 0: never",
     NULL, 0, 1e15},
    {NULL, "no-self-test", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_self_test), NULL, NULL,
     "skip the comparison of one step with the reference before the training", NULL, 0, 0},
    {NULL, "all", 0, FOR_VERIFY | FLAG_ONLY, KIND_FLAG, MEMBER(all), NULL, NULL,
     "also check what other kinds of device use: every engine, tile configuration, vector width "
     "and tensor core",
     NULL, 0, 0},
    {NULL, "only", 0, FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(only), "PATTERN", NULL,
     "run only the checks of this name and build nothing else: a group, the first word of a name, "
     "or a pattern for the whole name: gradient, matmul_nn, 'dense_forward *'",
     NULL, 0, 0},
    {NULL, "list", 0, FOR_VERIFY | FLAG_ONLY, KIND_FLAG, MEMBER(list), NULL, NULL,
     "print the group and the name of each check instead of running it", NULL, 0, 0},
    {NULL, "replay", 0, FOR_VERIFY | FLAG_ONLY, KIND_WORD, MEMBER(replay), "FILE", NULL,
     "instead of all checks, repeat the operation that a training's sentinel found wrong and saved "
     "in FILE, and say whether it is wrong on this device too",
     NULL, 0, 0},

    {"Measuring", "shape", 0, FOR_BENCH, KIND_LIST, MEMBER(shapes), "SHAPES", NULL,
     "products for matmul, MxNxK: c [M, N] with K multiply-adds per element; several separated by "
     "commas, or by repeating the option; each in all three layouts (default: squares and training "
     "shapes)",
     NULL, 0, 0},
    {NULL, "quick", 0, FOR_BENCH, KIND_FLAG, MEMBER(quick), NULL, NULL,
     "fewer cases and samples: some seconds", NULL, 0, 0},
    {NULL, "compare", 0, FOR_BENCH | FLAG_ONLY, KIND_WORD, MEMBER(compare), "A.json", NULL,
     "measure nothing; print the ratios of two results saved with --json, `--compare A.json "
     "B.json`",
     NULL, 0, 0},

    {NULL, "budget", 0, FOR_TUNE, KIND_NUMBER, MEMBER(budget), "SECONDS", "20",
     "how long to search; the results so far are kept", NULL, 1, 86400},

    {"Kernel cache", "clear", 0, FOR_CACHE | FLAG_ONLY, KIND_FLAG, MEMBER(clear), NULL, NULL,
     "remove the cached programs and print their number", NULL, 0, 0},

    {"General", "out", 'o', FOR_TRAIN, KIND_WORD, MEMBER(out), "FILE", "model.safetensors",
     "path of the model", NULL, 0, 0},
    {NULL, "no-clobber", 0, FOR_TRAIN, KIND_FLAG, MEMBER(no_clobber), NULL, NULL,
     "fail at once if the file of --out exists", NULL, 0, 0},
    {NULL, "out", 'o', FOR_PREDICT | FLAG_ONLY, KIND_WORD, MEMBER(out), "FILE", NULL,
     "file for the predictions (default: standard output)", NULL, 0, 0},
    {NULL, "log", 0, FOR_TRAIN, KIND_WORD, MEMBER(log), "FILE", NULL,
     "write a JSON line at the start, for each epoch and at the end; - is standard output, where "
     "these lines replace the result",
     NULL, 0, 0},
    {NULL, "profile", 0, FOR_TRAIN, KIND_FLAG, MEMBER(profile), NULL, NULL,
     "print at the end how the device's time was spent, by kernel and shape", NULL, 0, 0},
    {NULL, "trace", 0, FOR_TRAIN, KIND_WORD, MEMBER(trace), "FILE", NULL,
     "write the first 200,000 launches and the host's phases as a trace for Perfetto and "
     "chrome://tracing",
     NULL, 0, 0},
    {NULL, "device", 0, RUNS, KIND_TEXT, MEMBER(device), "WHICH", NULL,
     "an index of `ebb devices`, platform:device, gpu, cpu, or part of a name (default: discrete "
     "GPU, integrated GPU, CPU)",
     NULL, 0, 0},
    {NULL, "device-timeout", 0, RUNS, KIND_DURATION, MEMBER(device_timeout), "TIME", "120",
     "give up when the device has made no progress for this time; 0: never", NULL, 0, 1e9},
    {NULL, "config", 0, RUNS | FOR_INFO | FOR_DATA, KIND_WORD, MEMBER(config), "FILE", NULL,
     "read options that are not given from a file of lines `epochs = 5`, or from a JSON object, "
     "{\"epochs\": 5}",
     NULL, 0, 0},
    {NULL, "recipe", 0, FOR_TRAIN, KIND_WORD, MEMBER(recipe), "NAME", NULL,
     "take options that are given nowhere else from a built-in configuration; they are listed "
     "below",
     NULL, 0, 0},
    {NULL, "print-config", 0, FOR_TRAIN | FLAG_ONLY, KIND_FLAG, MEMBER(print_config), NULL, NULL,
     "instead of training, print all options with their values, for a file of --config", NULL, 0,
     0},
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
