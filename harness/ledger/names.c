/*
 * names - what the ledger calls the values of the contract's and its own enumerations
 *
 * Texts of up_ledger_write() are compared and kept, so a name does not change.
 */
#include "ledger/ledger.h"

const char *const up_entry_kind_names[UP_ENTRY_KIND_COUNT] = {
        [UP_ENTRY_EVENT] = "event",
        [UP_ENTRY_SUBMIT] = "submit",
        [UP_ENTRY_SCAN] = "scan",
        [UP_ENTRY_SCANNED] = "scanned",
        [UP_ENTRY_SEND] = "send",
        [UP_ENTRY_SENT] = "sent",
        [UP_ENTRY_OPEN] = "open",
        [UP_ENTRY_LOG] = "log",
        [UP_ENTRY_RUN] = "run",
        [UP_ENTRY_COMMAND] = "command",
        [UP_ENTRY_CLOCK] = "clock",
        [UP_ENTRY_CRASH] = "crash",
        [UP_ENTRY_RESTART] = "restart",
        [UP_ENTRY_VIEW] = "view",
        [UP_ENTRY_STEP] = "step",
        [UP_ENTRY_SCRIPT_END] = "script-end",
        [UP_ENTRY_END] = "end",
};

const char *const up_ending_names[UP_ENDING_COUNT] = {
        [UP_ENDING_SETTLED] = "settled",
        [UP_ENDING_IDLE] = "idle",
        [UP_ENDING_BOUND] = "bound",
        [UP_ENDING_CYCLE] = "cycle",
        [UP_ENDING_SPIN] = "spin",
        [UP_ENDING_STEPS] = "steps",
};

const char *const up_origin_names[UP_ORIGIN_COUNT] = {
        [UP_ORIGIN_LOCAL] = "local",
        [UP_ORIGIN_SMTP] = "smtp",
};

const char *const up_receipt_names[UP_RECEIPT_COUNT] = {
        [UP_RECEIPT_ACCEPTED] = "accepted",
        [UP_RECEIPT_DEFERRED] = "later",
        [UP_RECEIPT_REJECTED] = "rejected",
};

const char *const up_level_names[UP_LEVEL_COUNT] = {
        [UP_LEVEL_TRANSPORT] = "transport",
        [UP_LEVEL_STORE] = "store",
};

const char *const up_verdict_names[UP_VERDICT_COUNT] = {
        [UP_VERDICT_CLEAN] = "clean",
        [UP_VERDICT_INFECTED] = "infected",
        [UP_VERDICT_UNSCANNABLE] = "unscannable",
        [UP_VERDICT_REWRITTEN] = "rewritten",
        [UP_VERDICT_NONE] = "none",
};

const char *const up_reply_names[UP_REPLY_COUNT] = {
        [UP_REPLY_ACCEPT] = "accept",
        [UP_REPLY_DEFER] = "defer",
        [UP_REPLY_REJECT] = "reject",
        [UP_REPLY_LOST] = "lost",
};

const char *const up_disposition_names[UP_DISPOSITION_COUNT] = {
        [UP_DISPOSITION_NONE] = "none",
        [UP_DISPOSITION_DELIVERED] = "delivered",
        [UP_DISPOSITION_BOUNCED] = "bounced",
        [UP_DISPOSITION_QUARANTINED] = "quarantined",
        [UP_DISPOSITION_DISCARDED] = "discarded",
        [UP_DISPOSITION_ABANDONED] = "abandoned",
};

const char *const up_access_names[UP_ACCESS_COUNT] = {
        [UP_ACCESS_OPEN] = "open",
        [UP_ACCESS_UNDECIDED] = "undecided",
        [UP_ACCESS_REFUSED] = "refused",
};

const char *const up_owner_names[UP_OWNER_COUNT] = {
        [UP_OWNER_NONE] = "none",
        [UP_OWNER_QUEUE] = "queue",
        [UP_OWNER_TIMER] = "timer",
        [UP_OWNER_WORKER] = "worker",
        [UP_OWNER_ADMINISTRATOR] = "administrator",
};

const char *const up_command_names[UP_COMMAND_COUNT] = {
        [UP_COMMAND_HOLD] = "hold",
        [UP_COMMAND_RELEASE] = "release",
        [UP_COMMAND_DELETE] = "delete",
};
