using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Planning.Accounts;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

public sealed class BatchWindowTests
{
    [Fact]
    public void A_window_shorter_than_a_stay_in_a_full_batch_is_refused_with_what_would_fit()
    {
        var stayNs = Outcome.Engine.Limits.MaxNumSeqs / (Outcome.Ceiling / 2) * 1e9;
        var line = Should.Throw<BadInputException>(() => Accountant.Account(Request((long)(0.9 * stayNs))))
            .Message;
        line.ShouldContain(string.Create(
            CultureInfo.InvariantCulture, $"batch window {0.9 * stayNs / 1e9:0.###}s: a line of "));
        line.ShouldContain(string.Create(
            CultureInfo.InvariantCulture, $"takes {stayNs / 1e9:0.0} s in a full batch; expected at least "));
        Accountant.Account(Request((long)(1.1 * stayNs))).Result.ShouldNotBeNull();
    }
}
