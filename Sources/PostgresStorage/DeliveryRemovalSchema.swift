/// What one unit deletes, of endpoints that are gone and of what is old: at most 256 rows and, beyond the first page,
/// 1 MiB of pages, so that no transaction is long. PostgreSQL marks each piece of a long value as deleted on its own.
///
/// What is deleted is a range of an index up to a row that was looked up, or one key. The index is named (see
/// `DeliverySchema`), since the planner knows nothing about how many rows a realm has (`Fence`).
enum DeliveryRemovalSchema {
    static func functions(_ form: FunctionForm) -> String {
        [all, webhook, pages, ended].joined(separator: "\n")
            .split(separator: "CREATE FUNCTION", omittingEmptySubsequences: false).joined(separator: form.create)
    }

    private static let all = """
        -- Whether something had to stay for the next unit. The transaction has entered the realm.
        CREATE FUNCTION bincard.drop_deliveries(
            for_realm uuid, removed bigint[], drop_before bigint, drop_dead_before bigint
        ) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            room record;
            is_more boolean := false;
            gone bigint;
        BEGIN
            SELECT 256::bigint AS row_count, 1048576::bigint AS bytes INTO room;
            FOREACH gone IN ARRAY removed LOOP
                room.row_count := bincard.drop_webhook(for_realm, gone, room.row_count);
                SELECT p.row_count, p.bytes INTO room
                FROM bincard.drop_pages(for_realm, gone, NULL, room.row_count, room.bytes) AS p;
                is_more := is_more
                    OR EXISTS (SELECT 1 FROM bincard.lane WHERE realm = for_realm AND webhook = gone)
                    OR EXISTS (SELECT 1 FROM bincard.attempt WHERE realm = for_realm AND webhook = gone)
                    OR EXISTS (
                        SELECT 1 FROM bincard.delivery
                        WHERE realm = for_realm AND webhook = gone)
                    OR EXISTS (
                        SELECT 1 FROM bincard.delivery_page
                        WHERE realm = for_realm AND (webhook + 0) IS NOT NULL AND webhook = gone);
            END LOOP;
            IF drop_before IS NOT NULL THEN
                SELECT p.row_count, p.bytes INTO room
                FROM bincard.drop_pages(for_realm, NULL, drop_before, room.row_count, room.bytes) AS p;
                room.row_count := bincard.drop_ended(for_realm, 3, drop_before, room.row_count);
                is_more := is_more
                    OR EXISTS (
                        SELECT 1 FROM bincard.delivery_page
                        WHERE realm = for_realm AND (number + 0) IS NOT NULL AND recorded_at < drop_before)
                    OR EXISTS (
                        SELECT 1 FROM bincard.delivery
                        WHERE realm = for_realm AND status <> 1 AND (updated_at + 0) IS NOT NULL AND status = 3
                            AND updated_at < drop_before);
            END IF;
            IF drop_dead_before IS NOT NULL THEN
                room.row_count := bincard.drop_ended(for_realm, 2, drop_dead_before, room.row_count);
                is_more := is_more OR EXISTS (
                    SELECT 1 FROM bincard.delivery
                    WHERE realm = for_realm AND status <> 1 AND (updated_at + 0) IS NOT NULL AND status = 2
                        AND updated_at < drop_dead_before);
            END IF;
            RETURN is_more;
        END $$;
        """

    private static let webhook = """
        -- Deletes what there is about an endpoint, but for its pages, as far as there is room. Gives what is left of
        -- it.
        CREATE FUNCTION bincard.drop_webhook(for_realm uuid, gone bigint, room bigint) RETURNS bigint
        LANGUAGE plpgsql AS $$
        DECLARE
            deleted bigint;
            -- The last of those that there is room for; without any the condition is NULL.
            last record;
        BEGIN
            -- Its lanes go first: nothing is sent any more, whatever else is still there.
            SELECT max(k.origin) AS origin INTO last FROM (
                SELECT origin FROM bincard.lane WHERE realm = for_realm AND webhook = gone
                ORDER BY webhook, origin LIMIT room
            ) AS k;
            DELETE FROM bincard.lane WHERE realm = for_realm AND webhook = gone AND origin <= last.origin;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            room := room - deleted;
            DELETE FROM bincard.endpoint_health WHERE realm = for_realm AND webhook = gone;
            SELECT k.seq, k.ordinal INTO last FROM (
                SELECT seq, ordinal FROM bincard.attempt WHERE realm = for_realm AND webhook = gone
                ORDER BY webhook, seq, ordinal LIMIT room
            ) AS k ORDER BY k.seq DESC, k.ordinal DESC LIMIT 1;
            DELETE FROM bincard.attempt
            WHERE realm = for_realm AND webhook = gone AND (seq, ordinal) <= (last.seq, last.ordinal);
            GET DIAGNOSTICS deleted = ROW_COUNT;
            room := room - deleted;
            SELECT max(k.seq) AS seq INTO last FROM (
                SELECT seq FROM bincard.delivery
                WHERE realm = for_realm AND webhook = gone
                ORDER BY webhook, seq LIMIT room
            ) AS k;
            DELETE FROM bincard.delivery
            WHERE realm = for_realm AND webhook = gone AND seq <= last.seq;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            RETURN room - deleted;
        END $$;
        """

    private static let pages = """
        -- Deletes pages of an endpoint, or else those that were written before a moment, as far as there is room.
        CREATE FUNCTION bincard.drop_pages(
            for_realm uuid, gone bigint, before bigint, INOUT row_count bigint, INOUT bytes bigint
        ) LANGUAGE plpgsql AS $$
        DECLARE
            -- The first page goes whatever its size.
            least bigint := CASE WHEN bytes = 1048576 THEN 1 ELSE 0 END;
            deleted bigint;
            last record;
        BEGIN
            IF gone IS NOT NULL THEN
                SELECT p.last_seq, p.number, p.total INTO last FROM (
                    SELECT q.last_seq, q.number, row_number() OVER w AS place, sum(q.size) OVER w AS total
                    FROM (
                        SELECT last_seq, number, length(data)::bigint AS size FROM bincard.delivery_page
                        WHERE realm = for_realm AND (webhook + 0) IS NOT NULL AND webhook = gone
                        ORDER BY last_seq, number LIMIT row_count
                    ) AS q WINDOW w AS (ORDER BY q.last_seq, q.number)
                ) AS p WHERE p.total <= bytes OR p.place <= least ORDER BY p.place DESC LIMIT 1;
                DELETE FROM bincard.delivery_page
                WHERE realm = for_realm AND (webhook + 0) IS NOT NULL AND webhook = gone
                    AND (last_seq, number) <= (last.last_seq, last.number);
            ELSE
                SELECT p.recorded_at, p.number, p.total INTO last FROM (
                    SELECT q.recorded_at, q.number, row_number() OVER w AS place, sum(q.size) OVER w AS total
                    FROM (
                        SELECT recorded_at, number, length(data)::bigint AS size FROM bincard.delivery_page
                        WHERE realm = for_realm AND (number + 0) IS NOT NULL AND recorded_at < before
                        ORDER BY recorded_at, number LIMIT row_count
                    ) AS q WINDOW w AS (ORDER BY q.recorded_at, q.number)
                ) AS p WHERE p.total <= bytes OR p.place <= least ORDER BY p.place DESC LIMIT 1;
                DELETE FROM bincard.delivery_page
                WHERE realm = for_realm AND (number + 0) IS NOT NULL
                    AND (recorded_at, number) <= (last.recorded_at, last.number);
            END IF;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            row_count := row_count - deleted;
            bytes := bytes - coalesce(last.total, 0);
        END $$;
        """

    private static let ended = """
        -- Deletes the oldest deliveries that ended so before a moment, each with all its attempts, unless they alone
        -- are more than a unit may delete. Gives what is left of the room.
        CREATE FUNCTION bincard.drop_ended(for_realm uuid, ended bigint, before bigint, room bigint) RETURNS bigint
        LANGUAGE plpgsql AS $$
        DECLARE
            is_whole boolean := room = 256;
            old record;
        BEGIN
            FOR old IN
                SELECT d.webhook, d.seq, 1 + (
                    SELECT count(*) FROM bincard.attempt AS a
                    WHERE a.realm = for_realm AND a.webhook = d.webhook AND a.seq = d.seq) AS size
                FROM bincard.delivery AS d
                WHERE d.realm = for_realm AND d.status <> 1 AND (d.updated_at + 0) IS NOT NULL AND d.status = ended
                    AND d.updated_at < before
                ORDER BY d.updated_at, d.webhook, d.seq LIMIT room
            LOOP
                IF old.size > room THEN
                    IF NOT is_whole THEN RETURN room; END IF;
                    SELECT old.webhook, old.seq, max(k.ordinal) AS ordinal INTO old FROM (
                        SELECT a.ordinal FROM bincard.attempt AS a
                        WHERE a.realm = for_realm AND a.webhook = old.webhook AND a.seq = old.seq
                        ORDER BY a.ordinal LIMIT room
                    ) AS k;
                    DELETE FROM bincard.attempt
                    WHERE realm = for_realm AND webhook = old.webhook AND seq = old.seq AND ordinal <= old.ordinal;
                    RETURN 0;
                END IF;
                is_whole := false;
                room := room - old.size;
                DELETE FROM bincard.attempt
                WHERE realm = for_realm AND webhook = old.webhook AND seq = old.seq;
                DELETE FROM bincard.delivery
                WHERE realm = for_realm AND webhook = old.webhook AND seq = old.seq;
            END LOOP;
            RETURN room;
        END $$;
        """
}
