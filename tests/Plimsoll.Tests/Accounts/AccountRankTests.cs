using System.Globalization;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>The small account of <see cref="AccountLaws"/>: a rank is no replica.</summary>
public sealed class AccountRankTests
{
    /// <summary>A rate of a replica taken for one of a rank moves a latency by more.</summary>
    [Fact]
    public void Ends_of_latencies_are_at_the_load_of_their_class()
    {
        foreach (var c in AccountLaws.Outcome.Result!.Classes)
        {
            var own = c.Latency.TpotMs.P50!.Value;
            c.Bounds.Low.Latency.TpotMs.P50!.Value.ShouldBeInRange(0.6 * own, own);
            c.Bounds.High.Latency.TpotMs.P50!.Value.ShouldBeInRange(own, 2.5 * own);
        }
        var interactive = AccountLaws.Outcome.Result!.Classes[0];
        var error = interactive.LoadLine.StandardError!.Value;
        error.ShouldBeInRange(0, 0.1 * interactive.LoadLine.RequestsPerSecond);
    }

    [Fact]
    public void A_broken_promise_says_how_rarely_a_replica_was_asked()
    {
        var asked = AccountLaws.Request(AccountLaws.WindowNs);
        var broken = Accountant.Account(asked with
        {
            Serving = asked.Serving with
            {
                Levels = [LevelPromise.Of(ServiceLevelSpec.Default, [new Limit(Metric.Ttft, 95, 1000)])],
            },
        });
        broken.Broken!.ShouldContain(string.Create(CultureInfo.InvariantCulture,
            $"2 × round gets a request every {1 / (LoadLineSearch.IdleShare * broken.Ceiling):#,0.#} s"));
    }
}
