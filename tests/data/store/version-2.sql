-- A store of schema version 2 with one record and one suppression, as that version wrote it.
PRAGMA application_id = 1145458244;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    document     INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    uri          TEXT NOT NULL,
    address      TEXT NOT NULL,
    max_octets   INTEGER,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    first_try_at INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    answer       TEXT NOT NULL,
    lease_owner  TEXT NOT NULL DEFAULT '',
    lease_until  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE delivery_step (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL,
    answer   TEXT NOT NULL
) STRICT;
CREATE TABLE document (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    report        INTEGER REFERENCES report (id),
    kind          TEXT NOT NULL,
    report_id     TEXT NOT NULL UNIQUE,
    policy_domain TEXT NOT NULL,
    day           INTEGER NOT NULL,
    edition       INTEGER NOT NULL,
    part          INTEGER NOT NULL,
    parts         INTEGER NOT NULL,
    xml_schema    TEXT NOT NULL,
    filename      TEXT NOT NULL,
    messages      INTEGER NOT NULL,
    row_count     INTEGER NOT NULL,
    made_at       INTEGER NOT NULL,
    content       BLOB NOT NULL
) STRICT;
CREATE TABLE journal (
    journal   TEXT    NOT NULL PRIMARY KEY,
    folded_id INTEGER NOT NULL
) STRICT;
INSERT INTO "journal" VALUES('d6c697d3-d86d-449d-84dd-272be08d641d',0);
CREATE TABLE record (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    host          TEXT    NOT NULL,
    queue_id      TEXT    NOT NULL,
    received_at   INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    client        TEXT    NOT NULL,
    helo          TEXT    NOT NULL,
    mail_from     TEXT    NOT NULL,
    envelope_from TEXT    NOT NULL,
    author_status TEXT    NOT NULL,
    author_domain TEXT    NOT NULL,
    exemption     TEXT    NOT NULL,
    result        TEXT    NOT NULL,
    requested     TEXT    NOT NULL,
    disposition   TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    auth_results  TEXT    NOT NULL,
    reply         TEXT    NOT NULL,
    error         TEXT    NOT NULL,
    milliseconds  INTEGER NOT NULL,
    evidence      TEXT    NOT NULL,
    judgement     TEXT    NOT NULL
) STRICT;
INSERT INTO "record" VALUES(1,'mx.example.net','4F2A1B',1777636800,20574,'2001:db8::25','helo.example.org','jane@bounce.example.org','bounce.example.org','ok','example.org','no','fail','reject','quarantine','hold','{"dkim":[{"domain":"example.org","selector":"s1","result":"policy","reason":"the body is signed in part"},{"domain":"","selector":"","result":"neutral","reason":""}],"spf":[{"domain":"bounce.example.org","scope":"mfrom","result":"softfail"},{"domain":"helo.example.org","scope":"helo","result":"pass"}]}','550 5.7.1 no','something odd',12,'{"v":1,"queue_id":"4F2A1B","received_at":1777636800,"draw":42,"client":{"address":"2001:db8::25","local":false,"name":"mail.example.org","helo":"helo.example.org","authenticated":true},"mail_from":"jane@bounce.example.org","author":{"status":"ok","reason":"two authors","addresses":["jane@example.org","joe@example.net"]},"spf":[{"scope":"mfrom","result":"softfail","domain":"bounce.example.org","organizational_domain":"example.org","reason":"~all","terms":3,"void_lookups":1},{"scope":"helo","result":"pass","domain":"helo.example.org","organizational_domain":"example.org","reason":"a","terms":1,"void_lookups":0}],"dkim":[{"result":"policy","domain":"example.org","organizational_domain":"example.org","selector":"s1","identity":"jane@example.org","algorithm":"rsa-sha256","signature_prefix":"AbCdEfGh","key_bits":2048,"verified":false,"testing":true,"reason":"the body is signed in part","unsigned_octets":17},{"result":"neutral","domain":"","organizational_domain":"","selector":"","identity":"","algorithm":"","signature_prefix":"","key_bits":0,"verified":true,"testing":false,"reason":""}],"policies":[{"author_domain":"example.org","organizational_domain":"example.org","outcome":"found","policy_domain":"example.org","record_text":"v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.org!10m","record":{"policy":"reject","subdomain_policy":"quarantine","dkim_alignment":"strict","spf_alignment":"strict","percent":50,"report_interval_seconds":3600,"failure_options":"1:d","aggregate_uris":[{"uri":"mailto:d@example.org","max_octets":10485760},{"uri":"mailto:e@example.org"}],"failure_uris":[{"uri":"mailto:f@example.org","max_octets":1}]},"failure":""},{"author_domain":"example.net","organizational_domain":"example.net","outcome":"temperror","policy_domain":"","record_text":"","failure":"_dmarc.example.net TXT: SERVFAIL"}],"list_id":"list.example.org","limits_reached":["limits.header_octets"]}','{"v":1,"exemption":"no","result":"fail","domains":[{"author_domain":"example.net","policy_domain":"","result":"temperror","spf_aligned":true,"dkim_aligned":true,"requested":"none","disposition":"none","overrides":[]},{"author_domain":"example.org","policy_domain":"example.org","result":"fail","spf_aligned":false,"dkim_aligned":false,"requested":"reject","disposition":"quarantine","overrides":[{"type":"sampled_out","comment":"pct=50, draw 42"}]}],"deciding":1,"requested":"reject","disposition":"quarantine","action":"hold","overrides":[{"type":"sampled_out","comment":"pct=50, draw 42"}],"trace":[{"rule":"RFC 7489 6.6.2","text":"nothing aligned passed for example.org"},{"rule":"policy.on_quarantine","text":"hold"}]}');
CREATE TABLE record_domain (
    record_id       INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    ordinal         INTEGER NOT NULL,
    deciding        INTEGER NOT NULL,
    author_domain   TEXT    NOT NULL,
    policy_domain   TEXT    NOT NULL,
    policy_record   TEXT    NOT NULL,
    reportable      INTEGER NOT NULL,
    result          TEXT    NOT NULL,
    spf_aligned     INTEGER NOT NULL,
    dkim_aligned    INTEGER NOT NULL,
    requested       TEXT    NOT NULL,
    disposition     TEXT    NOT NULL,
    sampled_out     INTEGER NOT NULL,
    reasons         TEXT    NOT NULL,
    PRIMARY KEY (record_id, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO "record_domain" VALUES(1,0,0,'example.net','','',0,'temperror',1,1,'none','none',0,'[]');
INSERT INTO "record_domain" VALUES(1,1,1,'example.org','example.org','v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.org!10m',1,'fail',0,0,'reject','quarantine',1,'[{"type":"sampled_out","comment":"pct=50, draw 42"}]');
CREATE TABLE report (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    day           INTEGER NOT NULL,
    policy_domain TEXT NOT NULL,
    policy_record TEXT NOT NULL,
    series        BLOB NOT NULL,
    edition       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    spread        INTEGER NOT NULL,
    lease_owner   TEXT NOT NULL DEFAULT '',
    lease_until   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (series, edition)
) STRICT;
CREATE TABLE report_row (
    report        INTEGER NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    row_key       BLOB NOT NULL,
    source_ip     TEXT NOT NULL,
    disposition   TEXT NOT NULL,
    dkim_aligned  INTEGER NOT NULL,
    spf_aligned   INTEGER NOT NULL,
    reasons       TEXT NOT NULL,
    header_from   TEXT NOT NULL,
    envelope_from TEXT NOT NULL,
    auth_results  TEXT NOT NULL,
    messages      INTEGER NOT NULL,
    PRIMARY KEY (report, row_key)
) STRICT;
CREATE TABLE set_aside (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    error TEXT    NOT NULL,
    row   TEXT    NOT NULL
) STRICT;
CREATE TABLE suppression (
    destination TEXT NOT NULL PRIMARY KEY,
    until       INTEGER NOT NULL,
    strikes     INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT;
INSERT INTO "suppression" VALUES('d@example.org',1780272000,0,'by the operator');
CREATE INDEX record_queue_id ON record (queue_id);
CREATE INDEX record_day ON record (day, id);
CREATE INDEX record_received_at ON record (received_at);
CREATE INDEX report_due ON report (state, day, spread, id);
CREATE INDEX document_made_at ON document (made_at, id);
CREATE INDEX document_report ON document (report);
CREATE INDEX delivery_document ON delivery (document);
CREATE INDEX delivery_waiting ON delivery (next_at, id)
    WHERE state IN ('made', 'verified', 'sending', 'retry');
CREATE INDEX delivery_step_delivery ON delivery_step (delivery, id);
CREATE INDEX delivery_step_sent ON delivery_step (at) WHERE state = 'sent';
INSERT INTO "sqlite_sequence" VALUES('record',1);
COMMIT;
