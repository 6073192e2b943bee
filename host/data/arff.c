/* ARFF, the attribute-relation files of Weka and OpenML, to raw columns.
 *
 * The file declares its columns, so nothing is guessed: a value that does not match its declaration
 * is an error. A sparse row `{index value, …}` leaves out values that are 0: the number 0, or the
 * first of the declared values.
 */
#include "base/error.h"
#include "base/text.h"
#include "limits.h"
#include "store.h"
#include "utf8.h"
#include <stdlib.h>
#include <strings.h>

typedef enum type { NUMERIC, NOMINAL, OTHER } type;

typedef struct attribute {
  type type;
  ebbi_names values; /* of a NOMINAL attribute */
} attribute;

typedef struct copy {
  struct copy *next;
  char text[];
} copy;

typedef struct reader {
  ebbi_raw *raw;
  const char *at; /* position in the line */
  size_t line;
  attribute *attributes; /* [raw->cols] */
  size_t capacity;
  ebbi_form *forms;
  ebbi_span *fields; /* of the current row */
  bool last;         /* the text is read for the last time and may be modified */
  copy *copies;      /* quoted values of the line with backslashes; used unless `last` */
  const char *zero;  /* "0" in raw->bytes, for numbers that sparse rows leave out; "?" follows it */
  ebb_read_options options;
  ebbi_na na;
  ebbi_store store;
} reader;

static ebb_status fail(const reader *r, const char *what) {
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: %s", r->raw->path, r->line, what);
}

static ebb_status fail_value(const reader *r, size_t column, ebbi_span value, const char *what) {
  char name[EBBI_SHOWN], text[2 * EBBI_SHOWN], shown[EBBI_SHOWN];
  size_t length = value.length < sizeof text ? value.length : sizeof text - 1;
  memcpy(text, value.text, length);
  text[length] = '\0';
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: column \"%s\": \"%s\" %s", r->raw->path, r->line,
                   ebbi_shown(name, r->raw->names.items[column]), ebbi_shown(shown, text), what);
}

static bool ends_line(char c) {
  return c == '\0' || c == '\n' || c == '\r';
}

static void skip_blanks(reader *r) {
  r->at += strspn(r->at, " \t");
}

static void next_line(reader *r) {
  r->at += strcspn(r->at, "\r\n");
  r->line += *r->at != '\0';
  r->at += (*r->at != '\0') + (r->at[0] == '\r' && r->at[1] == '\n');
}

static void free_copies(reader *r) {
  for (copy *c = r->copies, *next; c; c = next) {
    next = c->next;
    free(c);
  }
  r->copies = NULL;
}

/* A quoted text, in which a backslash escapes the next character. */
static ebb_status take_quoted(reader *r, ebbi_span *out) {
  char quote = *r->at++;
  const char *text = r->at;
  bool escaped = false;
  for (; *r->at != quote; r->at++) {
    if (*r->at == '\\' && !ends_line(r->at[1])) {
      escaped = true;
      r->at++;
    }
    if (ends_line(*r->at)) return fail(r, "a quoted text begins on this line and never ends");
  }
  *out = (ebbi_span){.text = text, .length = (size_t)(r->at++ - text), .quoted = true};
  if (!escaped) return EBB_OK;
  char *plain = r->last ? r->raw->bytes + (text - r->raw->bytes) : NULL;
  if (!plain) {
    copy *c = malloc(sizeof *c + out->length);
    REQUIRE(c, EBB_ERR_MEMORY, "data: no memory for a text");
    c->next = r->copies;
    r->copies = c;
    plain = c->text;
  }
  size_t kept = 0;
  for (size_t i = 0; i < out->length; i++) {
    bool after = text[i] == '\\';
    i += after;
    plain[kept++] = after && text[i] == 'n' ? '\n' : after && text[i] == 't' ? '\t' : text[i];
  }
  *out = (ebbi_span){.text = plain, .length = kept, .quoted = true};
  return EBB_OK;
}

/* A value that ends at one of `ends` or at the end of the line. Skips blanks around it. */
static ebb_status take_value(reader *r, ebbi_span *out, const char *ends) {
  skip_blanks(r);
  if (*r->at == '\'' || *r->at == '"') {
    TRY(take_quoted(r, out));
    const char *behind = r->at;
    skip_blanks(r);
    bool apart = r->at > behind && strchr(ends, *behind);
    if (!ends_line(*r->at) && !strchr(ends, *r->at) && !apart)
      return fail(r, "stray quote: quotes go around a whole text");
    return EBB_OK;
  }
  const char *text = r->at;
  while (!ends_line(*r->at) && !strchr(ends, *r->at)) r->at++;
  *out = ebbi_span_trim((ebbi_span){.text = text, .length = (size_t)(r->at - text)});
  skip_blanks(r);
  return EBB_OK;
}

/* If the line continues with this word, in upper or lower case, moves past it and returns true. */
static bool take_word(reader *r, const char *word) {
  size_t length = strlen(word);
  if (strncasecmp(r->at, word, length) != 0) return false;
  if (!ends_line(r->at[length]) && !strchr(" \t{", r->at[length])) return false;
  r->at += length;
  skip_blanks(r);
  return true;
}

static ebb_status take_values(reader *r, ebbi_names *values) {
  char end;
  do {
    ebbi_span value;
    size_t index;
    r->at++;
    TRY(take_value(r, &value, ",}"));
    end = *r->at; /* a 0 may be written here */
    if (value.length > 0 || value.quoted)
      TRY(ebbi_names_add_in_place(values, &index, r->raw->bytes, value.text, value.length));
  } while (end == ',');
  if (end != '}') return fail(r, "a list of values without a closing }");
  r->at++;
  return values->count > 0 ? EBB_OK : fail(r, "an attribute without values");
}

static ebb_status take_type(reader *r, attribute *a) {
  static const char *const numeric[] = {"numeric", "real", "integer"};
  a->type = OTHER;
  if (*r->at == '{') {
    a->type = NOMINAL;
    return take_values(r, &a->values);
  }
  for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++)
    if (take_word(r, numeric[i])) {
      a->type = NUMERIC;
      return EBB_OK;
    }
  if (take_word(r, "string") || take_word(r, "date")) return EBB_OK;
  return fail(
      r, "the type of an attribute must be one of numeric, real, integer, {values}, string, date");
}

static ebb_status take_attribute(reader *r) {
  ebbi_raw *raw = r->raw;
  ebbi_span name;
  size_t index;
  REQUIRE(raw->cols < EBBI_MAX_COLUMNS, EBB_ERR_INPUT, "%s:%zu: more than %d columns", raw->path,
          r->line, EBBI_MAX_COLUMNS);
  if (raw->cols == r->capacity) {
    size_t capacity = r->capacity ? 2 * r->capacity : 16;
    attribute *attributes = realloc(r->attributes, capacity * sizeof *attributes);
    REQUIRE(attributes, EBB_ERR_MEMORY, "data: no memory for %zu columns", capacity);
    r->attributes = attributes;
    r->capacity = capacity;
  }
  TRY(take_value(r, &name, " \t{"));
  if (name.length == 0) return fail(r, "an attribute without name");
  TRY(ebbi_names_add_part(&raw->names, &index, name.text, name.length));
  if (index != raw->cols) return fail(r, "two attributes have this name; rename one");
  r->attributes[raw->cols] = (attribute){0};
  return take_type(r, &r->attributes[raw->cols++]);
}

/* Reads all lines up to and including `@data`. */
static ebb_status read_declarations(reader *r) {
  for (; *r->at != '\0'; next_line(r), free_copies(r)) {
    skip_blanks(r);
    if (ends_line(*r->at) || *r->at == '%' || take_word(r, "@relation")) continue;
    const char *word = r->at;
    if (take_word(r, "@data")) {
      next_line(r);
      r->zero = memcpy(r->raw->bytes + (word - r->raw->bytes), "0\0?", 4);
      if (r->raw->cols == 0) return fail(r, "no @attribute before @data");
      return EBB_OK;
    }
    if (!take_word(r, "@attribute"))
      return fail(r, "not @relation, @attribute, @data or a comment");
    TRY(take_attribute(r));
  }
  return ebbi_fail(EBB_ERR_INPUT, "%s: no line @data", r->raw->path);
}

static ebb_status take_dense(reader *r, size_t *count) {
  for (*count = 0;;) {
    ebbi_span value;
    TRY(take_value(r, &value, ","));
    if (*count < r->raw->cols) r->fields[*count] = value;
    ++*count;
    if (*r->at != ',') return EBB_OK;
    r->at++;
    skip_blanks(r);
    if (*r->at == '{') return fail(r, "weights of rows are not read; remove them");
  }
}

static ebb_status check_field(const reader *r, size_t c) {
  ebbi_span field = r->fields[c];
  const attribute *a = &r->attributes[c];
  double value;
  if (r->forms[c] == EBBI_FORM_SKIP || ebbi_na_has(&r->na, field)) return EBB_OK;
  if (a->type == NOMINAL &&
      ebbi_names_find_part(&a->values, field.text, field.length) == EBBI_NO_INDEX)
    return fail_value(r, c, field, "is not one of the declared values");
  if (a->type == NUMERIC && !ebbi_parse_number(&value, field.text, field.length, '.') &&
      !ebbi_parse_word(&value, field.text, field.length))
    return fail_value(r, c, field, "is not a number, as declared");
  return EBB_OK;
}

static ebbi_span absent(const reader *r, const attribute *a) {
  const char *text = a->type == NUMERIC   ? r->zero
                     : a->type == NOMINAL ? ebbi_names_text(&a->values, 0)
                                          : r->zero + 2;
  return (ebbi_span){.text = text, .length = strlen(text)};
}

/* A short sparse row stands for a full one, so a small file can describe a table of any size. */
static ebb_status take_sparse(reader *r) {
  size_t next = 0, cols = r->raw->cols;
  REQUIRE(r->raw->rows < EBBI_SPARSE_VALUES / cols, EBB_ERR_INPUT,
          "%s:%zu: more than %zu sparse rows of %zu columns, which with their zeros are above the "
          "limit of %d values; keep fewer rows or attributes",
          r->raw->path, r->line, r->raw->rows, cols, EBBI_SPARSE_VALUES);
  for (size_t c = 0; c < cols; c++) r->fields[c] = absent(r, &r->attributes[c]);
  do {
    ebbi_span position, value;
    double index;
    r->at++;
    TRY(take_value(r, &position, " \t,}"));
    if (position.length == 0 && next == 0 && *r->at == '}') break;
    bool number = ebbi_parse_number(&index, position.text, position.length, '.');
    bool right = number && index >= (double)next && index < (double)r->raw->cols;
    if (!right || index != (double)(size_t)index)
      return fail(r,
                  "a sparse row must have pairs of index and value, with ascending indices from 0");
    TRY(take_value(r, &value, ",}"));
    r->fields[(size_t)index] = value;
    TRY(check_field(r, (size_t)index));
    next = (size_t)index + 1;
  } while (*r->at == ',');
  if (*r->at++ != '}') return fail(r, "a sparse row without a closing }");
  skip_blanks(r);
  return ends_line(*r->at) ? EBB_OK : fail(r, "text after a sparse row; weights are not read");
}

static ebb_status take_row(reader *r) {
  size_t count = 0;
  free_copies(r);
  if (*r->at == '{') return take_sparse(r);
  TRY(take_dense(r, &count));
  REQUIRE(count == r->raw->cols, EBB_ERR_INPUT,
          "%s:%zu: %zu field%s, expected %zu, one for each declared attribute", r->raw->path,
          r->line, count, count == 1 ? "" : "s", r->raw->cols);
  for (size_t c = 0; c < count; c++) TRY(check_field(r, c));
  return EBB_OK;
}

/* Moves past the line before storing its fields, which may write a 0 at its end. */
static ebb_status read_rows(reader *r) {
  while (*r->at != '\0') {
    skip_blanks(r);
    size_t line = r->line;
    bool row = !ends_line(*r->at) && *r->at != '%';
    if (row) TRY(take_row(r));
    next_line(r);
    if (row) TRY(ebbi_store_row(&r->store, line, r->fields));
  }
  return EBB_OK;
}

static ebb_status read_all(reader *r, const ebbi_wishes *wishes) {
  ebbi_raw *raw = r->raw;
  bool again;
  r->last = true;
  TRY(read_declarations(r));
  r->last = false;
  raw->header = true;
  r->forms = calloc(raw->cols, sizeof *r->forms);
  r->fields = calloc(raw->cols, sizeof *r->fields);
  REQUIRE(r->forms && r->fields, EBB_ERR_MEMORY, "data: no memory for %zu columns", raw->cols);
  if (wishes->choose) TRY(wishes->choose(r->forms, raw, wishes->user));
  for (size_t c = 0; c < raw->cols; c++)
    if (r->attributes[c].type == NOMINAL && r->forms[c] != EBBI_FORM_SKIP)
      r->forms[c] = EBBI_FORM_TEXT;
  TRY(ebbi_na_make(&r->na, wishes->options->na ? wishes->options->na : "?"));
  r->options = *wishes->options;
  r->options.decimal = '.'; /* whatever decimal mark CSV files use */
  TRY(ebbi_store_begin(&r->store, raw, r->forms, &r->na, &r->options));
  const char *rows = r->at;
  size_t line = r->line;
  TRY(read_rows(r));
  REQUIRE(raw->rows > 0, EBB_ERR_INPUT, "%s: no rows after @data", raw->path);
  TRY(ebbi_store_end(&r->store, &again));
  r->at = rows;
  r->line = line;
  r->last = true;
  if (again) TRY(read_rows(r));
  return ebbi_store_finish(&r->store);
}

ebb_status ebbi_arff_read(ebbi_raw *raw, const ebbi_wishes *wishes) {
  bool marked = raw->size >= 3 && memcmp(raw->bytes, "\xef\xbb\xbf", 3) == 0;
  reader r = {.raw = raw, .at = raw->bytes + (marked ? 3 : 0), .line = 1};
  TRY(ebbi_utf8_check(raw->path, raw->bytes, raw->size));
  ebb_status status = read_all(&r, wishes);
  for (size_t c = 0; c < raw->cols; c++) ebbi_names_free(&r.attributes[c].values);
  free(r.attributes);
  free(r.forms);
  free(r.fields);
  free_copies(&r);
  ebbi_na_free(&r.na);
  ebbi_store_free(&r.store);
  return status;
}
