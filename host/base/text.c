/* Decimal numbers, independent of the locale and correctly rounded.
 *
 * Nearly all numbers of a data file have at most 19 digits and a small exponent. Such a number is
 * an integer multiplied or divided by a power of ten, which integer arithmetic computes exactly and
 * rounds once. All other numbers go to strtod. It follows the program's locale (with a decimal
 * comma, "0.5" would read as 0), so it is given digits and an exponent without a point.
 */
#include "text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  EXACT_DIGITS = 19,   /* any number with this many digits fits in 64 bits */
  POWERS_OF_FIVE = 28, /* 5^27 < 2^63 */
  POWERS_OF_TEN = 23,  /* 10^22 is an exact double */
  KEPT_DIGITS = 800,   /* half-way points between doubles have at most 767 digits */
  ENDLESS = 1000000    /* beyond this exponent every number is 0 or infinite */
};

static bool is_digit(char c) {
  return (unsigned char)(c - '0') < 10;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

static const uint64_t fives[POWERS_OF_FIVE] = {0x1u,
                                               0x5u,
                                               0x19u,
                                               0x7du,
                                               0x271u,
                                               0xc35u,
                                               0x3d09u,
                                               0x1312du,
                                               0x5f5e1u,
                                               0x1dcd65u,
                                               0x9502f9u,
                                               0x2e90eddu,
                                               0xe8d4a51u,
                                               0x48c27395u,
                                               0x16bcc41e9u,
                                               0x71afd498du,
                                               0x2386f26fc1u,
                                               0xb1a2bc2ec5u,
                                               0x3782dace9d9u,
                                               0x1158e460913du,
                                               0x56bc75e2d631u,
                                               0x1b1ae4d6e2ef5u,
                                               0x878678326eac9u,
                                               0x2a5a058fc295edu,
                                               0xd3c21bcecceda1u,
                                               0x422ca8b0a00a425u,
                                               0x14adf4b7320334b9u,
                                               0x6765c793fa10079du};

/* value · 2^shift without calling ldexp. The result must be a normal number. */
static double shift_double(double value, int shift) {
  uint64_t bits = (uint64_t)(shift + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return value * power;
}

/* digits · 10^exponent for digits > 0 and |exponent| < POWERS_OF_FIVE. At least 62 bits of the
 * quotient or product are kept. The last bit is a sticky bit, set if anything was cut off, so that
 * the conversion to double rounds as the exact value would. Scaling by the remaining power of two
 * is exact. */
static bool scale_exactly(double *out, uint64_t digits, int exponent) {
  uint64_t five = fives[abs(exponent)], kept;
  int shift = exponent;
  if (exponent < 0) {
    int up = __builtin_clzll(digits), wider = __builtin_clzll(five);
    wide dividend = (wide)(digits << up) << 63;
    five <<= wider;
    kept = (uint64_t)(dividend / five);
    kept |= dividend != (wide)kept * five;
    shift += wider - up - 63;
  } else {
    wide product = (wide)digits * five;
    int down = 0;
    for (; product >> down >> 64; down++) {
    }
    kept = (uint64_t)(product >> down) | ((product & (((wide)1 << down) - 1)) != 0);
    shift += down;
  }
  *out = shift_double((double)kept, shift);
  return true;
}
#else
static bool scale_exactly(double *out, uint64_t digits, int exponent) {
  (void)out, (void)digits, (void)exponent;
  return false;
}
#endif

/* Digits and power of ten are exact doubles, so a single operation rounds once (Clinger, "How to
 * read floating point numbers accurately", 1990). */
static bool scale_quickly(double *out, uint64_t digits, int exponent) {
  static const double powers[POWERS_OF_TEN] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits >> 53 || abs(exponent) >= POWERS_OF_TEN) return false;
  *out = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
  return true;
}

/* A mantissa of any length: its digits without leading zeros, and an exponent. Digits beyond the
 * kept ones matter only in that they are not all zero. */
static double scale_slowly(const char *mantissa, size_t length, long long exponent) {
  char text[KEPT_DIGITS + 16];
  size_t count = 0;
  bool point = false, more = false;
  for (size_t i = 0; i < length; i++) {
    if (!is_digit(mantissa[i])) {
      point = true;
      continue;
    }
    exponent -= point;
    if (count == 0 && mantissa[i] == '0') continue;
    if (count < KEPT_DIGITS) {
      text[count++] = mantissa[i];
    } else {
      more |= mantissa[i] != '0';
      exponent++;
    }
  }
  if (more) { /* a sticky digit */
    text[count++] = '1';
    exponent--;
  }
  if (count == 0) text[count++] = '0';
  long long bound = ENDLESS + KEPT_DIGITS;
  if (exponent > bound) exponent = bound;
  if (exponent < -bound) exponent = -bound;
  text[count++] = 'e';
  text[count++] = exponent < 0 ? '-' : '+';
  unsigned long long rest = (unsigned long long)llabs(exponent), unit = 1000000;
  for (; unit > 0; unit /= 10) text[count++] = (char)('0' + rest / unit % 10);
  text[count] = '\0';
  return strtod(text, NULL);
}

/* Reads the digits after the `e`, as far as they matter. */
static bool read_exponent(long long *exponent, const char *text, const char *end) {
  bool negative = text < end && *text == '-';
  if (text < end && (*text == '-' || *text == '+')) text++;
  if (text == end) return false;
  *exponent = 0;
  for (; text < end && is_digit(*text); text++)
    if (*exponent < 1000000000000000) *exponent = 10 * *exponent + (*text - '0');
  if (negative) *exponent = -*exponent;
  return text == end;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Reads eight digits as a single word. Neighbours are combined three times, into numbers of two,
 * four and eight digits. Returns false if any character is not a digit. */
static bool take_eight(uint64_t *digits, const char *text) {
  const uint64_t high = 0xf0f0f0f0f0f0f0f0u, zeros = 0x3030303030303030u;
  uint64_t word;
  memcpy(&word, text, sizeof word);
  if ((word & high) != zeros || ((word + 0x0606060606060606u) & high) != zeros) return false;
  word -= zeros;
  word = word * 10 + (word >> 8);
  uint64_t low = (word & 0x000000ff000000ffu) * 0x000f424000000064u;
  word = (low + (word >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >> 32;
  *digits = *digits * 100000000 + word;
  return true;
}
#else
static bool take_eight(uint64_t *digits, const char *text) {
  (void)digits, (void)text;
  return false;
}
#endif

/* Appends the digits that begin at `text` and returns their end. *digits is right unless there are
 * too many. */
static const char *take_digits(uint64_t *digits, const char *text, const char *end) {
  while (end - text >= 8 && take_eight(digits, text)) text += 8;
  for (; text < end && is_digit(*text); text++) *digits = 10 * *digits + (uint64_t)(*text - '0');
  return text;
}

bool ebbi_parse_number(double *out, const char *text, size_t length, char point) {
  const char *c = text, *end = text + length;
  uint64_t digits = 0;
  bool negative = c < end && *c == '-';
  if (c < end && (*c == '-' || *c == '+')) c++;
  const char *mantissa = c;
  c = take_digits(&digits, c, end);
  size_t count = (size_t)(c - mantissa), decimals = 0;
  if (c < end && *c == point) {
    const char *fraction = ++c;
    c = take_digits(&digits, c, end);
    decimals = (size_t)(c - fraction);
  }
  count += decimals;
  if (count == 0) return false;
  size_t used = (size_t)(c - mantissa);
  long long power = 0;
  if (c < end && ((*c | 0x20) != 'e' || !read_exponent(&power, c + 1, end))) return false;
  double value = 0;
  bool fits = count <= EXACT_DIGITS && digits > 0 && llabs(power) < POWERS_OF_FIVE;
  int exponent = fits ? (int)power - (int)decimals : POWERS_OF_FIVE;
  bool zero = count <= EXACT_DIGITS && digits == 0; /* the commonest number in many files */
  bool done =
      zero ||
      (fits && (scale_quickly(&value, digits, exponent) ||
                (abs(exponent) < POWERS_OF_FIVE && scale_exactly(&value, digits, exponent))));
  if (!done) value = scale_slowly(mantissa, used, power);
  *out = negative ? -value : value;
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool ebbi_parse_word(double *out, const char *text, size_t length) {
  static const struct {
    const char *word;
    double value;
  } words[] = {{"inf", INFINITY}, {"infinity", INFINITY}, {"nan", NAN}};
  bool sign = length > 0 && (*text == '-' || *text == '+');
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strlen(words[i].word) != length - sign) continue;
    if (strncasecmp(text + sign, words[i].word, length - sign) != 0) continue;
    *out = sign && *text == '-' ? -words[i].value : words[i].value;
    return true;
  }
  return false;
}

bool ebbi_parse_double(double *out, const char *text) {
  while (is_blank(*text)) text++;
  size_t length = strlen(text);
  while (length > 0 && is_blank(text[length - 1])) length--;
  return ebbi_parse_number(out, text, length, '.') || ebbi_parse_word(out, text, length);
}

size_t ebbi_utf8_character(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  if (c[0] < 0x80) return c[0] != 0;
  size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
  if (c[0] < 0xc2 || c[0] > 0xf4) return 0;
  if (c[0] == 0xe0 && c[1] < 0xa0) return 0;
  if (c[0] == 0xed && c[1] > 0x9f) return 0;
  if (c[0] == 0xf0 && c[1] < 0x90) return 0;
  if (c[0] == 0xf4 && c[1] > 0x8f) return 0;
  for (size_t i = 1; i < length; i++)
    if ((c[i] & 0xc0) != 0x80) return 0;
  return length;
}

/* Any 15 digits survive a double, any double 17 digits. The locale's point may be several bytes. */
const char *ebbi_number_text(char out[EBBI_NUMBER_TEXT], double value) {
  double back = NAN;
  for (int digits = 15; digits <= 17 && back != value; digits++) {
    snprintf(out, EBBI_NUMBER_TEXT, "%.*g", digits, value);
    char *point = out + strspn(out, "+-0123456789einfa");
    if (*point != '\0') {
      char *rest = point + strcspn(point, "0123456789");
      *point = '.';
      memmove(point + 1, rest, strlen(rest) + 1);
    }
    ebbi_parse_double(&back, out);
  }
  return out;
}
