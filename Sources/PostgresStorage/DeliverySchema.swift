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
    static func lease(_ form: FunctionForm) -> String {
        """
        -- Takes the lease for a holder when it is free, has run out, or is that holder's or its former self's. NULL
        -- when it has it, else until when another does.
        \(form.create) bincard.take_dispatch(for_realm uuid, seal text, for_holder bigint, former bigint) RETURNS text
        LANGUAGE plpgsql AS $$
        DECLARE
            \(form.clockDeclaration)
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            \(form.set("synchronous_commit", to: "'off'"))
            INSERT INTO bincard.dispatch AS d (realm, holder, until, control_seq, page)
            VALUES (for_realm, for_holder, \(form.clock) + interval '10 s', 0, 0)
            ON CONFLICT (realm) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE d.holder IS NULL OR d.holder IN (for_holder, former) OR d.until <= \(form.clock);
            IF FOUND THEN RETURN NULL; END IF;
            RETURN bincard.dispatch_until(for_realm);
        END $$;

        -- Renews the lease, or gives it up. NULL when the holder has had it until now, else until when another does.
        \(form.create) bincard.keep_dispatch(
            for_realm uuid, seal text, by_holder bigint, former bigint, keep boolean
        ) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            \(form.clockDeclaration)
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            \(form.set("synchronous_commit", to: "'off'"))
            UPDATE bincard.dispatch SET
                holder = CASE WHEN keep THEN holder END,
                until = \(form.clock) + CASE WHEN keep THEN interval '10 s' ELSE interval '0' END
            WHERE realm = for_realm AND holder IN (by_holder, former);
            IF FOUND THEN RETURN NULL; END IF;
            RETURN bincard.dispatch_until(for_realm);
        END $$;

        -- Until when the lease is held, in UTC; empty when nobody holds it.
        \(form.create) bincard.dispatch_until(for_realm uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
        BEGIN
            RETURN coalesce((
                SELECT to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM bincard.dispatch
                WHERE realm = for_realm AND holder IS NOT NULL), '');
        END $$;
        """
    }

    /// What a unit writes, in one call. A power cut may take it back: see `DeliveryStore`.
    static func write(_ form: FunctionForm) -> String {
        """
        -- is_left: whether more is left to delete. NULL, and nothing is written, when another has the lease until
        -- held_until.
        \(form.create) bincard.write_deliveries(
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
            \(form.clockDeclaration)
            \(form.rowDeclaration)
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            \(form.set("synchronous_commit", to: "'off'"))
            UPDATE bincard.dispatch SET
                until = \(form.clock) + interval '10 s', control_seq = coalesce(control, control_seq),
                page = page + cardinality(page_webhooks)
            WHERE realm = for_realm AND holder = by_holder
            RETURNING page - cardinality(page_webhooks) INTO last_page;
            IF NOT FOUND THEN
                held_until := bincard.dispatch_until(for_realm);
                RETURN;
            END IF;
            is_left := false;
            IF cardinality(lane_webhooks) > 0 THEN
                \(form.insert(lanes))
            END IF;
            FOR place IN 1 .. cardinality(ended_webhooks) LOOP
                DELETE FROM bincard.lane
                WHERE realm = for_realm AND webhook = ended_webhooks[place] AND origin = ended_origins[place];
            END LOOP;
            IF cardinality(delivery_webhooks) > 0 THEN
                \(form.insert(deliveries))
            END IF;
            IF cardinality(attempt_webhooks) > 0 THEN
                -- One that was written before is replaced: after a power cut the same attempt is made again.
                \(form.insert(attempts))
            END IF;
            IF cardinality(page_webhooks) > 0 THEN
                \(form.insert(pages))
            END IF;
            IF cardinality(health_webhooks) > 0 THEN
                \(form.insert(health))
            END IF;
            -- After what is written, so that a delivery that is pending again stays.
            IF cardinality(removed) > 0 OR drop_before IS NOT NULL OR drop_dead_before IS NOT NULL THEN
                is_left := bincard.drop_deliveries(for_realm, removed, drop_before, drop_dead_before);
            END IF;
        END $$;
        """
    }

    private static let lanes = FunctionForm.Rows(
        table: "lane",
        columns: [
            "webhook": "lane_webhooks", "origin": "lane_origins", "next_seq": "lane_nexts", "settled": "lane_settled",
            "last_seq": "lane_lasts", "events": "lane_events", "dead_only": "lane_dead_only",
        ], computed: ["dead_only": "u.dead_only <> 0"], replacing: ["webhook", "origin"])

    private static let deliveries = FunctionForm.Rows(
        table: "delivery",
        columns: [
            "webhook": "delivery_webhooks", "seq": "delivery_seqs", "status": "delivery_statuses",
            "attempts": "delivery_attempts", "last_ordinal": "delivery_ordinals",
            "next_attempt_at": "delivery_nexts", "updated_at": "delivery_updates", "event_name": "delivery_names",
        ], replacing: ["webhook", "seq"])

    /// One that was written before is replaced: after a power cut the same attempt is made again.
    private static let attempts = FunctionForm.Rows(
        table: "attempt",
        columns: [
            "webhook": "attempt_webhooks", "seq": "attempt_seqs", "ordinal": "attempt_ordinals",
            "data": "attempt_data",
        ], replacing: ["webhook", "seq", "ordinal"])

    private static let pages = FunctionForm.Rows(
        table: "delivery_page",
        columns: [
            "number": "page_webhooks", "webhook": "page_webhooks", "first_seq": "page_firsts",
            "last_seq": "page_lasts", "recorded_at": "page_ats", "deliveries": "page_counts", "data": "page_data",
        ], computed: ["number": "last_page + u.place"], isNumbered: true)

    private static let health = FunctionForm.Rows(
        table: "endpoint_health",
        columns: [
            "webhook": "health_webhooks", "failing_since": "health_sinces", "consecutive_failures": "health_failures",
            "last_success_at": "health_successes", "last_failure_at": "health_last_failures",
            "delivered": "health_delivered", "died": "health_died",
        ], replacing: ["webhook"])
}
