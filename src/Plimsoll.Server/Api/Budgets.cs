using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>
/// Each tenant's dollars per day: spent ones and those that its work may still come to. One request alone is
/// let in while anything is left, others only where they fit beside what is held.
/// </summary>
sealed class Budgets(LedgerBook book, TimeProvider time)
{
    static readonly TimeSpan _soon = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<BudgetHold> _settling = new();
    volatile Dictionary<string, decimal> _least = [];

    /// <summary>What a tenant's requests in work may come to, pico-dollars.</summary>
    public sealed class Held
    {
        public Lock Gate { get; } = new();

        public long Pico { get; set; }

        /// <summary>What the tenant may come to here beyond <see cref="SpentBefore"/>; null where no other
        /// gateway may spend of the same budget.</summary>
        public long? Lease { get; set; }

        /// <summary>What it had spent here on that day when the lease was made out.</summary>
        public long SpentBefore { get; set; }
    }

    /// <summary>Whether budgets are kept together with other gateways.</summary>
    public bool AreShared { get; set; }

    /// <summary>Takes over budgets: of several keys of a tenant the least one holds for all.</summary>
    public void Configure(ServeConfig config)
    {
        var least = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var key in config.Keys)
        {
            if (key.BudgetUsdPerDay is { } budget)
                least[key.Tenant] = Math.Min(budget, least.GetValueOrDefault(key.Tenant, budget));
        }
        _least = least;
    }

    /// <summary>Whether anything is left of a tenant's day; throws when not.</summary>
    public void Check(string tenant)
    {
        if (_least.TryGetValue(tenant, out var budget) && Spent(tenant) >= PicoOf(budget))
            throw IsSpent(budget);
    }

    /// <summary>
    /// Holds what a request may come to; null for a tenant without a budget. Throws where it does not fit.
    /// </summary>
    public BudgetHold? Take(string tenant, string model, long promptTokens, long outputTokens)
    {
        if (!_least.TryGetValue(tenant, out var budget))
            return null;
        var pico = book.Prices.Of(model, promptTokens, outputTokens);
        var held = HeldOf(tenant);
        lock (held.Gate)
        {
            var spent = Spent(tenant);
            if (spent >= PicoOf(budget))
                throw IsSpent(budget);
            var left = PicoOf(budget) - spent;
            if (held.Lease is { } lease)
                left = Math.Min(left, lease - (book.SpentHere(tenant, Today) - held.SpentBefore));
            if (held.Pico > 0 && (decimal)held.Pico + pico > left)
                throw IsHeld(budget);
            held.Pico += pico;
        }
        return new BudgetHold(this, book.Prices, held, model, pico);
    }

    /// <summary>Keeps what is held until the charges of what has ended are booked.</summary>
    internal void Settle(BudgetHold hold) => _settling.Enqueue(hold);

    /// <summary>Books charges that come late, then lets go what was held for them.</summary>
    /// <param name="post">What it returns completes when all that had ended before is booked.</param>
    public async Task AfterPostingAsync(Func<Task<Task>> post)
    {
        var ended = new List<BudgetHold>();
        while (_settling.TryDequeue(out var hold))
            ended.Add(hold);
        var booked = await post();
        if (ended.Count == 0)
            return;
        _ = booked.ContinueWith(
            _ => ended.ForEach(hold => hold.LetGo()), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Tenants with a budget, and what their work here may still come to.</summary>
    public IReadOnlyList<TenantBudget> InWork()
    {
        var all = new List<TenantBudget>();
        foreach (var (tenant, budget) in _least)
        {
            var held = HeldOf(tenant);
            lock (held.Gate)
                all.Add(new TenantBudget(tenant, (long)Math.Min(1e18m, PicoOf(budget)), held.Pico));
        }
        return all;
    }

    /// <summary>Takes over what a tenant may come to here beyond what it had spent.</summary>
    public void Lease(string tenant, long pico, long spentBefore)
    {
        var held = HeldOf(tenant);
        lock (held.Gate)
            (held.Lease, held.SpentBefore) = (pico, spentBefore);
    }

    Held HeldOf(string tenant) =>
        _held.GetOrAdd(tenant, _ => new Held { Lease = AreShared ? 0 : null });

    long Today => time.GetUtcNow().ToUnixTimeSeconds() / 86_400;

    long Spent(string tenant) => book.SpentOn(tenant, Today);

    static decimal PicoOf(decimal dollars) => dollars * 1_000_000_000_000m;

    ApiException IsSpent(decimal budget)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return Refusal($"You exceeded your budget of {Text(budget)} USD per day (UTC).",
            now.Date.AddDays(1) - now);
    }

    static ApiException IsHeld(decimal budget) => Refusal(
        $"Your requests in work may come to the rest of your budget of {Text(budget)} USD per day (UTC).",
        _soon);

    static ApiException Refusal(string message, TimeSpan wait) =>
        new(429, message, "insufficient_quota", null, "insufficient_quota") { RetryAfter = wait };

    static string Text(decimal budget) => budget.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What one request holds of its tenant's budget, until it is booked.</summary>
sealed class BudgetHold(Budgets budgets, TokenPrices prices, Budgets.Held held, string model, long pico)
    : IDisposable
{
    long _pico = pico;
    int _isOver;

    /// <summary>The tokens are counted: no more is held than they may come to.</summary>
    public void Shrink(long promptTokens, long outputTokens)
    {
        var known = prices.Of(model, promptTokens, outputTokens);
        lock (held.Gate)
        {
            if (known >= _pico)
                return;
            held.Pico -= _pico - known;
            _pico = known;
        }
    }

    /// <summary>The work is over; what is booked late stays held until then.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
            return;
        if (prices.IsPostedLate(model))
            budgets.Settle(this);
        else
            LetGo();
    }

    internal void LetGo()
    {
        lock (held.Gate)
        {
            held.Pico -= _pico;
            _pico = 0;
        }
    }
}
