/*
 * words - the lists
 */
#include "mail/words.h"

#include <stddef.h>

const char *const up_fields[UP_FORMS][UP_FORM_FIELDS] = {
        [UP_FORM_TEXT] = { "Subject", "Comments", "Keywords", "Content-Description", "X-Mailer" },
        [UP_FORM_DATE] = { "Date", "Resent-Date", "Expires", "Delivery-Date", "Deferred-Delivery" },
        [UP_FORM_MESSAGE_ID] = { "Message-Id", "Resent-Message-Id", "Content-Id" },
        [UP_FORM_REFERENCES] = { "References", "In-Reply-To", "Supersedes" },
        [UP_FORM_ADDRESSES] = { "Return-Path", "Resent-From", "Resent-Sender", "Resent-To",
            "Resent-Cc", "Resent-Bcc", "Mail-Followup-To", "Errors-To",
            "Disposition-Notification-To", "Original-Recipient", "List-Post" },
        [UP_FORM_PARAMETERS] = { "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "List-Id" },
        [UP_FORM_CONTENT_TYPE] = { "Content-Type" },
        [UP_FORM_DISPOSITION] = { "Content-Disposition", "Disposition" },
        [UP_FORM_ENCODING] = { "Content-Transfer-Encoding" },
        [UP_FORM_AUTOCRYPT] = { "Autocrypt", "Autocrypt-Gossip" },
        [UP_FORM_OWN] = { "Sender", "From", "Reply-To", "To", "Cc", "Bcc", "Content-Location",
            "Content-MD5", "Content-Length" },
};

const char *const up_type_parameters[] = { "boundary", "charset", "name", "format", "delsp",
        "protocol", "micalg", "smime-type", "type", "start", "id", "number", "total", "report-type",
        "access-type", NULL };

const char *const up_disposition_parameters[] = { "filename", "size", "creation-date",
        "modification-date", "read-date", NULL };

const char *const up_dispositions[] = { "attachment", "inline", NULL };

const char *const up_encodings[] = { "7bit", "8bit", "7-bit", "8-bit", "binary", "base64",
        "quoted-printable", "uuencode", "x-uuencode", "x-uue", NULL };

const char *const up_media_types[] = { "text/plain", "text/html", "text/enriched", "text/richtext",
        "text/rfc822-headers", "multipart/mixed", "multipart/alternative", "multipart/related",
        "multipart/digest", "multipart/report", "multipart/signed", "multipart/encrypted",
        "message/rfc822", "message/rfc2822", "message/global", "message/news", "message/partial",
        "message/external-body", "message/delivery-status", "message/disposition-notification",
        "application/pgp-signature", "application/pgp-encrypted", "application/ms-tnef", NULL };

const char *const up_smime_types[] = { "signed-data", "certs-only", "enveloped-data",
        "authEnveloped-data", "compressed-data", NULL };

const char *const up_text_marks[] = { "begin 644 ", "\nend\n",
        "=ybegin line=128 size=", "=ypart begin=", "=yend size=", "-----BEGIN PGP MESSAGE-----",
        "-----END PGP MESSAGE-----", "-----BEGIN PGP SIGNED MESSAGE-----",
        "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----", "https://",
        "www.", "mailto:", "<bold>", "</bold>", "<excerpt>", "<color><param>", "</param>",
        "<nofill>", "\nFrom ", "\n> ", NULL };
