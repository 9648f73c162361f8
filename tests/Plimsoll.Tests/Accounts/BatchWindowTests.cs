using System.Globalization;
using Plimsoll.Planning.Accounts;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

public sealed class BatchWindowTests
{
    [Fact]
    public void A_window_shorter_than_a_stay_in_a_full_batch_is_broken()
    {
        var stayNs = Outcome.Engine.Limits.MaxNumSeqs / (Outcome.Ceiling / 2) * 1e9;
        var broken = Accountant.Account(Request((long)(0.9 * stayNs)));
        broken.Result.ShouldBeNull();
        broken.Broken!.ShouldContain(string.Create(
            CultureInfo.InvariantCulture, $"batch window of {0.9 * stayNs / 1e9:0.##} s"));
        broken.Broken!.ShouldContain(string.Create(
            CultureInfo.InvariantCulture, $"a request spends {stayNs / 1e9:0.##} s in a full batch"));
        Accountant.Account(Request((long)(1.1 * stayNs))).Result.ShouldNotBeNull();
    }
}
