/// The tables of deliveries, beside the journal and apart from it: `realm` leads every key, as in `RealmSchema`, and
/// then comes the endpoint, so that what one endpoint writes lies together.
enum DeliverySchema {
    static let tables = """
        -- Which server dispatches the realm's webhooks, and until when unless it says more: a lease. Each of its writes
        -- begins by renewing it. holder is NULL once it was given up.
        CREATE TABLE bincard.dispatch (
            realm uuid PRIMARY KEY,
            holder bigint,
            until timestamptz NOT NULL,
            -- every entry of the journal up to here was looked at for what it asks of the dispatcher
            control_seq bigint NOT NULL,
            -- number of the last page
            page bigint NOT NULL
        ) WITH (fillfactor = 20);

        -- origin is 0 for the live lane, else the seq of the entry that asked for the replay
        CREATE TABLE bincard.lane (
            realm uuid NOT NULL,
            webhook bigint NOT NULL,
            origin bigint NOT NULL,
            next_seq bigint NOT NULL,
            settled bytea NOT NULL,
            last_seq bigint,
            events bytea,
            dead_only boolean NOT NULL,
            PRIMARY KEY (realm, webhook, origin)
        ) WITH (fillfactor = 50);

        -- status: 1 pending, 2 dead, 3 delivered; next_attempt_at is NULL unless it is pending
        CREATE TABLE bincard.delivery (
            realm uuid NOT NULL,
            webhook bigint NOT NULL,
            seq bigint NOT NULL,
            status bigint NOT NULL,
            attempts bigint NOT NULL,
            last_ordinal bigint NOT NULL,
            next_attempt_at bigint,
            updated_at bigint NOT NULL,
            event_name text COLLATE "C" NOT NULL,
            PRIMARY KEY (realm, webhook, seq)
        );

        -- Each index but the primary key has a condition of its own, which says nothing: a statement that repeats it
        -- names the index. The planner can't choose by itself, since it knows nothing of how many rows a realm has.
        CREATE INDEX delivery_of_webhook ON bincard.delivery (realm, status, webhook, seq)
            WHERE (webhook + 0) IS NOT NULL;

        CREATE INDEX delivery_of_all ON bincard.delivery (realm, status, seq, webhook) WHERE (seq + 0) IS NOT NULL;

        -- Dead letters are kept for longer than what arrived: the oldest of each are together.
        CREATE INDEX delivery_age ON bincard.delivery (realm, status, updated_at, webhook, seq)
            WHERE status <> 1 AND (updated_at + 0) IS NOT NULL;

        CREATE TABLE bincard.attempt (
            realm uuid NOT NULL,
            webhook bigint NOT NULL,
            seq bigint NOT NULL,
            ordinal bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, webhook, seq, ordinal)
        );

        CREATE TABLE bincard.delivery_page (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            webhook bigint NOT NULL,
            first_seq bigint NOT NULL,
            last_seq bigint NOT NULL,
            recorded_at bigint NOT NULL,
            -- how many it holds
            deliveries bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, number)
        );

        -- By the last seq: reading down from a seq, the next page then says from where on the answer is complete.
        CREATE INDEX page_of_webhook ON bincard.delivery_page (realm, webhook, last_seq, number)
            WHERE (webhook + 0) IS NOT NULL;

        CREATE INDEX page_age ON bincard.delivery_page (realm, recorded_at, number) WHERE (number + 0) IS NOT NULL;

        CREATE TABLE bincard.endpoint_health (
            realm uuid NOT NULL,
            webhook bigint NOT NULL,
            failing_since bigint,
            consecutive_failures bigint NOT NULL,
            last_success_at bigint,
            last_failure_at bigint,
            delivered bigint NOT NULL,
            died bigint NOT NULL,
            PRIMARY KEY (realm, webhook)
        ) WITH (fillfactor = 50);

        -- Pages name what comes again by a number: they are packed already.
        ALTER TABLE bincard.delivery_page ALTER data SET STORAGE EXTERNAL;
        ALTER TABLE bincard.delivery_page SET (toast_tuple_target = 8160);
        """

    /// The lease. Its length stands here and nowhere else; the database's clock measures it.
    static let lease = """
        -- Takes the lease for a holder when it is free, has run out, or is that holder's or its former self's. NULL
        -- when it has it, else until when another does.
        CREATE FUNCTION bincard.take_dispatch(for_realm uuid, seal text, for_holder bigint, former bigint) RETURNS text
        LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            PERFORM set_config('synchronous_commit', 'off', true);
            INSERT INTO bincard.dispatch AS d (realm, holder, until, control_seq, page)
            VALUES (for_realm, for_holder, clock_timestamp() + interval '10 s', 0, 0)
            ON CONFLICT (realm) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE d.holder IS NULL OR d.holder IN (for_holder, former) OR d.until <= clock_timestamp();
            IF FOUND THEN RETURN NULL; END IF;
            RETURN bincard.dispatch_until(for_realm);
        END $$;

        -- Renews the lease, or gives it up. NULL when the holder has had it until now, else until when another does.
        CREATE FUNCTION bincard.keep_dispatch(
            for_realm uuid, seal text, by_holder bigint, former bigint, keep boolean
        ) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            PERFORM set_config('synchronous_commit', 'off', true);
            UPDATE bincard.dispatch SET
                holder = CASE WHEN keep THEN holder END,
                until = clock_timestamp() + CASE WHEN keep THEN interval '10 s' ELSE interval '0' END
            WHERE realm = for_realm AND holder IN (by_holder, former);
            IF FOUND THEN RETURN NULL; END IF;
            RETURN bincard.dispatch_until(for_realm);
        END $$;

        -- Until when the lease is held, in UTC; empty when nobody holds it.
        CREATE FUNCTION bincard.dispatch_until(for_realm uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
        BEGIN
            RETURN coalesce((
                SELECT to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM bincard.dispatch
                WHERE realm = for_realm AND holder IS NOT NULL), '');
        END $$;
        """

    /// What a unit writes, in one call. A power cut may take it back: see `DeliveryStore`.
    static let write = """
        -- is_left: whether more is left to delete. NULL, and nothing is written, when another has the lease until
        -- held_until.
        CREATE FUNCTION bincard.write_deliveries(
            for_realm uuid, seal text, by_holder bigint, control bigint,
            lane_webhooks bigint[], lane_origins bigint[], lane_nexts bigint[], lane_settled bytea[],
            lane_lasts bigint[], lane_events bytea[], lane_dead_only bigint[],
            ended_webhooks bigint[], ended_origins bigint[],
            delivery_webhooks bigint[], delivery_seqs bigint[], delivery_statuses bigint[], delivery_attempts bigint[],
            delivery_ordinals bigint[], delivery_nexts bigint[], delivery_updates bigint[], delivery_names text[],
            attempt_webhooks bigint[], attempt_seqs bigint[], attempt_ordinals bigint[], attempt_data bytea[],
            page_webhooks bigint[], page_firsts bigint[], page_lasts bigint[], page_ats bigint[], page_counts bigint[],
            page_data bytea[],
            health_webhooks bigint[], health_sinces bigint[], health_failures bigint[], health_successes bigint[],
            health_last_failures bigint[], health_delivered bigint[], health_died bigint[],
            removed bigint[], drop_before bigint, drop_dead_before bigint,
            OUT is_left boolean, OUT held_until text
        ) LANGUAGE plpgsql AS $$
        DECLARE
            last_page bigint;
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            PERFORM set_config('synchronous_commit', 'off', true);
            UPDATE bincard.dispatch SET
                until = clock_timestamp() + interval '10 s', control_seq = coalesce(control, control_seq),
                page = page + cardinality(page_webhooks)
            WHERE realm = for_realm AND holder = by_holder
            RETURNING page - cardinality(page_webhooks) INTO last_page;
            IF NOT FOUND THEN
                held_until := bincard.dispatch_until(for_realm);
                RETURN;
            END IF;
            is_left := false;
            IF cardinality(lane_webhooks) > 0 THEN
                INSERT INTO bincard.lane (realm, webhook, origin, next_seq, settled, last_seq, events, dead_only)
                SELECT for_realm, u.webhook, u.origin, u.next_seq, u.settled, u.last_seq, u.events, u.dead_only <> 0
                FROM unnest(
                    lane_webhooks, lane_origins, lane_nexts, lane_settled, lane_lasts, lane_events, lane_dead_only
                ) AS u(webhook, origin, next_seq, settled, last_seq, events, dead_only)
                ON CONFLICT (realm, webhook, origin) DO UPDATE SET
                    next_seq = excluded.next_seq, settled = excluded.settled, last_seq = excluded.last_seq,
                    events = excluded.events, dead_only = excluded.dead_only;
            END IF;
            FOR place IN 1 .. cardinality(ended_webhooks) LOOP
                DELETE FROM bincard.lane
                WHERE realm = for_realm AND webhook = ended_webhooks[place] AND origin = ended_origins[place];
            END LOOP;
            IF cardinality(delivery_webhooks) > 0 THEN
                INSERT INTO bincard.delivery (
                    realm, webhook, seq, status, attempts, last_ordinal, next_attempt_at, updated_at, event_name
                )
                SELECT for_realm, u.*
                FROM unnest(
                    delivery_webhooks, delivery_seqs, delivery_statuses, delivery_attempts, delivery_ordinals,
                    delivery_nexts, delivery_updates, delivery_names) AS u
                ON CONFLICT (realm, webhook, seq) DO UPDATE SET
                    status = excluded.status, attempts = excluded.attempts, last_ordinal = excluded.last_ordinal,
                    next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at,
                    event_name = excluded.event_name;
            END IF;
            IF cardinality(attempt_webhooks) > 0 THEN
                -- One that was written before is replaced: after a power cut the same attempt is made again.
                INSERT INTO bincard.attempt (realm, webhook, seq, ordinal, data)
                SELECT for_realm, u.* FROM unnest(attempt_webhooks, attempt_seqs, attempt_ordinals, attempt_data) AS u
                ON CONFLICT (realm, webhook, seq, ordinal) DO UPDATE SET data = excluded.data;
            END IF;
            IF cardinality(page_webhooks) > 0 THEN
                INSERT INTO bincard.delivery_page (
                    realm, number, webhook, first_seq, last_seq, recorded_at, deliveries, data
                )
                SELECT for_realm, last_page + u.place, u.webhook, u.first_seq, u.last_seq, u.at, u.deliveries, u.data
                FROM unnest(page_webhooks, page_firsts, page_lasts, page_ats, page_counts, page_data)
                    WITH ORDINALITY AS u(webhook, first_seq, last_seq, at, deliveries, data, place);
            END IF;
            IF cardinality(health_webhooks) > 0 THEN
                INSERT INTO bincard.endpoint_health (
                    realm, webhook, failing_since, consecutive_failures, last_success_at, last_failure_at, delivered,
                    died
                )
                SELECT for_realm, u.*
                FROM unnest(
                    health_webhooks, health_sinces, health_failures, health_successes, health_last_failures,
                    health_delivered, health_died) AS u
                ON CONFLICT (realm, webhook) DO UPDATE SET
                    failing_since = excluded.failing_since, consecutive_failures = excluded.consecutive_failures,
                    last_success_at = excluded.last_success_at, last_failure_at = excluded.last_failure_at,
                    delivered = excluded.delivered, died = excluded.died;
            END IF;
            -- After what is written, so that a delivery that is pending again stays.
            IF cardinality(removed) > 0 OR drop_before IS NOT NULL OR drop_dead_before IS NOT NULL THEN
                is_left := bincard.drop_deliveries(for_realm, removed, drop_before, drop_dead_before);
            END IF;
        END $$;
        """
}
