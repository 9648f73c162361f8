using System.Collections.Concurrent;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using CsCheck;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>
/// What an engine's prefix cache knows of a run's prompts: what the load shares, and no more.
/// </summary>
public sealed class CachedPromptTests
{
    const int BlockWords = 16;

    static readonly Vocabulary Words = Vocabulary.Exact(Vocabulary.Candidates, 0, "test");

    static string Text(ulong seed, ulong salt, PlannedRequest request)
    {
        var bytes = new byte[1 << 14];
        return Encoding.UTF8.GetString(bytes, 0, new PromptText(Words, seed, salt).Write(request, bytes));
    }

    static int Alike(string one, string two) =>
        one.Split(' ').Zip(two.Split(' ')).TakeWhile(pair => pair.First == pair.Second).Count() - 1;

    [Fact]
    public void A_key_is_the_same_text_within_a_stream_and_another_in_any_other_run_salt_or_stream() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.ULong[1, 1000], Gen.Int[1, 4]).Sample(
            (seed, salt, key, stream, blocks) =>
            {
                var request = new PlannedRequest
                {
                    PromptTokens = 40 * blocks + 40, PrefixBlockTokens = 40, Index = 3, Stream = stream,
                    PrefixKeys = Enumerable.Range(0, blocks).Select(i => key + (ulong)i).ToArray(),
                };
                var text = Text(seed, salt, request);
                Text(seed, salt, request).ShouldBe(text);
                Alike(text, Text(seed, salt, request with { Index = 4 })).ShouldBeInRange(40 * blocks,
                    40 * blocks + 6);
                Alike(text, Text(seed, salt + 1, request)).ShouldBeLessThan(8);
                Alike(text, Text(seed + 1, salt, request)).ShouldBeLessThan(8);
                Alike(text, Text(seed, salt, request with { Stream = stream + 1 })).ShouldBeLessThan(8);
            }, iter: 300);

    [Fact]
    public async Task A_run_finds_nothing_of_an_earlier_one_cached_but_what_it_shares_itself()
    {
        var cache = new ConcurrentDictionary<string, bool>();
        await using var endpoint = await Caching(cache);
        var level = new LevelOptions
        {
            Lengths = new LengthOptions(160, 4, PrefixTokens: 160), RequestsPerSecond = 400, Requests = 60,
        };
        BenchResult Run(BodyOptions body)
        {
            using var run = new BenchRun(Options(endpoint, level) with { Body = body });
            return run.Run(CancellationToken.None);
        }
        var salted = new BodyOptions { Salt = 7 };
        foreach (var ordinal in Enumerable.Range(0, 3))
        {
            var result = Run(salted.ForRun(ordinal));
            var one = result.Levels.Single();
            one.SharedShare!.Value.ShouldBe((59 * 160 + 60 * 3) / (60.0 * 320), 0.02);
            one.CachedShare!.Value.ShouldBeInRange(0.3, one.SharedShare.Value + 0.02);
            result.Warnings.ShouldBeEmpty();
        }
        var again = Run(salted.ForRun(2));
        again.Levels.Single().CachedShare!.Value.ShouldBeGreaterThan(0.9);
        again.Warnings.ShouldHaveSingleItem().ShouldContain("those of a warm cache");
        VllmJson.Text(again).ShouldContain("\"cached_share\"");
    }

    [Fact]
    public async Task An_endpoint_that_says_nothing_of_its_cache_has_no_cached_share()
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "text/event-stream";
            await ScriptedEndpoint.Event(
                context, """{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}""");
            await ScriptedEndpoint.Event(
                context, """{"choices":[],"usage":{"prompt_tokens":23,"completion_tokens":1}}""");
            await ScriptedEndpoint.Event(context, "[DONE]");
        });
        using var run = new BenchRun(Options(endpoint, new LevelOptions
        {
            Lengths = new LengthOptions(20, 4), RequestsPerSecond = 400, Requests = 20,
        }));
        run.Run(CancellationToken.None).Levels.Single().CachedShare.ShouldBeNull();
    }

    static BenchOptions Options(ScriptedEndpoint endpoint, LevelOptions level) => new()
    {
        Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
        Levels = [level],
        Load = "test",
    };

    /// <summary>An endpoint with a prefix cache that forgets nothing, in blocks of 16 words.</summary>
    static Task<ScriptedEndpoint> Caching(ConcurrentDictionary<string, bool> cache) =>
        ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "text/event-stream";
            var tokens = ScriptedEndpoint.Asked(body);
            for (var i = 0; i < tokens; i++)
            {
                await ScriptedEndpoint.Event(context,
                    """{"choices":[{"index":0,"delta":{"content":" tok"}}]}""");
            }
            var usage = ScriptedEndpoint.Usage(body, tokens)
                .Replace("\"cached_tokens\":0", $"\"cached_tokens\":{Cached(body, cache)}");
            await ScriptedEndpoint.Event(context, $"{{\"choices\":[],\"usage\":{usage}}}");
            await ScriptedEndpoint.Event(context, "[DONE]");
        });

    static int Cached(JsonObject body, ConcurrentDictionary<string, bool> cache)
    {
        var words = body["messages"]![0]!["content"]!.ToString()
            .Split(' ', System.StringSplitOptions.RemoveEmptyEntries);
        var (cached, first) = (0, true);
        for (var end = BlockWords; end <= words.Length; end += BlockWords)
        {
            var isNew = cache.TryAdd(string.Join(' ', words[..end]), true);
            first &= !isNew;
            cached = first ? end : cached;
        }
        return cached;
    }
}
