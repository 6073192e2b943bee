/* Values of options. Numbers are read completely or not at all, and an error says what is allowed.
 *
 * Sizes are powers of 1024, as with ulimit, systemd and docker. The units of a duration go from the
 * longest to the shortest, so no unit occurs twice.
 */
#include "option_values.h"

#include <ebb/ebb.h>
#include <ebb/tool.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_whole(uint64_t *out, const char *text) {
  char *end;
  if (!isdigit((unsigned char)*text)) return false;
  errno = 0;
  *out = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0' && *out <= INT64_MAX; /* JSON has no larger integers */
}

/* The tool never leaves the "C" locale, so strtod expects a point. */
static bool parse_number(double *out, const char *text) {
  char *end;
  if (strspn(text, "+-.0123456789eE") != strlen(text)) return false;
  *out = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*out);
}

/* Reads a number without sign or exponent, and the unit after it. */
static bool parse_amount(double *out, const char **unit, const char *text) {
  char digits[32];
  size_t length = strspn(text, ".0123456789");
  if (length == 0 || length >= sizeof digits) return false;
  memcpy(digits, text, length);
  digits[length] = '\0';
  *unit = text + length;
  return parse_number(out, digits);
}

static bool parse_duration(double *seconds, const char *text) {
  static const char units[] = "dhms";
  static const double lengths[] = {86400, 3600, 60, 1};
  const char *unit, *allowed = units;
  double amount;
  *seconds = 0;
  if (parse_number(seconds, text)) return !strpbrk(text, "+-eE");
  for (; *text; text = unit + 1) {
    if (!parse_amount(&amount, &unit, text) || !*unit) return false;
    const char *found = strchr(allowed, *unit);
    if (!found) return false;
    *seconds += amount * lengths[found - units];
    allowed = found + 1;
  }
  return allowed != units;
}

static bool parse_size(double *bytes, const char *text) {
  static const char units[] = "KMGT";
  const char *unit;
  if (!parse_amount(bytes, &unit, text)) return false;
  if (!*unit) return true;
  const char *found = strchr(units, toupper((unsigned char)*unit));
  if (!found) return false;
  *bytes *= pow(1024, (double)(found - units + 1));
  return !unit[1] || strcmp(unit + 1, "B") == 0 || strcmp(unit + 1, "iB") == 0;
}

static bool parse_interval(interval *out, const char *text) {
  double amount;
  const char *unit;
  *out = (interval){0};
  if (!parse_amount(&amount, &unit, text)) return false;
  bool whole = amount >= 1 && amount <= INT32_MAX && amount == floor(amount);
  if (strcmp(unit, "steps") == 0 || strcmp(unit, "step") == 0)
    out->steps = whole ? (uint64_t)amount : 0;
  else if (strcmp(unit, "epochs") == 0 || strcmp(unit, "epoch") == 0)
    out->epochs = whole ? (size_t)amount : 0;
  else if (!parse_duration(&out->seconds, text))
    return false;
  return out->steps > 0 || out->epochs > 0 || out->seconds > 0;
}

/* 0 is a length. */
static bool parse_length(interval *out, const char *text) {
  uint64_t whole;
  *out = (interval){0};
  if (!parse_whole(&whole, text)) return parse_interval(out, text) && !(out->seconds > 0);
  out->steps = whole;
  return true;
}

static bool convert_choice(int *out, const option_row *row, const char *text, char *allowed,
                           size_t size) {
  const char *const *choices = row->choices;
  size_t count = 0, used = (size_t)snprintf(allowed, size, "one of ");
  for (; choices[count] && used < size; count++) {
    if (strcmp(text, choices[count]) == 0) {
      *out = (int)count;
      return true;
    }
    used +=
        (size_t)snprintf(allowed + used, size - used, "%s%s", count ? ", " : "", choices[count]);
  }
  const char *near = ebb_suggest(text, choices, count);
  if (near && used < size) snprintf(allowed + used, size - used, "; did you mean %s?", near);
  return false;
}

static bool convert_count(size_t *out, const option_row *row, const char *text, char *allowed,
                          size_t size) {
  uint64_t value;
  snprintf(allowed, size, "a whole number from %.0f to %.0f", row->min, row->max);
  if (!parse_whole(&value, text) || value < (uint64_t)row->min || value > (uint64_t)row->max)
    return false;
  *out = (size_t)value;
  return true;
}

static bool convert_number(double *out, const option_row *row, const char *text, char *allowed,
                           size_t size) {
  snprintf(allowed, size, "a number from %g to %g", row->min, row->max);
  return parse_number(out, text) && *out >= row->min && *out <= row->max;
}

static bool convert_duration(double *out, const option_row *row, const char *text, char *allowed,
                             size_t size) {
  snprintf(allowed, size,
           "a duration from %g to %.10g seconds, such as 90, 90s, 30m, 2h, 1h30m or 1d", row->min,
           row->max);
  return parse_duration(out, text) && *out >= row->min && *out <= row->max;
}

static bool convert_size(uint64_t *out, const option_row *row, const char *text, char *allowed,
                         size_t size) {
  double bytes;
  snprintf(allowed, size,
           "a size from %.0f to %.0f bytes, such as 500M, 2G or 1.5G, of powers of 1024", row->min,
           row->max);
  if (!parse_size(&bytes, text) || bytes < row->min || bytes > row->max) return false;
  *out = (uint64_t)bytes;
  return true;
}

/* A choice, or a loss with parameters. */
static bool convert_loss(ebb_loss *out, const option_row *row, const char *text, char *allowed,
                         size_t size) {
  int choice;
  if (strchr(text, '(')) {
    bool good = ebb_loss_parse(out, text) == EBB_OK;
    if (!good) snprintf(allowed, size, "a loss: %s", ebb_error_message());
    return good;
  }
  if (!convert_choice(&choice, row, text, allowed, size)) return false;
  *out = choice > 0 ? ebb_loss_default((ebb_loss_kind)(choice - 1))
                    : (ebb_loss){.kind = EBB_LOSS_COUNT};
  return true;
}

/* A choice, or one with parameters; an epoch's steps are not known yet. */
static bool convert_schedule(const char **out, const option_row *row, const char *text,
                             char *allowed, size_t size) {
  int choice;
  ebb_schedule schedule;
  ebb_schedule_shape shape;
  *out = text;
  if (!strchr(text, '(')) return convert_choice(&choice, row, text, allowed, size);
  bool good = ebb_schedule_parse(&schedule, &shape, text, 1) == EBB_OK;
  if (!good) snprintf(allowed, size, "a schedule: %s", ebb_error_message());
  return good;
}

static bool convert_flag(bool *out, const char *text, char *allowed, size_t size) {
  snprintf(allowed, size, "one of 1, 0, true, false");
  *out = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
  return *out || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool convert_character(char *out, const char *text, char *allowed, size_t size) {
  snprintf(allowed, size, "one character that no number has, such as ; or | or tab");
  if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
  *out = text[0];
  bool numeric = isalnum((unsigned char)text[0]) || strchr("\"+-.\r\n", text[0]);
  return strlen(text) == 1 && !numeric && (unsigned char)text[0] <= 0x7e;
}

bool option_convert(void *member, const option_row *row, const char *text, char *allowed,
                    size_t size) {
  switch (row->kind) {
  case KIND_FLAG:
    return convert_flag(member, text, allowed, size);
  case KIND_CHOICE:
    return convert_choice(member, row, text, allowed, size);
  case KIND_LOSS:
    return convert_loss(member, row, text, allowed, size);
  case KIND_SCHEDULE:
    return convert_schedule(member, row, text, allowed, size);
  case KIND_COUNT:
    return convert_count(member, row, text, allowed, size);
  case KIND_NUMBER:
    return convert_number(member, row, text, allowed, size);
  case KIND_CHARACTER:
    return convert_character(member, text, allowed, size);
  case KIND_DURATION:
    return convert_duration(member, row, text, allowed, size);
  case KIND_SIZE:
    return convert_size(member, row, text, allowed, size);
  case KIND_INTERVAL:
    snprintf(allowed, size,
             "a duration such as 30s or 5m, or a number of steps or epochs such as 1000steps or "
             "2epochs");
    return parse_interval(member, text);
  case KIND_LENGTH:
    snprintf(allowed, size, "a number of steps or epochs, such as 1000, 1000steps or 2epochs");
    return parse_length(member, text);
  case KIND_SEED:
    snprintf(allowed, size, "a whole number from 0 to 9223372036854775807");
    return parse_whole(member, text);
  case KIND_WORD:
  case KIND_LIST:
  case KIND_TEXT:
    break;
  }
  *(const char **)member = text;
  snprintf(allowed, size, "a value: it is empty");
  return *text || row->kind == KIND_TEXT;
}

void option_clear(void *member, const option_row *row) {
  if (row->kind == KIND_NUMBER || row->kind == KIND_DURATION) *(double *)member = NAN;
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

bool option_equal(const void *a, const void *b, const option_row *row) {
  static const size_t sizes[] = {
      [KIND_FLAG] = sizeof(bool),         [KIND_CHOICE] = sizeof(int),
      [KIND_COUNT] = sizeof(size_t),      [KIND_SEED] = sizeof(uint64_t),
      [KIND_NUMBER] = sizeof(double),     [KIND_CHARACTER] = sizeof(char),
      [KIND_DURATION] = sizeof(double),   [KIND_SIZE] = sizeof(uint64_t),
      [KIND_INTERVAL] = sizeof(interval), [KIND_LENGTH] = sizeof(interval),
      [KIND_LOSS] = sizeof(ebb_loss),
  };
  bool text = row->kind == KIND_TEXT || row->kind == KIND_WORD || row->kind == KIND_LIST ||
              row->kind == KIND_SCHEDULE;
  if (text) return same_text(*(const char *const *)a, *(const char *const *)b);
  return memcmp(a, b, sizes[row->kind]) == 0;
}
