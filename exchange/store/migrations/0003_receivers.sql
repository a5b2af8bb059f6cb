-- How far each receiver of messages has been told, and since when it is tried in vain. The journal does not say it,
-- so a rebuild keeps it. The receiver without a name stands for a table that was filled once.
CREATE TABLE receivers (
    name TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT
);
-- What was sent in order is over up to the last that was taken or given up.
INSERT INTO receivers (name, sequence, attempts)
    SELECT 'webhook ' || seller,
        MAX(CASE WHEN delivered_at IS NOT NULL OR (attempts > 0 AND next_at IS NULL) THEN sequence ELSE 0 END), 0
    FROM events LEFT JOIN deliveries ON deliveries.event = events.id GROUP BY seller;
DROP TABLE deliveries;
DROP INDEX events_by_time;
CREATE INDEX events_by_seller ON events (seller, sequence);
