-- The bearer keys in force and those that were revoked, as `keys.toml` has them: the file is the truth, and the
-- journal does not speak of them. Of a key there is the digest of its text, never the text.
CREATE TABLE api_keys (
    place BIGINT NOT NULL PRIMARY KEY,
    digest BYTES NOT NULL,
    prefix TEXT NOT NULL,
    role TEXT NOT NULL,
    party TEXT NOT NULL,
    live BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
