/* Texts from files on a terminal: names of columns, classes and tensors, metadata, and messages
 * about them. A file may contain anything and must not steer the terminal, so everything that is
 * not a visible character becomes '?': control characters of ASCII; those of Latin-1, which
 * terminals obey as UTF-8 too; characters that change the writing direction and make a text read as
 * another; line separators; and invalid UTF-8.
 */
#include "plain.h"

#include "output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The text's first character; *size is its length in bytes. Returns 0 with size 1 if it is not
 * valid UTF-8. */
static unsigned long first_character(const char *text, size_t *size) {
  const unsigned char *byte = (const unsigned char *)text;
  static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t count = *byte < 0x80 ? 1 : *byte >= 0xf0 ? 4 : *byte >= 0xe0 ? 3 : 2;
  unsigned long character = *byte < 0x80 ? *byte : *byte & (0x7fUL >> count);
  *size = 1;
  if (*byte >= 0x80 && (*byte < 0xc2 || *byte > 0xf4)) return 0;
  for (size_t i = 1; i < count; i++) {
    if ((byte[i] & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte[i] & 0x3f);
  }
  bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < least[count] || character > 0x10ffff || surrogate) return 0;
  *size = count;
  return character;
}

bool is_plain(const char *text, size_t *size, unsigned *code) {
  static const unsigned long steering[][2] = {
      {0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
  unsigned long character = first_character(text, size);
  *code = (unsigned)character;
  for (size_t i = 0; i < sizeof steering / sizeof *steering; i++)
    if (character >= steering[i][0] && character <= steering[i][1]) return false;
  return true;
}

/* The length of the text before the first character that is not plain, whose size in bytes is *size
 * (0 at the end of the text). Covers at most `most` characters, and returns their number in it. */
static size_t plain_run(const char *text, size_t *most, size_t *size) {
  const char *at = text;
  size_t count = 0;
  unsigned code;
  *size = 0;
  for (; *at && count < *most; at += *size, count++)
    if (!is_plain(at, size, &code)) break;
  if (!*at || count == *most) *size = 0;
  *most = count;
  return (size_t)(at - text);
}

/* Writes a text's first characters and returns the rest. Writes runs: stderr has no buffer. */
static const char *print_first(FILE *stream, const char *text, size_t count) {
  while (*text && count > 0) {
    size_t size, run = count, length = plain_run(text, &run, &size);
    fwrite(text, 1, length, stream);
    if (size > 0) fputc('?', stream);
    text += length + size;
    count -= run + (size > 0);
  }
  return text;
}

static size_t characters_before(const char *text, const char *end) {
  size_t count = 0, size;
  unsigned code;
  for (; text < end; text += size, count++) (void)is_plain(text, &size, &code);
  return count;
}

size_t characters(const char *text) {
  return characters_before(text, text + strlen(text));
}

void print_plain(FILE *stream, const char *text) {
  (void)print_first(stream, text, SIZE_MAX);
}

void print_name(FILE *stream, const char *name, size_t width, bool left) {
  size_t length = characters(name), kept = length > width ? width - 2 : length;
  size_t blanks = length > width ? 0 : width - length;
  if (!left) fprintf(stream, "%*s", (int)blanks, "");
  name = print_first(stream, name, kept);
  if (*name) fputs("..", stream);
  if (left) fprintf(stream, "%*s", (int)blanks, "");
}

static void print_formatted(FILE *stream, const char *format, va_list arguments,
                            void (*print)(FILE *stream, const char *text)) {
  char few[1024], *text = few;
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(few, sizeof few, format, arguments);
  char *more = length < (int)sizeof few ? NULL : malloc((size_t)length + 1);
  if (more) {
    vsnprintf(more, (size_t)length + 1, format, again);
    text = more;
  }
  va_end(again);
  print(stream, text);
  free(more);
}

void print_text_list(FILE *stream, const char *format, va_list arguments) {
  print_formatted(stream, format, arguments, print_plain);
}

static void print_lines(FILE *stream, const char *text) {
  for (size_t length; *text; text += length) {
    length = strcspn(text, "\n");
    (void)print_first(stream, text, characters_before(text, text + length));
    if (!text[length]) break;
    fputs("\n     ", stream);
    length++;
  }
}

void print_lines_list(FILE *stream, const char *format, va_list arguments) {
  print_formatted(stream, format, arguments, print_lines);
}

void print_text(FILE *stream, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_text_list(stream, format, arguments);
  va_end(arguments);
}

void say_bad(const char *word, const char *format, ...) {
  printf("%s%s%s", color_bad(stdout), word, color_off(stdout));
  va_list arguments;
  va_start(arguments, format);
  print_text_list(stdout, format, arguments);
  va_end(arguments);
  putchar('\n');
}

void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_text_list(stdout, format, arguments);
  va_end(arguments);
  putchar('\n');
}

void shell_word(FILE *stream, const char *word) {
  bool plain_word = *word && !strpbrk(word, " \t\r\n\"'$&();<>|*?~#\\`[]{}!^=");
  const char *quote = plain_word ? "" : "'";
  fputs(quote, stream);
  for (const char *next = strchr(word, '\''); next; next = strchr(word, '\'')) {
    (void)print_first(stream, word, characters_before(word, next));
    fputs("'\\''", stream);
    word = next + 1;
  }
  print_plain(stream, word);
  fputs(quote, stream);
}
