using System;
using CsCheck;
using Plimsoll.Server.Twins;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server.Twins;

public sealed class PromptTrafficTests
{
    /// <summary>Prompts of one length arrive as a Poisson count: P(more than two) at a mean of one.</summary>
    [Fact]
    public void The_tail_of_equal_prompts_is_poissons()
    {
        var traffic = new PromptTraffic();
        for (var i = 0; i < 3000; i++)
            traffic.Add(96, i * 100_000_000L);
        var nowNs = 2999 * 100_000_000L;
        var whileNs = 1e9 / traffic.PerSecond(nowNs);
        // Two prompts fit 192 tokens, a third does not.
        traffic.Tail(192, whileNs, nowNs).ShouldBe(1 - (2.5 / Math.E), 0.03);
        traffic.PerSecond(nowNs).ShouldBe(10, 0.5);
    }

    [Fact]
    public void The_tail_falls_with_room_and_rises_with_time() =>
        Gen.Select(Gen.Int[1, 4000].Array[1, 200], Gen.Int[0, 8000], Gen.Int[0, 4000], Gen.Double[1e6, 5e8])
            .Sample((lengths, tokens, more, whileNs) =>
            {
                var traffic = new PromptTraffic();
                for (var i = 0; i < lengths.Length; i++)
                    traffic.Add(lengths[i], i * 50_000_000L);
                var nowNs = lengths.Length * 50_000_000L;
                var tail = traffic.Tail(tokens, whileNs, nowNs);
                tail.ShouldBeInRange(0, 1);
                traffic.Tail(tokens + more, whileNs, nowNs).ShouldBeLessThanOrEqualTo(tail + 1e-9);
                traffic.Tail(tokens, 2 * whileNs, nowNs).ShouldBeGreaterThanOrEqualTo(tail - 1e-9);
                traffic.Tail(-1, whileNs, nowNs).ShouldBe(1);
            }, iter: 300);
}
