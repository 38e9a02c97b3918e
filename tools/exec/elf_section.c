/*
 * elf_section - bounds-checked, since the file may be any
 */
#include "tools/exec/elf_section.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool fits(gsize size, uint64_t offset, uint64_t bytes)
{
        return offset <= size && bytes <= size - offset;
}

GBytes *up_elf_section(const char *path, const char *name)
{
        g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
        gsize size = file != NULL ? g_mapped_file_get_length(file) : 0;
        const char *data = size > 0 ? g_mapped_file_get_contents(file) : NULL;
        const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)data;

        if (size < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
            head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(Elf64_Shdr) ||
            head->e_shoff % _Alignof(Elf64_Shdr) != 0 ||
            !fits(size, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr)) ||
            head->e_shstrndx >= head->e_shnum)
                return NULL;
        const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(data + head->e_shoff);
        const Elf64_Shdr *names = &sections[head->e_shstrndx];
        for (unsigned i = 0; i < head->e_shnum && fits(size, names->sh_offset, names->sh_size); i++)
                if (fits(names->sh_size, sections[i].sh_name, strlen(name) + 1) &&
                    strcmp(data + names->sh_offset + sections[i].sh_name, name) == 0 &&
                    fits(size, sections[i].sh_offset, sections[i].sh_size))
                        return g_bytes_new(data + sections[i].sh_offset, sections[i].sh_size);
        return NULL;
}
