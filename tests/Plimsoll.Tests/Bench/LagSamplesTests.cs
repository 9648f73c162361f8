using Plimsoll.Bench.Runs;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class LagSamplesTests
{
    const long Ms = 1_000_000;

    /// <summary>A second of stall in nine is a tenth of the time, however the probe was caught.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stall_weighs_by_its_time(bool underWay)
    {
        var lags = new LagSamples();
        var now = 0L;
        for (var stall = 0; stall < 10; stall++)
        {
            for (var i = 0; i < 450; i++, now += LagSamples.PeriodMs * Ms)
            {
                lags.TryWrite(now).ShouldBeTrue();
                if (underWay && i == 449)
                    break;
                lags.Read(now + Ms / 10);
            }
            now += 1000 * Ms;
            // Whoever wakes first, the byte's reader or the timer, there are the same samples.
            if (underWay && stall % 2 == 0)
                lags.TryWrite(now).ShouldBeFalse();
            if (underWay)
                lags.Read(now);
        }
        lags.TryWrite(now).ShouldBeTrue();
        lags.Sketch.Count.ShouldBeInRange(10 * (450 + 48), 10 * (450 + 50));
        ((double)lags.Sketch.Percentile(99) / Ms).ShouldBeInRange(850, 950);
        ((double)lags.MaxNs!.Value / Ms).ShouldBeInRange(975, 1005);
        ((double)lags.Sketch.Percentile(50) / Ms).ShouldBe(0.1, 0.01);
    }

    [Fact]
    public void A_timer_that_is_a_little_late_is_no_stall()
    {
        var lags = new LagSamples();
        for (var i = 0L; i < 1000; i++)
        {
            var now = (LagSamples.PeriodMs * i + i * 7 % 19) * Ms;
            lags.TryWrite(now).ShouldBeTrue();
            lags.Read(now + Ms / 10);
        }
        lags.Sketch.Count.ShouldBe(1000);
        lags.MaxNs.ShouldBe(Ms / 10);
    }

    [Fact]
    public void Nothing_read_is_nothing_known()
    {
        var lags = new LagSamples();
        lags.TryWrite(0).ShouldBeTrue();
        (lags.Sketch.Count, lags.MaxNs).ShouldBe((0, null));
    }
}
