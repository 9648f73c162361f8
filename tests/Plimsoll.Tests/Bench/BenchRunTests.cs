using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class BenchRunTests
{
    static BenchOptions Options(ScriptedEndpoint endpoint, LevelOptions? level = null) => new()
    {
        Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
        Levels = [level ?? new LevelOptions
        {
            Lengths = new LengthOptions(40, 5), RequestsPerSecond = 400, Requests = 200, Burstiness = double.PositiveInfinity,
        }],
        Load = "test",
    };

    static BenchResult Run(BenchOptions options)
    {
        using var run = new BenchRun(options);
        return run.Run(CancellationToken.None);
    }

    [Fact]
    public async Task Requests_have_exactly_the_lengths_that_were_asked_for()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        var level = Run(Options(endpoint)).Levels.Single();
        level.Completed.ShouldBe(200);
        level.Failed.ShouldBe(0);
        level.PromptTokens.ShouldBe(200 * 40);
        level.OutputTokens.ShouldBe(200 * 5);
        level.Latencies[Metric.Ttft].Samples.ShouldBe(200);
        level.Latencies[Metric.Itl].Samples.ShouldBe(200 * 4);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Http_2_and_tls_are_spoken(bool http2, bool tls)
    {
        await using var endpoint = await ScriptedEndpoint.Start(http2: http2, tls: tls);
        var options = Options(endpoint);
        options = options with { Endpoint = options.Endpoint with { Http2 = http2, TrustAnyCertificate = true } };
        Run(options).Completed.ShouldBe(200);
    }
}
