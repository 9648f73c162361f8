using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class LedgerBookLaws
{
    readonly record struct Step(long GapNs, long DurationNs, int Sequences, double Headroom);

    static readonly Gen<Step> Steps = Gen.Select(
        Gen.OneOf(Gen.Const(0L), Gen.Long[0, 5_000_000_000]), Gen.Long[1, 200_000_000], Gen.Int[0, 40],
            Gen.Double[-0.5, 1.5],
        (gap, duration, sequences, headroom) => new Step(gap, duration, sequences, headroom));

    /// <summary>
    /// Idle, headroom, recomputation and everybody's shares are price × time to the pico-dollar.
    /// </summary>
    [Fact]
    public void Everything_booked_is_the_bill() =>
        Gen.Select(Steps.Array[1, 60], Gen.Int[1, 50_000_000]).Sample((steps, microDollars) =>
        {
            var book = new LedgerBook(TimeProvider.System, "r1");
            var meter = book.AddEngine("m/0", microDollars / 1_000_000m, DateTimeOffset.UnixEpoch);
            var entries =
                Enumerable.Range(0, 40).Select(i => book.Open($"q{i}", $"tenant{i % 3}", "interactive", "m"))
                    .ToArray();
            long nowNs = 0;
            foreach (var step in steps)
            {
                nowNs += step.GapNs;
                Post(book, meter, nowNs, step, entries);
                nowNs += step.DurationNs;
            }
            book.PostIdle(meter, nowNs + 1_234_567);
            var delta = book.Take();
            var booked = delta.Rows.Sum(row => row.Totals.Charge.Total);
            booked.ShouldBe(meter.BillAt(nowNs + 1_234_567));
            entries.Sum(entry => entry.Charge.Total).ShouldBe(
                delta.Rows.Where(row => row.Key.Account == LedgerAccounts.Served && row.Key.Tenant.Length > 0)
                    .Sum(row => row.Totals.Charge.Total));
        });

    [Fact]
    public void What_could_not_be_written_is_written_later()
    {
        var book = new LedgerBook(TimeProvider.System, "r1");
        var meter = book.AddEngine("m/0", 2m, DateTimeOffset.UnixEpoch);
        var entry = book.Open("q", "t", "interactive", "m");
        Post(book, meter, 1000, new Step(0, 5000, 1, 0), [entry]);
        book.Close(entry, RequestStatus.Completed);
        var lost = book.Take();
        Post(book, meter, 6000, new Step(0, 5000, 1, 0), [entry]);
        book.Return(lost);
        var all = book.Take();
        all.Finished.Count.ShouldBe(1);
        all.Rows.Sum(row => row.Totals.Charge.Total).ShouldBe(meter.BillAt(11_000));
        book.Take().Rows.ShouldBeEmpty();
    }

    [Fact]
    public void A_step_that_overlaps_what_is_booked_is_billed_once()
    {
        var book = new LedgerBook(TimeProvider.System, "r1");
        var meter = book.AddEngine("m/0", 3600m, DateTimeOffset.UnixEpoch);
        book.PostIdle(meter, 5000);
        Post(book, meter, 3000, new Step(0, 4000, 0, 0), []);
        book.Take().Rows.Sum(row => row.Totals.Charge.Total).ShouldBe(meter.BillAt(7000));
    }

    static void Post(LedgerBook book, EngineMeter meter, long startNs, Step step,
        IReadOnlyList<RequestEntry> entries)
    {
        var shares = new StepShare[step.Sequences];
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = i % 4 == 0
                ? new StepShare(entries[i % entries.Count].Id, 100 + i, 0, 200 + i, i % 8 == 0 ? 50 : 0)
                : new StepShare(entries[i % entries.Count].Id, 0, 1, 100 + i);
        }
        book.Post(meter, new EngineStep
        {
            Serial = 1,
            StartNs = startNs,
            DurationNs = step.DurationNs,
            PredictedNs = step.DurationNs,
            Shape = default,
            Causes = new StepSplit { FixedNs = 100, PrefillTokensNs = 50, DecodeContextNs = 20 },
            Shares = shares,
        }, step.Headroom);
    }
}
