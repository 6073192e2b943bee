/* Names used by other tools for what our options do.
 *
 * They are too far from our names for an edit distance, or closer to another option: --label is not
 * a misspelt --labels. A name may occur in several rows; the first option that the command accepts
 * is suggested.
 */
#include "hints.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* `option` begins with the option's name, optionally followed by a blank and an example value. */
static const struct {
  const char *option, *words; /* words are separated by blanks */
} rows[] = {
    {"schedule", "lr-schedule scheduler lr-scheduler learning-rate-schedule lr-decay decay"},
    {"find-lr", "lr-find lr-finder find-rate range-test lr-range-test auto-lr"},
    {"warmup", "warm-up warmup-steps warmup-epochs"},
    {"lr", "learning-rate learning-rate-init init-learning-rate lr0 eta eta0 rate step-size alpha"},
    {"batch", "batch-size batchsize bs minibatch minibatch-size train-batch-size batches"},
    {"epochs", "epoch max-epochs max-epoch num-epochs n-epochs nb-epoch max-iter iterations iters "
               "num-train-epochs max-steps"},
    {"weight-decay", "l2-penalty l2-reg wd reg regularization decay penalty lambda"},
    {"model 64relu-32relu",
     "hidden hidden-layers hidden-layer hidden-layer-sizes hidden-sizes hidden-size hidden-units "
     "hidden-dim hidden-dims layers layer n-layers num-layers units neurons architecture arch net "
     "network topology spec structure activation activations act"},
    {"valid 0.2", "validation-split validation-fraction validation val-split val-size val "
                  "valid-split valid-size validation-size val-fraction dev dev-size eval-split"},
    {"test 0.2", "test-size test-split test-fraction holdout test-data"},
    {"target NAME", "y y-column label label-column label-col target-column target-col target-name "
                    "class class-column class-name response outcome dependent dependent-variable "
                    "output-column predict"},
    {"data", "x input inputs file csv csv-file dataset train train-file train-data training-data "
             "data-file data-path filename path in"},
    {"labels", "y-file label-file labels-file y-train targets"},
    {"delimiter", "sep separator delim field-separator fs"},
    {"out", "output output-file output-path save save-model save-path save-to model-out model-path "
            "model-file export"},
    {"seed", "random-state random-seed rng-seed rng manual-seed"},
    {"optimizer", "optim opt solver optimiser algorithm"},
    {"loss", "criterion objective loss-function loss-fn cost"},
    {"init", "weights pretrained load load-weights warm-start restore from finetune"},
    {"initializer", "weight-init kernel-initializer initialization initialiser init-method"},
    {"no-shuffle", "shuffle"},
    {"no-scale", "scale scaler standardize standardise normalize normalise normalization "
                 "no-normalize no-standardize"},
    {"scale", "robust scaling scaler-kind robust-scaler quantile-transform winsorize clip-inputs"},
    {"missing", "impute imputer fillna fill na-strategy nan-strategy"},
    {"na", "na-values null-values null nan missing-values"},
    {"patience", "early-stopping early-stop early-stopping-rounds n-iter-no-change"},
    {"min-delta", "tol tolerance"},
    {"drop", "ignore exclude skip drop-columns drop-cols ignore-columns exclude-columns"},
    {"keep", "include usecols columns features feature-columns"},
    {"categorical", "cat cat-features cat-columns categorical-features categorical-columns"},
    {"numeric", "numerical numeric-columns numerical-columns numeric-features"},
    {"id", "index index-col index-column id-column id-col row-names"},
    {"weight-column",
     "sample-weight sample-weights sample-weight-column weight-col weights-column"},
    {"class-weights", "class-weight pos-weight scale-pos-weight balance balanced"},
    {"device gpu", "gpu cuda use-gpu gpus opencl"},
    {"device cpu", "cpu no-cuda no-gpu"},
    {"precision bf16", "amp fp16 bf16 half mixed-precision autocast"},
    {"precision", "dtype tf32 float32 fp32"},
    {"checkpoint", "checkpoint-dir checkpoint-folder checkpoint-path checkpoints ckpt-dir"},
    {"every", "save-steps save-every save-freq save-interval checkpoint-every"},
    {"keep-checkpoints", "save-total-limit max-to-keep keep-last"},
    {"resume", "resume-from resume-from-checkpoint"},
    {"time-limit", "max-time max-runtime timeout"},
    {"log", "log-file logfile history csv-log tensorboard"},
    {"quiet", "silent no-progress no-verbose"},
};

/* A name in lower case with dashes. */
static void plain_name(char plain[64], const char *word) {
  size_t i = 0;
  for (; word[i] && i < 63; i++)
    plain[i] = word[i] == '_' || word[i] == '.' ? '-' : (char)tolower((unsigned char)word[i]);
  plain[i] = '\0';
}

static bool is_among(const char *words, const char *word) {
  size_t length = strlen(word);
  for (; *words; words += strspn(words, " ")) {
    size_t next = strcspn(words, " ");
    if (next == length && memcmp(words, word, length) == 0) return true;
    words += next;
  }
  return false;
}

/* True if the name of `option`, which an example may follow, is one of these. */
static bool is_taken(const char *option, const char *const *names, size_t count) {
  size_t length = strcspn(option, " ");
  for (size_t i = 0; i < count; i++)
    if (strlen(names[i]) == length && memcmp(names[i], option, length) == 0) return true;
  return false;
}

const char *hint_for(const char *word, const char *const *names, size_t count) {
  char plain[64];
  plain_name(plain, word);
  for (size_t i = 0; i < count; i++)
    if (strcmp(plain, names[i]) == 0) return names[i];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (is_among(rows[i].words, plain) && is_taken(rows[i].option, names, count))
      return rows[i].option;
  return NULL;
}
