-- Auctions in which somebody bid, in the order in which they ended, and posts of theirs that were resolved afterwards:
-- what buyers are told of their bids is read from here.
CREATE TABLE closings (
    sequence BIGINT NOT NULL PRIMARY KEY,
    vertical TEXT NOT NULL,
    auction BYTES NOT NULL,
    candidate BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX closings_by_vertical ON closings (vertical, sequence);
