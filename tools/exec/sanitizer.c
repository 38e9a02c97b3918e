/*
 * sanitizer - headline, frames, signature
 *
 * A report begins with a headline, "==123==ERROR: AddressSanitizer: heap-use-after-free on …" or
 * "file.c:1:2: runtime error: …", and its first run of frames is the stack of the fault; the stacks
 * that follow (where it was freed, allocated) are ignored. Lines are matched at their beginning
 * only, so that no text of a message passes for a report.
 *
 * An allocation that is too large is unwound fast, by frame pointers, which ends in the first
 * library without them. There the target printed the whole stack before the report.
 */
#include "tools/exec/sanitizer.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "target/leaks.h"
#include "tools/exec/elf_section.h"

#define SIGNATURE_FRAMES 3
#define LONGEST_CYCLE    3

/* What follows "AddressSanitizer: " and the like. What is in no row is a crash named by its word.
 */
struct kind {
        const char *begins;
        const char *name; /* in signatures */
        enum up_class class;
        const char *what;
};

#define TOO_LARGE "hard rss limit exhausted"

static const struct kind kinds[] = {
        /* AddressSanitizer */
        { "heap-use-after-free", "heap-use-after-free", UP_CLASS_CRASH,
            "memory was used after it was freed" },
        { "heap-buffer-overflow", "heap-buffer-overflow", UP_CLASS_CRASH,
            "an access outside a heap block" },
        { "stack-buffer-overflow", "stack-buffer-overflow", UP_CLASS_CRASH,
            "an access beyond a local array" },
        { "stack-buffer-underflow", "stack-buffer-underflow", UP_CLASS_CRASH,
            "an access before a local array" },
        { "dynamic-stack-buffer-overflow", "dynamic-stack-buffer-overflow", UP_CLASS_CRASH,
            "an access outside an alloca or a variable-length array" },
        { "global-buffer-overflow", "global-buffer-overflow", UP_CLASS_CRASH,
            "an access outside a static array" },
        { "stack-use-after-return", "stack-use-after-return", UP_CLASS_CRASH,
            "a local variable was used after its function had returned" },
        { "stack-use-after-scope", "stack-use-after-scope", UP_CLASS_CRASH,
            "a local variable was used outside its block" },
        { "stack-overflow", "stack-overflow", UP_CLASS_CRASH, "recursion ate the whole stack" },
        { "use-after-poison", "use-after-poison", UP_CLASS_CRASH,
            "memory was used that its allocator had put away" },
        { "attempting double-free", "double-free", UP_CLASS_CRASH, "memory was freed twice" },
        { "attempting free on address", "bad-free", UP_CLASS_CRASH,
            "something was freed that was never allocated" },
        { "alloc-dealloc-mismatch", "alloc-dealloc-mismatch", UP_CLASS_CRASH,
            "memory was freed by another allocator than its own" },
        { "memcpy-param-overlap", "memcpy-overlap", UP_CLASS_CRASH,
            "memcpy between areas that overlap" },
        { "strcpy-param-overlap", "strcpy-overlap", UP_CLASS_CRASH,
            "strcpy between areas that overlap" },
        { "negative-size-param", "negative-size", UP_CLASS_CRASH,
            "a negative number was passed as a size" },
        { "calloc parameters overflow", "calloc-overflow", UP_CLASS_MEMORY,
            "the size of an allocation overflowed" },
        { "SEGV", "SEGV", UP_CLASS_CRASH, "an access to an address where nothing is" },
        { "BUS", "BUS", UP_CLASS_CRASH, "an access to a file beyond its end, or misaligned" },
        { "FPE", "FPE", UP_CLASS_CRASH, "an integer was divided by zero" },
        { "ILL", "ILL", UP_CLASS_CRASH, "an instruction that does not exist" },
        { "TRAP", "trap", UP_CLASS_CRASH, "the program gave up (g_error or a trap)" },
        { "ABRT", "abort", UP_CLASS_CRASH, "the program gave up (abort)" },
        { "requested allocation size", "allocation-too-big", UP_CLASS_MEMORY,
            "one allocation asked for more than the bound" },
        { TOO_LARGE, "too-much-memory", UP_CLASS_MEMORY, "the process grew beyond the bound" },
        { "allocator is out of memory", "out-of-memory", UP_CLASS_MEMORY, "memory ran out" },
        { "out of memory", "out-of-memory", UP_CLASS_MEMORY, "memory ran out" },
        /* LeakSanitizer */
        { "detected memory leaks", "leak", UP_CLASS_LEAK, "memory was allocated and lost" },
        /* libFuzzer */
        { "out-of-memory", "out-of-memory", UP_CLASS_MEMORY, "memory grew beyond the bound" },
        { "timeout after", "timeout", UP_CLASS_HANG, "one input took too long" },
        { "deadly signal", "abort", UP_CLASS_CRASH, "the program gave up, or died of a signal" },
        { "fuzz target exited", "exit", UP_CLASS_CRASH, "the code under test called exit" },
};

/* What UndefinedBehaviorSanitizer says, in a word that holds no values. */
static const struct {
        const char *holds;
        const char *name;
} undefined[] = {
        { "shift exponent", "shift" },
        { "left shift of", "shift" },
        { "signed integer overflow", "signed-overflow" },
        { "negation of", "signed-overflow" },
        { "division by zero", "division-by-zero" },
        { "out of bounds for type", "index" },
        { "null pointer passed", "null-argument" },
        { "null pointer returned", "null-return" },
        { "null pointer", "null-pointer" },
        { "misaligned address", "misaligned" },
        { "not a valid value for type", "invalid-value" },
        { "outside the range of representable values", "conversion" },
        { "variable length array", "array-size" },
        { "pointer index expression", "pointer-overflow" },
        { "offset to", "pointer-overflow" },
        { "insufficient space for an object", "object-size" },
        { "unreachable program point", "unreachable" },
        { "incorrect function type", "function-type" },
};

/* The owner of the code at "function place": the first row that matches. */
static const struct {
        enum up_frame_owner owner;
        const char *pattern;
} owners[] = {
        { UP_FRAME_RUNTIME, "^(main|_start|malloc|calloc|realloc|free|memcpy|memmove|strdup) " },
        { UP_FRAME_RUNTIME, "^(fuzzer::|__interceptor_|__(asan|lsan|ubsan|sanitizer|libc)_)" },
        /* These allocate for their callers; a leak is named after the caller. */
        { UP_FRAME_RUNTIME, "^(CRYPTO_[a-z_]*(alloc|dup)|BIO_new(_ex|_mem_buf)?) " },
        /* The gauge, and what stands between the world and a pipeline to read it. */
        { UP_FRAME_RUNTIME, "[ /]harness/(target/(edges|fuel)|world/hooks)\\.c(:|$)" },
        { UP_FRAME_OURS, "[ /](harness/[a-z_]+|fuzz)/[^/]+\\.c(:|$)" },
        { UP_FRAME_GMIME, "^(g_mime|internet_address)_|/libgmime-|[ /]gmime-[0-9.]+/" },
        { UP_FRAME_OPENSSL, "/libcrypto\\.so|[ /]openssl-[0-9.]+/| (crypto|providers)/" },
        { UP_FRAME_RUNTIME, "(libsanitizer|compiler-rt|sysdeps|nptl|csu|assert|stdlib|debug)/" },
        { UP_FRAME_RUNTIME, "/lib(c|pthread|asan|ubsan)\\.so" },
};

static void frame_free(void *data)
{
        struct up_frame *frame = data;

        g_free(frame->function);
        g_free(frame->place);
        g_free(frame);
}

GPtrArray *up_frames_new(void)
{
        return g_ptr_array_new_with_free_func(frame_free);
}

static enum up_frame_owner owner_of(const struct up_frame *frame)
{
        g_autofree char *text = g_strdup_printf("%s %s", frame->function, frame->place);

        for (size_t i = 0; i < G_N_ELEMENTS(owners); i++)
                if (g_regex_match_simple(owners[i].pattern, text, 0, 0))
                        return owners[i].owner;
        return UP_FRAME_OTHER;
}

/* Of a note: three words, "GNU", and the ID, of which eight digits will do. "" without one. */
static char *build_id_of(const char *path)
{
        enum { BEGIN = 16, BYTES = 4 };
        g_autoptr(GBytes) note = up_elf_section(path, ".note.gnu.build-id");
        GString *id = g_string_new(NULL);

        for (gsize i = BEGIN; note != NULL && i < BEGIN + BYTES && i < g_bytes_get_size(note); i++)
                g_string_append_printf(
                    id, "%02x", ((const unsigned char *)g_bytes_get_data(note, NULL))[i]);
        return g_string_free(id, FALSE);
}

/* "/src/harness/mail/touch.c:12" from where our tree begins. */
static const char *path_in_tree(const char *source)
{
        static const char *const folders[] = { "/harness/", "/fuzz/" };

        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
                const char *at = g_strrstr(source, folders[i]);
                if (at != NULL)
                        return at + 1;
        }
        return source;
}

/* A line in UP_FRAME_FORMAT; NULL for any other. */
static struct up_frame *parse_frame(const char *line)
{
        enum { MARK, NUMBER, FUNCTION, SOURCE, MODULE, OFFSET, FIELDS };
        g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
        struct up_frame *frame;

        if (g_strv_length(fields) != FIELDS || strcmp(fields[MARK], UP_FRAME_MARK) != 0)
                return NULL;
        frame = g_new0(struct up_frame, 1);
        if (g_str_has_prefix(fields[SOURCE], "<null>"))
                frame->place = g_strdup(fields[MODULE]);
        else
                frame->place = g_strdup(path_in_tree(fields[SOURCE]));
        if (strcmp(fields[FUNCTION], "<null>") != 0) {
                fields[FUNCTION][strcspn(fields[FUNCTION], "(")] = '\0'; /* arguments in C++ */
                frame->function = g_strdup(fields[FUNCTION]);
        } else {
                g_autofree char *library = g_path_get_basename(fields[MODULE]);
                g_autofree char *id = build_id_of(fields[MODULE]);
                frame->function = g_strdup_printf("%s+%s%s%s%s", library, fields[OFFSET],
                    *id != '\0' ? " (" : "", id, *id != '\0' ? ")" : "");
        }
        frame->owner = owner_of(frame);
        return frame;
}

/* The first stack after @text. */
static void parse_frames(const char *text, GPtrArray *frames)
{
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line != NULL; line++) {
                struct up_frame *frame = parse_frame(*line);
                if (frame != NULL)
                        g_ptr_array_add(frames, frame);
                else if (frames->len > 0)
                        return;
        }
}

static bool is_library(const struct up_frame *frame)
{
        return frame->owner == UP_FRAME_GMIME || frame->owner == UP_FRAME_OPENSSL;
}

/*
 * The frames that count: those of owners up to @most; of a hang, only from its outermost library
 * call on. Our caller of the library is not part of its fault, but says which call hangs.
 */
static GPtrArray *names_of(GPtrArray *frames, enum up_frame_owner most, bool outermost)
{
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
        bool in_library = false;
        guint first = 0;

        for (guint i = 0; outermost && i < frames->len; i++)
                if (is_library(g_ptr_array_index(frames, i)))
                        first = i;
        for (guint i = first; i < frames->len; i++) {
                const struct up_frame *frame = g_ptr_array_index(frames, i);
                if (in_library && !outermost && frame->owner == UP_FRAME_OURS)
                        break;
                in_library |= is_library(frame);
                if (frame->owner <= most)
                        g_ptr_array_add(names, g_strdup(frame->function));
        }
        return names;
}

static bool same_names(GPtrArray *names, guint a, guint b, guint count)
{
        if (b + count > names->len)
                return false;
        for (guint i = 0; i < count; i++)
                if (strcmp(names->pdata[a + i], names->pdata[b + i]) != 0)
                        return false;
        return true;
}

/* One round of a cycle, begun @turn places further on. */
static char *round_name(GPtrArray *names, guint begin, guint period, guint turn)
{
        GString *name = g_string_new(NULL);

        for (guint i = 0; i < period; i++)
                g_string_append_printf(name, "%s%s", i > 0 ? " " : "",
                    (const char *)names->pdata[begin + (turn + i) % period]);
        return g_string_free(name, FALSE);
}

/* A stack ends anywhere in a cycle: of all the ways to begin it, the smallest is its name. */
static char *cycle_name(GPtrArray *names, guint begin, guint period)
{
        g_autofree char *best = round_name(names, begin, period, 0);

        for (guint turn = 1; turn < period; turn++) {
                char *name = round_name(names, begin, period, turn);
                if (strcmp(name, best) < 0) {
                        char *worse = best;
                        best = name;
                        name = worse;
                }
                g_free(name);
        }
        if (period > 1)
                return g_strdup_printf("(%s)*", best);
        return g_strconcat(best, g_str_has_suffix(best, "*") ? NULL : "*", NULL);
}

/* f f f g -> f* g; a b a b a c -> (a b)* c. Names in @names are given up. */
static GPtrArray *fold_recursion(GPtrArray *names)
{
        GPtrArray *folded = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < names->len;) {
                guint period = 1;
                guint end;

                while (period <= LONGEST_CYCLE && !same_names(names, i, i + period, period))
                        period++;
                if (period > LONGEST_CYCLE) {
                        g_ptr_array_add(folded, g_strdup(names->pdata[i++]));
                        continue;
                }
                end = i + 2 * period;
                while (same_names(names, end - period, end, 1))
                        end++;
                g_ptr_array_add(folded, cycle_name(names, i, period));
                i = end;
        }
        g_ptr_array_unref(names);
        return folded;
}

static char *signature_of(const char *kind, GPtrArray *frames, bool outermost)
{
        GString *signature = g_string_new(kind);
        GPtrArray *names = names_of(frames, UP_FRAME_OPENSSL, outermost);
        guint first = 0;
        guint most = SIGNATURE_FRAMES;

        for (enum up_frame_owner worse = UP_FRAME_OTHER;
             names->len == 0 && worse <= UP_FRAME_RUNTIME; worse++) {
                g_ptr_array_unref(names);
                names = names_of(frames, worse, outermost);
        }
        /* Twice, because a function that calls itself may be part of a longer cycle. */
        if (strcmp(kind, "leak") != 0) /* lost at whatever depth: one leak */
                names = fold_recursion(fold_recursion(names));

        /* Where exactly the stack ended is chance, the recursion is the mechanism. */
        if (strcmp(kind, "stack-overflow") == 0) {
                while (first + 1 < names->len && !g_str_has_suffix(names->pdata[first], "*"))
                        first++;
                most = 1;
        }
        for (guint i = first; i < names->len && i < first + most; i++)
                g_string_append_printf(
                    signature, "%s%s", i == first ? " " : " < ", (const char *)names->pdata[i]);
        g_ptr_array_unref(names);
        return g_string_free(signature, FALSE);
}

/* The text after "==123==ERROR: AddressSanitizer: " and its like; NULL for any other line. */
static const char *headline(const char *line)
{
        static const char *const tools[] = { "AddressSanitizer: ", "LeakSanitizer: ",
                "UndefinedBehaviorSanitizer: ", /* where it is alone, it reports signals */
                "libFuzzer: " };

        if (!g_str_has_prefix(line, "==") || !g_ascii_isdigit(line[2]))
                return NULL;
        line += 2 + strspn(line + 2, "0123456789");
        if (!g_str_has_prefix(line, "=="))
                return NULL;
        line += 2 + strspn(line + 2, " ");
        if (g_str_has_prefix(line, "ERROR: "))
                line += strlen("ERROR: ");
        for (size_t i = 0; i < G_N_ELEMENTS(tools); i++)
                if (g_str_has_prefix(line, tools[i]))
                        return line + strlen(tools[i]);
        return NULL;
}

static const struct kind *find_kind(const char *text)
{
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (g_str_has_prefix(text, kinds[i].begins))
                        return &kinds[i];
        return NULL;
}

static const char *undefined_name(const char *text)
{
        for (size_t i = 0; i < G_N_ELEMENTS(undefined); i++)
                if (strstr(text, undefined[i].holds) != NULL)
                        return undefined[i].name;
        return "behaviour";
}

/* The line of a failed assert() or g_assert(), from its message on; NULL if there is none. */
static const char *assertion(char **lines)
{
        for (; *lines != NULL; lines++) {
                if (strstr(*lines, ": Assertion `") != NULL)
                        return strstr(*lines, "Assertion `");
                if (strstr(*lines, ": assertion failed: ") != NULL)
                        return strstr(*lines, "assertion failed: ");
        }
        return NULL;
}

static const char *line_with_prefix(char **lines, const char *prefix)
{
        for (; *lines != NULL; lines++)
                if (g_str_has_prefix(*lines, prefix))
                        return *lines + strlen(prefix);
        return NULL;
}

static struct up_finding *finding_of(
    enum up_class class, const char *kind, const char *what, const char *more, GPtrArray *frames)
{
        g_autofree char *signature = signature_of(kind, frames, class == UP_CLASS_HANG);
        g_autofree char *detail = g_strconcat(what, more != NULL ? ": " : NULL, more, NULL);

        return up_finding_new(class, signature, detail);
}

static struct up_finding *parse_kind(
    const char *text, char **lines, const char *rest, const char *allocation, GPtrArray *frames)
{
        const struct kind *kind = find_kind(text);
        g_autofree char *word = g_strndup(text, strcspn(text, " :"));
        const char *more = NULL;

        if (kind != NULL && kind->class == UP_CLASS_MEMORY)
                parse_frames(allocation, frames);
        if (frames->len == 0)
                parse_frames(rest, frames);
        if (kind == NULL)
                return finding_of(
                    UP_CLASS_CRASH, word, "a sanitizer stopped the program", text, frames);
        if (strcmp(kind->name, "abort") == 0) {
                more = assertion(lines);
                if (more != NULL)
                        return finding_of(
                            kind->class, "assertion", "the program gave up", more, frames);
        } else if (kind->class == UP_CLASS_LEAK) {
                more = line_with_prefix(lines, "SUMMARY: AddressSanitizer: ");
        }
        return finding_of(kind->class, kind->name, kind->what, more, frames);
}

static struct up_finding *parse_undefined(const char *text, const char *rest, GPtrArray *frames)
{
        g_autofree char *kind = g_strconcat("undefined-", undefined_name(text), NULL);

        parse_frames(rest, frames);
        return finding_of(UP_CLASS_CRASH, kind, "undefined behaviour", text, frames);
}

/* What came back too late was in no loop: there the call is named. */
static struct up_finding *parse_fuel(const char *text, const char *rest, GPtrArray *frames)
{
        const char *late = strstr(text, " came back late");
        g_autofree char *call = g_strndup(text, late != NULL ? (gsize)(late - text) : 0);
        g_autofree char *detail = g_strconcat("out of fuel: ", text, NULL);
        g_autofree char *signature = NULL;

        parse_frames(rest, frames);
        signature =
            late != NULL ? g_strconcat("late ", call, NULL) : signature_of("hang", frames, false);
        return up_finding_new(UP_CLASS_HANG, signature, detail);
}

/* The text after "file.c:1:2: runtime error: "; NULL for any other line. */
static const char *runtime_error(const char *line)
{
        static const char mark[] = ": runtime error: ";
        const char *at = strchr(line, ' ');

        if (at == NULL || at == line || !g_str_has_prefix(at - 1, mark))
                return NULL;
        return at - 1 + strlen(mark);
}

/* The text after "unpend: out of fuel: "; NULL for any other line. */
static const char *out_of_fuel(const char *line)
{
        static const char mark[] = "unpend: out of fuel: ";

        return g_str_has_prefix(line, mark) ? line + strlen(mark) : NULL;
}

struct up_finding *up_sanitizer_parse(const char *text, GPtrArray *frames)
{
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        const char *allocation = NULL;
        const char *rest = text;

        for (char **line = lines; *line != NULL; line++) {
                const char *head = headline(*line);
                const char *error = runtime_error(*line);
                const char *fuel = out_of_fuel(*line);

                rest += strlen(*line);
                if (*rest == '\n')
                        rest++;
                if (strcmp(*line, UP_ALLOCATION_STACK) == 0)
                        allocation = rest;
                if (head != NULL && !g_str_has_prefix(head, "WARNING"))
                        return parse_kind(
                            head, lines, rest, allocation != NULL ? allocation : "", frames);
                if (error != NULL)
                        return parse_undefined(error, rest, frames);
                if (fuel != NULL)
                        return parse_fuel(fuel, rest, frames);
        }
        return NULL;
}

struct up_finding *up_sanitizer_signal(int signal)
{
        const char *name = sigabbrev_np(signal);
        g_autofree char *kind =
            name != NULL ? g_strconcat("SIG", name, NULL) : g_strdup_printf("signal-%d", signal);

        if (signal == SIGKILL)
                return up_finding_new(UP_CLASS_MEMORY, kind,
                    "the process was killed from outside: most likely the machine had no memory "
                    "left");
        return up_finding_new(
            UP_CLASS_CRASH, kind, "the process died of a signal, and no sanitizer said where");
}

struct up_finding *up_sanitizer_large(void)
{
        const struct kind *kind = find_kind(TOO_LARGE);

        return up_finding_new(kind->class, kind->name, kind->what);
}

struct up_finding *up_sanitizer_hang(const char *text, unsigned limit_s, GPtrArray *frames)
{
        g_autofree char *detail = g_strdup_printf("no end within %u s", limit_s);
        struct up_finding *stopped = up_sanitizer_parse(text, frames);

        up_finding_free(stopped);
        return finding_of(UP_CLASS_HANG, "hang", detail, NULL, frames);
}
