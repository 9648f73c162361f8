using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Costing;
using Plimsoll.Engine;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// Books every step of every engine: each nanosecond of an engine's wall time is idle, headroom, or
/// somebody's share of a step, and their sum is price × time to the pico-dollar. Posting a step costs no more
/// than its sequences; the book is written out by the writer, never by the engine's thread.
/// </summary>
public sealed class LedgerBook(TimeProvider time, string release)
{
    /// <summary>How long a step that was in flight when its request was broken off may charge it.</summary>
    static readonly TimeSpan _lateCharges = TimeSpan.FromSeconds(10);

    readonly Lock _gate = new();
    readonly Dictionary<long, RequestEntry> _requests = [];
    readonly Dictionary<LedgerKey, LedgerTotals> _totals = [];
    readonly List<RequestEntry> _finished = [];
    readonly Queue<RequestEntry> _closed = new();
    readonly List<EngineMeter> _meters = [];
    readonly List<EngineShare> _booked = [];
    readonly LedgerSums _sums = new();
    StepWork[] _works = new StepWork[64];
    StepCharge[] _charges = new StepCharge[64];
    long _lastId;

    public string Release => release;

    /// <summary>What tokens may come to: budgets reserve by it.</summary>
    public TokenPrices Prices { get; } = new();

    /// <summary>Every engine rank that is billed.</summary>
    public IReadOnlyList<EngineMeter> Meters
    {
        get
        {
            lock (_gate)
                return [.. _meters];
        }
    }

    /// <summary>Requests that were opened and are not closed.</summary>
    public int OpenRequests
    {
        get
        {
            lock (_gate)
            {
                var open = 0;
                foreach (var entry in _requests.Values)
                    open += entry.Status == RequestStatus.Open ? 1 : 0;
                return open;
            }
        }
    }

    /// <summary>Ends a request that nobody worked on and that comes again: it is in no book.</summary>
    public void Withdraw(RequestEntry entry)
    {
        lock (_gate)
        {
            if (entry.Status != RequestStatus.Open)
                return;
            entry.Status = RequestStatus.Refused;
            _requests.Remove(entry.Id);
        }
        Closed?.Invoke(entry);
    }

    /// <summary>Told of every request that is opened; on the request's own thread.</summary>
    public Action<RequestEntry>? Opened { get; set; }

    /// <summary>Told of every request that is closed, once.</summary>
    public Action<RequestEntry>? Closed { get; set; }

    /// <param name="name">As the ledger books it: <c>model/0</c>.</param>
    /// <param name="usdPerHour">Price of the rank.</param>
    /// <param name="startedUtc">UTC time of its clock's zero.</param>
    /// <param name="tokenNs">Time of an output token that it works on alone.</param>
    /// <param name="tellsSteps">Whether every step is booked before its tokens are told.</param>
    public EngineMeter AddEngine(
        string name, decimal usdPerHour, DateTimeOffset startedUtc,
        long tokenNs = TokenPrices.CautiousTokenNs, bool tellsSteps = false)
    {
        var meter = new EngineMeter(name, usdPerHour, startedUtc);
        Prices.Begin(meter.Model, meter.PicoPerHour, tokenNs, tellsSteps);
        lock (_gate)
            _meters.Add(meter);
        return meter;
    }

    /// <param name="answeredBy">Release that answers, where a rollout chose it; null: the server's.</param>
    /// <param name="operation">As OpenTelemetry names it.</param>
    public RequestEntry Open(
        string requestId, string tenant, string level, string model, string adapter = "",
        string? answeredBy = null, string operation = "chat")
    {
        var entry = new RequestEntry(Interlocked.Increment(ref _lastId), requestId, time.GetUtcNow())
        {
            Tenant = tenant,
            Level = level,
            Model = model,
            Adapter = adapter,
            Release = answeredBy ?? release,
            Operation = operation,
        };
        Opened?.Invoke(entry);
        lock (_gate)
            _requests.Add(entry.Id, entry);
        return entry;
    }

    /// <summary>Books a step: the time before it as idle, its headroom, and everybody's share.</summary>
    /// <param name="meter">The rank's.</param>
    /// <param name="headroom">Share of the step that a full batch would not have cost, 0 to 1.</param>
    public void Post(EngineMeter meter, in EngineStep step, double headroom)
    {
        lock (_gate)
        {
            Book(meter, step.StartNs, LedgerAccounts.Idle, meter.PostUntil(step.StartNs), estimated: false);
            var endNs = step.StartNs + step.DurationNs;
            var amount = meter.PostUntil(endNs);
            var spare = (long)(amount * Math.Clamp(headroom, 0, 1));
            Book(meter, endNs, LedgerAccounts.Headroom, spare, estimated: false);
            PostShares(meter, endNs, amount - spare, step);
        }
    }

    /// <summary>Books time in which an engine had nothing to do.</summary>
    public void PostIdle(EngineMeter meter, long untilNs)
    {
        lock (_gate)
            Book(meter, untilNs, LedgerAccounts.Idle, meter.PostUntil(untilNs), estimated: false);
    }

    /// <summary>Books a charge that was found without steps, for engines that tell none.</summary>
    public void PostEstimate(EngineMeter meter, long atNs, RequestEntry? entry, in StepCharge charge)
    {
        lock (_gate)
        {
            if (entry is null)
                Book(meter, atNs, LedgerAccounts.Idle, charge.Total, estimated: true);
            else
                Charge(meter, atNs, entry, charge, estimated: true);
        }
    }

    /// <summary>Ends a request. Its tokens are counted now; a step in flight may still charge it.</summary>
    public void Close(RequestEntry entry, RequestStatus status)
    {
        lock (_gate)
        {
            if (entry.Status != RequestStatus.Open)
                return;
            entry.Status = status;
            entry.ClosedAt = time.GetTimestamp();
            var totals = entry.Totals is { IsForgotten: false } own
                ? own
                : TotalsOf(entry, entry.Engine ?? MeterNameOf(entry), HourNow());
            _sums.Close(entry);
            totals.Count(entry);
            if (!entry.Estimated)
            {
                Prices.Learn(entry.Model, entry.Charge.Total,
                    entry.PromptTokens + ((long)TokenPrices.OutputWeight * entry.OutputTokens));
            }
            _finished.Add(entry);
            // A step is booked before its tokens can be read, and engines that tell none charge the entry
            // itself: only what was broken off may be in a step still. Entries that stayed would be copied by
            // the collector again and again, thousands of them a second.
            if (entry.Estimated || status == RequestStatus.Completed)
                _requests.Remove(entry.Id);
            else
                _closed.Enqueue(entry);
            while (_closed.TryPeek(out var oldest) && time.GetElapsedTime(oldest.ClosedAt) > _lateCharges)
                _requests.Remove(_closed.Dequeue().Id);
        }
        Closed?.Invoke(entry);
    }

    /// <summary>Pico-dollars by level since the start; idle, headroom and the like under their own
    /// names.</summary>
    public IReadOnlyDictionary<string, long> SpentByLevel()
    {
        lock (_gate)
            return _sums.ByLevel;
    }

    /// <summary>Guesses at a model's answers since the start, by adapter and release.</summary>
    public IReadOnlyList<DraftCount> DraftsOf(string model)
    {
        lock (_gate)
            return _sums.DraftsOf(model);
    }

    /// <summary>What a model's levels have cost and carried since the start, and what no request was charged
    /// for.</summary>
    public (IReadOnlyList<LevelCost> Levels, long Unserved) CostOf(string model)
    {
        lock (_gate)
            return (_sums.CostsOf(model), _sums.Unserved(model));
    }

    /// <summary>Pico-dollars that a tenant has spent on a UTC day, here and elsewhere.</summary>
    public long SpentOn(string tenant, long day)
    {
        lock (_gate)
            return _sums.SpentHere(tenant, day) + _sums.SpentElsewhere(tenant, day);
    }

    /// <summary>Pico-dollars that a tenant has spent on a UTC day in this life of this server.</summary>
    public long SpentHere(string tenant, long day)
    {
        lock (_gate)
            return _sums.SpentHere(tenant, day);
    }

    /// <summary>What earlier lives of the server and other gateways have on disk.</summary>
    public void Remember(string tenant, long day, long amount)
    {
        lock (_gate)
            _sums.Remember(tenant, day, amount);
    }

    /// <summary>A share of an engine's time is in this book: with the next write it is struck out.</summary>
    public void Took(in EngineShare share)
    {
        lock (_gate)
            _booked.Add(share);
    }

    /// <summary>
    /// Takes what is not on disk; what cannot be written comes back with <see cref="Return"/>.
    /// </summary>
    internal LedgerDelta Take()
    {
        lock (_gate)
        {
            var rows = new List<(LedgerKey, LedgerTotals)>();
            foreach (var totals in _totals.Values)
            {
                if (!totals.IsDirty)
                    continue;
                var copy = new LedgerTotals(totals.Key);
                copy.Add(totals);
                rows.Add((totals.Key, copy));
                totals.Clear();
            }
            var finished = _finished.ToArray();
            _finished.Clear();
            ForgetOldHours();
            var meters = new List<(EngineMeter, long)>();
            foreach (var meter in _meters)
                meters.Add((meter, meter.PostedNs));
            var booked = _booked.ToArray();
            _booked.Clear();
            return new LedgerDelta(rows, finished, meters, booked);
        }
    }

    internal void Return(LedgerDelta delta)
    {
        lock (_gate)
        {
            foreach (var (key, lost) in delta.Rows)
                TotalsOf(key).Add(lost);
            _booked.InsertRange(0, delta.Booked);
            // The sums are exact whatever happens; of single requests only so many wait for a database.
            const int MostWaiting = 100_000;
            if (_finished.Count + delta.Finished.Count <= MostWaiting)
                _finished.InsertRange(0, delta.Finished);
        }
    }

    void PostShares(EngineMeter meter, long endNs, long amount, in EngineStep step)
    {
        var shares = step.Shares;
        if (shares.Length == 0)
        {
            Book(meter, endNs, LedgerAccounts.Idle, amount, estimated: false);
            return;
        }
        if (_works.Length < shares.Length)
        {
            _works = new StepWork[2 * shares.Length];
            _charges = new StepCharge[2 * shares.Length];
        }
        for (var i = 0; i < shares.Length; i++)
        {
            _works[i] =
                new StepWork(shares[i].PrefillTokens, shares[i].DecodeTokens, shares[i].ContextTokens);
        }
        StepBill.Split(amount, step.Causes, _works.AsSpan(0, shares.Length),
            _charges.AsSpan(0, shares.Length));
        for (var i = 0; i < shares.Length; i++)
        {
            ref readonly var share = ref shares[i];
            if (!_requests.TryGetValue(share.LedgerId, out var entry))
            {
                Book(meter, endNs, LedgerAccounts.Served, _charges[i].Total, estimated: false);
                continue;
            }
            if (entry.FirstStepNs == 0)
                entry.FirstStepNs = step.StartNs;
            if (share.DraftTokens > 0)
            {
                entry.DraftTokens += share.DraftTokens;
                entry.AcceptedTokens += share.DecodeTokens - 1;
                _sums.AddDrafts(entry, share.DraftTokens, share.DecodeTokens - 1);
            }
            var charge = _charges[i];
            if (share.RecomputedTokens > 0)
            {
                var again = (long)(charge.Prefill * ((double)share.RecomputedTokens / share.PrefillTokens));
                Book(meter, endNs, LedgerAccounts.Recomputed, again, estimated: false);
                charge = charge with { Prefill = charge.Prefill - again };
            }
            Charge(meter, endNs, entry, charge, estimated: false);
        }
    }

    void Charge(EngineMeter meter, long atNs, RequestEntry entry, in StepCharge charge, bool estimated)
    {
        var hour = meter.HourOf(atNs);
        entry.Charge += charge;
        entry.Estimated |= estimated;
        if (entry.Totals is null or { IsForgotten: true } || entry.Totals.Key.HourUtc != hour
            || entry.Totals.Key.Engine != meter.Name)
        {
            entry.Totals = TotalsOf(entry, meter.Name, hour);
        }
        entry.Totals.Charge += charge;
        entry.Totals.IsDirty = true;
        _sums.Add(entry, charge, hour / 24);
    }

    void Book(EngineMeter meter, long atNs, string account, long amount, bool estimated)
    {
        if (amount == 0)
            return;
        var totals =
            TotalsOf(new LedgerKey(meter.Name, meter.HourOf(atNs), account, "", "", "", "", release,
                estimated));
        totals.Charge += new StepCharge(amount, 0, 0, 0);
        _sums.Add(meter.Model, account, amount);
        totals.IsDirty = true;
    }

    LedgerTotals TotalsOf(RequestEntry entry, string engine, long hour) => TotalsOf(new LedgerKey(
        engine, hour, LedgerAccounts.Served, entry.Tenant, entry.Level, entry.Model, entry.Adapter,
            entry.Release,
        entry.Estimated));

    LedgerTotals TotalsOf(LedgerKey key)
    {
        if (!_totals.TryGetValue(key, out var totals))
            _totals[key] = totals = new LedgerTotals(key);
        return totals;
    }

    void ForgetOldHours()
    {
        var now = HourNow();
        var old = new List<LedgerKey>();
        foreach (var (key, totals) in _totals)
        {
            if (!totals.IsDirty && key.HourUtc < now - 2)
                old.Add(key);
        }
        foreach (var key in old)
        {
            _totals[key].IsForgotten = true;
            _totals.Remove(key);
        }
        _sums.ForgetBefore((now / 24) - 1);
    }

    string MeterNameOf(RequestEntry entry)
    {
        if (_meters.Count == 0)
            return "";
        foreach (var meter in _meters)
        {
            if (meter.Name.StartsWith(entry.Model + "/", StringComparison.Ordinal))
                return meter.Name;
        }
        return _meters[0].Name;
    }

    long HourNow() => time.GetUtcNow().ToUnixTimeSeconds() / 3600;
}
