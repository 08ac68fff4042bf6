\set item random(1, 10000)
\set key1 random(1, 9000000000000000000)
\set key2 random(1, 9000000000000000000)
BEGIN;
INSERT INTO idempotency_key (key, response, created_at) VALUES (:key1::text || :key2::text, '\x7b7d', now());
UPDATE balance SET on_hand = on_hand - 1 WHERE item = :item AND location = 1 AND on_hand >= 1;
INSERT INTO movement (item, location, quantity, on_hand_after, reason, reference, created_at)
VALUES (:item, 1, -1, 0, 'sale', 'SO-10042', now());
INSERT INTO event (type, data)
VALUES ('movement.recorded', '{"item": "BENCH-1", "location": "MAIN", "quantity": -1, "reason": "sale"}');
COMMIT;
