using System;
using System.IO;
using System.Linq;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class SharedEnginesLaws
{
    const decimal UsdPerHour = 3.6m;
    const long PicoPerUs = 1000;

    enum Happens
    {
        Tokens,
        Flush,
        LostWrite,
        Death,
        Sleep,
    }

    static readonly Gen<(Happens What, int Gateway, int Amount)[]> Histories = Gen.Select(
        Gen.Frequency((5, Gen.Const(Happens.Tokens)), (8, Gen.Const(Happens.Flush)),
            (1, Gen.Const(Happens.LostWrite)), (1, Gen.Const(Happens.Death)), (1, Gen.Const(Happens.Sleep))),
        Gen.Int[0, 2], Gen.Int[0, 900_000]).Array[1, 40];

    /// <summary>
    /// Whoever comes, dies, sleeps or loses a write: what all gateways have booked of an engine is its price
    /// × time, once, to the pico-dollar.
    /// </summary>
    [Fact]
    public void What_all_gateways_book_is_the_bill_once() => Histories.Sample(history =>
    {
        using var world = new World();
        foreach (var (what, gateway, amount) in history)
            world.Let(what, gateway, amount);
        for (var round = 0; round < 4; round++)
        {
            for (var i = 0; i < 3; i++)
                world.Let(Happens.Flush, i, 1000);
        }
        var audit = LedgerReader.Check(world.Database).ShouldHaveSingleItem();
        audit.Posted.ShouldBe(audit.Bill);
        audit.Bill.ShouldBe((Int128)world.SettledUs * PicoPerUs);
    }, iter: 40);

    /// <summary>Gateways that are all there pay by their tokens, whenever they look.</summary>
    [Fact]
    public void Each_pays_by_its_tokens() => Gen.Int[1, 20].Array[3].Sample(tokens =>
    {
        using var world = new World();
        for (var round = 0; round < 30; round++)
        {
            for (var i = 0; i < 3; i++)
            {
                world.Add(i, 100 * tokens[i]);
                world.Let(Happens.Flush, i, 100_000);
            }
        }
        var spent = Enumerable.Range(0, 3).Select(world.Spent).ToArray();
        for (var i = 0; i < 3; i++)
        {
            (spent[i] / (double)spent.Sum())
                .ShouldBe(tokens[i] / (double)tokens.Sum(), 0.12);
        }
    }, iter: 6);

    /// <summary>Three gateways on a real file, and a clock that goes when it is told to.</summary>
    sealed class World : IDisposable
    {
        readonly string _folder = Directory.CreateTempSubdirectory("plimsoll-shared").FullName;
        readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
        readonly Gateway[] _gateways = new Gateway[3];
        readonly long _beganUs;
        int _names;

        sealed record Gateway(LedgerBook Book, UpstreamMeter Meter, SharedEngines Shared);

        public World()
        {
            Database = Database.Open("sqlite", _folder);
            _beganUs = NowUs;
            for (var i = 0; i < 3; i++)
                Begin(i);
        }

        public Database Database { get; }

        long NowUs => _time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

        /// <summary>How far the engine's time is settled.</summary>
        public long SettledUs
        {
            get
            {
                using var connection = Database.Connect();
                return SqlBatch.Reading(connection)
                    .Query("SELECT settled_us FROM engines", reader => reader.GetInt64(0))[0] - _beganUs;
            }
        }

        public long Spent(int index) =>
            _gateways[index].Book.SpentOn($"t{index}", _time.GetUtcNow().ToUnixTimeSeconds() / 86_400);

        public void Add(int index, int tokens)
        {
            var (book, meter, _) = _gateways[index];
            var entry = book.Open(Guid.NewGuid().ToString(), $"t{index}", "interactive", "m");
            entry.Estimated = true;
            meter.AddPrompt(entry, tokens);
            book.Close(entry, RequestStatus.Completed);
        }

        public void Let(Happens what, int index, int amount)
        {
            _time.Advance(TimeSpan.FromMicroseconds(amount / 1000 * 1000));
            switch (what)
            {
                case Happens.Tokens:
                    Add(index, amount % 1000);
                    break;
                case Happens.Death:
                    Begin(index);
                    break;
                case Happens.Sleep:
                    _time.Advance(TimeSpan.FromSeconds(amount % 10));
                    break;
                default:
                    Flush(index, isLost: what == Happens.LostWrite);
                    break;
            }
        }

        void Begin(int index)
        {
            var book = new LedgerBook(_time, "r1");
            var engine = book.AddEngine("m/0", UsdPerHour, _time.GetUtcNow());
            engine.ShareAt("http://engine");
            var shared = new SharedEngines($"g{_names++}", _ => NowUs);
            LedgerWriter.Begin(book, Database, _time, shared);
            _gateways[index] = new Gateway(book, new UpstreamMeter(book, engine, _time), shared);
        }

        void Flush(int index, bool isLost)
        {
            var (book, meter, shared) = _gateways[index];
            meter.Gather();
            var settled = default(EngineSettlement);
            Write(batch => settled = shared.Settle(batch, meter.Engine, meter.WeightIn, false, "r1"), false);
            meter.Take(settled);
            var delta = book.Take();
            if (Write(batch => LedgerWriter.Write(batch, delta, "r1"), isLost))
                return;
            book.Return(delta);
        }

        bool Write(Action<SqlBatch> work, bool isLost)
        {
            using var connection = Database.Connect();
            using var transaction = connection.BeginTransaction();
            var batch = new SqlBatch(connection, transaction);
            work(batch);
            batch.Flush();
            if (!isLost)
                transaction.Commit();
            return !isLost;
        }

        public void Dispose()
        {
            Database.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
