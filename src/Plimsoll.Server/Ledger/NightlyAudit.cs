using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Ledger;

/// <summary>Once a day, at three in the morning UTC, every engine's split is audited and the finding
/// kept.</summary>
public sealed partial class NightlyAudit : IAsyncDisposable
{
    static readonly TimeSpan _hour = TimeSpan.FromHours(3);

    readonly Func<IEnumerable<StepSample>> _samples;
    readonly GroupCommit _commit;
    readonly TimeProvider _time;
    readonly ILogger _log;
    readonly CancellationTokenSource _stop = new();
    readonly Task _loop;

    /// <param name="samples">Every engine's.</param>
    public NightlyAudit(
        Func<IEnumerable<StepSample>> samples, GroupCommit commit, TimeProvider time, ILogger log)
    {
        (_samples, _commit, _time, _log) = (samples, commit, time, log);
        _loop = LoopAsync();
    }

    /// <summary>Audits now.</summary>
    public async Task RunAsync()
    {
        var at = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;
        foreach (var sample in _samples())
        {
            var found = sample.Audit();
            Found(_log, sample.Model, found.Requests, found.MedianError);
            await _commit.WriteAsync(sql => sql.Execute(
                "INSERT INTO audits VALUES (@at, @model, @steps, @requests, @median, @p95)",
                ("@at", at), ("@model", sample.Model), ("@steps", (long)found.Steps),
                ("@requests", (long)found.Requests), ("@median", found.MedianError),
                ("@p95", found.P95Error)), GroupCommit.ClientPatience);
        }
    }

    /// <summary>What audits have found, the last first.</summary>
    public static IReadOnlyList<(DateTimeOffset At, string Model, AuditResult Found)> Read(Database database)
    {
        using var connection = database.Connect();
        return SqlBatch.Reading(connection).Query(
            "SELECT at_us, model, steps, requests, median, p95 FROM audits "
                + "ORDER BY at_us DESC, model LIMIT 100",
            reader => (DateTimeOffset.UnixEpoch.AddTicks(reader.GetInt64(0) * 10), reader.GetString(1),
                new AuditResult((int)reader.GetInt64(2), (int)reader.GetInt64(3),
                    reader.IsDBNull(4) ? null : reader.GetDouble(4),
                    reader.IsDBNull(5) ? null : reader.GetDouble(5))));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                var now = _time.GetUtcNow().UtcDateTime;
                var next = now.Date + _hour;
                await Task.Delay((next > now ? next : next.AddDays(1)) - now, _time, _stop.Token);
                try
                {
                    await RunAsync();
                }
                catch (Exception e) when (e is StorageAwayException or System.Data.Common.DbException)
                {
                    // Tomorrow again: the finding is in the metrics.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "Audit of {Model}: {Requests} requests, median error against Shapley {Error:P1}.")]
    static partial void Found(ILogger log, string model, int requests, double? error);
}
