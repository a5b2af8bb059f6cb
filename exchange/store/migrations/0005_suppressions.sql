-- Who is not to be sold, by keyed digests: the lists of the exchange, whose buyer is empty, and the own list of each
-- buyer.
CREATE TABLE suppressions (
    buyer TEXT NOT NULL,
    list BIGINT NOT NULL,
    digest BYTES NOT NULL,
    by_whom TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (buyer, list, digest)
) KEYED;
