"""The frame of a C file."""

FILE = """/* A model that Espalier trained, as one C99 file without allocation.

{about}

   A missing number is NAN, a missing string "" or NULL. Dates are seconds since 1970-01-01 00:00
   on the clock of the column. The label is a place in `labels`. Compile with -std=c99 and -lm.
   `memory` may be used for the next row, but not by two threads at once. */

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MEMORY_BYTES {n_bytes}

const char *const labels[] = {{{labels}}};
{body}
/* Answer one row. `memory` is aligned like a double and has MEMORY_BYTES bytes. */
void predict(const double *numbers, const char *const *strings, double *const *outputs,
             void *memory) {{
  evaluate(numbers, strings, outputs, (unsigned char *)memory);
}}
"""
