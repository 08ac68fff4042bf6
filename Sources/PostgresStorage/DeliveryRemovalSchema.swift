/// What one unit deletes, of endpoints that are gone and of what is old: at most 256 rows and, beyond the first page,
/// 1 MiB of pages, so that no transaction is long. PostgreSQL marks each piece of a long value as deleted on its own.
///
/// Keys are collected first and then deleted by their own index. A join of the two would leave it to the planner, which
/// knows nothing about how many rows a realm has (`Fence`), whether to read all of them.
enum DeliveryRemovalSchema {
    static let functions = """
        -- Whether something had to stay for the next unit. The transaction has entered the realm.
        CREATE FUNCTION bincard.drop_deliveries(
            for_realm uuid, removed bigint[], drop_before bigint, drop_dead_before bigint
        ) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            room bigint := 256;
            bytes_room bigint := 1048576;
            is_more boolean := false;
            gone bigint;
            deleted bigint;
            stop record;
            found_pages record;
        BEGIN
            FOREACH gone IN ARRAY removed LOOP
                -- Its lanes go first: nothing is sent any more, whatever else is still there.
                DELETE FROM bincard.lane WHERE realm = for_realm AND webhook = gone AND origin = ANY (ARRAY(
                    SELECT origin FROM bincard.lane WHERE realm = for_realm AND webhook = gone
                    ORDER BY origin LIMIT room));
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                DELETE FROM bincard.endpoint_health WHERE realm = for_realm AND webhook = gone;
                -- The last of those that there is room for.
                SELECT a.seq, a.ordinal INTO stop FROM (
                    SELECT seq, ordinal FROM bincard.attempt WHERE realm = for_realm AND webhook = gone
                    ORDER BY seq, ordinal LIMIT room
                ) AS a ORDER BY a.seq DESC, a.ordinal DESC LIMIT 1;
                DELETE FROM bincard.attempt
                WHERE realm = for_realm AND webhook = gone AND (seq, ordinal) <= (stop.seq, stop.ordinal);
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                DELETE FROM bincard.delivery WHERE realm = for_realm AND webhook = gone AND seq = ANY (ARRAY(
                    SELECT seq FROM bincard.delivery WHERE realm = for_realm AND webhook = gone
                    ORDER BY seq LIMIT room));
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                SELECT array_agg(p.number) FILTER (WHERE p.fits) AS numbers, bool_or(NOT p.fits) AS is_more,
                    coalesce(sum(p.size) FILTER (WHERE p.fits), 0) AS size
                INTO found_pages FROM (
                    SELECT q.number, q.size, row_number() OVER w <= room
                        AND (sum(q.size) OVER w <= bytes_room OR bytes_room = 1048576 AND row_number() OVER w = 1)
                        AS fits
                    FROM (
                        SELECT number, last_seq, length(data)::bigint AS size FROM bincard.delivery_page
                        WHERE realm = for_realm AND webhook = gone ORDER BY last_seq, number LIMIT room + 1
                    ) AS q WINDOW w AS (ORDER BY q.last_seq, q.number)
                ) AS p;
                DELETE FROM bincard.delivery_page WHERE realm = for_realm AND number = ANY (found_pages.numbers);
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                bytes_room := bytes_room - found_pages.size;
                is_more := is_more OR coalesce(found_pages.is_more, false);
                IF room = 0 THEN
                    is_more := is_more
                        OR EXISTS (SELECT 1 FROM bincard.lane WHERE realm = for_realm AND webhook = gone)
                        OR EXISTS (SELECT 1 FROM bincard.attempt WHERE realm = for_realm AND webhook = gone)
                        OR EXISTS (SELECT 1 FROM bincard.delivery WHERE realm = for_realm AND webhook = gone);
                END IF;
            END LOOP;
            IF drop_before IS NOT NULL THEN
                SELECT array_agg(p.number) FILTER (WHERE p.fits) AS numbers, bool_or(NOT p.fits) AS is_more
                INTO found_pages FROM (
                    SELECT q.number, row_number() OVER w <= room
                        AND (sum(q.size) OVER w <= bytes_room OR bytes_room = 1048576 AND row_number() OVER w = 1)
                        AS fits
                    FROM (
                        SELECT number, recorded_at, length(data)::bigint AS size FROM bincard.delivery_page
                        WHERE realm = for_realm AND recorded_at < drop_before ORDER BY recorded_at, number
                        LIMIT room + 1
                    ) AS q WINDOW w AS (ORDER BY q.recorded_at, q.number)
                ) AS p;
                DELETE FROM bincard.delivery_page WHERE realm = for_realm AND number = ANY (found_pages.numbers);
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                is_more := is_more OR coalesce(found_pages.is_more, false);
                SELECT d.room, is_more OR d.is_left INTO room, is_more
                FROM bincard.drop_ended(for_realm, 3, drop_before, room) AS d;
            END IF;
            IF drop_dead_before IS NOT NULL THEN
                SELECT d.room, is_more OR d.is_left INTO room, is_more
                FROM bincard.drop_ended(for_realm, 2, drop_dead_before, room) AS d;
            END IF;
            RETURN is_more;
        END $$;

        -- Deletes the oldest deliveries that ended so before a moment, each with all its attempts, unless they alone
        -- are more than a unit may delete. Gives what is left of the room.
        CREATE FUNCTION bincard.drop_ended(
            for_realm uuid, ended bigint, before bigint, INOUT room bigint, OUT is_left boolean
        ) LANGUAGE plpgsql AS $$
        DECLARE
            oldest record;
            taken record;
            deleted bigint;
        BEGIN
            is_left := false;
            oldest := NULL;
            FOR taken IN
                SELECT p.webhook, array_agg(p.seq ORDER BY p.place) AS seqs, p.fits, min(p.place) AS first
                FROM (
                    SELECT q.webhook, q.seq, row_number() OVER w AS place, sum(q.size) OVER w <= room AS fits
                    FROM (
                        SELECT d.webhook, d.seq, d.updated_at, 1 + (
                            SELECT count(*) FROM bincard.attempt AS a
                            WHERE a.realm = for_realm AND a.webhook = d.webhook AND a.seq = d.seq) AS size
                        FROM bincard.delivery AS d
                        -- As the index is restricted.
                        WHERE d.realm = for_realm AND d.status <> 1 AND d.status = ended AND d.updated_at < before
                        ORDER BY d.updated_at, d.webhook, d.seq LIMIT room + 1
                    ) AS q WINDOW w AS (ORDER BY q.updated_at, q.webhook, q.seq)
                ) AS p GROUP BY p.webhook, p.fits
            LOOP
                IF NOT taken.fits THEN
                    is_left := true;
                    IF taken.first = 1 AND room = 256 THEN oldest := taken; END IF;
                    CONTINUE;
                END IF;
                DELETE FROM bincard.attempt
                WHERE realm = for_realm AND webhook = taken.webhook AND seq = ANY (taken.seqs);
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
                DELETE FROM bincard.delivery
                WHERE realm = for_realm AND webhook = taken.webhook AND seq = ANY (taken.seqs);
                GET DIAGNOSTICS deleted = ROW_COUNT;
                room := room - deleted;
            END LOOP;
            IF oldest IS NOT NULL THEN
                DELETE FROM bincard.attempt
                WHERE realm = for_realm AND webhook = oldest.webhook AND seq = oldest.seqs[1]
                    AND ordinal = ANY (ARRAY(
                        SELECT ordinal FROM bincard.attempt
                        WHERE realm = for_realm AND webhook = oldest.webhook AND seq = oldest.seqs[1]
                        ORDER BY ordinal LIMIT room));
                room := 0;
            END IF;
        END $$;
        """
}
