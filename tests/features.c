/* Writes docs/features.md to standard output: what this build has, from the lists of its public
 * headers, beside what others have, from a table that is kept by hand.
 *
 *   features docs/features.txt >docs/features.md
 *
 * A line of the table is `group name = PyTorch | scikit-learn | Keras | FANN | KANN`, a '-'
 * standing for nothing. Every item of a list needs a line, and every line of a list's group an
 * item, so that neither can be forgotten. Lines of the group `training` name options of `ebb
 * train`, and those of the group `missing` what ebb lacks; they are written as they stand.
 */
#include <ebb/ebb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 400, LINE = 400, PEERS = 5 };

typedef struct entry {
  char *group, *name, *peers[PEERS];
  bool used;
} entry;

static char text[LINES][LINE];
static entry table[LINES];
static size_t count;

static void fail(const char *what, const char *which) {
  fprintf(stderr, "features: %s: %s\n", what, which);
  exit(1);
}

/* Cuts the text at the next `mark` and returns the first part, without blanks around it. */
static char *cut(char **rest, const char *mark) {
  char *part = *rest, *end = strstr(part, mark);
  if (!end) fail("no further part in the line", part);
  *rest = end + strlen(mark);
  *end = 0;
  part += strspn(part, " ");
  for (size_t length = strlen(part); length && part[length - 1] == ' ';) part[--length] = 0;
  return part;
}

static void read_table(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) fail("cannot read", path);
  while (count < LINES && fgets(text[count], LINE, file)) {
    char *rest = text[count];
    if (rest[0] == '#' || rest[0] == '\n') continue;
    if (!strchr(rest, '\n')) fail("too long a line", rest);
    entry *e = &table[count++];
    e->group = cut(&rest, " ");
    e->name = cut(&rest, " = ");
    for (int p = 0; p < PEERS; p++) e->peers[p] = cut(&rest, p + 1 < PEERS ? "|" : "\n");
  }
  if (!feof(file)) fail("too many lines", path);
  fclose(file);
}

static void head(const char *title, const char *columns, int count_of) {
  printf("\n\n## %s\n\n| %s | PyTorch | scikit-learn | Keras | FANN | KANN |\n|", title, columns);
  for (int c = 0; c < count_of + PEERS; c++) printf("---|");
  printf("\n");
}

/* Bars would end a cell. */
static void cell(const char *words) {
  putchar(' ');
  for (; *words; words++) printf(*words == '|' ? "\\|" : "%c", *words);
  fputs(" |", stdout);
}

static void peers(entry *e) {
  for (int p = 0; p < PEERS; p++) cell(strcmp(e->peers[p], "-") == 0 ? "–" : e->peers[p]);
  putchar('\n');
  e->used = true;
}

/* One row: the name as code, what it is, and the peers. */
static void row(const char *group, const char *name, const char *shown, const char *what) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].group, group) == 0 && strcmp(table[i].name, name) == 0) {
      printf("| `%s` |", shown);
      if (what) cell(what);
      peers(&table[i]);
      return;
    }
  fprintf(stderr, "features: the table lacks a line `%s %s = …`\n", group, name);
  exit(1);
}

/* The rows of a group that no list has, in the table's order. */
static void free_rows(const char *group, const char *mark) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].group, group) == 0) {
      printf("| %s%s%s |", mark, table[i].name, mark);
      peers(&table[i]);
    }
}

static void lists(void) {
  head("Layers", "item | what it computes", 2);
  for (int k = 0; k < EBB_KIND_COUNT; k++)
    row("layer", ebb_kind_name((ebb_kind)k), ebb_kind_example((ebb_kind)k),
        ebb_kind_help((ebb_kind)k));
  head("Activations", "name | f(z)", 2);
#define ACTIVATION_ROW(upper, name, needs_z, formula) row("activation", #name, #name, formula);
  EBB_ACTIVATION_LIST(ACTIVATION_ROW)
  row("activation", "NAME(formula)", "NAME(formula)", "any formula of z");
  head("Losses", "name | loss of a row", 2);
#define LOSS_ROW(upper, name, targets, formula) row("loss", #name, #name, formula);
  EBB_LOSS_LIST(LOSS_ROW)
  head("Optimizers", "name | change of a parameter", 2);
#define OPTIMIZER_ROW(upper, name, formula) row("optimizer", #name, #name, formula);
  EBB_OPTIMIZER_LIST(OPTIMIZER_ROW)
  head("Schedules of the learning rate", "name | rate divided by the base rate", 2);
#define SCHEDULE_ROW(upper, name, factor, parts, steps, formula)                                   \
  row("schedule", name, name, formula);
  EBB_SCHEDULE_LIST(SCHEDULE_ROW)
  head("Initial weights", "name", 1);
#define INIT_ROW(upper, name, gain, fan, normal) row("init", name, name, NULL);
  EBB_INIT_LIST(INIT_ROW)
}

int main(int argc, char **argv) {
  if (argc != 2) fail("usage", "features TABLE");
  read_table(argv[1]);
  puts("# Features\n\n<!-- written by tests/features.c; change docs/features.txt instead -->\n\n"
       "What ebb has for feed-forward networks, beside PyTorch 2, scikit-learn 1 (its "
       "`MLPClassifier` and\n"
       "`MLPRegressor`), Keras 3, FANN 2.2 and KANN. A cell has the other's name for it, or – "
       "where it has\n"
       "none of its own; what PyTorch and Keras can be made to compute with a few lines of Python "
       "is not\n"
       "counted. [guide.md](guide.md) says how each is used, [backprop.md](backprop.md) how it is "
       "computed.");
  lists();
  head("Training", "option of `ebb train`", 1);
  free_rows("training", "`");
  head("What ebb lacks", "what", 1);
  free_rows("missing", "");
  for (size_t i = 0; i < count; i++)
    if (!table[i].used) fail("this line names nothing that ebb has", table[i].name);
  return 0;
}
