using System;
using System.IO;
using System.Linq;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Core.Costing;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class BudgetLeasesLaws
{
    const long Budget = 1000;

    /// <summary>
    /// Whoever takes what its lease allows, and looks when it likes: what all have spent and what their work
    /// may still come to is never more than the budget, and all of it can be spent.
    /// </summary>
    [Fact]
    public void Gateways_that_keep_their_leases_keep_the_budget() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Long[1, 400]).Array[1, 80].Sample(history =>
        {
            using var world = new World();
            foreach (var (what, gateway, amount) in history)
            {
                world.Let(what, gateway, amount);
                world.Promised.ShouldBeLessThanOrEqualTo(Budget);
            }
        }, iter: 40);

    [Fact]
    public void One_gateway_alone_can_spend_all_of_it()
    {
        using var world = new World(gateways: 1);
        for (var i = 0; i < 20; i++)
        {
            world.Let(2, 0, 0);
            world.Let(0, 0, 100);
            world.Let(1, 0, 100);
        }
        world.Promised.ShouldBe(Budget);
    }

    [Fact]
    public void A_gateway_that_is_not_heard_of_holds_no_lease()
    {
        using var world = new World(gateways: 2);
        world.Let(2, 0, 0);
        world.Let(2, 1, 0);
        world.LeaseOf(1).ShouldBe(0, "the other was there first and has it all");
        world.Silence(0, SharedEngines.LeaseUs - 1_000_000);
        world.Let(2, 1, 0);
        world.LeaseOf(1).ShouldBe(0);
        world.Silence(0, 1_000_001);
        world.Let(2, 1, 0);
        world.LeaseOf(1).ShouldBe(Budget);
    }

    sealed class World : IDisposable
    {
        readonly string _folder = Directory.CreateTempSubdirectory("plimsoll-leases").FullName;
        readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
        readonly Database _database;
        readonly Gateway[] _gateways;

        sealed class Gateway
        {
            public required LedgerBook Book { get; init; }

            public required EngineMeter Meter { get; init; }

            public BudgetLeases Leases { get; set; } = null!;

            public long Held { get; set; }

            public long Lease { get; set; }

            public long SpentBefore { get; set; }
        }

        public World(int gateways = 3)
        {
            _database = Database.Open("sqlite", _folder);
            _gateways = new Gateway[gateways];
            for (var i = 0; i < gateways; i++)
                _gateways[i] = Begin(i);
        }

        long Today => _time.GetUtcNow().ToUnixTimeSeconds() / 86_400;

        /// <summary>What is spent and what may still be.</summary>
        public long Promised => _gateways.Sum(one => one.Book.SpentHere("t", Today) + one.Held);

        public long LeaseOf(int index) => _gateways[index].Lease;

        /// <summary>It was heard of for so long not.</summary>
        public void Silence(int index, long us)
        {
            using var connection = _database.Connect();
            SqlBatch.Reading(connection).Change(
                "UPDATE budget_leases SET seen_us = seen_us - @us WHERE gateway = @gateway",
                ("@us", us), ("@gateway", $"g{index}"));
        }

        public void Let(int what, int index, long amount)
        {
            var one = _gateways[index % _gateways.Length];
            var since = one.Book.SpentHere("t", Today) - one.SpentBefore;
            if (what == 0 && one.Held + since + amount <= one.Lease)
                one.Held += amount;
            else if (what == 1)
                Spend(one, Math.Min(amount, one.Held));
            else if (what == 2)
                Flush(one);
        }

        Gateway Begin(int index)
        {
            var book = new LedgerBook(_time, "r1");
            var one = new Gateway { Book = book, Meter = book.AddEngine("m/0", 1, _time.GetUtcNow()) };
            one.Leases = new BudgetLeases(
                $"g{index}", book, () => [new TenantBudget("t", Budget, one.Held)],
                (_, pico, before) => (one.Lease, one.SpentBefore) = (pico, before), _time);
            return one;
        }

        static void Spend(Gateway one, long amount)
        {
            var entry = one.Book.Open(Guid.NewGuid().ToString(), "t", "interactive", "m");
            one.Book.PostEstimate(one.Meter, 1, entry, new StepCharge(amount, 0, 0, 0));
            one.Book.Close(entry, RequestStatus.Completed);
            one.Held -= amount;
        }

        void Flush(Gateway one)
        {
            var round = one.Leases.Begin();
            var delta = one.Book.Take();
            using var connection = _database.Connect();
            using var transaction = connection.BeginTransaction();
            var batch = new SqlBatch(connection, transaction);
            LedgerWriter.Write(batch, delta, "r1");
            round.Settle(batch);
            batch.Flush();
            transaction.Commit();
            round.Apply();
        }

        public void Dispose()
        {
            _database.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
