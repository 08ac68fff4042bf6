/// The tables of the ledgers. `realm` leads every key, stands in every condition and is what the tables are distributed
/// by; each is fenced by row-level security (`Fence`).
enum RealmSchema {
    /// Most columns are 64-bit integers: instants are milliseconds since 1970.
    static let tables = """
        -- Where a ledger stands. A commit moves `version` on and fails to when another commit has: writes of a realm,
        -- from any number of servers, meet at this row.
        CREATE TABLE bincard.head (
            realm uuid PRIMARY KEY,
            version bigint NOT NULL,
            seq bigint NOT NULL,
            page bigint NOT NULL,
            applied_seq bigint NOT NULL,
            referenced_seq bigint NOT NULL
        ) WITH (fillfactor = 20);

        CREATE TABLE bincard.block (
            realm uuid NOT NULL,
            first_seq bigint NOT NULL,
            last_seq bigint NOT NULL,
            recorded_at bigint NOT NULL,
            last_id uuid NOT NULL,
            hash bytea NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, first_seq),
            CHECK (first_seq >= 1 AND last_seq >= first_seq)
        );

        CREATE TABLE bincard.item (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, number)
        );

        CREATE TABLE bincard.location (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, number)
        );

        CREATE TABLE bincard.webhook (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, number)
        );

        -- key = item number << 32 | location number
        CREATE TABLE bincard.stock_level (
            realm uuid NOT NULL,
            key bigint NOT NULL,
            on_hand bigint NOT NULL,
            value bigint NOT NULL,
            last_wac bigint NOT NULL,
            reserved bigint NOT NULL,
            roots bytea NOT NULL,
            settings bytea,
            PRIMARY KEY (realm, key)
        ) WITH (fillfactor = 80);

        CREATE TABLE bincard.reference_segment (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            first_seq bigint NOT NULL,
            last_seq bigint NOT NULL,
            PRIMARY KEY (realm, number)
        );

        -- key = segment number × 256 + top byte of the hash
        CREATE TABLE bincard.reference_bucket (
            realm uuid NOT NULL,
            key bigint NOT NULL,
            data bytea NOT NULL,
            PRIMARY KEY (realm, key)
        );

        CREATE TABLE bincard.idempotency_page (
            realm uuid NOT NULL,
            number bigint NOT NULL,
            slice bigint NOT NULL,
            recorded_at bigint NOT NULL,
            keys bytea NOT NULL,
            answers bytea NOT NULL,
            PRIMARY KEY (realm, number)
        );

        -- Blocks and keys are packed already, and compressing them again costs more than it saves; answers are text
        -- that repeats itself. Rows up to a page of the file stay in it.
        ALTER TABLE bincard.block ALTER data SET STORAGE EXTERNAL, ALTER hash SET STORAGE PLAIN;
        ALTER TABLE bincard.block SET (toast_tuple_target = 8160);
        ALTER TABLE bincard.idempotency_page ALTER keys SET STORAGE EXTERNAL;
        ALTER TABLE bincard.idempotency_page SET (toast_tuple_target = 8160);
        DO $$ BEGIN
            ALTER TABLE bincard.idempotency_page ALTER answers SET COMPRESSION lz4;
        EXCEPTION WHEN feature_not_supported THEN
            -- A server that was built without lz4 compresses with pglz, which takes longer.
            NULL;
        END $$;
        """

    /// The journal refuses changes whoever asks for them, its owner included.
    static let journal = """
        CREATE FUNCTION bincard.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the journal is append-only: a block is never changed or deleted'
                USING ERRCODE = 'insufficient_privilege';
        END $$;

        CREATE TRIGGER block_is_never_changed BEFORE UPDATE OR DELETE ON bincard.block
            FOR EACH ROW EXECUTE FUNCTION bincard.refuse_change();

        CREATE TRIGGER block_is_never_emptied BEFORE TRUNCATE ON bincard.block
            FOR EACH STATEMENT EXECUTE FUNCTION bincard.refuse_change();
        """

    /// What runs with every write and every read that must be fresh: one call each. Plans are kept with the functions,
    /// also behind a pooler that can't keep prepared statements.
    static func functions(_ form: FunctionForm) -> String {
        [enter(form), append(form), appendAndProject(form), news(form), lookUps(form)].joined(separator: "\n")
    }

    private static func enter(_ form: FunctionForm) -> String {
        """
        -- Says for which realm the transaction is.
        \(form.create) bincard.enter(realm uuid, seal text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            \(form.set("bincard.realm", to: "realm::text || '.' || seal"))
            -- The planner takes every realm for a few rows, which it would rather collect and sort than read in the
            -- order of an index: then a look-up would read all that a realm has.
            \(form.set("enable_bitmapscan", to: "'off'"))
            -- A commit is on disk when it is acknowledged, whatever the session or the role was set to meanwhile.
            IF current_setting('synchronous_commit') IN ('off', 'local') THEN
                \(form.set("synchronous_commit", to: "'on'"))
            END IF;
        END $$;
        """
    }

    private static func append(_ form: FunctionForm) -> String {
        """
        -- Moves the head on and appends. NULL, and nothing is written, when the head is not at `known` any more.
        \(form.create) bincard.append(
            for_realm uuid, seal text, known bigint,
            block_first bigint, block_last bigint, block_at bigint, block_id uuid, block_hash bytea, block_data bytea,
            page_number bigint, page_slice bigint, page_at bigint, page_keys bytea, page_answers bytea,
            drop_before bigint, applied bigint, referenced bigint
        ) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            before bincard.head;
            last_dropped bigint;
        BEGIN
            -- As `enter` does, but for what this function can do without: it runs with every write.
            \(form.set("bincard.realm", to: "for_realm::text || '.' || seal"))
            IF current_setting('synchronous_commit') IN ('off', 'local') THEN
                \(form.set("synchronous_commit", to: "'on'"))
            END IF;
            UPDATE bincard.head SET
                version = version + 1, seq = coalesce(block_last, seq),
                page = coalesce(page_number, page), applied_seq = greatest(applied, applied_seq),
                referenced_seq = coalesce(referenced, referenced_seq)
            WHERE realm = for_realm AND version = known
                AND (block_first IS NULL OR seq = block_first - 1)
                AND (page_number IS NULL OR page < page_number);
            IF NOT FOUND THEN
                SELECT * INTO before FROM bincard.head WHERE realm = for_realm;
                IF before.version = known THEN
                    RAISE EXCEPTION 'block % or page % does not follow entry % and page %',
                        block_first, page_number, before.seq, before.page USING ERRCODE = 'data_exception';
                END IF;
                RETURN NULL;
            END IF;
            IF block_first IS NOT NULL THEN
                INSERT INTO bincard.block (realm, first_seq, last_seq, recorded_at, last_id, hash, data)
                VALUES (for_realm, block_first, block_last, block_at, block_id, block_hash, block_data);
            END IF;
            IF page_number IS NOT NULL THEN
                INSERT INTO bincard.idempotency_page (realm, number, slice, recorded_at, keys, answers)
                VALUES (for_realm, page_number, page_slice, page_at, page_keys, page_answers);
            END IF;
            IF drop_before IS NOT NULL THEN
                PERFORM bincard.enter(for_realm, seal);
                -- Numbers ascend with slices: what may go is at the beginning.
                -- The range is found before it is deleted from: in one statement the planner, which knows nothing of
                -- how many pages there are, would read them all.
                SELECT max(oldest.number) INTO last_dropped FROM (
                    SELECT number, slice FROM bincard.idempotency_page
                    WHERE realm = for_realm ORDER BY number LIMIT 16
                ) AS oldest WHERE oldest.slice < drop_before;
                IF last_dropped IS NOT NULL THEN
                    DELETE FROM bincard.idempotency_page WHERE realm = for_realm AND number <= last_dropped;
                END IF;
            END IF;
            RETURN known + 1;
        END $$;
        """
    }

    private static func appendAndProject(_ form: FunctionForm) -> String {
        """
        -- An `append` together with rows of the projections.
        \(form.create) bincard.append_and_project(
            for_realm uuid, seal text, known bigint,
            block_first bigint, block_last bigint, block_at bigint, block_id uuid, block_hash bytea, block_data bytea,
            page_number bigint, page_slice bigint, page_at bigint, page_keys bytea, page_answers bytea,
            drop_before bigint, applied bigint, referenced bigint,
            item_numbers bigint[], item_data bytea[], location_numbers bigint[], location_data bytea[],
            webhook_numbers bigint[], webhook_data bytea[],
            level_keys bigint[], on_hands bigint[], level_values bigint[], last_wacs bigint[], reserveds bigint[],
            level_roots bytea[], level_settings bytea[],
            segment_firsts bigint[], segment_lasts bigint[], bucket_keys bigint[], bucket_data bytea[]
        ) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            appended bigint := bincard.append(
                for_realm, seal, known, block_first, block_last, block_at, block_id, block_hash, block_data,
                page_number, page_slice, page_at, page_keys, page_answers, drop_before, applied, referenced);
            last record;
            \(form.rowDeclaration)
        BEGIN
            IF appended IS NULL THEN RETURN NULL; END IF;
            \(form.insert(items))
            \(form.insert(locations))
            \(form.insert(webhooks))
            \(form.insert(levels))
            IF cardinality(segment_firsts) = 0 THEN RETURN appended; END IF;
            SELECT max(number) AS number, max(last_seq) AS last_seq INTO last FROM bincard.reference_segment
            WHERE realm = for_realm;
            FOR place IN 1 .. cardinality(segment_firsts) LOOP
                IF segment_firsts[place] <> coalesce(last.last_seq, 0) + 1 THEN
                    RAISE EXCEPTION 'reference segment % does not follow %', segment_firsts[place],
                        coalesce(last.last_seq, 0) USING ERRCODE = 'data_exception';
                END IF;
                INSERT INTO bincard.reference_segment (realm, number, first_seq, last_seq)
                VALUES (for_realm, coalesce(last.number, 0) + 1, segment_firsts[place], segment_lasts[place])
                RETURNING number, last_seq INTO last;
            END LOOP;
            -- The keys count from the first of these segments.
            \(form.insert(buckets))
            RETURN appended;
        END $$;
        """
    }

    private static func news(_ form: FunctionForm) -> String {
        """
        -- The head, and what was committed after `known_seq` and `known_page`: a row of kind 0 with version, seq,
        -- page, applied and referenced seq; rows of kind 1 with blocks, 2 with the keys of pages.
        \(form.create) bincard.news(
            for_realm uuid, seal text, known_seq bigint, known_page bigint, most integer, locking boolean
        ) RETURNS TABLE (
            kind bigint, a bigint, b bigint, c bigint, d bigint, e bigint, id uuid, hash bytea, data bytea
        ) LANGUAGE plpgsql ROWS 10 AS $$
        DECLARE
            now_at bincard.head;
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            IF locking THEN
                SELECT * INTO now_at FROM bincard.head AS h WHERE h.realm = for_realm FOR UPDATE;
            ELSE
                SELECT * INTO now_at FROM bincard.head AS h WHERE h.realm = for_realm;
            END IF;
            RETURN QUERY SELECT 0::bigint, now_at.version, now_at.seq, now_at.page, now_at.applied_seq,
                now_at.referenced_seq, NULL::uuid, NULL::bytea, NULL::bytea;
            IF now_at.seq > known_seq THEN
                RETURN QUERY SELECT 1::bigint, k.first_seq, k.last_seq, k.recorded_at, 0::bigint, 0::bigint,
                    k.last_id, k.hash, k.data
                FROM bincard.block AS k
                WHERE k.realm = for_realm AND k.first_seq > known_seq AND k.last_seq <= now_at.seq
                ORDER BY k.first_seq LIMIT most;
            END IF;
            IF now_at.page > known_page THEN
                RETURN QUERY SELECT 2::bigint, p.number, p.slice, p.recorded_at, 0::bigint, 0::bigint,
                    NULL::uuid, NULL::bytea, p.keys
                FROM bincard.idempotency_page AS p
                WHERE p.realm = for_realm AND p.number > known_page AND p.number <= now_at.page
                ORDER BY p.number LIMIT most;
            END IF;
        END $$;
        """
    }

    private static func lookUps(_ form: FunctionForm) -> String {
        """
        -- The head's version, for a read that must not be older than any acknowledged write.
        \(form.create) bincard.head_version(for_realm uuid, seal text) RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
            \(form.set("bincard.realm", to: "for_realm::text || '.' || seal"))
            RETURN (SELECT version FROM bincard.head WHERE realm = for_realm);
        END $$;

        -- Last seq of the blocks that were recorded at or before a moment, or whose last id is below an id; 0 for none.
        -- Halves the range of seqs, which needs no index but the primary key.
        \(form.create) bincard.boundary(for_realm uuid, seal text, moment bigint, before_id uuid) RETURNS bigint
        LANGUAGE plpgsql AS $$
        DECLARE
            low bigint := 0;
            high bigint;
            middle bigint;
            mark record;
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            SELECT first_seq, last_seq, recorded_at, last_id INTO mark FROM bincard.block
            WHERE realm = for_realm ORDER BY first_seq DESC LIMIT 1;
            IF NOT FOUND THEN RETURN 0; END IF;
            IF mark.recorded_at <= moment OR mark.last_id < before_id THEN RETURN mark.last_seq; END IF;
            high := mark.first_seq;
            WHILE low + 1 < high LOOP
                middle := low + (high - low) / 2;
                SELECT first_seq, last_seq, recorded_at, last_id INTO mark FROM bincard.block
                WHERE realm = for_realm AND first_seq <= middle ORDER BY first_seq DESC LIMIT 1;
                IF NOT FOUND OR mark.last_seq < middle THEN
                    RAISE EXCEPTION 'the journal has no entry %', middle USING ERRCODE = 'data_corrupted';
                END IF;
                IF mark.recorded_at <= moment OR mark.last_id < before_id THEN
                    low := mark.last_seq;
                ELSE
                    high := mark.first_seq;
                END IF;
            END LOOP;
            RETURN low;
        END $$;
        """
    }

    private static let items = FunctionForm.Rows(
        table: "item", columns: ["number": "item_numbers", "data": "item_data"], replacing: ["number"])

    private static let locations = FunctionForm.Rows(
        table: "location", columns: ["number": "location_numbers", "data": "location_data"], replacing: ["number"])

    private static let webhooks = FunctionForm.Rows(
        table: "webhook", columns: ["number": "webhook_numbers", "data": "webhook_data"], replacing: ["number"])

    private static let levels = FunctionForm.Rows(
        table: "stock_level",
        columns: [
            "key": "level_keys", "on_hand": "on_hands", "value": "level_values", "last_wac": "last_wacs",
            "reserved": "reserveds", "roots": "level_roots", "settings": "level_settings",
        ], replacing: ["key"])

    private static let buckets = FunctionForm.Rows(
        table: "reference_bucket", columns: ["key": "bucket_keys", "data": "bucket_data"],
        computed: ["key": "u.key + (last.number - cardinality(segment_firsts) + 1) * 256"])
}
