using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class LoadTimesTests
{
    const long S = 1_000_000_000;

    /// <summary>What was under way in the warm-up is in no figure of the run.</summary>
    [Fact]
    public void Occupancy_is_of_the_measured_time_alone()
    {
        var times = new LoadTimes(measuredFromNs: 15 * S);
        times.Due(0);
        times.InFlight(0, 9);
        times.InFlight(14 * S, 4);
        times.Due(16 * S);
        times.InFlight(16 * S, 4);
        times.InFlight(26 * S, 2);
        times.InFlight(36 * S, 0);
        times.Add(new RequestRecord { ScheduledNs = 16 * S, EndNs = 36 * S }, good: true);
        times.MeanInFlight.ShouldBe(3, 1e-9);
        times.BusyNs.ShouldBe(20 * S);
        times.Most.ShouldBe(4);
    }

    /// <summary>A first measured request that is sent late: the wait before it is in the time.</summary>
    [Fact]
    public void A_late_send_counts_from_when_it_was_due()
    {
        var times = new LoadTimes(measuredFromNs: 0);
        times.InFlight(S, 0);
        times.Due(2 * S);
        times.InFlight(3 * S, 1);
        times.InFlight(6 * S, 0);
        times.Add(new RequestRecord { ScheduledNs = 2 * S, EndNs = 6 * S }, good: true);
        times.MeanInFlight.ShouldBe(0.75, 1e-9);
        times.BusyNs.ShouldBe(3 * S);
    }
}
