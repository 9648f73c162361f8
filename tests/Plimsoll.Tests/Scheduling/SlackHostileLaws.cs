using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// The slack policy under an executor that is late, lies, aborts and cancels: it stays within its limits,
/// always lets somebody go on, loses neither a token nor a block, and decides the same again.
/// </summary>
public sealed class SlackHostileLaws
{
    [Fact]
    public void It_stays_within_its_limits_and_gives_everything_back() =>
        HostileSlack.Any.Sample(x => Run(x.Options, x.Learns, x.Seed), iter: 1000);

    [Fact]
    public void The_same_events_give_the_same_plans() =>
        HostileSlack.Any.Sample(
            x => Run(x.Options, x.Learns, x.Seed).ShouldBe(Run(x.Options, x.Learns, x.Seed)), iter: 100);

    /// <summary>
    /// Memory is full, a step carries one adapter: all decodes of the one that goes first give way to another
    /// adapter's, older one, which goes on.
    /// </summary>
    [Fact]
    public void Decodes_that_gave_way_to_each_other_let_the_next_adapter_go_on() =>
        HostileSlack.Any.Sample(x => Run(x.Options, x.Learns, x.Seed), seed: "0fi1AaUGgasa", iter: 1);

    static ulong Run(SchedulerOptions options, bool learns, ulong seed) =>
        HostileSlack.Run(options, learns, seed).ToTheEnd();
}
