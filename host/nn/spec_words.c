/* Words and signs of spec texts: which kind a word means, and which bytes cannot stand in a text.
 *
 * Letters and digits are recognised by fixed sets, because isalpha() depends on the program's
 * locale.
 */
#include "nn/spec_words.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

int ebbi_spec_shown(size_t length) {
  return length < EBBI_SHOWN ? (int)length : EBBI_SHOWN;
}

const ebbi_kind *ebbi_kind_of_word(ebb_kind *number, const char *word, size_t length) {
  const ebbi_kind *found = NULL;
  size_t most = 0;
  for (int i = 0; i < EBB_KIND_COUNT; i++) {
    const ebbi_kind *kind = ebbi_kind_of((ebb_kind)i);
    size_t own = kind->word ? strlen(kind->word) : 0;
    bool whole = own == length, begins = kind->takes && own > most && own < length;
    if ((!whole && !begins) || memcmp(kind->word ? kind->word : "", word, own) != 0) continue;
    *number = (ebb_kind)i;
    if (whole) return kind;
    found = kind;
    most = own;
  }
  return found;
}

bool ebbi_spec_propose(char *proposal, size_t size, const char *text, bool has_input,
                       bool has_output) {
  size_t used = 0;
  if (text[strspn(text, EBBI_DIGITS " ,;x-[]()")] != '\0') return false;
  for (text += strcspn(text, EBBI_DIGITS); *text != '\0' && used + EBBI_SHOWN < size;) {
    size_t digits = strspn(text, EBBI_DIGITS), next = digits + strcspn(text + digits, EBBI_DIGITS);
    bool bare = (has_input && used == 0) || (has_output && text[next] == '\0');
    used += (size_t)snprintf(proposal + used, size - used, "%s%.*s%s", used ? "-" : "",
                             ebbi_spec_shown(digits), text, bare ? "" : "relu");
    text += next;
  }
  return used > 0 && *text == '\0';
}

ebb_status ebbi_spec_stray_byte(const char *text, size_t at) {
  char shown_byte[8], proposal[4 * EBBI_SHOWN];
  unsigned char byte = (unsigned char)text[at];
  size_t column = at + 1;
  bool sizes_alone = ebbi_spec_propose(proposal, sizeof proposal, text, false, false);
  REQUIRE(byte != ')' || sizes_alone, EBB_ERR_ARGUMENT,
          "spec:1:%zu: unexpected ')'; no '(' before it is open", column);
  if (!sizes_alone) snprintf(proposal, sizeof proposal, "64-32relu-10");
  snprintf(shown_byte, sizeof shown_byte, byte > ' ' && byte < 127 ? "'%c'" : "0x%02x", byte);
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: unexpected %s; write sizes joined by a plain '-', without blanks, "
                   "hidden ones with their activation: %s",
                   column, shown_byte, proposal);
}

/* Whether a '(' stands behind the name of an activation: it holds a parameter or a formula, in an
 * item that begins at `begin`. */
static bool holds_no_layers(const char *begin, size_t length) {
  ebb_kind number;
  size_t size = strspn(begin, EBBI_DIGITS), name = strspn(begin + size, EBBI_LETTERS "_");
  if (name == 0 || !strchr(EBBI_DIGITS EBBI_LETTERS "_", begin[length - 1])) return false;
  const ebbi_kind *kind = size > 0 ? NULL : ebbi_kind_of_word(&number, begin, length);
  return size > 0 || (kind && kind->inputs == 1);
}

size_t ebbi_spec_find_stray(const char *text) {
  size_t at = 0, depth = 0, item = 0;
  for (; text[at] != '\0'; at++) {
    bool opens = text[at] == '(' && at > item;
    if (opens && holds_no_layers(text + item, at - item)) {
      size_t inside = ebbi_spec_parenthesis(text + at);
      if (inside == 0) return strlen(text);
      at += inside - 1;
      continue;
    }
    if (text[at] == '-' || text[at] == '(') item = at + 1;
    if (opens && strchr(EBBI_LETTERS, text[at - 1]))
      depth++;
    else if (text[at] == ')' && depth > 0)
      depth--;
    else if (!strchr(EBBI_DIGITS EBBI_LETTERS "_.-:", text[at]))
      break;
  }
  return at;
}
