using System;
using System.Linq;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class UpstreamMeterLaws
{
    static readonly Gen<(int Prompt, int Output)> Tokens = Gen.Select(Gen.Int[0, 100_000], Gen.Int[0, 5_000]);

    /// <summary>
    /// Who had a while's tokens pays for it in proportion, to the unit, and what all pay is price × time.
    /// </summary>
    [Fact]
    public void A_while_is_split_by_its_tokens_and_sums_to_the_bill() =>
        Gen.Select(Tokens.Array[1, 50], Gen.Long[1, 100_000], Gen.Int[0, 50_000_000])
            .Sample((tokens, milliseconds, microDollars) =>
            {
                var time = new FakeTimeProvider();
                var book = new LedgerBook(time, "r1");
                var engine = book.AddEngine("m/0", microDollars / 1_000_000m, DateTimeOffset.UnixEpoch);
                var meter = new UpstreamMeter(book, engine, time);
                var entries = tokens.Select((_, i) => book.Open($"q{i}", "t", "interactive", "m")).ToArray();
                for (var i = 0; i < entries.Length; i++)
                {
                    meter.AddPrompt(entries[i], tokens[i].Prompt);
                    meter.AddOutput(entries[i], tokens[i].Output);
                }
                time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                meter.Post(isBusy: false);
                var bill = engine.BillAt(milliseconds * 1_000_000);
                entries.Sum(entry => entry.Charge.Total).ShouldBe(bill);
                book.Take().Rows.Sum(row => row.Totals.Charge.Total).ShouldBe(bill);
                var weight = tokens.Sum(
                    one => one.Prompt + ((decimal)one.Output * UpstreamMeter.OutputWeight));
                if (weight == 0)
                    return;
                for (var i = 0; i < entries.Length; i++)
                {
                    Math.Abs(entries[i].Charge.Prefill - (bill * tokens[i].Prompt / weight))
                        .ShouldBeLessThan(1);
                    Math.Abs(entries[i].Charge.Decode
                        - (bill * (decimal)tokens[i].Output * UpstreamMeter.OutputWeight / weight))
                        .ShouldBeLessThan(1);
                }
            });

    /// <summary>A short answer is over before anything of it is booked.</summary>
    [Fact]
    public void A_request_counts_on_the_engine_that_answered_it()
    {
        var time = new FakeTimeProvider();
        var book = new LedgerBook(time, "r1");
        book.AddEngine("m/0", 3.6m, DateTimeOffset.UnixEpoch);
        var meter = new UpstreamMeter(book, book.AddEngine("m/1", 3.6m, time.GetUtcNow()), time);
        var entry = book.Open("q", "t", "interactive", "m");
        entry.Estimated = true;
        meter.AddOutput(entry, 7);
        entry.OutputTokens = 7;
        book.Close(entry, RequestStatus.Completed);
        time.Advance(TimeSpan.FromSeconds(1));
        meter.Post(isBusy: false);
        var row = book.Take().Rows.ShouldHaveSingleItem();
        row.Key.Engine.ShouldBe("m/1");
        (row.Totals.Requests, row.Totals.OutputTokens).ShouldBe((1, 7));
    }

    [Fact]
    public void A_while_without_a_token_is_idle_unless_somebody_waits_for_one()
    {
        var time = new FakeTimeProvider();
        var book = new LedgerBook(time, "r1");
        var engine = book.AddEngine("m/0", 3.6m, DateTimeOffset.UnixEpoch);
        var meter = new UpstreamMeter(book, engine, time);
        time.Advance(TimeSpan.FromSeconds(1));
        meter.Post(isBusy: false);
        time.Advance(TimeSpan.FromSeconds(1));
        meter.Post(isBusy: true);
        var idle = book.Take().Rows.ShouldHaveSingleItem();
        idle.Key.Account.ShouldBe(LedgerAccounts.Idle);
        idle.Totals.Charge.Total.ShouldBe(engine.BillAt(1_000_000_000));
        var entry = book.Open("q", "t", "interactive", "m");
        meter.AddOutput(entry, 1);
        meter.Post(isBusy: true);
        entry.Charge.Total.ShouldBe(engine.BillAt(2_000_000_000) - engine.BillAt(1_000_000_000));
    }
}
