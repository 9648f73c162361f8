using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll ledger</c>: what was served, for whom, at which promise, and what it cost.</summary>
sealed class LedgerVerb(TextWriter output, TextWriter story)
{
    const decimal PicoPerDollar = 1_000_000_000_000m;

    readonly Option<string> _state =
        new("--state") { Description =
            "Folder that `plimsoll serve` kept its state in", DefaultValueFactory = _ => "plimsoll-state" };
    readonly Option<string> _ledger =
        new("--ledger") { Description = "sqlite, a SQLite file, or postgres://user:password@host/database",
            DefaultValueFactory = _ => "sqlite" };
    readonly Option<string> _by = new Option<string>("--by")
    {
        Description = $"{LedgerKeys.All}",
        DefaultValueFactory = _ => "tenant",
    }.OneOf(LedgerKeys.All);
    readonly Option<string> _gap = new Option<string>("--gap")
    {
        Description = $"Who pays for idle time and headroom: {GapPolicies.All}",
        DefaultValueFactory = _ => GapPolicies.All.NameOf(GapPolicy.Peak),
    }.OneOf(GapPolicies.All);
    readonly Option<string?> _from =
        new("--from") { Description = "First hour, UTC, such as 2026-11-27T00 [default: all]" };
    readonly Option<string?> _until =
        new("--until") { Description = "The hour after the last [default: all]" };
    readonly Option<FileInfo?> _csv = new("--csv") { Description = "Write every row as CSV" };
    readonly Option<FileInfo?> _focus =
        new("--focus") { Description = "Write every row as FOCUS 1.2 CSV, idle and headroom as their own" };
    readonly Option<FileInfo?> _parquet = new("--parquet") { Description = "Write every row as Parquet" };
    readonly Option<FileInfo?> _against = new("--against")
    {
        Description = "An account's JSON: its forecast beside what was realised",
    };

    readonly Option<string[]> _batchLevels = new("--batch-level")
    {
        Description = "Levels that are batch work",
        DefaultValueFactory = _ => ["batch", "flex"],
    };

    readonly Option<bool> _audits =
        new("--audits") { Description = "Print what the nightly audits against Shapley values found" };
    readonly Option<bool> _check =
        new("--check") { Description =
            "Audit: everything booked against price × time; exit code 1 when they differ" };
    readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    public Command Build()
    {
        var command = new Command("ledger", "What was served, for whom, at which promise, and what it cost.");
        foreach (var option in new Option[] { _state, _ledger, _by, _gap, _from, _until, _csv, _focus,
            _parquet, _against, _batchLevels, _audits, _check, _json })
        {
            command.Add(option);
        }
        command.SetAction(Run);
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Run(ParseResult parsed)
    {
        var ledger = parsed.GetValue(_ledger)!;
        var state = parsed.GetValue(_state)!;
        if (ledger == "sqlite")
            ledger = Path.Combine(state, "plimsoll.db");
        if (!Database.IsPostgres(ledger) && !File.Exists(ledger))
        {
            throw new BadInputException(
                $"{ledger}: no such ledger; expected what `plimsoll serve` wrote (--state or --ledger)");
        }
        using var database = Database.Open(ledger, state);
        if (parsed.GetValue(_check))
            return Check(database);
        if (parsed.GetValue(_audits))
            return Audits(database);
        var gap = parsed.Chosen(_gap, GapPolicies.All);
        var key = parsed.Chosen(_by, LedgerKeys.All);
        var from = Hour(parsed.GetValue(_from), "--from", 0);
        var until = Hour(parsed.GetValue(_until), "--until", long.MaxValue);
        var batch = parsed.GetValue(_batchLevels)!;
        bool IsBatch(string level) => Array.IndexOf(batch, level) >= 0;
        var prices = parsed.GetValue(_against) is { } account ? Forecast.Read(account.FullName) : null;
        var rows = GapAllocation.Apply(LedgerReader.Rows(database, from, until), gap, IsBatch);
        Export(parsed, rows, LedgerReader.Prices(database));
        if (prices is not null)
        {
            var classes = Forecast.Against(prices, rows, IsBatch);
            if (parsed.GetValue(_json))
                ForecastText.WriteJson(output, classes, gap);
            else
                ForecastText.Write(output, classes, gap);
            return CommandLine.Done;
        }
        Print(parsed, rows, key, gap);
        return CommandLine.Done;
    }

    int Check(Database database)
    {
        var balanced = true;
        foreach (var audit in LedgerReader.Check(database))
        {
            balanced &= audit.Balances;
            output.WriteLine(audit.Balances
                ? $"{audit.Engine}: {Usd(audit.Posted)} USD booked = price × time, to the pico-dollar"
                : $"{audit.Engine}: {Usd(audit.Posted)} USD booked, {Usd(audit.Bill)} USD billed: they "
                    + $"differ by {audit.Posted - audit.Bill} pico-dollars");
        }
        return balanced ? CommandLine.Done : CommandLine.Failed;
    }

    int Audits(Database database)
    {
        var table = new TextTable("at (UTC)", "model", "steps", "requests", "median error", "p95 error");
        foreach (var (at, model, found) in NightlyAudit.Read(database))
        {
            table.Add(at.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), model,
                Whole(found.Steps), Whole(found.Requests), Percent(found.MedianError),
                Percent(found.P95Error));
        }
        output.Write(table);
        return CommandLine.Done;
    }

    static string Percent(double? share) => share?.ToString("0.0 %", CultureInfo.InvariantCulture) ?? "-";

    void Export(
        ParseResult parsed, IReadOnlyList<LedgerRow> rows, EnginePrices prices)
    {
        Write(parsed.GetValue(_csv), stream =>
        {
            using var writer = new StreamWriter(stream);
            LedgerExport.Csv(writer, rows);
        });
        Write(parsed.GetValue(_focus), stream =>
        {
            using var writer = new StreamWriter(stream);
            FocusExport.Write(writer, rows, prices);
        });
        Write(parsed.GetValue(_parquet), stream =>
            LedgerExport.ParquetAsync(stream, rows).GetAwaiter().GetResult());
    }

    /// <summary>A file is there whole or not at all.</summary>
    void Write(FileInfo? file, Action<Stream> write)
    {
        if (file is null)
            return;
        var part = file.FullName + ".part";
        try
        {
            using (var stream = File.Create(part))
                write(stream);
            File.Move(part, file.FullName, overwrite: true);
            story.WriteLine($"plimsoll: wrote {file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(part);
            throw new BadInputException(
                $"{file}: {e.Message.ReplaceLineEndings(" ")}; expected a file that can be written");
        }
    }

    /// <summary>What one line of the table sums.</summary>
    readonly record struct Sum(
        Int128 Pico, long Requests, long Prompt, long Output, long Drafts, long Accepted, bool Estimated)
    {
        public Sum With(LedgerRow row) => new(
            Pico + row.Total, Requests + row.Requests, Prompt + row.PromptTokens, Output + row.OutputTokens,
            Drafts + row.DraftTokens, Accepted + row.AcceptedTokens, Estimated || row.Estimated);

        /// <summary>Share of the guessed tokens that were right; null where nothing was guessed.</summary>
        public double? Acceptance => Drafts == 0 ? null : (double)Accepted / Drafts;
    }

    void Print(ParseResult parsed, IReadOnlyList<LedgerRow> rows, Func<LedgerRow, string> key, GapPolicy gap)
    {
        var sums = new SortedDictionary<string, Sum>(StringComparer.Ordinal);
        Int128 total = 0;
        foreach (var row in rows)
        {
            var name = row.Account == LedgerAccounts.Served && key(row).Length > 0 ? key(row)
                : $"({row.Account})";
            sums[name] = sums.GetValueOrDefault(name).With(row);
            total += row.Total;
        }
        if (parsed.GetValue(_json))
        {
            PrintJson(sums, total, gap);
            return;
        }
        var guesses = sums.Values.Any(sum => sum.Drafts > 0);
        string[] columns =
            [parsed.GetValue(_by)!, "requests", "prompt tokens", "output tokens", "USD", "share"];
        var table = new TextTable(guesses ? [.. columns, "drafts right"] : columns);
        foreach (var (name, sum) in sums)
        {
            string[] cells =
            [
                name + (sum.Estimated ? " ~" : ""), Whole(sum.Requests), Whole(sum.Prompt), Whole(sum.Output),
                Usd(sum.Pico), total == 0 ? "" : Share((double)sum.Pico / (double)total),
            ];
            table.Add(guesses ? [.. cells, sum.Acceptance is { } share ? Share(share) : "–"] : cells);
        }
        output.Write(table);
        output.WriteLine(
            $"Total {Usd(total)} USD; idle time and headroom: {gap.ToString().ToLowerInvariant()}; ~ "
                + $"estimated, the engine tells no steps.");
    }

    void PrintJson(SortedDictionary<string, Sum> sums, Int128 total, GapPolicy gap)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("gap", gap.ToString().ToLowerInvariant());
            writer.WriteNumber("total_usd", (decimal)total / PicoPerDollar);
            writer.WriteStartArray("rows");
            foreach (var (name, sum) in sums)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteNumber("usd", (decimal)sum.Pico / PicoPerDollar);
                writer.WriteNumber("requests", sum.Requests);
                writer.WriteNumber("prompt_tokens", sum.Prompt);
                writer.WriteNumber("output_tokens", sum.Output);
                writer.WriteNumber("draft_tokens", sum.Drafts);
                writer.WriteNumber("accepted_tokens", sum.Accepted);
                writer.WriteString("allocation_method", sum.Estimated ? "estimated" : "step");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        output.WriteLine(System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }

    static string Share(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);

    static long Hour(string? text, string option, long usual)
    {
        if (text is null)
            return usual;
        return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-ddTHH"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeSeconds() / 3600
            : throw new BadInputException(
                $"{option} {text}: expected a UTC day or hour such as 2026-11-27T00");
    }

    static string Whole(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    static string Usd(Int128 pico) =>
        ((decimal)pico / PicoPerDollar).ToString("0.000000", CultureInfo.InvariantCulture);
}
