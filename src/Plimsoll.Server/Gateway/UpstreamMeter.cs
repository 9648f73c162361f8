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
    readonly SortedDictionary<long, Dictionary<RequestEntry, (long Prompt, long Output)>> _rounds = [];
    Dictionary<RequestEntry, (long Prompt, long Output)> _tokens = [];
    Dictionary<RequestEntry, (long Prompt, long Output)> _reported = [];
    long _bookedRound = long.MinValue;

    public EngineMeter Engine => meter;

    /// <summary>Whether everything that was reported up to a round is booked.</summary>
    public bool IsBooked(long round)
    {
        lock (_gate)
        {
            foreach (var waiting in _rounds.Keys)
                return waiting > round;
            return true;
        }
    }

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
            Split(nowNs, amount, _tokens);
            _tokens.Clear();
        }
    }

    /// <summary>Takes what has come since the last time into what is reported next.</summary>
    public void Gather()
    {
        lock (_gate)
        {
            Merge(_tokens, _reported);
            _tokens = [];
        }
    }

    /// <summary>The weight of this gateway's tokens in a round, with what is reported next.</summary>
    public long WeightIn(long round)
    {
        lock (_gate)
            return WeightOf(_reported) + (_rounds.TryGetValue(round, out var before) ? WeightOf(before) : 0);
    }

    /// <summary>The report counts in a round, and these shares are this gateway's to book.</summary>
    public void Take(in EngineSettlement settled)
    {
        lock (_gate)
        {
            if (_reported.Count > 0)
            {
                if (!_rounds.TryGetValue(settled.Round, out var before))
                    _rounds[settled.Round] = before = [];
                Merge(_reported, before);
                _reported = [];
            }
            var nowNs = time.GetElapsedTime(_began).Ticks * 100;
            foreach (var share in settled.Shares)
            {
                // What is in the book stays in the database until the book is written.
                if (share.Round <= _bookedRound)
                    continue;
                _bookedRound = share.Round;
                book.Took(share);
                if (_rounds.Remove(share.Round, out var tokens))
                    Split(nowNs, share.Pico, tokens);
                else
                    book.PostEstimate(meter, nowNs, null, new StepCharge(share.Pico, 0, 0, 0));
            }
        }
    }

    void Add(RequestEntry entry, long prompt, long output)
    {
        lock (_gate)
        {
            var sum = _tokens.GetValueOrDefault(entry);
            _tokens[entry] = (sum.Prompt + prompt, sum.Output + output);
            entry.Engine = meter.Name;
        }
    }

    /// <summary>
    /// Each share ends where the weights up to it say: whole units that sum to the amount, none further than
    /// one from its proportion, in one pass however many requests there are.
    /// </summary>
    void Split(long nowNs, long amount, Dictionary<RequestEntry, (long Prompt, long Output)> tokens)
    {
        long total = 0, seen = 0, given = 0;
        foreach (var (prompt, output) in tokens.Values)
            total += prompt + (output * OutputWeight);
        book.Prices.Learn(meter.Model, amount, total);
        // Requests that were heard of without a token share alike.
        var each = total == 0 ? 1 : 0;
        total += each * tokens.Count;
        foreach (var (entry, (prompt, output)) in tokens)
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

    static long WeightOf(Dictionary<RequestEntry, (long Prompt, long Output)> tokens)
    {
        long total = 0;
        foreach (var (prompt, output) in tokens.Values)
            total += prompt + (output * OutputWeight);
        return total == 0 ? tokens.Count : total;
    }

    static void Merge(
        Dictionary<RequestEntry, (long Prompt, long Output)> from,
        Dictionary<RequestEntry, (long Prompt, long Output)> into)
    {
        foreach (var (entry, (prompt, output)) in from)
        {
            var sum = into.GetValueOrDefault(entry);
            into[entry] = (sum.Prompt + prompt, sum.Output + output);
        }
    }
}
