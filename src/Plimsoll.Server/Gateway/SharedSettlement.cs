using System;
using System.Collections.Generic;
using System.Data.Common;
using System.Threading.Tasks;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Books upstreams that other gateways send to as well: what this gateway reports of each and what it is told
/// to pay for it, all in one transaction.
/// </summary>
sealed class SharedSettlement(
    SharedEngines engines, GroupCommit commit, LedgerBook book, IReadOnlyCollection<UpstreamModel> models)
{
    readonly List<(long[] Rounds, TaskCompletionSource Booked)> _owed = [];

    /// <summary>Whether something that was reported is not settled yet.</summary>
    public bool IsOwed => _owed.Count > 0;

    /// <returns>Completes when all that has come up to now is in the book.</returns>
    public async Task<Task> RunAsync()
    {
        var upstreams = new List<(UpstreamMeter Meter, bool IsBusy)>();
        foreach (var model in models)
            upstreams.AddRange(model.Meters());
        if (upstreams.Count == 0)
            return Task.CompletedTask;
        foreach (var (meter, _) in upstreams)
            meter.Gather();
        var settled = new EngineSettlement[upstreams.Count];
        await commit.WriteAsync(batch =>
        {
            batch.LockOut();
            for (var i = 0; i < settled.Length; i++)
            {
                var (meter, isBusy) = upstreams[i];
                settled[i] = engines.Settle(batch, meter.Engine, meter.WeightIn, isBusy, book.Release);
            }
        });
        for (var i = 0; i < settled.Length; i++)
            upstreams[i].Meter.Take(settled[i]);
        var owed = (
            Array.ConvertAll(settled, one => one.Round),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _owed.Add(owed);
        _owed.RemoveAll(one => IsBooked(one.Rounds, upstreams) && one.Booked.TrySetResult());
        return owed.Item2.Task;
    }

    /// <summary>Nobody is to wait for this gateway any more.</summary>
    public async Task LeaveAsync()
    {
        try
        {
            await commit.WriteAsync(engines.Leave, GroupCommit.ClientPatience);
        }
        catch (Exception e) when (e is StorageAwayException or DbException)
        {
            // They find out by themselves.
        }
    }

    static bool IsBooked(long[] rounds, List<(UpstreamMeter Meter, bool IsBusy)> upstreams)
    {
        for (var i = 0; i < rounds.Length; i++)
        {
            if (!upstreams[i].Meter.IsBooked(rounds[i]))
                return false;
        }
        return true;
    }
}
