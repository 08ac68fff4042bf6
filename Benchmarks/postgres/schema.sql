-- A plain ledger, as a service would keep it in rows: what `ledger-write.sql` writes to.
CREATE TABLE IF NOT EXISTS idempotency_key (key text PRIMARY KEY, response bytea, created_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS balance (
    item integer NOT NULL, location integer NOT NULL, on_hand bigint NOT NULL, PRIMARY KEY (item, location));
CREATE TABLE IF NOT EXISTS movement (
    id bigserial PRIMARY KEY, item integer NOT NULL, location integer NOT NULL, quantity bigint NOT NULL,
    on_hand_after bigint NOT NULL, reason text NOT NULL, reference text, created_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS movement_of_item ON movement (item, location, id);
CREATE TABLE IF NOT EXISTS event (id bigserial PRIMARY KEY, type text NOT NULL, data jsonb NOT NULL);
TRUNCATE idempotency_key, balance, movement, event;
INSERT INTO balance SELECT item, 1, 1000000000 FROM generate_series(1, 10000) AS item;
VACUUM ANALYZE balance;
