using System;
using System.Collections.Generic;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Ledger;

/// <summary>What a tenant may spend a day, and what its requests in work here may still come to.</summary>
public readonly record struct TenantBudget(string Tenant, long BudgetPico, long HeldPico);

/// <summary>
/// Budgets of tenants that come through several gateways: each gateway holds a lease of what is left, an
/// equal part of it or what its own work may come to. Leases and what all have spent are never more than the
/// budget, so that together they keep it though none asks the others before a request.
/// </summary>
/// <param name="gateway">This gateway's name.</param>
/// <param name="budgets">Tenants with a budget.</param>
/// <param name="lease">Told what a tenant may come to here beyond what was spent up to now: its pico-dollars,
/// and what it had spent here.</param>
public sealed class BudgetLeases(
    string gateway, LedgerBook book, Func<IReadOnlyList<TenantBudget>> budgets,
    Action<string, long, long> lease, TimeProvider time)
{
    string Gateway => gateway;

    LedgerBook Book => book;

    /// <summary>Looks at the book, before what is in it is taken to be written.</summary>
    public Round Begin() => new(this, time.GetUtcNow().ToUnixTimeSeconds() / 86_400);

    IReadOnlyList<TenantBudget> Ask() => budgets();

    void Tell(string tenant, long pico, long spentHere) => lease(tenant, pico, spentHere);

    /// <summary>One write of the ledger.</summary>
    public sealed class Round
    {
        readonly BudgetLeases _own;
        readonly long _day;
        readonly IReadOnlyList<TenantBudget> _budgets;
        readonly Dictionary<string, long> _here = new(StringComparer.Ordinal);
        Dictionary<string, long> _spent = [];
        readonly Dictionary<string, long> _leased = new(StringComparer.Ordinal);

        internal Round(BudgetLeases own, long day)
        {
            (_own, _day) = (own, day);
            // What is held first: a charge that comes between is then held and spent, not neither.
            _budgets = own.Ask();
            foreach (var budget in _budgets)
                _here[budget.Tenant] = own.Book.SpentHere(budget.Tenant, day);
        }

        /// <summary>In the transaction that writes the book, after it.</summary>
        public void Settle(SqlBatch batch)
        {
            _leased.Clear();
            if (_budgets.Count == 0)
                return;
            _spent = LedgerWriter.SpentSince(batch, _day);
            var now = batch.NowUs();
            var since = now - SharedEngines.LeaseUs;
            var others = batch.Query(
                "SELECT tenant, gateway, pico FROM budget_leases "
                    + "WHERE gateway <> @gateway AND seen_us > @since",
                reader => (
                    Tenant: reader.GetString(0), Gateway: reader.GetString(1), Pico: reader.GetInt64(2)),
                ("@gateway", _own.Gateway), ("@since", since));
            var gateways = others.ConvertAll(other => other.Gateway);
            gateways.Add(_own.Gateway);
            var count = new HashSet<string>(gateways, StringComparer.Ordinal).Count;
            foreach (var budget in _budgets)
            {
                var left = Math.Max(0, budget.BudgetPico - _spent.GetValueOrDefault(budget.Tenant));
                var room = left;
                foreach (var other in others)
                    room -= other.Tenant == budget.Tenant ? other.Pico : 0;
                var pico = Math.Min(Math.Max(budget.HeldPico, left / count), Math.Max(0, room));
                _leased[budget.Tenant] = pico;
                batch.Execute(
                    "INSERT INTO budget_leases VALUES (@tenant, @gateway, @now, @pico) ON CONFLICT "
                        + "(tenant, gateway) DO UPDATE SET seen_us = excluded.seen_us, pico = excluded.pico",
                    ("@tenant", budget.Tenant), ("@gateway", _own.Gateway), ("@now", now), ("@pico", pico));
            }
        }

        /// <summary>The transaction is on disk.</summary>
        public void Apply()
        {
            foreach (var (tenant, pico) in _leased)
            {
                // All that this life had booked when the write began was in it.
                _own.Book.Remember(tenant, _day, _spent.GetValueOrDefault(tenant) - _here[tenant]);
                _own.Tell(tenant, pico, _here[tenant]);
            }
        }
    }
}
