using Plimsoll.Core.Timing;
using Plimsoll.Planning.Validation.Analytic;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class AnalyticTests
{
    [Fact]
    public void The_simulator_waits_as_theory_says_and_reads_no_faster_than_memory()
    {
        foreach (var check in AnalyticChecks.Run())
            check.Holds.ShouldBeTrue($"{check} z {check.Z}");
    }

    [Theory]
    [InlineData(1, 0.8, 0.8)]
    [InlineData(2, 1.0, 1.0 / 3)]
    [InlineData(10, 8.0, 0.4092)]
    public void Erlang_c_is_that_of_the_tables(int servers, double offered, double waits) =>
        QueueChecks.ErlangC(servers, offered).ShouldBe(waits, 5e-4);

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(0, 1, 10_000)]
    [InlineData(15, 1, 15_000)]
    public void Every_step_of_the_queues_engine_takes_the_same_time(int decodes, int prefills, int context) =>
        ConstantStepEngine.StepTime.PredictNs(new StepShape
        {
            Decodes = decodes,
            DecodeContextTokens = (long)decodes * context,
            PrefillChunks = prefills,
            PrefillTokens = prefills,
            PrefillPairs = prefills,
            PrefillContextTokens = prefills,
            LogitRows = decodes + prefills,
        }).ShouldBe(ConstantStepEngine.StepNs);

    [Fact]
    public void A_check_fails_beyond_three_standard_errors_or_below_a_bound()
    {
        new AnalyticCheck("", "", "", 100, 102.9, 1).Holds.ShouldBeTrue();
        new AnalyticCheck("", "", "", 100, 103.1, 1).Holds.ShouldBeFalse();
        new AnalyticCheck("", "", "", 100, 99.9, 1, LowerBound: true).Holds.ShouldBeFalse();
    }
}
