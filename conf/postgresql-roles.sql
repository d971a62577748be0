-- Roles for Defender's database, none with more rights than its work takes:
--
--   defender_owner     owns the tables; only `defenderctl migrate` and this file are run as it or above it
--   defender_gateway   the milters: add records and failure reports, learn forwarders; change or delete nothing
--   defender_reporter  the reporters, and operators who tell them what to do: read records, keep the reports,
--                      delete what has grown old, rule on forwarders
--   defender_reader    explain, what-if and the lists of defenderctl: read
--
-- Run it by psql as a superuser in a database of Defender's own, which is empty; then run `defenderctl migrate` with a
-- store.postgresql whose user is defender_owner; then run this file once more, for the rights on the tables. The same
-- after every upgrade that changes the schema. What is there already is left as it is. The roles have no password yet:
-- give each its own (ALTER ROLE ... PASSWORD), and let pg_hba.conf admit it from where its programs run.

DO $body$
DECLARE
    role TEXT;
BEGIN
    FOREACH role IN ARRAY ARRAY['defender_owner', 'defender_gateway', 'defender_reporter', 'defender_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
        END IF;
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = defender', role, current_database());
    END LOOP;
END
$body$;

CREATE SCHEMA IF NOT EXISTS defender AUTHORIZATION defender_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA defender FROM PUBLIC;
GRANT USAGE ON SCHEMA defender TO defender_gateway, defender_reporter, defender_reader;

-- Temporary tables are where a gateway puts a batch of records before they go into the tables.
DO $body$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO defender_owner, defender_gateway, defender_reporter, defender_reader',
                   current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO defender_gateway', current_database());
END
$body$;

DO $body$
BEGIN
    IF to_regclass('defender.report_count') IS NULL THEN
        RAISE NOTICE 'no tables yet: run "defenderctl migrate" as defender_owner, then this file once more';
        RETURN;
    END IF;
    SET LOCAL search_path = defender;

    GRANT SELECT ON ALL TABLES IN SCHEMA defender TO defender_reader, defender_reporter;

    -- What a gateway moves is compared with what stands there already, so that nothing is there twice.
    GRANT SELECT ON schema_version, forwarder_ruling TO defender_gateway;
    GRANT SELECT, INSERT ON record, record_domain, journal TO defender_gateway;
    GRANT SELECT, INSERT, UPDATE ON forwarding_sighting TO defender_gateway;
    GRANT INSERT, SELECT (id, report_id) ON document TO defender_gateway;
    GRANT INSERT, SELECT (id, state, next_at, lease_until) ON delivery TO defender_gateway;
    GRANT INSERT ON delivery_step TO defender_gateway;
    -- So that "defenderctl status" tells there as well how many reports wait, and until when.
    GRANT SELECT (state, day, spread, lease_until) ON report TO defender_gateway;
    GRANT EXECUTE ON FUNCTION defender_make_day(BIGINT) TO defender_gateway;

    GRANT UPDATE (folded_id, folding_id, folding_key) ON journal TO defender_reporter;
    GRANT INSERT, UPDATE, DELETE ON report, report_row, report_count, document, delivery, delivery_step, suppression,
        forwarder_ruling TO defender_reporter;
    GRANT DELETE ON forwarding_sighting TO defender_reporter;
    -- A day is dropped with the rights of its owner: a reporter may delete whole days, and no single record.
    ALTER FUNCTION defender_drop_day(BIGINT) SECURITY DEFINER SET search_path = defender, pg_temp;
    GRANT EXECUTE ON FUNCTION defender_drop_day(BIGINT) TO defender_reporter;
END
$body$;
