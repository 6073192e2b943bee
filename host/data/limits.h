/* Size limits on data, for all formats. */
#ifndef EBBI_LIMITS_H
#define EBBI_LIMITS_H

/* Bytes of a file, unpacked: positions are stored in 32 bits. */
#define EBBI_FILE_LIMIT ((size_t)4 << 30)

/* Bytes to which any compressed file may unpack, and the ratio allowed beyond them. */
#define EBBI_UNPACKED_FREELY  ((size_t)256 << 20)
#define EBBI_UNPACKED_AT_MOST 100

enum {
  EBBI_AUTO_CLASSES = 20,      /* up to this many distinct integers in a target are classes */
  EBBI_MAX_CLASSES = 65536,    /* of a target */
  EBBI_MAX_COLUMNS = 1 << 20,  /* of a file, and of its encoded inputs */
  EBBI_MAX_ROWS = 0x7fffffff,  /* row numbers fit in 31 bits, the domain of ebbi_permute */
  EBBI_SPARSE_VALUES = 1 << 29 /* of a file that leaves zeros out, including the zeros */
};

#endif
