using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using CsCheck;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class GatewayLaws
{
    /// <summary>
    /// Whatever pieces a stream arrives in, its whole events come out unchanged and in order.
    /// </summary>
    [Fact]
    public void Events_pass_whole() =>
        Gen.Select(Gen.String[Gen.Char["ab:\n"], 0, 12].Array[0, 8], Gen.Int[1, 9], Gen.Bool)
            .Sample((bodies, size, network) =>
        {
            var end = network ? "\r\n\r\n" : "\n\n";
            var whole = bodies.Select(body => "data: " + body.Replace("\n", "") + end).ToArray();
            var stream = Encoding.ASCII.GetBytes(string.Concat(whole) + "data: half");
            var splitter = new SseSplitter();
            var seen = new List<string>();
            for (var at = 0; at < stream.Length; at += size)
            {
                foreach (var one in splitter.Add(stream.AsMemory(at, Math.Min(size, stream.Length - at))))
                    seen.Add(Encoding.ASCII.GetString(one.Span));
            }
            seen.ShouldBe(whole);
            splitter.Held.ShouldBe("data: half".Length);
        });

    [Fact]
    public void A_key_keeps_its_replica_and_weights_are_shares()
    {
        using var model = ModelOf(1, 3, 0);
        var homes = Enumerable.Range(0, 4000).Select(i => model.Order($"user{i}")[0]).ToList();
        (homes.Count(home => home == 1) / 4000.0).ShouldBe(0.75, 0.03);
        homes.ShouldNotContain(2);
        model.Order("user7").ShouldBe(model.Order("user7"));
    }

    /// <summary>A canary that is taken away moves its own keys and nobody else's.</summary>
    [Fact]
    public void Taking_a_replica_away_moves_only_its_own()
    {
        using var before = ModelOf(1, 1, 1);
        using var after = ModelOf(1, 1, 0);
        foreach (var key in Enumerable.Range(0, 500).Select(i => $"user{i}"))
        {
            var home = before.Order(key)[0];
            if (home != 2)
                after.Order(key)[0].ShouldBe(home);
        }
    }

    static UpstreamModel ModelOf(params double[] weights)
    {
        var replicas = weights.Select((weight, i) => new UpstreamReplica(
            new UpstreamConfig { Url = $"http://127.0.0.1:{i + 1}", Weight = weight }, TimeProvider.System))
                .ToList();
        var book = new LedgerBook(TimeProvider.System, "r");
        return new UpstreamModel("m", replicas, 1, book, TimeProvider.System, null);
    }
}
