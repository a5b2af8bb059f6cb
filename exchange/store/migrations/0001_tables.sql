-- One text for both databases: BYTES stands for BLOB or BYTEA, KEYED for WITHOUT ROWID or nothing.
-- Ids are 16 bytes, big end first, so that their order is that of their times. Amounts are micros. Times are
-- microseconds since 1970. Numbers of states stand in the code beside their names.

CREATE TABLE catalog_versions (
    version BIGINT NOT NULL PRIMARY KEY,
    taken_at BIGINT NOT NULL,
    names BYTES NOT NULL
);

CREATE TABLE leads (
    id BYTES NOT NULL PRIMARY KEY,
    seller TEXT NOT NULL,
    vertical TEXT NOT NULL,
    currency TEXT NOT NULL,
    record BYTES NOT NULL,
    sealed BYTES,
    consent BYTES,
    erased_at BIGINT
);
CREATE INDEX leads_by_seller ON leads (seller, id);

CREATE TABLE completions (
    lead BYTES NOT NULL PRIMARY KEY,
    record BYTES NOT NULL,
    sealed BYTES,
    consent BYTES
) KEYED;

CREATE TABLE claims (
    claim BYTES NOT NULL PRIMARY KEY,
    lead BYTES NOT NULL,
    digest BYTES NOT NULL
) KEYED;

CREATE TABLE persons (
    print BYTES NOT NULL,
    lead BYTES NOT NULL,
    PRIMARY KEY (print, lead)
) KEYED;

CREATE TABLE auctions (
    id BYTES NOT NULL PRIMARY KEY,
    state BIGINT NOT NULL,
    payout BIGINT NOT NULL,
    story BYTES
);

CREATE TABLE posts (
    auction BYTES NOT NULL,
    candidate BIGINT NOT NULL,
    post_id BYTES NOT NULL,
    sale_id BYTES NOT NULL,
    campaign TEXT NOT NULL,
    buyer TEXT NOT NULL,
    seller TEXT NOT NULL,
    vertical TEXT NOT NULL,
    currency TEXT NOT NULL,
    price BIGINT NOT NULL,
    payout BIGINT NOT NULL,
    exclusive BIGINT NOT NULL,
    intent_sequence BIGINT NOT NULL,
    intent_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    state BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    sale BIGINT,
    price_now BIGINT NOT NULL,
    payout_now BIGINT NOT NULL,
    prepaid BIGINT NOT NULL,
    outcome_at BIGINT,
    settles_at BIGINT,
    settled BIGINT NOT NULL,
    digest BYTES NOT NULL,
    resolved_by BIGINT,
    note TEXT NOT NULL,
    disputed BIGINT NOT NULL,
    PRIMARY KEY (auction, candidate)
) KEYED;
CREATE INDEX posts_by_buyer ON posts (buyer, sale_id);
CREATE INDEX posts_due ON posts (settles_at) WHERE sale IN (0, 2);
CREATE INDEX posts_open ON posts (auction) WHERE state IN (0, 3);

CREATE TABLE sale_records (
    sequence BIGINT NOT NULL PRIMARY KEY,
    auction BYTES NOT NULL,
    candidate BIGINT NOT NULL,
    record BYTES NOT NULL
);
CREATE INDEX sale_records_by_sale ON sale_records (auction, candidate);

CREATE TABLE violations (
    sequence BIGINT NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    auction BYTES NOT NULL,
    candidate BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance BYTES NOT NULL
);
CREATE UNIQUE INDEX accounts_by_name ON accounts (name, currency);

CREATE TABLE ledger_entries (
    number BIGINT NOT NULL PRIMARY KEY,
    transaction_number BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    account BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    intent_sequence BIGINT NOT NULL,
    auction BYTES NOT NULL,
    candidate BIGINT NOT NULL,
    evidence BYTES NOT NULL,
    at BIGINT NOT NULL,
    hash BYTES NOT NULL
);
CREATE INDEX ledger_entries_by_account ON ledger_entries (account, number);

CREATE TABLE ledger_checkpoints (
    number BIGINT NOT NULL PRIMARY KEY,
    entries BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTES NOT NULL,
    public_key BYTES NOT NULL,
    signature BYTES NOT NULL
);

CREATE TABLE balance_changes (
    id BYTES NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    record BYTES NOT NULL
);

CREATE TABLE events (
    id BYTES NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    seller TEXT NOT NULL,
    lead BYTES NOT NULL,
    sale_id BYTES,
    payout BIGINT NOT NULL,
    currency TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX events_by_time ON events (at);

CREATE TABLE erasures (
    sequence BIGINT NOT NULL PRIMARY KEY,
    lead BYTES NOT NULL,
    request BYTES NOT NULL,
    by_whom TEXT NOT NULL,
    at BIGINT NOT NULL,
    record BYTES NOT NULL
);
CREATE INDEX erasures_by_lead ON erasures (lead);

CREATE TABLE acknowledgements (
    lead BYTES NOT NULL,
    buyer TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (lead, buyer)
);

-- How far the tables are; one row.
CREATE TABLE projection (
    id BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    day BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    hash BYTES NOT NULL,
    checkpoints BIGINT NOT NULL,
    checkpoint_entries BIGINT NOT NULL
);

-- What was tried with an event. The journal does not say it, so a rebuild keeps it.
CREATE TABLE deliveries (
    event BYTES NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    delivered_at BIGINT
);
