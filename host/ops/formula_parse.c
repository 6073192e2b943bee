/* Parses the texts of formulas, by recursive descent, into steps.
 *
 * What is not in the list of words and signs here is refused with its place: a text may come from a
 * stranger's model file. Text of a comparison is a condition, which only ?: takes. A step is added
 * while its text is read, so that no tree is kept.
 */
#include "base/text.h"
#include "formula.h"

#include <ebb/tool.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

enum { MOST_DEPTH = 32, MOST_POWER = 16, SHOWN = 24 };

/* A number, as a step, or a condition: step < other, or <=. */
typedef struct term {
  size_t step, other;
  ebbi_step condition; /* EBBI_STEP_COUNT: a number */
} term;

typedef struct parser {
  ebb_formula *formula;
  const char *text;
  size_t at, depth, a;
  ebbi_formula_fault *fault;
} parser;

static bool fail(parser *p, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(parser *p, size_t at, const char *format, ...) {
  va_list arguments;
  p->fault->at = at;
  va_start(arguments, format);
  vsnprintf(p->fault->what, sizeof p->fault->what, format, arguments);
  va_end(arguments);
  return false;
}

static bool parse_choice(parser *p, term *out);

static void skip_blanks(parser *p) {
  p->at += strspn(p->text + p->at, " \t");
}

/* Takes a sign if it is next. */
static bool take(parser *p, const char *sign) {
  skip_blanks(p);
  size_t length = strlen(sign);
  if (strncmp(p->text + p->at, sign, length) != 0) return false;
  p->at += length;
  return true;
}

/* The next bytes as a message shows them. */
static const char *next_text(char shown[SHOWN + 8], parser *p) {
  skip_blanks(p);
  const char *text = p->text + p->at;
  size_t length = strspn(text, LETTERS DIGITS ".");
  unsigned char byte = (unsigned char)*text;
  if (byte == 0) return "the end";
  if (length > 0)
    snprintf(shown, SHOWN + 8, "\"%.*s\"", length < SHOWN ? (int)length : SHOWN, text);
  else
    snprintf(shown, SHOWN + 8, byte > ' ' && byte < 127 ? "'%c'" : "byte 0x%02x", byte);
  return shown;
}

static bool expect(parser *p, const char *sign, const char *why) {
  char shown[SHOWN + 8];
  if (take(p, sign)) return true;
  const char *next = next_text(shown, p);
  return fail(p, p->at, "'%s' is missing before %s%s", sign, next, why);
}

/* A step as a number. */
static bool number_of(parser *p, term *out, size_t step, size_t at) {
  *out = (term){.step = step, .condition = EBBI_STEP_COUNT};
  if (step != EBBI_NO_STEP) return true;
  return fail(p, at,
              "the formula has more than %d operations, its derivative among them; shorten it",
              EBB_FORMULA_STEPS);
}

static bool require_number(parser *p, const term *t, size_t at) {
  if (t->condition == EBBI_STEP_COUNT) return true;
  return fail(p, at, "a comparison is no number; write it before ?:, as in z > 0 ? z : 0");
}

static bool add(parser *p, term *out, ebbi_step operation, const term *a, const term *b,
                size_t at) {
  if (!require_number(p, a, at) || !require_number(p, b, at)) return false;
  return number_of(p, out, ebbi_step_add(p->formula, operation, a->step, b->step), at);
}

static bool parse_literal(parser *p, term *out) {
  const char *text = p->text + p->at;
  size_t length = strspn(text, DIGITS), at = p->at;
  if (text[length] == '.') length += 1 + strspn(text + length + 1, DIGITS);
  if (text[length] == 'e' || text[length] == 'E') {
    size_t sign = text[length + 1] == '+' || text[length + 1] == '-';
    size_t digits = strspn(text + length + 1 + sign, DIGITS);
    if (digits > 0) length += 1 + sign + digits;
  }
  double value;
  bool read = ebbi_parse_number(&value, text, length, '.');
  p->at += length + (text[length] == 'f' || text[length] == 'F');
  if (!read || strspn(p->text + p->at, LETTERS DIGITS ".") > 0)
    return fail(p, at, "no number; write 0.5 or 1e-3, and * between factors");
  if (fabs(value) > (double)FLT_MAX)
    return fail(p, at, "the number is beyond the floats, which end at 3.4e38");
  return number_of(p, out, ebbi_step_constant(p->formula, value), at);
}

/* ---- functions ---- */

static const struct {
  const char *name;
  ebbi_step step;
} functions[] = {
#define FUNCTION_ROW(capitals, name, arguments, ulps) {#name, EBBI_STEP_##capitals},
    EBB_FORMULA_LIST(FUNCTION_ROW){"max", EBBI_STEP_FMAX}, {"min", EBBI_STEP_FMIN}};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static bool unknown_word(parser *p, const char *word, size_t length, size_t at) {
  const char *names[FUNCTIONS];
  char given[SHOWN + 1];
  snprintf(given, sizeof given, "%.*s", length < SHOWN ? (int)length : SHOWN, word);
  for (int i = 0; i < FUNCTIONS; i++) names[i] = functions[i].name;
  if (strcmp(given, "a") == 0) return fail(p, at, "a is f(z), which only the derivative may use");
  const char *near = ebb_suggest(given, names, FUNCTIONS);
  if (near) return fail(p, at, "unknown word \"%s\"; did you mean \"%s\"?", given, near);
#define KNOWN_ROW(capitals, name, arguments, ulps) " " #name
  return fail(p, at, "unknown word \"%s\"; known are z%s pow" EBB_FORMULA_LIST(KNOWN_ROW), given,
              p->a != EBBI_NO_STEP ? " a" : "");
}

/* x to the power of a whole number: a product. */
static bool parse_power(parser *p, term *out, const term *x, size_t at) {
  term power;
  skip_blanks(p);
  size_t where = p->at;
  if (!parse_choice(p, &power) || !require_number(p, &power, where)) return false;
  const ebb_formula_step *step = &p->formula->steps[power.step];
  float n = step->operation == EBBI_STEP_CONSTANT ? step->constant : 0;
  if (!(n >= 1 && n <= MOST_POWER) || n != floorf(n))
    return fail(p, where,
                "the power must be a whole number from 1 to %d; for others write exp(p * log(x))",
                MOST_POWER);
  *out = *x;
  for (int i = 1; i < (int)n; i++)
    if (!add(p, out, EBBI_STEP_MULTIPLY, out, x, at)) return false;
  return expect(p, ")", "; pow has 2 arguments");
}

/* Parses the arguments of a function and the parenthesis that closes them. */
static bool parse_call(parser *p, term *out, const char *name, size_t at) {
  size_t length = strlen(name);
  int f = 0;
  term x[2] = {{0}};
  bool power = strcmp(name, "pow") == 0;
  while (f < FUNCTIONS && strcmp(functions[f].name, name) != 0) f++;
  if (f == FUNCTIONS && !power) return unknown_word(p, name, length, at);
  int arguments = power ? 2 : ebbi_step_operands(functions[f].step);
  if (!expect(p, "(", " after the name of a function")) return false;
  size_t where = p->at;
  if (!parse_choice(p, &x[0]) || !require_number(p, &x[0], where)) return false;
  if (arguments > 1 && !expect(p, ",", "; the function has 2 arguments")) return false;
  if (power) return parse_power(p, out, &x[0], at);
  where = p->at;
  if (arguments > 1 && (!parse_choice(p, &x[1]) || !require_number(p, &x[1], where))) return false;
  if (!expect(p, ")", arguments > 1 ? "; the function has 2 arguments" : "")) return false;
  return add(p, out, functions[f].step, &x[0], arguments > 1 ? &x[1] : &x[0], at);
}

static bool parse_word(parser *p, term *out) {
  const char *word = p->text + p->at;
  size_t length = strspn(word, LETTERS DIGITS), at = p->at;
  char name[SHOWN];
  p->at += length;
  if (length == 1 && *word == 'z')
    return number_of(p, out, ebbi_step_add(p->formula, EBBI_STEP_Z, 0, 0), at);
  if (length == 1 && *word == 'a' && p->a != EBBI_NO_STEP) return number_of(p, out, p->a, at);
  if (length >= sizeof name) return unknown_word(p, word, length, at);
  memcpy(name, word, length);
  name[length] = '\0';
  return parse_call(p, out, name, at);
}

/* ---- expressions ---- */

static bool parse_primary(parser *p, term *out) {
  char shown[SHOWN + 8];
  skip_blanks(p);
  char next = p->text[p->at];
  if (next != '\0' && strchr(DIGITS ".", next)) return parse_literal(p, out);
  if (next != '\0' && strchr(LETTERS, next)) return parse_word(p, out);
  if (take(p, "(")) return parse_choice(p, out) && expect(p, ")", "");
  const char *found = next_text(shown, p);
  return fail(p, p->at, "a number, z or a function is missing before %s", found);
}

static bool parse_unary(parser *p, term *out) {
  bool negative = false;
  size_t at = p->at;
  for (;; negative = !negative) {
    while (take(p, "+")) at = p->at;
    if (!take(p, "-")) break;
  }
  if (!parse_primary(p, out)) return false;
  return !negative || add(p, out, EBBI_STEP_NEGATE, out, out, at);
}

static bool parse_product(parser *p, term *out) {
  if (!parse_unary(p, out)) return false;
  for (;;) {
    size_t at = p->at;
    ebbi_step step = take(p, "*") ? EBBI_STEP_MULTIPLY : EBBI_STEP_DIVIDE;
    if (step == EBBI_STEP_DIVIDE && !take(p, "/")) return true;
    term right;
    if (!parse_unary(p, &right) || !add(p, out, step, out, &right, at)) return false;
  }
}

static bool parse_sum(parser *p, term *out) {
  if (!parse_product(p, out)) return false;
  for (;;) {
    size_t at = p->at;
    ebbi_step step = take(p, "+") ? EBBI_STEP_ADD : EBBI_STEP_SUBTRACT;
    if (step == EBBI_STEP_SUBTRACT && !take(p, "-")) return true;
    term right;
    if (!parse_product(p, &right) || !add(p, out, step, out, &right, at)) return false;
  }
}

/* a > b is b < a, and a >= b is b <= a. */
static bool parse_comparison(parser *p, term *out) {
  if (!parse_sum(p, out)) return false;
  skip_blanks(p);
  char sign = p->text[p->at];
  size_t at = p->at;
  if (sign != '<' && sign != '>') return true;
  p->at++;
  ebbi_step condition = p->text[p->at] == '=' ? EBBI_STEP_AT_MOST : EBBI_STEP_LESS;
  p->at += condition == EBBI_STEP_AT_MOST;
  term right;
  if (!parse_sum(p, &right) || !require_number(p, out, at) || !require_number(p, &right, at))
    return false;
  size_t left = out->step;
  *out = sign == '<' ? (term){left, right.step, condition} : (term){right.step, left, condition};
  return true;
}

static bool choose(parser *p, term *out) {
  term yes, no;
  size_t at = p->at;
  if (out->condition == EBBI_STEP_COUNT)
    return fail(p, at - 1, "a comparison is missing before '?', as in z > 0 ? z : 0");
  if (!parse_choice(p, &yes) || !expect(p, ":", " of this ?:") || !parse_choice(p, &no))
    return false;
  if (!require_number(p, &yes, at) || !require_number(p, &no, at)) return false;
  return number_of(
      p, out,
      ebbi_step_choose(p->formula, out->condition, out->step, out->other, yes.step, no.step), at);
}

static bool parse_choice(parser *p, term *out) {
  if (p->depth == MOST_DEPTH) return fail(p, p->at, "parentheses more than %d deep", MOST_DEPTH);
  p->depth++;
  bool good = parse_comparison(p, out) && (!take(p, "?") || choose(p, out));
  p->depth--;
  return good;
}

bool ebbi_formula_parse(ebb_formula *formula, size_t *step, const char *text, size_t length,
                        size_t a, ebbi_formula_fault *fault) {
  char copy[EBB_FORMULA_TEXT];
  char shown[SHOWN + 8];
  parser p = {.formula = formula, .text = copy, .a = a, .fault = fault};
  if (length >= sizeof copy)
    return fail(&p, 0, "the formula has %zu bytes; at most %d are possible", length,
                EBB_FORMULA_TEXT - 1);
  memcpy(copy, text, length);
  copy[length] = '\0';
  term out;
  if (!parse_choice(&p, &out) || !require_number(&p, &out, 0)) return false;
  const char *next = next_text(shown, &p);
  if (p.at != length) return fail(&p, p.at, "unexpected %s; the formula ends before it", next);
  *step = out.step;
  return true;
}
