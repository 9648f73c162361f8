using System;
using System.Data.Common;
using System.Globalization;
using Plimsoll.Core;

namespace Plimsoll.Server.Storage;

/// <summary>The schema, as the steps that lead to it. A step that has run is never edited.</summary>
static class Migrations
{
    static readonly string[] _steps =
    [
        """
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY, engine TEXT NOT NULL, pico_per_hour BIGINT NOT NULL,
            started_us BIGINT NOT NULL, posted_ns BIGINT NOT NULL, down_pico BIGINT NOT NULL);
        CREATE TABLE postings (
            engine TEXT NOT NULL, hour BIGINT NOT NULL, account TEXT NOT NULL, tenant TEXT NOT NULL,
            level TEXT NOT NULL, model TEXT NOT NULL, adapter TEXT NOT NULL, release TEXT NOT NULL,
            estimated BIGINT NOT NULL,
            fixed BIGINT NOT NULL, prefill BIGINT NOT NULL, decode BIGINT NOT NULL, kv BIGINT NOT NULL,
            requests BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL, cached_tokens BIGINT NOT NULL,
            output_tokens BIGINT NOT NULL,
            PRIMARY KEY (engine, hour, account, tenant, level, model, adapter, release, estimated));
        CREATE TABLE requests (
            id TEXT PRIMARY KEY, at_us BIGINT NOT NULL, tenant TEXT NOT NULL, level TEXT NOT NULL,
            model TEXT NOT NULL, adapter TEXT NOT NULL, release TEXT NOT NULL, status TEXT NOT NULL,
            estimated BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL, cached_tokens BIGINT NOT NULL,
            output_tokens BIGINT NOT NULL, fixed BIGINT NOT NULL, prefill BIGINT NOT NULL, decode BIGINT NOT NULL,
            kv BIGINT NOT NULL, ttft_ns BIGINT, e2e_ns BIGINT, worst_itl_ns BIGINT, kept BIGINT);
        CREATE TABLE files (
            id TEXT PRIMARY KEY, tenant TEXT NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL,
            bytes BIGINT NOT NULL, created BIGINT NOT NULL);
        CREATE TABLE batches (
            id TEXT PRIMARY KEY, tenant TEXT NOT NULL, endpoint TEXT NOT NULL, input_file TEXT NOT NULL,
            status TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL, in_progress BIGINT,
            finalizing BIGINT, completed BIGINT, failed BIGINT, expired BIGINT, cancelling BIGINT, cancelled BIGINT,
            output_file TEXT, error_file TEXT, errors TEXT, metadata TEXT,
            owner TEXT NOT NULL, owner_until BIGINT NOT NULL);
        CREATE TABLE batch_lines (
            batch TEXT NOT NULL, line BIGINT NOT NULL, start BIGINT NOT NULL, length BIGINT NOT NULL,
            custom_id TEXT NOT NULL, status BIGINT NOT NULL, body TEXT,
            PRIMARY KEY (batch, line));
        CREATE INDEX batch_lines_open ON batch_lines (batch, status);
        CREATE INDEX requests_at ON requests (at_us);
        """,
        """
        CREATE TABLE audits (
            at_us BIGINT NOT NULL, model TEXT NOT NULL, steps BIGINT NOT NULL, requests BIGINT NOT NULL,
            median DOUBLE PRECISION, p95 DOUBLE PRECISION);
        """,
        """
        CREATE TABLE engines (
            id TEXT PRIMARY KEY, engine TEXT NOT NULL, address TEXT NOT NULL, pico_per_hour BIGINT NOT NULL,
            began_us BIGINT NOT NULL, settled_us BIGINT NOT NULL, round BIGINT NOT NULL,
            closed_pico BIGINT NOT NULL);
        CREATE TABLE engine_gateways (
            id TEXT NOT NULL, gateway TEXT NOT NULL, seen_us BIGINT NOT NULL, round BIGINT NOT NULL,
            busy BIGINT NOT NULL, PRIMARY KEY (id, gateway));
        CREATE TABLE engine_shares (
            id TEXT NOT NULL, round BIGINT NOT NULL, gateway TEXT NOT NULL, weight BIGINT NOT NULL,
            pico BIGINT, PRIMARY KEY (id, round, gateway));
        CREATE TABLE budget_leases (
            tenant TEXT NOT NULL, gateway TEXT NOT NULL, seen_us BIGINT NOT NULL, pico BIGINT NOT NULL,
            PRIMARY KEY (tenant, gateway));
        CREATE INDEX postings_hour ON postings (hour);
        """,
        """
        ALTER TABLE postings ADD COLUMN draft_tokens BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE postings ADD COLUMN accepted_tokens BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE requests ADD COLUMN draft_tokens BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE requests ADD COLUMN accepted_tokens BIGINT NOT NULL DEFAULT 0;
        """,
        """
        CREATE TABLE adapters (
            model TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (model, name));
        """,
    ];

    public static void Apply(DbConnection connection)
    {
        using (var create = connection.CreateCommand())
        {
            create.CommandText = "CREATE TABLE IF NOT EXISTS plimsoll_schema (version BIGINT NOT NULL)";
            create.ExecuteNonQuery();
        }
        using var transaction = connection.BeginTransaction();
        using var read = connection.CreateCommand();
        read.Transaction = transaction;
        read.CommandText = "SELECT COALESCE(MAX(version), 0) FROM plimsoll_schema";
        var version = Convert.ToInt32(read.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (version > _steps.Length)
        {
            throw new BadInputException(
                $"ledger: schema {version} is newer than this release's {_steps.Length}; "
                    + $"expected a newer plimsoll");
        }
        for (; version < _steps.Length; version++)
        {
            using var step = connection.CreateCommand();
            step.Transaction = transaction;
            step.CommandText = $"{_steps[version]}; INSERT INTO plimsoll_schema VALUES ({version + 1})";
            step.ExecuteNonQuery();
        }
        transaction.Commit();
    }
}
