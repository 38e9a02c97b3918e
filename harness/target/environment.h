/*
 * environment - what decides a case's outcome beside the case itself
 *
 * A target that was started with another environment starts itself again with this one; a tool that
 * starts a target gives it this one at once.
 */
#ifndef UP_TARGET_ENVIRONMENT_H
#define UP_TARGET_ENVIRONMENT_H

static const struct {
        const char *name, *value;
        const char *why;
} up_fixed_environment[] = {
        { "G_SLICE", "always-malloc", "AddressSanitizer sees a freed GMime object" },
        { "LC_ALL", "C.UTF-8", "GMime asks the locale for a charset" },
        { "TZ", "UTC", "dates are written in the local time zone" },
        { "OPENSSL_CONF", "/dev/null", "the machine's configuration changes what OpenSSL refuses" },
};

#endif
