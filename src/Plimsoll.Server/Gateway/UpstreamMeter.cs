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
    /// <summary>What an output token weighs, in prompt tokens.</summary>
    public const int OutputWeight = TokenPrices.OutputWeight;

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

    /// <summary>
    /// Each share ends where the weights up to it say: whole units that sum to the amount, none further than
    /// one from its proportion, in one pass however many requests there are.
    /// </summary>
    void Split(long nowNs, long amount)
    {
        long total = 0, seen = 0, given = 0;
        foreach (var (prompt, output) in _tokens.Values)
            total += prompt + (output * OutputWeight);
        book.Prices.Learn(meter.Model, amount, total);
        // Requests that were heard of without a token share alike.
        var each = total == 0 ? 1 : 0;
        total += each * _tokens.Count;
        foreach (var (entry, (prompt, output)) in _tokens)
        {
            var charge = new StepCharge(0, Next(prompt + each), Next(output * OutputWeight), 0);
            book.PostEstimate(meter, nowNs, entry, charge);
        }

        long Next(long weight)
        {
            seen += weight;
            var upTo = (long)((Int128)amount * seen / total);
            var share = upTo - given;
            given = upTo;
            return share;
        }
    }
}
