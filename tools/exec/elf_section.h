/*
 * elf_section - the bytes of a named section of a binary or library
 */
#ifndef UP_TOOLS_EXEC_ELF_SECTION_H
#define UP_TOOLS_EXEC_ELF_SECTION_H

#include <glib.h>

/** NULL for a file that is not 64-bit ELF or has no such section. The caller owns the result. */
GBytes *up_elf_section(const char *path, const char *name);

#endif
