/* The start of a text table, and its delimiter.
 *
 * The delimiter is the character that gives nearly all of the first rows the same number of fields,
 * more than one; if several do, the one that gives the most. The first line alone would mislead: it
 * is a header, and header texts contain blanks and commas. Runs of blanks are chosen only if
 * nothing else delimits, since every text has blanks, or if the only other candidate is the single
 * tab in each row of an aligned table.
 */
#include "csv_dialect.h"

#include "base/error.h"
#include "decimal.h"
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum { ROWS = 50 };

static const char candidates[] = ",;\t| ";
enum { COMMA, SEMICOLON, TAB, BAR, BLANKS, CANDIDATES };

/* The first rows as seen with one delimiter. */
typedef struct trial {
  size_t widths[ROWS], rows;
  size_t width, alike;         /* the commonest number of fields, and how many rows have it */
  size_t numbers;              /* numeric fields below the first row */
  size_t commas, other_commas; /* fields that are numbers with a decimal comma; other fields with a
                                * comma */
  bool lists;                  /* a field below the first row contains blanks */
  bool parted;                 /* and each time the blanks separate numbers or come in runs */
} trial;

/* Numbers or missing values separated by blanks: part of a row of a blank-separated table. */
static bool is_list_of_numbers(ebbi_span field, const ebbi_na *na, char decimal) {
  while (field.length > 0) {
    double value;
    ebbi_span piece = {.text = field.text};
    while (piece.length < field.length && field.text[piece.length] != ' ') piece.length++;
    if (!ebbi_decimal_read(&value, piece, decimal) && !ebbi_na_has(na, piece)) return false;
    field.text += piece.length;
    field.length -= piece.length;
    field = ebbi_span_trim(field);
  }
  return true;
}

/* One comma between two digits, also in a number with a currency or a unit. */
static bool has_decimal_comma(ebbi_span field) {
  const char *comma = memchr(field.text, ',', field.length), *end = field.text + field.length;
  return comma > field.text && comma + 1 < end && isdigit((unsigned char)comma[-1]) &&
         isdigit((unsigned char)comma[1]) && !memchr(comma + 1, ',', (size_t)(end - comma - 1));
}

/* Blanks as between columns, not as between words. */
static bool has_run_of_blanks(ebbi_span field) {
  for (size_t i = 1; i < field.length; i++)
    if (field.text[i] == ' ' && field.text[i - 1] == ' ') return true;
  return false;
}

static void try_field(trial *t, ebbi_span field, const ebbi_na *na, char decimal) {
  double value;
  if (memchr(field.text, ',', field.length)) {
    bool number = ebbi_comma_of(field) != EBBI_COMMA_NONE || has_decimal_comma(field);
    t->commas += number;
    t->other_commas += !number;
  }
  if (t->rows == 0) return;
  t->numbers += ebbi_decimal_read(&value, field, decimal) || ebbi_comma_of(field);
  if (!field.quoted && memchr(field.text, ' ', field.length)) {
    bool parts = is_list_of_numbers(field, na, decimal) || has_run_of_blanks(field);
    t->parted = (t->parted || !t->lists) && parts;
    t->lists = true;
  }
}

/* Reads the first rows, up to one that cannot be read. */
static void try_delimiter(trial *t, ebbi_csv_scan *scan, const ebbi_csv_dialect *dialect,
                          char delimiter, const ebbi_na *na, char decimal) {
  *t = (trial){0};
  ebbi_csv_scan_begin(scan, scan->path, dialect->text, dialect->line, delimiter);
  while (t->rows < ROWS && ebbi_csv_scan_try(scan)) {
    for (size_t i = 0; i < scan->count; i++) try_field(t, scan->fields[i], na, decimal);
    t->widths[t->rows++] = scan->count;
  }
  for (size_t i = 0; i < t->rows; i++) {
    size_t alike = 0;
    for (size_t j = 0; j < t->rows; j++) alike += t->widths[j] == t->widths[i];
    if (alike < t->alike || (alike == t->alike && t->widths[i] < t->width)) continue;
    t->alike = alike;
    t->width = t->widths[i];
  }
}

/* At least nine of ten rows have the common width; of fewer than ten rows, all do. */
static bool is_good(const trial *t) {
  return t->width > 1 && 10 * t->alike >= 9 * t->rows;
}

static bool is_better(const trial *a, const trial *b) {
  if (a->width < 2 || b->width < 2) return a->width > 1 && b->width < 2;
  if (is_good(a) != is_good(b)) return is_good(a);
  if (is_good(a) && a->width != b->width) return a->width > b->width;
  return a->alike * b->rows > b->alike * a->rows;
}

/* A table aligned by blanks with, say, a tab before its last column: split at tabs, its fields are
 * lists; split at blanks as well, all rows have more fields. */
static bool is_aligned(const trial *tab, const trial *blanks) {
  return tab->lists && tab->parted && is_good(blanks) && blanks->width > tab->width;
}

/* With the other delimiter, commas occur only inside numbers. */
static bool explains_commas(const trial *other) {
  return is_good(other) && other->commas > other->other_commas;
}

static size_t best_of(const trial trials[CANDIDATES], char decimal) {
  size_t best = SEMICOLON;
  bool comma = decimal != ',';
  for (size_t i = SEMICOLON; i < CANDIDATES; i++) comma = comma && !explains_commas(&trials[i]);
  for (size_t i = TAB; i < BLANKS; i++)
    if (is_better(&trials[i], &trials[best])) best = i;
  if (comma && !is_better(&trials[best], &trials[COMMA])) best = COMMA;
  const trial *blanks = &trials[BLANKS], *t = &trials[best];
  if (best == TAB && is_aligned(t, blanks)) return BLANKS;
  bool poor = t->width < 2 || 2 * t->alike < t->rows;
  bool table = blanks->width > 1 && 2 * blanks->alike >= blanks->rows &&
               (blanks->numbers >= blanks->rows - 1 || blanks->rows == 1);
  return poor && table ? BLANKS : best;
}

/* If no delimiter splits the rows evenly: the most frequent one in the first line. */
static char most_frequent(const char *line, char decimal) {
  size_t counts[CANDIDATES] = {0}, best = decimal == ',' ? SEMICOLON : COMMA;
  for (; *line != '\0' && *line != '\n' && *line != '\r'; line++) {
    const char *candidate = strchr(candidates, *line);
    if (candidate) counts[candidate - candidates]++;
  }
  for (size_t i = SEMICOLON; i < BLANKS; i++)
    if (counts[i] > counts[best]) best = i;
  return candidates[best];
}

static size_t find_delimiter(ebbi_csv_dialect *dialect, ebbi_csv_scan *scan, const ebbi_na *na,
                             char decimal) {
  trial trials[CANDIDATES];
  size_t width;
  if (dialect->delimiter != '\0') {
    try_delimiter(&trials[0], scan, dialect, dialect->delimiter, na, decimal);
    return trials[0].width;
  }
  for (size_t i = 0; i < CANDIDATES; i++)
    try_delimiter(&trials[i], scan, dialect, candidates[i], na, decimal);
  size_t best = best_of(trials, decimal);
  width = trials[best].width;
  dialect->delimiter = width > 1 ? candidates[best] : most_frequent(dialect->text, decimal);
  return width;
}

static const char *line_end(const char *text) {
  return text + strcspn(text, "\r\n");
}

static const char *next_line(const char *text) {
  text = line_end(text);
  return text + (*text != '\0') + (text[0] == '\r' && text[1] == '\n');
}

static bool can_delimit(char c) {
  return !isalnum((unsigned char)c) && !strchr("\"\r\n.+-", c);
}

/* A first line `sep=;`, as spreadsheets read and write it. */
static void take_sep(ebbi_csv_dialect *dialect) {
  const char *text = dialect->text, *end = line_end(text);
  bool quoted = *text == '"' && end > text && end[-1] == '"';
  text += quoted;
  end -= quoted;
  if (end - text != 5 || strncasecmp(text, "sep=", 4) != 0 || !can_delimit(text[4])) return;
  if (dialect->delimiter == '\0') dialect->delimiter = text[4];
  dialect->text = next_line(dialect->text);
  dialect->line++;
}

/* A line that begins with #, except when it begins with a missing value such as #N/A. */
static bool is_comment(const char *line, const ebbi_na *na) {
  if (*line != '#') return false;
  for (size_t i = 0; i < na->texts.count; i++) {
    size_t length = strlen(na->texts.items[i]);
    if (strncmp(line, na->texts.items[i], length) == 0 && !isalnum((unsigned char)line[length]))
      return false;
  }
  return true;
}

static size_t count_fields(ebbi_csv_scan *scan, const char *text, size_t line, char delimiter) {
  ebbi_csv_scan_begin(scan, scan->path, text, line, delimiter);
  return ebbi_csv_scan_try(scan) ? scan->count : 0;
}

static const char *behind_mark(const char *comment) {
  comment += strspn(comment, "#");
  return comment + strspn(comment, " ");
}

/* Skips lines above the table that begin with #. If all lines do, or several of them have as many
 * fields as the rows, they are rows. The last comment may be a header. */
static void take_comments(ebbi_csv_dialect *dialect, ebbi_csv_scan *scan, const ebbi_na *na,
                          char decimal) {
  const ebbi_csv_dialect before = *dialect;
  const char *last = NULL;
  for (; *dialect->text != '\0'; dialect->text = next_line(dialect->text), dialect->line++) {
    const char *line = dialect->text;
    if (is_comment(line, na)) {
      last = line;
      dialect->note_line = dialect->line;
      dialect->comments++;
    } else if (line + strspn(line, " \t") != line_end(line)) {
      break;
    }
  }
  size_t width = *dialect->text != '\0' ? find_delimiter(dialect, scan, na, decimal) : 0, rows = 0;
  for (const char *line = before.text; line < dialect->text; line = next_line(line))
    rows += is_comment(line, na) && count_fields(scan, line, 1, dialect->delimiter) == width;
  if (width == 0 || (width > 1 && rows > 1 && rows == dialect->comments)) {
    *dialect = before;
    find_delimiter(dialect, scan, na, decimal);
  } else if (last && width > 1) {
    size_t fields = count_fields(scan, behind_mark(last), 1, dialect->delimiter);
    if (fields == width) dialect->note = behind_mark(last);
  }
}

ebb_status ebbi_csv_dialect_find(ebbi_csv_dialect *dialect, const char *path, const char *text,
                                 const ebbi_na *na, const ebb_read_options *options) {
  char asked = options->delimiter;
  REQUIRE(asked == '\0' || can_delimit(asked), EBB_ERR_ARGUMENT,
          "data: a letter, digit, sign, point or quote cannot be the delimiter");
  *dialect = (ebbi_csv_dialect){.delimiter = asked, .text = text, .line = 1};
  ebbi_csv_scan scan = {.path = path};
  take_sep(dialect);
  take_comments(dialect, &scan, na, options->decimal);
  ebb_status status = scan.try_status;
  ebbi_csv_scan_free(&scan);
  return status;
}
