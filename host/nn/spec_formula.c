/* The formulas of a spec: activations of the user's, by name.
 *
 * The first layer that uses a formula has its texts behind the name, so a spec text, and with it a
 * model file or a checkpoint, needs nothing beside it. A name must be told from activations and
 * from words of kinds, which texts are searched for.
 */
#include "base/error.h"
#include "base/text.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/formula.h"

#include <stdio.h>
#include <string.h>

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz_"
#define NAME_BYTES   NAME_LETTERS "0123456789"

/* A name and texts, parts of a longer text. df NULL: none. */
typedef struct definition {
  const char *name, *f, *df;
  size_t name_length, f_length, df_length;
} definition;

const ebb_formula *ebb_spec_formula_of(const ebb_spec *spec, ebb_activation activation) {
  int place = (int)activation - EBB_ACT_FORMULA_0;
  bool exists = place >= 0 && place < EBB_MAX_FORMULAS && spec->formulas[place].name[0];
  return exists ? &spec->formulas[place] : NULL;
}

const char *ebb_spec_activation(char text[EBB_ACTIVATION_TEXT], const ebb_spec *spec, size_t node) {
  const ebb_formula *formula = ebb_spec_formula_of(spec, spec->nodes[node].activation);
  if (!formula) return ebb_activation_text(text, spec->nodes[node].activation);
  snprintf(text, EBB_ACTIVATION_TEXT, "%s", formula->name);
  return text;
}

bool ebbi_spec_defines(const ebb_spec *spec, size_t node) {
  size_t first = 0;
  while (spec->nodes[first].activation != spec->nodes[node].activation) first++;
  return first == node;
}

size_t ebbi_spec_parenthesis(const char *text) {
  size_t at = 0, depth = 0;
  do {
    if (text[at] == '\0') return 0;
    depth += text[at] == '(';
    depth -= text[at] == ')';
    at++;
  } while (depth > 0);
  return at;
}

/* The place of a name, or EBB_MAX_FORMULAS. */
static int find(const ebb_spec *spec, const char *name, size_t length) {
  int i = 0;
  while (i < EBB_MAX_FORMULAS && (strlen(spec->formulas[i].name) != length || length == 0 ||
                                  memcmp(spec->formulas[i].name, name, length) != 0))
    i++;
  return i;
}

/* Whether a name contains the word of a kind. */
static bool has_word(const char *name) {
  for (int i = 0; i < EBB_KIND_COUNT; i++) {
    const char *word = ebbi_kind_of((ebb_kind)i)->word;
    if (word && strstr(name, word)) return true;
  }
  return false;
}

static ebb_status check_name(char name[EBB_FORMULA_NAME], const definition *d, const char *where) {
  size_t known = strspn(d->name, NAME_BYTES);
  REQUIRE(d->name_length > 0 && d->name_length < EBB_FORMULA_NAME && known >= d->name_length &&
              strchr(NAME_LETTERS, d->name[0]),
          EBB_ERR_ARGUMENT,
          "%s: \"%.*s\" cannot name a formula; a name has up to %d lower-case letters, digits and "
          "'_', a letter first",
          where, d->name_length < 40 ? (int)d->name_length : 40, d->name, EBB_FORMULA_NAME - 1);
  memcpy(name, d->name, d->name_length);
  name[d->name_length] = '\0';
  REQUIRE(ebbi_activation_named(name, d->name_length) == EBB_ACT_COUNT, EBB_ERR_ARGUMENT,
          "%s: \"%s\" is an activation; give the formula another name", where, name);
  REQUIRE(!has_word(name), EBB_ERR_ARGUMENT,
          "%s: \"%s\" contains the name of a kind of layer; give the formula another name", where,
          name);
  return EBB_OK;
}

static bool same_formula(const ebb_formula *a, const ebb_formula *b) {
  return strcmp(a->f, b->f) == 0 && strcmp(a->df, b->df) == 0;
}

/* Adds a definition, unless the spec has it. `fault`, zero before, stays so unless a text is at
 * fault. */
static ebb_status define(ebb_activation *out, ebb_spec *spec, const definition *d,
                         ebbi_formula_fault *fault, const char *where) {
  ebb_formula formula = {.count = 0};
  int place = find(spec, d->name, d->name_length), room = 0;
  TRY(check_name(formula.name, d, where));
  if (!ebbi_formula_make(&formula, d->f, d->f_length, d->df, d->df_length, fault))
    return EBB_ERR_ARGUMENT; /* the caller has the fault's place */
  bool known = place < EBB_MAX_FORMULAS;
  REQUIRE(!known || same_formula(&formula, &spec->formulas[place]), EBB_ERR_ARGUMENT,
          "%s: %s is another formula already, %s; give this one another name", where, formula.name,
          spec->formulas[place].f);
  while (room < EBB_MAX_FORMULAS && spec->formulas[room].name[0]) room++;
  REQUIRE(known || room < EBB_MAX_FORMULAS, EBB_ERR_ARGUMENT,
          "%s: %s is formula %d; a network has at most %d", where, formula.name, room + 1,
          EBB_MAX_FORMULAS);
  if (!known) spec->formulas[place = room] = formula;
  *out = (ebb_activation)(EBB_ACT_FORMULA_0 + place);
  return EBB_OK;
}

ebb_status ebb_spec_formula(ebb_activation *out, ebb_spec *spec, const char *name, const char *f,
                            const char *df) {
  static const char where[] = "ebb_spec_formula";
  ebbi_formula_fault fault = {0};
  REQUIRE(out && spec && name && f, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  definition d = {name, f, df, strlen(name), strlen(f), df ? strlen(df) : 0};
  ebb_status status = define(out, spec, &d, &fault, where);
  REQUIRE(!fault.what[0], EBB_ERR_ARGUMENT, "%s: %s of %s, character %zu: %s", where,
          fault.in_slope ? "df" : "f", name, fault.at + 1, fault.what);
  return status;
}

ebb_status ebbi_spec_read_formula(bool *found, ebb_activation *out, ebb_spec *spec,
                                  const char *text, size_t *length, size_t column) {
  int place = find(spec, text, *length);
  bool defines = text[*length] == '(';
  size_t all = defines ? ebbi_spec_parenthesis(text + *length) : 0;
  char where[32];
  double number;
  snprintf(where, sizeof where, "spec:1:%zu", column);
  *found = defines || place < EBB_MAX_FORMULAS;
  *out = (ebb_activation)(EBB_ACT_FORMULA_0 + place);
  if (!defines) return EBB_OK;
  REQUIRE(all > 0, EBB_ERR_ARGUMENT, "spec:1:%zu: the ')' of this formula is missing",
          column + *length);
  definition d = {
      .name = text, .name_length = *length, .f = text + *length + 1, .f_length = all - 2};
  *found = d.f_length > 0 && !ebbi_parse_number(&number, d.f, d.f_length, '.');
  if (!*found) return EBB_OK; /* a parameter of an activation that is misspelt */
  const char *both = memchr(d.f, ';', d.f_length);
  if (both) {
    d.df = both + 1;
    d.df_length = d.f_length - (size_t)(d.df - d.f);
    d.f_length = (size_t)(both - d.f);
  }
  ebbi_formula_fault fault = {0};
  ebb_status status = define(out, spec, &d, &fault, where);
  size_t begin = (size_t)((fault.in_slope ? d.df : d.f) - text);
  REQUIRE(!fault.what[0], EBB_ERR_ARGUMENT, "spec:1:%zu: %s", column + begin + fault.at,
          fault.what);
  *length += all;
  return status;
}

ebb_status ebbi_spec_check_formulas(const ebb_spec *spec, const char *where) {
  ebb_spec again = {.inputs = 0};
  for (int i = 0; i < EBB_MAX_FORMULAS; i++) {
    const ebb_formula *given = &spec->formulas[i];
    ebb_activation activation;
    if (given->name[0] == '\0') continue;
    bool ends = memchr(given->name, 0, sizeof given->name) &&
                memchr(given->f, 0, sizeof given->f) && memchr(given->df, 0, sizeof given->df);
    bool same = ends && ebb_spec_formula(&activation, &again, given->name, given->f,
                                         given->df[0] ? given->df : NULL) == EBB_OK;
    same = same && memcmp(given, ebb_spec_formula_of(&again, activation), sizeof *given) == 0;
    REQUIRE(same, EBB_ERR_ARGUMENT,
            "%s: formula %d is not as ebb_spec_formula makes it; use that function", where, i + 1);
  }
  return EBB_OK;
}
