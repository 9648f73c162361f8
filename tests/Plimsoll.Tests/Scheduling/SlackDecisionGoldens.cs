using System;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// What the slack policy decides and says of it, fixed over dozens of runs in which everything happens:
/// whoever makes planning faster changes none of it, and whoever means to change it writes other digests.
/// </summary>
public sealed class SlackDecisionGoldens
{
    const int Runs = 48;

    [Fact]
    public void Few_sequences_in_little_memory_are_scheduled_as_ever() =>
        Digest(stream: 1, options => options).ShouldBe(0x4E6DF3E5F03F729EUL);

    [Fact]
    public void Many_sequences_which_park_and_resume_are_scheduled_as_ever() =>
        Digest(stream: 2, Crowd).ShouldBe(0x1C97447CC9E9B2CFUL);

    /// <summary>Everybody decodes at once, so that time is short and not seats.</summary>
    static SchedulerOptions Crowd(SchedulerOptions options) =>
        options with { MaxNumSeqs = 64, MaxNumBatchedTokens = 192, NumBlocks = 8 * options.NumBlocks };

    static ulong Digest(uint stream, Func<SchedulerOptions, SchedulerOptions> changed)
    {
        var digest = 0UL;
        for (var seed = 1UL; seed <= Runs; seed++)
        {
            var (options, learns, events) = HostileSlack.Any.Generate(new PCG(stream, seed), null, out _);
            var run = HostileSlack.Run(changed(options), learns, events);
            digest = (digest ^ run.ToTheEnd() ^ run.Said) * 0x9E3779B97F4A7C15;
        }
        return digest;
    }
}
