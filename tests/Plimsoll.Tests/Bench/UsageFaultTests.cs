using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>
/// An endpoint that counts nonsense: the nonsense is named and reaches no sum and no dollar.
/// </summary>
public sealed class UsageFaultTests
{
    const int Tokens = 5;

    [Theory]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":-5", "impossible_number")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":1000000000000", "impossible_number")]
    [InlineData("\"prompt_tokens\":1000000000000,\"completion_tokens\":5", "impossible_number")]
    [InlineData("\"prompt_tokens\":2.5,\"completion_tokens\":5", "impossible_number")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":\"5\"", "impossible_number")]
    [InlineData("\"prompt_tokens\":2000000000,\"completion_tokens\":5", "prompt_beyond_request")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":6", "output_beyond_limit")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":2000000000", "output_beyond_limit")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":0", "fewer_than_chunks")]
    [InlineData("\"prompt_tokens\":23,\"completion_tokens\":5,"
        + "\"prompt_tokens_details\":{\"cached_tokens\":24}", "cached_beyond_prompt")]
    public async Task A_count_that_cannot_be_is_named_and_not_used(string usage, string kind)
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "text/event-stream";
            var tokens = ScriptedEndpoint.Asked(body);
            for (var i = 0; i < tokens; i++)
            {
                await ScriptedEndpoint.Event(context,
                    """{"choices":[{"index":0,"delta":{"content":" tok"}}]}""");
            }
            var said = tokens == Tokens ? "{" + usage + "}" : ScriptedEndpoint.Usage(body, tokens);
            await ScriptedEndpoint.Event(context, $"{{\"choices\":[],\"usage\":{said}}}");
            await ScriptedEndpoint.Event(context, "[DONE]");
        });
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 400,
                Requests = 30 }],
            Load = "test",
        });
        var result = run.Run(CancellationToken.None);
        var level = result.Levels.Single();
        (level.Completed, level.PromptTokens, level.OutputTokens).ShouldBe((30, 30 * 20, 30 * Tokens));
        level.CachedTokens.ShouldBe(0);
        level.CountedShare.ShouldBe(0);
        level.Latencies[Metric.Itl].Samples.ShouldBe(30 * (Tokens - 1));
        var fault = level.UsageFaults.ShouldHaveSingleItem();
        (fault.Kind, fault.Count).ShouldBe((kind, 30));
        result.Warnings.ShouldHaveSingleItem().ShouldContain($"30 {kind}");
        VllmJson.Text(result).ShouldContain($"\"{kind}\"");
        Bill.Of(result, Price()).UsdPerMillionTokens!.Value.Value.ShouldBe(
            result.DurationS / 3600 / (30 * (20 + Tokens)) * 1e6, 1e-6);
    }

    [Fact]
    public async Task A_count_that_falls_within_an_answer_is_not_believed()
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "text/event-stream";
            var tokens = ScriptedEndpoint.Asked(body);
            foreach (var sofar in tokens == Tokens ? [1, 5, 2] : new[] { 1, 2 })
            {
                await ScriptedEndpoint.Event(context,
                    $"{{\"choices\":[{{\"delta\":{{\"content\":\" a\"}}}}],"
                        + $"\"usage\":{ScriptedEndpoint.Usage(body, sofar)}}}");
            }
            await ScriptedEndpoint.Event(context, "[DONE]");
        });
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 400,
                Requests = 3 }],
            Load = "test",
        });
        var level = run.Run(CancellationToken.None).Levels.Single();
        level.UsageFaults.ShouldHaveSingleItem().Kind.ShouldBe("falling");
        level.OutputTokens.ShouldBe(3 * 3);
    }

    static MoneyOptions Price()
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        return new MoneyOptions
        {
            Accelerator = accelerator, Count = 1, Price = Catalogue.BuiltIn.FindPrice(accelerator, "1"),
        };
    }
}
