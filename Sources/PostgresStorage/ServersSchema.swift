/// The servers that run over the database: each says once a second that it is there. In the realm of zeros, as what
/// stands here is where clients' requests are sent on to.
enum ServersSchema {
    static let tables = """
        -- seen_at in milliseconds since 1970, by the database's clock. After a crash everybody says it again.
        CREATE UNLOGGED TABLE bincard.server (
            realm uuid NOT NULL,
            id uuid NOT NULL,
            address text NOT NULL,
            seen_at bigint NOT NULL,
            PRIMARY KEY (realm, id)
        ) WITH (fillfactor = 50);
        """

    static func functions(_ form: FunctionForm) -> String {
        """
        \(form.create) bincard.announce_server(for_realm uuid, seal text, server uuid, at_address text)
        RETURNS TABLE (found uuid, place text) LANGUAGE plpgsql AS $$
        DECLARE
            at_time bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            \(form.set("synchronous_commit", to: "'off'"))
            INSERT INTO bincard.server AS s (realm, id, address, seen_at)
            VALUES (for_realm, server, at_address, at_time)
            ON CONFLICT (realm, id) DO UPDATE SET address = excluded.address, seen_at = excluded.seen_at;
            DELETE FROM bincard.server AS s WHERE s.realm = for_realm AND s.seen_at < at_time - 60000;
            RETURN QUERY SELECT s.id, s.address FROM bincard.server AS s
                WHERE s.realm = for_realm AND s.seen_at >= at_time - 5000 ORDER BY s.id;
        END $$;
        """
    }
}
