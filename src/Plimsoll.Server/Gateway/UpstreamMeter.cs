using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Costing;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Books an engine that tells no steps: what a while has cost is split over the tokens that came in it, a
/// generated one weighing as much as <see cref="OutputWeight"/> prompt ones; a while without a request is
/// idle. Marked as estimated.
/// </summary>
public sealed class UpstreamMeter(LedgerBook book, EngineMeter meter, TimeProvider time)
{
    /// <summary>
    /// What list prices charge for an output token, in input tokens: 4 in the median of the catalogue.
    /// </summary>
    public const int OutputWeight = 4;

    readonly Lock _gate = new();
    readonly long _began = time.GetTimestamp();
    readonly Dictionary<RequestEntry, (long Prompt, long Output)> _tokens = [];

    public void AddPrompt(RequestEntry entry, long tokens) => Add(entry, tokens, 0);

    public void AddOutput(RequestEntry entry, long tokens) => Add(entry, 0, tokens);

    /// <summary>Books everything up to now.</summary>
    /// <param name="isBusy">Whether a request is out there though no token came: then its time
    /// waits for one.</param>
    public void Post(bool isBusy)
    {
        lock (_gate)
        {
            if (_tokens.Count == 0 && isBusy)
                return;
            // Not the wall clock's difference: that one steps.
            var nowNs = time.GetElapsedTime(_began).Ticks * 100;
            var amount = meter.PostUntil(nowNs);
            if (amount == 0)
                return;
            if (_tokens.Count == 0)
            {
                book.PostEstimate(meter, nowNs, null, new StepCharge(amount, 0, 0, 0));
                return;
            }
            Split(nowNs, amount);
            _tokens.Clear();
        }
    }

    void Add(RequestEntry entry, long prompt, long output)
    {
        lock (_gate)
        {
            var sum = _tokens.GetValueOrDefault(entry);
            _tokens[entry] = (sum.Prompt + prompt, sum.Output + output);
        }
    }

    void Split(long nowNs, long amount)
    {
        var weights = new long[2 * _tokens.Count];
        var shares = new PicoDollars[weights.Length];
        var i = 0;
        foreach (var (prompt, output) in _tokens.Values)
        {
            weights[i++] = prompt;
            weights[i++] = output * OutputWeight;
        }
        new PicoDollars(amount).SplitInto(weights, shares);
        i = 0;
        foreach (var entry in _tokens.Keys)
        {
            var charge = new StepCharge(0, (long)shares[i].Amount, (long)shares[i + 1].Amount, 0);
            book.PostEstimate(meter, nowNs, entry, charge);
            i += 2;
        }
    }
}
