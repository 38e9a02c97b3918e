/*
 * words - the words of mail: names of fields, parameters, types, encodings
 *
 * Names of header fields, parameters, types and encodings (RFC 2045, 2183, 2231, 5322 and what else
 * is in use). The code that calls GMime's accessors and the fuzz dictionaries read the same lists:
 * a word that is added here is used by both.
 */
#ifndef UP_MAIL_WORDS_H
#define UP_MAIL_WORDS_H

/** What the value of a header field is made of. */
enum up_form {
        UP_FORM_TEXT,
        UP_FORM_DATE,
        UP_FORM_MESSAGE_ID,
        UP_FORM_REFERENCES,
        UP_FORM_ADDRESSES,
        UP_FORM_PARAMETERS,
        UP_FORM_CONTENT_TYPE,
        UP_FORM_DISPOSITION,
        UP_FORM_ENCODING,
        UP_FORM_AUTOCRYPT,
        UP_FORM_OWN, /* GMime reads it as soon as it is parsed */
        UP_FORMS,
};

/** Header fields by the form of their value; each list is NULL-terminated. */
#define UP_FORM_FIELDS 12
extern const char *const up_fields[UP_FORMS][UP_FORM_FIELDS];

/* All that follow are NULL-terminated. */

/** Parameters of Content-Type and of Content-Disposition. */
extern const char *const up_type_parameters[];
extern const char *const up_disposition_parameters[];

/** Values of Content-Disposition and of Content-Transfer-Encoding, other spellings too. */
extern const char *const up_dispositions[];
extern const char *const up_encodings[];

/** Types that mail software treats each in a way of its own: "text/plain". */
extern const char *const up_media_types[];

/** Values of the parameter smime-type (RFC 8551 section 3.2.2). */
extern const char *const up_smime_types[];

/** What begins or ends something inside a text: armour, links, markup. */
extern const char *const up_text_marks[];

#endif
