/*
 * metered - one wrapper for each function of the contract, and for each port
 *
 * The bytes of a call are those of all mail that was handed in before it: a call that works off a
 * queue may have to do with all of it. An envelope counts by its characters, and a recipient for
 * something besides, because each is a thing that the pipeline keeps.
 */
#include "target/metered.h"

#include <string.h>

#include "target/fuel.h"

#define RECIPIENT_BYTES 100

/*
 * Measured on all seeds and regressions of scan_submit (`make fuel`). Each row has some ten times
 * the most that the call took for each byte, and the start some ten times what the smallest took;
 * reading has what the targets mime and smime have together.
 */
#define START 1000000
enum call {
        OPEN,
        CLOSE,
        SUBMIT,
        SCANNED,
        SENT,
        RUN,
        NEXT,
        EACH,
        DIGEST,
        COMMAND,
        RELOAD,
        SIGNATURES,
        RESTART,
        READ
};
static const struct {
        const char *name;
        struct up_fuel_budget budget;
} calls[] = {
        [OPEN] = { "open", { START, 0 } },
        [CLOSE] = { "close", { START, 10 } },
        [SUBMIT] = { "submit", { START, 150 } },
        [SCANNED] = { "scanned", { START, 400 } },
        [SENT] = { "sent", { START, 400 } },
        [RUN] = { "run", { START, 500 } },
        [NEXT] = { "next_ms", { START, 10 } },
        [EACH] = { "each", { START, 10 } },
        [DIGEST] = { "digest", { START, 20 } },
        [COMMAND] = { "command", { START, 400 } },
        [RELOAD] = { "reload", { START, 10 } },
        [SIGNATURES] = { "signatures", { START, 20 } },
        [RESTART] = { "restart", { START, 400 } },
        [READ] = { "reading for the scanner", { 1000000000, 300000 } },
};

struct metered {
        const struct up_pipeline *real;
        void *self;                   /* its */
        const struct up_ports *ports; /* the world's */
        struct up_ports own;          /* those that it is given */
        uint64_t bytes;               /* of all mail so far */
};

static struct up_fuel_call begin(const struct metered *metered, enum call call)
{
        return up_fuel_call(calls[call].name, &calls[call].budget, metered->bytes);
}

/* --- ports: what the pipeline asks of the world ----------------------------------------------- */

static struct up_fuel_call leave(void)
{
        static const struct up_fuel_budget all_it_wants = { 0 };

        return up_fuel_call("the world", &all_it_wants, 0);
}

static up_request port_scan(void *world, up_id message, enum up_level level, GBytes *bytes)
{
        const struct metered *metered = world;
        struct up_fuel_call outer =
            up_fuel_call(calls[READ].name, &calls[READ].budget, g_bytes_get_size(bytes));
        up_request request = metered->ports->scan(metered->ports->world, message, level, bytes);

        up_fuel_return(outer);
        return request;
}

static up_request port_send(void *world, const struct up_transaction *transaction)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();
        up_request request = metered->ports->send(metered->ports->world, transaction);

        up_fuel_return(outer);
        return request;
}

static void port_open(void *world, up_id message)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();

        metered->ports->make_readable(metered->ports->world, message);
        up_fuel_return(outer);
}

static void port_log(void *world, const struct up_log_entry *log)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();

        metered->ports->log(metered->ports->world, log);
        up_fuel_return(outer);
}

static int64_t port_wall_s(void *world)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();
        int64_t wall_s = metered->ports->wall_s(metered->ports->world);

        up_fuel_return(outer);
        return wall_s;
}

static unsigned port_capabilities(void *world)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();
        unsigned capabilities = metered->ports->hop_capabilities(metered->ports->world);

        up_fuel_return(outer);
        return capabilities;
}

static bool port_power(void *world)
{
        const struct metered *metered = world;
        struct up_fuel_call outer = leave();
        bool power = metered->ports->has_power(metered->ports->world);

        up_fuel_return(outer);
        return power;
}

/* --- calls: what the world asks of the pipeline ----------------------------------------------- */

static void *metered_open(const struct up_pipeline *pipeline, const struct up_policy *policy,
    const struct up_ports *ports)
{
        struct metered *metered = g_new0(struct metered, 1);
        struct up_fuel_call outer = begin(metered, OPEN);

        metered->real = pipeline->variant;
        metered->ports = ports;
        metered->own = (struct up_ports){ metered, port_scan, port_send, port_open, port_log,
                port_wall_s, port_capabilities, port_power };
        metered->self = metered->real->open(metered->real, policy, &metered->own);
        up_fuel_return(outer);
        return metered;
}

static void metered_close(void *self)
{
        struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, CLOSE);

        metered->real->close(metered->self);
        up_fuel_return(outer);
        g_free(metered);
}

static uint64_t bytes_of(const struct up_mail *mail)
{
        uint64_t bytes = g_bytes_get_size(mail->bytes) + strlen(mail->from);

        for (const char *const *to = mail->to; *to != NULL; to++)
                bytes += strlen(*to) + RECIPIENT_BYTES;
        return bytes;
}

static enum up_receipt metered_submit(
    void *self, const struct up_mail *mail, int64_t now_ms, up_id *ret_id)
{
        struct metered *metered = self;
        struct up_fuel_call outer;
        enum up_receipt receipt;

        metered->bytes += bytes_of(mail);
        outer = begin(metered, SUBMIT);
        receipt = metered->real->submit(metered->self, mail, now_ms, ret_id);
        up_fuel_return(outer);
        return receipt;
}

static void metered_scanned(
    void *self, up_request request, const struct up_scan_answer *answer, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, SCANNED);

        metered->real->scanned(metered->self, request, answer, now_ms);
        up_fuel_return(outer);
}

static void metered_sent(
    void *self, up_request request, const struct up_send_answer *answer, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, SENT);

        metered->real->sent(metered->self, request, answer, now_ms);
        up_fuel_return(outer);
}

static void metered_run(void *self, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, RUN);

        metered->real->run(metered->self, now_ms);
        up_fuel_return(outer);
}

static int64_t metered_next_ms(void *self)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, NEXT);
        int64_t next_ms = metered->real->next_ms(metered->self);

        up_fuel_return(outer);
        return next_ms;
}

struct seeing {
        up_view_visitor see;
        void *data;
};

static void see(const struct up_view *view, void *data)
{
        const struct seeing *seeing = data;
        struct up_fuel_call outer = leave();

        seeing->see(view, seeing->data);
        up_fuel_return(outer);
}

static void metered_each(void *self, up_view_visitor see_of_world, void *data)
{
        const struct metered *metered = self;
        struct seeing seeing = { see_of_world, data };
        struct up_fuel_call outer = begin(metered, EACH);

        metered->real->for_each_recipient(metered->self, see, &seeing);
        up_fuel_return(outer);
}

static uint64_t metered_digest(void *self, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, DIGEST);
        uint64_t digest = metered->real->digest(metered->self, now_ms);

        up_fuel_return(outer);
        return digest;
}

static void metered_command(void *self, enum up_command command, up_id message, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, COMMAND);

        metered->real->command(metered->self, command, message, now_ms);
        up_fuel_return(outer);
}

static void metered_reload(void *self, const struct up_policy *policy, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, RELOAD);

        metered->real->reload(metered->self, policy, now_ms);
        up_fuel_return(outer);
}

static void metered_signatures(void *self, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, SIGNATURES);

        metered->real->signatures_updated(metered->self, now_ms);
        up_fuel_return(outer);
}

static void metered_restart(void *self, int64_t now_ms)
{
        const struct metered *metered = self;
        struct up_fuel_call outer = begin(metered, RESTART);

        metered->real->restart(metered->self, now_ms);
        up_fuel_return(outer);
}

struct up_pipeline up_metered(const struct up_pipeline *real)
{
        return (struct up_pipeline){
                .name = real->name,
                .capabilities = real->capabilities,
                .variant = real,
                .open = metered_open,
                .close = metered_close,
                .submit = metered_submit,
                .scanned = metered_scanned,
                .sent = metered_sent,
                .run = metered_run,
                .next_ms = metered_next_ms,
                .for_each_recipient = metered_each,
                .digest = metered_digest,
                .command = metered_command,
                .reload = metered_reload,
                .signatures_updated = metered_signatures,
                .restart = metered_restart,
        };
}
