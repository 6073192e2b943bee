/* Delimiter, header, and what each field of a row is for.
 *
 * A wrong guess here trains on nonsense without a word, so each guess has a plain rule (data.h) and
 * an option that overrides it. A first line with a number in it is always data: a header of numbers
 * must be asked for.
 */
#include "csv_layout.h"

#include "base/error.h"
#include "base/text.h"
#include "csv_walk.h"
#include "encoder.h"
#include "table.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ebbi_csv_layout_free(ebbi_csv_layout *layout) {
  ebbi_names_free(&layout->names);
  free(layout->place);
  *layout = (ebbi_csv_layout){0};
}

bool ebbi_csv_is_missing(const char *text) {
  static const char *const tokens[] = {"?", "na", "n/a", "nan", "null"};
  if (*text == '\0') return true;
  if (*text != '?' && *text != 'n' && *text != 'N') return false;
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
    if (strcasecmp(text, tokens[i]) == 0) return true;
  return false;
}

bool ebbi_csv_has_decimal_comma(const char *text) {
  return strchr(text, ',') && strpbrk(text, "0123456789") &&
         text[strspn(text, "+-.,0123456789eE")] == '\0';
}

/* The most frequent candidate of the first line, outside quotes. Where others stand too, commas
 * that are all between digits are decimal commas: counted, they would hide the error they are. */
static char detect_delimiter(const char *text) {
  static const char candidates[] = ",;\t|";
  size_t counts[4] = {0}, decimal = 0, best = 0;
  bool quoted = false;
  text += strspn(text, " \r\n");
  for (const char *c = text; *c != '\0' && (quoted || (*c != '\n' && *c != '\r')); c++) {
    const char *candidate = strchr(candidates, *c);
    if (*c == '"') quoted = !quoted;
    if (quoted || !candidate) continue;
    counts[candidate - candidates]++;
    if (*c == ',' && c > text && isdigit((unsigned char)c[-1]) && isdigit((unsigned char)c[1]))
      decimal++;
  }
  if (counts[1] + counts[2] + counts[3] > 0 && decimal == counts[0]) counts[0] = 0;
  for (size_t i = 1; i < 4; i++)
    if (counts[i] > counts[best]) best = i;
  return candidates[best];
}

/* What the first rows look like. */
typedef struct peek {
  char **fields; /* of the first row */
  size_t count, capacity;
  size_t row, column; /* of the field that comes next */
  bool first_is_data; /* a number or a missing value stands in the first row */
  bool second_has_number;
  size_t widths[3]; /* fields of the first rows */
  bool repeats;     /* a field of the first row stands again further down its column */
  bool asked;       /* no need to look for a header */
} peek;

static ebb_status keep_field(peek *p, const char *path, const char *text) {
  REQUIRE(p->count < EBBI_MAX_COLUMNS, EBB_ERR_INPUT, "%s:1: more than %d columns", path,
          EBBI_MAX_COLUMNS);
  if (p->count == p->capacity) {
    size_t capacity = p->capacity ? 2 * p->capacity : 16;
    char **fields = realloc(p->fields, capacity * sizeof *fields);
    REQUIRE(fields, EBB_ERR_MEMORY, "%s: no memory for %zu columns", path, capacity);
    p->fields = fields;
    p->capacity = capacity;
  }
  p->fields[p->count] = strdup(text);
  REQUIRE(p->fields[p->count], EBB_ERR_MEMORY, "%s: no memory for a field", path);
  p->count++;
  return EBB_OK;
}

static ebb_status peek_field(ebbi_csv_walk *walk, const char *text) {
  peek *p = walk->user;
  double value;
  bool number = ebbi_parse_double(&value, text) || ebbi_csv_has_decimal_comma(text);
  size_t column = p->column++;
  if (p->row > 0) {
    p->second_has_number |= p->row == 1 && number;
    p->repeats |= column < p->count && strcmp(text, p->fields[column]) == 0;
    return EBB_OK;
  }
  bool index_name = column == 0 && *text == '\0'; /* the unnamed index that pandas writes */
  p->first_is_data |= number || (ebbi_csv_is_missing(text) && !index_name);
  return keep_field(p, walk->path, text);
}

static ebb_status peek_row(ebbi_csv_walk *walk) {
  peek *p = walk->user;
  if (p->row < 3) p->widths[p->row] = p->column;
  p->row++;
  p->column = 0;
  bool decided = p->asked || p->first_is_data || p->second_has_number || p->repeats;
  walk->stop = p->row >= 3 && decided;
  return EBB_OK;
}

static bool has_encoder_names(const peek *p, const ebb_encoder *encoder) {
  if (!encoder || !encoder->named) return false;
  size_t found = 0;
  for (size_t i = 0; i < p->count; i++)
    found += ebbi_names_find(&encoder->names, p->fields[i]) != EBBI_NO_INDEX;
  return found >= encoder->columns;
}

static bool has_header(const peek *p, const ebb_read_options *options) {
  if (options->header != EBB_HEADER_AUTO) return options->header == EBB_HEADER_YES;
  if (has_encoder_names(p, options->encoder)) return true;
  if (p->first_is_data) return false;
  if (p->second_has_number) return true;
  return !options->encoder && !p->repeats; /* text only: a name stands once */
}

/* Names the fields; *repeated gets a name that two have, or NULL. */
static ebb_status name_fields(ebbi_csv_layout *layout, const char **repeated, const peek *p) {
  size_t unnamed = layout->short_header;
  *repeated = NULL;
  ebbi_names_free(&layout->names);
  for (size_t i = 0; i < p->count + unnamed && !*repeated; i++) {
    char position[24];
    size_t index;
    const char *name = layout->header && i >= unnamed ? p->fields[i - unnamed] : "";
    snprintf(position, sizeof position, "%zu", i);
    TRY(ebbi_names_add(&layout->names, &index, *name ? name : position));
    if (index != i) *repeated = *name ? name : p->fields[0];
  }
  return EBB_OK;
}

/* A header may lack the first column's name: R and others write that of row names so. One row that
 * is longer than the header is no proof of it, two are. */
static ebb_status find_header(ebbi_csv_layout *layout, const peek *p, const char *path,
                              const ebb_read_options *options) {
  const char *repeated;
  char shown[EBBI_SHOWN];
  layout->header = has_header(p, options);
  layout->short_header =
      layout->header && p->widths[1] == p->count + 1 && p->widths[2] == p->count + 1;
  TRY(name_fields(layout, &repeated, p));
  if (!repeated) return EBB_OK;
  bool sure = options->header == EBB_HEADER_YES || p->second_has_number || options->encoder;
  REQUIRE(!sure, EBB_ERR_INPUT, "%s:1: two columns are named \"%s\"; rename one", path,
          ebbi_shown(shown, repeated));
  layout->header = layout->short_header = false; /* text only, and a name stands once */
  return name_fields(layout, &repeated, p);
}

/* A name, or a position that may count from the end. */
static ebb_status find_target(size_t *field, const ebbi_names *names, const char *path,
                              const char *target) {
  double position;
  *field = ebbi_names_find(names, target);
  if (*field != EBBI_NO_INDEX) return EBB_OK;
  double count = (double)names->count;
  if (ebbi_parse_double(&position, target) && position == floor(position)) {
    REQUIRE(position < count && position >= -count, EBB_ERR_INPUT,
            "%s: target %s: the columns are 0 to %zu, or -1 to -%zu from the end", path, target,
            names->count - 1, names->count);
    *field = (size_t)(position < 0 ? position + count : position);
    return EBB_OK;
  }
  const char *near = ebb_suggest(target, (const char *const *)names->items, names->count);
  char shown[EBBI_SHOWN];
  return ebbi_fail(EBB_ERR_INPUT, "%s: no column \"%s\"%s%s%s", path, target,
                   near ? "; did you mean \"" : "", near ? ebbi_shown(shown, near) : "",
                   near ? "\"?" : "");
}

static ebb_status place_all(ebbi_csv_layout *layout, const char *path, const char *target) {
  layout->target = layout->names.count - 1;
  if (target) TRY(find_target(&layout->target, &layout->names, path, target));
  REQUIRE(layout->names.count > 1, EBB_ERR_INPUT,
          "%s: one column only, so nothing to learn from; is the delimiter another than , ; tab |?",
          path);
  for (size_t i = 0; i < layout->names.count; i++) layout->place[i] = i - (i > layout->target);
  return EBB_OK;
}

static ebb_status place_by_name(ebbi_csv_layout *layout, const char *path, const char *target,
                                const ebb_encoder *encoder) {
  char shown[EBBI_SHOWN];
  layout->target = EBBI_NO_INDEX;
  if (target)
    TRY(find_target(&layout->target, &layout->names, path, target));
  else if (encoder->target && ebbi_names_find(&encoder->names, encoder->target) == EBBI_NO_INDEX)
    layout->target = ebbi_names_find(&layout->names, encoder->target);
  for (size_t i = 0; i < encoder->columns; i++) {
    size_t field = ebbi_names_find(&layout->names, encoder->names.items[i]);
    REQUIRE(field != EBBI_NO_INDEX && field != layout->target, EBB_ERR_INPUT,
            "%s:1: column \"%s\", which the model was trained on, is not among the inputs", path,
            ebbi_shown(shown, encoder->names.items[i]));
  }
  for (size_t i = 0; i < layout->names.count; i++) {
    layout->place[i] = ebbi_names_find(&encoder->names, layout->names.items[i]);
    REQUIRE(layout->place[i] != EBBI_NO_INDEX || i == layout->target, EBB_ERR_INPUT,
            "%s:1: column \"%s\" is none that the model was trained on; remove it", path,
            ebbi_shown(shown, layout->names.items[i]));
  }
  return EBB_OK;
}

static ebb_status place_by_position(ebbi_csv_layout *layout, const char *path, const char *target,
                                    const ebb_encoder *encoder) {
  size_t fields = layout->names.count;
  layout->target = EBBI_NO_INDEX;
  if (target)
    TRY(find_target(&layout->target, &layout->names, path, target));
  else if (fields == encoder->columns + 1)
    layout->target = encoder->target_position < fields ? encoder->target_position : fields - 1;
  REQUIRE(fields - (layout->target != EBBI_NO_INDEX) == encoder->columns, EBB_ERR_INPUT,
          "%s:1: %zu columns, but the model takes %zu (or %zu with the target)", path, fields,
          encoder->columns, encoder->columns + 1);
  for (size_t i = 0; i < fields; i++) layout->place[i] = i - (i > layout->target);
  return EBB_OK;
}

static ebb_status place_fields(ebbi_csv_layout *layout, const char *path,
                               const ebb_read_options *options) {
  const ebb_encoder *encoder = options->encoder;
  layout->place = calloc(layout->names.count, sizeof *layout->place);
  REQUIRE(layout->place, EBB_ERR_MEMORY, "%s: no memory for %zu columns", path,
          layout->names.count);
  if (!encoder) return place_all(layout, path, options->target);
  if (encoder->named && layout->header)
    return place_by_name(layout, path, options->target, encoder);
  return place_by_position(layout, path, options->target, encoder);
}

static ebb_status find_delimiter(char *delimiter, const char *bytes, char asked) {
  bool wrong = asked != '\0' && (isalnum((unsigned char)asked) || strchr("\"\r\n.+-", asked));
  REQUIRE(!wrong, EBB_ERR_ARGUMENT,
          "data: a letter, digit, sign, point or quote cannot be the delimiter");
  *delimiter = asked ? asked : detect_delimiter(bytes);
  return EBB_OK;
}

static ebb_status find(ebbi_csv_layout *layout, peek *p, ebbi_csv_walk *walk, const char *bytes,
                       size_t size, const ebb_read_options *options) {
  TRY(find_delimiter(&layout->delimiter, bytes, options->delimiter));
  TRY(ebbi_csv_walk_text(walk, bytes, size, layout->delimiter));
  REQUIRE(p->row > 0, EBB_ERR_INPUT, "%s: no rows, only blank lines", walk->path);
  TRY(find_header(layout, p, walk->path, options));
  return place_fields(layout, walk->path, options);
}

ebb_status ebbi_csv_layout_find(ebbi_csv_layout *layout, const char *path, const char *bytes,
                                size_t size, const ebb_read_options *options) {
  peek p = {.asked = options->header != EBB_HEADER_AUTO || options->encoder};
  ebbi_csv_walk walk = {.path = path, .field = peek_field, .row = peek_row, .user = &p};
  ebb_status status = find(layout, &p, &walk, bytes, size, options);
  for (size_t i = 0; i < p.count; i++) free(p.fields[i]);
  free(p.fields);
  return status;
}
